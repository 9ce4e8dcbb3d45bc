"""All that a daemon's brain can do to the world."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pcsx.agents.types import Invocation
from pcsx.cib import Cib
from pcsx.cib.status import Situation
from pcsx.daemon.ledger import Still
from pcsx.group_wire import Arrived, Placed
from pcsx.lean import dataclass
from pcsx.ring.port import Note, Persist, Say, Snapshot

TellHeart = Say
"""What the ring's machine says to the heart goes out as it is, and so does what others say."""


@dataclass(frozen=True, slots=True)
class Spawn:
    """Begin a child in a process group of its own; `ChildExited` tells its end.

    *kind* is `operation` (ended with this life) or `fence` (the same, with a wider limit).
    """

    child: int
    invocation: Invocation
    kind: str = "operation"


@dataclass(frozen=True, slots=True)
class Kill:
    """End the child's process group at once; `ChildExited` follows."""

    child: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Run the policy engine on a document as of *wall* in a worker; `Planned` answers."""

    job: int
    situation: Situation
    wall: datetime


@dataclass(frozen=True, slots=True)
class Depict:
    """Work out in a worker what *cib* says of the state as of *wall*; `Depicted` answers.

    *live* is what the daemon knows beside it; see `pe.state.state_of`.
    """

    job: int
    cib: Cib
    live: dict[str, Any]
    wall: datetime
    hide_inactive: bool = False


@dataclass(frozen=True, slots=True)
class WriteState:
    """Make bytes of a ledger as it once was, in slices and in a thread; `StateWritten` answers."""

    job: int
    still: Still


@dataclass(frozen=True, slots=True)
class ReadState:
    """Read the ledger that a snapshot's *state* spells, in a thread; `StateRead` answers."""

    job: int
    state: bytes


@dataclass(frozen=True, slots=True)
class KeepDecision:
    """Keep a decision on the disk for `transition show`, and let go of others.

    *body* is None where it is there already and only the *head* has changed.
    """

    number: int
    head: bytes
    body: bytes | None
    gone: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request: one object of `protocol.py`, or what a member of a group hears.

    *last* closes it, progress comes before.
    """

    client: int
    id: int
    reply: dict[str, Any] | Arrived | Placed
    last: bool = True


@dataclass(frozen=True, slots=True)
class Store:
    """Found a cluster's state on this disk (keys, founding snapshot), all or nothing.

    *secrets* are written 0600 under the cluster's directory: (file name, bytes). The next life's
    boot counter is above *boot*. `Stored` answers.
    """

    ticket: int
    cluster: str
    me: int
    secrets: tuple[tuple[str, bytes], ...]
    snapshot: Snapshot
    boot: int = 0


@dataclass(frozen=True, slots=True)
class KeepKeys:
    """Have the cluster's *keys* on this disk, the one to call with first; `KeysKept` answers."""

    cluster: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class KeepIdentity:
    """Have this node's keys on disk: *identity*, the one before it, and the one that is *coming*.

    Either may be empty: there is none. `IdentityKept` answers.
    """

    identity: bytes
    former: bytes
    coming: bytes = b""


@dataclass(frozen=True, slots=True)
class Forget:
    """Move the cluster's state on this disk away: back to the lobby. `Stored` answers."""

    ticket: int
    cluster: str


@dataclass(frozen=True, slots=True)
class Disown:
    """Trust the log on this disk no more: it is behind what others have seen of this node.

    The next life's boot counter is above *boot*, and it votes for nothing until it has the log
    anew. `Stored` answers.
    """

    ticket: int
    cluster: str
    boot: int


@dataclass(frozen=True, slots=True)
class Reopen:
    """Begin a new life of the cluster on this disk: a higher boot counter. `Stored` answers."""

    ticket: int
    cluster: str


@dataclass(frozen=True, slots=True)
class ReadKey:
    """Read the bootstrap key; `KeyRead` answers. Only ever asked for in the lobby."""

    ticket: int


@dataclass(frozen=True, slots=True)
class OpenStream:
    """Connect TCP to (*host*, *port*) within *timeout_ms*; `StreamOpened` or `StreamClosed`."""

    stream: int
    host: str
    port: int
    timeout_ms: int = 3000


@dataclass(frozen=True, slots=True)
class SendStream:
    """Write one message (at most 64 MB, length-prefixed on the wire) to *stream*."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class CloseStream:
    """Close *stream* after what was sent has left."""

    stream: int


@dataclass(frozen=True, slots=True)
class Resolve:
    """Look *names* up (a thread, the system's resolver); `Resolved` answers with *ticket*."""

    ticket: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Announce:
    """Announce this lobby by mDNS, or (*on* false) stop that."""

    on: bool
    name: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Discover:
    """Look for lobbies by mDNS for *for_ms*; `LobbyFound` tells each."""

    for_ms: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Keep in mind over restarts whether this node stays out of its cluster."""

    on: bool


@dataclass(frozen=True, slots=True)
class RunsHere:
    """Tell the service manager one line about this daemon's state (sd_notify STATUS)."""

    text: str
    ready: bool = False


@dataclass(frozen=True, slots=True)
class ResetMachine:
    """End all that runs on this machine at once, as its power switch would."""

    why: str


@dataclass(frozen=True, slots=True)
class Quit:
    """End this daemon with *status*, after all effects before this one."""

    status: int


Effect = (
    TellHeart
    | Persist
    | Spawn
    | Kill
    | Plan
    | Depict
    | WriteState
    | ReadState
    | KeepDecision
    | Reply
    | Store
    | KeepKeys
    | Forget
    | Disown
    | KeepIdentity
    | Reopen
    | ReadKey
    | OpenStream
    | SendStream
    | CloseStream
    | Resolve
    | Announce
    | Discover
    | Stopped
    | RunsHere
    | ResetMachine
    | Quit
    | Note
)
