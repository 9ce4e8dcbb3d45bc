"""Sealing of packets: authenticated encryption and the replay window.

A `Channel` is one session's pair of keys. A packet that does not open raises `Dropped` with the
reason under which it is counted, and has changed nothing. The nonce of a packet is its counter,
which never repeats under a key: a channel refuses to seal past its last counter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from pcsx.ring.frames import Boot
from pcsx.ring.wire import HEADER, HEADER_SIZE, MAGIC, Dropped

WINDOW: Final = 2048
"""How far behind the newest counter a packet may come and still be taken, once."""
COUNTER_MAX: Final = 2**48
_WINDOW_MASK: Final = (1 << WINDOW) - 1
_ZEROS: Final = bytes(4)


class Aead(Protocol):
    """Authenticated encryption with associated data, under one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return *data* encrypted, with a tag of 16 bytes behind it."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return what was encrypted, or raise InvalidTag."""
        ...


Suites = Mapping[int, Callable[[bytes], Aead]]
"""The ways to seal that a node knows, best first, by their numbers on the wire."""

AES_256_GCM: Final = 1
CHACHA20_POLY1305: Final = 2
SUITES: Final[Suites] = {AES_256_GCM: AESGCM, CHACHA20_POLY1305: ChaCha20Poly1305}


class Channel:
    """One session with one life of a peer: its keys, counters and window."""

    __slots__ = (
        "_decrypt",
        "_encrypt",
        "_mask",
        "boot",
        "born_ms",
        "confirmed",
        "ends_ms",
        "mine",
        "node",
        "sent",
        "seq",
        "theirs",
        "top",
        "will_in",
        "will_out",
    )  # fmt: skip

    def __init__(
        self, *, node: int, boot: Boot, seq: int, mine: int, theirs: int, born_ms: int,
        seal_out: Aead, seal_in: Aead, will_out: bytes, will_in: bytes,
    ) -> None:  # fmt: skip
        self.node = node
        self.boot = boot
        self.seq = seq
        self.mine = mine
        """The number by which the peer's packets name it."""
        self.theirs = theirs
        self.born_ms = born_ms
        self.ends_ms = 0
        """When the session ends, because a newer one has taken its place; 0: not yet."""
        self.confirmed = False
        """Whether a packet of the peer has opened: it is there, and it is that life."""
        self.will_out = will_out
        self.will_in = will_in
        self.sent = 0
        self.top = 0
        self._mask = 0
        self._encrypt = seal_out.encrypt
        self._decrypt = seal_in.decrypt

    def seal(self, kind: int, plain: bytes, flags: int = 0) -> bytes:
        """Return a packet of type *kind* that holds *plain*; *flags* go in its header."""
        self.sent += 1
        assert self.sent < COUNTER_MAX, "a session outlived its counter"
        head = HEADER.pack(MAGIC, kind, flags, 0, self.theirs, self.sent)
        return head + self._encrypt(_ZEROS + head[8:], plain, head)

    def open(self, data: bytes, counter: int) -> bytes:
        """Return what the packet *data*, whose header says *counter*, holds."""
        age = self.top - counter
        if age >= 0 and (age >= WINDOW or self._mask >> age & 1):
            raise Dropped("old" if age >= WINDOW else "replay")
        head = data[:HEADER_SIZE]
        try:
            plain = self._decrypt(_ZEROS + head[8:], data[HEADER_SIZE:], head)
        except InvalidTag:
            raise Dropped("seal") from None
        if age < 0:
            self._mask = (self._mask << min(-age, WINDOW) | 1) & _WINDOW_MASK
            self.top = counter
        else:
            self._mask |= 1 << age
        return plain

    @property
    def worn(self) -> int:
        """Return how many packets the busier direction has seen."""
        return max(self.sent, self.top)
