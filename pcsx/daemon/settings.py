"""This node's own settings: from `pcsx.toml`, the environment and options, in rising order.

Everything that all nodes must agree on is in the log or the CIB; here is only where this daemon
keeps its files, listens, and what it is called.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass
from pcsx.ring.config import DEFAULT_PORT

ENVIRONMENT: Final = "PCSX_"
"""A setting `state_dir` is `PCSX_STATE_DIR` in the environment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this daemon lives; every field is a key of `pcsx.toml` and an option of `daemon`."""

    name: str = ""
    """The node's name; empty: the host's name up to its first dot."""
    state_dir: str = "/var/lib/pcsx"
    run_dir: str = "/run/pcsx"
    socket: str = ""
    """The local socket; empty: `pcsx.sock` in the run directory."""
    address: str = ""
    """Where the lobby listens (TCP); empty: on all addresses."""
    port: int = DEFAULT_PORT
    bootstrap_key: str = "/etc/pcsx/bootstrap.key"
    watchdog: str = ""
    """A watchdog device to pet; empty: none."""
    watchdog_timeout: int = 10
    """After how many seconds without petting it resets the machine."""
    panic_file: str = ""
    """Where a crash kernel finds what tells the others of a panic; empty: it tells nothing."""
    discovery: bool = True
    """Announce this lobby by mDNS and look for others."""
    group: str = "pcsx"
    """Members of this group may open the local socket, as root may."""
    realtime: bool = True
    """Ask for real time and locked memory for the heart; done without where it is not allowed."""
    agents_root: str = "/usr/lib/ocf"

    @property
    def socket_path(self) -> str:
        """Return where the local socket is."""
        return self.socket or f"{self.run_dir}/pcsx.sock"


def read_settings(
    text: str | None, environment: Mapping[str, str], options: Mapping[str, Any], *, hostname: str
) -> Settings:
    """Return the settings of a file's *text* (None: no file), the environment and *options*.

    Raises `Refused` with every fault at once: unknown keys, wrong types.
    """
    findings: list[Finding] = []
    given: dict[str, Any] = {}
    try:
        plain = tomllib.loads(text or "")
    except tomllib.TOMLDecodeError as error:
        raise Refused([Finding.error("settings-toml", "pcsx.toml", f"{error}")]) from error
    known = {f.name: f.type for f in fields(Settings)}
    for key, value in plain.items():
        if key not in known:
            hint = f"Known keys: {', '.join(sorted(known))}."
            text = f"pcsx.toml: there is no setting {key!r}"
            findings.append(Finding.error("settings-unknown", key, text, hint=hint))
        else:
            _take(given, key, value, "pcsx.toml", findings)
    for key in known:
        variable = ENVIRONMENT + key.upper()
        if environment.get(variable):
            _take(given, key, environment[variable], variable, findings)
        if options.get(key) is not None:
            _take(given, key, options[key], f"--{key.replace('_', '-')}", findings)
    if findings:
        raise Refused(findings)
    given.setdefault("name", hostname.partition(".")[0])
    return Settings(**given)


def _take(
    given: dict[str, Any], key: str, value: Any, source: str, findings: list[Finding]
) -> None:
    want = type(getattr(Settings(), key))
    if want is bool and isinstance(value, str):
        value = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(
            value.lower(), value
        )
    if want is int and isinstance(value, str) and value.isdigit():
        value = int(value)
    if type(value) is not want:
        text = f"{source}: {key} must be {_KINDS[want]}, not {value!r}"
        findings.append(Finding.error("settings-type", key, text))
    elif key == "watchdog_timeout" and not 2 <= value <= 600:
        text = f"{source}: watchdog_timeout must be 2 to 600 seconds, not {value}"
        findings.append(Finding.error("settings-watchdog", key, text))
    elif key == "port" and not 0 < value < 65536:
        findings.append(Finding.error("settings-port", key, f"{source}: {value} is no port"))
    else:
        given[key] = value


_KINDS: Final = {str: "a text", int: "a whole number", bool: "true or false"}
