"""Laws of links: the best path is alive both ways, wanted, clean and quick, in this order."""

from __future__ import annotations

from functools import partial

from pcsx.ring.config import PROFILES, Address
from pcsx.ring.links import SIZE_HELD_MS, SIZE_PROBE_BEATS, Link, Paths
from pcsx.ring.wire import PACKET_SIZES


def paths(*priorities: int) -> Paths:
    addresses = tuple(Address(f"10.{n}.0.1", 5450) for n in range(len(priorities)))
    made = Paths(addresses, priorities)
    for link in made.links:
        link.heard_ms = 1000
        link.reaches = True
    return made


def beat(link: Link, number: int, now_ms: int, *, rtt_ms: int = 1) -> None:
    link.heard_ms = now_ms
    link.hear_beat(
        number=number, sent_ms=now_ms, echo_ms=now_ms - rtt_ms, held_ms=0, reaches=True,
        size=1200, now_ms=now_ms,
    )  # fmt: skip


def test_the_first_of_equal_links_is_the_best() -> None:
    assert paths(0, 0, 0).best(1000, 500).index == 0


def test_priority_outweighs_everything_but_silence() -> None:
    made = paths(0, 5)
    for number in range(1, 40):
        beat(made.links[1], 3 * number, 1000, rtt_ms=80)
        beat(made.links[0], number, 1000)
    assert made.best(1000, 500).index == 1
    made.links[1].heard_ms = 0
    assert made.best(2000, 500).index == 0 or made.links[0].heard_ms < 1500
    made.links[0].heard_ms = 2000
    assert made.best(3000, 1500).index == 0


def test_a_link_on_which_the_peer_is_deaf_is_not_the_best() -> None:
    made = paths(9, 0)
    made.links[0].reaches = False
    assert made.best(1000, 500).index == 1


def test_of_equal_priorities_the_cleaner_link_is_the_best_then_the_quicker() -> None:
    made = paths(0, 0)
    for number in range(1, 60):
        beat(made.links[0], 2 * number, 1000)
        beat(made.links[1], number, 1000, rtt_ms=30)
    assert made.best(1000, 500).index == 1
    made = paths(0, 0)
    for number in range(1, 60):
        beat(made.links[0], number, 1000, rtt_ms=30)
        beat(made.links[1], number, 1000)
    assert made.best(1000, 500).index == 1


def test_the_measured_loss_approaches_the_true_one_and_returns_to_nothing() -> None:
    link = paths(0).links[0]
    for number in range(1, 400):
        beat(link, 2 * number, 1000)
    assert 0.4 < link.loss / 65536 < 0.6
    for number in range(1000, 1400):
        beat(link, number, 1000)
    assert link.loss / 65536 < 0.01


def test_the_round_trip_is_what_is_left_of_the_echo_without_the_holding() -> None:
    link = paths(0).links[0]
    for number in range(1, 80):
        link.hear_beat(
            number=number, sent_ms=7, echo_ms=1000, held_ms=90, reaches=True, size=0, now_ms=1102
        )
    assert link.rtt_ms8 // 8 == 12


def test_a_late_heartbeat_does_not_turn_the_echo_back() -> None:
    link = paths(0).links[0]
    beat(link, 10, 1000)
    link.hear_beat(number=9, sent_ms=900, echo_ms=0, held_ms=0, reaches=True, size=0, now_ms=1001)
    assert (link.number, link.echo_ms) == (10, 1000)


def test_packets_are_as_large_as_the_peer_says_came_through() -> None:
    link = paths(0).links[0]
    for said, size in ((0, 1200), (1432, 1432), (8932, 8932), (1500, 1432), (0, 1200)):
        link.hear_beat(number=1, sent_ms=1, echo_ms=0, held_ms=0, reaches=True, size=said, now_ms=1)
        assert link.size == size


def test_a_probe_comes_again_before_the_size_is_forgotten_in_every_profile() -> None:
    for profile in PROFILES.values():
        assert SIZE_PROBE_BEATS * profile.calm_ms < SIZE_HELD_MS


def test_one_beat_lost_of_forty_is_a_loss_seen_and_a_long_quiet_ends_it() -> None:
    link = paths(0).links[0]
    hear = partial(
        link.hear_beat, sent_ms=1, echo_ms=0, held_ms=0, reaches=True, size=0, now_ms=1
    )  # fmt: skip
    hear(number=1)
    assert not link.loses
    hear(number=3)
    assert link.loses
    for number in range(4, 60):
        hear(number=number)
    assert not link.loses


def test_the_largest_packet_is_remembered_for_a_while_only() -> None:
    link = paths(0).links[0]
    link.hear_size(8932, 1000)
    link.hear_size(1432, 1000 + SIZE_HELD_MS)
    assert link.size_heard == 8932
    link.hear_size(1432, 1001 + SIZE_HELD_MS)
    assert link.size_heard == 1432


def test_every_larger_size_is_probed_now_and_then_and_the_first_never() -> None:
    sizes = [paths(0, 0).links[1].probe_size(number) for number in range(1000)]
    assert {size: sizes.count(size) for size in set(sizes)} == {
        0: 960, PACKET_SIZES[1]: 20, PACKET_SIZES[2]: 20,
    }  # fmt: skip
