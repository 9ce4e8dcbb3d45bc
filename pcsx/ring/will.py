"""The will: how a supervisor tells the peers that heart and brain are gone, and with which keys.

For each session the heart leaves the supervisor where the peer is and a key that is good for this
one message. Nothing here needs more than a keyed hash, since the supervisor is small on purpose.
From that key another comes, by which a crash kernel tells that the kernel has panicked: whoever
finds it cannot write the will.
"""

from __future__ import annotations

import hmac
import struct
from hashlib import blake2s
from typing import Final

from pcsx.ring.codec import Codec
from pcsx.ring.frames import Boot
from pcsx.ring.heart_port import LeaveWills
from pcsx.ring.wire import HEADER, HEADER_SIZE, MAGIC, PANIC, WILL, Dropped

WILLS: Final[Codec[LeaveWills]] = Codec(1, {1: LeaveWills})
"""What the heart leaves the supervisor, as bytes."""

_WILL: Final = struct.Struct(">QQi")
_PANIC: Final = struct.Struct(">QQ")
_TAG: Final = 16


def sealed_will(*, key: bytes, session: int, boot: Boot, status: int) -> bytes:
    """Return the packet that tells the peer of *session* that the life *boot* is over.

    Only the supervisor sends it, once heart and brain are both gone for certain.
    """
    head = HEADER.pack(MAGIC, WILL, 0, 0, session, 0)
    return _sealed(head + _WILL.pack(boot.counter, boot.nonce, status), key)


def opened_will(data: bytes, key: bytes) -> tuple[Boot, int]:
    """Return whose life is over, and the exit status, as a will sealed with *key* tells it."""
    counter, nonce, status = _opened(data, key, _WILL)
    return Boot(counter, nonce), status


def panic_key(will_key: bytes) -> bytes:
    """Return the key of a panic's packet on the session whose will has *will_key*."""
    return blake2s(b"pcsx panic", key=will_key).digest()


def sealed_panic(*, key: bytes, session: int, boot: Boot) -> bytes:
    """Return the packet that tells the peer of *session* that the kernel under *boot* panicked.

    Only a crash kernel sends it: then nothing that ran under that kernel runs.
    """
    head = HEADER.pack(MAGIC, PANIC, 0, 0, session, 0)
    return _sealed(head + _PANIC.pack(boot.counter, boot.nonce), key)


def opened_panic(data: bytes, key: bytes) -> Boot:
    """Return whose kernel has panicked, as a packet sealed with *key* tells it."""
    return Boot(*_opened(data, key, _PANIC))


def _sealed(body: bytes, key: bytes) -> bytes:
    return body + blake2s(body, key=key, digest_size=_TAG).digest()


def _opened(data: bytes, key: bytes, form: struct.Struct) -> tuple[int, ...]:
    if len(data) != HEADER_SIZE + form.size + _TAG:
        raise Dropped("malformed")
    body, tag = data[:-_TAG], data[-_TAG:]
    if not hmac.compare_digest(blake2s(body, key=key, digest_size=_TAG).digest(), tag):
        raise Dropped("seal")
    return form.unpack_from(body, HEADER_SIZE)
