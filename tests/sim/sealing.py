"""Sealing without cryptography, for simulation: what is told apart is told apart by its key."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag

from pcsx.ring.seal import SUITES


class Cheap:
    """A suite that appends eight bytes of the key; opens only under the same key."""

    def __init__(self, key: bytes) -> None:
        self._tag = hashlib.blake2s(key, digest_size=16).digest()

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        return data + self._tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        if data[-16:] != self._tag:
            raise InvalidTag
        return data[:-16]


CHEAP = dict.fromkeys(SUITES, Cheap)
