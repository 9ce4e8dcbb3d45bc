"""`pcsx history`: what was changed, when, by whom, and by which command."""

from __future__ import annotations

from pcsx.shell.changes import changes_command, list_changes

command = changes_command(
    "history",
    """Show the committed changes, newest first: number, time, author and command line.

    With a number, show what that change did. Changes can be taken back with pcsx undo.

    \b
    Example: the last ten changes
        pcsx history --changes --limit 10
    Example: what did change 17 do?
        pcsx history 17
    """,
    usage="[ID]",
    body=list_changes,
    options=("changes", "limit"),
)
