"""Notifications: the instances of a clone are told before and after each of them acts.

The points before and after are made with the clone's own actions (`create_points`). Who is told,
and what about, is settled when all orders have been applied (`complete`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcsx.pe.actions.base import exactly, key_of, new_action, new_link, newest
from pcsx.pe.flags import FWD, OPTIONAL, ORD, PSEUDO, RUNNABLE
from pcsx.pe.model import Action, Clone, Node, Primitive, Resource, Role, WorkingSet
from pcsx.values import INFINITY

TASKS: Final = ("start", "stop", "promote", "demote")
_NOTHING: Final = " "
"""How an empty list is told."""


class Points:
    """The four points around one task of a clone, or around one fencing that stops an instance."""

    __slots__ = ("post", "post_done", "pre", "pre_done", "task")

    def __init__(
        self,
        task: str,
        pre: Action | None,
        pre_done: Action | None,
        post: Action,
        post_done: Action,
    ) -> None:
        self.task = task
        self.pre = pre
        self.pre_done = pre_done
        self.post = post
        self.post_done = post_done


def create_points(work: WorkingSet, clone: Clone, action: Action, done: Action) -> None:
    """Make the points around *action* of *clone*, which is complete with *done*."""
    required = not action.flags & OPTIONAL
    pre = _point(work, clone, "pre", action.task, action.task, required=required)
    pre_done = _point(work, clone, "confirmed-pre", action.task, action.task, required=required)
    required = not done.flags & OPTIONAL
    post = _point(work, clone, "post", action.task, done.task, required=required)
    post_done = _point(work, clone, "confirmed-post", action.task, done.task, required=required)
    for point in (post, post_done):
        point.priority = INFINITY
        if not done.flags & RUNNABLE:
            point.flags &= ~RUNNABLE
    new_link(pre, pre_done, ORD)
    new_link(pre_done, action, ORD)
    new_link(done, post, FWD)
    new_link(post, post_done, FWD)
    new_link(pre_done, post, ORD)
    points = Points(action.task, pre, pre_done, post, post_done)
    clone.notifications[action.task] = points
    _link_across(clone, points)


def _link_across(clone: Clone, points: Points) -> None:
    """Let one task's notifications wait for those of the tasks that come before it."""
    before: dict[str, tuple[str, ...]] = {
        "start": ("stop", "demote"),
        "promote": ("stop", "start", "demote"),
        "stop": ("demote",),
    }
    for then, firsts in before.items():
        for first in firsts:
            if points.task not in (first, then):
                continue
            earlier, later = clone.notifications.get(first), clone.notifications.get(then)
            if earlier is not None and later is not None and later.pre is not None:
                new_link(earlier.post_done, later.pre, ORD)


def _point(
    work: WorkingSet, clone: Resource, kind: str, task: str, key_task: str, *, required: bool
) -> Action:
    key = f"{clone.id}_{kind}_notify_{key_task}_0"
    name = "notified" if kind.startswith("confirmed") else "notify"
    known = clone.actions_by_key.get(key)
    action = known[0] if known else new_action(work, clone, key, name, None, required=required)
    action.flags |= PSEUDO | RUNNABLE
    if required:
        action.flags &= ~OPTIONAL
    action.meta["notify_key_type"] = kind
    action.meta["notify_key_operation"] = key_task
    action.meta["notify_type"] = "pre" if kind.endswith("pre") else "post"
    action.meta["notify_operation"] = task
    return action


# --- Who is told, and what ------------------------------------------------------------------------


def complete(work: WorkingSet, clone: Clone) -> None:
    """Make the notifications of all instances of *clone*, with what they are told."""
    if not clone.notify:
        return
    for task in TASKS:
        points = clone.notifications.get(task)
        if points is not None:
            _complete_task(work, clone, points)


def _complete_task(work: WorkingSet, clone: Clone, points: Points) -> None:
    events = _Events(clone)
    assert points.pre is not None and points.pre_done is not None
    if events.of(points.task, with_unclean_stops=True):
        for point in (points.pre, points.pre_done, points.post, points.post_done):
            point.flags &= ~OPTIONAL
    told = events.environment(work)
    for rsc in clone.primitives():
        for action in rsc.actions:
            if (
                action.task in TASKS
                and not action.interval_ms
                and action.node is not None
                and not action.flags & OPTIONAL
            ):
                action.meta.update(told)
    if points.task != "stop" and not events.of(points.task):
        return
    for rsc in clone.primitives():
        if points.task in ("stop", "demote"):
            _tell_leaver(work, rsc, points, told)
        else:
            _tell_comer(work, rsc, points, told)


class _Events:
    """What the instances of a clone are about to do, and what they are."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.acting: dict[str, list[tuple[str, Node]]] = {task: [] for task in TASKS}
        self.unclean_stops = False
        for rsc in clone.primitives():
            self._collect(rsc)

    def _collect(self, rsc: Primitive) -> None:
        for action in rsc.actions:
            if action.task not in TASKS or action.flags & OPTIONAL or action.node is None:
                continue
            if action.interval_ms:
                continue
            if action.flags & RUNNABLE:
                self.acting[action.task].append((rsc.id, action.node))
            elif action.task == "stop" and action.node.unclean:
                self.acting["stop"].append((rsc.id, action.node))

    def of(self, task: str, *, with_unclean_stops: bool = False) -> bool:
        """Say whether an instance is to do *task*."""
        return bool(self.acting[task])

    def environment(self, work: WorkingSet) -> dict[str, str]:
        """Return the lists that each notification carries."""
        told: dict[str, str] = {}
        for task in TASKS:
            _put(told, task, self.acting[task])
        roles: dict[str, list[tuple[str, Node]]] = {
            "active": [], "unpromoted": [], "promoted": [],
        }  # fmt: skip
        inactive: list[str] = []
        for rsc in self.clone.primitives():
            if rsc.role <= Role.STOPPED or not rsc.active:
                inactive.append(rsc.id)
                continue
            entry = (rsc.id, rsc.active[0])
            roles["active"].append(entry)
            if rsc.role in (Role.UNPROMOTED, Role.PROMOTED):
                roles[rsc.role.label.lower()].append(entry)
        _put(told, "active", roles["active"])
        for name, old_name in (("unpromoted", "slave"), ("promoted", "master")):
            _put(told, name, roles[name])
            _put(told, old_name, roles[name])
        told["notify_inactive_resource"] = _joined(sorted(dict.fromkeys(inactive)))
        allowed = sorted(self.clone.allowed, key=lambda node: node.index)
        told["notify_available_uname"] = _joined(node.name for node in allowed)
        told["notify_all_uname"] = _joined(node.name for node in work.nodes)
        if self.clone.container_attribute_target == "host":
            told["notify_all_hosts"] = _joined(_host_of(node).name for node in work.nodes)
        return told


def _host_of(node: Node) -> Node:
    """Return the machine on which *node* is: of a guest, the current host of its container."""
    if node.is_guest:
        assert node.connection is not None and node.connection.launcher is not None
        if node.connection.launcher.active:
            return node.connection.launcher.active[0]
    return node


def _put(told: dict[str, str], name: str, entries: list[tuple[str, Node]]) -> None:
    by_id: dict[str, Node] = {}
    for rsc_id, node in sorted(entries, key=lambda entry: (entry[0], entry[1].id)):
        by_id.setdefault(rsc_id, node)
    told[f"notify_{name}_resource"] = _joined(by_id)
    told[f"notify_{name}_uname"] = _joined(node.name for node in by_id.values())


def _joined(words: Iterable[str]) -> str:
    return " ".join(words) or _NOTHING


def _tell_leaver(work: WorkingSet, rsc: Primitive, points: Points, told: dict[str, str]) -> None:
    """Tell an active instance of stops or demotes, where it is."""
    if rsc.role <= Role.STOPPED:
        return
    for node in rsc.active:
        stops = exactly(rsc, key_of(rsc, "stop"), node)
        stop = stops[0] if stops else None
        lost = node.unclean or node.to_be_reset
        if stop is not None and stop.flags & PSEUDO and lost:
            continue
        _tell(work, rsc, node, points, told, after=False)
        if points.task == "demote" or stop is None or stop.flags & OPTIONAL:
            _tell(work, rsc, node, points, told, after=True)


def _tell_comer(work: WorkingSet, rsc: Primitive, points: Points, told: dict[str, str]) -> None:
    """Tell an instance that is or will be active of starts or promotes."""
    node = rsc.assigned
    if rsc.next_role <= Role.STOPPED or node is None or _is_unreachable(rsc, node):
        return
    start = newest(rsc, "start")
    starts = start is not None and not start.flags & OPTIONAL
    if points.task != "start" or not starts:
        _tell(work, rsc, node, points, told, after=False)
    _tell(work, rsc, node, points, told, after=True)


def _is_unreachable(rsc: Primitive, node: Node) -> bool:
    """Say whether *rsc* starts on a remote node whose connection cannot."""
    if not node.is_pcmk_remote or node.connection is None:
        return False
    start = newest(node.connection, "start")
    return start is not None and not start.flags & RUNNABLE and newest(rsc, "start") is not None


def _tell(
    work: WorkingSet,
    rsc: Primitive,
    node: Node,
    points: Points,
    told: dict[str, str],
    *,
    after: bool,
) -> Action | None:
    """Make one notification of *rsc*, between two of the clone's points."""
    point = points.post if after else points.pre
    done = points.post_done if after else points.pre_done
    if point is None or done is None or not point.flags & RUNNABLE or not node.online:
        return None
    kind = "post" if after else "pre"
    key = f"{rsc.id}_{kind}_notify_{points.task}_0"
    known = exactly(rsc, key, node)
    required = not point.flags & OPTIONAL
    if known:
        action = known[0]
        if required:
            action.flags &= ~OPTIONAL
    else:
        action = new_action(work, rsc, key, "notify", node, required=required)
    for name, value in (*point.meta.items(), *told.items()):
        action.meta.setdefault(name, value)
    new_link(point, action, ORD)
    new_link(action, done, ORD)
    if after:
        action.priority = INFINITY
        for recurring in rsc.actions:
            if recurring.interval_ms and recurring.task != "cancel":
                new_link(done, recurring, ORD)
    return action


# --- Stops that fencing implies -------------------------------------------------------------------


def notify_of_fencing(work: WorkingSet, whole: Resource, rsc: Primitive, fence: Action) -> None:
    """Tell the other instances in *whole* that the fencing *fence* has stopped *rsc*."""
    assert fence.node is not None
    post = _point(work, rsc, "post", "stop", "stonith", required=False)
    post_done = _point(work, rsc, "confirmed-post", "stop", "stonith", required=False)
    for point in (post, post_done):
        point.priority = INFINITY
        point.flags &= ~OPTIONAL
    new_link(fence, post, FWD)
    new_link(post, post_done, FWD)
    told: dict[str, str] = {}
    _put(told, "stop", [(rsc.id, fence.node)])
    points = Points("stop", None, None, post, post_done)
    for other in whole.primitives():
        _tell_leaver(work, other, points, told)
