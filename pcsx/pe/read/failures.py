"""Fail counts, and when a failure is too old to count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pcsx.cib.evaluate import integer_of, score_of, seconds_of
from pcsx.cib.objects import HistoryOperation
from pcsx.pe.actions import clear
from pcsx.pe.actions.changes import parameters_changed
from pcsx.pe.model import Kind, Node, Primitive, Resource, WorkingSet
from pcsx.pe.read.operations import interval_of
from pcsx.values import add_scores

_COUNT: Final = "fail-count-"
_LAST: Final = "last-failure-"
_PROBE_RESULTS: Final = frozenset((0, 7, 8, 190, 191))


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a resource failed on a node, and when last (epoch seconds, 0 if unknown)."""

    count: int
    last_s: int


_NONE: Final = Failures(0, 0)


def _names_failures(node: Node) -> bool:
    return any(name.startswith(_COUNT) for name in node.attrs)


def failures_of(rsc: Resource, node: Node) -> Failures:
    """Return all failures of *rsc* that *node* counts, old ones too."""
    if not _names_failures(node):
        return _NONE
    name = rsc.history_name or rsc.id
    suffix = ""
    if not rsc.globally_unique:
        name = name.partition(":")[0]
        suffix = "(:[0-9]+)?"
    pattern = re.compile(f"({_COUNT}|{_LAST}){name}{suffix}#.+_[0-9]+", re.IGNORECASE)
    count = last_s = 0
    for attribute, value in node.attrs.items():
        match = pattern.fullmatch(attribute) if "#" in attribute else None
        if match is None:
            continue
        if match[1] == _COUNT:
            count = add_scores(count, score_of(value))
        else:
            last_s = max(last_s, integer_of(value) or 0)
    return Failures(count, last_s)


def fail_count(
    work: WorkingSet,
    rsc: Resource,
    node: Node,
    *,
    effective: bool = True,
    launched: bool = False,
    operation: HistoryOperation | None = None,
) -> int:
    """Return how often *rsc* failed on *node*.

    *effective* leaves out what is older than the failure-timeout; *launched* adds the failures of
    what lives in *rsc*, unless that is a bundle's container.
    """
    found = failures_of(rsc, node)
    count = found.count
    if count > 0 and rsc.failure_timeout_ms and _is_blocked(work, rsc, node, operation):
        rsc.failure_timeout_ms = 0
    timeout_s = seconds_of(rsc.failure_timeout_ms)
    if effective and count > 0 and found.last_s > 0 and timeout_s > 0:
        if work.now_s > found.last_s + timeout_s:
            count = 0
        else:
            work.recheck_by(found.last_s + timeout_s + 1)
    if launched and rsc.launched and rsc.topmost.kind != Kind.BUNDLE:
        for filler in rsc.launched:
            count = add_scores(count, fail_count(work, filler, node, effective=effective))
    return count


def _is_blocked(
    work: WorkingSet, rsc: Resource, node: Node, operation: HistoryOperation | None
) -> bool:
    """Say whether an operation failed whose `on-fail` is `block`: such failures never expire."""
    blocking = [op for op in rsc.ops if op.on_fail is not None and op.on_fail.lower() == "block"]
    if not blocking:
        return False
    entries: tuple[HistoryOperation, ...] = (operation,) if operation is not None else ()
    if operation is None and work.history is not None:
        entries = work.history.operations(node, rsc)
    name = rsc.history_name or rsc.id
    for op in blocking:
        interval_ms = interval_of(op)
        for entry in entries:
            if entry.task != op.name or entry.interval_ms != interval_ms:
                continue
            if entry.id in (f"{name}_last_failure_0", f"{rsc.base_id}_last_failure_0"):
                return True
            if entry.exit_code != entry.expected and entry.id.endswith(
                f"_{entry.task}_{interval_ms}"
            ):
                return True
    return False


def is_expired(
    work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation, *, status: int
) -> bool:
    """Say whether *entry* is too old to count, and clear fail counts that are."""
    expired = clears = False
    reason = ""
    last_failure = entry.id.endswith("_last_failure_0")
    if status == 7:
        return False
    timeout_s = seconds_of(rsc.failure_timeout_ms)
    found = failures_of(rsc, node)
    if timeout_s > 0 and entry.changed_s >= 0:
        if found.count > 0:
            fail_count(work, rsc, node, operation=entry)
            timeout_s = seconds_of(rsc.failure_timeout_ms)
        expired = timeout_s > 0 and work.now_s >= entry.changed_s + timeout_s
        if expired and _waits_for_fencing(work, rsc, entry):
            expired = False
        if timeout_s > 0 and not expired:
            work.recheck_by(entry.changed_s + timeout_s)
    if expired:
        if found.count > 0:
            if fail_count(work, rsc, node, operation=entry) == 0:
                clears, reason = True, "it expired"
            else:
                expired = False
        elif last_failure and rsc.reconnect_ms:
            clears, reason = True, "reconnect interval is set"
    if (
        not expired
        and last_failure
        and entry.task in ("start", "monitor")
        and parameters_changed(work, rsc, node, entry)
    ):
        clears, reason = True, "resource parameters have changed"
    if clears:
        clear.clear_failures(work, rsc, node, reason)
    if expired and entry.task == "monitor" and entry.interval_ms == 0:
        return entry.exit_code not in _PROBE_RESULTS
    return expired


def _waits_for_fencing(work: WorkingSet, rsc: Primitive, entry: HistoryOperation) -> bool:
    """Say whether a connection's failed monitor must count until its node was fenced."""
    return (
        rsc.reconnect_ms > 0
        and entry.interval_ms > 0
        and work.options.fencing_enabled
        and rsc.connects is not None
        and not rsc.connects.remote_fenced
    )


__all__ = [
    "Failures", "fail_count", "failures_of", "is_expired",
]  # fmt: skip
