"""What goes over the network between two hearts, as bytes: the header, heartbeats, handshakes.

Every packet begins with sixteen bytes, `magic|type|flags|phase|session u32|counter u64`, which are
associated data of what follows. The one flag, `QUIET`, tells how soon a packet is to be read.
Heartbeats are a fixed structure, because there are so many of them; what is rare is a dataclass in
the codec `WIRE`. Nothing here is secret or checked: sealing is `seal.py`, the handshake
`session.py`.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from pcsx.lean import dataclass
from pcsx.ring.codec import Codec, Malformed
from pcsx.ring.frames import Boot, Row

MAGIC: Final = 0xC1
"""The first byte: a mark of ours in the high half, the packet format's version in the low one."""

HEADER: Final = struct.Struct(">BBBBIQ")
HEADER_SIZE: Final = HEADER.size
TYPE_AT: Final = 1
FLAGS_AT: Final = 2
"""Where in the header these bytes are."""
TAG_SIZE: Final = 16
OVERHEAD: Final = HEADER_SIZE + TAG_SIZE

# Handshake, in the clear but authenticated.
INIT: Final = 1
RESPONSE: Final = 2
CALL: Final = 3
COOKIE: Final = 4
# Sealed under a session.
BEAT: Final = 16
WHOLE: Final = 17
PART: Final = 18
CONTROL: Final = 19
FAREWELL: Final = 20
REFUSED: Final = 21
"""A `Refusal` on a session that was made for nothing else."""
# Sealed by a key that was left with the supervisor.
WILL: Final = 32
# Sealed by a key that was left for the crash kernel.
PANIC: Final = 33

QUIET: Final = 1
"""In the header's flags: a heartbeat that tells no more than the one before it, so that it need
wake nobody. It counts from when it came, not from when it is read.
"""

PACKET_SIZES: Final = (1200, 1432, 8932)
"""Sizes of a datagram that are tried on a path; the first fits everywhere and is never probed."""

BEAT_BYTES_MAX: Final = 400
"""How long the brain's part of a heartbeat may be."""


class Dropped(Exception):
    """A packet was not taken in; *reason* is the last part of its counter's name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Header(NamedTuple):
    """The first sixteen bytes of a packet."""

    magic: int
    type: int
    flags: int
    phase: int
    session: int
    counter: int


# --- heartbeats -----------------------------------------------------------------------------------

_BEAT: Final = struct.Struct(">BBHIQQIIIQQQH")
_BEAT_HEAD: Final = struct.Struct(">BBHIQQI")
_BEAT_TAIL: Final = struct.Struct(">IIQQQH")
DOUBTFUL: Final = 1
"""Flag: the sender's heart stalled, its word counts as unknown."""
REALTIME: Final = 2
"""Flag: the sender's heart runs in real time."""


class Beat(NamedTuple):
    """One heartbeat. Masks hold the bit of an id at id - 1, so that 64 nodes fit.

    *links_heard* and *size_heard* are about the receiver: on which links, and up to which size of
    packet on this one, the sender hears it. *echo_ms* is the newest stamp that the sender got from
    the receiver on this link, and *held_ms* for how long it has had it. *fresh* is whom the sender
    heard within three beats, *hears* within *down*: the row, as of *row_seq*.
    """

    flags: int
    links_heard: int
    size_heard: int
    number: int
    sent_ms: int
    echo_ms: int
    held_ms: int
    brain_age_ms: int
    stall_ms: int
    fresh: int
    hears: int
    row_seq: int
    length: int


pack_beat_head = _BEAT_HEAD.pack
"""Return the first half of a heartbeat, up to *held_ms*, which differs by link and receiver."""
pack_beat_tail = _BEAT_TAIL.pack
"""Return the second half of a heartbeat, from *brain_age_ms* on, which is one for all."""
BEAT_SIZE: Final = _BEAT.size


def beat_of(plain: bytes) -> tuple[tuple[int, ...], bytes]:
    """Return the fields of a heartbeat, in the order of `Beat`, and the brain's part of it."""
    if len(plain) < BEAT_SIZE:
        raise Malformed("a heartbeat is cut short")
    numbers = _BEAT.unpack_from(plain)
    end = BEAT_SIZE + numbers[12]
    if numbers[12] > BEAT_BYTES_MAX or end > len(plain):
        raise Malformed("a heartbeat is shorter than it says")
    return numbers, plain[BEAT_SIZE:end]


# --- what is rare ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """What the caller says of itself, sealed inside the first packet of a handshake."""

    lineage: int
    boot: Boot
    features: tuple[int, int]
    suites: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the called one answers: its life and the chosen suite, or a refusal.

    *verdict* is empty, or says why there is no session: as `Told` has it.
    """

    lineage: int
    boot: Boot
    features: tuple[int, int]
    suite: int
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gossip:
    """Rows that changed, of any node: passed on to all."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The sender's brain, or its heart, has this to say to the receiver."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask *target* for a sign of life, and vouch for it to me."""

    target: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer with a `Pong`; *asker* wants to know, 0: the sender itself."""

    asker: int


@dataclass(frozen=True, slots=True)
class Pong:
    """I live; pass it on to *asker*."""

    asker: int


@dataclass(frozen=True, slots=True)
class Vouch:
    """The life *boot* of *target* answered me just now."""

    target: int
    boot: Boot


Control = Gossip | Refusal | Ask | Ping | Pong | Vouch

WIRE: Final[Codec[Hello | Welcome | Control]] = Codec(
    1,
    {
        1: Hello,
        2: Welcome,
        3: Gossip,
        4: Refusal,
        5: Ask,
        6: Ping,
        7: Pong,
        8: Vouch,
    },
)
"""The messages between hearts that are not heartbeats or data."""
