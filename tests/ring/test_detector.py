"""Laws of the detector: silence, agreement, doubt and rows, one judgement at a time."""

from __future__ import annotations

from pcsx.ring.config import PROFILES, Profile
from pcsx.ring.detector import CALM_MS, DOUBT_MAX, Detector
from pcsx.ring.frames import Boot, Doubt, PeerState, Reach, Row, Rows, ToBrain, Why

TIMERS = PROFILES["standard"]
BOOT = Boot(1, 1)


def detector(*peers: int, timers: Profile = TIMERS, realtime: bool = True) -> Detector:
    """Return node 1's detector, which has heard all *peers* at 1000, and they each other."""
    made = Detector(1, BOOT, timers, realtime=realtime)
    for peer in peers:
        hearing = made.add(peer)
        made.born(hearing, Boot(1, peer), 1000)
    hear(made, 1000, *peers)
    made.tick(1000, 0)
    return made


def hear(made: Detector, now_ms: int, *peers: int, deaf_to: tuple[int, ...] = ()) -> None:
    """Let *peers* beat, each hearing all nodes but those it is *deaf_to*."""
    everyone = {1, *made.hearings}
    for peer in peers:
        hearing = made.hearings[peer]
        if hearing.reach is not Reach.UP:
            made.heard(hearing, now_ms)
        hearing.heard_ms = hearing.fresh_ms = now_ms
        hearing.fresh = sum(1 << (n - 1) for n in everyone - {peer, *deaf_to})


def states(said: list[ToBrain]) -> list[tuple[int, Reach]]:
    return [(frame.node, frame.reach) for frame in said if isinstance(frame, PeerState)]


def run(made: Detector, start: int, end: int, *alive: int, deaf_to: tuple[int, ...] = ()) -> list:  # type: ignore[type-arg]
    """Tick every beat from *start* to *end* and return (time, node, reach) of what was said."""
    said = []
    for now_ms in range(start, end + 1, TIMERS.beat_ms):
        hear(made, now_ms, *alive, deaf_to=deaf_to)
        said += [(now_ms, *state) for state in states(made.tick(now_ms, 0))]
    return said


def test_silence_is_suspect_and_then_down() -> None:
    made = detector(2, 3)
    assert run(made, 1100, 5000, 3, deaf_to=(2,)) == [
        (2100, 2, Reach.SUSPECT),
        (4100, 2, Reach.DOWN),
    ]


def test_whom_another_hears_is_not_down_until_that_one_no_longer_does() -> None:
    made = detector(2, 3)
    assert run(made, 1100, 9000, 3) == [(2100, 2, Reach.SUSPECT)]
    assert run(made, 9100, 9100, 3, deaf_to=(2,)) == [(9100, 2, Reach.DOWN)]


def test_the_word_of_one_that_doubts_itself_counts_for_nothing() -> None:
    made = detector(2, 3)
    made.learn(Row(3, Boot(1, 3), 5, 0b1110, True), 1000)
    assert (4100, 2, Reach.DOWN) in run(made, 1100, 5000, 3)


def test_a_sign_of_life_through_another_holds_the_verdict_back() -> None:
    made = detector(2, 3)
    run(made, 1100, 4000, 3, deaf_to=(2,))
    made.vouched(2, Boot(1, 2), 4000)
    assert run(made, 4100, 5000, 3, deaf_to=(2,)) == []
    assert run(made, 5100, 5100, 3, deaf_to=(2,)) == [(5100, 2, Reach.DOWN)]


def test_a_sign_of_life_of_another_life_says_nothing() -> None:
    made = detector(2, 3)
    run(made, 1100, 4000, 3, deaf_to=(2,))
    made.vouched(2, Boot(0, 9), 4000)
    assert run(made, 4100, 4100, 3, deaf_to=(2,)) == [(4100, 2, Reach.DOWN)]


def test_the_first_waits_two_beats_at_most_for_others_that_are_silent() -> None:
    made = detector(2, 3, 4)
    run(made, 1100, 1200, 3, 4, deaf_to=(2,))
    assert run(made, 1300, 4400, 4, deaf_to=(2, 3))[-2:] == [
        (4300, 2, Reach.DOWN),
        (4300, 3, Reach.DOWN),
    ]
    made = detector(2, 3, 4)
    run(made, 1100, 3000, 3, 4, deaf_to=(2,))
    downs = [s for s in run(made, 3100, 7000, 4, deaf_to=(2, 3)) if s[2] is Reach.DOWN]
    assert downs == [(4300, 2, Reach.DOWN), (6100, 3, Reach.DOWN)]


def test_being_late_stretches_the_own_times_and_calm_shortens_them_again() -> None:
    made = detector(2, 3)
    for late in range(DOUBT_MAX + 3):
        made.tick(1100 + late, TIMERS.beat_ms + 1)
    assert made.score == DOUBT_MAX
    hear(made, 1200, 2, 3)
    for second in range(1, DOUBT_MAX + 1):
        now_ms = 1200 + second * (CALM_MS + 1)
        hear(made, now_ms, 2, 3)
        said = made.tick(now_ms, 0)
        assert Doubt(DOUBT_MAX - second, 0) in said


def test_a_doubtful_node_suspects_later() -> None:
    made = detector(2, 3)
    made.tick(1050, TIMERS.beat_ms + 1)
    assert made.score == 1
    hear(made, 1060, 3)
    assert states(made.tick(2040, 0)) == []


def test_one_that_most_do_not_hear_doubts_itself_and_a_pair_never() -> None:
    made = detector(2, 3, 4)
    hear(made, 1100, 2, 3, 4, deaf_to=(1,))
    made.tick(1100, 0)
    assert made.score == 1
    pair = detector(2)
    hear(pair, 1100, 2, deaf_to=(1,))
    pair.tick(1100, 0)
    assert pair.score == 0


def test_pressure_is_strain() -> None:
    made = detector(2, 3)
    made.pressed(95)
    made.tick(1100, 0)
    assert made.score == 1


def test_after_a_long_stall_nobody_is_accused_for_one_down() -> None:
    made = detector(2, 3)
    said = made.tick(6000, 2000)
    assert states(said) == []
    assert Doubt(1, 6000 + TIMERS.down_ms) in said
    assert made.row.doubtful
    assert run(made, 6100, 8900) == []
    later = run(made, 9000, 12_000)
    assert (9000, 2, Reach.SUSPECT) in later
    assert not made.row.doubtful


def test_without_real_time_the_times_of_standard_hold_at_least() -> None:
    made = detector(2, timers=PROFILES["fast"], realtime=False)
    assert (made.timers.suspect_ms, made.timers.down_ms) == (1000, 3000)
    made = detector(2, timers=PROFILES["wan"], realtime=False)
    assert made.timers.down_ms == 10_000


def test_rows_are_told_when_they_change_together_and_sorted() -> None:
    made = detector(2, 3)
    made.rows_due(5000)
    made.learn(Row(3, Boot(1, 3), 2, 0b0110, False), 5000)
    made.learn(Row(2, Boot(1, 2), 2, 0b1010, False), 5004)
    assert made.rows_due(5009) == []
    (frame,) = made.rows_due(5010)
    assert isinstance(frame, Rows)
    assert [row.node for row in frame.rows] == [1, 2, 3]
    assert made.rows_due(9000) == []


def test_an_older_row_and_one_that_says_the_same_change_nothing() -> None:
    made = detector(2, 3)
    made.learn(Row(3, Boot(1, 3), 9, 0b0110, False), 5000)
    made.rows_due(5010)
    made.learn(Row(3, Boot(1, 3), 8, 0b0010, False), 5020)
    made.learn(Row(3, Boot(0, 9), 99, 0b0010, False), 5020)
    made.learn(Row(3, Boot(1, 3), 10, 0b0110, False), 5020)
    made.learn(Row(9, Boot(1, 9), 10, 0b0110, False), 5020)
    assert made.rows_due(9000) == []
    assert made.hearings[3].row == Row(3, Boot(1, 3), 10, 0b0110, False)


def test_the_own_row_loses_a_node_with_its_time_or_its_end() -> None:
    made = detector(2, 3)
    assert made.row.hears == 0b1100
    run(made, 1100, 4000, 3)
    assert made.row.hears == 0b1100
    run(made, 4100, 4100, 3)
    assert made.row.hears == 0b1000
    said = made.gone(made.hearings[3], Why.LEFT, 4150)
    assert made.row.hears == 0
    assert [type(frame) for frame in said] == [Rows, PeerState]


def test_a_known_death_is_told_though_silence_had_told_it_before() -> None:
    made = detector(2, 3)
    run(made, 1100, 5000, 3, deaf_to=(2,))
    said = made.gone(made.hearings[2], Why.DIED, 5000)
    assert [(f.reach, f.why) for f in said if isinstance(f, PeerState)] == [(Reach.DOWN, Why.DIED)]
    assert made.gone(made.hearings[2], Why.DIED, 5001) == []
