"""Laws of trying again after fencing failed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pcsx.daemon.controller import attempts_max_of
from pcsx.daemon.pauses import FIRST_MS, GIVEN_UP_MS, LONGEST_MS, Pauses
from pcsx.values import Now
from tests.pe.small import cluster


def at(ms: int) -> Now:
    return Now(ms, datetime(2026, 1, 1, tzinfo=UTC))


def test_each_failure_makes_the_pause_longer_up_to_a_limit():
    pauses = Pauses()
    lengths = []
    for _ in range(40):
        pauses.failed(2, "no answer", at(0), attempts_max=100)
        lengths.append(pauses.until_ms(2))
    assert lengths[0] == FIRST_MS
    assert lengths == sorted(lengths)
    assert lengths[-1] == LONGEST_MS
    assert pauses.holds(2, at(LONGEST_MS - 1)) and not pauses.holds(2, at(LONGEST_MS))


def test_after_too_many_failures_it_is_given_up_and_said_so():
    pauses = Pauses()
    for _ in range(3):
        pauses.failed(2, "no answer", at(0), attempts_max=3)
    assert pauses.until_ms(2) == GIVEN_UP_MS
    told = pauses.told(2, "n2")
    assert told.startswith("waiting for the fencing of n2, which failed 3 times: no answer; it is")


def test_success_and_a_new_configuration_begin_anew():
    pauses = Pauses()
    pauses.failed(2, "x", at(0), attempts_max=9)
    pauses.failed(3, "x", at(0), attempts_max=9)
    pauses.done(2)
    assert not pauses.holds(2, at(0)) and pauses.holds(3, at(0))
    pauses.clear()
    assert not pauses.holds(3, at(0))
    assert pauses.told(3, "n3") == ""


@pytest.mark.parametrize(
    ("said", "most"),
    [("3", 3), ("INFINITY", 1_000_000), ("0", 10), ("-4", 10), ("soon", 10), ("", 10)],
)
def test_how_often_fencing_may_fail_is_a_number_above_0_or_infinity(said: str, most: int):
    for name in ("stonith-max-attempts", "fencing-max-attempts"):
        assert attempts_max_of(cluster("", options=f"{name}={said}" if said else "")) == most
