"""The level `stonith` with all its words; what fence devices share with resources is theirs."""

from __future__ import annotations

from pcsx.shell.commands.resource import create, defaults, operations, state, update
from pcsx.shell.commands.stonith import devices, fencing, levels, testing
from pcsx.shell.words import Level

command = Level(
    "stonith",
    """Configure fence devices, and fence nodes.

    \b
    Example:
        pcsx stonith create ipmi1 fence_ipmilan ip=10.9.0.1 username=admin pcmk_host_list=node1
    """,
    default="status",
)

devices.register(command)
levels.register(command)
fencing.register(command)
testing.register(command)
operations.register(command)
defaults.register(command)
command.verb("delete", "remove", usage="ID")(create.delete)
command.verb("meta", usage="ID NAME=VALUE...")(update.meta)
command.verb("enable", usage="ID...")(state.enable)
command.verb("disable", usage="ID...")(state.disable)
command.verb("cleanup", usage="[ID] [node=NODE]", options=("node", "strict"))(state.cleanup)
command.verb("refresh", usage="[ID] [node=NODE]", options=("node", "strict"))(state.refresh)
