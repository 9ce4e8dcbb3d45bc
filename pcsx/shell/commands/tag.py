"""`pcsx tag`: names for sets of resources."""

from __future__ import annotations

from pcsx.cib.edit import read, tags
from pcsx.errors import Finding, Refused
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

command = Level(
    "tag",
    """Name sets of resources, so that one word means all of them.

    \b
    Example:
        pcsx tag create shop web db vip
    """,
    default="config",
)


@command.verb("config", "list", "show", usage="[TAG]...")
def config(run: Run, words: list[str]) -> None:
    """Show tags and what they stand for.

    \b
    Example:
        pcsx tag config shop
    """
    found = read.tags(run.cib())
    missing = [id for id in words if id not in found]
    if missing:
        raise Refused(
            [Finding.error("no-such-tag", id, f"tag '{id}' does not exist") for id in missing]
        )
    shown = {id: found[id] for id in words or found}
    run.give(shown)
    if not shown:
        run.note(" No tags defined", code="none")
    for id, ids in shown.items():
        run.say("\n".join([id, *(f"  {name}" for name in ids)]))


@command.verb("create", usage="TAG ID...")
def create(run: Run, words: list[str]) -> None:
    """Create a tag on resources.

    \b
    Example:
        pcsx tag create shop web db
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    run.change(lambda base: tags.create(base, words[0], words[1:]))


@command.verb("delete", "remove", usage="TAG...")
def delete(run: Run, words: list[str]) -> None:
    """Delete tags; what they stood for stays.

    \b
    Example:
        pcsx tag delete shop
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: tags.delete(base, words))


@command.verb("update", usage="TAG [add ID...] [remove ID...]", options=("before", "after"))
def update(run: Run, words: list[str]) -> None:
    """Add resources to a tag, move them in it, or take them out.

    \b
    Example:
        pcsx tag update shop add cache --before db
    """
    if not words:
        raise args.misused(run.usage)
    parts = args.sections(words[1:], ("add", "remove", "delete"))
    add = args.flat(parts.get("add"))
    gone = args.flat(parts.get("remove")) + args.flat(parts.get("delete"))
    before, after = run.option("before"), run.option("after")
    if args.flat(parts[""]) or not (add or gone):
        raise args.misused(run.usage)
    if before and after:
        raise wrong_words("you cannot specify both --before and --after")
    if (before or after) and not add:
        raise wrong_words("you cannot use --before or --after without ids to add")
    run.change(lambda base: tags.update(base, words[0], add, gone, before=before, after=after))
