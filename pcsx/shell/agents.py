"""Agents as the shell sees them: found by name, described, and their parameters judged.

What an agent says of itself comes from the file that `PCSX_AGENT_METADATA` names, else from the
node's daemon, else from the agent itself, which is run for it once (`remembered`). Messages are
those that callers of `pcs` look for.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pcsx.agents.metadata import AgentMetadata, metadata_from_json, parse_metadata
from pcsx.agents.names import AgentName, parse_agent
from pcsx.errors import Failed, Finding, PcsxError, Refused
from pcsx.shell.args import listed
from pcsx.shell.remembered import keep, recall

if TYPE_CHECKING:
    from pcsx.agents.find import Installed
    from pcsx.shell.remembered import Fingerprint
    from pcsx.shell.run import Run

ENVIRONMENT: Final = "PCSX_AGENT_METADATA"
OCF_EXTRA: Final = ("trace_file", "trace_ra")
"""Parameters of every OCF agent, which the shell functions of the agents understand."""

PCMK: Final = (
    "pcmk_action_limit", "pcmk_delay_base", "pcmk_delay_max", "pcmk_host_argument",
    "pcmk_host_check", "pcmk_host_list", "pcmk_host_map", "pcmk_list_action",
    "pcmk_list_retries", "pcmk_list_timeout", "pcmk_monitor_action", "pcmk_monitor_retries",
    "pcmk_monitor_timeout", "pcmk_off_action", "pcmk_off_retries", "pcmk_off_timeout",
    "pcmk_on_action", "pcmk_on_retries", "pcmk_on_timeout", "pcmk_reboot_action",
    "pcmk_reboot_retries", "pcmk_reboot_timeout", "pcmk_status_action", "pcmk_status_retries",
    "pcmk_status_timeout", "priority",
)  # fmt: skip
"""Parameters of every fence device, which the fencer understands."""

_PREFERRED: Final = ("ocf", "stonith")


class Agents:
    """All agents that can be named here."""

    def __init__(self, run: Run) -> None:
        """Look agents up for *run*."""
        self._run = run
        self._seen: dict[str, AgentMetadata | None] = {}
        self.why: dict[str, str] = {}

    @cached_property
    def _told(self) -> Mapping[str, Any] | None:
        """Return what the file named by the environment has, or None without one."""
        path = os.environ.get(ENVIRONMENT)
        if not path:
            return None
        try:
            told = json.loads(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Failed(f"cannot read agents' metadata from {path}: {error}") from error
        if not isinstance(told, dict):
            raise Failed(f"{path} does not hold a JSON object of agents")
        return told

    @cached_property
    def installed(self) -> Installed:
        """Return the agents that are installed here."""
        from pcsx.agents.find import Installed, ocf_root_of
        from pcsx.agents.invoke import Host

        return Installed(Host(ocf_root=ocf_root_of(os.environ)))

    def names(self) -> list[AgentName]:
        """Return all agents, sorted."""
        if self._told is not None:
            found = (parse_agent(name) for name in self._told)
            return sorted(name for name in found if name is not None)
        return self.installed.agents()

    def resolve(self, text: str) -> AgentName:
        """Return the agent that *text* names, in full or by its type alone; else raise."""
        if ":" in text:
            name = parse_agent(text)
            if name is None:
                raise Refused([_invalid(text)])
            return name
        matches = [name for name in self.names() if name.type.lower() == text.lower()]
        exact = [name for name in matches if name.type == text] or matches
        found = [name for name in exact if name.standard in _PREFERRED]
        if not found:
            raise Refused(
                [
                    Finding.error(
                        "agent-unknown",
                        text,
                        f"Unable to find agent '{text}', try specifying its full name",
                    )
                ]
            )
        if len(found) > 1:
            both = " or ".join(f"'{name}'" for name in sorted(map(str, found)))
            raise Refused(
                [
                    Finding.error(
                        "agent-ambiguous",
                        text,
                        f"Multiple agents match '{text}', please specify full name: {both}",
                    )
                ]
            )
        self._run.note(f"Assumed agent name '{found[0]}' (deduced from '{text}')")
        return found[0]

    def metadata(self, name: AgentName) -> AgentMetadata | None:
        """Return what *name* says of itself, or None where it is not to be had."""
        key = str(name)
        if key not in self._seen:
            self._seen[key] = self._ask(name)
        return self._seen[key]

    def _ask(self, name: AgentName) -> AgentMetadata | None:
        if self._told is not None:
            told = self._told.get(str(name))
            return None if told is None else metadata_from_json(name.type, told)
        if self._run.is_live:
            from pcsx.protocol import AgentMetadata as AskMetadata

            try:
                return parse_metadata(
                    str(self._run.source.call(AskMetadata(str(name)))["xml"]).encode()
                )
            except PcsxError as error:
                self.why[str(name)] = str(error)
        return self._run_agent(name)

    def _run_agent(self, name: AgentName) -> AgentMetadata | None:
        if not self.installed.has(name):
            self.why[str(name)] = "it is not installed here"
            return None
        if (described := self.installed.described(name)) is not None:
            return described
        mark = self.installed.fingerprint(name)
        if (said := recall(name, mark)) is not None:
            with contextlib.suppress(Refused):
                return parse_metadata(said)
        return self._have_it_say(name, mark)

    def _have_it_say(self, name: AgentName, mark: Fingerprint | None) -> AgentMetadata | None:
        import subprocess

        from pcsx.agents.invoke import metadata_invocation
        from pcsx.agents.types import Invocation

        child = metadata_invocation(name, self.installed.host)
        if not isinstance(child, Invocation):
            self.why[str(name)] = child.reason
            return None
        try:
            done = subprocess.run(
                child.argv,
                env=dict(child.env),
                input=child.stdin,
                capture_output=True,
                timeout=child.timeout_ms / 1000,
                check=False,
            )
            found = parse_metadata(done.stdout)
        except (OSError, subprocess.SubprocessError, Refused) as error:
            self.why[str(name)] = str(error)
            return None
        if done.returncode == 0:
            keep(name, mark, done.stdout)
        return found

    def unknown(self, name: AgentName) -> Finding:
        """Return the finding for an agent of which nothing is known."""
        why = self.why.get(str(name), "it is not installed here")
        return Finding.error(
            "agent-not-installed",
            str(name),
            f"Agent '{name}' is not installed or does not provide valid metadata: {why}",
            force="agent-not-installed",
        )


def _invalid(text: str) -> Finding:
    return Finding.error(
        "agent-name",
        text,
        f"Invalid resource agent name '{text}'. Use standard:provider:type when standard is 'ocf' "
        "or standard:type otherwise. List of standards and providers can be obtained by using "
        "commands 'pcsx resource standards' and 'pcsx resource providers'.",
    )


def advised_operations(metadata: AgentMetadata) -> list[dict[str, str]]:
    """Return the operations that the agent advises, with the texts it spells them with."""
    found = []
    for action in metadata.actions:
        operation = {
            "name": action.name,
            "interval": action.interval,
            "timeout": action.timeout,
            "start-delay": action.start_delay,
            "role": str(action.role) if action.role else "",
            "OCF_CHECK_LEVEL": "" if action.depth in ("", "0") else action.depth,
        }
        found.append({name: value for name, value in operation.items() if value})
    return found


def allowed_parameters(name: AgentName, metadata: AgentMetadata) -> set[str]:
    """Return the names of all parameters that *name* takes."""
    allowed = {parameter.name for parameter in metadata.parameters}
    allowed |= {old for parameter in metadata.parameters for old in parameter.obsoletes}
    if name.standard == "ocf":
        allowed |= set(OCF_EXTRA)
    if name.standard == "stonith":
        allowed |= set(PCMK)
    return allowed


def shown_parameters(name: AgentName, metadata: AgentMetadata) -> list[str]:
    """Return the names that messages offer: all but the deprecated ones, sorted."""
    hidden = {parameter.name for parameter in metadata.parameters if parameter.deprecated}
    if name.standard == "stonith":
        hidden |= {"action"}
    return sorted(allowed_parameters(name, metadata) - hidden)


def judge_parameters(
    name: AgentName, metadata: AgentMetadata, given: Mapping[str, str], *, kind: str
) -> Iterator[Finding]:
    """Tell what is wrong with the parameters *given* for a new resource of agent *name*."""
    yield from _unknown(name, metadata, given, kind=kind)
    yield from _missing(name, metadata, given, kind=kind)
    yield from _fence_action(name, given)


def judge_change(
    name: AgentName,
    metadata: AgentMetadata,
    given: Mapping[str, str],
    before: Mapping[str, str],
    *,
    kind: str,
) -> Iterator[Finding]:
    """Tell what is wrong with changing the parameters *before* by *given*."""
    added = {key: value for key, value in given.items() if value}
    yield from _unknown(name, metadata, added, kind=kind)
    after = {key: value for key, value in {**before, **given}.items() if value}
    removed = {key for key, value in given.items() if not value}
    for finding in _missing(name, metadata, after, kind=kind):
        if any(f"'{key}'" in finding.text for key in removed):
            yield finding
    yield from _fence_action(name, added)


def _unknown(
    name: AgentName, metadata: AgentMetadata, given: Mapping[str, str], *, kind: str
) -> Iterator[Finding]:
    allowed = allowed_parameters(name, metadata)
    unknown = sorted(set(given) - allowed)
    if unknown:
        word = "option" if len(unknown) == 1 else "options"
        yield Finding.error(
            "parameter-unknown",
            str(name),
            f"invalid {kind} {word} {listed(unknown)}, allowed options are: "
            f"{listed(shown_parameters(name, metadata))}",
            force="parameter-unknown",
        )


def _missing(
    name: AgentName, metadata: AgentMetadata, given: Mapping[str, str], *, kind: str
) -> Iterator[Finding]:
    names = {parameter.name: parameter for parameter in metadata.parameters}
    missing = []
    for parameter in metadata.parameters:
        if not parameter.required or parameter.deprecated:
            continue
        if name.standard == "stonith" and parameter.name in ("action", "port", "plug"):
            continue
        accepted = {parameter.name, *parameter.obsoletes}
        accepted |= {new for new, other in names.items() if parameter.name in other.obsoletes}
        if not accepted & set(given):
            missing.append(parameter.name)
    if missing:
        word, verb = ("option", "is") if len(missing) == 1 else ("options", "are")
        yield Finding.error(
            "parameter-missing",
            str(name),
            f"required {kind} {word} {listed(sorted(missing))} {verb} missing",
            force="parameter-missing",
        )


def _fence_action(name: AgentName, given: Mapping[str, str]) -> Iterator[Finding]:
    if name.standard == "stonith" and given.get("action"):
        yield Finding.error(
            "fence-action",
            "action",
            "stonith option 'action' is deprecated and might be removed in a future release, "
            "therefore it should not be used, use 'pcmk_off_action', 'pcmk_reboot_action' instead",
            force="fence-action",
        )


def judge_unique(
    name: AgentName,
    metadata: AgentMetadata,
    given: Mapping[str, str],
    others: Iterable[tuple[str, Mapping[str, str]]],
) -> Iterator[Finding]:
    """Tell which values must be this resource's alone and are another's already."""
    known = list(others)
    groups: dict[str, list[str]] = {}
    for parameter in metadata.parameters:
        if parameter.unique_group:
            groups.setdefault(parameter.unique_group, []).append(parameter.name)
    for names in groups.values():
        values = {key: given.get(key, "") for key in sorted(names)}
        if not any(values.values()):
            continue
        same = sorted(
            id for id, other in known if {key: other.get(key, "") for key in values} == values
        )
        if not same:
            continue
        if len(values) == 1:
            key, value = next(iter(values.items()))
            what = f"Value '{value}' of option '{key}' is"
        else:
            keys, all_values = listed(values), listed(values.values())
            what = f"Values {all_values} of options {keys} are"
        yield Finding.error(
            "parameter-not-unique",
            str(name),
            f"{what} not unique across '{name}' resources. Following resources are configured "
            f"with the same {'value' if len(values) == 1 else 'values'} of the instance "
            f"{'attribute' if len(values) == 1 else 'attributes'}: {listed(same)}",
            force="parameter-not-unique",
        )
