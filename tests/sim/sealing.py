"""Sealing without cryptography, for simulation: a changed byte or another key does not open."""

from __future__ import annotations

import hashlib
from zlib import crc32

from cryptography.exceptions import InvalidTag

from pcsx.ring.seal import SUITES


class Cheap:
    """A suite that appends the key's own twelve bytes and a checksum of all that was sealed."""

    def __init__(self, key: bytes) -> None:
        self._tag = hashlib.blake2s(key, digest_size=12).digest()

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        return data + self._tag + self._sum(nonce, data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        plain = data[:-16]
        if data[-16:] != self._tag + self._sum(nonce, plain, associated_data):
            raise InvalidTag
        return plain

    def _sum(self, nonce: bytes, data: bytes, associated: bytes | None) -> bytes:
        # What is associated holds the nonce, where there is any.
        return crc32(data, crc32(associated or nonce)).to_bytes(4, "big")


CHEAP = dict.fromkeys(SUITES, Cheap)
