"""Laws of the messages of process groups as they stand on the local socket."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from pcsx.group_wire import (
    Arrived,
    Placed,
    is_json,
    pack_reply,
    pack_send,
    read_reply,
    read_send,
)
from pcsx.protocol import HEADER, GroupSend, pack

ids = some.integers(0, 2**64 - 1)
names = some.text(min_size=1, max_size=60)
payloads = some.binary(max_size=2000)


def body_of(packed: bytes) -> bytes:
    (length,) = HEADER.unpack_from(packed)
    assert len(packed) == HEADER.size + length
    return packed[HEADER.size :]


@given(ids, names, payloads, some.booleans())
def test_what_is_said_to_a_group_is_read_as_it_was_said(
    id: int, group: str, payload: bytes, safe: bool
):
    said = GroupSend(group, payload, safe)
    body = body_of(pack_send(id, said))
    assert not is_json(body)
    assert read_send(body) == (id, said)


@given(ids, names, ids, some.integers(0, 2**32 - 1), payloads)
def test_a_message_reaches_a_client_as_it_arrived(
    id: int, node: str, key: int, pid: int, payload: bytes
):
    body = body_of(pack_reply(id, Arrived(node, key, pid, payload)))
    assert not is_json(body)
    sender = {"node": node, "pid": pid, "key": key}
    assert read_reply(body) == {"id": id, "progress": {"message": payload, "from": sender}}


@given(ids, ids, ids)
def test_a_place_reaches_a_client_in_the_shape_of_every_answer(id: int, epoch: int, place: int):
    body = body_of(pack_reply(id, Placed(epoch, place)))
    assert not is_json(body)
    assert read_reply(body) == {"id": id, "ok": {"place": [epoch, place]}}


@given(some.dictionaries(some.text(max_size=9), some.integers(), max_size=3))
def test_no_json_is_taken_for_a_message(message: dict[str, Any]):
    assert is_json(body_of(pack(message)))
    assert is_json(b"")


@given(some.binary(max_size=40) | some.builds(lambda rest: b"\1" + rest, some.binary(max_size=40)))
def test_bytes_are_read_only_if_they_are_what_would_be_written(body: bytes):
    with contextlib.suppress(ValueError):
        id, said = read_send(body)
        assert body_of(pack_send(id, said)) == body
