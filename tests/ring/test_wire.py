"""Laws of the wire: heartbeats keep what they were given, and garbage is malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.codec import Malformed
from pcsx.ring.wire import (
    BEAT_SIZE,
    WIRE,
    Ask,
    Beat,
    Gossip,
    beat_of,
    pack_beat_head,
    pack_beat_tail,
)

U8, U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
HEADS = st.tuples(U8, U8, U16, U32, U64, U64, U32)
TAILS = st.tuples(U32, U32, U64, U64, U64)


@given(HEADS, TAILS, st.binary(max_size=400), st.integers(0, 50))
def test_a_heartbeat_in_two_halves_is_read_as_one_with_or_without_padding(
    head: tuple[int, ...], tail: tuple[int, ...], payload: bytes, padding: int
) -> None:
    plain = pack_beat_head(*head) + pack_beat_tail(*tail, len(payload)) + payload
    numbers, said = beat_of(plain + bytes(padding))
    assert said == payload
    assert Beat(*numbers) == (*head, *tail, len(payload))


@given(st.binary(max_size=BEAT_SIZE + 20))
def test_garbage_is_malformed_or_within_its_bounds(garbage: bytes) -> None:
    try:
        numbers, payload = beat_of(garbage)
    except Malformed:
        return
    assert len(payload) == numbers[12] <= len(garbage) - BEAT_SIZE


@given(st.binary(max_size=80))
def test_garbage_in_place_of_a_message_is_malformed_or_spells_it(garbage: bytes) -> None:
    try:
        message = WIRE.decode(garbage)
    except Malformed:
        return
    assert WIRE.encode(message) == garbage


def test_a_cut_message_is_malformed() -> None:
    for message in (Ask(3), Gossip(())):
        with pytest.raises(Malformed):
            WIRE.decode(WIRE.encode(message)[:-1])
