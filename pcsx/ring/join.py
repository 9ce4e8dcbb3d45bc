"""First trust between two lobbies: a sealed channel over a TCP stream, by key or by compared code.

The shape is Noise XX: both ends prove an X25519 identity that neither knew before. What makes it
trust is one of three ways. **Key**: both hold the same 32 random bytes, which are mixed in, so that
nobody without them gets an answer. **Code**: the opener commits to its ephemeral key before it sees
the other's, so that both ends can show six digits of the transcript which nobody in between can
make agree but by luck, once in a million; a person compares them. And, for one more node of a
cluster that stands, a **token**: a secret that a member gave out, for one use. A **node** that the
cluster knows already needs nothing but its own key: who it is decides what it is told.

`Channel` is a machine without time: bytes in, bytes out. Faults end it with a sentence.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from pcsx.lean import dataclass
from pcsx.ring.config import Address

_MAGIC: Final = b"pcsx-join-1"
_REFUSAL: Final = b"pcsx-refused:"
"""Before the reason, in clear. Longer than chance: what else is sent in a handshake is random."""
KEY_BYTES: Final = 32
TOKEN_ID: Final = 16


class Way(IntEnum):
    """What a channel's trust rests on."""

    KEY = 1
    CODE = 2
    TOKEN = 3
    NODE = 4


def public_of(identity: bytes) -> bytes:
    """Return the public half of the private key *identity*."""
    return X25519PrivateKey.from_private_bytes(identity).public_key().public_bytes_raw()


def digest_of(public: bytes) -> bytes:
    """Return the 16 bytes that stand for a public key."""
    return hashlib.blake2s(public, digest_size=16, person=b"pcsx-fp").digest()


def fingerprint(public: bytes) -> str:
    """Return what people compare of a public key: 32 hex digits in groups of four."""
    digest = digest_of(public).hex()
    return ":".join(digest[at : at + 4] for at in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class Token:
    """What lets one more node in: which cluster, whose word it is, a secret, and where to go."""

    cluster: str
    issuer: bytes
    """The fingerprint of the issuer's public key: nobody else is believed."""
    secret: bytes
    hints: tuple[str, ...]
    """`HOST PORT` of the issuer."""

    @property
    def id(self) -> bytes:
        """Return which token it is; tells nothing of the secret."""
        return hashlib.blake2s(self.secret, digest_size=TOKEN_ID, person=b"pcsx-tid").digest()

    @property
    def shared(self) -> bytes:
        """Return what both ends know of it; the log keeps this alone."""
        return hashlib.blake2s(self.secret, person=b"pcsx-tok").digest()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Return where the issuer is, as far as the hints can be read."""
        parted = (hint.partition(" ") for hint in self.hints)
        return tuple(
            Address(host, int(port))
            for host, _, port in parted
            if host and port.isdecimal() and 0 < int(port) < 65536
        )

    def to_text(self) -> str:
        """Return the token as people copy it."""
        hints = "\n".join(self.hints).encode()
        data = bytes((1,)) + bytes.fromhex(self.cluster) + self.issuer + self.secret + hints
        return base64.b32encode(data + _check_of(data)).decode().rstrip("=").lower()

    @classmethod
    def from_text(cls, text: str) -> Token:
        """Return the token that *text* spells; raises ValueError, saying what is wrong."""
        word = "".join(text.split()).upper()
        try:
            whole = base64.b32decode(word + "=" * (-len(word) % 8))
        except binascii.Error:
            raise ValueError("it has letters that no token has") from None
        data, check = whole[:-4], whole[-4:]
        if len(data) < 49 or check != _check_of(data):
            raise ValueError("it was not copied whole")
        if data[0] != 1:
            raise ValueError(f"it is of version {data[0]}, which this pcsx does not know")
        hints = tuple(data[49:].decode("utf-8", "replace").split("\n"))
        return cls(data[1:17].hex(), data[17:33], data[33:49], hints)


def _check_of(data: bytes) -> bytes:
    return hashlib.blake2s(data, digest_size=4, person=b"pcsx-chk").digest()


def token_id(first: bytes) -> bytes | None:
    """Return the id of the token by which the opener of a channel comes, if it is by one."""
    return _named_by(first, Way.TOKEN)


def cluster_of(first: bytes) -> bytes | None:
    """Return the UUID of the cluster that the opener of a channel says it is a node of."""
    return _named_by(first, Way.NODE)


def _named_by(first: bytes, way: Way) -> bytes | None:
    head = len(_MAGIC) + 1
    is_so = first.startswith(_MAGIC) and first[len(_MAGIC) : head] == bytes((way,))
    return first[head + 32 :] if is_so else None


class _Symmetric:
    """Noise's symmetric state: a chaining key and the hash of all that was said."""

    def __init__(self) -> None:
        self.chain = self.hash = hashlib.sha256(_MAGIC).digest()
        self.key: bytes | None = None
        self.count = 0

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, secret: bytes) -> None:
        self.chain, self.key = _hkdf(self.chain, secret)
        self.count = 0

    def seal(self, plain: bytes) -> bytes:
        assert self.key is not None
        data = ChaCha20Poly1305(self.key).encrypt(_nonce(self.count), plain, self.hash)
        self.count += 1
        self.mix_hash(data)
        return data

    def open(self, data: bytes) -> bytes:
        assert self.key is not None
        plain = ChaCha20Poly1305(self.key).decrypt(_nonce(self.count), data, self.hash)
        self.count += 1
        self.mix_hash(data)
        return plain


def _hkdf(chain: bytes, secret: bytes) -> tuple[bytes, bytes]:
    base = hmac.digest(chain, secret, "sha256")
    first = hmac.digest(base, b"\x01", "sha256")
    return first, hmac.digest(base, first + b"\x02", "sha256")


def _nonce(count: int) -> bytes:
    return bytes(4) + count.to_bytes(8, "big")


class Channel:
    """One end of a conversation between two lobbies; see the module's paragraph.

    *identity* is this node's private key; *shared* the bootstrap key for `Way.KEY`, for `Way.TOKEN`
    what its token comes to, and *token* says which that is (for `Way.NODE`: which cluster); the
    accepting end is given `way=None` and learns it from the opener. *entropy(n)* gives n random
    bytes.
    """

    def __init__(
        self,
        *,
        opener: bool,
        identity: bytes,
        shared: bytes | None,
        entropy: Callable[[int], bytes],
        way: Way | None = None,
        token: bytes = b"",
    ) -> None:
        assert (way is not None) == opener
        self._token = token
        self.way = way
        self.digits = ""
        """Six digits for people to compare, once the handshake is done by code."""
        self.peer_key = b""
        self.open = False
        self.failure = ""
        self._opener = opener
        self._static = X25519PrivateKey.from_private_bytes(identity)
        self._ephemeral = X25519PrivateKey.from_private_bytes(entropy(KEY_BYTES))
        self._salt = entropy(16)
        self._shared = shared
        self._state = _Symmetric()
        self._step = 0
        self._commitment = b""
        self._theirs: X25519PublicKey | None = None
        self._send_key = self._receive_key = b""
        self._sent = self._received = 0

    def start(self) -> bytes:
        """Return the opener's first message."""
        assert self._opener and self.way is not None
        mine = self._ephemeral.public_key().public_bytes_raw()
        self._commitment = hashlib.sha256(mine + self._salt).digest()
        first = _MAGIC + bytes((self.way,)) + self._commitment + self._token
        self._state.mix_hash(first)
        self._step = 1
        return first

    def refuse(self, reason: str) -> bytes:
        """End the conversation; return the message that tells the other end why."""
        self.failure = self.failure or reason
        return _REFUSAL + reason.encode()[:500]

    def take(self, data: bytes) -> tuple[list[bytes], bytes | None]:
        """Take a message: return what to send, and the payload if it was one of the open channel.

        On a fault `failure` says what it was, and what is returned tells the other end.
        """
        if self.failure:
            return [], None
        if data.startswith(_REFUSAL) and not self.open:
            self.failure = data[len(_REFUSAL) :].decode(errors="replace") or "refused"
            return [], None
        try:
            if self.open:
                return [], self._unseal(data)
            return self._handshake(data), None
        except (InvalidTag, ValueError):
            if self.open:
                reason = "a message does not open: somebody is in between"
            elif self.way is Way.KEY:
                reason = "the bootstrap keys of the two nodes differ"
            elif self.way is Way.TOKEN:
                reason = "the token does not fit"
            else:
                reason = "the handshake does not fit: different versions, or somebody is in between"
            return [self.refuse(reason)], None

    def seal(self, payload: bytes) -> bytes:
        """Return *payload* as a message of the open channel."""
        assert self.open
        data = ChaCha20Poly1305(self._send_key).encrypt(_nonce(self._sent), payload, None)
        self._sent += 1
        return data

    def _unseal(self, data: bytes) -> bytes:
        payload = ChaCha20Poly1305(self._receive_key).decrypt(_nonce(self._received), data, None)
        self._received += 1
        return payload

    def _handshake(self, data: bytes) -> list[bytes]:
        self._step += 1
        match (self._opener, self._step):
            case (False, 1):
                return [self._take_commitment(data)]
            case (True, 2):
                return [self._reveal(data)]
            case (False, 2):
                return [self._answer(data)]
            case (True, 3):
                self._finish(data)
                return []
        raise ValueError("out of turn")

    def _take_commitment(self, data: bytes) -> bytes:
        head = len(_MAGIC) + 1
        if len(data) < head or not data.startswith(_MAGIC):
            raise ValueError("not a join")
        self.way = Way(data[len(_MAGIC)])
        named = TOKEN_ID if self.way in (Way.TOKEN, Way.NODE) else 0
        if len(data) != head + 32 + named:
            raise ValueError("not a join")
        if self.way is Way.KEY and self._shared is None:
            return self.refuse("this node has no bootstrap key")
        if self.way is Way.TOKEN and self._shared is None:
            return self.refuse("the token is not known here: it was used, or its time is over")
        self._commitment = data[head : head + 32]
        self._state.mix_hash(data)
        mine = self._ephemeral.public_key().public_bytes_raw()
        self._state.mix_hash(mine)
        return mine

    def _reveal(self, data: bytes) -> bytes:
        state = self._state
        self._theirs = X25519PublicKey.from_public_bytes(data)
        state.mix_hash(data)
        head = self._ephemeral.public_key().public_bytes_raw() + self._salt
        state.mix_hash(head)
        state.mix_key(self._ephemeral.exchange(self._theirs))
        self._mix_shared()
        sealed = state.seal(self._static.public_key().public_bytes_raw())
        state.mix_key(self._static.exchange(self._theirs))
        return head + sealed + state.seal(b"")

    def _answer(self, data: bytes) -> bytes:
        state = self._state
        head, sealed, proof = data[:48], data[48:96], data[96:]
        if not hmac.compare_digest(hashlib.sha256(head).digest(), self._commitment):
            raise ValueError("not what was committed to")
        self._theirs = X25519PublicKey.from_public_bytes(head[:32])
        state.mix_hash(head)
        state.mix_key(self._ephemeral.exchange(self._theirs))
        self._mix_shared()
        self.peer_key = state.open(sealed)
        state.mix_key(self._ephemeral.exchange(X25519PublicKey.from_public_bytes(self.peer_key)))
        if state.open(proof) != b"":
            raise ValueError("no proof")
        answer = state.seal(self._static.public_key().public_bytes_raw())
        state.mix_key(self._static.exchange(self._theirs))
        answer += state.seal(b"")
        self._split()
        return answer

    def _finish(self, data: bytes) -> None:
        state = self._state
        assert self._theirs is not None
        self.peer_key = state.open(data[:48])
        state.mix_key(self._ephemeral.exchange(X25519PublicKey.from_public_bytes(self.peer_key)))
        if state.open(data[48:]) != b"":
            raise ValueError("no proof")
        self._split()

    def _mix_shared(self) -> None:
        if self.way in (Way.KEY, Way.TOKEN):
            assert self._shared is not None
            label = b"bootstrap" if self.way is Way.KEY else b"token"
            self._state.mix_key(hashlib.sha256(label + self._shared).digest())

    def _split(self) -> None:
        first, second = _hkdf(self._state.chain, b"")
        self._send_key, self._receive_key = (first, second) if self._opener else (second, first)
        number = int.from_bytes(hashlib.sha256(b"code" + self._state.hash).digest()[:8], "big")
        self.digits = f"{number % 1_000_000:06d}" if self.way is Way.CODE else ""
        self.open = True
