"""Laws of fragments: what is cut joins again in any order, and loss leaks nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.ring.fragments import (
    MESSAGE_MAX,
    UNFINISHED_MAX,
    UNFINISHED_MS,
    Assembly,
    cut,
    packed,
    room,
    unpacked,
)
from pcsx.ring.wire import OVERHEAD, PACKET_SIZES


@settings(max_examples=40)
@given(st.integers(1, 60_000), st.sampled_from(PACKET_SIZES), st.randoms(use_true_random=False))
def test_the_parts_of_a_message_join_in_any_order_even_twice(
    size: int, packet_size: int, chance: random.Random
) -> None:
    message = chance.randbytes(size)
    parts = cut(message, 7, packet_size)
    assert all(len(part) + OVERHEAD <= packet_size for part in parts)
    arriving = parts[:-1] * 2 + parts[-1:]
    chance.shuffle(arriving)
    assembly = Assembly()
    joined = [m for part in arriving if (m := assembly.take(part, 0)) is not None]
    assert joined[0] == message
    assembly.expire(UNFINISHED_MS)
    assert assembly.size == 0


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=room(1200)), max_size=40))
def test_packed_messages_come_out_in_order_and_every_packet_fits(messages: list[bytes]) -> None:
    packets = list(packed(messages, 1200))
    assert all(len(packet) + OVERHEAD <= 1200 for packet in packets)
    out = []
    for packet in packets:
        found = unpacked(packet)
        assert found is not None
        out += found
    assert out == messages


@given(st.binary(max_size=200))
def test_garbage_is_no_packet_of_messages_or_spells_just_these(garbage: bytes) -> None:
    found = unpacked(garbage)
    if found:
        assert b"".join(packed(found, 65535)) == garbage


@settings(max_examples=40)
@given(st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 100)), max_size=60))
def test_garbage_parts_never_raise_and_never_outgrow_the_bound(
    parts: list[tuple[bytes, int]],
) -> None:
    assembly = Assembly()
    for part, at in parts:
        assembly.take(part, at)
        assert 0 <= assembly.size <= UNFINISHED_MAX


def test_unfinished_messages_of_a_peer_are_bounded_in_bytes() -> None:
    assembly = Assembly()
    for number in range(50):
        for part in cut(bytes(MESSAGE_MAX), number, 8932)[:-1]:
            assembly.take(part, number)
            assert assembly.size <= UNFINISHED_MAX
    assert assembly.lost > 40


def test_unfinished_messages_are_given_up_in_time() -> None:
    assembly = Assembly()
    first, *_ = cut(bytes(5000), 1, 1200)
    assembly.take(first, 100)
    assembly.expire(100 + UNFINISHED_MS - 1)
    assert assembly.size > 0
    assembly.expire(100 + UNFINISHED_MS)
    assert assembly.size == 0 and assembly.lost == 1


def test_parts_that_claim_to_be_more_than_a_megabyte_are_given_up() -> None:
    assembly = Assembly()
    large = bytes(8932 - OVERHEAD - 8)
    for index in range(400):
        head = (3).to_bytes(4, "big") + index.to_bytes(2, "big") + (65535).to_bytes(2, "big")
        assembly.take(head + large, 0)
        assert assembly.size <= MESSAGE_MAX + len(large)
    assert assembly.lost > 0
