"""Probes: asking each node once whether a resource is active there, before anything is started."""

from __future__ import annotations

from pcsx.pe.actions import fencing
from pcsx.pe.actions.base import exactly, key_of
from pcsx.pe.actions.connection import ConnectionState, connection_state
from pcsx.pe.actions.make import ask
from pcsx.pe.actions.unfencing import order_after_unfencing
from pcsx.pe.constraints.stored import order, order_after_action, order_before_action
from pcsx.pe.flags import BLOCK, ONNODE, OPTIONAL, ORD, PROBE_IN, RUNNABLE
from pcsx.pe.model import (
    Bundle,
    Clone,
    Discovery,
    Kind,
    Node,
    Primitive,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.values import parse_bool


def create_probes(work: WorkingSet) -> None:
    """Make the missing probes, node by node; fence remote nodes that cannot be asked."""
    if not work.options.startup_probes:
        return
    for node in work.nodes:
        if not node.online:
            if (
                node.is_remote
                and node.connection is not None
                and connection_state(node) == ConnectionState.FAILED
            ):
                fencing.request(work, node, "the connection is unrecoverable")
        elif not node.unclean and not _is_exempt(work, node):
            for rsc in work.resources:
                _probe(work, rsc, node)


def _is_exempt(work: WorkingSet, node: Node) -> bool:
    """Say whether the administrator wants no probes on *node*: only remote ones can be exempt."""
    if not node.is_pcmk_remote or (node.is_remote and not work.options.fencing_enabled):
        return False
    wish = node.attrs.get("resource-discovery-enabled")
    return wish is not None and parse_bool(wish) is not True


def _probe(work: WorkingSet, rsc: Resource, node: Node) -> bool:
    """Make what probes *rsc* needs on *node*, and say whether there is one."""
    match rsc:
        case Primitive():
            return _probe_primitive(work, rsc, node)
        case Clone():
            return _probe_clone(work, rsc, node)
        case Bundle():
            return _probe_bundle(work, rsc, node)
        case _:
            return _probe_all(work, rsc.children, node)


def _probe_all(work: WorkingSet, resources: list[Resource], node: Node) -> bool:
    made = False
    for rsc in resources:
        made |= _probe(work, rsc, node)
    return made


def _probe_primitive(work: WorkingSet, rsc: Primitive, node: Node) -> bool:
    if node in rsc.known or rsc.removed or not _may_be_active(rsc, node):
        return False
    if node.is_bundle and rsc.bundle_node is not node:
        return False
    if node.is_guest and not _guest_answers(work, rsc, node):
        return False
    probe = ask(work, rsc, "monitor", node, required=True)
    probe.flags &= ~OPTIONAL
    order_after_unfencing(work, rsc, node, probe, ORD)
    if node not in rsc.active:
        probe.meta["op_target_rc"] = "7"
    elif rsc.role == Role.PROMOTED:
        probe.meta["op_target_rc"] = "8"
    top: Resource = rsc.top if rsc.top.kind == Kind.CLONE else rsc
    kind = ORD if probe.flags & RUNNABLE or top.active else ORD | BLOCK
    order_after_action(work, probe, top, "start", kind)
    if top is rsc and key_of(rsc, "reload-agent") in rsc.actions_by_key:
        order_after_action(work, probe, rsc, "reload-agent", ORD)
    return True


def _may_be_active(rsc: Primitive, node: Node) -> bool:
    """Say whether *rsc* could be on *node* at all, as far as its kind and constraints go."""
    if node.is_pcmk_remote:
        if rsc.is_fence_device or rsc.is_connection:
            return False
        if node.is_guest and _hosts_guest(rsc):
            return False
    if rsc.launcher is not None and not rsc.is_connection:
        return False
    discovery = rsc.discovery.get(node, Discovery.ALWAYS)
    if rsc.exclusive_discovery or rsc.top.exclusive_discovery:
        return node in rsc.allowed and discovery == Discovery.EXCLUSIVE
    return discovery != Discovery.NEVER


def _hosts_guest(rsc: Primitive) -> bool:
    return any(launched.is_connection for launched in rsc.launched)


def _guest_answers(work: WorkingSet, rsc: Primitive, node: Node) -> bool:
    """Say whether the guest *node* is there to be asked; if not, starts wait for its fate."""
    assert node.connection is not None and node.connection.launcher is not None
    guest = node.connection.launcher
    if guest.role == Role.STOPPED:
        if guest.assigned is not None and guest.assigned not in guest.known:
            order(work, guest, "monitor", rsc.top, "start", ORD)
        return False
    leaves = guest.role > Role.STOPPED and (
        guest.assigned is not None and guest.assigned not in guest.active
    )
    if (
        node.to_be_reset
        or node.unclean
        or guest.failed
        or guest.next_role == Role.STOPPED
        or leaves
    ):
        order(work, guest, "stop", rsc.top, "start", ORD)
        return False
    return True


def _probe_clone(work: WorkingSet, clone: Clone, node: Node) -> bool:
    clone.children.sort(key=lambda child: child.instance or 0)
    if clone.exclusive_discovery and (
        node not in clone.allowed or clone.discovery.get(node) != Discovery.EXCLUSIVE
    ):
        clone.allowed.pop(node, None)
        return False
    if clone.globally_unique:
        return _probe_all(work, clone.children, node)
    instance = _instance_to_ask(clone, node)
    return instance is not None and _probe(work, instance, node)


def _instance_to_ask(clone: Clone, node: Node) -> Resource | None:
    """Return the one instance of an anonymous clone whose probe on *node* answers for all."""
    for instance in clone.children:
        if node in instance.known:
            return instance
    for instance in clone.children:
        if assigned_node(instance) is node:
            return instance
    return clone.children[0] if clone.children else None


def assigned_node(rsc: Resource) -> Node | None:
    """Return the node that *rsc* is assigned to; of a group, the first that a member has."""
    if not rsc.children:
        return rsc.assigned
    return next((node for child in rsc.children if (node := assigned_node(child))), None)


def _probe_bundle(work: WorkingSet, bundle: Bundle, node: Node) -> bool:
    made = False
    for replica in bundle.replicas:
        if replica.ip is not None and _probe(work, replica.ip, node):
            made = True
        if replica.child is not None and node is replica.node and _probe(work, replica.child, node):
            made = True
        if _probe(work, replica.container, node):
            made = True
            if bundle.replicas_per_host == 1:
                for other in bundle.replicas:
                    if other is not replica:
                        order(
                            work, replica.container, "monitor", other.container, "start",
                            ORD | ONNODE,
                        )  # fmt: skip
        connection = replica.connection
        if connection is not None and _probe(work, connection, node):
            made = True
            for probe in exactly(connection, key_of(connection, "monitor"), node):
                order_before_action(work, replica.container, "start", probe, PROBE_IN)
    return made
