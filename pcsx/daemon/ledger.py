"""What the log decided, in the daemon's words: changes of the document, fencing, who is over.

Every entry that is not the ring's own is one of the facts here. `Ledger` applies them in order and
is the same on every node; its `snapshot` goes into the log's. It decides nothing: leaders decide,
and commit results.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, Final

from pcsx.cib import Cib
from pcsx.cib.history import History
from pcsx.cib.judging import CHECKS
from pcsx.cib.replica import Change, Replica
from pcsx.cib.replica import Still as StillReplica
from pcsx.cib.tickets import TicketChange
from pcsx.daemon.packing import packed, unpacked
from pcsx.daemon.trust import (
    KeyActive,
    KeyPrepared,
    KeyRetired,
    TokenMade,
    TokenUsed,
    Trust,
    TrustFact,
)
from pcsx.lean import dataclass
from pcsx.ring.codec import Codec

HISTORY_MAX: Final = 500
CHANGES_MAX: Final = 1000
CHANGES_BYTES: Final = 512 << 10
"""How much of patches is kept: they go into snapshots, and a node that fetches one waits."""
_SLICE: Final = 256 * 1024
"""So much is worked on at a time, for meanwhile no other thread of this process gets anywhere."""
_NOTHING: Final = Cib.from_bytes(b"<cib/>")


@dataclass(frozen=True, slots=True)
class CibChange:
    """A change of the document: `cib.Change` as bytes.

    With *until_s* (since the epoch) it is on trial: taken back at that time unless it is kept. With
    *ends* it takes back the change of that name, which was on trial.
    """

    change: bytes
    until_s: int = 0
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The change called *name* is on trial no more, and stays; *why* is who said so, or a fault."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class FenceIntent:
    """The lives of *target* up to *boot* shall be ended by *action*; its index is the *case*.

    *lost*: because it was lost (void when it is heard again before an agent was spawned);
    otherwise because it must not go on, or *by* an operator.
    """

    target: int
    boot: int
    action: str
    limit_ms: int
    lost: bool
    by: str
    wall_s: int
    delay_ms: int = 0
    """How long the other side gets to do it first, where it has the more important resources."""


@dataclass(frozen=True, slots=True)
class FenceClosed:
    """What became of *case*: `done`, `failed` or `void`; *device* of node *executor* did it."""

    case: int
    verdict: str
    reason: str
    device: str
    executor: int
    took_ms: int
    wall_s: int


LEFT: Final = "left"
"""Why a life is over that ended in good order."""


@dataclass(frozen=True, slots=True)
class Over:
    """The lives of *node* up to *boot* are over without fencing; *why* is `left`, or a wait."""

    node: int
    boot: int
    why: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """Lives of *node* up to *boot* have been let in; only from now on are they given work."""

    node: int
    boot: int


@dataclass(frozen=True, slots=True)
class FencedAlone:
    """The survivor of a pair had *target*'s lives up to *boot* ended, and went on by that proof.

    Its intent was on the survivor's disk alone, for the log had no quorum; so this one entry is
    the whole case, and its index the case's number. *device* is `a human` where *by* vouched.
    """

    target: int
    boot: int
    action: str
    device: str
    executor: int
    took_ms: int
    by: str
    began_s: int
    ended_s: int


@dataclass(frozen=True, slots=True)
class Unblocked:
    """Before this leader was elected, a person, *by*, ended the wait for all voters."""

    by: str
    wall_s: int


@dataclass(frozen=True, slots=True)
class Reformed:
    """A person, *by*, began the cluster anew, as *lineage*, for its quorum was lost for good."""

    by: str
    lineage: int
    wall_s: int


@dataclass(frozen=True, slots=True)
class FencesForgotten:
    """A person, *by*, has the closed fencings of *target* (0: of all) forgotten."""

    target: int
    by: str
    wall_s: int


@dataclass(frozen=True, slots=True)
class TicketDecided:
    """*by* changed the state of a ticket, at *wall_s*; see `cib.tickets`."""

    ticket: str
    put: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]
    forgotten: bool
    by: str
    wall_s: int

    @property
    def change(self) -> TicketChange:
        """Return what it comes to."""
        return TicketChange(self.ticket, self.put, self.dropped, self.forgotten)


Fact = (
    CibChange
    | FenceIntent
    | FenceClosed
    | Over
    | Admitted
    | Kept
    | FencedAlone
    | Unblocked
    | Reformed
    | FencesForgotten
    | TicketDecided
    | TrustFact
)

_CODEC: Final[Codec[Fact]] = Codec(
    1,
    {
        1: CibChange,
        2: FenceIntent,
        3: FenceClosed,
        4: Over,
        5: Admitted,
        6: Kept,
        7: FencedAlone,
        8: Unblocked,
        9: Reformed,
        10: FencesForgotten,
        11: TicketDecided,
        20: TokenMade,
        21: TokenUsed,
        22: KeyPrepared,
        23: KeyActive,
        24: KeyRetired,
    },
)


def encode(fact: Fact) -> bytes:
    """Return *fact* as a log entry's payload."""
    return packed(_CODEC.encode(fact))


def decode(data: bytes) -> Fact:
    """Return the fact that a log entry's payload spells."""
    return _CODEC.decode(unpacked(data))


@dataclass(frozen=True, slots=True)
class Fencing:
    """One case on record, from its intent to what became of it (*verdict* empty: still open)."""

    case: int
    target: int
    boot: int
    action: str
    limit_ms: int
    lost: bool
    by: str
    began_s: int
    verdict: str = ""
    reason: str = ""
    device: str = ""
    executor: int = 0
    took_ms: int = 0
    ended_s: int = 0
    delay_ms: int = 0


class Still:
    """A ledger as it once was: written down in `slices`, then made bytes of in a thread.

    As `cib.replica.Still` is, which holds the larger part of it.
    """

    def __init__(
        self,
        plain: dict[str, Any],
        cases: tuple[Fencing, ...],
        changes: tuple[Change, ...],
        replica: StillReplica,
    ) -> None:
        self._plain, self._cases, self._changes = plain, cases, changes
        self._replica = replica
        self.slices = replica.slices
        """Writes it down, a part of it at each step; see there."""

    def to_bytes(self) -> bytes:
        """Return what `Ledger.restored` reads; after all `slices`."""
        plain = self._plain | {
            "fencings": [asdict(case) for case in self._cases],
            "history": [change.to_bytes().decode() for change in self._changes],
        }
        before = json.dumps({k: v for k, v in plain.items() if k < "replica"}, sort_keys=True)
        after = json.dumps({k: v for k, v in plain.items() if k > "replica"}, sort_keys=True)
        data = self._replica.to_bytes()
        parts = range(0, len(data), _SLICE // 4 * 3)
        text = b"".join(base64.b64encode(data[at : at + _SLICE // 4 * 3]) for at in parts)
        return packed(
            b"".join((before[:-1].encode(), b', "replica": "', text, b'", ', after[1:].encode()))
        )


class Ledger:
    """All that the log decided up to `index`."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.history = History(limit=CHANGES_MAX, bytes_max=CHANGES_BYTES)
        self.trials: dict[str, int] = {}
        """Changes that wait to be kept, and when they are taken back (seconds since the epoch)."""
        self.trust = Trust()
        self.index = 0
        self.over: dict[int, int] = {}
        """Up to which boot counter a node's lives are known to be over."""
        self.admitted: dict[int, int] = {}
        """Up to which boot counter a node's lives were let in."""
        self.tickets: dict[str, dict[str, str]] = {}
        """The state of each ticket that is known at this site."""
        self.fencings: dict[int, Fencing] = {}
        """Cases by number; the open ones and the newest `HISTORY_MAX` closed."""

    def apply(self, index: int, fact: Fact) -> None:
        """Take the fact at *index*; facts come once each, in order."""
        assert index > self.index, f"entry {index} after {self.index}"
        self.index = index
        match fact:
            case CibChange(change, until_s, ends):
                self._change(Change.from_bytes(change), until_s, ends)
            case Kept(name):
                self.trials.pop(name, None)
            case TokenMade() | TokenUsed() | KeyPrepared() | KeyActive() | KeyRetired():
                self.trust.apply(fact)
            case FenceIntent():
                self.fencings[index] = Fencing(
                    index, fact.target, fact.boot, fact.action, fact.limit_ms, fact.lost, fact.by,
                    fact.wall_s, delay_ms=fact.delay_ms,
                )  # fmt: skip
            case FenceClosed():
                self._close(fact)
            case Over(node, boot, _):
                self._end(node, boot)
            case FencedAlone():
                self._fenced_alone(index, fact)
            case FencesForgotten(target):
                for number, known in list(self.fencings.items()):
                    if known.verdict and target in (0, known.target):
                        del self.fencings[number]
            case TicketDecided():
                self._change_ticket(fact)
            case Unblocked() | Reformed():
                pass  # for the record alone
            case Admitted(node, boot):
                self.admitted[node] = max(boot, self.admitted.get(node, 0))

    def _change(self, change: Change, until_s: int, ends: str) -> None:
        self.replica.apply(change)
        self.history.add(change)
        self.trials.pop(ends, None)
        if until_s:
            self.trials[self.history.find("last").name] = until_s

    def _change_ticket(self, fact: TicketDecided) -> None:
        new = fact.change.applied(self.tickets.get(fact.ticket), fact.wall_s)
        if new is None:
            self.tickets.pop(fact.ticket, None)
        else:
            self.tickets[fact.ticket] = new

    def _fenced_alone(self, index: int, fact: FencedAlone) -> None:
        self.fencings[index] = Fencing(
            index, fact.target, fact.boot, fact.action, 0, True, fact.by, fact.began_s,
        )  # fmt: skip
        self._close(
            FenceClosed(index, "done", "", fact.device, fact.executor, fact.took_ms, fact.ended_s)
        )
        for case in self.open_cases():
            if case.target == fact.target and case.boot <= fact.boot and case.action != "on":
                again = f"done by case {index}"
                self._close(
                    FenceClosed(
                        case.case, "done", again, fact.device, fact.executor, 0, fact.ended_s
                    )
                )

    def _close(self, fact: FenceClosed) -> None:
        case = self.fencings.get(fact.case)
        if case is None or case.verdict:
            return
        self.fencings[fact.case] = replace(
            case, verdict=fact.verdict, reason=fact.reason, device=fact.device,
            executor=fact.executor, took_ms=fact.took_ms, ended_s=fact.wall_s,
        )  # fmt: skip
        if fact.verdict == "done" and case.action != "on":
            self._end(case.target, case.boot)
        closed = [number for number, known in self.fencings.items() if known.verdict]
        for number in closed[:-HISTORY_MAX]:
            del self.fencings[number]

    def _end(self, node: int, boot: int) -> None:
        self.over[node] = max(boot, self.over.get(node, 0))

    def is_over(self, node: int, boot: int = 0) -> bool:
        """Return whether every life of *node* that was let in, and *boot*, is known to be over."""
        last = max(boot, self.admitted.get(node, 0))
        return last <= self.over.get(node, 0)

    def open_cases(self) -> list[Fencing]:
        """Return the fencings that are not closed, oldest first."""
        return [case for _, case in sorted(self.fencings.items()) if not case.verdict]

    def open_case(self, target: int) -> Fencing | None:
        """Return the open fencing of *target*, if there is one."""
        return next((case for case in self.open_cases() if case.target == target), None)

    def still(self) -> Still:
        """Return all of it as it is now."""
        plain = {
            "index": self.index,
            "over": sorted(self.over.items()),
            "admitted": sorted(self.admitted.items()),
            "trials": sorted(self.trials.items()),
            "trust": self.trust.to_json(),
            "tickets": [(name, dict(state)) for name, state in sorted(self.tickets.items())],
        }
        cases = tuple(case for _, case in sorted(self.fencings.items()))
        changes = tuple(record.change for record in reversed(self.history.newest()))
        return Still(plain, cases, changes, self.replica.still())

    def snapshot(self) -> bytes:
        """Return all of it as bytes."""
        still = self.still()
        for _ in still.slices():
            pass
        return still.to_bytes()

    @classmethod
    def restored(cls, data: bytes) -> Ledger:
        """Return what `snapshot` wrote."""
        plain: dict[str, Any] = json.loads(unpacked(data))
        text, replica = plain["replica"], Replica(_NOTHING, checks=CHECKS)
        parts = range(0, len(text), _SLICE)
        replica.restore(b"".join(base64.b64decode(text[at : at + _SLICE]) for at in parts))
        ledger = cls(replica)
        ledger.index = plain["index"]
        for text in plain["history"]:
            ledger.history.add(Change.from_bytes(text.encode()))
        ledger.trials = dict(plain["trials"])
        ledger.trust = Trust.from_json(plain.get("trust", {}))
        ledger.tickets = {name: dict(state) for name, state in plain.get("tickets", ())}
        ledger.over = _by_node(plain["over"])
        ledger.admitted = _by_node(plain["admitted"])
        ledger.fencings = {case["case"]: Fencing(**case) for case in plain["fencings"]}
        return ledger


def _by_node(pairs: Iterable[list[int]]) -> dict[int, int]:
    return {pair[0]: pair[1] for pair in pairs}
