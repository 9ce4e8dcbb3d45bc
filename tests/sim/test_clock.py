"""The clocks of simulated machines: they drift and stand still, and never run backwards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.sim.clock import Clock


@given(
    st.integers(0, 100_000),
    st.floats(0.999, 1.001),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9000)), min_size=1, max_size=6),
)
def test_a_clock_never_runs_backwards_and_tells_when_it_will_show_a_moment(
    offset_ms: int, rate: float, stands: list[tuple[int, int]]
):
    clock, world_ms, last_ms = Clock(offset_ms, rate), 0, 0
    for wait_ms, stand_ms in stands:
        world_ms += wait_ms
        clock.stand(world_ms, stand_ms)
        for at_ms in (world_ms, world_ms + stand_ms // 2, world_ms + stand_ms):
            assert clock.shows(at_ms) >= last_ms
            last_ms = clock.shows(at_ms)
    shown_ms = last_ms + 700
    when_ms = clock.when(shown_ms)
    assert clock.shows(when_ms) >= shown_ms > clock.shows(when_ms - 2)


def test_a_clock_that_stands_knows_nothing_of_it():
    clock = Clock()
    clock.stand(1000, 60_000)
    assert clock.shows(1000) == clock.shows(61_000) == 1000
    assert clock.shows(61_500) == 1500
