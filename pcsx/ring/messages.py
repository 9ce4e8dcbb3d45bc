"""What the brains of a cluster say to each other: views, ordered messages and the log.

Each is a value; `encode` and `decode` turn it into the bytes that `Transmit` carries and `Heard`
brings. Who sent it, and in which life, the heart tells: no message repeats it.
"""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.codec import Codec
from pcsx.ring.frames import Row
from pcsx.ring.port import Entry, View, ViewId

NO_VIEW: Final = ViewId(0, 0)
"""What a node names as its old view when it comes from none."""

# --- views ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogState:
    """Where a node's log stands, as far as elections ask."""

    term: int
    last_term: int
    last_index: int
    commit: int
    leading: bool
    """Leads, or is counting votes, in *term*."""
    amnesiac: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class Join:
    """I look for a view: whom I would have in it, what I know of who hears whom, my log."""

    number: int
    """Rises with each JOIN of a life: a later one replaces an earlier one."""
    old: ViewId
    epoch: int
    proposed: tuple[int, ...]
    silent: tuple[int, ...]
    """Peers whose hearts I hear and whose brains did not answer."""
    rows: tuple[Row, ...]
    log: LogState


@dataclass(frozen=True, slots=True)
class Prepare:
    """The coordinator offers *view*."""

    view: View


@dataclass(frozen=True, slots=True)
class Flush:
    """I left *old* for *view*; of its messages I keep *have* (ranges, both ends included)."""

    view: ViewId
    old: ViewId
    upto: int
    """All messages up to here were received, kept or not."""
    stable: int
    have: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """*holder* gives the messages from *first* to *last* to all who come from *old*."""

    old: ViewId
    holder: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Where *old* ends: its messages up to *upto* are delivered, by those who stay *together*."""

    old: ViewId
    upto: int
    safe: int
    """Messages up to here are held by all members of *old*."""
    together: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be copied before *view* can be installed."""

    view: ViewId
    cuts: tuple[Cut, ...]
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """I have all messages of my old view up to its cut."""

    view: ViewId


@dataclass(frozen=True, slots=True)
class Install:
    """*view* begins; each old view ends where *cuts* says."""

    view: View
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Installed:
    """I am in *view*."""

    view: ViewId


# --- order ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """A message that waits for its place."""

    safe: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """A member's messages for the coordinator to order, numbered from *first* by their sender."""

    view: ViewId
    first: int
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A message with its place: *number* is its sender's."""

    sender: int
    number: int
    safe: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ordered:
    """Messages at the places from *first* on; all members hold those up to *stable*.

    Without items it says that all places below *first* are taken.
    """

    view: ViewId
    first: int
    stable: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """I hold all messages up to *upto*; *asks*: tell me how far all are."""

    view: ViewId
    upto: int
    asks: bool


@dataclass(frozen=True, slots=True)
class Nack:
    """I lack the messages from *first* to *last*."""

    view: ViewId
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Direct:
    """A straight message of the daemon's."""

    payload: bytes


# --- the log --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PreVote:
    """Would you vote for me in *term*? My log ends at (*last_term*, *last_index*)."""

    term: int
    last_term: int
    last_index: int
    resigned: int
    """The leaders of the terms up to here have resigned: promises to them are void."""


@dataclass(frozen=True, slots=True)
class PreVoteResp:
    """I would, or not within *wait_ms*; *stamp* is my clock."""

    term: int
    granted: bool
    wait_ms: int
    stamp: int


@dataclass(frozen=True, slots=True)
class Vote:
    """Vote for me in *term*."""

    term: int
    last_term: int
    last_index: int
    resigned: int


@dataclass(frozen=True, slots=True)
class VoteResp:
    """My vote in *term*, durable; or none, within *wait_ms*; *stamp* is my clock."""

    term: int
    granted: bool
    wait_ms: int
    stamp: int


@dataclass(frozen=True, slots=True)
class App:
    """The leader's entries after (*prev_index*, *prev_term*), and its round where one is asked.

    *stamps* gives some nodes the newest of their stamps that was here before a round which a
    quorum has since answered: from that moment of their own clock on, the lease runs *lease_ms*.
    """

    term: int
    prev_index: int
    prev_term: int
    commit: int
    round: int
    lease_ms: int
    stamps: tuple[tuple[int, int], ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class AppResp:
    """My log equals the leader's up to *match*, durably; or not even at what it sent after.

    Refused, *match* is the last index that may still be equal. *round* is answered with a promise
    of *promise_ms*, *stamp* is my clock.
    """

    term: int
    granted: bool
    match: int
    round: int
    promise_ms: int
    stamp: int


@dataclass(frozen=True, slots=True)
class InstallSnap:
    """A piece of the leader's snapshot, from *offset* on; *config* comes with each.

    *fresh*: a committed configuration has made the receiver a learner: it takes the log anew.
    """

    term: int
    index: int
    last_term: int
    config: bytes
    offset: int
    total: int
    chunk: bytes
    fresh: bool


@dataclass(frozen=True, slots=True)
class SnapResp:
    """I have the snapshot of *index* up to *offset*, durably when it is whole."""

    term: int
    index: int
    offset: int


@dataclass(frozen=True, slots=True)
class TimeoutNow:
    """I have resigned from *term*: stand at once."""

    term: int


@dataclass(frozen=True, slots=True)
class Resigned:
    """I have resigned from *term*: promises to me are void."""

    term: int


@dataclass(frozen=True, slots=True)
class ReadIndex:
    """Up to where must I have applied, to read what is committed now? My *number*ed question."""

    number: int


@dataclass(frozen=True, slots=True)
class ReadIndexResp:
    """Up to *index*; or I cannot say."""

    number: int
    known: bool
    index: int


ViewMessage = Join | Prepare | Flush | Plan | Complete | Install | Installed
OrderMessage = Data | Ordered | Ack | Nack
LogMessage = (
    PreVote
    | PreVoteResp
    | Vote
    | VoteResp
    | App
    | AppResp
    | InstallSnap
    | SnapResp
    | TimeoutNow
    | Resigned
    | ReadIndex
    | ReadIndexResp
)
Message = ViewMessage | OrderMessage | LogMessage | Direct

MESSAGES: Final[Codec[Message]] = Codec(
    1,
    {
        1: Join,
        2: Prepare,
        3: Flush,
        4: Plan,
        5: Complete,
        6: Install,
        7: Installed,
        20: Data,
        21: Ordered,
        22: Ack,
        23: Nack,
        24: Direct,
        40: PreVote,
        41: PreVoteResp,
        42: Vote,
        43: VoteResp,
        44: App,
        45: AppResp,
        46: InstallSnap,
        47: SnapResp,
        48: TimeoutNow,
        49: Resigned,
        50: ReadIndex,
        51: ReadIndexResp,
    },
)
"""What brains say to each other, as bytes."""


def encode(message: Message) -> bytes:
    """Return a message between brains as bytes."""
    return MESSAGES.encode(message)


def decode(data: bytes) -> Message:
    """Return the message that `encode` wrote, or raise `codec.Malformed`."""
    return MESSAGES.decode(data)
