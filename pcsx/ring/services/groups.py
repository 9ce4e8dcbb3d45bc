"""Closed process groups: who is in which, and what they say, in one order for all.

Joining, leaving and the death of a process are ordered messages. A lost node makes one change for
each group, where the view ends, which is at the same place for all who stay together.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.services.words import Entered, Exited, Process, Sent, Standing

NAME_MAX: Final = 128
"""How many bytes the name of a group may have."""
JOINED_MAX: Final = 1024
"""How often clients of one node may be in groups: it tells all of that in its `Standing`."""


class Reason(IntEnum):
    """Why the membership changed; the numbers are those of CPG."""

    JOIN = 1
    LEAVE = 2
    NODEDOWN = 3
    NODEUP = 4
    PROCDOWN = 5


@dataclass(frozen=True, slots=True)
class Changed:
    """*group* has these *members* now; *joined* and *left* are the news, all for one *reason*."""

    group: str
    members: tuple[Process, ...]
    joined: tuple[Process, ...]
    left: tuple[Process, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Arrived:
    """*process*, a member, said *payload* to *group*."""

    group: str
    process: Process
    payload: bytes


GroupsEffect = Changed | Arrived


class Groups:
    """The membership of all groups, as every member of the view holds it."""

    def __init__(self) -> None:
        self._members: dict[str, dict[tuple[int, int], Process]] = {}
        """By group, then by node and key."""

    @property
    def names(self) -> list[str]:
        """Return the groups that have members, sorted."""
        return sorted(self._members)

    def members(self, group: str) -> tuple[Process, ...]:
        """Return who is in *group*, sorted."""
        return tuple(sorted(self._members.get(group, {}).values()))

    def member(self, group: str, node: int, key: int) -> Process | None:
        """Return the process of *node* with this *key*, if it is in *group*."""
        members = self._members.get(group)
        return members.get((node, key)) if members is not None else None

    def _has(self, group: str, process: Process) -> bool:
        return self.member(group, process.node, process.key) == process

    def of_node(self, node: int) -> tuple[tuple[str, Process], ...]:
        """Return what processes of *node* are in, for its `Standing`."""
        return tuple(
            (group, process)
            for group in self.names
            for process in self.members(group)
            if process.node == node
        )

    def view_changed(self, nodes: Collection[int]) -> list[GroupsEffect]:
        """Go on with the processes of *nodes* alone: one change for each group that lost some."""
        effects: list[GroupsEffect] = []
        for group in self.names:
            lost = [process for process in self.members(group) if process.node not in nodes]
            if lost:
                effects.append(self._change(group, (), lost, Reason.NODEDOWN))
        return effects

    def hear(self, sender: int, word: Entered | Exited | Sent | Standing) -> list[GroupsEffect]:
        """Take an ordered message; who speaks for another node's process is not heard."""
        match word:
            case Sent(group, key, payload):
                member = self.member(group, sender, key)
                return [Arrived(group, member, payload)] if member is not None else []
            case Standing(groups=groups):
                return self._stand(sender, groups)
            case Entered(group, process):
                if process.node != sender or self._has(group, process):
                    return []
                return [self._change(group, (process,), (), Reason.JOIN)]
            case Exited(group, process, died):
                if process.node != sender or not self._has(group, process):
                    return []
                reason = Reason.PROCDOWN if died else Reason.LEAVE
                return [self._change(group, (), (process,), reason)]

    def _stand(self, sender: int, said: tuple[tuple[str, Process], ...]) -> list[GroupsEffect]:
        """Learn which processes *sender* has: those of a node that is new here, mostly."""
        effects: list[GroupsEffect] = []
        own = {(group, process) for group, process in said if process.node == sender}
        known = set(self.of_node(sender))
        for group in sorted({group for group, _ in own ^ known}):
            gone = sorted(process for name, process in known - own if name == group)
            come = sorted(process for name, process in own - known if name == group)
            if gone:
                effects.append(self._change(group, (), gone, Reason.PROCDOWN))
            if come:
                effects.append(self._change(group, come, (), Reason.NODEUP))
        return effects

    def _change(
        self, group: str, joined: Collection[Process], left: Collection[Process], reason: Reason
    ) -> Changed:
        members = self._members.setdefault(group, {})
        for process in left:
            del members[process.node, process.key]
        for process in joined:
            members[process.node, process.key] = process
        if not members:
            del self._members[group]
        return Changed(group, self.members(group), tuple(joined), tuple(left), reason)
