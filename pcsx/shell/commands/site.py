"""`pcsx site`: crm's words for tickets."""

from __future__ import annotations

from pcsx.shell.commands import ticket
from pcsx.shell.words import Level

command = Level(
    "site",
    """Say what this site may do: crm's name for the level above `pcsx ticket`.

    \b
    Example:
        pcsx site ticket show
    """,
)
command.add_command(ticket.command)
