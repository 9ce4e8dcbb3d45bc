"""What the lobby and the founder know of their own daemon, and what they say upward."""

from __future__ import annotations

from typing import Any, Final

from pcsx.errors import Finding, PcsxError
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.join import fingerprint, public_of
from pcsx.ring.levels import FEATURES, Range

VERSION: Final = 1
"""Of the lobby's conversation; nodes that differ say so."""


@dataclass(frozen=True, slots=True)
class Me:
    """What this daemon is called and where its lobby listens."""

    name: str
    address: str
    port: int
    identity: bytes
    version: str
    features: Range = FEATURES
    """The feature levels that this program speaks."""


@dataclass(frozen=True, slots=True)
class Line:
    """Progress for the person who waits: the *stage*, and what happened."""

    stage: str
    text: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Ask the person here whether *node* (or who opened to us) shows the same *digits*."""

    node: str
    digits: str


@dataclass(frozen=True, slots=True)
class Ignite:
    """Enter the cluster that is stored here."""


@dataclass(frozen=True, slots=True)
class Founded:
    """The cluster stands."""

    config: RingConfig
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Ruined:
    """It did not come to be, and every node is as it was."""

    error: PcsxError


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A node that came by the token *token* asks to be let in; answer on *stream*.

    *host* is where it comes from, *key* the public key that it has proved to have, *said* its word.
    """

    stream: int
    token: bytes
    host: str
    key: bytes
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Returning:
    """Who has proved the public *key* says that it is a node of *cluster*; answer on *stream*."""

    stream: int
    cluster: str
    key: bytes
    said: dict[str, Any]


Outcome = Line | Compare | Ignite | Founded | Ruined | Newcomer | Returning


def describe(me: Me, cluster: str) -> dict[str, Any]:
    """Return what `pcsx cluster discover` and status say of this daemon in its lobby."""
    return {
        "name": me.name,
        "address": me.address,
        "port": me.port,
        "fingerprint": fingerprint(public_of(me.identity)),
        "cluster": cluster,
        "version": me.version,
    }
