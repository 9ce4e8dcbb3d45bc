"""Laws of what runs by a node's own history."""

from __future__ import annotations

import pytest

from pcsx.daemon.records import OpRecord
from pcsx.daemon.running import running_on


def records(*story: str) -> list[OpRecord]:
    """Return records of `TASK RC` each, in order; a status other than done is a third word."""
    made = []
    for call, line in enumerate(story, 1):
        task, rc, *status = line.split()
        made.append(
            OpRecord(
                "r", ("ocf", "x", "y"), f"r_{task}_0", task, 0, call, int(rc),
                int(status[0]) if status else 0, "", 1, 1, call, 0, 0, 0, 0, "",
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("story", "role"),
    [
        (("monitor 7",), ""), (("monitor 0",), "Started"), (("monitor 8",), "Promoted"),
        (("start 0",), "Started"), (("start 0", "stop 0"), ""),
        (("start 0", "promote 0"), "Promoted"), (("start 0", "promote 0", "demote 0"), "Started"),
        (("start 0", "monitor 190"), "Started"), (("start 0", "monitor 7"), ""),
        (("start 0", "migrate_to 0"), ""), (("migrate_from 0",), "Started"),
        (("start 1",), "Started"), (("start 0", "stop 1"), "Started"),
        (("start 0", "stop 193 -1"), "Started"), (("monitor 5",), ""), ((), ""),
    ],
)  # fmt: skip
def test_the_newest_operation_that_came_out_decides(story: tuple[str, ...], role: str):
    assert [entry.role for entry in running_on("n", reversed(records(*story)))] == [role] * bool(
        role
    )


def test_a_failure_marks_what_runs_as_failed():
    assert [entry.failed for entry in running_on("n", records("start 0", "monitor 1"))] == [True]
    assert [entry.failed for entry in running_on("n", records("start 0"))] == [False]
