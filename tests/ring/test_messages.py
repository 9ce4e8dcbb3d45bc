"""Laws of the messages between brains: whole, small, and never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.codec import Malformed
from pcsx.ring.frames import Boot, Row
from pcsx.ring.messages import (
    NO_VIEW,
    App,
    Cut,
    Flush,
    Install,
    Item,
    Join,
    LogState,
    Message,
    Ordered,
    decode,
    encode,
)
from pcsx.ring.port import Entry, EntryKind, Member, View, ViewId

VIEW = View(ViewId(7, 1), (Member(1, Boot(3, 2**63)), Member(2, Boot(1, 5))))
EXAMPLES: list[Message] = [
    Join(
        1, NO_VIEW, 3, (1, 2), (3,), (Row(1, Boot(3, 9), 4, 0b110, True),),
        LogState(3, 2, 900, 800, True, False, True),
    ),
    Flush(VIEW.id, NO_VIEW, 0, 0, ((1, 2), (4, 4))),
    Install(VIEW, (Cut(ViewId(6, 2), 3, 2, (1, 2)),)),
    Ordered(VIEW.id, 5, 4, (Item(2, 1, True, b"x" * 300),)),
    App(3, 4, 2, 4, 17, 2400, ((2, 10**12),), (Entry(5, 3, EntryKind.JOINT, b"\0"),)),
]  # fmt: skip


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_what_is_encoded_decodes_to_the_same(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_malformed_or_a_message(data: bytes) -> None:
    try:
        message = decode(data)
    except Malformed:
        return
    assert encode(message) == data


def test_a_round_of_a_leader_at_rest_is_a_small_packet() -> None:
    idle = App(900, 10**6, 900, 10**6, 10**6, 2400, tuple((n, 10**9) for n in (1, 2, 3)), ())
    assert len(encode(idle)) < 80
