"""Fail counts: how often a resource failed on a node, and whether that still counts."""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib.evaluate import integer_of, score_of, seconds_of
from pcsx.cib.objects import HistoryOperation
from pcsx.lean import dataclass
from pcsx.pe.model import Kind, Node, Resource, WorkingSet
from pcsx.pe.read.operations import interval_of
from pcsx.values import add_scores

_COUNT: Final = "fail-count-"
_LAST: Final = "last-failure-"


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
            work.recheck_by(found.last_s + timeout_s + 1, rsc)
    if launched and rsc.launched and rsc.topmost.kind != Kind.BUNDLE:
        for filler in rsc.launched:
            count = add_scores(count, fail_count(work, filler, node, effective=effective))
    return count


def _is_blocked(
    work: WorkingSet, rsc: Resource, node: Node, operation: HistoryOperation | None
) -> bool:
    """Say whether an operation failed whose `on-fail` is `block`: such failures never expire.

    The field looks by the name that is configured, so what is recorded by the name of an instance
    does not count.
    """
    blocking = [op for op in rsc.ops if op.on_fail == "block"]
    if not blocking:
        return False
    name = rsc.base_id
    entries: tuple[HistoryOperation, ...] = (operation,) if operation is not None else ()
    if operation is None and work.history is not None and name == (rsc.history_name or rsc.id):
        entries = work.history.operations(node, rsc)
    for op in blocking:
        interval_ms = interval_of(op)
        for entry in entries:
            if entry.task != op.name or entry.interval_ms != interval_ms:
                continue
            if entry.id == f"{name}_last_failure_0" or (
                entry.exit_code != entry.expected
                and entry.id == f"{name}_{entry.task}_{interval_ms}"
            ):
                return True
    return False
