"""Large messages and facts made small: what nodes say to each other fits one message of the ring.

XML shrinks to a tenth. What is small is left as it is, so that nothing is spent where it is common.
"""

from __future__ import annotations

import zlib
from typing import Final

from pcsx.ring.codec import Malformed

PACK_FROM: Final = 32 * 1024
UNPACKED_MAX: Final = 64 << 20
_MARK: Final = b"\xff"
"""No message of a codec begins so: they begin with their version."""


def packed(data: bytes) -> bytes:
    """Return *data*, smaller where it is large."""
    if len(data) < PACK_FROM:
        return data
    small = _MARK + zlib.compress(data, 1)
    return small if len(small) < len(data) else data


def unpacked(data: bytes) -> bytes:
    """Return what `packed` was given, or raise `Malformed`."""
    if not data.startswith(_MARK):
        return data
    engine = zlib.decompressobj()
    try:
        plain = engine.decompress(data[1:], UNPACKED_MAX)
    except zlib.error as error:
        raise Malformed(f"it does not unpack: {error}") from None
    if not engine.eof or engine.unused_data:
        raise Malformed("it does not unpack whole")
    return plain
