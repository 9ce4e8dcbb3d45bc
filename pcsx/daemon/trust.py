"""Who is let in, and by which key: tokens and the cluster's keys, as the log decided them.

Facts of the log, and `Trust`, what they come to. Of a token the log keeps what both ends of a
channel can prove to know, never the token; of a key its SHA-256, never the key.
"""

from __future__ import annotations

from typing import Any, Final

from pcsx.lean import dataclass

TOKENS_MAX: Final = 64
"""How many tokens are good at a time; the oldest goes."""


@dataclass(frozen=True, slots=True)
class TokenMade:
    """Whoever proves to know what *shared* was made of may join, once, until *until_s*."""

    id: bytes
    shared: bytes
    until_s: int
    by: str


@dataclass(frozen=True, slots=True)
class TokenUsed:
    """The token *id* has let *node* in, and lets nobody in any more."""

    id: bytes
    node: str


@dataclass(frozen=True, slots=True)
class KeyPrepared:
    """The cluster shall have another key with this *sha256*; whoever has it on disk says so."""

    sha256: bytes
    why: str


@dataclass(frozen=True, slots=True)
class KeyActive:
    """All have the key: new sessions are made with it; the old one opens too."""

    sha256: bytes


@dataclass(frozen=True, slots=True)
class KeyRetired:
    """Only the key with this *sha256* opens anything from now on; nothing is prepared."""

    sha256: bytes


TrustFact = TokenMade | TokenUsed | KeyPrepared | KeyActive | KeyRetired


class Trust:
    """The tokens that are good, and how far the cluster's key has changed."""

    def __init__(self) -> None:
        self.tokens: dict[bytes, TokenMade] = {}
        self.active = b""
        """SHA-256 of the key in use; empty: the first one."""
        self.pending = b""
        """SHA-256 of the key that is to come."""
        self.overlaps = False
        """Whether the key before the active one still opens sessions."""

    def apply(self, fact: TrustFact) -> None:
        """Take a fact of the log."""
        match fact:
            case TokenMade(id):
                self.tokens[id] = fact
                while len(self.tokens) > TOKENS_MAX:
                    del self.tokens[next(iter(self.tokens))]
            case TokenUsed(id):
                self.tokens.pop(id, None)
            case KeyPrepared(sha256):
                self.pending = sha256
            case KeyActive(sha256):
                if sha256 == self.pending:
                    self.active, self.pending, self.overlaps = sha256, b"", True
            case KeyRetired(sha256):
                if sha256 == self.active:
                    self.pending, self.overlaps = b"", False

    def shared_of(self, id: bytes, wall_s: float) -> bytes | None:
        """Return what the token *id* comes to, or None where it is not good now."""
        token = self.tokens.get(id)
        return token.shared if token is not None and wall_s < token.until_s else None

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain JSON."""
        return {
            "tokens": [[t.id.hex(), t.shared.hex(), t.until_s, t.by] for t in self.tokens.values()],
            "active": self.active.hex(),
            "pending": self.pending.hex(),
            "overlaps": self.overlaps,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Trust:
        """Return what `to_json` wrote; nothing where a founder wrote nothing."""
        trust = cls()
        for id, shared, until_s, by in plain.get("tokens", ()):
            token = TokenMade(bytes.fromhex(id), bytes.fromhex(shared), int(until_s), by)
            trust.tokens[token.id] = token
        trust.active = bytes.fromhex(plain.get("active", ""))
        trust.pending = bytes.fromhex(plain.get("pending", ""))
        trust.overlaps = bool(plain.get("overlaps", False))
        return trust
