"""Fencing and shutting down nodes: required now, and in order with what resources do.

A stop on a node that is fenced is implied by the fencing; what must not happen before the node is
known to be dead waits for it.
"""

from __future__ import annotations

from pcsx.pe.actions.base import exactly, key_of, new_action, new_link, newest
from pcsx.pe.actions.fencing import can_fence, fence_action
from pcsx.pe.actions.notify import notify_of_fencing
from pcsx.pe.constraints.stored import order_actions
from pcsx.pe.flags import BLOCK, FWD, GUESTOK, OPTIONAL, ORD, PSEUDO, RUNNABLE
from pcsx.pe.model import (
    Action,
    Bundle,
    Node,
    Primitive,
    Requires,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note


def fence_and_shut_down(work: WorkingSet) -> None:
    """Require the fencing or shutdown of each node that needs it; the DC goes last."""
    manages = any(p.managed for rsc in work.resources for p in rsc.primitives())
    last_of_all: Action | None = None
    fencings: list[Action] = []
    shutdowns: list[Action] = []
    for node in work.nodes:
        if node.is_guest:
            if node.to_be_reset and manages and can_fence(work, node):
                _fence_guest(work, node)
        elif node.unclean and manages and can_fence(work, node):
            fence = fence_action(work, node, required=True, reason="node is unclean")
            note(work, Why.FENCED, None, node, work.options.fencing_action, fence.reason or "")
            _order_resources(work, node, fence)
            if node.is_dc:
                last_of_all = fence
            else:
                if fencings and not work.options.concurrent_fencing:
                    new_link(fencings[-1], fence, ORD)
                fencings.append(fence)
        elif node.online and node.shutting_down and not node.is_remote:
            shutdown = _shut_down(work, node)
            if node.is_dc:
                last_of_all = shutdown
            else:
                shutdowns.append(shutdown)
        elif node.unclean:
            note(work, Why.CANNOT_FENCE, None, node, _why_not(work, manages=manages))
    if last_of_all is not None:
        if last_of_all.task == "do_shutdown":
            for shutdown in shutdowns:
                new_link(shutdown, last_of_all, ORD)
        for fence in fencings if work.options.concurrent_fencing else fencings[-1:]:
            new_link(fence, last_of_all, ORD)


def _why_not(work: WorkingSet, *, manages: bool) -> str:
    if not work.options.fencing_enabled:
        return "fencing is disabled"
    if not work.fencing_available:
        return "there is no fence device"
    return "the partition has no quorum" if manages else "no resource is managed"


# --- Fencing --------------------------------------------------------------------------------------


def _order_resources(work: WorkingSet, node: Node, fence: Action) -> None:
    for rsc in work.resources:
        for primitive in rsc.primitives():
            if primitive.managed:
                _order_ups(primitive, node, fence)
                _order_downs(work, primitive, node, fence)


def _order_ups(rsc: Primitive, node: Node, fence: Action) -> None:
    """Let what needs a safe node wait for the fencing."""
    for action in rsc.actions:
        if action.requires == Requires.FENCING:
            new_link(fence, action, ORD)
        elif (
            action.requires == Requires.QUORUM
            and action.task == "start"
            and node in rsc.allowed
            and node not in rsc.known
        ):
            new_link(fence, action, ORD | BLOCK)


def _order_downs(work: WorkingSet, rsc: Primitive, node: Node, fence: Action) -> None:
    """Turn stops and demotes on the fenced node into what the fencing implies."""
    waits = rsc.requires >= Requires.FENCING or node.is_guest
    for stop in exactly(rsc, key_of(rsc, "stop"), node):
        stop.flags |= PSEUDO | RUNNABLE
        if waits:
            top_stop = newest(rsc.top, "stop")
            if not rsc.in_bundle:
                new_link(fence, stop, GUESTOK)
            if top_stop is not None:
                new_link(fence, top_stop, GUESTOK)
        if rsc.notify or (isinstance(rsc.parent, Bundle) and _tells(rsc.parent)):
            notify_of_fencing(work, rsc.top, rsc, fence)
    for demote in exactly(rsc, key_of(rsc, "demote"), node):
        if node.online and not node.unclean and not rsc.failed:
            continue
        demote.flags |= PSEUDO | RUNNABLE
        if waits and not rsc.in_bundle:
            new_link(fence, demote, ORD | GUESTOK)


def _tells(bundle: Bundle) -> bool:
    """Say whether the service in *bundle* is told of what happens to its copies."""
    return bundle.inner is not None and bundle.inner.notify


def _fence_guest(work: WorkingSet, node: Node) -> None:
    """Make the pseudo fencing of a guest: its end comes with its container's stop."""
    assert node.connection is not None and node.connection.launcher is not None
    container = node.connection.launcher
    stop = newest(container, "stop")
    operation = "off" if newest(container, "start") is None else "reboot"
    fence = fence_action(work, node, operation, required=True, reason="guest is unclean")
    fence.flags |= PSEUDO | RUNNABLE
    if stop is not None and stop.flags & PSEUDO and stop.node is not None:
        host_fence = fence_action(work, stop.node, required=True)
        new_link(host_fence, fence, BLOCK | FWD)
    elif stop is not None:
        new_link(stop, fence, BLOCK | FWD)
    elif (connection_stop := newest(node.connection, "stop")) is not None:
        new_link(connection_stop, fence, ORD)
    _order_resources(work, node, fence)


# --- Shutdowns ------------------------------------------------------------------------------------


def _shut_down(work: WorkingSet, node: Node) -> Action:
    """Require the shutdown of *node*, after everything has been stopped there."""
    name = f"do_shutdown-{node.name}"
    shutdown = new_action(work, None, name, "do_shutdown", node, required=True)
    shutdown.meta["op_no_wait"] = "true"
    for stop in reversed(work.actions):
        rsc = stop.rsc
        if rsc is None or stop.task != "stop" or stop.node is not node:
            continue
        if rsc.maintenance or node.in_maintenance or not (rsc.managed or rsc.blocked):
            continue
        stop.flags &= ~OPTIONAL
        order_actions(work, stop, shutdown, ORD | BLOCK)
    return shutdown
