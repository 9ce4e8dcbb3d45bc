"""The level `resource` with all its words; the words are in the files beside this one."""

from __future__ import annotations

from typing import Final

from pcsx.shell.words import Level

command = Level(
    "resource",
    """Create, change, move and delete what the cluster runs.

    \b
    Example: a virtual address, checked every ten seconds
        pcsx resource create vip ocf:heartbeat:IPaddr2 ip=10.0.0.9 op monitor interval=10s
    """,
    default="status",
)

ROOMS: Final = {
    "create": "create delete remove",
    "update": "update meta utilization",
    "state": "enable start disable stop safe-disable manage unmanage cleanup refresh",
    "restart": "restart",
    "promoting": "promote demote",
    "describing": "description secret",
    "relocate": "relocate",
    "move": "move move-with-constraint ban clear unmigrate unmove unban",
    "groups": "group ungroup clone promotable unclone",
    "bundles": "bundle",
    "operations": "op",
    "defaults": "defaults",
    "show": "config show relations status",
    "history": "failcount timing",
    "debug": "debug-start debug-stop debug-promote debug-demote debug-monitor validate agent",
    "trace": "trace untrace",
    "agents": "standards providers agents list describe",
}
"""The files beside this one, and the words in them; each is read when one of its words is said."""

for _room, _words in ROOMS.items():
    command.room(f"{__package__}.{_room}", _words)
