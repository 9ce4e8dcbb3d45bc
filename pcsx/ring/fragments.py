"""Messages as packets: large ones cut to the path's size and joined again, small ones packed.

A lost part loses its message, and the sender's brain sends what matters again. What a peer left
half said is bounded in bytes and in time, so that loss leaks no memory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.wire import OVERHEAD

MESSAGE_MAX: Final = 1 << 20
"""How many bytes a message may have."""
UNFINISHED_MAX: Final = 4 * MESSAGE_MAX
"""How many bytes of unfinished messages are kept of one peer."""
UNFINISHED_MS: Final = 5000

_LENGTH: Final = struct.Struct(">H")
_PART: Final = struct.Struct(">IHH")


def room(packet_size: int) -> int:
    """Return how long a message may be so that it fits whole into a packet of this size."""
    return packet_size - OVERHEAD - _LENGTH.size


def packed(messages: Iterable[bytes], packet_size: int) -> Iterator[bytes]:
    """Yield what to seal as WHOLE packets, as few as the order of *messages* allows.

    Each message has at most `room(packet_size)` bytes.
    """
    together: list[bytes] = []
    left = limit = packet_size - OVERHEAD
    for message in messages:
        size = _LENGTH.size + len(message)
        if size > left and together:
            yield b"".join(together)
            together, left = [], limit
        together += (_LENGTH.pack(len(message)), message)
        left -= size
    if together:
        yield b"".join(together)


def unpacked(plain: bytes) -> list[bytes] | None:
    """Return the messages of a WHOLE packet, or None where it is none."""
    messages, at, end = [], 0, len(plain)
    while at < end:
        if end - at < _LENGTH.size:
            return None
        size = _LENGTH.unpack_from(plain, at)[0]
        at += _LENGTH.size
        if size > end - at:
            return None
        messages.append(plain[at : at + size])
        at += size
    return messages


def cut(message: bytes, number: int, packet_size: int) -> list[bytes]:
    """Return what to seal as PART packets for one large *message*, whose *number* tells it apart.

    All parts but the last have the same length.
    """
    assert 0 < len(message) <= MESSAGE_MAX
    size = packet_size - OVERHEAD - _PART.size
    starts = range(0, len(message), size)
    return [
        _PART.pack(number & 0xFFFFFFFF, index, len(starts)) + message[at : at + size]
        for index, at in enumerate(starts)
    ]


@dataclass(slots=True)
class _Unfinished:
    count: int
    since_ms: int
    size: int = 0
    parts: dict[int, bytes] = field(default_factory=dict)


class Assembly:
    """The unfinished messages of one session's peer."""

    __slots__ = ("_messages", "_size", "lost")

    def __init__(self) -> None:
        self._messages: dict[int, _Unfinished] = {}
        self._size = 0
        self.lost = 0
        """How many messages were given up unfinished."""

    def __bool__(self) -> bool:
        return bool(self._messages)

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        return self._size

    def take(self, plain: bytes, now_ms: int) -> bytes | None:
        """Return the message that the PART *plain* completes, if it does."""
        if len(plain) <= _PART.size:
            return None
        number, index, count = _PART.unpack_from(plain)
        if index >= count:
            return None
        message = self._messages.get(number)
        if message is None or message.count != count:
            if message is not None:
                self._give_up(number)
            message = self._messages[number] = _Unfinished(count, now_ms)
        if index in message.parts:
            return None
        part = plain[_PART.size :]
        message.parts[index] = part
        message.size += len(part)
        self._size += len(part)
        if message.size > MESSAGE_MAX:
            self._give_up(number)
            return None
        if len(message.parts) == count:
            del self._messages[number]
            self._size -= message.size
            return b"".join(message.parts[index] for index in range(count))
        while self._size > UNFINISHED_MAX:
            self._give_up(next(iter(self._messages)))
        return None

    def expire(self, now_ms: int) -> None:
        """Give up the messages that were begun too long ago."""
        while self._messages:
            number, message = next(iter(self._messages.items()))
            if now_ms - message.since_ms < UNFINISHED_MS:
                return
            self._give_up(number)

    def _give_up(self, number: int) -> None:
        self._size -= self._messages.pop(number).size
        self.lost += 1
