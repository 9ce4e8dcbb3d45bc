"""The will: how a supervisor tells the peers that heart and brain are gone, and with which keys.

For each session the heart leaves the supervisor where the peer is and a key that is good for this
one message. Nothing here needs more than a keyed hash, since the supervisor is small on purpose.
"""

from __future__ import annotations

import hmac
import struct
from hashlib import blake2s
from typing import Final

from pcsx.ring.codec import Codec
from pcsx.ring.frames import Boot
from pcsx.ring.heart_port import LeaveWills
from pcsx.ring.wire import HEADER, HEADER_SIZE, MAGIC, WILL, Dropped

WILLS: Final[Codec[LeaveWills]] = Codec(1, {1: LeaveWills})
"""What the heart leaves the supervisor, as bytes."""

_WILL: Final = struct.Struct(">QQi")
_TAG: Final = 16
_SIZE: Final = HEADER_SIZE + _WILL.size + _TAG


def sealed_will(*, key: bytes, session: int, boot: Boot, status: int) -> bytes:
    """Return the packet that tells the peer of *session* that the life *boot* is over.

    Only the supervisor sends it, once heart and brain are both gone for certain.
    """
    head = HEADER.pack(MAGIC, WILL, 0, 0, session, 0)
    body = head + _WILL.pack(boot.counter, boot.nonce, status)
    return body + blake2s(body, key=key, digest_size=_TAG).digest()


def opened_will(data: bytes, key: bytes) -> tuple[Boot, int]:
    """Return whose life is over, and the exit status, as a will sealed with *key* tells it."""
    if len(data) != _SIZE:
        raise Dropped("malformed")
    body, tag = data[:-_TAG], data[-_TAG:]
    if not hmac.compare_digest(blake2s(body, key=key, digest_size=_TAG).digest(), tag):
        raise Dropped("seal")
    counter, nonce, status = _WILL.unpack_from(body, HEADER_SIZE)
    return Boot(counter, nonce), status
