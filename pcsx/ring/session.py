"""How two nodes come to share a session: a handshake of Noise KKpsk2 shape, and its renewal.

The node with the lower id calls, the other answers; one that is called and has no session asks to
be called (`CALL`). So two handshakes never cross. One round trip and four Diffie-Hellman products
bind both static keys, both ephemeral ones and the cluster's key; HKDF over the whole transcript
gives a key per direction, and the keys of the two wills.

A caller's `(boot counter, handshake number)` must rise over all that the called one has seen, so a
recorded handshake is worth nothing. The called one sends under a new session only when a packet of
the caller has opened under it. Before any product is computed, a keyed hash proves that the packet
comes from somebody who has the cluster's key; a flood of those is answered with a cookie, which
proves the address.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2s, sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from pcsx.lean import dataclass
from pcsx.ring.codec import Malformed
from pcsx.ring.config import Address, RingConfig, RingNode, generation_of
from pcsx.ring.frames import Boot, Configure, Offer
from pcsx.ring.levels import FEATURES, Range, misfit, speaks
from pcsx.ring.seal import Channel, Suites
from pcsx.ring.wire import (
    CALL,
    COOKIE,
    HEADER,
    HEADER_SIZE,
    INIT,
    MAGIC,
    RESPONSE,
    WIRE,
    Dropped,
    Header,
    Hello,
    Refusal,
    Welcome,
)

REKEY_MS: Final = 120_000
REKEY_PACKETS: Final = 2**32
OVERLAP_MS: Final = 10_000
"""How long a session that was replaced still opens, and a handshake may take."""
RETRY_MS: Final = (100, 200, 300, 500, 1000)
ATTEMPTS_MAX: Final = 4
COOKIE_MS: Final = 60_000

_PROTOCOL: Final = b"pcsx KKpsk2 25519 ChaChaPoly HKDF-SHA256 1"
_INIT: Final = struct.Struct(">BBQ32s")
_RESPONSE: Final = struct.Struct(">BBI32s")
_CALL: Final = struct.Struct(">BBQQ")
_MAC: Final = 16
_NONCE: Final = bytes(12)


Identity = tuple[X25519PrivateKey, bytes]
"""A node's static key, and its public half."""


@dataclass(frozen=True, slots=True)
class Local:
    """Who this node is, as far as handshakes go; *psks* has the active key first.

    *others* are keys of its own that a peer may still, or already, know it by.
    """

    me: int
    boot: Boot
    private: X25519PrivateKey
    public: bytes
    psks: tuple[bytes, ...]
    cluster: bytes
    lineage: int
    entropy: Callable[[int], bytes]
    suites: Suites
    others: tuple[Identity, ...] = ()
    level: int = 1
    """The feature level that the cluster goes by, as far as this node knows."""
    features: Range = FEATURES

    @classmethod
    def of(
        cls,
        frame: Configure,
        config: RingConfig,
        entropy: Callable[[int], bytes],
        suites: Suites,
        features: Range = FEATURES,
    ) -> Local:
        """Return who this node is by what its brain said."""
        assert frame.psks, "a ring without a key"
        assert all(len(psk) == 32 for psk in frame.psks), "a key that is not 32 bytes"
        (private, public), *others = map(_identity, (frame.identity, *frame.others))
        return cls(
            frame.me, frame.boot, private, public, frame.psks, config.cluster.encode(),
            config.lineage, entropy, suites, tuple(others), config.level, features,
        )  # fmt: skip

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Return all keys of this node, the one of its configuration first."""
        return ((self.private, self.public), *self.others)

    def new_key(self) -> tuple[X25519PrivateKey, bytes]:
        """Return a key that is used once, and its public half."""
        private = X25519PrivateKey.from_private_bytes(self.entropy(32))
        return private, private.public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that may still be answered."""

    association: Association
    ephemeral: X25519PrivateKey
    chain: bytes
    transcript: bytes
    psk: bytes
    identity: Identity
    seq: int
    born_ms: int


Directory = dict[int, Channel | Attempt]
"""What the session numbers in arriving packets stand for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back to a caller, and what its call has told (another lineage, mostly)."""

    packet: bytes
    told: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a session, maybe only to *refuse* the peer on it, or being refused."""

    channel: Channel | None
    refuse: Refusal | None = None
    told: Refusal | None = None


def _identity(private: bytes) -> Identity:
    key = X25519PrivateKey.from_private_bytes(private)
    return key, key.public_key().public_bytes_raw()


def _derive(chain: bytes, secret: bytes, count: int) -> tuple[bytes, ...]:
    """Return *count* keys from *secret* and the chain so far: HKDF-SHA256."""
    root = hmac.digest(chain, secret, "sha256")
    keys: list[bytes] = []
    for number in range(1, count + 1):
        before = keys[-1] if keys else b""
        keys.append(hmac.digest(root, before + bytes((number,)), "sha256"))
    return tuple(keys)


def _mac(psk: bytes, receiver: bytes, packet: bytes) -> bytes:
    """Return the proof that the sender of *packet* has the cluster's key, for this *receiver*."""
    key = blake2s(b"pcsx mac1" + receiver, key=psk).digest()
    return blake2s(packet, key=key, digest_size=_MAC).digest()


def parties_of(data: bytes) -> tuple[int, int]:
    """Return who claims to have sent a handshake packet, and to whom."""
    return data[HEADER_SIZE], data[HEADER_SIZE + 1]


class Association:
    """All handshakes and sessions with one peer.

    *current* is what this node seals with. *life* is the newest life of the peer that has proved
    itself here; *ended* one that is over for certain and never comes back.
    """

    def __init__(
        self, local: Local, peer: RingNode, directory: Directory, numbers: Iterator[int]
    ) -> None:
        self.local = local
        self.peer = peer
        self.removed = False
        """The node is no longer in the ring: all that it hears is REMOVED."""
        self.current: Channel | None = None
        self.life: Boot | None = None
        self.ended: Boot | None = None
        self.offer: Offer | None = None
        """What the newest life that proved itself said it speaks, taken in or not."""
        self._directory = directory
        self._older: list[Channel] = []
        self._pending: list[Channel] = []
        self._attempts: dict[int, Attempt] = {}
        self._numbers = numbers
        """What this node numbers its calls with; rises as long as its life lasts."""
        self._heard = (0, 0)
        self._refused_ms: int | None = None
        self._cookie = b""
        self._cookie_ms = 0
        self._last_mac = b""
        self._tries = 0
        self._next_try_ms = 0
        self._asked_by = b""
        """The cluster's key that the peer asked to be called by, since this node last turned."""
        self._shared: dict[bytes, bytes] = {}
        """The product of the two static keys, by this node's public half."""
        self._public = X25519PublicKey.from_public_bytes(peer.key)

    @property
    def calls(self) -> bool:
        """Return whether this node is the one that calls."""
        return self.local.me < self.peer.id

    def succeed(self, before: Association) -> None:
        """Take the place of *before*, whose keys are no longer good, and remember its lives."""
        before.close()
        self.life, self.ended, self._heard = before.life, before.ended, before._heard

    # --- when ---------------------------------------------------------------------------------

    def wants(self, now_ms: int, *, silent: bool) -> bool:
        """Return whether it is time to call, or to ask for it; *silent*: the peer is not heard."""
        if now_ms < self._next_try_ms:
            return False
        if self.current is None or silent:
            return True
        if not self.calls:
            return False
        channel = self.current
        age_ms = now_ms - channel.born_ms
        return age_ms > REKEY_MS + channel.mine % OVERLAP_MS or channel.worn > REKEY_PACKETS

    @property
    def outdated(self) -> bool:
        """Return whether the peer was called by a key that opens nothing any more."""
        return bool(self._asked_by) and self._asked_by not in self.local.psks

    def renew(self) -> None:
        """Make the next session as soon as possible, since the cluster's key has changed."""
        self._asked_by = b""
        if self.current is not None:
            self.current.born_ms = -REKEY_MS * 2
        self._next_try_ms = 0

    def expire(self, now_ms: int) -> None:
        """Forget sessions that were replaced and calls that nobody answered."""
        for channel in [c for c in self._older if c.ends_ms <= now_ms]:
            self._older.remove(channel)
            del self._directory[channel.mine]
        for channel in [c for c in self._pending if c.born_ms + OVERLAP_MS <= now_ms]:
            self._pending.remove(channel)
            del self._directory[channel.mine]
        for mine in [n for n, a in self._attempts.items() if a.born_ms + OVERLAP_MS <= now_ms]:
            del self._attempts[mine], self._directory[mine]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Return every session that still opens packets, the one in use first, then the newest."""
        first = () if self.current is None else (self.current,)
        return (*first, *self._pending[::-1], *self._older)

    def close(self) -> None:
        """Forget all sessions and calls; what was seen of the peer's numbers is kept."""
        for mine in (*(c.mine for c in self.channels), *self._attempts):
            del self._directory[mine]
        self.current = None
        self._older, self._pending, self._attempts = [], [], {}
        self._tries, self._next_try_ms = 0, 0

    # --- calling ------------------------------------------------------------------------------

    def attempt(self, now_ms: int) -> bytes:
        """Return a packet that begins a session, or asks the peer to."""
        self._next_try_ms = now_ms + RETRY_MS[min(self._tries, len(RETRY_MS) - 1)]
        self._tries += 1
        return self._call(now_ms) if self.calls else self._ask()

    def _ask(self) -> bytes:
        local = self.local
        head = HEADER.pack(MAGIC, CALL, 0, 0, 0, 0)
        body = _CALL.pack(local.me, self.peer.id, local.boot.counter, local.boot.nonce)
        return self._proved(head + body, local.psks[0])

    @property
    def _calling_key(self) -> bytes:
        """Return the key to call with: the newest, unless the peer asked by another that opens.

        A peer that was away while the key changed has only the one before.
        """
        psks = self.local.psks
        return self._asked_by if self._asked_by in psks else psks[0]

    def _call(self, now_ms: int) -> bytes:
        local = self.local
        psk = self._calling_key
        # The peer may know this node by another key than its configuration says, for a moment.
        identity = local.identities[max(0, self._tries - 1) % (1 + len(local.others))]
        if len(self._attempts) >= ATTEMPTS_MAX:
            oldest = min(self._attempts, key=lambda mine: self._attempts[mine].seq)
            del self._attempts[oldest], self._directory[oldest]
        seq = next(self._numbers)
        mine = self._free_number()
        ephemeral, public = local.new_key()
        head = HEADER.pack(MAGIC, INIT, 0, 0, mine, seq)
        packet = head + _INIT.pack(local.me, self.peer.id, local.boot.counter, public)
        chain, transcript = self._start(identity[1], self.peer.key, packet, public)
        chain, _ = _derive(chain, ephemeral.exchange(self._public), 2)
        chain, key = _derive(chain, self._static_product(identity), 2)
        hello = Hello(local.lineage, local.boot, local.features, tuple(local.suites))
        sealed = ChaCha20Poly1305(key).encrypt(_NONCE, WIRE.encode(hello), transcript)
        transcript = sha256(transcript + sealed).digest()
        attempt = Attempt(self, ephemeral, chain, transcript, psk, identity, seq, now_ms)
        self._attempts[mine] = self._directory[mine] = attempt
        fresh = now_ms - self._cookie_ms < COOKIE_MS
        return self._proved(packet + sealed, psk, cookie=self._cookie if fresh else b"")

    def _proved(self, packet: bytes, psk: bytes, cookie: bytes = b"") -> bytes:
        """Return *packet* with its two proofs: of the key, and of the address where asked for."""
        self._last_mac = _mac(psk, self.peer.key, packet)
        packet += self._last_mac
        if not cookie:
            return packet + bytes(_MAC)
        return packet + blake2s(packet, key=cookie, digest_size=_MAC).digest()

    # --- being called -------------------------------------------------------------------------

    def psk_of(self, data: bytes, proofs: int = 2) -> bytes:
        """Return the cluster's key that *data* proves to know; it is cheap to refuse the rest."""
        return self.keys_of(data, proofs)[0]

    def keys_of(self, data: bytes, proofs: int = 2) -> tuple[bytes, Identity]:
        """Return the cluster's key that *data* proves to know, and by which key it means us."""
        end = len(data) - proofs * _MAC
        if end < HEADER_SIZE:
            raise Dropped("malformed")
        for identity in self.local.identities:
            for psk in self.local.psks:
                proof = _mac(psk, identity[1], data[:end])
                if hmac.compare_digest(proof, data[end : end + _MAC]):
                    return psk, identity
        raise Dropped("mac")

    def asked(self, data: bytes, now_ms: int, *, silent: bool) -> bool:
        """Return whether the peer's wish to be called should be followed now."""
        psk = self.psk_of(data)
        if len(data) != HEADER_SIZE + _CALL.size + 2 * _MAC:
            raise Dropped("malformed")
        _, _, counter, nonce = _CALL.unpack_from(data, HEADER_SIZE)
        if not self.calls:
            return False
        known = self.current is not None and self.current.boot == Boot(counter, nonce)
        if known and not silent:
            return False
        if self._attempts and now_ms < self._next_try_ms and psk == self._calling_key:
            return False
        self._tries, self._asked_by = 0, psk
        return True

    def answer(self, data: bytes, header: Header, now_ms: int) -> Answer:
        """Return what a caller gets: a session that waits for its first packet, or a refusal."""
        psk, identity = self.keys_of(data)
        end = HEADER_SIZE + _INIT.size
        if len(data) <= end + 2 * _MAC or self.calls:
            raise Dropped("malformed")
        _, _, counter, public = _INIT.unpack_from(data, HEADER_SIZE)
        rises = (counter, header.counter) > self._heard
        if not rises and counter == self._heard[0]:
            raise Dropped("replay")
        if not rises and not self._may_refuse(now_ms):
            raise Dropped("refused")
        local = self.local
        theirs = self._public_of(public)
        sealed = data[end : -2 * _MAC]
        chain, transcript = self._start(self.peer.key, identity[1], data[:end], public)
        chain, _ = _derive(chain, self._product(identity[0], theirs), 2)
        chain, key = _derive(chain, self._static_product(identity), 2)
        hello = self._opened(key, sealed, transcript)
        if not isinstance(hello, Hello) or hello.boot.counter != counter:
            raise Dropped("malformed")
        if hello.boot == self.ended:
            raise Dropped("dead")
        refusal = self._refusal(hello.lineage, hello.boot)
        if rises:
            self.offer = Offer(self.peer.id, hello.boot, hello.features)
        refusal = refusal or self._misfit(hello.features)
        suite = next((number for number in local.suites if number in hello.suites), 0)
        if refusal is None and not suite:
            refusal = Refusal("VERSION", "there is no cipher that both know")
        if refusal is not None:
            if rises and not self._may_refuse(now_ms):
                raise Dropped("refused")
            self._refused_ms = now_ms
        transcript = sha256(transcript + sealed).digest()
        mine = self._free_number()
        welcome = Welcome(local.lineage, local.boot, local.features, suite)
        if refusal is not None:
            welcome = replace(
                welcome, suite=0, verdict=refusal.verdict, reason=refusal.reason[:300]
            )
        ephemeral, own = local.new_key()
        head = HEADER.pack(MAGIC, RESPONSE, 0, 0, header.session, 0)
        packet = head + _RESPONSE.pack(local.me, self.peer.id, mine, own)
        chain, transcript = self._turn(chain, transcript, packet, own)
        chain, _ = _derive(chain, self._product(ephemeral, theirs), 2)
        chain, _ = _derive(chain, self._product(ephemeral, self._public), 2)
        chain, bound, key = _derive(chain, psk, 3)
        transcript = sha256(transcript + bound).digest()
        sealed = ChaCha20Poly1305(key).encrypt(_NONCE, WIRE.encode(welcome), transcript)
        reply = packet + sealed
        reply += _mac(psk, self.peer.key, reply)
        if refusal is None:
            self._heard = (counter, header.counter)
            channel = self._channel(
                chain, suite, hello.boot, header.counter, mine, header.session, now_ms
            )
            self._keep_pending(channel)
        other = hello.lineage != local.lineage and not self.removed
        return Answer(reply, _other_lineage(hello.lineage, local.lineage) if other else None)

    def finish(self, attempt: Attempt, data: bytes, now_ms: int) -> Outcome:
        """Return what the peer made of the call *attempt*: *data* is its answer."""
        psk, identity = self.keys_of(data, proofs=1)
        end = HEADER_SIZE + _RESPONSE.size
        if (psk, identity[1]) != (attempt.psk, attempt.identity[1]) or len(data) <= end + _MAC:
            raise Dropped("malformed")
        _, _, theirs, public = _RESPONSE.unpack_from(data, HEADER_SIZE)
        ephemeral = self._public_of(public)
        local = self.local
        chain, transcript = self._turn(attempt.chain, attempt.transcript, data[:end], public)
        chain, _ = _derive(chain, self._product(attempt.ephemeral, ephemeral), 2)
        chain, _ = _derive(chain, self._product(identity[0], ephemeral), 2)
        chain, bound, key = _derive(chain, psk, 3)
        transcript = sha256(transcript + bound).digest()
        welcome = self._opened(key, data[end:-_MAC], transcript)
        if not isinstance(welcome, Welcome):
            raise Dropped("malformed")
        header = HEADER.unpack_from(data)
        del self._attempts[header[4]], self._directory[header[4]]
        if welcome.verdict:
            return Outcome(None, told=Refusal(welcome.verdict, welcome.reason))
        if welcome.boot == self.ended:
            raise Dropped("dead")
        self.offer = Offer(self.peer.id, welcome.boot, welcome.features)
        if welcome.suite not in local.suites:
            raise Dropped("malformed")
        if self.current is not None and attempt.seq < self.current.seq:
            raise Dropped("late")
        channel = self._channel(
            chain, welcome.suite, welcome.boot, attempt.seq, header[4], theirs, now_ms
        )
        refusal = self._refusal(welcome.lineage, welcome.boot) or self._misfit(welcome.features)
        if refusal is not None:
            return Outcome(channel, refuse=refusal)
        self._directory[channel.mine] = channel
        channel.confirmed = True
        self._promote(channel, now_ms)
        return Outcome(channel)

    def confirm(self, channel: Channel, now_ms: int) -> bool:
        """Note that a packet opened under *channel*; return whether it is now the one in use."""
        if channel.confirmed:
            return False
        channel.confirmed = True
        self._pending.remove(channel)
        current = self.current
        if current is not None and current.boot == channel.boot and channel.seq < current.seq:
            self._retire(channel, now_ms)
            return False
        self._promote(channel, now_ms)
        return True

    def reject(self, channel: Channel) -> None:
        """Forget the unconfirmed *channel*: the caller made it only to refuse us."""
        if channel in self._pending:
            self._pending.remove(channel)
            del self._directory[channel.mine]

    # --- the parts ----------------------------------------------------------------------------

    def _promote(self, channel: Channel, now_ms: int) -> None:
        """Use *channel* from now on; what was used before still opens for a while."""
        if self.current is not None:
            if self.current.boot == channel.boot:
                self._retire(self.current, now_ms)
            else:
                del self._directory[self.current.mine]
        for kept in (self._older, self._pending):
            for old in [c for c in kept if c.boot != channel.boot]:
                kept.remove(old)
                del self._directory[old.mine]
        self.current = channel
        self.life = channel.boot
        self._tries, self._next_try_ms = 0, now_ms + RETRY_MS[-1]

    def _retire(self, channel: Channel, now_ms: int) -> None:
        channel.ends_ms = now_ms + OVERLAP_MS
        self._older.append(channel)

    def _keep_pending(self, channel: Channel) -> None:
        if len(self._pending) >= ATTEMPTS_MAX:
            del self._directory[self._pending.pop(0).mine]
        self._pending.append(channel)
        self._directory[channel.mine] = channel

    def _may_refuse(self, now_ms: int) -> bool:
        """Return whether a refusal may be spent; one a second is enough for anybody."""
        return self._refused_ms is None or now_ms - self._refused_ms >= 1000

    def _refusal(self, lineage: int, boot: Boot) -> Refusal | None:
        """Return why there can be no session with this life of the peer, if there is a reason."""
        if self.removed:
            return Refusal("REMOVED", f"node {self.peer.id} was removed from the cluster")
        if lineage != self.local.lineage:
            return _other_lineage(self.local.lineage, lineage)
        if 0 < boot.counter <= self.peer.over:
            return Refusal("FENCED", f"the life {boot.counter} of node {self.peer.id} is over")
        floor = max(self.peer.boot, 0 if self.life is None else self.life.counter)
        if boot.counter < floor:
            return Refusal("CLONED", f"boot counter {boot.counter} is behind {floor}")
        if self.life is not None and boot.counter == floor and boot.nonce != self.life.nonce:
            return Refusal("CLONED", f"another node runs with boot counter {floor}")
        return None

    def _misfit(self, features: Range) -> Refusal | None:
        """Return why one that speaks *features* is not taken in, if it does not fit.

        Only a node that goes by the cluster's level itself may say so: one that is too old for it
        hears nobody, and one that is too new may have missed the step that lets it in.
        """
        local = self.local
        if local.level > local.features[1]:
            raise Dropped("version")
        text = misfit(features, local.level)
        if not speaks(local.features, local.level):
            apart = features[1] < local.features[0] or local.features[1] < features[0]
            if apart:
                raise Dropped("version")
            text = ""
        return Refusal("VERSION", text) if text else None

    def _free_number(self) -> int:
        while True:
            number = int.from_bytes(self.local.entropy(4), "big")
            if number and number not in self._directory:
                return number

    def _start(
        self, caller: bytes, called: bytes, packet: bytes, public: bytes
    ) -> tuple[bytes, bytes]:
        """Return chain and transcript after the caller's first, clear half."""
        names = sha256(_PROTOCOL + self.local.cluster + caller + called).digest()
        return self._turn(names, names, packet, public)

    def _turn(
        self, chain: bytes, transcript: bytes, packet: bytes, public: bytes
    ) -> tuple[bytes, bytes]:
        return _derive(chain, public, 1)[0], sha256(transcript + packet).digest()

    def _static_product(self, identity: Identity) -> bytes:
        private, public = identity
        if public not in self._shared:
            self._shared = {**self._shared, public: self._product(private, self._public)}
        return self._shared[public]

    def _product(self, private: X25519PrivateKey, public: X25519PublicKey) -> bytes:
        try:
            return private.exchange(public)
        except ValueError:
            raise Dropped("key") from None

    def _public_of(self, public: bytes) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(public)

    def _opened(self, key: bytes, sealed: bytes, transcript: bytes) -> object:
        try:
            return WIRE.decode(ChaCha20Poly1305(key).decrypt(_NONCE, sealed, transcript))
        except InvalidTag:
            raise Dropped("handshake") from None
        except Malformed:
            raise Dropped("malformed") from None

    def _channel(
        self, chain: bytes, suite: int, boot: Boot, seq: int, mine: int, theirs: int, now_ms: int
    ) -> Channel:
        caller, called, caller_will, called_will = _derive(chain, b"", 4)
        if not self.calls:
            caller, called = called, caller
            caller_will, called_will = called_will, caller_will
        make = self.local.suites[suite]
        return Channel(
            node=self.peer.id, boot=boot, seq=seq, mine=mine, theirs=theirs, born_ms=now_ms,
            seal_out=make(caller), seal_in=make(called), will_out=caller_will, will_in=called_will,
        )  # fmt: skip

    # --- cookies ------------------------------------------------------------------------------

    def take_cookie(self, data: bytes, now_ms: int) -> None:
        """Keep the cookie that the peer gave because it has too many callers; call again soon."""
        sealed, nonce = data[HEADER_SIZE + 12 :], data[HEADER_SIZE : HEADER_SIZE + 12]
        if len(sealed) != 2 * _MAC:
            raise Dropped("malformed")
        for psk in self.local.psks:
            key = _cookie_key(psk, self.peer.key)
            try:
                cookie = ChaCha20Poly1305(key).decrypt(nonce, sealed, self._last_mac)
            except InvalidTag:
                continue
            self._cookie, self._cookie_ms = cookie, now_ms
            self._next_try_ms = min(self._next_try_ms, now_ms)
            return
        raise Dropped("cookie")


def _cookie_key(psk: bytes, giver: bytes) -> bytes:
    return blake2s(b"pcsx cookie" + giver, key=psk).digest()


def _other_lineage(ours: int, theirs: int) -> Refusal:
    """Return what a node of the lineage *theirs* hears from one of *ours*.

    Where both were begun anew beside each other, neither yields: people must say which one goes.
    """
    if generation_of(ours) > generation_of(theirs):
        return Refusal(
            "SUPERSEDED", f"the cluster was begun anew without this node, as lineage {ours:016x}"
        )
    return Refusal("LINEAGE", f"the lineage there is {ours:016x}, here it is {theirs:016x}")


class Gate:
    """Who must prove its address before a handshake is worth four products to us.

    Up to *BUSY* calls a second are answered as they come; beyond, only those with a cookie.
    """

    BUSY: Final = 200

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._secret = entropy(32)
        self._secret_ms = 0
        self._second = 0
        self._count = 0

    def admits(self, data: bytes, source: Address, now_ms: int) -> bool:
        """Return whether the call *data* is to be answered, and count it if so."""
        if now_ms // 1000 != self._second:
            self._second, self._count = now_ms // 1000, 0
        if now_ms - self._secret_ms > COOKIE_MS * 2:
            self._secret, self._secret_ms = self._entropy(32), now_ms
        if self._count >= self.BUSY:
            cookie = self._cookie(source)
            proof = blake2s(data[:-_MAC], key=cookie, digest_size=_MAC).digest()
            if not hmac.compare_digest(proof, data[-_MAC:]):
                return False
        self._count += 1
        return True

    def cookie_for(
        self, data: bytes, header: Header, source: Address, association: Association
    ) -> bytes:
        """Return the packet that gives *source* its cookie, if the call proves the key."""
        psk, (_, public) = association.keys_of(data)
        nonce = self._entropy(12)
        key = _cookie_key(psk, public)
        mac = data[-2 * _MAC : -_MAC]
        sealed = ChaCha20Poly1305(key).encrypt(nonce, self._cookie(source), mac)
        return HEADER.pack(MAGIC, COOKIE, 0, 0, header.session, 0) + nonce + sealed

    def _cookie(self, source: Address) -> bytes:
        where = f"{source.host} {source.port}".encode()
        return blake2s(where, key=self._secret, digest_size=_MAC).digest()
