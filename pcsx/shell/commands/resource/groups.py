"""`resource group`, `ungroup`, `clone`, `promotable` and `unclone`."""

from __future__ import annotations

from pcsx.agents.names import parse_agent
from pcsx.cib.edit import clones, groups, read
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.agents import Agents
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    group = Level("group", "List groups, put resources into them and take them out.")
    group.verb("list", usage="")(list_groups)
    group.verb("add", usage="GROUP ID...", options=("before", "after"))(add)
    group.verb("delete", "remove", usage="GROUP [ID]...")(ungroup)
    level.add_command(group)
    level.verb("ungroup", usage="GROUP [ID]...")(ungroup)
    level.verb("clone", usage="ID [CLONE] [meta] [NAME=VALUE]...")(clone)
    level.verb("promotable", usage="ID [CLONE] [meta] [NAME=VALUE]...")(promotable)
    level.verb("unclone", usage="ID")(unclone)


def list_groups(run: Run, words: list[str]) -> None:
    """List the groups and their members, in the order in which they start.

    \b
    Example:
        pcsx resource group list
    """
    found = read.groups(run.cib())
    run.give(found)
    for id, names in found.items():
        run.say(f"{id}: {' '.join(names)}")


def add(run: Run, words: list[str]) -> None:
    """Put resources into a group, which is made if need be; or move them within it.

    \b
    Example:
        pcsx resource group add g-web fs web --after vip
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    before, after = run.option("before"), run.option("after")
    if before and after:
        raise wrong_words("you cannot specify both --before and --after")
    run.change(lambda base: groups.add(base, words[0], words[1:], before=before, after=after))


def ungroup(run: Run, words: list[str]) -> None:
    """Take resources (all, if none is named) out of a group; they keep running.

    \b
    Example:
        pcsx resource ungroup g-web
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: groups.ungroup(base, words[0], words[1:]))


def clone(run: Run, words: list[str]) -> None:
    """Run a resource or a group on many nodes at once.

    \b
    Example:
        pcsx resource clone ping interleave=true
    """
    _clone(run, words, promoted=False)


def promotable(run: Run, words: list[str]) -> None:
    """Run a resource or a group on many nodes, and promote some of the copies.

    \b
    Example:
        pcsx resource promotable db promoted-max=1 notify=true
    """
    _clone(run, words, promoted=True)


def _clone(run: Run, words: list[str], *, promoted: bool) -> None:
    if not words:
        raise args.misused(run.usage)
    parts = args.sections(words[1:], ("meta",))
    leading, options = args.leading_and_pairs(args.flat(parts[""]))
    if len(leading) > 1:
        raise wrong_words(f"missing value of '{leading[1]}' option")
    meta = {**options, **args.pairs(args.flat(parts.get("meta")))}
    if promoted:
        if "promotable" in meta:
            raise wrong_words("you cannot specify both promotable option and promotable keyword")
        meta["promotable"] = "true"
    if meta.get("promotable") == "true":
        run.judge(_can_promote(run, words[0]))
    clone_id = leading[0] if leading else ""
    run.change(lambda base: clones.clone(base, words[0], clone_id, meta))


def _can_promote(run: Run, id: str) -> list[Finding]:
    """Tell which agents in the resource *id* cannot be promoted."""
    findings = []
    agents = Agents(run)
    for primitive, agent in read.agents_in(run.cib(), id):
        name = parse_agent(":".join(part for part in agent if part))
        metadata = agents.metadata(name) if name is not None else None
        if metadata is not None and not metadata.has_action("promote"):
            text = (
                f"Clone option 'promotable' is not compatible with '{name}' resource agent "
                f"of resource '{primitive}'"
            )
            if metadata.tells_promotability:
                error = Finding.error("not-promotable", primitive, text, force="not-promotable")
                findings.append(error)
            else:
                findings.append(Finding.warning("not-promotable", primitive, text))
    return findings


def unclone(run: Run, words: list[str]) -> None:
    """Run the resource or group inside a clone once only.

    \b
    Example:
        pcsx resource unclone ping-clone
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    run.change(lambda base: clones.unclone(base, words[0]))
