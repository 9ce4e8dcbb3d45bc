"""Laws of sealing: each packet opens once, in any order within the window, and only as it was."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.ring.frames import Boot
from pcsx.ring.seal import SUITES, WINDOW, Channel
from pcsx.ring.wire import BEAT, HEADER, Dropped


def pair(suite: int = 1) -> tuple[Channel, Channel]:
    there, back = SUITES[suite](bytes(32)), SUITES[suite](bytes([1]) * 32)
    common = {"boot": Boot(1, 2), "seq": 1, "born_ms": 0, "will_out": b"", "will_in": b""}
    return (
        Channel(node=2, mine=10, theirs=20, seal_out=there, seal_in=back, **common),  # type: ignore[arg-type]
        Channel(node=1, mine=20, theirs=10, seal_out=back, seal_in=there, **common),  # type: ignore[arg-type]
    )


def opened(channel: Channel, data: bytes) -> bytes:
    return channel.open(data, HEADER.unpack_from(data)[5])


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_what_is_sealed_opens_on_the_other_side(suite: int) -> None:
    here, there = pair(suite)
    assert opened(there, here.seal(BEAT, b"hello")) == b"hello"
    assert opened(here, there.seal(BEAT, b"")) == b""


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.integers(1, 5000))
def test_every_packet_opens_at_most_once_and_always_within_the_window(
    chance: random.Random, count: int
) -> None:
    here, there = pair()
    packets = [here.seal(BEAT, b"%d" % number) for number in range(count)]
    order = sorted(range(count), key=lambda n: n + chance.randrange(WINDOW - 1))
    seen = set()
    for number in order:
        assert opened(there, packets[number]) == b"%d" % number
        seen.add(number)
    assert len(seen) == count
    for number in chance.sample(range(count), min(50, count)):
        with pytest.raises(Dropped):
            opened(there, packets[number])


def test_a_packet_behind_the_window_is_old() -> None:
    here, there = pair()
    first = here.seal(BEAT, b"first")
    for _ in range(WINDOW):
        last = here.seal(BEAT, b"x")
    opened(there, last)
    with pytest.raises(Dropped, match="old"):
        opened(there, first)


@given(st.integers(0, 8 * 50 - 1))
def test_a_flipped_bit_anywhere_closes_the_packet_and_moves_no_window(bit: int) -> None:
    here, there = pair()
    data = here.seal(BEAT, bytes(50 - 32))
    bad = bytearray(data)
    bad[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Dropped):
        opened(there, bytes(bad))
    assert there.top == 0
    assert opened(there, data) == bytes(50 - 32)
