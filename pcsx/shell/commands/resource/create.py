"""`resource create` and `resource delete`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pcsx.agents.metadata import AgentMetadata
from pcsx.agents.names import AgentName
from pcsx.cib.document import Cib
from pcsx.cib.edit import delete as deletion
from pcsx.cib.edit import operations, read, resources
from pcsx.cib.edit.operations import complete
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.agents import (
    Agents,
    advised_operations,
    judge_parameters,
    judge_unique,
)
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

KEYWORDS: Final = ("op", "meta", "clone", "promotable", "bundle")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb(
        "create",
        usage="ID AGENT [NAME=VALUE]... [op NAME OPTION=VALUE...]... [meta NAME=VALUE...] "
        "[clone [ID] [NAME=VALUE]... | promotable [ID] [NAME=VALUE]... | bundle ID]",
        options=(
            "group", "before", "after", "disabled", "no-default-ops", "agent-validation", "all",
        ),
    )(create)  # fmt: skip
    level.verb("delete", "remove", usage="ID")(delete)


def create(run: Run, words: list[str]) -> None:
    """Create a resource that an agent looks after.

    The agent is asked which parameters it takes and which operations it advises. With `clone` the
    resource runs on every node, with `promotable` some of the copies are promoted.

    \b
    Example: a web server in a group, after the members that are there
        pcsx resource create web ocf:heartbeat:apache op monitor interval=30s --group g-web
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    id, agent_text, rest = words[0], words[1], words[2:]
    parts = args.sections(rest, KEYWORDS, once=("op",))
    place = place_of(run, parts)
    new_words = flat_meta(parts)
    given = args.pairs(args.flat(parts[""]))
    meta = args.pairs(new_words)
    ops = given_operations(args.flat(parts.get("op")), "op" in parts)
    add(run, id, agent_text, given, meta, ops, place, kind="resource")


def flat_meta(parts: Mapping[str, Sequence[Sequence[str]]]) -> list[str]:
    """Return the words after every `meta`."""
    return args.flat(parts.get("meta"))


def given_operations(words: Sequence[str], named: bool) -> list[dict[str, str]]:
    """Return the operations after `op`; raise where *named* and one says nothing."""
    found = args.operations(words)
    if named and (not found or any(set(operation) == {"name"} for operation in found)):
        raise wrong_words(
            "When using 'op' you must specify an operation name and at least one option"
        )
    return found


def place_of(run: Run, parts: Mapping[str, Sequence[Sequence[str]]]) -> resources.Place:
    """Return where the new resource goes."""
    chosen = [word for word in ("clone", "promotable", "bundle") if word in parts]
    group = run.option("group")
    if len(chosen) + bool(group) > 1:
        raise wrong_words("you can specify only one of clone, promotable, bundle or --group")
    before, after = run.option("before"), run.option("after")
    if (before or after) and not group:
        word = "before" if before else "after"
        raise wrong_words(f"you cannot use --{word} without --group")
    if before and after:
        raise wrong_words("you cannot specify both --before and --after")
    if group:
        return resources.InGroup(group, before, after)
    if not chosen:
        return None
    words = args.flat(parts[chosen[0]])
    if chosen[0] == "bundle":
        if not words:
            raise wrong_words("you have to specify exactly one bundle")
        return resources.InBundle(words[0])
    id = words.pop(0) if words and "=" not in words[0] else ""
    meta = args.pairs(words)
    if chosen[0] == "promotable":
        if "promotable" in meta:
            raise wrong_words("you cannot specify both promotable option and promotable keyword")
        meta["promotable"] = "true"
    return resources.AsClone(id, meta)


def add(
    run: Run,
    id: str,
    agent_text: str,
    given: Mapping[str, str],
    meta: Mapping[str, str],
    ops: Sequence[Mapping[str, str]],
    place: resources.Place,
    *,
    kind: str,
) -> None:
    """Judge what was asked for and create it."""
    agents = Agents(run)
    name = agents.resolve(agent_text)
    if kind == "resource" and name.standard == "stonith":
        run.warn(
            "Creating a fence device by 'resource create' is deprecated, use 'stonith create'",
            code="deprecated",
        )
    metadata = agents.metadata(name)
    cib = run.cib()
    run.judge(_judged(agents, name, metadata, given, ops, cib, place, id, kind=kind))
    judge_by_agent(run, name, metadata, given)
    advised = advised_operations(metadata) if metadata is not None else []
    defaults = not run.flag("no-default-ops")
    if name.standard == "stonith":
        advised = []
    new = resources.Primitive(
        id, name_parts(name), given, meta, complete(ops, advised, defaults=defaults)
    )
    run.change(lambda base: resources.create(base, new, place, disabled=run.flag("disabled"),
                                             force=run.force))  # fmt: skip
    run.expect(id, running=not run.flag("disabled"))


def name_parts(name: AgentName) -> tuple[str, str, str]:
    """Return class, provider and type."""
    return (name.standard, name.provider, name.type)


def _judged(
    agents: Agents,
    name: AgentName,
    metadata: AgentMetadata | None,
    given: Mapping[str, str],
    ops: Sequence[Mapping[str, str]],
    cib: Cib,
    place: resources.Place,
    id: str,
    *,
    kind: str,
) -> Iterator[Finding]:
    yield from read.id_findings(cib, id, "resource name")
    if metadata is None:
        yield agents.unknown(name)
    else:
        if "." not in id and str(name) == "ocf:pacemaker:remote":
            yield Finding.error(
                "remote-by-create",
                id,
                "this command is not sufficient for creating a remote connection, use "
                "'pcsx cluster node add-remote'",
                force="remote-by-create",
            )
        for key, value in sorted(given.items()):
            if not value:
                yield Finding.error("parameter-empty", key, f"{key} cannot be empty")
        yield from judge_parameters(name, metadata, given, kind=kind)
        same = read.parameters_of_agent(cib, name_parts(name))
        yield from judge_unique(name, metadata, given, same)
        clone_meta = place.meta if isinstance(place, resources.AsClone) else {}
        if clone_meta.get("promotable") == "true" and not metadata.has_action("promote"):
            text = f"Clone option 'promotable' is not compatible with '{name}' resource agent"
            if metadata.tells_promotability:
                yield Finding.error("not-promotable", str(name), text, force="not-promotable")
            else:
                yield Finding.warning("not-promotable", str(name), text)
    names = [action.name for action in metadata.actions] if metadata is not None else []
    if names and kind == "stonith":
        names += ["start", "stop"]  # a device is started and stopped though its agent is not asked
    yield from operations.faults(ops, names)
    for operation in ops:
        old = operation.get("role", "")
        if operations.OLD_ROLES.get(old.lower()):
            yield Finding.warning(
                "deprecated",
                "role",
                f"Value '{old}' of option role is deprecated and should not be used, use "
                f"'{operations.today_role(old)}' value instead",
            )


def judge_by_agent(
    run: Run, name: AgentName, metadata: AgentMetadata | None, given: Mapping[str, str]
) -> None:
    """Let the agent itself judge the parameters *given*, on this node, where that was asked for."""
    if not run.flag("agent-validation"):
        return
    from pcsx.protocol import RunAgent

    run.live_only("--agent-validation runs the agent on a node")
    if metadata is None or not metadata.has_action("validate-all"):
        raise wrong_words(f"{name} has no action that judges parameters (validate-all)")
    params = (*sorted(given.items()), ("OCF_CHECK_LEVEL", "10"))
    answer = run.source.call(RunAgent(str(name), "validate-all", "validation", params))
    if answer["rc"] or answer["status"]:
        said = answer["reason"] or " ".join(str(answer["stderr"] or answer["stdout"]).split())
        text = f"{name} refuses these parameters on {answer['node']}: {said or 'it says not why'}"
        run.judge([Finding.error("agent-refuses", str(name), text, force="agent-refuses")])


def delete(run: Run, words: list[str]) -> None:
    """Delete a resource, with what is in it and with the constraints on it.

    The cluster stops the resource on its way out.

    \b
    Example:
        pcsx resource delete web
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    told: list[str] = []

    def change(cib: Cib) -> Cib:
        done = deletion.delete(cib, words[0])
        told.extend(done.told)
        return done.cib

    if run.flag("idempotent") and read.kind_of(run.cib(), words[0]) is None:
        run.changed = False
        return
    run.change(change)
    for line in told:
        run.note(line, code="removed")
