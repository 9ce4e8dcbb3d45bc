"""Commands about committed changes: list them, take them back, make them again, compare states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pcsx.errors import Failed
from pcsx.shell import args, shadows
from pcsx.shell.words import Verb

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.cib.history import History, Record
    from pcsx.shell.run import Run


def changes_command(
    name: str,
    help: str,
    *,
    usage: str,
    body: Callable[[Run, list[str]], None],
    options: Sequence[str] = (),
) -> Verb:
    """Return the top-level command *name*."""

    def run_it(run: Run, words: list[str]) -> None:
        body(run, words)

    run_it.__doc__ = help
    return Verb(name, run_it, usage=usage, options=options)


def history_of(run: Run) -> History:
    """Return the changes of the document that *run* works on."""
    from pcsx.cib.history import History

    return History(run.source.changes())


def turn(run: Run, words: list[str], *, back: bool) -> None:
    """Take back (or make again) the change that *words* name, or the one whose turn it is."""
    if len(words) > 1:
        raise args.misused(run.usage)
    history = history_of(run)
    if words:
        record = history.find(words[0])
    else:
        record = history.to_undo() if back else history.to_redo()
    run.argv = ["undo" if back else "redo", record.name]  # the record tells which one was meant
    make = history.undone if back else history.redone
    changed = run.change(lambda present: make(present, record.name))
    run.give(record.to_json())
    verb = "Took back" if back else "Made again"
    if not run.flag("dry-run"):
        told = f"{verb} {record.name}: {record.change.command}"
        run.note(told if changed else f"Nothing changed: {record.name} has no trace left.")


def line_of(record: Record) -> str:
    """Return a change on one line."""
    change = record.change
    try:
        when = f"{datetime.fromisoformat(change.wall).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        when = change.wall or "-"
    who = change.user + (f"@{change.origin}" if change.origin else "")
    return f"{record.name:<8} {when}  {who:<12}  {change.command}"


def list_changes(run: Run, words: list[str]) -> None:
    """Tell all changes, newest first, or one with what it changed."""
    if len(words) > 1:
        raise args.misused(run.usage)
    history = history_of(run)
    if words:
        record = history.find(words[0])
        run.give(record.to_json())
        run.say(line_of(record))
        lines = _lines_of(run, history, record)
        if lines:
            run.say("\n".join(f"  {line}" for line in lines))
        return
    records = history.newest(_count(run))
    run.give([record.to_json() for record in records])
    for record in records:
        run.say(line_of(record))


def _count(run: Run) -> int | None:
    text = run.option("limit")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Failed(f"--limit={text}: expected a whole number")
    return int(text)


def _lines_of(run: Run, history: History, record: Record) -> Sequence[str]:
    """Return what *record* changed, in crm's words where the state before can be had."""
    from pcsx.cib.patch import rebase
    from pcsx.errors import Conflict, Refused
    from pcsx.shell import outlook

    try:
        after = history.at(run.cib(), record.change.version)
        before = rebase(after, record.patch.inverse())
    except (Conflict, Failed, Refused):
        return record.patch.summary()
    return outlook.difference(before, after).lines


def state_of(run: Run, word: str) -> Cib:
    """Return the document that *word* names: a file, a copy, `live`, or a version of the past."""
    from pcsx.cib.document import Cib

    if word in ("", shadows.LIVE):
        return run.cib()
    if Path(word).is_file():
        from pcsx.shell import formats
        from pcsx.shell.session import read_file

        text = read_file(word)
        format = formats.format_of(text)
        found = formats.read(run, text, format)
        return found if format == "xml" else formats.within(run.cib(), found)
    if word in shadows.names():
        return Cib.from_bytes(shadows.existing(word).read_bytes())
    history = history_of(run)
    return history.at(run.cib(), history.find(word).change.version)


def compare(run: Run, words: list[str]) -> None:
    """Tell what differs between two states; of one word: from it to now; of none: the last change.

    A word is a file, a copy, `live`, or the number of a change (the state after it).
    """
    from pcsx.cib.patch import rebase
    from pcsx.shell import outlook

    if len(words) > 2:
        raise args.misused(run.usage)
    if words:
        old, new = state_of(run, words[0]), state_of(run, words[1] if len(words) == 2 else "")
    else:
        new = run.cib()
        records = history_of(run).newest(1)
        old = rebase(new, records[0].patch.inverse()) if records else new
    found = outlook.difference(old, new)
    run.give({**found.to_json(), "differs": bool(found.lines)})
    if found.lines:
        run.say("\n".join(found.lines))
    if found.lines and run.flag("exit-code"):
        run.exit_status = 2
