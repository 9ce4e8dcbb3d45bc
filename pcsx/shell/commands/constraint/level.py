"""The level `constraint` with all its words; the words are in the files beside this one."""

from __future__ import annotations

from pcsx.shell.commands.constraint import colocation, general, location, order, ticket
from pcsx.shell.words import Level

command = Level(
    "constraint",
    """Say where resources run, in which order they start, and with which others they run.

    \b
    Example: the database before the web server
        pcsx constraint order db then web
    """,
    default="config",
)

for room in (location, order, colocation, ticket, general):
    room.register(command)
