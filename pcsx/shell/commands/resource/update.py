"""`resource update`, `meta` and `utilization`."""

from __future__ import annotations

from collections.abc import Mapping

from pcsx.agents.names import parse_agent
from pcsx.cib.edit import read, resources
from pcsx.errors import Finding, Refused
from pcsx.shell import args
from pcsx.shell.agents import Agents, judge_change
from pcsx.shell.commands.resource.create import judge_by_agent
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb(
        "update",
        usage="ID [NAME=VALUE]... [op NAME OPTION=VALUE...]... [meta NAME=VALUE...]",
        options=("agent-validation",),
    )(update)
    level.verb("meta", usage="ID NAME=VALUE...")(meta)
    level.verb("utilization", usage="[ID [NAME=NUMBER]...]")(utilization)


def update(run: Run, words: list[str]) -> None:
    """Change parameters, operations and meta attributes of a resource.

    What is not named stays; an empty value removes. The first operation of a name is replaced
    whole by what is given for it.

    \b
    Example:
        pcsx resource update vip ip=10.0.0.8 nic= op monitor interval=20s
    """
    change(run, words, kind="resource")


def change(run: Run, words: list[str], *, kind: str) -> None:
    """Change the resource that *words* begin with."""
    if len(words) < 2:
        raise args.misused(run.usage)
    id, rest = words[0], words[1:]
    parts = args.sections(rest, ("op", "meta"), once=("op",))
    given = args.pairs(args.flat(parts[""]))
    meta_pairs = args.pairs(args.flat(parts.get("meta")))
    ops = args.operations(args.flat(parts.get("op")))
    cib = run.cib()
    agent = read.agent_of(cib, id)
    if agent is not None:
        _judge(run, id, agent, given, kind=kind)
    run.change(lambda base: resources.update(base, id, instance=given, meta=meta_pairs, ops=ops))


def _judge(
    run: Run, id: str, agent: tuple[str, str, str], given: Mapping[str, str], *, kind: str
) -> None:
    name = parse_agent(":".join(part for part in agent if part))
    if name is None or not given:
        return
    agents = Agents(run)
    metadata = agents.metadata(name)
    if metadata is None:
        run.judge([agents.unknown(name)])
        return
    before = read.parameters(run.cib(), id)
    kind = "stonith" if name.standard == "stonith" else kind
    findings = list(judge_change(name, metadata, given, before, kind=kind))
    from pcsx.shell.agents import judge_unique

    after = {key: value for key, value in {**before, **given}.items() if value}
    others = [
        (other, values)
        for other, values in read.parameters_of_agent(run.cib(), agent)
        if other != id
    ]
    touched = {
        parameter.unique_group
        for parameter in metadata.parameters
        if parameter.unique_group and parameter.name in given
    }
    concerned = {
        parameter.name for parameter in metadata.parameters if parameter.unique_group in touched
    }
    findings += judge_unique(
        name, metadata, {key: after[key] for key in after if key in concerned}, others
    )
    run.judge(findings)
    judge_by_agent(run, name, metadata, after)


def meta(run: Run, words: list[str]) -> None:
    """Set meta attributes of a resource, a group or a clone; an empty value removes.

    Those of a bundle are set by pcsx resource bundle update.

    \b
    Example:
        pcsx resource meta web resource-stickiness=100 migration-threshold=
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    values = args.pairs(words[1:])
    if read.kind_of(run.cib(), words[0]) == "bundle":
        text = f"unable to find a resource/clone/group: {words[0]}"
        hint = f"pcsx resource bundle update {words[0]} meta NAME=VALUE"
        raise Refused([Finding.error("no-such-resource", words[0], text, hint=hint)])
    run.change(lambda base: resources.set_meta(base, words[0], values))


def utilization(run: Run, words: list[str]) -> None:
    """Show or set what a resource takes of a node's capacity, as whole numbers.

    \b
    Example:
        pcsx resource utilization db cpu=4 memory=8192
    """
    if len(words) < 2:
        found = read.utilization_of_resources(run.cib(), words[0] if words else "")
        if words and not found:
            raise Refused(
                [
                    Finding.error(
                        "no-such-resource", words[0], f"Unable to find a resource: {words[0]}"
                    )
                ]
            )
        run.give(dict(found))
        run.say(utilization_text("Resource Utilization", found))
        return
    values = args.pairs(words[1:])
    require_numbers(values)
    run.change(lambda base: resources.set_utilization(base, words[0], values))


def utilization_text(title: str, found: Mapping[str, Mapping[str, str]]) -> str:
    """Return utilization as lines."""
    lines = [f"{title}:"]
    for id, values in found.items():
        pairs = " ".join(f"{name}={value}" for name, value in values.items())
        lines.append(f" {id}: {pairs}".rstrip())
    return "\n".join(lines)


def require_numbers(values: Mapping[str, str]) -> None:
    """Raise unless every value is a whole number or empty."""
    for name, value in values.items():
        if value and not value.lstrip("+-").isdigit():
            raise wrong_words(f"Value of utilization attribute must be integer: '{name}={value}'")
