"""What clients are told of fencing that failed: of the present life alone, until it succeeds."""

from __future__ import annotations

from pcsx.daemon.answers import failed_of
from pcsx.daemon.ledger import Fencing


def case(number: int, verdict: str, *, target: int = 2, boot: int = 5, action: str = "off"):
    return Fencing(number, target, boot, action, 0, True, "n1", 0, verdict, f"reason {number}")


def told(*cases: Fencing, admitted: int = 5) -> dict[int, tuple[int, int]]:
    """Return of each target that has failures: the last one's case, and how many there are."""
    found = failed_of(cases, {2: admitted})
    return {last.target: (last.case, times) for last, times in found}


def test_failures_in_a_row_are_counted_by_target_and_the_last_one_is_told():
    assert told(case(9, "failed"), case(4, "failed"), case(7, "failed", target=3)) == {
        2: (9, 2),
        3: (7, 1),
    }


def test_a_success_ends_the_row_and_what_is_open_does_not():
    assert told(case(1, "failed"), case(2, "done")) == {}
    assert told(case(1, "failed"), case(2, "done"), case(3, "failed"), case(4, "")) == {2: (3, 1)}


def test_an_earlier_life_and_letting_in_are_another_matter():
    assert told(case(1, "failed"), admitted=6) == {}
    assert told(case(1, "failed"), case(2, "done", action="on")) == {2: (1, 1)}
