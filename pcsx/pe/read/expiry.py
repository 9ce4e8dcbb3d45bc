"""When an entry of a history is too old to count, and which fail counts are cleared for it."""

from __future__ import annotations

from typing import Final

from pcsx.cib.evaluate import seconds_of
from pcsx.cib.objects import HistoryOperation
from pcsx.pe.actions.changes import parameters_changed
from pcsx.pe.actions.cleanup import clear_failures
from pcsx.pe.model import Node, Primitive, WorkingSet
from pcsx.pe.read.failures import fail_count, failures_of

_PROBE_RESULTS: Final = frozenset((0, 7, 8, 190, 191))
_NOT_INSTALLED: Final = 7


def is_expired(
    work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation, status: int
) -> bool:
    """Say whether *entry* is too old to count, and clear fail counts that are."""
    if status == _NOT_INSTALLED:
        return False
    last_failure = entry.id.endswith("_last_failure_0")
    expired = rsc.failure_timeout_ms > 0 and _is_past(work, rsc, node, entry)
    reason = ""
    if expired and failures_of(rsc, node).count > 0:
        if fail_count(work, rsc, node, operation=entry) == 0:
            reason = "it expired"
        else:
            expired = False
    elif expired and last_failure and rsc.reconnect_ms:
        reason = "reconnect interval is set"
    if (
        not expired
        and last_failure
        and entry.task in ("start", "monitor")
        and parameters_changed(work, rsc, node, entry)
    ):
        reason = "resource parameters have changed"
    if reason:
        clear_failures(work, rsc, node, reason)
    if expired and entry.task == "monitor" and entry.interval_ms == 0:
        return entry.exit_code not in _PROBE_RESULTS
    return expired


def _is_past(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> bool:
    """Say whether the failure-timeout has gone by since *entry*."""
    if entry.changed_s < 0:
        return False
    if failures_of(rsc, node).count > 0:
        fail_count(work, rsc, node, operation=entry)
    timeout_s = seconds_of(rsc.failure_timeout_ms)
    if timeout_s == 0 or _waits_for_fencing(work, rsc, entry):
        return False
    if work.now_s < entry.changed_s + timeout_s:
        if entry.exit_code != entry.expected:
            work.recheck_by(entry.changed_s + timeout_s, rsc)
        return False
    return True


def _waits_for_fencing(work: WorkingSet, rsc: Primitive, entry: HistoryOperation) -> bool:
    """Say whether a connection's failed monitor must count until its node was fenced."""
    return (
        rsc.reconnect_ms > 0
        and entry.interval_ms > 0
        and work.options.fencing_enabled
        and rsc.connects is not None
        and not rsc.connects.remote_fenced
    )
