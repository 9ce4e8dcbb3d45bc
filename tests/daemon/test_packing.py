"""Laws of packing: what was packed is the same unpacked, and nothing grows without bound."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.daemon.packing import PACK_FROM, UNPACKED_MAX, packed, unpacked
from pcsx.ring.codec import Malformed


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 3000))
def test_what_was_packed_is_the_same_unpacked(piece: bytes, times: int):
    data = b"\x01" + piece * times
    assert unpacked(packed(data)) == data


def test_what_is_small_is_left_as_it_is():
    data = b"\x01" * (PACK_FROM - 1)
    assert packed(data) is data


def test_a_large_document_becomes_a_tenth():
    rows = (
        b'<nvpair id="set-%d" name="opt%d" value="%d"/>' % (n, n, n * 7919) for n in range(9000)
    )
    data = b"\x01" + b"".join(rows)
    assert len(packed(data)) < len(data) / 3


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=400))
def test_garbage_is_malformed_or_left_alone(data: bytes):
    if data.startswith(b"\xff"):
        with pytest.raises(Malformed):
            unpacked(data)
    else:
        assert unpacked(data) == data


def test_a_bomb_is_refused():
    bomb = b"\xff" + zlib.compress(bytes(UNPACKED_MAX + 1), 9)
    with pytest.raises(Malformed):
        unpacked(bomb)
