"""`resource standards`, `providers`, `agents`, `list` and `describe`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pcsx.agents.metadata import AdvisedAction, AgentMetadata, Parameter
from pcsx.agents.names import AgentName
from pcsx.errors import Failed, Refused
from pcsx.shell import args
from pcsx.shell.agents import Agents
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("standards")(standards)
    level.verb("providers")(providers)
    level.verb("agents", usage="[STANDARD[:PROVIDER]]")(agents)
    level.verb("list", usage="[FILTER]", options=("nodesc",))(list_agents)
    level.verb("describe", usage="AGENT", options=("full",))(describe)


def standards(run: Run, words: list[str]) -> None:
    """List the standards of which an agent is here.

    \b
    Example:
        pcsx resource standards
    """
    here = {name.standard for name in Agents(run).names()} - {"stonith"}
    # A service is whatever there is of that name: a script of init, or a unit.
    found = sorted(here | ({"service"} if here & {"lsb", "systemd"} else set()))
    run.give(found)
    run.say("\n".join(found))


def providers(run: Run, words: list[str]) -> None:
    """List the providers of OCF agents that are here.

    \b
    Example:
        pcsx resource providers
    """
    found = sorted({name.provider for name in Agents(run).names() if name.provider})
    run.give(found)
    run.say("\n".join(found))


def agents(run: Run, words: list[str]) -> None:
    """List the types of agents, of one standard or provider if asked.

    \b
    Example:
        pcsx resource agents ocf:heartbeat
    """
    standard, _, provider = (words[0] if words else "").partition(":")
    found = sorted(
        {
            name.type
            for name in Agents(run).names()
            if name.standard != "stonith" or standard == "stonith"
            if standard in ("", name.standard) and provider in ("", name.provider)
        },
        key=str.lower,
    )
    if not found:
        what = words[0] if words else "any standard"
        raise Failed(f"No agents found for {what}")
    run.give(found)
    run.say("\n".join(found))


def list_agents(run: Run, words: list[str]) -> None:
    """List agents by their full names, with what they are for.

    \b
    Example:
        pcsx resource list ocf:heartbeat:ip
    """
    tell_agents(run, words, stonith=False)


def tell_agents(run: Run, words: list[str], *, stonith: bool) -> None:
    """List the agents whose name holds the filter."""
    known = Agents(run)
    wanted = words[0].lower() if words else ""
    found = [
        name
        for name in known.names()
        if (name.standard == "stonith") == stonith and wanted in str(name).lower()
    ]
    if not found:
        raise Failed(f"No {'stonith' if stonith else 'resource'} agents available")
    lines = []
    for name in found:
        shown = name.type if stonith else str(name)
        metadata = None if run.flag("nodesc") else known.metadata(name)
        about = metadata.shortdesc.strip() if metadata is not None else ""
        lines.append(f"{shown} - {about}" if about else shown)
    run.give([str(name) for name in found])
    run.say("\n".join(lines))


def describe(run: Run, words: list[str]) -> None:
    """Show what an agent is for, its parameters and the operations that it advises.

    \b
    Example:
        pcsx resource describe ocf:heartbeat:IPaddr2
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    known = Agents(run)
    tell_agent(run, known, known.resolve(words[0]))


def tell_agent(run: Run, known: Agents, name: AgentName) -> None:
    """Show what the agent *name* says of itself."""
    metadata = known.metadata(name)
    if metadata is None:
        raise Refused([known.unknown(name)])
    run.give(agent_object(name, metadata))
    run.say(agent_text(name, metadata, full=run.flag("full")))


def agent_object(name: AgentName, metadata: AgentMetadata) -> dict[str, object]:
    """Return the description as plain JSON."""
    return {
        "name": str(name),
        "shortdesc": metadata.shortdesc,
        "longdesc": metadata.longdesc,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "default": parameter.default,
                "required": parameter.required,
                "deprecated": parameter.deprecated,
                "unique": bool(parameter.unique_group),
                "choices": list(parameter.choices),
                "shortdesc": parameter.shortdesc,
                "longdesc": parameter.longdesc,
            }
            for parameter in metadata.parameters
        ],
        "actions": [
            {"name": action.name, "timeout": action.timeout, "interval": action.interval}
            for action in metadata.actions
        ],
    }


def agent_text(name: AgentName, metadata: AgentMetadata, *, full: bool) -> str:
    """Return the description as lines."""
    shown_name = name.type if name.standard == "stonith" else str(name)
    lines = [f"{shown_name} - {metadata.shortdesc}".rstrip(" -"), ""]
    if metadata.longdesc:
        lines += [metadata.longdesc, ""]
    fencing = name.standard == "stonith"
    shown = [p for p in metadata.parameters if full or not p.deprecated]
    if fencing:
        shown = [*_of_device(shown), *_of_every_device(full=full)]
    if shown:
        lines.append(f"{'Stonith' if fencing else 'Resource'} options:")
        for parameter in sorted(shown, key=lambda p: not p.required):
            lines += _parameter_lines(parameter)
    advised = [
        action
        for action in metadata.actions
        if action.timeout or action.interval
        if action.name not in ("meta-data", "metadata", "validate-all")
    ]
    if fencing:
        advised = [AdvisedAction("monitor", interval="60s")]
    if advised:
        lines += ["", "Default operations:"]
        for action in advised:
            lines.append(f"  {action.name}:")
            lines.append(f"    interval={action.interval or '0s'}")
            if action.timeout:
                lines.append(f"    timeout={action.timeout}")
            if action.role:
                lines.append(f"    role={action.role}")
    return "\n".join(lines)


def _of_device(parameters: Sequence[Parameter]) -> Iterator[Parameter]:
    """Yield what a person tells a device; the fencer says what is done to whom."""
    for parameter in parameters:
        if parameter.name in ("plug", "port"):
            yield replace(parameter, required=False)
        elif parameter.name not in ("action", "option", "nodename", "help", "version"):
            yield parameter


def _of_every_device(*, full: bool) -> Iterator[Parameter]:
    from pcsx.cib.options import FENCING

    for option in FENCING.values():
        usual = not option.name.endswith(("_action", "_timeout", "_retries", "_argument"))
        if option.name.startswith("pcmk_") and (full or usual):
            yield Parameter(
                option.name, shortdesc=option.text, default=option.default, choices=option.choices
            )


def _parameter_lines(parameter: Parameter) -> list[str]:
    marks = ["required"] if parameter.required else []
    if parameter.unique_group:
        alone = parameter.unique and parameter.unique_group == parameter.name
        marks.append("unique" if alone else f"unique group: {parameter.unique_group}")
    marks += ["deprecated"] if parameter.deprecated else []
    head = f"  {parameter.name}" + "".join(f" ({mark})" for mark in marks)
    text = " ".join((parameter.longdesc or parameter.shortdesc).split())
    lines = [f"{head}: {text}"]
    if parameter.default:
        lines.append(f"    Default: {parameter.default}")
    if parameter.choices:
        lines.append(f"    Allowed values: {', '.join(parameter.choices)}")
    return lines
