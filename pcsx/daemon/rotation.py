"""The change of the cluster's key, under load and without a change of view: prepare, use, retire.

The log says which key is to come (`KeyPrepared`), by its SHA-256. The leader gives the key to each
member over its session; whoever has it on disk says so, in order. Once all nodes have, the log
makes it active: each heart makes new sessions with it and still opens those of the old key. Once
all nodes have said that they use it, and the overlap is over, the old key opens nothing.

A leader that does not have the key that is to come takes the preparation back: somebody else's
death must not leave the cluster waiting for it.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from pcsx.daemon.trust import KeyActive, KeyPrepared, KeyRetired, Trust, TrustFact
from pcsx.lean import dataclass
from pcsx.values import Now, earlier

OFFER_MS: Final = 1_000
"""How often the key is offered to those who have not said that they have it."""
ABSENT_MS: Final = 60_000
"""A node that is away for so long is not waited for: it asks for the key when it is back."""
BORROWED_MS: Final = 60_000
"""So long after quorum is found, what the log has decided of keys is known here for certain."""
BORROWED_MAX: Final = 4
OVERLAP_MS: Final = 12_000
"""For how long at least the old key still opens: sessions overlap for ten seconds."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Give *key* to *node*, sealed, to it alone."""

    node: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Keep:
    """Have *keys*, the one to call with first, on disk; `kept` is to be told."""

    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """Let the heart go by *keys* from now on."""

    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Say to all that this node has the key on disk; *used*: it calls with it already."""

    sha256: bytes
    used: bool


@dataclass(frozen=True, slots=True)
class Decide:
    """Commit *fact*."""

    fact: TrustFact


RotationEffect = Offer | Keep | Use | Held | Decide


class Rotation:
    """One node's part in it; *keys* are what its disk has, the one to call with first."""

    def __init__(self, me: int, keys: tuple[bytes, ...]) -> None:
        self.me = me
        self.keys = keys
        self._on_disk = keys
        self._held: dict[tuple[bytes, bool], set[int]] = {}
        self._offer_ms = 0
        self._active_ms: int | None = None
        self._proposed: TrustFact | None = None
        self._borrowed: tuple[bytes, ...] = ()
        """What another node without quorum goes by: they open too, until it is known which do."""
        self._borrowed_until_ms: int | None = None

    def deadline_ms(self, trust: Trust, *, leading: bool) -> int | None:
        """Return when a leader wants to look again."""
        if not leading or self._proposed is not None or not (trust.pending or trust.overlaps):
            return self._borrowed_until_ms
        return earlier(self._offer_ms, self._borrowed_until_ms)

    def waits_for(self, trust: Trust, nodes: Collection[int]) -> list[int]:
        """Return which of *nodes* have not said what is waited for."""
        wanted = (trust.pending, False) if trust.pending else (trust.active, True)
        return sorted(set(nodes) - self._held.get(wanted, set()))

    def begin(self, key: bytes, why: str) -> list[RotationEffect]:
        """Begin with a new *key*, as the leader."""
        self.keys = (*self.keys, key)
        self._proposed = KeyPrepared(sha256(key).digest(), why)
        return [Keep(self.keys), Decide(self._proposed)]

    def offered(self, key: bytes, trust: Trust) -> list[RotationEffect]:
        """Take a key from the leader; what the log did not announce is not kept."""
        digest = sha256(key).digest()
        if digest == trust.active and trust.overlaps and self._has(digest) is None:
            self.keys = (key, *self.keys)
            return [Use(self.keys), Keep(self.keys)]
        if digest != trust.pending:
            return []
        if self._has(digest) is None:
            self.keys = (*self.keys, key)
            return [Keep(self.keys)]
        return self._say(trust)

    def recalled(self, keys: tuple[bytes, ...], *, sure: bool) -> list[RotationEffect]:
        """Go by *keys*, which a member gave this node when it came back, and no others.

        Not *sure*: it has no quorum, and may have been away itself; then its keys open too.
        """
        self._borrowed = ()
        if not sure:
            self._borrowed = tuple(key for key in keys if key not in self.keys)
            keys = self._with_borrowed(self.keys)
        if keys == self.keys:
            return []
        self.keys = keys
        return [Keep(keys), Use(keys)]

    def quorum_changed(self, *, quorate: bool, now: Now) -> None:
        """Reckon how long borrowed keys open."""
        self._borrowed_until_ms = now.ms + BORROWED_MS if quorate and self._borrowed else None

    def tick(self, trust: Trust, now: Now) -> list[RotationEffect]:
        """Let go of borrowed keys whose time is over."""
        if self._borrowed_until_ms is None or now.ms < self._borrowed_until_ms:
            return []
        self._borrowed, self._borrowed_until_ms = (), None
        return self.decided(trust, now)

    def _with_borrowed(self, keys: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return (*keys, *(key for key in self._borrowed if key not in keys))[:BORROWED_MAX]

    def kept(self, keys: tuple[bytes, ...], trust: Trust) -> list[RotationEffect]:
        """Note that *keys* are on disk, and say so."""
        self._on_disk = keys
        return self._say(trust)

    def heard(self, node: int, digest: bytes, *, used: bool) -> None:
        """Note what *node* has said in this view."""
        self._held.setdefault((digest, used), set()).add(node)

    def view_changed(self, trust: Trust) -> list[RotationEffect]:
        """Say again in a new view how far this node is."""
        self._held.clear()
        self._proposed = None
        return self._say(trust)

    def decided(self, trust: Trust, now: Now) -> list[RotationEffect]:
        """Follow what the log has decided: order the keys, and drop what is over."""
        self._proposed = None
        self._offer_ms = now.ms
        active = self._has(trust.active) if trust.active else self.keys[0]
        if active is None:
            return []  # the newest key has yet to come; who has it gives it
        keys = [active]
        if trust.overlaps:
            keys += [key for key in self.keys if key != active][-1:]
        if trust.pending and (coming := self._has(trust.pending)) is not None:
            keys.append(coming)
        kept = self._with_borrowed(tuple(keys))
        if kept == self.keys:
            return self._say(trust)
        rekeys = kept[0] != self.keys[0]
        self.keys = kept
        self._active_ms = now.ms if rekeys else self._active_ms
        return [Use(self.keys), Keep(self.keys)]

    def lead(
        self, trust: Trust, *, nodes: Collection[int], members: Collection[int], now: Now
    ) -> list[RotationEffect]:
        """Return what the leader does now: offer, activate, retire, or take back."""
        effects: list[RotationEffect] = []
        if self._proposed is not None or not (trust.pending or trust.overlaps):
            return effects
        missing = self.waits_for(trust, nodes)
        if trust.pending:
            key = self._has(trust.pending)
            if key is None:
                return self._decide(KeyRetired(trust.active))
            if not missing:
                return self._decide(KeyActive(trust.pending))
            if now.ms >= self._offer_ms:
                self._offer_ms = now.ms + OFFER_MS
                effects += [Offer(node, key) for node in missing if node in members]
            return effects
        key = self._has(trust.active)
        if now.ms >= self._offer_ms:
            self._offer_ms = now.ms + OFFER_MS
            if key is not None:
                effects += [Offer(node, key) for node in missing if node in members]
        if self._active_ms is None:
            self._active_ms = now.ms
        if not missing and now.ms >= self._active_ms + OVERLAP_MS:
            return self._decide(KeyRetired(trust.active))
        return effects

    def _decide(self, fact: TrustFact) -> list[RotationEffect]:
        self._proposed = fact
        return [Decide(fact)]

    def refused(self) -> None:
        """Note that what was proposed did not come to be."""
        self._proposed = None

    def _has(self, digest: bytes) -> bytes | None:
        return next((key for key in self.keys if sha256(key).digest() == digest), None)

    def _say(self, trust: Trust) -> list[RotationEffect]:
        """Say how far this node is; before it says that it has a key, that opens here.

        For it may be called with it the moment the log makes it active.
        """
        on_disk = [sha256(key).digest() for key in self._on_disk]
        if trust.pending and trust.pending in on_disk:
            return [Use(self.keys), Held(trust.pending, False)]
        if trust.overlaps and on_disk[:1] == [trust.active]:
            return [Held(trust.active, True)]
        return []
