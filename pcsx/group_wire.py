"""What members of a process group say and hear over the local socket, as bytes.

All else there is JSON (`protocol.py`). The messages of groups are many, and what they hold is their
members' own business: behind the length comes one byte that no JSON begins with, then fields of
fixed width, and what was said stands there as it is.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from pcsx.lean import dataclass
from pcsx.protocol import HEADER, GroupSend, pack

_SEND: Final = 1
_ARRIVED: Final = 2
_PLACED: Final = 3

_SEND_HEAD: Final = struct.Struct(">BQBB")
"""The mark, the request's id, 1 if it is SAFE, how long the group's name is."""
_ARRIVED_HEAD: Final = struct.Struct(">BQQIB")
"""The mark, the id of the joining, the sender's key and process, how long its node's name is."""
_PLACED_ALL: Final = struct.Struct(">BQQQ")
"""The mark, the id of the sending, the view's epoch, the place in it."""
_FULL_PLACED_HEAD: Final = HEADER.pack(_PLACED_ALL.size)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of a group, as progress of a `GroupJoin`; who said it is a client of *node*."""

    node: str
    key: int
    pid: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """The answer to a `GroupSend` that was delivered here: its *place* in the view of *epoch*."""

    epoch: int
    place: int


def is_json(body: bytes | bytearray) -> bool:
    """Return whether the *body* of a message is JSON, and not one of a group's."""
    return not body or body[0] > _PLACED


def pack_send(id: int, request: GroupSend) -> bytes:
    """Return *request* as bytes for the wire."""
    group = request.group.encode()
    head = _SEND_HEAD.pack(_SEND, id, request.safe, len(group))
    size = len(head) + len(group) + len(request.message)
    return b"".join((HEADER.pack(size), head, group, request.message))


def read_send(body: bytes) -> tuple[int, GroupSend]:
    """Return the id and the request that *body* spells, or raise `ValueError`."""
    try:
        mark, id, safe, length = _SEND_HEAD.unpack_from(body)
    except struct.error as error:
        raise ValueError(str(error)) from None
    start = _SEND_HEAD.size + length
    if mark != _SEND or safe > 1 or start > len(body):
        raise ValueError("no message to a group")
    return id, GroupSend(body[_SEND_HEAD.size : start].decode(), body[start:], safe == 1)


def pack_reply(id: int, reply: dict[str, Any] | Arrived | Placed) -> bytes:
    """Return what is told of the request *id*, as bytes for the wire."""
    if reply.__class__ is dict:
        return pack({"id": id, **reply})
    if isinstance(reply, Arrived):
        node = reply.node.encode()
        head = _ARRIVED_HEAD.pack(_ARRIVED, id, reply.key, reply.pid, len(node))
        size = len(head) + len(node) + len(reply.payload)
        return b"".join((HEADER.pack(size), head, node, reply.payload))
    assert isinstance(reply, Placed)
    return _FULL_PLACED_HEAD + _PLACED_ALL.pack(_PLACED, id, reply.epoch, reply.place)


def read_reply(body: bytes) -> dict[str, Any]:
    """Return what *body* tells, in the shape that JSON has; the daemon is trusted to be whole."""
    if body[0] == _PLACED:
        _, id, epoch, place = _PLACED_ALL.unpack(body)
        return {"id": id, "ok": {"place": [epoch, place]}}
    _, id, key, pid, length = _ARRIVED_HEAD.unpack_from(body)
    start = _ARRIVED_HEAD.size + length
    sender = {"node": body[_ARRIVED_HEAD.size : start].decode(), "pid": pid, "key": key}
    return {"id": id, "progress": {"message": body[start:], "from": sender}}
