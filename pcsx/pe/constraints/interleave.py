"""Orders between two clones, taken instance by instance where they interleave."""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.pe.actions.base import newest
from pcsx.pe.actions.primitive import unassign
from pcsx.pe.actions.probes import assigned_node
from pcsx.pe.actions.summary import BASE_TASK, instances_of, original_task
from pcsx.pe.flags import BLOCK, FWD
from pcsx.pe.model import (
    Action,
    Bundle,
    Clone,
    Node,
    Replica,
    Resource,
    WorkingSet,
)


def interleaves(first: Action, then: Action) -> bool:
    """Say whether an order holds between the instances that share a node only."""
    one, other = first.rsc, then.rsc
    if one is other or not isinstance(one, Clone | Bundle) or not isinstance(other, Clone | Bundle):
        return False
    downward = then.key.endswith(("_stop_0", "_demote_0"))
    return one.interleave if downward else other.interleave


def pairs(
    work: WorkingSet, first: Action, then: Action, kind: int
) -> Iterator[tuple[Resource, Action, Action] | None]:
    """Return the actions of the instances that belong together: (then's instance, first, then).

    None stands for an instance that lost its node because it has no partner and cannot do without.
    """
    assert first.rsc is not None and then.rsc is not None
    leaving = first.key.endswith(("_stopped_0", "_demoted_0"))
    for instance in instances_of(then.rsc):
        partner = compatible_instance(work, instance, first.rsc, current=leaving)
        if partner is None:
            if not leaving and kind & (BLOCK | FWD) and take_node(instance):
                yield None
            continue
        one = _action_of_first(first, partner)
        other = _action_of_then(then, instance)
        if one is not None and other is not None:
            yield instance, one, other


def take_node(rsc: Resource) -> bool:
    """Leave *rsc* without a node; say whether it had one."""
    had = False
    for primitive in rsc.primitives():
        had |= primitive.assigned is not None
        if primitive.assigned is not None:
            primitive.assigned.assigned_count -= 1
        primitive.assigned = None
        unassign(primitive)
    return had


def compatible_instance(
    work: WorkingSet, rsc: Resource, collective: Resource, *, current: bool = False
) -> Resource | None:
    """Return the instance of *collective* that shares a node with *rsc*."""
    node = location_of(rsc, current=current)
    if node is not None:
        return _instance_on(collective, node, current=current)
    preferred = sorted(
        (node for node in rsc.allowed), key=lambda node: (-rsc.allowed[node], node.index)
    )
    for node in preferred:
        found = _instance_on(collective, node, current=current)
        if found is not None:
            return found
    return None


def location_of(rsc: Resource, *, current: bool) -> Node | None:
    """Return the node that *rsc* is assigned to, or where it is now."""
    if not current:
        return assigned_node(rsc)
    return next((p.active[0] for p in rsc.primitives() if p.active), None)


def _instance_on(collective: Resource, node: Node, *, current: bool) -> Resource | None:
    for instance in instances_of(collective):
        if _is_blocked(instance):
            continue
        if location_of(instance, current=current) is node:
            return instance
    return None


def _is_blocked(rsc: Resource) -> bool:
    step: Resource | None = rsc
    while step is not None:
        if step.blocked:
            return True
        step = step.parent
    return False


def _replica_of(container: Resource) -> Replica | None:
    bundle = container.parent
    if not isinstance(bundle, Bundle):
        return None
    return next((r for r in bundle.replicas if r.container is container), None)


def _action_of_first(first: Action, instance: Resource) -> Action | None:
    task = original_task(first)
    task = BASE_TASK.get(task, task)
    replica = _replica_of(instance)
    if replica is not None and task != "stop" and replica.child is not None:
        return newest(replica.child, task)
    return newest(instance, task)


def _action_of_then(then: Action, instance: Resource) -> Action | None:
    replica = _replica_of(instance)
    task = then.task
    if (
        replica is not None
        and replica.child is not None
        and BASE_TASK.get(task, task) in ("promote", "demote")
    ):
        return newest(replica.child, task)
    return newest(instance, task)
