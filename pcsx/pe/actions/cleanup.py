"""Forgetting what happened: failures that count no more, and histories nobody needs."""

from __future__ import annotations

from pcsx.pe.actions.base import new_link
from pcsx.pe.actions.fencing import fence_action
from pcsx.pe.actions.make import ask
from pcsx.pe.constraints.stored import order
from pcsx.pe.flags import FWD, ORD
from pcsx.pe.model import Action, Node, Resource, WorkingSet


def clear_failures(work: WorkingSet, rsc: Resource, node: Node, reason: str) -> Action:
    """Require that the failures of *rsc* on *node* be forgotten.

    A connection that must not be retried before its node was fenced waits for that.
    """
    action = ask(work, rsc, "clear_failcount", node, required=True)
    action.meta["op_no_wait"] = "true"
    if rsc.reconnect_ms and rsc.connects is not None and work.options.fencing_enabled:
        fence = fence_action(work, rsc.connects)
        new_link(fence, action, FWD)
    if action.reason is None:
        action.reason = reason
    return action


def delete_history(work: WorkingSet, rsc: Resource, node: Node) -> Action | None:
    """Require that *node* forget *rsc*, between a stop there and the next start."""
    if rsc.failed or node.unclean or not node.online:
        return None
    action = ask(work, rsc, "delete", node, required=True)
    order(work, rsc, "stop", rsc, "delete", ORD)
    order(work, rsc, "delete", rsc, "start", ORD)
    return action


def drop_lock(work: WorkingSet, rsc: Resource, node: Node) -> Action:
    """Require that an expired or needless shutdown lock of *rsc* on *node* be dropped."""
    return ask(work, rsc, "lrm_delete", node, required=True)
