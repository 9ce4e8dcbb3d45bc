"""Loss and stalls that do not stop: an hour's worth by hand, two minutes here."""

from __future__ import annotations

import pytest

from tests.sim.judge import Violation
from tests.sim.soak import soaked


@pytest.mark.parametrize("count", [2, 3])
def test_loss_and_short_stalls_cost_nobody_their_place(count: int):
    assert soaked(5, hours=2 / 60, count=count).judge.fencings == []


def test_a_soak_that_costs_somebody_their_place_is_told():
    with pytest.raises(Violation, match=r"L[67]"):
        soaked(5, hours=2 / 60, stall_ms=4000)
