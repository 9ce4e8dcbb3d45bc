"""The DC's work: when to plan, running what was planned, fencing by the log, letting nodes in.

`Controller` exists on every node and acts only while its node is in charge: the leader of the log,
or without quorum the local DC. It reads the `Scene` and answers with messages to say (`Tell`),
facts to commit (`Decide`), and plans to make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from pcsx.agents import plain
from pcsx.cib import Cib
from pcsx.cib.fencing import devices_of
from pcsx.daemon.decisions import Decisions
from pcsx.daemon.effects import KeepDecision, Plan
from pcsx.daemon.events import Planned
from pcsx.daemon.fencer import CEDED
from pcsx.daemon.ledger import LEFT, Admitted, Fact, FenceClosed, FenceIntent, Fencing, Over
from pcsx.daemon.messages import (
    AttributesChanged,
    Clean,
    FenceOrder,
    FenceResult,
    Orders,
    ViewMessage,
)
from pcsx.daemon.pauses import Pauses
from pcsx.daemon.records import OpRecord, Order
from pcsx.daemon.scene import Scene
from pcsx.daemon.status import PENDING
from pcsx.daemon.takeover import Takeover, Wait, watchdog_wait_ms
from pcsx.lean import dataclass
from pcsx.pe import Action, Transition
from pcsx.pe.run import Abort, Begin, Confirm, Fail, Perform, Run, RunEffect
from pcsx.pe.run import Over as RunOver
from pcsx.pe.run import Tick as RunTick
from pcsx.ring.frames import Reach, Why
from pcsx.ring.port import Note, ViewId
from pcsx.ring.quorum import keep_ms
from pcsx.values import Now, parse_duration_ms, parse_score

DC_DEADTIME_MS: Final = 20_000
"""How long a new DC waits for nodes that nobody has seen, before it has them fenced."""
RECHECK_MS: Final = 15 * 60_000
ATTEMPTS_MAX: Final = 10
PLAN_GAP_MS: Final = 50
"""Under a stream of changes of the document, plans begin this far apart, or twice as long as one
takes; short ones four times, for the changes themselves go first.

The first change of a stream is planned at once, and so is whatever happens to a node.
"""
PLAN_REST_MS: Final = 500
"""So long at most a stream waits for more than the time that the last plan took."""
STALE_PLANS_MAX: Final = 3
"""So many plans in a row are thrown away as out of date before one is begun all the same."""
FOR_EVER_MS: Final = 1 << 40


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


@dataclass(slots=True)
class _Case:
    """An open case as this DC has it carried out."""

    executor: int
    lost_ms: int
    tried: set[int] = field(default_factory=set)
    bitten_ms: int = 0
    """When the target's own watchdog has ended it; 0: that is not waited for."""
    told: ViewId | None = None
    """In which view all were told again who carries it out."""


class Controller:
    """See the module's paragraph. *executors* orders who could do an action to a target."""

    def __init__(
        self,
        scene: Scene,
        decisions: Decisions,
        executors: Callable[[int, str], list[int]],
        takeover: Takeover,
    ) -> None:
        self.scene = scene
        self.decisions = decisions
        self._executors = executors
        self._began_ms: int | None = None
        self._office = (0, False)
        self._dirty = False
        self._stale_plans = 0
        self._pause_ms = 0
        self._view_changed = False
        self._job = 0
        self._planning = False
        self._paced = False
        """Whether all that asks for the next plan is paced."""
        self._plan_began_ms = self._plan_from_ms = 0
        self.run: Run | None = None
        self.number = 0
        self._hold_ms = 0
        self._hold_why = ""
        self._recheck_ms: int | None = None
        self._cases: dict[int, _Case] = {}
        self._waiting: dict[int, list[int]] = {}
        """Target -> actions of the run that wait for its fencing."""
        self.pauses = Pauses()
        self._admitting: dict[int, int] = {}
        self._ending: dict[int, int] = {}
        self._intending: set[int] = set()
        self._going: dict[int, int] = {}
        """Node that was let go -> the action that is done when it has left."""
        self._ordered: dict[int, tuple[int, int]] = {}
        """Action of the run that a node was told to do -> that node, and its life."""
        self._ghosts: dict[int, int] = {}
        """Fenced node still in the view -> since when (ms); one that stays is fenced again."""
        self.takeover = takeover
        self._waited: set[tuple[int, int]] = set()
        """Nodes and lives whose wait is over, as we have had the log decide."""
        self.blocked: tuple[tuple[str, str], ...] = ()
        self.notices: tuple[str, ...] = ()
        self.at_rest = False

    @property
    def deadline_ms(self) -> int | None:
        """Return when it wants to look again by itself."""
        if not self.scene.in_charge:
            return None
        moments: list[int] = []
        if self._may_fence:
            moments += [case.lost_ms for case in self._cases.values()]
            moments += [self.pauses.until_ms(target) for target in self._paused()]
        if self._hold_ms and self._may_plan:
            moments.append(self._hold_ms)
        if self.run is not None and self.run.deadline_ms is not None:
            moments.append(self.run.deadline_ms)
        moments += [end_ms for end_ms in self._wait_ends() if end_ms is not None]
        if self._recheck_ms is not None and self.run is None and not self._planning:
            moments.append(self._recheck_ms)
        return min(moments, default=None)

    @property
    def is_planning(self) -> bool:
        """Return whether the worker makes a plan now."""
        return self._planning

    @property
    def waits_for(self) -> str:
        """Return what holds things up, in words, or nothing."""
        told = [self.pauses.told(target, self._name(target)) for target in self._paused()]
        if self._dirty and self._hold_why:
            told.append(self._hold_why)
        return "; ".join(text for text in told if text)

    def step(self, event: ControllerEvent, now: Now) -> list[ControllerEffect]:
        """Take *event*; return what follows from it. Does nothing while not in charge."""
        if not self.scene.in_charge:
            self._rest()
            return []
        effects: list[ControllerEffect] = []
        office = (self.scene.term, self.scene.quorum.quorate)
        if office != self._office:
            # What was proposed or begun in another office may never come back.
            self._rest()
            self._office = office
        if self._began_ms is None:
            self._began_ms, self._dirty = now.ms, True
            effects.append(Note("controller", f"in charge, term {self.scene.term}"))
        match event:
            case Stir(why, paced, anew):
                if anew:
                    self.pauses.clear()
                effects += self._stir(why, now, paced=paced)
            case Came(why, view):
                self._view_changed |= view
                self._lose_executors(now)
                effects += self._see_off(now)
                effects += self._stir(why, now)
                effects += self._lose_orders(now)
            case OpCame(node, record):
                effects += self._op_came(node, record, now)
            case Answered():
                effects += self._answered(event, now)
            case CaseOpened(case):
                self._intending.discard(self.scene.ledger.fencings[case].target)
            case CaseClosed(case):
                effects += self._case_closed(self.scene.ledger.fencings[case], now)
            case FenceTold(node, result):
                effects += self._fence_told(node, result, now)
            case Planned():
                effects += self._planned(event, now)
            case Tick():
                effects += self._tick(now)
        effects += self._let_in_and_out()
        effects += self._resume(now)
        effects += self._take_over(now)
        effects += self._fence(now)
        effects += self._plan(now)
        return effects

    def _rest(self) -> None:
        """Forget all that belongs to being in charge."""
        if self._began_ms is None:
            return
        self._began_ms, self.run, self._planning, self._dirty = None, None, False, False
        self._hold_ms, self._recheck_ms, self.at_rest = 0, None, False
        self._cases.clear()
        self._waiting.clear()
        self._admitting.clear()
        self._ending.clear()
        self._intending.clear()
        self._going.clear()
        self._ordered.clear()
        self._waited.clear()
        self._ghosts.clear()

    # --- planning ---------------------------------------------------------------------------------

    def _stir(self, why: str, now: Now, *, paced: bool = False) -> list[ControllerEffect]:
        self._paced = paced and (self._paced or not self._dirty)
        self._dirty, self.at_rest = True, False
        return self._of_run(self.run.step(Abort(why), now), now) if self.run is not None else []

    def _holds(self, now: Now) -> tuple[int, str]:
        """Return until when (ms) nothing is planned and why; 0 where nothing holds."""
        scene, until, why = self.scene, 0, ""
        assert self._began_ms is not None
        down_ms = scene.config.timers.down_ms
        for node in scene.config.nodes:
            picture = scene.picture.nodes.get(node.id)
            if scene.is_unseen(node.id) and scene.quorum.quorate:
                wait = self.wait_of(node.id)
                end_ms = FOR_EVER_MS if wait is not None and wait[1] is None else DC_DEADTIME_MS
                until = max(until, self._began_ms + end_ms, (wait and wait[1]) or 0)
                why = why or f"waiting for {node.name}, which was not seen yet"
            elif scene.is_ghost(node.id):
                since_ms = self._ghosts.setdefault(node.id, now.ms)
                until = max(until, since_ms + 2 * down_ms)
                why = why or f"waiting for {node.name}, which was fenced, to fall silent"
                continue
            elif picture is not None and not picture.present and picture.why is Why.DIED:
                reach = scene.reach.get(node.id)
                if reach is not None and not scene.is_clean_down(node.id):
                    until = max(until, reach.since_ms + down_ms)
                    why = why or f"waiting for {node.name}, whose daemon died, to come back"
            self._ghosts.pop(node.id, None)
        return (until, why) if until > now.ms else (0, "")

    @property
    def _may_plan(self) -> bool:
        """Return whether a plan is wanted, and only time could stand against it."""
        busy = self._planning or self.run is not None
        unsettled = self._admitting or self._ending or self._intending
        may = self._dirty and not busy and not unsettled and self.scene.all_heard
        return may and not self.scene.halting

    def _plan(self, now: Now) -> list[ControllerEffect]:
        if not self._may_plan:
            return []
        self._hold_ms, self._hold_why = self._holds(now)
        if self._pause_ms > now.ms:
            self._hold_ms = max(self._hold_ms, self._pause_ms)
        if self._paced and self._plan_from_ms > now.ms:
            self._hold_ms = max(self._hold_ms, self._plan_from_ms)
        if not self._hold_ms and self.scene.gather():
            self._hold_ms = now.ms  # the rest of it in turns of their own, at once
        if self._hold_ms:
            return []
        self._dirty, self._view_changed, self._planning = False, False, True
        self._paced, self._plan_began_ms = False, now.ms
        self._plan_from_ms = now.ms + PLAN_GAP_MS
        self._job += 1
        self.decisions.asked(self._job, now.wall)
        return [Plan(self._job, self.scene.situation(), now.wall)]

    def _planned(self, event: Planned, now: Now) -> list[ControllerEffect]:
        if event.job != self._job or not self._planning:
            return []
        self._planning = False
        took_ms = now.ms - self._plan_began_ms
        rest_ms = max(took_ms, min(3 * took_ms, PLAN_REST_MS))
        self._plan_from_ms = max(self._plan_from_ms, now.ms + rest_ms)
        if event.transition is None:
            self._recheck_ms = now.ms + 5_000
            note = Note("controller", f"planning failed: {event.failure}")
            return [note, *self.decisions.failed(event)]
        if self._dirty and (self._view_changed or self._stale_plans < STALE_PLANS_MAX):
            self._stale_plans += 1
            return []
        self._stale_plans = 0
        transition = event.transition
        last = self.scene.last_transition
        self.number, kept = self.decisions.decided(event, after=last)
        self.blocked, self.notices = transition.blocked, transition.notices
        self._recheck_ms = _recheck_ms(transition, now)
        self.run = Run(transition)
        count = sum(1 for action in transition.actions if action.kind != "pseudo_event")
        effects: list[ControllerEffect] = [*kept]
        if count:
            effects.append(Note("controller", f"transition {self.number} actions={count}"))
        return effects + self._of_run(self.run.step(Begin(), now), now)

    def _of_run(self, told: list[RunEffect], now: Now) -> list[ControllerEffect]:
        effects: list[ControllerEffect] = []
        orders: dict[int, list[Order]] = {}
        while told:
            effect = told.pop(0)
            match effect:
                case Perform(action):
                    more = self._perform(action, orders, effects, now)
                    told.extend(more)
                case RunOver(aborted):
                    assert self.run is not None
                    effects += self._run_over(aborted)
        view = self.scene.view
        for node, some in sorted(orders.items()):
            assert view is not None, "orders without a view"
            effects.append(Tell(Orders(self.scene.order_term, view.id, node, tuple(some))))
        return effects

    def _run_over(self, aborted: str) -> list[ControllerEffect]:
        assert self.run is not None
        count, self.run = len(self.run.done), None
        self._ordered.clear()
        self._waiting.clear()
        self._going.clear()
        effects: list[ControllerEffect] = [*self.decisions.ended(self.number, aborted)]
        if aborted:
            self._dirty = True
            text = f"transition {self.number} stopped: {aborted}"
            return [*effects, Note("controller", text)]
        if count:
            effects.append(Note("controller", f"transition {self.number} complete"))
        if not self._dirty:
            self.at_rest = True
            effects.append(AtRest(self.blocked))
        return effects

    def _tick(self, now: Now) -> list[ControllerEffect]:
        effects: list[ControllerEffect] = []
        if self.run is not None:
            effects += self._of_run(self.run.step(RunTick(), now), now)
        if self._recheck_ms is not None and self._recheck_ms <= now.ms:
            self._recheck_ms, self._dirty = None, True
        return effects

    # --- actions ----------------------------------------------------------------------------------

    def _perform(
        self,
        action: Action,
        orders: dict[int, list[Order]],
        effects: list[ControllerEffect],
        now: Now,
    ) -> list[RunEffect]:
        """Begin *action*: into *orders* of its node, or into *effects*; answer the run if done."""
        assert self.run is not None
        node = self.scene.config.named(action.router or action.node or "")
        real = [id for id, each in self.run.actions.items() if each.kind != "pseudo_event"]
        done = sum(1 for id in real if id in self.run.done)
        what = "fence" if action.kind == "stonith" else f"{action.task} {action.resource or ''} on"
        text = f"{what} {action.node}"
        effects.append(Progress(text, done, len(real)))
        if node is None:
            return self.run.step(Fail(action.id, f"there is no node {action.node}"), now)
        if self.scene.is_held(node.id):
            # It is away and left alone: nothing can be asked there, and nothing need be.
            return self.run.step(Confirm(action.id), now)
        match action.task:
            case "stonith":
                return self._perform_fence(action, node.id, effects, now)
            case "do_shutdown":
                self._going[node.id] = action.id
                effects.append(Release(node.id))
            case "clear_failcount":
                pairs = self._failures_of(node.id, action)
                effects.append(Tell(AttributesChanged(node.id, pairs)))
                return self.run.step(Confirm(action.id), now)
            case "lrm_delete" if not self.scene.picture.nodes[node.id].present:
                # Nobody is there to forget: a shutdown lock that is over.
                effects.append(Tell(Clean(node.id, action.resource or "", refresh=True)))
                return self.run.step(Confirm(action.id), now)
            case "maintenance_nodes":
                return self.run.step(Confirm(action.id), now)
            case _:
                orders.setdefault(node.id, []).append(self._order(action))
                self._ordered[action.id] = (node.id, self.scene.picture.nodes[node.id].boot.counter)
        return []

    def _order(self, action: Action) -> Order:
        return Order(
            term=self.scene.order_term,
            transition=self.number,
            action=action.id,
            resource=action.resource or "",
            task="delete" if action.task == "lrm_delete" else action.task,
            key=action.key,
            agent=action.agent or ("", "", ""),
            params=action.params,
            meta=action.meta,
            interval_ms=action.interval_ms,
            timeout_ms=action.timeout_ms,
            target_rc=action.target_rc,
            instance=action.instance or action.resource or "",
            lock_s=action.shutdown_lock_s or 0,
        )

    def _failures_of(self, node: int, action: Action) -> tuple[tuple[str, str], ...]:
        picture = self.scene.picture.nodes[node]
        starts = (f"fail-count-{action.resource}#", f"last-failure-{action.resource}#")
        return tuple((name, "") for name in sorted(picture.attributes) if name.startswith(starts))

    def _op_came(self, node: int, record: OpRecord, now: Now) -> list[ControllerEffect]:
        if record.status == PENDING:
            return []
        if self._is_ours(record.term, record.transition, record.action):
            assert self.run is not None
            action = self.run.actions[record.action]
            wanted = action.target_rc if action.target_rc is not None else record.target_rc
            if (record.status == 0 and plain(record.rc) == wanted) or action.task == "notify":
                return self._of_run(self.run.step(Confirm(record.action), now), now)
            if action.task == "monitor" and action.interval_ms == 0:
                # A probe that found something else has done its work; but what waited for it rests
                # on nothing having been found, and must not go: stop first, then confirm.
                found = f"{record.key} on {self._name(node)} found rc={record.rc}"
                effects = self._stir(found, now)
                if self.run is not None:
                    effects += self._of_run(self.run.step(Confirm(record.action), now), now)
                return effects
            why = f"rc={record.rc} {record.reason}".strip()
            return self._of_run(self.run.step(Fail(record.action, why), now), now)
        return self._stir(f"{record.key} on {self._name(node)} rc={record.rc}", now)

    def _answered(self, event: Answered, now: Now) -> list[ControllerEffect]:
        if not self._is_ours(event.term, event.transition, event.action):
            return []
        assert self.run is not None
        if event.failure == "STALE":
            # The node does not see our lease yet: the next round tells it.
            self._pause_ms = now.ms + self.scene.config.timers.beat_ms
        if event.failure:
            return self._of_run(self.run.step(Fail(event.action, event.failure), now), now)
        return self._of_run(self.run.step(Confirm(event.action), now), now)

    def _is_ours(self, term: int, transition: int, action: int) -> bool:
        return (
            self.run is not None
            and (term, transition) == (self.scene.order_term, self.number)
            and action in self.run.in_flight
        )

    def _name(self, node: int) -> str:
        known = (str(each.name) for each in self.scene.config.nodes if each.id == node)
        return next(known, f"node {node}, which was taken out,")

    # --- who is in, who is out --------------------------------------------------------------------

    def _let_in_and_out(self) -> list[ControllerEffect]:
        """Commit new lives of members, and that nodes which left in good order are over."""
        scene = self.scene
        if not scene.quorum.quorate:
            return []
        effects: list[ControllerEffect] = []
        for id, node in sorted(scene.picture.nodes.items()):
            boot = node.boot.counter
            if node.present and id in scene.members and boot > scene.ledger.over.get(id, 0):
                if scene.ledger.admitted.get(id, 0) >= boot:
                    self._admitting.pop(id, None)
                elif self._admitting.get(id) != boot:
                    self._admitting[id] = boot
                    effects.append(Decide(Admitted(id, boot)))
            else:
                self._admitting.pop(id, None)
            if not node.present and node.why is Why.LEFT:
                if scene.is_clean_down(id):
                    self._ending.pop(id, None)
                elif self._ending.get(id) != boot:
                    self._ending[id] = boot
                    effects.append(Decide(Over(id, boot, LEFT)))
            else:
                self._ending.pop(id, None)
        return effects

    # --- without fencing --------------------------------------------------------------------------

    def wait_of(self, id: int) -> tuple[Wait, int | None] | None:
        """Return the wait for the lost node *id* and when it ends (None: never); None: there is
        none, for it is here, over for certain, or for fencing to end.
        """
        scene = self.scene
        if scene.fencing or not scene.quorum.quorate or self._began_ms is None:
            return None
        if id == scene.me or id in scene.members:
            return None  # it tells itself what it runs
        if not scene.is_held(id) and not scene.is_unseen(id):
            return None
        timers = scene.config.timers
        picture = scene.picture.nodes.get(id)
        wait = self.takeover.wait_for(id, picture, beat_ms=timers.beat_ms)
        if wait.wait_ms is None:
            return wait, None
        since_ms = max(self._began_ms, scene.lost_ms.get(id, 0))
        if picture is None:
            since_ms = self._began_ms + DC_DEADTIME_MS
        return wait, since_ms + wait.wait_ms

    def _wait_ends(self) -> list[int | None]:
        if self.scene.fencing or not self.scene.quorum.quorate:
            return []
        waits = [
            (node.id, self.wait_of(node.id))
            for node in self.scene.config.nodes
            if not self._is_waited(node.id)
        ]
        return [wait[1] for _, wait in waits if wait is not None]

    def _life_of(self, id: int) -> int:
        picture = self.scene.picture.nodes.get(id)
        boot = picture.boot.counter if picture is not None else 0
        return max(boot, self.scene.ledger.admitted.get(id, 0))

    def _is_waited(self, id: int) -> bool:
        return (id, self._life_of(id)) in self._waited

    def _take_over(self, now: Now) -> list[ControllerEffect]:
        """Commit that lost nodes are over once their wait is."""
        effects: list[ControllerEffect] = []
        if self.scene.fencing or not self.scene.quorum.quorate:
            return effects
        for node in self.scene.config.nodes:
            wait = self.wait_of(node.id)
            if wait is None or wait[1] is None or now.ms < wait[1] or self._is_waited(node.id):
                continue
            boot = self._life_of(node.id)
            self._waited.add((node.id, boot))
            seconds = (wait[0].wait_ms or 0) / 1000
            text = f"waited {seconds:.1f} s ({wait[0].kind}: {wait[0].why}; {wait[0].row})"
            effects.append(Decide(Over(node.id, boot, text)))
            effects.append(Note("controller", f"{node.name} is taken for over: {text}"))
        return effects

    # --- fencing ----------------------------------------------------------------------------------

    def _perform_fence(
        self, action: Action, target: int, effects: list[ControllerEffect], now: Now
    ) -> list[RunEffect]:
        assert self.run is not None
        scene = self.scene
        verb = action.meta_value("stonith_action", "reboot")
        if not scene.quorum.quorate:
            return self.run.step(Fail(action.id, "no quorum, so nobody may be fenced"), now)
        if verb != "on" and scene.is_clean_down(target):
            return self.run.step(Confirm(action.id), now)
        self._waiting.setdefault(target, []).append(action.id)
        if not self.pauses.holds(target, now):
            effects += self._intend(action, target, now)
        return []

    def _intend(self, action: Action, target: int, now: Now) -> list[ControllerEffect]:
        """Have the log hold the intent to fence, unless it does or will."""
        assert self.run is not None
        scene = self.scene
        if scene.ledger.open_case(target) is not None or target in self._intending:
            return []
        verb = action.meta_value("stonith_action", "reboot")
        picture = scene.picture.nodes.get(target)
        boot = max(
            picture.boot.counter if picture is not None else 0,
            scene.ledger.admitted.get(target, 0),
        )
        limit = self.run.transition.fencing_timeout_ms * 12 // 10
        lost = picture is None or not picture.present
        wall_s = int(now.wall.timestamp())
        why = f"the cluster, from {scene.name}"
        delay_ms = parse_duration_ms(action.meta_value("priority-fencing-delay", "")) or 0
        self._intending.add(target)
        return [Decide(FenceIntent(target, boot, verb, limit, lost, why, wall_s, delay_ms))]

    def _paused(self) -> list[int]:
        """Return the nodes whose fencing is waited for and that nobody fences now."""
        open_cases = {case.target for case in self.scene.ledger.open_cases()}
        return [id for id in sorted(self._waiting) if id not in open_cases | self._intending]

    def _resume(self, now: Now) -> list[ControllerEffect]:
        """Fence after a pause; a run that is aborted does not wait for the end of one."""
        effects: list[ControllerEffect] = []
        for target in self._paused() if self._waiting and self._may_fence else ():
            if self.run is None:
                break
            if self.run.aborted:
                for action in self._waiting.pop(target):
                    told = self.run.step(Fail(action, "fencing pauses"), now) if self.run else []
                    effects += self._of_run(told, now)
            elif not self.pauses.holds(target, now):
                effects += self._intend(self.run.actions[self._waiting[target][0]], target, now)
        return effects

    @property
    def _may_fence(self) -> bool:
        return self.scene.quorum.quorate and self.scene.all_heard

    def _fence(self, now: Now) -> list[ControllerEffect]:
        """Have every open case carried out by somebody."""
        effects: list[ControllerEffect] = []
        scene = self.scene
        if not self._may_fence:
            return effects
        for case in scene.ledger.open_cases():
            running = self._cases.get(case.case)
            if all(node.id != case.target for node in scene.config.nodes):
                if running is None:
                    self._cases[case.case] = _Case(0, now.ms + case.limit_ms)
                    effects.append(self._close(case, "void", "it was taken out", now))
                continue
            busy = [id for id in scene.members if case.case in scene.picture.nodes[id].fencing]
            if running is not None and running.executor in busy:
                effects += self._leave_to(running, case, busy)
            if running is None:
                if busy:
                    self._cases[case.case] = running = _Case(
                        busy[0], now.ms + case.limit_ms, {busy[0]}
                    )
                    effects += self._leave_to(running, case, busy)
                elif case.lost and scene.is_online(case.target):
                    effects.append(self._close(case, "void", "it is heard again", now))
                    self._cases[case.case] = _Case(0, now.ms + case.limit_ms)
                else:
                    self._cases[case.case] = running = _Case(0, 0)
                    effects += self._order_fence(case, running, now)
            elif running.bitten_ms:
                effects += self._watch_the_dog(case, running, now)
            elif running.lost_ms <= now.ms and busy and running.executor not in busy:
                running.executor, running.lost_ms = busy[0], now.ms + case.limit_ms
                effects += self._leave_to(running, case, busy)
            elif running.lost_ms <= now.ms:
                running.tried.add(running.executor)
                effects += self._order_fence(case, running, now, "no answer in time")
        return effects

    def _leave_to(self, running: _Case, case: Fencing, busy: list[int]) -> list[ControllerEffect]:
        """Say again, once a view, who carries *case* out, where others of *busy* are at it too.

        One that was lost with the case is back in the view; it ends what it does.
        """
        view = self.scene.view
        if len(busy) < 2 or view is None or running.told == view.id:
            return []
        running.told = view.id
        order = self._fence_order(case, running.executor)
        name = self._name(running.executor)
        return [Tell(order), Note("controller", f"case {case.case} is left to {name} alone")]

    def _fence_order(self, case: Fencing, executor: int) -> FenceOrder:
        target = self._name(case.target)
        return FenceOrder(self.scene.term, case.case, executor, target, case.action,
                          case.limit_ms, case.delay_ms)  # fmt: skip

    def _order_fence(
        self, case: Fencing, running: _Case, now: Now, why: str = ""
    ) -> list[ControllerEffect]:
        """Give *case* to the next member that could do it, or close it as failed."""
        able = self._executors(case.target, case.action)
        left = [id for id in able if id not in running.tried]
        if not left and (wait_ms := self._watchdog_wait_ms(case)) is not None:
            running.executor = 0
            running.bitten_ms = running.lost_ms = now.ms + wait_ms
            text = f"{self._name(case.target)}: its watchdog ends it within {wait_ms} ms"
            return [Note("controller", text)]
        if not left:
            reason = why or "no member has a fence device for it"
            running.lost_ms = now.ms + case.limit_ms
            return [self._close(case, "failed", reason, now)]
        running.executor = left[0]
        running.tried.add(left[0])
        running.lost_ms = now.ms + case.limit_ms
        order, target = self._fence_order(case, left[0]), self._name(case.target)
        note = f"fence {target} ({case.action}) by {self._name(left[0])}, case {case.case}"
        return [Tell(order), Note("controller", note)]

    def _watchdog_wait_ms(self, case: Fencing) -> int | None:
        """Return how long the target's watchdog needs to end it, where that may be relied on."""
        if not case.lost or case.action == "on" or case.target in self.scene.members:
            return None
        picture = self.scene.picture.nodes.get(case.target)
        wanted_ms = devices_of(self.scene.ledger.replica.cib).watchdog_ms(self._name(case.target))
        keeps_ms = keep_ms(self.scene.config.timers)
        return watchdog_wait_ms(picture, wanted_ms=wanted_ms, keep_ms=keeps_ms)

    def _watch_the_dog(self, case: Fencing, running: _Case, now: Now) -> list[ControllerEffect]:
        """Believe in the end of a node with a watchdog when its time is over, and it is silent."""
        if self.scene.reaches(case.target) is Reach.UP or case.target in self.scene.members:
            running.bitten_ms, running.lost_ms = 0, now.ms + case.limit_ms
            return [self._close(case, "void", "it is heard again", now)]
        if now.ms < running.bitten_ms:
            return []
        running.bitten_ms, running.lost_ms = 0, now.ms + case.limit_ms
        result = FenceResult(case.case, True, "its own watchdog has ended it", "watchdog", 0)
        return [self._close(case, "done", result.reason, now, result)]

    def _close(
        self, case: Fencing, verdict: str, reason: str, now: Now, result: FenceResult | None = None
    ) -> Decide:
        executor = self._cases[case.case].executor if case.case in self._cases else 0
        return Decide(
            FenceClosed(
                case.case,
                verdict,
                reason,
                result.device if result is not None else "",
                executor,
                result.took_ms if result is not None else 0,
                int(now.wall.timestamp()),
            )
        )

    def _fence_told(self, node: int, result: FenceResult, now: Now) -> list[ControllerEffect]:
        case = self.scene.ledger.fencings.get(result.case)
        if case is None or case.verdict:
            return []
        running = self._cases.setdefault(case.case, _Case(node, now.ms + case.limit_ms, {node}))
        if result.reason == CEDED:
            running.tried.discard(node)
        if not result.ok and node != running.executor and running.executor in self.scene.members:
            return []  # the case was given to another since
        running.executor = node
        if result.ok:
            running.lost_ms = now.ms + case.limit_ms
            return [self._close(case, "done", result.reason, now, result)]
        if result.reason == "void":
            return [self._close(case, "void", "it is heard again", now, result)]
        return self._order_fence(case, running, now, result.reason)

    def _case_closed(self, case: Fencing, now: Now) -> list[ControllerEffect]:
        self._cases.pop(case.case, None)
        waiting = self._waiting.pop(case.target, [])
        text = f"fencing of {self._name(case.target)} {case.verdict} {case.reason}".rstrip()
        effects: list[ControllerEffect] = [Note("controller", text)]
        others = [action for action in waiting if not self._is_for(action, case)]
        if others and self.run is not None:
            # To let a node in cuts nobody off, whatever came of it, nor the other way round.
            waiting = [action for action in waiting if action not in others]
            self._waiting[case.target] = others
            effects += self._intend(self.run.actions[others[0]], case.target, now)
        if case.verdict == "done":
            self.pauses.done(case.target)
        elif case.verdict == "failed":
            most = attempts_max_of(self.scene.ledger.replica.cib)
            self.pauses.failed(case.target, case.reason, now, attempts_max=most)
        for action in waiting:
            if self.run is None:
                break
            event = Confirm(action) if case.verdict == "done" else Fail(action, text)
            effects += self._of_run(self.run.step(event, now), now)
        if not waiting or self.run is None:
            effects += self._stir(text, now)
        return effects

    def _is_for(self, action: int, case: Fencing) -> bool:
        """Return whether *case* does what the *action* of the run wants: cuts off, or lets in."""
        if self.run is None:
            return True
        verb = self.run.actions[action].meta_value("stonith_action", "reboot")
        return (verb == "on") == (case.action == "on")

    def _see_off(self, now: Now) -> list[ControllerEffect]:
        """Confirm the going of those who have left the view."""
        effects: list[ControllerEffect] = []
        for node, action in sorted(self._going.items()):
            if node not in self.scene.members and self.run is not None:
                effects += self._of_run(self.run.step(Confirm(action), now), now)
        return effects

    def _lose_orders(self, now: Now) -> list[ControllerEffect]:
        """Give up what was ordered of a life that is gone: nobody will answer for it."""
        effects: list[ControllerEffect] = []
        for action, (node, boot) in list(self._ordered.items()):
            picture = self.scene.picture.nodes.get(node)
            here = picture is not None and picture.present and picture.boot.counter == boot
            if self.run is not None and action in self.run.in_flight and not here:
                why = f"{self._name(node)} is gone"
                effects += self._of_run(self.run.step(Fail(action, why), now), now)
        return effects

    def _lose_executors(self, now: Now) -> None:
        for case in self._cases.values():
            if case.executor and case.executor not in self.scene.members:
                case.lost_ms = now.ms


def attempts_max_of(cib: Cib) -> int:
    """Return how often in a row fencing of a node may fail before it is given up."""
    text = cib.cluster_option("fencing-max-attempts") or cib.cluster_option("stonith-max-attempts")
    wanted = parse_score(text) if text else None
    return wanted if wanted is not None and wanted > 0 else ATTEMPTS_MAX


def _recheck_ms(transition: Transition, now: Now) -> int:
    if transition.recheck_at_s is None:
        return now.ms + RECHECK_MS
    wait_ms = int(transition.recheck_at_s * 1000 - now.wall.timestamp() * 1000)
    return now.ms + min(RECHECK_MS, max(1000, wait_ms + 500))
