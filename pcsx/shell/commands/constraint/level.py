"""The level `constraint` with all its words; the words are in the files beside this one."""

from __future__ import annotations

from typing import Final

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

ROOMS: Final = {
    "location": "location",
    "order": "order",
    "colocation": "colocation",
    "ticket": "ticket",
    "general": "config show list delete remove ref rule",
}
"""The files beside this one, and the words in them; each is read when one of its words is said."""

for _room, _words in ROOMS.items():
    command.room(f"{__package__}.{_room}", _words)
