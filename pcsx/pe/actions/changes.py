"""What changed since resources were started: agents, parameters, operations, maintenance.

Every operation is recorded with a digest of its parameters; one that differs from what the
configuration says now means a restart, a reload, or another monitor.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from pcsx.cib.objects import History, HistoryOperation
from pcsx.pe.actions.base import matching
from pcsx.pe.actions.cleanup import clear_failures, delete_history
from pcsx.pe.actions.make import ask, key_of
from pcsx.pe.actions.parameters import public
from pcsx.pe.actions.recurring import cancel
from pcsx.pe.actions.unfencing import trigger
from pcsx.pe.constraints.stored import order, order_after_action, order_before_action
from pcsx.pe.digests import compared_parameters, digest_of, restart_digest_of
from pcsx.pe.flags import CANCEL, ORD, RESCHEDULE
from pcsx.pe.model import Kind, Node, Primitive, Resource, WorkingSet
from pcsx.pe.read.failures import fail_count
from pcsx.pe.read.index import in_order, since_start
from pcsx.pe.read.operations import find_op, op_options, op_params
from pcsx.pe.read.parameters import params_of
from pcsx.pe.reasons import Why, note

_COMPARED: Final = frozenset(("monitor", "start", "promote", "migrate_from"))
_ADDRESS_OF_HOST: Final = "#uname"


class Change(Enum):
    """How a recorded operation compares with the configuration."""

    NONE = "none"
    UNKNOWN = "unknown"
    """The record has no digest."""
    PARAMETERS = "parameters"
    RESTART = "restart"
    """Parameters that cannot be reloaded, or the operation's own, have changed."""
    PRIVATE = "private"
    """Only what a sanitised document does not show."""


# --- Comparing ------------------------------------------------------------------------------------


def compare(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> Change:
    """Return how *entry* compares with what the configuration says now."""
    if entry in work.outdated:
        return Change.RESTART
    compared, has_own = compared_now(work, rsc, node, entry.task, entry.interval_ms)
    change = _judge(compared, entry, has_own=has_own)
    if change is not Change.NONE and work.sanitized and (secure := entry.get("op-secure-digest")):
        shown = public(rsc, compared, set(entry.get("op-secure-params").split()))
        if digest_of(shown) == secure:
            return Change.PRIVATE
    return change


def compared_now(
    work: WorkingSet, rsc: Primitive, node: Node, task: str, interval_ms: int
) -> tuple[dict[str, str], bool]:
    """Return what an operation that ran now would be compared by, and whether it has its own."""
    op = find_op(rsc, task, interval_ms)
    own = op_params(work, rsc, op, node)
    params = {**own, **params_of(work, rsc, node)}
    if params.get("addr") == _ADDRESS_OF_HOST and (host := _host_of(rsc)) is not None:
        params["addr"] = host.name
    timeout_ms = None
    if interval_ms:
        timeout_ms = int(op_options(work, rsc, op, task, interval_ms)["timeout"])
    return compared_parameters(params, interval_ms=interval_ms, timeout_ms=timeout_ms), bool(own)


def _judge(compared: dict[str, str], entry: HistoryOperation, *, has_own: bool) -> Change:
    restart_digest = entry.get("op-restart-digest")
    if restart_digest:
        named = entry.attributes.get("op-force-restart")
        names = list(compared) if named is None else named.split()
        if restart_digest_of(compared, names) != restart_digest:
            return Change.RESTART
    digest = entry.get("op-digest")
    if not digest:
        return Change.UNKNOWN
    if digest == digest_of(compared):
        return Change.NONE
    return Change.RESTART if has_own and not entry.interval_ms else Change.PARAMETERS


def _host_of(rsc: Primitive) -> Node | None:
    launcher = rsc.launcher
    if launcher is None:
        return None
    return launcher.assigned or (launcher.active[0] if launcher.active else None)


def _waits_for_host(work: WorkingSet, rsc: Primitive) -> bool:
    """Say whether the parameters of *rsc* are known only once its container has a node."""
    return rsc.is_connection and params_of(work, rsc, None).get("addr") == _ADDRESS_OF_HOST


def parameters_changed(
    work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation
) -> bool:
    """Say whether what *entry* failed with has changed since, so that it may be tried again."""
    if _waits_for_host(work, rsc):
        work.deferred_checks.append((rsc, node, entry, True))
        return False
    return compare(work, rsc, node, entry) in (Change.PARAMETERS, Change.RESTART, Change.PRIVATE)


# --- Checking all that is active ------------------------------------------------------------------


def check_changes(work: WorkingSet) -> None:
    """Compare all histories of nodes that work with the configuration, and act on differences."""
    states = {state.uname.lower(): state for state in work.cib.states if state.uname}
    known: dict[str, list[Primitive]] = {}
    for node in work.nodes:
        state = states.get(node.name.lower())
        if state is None or not (node.in_maintenance or node.available):
            continue
        for history in state.histories:
            found = known.get(history.id)
            if found is None:
                found = known[history.id] = _known_as(work, history.id)
            if not found:
                continue
            recorded = history.agent
            for rsc in found:
                if rsc.removed or node in rsc.active or rsc.agent != recorded:
                    _check_history(work, rsc, node, history, recorded)


def check_deferred(work: WorkingSet) -> None:
    """Compare what could not be compared before the containers had their nodes."""
    for rsc, node, entry, failed in work.deferred_checks:
        if failed:
            if compare(work, rsc, node, entry) in (Change.PARAMETERS, Change.RESTART):
                clear_failures(work, rsc, node, "resource parameters have changed")
        else:
            _check_entry(work, rsc, node, entry)


def _known_as(work: WorkingSet, name: str) -> list[Primitive]:
    """Return the primitives that have *name* as their id or in histories, each once."""
    found: dict[Resource, None] = {}
    if (first := work.by_id.get(name)) is not None:
        found[first] = None
    for rsc in work.by_base_id.get(name, ()):
        if rsc.id == name:
            found[rsc] = None
    for rsc in work.by_history_name.get(name, ()):
        if rsc.history_name == name:
            found[rsc] = None
    return [rsc for rsc in found if isinstance(rsc, Primitive)]


def _check_history(
    work: WorkingSet, rsc: Primitive, node: Node, history: History, recorded: tuple[str, str, str]
) -> None:
    if history.is_empty:
        return
    if rsc.removed:
        if rsc.top.kind != Kind.CLONE or rsc.globally_unique:
            delete_history(work, rsc, node)
        return
    active = node in rsc.active
    if rsc.agent != recorded:
        _take_agent(work, rsc, node, recorded, active=active)
        delete_history(work, rsc, node)
    if not active:
        return
    ordered = in_order(history.operations)
    entries = since_start(ordered)
    if _is_stopped(ordered, entries):
        return
    for entry in entries:
        if entry.interval_ms and (rsc.maintenance or node.in_maintenance):
            _cancel(work, rsc, node, entry)
        elif entry.interval_ms or entry.task in _COMPARED:
            if _waits_for_host(work, rsc):
                work.deferred_checks.append((rsc, node, entry, False))
            else:
                _check_entry(work, rsc, node, entry)


def _is_stopped(ordered: list[HistoryOperation], entries: list[HistoryOperation]) -> bool:
    """Say whether *entries*, the end of *ordered*, begin with a stop's end and no new start."""
    if not entries:
        return True
    before = len(ordered) - len(entries) - 1
    if before < 0 or ordered[before].task != "stop" or ordered[before].status != 0:
        return False
    return entries[0].task not in _COMPARED | {"demote"}


def _take_agent(
    work: WorkingSet, rsc: Primitive, node: Node, recorded: tuple[str, str, str], *, active: bool
) -> None:
    """Make way for another agent than the *recorded* one: what is active must be stopped first."""
    if rsc.is_fence_device:
        trigger(work, node, "Device definition changed")
    if active:
        ask(work, rsc, "stop", node, required=True)
        rsc.start_pending = True
        note(work, Why.RESTARTED, rsc, node, "another agent is configured")


def _check_entry(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> None:
    if _act_on(work, rsc, node, entry) and fail_count(work, rsc, node):
        clear_failures(work, rsc, node, "action definition changed")


def _act_on(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> bool:
    """Do what a change of *entry* asks for; say whether there was one."""
    if entry.interval_ms and (
        find_op(rsc, entry.task, entry.interval_ms, only_enabled=True) is None
    ):
        if work.options.cancel_removed_actions:
            _cancel(work, rsc, node, entry)
        return True
    match compare(work, rsc, node, entry):
        case Change.NONE:
            return False
        case Change.PRIVATE:
            work.notices.append(
                f"Only 'private' parameters to {entry.interval_ms}ms-interval {entry.task} for "
                f"{rsc.id} on {node.name} changed: {entry.get('transition-magic')}"
            )
            return False
        case Change.RESTART:
            _restart(work, rsc, node, entry)
        case _ if entry.interval_ms:
            _trigger(work, rsc, node, "Device parameters changed (reschedule)")
            reschedule(work, rsc, node, entry)
        case _ if entry.get("op-restart-digest"):
            _trigger(work, rsc, node, "Device parameters changed (reload)")
            _reload(work, rsc, node)
        case _:
            _restart(work, rsc, node, entry)
    return True


def reschedule(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> None:
    """Have a recurring operation issued again although it runs."""
    action = ask(work, rsc, entry.task, node, required=False, interval_ms=entry.interval_ms)
    action.flags |= RESCHEDULE


def _trigger(work: WorkingSet, rsc: Primitive, node: Node, reason: str) -> None:
    if rsc.is_fence_device:
        trigger(work, node, reason)


def _cancel(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> None:
    action = cancel(work, rsc, entry.task, entry.interval_ms, node)
    action.meta["call_id"] = str(entry.call_id)
    order_before_action(work, rsc, "stop", action, ORD)


def _restart(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> None:
    task = entry.task
    if not entry.interval_ms and task in _COMPARED:
        task = "start"
    action = ask(work, rsc, task, None, required=True, interval_ms=entry.interval_ms)
    action.reason = "resource definition change"
    note(work, Why.RESTARTED, rsc, node, "its definition changed")
    _trigger(work, rsc, node, "Device parameters changed")


def _reload(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    if not rsc.managed or rsc.failed:
        return
    if rsc.start_pending:
        ask(work, rsc, "stop", node, required=True)
        return
    rsc.reload = True
    fresh = not matching(rsc, key_of(rsc, "reload-agent"), node)
    action = ask(work, rsc, "reload-agent", node, required=True)
    if action.reason is None:
        action.reason = "resource definition change"
    note(work, Why.RELOADED, rsc, node)
    if fresh:
        for task in ("stop", "demote"):
            order_after_action(work, action, rsc, task, ORD | CANCEL)


# --- Removed resources ----------------------------------------------------------------------------


def clear_removed_failures(work: WorkingSet) -> None:
    """Forget the failures of resources that are configured no more."""
    if not work.options.stop_removed_resources:
        return
    for rsc in work.resources:
        if not rsc.removed:
            continue
        for node in work.nodes:
            if node.online and fail_count(work, rsc, node):
                clear_failures(work, rsc, node, "it is removed")
                order(work, rsc, "clear_failcount", rsc, "stop", ORD)
