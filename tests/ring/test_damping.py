"""How long a node that leaves over and over is held out."""

from __future__ import annotations

from pcsx.ring.damping import HOLD_MS, HOLD_MS_MAX, WINDOW_MS, Damping


def lost(times: int, *, every_ms: int = 10_000) -> tuple[Damping, int]:
    damping, now_ms = Damping(), 0
    for _ in range(times):
        now_ms += every_ms
        damping.lost(2, now_ms)
    return damping, now_ms


def test_three_losses_are_nobodys_fault() -> None:
    damping, now_ms = lost(3)
    assert damping.held((2,), now_ms) == {}


def test_each_further_loss_doubles_the_wait_up_to_five_minutes() -> None:
    waits = []
    for times in range(4, 14):
        damping, now_ms = lost(times)
        waits.append(damping.held((2,), now_ms)[2] - now_ms)
    assert waits[:3] == [HOLD_MS, 2 * HOLD_MS, 4 * HOLD_MS]
    assert waits == sorted(waits) and waits[-1] == HOLD_MS_MAX


def test_the_wait_begins_when_it_is_heard_again_and_anew_when_it_falls_silent_meanwhile() -> None:
    damping, now_ms = lost(4)
    assert damping.held((), now_ms + 60_000) == {}
    assert damping.held((2,), now_ms + 60_000) == {2: now_ms + 60_000 + HOLD_MS}
    damping.gone(2)
    assert damping.held((2,), now_ms + 63_000) == {2: now_ms + 63_000 + HOLD_MS}
    assert damping.held((2,), now_ms + 63_000 + HOLD_MS) == {}


def test_what_is_long_ago_is_forgotten() -> None:
    damping, now_ms = lost(9)
    assert damping.held((2,), now_ms + WINDOW_MS) == {}
    damping.lost(2, now_ms + WINDOW_MS)
    assert damping.losses(2) == 1


def test_others_are_not_concerned() -> None:
    damping, now_ms = lost(9)
    assert damping.held((1, 3), now_ms) == {}
