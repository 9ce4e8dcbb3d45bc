"""Carrying a transition out: which actions may go now, what came of each, when it is over.

`Run` is a machine: it is told what was confirmed or failed and answers with actions to begin. It
knows nothing of nodes or agents. An action goes when all its inputs are done; a failure stops what
waits for it and ends the run after what is in flight; so does an abort. But what follows a deed
that was done goes all the same where it is urgent, as notifications are: no later plan would ask
for it.
"""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass
from pcsx.pe.transition import Action, ActionKind, Transition
from pcsx.values import INFINITY, Now

DEFAULT_BATCH: Final = 0
"""0: no limit of ours; executors have limits of their own."""


URGENT: Final = INFINITY
"""Actions of this priority go even after an abort: others must be told of what was done."""
_MOVES: Final = frozenset(("migrate_to", "migrate_from"))


@dataclass(frozen=True, slots=True)
class Begin:
    """The run is on: begin what waits for nothing."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The action came out as planned."""

    action: int


@dataclass(frozen=True, slots=True)
class Fail:
    """The action did not come out as planned."""

    action: int
    why: str


@dataclass(frozen=True, slots=True)
class Abort:
    """The world has changed: begin nothing more; the run is over when all in flight came back."""

    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


RunEvent = Begin | Confirm | Fail | Abort | Tick


@dataclass(frozen=True, slots=True)
class Perform:
    """Carry *action* out, and tell the run what came of it."""

    action: Action


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is in flight and nothing more goes: *aborted* says why, empty: all is done."""

    aborted: str


RunEffect = Perform | Over


class Run:
    """One transition being carried out; see the module's paragraph."""

    def __init__(self, transition: Transition, *, batch_limit: int = DEFAULT_BATCH) -> None:
        self.transition = transition
        self.batch_limit = transition.batch_limit or batch_limit
        self.actions = {action.id: action for action in transition.actions}
        self._waits = {action.id: len(set(action.inputs)) for action in transition.actions}
        self._followers: dict[int, list[int]] = {id: [] for id in self.actions}
        for action in transition.actions:
            for input in dict.fromkeys(action.inputs):
                # What waits for something that is not planned never goes: that is safe, and ends.
                if input in self._followers:
                    self._followers[input].append(action.id)
        self._ready: list[int] = []
        self.in_flight: dict[int, int] = {}
        """What is being done: action id -> when it counts as lost (ms)."""
        self.done: set[int] = set()
        self.failed: dict[int, str] = {}
        self.aborted = ""
        self.over = False

    @property
    def deadline_ms(self) -> int | None:
        """Return when the next action in flight counts as lost."""
        return min(self.in_flight.values(), default=None)

    def step(self, event: RunEvent, now: Now) -> list[RunEffect]:
        """Return what may go now; `Over` comes once, as the last effect of all."""
        match event:
            case Begin():
                self._ready = [id for id, waits in self._waits.items() if waits == 0]
            case Confirm(action):
                if action in self.in_flight:
                    del self.in_flight[action]
                    self._complete(action)
            case Fail(action, why):
                self._fail(action, why)
            case Abort(why):
                self.aborted = self.aborted or why
            case Tick():
                for action, lost_ms in list(self.in_flight.items()):
                    if lost_ms <= now.ms:
                        self._fail(action, "no answer in time")
        return self._go(now)

    def _complete(self, action: int) -> None:
        assert action not in self.done, f"action {action} is done twice"
        self.done.add(action)
        for follower in self._followers[action]:
            self._waits[follower] -= 1
            if self._waits[follower] == 0:
                self._ready.append(follower)

    def _fail(self, action: int, why: str) -> None:
        if self.in_flight.pop(action, None) is None:
            return
        self.failed[action] = why
        if self.actions[action].can_fail:
            self._complete(action)
        else:
            self.aborted = self.aborted or f"{self.actions[action].key} failed: {why}"

    def _go(self, now: Now) -> list[RunEffect]:
        effects: list[RunEffect] = []
        while self._ready and not self.over:
            if 0 < self.batch_limit <= len(self.in_flight):  # below zero: any number
                break
            self._ready.sort(key=lambda id: (-self.actions[id].priority, id))
            at = next((n for n, id in enumerate(self._ready) if self._may_go(id)), None)
            if at is None:
                break
            action = self.actions[self._ready.pop(at)]
            if action.kind is ActionKind.PSEUDO:
                self._complete(action.id)
                continue
            lost_ms = now.ms + action.timeout_ms + self.transition.cluster_delay_ms
            self.in_flight[action.id] = lost_ms
            effects.append(Perform(action))
        waits = any(self._may_go(id) for id in self._ready)
        if not self.in_flight and not self.over and not waits:
            self.over = True
            effects.append(Over(self.aborted))
        return effects

    def _may_go(self, id: int) -> bool:
        """Return whether nothing stands against the action now: an abort, or a full node."""
        action = self.actions[id]
        if self.aborted and action.priority < URGENT:
            return False
        limit = self.transition.migration_limit
        if limit < 0 or action.task not in _MOVES:
            return True
        moving = sum(
            1
            for other in self.in_flight
            if self.actions[other].task in _MOVES and self.actions[other].node == action.node
        )
        return moving < max(1, limit)
