"""`stonith update-scsi-devices`: the disks that a device of reservations guards."""

from __future__ import annotations

from typing import Final

from pcsx.cib.edit import read, resources
from pcsx.errors import Finding, Refused
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

AGENTS: Final = ("fence_scsi", "fence_mpath")


def register(level: Level) -> None:
    """Add the word of this file to *level*."""
    level.verb(
        "update-scsi-devices", usage="ID (set DISK... | add DISK... [delete DISK...])"
    )(update)  # fmt: skip


def update(run: Run, words: list[str]) -> None:
    """Change the disks that a fence device guards by reservations; nodes are unfenced anew.

    --dry-run shows what else would restart.

    \b
    Example:
        pcsx stonith update-scsi-devices scsi add /dev/disk/by-id/wwn-1 delete /dev/sdb
    """
    parts = args.sections(words[1:], ("set", "add", "delete", "remove")) if words else {}
    given = {name: args.flat(part) for name, part in parts.items()}
    chosen = given.get("set", [])
    more, less = given.get("add", []), [*given.get("delete", []), *given.get("remove", [])]
    if not words or given.get("") or bool(chosen) == bool(more or less):
        raise args.misused(run.usage)
    id = words[0]
    agent = read.agent_of(run.cib(), id)
    if agent is None or agent[0] != "stonith" or agent[2] not in AGENTS:
        text = f"'{id}' is not a device of {' or '.join(AGENTS)}, which guard disks"
        raise Refused([Finding.error("not-scsi", id, text)])
    present = [
        disk for disk in read.parameters(run.cib(), id).get("devices", "").split(",") if disk
    ]
    missing = [disk for disk in less if disk not in present]
    if missing:
        text = f"'{id}' does not guard {', '.join(missing)}"
        raise Refused([Finding.error("not-there", id, text, hint=f"It has: {', '.join(present)}")])
    disks = chosen or [disk for disk in present if disk not in less]
    disks = list(dict.fromkeys([*disks, *more]))
    if not disks:
        raise Refused([Finding.error("no-disk", id, f"'{id}' would guard no disk")])
    value = {"devices": ",".join(disks)}
    run.change(lambda base: resources.update(base, id, instance=value, meta={}))
