"""What the members say to each other in the view plane, and their bytes.

All of these travel as ordered messages, so that every member holds the same picture: each node's
status whole as its first message in a view, then by changes; the DC's orders; fencing; and the
requests that a node passes on to the leader for its clients.
"""

from __future__ import annotations

from typing import Final

from pcsx.daemon.packing import packed, unpacked
from pcsx.daemon.records import OpRecord, Order
from pcsx.lean import dataclass
from pcsx.ring.codec import Codec, Malformed
from pcsx.ring.frames import Boot, Why
from pcsx.ring.port import ViewId
from pcsx.ring.services.words import is_sent

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LostNode:
    """A node that left the view, with what was last known of it; *since_s* is wall time."""

    node: int
    boot: Boot
    why: Why
    since_s: int
    attributes: Pairs
    records: tuple[OpRecord, ...]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """All that a node says of itself on entering a view, and of those who are gone."""

    boot: Boot
    wall_s: int
    attributes: Pairs
    records: tuple[OpRecord, ...]
    lost: tuple[LostNode, ...]
    fencing: tuple[int, ...]
    """Cases of fencing that it is carrying out."""
    fenced: tuple[FenceResult, ...]
    """Results of cases that are not closed in the log yet."""
    devices: tuple[str, ...]
    """Fence devices that run here, by id: it has verified access to them."""
    applied: int
    """Up to which index of the log it has applied: the newest configuration is known by it."""
    term: int
    """The highest term whose orders it has seen; lower ones are refused."""
    transition: int
    """The highest number of a transition whose orders it has seen: the next DC goes on from it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """An operation of the sender's came out, with the attributes that changed by it."""

    record: OpRecord
    attributes: Pairs = ()
    """(name, value); an empty value takes the attribute away."""


@dataclass(frozen=True, slots=True)
class AttributesChanged:
    """Transient attributes of *node* changed; an empty value takes one away."""

    node: int
    attributes: Pairs


@dataclass(frozen=True, slots=True)
class Forgot:
    """The sender has no history of *resource* any more; of all where it is empty."""

    resource: str
    term: int = 0
    transition: int = 0
    action: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """The DC's orders to *node*, in its *term*; in another *view* than its own they are nobody's.

    What had no place in the order of a view is said again in the next one, after the DC has given
    it up.
    """

    term: int
    view: ViewId
    node: int
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Declined:
    """An order was not obeyed: STALE (no lease seen, an old term) or what else stood against it."""

    term: int
    transition: int
    action: int
    why: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An order was done that leaves no record: a notify, or the end of a recurring operation.

    *key* is that of the recurring operation of *resource* which is no more.
    """

    term: int
    transition: int
    action: int
    resource: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Clean:
    """An operator's cleanup on *node* of *resource* (all where empty): failures, or all history.

    With *operation* only failures of it count, at *interval_ms* unless that is below zero.
    """

    node: int
    resource: str
    refresh: bool
    operation: str = ""
    interval_ms: int = -1


@dataclass(frozen=True, slots=True)
class FenceOrder:
    """The DC has *executor* carry out the committed fencing *case*."""

    term: int
    case: int
    executor: int
    target: str
    action: str
    timeout_ms: int
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class FenceResult:
    """What became of fencing *case*; told until the log has closed it."""

    case: int
    ok: bool
    reason: str
    device: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """The DC lets *node* leave: nothing runs there any more."""

    node: int


@dataclass(frozen=True, slots=True)
class Unblock:
    """A person, *by*, ends the wait for all voters for the lives in this view."""

    by: str


@dataclass(frozen=True, slots=True)
class AskedToStop:
    """Someone asks *node* to empty itself and leave the ring (`cluster stop NODE`)."""

    node: int


@dataclass(frozen=True, slots=True)
class Forward:
    """A client of the sender's asks the leader: *request* as JSON; *ticket* is the sender's."""

    leader: int
    ticket: int
    request: bytes
    caller: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The leader's reply to `Forward` (*node*, *ticket*): JSON; *index*: apply that far first."""

    node: int
    ticket: int
    reply: bytes
    index: int
    last: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """A client of the sender's asks the receiver alone: *request* as JSON.

    *boot* and *ticket* are the sender's; it comes again until it is answered.
    """

    boot: int
    ticket: int
    request: bytes
    caller: str


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """The one reply to an `Errand`: JSON; *index*: apply the log that far first."""

    boot: int
    ticket: int
    reply: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Served:
    """A word of the services for applications: `ring.services.words` as bytes."""

    word: bytes


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """The sender has the key with this *sha256* on disk; *used*: it calls with it."""

    sha256: bytes
    used: bool


@dataclass(frozen=True, slots=True)
class KeyOffer:
    """The leader gives the receiver, and nobody else, the cluster's key that is to come."""

    key: bytes


@dataclass(frozen=True, slots=True)
class KeyWish:
    """The sender asks the leader that the configuration has *public* for it, as its own key."""

    public: bytes


ViewMessage = (
    NodeStatus
    | Ran
    | AttributesChanged
    | Forgot
    | Orders
    | Declined
    | Acknowledged
    | Clean
    | FenceOrder
    | FenceResult
    | GoAway
    | AskedToStop
    | Unblock
    | Forward
    | Answer
    | Errand
    | ErrandDone
    | Served
    | KeyHeld
    | KeyOffer
    | KeyWish
)

_CODEC: Final[Codec[ViewMessage]] = Codec(
    1,
    {
        1: NodeStatus,
        2: Ran,
        3: AttributesChanged,
        4: Forgot,
        5: Orders,
        6: Declined,
        7: Clean,
        8: FenceOrder,
        9: FenceResult,
        10: GoAway,
        11: AskedToStop,
        12: Forward,
        13: Answer,
        14: Acknowledged,
        15: Served,
        16: Unblock,
        17: Errand,
        18: ErrandDone,
        30: KeyHeld,
        31: KeyOffer,
        32: KeyWish,
    },
)


def encode(message: ViewMessage) -> bytes:
    """Return *message* as bytes; what is said to a group stands there as it is."""
    if message.__class__ is Served and is_sent(message.word):
        return packed(message.word)
    return packed(_CODEC.encode(message))


def decode(data: bytes) -> ViewMessage:
    """Return the message that *data* spells, or raise `Malformed`."""
    data = unpacked(data)
    if is_sent(data):
        return Served(data)
    message = _CODEC.decode(data)
    if message.__class__ is Served and is_sent(message.word):
        raise Malformed("a message to a group in a cover that it needs not")
    return message
