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


def flags_of(action: Action, node: Node | None = None) -> int:
    """Return the flags of *action*; of a collective's, those that its members' actions come to.

    The collective's own action is brought up to date on the way. With *node*, only what its
    primitive instances do there counts.
    """
    rsc = action.rsc
    if rsc is None or rsc.kind == Kind.PRIMITIVE:
        return action.flags
    if isinstance(rsc, Group):
        return _of_group(rsc, action, node)
    assert isinstance(rsc, Collective)
    return _of_instances(rsc, action, node)


def seen_from(action: Action, node: Node | None) -> int:
    """Return the flags of *action* as they count for an action on *node*."""
    rsc = action.rsc
    if rsc is None or rsc.kind == Kind.PRIMITIVE:
        return action.flags
    flags = flags_of(action)
    if node is None or rsc.kind != Kind.CLONE:
        return flags
    return flags_of(action, node) | (flags & RUNNABLE)


def _of_group(group: Group, action: Action, node: Node | None) -> int:
    flags = OPTIONAL | RUNNABLE | PSEUDO
    task = original_task(action)
    base = BASE_TASK.get(task, task)
    for member in group.children:
        found = newest(member, base, node)
        if found is None:
            if base not in _DOWN:
                flags &= ~RUNNABLE
            continue
        if flags & OPTIONAL and not found.flags & OPTIONAL:
            flags &= ~OPTIONAL
            action.flags &= ~OPTIONAL
        if task != base and not found.flags & RUNNABLE:
            flags &= ~RUNNABLE
            action.flags &= ~RUNNABLE
    return flags


def instances_of(rsc: Resource) -> list[Resource]:
    """Return the instances of a clone, or the containers of a bundle."""
    if isinstance(rsc, Bundle):
        return [replica.container for replica in rsc.replicas]
    return rsc.children


def _of_instances(rsc: Collective, action: Action, node: Node | None) -> int:
    flags = OPTIONAL | RUNNABLE | PSEUDO
    task = original_task(action)
    instances = instances_of(rsc)
    if isinstance(rsc, Bundle) and action.task in _OF_ROLES and rsc.inner is not None:
        instances = rsc.inner.children
    runnable = False
    for instance in instances:
        if instance.kind == Kind.PRIMITIVE:
            found = newest(instance, BASE_TASK.get(task, task), node)
        else:
            found = newest(instance, task)
        if found is None:
            continue
        found_flags = flags_of(found, node)
        if not found_flags & OPTIONAL:
            flags &= ~OPTIONAL
            action.flags &= ~OPTIONAL
        runnable |= bool(found_flags & RUNNABLE)
    if not runnable:
        flags &= ~RUNNABLE
        if node is None:
            action.flags &= ~RUNNABLE
    return flags


def original_task(action: Action) -> str:
    """Return the task of *action*; of a notification, the one that it is about."""
    if action.task in ("notify", "notified"):
        return action.key.rpartition("_notify_")[2].rpartition("_")[0]
    return action.task


def state_of(rsc: Resource) -> int:
    """Return the highest current role of what is in *rsc*."""
    return max((primitive.role for primitive in rsc.primitives()), default=0)
