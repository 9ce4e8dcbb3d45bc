"""The level `resource` with all its words; the words are in the files beside this one."""

from __future__ import annotations

from pcsx.shell.commands.resource import (
    agents,
    bundles,
    create,
    debug,
    defaults,
    groups,
    history,
    move,
    operations,
    restart,
    show,
    state,
    trace,
    update,
)
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

for room in (
    create, update, state, restart, move, groups, bundles, operations, defaults, show, history,
    debug, trace, agents,
):  # fmt: skip
    room.register(command)
