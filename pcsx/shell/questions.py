"""What the shell asks before it commits, and before it leaves changes behind."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pcsx.errors import PcsxError
from pcsx.shell import outlook, shadows
from pcsx.shell.interpreter import tell

if TYPE_CHECKING:
    from pcsx.shell.commands.configure import Level
    from pcsx.shell.interpreter import Interpreter

_COLOURS: Final = {"-": "\033[31m", "+": "\033[32m", "~": "\033[33m"}


def show_difference(level: Level) -> None:
    """Print what is not committed, old and new lines apart."""
    session = level.session
    for line in outlook.difference(session.base, session.document()).lines:
        print(coloured(line))


def coloured(line: str) -> str:
    """Return a line of a difference as the terminal shows it."""
    colour = _COLOURS.get(line[:1], "")
    if not colour or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return f"  {line}"
    return f"  {colour}{line}\033[0m"


def show_plan(level: Level) -> None:
    """Print what the cluster would do after a commit."""
    session = level.session
    steps = outlook.plan(session.base, session.document(), datetime.now().astimezone())
    if not steps:
        print("  The cluster would do nothing.")
    for step in steps:
        print(f"  {step.sentence}")


def show_findings(level: Level) -> None:
    """Print what is wrong with the working copy and was not wrong before."""
    from pcsx.cib.check import check

    known = set(check(level.session.base))
    for finding in level.session.verify():
        if finding not in known:
            print(f"  {finding.severity.value}: {finding.text}")


def ask_commit(level: Level) -> bool:
    """Show the changes and what comes of them; return whether they shall be committed."""
    print("Changes:")
    show_difference(level)
    show_findings(level)
    print("What the cluster will do:")
    show_plan(level)
    return _answer("Commit? [y]es [n]o", "yn") == "y"


def ask_leave(interpreter: Interpreter) -> bool:
    """Ask what shall become of uncommitted changes; return whether they may be left."""
    count = interpreter.pending()
    what = "1 change is" if count == 1 else f"{count} changes are"
    print(f"{what} not committed.")
    while True:
        level = interpreter.level
        question = "[y] commit  [n] drop  [d] diff  [p] plan  [s] save as a copy  [c] stay"
        match _answer(question, "yndpsc"):
            case "y":
                try:
                    interpreter.commit()
                except PcsxError as error:
                    tell(error)
                    continue
                interpreter.drop()
                return True
            case "n":
                interpreter.drop()
                return True
            case "d":
                show_difference(level)
            case "p":
                show_plan(level)
            case "s":
                if _save(interpreter):
                    return True
            case _:
                return False


def _save(interpreter: Interpreter) -> bool:
    name = _line("Name of the copy: ")
    if not name:
        return False
    try:
        shadows.write(name, interpreter.level.session.document())
    except PcsxError as error:
        tell(error)
        return False
    print(f"It is kept: pcsx cib use {name}, or pcsx cib commit {name}.")
    interpreter.drop()
    return True


def _answer(question: str, letters: str) -> str:
    """Return the letter that was answered; nothing for an end of input or an interrupt."""
    while True:
        answer = _line(f"{question}: ")
        if answer is None:
            return ""
        if answer[:1].lower() in letters and answer:
            return answer[0].lower()


def _line(question: str) -> str | None:
    try:
        return input(question).strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return None
