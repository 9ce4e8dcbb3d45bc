"""The flags of a collective's own action: what the actions of its members come to."""

from __future__ import annotations

from typing import Final

from pcsx.pe.actions.base import newest
from pcsx.pe.flags import OPTIONAL, PSEUDO, RUNNABLE
from pcsx.pe.model import Action, Bundle, Collective, Group, Kind, Node, Resource

BASE_TASK: Final = {
    "running": "start",
    "stopped": "stop",
    "promoted": "promote",
    "demoted": "demote",
}
"""The task that each completion completes."""

_DOWN: Final = frozenset(("stop", "demote"))
_OF_ROLES: Final = frozenset(("promote", "promoted", "demote", "demoted", "notify", "notified"))


class Summary:
    """The flags of collectives' actions, with what belongs to which action looked up once.

    Use it where no action of a collective's members is made any more.
    """

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: dict[tuple[int, Node | None], list[Action]] = {}

    def flags_of(self, action: Action, node: Node | None = None) -> int:
        """Return the flags of *action*; of a collective's, those that its members' come to.

        The collective's own action is brought up to date on the way. With *node*, only what its
        primitive instances do there counts.
        """
        rsc = action.rsc
        if rsc is None or rsc.kind == Kind.PRIMITIVE:
            return action.flags
        if isinstance(rsc, Group):
            return self._of_group(rsc, action, node)
        assert isinstance(rsc, Collective)
        return self._of_instances(rsc, action, node)

    def seen_from(self, action: Action, node: Node | None) -> int:
        """Return the flags of *action* as they count for an action on *node*."""
        rsc = action.rsc
        if rsc is None or rsc.kind == Kind.PRIMITIVE:
            return action.flags
        flags = self.flags_of(action)
        if node is None or rsc.kind != Kind.CLONE:
            return flags
        return self.flags_of(action, node) | (flags & RUNNABLE)

    def _of_group(self, group: Group, action: Action, node: Node | None) -> int:
        task = original_task(action)
        base = BASE_TASK.get(task, task)
        found = self._members.get((action.id, node))
        if found is None:
            found = self._members[action.id, node] = [
                member_action
                for member in group.children
                if (member_action := newest(member, base, node)) is not None
            ]
        flags = OPTIONAL | RUNNABLE | PSEUDO
        if len(found) < len(group.children) and base not in _DOWN:
            flags &= ~RUNNABLE
        for member_action in found:
            flags &= member_action.flags | ~OPTIONAL
            if task != base and not member_action.flags & RUNNABLE:
                flags &= ~RUNNABLE
                action.flags &= ~RUNNABLE
        action.flags &= flags | ~OPTIONAL
        return flags

    def _of_instances(self, rsc: Collective, action: Action, node: Node | None) -> int:
        found = self._members.get((action.id, node))
        if found is None:
            found = self._members[action.id, node] = _actions_of_instances(rsc, action, node)
        required = runnable = 0
        for member_action in found:
            flags = member_action.flags
            if member_action.rsc is not None and member_action.rsc.children:
                flags = self.flags_of(member_action, node)
            required |= ~flags & OPTIONAL
            runnable |= flags & RUNNABLE
        if required:
            action.flags &= ~OPTIONAL
        if not runnable and node is None:
            action.flags &= ~RUNNABLE
        return PSEUDO | (OPTIONAL ^ required) | runnable


def _actions_of_instances(rsc: Collective, action: Action, node: Node | None) -> list[Action]:
    """Return the actions of the instances of *rsc* that *action* stands for."""
    task = original_task(action)
    base = BASE_TASK.get(task, task)
    instances = instances_of(rsc)
    if isinstance(rsc, Bundle) and action.task in _OF_ROLES and rsc.inner is not None:
        instances = rsc.inner.children
    found = (
        newest(instance, base, node) if instance.kind == Kind.PRIMITIVE else newest(instance, task)
        for instance in instances
    )
    return [member_action for member_action in found if member_action is not None]


def instances_of(rsc: Resource) -> list[Resource]:
    """Return the instances of a clone, or the containers of a bundle."""
    if isinstance(rsc, Bundle):
        return [replica.container for replica in rsc.replicas]
    return rsc.children


def original_task(action: Action) -> str:
    """Return the task of *action*; of a notification, the one that it is about."""
    if action.task in ("notify", "notified"):
        return action.key.rpartition("_notify_")[2].rpartition("_")[0]
    return action.task


def state_of(rsc: Resource) -> int:
    """Return the highest current role of what is in *rsc*."""
    return max((primitive.role for primitive in rsc.primitives()), default=0)
