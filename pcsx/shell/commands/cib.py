"""`pcsx cib`: copies of the document, to be changed in peace and committed as one transaction."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pcsx.errors import Failed
from pcsx.shell import args, shadows
from pcsx.shell.commands.resource.describing import description
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "cib",
    """Work on copies of the document: make one, change it with any command, commit it as one
    change.

    \b
    Example:
        pcsx cib new plan
        pcsx --shadow plan resource create vip ocf:heartbeat:IPaddr2 ip=192.0.2.9
        pcsx cib diff plan
        pcsx cib commit plan
    """,
    default="list",
)


def _one(run: Run, words: list[str]) -> str:
    """Return the copy meant: the word, or the one in use."""
    run.ignores_copies = True
    name = words[0] if words else run.option("shadow") or shadows.in_use()
    if len(words) > 1 or not name:
        raise args.misused(run.usage)
    return name


@command.verb("new", usage="NAME")
def new(run: Run, words: list[str]) -> None:
    """Make a copy of the document as it is now; --force replaces one of the same name.

    \b
    Example:
        pcsx cib new plan
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    name = _one(run, words)
    _refuse_taken(run, name)
    run.changed = True
    if not run.flag("dry-run"):
        shadows.write(name, run.cib())
    run.note(f"Made the copy {name}. Work on it by --shadow {name}, or after pcsx cib use {name}.")


def _refuse_taken(run: Run, name: str) -> None:
    if shadows.path(name).exists() and not run.force:
        raise Failed(f"there is a copy '{name}' already", "Use --force to replace it.")


@command.verb("use", usage="NAME | live")
def use(run: Run, words: list[str]) -> None:
    """Let the commands of this terminal work on a copy, or on the cluster itself again.

    It holds for commands that the same shell starts, and for nothing else.

    \b
    Example:
        pcsx cib use plan
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    run.ignores_copies = True
    shadows.use(words[0])
    if words[0] != shadows.LIVE:
        run.note(f"Commands from here work on the copy {words[0]}; pcsx cib use live ends that.")


@command.verb("list", usage="")
def list_(run: Run, words: list[str]) -> None:
    """Show the copies there are; the one in use is marked.

    \b
    Example:
        pcsx cib list
    """
    if words:
        raise args.misused(run.usage)
    run.ignores_copies = True
    current = run.option("shadow") or shadows.in_use()
    found = []
    for name in shadows.names():
        made = datetime.fromtimestamp(shadows.path(name).stat().st_mtime).astimezone()
        base, now = shadows.read(name)
        found.append({"name": name, "in_use": name == current, "changed": base != now})
        mark = "*" if name == current else " "
        state = "changed" if base != now else "as made"
        run.say(f"{mark} {name}  {state}, {made:%Y-%m-%d %H:%M}")
    run.give(found)


@command.verb("diff", usage="[NAME]")
def diff(run: Run, words: list[str]) -> None:
    """Show what was changed in a copy since it was made.

    \b
    Example:
        pcsx cib diff plan
    """
    from pcsx.shell import outlook

    base, now = shadows.read(_one(run, words))
    found = outlook.difference(base, now)
    run.give(found.to_json())
    if found.lines:
        run.say("\n".join(found.lines))


@command.verb("commit", usage="[NAME]")
def commit(run: Run, words: list[str]) -> None:
    """Make what was changed in a copy a change of the document itself, all in one.

    What others changed there since the copy was made stays; where both touch the same place,
    nothing is changed and the place is named. With --dry-run the difference and what the cluster
    would do are shown, with --confirmed the change is taken back unless you confirm it in time.

    \b
    Example:
        pcsx cib commit plan --confirmed 5m
    """
    from pcsx.cib.check import check
    from pcsx.cib.patch import merge

    name = _one(run, words)
    base, now = shadows.read(name)
    present = run.cib()
    wanted = merge(base, now, present)
    known = set(check(present))
    run.judge(finding for finding in check(wanted) if finding not in known)
    if run.change(lambda current: merge(base, now, current)) and not run.flag("dry-run"):
        shadows.write(name, run.cib())
        run.note(f"Committed {name}.")


@command.verb("reset", usage="[NAME]")
def reset(run: Run, words: list[str]) -> None:
    """Forget what was changed in a copy: it becomes the document as it is now.

    \b
    Example:
        pcsx cib reset plan
    """
    name = _one(run, words)
    shadows.existing(name)
    shadows.write(name, run.cib())


@command.verb("delete", "remove", usage="NAME...")
def delete(run: Run, words: list[str]) -> None:
    """Remove copies.

    \b
    Example:
        pcsx cib delete plan
    """
    if not words:
        raise args.misused(run.usage)
    run.ignores_copies = True
    for name in words:
        shadows.existing(name)
    for name in words:
        shadows.delete(name)


@command.verb("import", usage="FILE [NAME]")
def import_(run: Run, words: list[str]) -> None:
    """Make a copy of the document in a file; its name is that of the file if none is given.

    A commit of it then changes what differs from the document as it is now.

    \b
    Example:
        pcsx cib import work.xml plan
    """
    from pcsx.shell.filesource import FileSource

    if len(words) not in (1, 2):
        raise args.misused(run.usage)
    run.ignores_copies = True
    name = words[1] if len(words) == 2 else Path(words[0]).stem
    _refuse_taken(run, name)
    taken = FileSource(words[0]).cib()
    base = run.cib()
    shadows.write(name, base)
    shadows.path(name).write_bytes(taken.to_bytes())


ELEMENT = Level("element", "Say what elements of the document are for.")
ELEMENT.verb("description", usage="ID [TEXT]")(description)
command.add_command(ELEMENT)
