"""What a status may tell beside nodes and resources: attributes of nodes, and what failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pcsx.pe.model import FailedOperation, Node, Primitive, WorkingSet
from pcsx.pe.read.failures import fail_count, failures_of
from pcsx.values import INFINITY

_UNTOLD: Final = ("#", "fail-count-", "last-failure-")
_OWN: Final = frozenset(("shutdown", "terminate", "standby"))
_RESULTS: Final = {
    0: "ok", 1: "error", 2: "invalid parameter", 3: "unimplemented feature",
    4: "insufficient privileges", 5: "not installed", 6: "not configured", 7: "not running",
    8: "promoted", 9: "failed promoted", 190: "degraded", 191: "degraded promoted",
}  # fmt: skip
_STATES: Final = {
    -1: "pending", 0: "complete", 1: "Cancelled", 2: "Timed Out", 3: "NOT SUPPORTED", 4: "Error",
    5: "Hard error", 6: "Fatal error", 7: "Not installed",
}  # fmt: skip


def attribute_lines(work: WorkingSet) -> list[str]:
    """Return the attributes of the nodes that are online, but for those with a use of their own."""
    lines: list[str] = []
    for node in work.nodes:
        told = [
            f"      * {name:<32}\t: {value:<10}"
            for name, value in sorted(node.attrs.items())
            if not name.startswith(_UNTOLD) and name not in _OWN
        ]
        if node.online and told:
            lines += [f"    * Node: {node.name}:", *told]
    return ["", "  * Node Attributes:", *lines] if lines else []


def failure_lines(work: WorkingSet, zone: datetime) -> list[str]:
    """Return how often what failed on which node, and each failure; times as in *zone*."""
    lines = ["", "  * Migration Summary:"]
    for node in work.nodes:
        told = list(_counts(work, node, zone))
        if node.online and told:
            lines += [f"    * Node: {node.name}:", *told]
    failed = [
        f"    * {_failure(failure, zone)}"
        for failure in work.failures
        if failure.node.online and not failure.hidden_probe
    ]
    return [*lines, "", "  * Failed Resource Actions:", *failed] if failed else lines


def _counts(work: WorkingSet, node: Node, zone: datetime) -> Iterator[str]:
    for state in work.cib.states:
        if (state.uname or "").lower() != node.name.lower():
            continue
        for history in state.histories:
            known = work.by_history_name.get(history.id, ())
            rsc = work.by_id.get(history.id) or next(iter(known), None)
            if rsc is None or not (count := fail_count(work, rsc, node, effective=False)):
                continue
            last_s = failures_of(rsc, node).last_s
            since = f" last-failure='{_moment(last_s, zone)}'" if last_s > 0 else ""
            threshold = rsc.migration_threshold if isinstance(rsc, Primitive) else INFINITY
            yield (
                f"      * {history.id}: migration-threshold={threshold} fail-count={count}{since}"
            )


def _failure(failure: FailedOperation, zone: datetime) -> str:
    entry = failure.operation
    text = (
        f"{entry.get('operation_key') or entry.id} on {failure.node.name} "
        f"'{_RESULTS.get(failure.exit_code, 'unknown')}' ({failure.exit_code}): "
        f"call={entry.call_id}, status='{_STATES.get(failure.status, 'unknown')}'"
    )
    if reason := entry.get("exit-reason"):
        text += f", exitreason='{reason}'"
    if entry.changed_s > 0:
        text += (
            f", last-rc-change='{_moment(entry.changed_s, zone)}', "
            f"queued={entry.get('queue-time', '0')}ms, exec={entry.get('exec-time', '0')}ms"
        )
    return text


def _moment(seconds: int, zone: datetime) -> str:
    return datetime.fromtimestamp(seconds, zone.tzinfo).strftime("%a %b %e %H:%M:%S %Y")
