"""`resource standards`, `providers`, `agents`, `list` and `describe`."""

from __future__ import annotations

from pcsx.agents.metadata import AgentMetadata, Parameter
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
    shown = [p for p in metadata.parameters if full or not p.deprecated]
    if shown:
        lines.append("Parameters:")
        for parameter in sorted(shown, key=lambda p: (not p.required, p.name)):
            lines += _parameter_lines(parameter)
    advised = [action for action in metadata.actions if action.timeout or action.interval]
    if advised:
        lines += ["", "Default operations:"]
        for action in advised:
            words = [f"  {action.name}:"]
            if action.interval:
                words.append(f"interval={action.interval}")
            if action.timeout:
                words.append(f"timeout={action.timeout}")
            lines.append(" ".join(words))
    return "\n".join(lines)


def _parameter_lines(parameter: Parameter) -> list[str]:
    marks = ["required"] if parameter.required else []
    marks += ["unique"] if parameter.unique_group else []
    marks += ["deprecated"] if parameter.deprecated else []
    head = f"  {parameter.name}" + (f" ({', '.join(marks)})" if marks else "")
    text = " ".join((parameter.longdesc or parameter.shortdesc).split())
    lines = [f"{head}: {text}"]
    if parameter.default:
        lines.append(f"    Default: {parameter.default}")
    if parameter.choices:
        lines.append(f"    Allowed values: {', '.join(parameter.choices)}")
    return lines
