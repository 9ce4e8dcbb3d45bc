"""The border of the ring's machine in the brain: what it is told, and what it asks for.

`Machine` (machine.py) joins views, order, log and quorum. Above it `Node` sees only these types:
views, ordered messages, committed entries, leadership and quorum. Below it are the heart (frames)
and the disk (`Persist`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Boot, Reach, ToBrain, ToHeart, Why

# --- shared values --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class ViewId:
    """A view's name; rises on each node, over restarts too."""

    epoch: int
    coordinator: int


@dataclass(frozen=True, slots=True)
class Member:
    """A node in a view, in one of its lives."""

    node: int
    boot: Boot


@dataclass(frozen=True, slots=True)
class View:
    """The members that agreed to be together, sorted by id."""

    id: ViewId
    members: tuple[Member, ...]

    @property
    def nodes(self) -> tuple[int, ...]:
        """Return the members' ids, sorted."""
        return tuple(member.node for member in self.members)


@dataclass(frozen=True, slots=True)
class HardState:
    """What a voter must never forget."""

    term: int = 0
    voted_for: int = 0
    view_epoch: int = 0
    boot_counter: int = 0


class EntryKind(StrEnum):
    """What a log entry holds: the ring reads the first three, the daemon reads APP."""

    NOOP = "noop"
    CONFIG = "config"
    """A `RingConfig`, joint while *joint* below is set."""
    JOINT = "joint"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision in the log."""

    index: int
    term: int
    kind: EntryKind
    payload: bytes


@dataclass(frozen=True, slots=True)
class SoloIntent:
    """In its life *by*, this node meant to fence *target* in its life *boot* by the solo rule."""

    target: int
    boot: int
    by: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after *index*, in place of the entries up to it."""

    index: int
    term: int
    config: RingConfig
    state: bytes
    """The daemon's bytes (the document and what belongs to it)."""


class Damage(StrEnum):
    """What recovery found on the disk."""

    CLEAN = "clean"
    TORN = "torn"
    """The last record was cut off in the middle of its write: dropped, harmless."""
    AMNESIAC = "amnesiac"
    """A record that was acknowledged is lost: no vote counts until the log is taken anew."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the disk held at start; *snapshot* is at least the one of the cluster's founding."""

    hard: HardState
    snapshot: Snapshot
    entries: tuple[Entry, ...]
    damage: Damage = Damage.CLEAN
    intents: tuple[SoloIntent, ...] = ()
    """Fencings by the solo rule that were meant; what came of them died with the life."""
    decided: tuple[tuple[int, int], ...] = ()
    """Index and term of entries that were known to be decided; not all of them need be here."""


MOVED: Final = "the configuration has changed meanwhile"
"""Why a change made from an older configuration is refused; made anew, it may pass."""

# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromHeart:
    """The heart says something."""

    frame: ToBrain


@dataclass(frozen=True, slots=True)
class Multicast:
    """Order *payload* among the members' messages and deliver it to all, us too.

    *safe*: not before all members hold it. What was not ordered before a change of view is sent
    again in the next one, once, as a new message.
    """

    payload: bytes
    safe: bool = False


@dataclass(frozen=True, slots=True)
class SendTo:
    """Carry *payload* to one member, unordered, maybe lost."""

    node: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Propose:
    """Append *payload* to the log (leaders only); answered by one `Proposed` with the *ticket*.

    *awaited*: others are told at once that it is decided; else a few ms later, or with the next.
    """

    ticket: int
    payload: bytes
    awaited: bool = True


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """Commit *config* in place of the present one (leaders only); answered as `Propose`.

    Where *base* is given it is refused as `MOVED` unless the newest configuration is that one.
    """

    ticket: int
    config: RingConfig
    base: RingConfig | None = None


@dataclass(frozen=True, slots=True)
class ReadBarrier:
    """Answer `Readable` with *ticket* once all that was committed before is applied here."""

    ticket: int


@dataclass(frozen=True, slots=True)
class FenceProof:
    """In this life of ours, fencing of *node* in its life *boot* was confirmed.

    Of a pair, the survivor goes on alone by it (`Machine.solo_target`), and appends *fact*, the
    daemon's record of it, in the same write; answered as `Propose`.
    """

    ticket: int
    node: int
    boot: int
    fact: bytes = b""


@dataclass(frozen=True, slots=True)
class ForceNew:
    """On a person's word that every other node is off: go on alone, in a new *lineage*.

    *boots* are the lives that the word is about, *facts* the daemon's record of it, appended in the
    same write; answered as `Propose`.
    """

    ticket: int
    lineage: int
    boots: tuple[tuple[int, int], ...]
    facts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Intend:
    """Of a pair, we mean to fence *node* in its life *boot* without the log, which has no quorum.

    `Intended` answers once that is on this disk, or refuses. No agent is called before.
    """

    ticket: int
    node: int
    boot: int


@dataclass(frozen=True, slots=True)
class Unblock:
    """A person, *by*, ends this life's wait for all voters; it gets no vote by it."""

    by: str


@dataclass(frozen=True, slots=True)
class Persisted:
    """What `Persist` asked for with *ticket* is on the disk."""

    ticket: int


@dataclass(frozen=True, slots=True)
class PersistFailed:
    """The disk refused: the log role ends here, the node stays a reachable non-voter."""

    ticket: int
    reason: str


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """The daemon's state after *index*, as `TakeSnapshot` asked."""

    index: int
    state: bytes


@dataclass(frozen=True, slots=True)
class SnapshotFetched:
    """What came of a `FetchSnapshot` for *index*: None where it must come over the sessions."""

    index: int
    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True)
class Mistrust:
    """The daemon's state is not what the log decided: do not lead before `Mended`."""


@dataclass(frozen=True, slots=True)
class Mended:
    """Begin again from *snapshot*, a state of the daemon on a node with quorum."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave the view and the ring in good order; ends in `Left`."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


@dataclass(frozen=True, slots=True)
class FromWitness:
    """The cluster's witness says *payload*."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class WitnessReach:
    """Whether the cluster's witness answers this node now."""

    here: bool


MachineEvent = (
    FromHeart
    | Multicast
    | SendTo
    | Propose
    | Reconfigure
    | ReadBarrier
    | FenceProof
    | ForceNew
    | Intend
    | Unblock
    | FromWitness
    | WitnessReach
    | Persisted
    | PersistFailed
    | SnapshotTaken
    | SnapshotFetched
    | Mistrust
    | Mended
    | Leave
    | Tick
)


# --- effects --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToWitness:
    """Say *payload* to the cluster's witness; it may be lost."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Say:
    """Give *frame* to the heart."""

    frame: ToHeart


@dataclass(frozen=True, slots=True)
class Persist:
    """Make all of this durable, in this order, then answer `Persisted` with *ticket*.

    *truncate_from*: entries from this index on are gone (0: none). *entries* are appended.
    *snapshot* replaces everything up to its index. *decided* is the index and term of the last
    entry that is known to be decided: it goes with what is written anyway, and need not be kept.
    """

    ticket: int
    hard: HardState | None = None
    truncate_from: int = 0
    entries: tuple[Entry, ...] = ()
    snapshot: Snapshot | None = None
    intents: tuple[SoloIntent, ...] = ()
    decided: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Answer `SnapshotTaken` with the daemon's state after *index* (all up to it was delivered)."""

    index: int


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Fetch the snapshot of *index* from *node*, which leads, by other means than the sessions.

    It is large. `SnapshotFetched` is the answer; without one it comes over the sessions in time.
    With *index* 0 it is what that node has applied now, for a daemon whose own state diverged.
    """

    node: int
    index: int


@dataclass(frozen=True, slots=True)
class Examine:
    """Read *snapshot*, which is large and came over the sessions, before the log goes by it.

    `SnapshotFetched` is the answer, without it where it cannot be read.
    """

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Restore:
    """Take *state* as the daemon's state after *index*, in place of what it had."""

    index: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Transitional:
    """The view ends; *together* are the members who move on with us, and saw the same messages."""

    together: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Departed:
    """A node that is not in the new view, and why."""

    node: int
    boot: Boot
    why: Why


@dataclass(frozen=True, slots=True)
class Regular:
    """A new view begins."""

    view: View
    joined: tuple[int, ...]
    left: tuple[Departed, ...]


@dataclass(frozen=True, slots=True)
class Deliver:
    """An ordered message: the same for all members at the same place *gseq* of the view."""

    view: ViewId
    gseq: int
    sender: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A straight message of a member."""

    sender: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """An APP entry is decided; given once each, in order of index."""

    index: int
    term: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class ConfigCommitted:
    """The ring's configuration is decided; the heart was told already."""

    index: int
    config: RingConfig


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of a proposal: committed at *index*, or refused for *refusal* (index 0)."""

    ticket: int
    index: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Intended:
    """The intent with *ticket* is durable, or refused for *refusal*."""

    ticket: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Readable:
    """The read barrier with *ticket* is passed, or refused for *refusal*."""

    ticket: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads the log, as seen here; *mine* from the moment the term's noop is committed."""

    term: int
    leader: int
    """0: nobody known."""
    mine: bool


@dataclass(frozen=True, slots=True)
class Quorum:
    """Whether this node's partition has quorum (in the sense of RING.md 6), and the arithmetic.

    *flags* are the names of what makes it other than a plain majority, sorted.
    """

    quorate: bool
    votes: int
    expected: int
    needed: int
    reason: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PeerReach:
    """What the detector holds of a peer, passed on for status and placement."""

    node: int
    reach: Reach
    why: Why
    boot: Boot
    since_ms: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The others refuse this node, with a word as `frames.Told` has it."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """The ring was left, all is said."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line of a machine's story, for the journal: *who* says *text*."""

    who: str
    text: str


MachineEffect = (
    Say
    | ToWitness
    | Persist
    | TakeSnapshot
    | FetchSnapshot
    | Examine
    | Restore
    | Transitional
    | Regular
    | Deliver
    | Received
    | Committed
    | ConfigCommitted
    | Proposed
    | Intended
    | Readable
    | Leadership
    | Quorum
    | PeerReach
    | Verdict
    | Left
    | Note
)
