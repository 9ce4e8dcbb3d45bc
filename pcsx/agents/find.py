"""The agents that are installed here, and what describes those that do not describe themselves.

Reads directories and files, and runs nothing: to ask an agent for its metadata, run
`invoke.metadata_invocation`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pcsx.agents.bundled import FENCE_AGENTS, RESOURCE_AGENTS
from pcsx.agents.invoke import Host
from pcsx.agents.metadata import AdvisedAction, AgentMetadata
from pcsx.agents.names import AgentName, parse_agent

DEFAULT_OCF_ROOT: Final = "/usr/lib/ocf"

UNIT_DIRS: Final = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)

_NOT_SERVICES: Final = frozenset(("README", "functions", "rc", "rcS", "skeleton", "halt", "reboot"))
_UNITS: Final = (".service", ".socket", ".mount", ".timer", ".path")
_SUFFIXES_OF_BACKUPS: Final = ("~", ".rpmsave", ".rpmnew", ".dpkg-old", ".dpkg-dist", ".dpkg-new")


def ocf_root_of(environment: Mapping[str, str]) -> str:
    """Return where OCF agents live by *environment* (`OCF_ROOT`), or by the field's custom."""
    return environment.get("OCF_ROOT") or DEFAULT_OCF_ROOT


class Installed:
    """What can be run on this machine. Every question reads the directories anew."""

    def __init__(self, host: Host, unit_dirs: tuple[str, ...] = UNIT_DIRS) -> None:
        self.host = host
        self._unit_dirs = unit_dirs

    def standards(self) -> list[str]:
        """Return the standards that have an agent here, sorted."""
        known = ("lsb", "ocf", "service", "stonith", "systemd")
        return [standard for standard in known if self.types(standard)]

    def providers(self, type_: str = "") -> list[str]:
        """Return the OCF providers here, or those that have an agent *type_*, sorted."""
        root = Path(self.host.ocf_root) / "resource.d"
        names = {"pcsx", *(entry.name for entry in _entries(root) if entry.is_dir())}
        return [name for name in sorted(names) if not type_ or type_ in self.types("ocf", name)]

    def types(self, standard: str, provider: str = "") -> list[str]:
        """Return the types of *standard* (of one *provider*, where it has such), sorted."""
        match standard:
            case "ocf" if provider:
                return sorted(self._ocf(provider))
            case "ocf":
                return sorted({type_ for name in self.providers() for type_ in self._ocf(name)})
            case "stonith":
                found = _programs(Path(self.host.fence_dir))
                fence = {name for name in found if name.startswith("fence_")}
                return sorted(fence - {"fence_ack_manual"} | set(FENCE_AGENTS))
            case "lsb":
                found = _programs(Path(self.host.init_dir))
                return sorted(name for name in found if name not in _NOT_SERVICES)
            case "systemd":
                return sorted(set(self._units()))
            case "service":
                units = {name for name in self._units() if "." not in name}
                return sorted(units | set(self.types("lsb")))
            case _:
                return []

    def _ocf(self, provider: str) -> set[str]:
        if provider == "pcsx":
            return set(RESOURCE_AGENTS)
        return set(_programs(Path(self.host.ocf_root) / "resource.d" / provider))

    def _units(self) -> Iterator[str]:
        for directory in self._unit_dirs:
            for entry in _entries(Path(directory)):
                if entry.name.endswith(_UNITS):
                    yield entry.name.removesuffix(".service")

    def agents(self) -> list[AgentName]:
        """Return every agent here, sorted; `service` only repeats others and is left out."""
        found = [
            AgentName("ocf", provider, type_)
            for provider in self.providers()
            for type_ in self.types("ocf", provider)
        ]
        for standard in ("lsb", "stonith", "systemd"):
            found += [AgentName(standard, "", type_) for type_ in self.types(standard)]
        return sorted(found)

    def alternatives(self, text: str) -> list[AgentName]:
        """Return the agents that *text* may mean: a full name, `ocf:TYPE` or a bare type."""
        if name := parse_agent(text):
            return [name] if self.has(name) else []
        standard, colon, type_ = text.strip().rpartition(":")
        if colon and standard != "ocf":
            return []
        wanted = type_.lower()
        matches = [name for name in self.agents() if name.type.lower() == wanted]
        exact = [name for name in matches if name.type == type_]
        return [name for name in exact or matches if not standard or name.standard == standard]

    def has(self, name: AgentName) -> bool:
        """Return whether the agent *name* is installed here."""
        return self.path_of(name) is not None

    def path_of(self, name: AgentName) -> Path | None:
        """Return the file that *name* stands for, or None where there is none."""
        if parse_agent(str(name)) != name:
            return None
        bundled = Path(__file__).parent / "bundled"
        match name:
            case AgentName("ocf", "pcsx", type_):
                file = RESOURCE_AGENTS.get(type_)
                return bundled / file if file else None
            case AgentName("ocf", provider, type_):
                return _program(Path(self.host.ocf_root) / "resource.d" / provider / type_)
            case AgentName("stonith", _, type_):
                if type_ in FENCE_AGENTS:
                    return bundled / FENCE_AGENTS[type_]
                return _program(Path(self.host.fence_dir) / type_)
            case AgentName("lsb", _, type_):
                return _program(Path(self.host.init_dir) / type_)
            case AgentName("systemd", _, type_):
                return self._unit(type_)
            case _:
                script = _program(Path(self.host.init_dir) / name.type)
                return script or self._unit(name.type)

    def _unit(self, name: str) -> Path | None:
        file = name if name.endswith(_UNITS) else f"{name}.service"
        template = file
        if "@" in file:
            stem, _, rest = file.partition("@")
            template = f"{stem}@.{rest.rpartition('.')[2]}"
        for wanted in dict.fromkeys((file, template)):
            for directory in self._unit_dirs:
                path = Path(directory) / wanted
                if path.is_file():
                    return path
        return None

    def described(self, name: AgentName) -> AgentMetadata | None:
        """Return the metadata of a unit or an init script, from its own file; else None."""
        path = self.path_of(name)
        if path is None or name.standard not in ("lsb", "service", "systemd"):
            return None
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            return None
        if path.parent == Path(self.host.init_dir):
            return AgentMetadata(
                name.type, "1.0", *_of_init_script(name.type, text), actions=_INIT_ACTIONS
            )
        short = _after(text, "Description=") or f"{name.type} unit"
        return AgentMetadata(name.type, "1.0", short, short, actions=_UNIT_ACTIONS)

    def fingerprint(self, name: AgentName) -> tuple[str, int, int] | None:
        """Return (path, modified ns, size), by which cached metadata is known to be fresh."""
        path = self.path_of(name)
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        return (str(path), found.st_mtime_ns, found.st_size) if found else None


def _actions(*said: tuple[str, int, int]) -> tuple[AdvisedAction, ...]:
    return tuple(
        AdvisedAction(
            name, seconds * 1000, every * 1000 or None,
            timeout=f"{seconds}s", interval=f"{every}s" if every else "",
        )
        for name, seconds, every in said
    )  # fmt: skip


_INIT_ACTIONS: Final = _actions(
    ("start", 15, 0), ("stop", 15, 0), ("status", 15, 0), ("restart", 15, 0),
    ("force-reload", 15, 0), ("monitor", 15, 15), ("meta-data", 5, 0),
)  # fmt: skip
_UNIT_ACTIONS: Final = _actions(
    ("start", 100, 0), ("stop", 100, 0), ("status", 100, 0), ("monitor", 100, 60),
    ("meta-data", 5, 0),
)  # fmt: skip


def _of_init_script(name: str, text: str) -> tuple[str, str]:
    """Return the short and the long description that an init script's own header gives."""
    _, _, rest = text.partition("### BEGIN INIT INFO")
    header, _, _ = rest.partition("### END INIT INFO")
    short = _after(header, "# Short-Description:") or f"{name} init script"
    return short, _after(header, "# Description:") or short


def _after(text: str, mark: str) -> str:
    for line in text.splitlines():
        if line.startswith(mark):
            return line.removeprefix(mark).strip()
    return ""


def _entries(directory: Path) -> list[Path]:
    try:
        return [entry for entry in directory.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []


def _programs(directory: Path) -> list[str]:
    names = [entry.name for entry in _entries(directory) if _program(entry)]
    return [name for name in names if not name.endswith(_SUFFIXES_OF_BACKUPS)]


def _program(path: Path) -> Path | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return path if stat.S_ISREG(found.st_mode) and found.st_mode & 0o111 else None
