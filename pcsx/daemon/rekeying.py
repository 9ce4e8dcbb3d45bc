"""The change of one node's own key, while it runs: on its disk first, then in the configuration.

The node makes a key, has it on disk beside the old one, and asks the leader for it over its own
session: so nobody can change the key of another. From then on it can be called by either, and calls
by either, for nobody hears of the decision at the same moment as another. A life that ends in the
middle leaves both, and the next one goes on. Whoever has the decision takes no session from the old
key any more. It stays on this node's disk, one back, for others who were away at that moment and
can only call the node that they know; so there is no change while one is away.
"""

from __future__ import annotations

from typing import Final

from pcsx.daemon.effects import KeepIdentity
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.join import public_of
from pcsx.values import Now

ASK_MS: Final = 1_000
"""How often the leader is asked for what has not come to be."""


@dataclass(frozen=True, slots=True)
class BeKnownBy:
    """Let the heart be known by any of *identities*; what is opened from here goes by the first."""

    identities: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AskForKey:
    """Ask the leader that the configuration has *public* for this node."""

    public: bytes


RekeyingEffect = KeepIdentity | BeKnownBy | AskForKey


class Rekeying:
    """One node's part; *identity* and *coming* are what its disk has."""

    def __init__(
        self, me: int, identity: bytes, *, former: bytes = b"", coming: bytes = b""
    ) -> None:
        self.me, self.identity, self.coming = me, identity, coming
        self._former = former
        self._ask_ms: int | None = 0 if coming else None

    @property
    def identities(self) -> tuple[bytes, ...]:
        """Return every key of this node, the one in force first."""
        return tuple(key for key in (self.identity, self.coming, self._former) if key)

    @property
    def deadline_ms(self) -> int | None:
        """Return when it wants to ask again."""
        return self._ask_ms

    def begin(self, key: bytes) -> list[RekeyingEffect]:
        """Begin to change to *key*."""
        assert not self.coming, "one change at a time"
        self.coming, self._ask_ms = key, None
        return [KeepIdentity(self.identity, self._former, key)]

    def kept(self, coming: bytes, now: Now) -> list[RekeyingEffect]:
        """Note that *coming* is on disk; from now on it may be decided."""
        if not coming or coming != self.coming:
            return []
        self._ask_ms = now.ms
        return [BeKnownBy(self.identities)]

    def failed(self) -> None:
        """Note that the disk does not take it: all stays as it is."""
        if self._ask_ms is None:
            self.coming = b""

    def tick(self, now: Now) -> list[RekeyingEffect]:
        """Ask, where it is time to."""
        if self._ask_ms is None or now.ms < self._ask_ms:
            return []
        self._ask_ms = now.ms + ASK_MS
        return [AskForKey(public_of(self.coming))]

    def decided(self, config: RingConfig) -> list[RekeyingEffect]:
        """Follow what *config*, which is decided, says this node's key is."""
        known = next((node.key for node in config.nodes if node.id == self.me), b"")
        if not self.coming or known != public_of(self.coming):
            return []
        self._former, self.identity, self.coming = self.identity, self.coming, b""
        self._ask_ms = None
        return [BeKnownBy(self.identities), KeepIdentity(self.identity, self._former)]
