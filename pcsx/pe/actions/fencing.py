"""Who must be fenced, why, and whether that is possible: the requests and the fencing actions.

A request only marks the node and makes an optional action that keeps the first reason; the
fencing is made required when all is known (`fencing_orders.py`).
"""

from __future__ import annotations

from pcsx.pe.actions.base import new_action
from pcsx.pe.flags import OPTIONAL
from pcsx.pe.model import Action, Node, QuorumPolicy, WorkingSet


def can_fence(work: WorkingSet, node: Node) -> bool:
    """Say whether *node* can be fenced.

    A guest can unless a lost host that it may still run on cannot; anything else needs a fence
    device, and quorum, a policy to ignore it, or a target that is still in our membership.
    """
    if node.is_guest:
        connection = node.connection
        assert connection is not None and connection.launcher is not None
        return all(host.online or can_fence(work, host) for host in connection.launcher.active)
    options = work.options
    if not (options.fencing_enabled and work.fencing_available):
        return False
    if work.quorate or options.no_quorum_policy == QuorumPolicy.IGNORE:
        return True
    if not node.online:
        return False
    if node.is_pcmk_remote and not options.fence_remote_without_quorum:
        return node.connection is None or all(host.online for host in node.connection.allowed)
    return True


def request(work: WorkingSet, node: Node, reason: str, *, delayed: bool = False) -> None:
    """Ask for *node* to be fenced; *delayed* if it left, so that priority-fencing-delay counts."""
    connection = node.connection
    if node.is_guest:
        assert connection is not None and connection.launcher is not None
        launcher = connection.launcher
        if not launcher.failed and launcher.managed:
            node.to_be_reset = True
            launcher.failed = launcher.must_stop = True
    elif connection is not None and connection.removed and connection.meta.get("container"):
        connection.failed = connection.must_stop = True
    elif node.is_pcmk_remote:
        if connection is None or connection.managed:
            node.to_be_reset = True
        node.unclean = True
        fence_action(work, node, reason=reason)
    elif not node.unclean:
        node.unclean = True
        node.fence_delayed = delayed
        fence_action(work, node, reason=reason)


def fence_action(
    work: WorkingSet,
    node: Node,
    operation: str | None = None,
    *,
    required: bool = False,
    reason: str | None = None,
) -> Action:
    """Return the fencing of *node*, made at first use; the first reason is kept.

    It becomes required only if that is asked for and the node can be fenced.
    """
    operation = operation or work.options.fencing_action
    key = f"stonith-{node.name}-{operation}"
    action = work.node_actions.get(key)
    if action is None:
        action = new_action(work, None, key, "stonith", node, required=False)
        action.meta["on_node"] = node.name
        action.meta["on_node_uuid"] = node.id
        action.meta["stonith_action"] = operation
    if required and can_fence(work, node):
        action.flags &= ~OPTIONAL
    if action.reason is None:
        action.reason = reason
    return action
