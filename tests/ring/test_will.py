"""Laws of the will: only the key's holder can write it, and it says just what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.config import Address
from pcsx.ring.frames import Boot
from pcsx.ring.heart_port import LeaveWills, Will
from pcsx.ring.will import (
    WILLS,
    opened_panic,
    opened_will,
    panic_key,
    sealed_panic,
    sealed_will,
)
from pcsx.ring.wire import Dropped

KEY = bytes(range(32))


@given(st.integers(0, 2**63), st.integers(0, 2**64 - 1), st.integers(-64, 255))
def test_a_will_tells_whose_life_is_over(counter: int, nonce: int, status: int) -> None:
    boot = Boot(counter, nonce)
    data = sealed_will(key=KEY, session=9, boot=boot, status=status)
    assert opened_will(data, KEY) == (boot, status)


@given(st.integers(0, 51), st.integers(1, 255))
def test_a_will_that_was_touched_is_none(at: int, change: int) -> None:
    data = bytearray(sealed_will(key=KEY, session=9, boot=Boot(1, 2), status=-9))
    assert len(data) == 52
    data[at] ^= change
    with pytest.raises(Dropped):
        opened_will(bytes(data), KEY)


def test_a_will_under_another_key_is_none() -> None:
    data = sealed_will(key=KEY, session=9, boot=Boot(1, 2), status=-9)
    with pytest.raises(Dropped, match="seal"):
        opened_will(data, bytes(32))


def test_what_the_heart_leaves_the_supervisor_survives_the_socket() -> None:
    will = Will((Address("10.0.0.2", 5450), Address("fd00::2", 5451)), 77, KEY)
    wills = LeaveWills(Boot(3, 4), (will,))
    assert WILLS.decode(WILLS.encode(wills)) == wills


@given(st.integers(0, 2**63), st.integers(0, 2**64 - 1))
def test_a_panic_tells_whose_kernel_it_was(counter: int, nonce: int) -> None:
    boot = Boot(counter, nonce)
    assert opened_panic(sealed_panic(key=KEY, session=9, boot=boot), KEY) == boot


@given(st.integers(0, 47), st.integers(1, 255))
def test_a_panic_that_was_touched_is_none(at: int, change: int) -> None:
    data = bytearray(sealed_panic(key=KEY, session=9, boot=Boot(1, 2)))
    assert len(data) == 48
    data[at] ^= change
    with pytest.raises(Dropped):
        opened_panic(bytes(data), KEY)


def test_neither_word_can_be_made_of_the_other() -> None:
    will = sealed_will(key=KEY, session=9, boot=Boot(1, 2), status=0)
    panic = sealed_panic(key=panic_key(KEY), session=9, boot=Boot(1, 2))
    assert panic_key(KEY) != KEY
    for key in (KEY, panic_key(KEY)):
        with pytest.raises(Dropped):
            opened_panic(will, key)
        with pytest.raises(Dropped):
            opened_will(panic, key)
