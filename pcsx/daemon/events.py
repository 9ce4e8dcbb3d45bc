"""All that can happen to a daemon's brain."""

from __future__ import annotations

from typing import Any

from pcsx.agents.types import Exit
from pcsx.daemon.ledger import Ledger
from pcsx.lean import dataclass
from pcsx.pe import Transition
from pcsx.protocol import GroupSend
from pcsx.ring.frames import Boot
from pcsx.ring.port import FromHeart, Recovered


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of the local socket, as the kernel says."""

    uid: int
    gid: int
    pid: int
    user: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


HeartSays = FromHeart
"""A frame of the heart: most are for the ring's machine, which takes them as they come."""


@dataclass(frozen=True, slots=True)
class Persisted:
    """The disk has what `Persist` with *ticket* asked for."""

    ticket: int


@dataclass(frozen=True, slots=True)
class PersistFailed:
    """The disk refused, and says why."""

    ticket: int
    reason: str


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a node in its cluster, as the disk gives it: the boot counter is on record."""

    me: int
    boot: Boot
    recovered: Recovered
    psks: tuple[bytes, ...]
    decisions: tuple[tuple[bytes, bytes], ...] = ()
    """What was kept by `KeepDecision`: head and body of each, the oldest first."""
    former: bytes = b""
    """The node's key before its present one; empty: there was none."""
    coming: bytes = b""
    """The node's key that is to take the place of its present one; empty: none is."""
    ledger: Ledger | None = None
    """What the snapshot's state spells, where it was read beforehand."""


@dataclass(frozen=True, slots=True)
class Stored:
    """`Store`, `Forget` or `Reopen` is done, the latter with a *life*; or there was a *failure*."""

    ticket: int
    life: Life | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ChildExited:
    """The child that `Spawn` began ended."""

    child: int
    exit: Exit


@dataclass(frozen=True, slots=True)
class UnitChanged:
    """A unit of the service manager came to another *state* without being asked to."""

    unit: str
    state: str


@dataclass(frozen=True, slots=True)
class Load:
    """How busy this machine is: *percent* of one core's time, over the last minute."""

    percent: int
    cores: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A worker has finished *job*: a transition, or the *failure* that stopped it.

    The document that it read and all that it decided come compressed, for keeping (`packed`); the
    *transition* need not have its reasons. Both are empty where nothing is to be done.
    """

    job: int
    transition: Transition | None
    failure: str = ""
    read: bytes = b""
    decided: bytes = b""


@dataclass(frozen=True, slots=True)
class Depicted:
    """A worker has read the state: what `pe.state.state_of` returns, None where it could not."""

    job: int
    state: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class StateWritten:
    """What a ledger came to as bytes: `WriteState` asked for it."""

    job: int
    state: bytes


@dataclass(frozen=True, slots=True)
class StateRead:
    """What a snapshot's state spells, None where it is none: `ReadState` asked for it."""

    job: int
    ledger: Ledger | None


@dataclass(frozen=True, slots=True)
class Requested:
    """A client asks: *request* is JSON as `protocol.py` has it; (*client*, *id*) names it.

    What is said to a group is no JSON, and here already what it is parsed to.
    """

    client: int
    id: int
    request: dict[str, Any] | GroupSend
    caller: Caller


@dataclass(frozen=True, slots=True)
class ClientGone:
    """A client closed its end."""

    client: int


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A TCP stream is there: *stream* was asked for by `OpenStream`, or *peer* opened it."""

    stream: int
    peer: str
    incoming: bool


@dataclass(frozen=True, slots=True)
class StreamData:
    """A whole message (length-prefixed on the wire) came in on *stream*."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """*stream* is gone: the other end closed it, or *reason* (an errno's name) stopped it."""

    stream: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IdentityKept:
    """What `KeepIdentity` asked for is on disk, *coming* too; or (with a *failure*) it is not."""

    coming: bytes
    failure: str = ""


@dataclass(frozen=True, slots=True)
class KeysKept:
    """The cluster's *keys* are on disk, or (with a *failure*) they are not."""

    keys: tuple[bytes, ...]
    failure: str = ""


@dataclass(frozen=True, slots=True)
class LobbyFound:
    """Discovery saw a lobby: a hint, never trust."""

    name: str
    addresses: tuple[str, ...]
    port: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the names of a `Resolve` mean here: (name, addresses), none where it means nothing."""

    ticket: int
    answers: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class KeyRead:
    """The bootstrap key as it is on this disk now; None with a *problem* where there is none."""

    ticket: int
    key: bytes | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Terminate:
    """SIGTERM: hand over or stop what runs here, leave the ring, exit 0."""


Event = (
    Tick
    | HeartSays
    | Persisted
    | PersistFailed
    | Stored
    | IdentityKept
    | KeysKept
    | ChildExited
    | UnitChanged
    | Load
    | Planned
    | Depicted
    | StateWritten
    | StateRead
    | Requested
    | ClientGone
    | StreamOpened
    | StreamData
    | StreamClosed
    | LobbyFound
    | Resolved
    | KeyRead
    | Terminate
)
