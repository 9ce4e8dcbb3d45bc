from __future__ import annotations

from datetime import UTC, datetime

from pcsx.pe.details import attribute_lines, failure_lines
from pcsx.pe.read.working_set import working_set
from tests.pe import small

HOUR_AGO = "Mon Jun  1 11:00:00 2026"


def work_of():
    failed = small.operation(
        "x", "monitor", 5, rc=1, operation_key="x_monitor_0", exit_reason="it broke"
    ).replace("exit_reason", "exit-reason")
    counts = "fail-count-x#monitor_0=2 last-failure-x#monitor_0=1780311600"
    cib = small.cluster(
        small.primitive("x", meta="migration-threshold=3"),
        histories={"a": small.history("x", failed)},
        attributes={"a": f"{counts} shutdown=0 site=lab", "b": "#health=red"},
    )
    return working_set(cib, small.NOON)


def test_attributes_with_a_use_of_their_own_are_not_told():
    assert attribute_lines(work_of()) == [
        "", "  * Node Attributes:", "    * Node: a:", f"      * {'site':<32}\t: {'lab':<10}",
    ]  # fmt: skip


def test_failures_are_told_with_their_counts_by_node():
    assert failure_lines(work_of(), datetime.now(UTC)) == [
        "",
        "  * Migration Summary:",
        "    * Node: a:",
        f"      * x: migration-threshold=3 fail-count=2 last-failure='{HOUR_AGO}'",
        "",
        "  * Failed Resource Actions:",
        f"    * x_monitor_0 on a 'error' (1): call=5, status='complete', exitreason='it broke', "
        f"last-rc-change='{HOUR_AGO}', queued=0ms, exec=0ms",
    ]
