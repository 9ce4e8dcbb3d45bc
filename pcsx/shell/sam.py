"""SAM: one program under watch, warned and ended when it is sick, and begun again if so wished.

`Sam` decides for the process that stands above the program; signals, time and quorum come in as
events. Each start is an instance with a number, and what an instance left in its small data store
is there for the next.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pcsx.lean import dataclass
from pcsx.values import Now

WARN_MS: Final = 5_000
"""How long a program has after SIGTERM before SIGKILL."""
AGAIN_MS: Final = 1_000
"""How long after an end the next instance is begun."""
DATA_MAX: Final = 64 << 10


class State(StrEnum):
    """Where the program is, as the store shows it."""

    REGISTERED = "registered"
    WAITING = "waiting for quorum"
    STARTED = "started"
    STOPPING = "stopping"
    FAILED = "failed"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is wished: *restart* after a failure, *quorum* to run at all, and health by events.

    *health_ms* (0: health is not asked for) is how long an instance may be silent.
    """

    restart: bool = False
    quorum: bool = False
    health_ms: int = 0
    warn_ms: int = WARN_MS


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quorum:
    """This node has quorum, or has it no more."""

    quorate: bool


@dataclass(frozen=True, slots=True)
class Healthy:
    """The instance says that it is well."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The instance wants *data* to be there for the next one."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The instance has ended with *status*."""

    status: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Whoever began all this wants it to end."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


SamEvent = Quorum | Healthy | Kept | Ended | Stop | Tick


# --- effects --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """Start the program as its *instance*th instance; *data* is what the last one left."""

    instance: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Signal:
    """Send the instance a warning (SIGTERM) or, *hard*, its end (SIGKILL)."""

    hard: bool


@dataclass(frozen=True, slots=True)
class Show:
    """The *state* is news, for the store; *why* is a word for people."""

    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Quit:
    """All is over; *status* is the last instance's."""

    status: int


SamEffect = Begin | Signal | Show | Quit


class Sam:
    """See the module's paragraph; `begin` first, then `step`."""

    def __init__(self, policy: Policy, *, quorate: bool = True) -> None:
        self.policy = policy
        self.state = State.REGISTERED
        self.instance = 0
        self.data = b""
        self._quorate = quorate
        self._due_ms: int | None = None
        """Of a started one: when it must have been heard; of a stopping one: SIGKILL; of a failed
        one: the next start."""
        self._status = 0
        self._last = False
        """Whether nothing is begun after the present end."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when a `Tick` is wanted."""
        return self._due_ms

    def begin(self, now: Now) -> list[SamEffect]:
        """Start the program, or wait for quorum where that is asked for."""
        return [Show(State.REGISTERED), *self._go(now)]

    def step(self, event: SamEvent, now: Now) -> list[SamEffect]:
        """Take *event*; return what is to be done."""
        match event:
            case Quorum(quorate):
                self._quorate = quorate
                if self.state is State.WAITING and quorate:
                    return self._go(now)
                if self.state is State.STARTED and self.policy.quorum and not quorate:
                    return self._warn("quorum was lost", now)
            case Healthy():
                if self.state is State.STARTED and self.policy.health_ms:
                    self._due_ms = now.ms + self.policy.health_ms
            case Kept(data):
                self.data = data[:DATA_MAX]
            case Ended(status):
                return self._ended(status, now)
            case Stop():
                return self._stop(now)
            case Tick():
                return self._tick(now)
        return []

    def _go(self, now: Now) -> list[SamEffect]:
        if self.policy.quorum and not self._quorate:
            self.state, self._due_ms = State.WAITING, None
            return [Show(State.WAITING)]
        self.instance += 1
        self.state = State.STARTED
        self._due_ms = now.ms + self.policy.health_ms if self.policy.health_ms else None
        return [Begin(self.instance, self.data), Show(State.STARTED)]

    def _warn(self, why: str, now: Now) -> list[SamEffect]:
        self.state, self._due_ms = State.STOPPING, now.ms + self.policy.warn_ms
        return [Signal(False), Show(State.STOPPING, why)]

    def _tick(self, now: Now) -> list[SamEffect]:
        if self._due_ms is None or now.ms < self._due_ms:
            return []
        self._due_ms = None
        match self.state:
            case State.STARTED:
                return self._warn("it did not say that it is well", now)
            case State.STOPPING:
                return [Signal(True)]
            case State.FAILED:
                return self._go(now)
            case _:
                return []

    def _ended(self, status: int, now: Now) -> list[SamEffect]:
        stopped_by_us = self.state is State.STOPPING
        self._status = status
        well = status == 0 and not stopped_by_us
        if self._last or well or not self.policy.restart:
            self.state, self._due_ms = State.OVER, None
            return [Show(State.OVER), Quit(status if not stopped_by_us or self._last else 1)]
        self.state, self._due_ms = State.FAILED, now.ms + AGAIN_MS
        return [Show(State.FAILED, f"instance {self.instance} ended with {status}")]

    def _stop(self, now: Now) -> list[SamEffect]:
        self._last = True
        match self.state:
            case State.STARTED:
                return self._warn("asked to stop", now)
            case State.STOPPING | State.OVER:
                return []
            case _:
                self.state, self._due_ms = State.OVER, None
                return [Show(State.OVER), Quit(self._status)]
