"""What the DC's work is told and what it asks for: the events and effects of `Controller`."""

from __future__ import annotations

from pcsx.daemon.effects import KeepDecision, Plan
from pcsx.daemon.events import Planned
from pcsx.daemon.ledger import Fact
from pcsx.daemon.messages import FenceResult, ViewMessage
from pcsx.daemon.records import OpRecord
from pcsx.lean import dataclass
from pcsx.ring.port import Note

# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stir:
    """Something changed that no action of ours asked for: look again; *paced*: not too often.

    *anew*: what failed before may work now, so that no pause counts any more.
    """

    why: str
    paced: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """View, leadership or quorum changed."""

    why: str
    view: bool = False


@dataclass(frozen=True, slots=True)
class OpCame:
    """*node* tells how an operation came out."""

    node: int
    record: OpRecord


@dataclass(frozen=True, slots=True)
class Answered:
    """An action of ours was done (*failure* empty) or declined."""

    term: int
    transition: int
    action: int
    failure: str = ""


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """The log holds the intent to fence."""

    case: int


@dataclass(frozen=True, slots=True)
class CaseClosed:
    """The log holds what became of the case."""

    case: int


@dataclass(frozen=True, slots=True)
class FenceTold:
    """*node* tells what became of a case that it carried out."""

    node: int
    result: FenceResult


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


ControllerEvent = (
    Stir | Came | OpCame | Answered | CaseOpened | CaseClosed | FenceTold | Planned | Tick
)


# --- effects --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tell:
    """Say *message* to all members, in order."""

    message: ViewMessage


@dataclass(frozen=True, slots=True)
class Decide:
    """Commit *fact*, if we still lead."""

    fact: Fact


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing runs on *node* any more: let it leave, its vote first where that keeps quorum."""

    node: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The run has moved: *text* is what begins; for those who wait."""

    text: str
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class AtRest:
    """Nothing is left to do; *blocked* names what cannot run and why."""

    blocked: tuple[tuple[str, str], ...]


ControllerEffect = Tell | Decide | Release | Plan | KeepDecision | Progress | AtRest | Note
