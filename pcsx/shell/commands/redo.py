"""`pcsx redo`: make a change again that was undone."""

from __future__ import annotations

from pcsx.shell.changes import changes_command, turn

command = changes_command(
    "redo",
    """Make the change again that was undone last, or the one named.

    \b
    Example:
        pcsx redo
    """,
    usage="[ID]",
    body=lambda run, words: turn(run, words, back=False),
)
