"""The border of this node's executor: what it is told, and what it answers (`lrm.py`)."""

from __future__ import annotations

from pcsx.agents import Exit, Outcome
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick, UnitChanged
from pcsx.daemon.records import OpRecord, Order
from pcsx.lean import dataclass
from pcsx.ring.port import Note

# --- events, besides ChildExited and Tick ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Obey:
    """The DC orders *order*; one that came before is answered as before."""

    order: Order


@dataclass(frozen=True, slots=True)
class Abandon:
    """Begin nothing that waits, and kill what is in flight but stops and demotes: *why* is told."""

    why: str


@dataclass(frozen=True, slots=True)
class Anew:
    """The view has changed: who is in charge sees what has begun, and orders the rest anew.

    What waits here is answered as `STALE` and never begun: the next plan does not know of it.
    """


@dataclass(frozen=True, slots=True)
class StopAll:
    """Stop all that may run here, last started first, with no DC to say how; obey no more.

    Each stop has *timeout_ms*, or what *limits* say of its primitive. With *before*, pairs of
    primitives of which the first is stopped first, all others are stopped side by side: whoever
    takes over elsewhere waits for no longer. `Stopped` tells the end, `Resume` lets orders in.
    """

    why: str
    timeout_ms: int = 60_000
    limits: tuple[tuple[str, int], ...] = ()
    before: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Obey again."""


LrmEvent = Obey | Abandon | Anew | StopAll | Resume | ChildExited | UnitChanged | Tick


# --- effects, besides Spawn, Kill and Note --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """An operation came out, or (status pending) has begun."""

    record: OpRecord


@dataclass(frozen=True, slots=True)
class Notified:
    """A notify came out, however it did: it is not on record, and no failure."""

    order: Order
    rc: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The recurring operation with the order's key does not run any more."""

    order: Order


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing of the order's resource recurs or waits here: its history is to be dropped."""

    order: Order


@dataclass(frozen=True, slots=True)
class Refuse:
    """The order was not carried out: STALE (an old term, no lease), or *why* in words."""

    order: Order
    why: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """`StopAll` is through; *failed* are the resources that may still run."""

    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """One call of an agent for *order* ended with *exit*, which comes to *outcome*."""

    order: Order
    exit: Exit
    outcome: Outcome
    traced: bool = False


LrmEffect = (
    Ended | Spawn | Kill | Report | Notified | Cancelled | Forgotten | Refuse | Stopped | Note
)


# --- for status ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InFlight:
    """One operation that runs or waits, for status."""

    resource: str
    task: str
    interval_ms: int
    age_ms: int
    waiting: bool
