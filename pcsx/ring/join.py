"""First trust between two lobbies: a sealed channel over a TCP stream, by key or by compared code.

The shape is Noise XX: both ends prove an X25519 identity that neither knew before. What makes it
trust is one of two ways. **Key**: both hold the same 32 random bytes, which are mixed in, so that
nobody without them gets an answer. **Code**: the opener commits to its ephemeral key before it sees
the other's, so that both ends can show six digits of the transcript which nobody in between can
make agree but by luck, once in a million; a person compares them.

`Channel` is a machine without time: bytes in, bytes out. Faults end it with a sentence.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_MAGIC: Final = b"pcsx-join-1"
_REFUSAL: Final = b"pcsx-refused:"
"""Before the reason, in clear. Longer than chance: what else is sent in a handshake is random."""
KEY_BYTES: Final = 32


class Way(IntEnum):
    """What a channel's trust rests on."""

    KEY = 1
    CODE = 2


def public_of(identity: bytes) -> bytes:
    """Return the public half of the private key *identity*."""
    return X25519PrivateKey.from_private_bytes(identity).public_key().public_bytes_raw()


def fingerprint(public: bytes) -> str:
    """Return what people compare of a public key: 32 hex digits in groups of four."""
    digest = hashlib.blake2s(public, digest_size=16, person=b"pcsx-fp").hexdigest()
    return ":".join(digest[at : at + 4] for at in range(0, 32, 4))


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

    *identity* is this node's private key; *shared* the bootstrap key for `Way.KEY`; the accepting
    end is given `way=None` and learns it from the opener. *entropy(n)* gives n random bytes.
    """

    def __init__(
        self,
        *,
        opener: bool,
        identity: bytes,
        shared: bytes | None,
        entropy: Callable[[int], bytes],
        way: Way | None = None,
    ) -> None:
        assert (way is not None) == opener
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
        first = _MAGIC + bytes((self.way,)) + self._commitment
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
        if len(data) != len(_MAGIC) + 1 + 32 or not data.startswith(_MAGIC):
            raise ValueError("not a join")
        self.way = Way(data[len(_MAGIC)])
        if self.way is Way.KEY and self._shared is None:
            return self.refuse("this node has no bootstrap key")
        self._commitment = data[-32:]
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
        if self.way is Way.KEY:
            assert self._shared is not None
            self._state.mix_key(hashlib.sha256(b"bootstrap" + self._shared).digest())

    def _split(self) -> None:
        first, second = _hkdf(self._state.chain, b"")
        self._send_key, self._receive_key = (first, second) if self._opener else (second, first)
        number = int.from_bytes(hashlib.sha256(b"code" + self._state.hash).digest()[:8], "big")
        self.digits = f"{number % 1_000_000:06d}" if self.way is Way.CODE else ""
        self.open = True
