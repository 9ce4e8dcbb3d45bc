"""The survivor of a pair: when it fences the other without the log, and what it makes of success.

`Solo` is the daemon's half of the solo rule (RING.md 7). The log's half says whose confirmed end
would let this node go on alone; this machine waits its delay, looks again, has the intent written
down, has the fencer act, and hands the proof back. It never rests on a clock: a delay decides who
shoots first, not who may. What it was about to do is dropped the moment the other is heard again,
as long as no agent was called; a fencing that was begun runs to its end, and its success is proof
as long as the log still wants it.
"""

from __future__ import annotations

from typing import Final

from pcsx.daemon.fencer import Fence, FenceDone, Withdraw
from pcsx.lean import dataclass
from pcsx.ring.port import FenceProof, Intend, Intended, Note, Proposed
from pcsx.values import Now

RETRY_MS: Final = 2_000
RETRY_MAX_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """What this node sees of the pair now.

    *target* is whom the log would want dead, in which life, where that helps; *ready* says that it
    is unreachable for certain and that this node does not doubt itself; *able* that a device here
    may reach it. *delay_ms* is this node's handicap against the other.
    """

    target: tuple[int, int] | None
    name: str = ""
    ready: bool = False
    able: bool = False
    delay_ms: int = 0
    action: str = "reboot"
    timeout_ms: int = 60_000
    why_not: str = ""
    """In words, why nothing is done where it is not ready."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


SoloEvent = Look | Intended | FenceDone | Proposed | Tick
SoloEffect = Intend | Fence | Withdraw | FenceProof | Note


@dataclass(frozen=True, slots=True)
class Proven:
    """Fencing that this life saw confirmed: what the record of it says."""

    node: int
    boot: int
    action: str
    device: str
    took_ms: int
    began_s: int
    ended_s: int


# --- states ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Idle:
    pass


@dataclass(frozen=True, slots=True)
class _Waiting:
    target: tuple[int, int]
    until_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class _Intending:
    target: tuple[int, int]
    ticket: int


@dataclass(frozen=True, slots=True)
class _Fencing:
    target: tuple[int, int]
    case: int
    action: str
    began_s: int


class Solo:
    """See the module's paragraph."""

    def __init__(self) -> None:
        self._state: _Idle | _Waiting | _Intending | _Fencing = _Idle()
        self._look = Look(None)
        self._failures = 0
        self._tickets = 0
        self.proven: Proven | None = None
        """What the last success proves, until the log has taken it."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when it wants to look again."""
        return self._state.until_ms if isinstance(self._state, _Waiting) else None

    @property
    def busy(self) -> bool:
        """Return whether it waits, writes or fences."""
        return not isinstance(self._state, _Idle)

    def see(self, look: Look) -> None:
        """Take what there is to see, for its words alone."""
        self._look = look

    def owns(self, case: int) -> bool:
        """Return whether the fencer's *case* is this machine's: those numbers are below zero."""
        return case < 0

    def words(self, now: Now) -> str:
        """Return what it is doing, for people; nothing where there is nothing to do."""
        name = self._look.name
        match self._state:
            case _Waiting(until_ms=until_ms, why=why):
                return f"{why} {name} in {max(0, until_ms - now.ms) / 1000:.1f} s"
            case _Intending():
                return f"writing down that {name} is to be fenced"
            case _Fencing():
                return f"fencing {name}"
        if self._look.target is not None:
            return self._look.why_not
        return ""

    def step(self, event: SoloEvent, now: Now) -> list[SoloEffect]:
        """Take *event*; return what follows."""
        match event:
            case Look():
                self._look = event
                return self._looked(now)
            case Tick():
                return self._looked(now)
            case Intended(ticket, refusal):
                return self._intended(ticket, refusal, now)
            case FenceDone():
                return self._done(event, now)
            case Proposed():
                if event.index:
                    self.proven, self._failures = None, 0
                return []

    def _looked(self, now: Now) -> list[SoloEffect]:
        look = self._look
        state = self._state
        wanted = look.target if look.ready and look.able else None
        match state:
            case _Fencing(target, case) if look.target != target:
                return [Withdraw(case)]  # of no effect once an agent was told to switch
            case _Fencing() | _Intending():
                return []
            case _ if wanted is None:
                self._state = _Idle()
                return []
            case _Waiting(target) if target == wanted:
                if now.ms < state.until_ms:
                    return []
                return self._intend(wanted)
        assert wanted is not None
        if look.delay_ms <= 0 and not self._failures:
            return self._intend(wanted)
        return self._wait(wanted, look.delay_ms, "fences", now)

    def _wait(self, target: tuple[int, int], wait_ms: int, why: str, now: Now) -> list[SoloEffect]:
        self._state = _Waiting(target, now.ms + wait_ms, why)
        return [Note("solo", f"{why} {self._look.name} in {wait_ms} ms, unless it is heard")]

    def _intend(self, target: tuple[int, int]) -> list[SoloEffect]:
        self._tickets += 1
        self._state = _Intending(target, self._tickets)
        return [Intend(self._tickets, *target)]

    def _intended(self, ticket: int, refusal: str, now: Now) -> list[SoloEffect]:
        state = self._state
        if not isinstance(state, _Intending) or state.ticket != ticket:
            return []
        if refusal or self._look.target != state.target or not self._look.ready:
            self._state = _Idle()
            return []
        case = -self._tickets
        look = self._look
        self._state = _Fencing(state.target, case, look.action, int(now.wall.timestamp()))
        _, boot = state.target
        note = f"fence {look.name} ({look.action}) alone: of a pair, its boot {boot} is lost"
        return [Note("solo", note), Fence(case, look.name, look.action, look.timeout_ms)]

    def _done(self, done: FenceDone, now: Now) -> list[SoloEffect]:
        state = self._state
        if not isinstance(state, _Fencing) or state.case != done.case:
            return []
        self._state = _Idle()
        if done.ok:
            node, boot = state.target
            ended_s = int(now.wall.timestamp())
            self.proven = Proven(
                node, boot, state.action, done.device, done.took_ms, state.began_s, ended_s
            )
            return [Note("solo", f"fencing of {self._look.name} is confirmed"), self.proof()]
        if done.reason == "void":
            return [Note("solo", f"{self._look.name} is heard again, and not fenced")]
        self._failures += 1
        wait_ms = min(RETRY_MS * self._failures, RETRY_MAX_MS)
        note = Note("solo", f"fencing of {self._look.name} failed: {done.reason}")
        return [note, *self._wait(state.target, wait_ms, "fences again", now)]

    def proof(self) -> FenceProof:
        """Return what the log is to be told; the owner gives it a ticket and the record."""
        assert self.proven is not None
        return FenceProof(0, self.proven.node, self.proven.boot)
