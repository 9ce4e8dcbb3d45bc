"""What follows from a history once it is read: known operations, fencing, bans, and activity."""

from __future__ import annotations

from pcsx.cib.objects import HistoryOperation
from pcsx.pe.actions import fencing
from pcsx.pe.actions.make import ask
from pcsx.pe.flags import OPTIONAL
from pcsx.pe.model import Node, OnFail, Primitive, Resource, Role, WorkingSet
from pcsx.pe.read.active import add_active, block
from pcsx.pe.read.entries import PENDING, Life
from pcsx.pe.read.index import since_start
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import ban


def remember_recurring(life: Life, entries: list[HistoryOperation]) -> None:
    """Make an optional action of each recurring operation that runs: it is there already."""
    if not life.node.online:
        return
    for entry in since_start(entries):
        if entry.interval_ms and entry.status != PENDING:
            ask(
                life.work,
                life.rsc,
                entry.task,
                life.node,
                required=False,
                interval_ms=entry.interval_ms,
            )


def settle(life: Life) -> None:
    """Draw the conclusions of one history."""
    work, rsc, node = life.work, life.rsc, life.node
    is_active = rsc.role > Role.STOPPED
    if rsc.role != Role.UNKNOWN:
        mark_known(rsc, node)
    if is_active and rsc.managed and not node.online and not node.in_maintenance:
        _fence_lost(work, rsc, node)
    severity = OnFail.IGNORE if node.unclean else life.severity
    _CONSEQUENCES[severity](work, rsc, node)
    if rsc.is_connection and rsc.failed and rsc.connects is not None and rsc.connects.unclean:
        rsc.connects.seen = True
    if is_active:
        add_active(work, rsc, node, failed=life.severity != OnFail.IGNORE)
        if severity in (OnFail.DEMOTE, OnFail.BLOCK):
            rsc.failed = True
        elif severity != OnFail.IGNORE:
            rsc.failed = rsc.must_stop = True
        return
    conclude_inactive(rsc, node)


def conclude_inactive(rsc: Primitive, node: Node) -> None:
    """Forget what only holds where *rsc* is active."""
    if rsc.history_name is not None and ":" in rsc.history_name:
        rsc.history_name = None
    for action in rsc.actions_by_key.get(f"{rsc.id}_stop_0", ()):
        if action.node is node:
            action.flags |= OPTIONAL


def mark_known(rsc: Primitive, node: Node) -> None:
    """Remember that the state of *rsc* on *node* is known; of alike instances one tells for all."""
    holder: Resource | None = rsc
    while holder is not None:
        holder.known[node] = None
        if holder.globally_unique:
            return
        holder = holder.parent


def _fence_lost(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    """Have a node fenced that is gone, yet may still run *rsc*."""
    reason = f"{rsc.id} is thought to be active there"
    if node.is_guest:
        rsc.failed = rsc.must_stop = True
        fencing.request(work, node, reason)
    elif work.options.fencing_enabled:
        if node.is_remote and node.connection is not None and not node.connection.failed:
            node.seen = False
            reason = (
                f"{rsc.id} is active there (fencing will be revoked if remote connection can be "
                "re-established elsewhere)"
            )
        fencing.request(work, node, reason)


# --- What each severity does --------------------------------------------------------------------


def _nothing(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    """Leave it at that."""


def _demote(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    rsc.failed = True
    ask(work, rsc, "demote", node, required=True)


def _restart(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    if rsc.role > Role.STOPPED:
        rsc.failed = rsc.must_stop = True
        ask(work, rsc, "stop", node, required=True)


def _reset_remote(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    rsc.failed = rsc.must_stop = True
    remote = rsc.connects
    if (
        work.options.fencing_enabled
        and remote is not None
        and remote.is_remote
        and not remote.remote_fenced
    ):
        fencing.request(work, remote, "remote connection is unrecoverable")
    if rsc.role > Role.STOPPED:
        ask(work, rsc, "stop", node, required=True)
    if rsc.reconnect_ms:
        rsc.next_role = Role.STOPPED


def _restart_container(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    rsc.failed = rsc.must_stop = True
    if rsc.launcher is not None and rsc.in_bundle:
        work.containers_to_stop.append(rsc.launcher)
    elif rsc.bundle_node is not None and rsc.bundle_node.connection is not None:
        launcher = rsc.bundle_node.connection.launcher
        assert launcher is not None
        work.containers_to_stop.append(launcher)
    elif rsc.launcher is not None:
        ask(work, rsc.launcher, "stop", node, required=True)
    elif rsc.role > Role.STOPPED:
        ask(work, rsc, "stop", node, required=True)


def _ban(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    ban(rsc, node)
    note(work, Why.FAILED_HERE, rsc, node, "an operation", "its on-fail is migrate")


def _block(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    block(rsc)
    note(work, Why.BLOCKED, rsc, node, "an operation failed and its on-fail is block")


def _stop(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    rsc.next_role = Role.STOPPED
    note(work, Why.STOPPED, rsc, node, "an operation failed and its on-fail is stop")


def _standby(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    node.standby = node.standby_by_failure = True
    note(work, Why.NODE_UNAVAILABLE, rsc, node, f"{rsc.id} failed and its on-fail is standby")


def _fence(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    fencing.request(work, node, f"{rsc.id} failed there")


_CONSEQUENCES = {
    OnFail.IGNORE: _nothing,
    OnFail.DEMOTE: _demote,
    OnFail.RESTART: _restart,
    OnFail.RESET_REMOTE: _reset_remote,
    OnFail.RESTART_CONTAINER: _restart_container,
    OnFail.BAN: _ban,
    OnFail.BLOCK: _block,
    OnFail.STOP: _stop,
    OnFail.STANDBY: _standby,
    OnFail.FENCE: _fence,
}
