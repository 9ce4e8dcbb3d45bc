"""What runs on a node by its own history alone: a quick answer for agents that look around."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcsx.daemon.records import OpRecord
from pcsx.daemon.tools import Running

_AFTER: Final = {
    ("start", 0): "Started",
    ("promote", 0): "Promoted",
    ("demote", 0): "Started",
    ("migrate_from", 0): "Started",
    ("migrate_to", 0): "",
    ("stop", 0): "",
    ("monitor", 0): "Started",
    ("monitor", 190): "Started",
    ("monitor", 7): "",
    ("monitor", 5): "",
    ("monitor", 8): "Promoted",
    ("monitor", 191): "Promoted",
    ("monitor", 9): "Promoted",
}
"""The role that a resource has after (task, code); empty: it does not run."""


def running_on(node: str, records: Iterable[OpRecord]) -> list[Running]:
    """Return what runs on *node*, by *records* of its operations.

    The newest operation decides; one that came out otherwise leaves the role as it was, and marks
    it failed. What only began changes nothing yet.
    """
    roles: dict[str, str] = {}
    failed: dict[str, bool] = {}
    agents: dict[str, tuple[str, str, str]] = {}
    for record in sorted(records, key=lambda record: (record.call, record.changed_s)):
        if record.status < 0:
            continue
        name = record.resource
        agents[name] = record.agent
        role = _AFTER.get((record.task, record.rc)) if record.status == 0 else None
        failed[name] = role is None or record.rc == 9
        if role is None:
            roles.setdefault(name, "Started" if record.task == "start" else "")
        else:
            roles[name] = role
    return [
        Running(name, agents[name], node, role, failed[name])
        for name, role in sorted(roles.items())
        if role
    ]
