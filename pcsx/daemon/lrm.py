"""This node's executor: one operation at a time for each resource, monitors again and again.

`Lrm` is a machine: orders and exits of children come in; children to begin or end, and what each
operation came to, go out. What is on record of a resource is kept by `status.History`; which
orders are given is the DC's business; time limits are kept by whoever runs the children.

A recurring operation runs again its interval after it ended, and is told when its outcome
changes, the first time always. Whatever changes a resource ends what recurs on it first: a monitor
in flight is killed, and that is no failure.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from pcsx.agents import (
    AgentMetadata,
    Call,
    Exit,
    Host,
    Outcome,
    Status,
    fence_invocation,
    invocation_of,
    outcome_of,
)
from pcsx.agents.invoke import unit_of
from pcsx.agents.outcome import (
    NOT_RUNNING,
    OK,
    RUNNING_PROMOTED,
    UNKNOWN,
    last_words,
    plain,
)
from pcsx.agents.types import Invocation
from pcsx.cib.agents import ALL
from pcsx.cib.fencing import WATCHDOG_AGENT
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick, UnitChanged
from pcsx.daemon.lrm_port import (
    Abandon,
    Anew,
    Cancelled,
    Ended,
    Forgotten,
    InFlight,
    LrmEffect,
    LrmEvent,
    Notified,
    Obey,
    Refuse,
    Report,
    Resume,
    StopAll,
    Stopped,
)
from pcsx.daemon.recording import record_of
from pcsx.daemon.records import STARTS, OpRecord, Order
from pcsx.lean import dataclass
from pcsx.ring.port import Note
from pcsx.values import Now, parse_bool

__all__ = [
    "Abandon",
    "Anew",
    "Cancelled",
    "Ended",
    "Forgotten",
    "InFlight",
    "Lrm",
    "LrmEffect",
    "LrmEvent",
    "Notified",
    "Obey",
    "Refuse",
    "Report",
    "Resume",
    "StopAll",
    "Stopped",
]

WATCHES: Final = frozenset(("monitor", "notify"))
"""Tasks that change nothing, so that what recurs on the resource goes on beside them."""

PARALLEL: Final = 8
"""How many operations run at once, unless the owner says otherwise (`parallel`, at any time)."""

REMEMBERED: Final = 4096
"""How many answers are kept for an order that comes again."""

_EXPECTED: Final = frozenset((0, 7, 8))
"""Codes that need no explanation; of others the agent's last words are noted."""

_TELLING: Final = frozenset(("start", "reload-agent", "reload", "migrate_from", "monitor"))
"""Tasks that leave a resource running by the parameters that they were given."""

_ACTIVE: Final = frozenset((0, 1, 8, 9, 190, 191))
"""Codes of a monitor after which something may run."""

Pairs = tuple[tuple[str, str], ...]
Metadata = Mapping[tuple[str, str, str], AgentMetadata]


# --- what is kept ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Recurring:
    order: Order
    call: int
    due_ms: int | None = None
    """When it runs next; None while it waits or runs."""
    told: tuple[int, int] | None = None
    """(code, status) as it was last reported; None: the next outcome is told whatever it is."""
    changed_s: int = 0


@dataclass(slots=True)
class _Operation:
    order: Order
    call: int
    queued_ms: int
    recurring: _Recurring | None = None
    began_ms: int = 0
    child: int = 0
    tries: int = 1
    cancelled: bool = False
    killed: bool = False
    """Whether it was ended by us, because all that may run here is to stop."""


@dataclass(slots=True)
class _Resource:
    queue: deque[_Operation] = field(default_factory=deque)
    running: _Operation | None = None
    recurring: dict[tuple[str, int], _Recurring] = field(default_factory=dict)
    cancels: list[Order] = field(default_factory=list)
    """Cancel orders that wait for the child they killed."""


@dataclass(slots=True)
class _Stopping:
    event: StopAll
    tried: set[str] = field(default_factory=set)
    over: bool = False


_Name = tuple[int, int, int]
_Due = tuple[int, int, str, "_Operation | tuple[str, int]"]


class Lrm:
    """This node's executor; see the module's paragraph.

    *children* gives the numbers of children, one space for all who spawn; *sees_lease* tells
    whether the leader's lease in a term is seen now; *metadata* may fill in as agents are asked.
    """

    def __init__(
        self,
        host: Host,
        *,
        children: Iterator[int],
        sees_lease: Callable[[int, Now], bool],
        metadata: Metadata,
        parallel: int = PARALLEL,
    ) -> None:
        self._host = host
        self._children = children
        self._sees_lease = sees_lease
        self._metadata = metadata
        self.parallel = parallel
        self.traced: frozenset[tuple[str, str]] = frozenset()
        """(resource, operation or `all`) of what is traced; may be set at any time."""
        self.term = 0
        self._calls = 0
        self._resources: dict[str, _Resource] = {}
        self._ordered: dict[str, None] = {}
        """Resources that are free to begin what was ordered, in the order of asking."""
        self._watching: dict[str, None] = {}
        """The same, for what recurs."""
        self._by_child: dict[int, str] = {}
        self._due: list[_Due] = []
        self._dues = 0
        self._answers: dict[_Name, list[LrmEffect]] = {}
        self._active: dict[str, Order] = {}
        self._told: dict[str, Pairs] = {}
        """What each resource was started with, or seen to run by: it is stopped by the same."""
        self._devices: dict[str, Order] = {}
        self._stopping: _Stopping | None = None

    # --- what others read ---

    @property
    def deadline_ms(self) -> int | None:
        """Return when the next recurring operation is due."""
        while self._due and not self._is_due(self._due[0]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    @property
    def idle(self) -> bool:
        """Return whether nothing but recurring operations runs or waits."""
        return not any(
            operation.recurring is None
            for resource in self._resources.values()
            for operation in (*resource.queue, *([resource.running] if resource.running else ()))
        )

    @property
    def devices(self) -> tuple[str, ...]:
        """Return the fence devices that are started here, sorted: access to them was verified."""
        return tuple(sorted(self._devices))

    def in_flight(self, now: Now) -> tuple[InFlight, ...]:
        """Return all that runs or waits, by resource, each with its age."""
        found = []
        for name, resource in sorted(self._resources.items()):
            if resource.running:
                found.append(_seen(name, resource.running, now, waiting=False))
            found += [_seen(name, operation, now, waiting=True) for operation in resource.queue]
        return tuple(found)

    # --- the machine ---

    def step(self, event: LrmEvent, now: Now) -> list[LrmEffect]:
        """Return what is to be done about *event*."""
        match event:
            case Obey(order):
                effects = self._obey(order, now)
            case ChildExited(child, exit):
                effects = self._exited(child, exit, now)
            case UnitChanged(unit):
                self._look_at(unit, now)
                effects = []
            case Abandon(why):
                effects = self._abandon(why)
            case Anew():
                effects = self._anew()
            case StopAll():
                effects = self._stop_all(event)
            case Resume():
                self._stopping = None
                effects = []
            case Tick():
                effects = []
        self._wake(now)
        effects += self._go(now)
        while (more := self._stop_next(now)) is not None:
            effects += more + self._go(now)
        return effects

    def _obey(self, order: Order, now: Now) -> list[LrmEffect]:
        if order.term < self.term:
            return [Refuse(order, "STALE")]
        if order.term > self.term:
            self.term = order.term
            self._answers.clear()
        name = (order.term, order.transition, order.action)
        if name in self._answers:
            return list(self._answers[name])
        if self._stopping is not None:
            return [Refuse(order, self._stopping.event.why)]
        while len(self._answers) >= REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._answers[name] = []
        if order.task == "cancel":
            return self._cancel(order)
        self._calls += 1
        resource = self._resources.setdefault(order.resource, _Resource())
        if order.interval_ms > 0:
            return self._recur(order, resource, now)
        effects: list[LrmEffect] = []
        if order.task not in WATCHES:
            effects = self._end_recurring(resource)
        operation = _Operation(order, self._calls, now.ms)
        delay_ms = _number(order, "start_delay")
        if delay_ms:
            self._plan(now.ms + delay_ms, order.resource, operation)
        else:
            self._queue(order.resource, operation)
        return effects

    def _recur(self, order: Order, resource: _Resource, now: Now) -> list[LrmEffect]:
        """Begin a recurring operation; one that recurs already takes the new order and runs now."""
        effects: list[LrmEffect] = []
        ident = (order.task, order.interval_ms)
        recurring = resource.recurring.get(ident)
        if recurring is None:
            recurring = resource.recurring[ident] = _Recurring(order, self._calls)
            delay_ms = _number(order, "start_delay")
            if delay_ms:
                recurring.due_ms = now.ms + delay_ms
                self._plan(recurring.due_ms, order.resource, ident)
                return []
        else:
            if recurring.told is None:
                effects.append(self._answer(recurring.order, Refuse(recurring.order, "replaced")))
            recurring.order, recurring.call, recurring.told = order, self._calls, None
            if recurring.due_ms is None:
                return effects  # it waits, or runs: then it is run again afterwards
        recurring.due_ms = None
        self._queue(order.resource, _Operation(order, recurring.call, now.ms, recurring))
        return effects

    def _cancel(self, order: Order) -> list[LrmEffect]:
        meta = dict(order.meta)
        interval_ms = order.interval_ms or _number(order, "interval")
        ident = (meta.get("operation", "monitor"), interval_ms)
        resource = self._resources.get(order.resource)
        recurring = resource.recurring.pop(ident, None) if resource else None
        if resource is None or recurring is None:
            return [self._answer(order, Cancelled(order))]
        effects = self._drop(resource, recurring)
        running = resource.running
        if running is not None and running.recurring is recurring:
            resource.cancels.append(order)
            return effects
        return [*effects, self._answer(order, Cancelled(order))]

    def _end_recurring(self, resource: _Resource) -> list[LrmEffect]:
        effects: list[LrmEffect] = []
        for recurring in resource.recurring.values():
            effects += self._drop(resource, recurring)
        resource.recurring.clear()
        return effects

    def _drop(self, resource: _Resource, recurring: _Recurring) -> list[LrmEffect]:
        """Take *recurring* out of the queue, and kill its child if it has one.

        Its order is answered, if nothing was told of it yet.
        """
        effects: list[LrmEffect] = []
        if recurring.told is None:
            effects.append(self._answer(recurring.order, Refuse(recurring.order, "cancelled")))
        recurring.due_ms = None
        resource.queue = deque(op for op in resource.queue if op.recurring is not recurring)
        self._line_up(recurring.order.resource, resource)
        running = resource.running
        if running is not None and running.recurring is recurring:
            running.cancelled = True
            effects.append(Kill(running.child))
        return effects

    def _look_at(self, unit: str, now: Now) -> None:
        """Have the monitors of the resources that are *unit* run now: it has changed by itself."""
        for name, resource in self._resources.items():
            for ident, recurring in resource.recurring.items():
                standard, _, type_ = recurring.order.agent
                is_unit = standard in ("systemd", "service") and unit_of(type_) == unit
                if is_unit and recurring.due_ms is not None:
                    recurring.due_ms = now.ms
                    self._plan(now.ms, name, ident)

    # --- waiting and going ---

    def _plan(self, at_ms: int, name: str, what: _Operation | tuple[str, int]) -> None:
        self._dues += 1
        heapq.heappush(self._due, (at_ms, self._dues, name, what))

    def _is_due(self, due: _Due) -> bool:
        """Return whether the entry still means something: what it was for may have ended."""
        at_ms, _, name, what = due
        if isinstance(what, _Operation):
            return not what.cancelled
        resource = self._resources.get(name)
        recurring = resource.recurring.get(what) if resource else None
        return recurring is not None and recurring.due_ms == at_ms

    def _wake(self, now: Now) -> None:
        while (at_ms := self.deadline_ms) is not None and at_ms <= now.ms:
            _, _, name, what = heapq.heappop(self._due)
            if isinstance(what, _Operation):
                self._queue(name, what)
                continue
            recurring = self._resources[name].recurring[what]
            recurring.due_ms = None
            self._queue(name, _Operation(recurring.order, recurring.call, now.ms, recurring))

    def _queue(self, name: str, operation: _Operation) -> None:
        resource = self._resources.setdefault(name, _Resource())
        resource.queue.append(operation)
        self._line_up(name, resource)

    def _line_up(self, name: str, resource: _Resource) -> None:
        """Have the resource wait where it belongs, by what it would begin now, if anything."""
        ready = resource.queue if resource.running is None else None
        wanted = None
        if ready:
            wanted = self._ordered if ready[0].recurring is None else self._watching
        for line in (self._ordered, self._watching):
            if line is not wanted:
                line.pop(name, None)
        if wanted is not None:
            wanted.setdefault(name)

    def _free(self, name: str, resource: _Resource) -> None:
        """Let the resource do the next thing."""
        resource.running = None
        self._line_up(name, resource)

    def _go(self, now: Now) -> list[LrmEffect]:
        """Begin what may begin: one operation a resource, those that were ordered before others."""
        effects: list[LrmEffect] = []
        # What must be stopped in time is not held up because the machine is loaded.
        most = self.parallel if self._stopping is None else max(self.parallel, PARALLEL)
        while len(self._by_child) < most and (self._ordered or self._watching):
            name = next(iter(self._ordered or self._watching))
            resource = self._resources[name]
            operation = resource.queue.popleft()
            resource.running = operation
            self._line_up(name, resource)
            effects += self._begin(resource, operation, now)
        return effects

    def _begin(self, resource: _Resource, operation: _Operation, now: Now) -> list[LrmEffect]:
        if operation.recurring is not None:
            operation.order, operation.call = operation.recurring.order, operation.recurring.call
        order = operation.order
        operation.began_ms = now.ms
        if order.task == "delete":
            return self._forget(resource, order)
        if order.task in STARTS and not self._sees_lease(order.term, now):
            self._free(order.resource, resource)
            return [self._answer(order, Refuse(order, "STALE"))]
        made = self._stonith(operation) if order.agent[0] == "stonith" else self._call(order)
        if isinstance(made, Outcome):
            return self._finish(resource, operation, made, 0, now)
        pending: list[LrmEffect] = []
        if _is_told_pending(order):
            outcome = Outcome(UNKNOWN, Status.PENDING)
            pending = [Report(self._record(operation, outcome, 0, _epoch_s(now)))]
        return [*pending, self._spawn(operation, made)]

    def _spawn(self, operation: _Operation, invocation: Invocation) -> Spawn:
        operation.child = next(self._children)
        self._by_child[operation.child] = operation.order.resource
        return Spawn(operation.child, invocation)

    def _call(self, order: Order) -> Invocation | Outcome:
        params = order.params
        if order.task == "stop":
            # The definition may have changed since, or be gone: what runs is still the old one.
            params = self._told.get(order.resource, params)
        call = Call(
            order.agent, order.task, order.resource, params, order.meta, order.interval_ms,
            order.timeout_ms, self.is_traced(order),
        )  # fmt: skip
        return invocation_of(call, self._host)

    def number(self) -> int:
        """Return the number of an operation that somebody else saw end."""
        self._calls += 1
        return self._calls

    def is_traced(self, order: Order) -> bool:
        """Return whether the agent is to show its steps."""
        name = order.resource.partition(":")[0]
        return (name, order.task) in self.traced or (name, ALL) in self.traced

    def _stonith(self, operation: _Operation) -> Invocation | Outcome:
        """Return the call of a fence device: it is started by a monitor that succeeds."""
        order = operation.order
        if order.task == "stop":
            return Outcome(OK, Status.DONE)
        if order.task == "monitor" and order.resource not in self._devices:
            return Outcome(NOT_RUNNING, Status.DONE)
        if order.task == "monitor" and order.interval_ms == 0:
            return Outcome(OK, Status.DONE)
        if order.agent[2] == WATCHDOG_AGENT:
            return Outcome(OK, Status.DONE)
        params = dict(order.params)
        action = params.get("pcmk_monitor_action", "monitor")
        metadata = self._metadata.get(order.agent)
        return fence_invocation(
            order.agent[2], action, params, self._host, timeout_ms=order.timeout_ms,
            metadata=metadata,
        )  # fmt: skip

    # --- ends ---

    def _exited(self, child: int, exit: Exit, now: Now) -> list[LrmEffect]:
        name = self._by_child.pop(child, None)
        if name is None:
            return []
        resource = self._resources[name]
        operation = resource.running
        assert operation is not None and operation.child == child, f"child {child} of {name}"
        if operation.cancelled and operation.recurring is not None:
            self._free(name, resource)
            orders, resource.cancels = resource.cancels, []
            return [self._answer(order, Cancelled(order)) for order in orders]
        order = operation.order
        if (again := self._again(operation, exit, now)) is not None:
            return [self._spawn(operation, again)]
        outcome = outcome_of(order.agent[0], order.task, exit)
        if operation.killed and outcome.rc not in _EXPECTED and self._stopping is not None:
            # It did not fail, and its stop comes next: no count of failures bans it from here.
            self._free(name, resource)
            self._keep_track(order, outcome)
            return [self._answer(order, Refuse(order, self._stopping.event.why))]
        effects: list[LrmEffect] = [Ended(order, exit, outcome, self.is_traced(order))]
        effects += self._finish(resource, operation, outcome, exit.took_ms, now)
        if outcome.rc not in _EXPECTED and any(isinstance(told, Report) for told in effects):
            words = last_words(exit) or outcome.reason
            effects.append(Note("lrm", f"{order.key}: {words}"))
        return effects

    def _again(self, operation: _Operation, exit: Exit, now: Now) -> Invocation | None:
        """Return one more call of a fence device that failed, if its retries and limit allow."""
        order = operation.order
        left_ms = operation.began_ms + order.timeout_ms - now.ms
        if order.agent[0] != "stonith" or exit.code in (0, None) or operation.cancelled:
            return None
        tries = dict(order.params).get("pcmk_monitor_retries", "2")
        if left_ms < 1000 or operation.tries >= (int(tries) if tries.isdigit() else 2):
            return None
        operation.tries += 1
        made = self._stonith(operation)
        return replace(made, timeout_ms=left_ms) if isinstance(made, Invocation) else None

    def _finish(
        self, resource: _Resource, operation: _Operation, outcome: Outcome, took_ms: int, now: Now
    ) -> list[LrmEffect]:
        order = operation.order
        self._free(order.resource, resource)
        self._keep_track(order, outcome)
        if operation.recurring is not None:
            return self._recurred(operation, operation.recurring, outcome, took_ms, now)
        if order.task == "notify":
            return [self._answer(order, Notified(order, outcome.rc))]
        record = self._record(operation, outcome, took_ms, _epoch_s(now))
        return [self._answer(order, Report(record))]

    def _recurred(
        self, operation: _Operation, recurring: _Recurring, outcome: Outcome, took_ms: int, now: Now
    ) -> list[LrmEffect]:
        order = operation.order
        if recurring.order is not order:  # a newer order came in the meantime: it is run at once
            self._queue(
                order.resource, _Operation(recurring.order, recurring.call, now.ms, recurring)
            )
            return []
        recurring.due_ms = now.ms + order.interval_ms
        self._plan(recurring.due_ms, order.resource, (order.task, order.interval_ms))
        seen = (outcome.rc, int(outcome.status))
        if seen == recurring.told:
            return []
        recurring.told, recurring.changed_s = seen, _epoch_s(now)
        record = self._record(operation, outcome, took_ms, recurring.changed_s)
        return [self._answer(order, Report(record))]

    def _forget(self, resource: _Resource, order: Order) -> list[LrmEffect]:
        self._free(order.resource, resource)
        self._active.pop(order.resource, None)
        self._devices.pop(order.resource, None)
        self._told.pop(order.resource, None)
        if not resource.queue:
            del self._resources[order.resource]
        return [self._answer(order, Forgotten(order))]

    def _keep_track(self, order: Order, outcome: Outcome) -> None:
        """Remember what may run here, and which fence devices are started."""
        name, done = order.resource, outcome.rc == OK
        seen = plain(outcome.rc) in (OK, RUNNING_PROMOTED)
        if order.task in _TELLING and (seen or order.task != "monitor"):
            self._told[name] = order.params
        if order.task == "stop":
            if done:
                self._active.pop(name, None)
                self._devices.pop(name, None)
                self._told.pop(name, None)
        elif order.task != "monitor" or outcome.rc in _ACTIVE:
            if order.task != "notify" and name not in self._active:
                self._active[name] = order
            if order.agent[0] == "stonith" and order.task != "monitor":
                if done:
                    self._devices[name] = order
                else:
                    self._devices.pop(name, None)

    def _answer(self, order: Order, effect: LrmEffect) -> LrmEffect:
        name = (order.term, order.transition, order.action)
        if name in self._answers:
            self._answers[name] = [effect]
        return effect

    def _record(
        self, operation: _Operation, outcome: Outcome, took_ms: int, changed_s: int
    ) -> OpRecord:
        return record_of(
            operation.order,
            outcome,
            self._metadata.get(operation.order.agent),
            call=operation.call,
            changed_s=changed_s,
            exec_ms=took_ms,
            queue_ms=max(0, operation.began_ms - operation.queued_ms),
        )

    # --- without a DC ---

    def _abandon(self, why: str) -> list[LrmEffect]:
        effects: list[LrmEffect] = []
        for name, resource in self._resources.items():
            waiting = [op.order for op in resource.queue if op.recurring is None]
            resource.queue.clear()
            self._line_up(name, resource)
            effects += [self._answer(order, Refuse(order, why)) for order in waiting]
            effects += self._end_recurring(resource)
            running = resource.running
            kept = ("stop", "demote", "delete")
            if running and running.recurring is None and running.order.task not in kept:
                running.killed = True
                effects.append(Kill(running.child))
        for _, _, _, what in self._due:
            if isinstance(what, _Operation) and not what.cancelled:
                what.cancelled = True
                effects.append(self._answer(what.order, Refuse(what.order, why)))
        return effects

    def _anew(self) -> list[LrmEffect]:
        """Begin nothing of what waits, but for what recurs and the stops of `StopAll`."""
        if self._stopping is not None:
            return []
        effects: list[LrmEffect] = []
        for name, resource in self._resources.items():
            waiting = [op.order for op in resource.queue if op.recurring is None]
            if waiting:
                resource.queue = deque(op for op in resource.queue if op.recurring is not None)
                self._line_up(name, resource)
                effects += [self._answer(order, Refuse(order, "STALE")) for order in waiting]
        for _, _, _, what in self._due:
            if isinstance(what, _Operation) and not what.cancelled and what.recurring is None:
                what.cancelled = True
                effects.append(self._answer(what.order, Refuse(what.order, "STALE")))
        return effects

    def _stop_all(self, event: StopAll) -> list[LrmEffect]:
        if self._stopping is not None:
            # Another reason for what is under way: its end is told once more where it is past.
            over, self._stopping.over = self._stopping.over, False
            return [Note("lrm", f"stopping all: {event.why}")] if over else []
        self._stopping = _Stopping(event)
        story = Note("lrm", f"stopping all that may run here: {event.why}")
        return [story, *self._abandon(event.why)]

    def _stop_next(self, now: Now) -> list[LrmEffect] | None:
        """Queue the next stop of `StopAll` once nothing else goes on; None: nothing is to do."""
        stopping = self._stopping
        if stopping is None or stopping.over:
            return None
        left = [name for name in self._active if name not in stopping.tried]
        if left and stopping.event.before is not None:
            ready = [name for name in left if not self._waits_for_stops(name, stopping)]
            if not ready and self.idle:
                ready = left  # they wait for each other in a circle
        elif not self.idle:
            return None
        else:
            ready = left[-1:]
        if not left:
            if not self.idle:
                return None
            stopping.over = True
            return [Stopped(tuple(sorted(self._active)))]
        for name in ready:
            self._queue_stop(name, stopping, now)
        return [] if ready else None

    def _waits_for_stops(self, name: str, stopping: _Stopping) -> bool:
        """Return whether something that runs here must be stopped before *name*."""
        base = _base(name)
        firsts = {first for first, then in stopping.event.before or () if then == base}
        return any(
            _base(other) in firsts and (other not in stopping.tried or self._is_busy(other))
            for other in self._active
        )

    def _is_busy(self, name: str) -> bool:
        resource = self._resources.get(name)
        return resource is not None and bool(resource.running or resource.queue)

    def _queue_stop(self, name: str, stopping: _Stopping, now: Now) -> None:
        stopping.tried.add(name)
        limit_ms = dict(stopping.event.limits).get(_base(name), stopping.event.timeout_ms)
        stop = replace(
            self._active[name], term=self.term, transition=-1, action=-1, task="stop",
            key=f"{name}_stop_0", interval_ms=0, timeout_ms=limit_ms, target_rc=None,
        )  # fmt: skip
        self._calls += 1
        self._queue(name, _Operation(stop, self._calls, now.ms))


def _seen(name: str, operation: _Operation, now: Now, *, waiting: bool) -> InFlight:
    since_ms = operation.queued_ms if waiting else operation.began_ms
    order = operation.order
    return InFlight(name, order.task, order.interval_ms, max(0, now.ms - since_ms), waiting)


def _base(name: str) -> str:
    """Return the primitive that the instance *name* is one of."""
    return name.partition(":")[0]


def _number(order: Order, name: str) -> int:
    text = dict(order.meta).get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _epoch_s(now: Now) -> int:
    return int(now.wall.timestamp())


def _is_told_pending(order: Order) -> bool:
    """Return whether the beginning is told too: of what changes a resource, unless switched off."""
    wanted = parse_bool(dict(order.meta).get("record_pending", "true"))
    return order.task not in WATCHES and wanted is not False
