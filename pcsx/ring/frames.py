"""What heart and brain say to each other, in the clear, over one SOCK_SEQPACKET socket.

The heart never waits for the brain: a frame that does not fit is dropped and counted. Everything
that the brain's machines hear of the network is one of the frames *to the brain*; everything that
they say is one of the frames *to the heart*. `codec.py` turns each into bytes and back.
"""

from __future__ import annotations

from enum import IntEnum

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Boot:
    """One life of heart and brain: a durable counter, and 64 bits that tell copies apart."""

    counter: int
    nonce: int


class Reach(IntEnum):
    """What the detector holds of a peer."""

    UNKNOWN = 0
    """Not heard since the ring was configured."""
    UP = 1
    SUSPECT = 2
    """Silent for `suspect_ms`: nothing is placed there, nothing is taken away."""
    DOWN = 3
    """Silent for `down_ms`, on the word of all other members, or known dead."""


class Why(IntEnum):
    """What made the detector change its mind."""

    HEARD = 0
    SILENCE = 1
    DIED = 2
    """Its supervisor sent the will: heart and brain are gone for certain; agents may live."""
    LEFT = 3
    """It said farewell and had stopped what it ran."""
    REBOOTED = 4
    """The peer is there with a later boot: the life before is over."""
    BRAIN = 5
    """Its heart beats, but its brain has not moved for 30 s."""
    REMOVED = 6
    PANIC = 7
    """Its crash kernel says that its kernel has panicked: nothing of it runs any more."""


class Watch(IntEnum):
    """What becomes of the watchdog."""

    PET = 0
    """Arm it, and pet it as long as the brain moves."""
    BITE = 1
    """Pet it no more: this machine is to end."""
    DISARM = 2
    """Nothing runs here that it had to end."""


# --- to the brain ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerState:
    """A peer's *reach* changed at *since_ms*; *boot* is the life it is about."""

    node: int
    reach: Reach
    why: Why
    boot: Boot
    since_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole message of a peer, authenticated: what its brain gave to `Transmit`."""

    node: int
    boot: Boot
    payload: bytes


@dataclass(frozen=True, slots=True)
class BeatHeard:
    """The bytes that a peer's heart repeats in each heartbeat have changed to *payload*."""

    node: int
    boot: Boot
    payload: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """Whom *node* has heard within *down*, as a bit mask of ids (bit id); newest *seq* counts.

    *doubtful*: the node's heart stalled and its word counts as unknown for now.
    """

    node: int
    boot: Boot
    seq: int
    hears: int
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows known here, whenever one of them changed; sorted by node."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """How much this node doubts itself (0..7), and until when it accuses nobody (0: it may)."""

    score: int
    silent_until_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """A peer refuses us.

    *verdict* is `EXCLUDED`, `FENCED`, `REMOVED`, `CLONED`, `SUPERSEDED` (the cluster was begun anew
    without us), `LINEAGE` (two were, and neither yields), or `VERSION` (this program is too old, or
    too new, for the feature level that the cluster goes by).
    """

    node: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The life *boot* of *node* speaks the feature levels from the one to the other, both included.

    That it does not fit, and so is refused, does not keep this from being told.
    """

    node: int
    boot: Boot
    features: tuple[int, int]


@dataclass(frozen=True, slots=True)
class HeartStats:
    """The heart's counters and links as JSON, on request."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Armed:
    """The watchdog bites *timeout_ms* after it was last petted; 0: there is none to rely on."""

    timeout_ms: int


ToBrain = PeerState | Heard | BeatHeard | Rows | Doubt | Told | Offer | HeartStats | Armed


# --- to the heart ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Configure:
    """Be node *me* in the ring that *config* (`RingConfig.to_bytes`) describes; may be repeated.

    *identity* is the node's X25519 private key, that of *config*; *others* are those that peers may
    still know it by, or know it by already, while that key changes. *psks* are the cluster's keys,
    the active one first.
    """

    me: int
    boot: Boot
    config: bytes
    identity: bytes
    psks: tuple[bytes, ...]
    others: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Unconfigure:
    """Leave the ring and know nobody: back to the lobby."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Carry *payload* (up to 1 MB) to each of *nodes*, sealed, once; it may be lost."""

    nodes: tuple[int, ...]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """Repeat *payload* (up to 400 bytes) in every heartbeat from now on."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pulse:
    """The brain lives. Every frame says so; this one is for when there is nothing else to say."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """Tell all peers that this node leaves, having stopped what it ran."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Answer *node* with a verdict, as `Told` has it, until the next `Configure` or `Untell`."""

    node: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Untell:
    """Take the verdict on *node* back."""

    node: int


@dataclass(frozen=True, slots=True)
class AskStats:
    """Send `HeartStats`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Do with the watchdog what *watch* says, until it is said otherwise."""

    watch: Watch


ToHeart = (
    Configure | Unconfigure | Transmit | Beat | Pulse | Farewell | Tell | Untell | AskStats | Guard
)
