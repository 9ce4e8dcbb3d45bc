"""The DC's work: when to plan, running what was planned, fencing by the log, letting nodes in.

`Controller` exists on every node and acts only while its node is in charge: the leader of the log,
or without quorum the local DC. It reads the `Scene` and answers with messages to say (`Tell`),
facts to commit (`Decide`), and plans to make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.agents import plain
from pcsx.cib import Cib
from pcsx.daemon.cases import Cases
from pcsx.daemon.controller_port import (
    Answered,
    AtRest,
    Came,
    CaseClosed,
    CaseOpened,
    ControllerEffect,
    ControllerEvent,
    Decide,
    FenceTold,
    OpCame,
    Progress,
    Release,
    Stir,
    Tell,
    Tick,
)
from pcsx.daemon.decisions import Decisions
from pcsx.daemon.effects import Plan
from pcsx.daemon.events import Planned
from pcsx.daemon.ledger import LEFT, Admitted, FenceIntent, Fencing, Over
from pcsx.daemon.messages import (
    AttributesChanged,
    Clean,
    Orders,
)
from pcsx.daemon.pauses import Pauses
from pcsx.daemon.records import OpRecord, Order
from pcsx.daemon.scene import Scene
from pcsx.daemon.status import PENDING
from pcsx.daemon.takeover import Takeover
from pcsx.daemon.waits import DC_DEADTIME_MS, Waits
from pcsx.pe import Action, Transition
from pcsx.pe.run import Abort, Begin, Confirm, Fail, Perform, Run, RunEffect
from pcsx.pe.run import Over as RunOver
from pcsx.pe.run import Tick as RunTick
from pcsx.ring.frames import Why
from pcsx.ring.port import Note
from pcsx.values import Now, parse_duration_ms, parse_score

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
        self._cases = Cases(scene, executors)
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
        self.waits = Waits(scene, takeover)
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
            moments += self._cases.deadlines_ms
            moments += [self.pauses.until_ms(target) for target in self._paused()]
        if self._hold_ms and self._may_plan:
            moments.append(self._hold_ms)
        if self.run is not None and self.run.deadline_ms is not None:
            moments.append(self.run.deadline_ms)
        moments += [end_ms for end_ms in self.waits.ends() if end_ms is not None]
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
        told = [self.pauses.told(target, self.scene.name_of(target)) for target in self._paused()]
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
        if self.waits.began_ms is None:
            self.waits.began_ms, self._dirty = now.ms, True
            effects.append(Note("controller", f"in charge, term {self.scene.term}"))
        match event:
            case Stir(why, paced, anew):
                if anew:
                    self.pauses.clear()
                effects += self._stir(why, now, paced=paced)
            case Came(why, view):
                self._view_changed |= view
                self._cases.members_changed(now)
                effects += self._see_off(now)
                effects += self._stir(why, now)
                effects += self._lose_orders(now, view=view)
            case OpCame(node, record):
                effects += self._op_came(node, record, now)
            case Answered():
                effects += self._answered(event, now)
            case CaseOpened(case):
                self._intending.discard(self.scene.ledger.fencings[case].target)
            case CaseClosed(case):
                effects += self._case_closed(self.scene.ledger.fencings[case], now)
            case FenceTold(node, result):
                effects += self._cases.told(node, result, now)
            case Planned():
                effects += self._planned(event, now)
            case Tick():
                effects += self._tick(now)
        effects += self._let_in_and_out()
        effects += self._resume(now)
        effects += self.waits.take_over(now)
        if self._may_fence:
            effects += self._cases.go_on(now)
        effects += self._plan(now)
        return effects

    def _rest(self) -> None:
        """Forget all that belongs to being in charge."""
        if self.waits.began_ms is None:
            return
        self.run, self._planning, self._dirty = None, False, False
        self._hold_ms, self._recheck_ms, self.at_rest = 0, None, False
        self.waits.end()
        self._cases.clear()
        self._waiting.clear()
        self._admitting.clear()
        self._ending.clear()
        self._intending.clear()
        self._going.clear()
        self._ordered.clear()
        self._ghosts.clear()

    # --- planning ---------------------------------------------------------------------------------

    def _stir(self, why: str, now: Now, *, paced: bool = False) -> list[ControllerEffect]:
        self._paced = paced and (self._paced or not self._dirty)
        self._dirty, self.at_rest = True, False
        return self._of_run(self.run.step(Abort(why), now), now) if self.run is not None else []

    def _holds(self, now: Now) -> tuple[int, str]:
        """Return until when (ms) nothing is planned and why; 0 where nothing holds."""
        scene, until, why = self.scene, 0, ""
        assert self.waits.began_ms is not None
        down_ms = scene.config.timers.down_ms
        for node in scene.config.nodes:
            picture = scene.picture.nodes.get(node.id)
            if scene.is_unseen(node.id) and scene.quorum.quorate:
                wait = self.waits.of(node.id)
                end_ms = FOR_EVER_MS if wait is not None and wait[1] is None else DC_DEADTIME_MS
                until = max(until, self.waits.began_ms + end_ms, (wait and wait[1]) or 0)
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
                found = f"{record.key} on {self.scene.name_of(node)} found rc={record.rc}"
                effects = self._stir(found, now)
                if self.run is not None:
                    effects += self._of_run(self.run.step(Confirm(record.action), now), now)
                return effects
            why = f"rc={record.rc} {record.reason}".strip()
            return self._of_run(self.run.step(Fail(record.action, why), now), now)
        return self._stir(f"{record.key} on {self.scene.name_of(node)} rc={record.rc}", now)

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

    def _case_closed(self, case: Fencing, now: Now) -> list[ControllerEffect]:
        self._cases.forget(case.case)
        waiting = self._waiting.pop(case.target, [])
        text = f"fencing of {self.scene.name_of(case.target)} {case.verdict} {case.reason}".rstrip()
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

    def _lose_orders(self, now: Now, *, view: bool) -> list[ControllerEffect]:
        """Give up what was ordered of a life that is gone: nobody will answer for it.

        In another *view* that is all of it, of this very node too: what had no place in the last
        one is taken by nobody, and what had is told by each node's first status.
        """
        effects: list[ControllerEffect] = []
        for action, (node, boot) in list(self._ordered.items()):
            picture = self.scene.picture.nodes.get(node)
            here = picture is not None and picture.present and picture.boot.counter == boot
            here = here and not view
            if self.run is not None and action in self.run.in_flight and not here:
                why = f"{self.scene.name_of(node)} is gone"
                effects += self._of_run(self.run.step(Fail(action, why), now), now)
        return effects


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
