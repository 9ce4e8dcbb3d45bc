"""The level `stonith` with all its words; what fence devices share with resources is theirs."""

from __future__ import annotations

from typing import Final

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

ROOMS: Final = {
    "stonith.devices": "create update config show status list describe",
    "stonith.levels": "level",
    "stonith.fencing": "fence confirm history",
    "stonith.testing": "test verify",
    "stonith.sbd": "sbd",
    "stonith.scsi": "update-scsi-devices",
    "resource.describing": "description secret",
    "stonith.shared": "failcount delete remove meta enable disable cleanup refresh",
    "resource.operations": "op",
    "resource.defaults": "defaults",
}
"""Where the words are; each file is read when one of its words is said."""

for _room, _words in ROOMS.items():
    command.room(f"pcsx.shell.commands.{_room}", _words)
