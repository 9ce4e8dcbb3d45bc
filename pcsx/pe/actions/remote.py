"""Actions on remote and guest nodes: done only while the connection to the node stands."""

from __future__ import annotations

from pcsx.pe.actions import fencing
from pcsx.pe.actions.connection import ConnectionState, connection_state
from pcsx.pe.constraints.stored import order_after_action, order_before_action
from pcsx.pe.flags import BACK, BLOCK, FWD, GUESTOK, ORD, PSEUDO
from pcsx.pe.model import Action, Node, Primitive, Role, WorkingSet


def order_remote_actions(work: WorkingSet) -> None:
    """Tie each action on a remote or guest node to the connection, newest action first."""
    if not any(node.is_pcmk_remote for node in work.nodes):
        return
    for action in reversed(list(work.actions)):
        rsc, node = action.rsc, action.node
        if rsc is None:
            continue
        if rsc.is_connection and action.task == "clear_failcount":
            order_after_action(work, action, rsc, "start", ORD)
            continue
        if node is None or not node.is_pcmk_remote or action.flags & PSEUDO:
            continue
        connection = node.connection
        if connection is None:
            continue
        if action.task == "start":
            for other in reversed(rsc.actions):
                if other.task == "stop" and other.node is not node:
                    order_before_action(work, connection, "start", other, ORD)
        if connection.launcher is None:
            _tie_to_remote(work, action, node, connection)
        else:
            _tie_to_guest(work, action, node, connection, connection.launcher)


def _after_start(work: WorkingSet, rsc: Primitive, action: Action, more: int = 0) -> None:
    order_before_action(work, rsc, "start", action, GUESTOK | BLOCK | more)


def _before_stop(work: WorkingSet, action: Action, rsc: Primitive, more: int = 0) -> None:
    order_after_action(work, action, rsc, "stop", GUESTOK | more)


def _tie_to_guest(
    work: WorkingSet, action: Action, node: Node, connection: Primitive, launcher: Primitive
) -> None:
    if launcher.failed:
        fencing.request(work, node, "container failed")
    match action.task:
        case "start" | "promote":
            _after_start(work, launcher, action, FWD)
            _after_start(work, connection, action)
        case "stop" | "demote" | "migrate_to" | "migrate_from":
            if not launcher.failed:
                _before_stop(work, action, connection)
        case "cancel":
            pass
        case _:
            _after_start(work, connection, action, FWD if action.interval_ms else 0)


def _tie_to_remote(work: WorkingSet, action: Action, node: Node, connection: Primitive) -> None:
    state = connection_state(node)
    match action.task:
        case "start" | "promote":
            _after_start(work, connection, action, FWD if state == ConnectionState.FAILED else 0)
        case "stop" | "migrate_to" | "migrate_from":
            _tie_stop_to_remote(work, action, node, connection, state)
        case "demote":
            if state in (ConnectionState.RESTING, ConnectionState.UNKNOWN):
                _after_start(work, connection, action)
        case "cancel":
            pass
        case _ if action.interval_ms:
            _after_start(work, connection, action, FWD)
        case _:
            if action.task == "monitor" and state == ConnectionState.FAILED:
                fencing.request(
                    work,
                    node,
                    "resources are in unknown state and connection is unrecoverable",
                )
            if connection.active and state == ConnectionState.STOPPED:
                _before_stop(work, action, connection, BLOCK)
            else:
                _after_start(work, connection, action)


def _tie_stop_to_remote(
    work: WorkingSet, action: Action, node: Node, connection: Primitive, state: ConnectionState
) -> None:
    if state == ConnectionState.FAILED:
        fencing.request(work, node, "resources are active but connection is unrecoverable")
    elif state == ConnectionState.ALIVE or connection.next_role == Role.STOPPED:
        _before_stop(work, action, connection, BACK)
    else:
        _after_start(work, connection, action)
