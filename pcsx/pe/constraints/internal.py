"""The orders that follow from what a resource is: a primitive's own, a group's, a clone's, a
bundle's. They are stored after the configured ones, resource by resource.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.pe.actions.base import new_action
from pcsx.pe.actions.unfencing import concerns_unfencing, unfence_action
from pcsx.pe.constraints.stored import (
    order,
    order_after_action,
    order_before_action,
)
from pcsx.pe.flags import (
    BACK,
    BLOCK,
    CANCEL,
    FGRAPH,
    FWD,
    GUESTOK,
    LOAD,
    ONNODE,
    ORD,
    PBACK,
    PSEUDO,
    RESTART,
    SAMEFWD,
    TGRAPH,
)
from pcsx.pe.model import (
    Action,
    Bundle,
    Clone,
    Group,
    Node,
    Primitive,
    Replica,
    Resource,
    Role,
    WorkingSet,
)


def order_internally(work: WorkingSet, rsc: Resource) -> None:
    """Store the orders that *rsc* has by itself."""
    match rsc:
        case Primitive():
            _order_primitive(work, rsc)
        case Group():
            _order_group(work, rsc)
        case Clone():
            _order_clone(work, rsc)
        case Bundle():
            _order_bundle(work, rsc)


# --- Primitives -----------------------------------------------------------------------------------


def _order_primitive(work: WorkingSet, rsc: Primitive) -> None:
    if not rsc.managed:
        return
    order(work, rsc, "stop", rsc, "start", ORD | FWD | RESTART)
    if rsc.top.promotable or rsc.role == Role.PROMOTED:
        order(work, rsc, "demote", rsc, "stop", PBACK)
        order(work, rsc, "start", rsc, "promote", BLOCK)
    if f"{rsc.id}_lrm_delete_0" in rsc.actions_by_key:
        order(work, rsc, "lrm_delete", rsc, "monitor", ONNODE | CANCEL)
    if concerns_unfencing(work, rsc) and not rsc.is_fence_device:
        for node in by_name(rsc.allowed):
            unfence = unfence_action(work, node)
            order_before_action(work, rsc, "stop", unfence, ORD | ONNODE)
            order_after_action(work, unfence, rsc, "start", SAMEFWD | ONNODE)
    if work.options.placement_strategy != "default" and rsc.utilization:
        _order_by_capacity(work, rsc)
    if rsc.launcher is not None:
        _order_with_launcher(work, rsc, rsc.launcher)


def by_name(nodes: Iterable[Node]) -> list[Node]:
    """Return *nodes* in the natural order of their names."""
    return sorted(nodes, key=lambda node: node.index)


def _order_by_capacity(work: WorkingSet, rsc: Primitive) -> None:
    """Wait with starts on a node until what leaves it has freed its capacity."""
    for node in rsc.active:
        order_before_action(work, rsc, "stop", load_stopped(work, node), LOAD)
    for node in by_name(rsc.allowed):
        freed = load_stopped(work, node)
        order_after_action(work, freed, rsc, "start", LOAD)
        order_after_action(work, freed, rsc, "migrate_to", LOAD)


def load_stopped(work: WorkingSet, node: Node) -> Action:
    """Return the point at which all that leaves *node* has left it."""
    name = f"load_stopped_{node.name}"
    action = work.node_actions.get(name)
    if action is None:
        action = new_action(work, None, name, name, node, required=True)
        action.flags |= PSEUDO
    return action


def _order_with_launcher(work: WorkingSet, rsc: Primitive, launcher: Primitive) -> None:
    if rsc.is_connection:
        order(work, launcher, "monitor", rsc, "stop", ORD)
    elif any(other.is_connection for other in launcher.launched):
        return  # It runs on the guest: the guest's connection is waited for.
    order(work, launcher, "start", rsc, "start", FWD | BLOCK)
    order(work, rsc, "stop", launcher, "stop", BACK)


# --- Groups ---------------------------------------------------------------------------------------


def _order_group(work: WorkingSet, group: Group) -> None:
    order(work, group, "stop", group, "stopped", BLOCK)
    order(work, group, "stopped", group, "start", ORD)
    order(work, group, "start", group, "running", BLOCK)
    promotable = group.top.promotable
    previous: Resource | None = None
    last_active: Resource | None = None
    for member in group.children:
        order_internally(work, member)
        down, up = TGRAPH, FGRAPH
        if group.ordered and previous is None:
            down, up = TGRAPH | ORD, FWD
        if promotable:
            order(work, group, "demote", member, "demote", down)
            order(work, member, "demote", group, "demoted", up)
            order(work, member, "promote", group, "promoted", BLOCK | FWD | FGRAPH)
            order(work, group, "promote", member, "promote", TGRAPH)
        order(work, group, "stop", member, "stop", down)
        order(work, member, "stop", group, "stopped", up)
        order(work, group, "start", member, "start", TGRAPH)
        order(work, member, "start", group, "running", BLOCK | FWD | FGRAPH)
        if not group.ordered:
            order(work, group, "start", member, "start", FWD | BLOCK | TGRAPH)
            if promotable:
                order(work, group, "promote", member, "promote", FWD | BLOCK | TGRAPH)
        elif previous is not None:
            _order_neighbours(work, previous, member, last_active, promotable=promotable)
        if member.active:
            last_active = member
        previous = member


def _order_neighbours(
    work: WorkingSet,
    previous: Resource,
    member: Resource,
    last_active: Resource | None,
    *,
    promotable: bool,
) -> None:
    order(work, previous, "start", member, "start", FWD | BLOCK)
    order(work, member, "stop", previous, "stop", ORD | RESTART)
    if member.active and not previous.active:
        order(work, member, "stop", previous, "start", BACK | BLOCK)
        if last_active is not None:
            order(work, member, "stop", last_active, "stop", ORD)
    if promotable:
        order(work, previous, "promote", member, "promote", FWD | BLOCK)
        order(work, member, "demote", previous, "demote", ORD)


# --- Clones ---------------------------------------------------------------------------------------


def _order_clone(work: WorkingSet, clone: Clone) -> None:
    order(work, clone, "stopped", clone, "start", ORD)
    order(work, clone, "start", clone, "running", BLOCK)
    order(work, clone, "stop", clone, "stopped", BLOCK)
    if clone.promotable:
        order(work, clone, "demoted", clone, "stop", ORD)
        order(work, clone, "running", clone, "promote", BLOCK)
    if clone.ordered:
        clone.children.sort(key=lambda child: child.instance or 0)
    for position, instance in enumerate(clone.children):
        order_internally(work, instance)
        order(work, clone, "start", instance, "start", BLOCK | TGRAPH)
        order(work, instance, "start", clone, "running", FGRAPH)
        order(work, clone, "stop", instance, "stop", TGRAPH)
        order(work, instance, "stop", clone, "stopped", FGRAPH)
        if clone.ordered:
            for later in clone.children[position + 1 :]:
                order(work, instance, "start", later, "start", ORD)
                order(work, later, "stop", instance, "stop", ORD)
    if clone.promotable:
        _order_restart_of_promoted(work, clone)
        previous: Resource | None = None
        for instance in clone.children:
            order(work, instance, "demote", instance, "promote", ORD)
            order(work, clone, "promote", instance, "promote", ORD)
            order(work, instance, "promote", clone, "promoted", ORD)
            order(work, clone, "demote", instance, "demote", TGRAPH)
            order(work, instance, "demote", clone, "demoted", FGRAPH)
            if clone.ordered and previous is not None:
                order(work, previous, "promote", instance, "promote", ORD)
                order(work, instance, "demote", previous, "demote", ORD)
            previous = instance


def _order_restart_of_promoted(work: WorkingSet, rsc: Resource) -> None:
    for first, then in (
        ("stopped", "start"),
        ("stopped", "promote"),
        ("demoted", "stop"),
        ("demoted", "start"),
        ("demoted", "promote"),
        ("running", "promote"),
        ("demote", "demoted"),
    ):
        order(work, rsc, first, rsc, then, ORD)


# --- Bundles --------------------------------------------------------------------------------------


def _order_bundle(work: WorkingSet, bundle: Bundle) -> None:
    for replica in bundle.replicas:
        _order_replica(work, bundle, replica)
    inner = bundle.inner
    if inner is None:
        return
    order(work, bundle, "start", inner, "start", TGRAPH)
    order(work, inner, "running", bundle, "running", FGRAPH)
    order(work, bundle, "stop", inner, "stop", TGRAPH)
    order(work, inner, "stopped", bundle, "stopped", FGRAPH)
    order_internally(work, inner)
    if inner.promotable:
        _order_restart_of_promoted(work, bundle)
        order(work, bundle, "demote", inner, "demote", TGRAPH)
        order(work, inner, "demoted", bundle, "demoted", FGRAPH)
        order(work, bundle, "promote", inner, "promote", TGRAPH)
        order(work, inner, "promoted", bundle, "promoted", FGRAPH)


def _order_replica(work: WorkingSet, bundle: Bundle, replica: Replica) -> None:
    container = replica.container
    order_internally(work, container)
    order(work, bundle, "start", container, "start", BLOCK | TGRAPH)
    if replica.child is not None:
        order(work, bundle, "stop", replica.child, "stop", TGRAPH)
    order(work, bundle, "stop", container, "stop", TGRAPH)
    order(work, container, "start", bundle, "running", FGRAPH)
    order(work, container, "stop", bundle, "stopped", FGRAPH)
    if replica.ip is not None:
        order_internally(work, replica.ip)
        order(work, replica.ip, "start", container, "start", BLOCK | GUESTOK)
        order(work, container, "stop", replica.ip, "stop", BACK | GUESTOK)
    if replica.connection is not None:
        order_internally(work, replica.connection)
