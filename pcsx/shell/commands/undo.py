"""`pcsx undo`: take a committed change back, wherever it was in the history."""

from __future__ import annotations

from pcsx.shell.changes import changes_command, turn

command = changes_command(
    "undo",
    """Take back the last change that still stands, or the one named.

    What was changed since at other places stays; where a later change touches the same place,
    nothing is changed and the place is named. The history keeps both, and redo makes it again.

    \b
    Example: take back what was done last
        pcsx undo
    Example: see what taking back change 17 would do
        pcsx undo 17 --dry-run
    """,
    usage="[ID]",
    body=lambda run, words: turn(run, words, back=True),
)
