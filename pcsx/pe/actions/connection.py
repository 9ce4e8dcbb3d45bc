"""What is known of a remote node through its connection, and which host carries out its actions."""

from __future__ import annotations

from enum import Enum
from typing import Final

from pcsx.pe.model import Action, Node, Primitive, Role

_GOING_DOWN: Final = frozenset(("cancel", "stop", "demote", "migrate_to", "migrate_from"))


class ConnectionState(Enum):
    """How things stand with a remote node."""

    UNKNOWN = "unknown"
    """Nothing is connected to it yet, or it is clean and waits to be reconnected."""
    ALIVE = "alive"
    RESTING = "resting"
    """Its connection must be established elsewhere before anything can be done."""
    FAILED = "failed"
    """The connection is lost and will not be recovered."""
    STOPPED = "stopped"


def connection_state(node: Node) -> ConnectionState:
    """Return the state of a Pacemaker Remote node."""
    rsc = node.connection
    assert rsc is not None
    host = rsc.active[0] if rsc.active else None
    if rsc.next_role == Role.STOPPED or rsc.assigned is None:
        return _state_without_host(node, rsc, host)
    if host is None:
        return ConnectionState.UNKNOWN
    if host.unclean or not host.online:
        return ConnectionState.RESTING
    if len(rsc.active) > 1 and rsc.partial_source is not None and rsc.partial_target is not None:
        return ConnectionState.RESTING
    return ConnectionState.ALIVE


def _state_without_host(node: Node, rsc: Primitive, host: Node | None) -> ConnectionState:
    if host is not None and host.unclean:
        return ConnectionState.FAILED
    if not rsc.failed:
        return ConnectionState.STOPPED
    if (
        rsc.next_role == Role.STOPPED
        and rsc.reconnect_ms
        and node.remote_fenced
        and not node.shutting_down
    ):
        return ConnectionState.UNKNOWN
    return ConnectionState.FAILED


def router_of(action: Action) -> Node | None:
    """Return the cluster node that carries out *action* for its remote or guest node."""
    node = action.node
    if node is None or not node.is_pcmk_remote or action.task == "stonith":
        return None
    rsc = node.connection
    if rsc is None:
        return None
    before = rsc.active[0] if rsc.active else None
    after = rsc.assigned
    if before is None or after is None or before is after:
        return before or after
    task = action.task
    if task == "notify":
        task = action.meta.get("notify_operation", task)
    continued = rsc.partial_target is not None and rsc.launcher is None
    return before if task in _GOING_DOWN and not continued else after
