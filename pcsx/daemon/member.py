"""A node in its cluster: the ring's machine, the ledger, its resources and the DC's work, joined.

`Member` hands each event to its owner and routes the answers until only effects for the outside
are left. It keeps the `Scene` true; its parts only read that. Clients' requests come in through
`pcsx.daemon.requests`, which read and ask, and never decide.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final

from pcsx.agents import AgentMetadata, Host
from pcsx.cib.agents import agents_of, traced_of
from pcsx.cib.alerts import tellers_of
from pcsx.cib.fencing import devices_of
from pcsx.cib.replica import Change, Diverged
from pcsx.cib.status import placed
from pcsx.cib.stopping import Stopping, stopping_of
from pcsx.daemon import alerts, events, ledger, lrm, messages, rekeying, rotation, trust
from pcsx.daemon import attributes as attrs
from pcsx.daemon import controller as dc
from pcsx.daemon.answers import fencing_of, is_fencing_required, quorum_of, rest_of
from pcsx.daemon.controller import Controller
from pcsx.daemon.decisions import Decisions
from pcsx.daemon.describer import Describer
from pcsx.daemon.effects import (
    Effect,
    KeepDecision,
    KeepIdentity,
    KeepKeys,
    Kill,
    Plan,
    ResetMachine,
    RunsHere,
    Spawn,
    TellHeart,
)
from pcsx.daemon.errands import Errands
from pcsx.daemon.fencer import Cede, Fence, FenceDone, Fencer, Withdraw
from pcsx.daemon.guard import Watchman
from pcsx.daemon.ledger import (
    LEFT,
    CibChange,
    Fact,
    FenceClosed,
    FencedAlone,
    FenceIntent,
    Kept,
    Ledger,
    Over,
)
from pcsx.daemon.local import Local
from pcsx.daemon.local import Tell as LocalTell
from pcsx.daemon.messages import FenceResult, NodeStatus, Ran, ViewMessage
from pcsx.daemon.pair import Pair
from pcsx.daemon.records import STARTS, Order
from pcsx.daemon.rekeying import Rekeying
from pcsx.daemon.scene import Scene
from pcsx.daemon.services import Services, entries_of
from pcsx.daemon.solo import SoloEffect
from pcsx.daemon.status import DONE, LOG, PRIVATE, WATCHDOG
from pcsx.daemon.takeover import Takeover
from pcsx.daemon.throttle import THRESHOLD, jobs_at_once
from pcsx.daemon.trials import Trials, taken_back
from pcsx.errors import Failed, NoQuorum, PcsxError
from pcsx.lean import dataclass
from pcsx.ring import port
from pcsx.ring.codec import Malformed
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Armed, Boot, Doubt, HeartStats, Reach, Unconfigure
from pcsx.ring.log.changes import leaving
from pcsx.ring.machine import PAYLOAD_MAX, Machine
from pcsx.ring.quorum import Voters, is_on, keep_ms
from pcsx.ring.services import words
from pcsx.values import Now, earlier, parse_bool

MEND_MS: Final = 5_000
"""How often the cluster's state is asked for where this node's own is not that."""
STATUS_WAIT_MS: Final = 30_000
"""A daemon that is to go and finds no DC for so long stops by itself what it runs."""

Answerer = Callable[[dict[str, Any] | PcsxError, bool], list[Effect]]
"""Answers a request: an object or an error, and whether it is the last word."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The ring was left; nothing runs here. *refused*: the others say that this life is over."""

    refused: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """A client of *node* asks this node, the leader; answer by `Member.answer_forwarded`."""

    node: int
    forward: messages.Forward | messages.Errand


@dataclass(frozen=True, slots=True)
class Known:
    """This node is known by the private key *identity* now: what it opens goes by that."""

    identity: bytes


MemberEffect = Effect | Gone | Passed | Known | port.ToWitness | port.FetchSnapshot


_Edit = tuple[
    Callable[[RingConfig], RingConfig],
    Callable[[port.Proposed, Now], list[MemberEffect]] | None,
]


@dataclass(slots=True)
class Waiter:
    """A client who waits until the cluster is at rest."""

    answer: Answerer
    until_ms: int
    settled_ms: int
    """Not before this moment: what the client did may still be on its way."""


class Member:
    """See the module's paragraph; `begin` first, then `step`."""

    def __init__(
        self,
        me: int,
        boot: Boot,
        recovered: port.Recovered,
        *,
        identity: bytes,
        former: bytes = b"",
        coming: bytes = b"",
        psks: tuple[bytes, ...],
        host: Host,
        metadata: dict[tuple[str, str, str], AgentMetadata],
        children: Iterator[int],
        random: Random,
        decisions: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self.me, self.boot = me, boot
        self.rekeying = Rekeying(me, identity, former=former, coming=coming)
        others = self.rekeying.identities[1:]
        self.machine = Machine(
            me, boot, recovered, random, identity=identity, others=others, psks=psks
        )
        self.ledger = Ledger.restored(recovered.snapshot.state)
        self.scene = Scene(me, recovered.snapshot.config, self.ledger)
        self.local = Local(
            me,
            lrm.Lrm(host, children=children, sees_lease=self.machine.sees_lease, metadata=metadata),
            self._start_failure_is_fatal,
        )
        self.fencer = Fencer(
            host,
            children=children,
            metadata=metadata,
            sees_lease=self.machine.sees_lease,
            is_heard=self._is_heard,
            is_elsewhere=self._is_fenced_elsewhere,
        )
        self.fencer.silence_ms = 2 * self.scene.config.timers.down_ms
        self.alerts = alerts.Alerts(host, children=children)
        self.takeover = Takeover()
        self.watchman = Watchman()
        self._stopping_rules = Stopping(False, "never", (), ())
        self._read_configuration()
        self.pair = Pair(self.scene, self.machine, self.fencer)
        self.describer = Describer(host, children=children, metadata=metadata)
        self.attributes = attrs.Attributes()
        self.decisions = Decisions(decisions)
        self.trials = Trials()
        self.controller = Controller(self.scene, self.decisions, self._executors, self.takeover)
        self.services = Services(me, boot, self._name_of, self._say_word)
        self.stats_waits: list[Answerer] = []
        self.rotation = rotation.Rotation(me, psks)
        self._now = Now(0, datetime.min.replace(tzinfo=UTC))
        self.waiters: list[Waiter] = []
        self._results: dict[int, FenceResult] = {}
        """Cases that this node carried out, until the log has closed them."""
        self._proposals: dict[int, Callable[[port.Proposed, Now], list[MemberEffect]]] = {}
        self._barriers: dict[int, Callable[[port.Readable, Now], list[MemberEffect]]] = {}
        self._forwards: dict[int, tuple[Answerer, int, bool]] = {}
        """Ticket -> who is told, the member that was asked, and whether it must lead."""
        self._errands = Errands()
        self._applied_waits: list[tuple[int, Callable[[], list[Effect]]]] = []
        self._edits: deque[_Edit] = deque()
        self._editing = False
        self._configuration_moved = False
        """Whether changes of the document were applied that the parts do not go by yet."""
        self._unblocked_by = ""
        self._case_waits: dict[int, list[Answerer]] = {}
        self.fencing_asked: dict[int, tuple[str, list[Answerer]]] = {}
        """Target -> the action that the log is asked to hold, and who wants it."""
        self.config_index = 0
        """Which entry of the log the committed configuration is."""
        self._ticket = 0
        self._led_ms = 0
        """Since when the present leader is known."""
        self._wishes = 0
        self._mend_ms: int | None = None
        """When to ask for the cluster's state, where this node's own is not that."""
        self._diverged_at = 0
        self._key_changed: Callable[[], list[Effect]] = list
        self._going_since_ms: int | None = None
        self._stopping = False
        self._ends_life = False
        self.leaving = False
        self.verdict = ""
        self.unmoved = False
        """Whether the last step was the ring's alone, for the heart, and no other part can tell."""
        self._view_ends = False
        """Between the transitional configuration and the next view."""
        self._others_known = False
        self._others_ms: int | None = None
        """The next moment of the other parts, where it is known: rounds of the log do not move it.
        """

    # --- life -------------------------------------------------------------------------------------

    def begin(self, now: Now) -> list[MemberEffect]:
        """Configure the heart and start the ring's machine."""
        work: list[MemberEffect] = [TellHeart(self.machine.configure(self.scene.config))]
        work += self._rekeyed(self.rekeying.decided(self.scene.config), now)
        self.trials.follow(self.ledger.trials, now)
        work += self.describer.want(agents_of(self.ledger.replica.cib), now)
        return work + self._ring(port.Tick(), now)

    @property
    def deadline_ms(self) -> int | None:
        """Return the next moment one of the parts wants a `Tick`."""
        if not self._others_known:
            self._others_known, self._others_ms = True, self._others_deadline_ms()
        return earlier(self.machine.deadline_ms, self._others_ms)

    def moved(self) -> None:
        """Note that something was done here outside of `step`."""
        self._others_known = False

    def _others_deadline_ms(self) -> int | None:
        due_ms: int | None = None
        for moment_ms in (
            self.local.lrm.deadline_ms,
            self.fencer.deadline_ms,
            self.describer.deadline_ms,
            self.attributes.deadline_ms,
            self._errands.deadline_ms,
            self.controller.deadline_ms,
            self.trials.deadline_ms,
            self.pair.deadline_ms(),
            self.watchman.stops_by_ms,
            self._mend_ms,
            self.rekeying.deadline_ms,
            self.rotation.deadline_ms(self.ledger.trust, leading=self.scene.leading),
        ):
            if moment_ms is not None and (due_ms is None or moment_ms < due_ms):
                due_ms = moment_ms
        for waiter in self.waiters:
            at_rest = self.controller.at_rest
            due_ms = earlier(due_ms, waiter.settled_ms if at_rest else waiter.until_ms)
        if self._going_since_ms is not None and not (self.leaving or self._stopping):
            due_ms = earlier(due_ms, self._going_since_ms + STATUS_WAIT_MS)
        return due_ms

    def step(self, event: events.Event, now: Now) -> list[MemberEffect]:
        """Take *event*; return what is to be done outside."""
        self._now = now
        self.unmoved = False
        effects = self._step(event, now)
        if self.unmoved:
            return effects
        self._others_known = False
        if self.services.wants_arbiter and self.scene.leading:
            may, over = self.scene.locks_may_move()
            effects += self.services.arbitrate(may_grant=may, over=over)
        if self.scene.leading and not self.leaving:
            effects += self._lead_rotation(now)
        if self.pair.concerned and not (self.leaving or self.scene.diverged):
            effects += self._of_solo(self.pair.solo.step(self.pair.look(now), now), now)
        return effects

    def _step(self, event: events.Event, now: Now) -> list[MemberEffect]:
        match event:
            case events.HeartSays(Doubt(silent_until_ms=until_ms)):
                self.pair.doubts(until_ms)
                return []
            case events.HeartSays(Armed(timeout_ms)):
                self.watchman.timeout_ms = timeout_ms
                return self._guard(now)
            case events.HeartSays(HeartStats(text=text)):
                return self._stats(json.loads(text))
            case events.HeartSays():
                told = self.machine.step(event, now)
                return self._words(told) if self._is_alone(told) else self._rung(told, now)
            case events.Persisted(ticket):
                return self._ring(port.Persisted(ticket), now)
            case events.PersistFailed(ticket, reason):
                return self._ring(port.PersistFailed(ticket, reason), now)
            case events.IdentityKept(coming, failure):
                if failure:
                    self.rekeying.failed()
                    return [port.Note("keys", f"the disk does not take this node's key: {failure}")]
                return self._rekeyed(self.rekeying.kept(coming, now), now)
            case events.KeysKept(keys, failure):
                if failure:
                    return [port.Note("keys", f"the disk does not take the keys: {failure}")]
                return self._rotated(self.rotation.kept(keys, self.ledger.trust), now)
            case events.ChildExited():
                return self._child(event, now)
            case events.Load(percent, cores):
                self.local.lrm.parallel = jobs_at_once(
                    cores=cores,
                    limit=self._number("node-action-limit", 0),
                    load=percent,
                    threshold=self._number("load-threshold", THRESHOLD),
                )
                return []
            case events.UnitChanged():
                return self._local(event, now)
            case events.Planned():
                return self._controlled(event, now)
            case events.Tick():
                return self._tick(now)
        return []

    def _is_alone(self, told: list[port.MachineEffect]) -> bool:
        """Return, and note, whether *told* is for the heart alone and all else is as it was.

        Most steps of a cluster at rest are so: the rounds of the log.
        """
        for effect in told:
            if effect.__class__ is not port.Say:
                return False
        trust = self.ledger.trust
        if self.pair.concerned or self.services.wants_arbiter or trust.pending or trust.overlaps:
            return False
        self.unmoved = True
        return True

    @staticmethod
    def _words(told: list[port.MachineEffect]) -> list[MemberEffect]:
        return [effect for effect in told if isinstance(effect, port.Say)]

    def _tick(self, now: Now) -> list[MemberEffect]:
        if self._others_known and not _due(self._others_ms, now):
            told = self.machine.step(port.Tick(), now)
            if self._is_alone(told):
                return self._words(told)
            return [*self._rung(told, now), *self._serve_waiters(now)]
        effects: list[MemberEffect] = []
        if _due(self.machine.deadline_ms, now):
            effects += self._ring(port.Tick(), now)
        if _due(self.local.lrm.deadline_ms, now):
            effects += self._local(events.Tick(), now)
        if _due(self.fencer.deadline_ms, now):
            effects += self._fenced(self.fencer.step(events.Tick(), now), now)
        if _due(self.describer.deadline_ms, now):
            effects += self.describer.step(events.Tick(), now)
        if _due(self.watchman.stops_by_ms, now):
            effects += self._guard(now)
        if _due(self.attributes.deadline_ms, now):
            effects += self.set_attributes(attrs.Tick(), now)
        if _due(self.controller.deadline_ms, now):
            effects += self._controlled(dc.Tick(), now)
        for to, errand in self._errands.again(now):
            effects += self._ring(port.SendTo(to, messages.encode(errand)), now)
        waits = self._going_since_ms is not None and not (self.leaving or self._stopping)
        if waits and now.ms >= (self._going_since_ms or 0) + STATUS_WAIT_MS:
            effects += self._stop_by_ourselves(now)
        if _due(self.rekeying.deadline_ms, now):
            effects += self._rekeyed(self.rekeying.tick(now), now)
        if _due(self._mend_ms, now):
            effects += self._fetch_state(now)
        if _due(self.trials.deadline_ms, now):
            effects += self._end_trials(now)
        effects += self._rotated(self.rotation.tick(self.ledger.trust, now), now)
        effects += self._serve_waiters(now)
        return effects

    def _end_trials(self, now: Now) -> list[MemberEffect]:
        """Take back, if this node leads, what was on trial and nobody confirmed."""
        effects: list[MemberEffect] = []
        for name in self.trials.due(now):
            if not self.scene.leading:
                continue
            fact, told = taken_back(self.ledger, name, now, origin=self.scene.name)
            effects.append(port.Note("cib", told))
            if fact is not None:
                effects += self.decide(fact, now, partial(self._end_of_trial, fact))
        return effects

    def _end_of_trial(
        self, fact: CibChange | Kept, answer: port.Proposed, _: Now
    ) -> list[MemberEffect]:
        if not answer.index and isinstance(fact, CibChange):
            self.ledger.replica.forget_pending(Change.from_bytes(fact.change))
        return []

    # --- going ------------------------------------------------------------------------------------

    def go(self, now: Now) -> list[MemberEffect]:
        """Empty this node and leave: the DC moves what runs here, then lets us go."""
        if self._going_since_ms is not None:
            return []
        self._going_since_ms = now.ms
        if self.is_maintenance:
            return self._leave(now)
        if self.scene.view is None:
            return self._stop_by_ourselves(now)
        stamp = str(int(now.wall.timestamp()))
        self.local.set((("shutdown", stamp),))
        return self._tell(messages.AttributesChanged(self.me, (("shutdown", stamp),)), now)

    def _stop_by_ourselves(self, now: Now) -> list[MemberEffect]:
        self._stopping = True
        return self._local(lrm.StopAll("this daemon leaves, and nobody is in charge"), now)

    def _leave(self, now: Now) -> list[MemberEffect]:
        if self.leaving:
            return []
        self.leaving = True
        return self._ring(port.Leave(), now)

    @property
    def is_maintenance(self) -> bool:
        """Return whether the cluster's maintenance mode is on, so that nothing is stopped."""
        return self._is_on("maintenance-mode", default=False)

    def _start_failure_is_fatal(self) -> bool:
        return self._is_on("start-failure-is-fatal", default=True)

    def _is_on(self, option: str, *, default: bool) -> bool:
        value = self.ledger.replica.cib.cluster_option(option)
        on = parse_bool(value) if value is not None else None
        return default if on is None else on

    def _number(self, option: str, default: int) -> int:
        text = (self.ledger.replica.cib.cluster_option(option) or "").removesuffix("%")
        return int(text) if text.isascii() and text.isdigit() else default

    # --- the ring ---------------------------------------------------------------------------------

    def _ring(self, event: port.MachineEvent, now: Now) -> list[MemberEffect]:
        return self._rung(self.machine.step(event, now), now)

    def _rung(self, did: list[port.MachineEffect], now: Now) -> list[MemberEffect]:
        """Do what the ring's machine asks for."""
        effects: list[MemberEffect] = []
        told = deque(did)
        self.scene.partner, self.scene.held_out = self.machine.partner, self.machine.held_out
        while told:
            effect = told.popleft()
            match effect:
                case (
                    port.Say()
                    | port.Persist()
                    | port.Note()
                    | port.ToWitness()
                    | port.FetchSnapshot()
                ):
                    effects.append(effect)
                    continue
                case port.Committed() | port.Proposed() | port.Readable():
                    pass
                case _:
                    effects += self._follow_configuration(now)
            match effect:
                case port.TakeSnapshot() if self.scene.diverged:
                    pass
                case port.TakeSnapshot(index):
                    taken = port.SnapshotTaken(index, self.ledger.snapshot())
                    # At once: what the next effects lead to comes after it on the disk.
                    told.extendleft(reversed(self.machine.step(taken, now)))
                case port.Restore(_, state):
                    effects += self._restore(state, now)
                case port.Transitional():
                    self._view_ends = True
                case port.Regular():
                    self._view_ends = False
                    effects += self._regular(effect, now)
                case port.Deliver(_, place, sender, payload):
                    effects += self._deliver(sender, payload, place, now)
                case port.Received(sender, payload):
                    effects += self._received(sender, payload, now)
                case port.Committed(index, _, payload):
                    effects += self._committed(index, ledger.decode(payload), now)
                case port.ConfigCommitted(index, config):
                    self.config_index = index
                    effects += self._configured(config, now)
                case port.Readable(ticket):
                    effects += self._barriers.pop(ticket)(effect, now)
                case port.Proposed(ticket):
                    then = self._proposals.pop(ticket, None)
                    if then is not None:
                        effects += then(effect, now)
                case port.Intended():
                    effects += self._of_solo(self.pair.solo.step(effect, now), now)
                case port.Leadership(term, leader, mine):
                    effects += self._led(term, leader, mine, now)
                case port.Quorum():
                    effects += self._quorum(effect, now)
                case port.PeerReach(node):
                    self.scene.reach[node] = effect
                case port.Verdict(kind, reason):
                    effects += self._refused(kind, reason, now)
                case port.Left():
                    effects += [*self.dismiss_watchdog(), TellHeart(Unconfigure()), Gone()]
        return effects + self._follow_configuration(now)

    def of_witness(self, payload: bytes, now: Now) -> list[MemberEffect]:
        """Hand what the witness says to the log."""
        return self._ring(port.FromWitness(payload), now)

    def snapshot_fetched(
        self, index: int, snapshot: port.Snapshot | None, now: Now
    ) -> list[MemberEffect]:
        """Hand the log the snapshot that it asked for, or nothing."""
        return self._ring(port.SnapshotFetched(index, snapshot), now)

    # --- a state that is not the cluster's --------------------------------------------------------

    def _mistrust(self, index: int, error: Diverged, now: Now) -> list[MemberEffect]:
        """Go by this node's state no more, and ask for the leader's.

        What runs here goes on: orders say all that they need. What the log decides is voted on and
        kept as before, and not applied until there is a state that it fits.
        """
        self.ledger.index = index - 1
        self.scene.diverged, self._diverged_at = True, index
        self._mend_ms = now.ms
        note = port.Note("cib", f"this node's state is not what was decided: {error}")
        return [note, *self._ring(port.Mistrust(), now), *self._say_log(now)]

    def _fetch_state(self, now: Now) -> list[MemberEffect]:
        """Ask the leader, or any other member where this node still leads, for its state."""
        others = [id for id in self.scene.members if id != self.me]
        self._mend_ms = now.ms + MEND_MS
        if not others or not self.scene.quorum.quorate:
            return []
        leader = self.scene.leader
        return [port.FetchSnapshot(leader if leader in others else others[0], 0)]

    def mend(self, snapshot: port.Snapshot | None, now: Now) -> list[MemberEffect]:
        """Take over the state that was asked for, unless it is older than what does not fit."""
        if not self.scene.diverged or snapshot is None or snapshot.index < self._diverged_at:
            return []
        return self._ring(port.Mended(snapshot), now)

    def _say_log(self, now: Now) -> list[MemberEffect]:
        """Have all know why this node does not count fully in the log, or that it does."""
        text = ""
        if self.scene.diverged:
            text = "has a state that is not what was decided, and fetches it anew"
        elif self.machine.log_status(now).role == "amnesiac":
            text = "has lost its log, counts for nothing, and takes it anew from the leader"
        if self.local.attributes.get(LOG, "") == text:
            return []
        pairs = ((LOG, text),)
        self.local.set(pairs)
        if self.scene.view is None:
            return []
        return self._tell(messages.AttributesChanged(self.me, pairs), now)

    def witness_reached(self, here: bool, now: Now) -> list[MemberEffect]:
        """Note whether the witness answers."""
        word = "answers" if here else "does not answer"
        note = port.Note("node", f"the witness {word}")
        return [note, *self._ring(port.WitnessReach(here), now)]

    def _regular(self, regular: port.Regular, now: Now) -> list[MemberEffect]:
        scene, wall_s = self.scene, int(now.wall.timestamp())
        old = scene.members
        scene.view = regular.view
        scene.left_out = ""
        self.pair.view_changed(now)
        for id in set(old) - set(regular.view.nodes):
            scene.lost_ms[id] = now.ms
        for id in regular.view.nodes:
            scene.lost_ms.pop(id, None)
        for gone in regular.left:
            scene.picture.gone(gone.node, gone.boot, gone.why, wall_s)
        for id in regular.view.nodes:
            # Everybody says everything anew: who has not yet is not counted on.
            known = scene.picture.nodes.get(id)
            if known is not None:
                known.present = False
        scene.committed.clear()
        scene.ordered.clear()
        effects: list[MemberEffect] = []
        if old and set(old) - set(regular.view.nodes):
            effects += self._forwards_lost(now)
        effects += self._local(lrm.Anew(), now)
        effects += self._say_log(now)
        effects += self._tell(self._my_status(now), now)
        effects += self._rotated(self.rotation.view_changed(self.ledger.trust), now)
        effects += self.services.view_changed(regular.view.id.epoch, regular.view.nodes)
        effects += self.services.quorum_changed(quorum_of(scene))
        effects += self._alert_of_view(old, regular.view.nodes, now)
        return effects + self._controlled(dc.Came("the view changed", view=True), now)

    def _my_status(self, now: Now) -> NodeStatus:
        return NodeStatus(
            boot=self.boot,
            wall_s=int(now.wall.timestamp()),
            attributes=tuple(sorted(self.local.attributes.items())),
            records=self.local.history.records(),
            lost=tuple(
                lost for lost in self.scene.picture.lost() if lost.node not in self.scene.members
            ),
            fencing=tuple(case for case in self.fencer.cases if case > 0),
            fenced=tuple(result for _, result in sorted(self._results.items())),
            devices=self.local.lrm.devices,
            applied=self.ledger.index,
            term=self.local.lrm.term,
            transition=self.scene.last_transition,
        )

    def _led(self, term: int, leader: int, mine: bool, now: Now) -> list[MemberEffect]:
        scene = self.scene
        if (scene.term, scene.leader, scene.leading) == (term, leader, mine):
            return []
        if scene.leading and not mine:
            self.ledger.replica.forget_pending()
        scene.term, scene.leader, scene.leading = term, leader, mine
        self._led_ms = now.ms
        self.pair.led(leader)
        by, self._unblocked_by = (self._unblocked_by, "") if mine else ("", self._unblocked_by)
        if mine:
            for node, boot in sorted(self.ledger.over.items()):
                self._edits.append((_over(node, boot), None))
        name = scene.config.node(leader).name if leader else "nobody"
        effects: list[MemberEffect] = [port.Note("node", f"term {term}, leader {name}")]
        effects += self._forwards_lost(now)
        effects += self._next_edit(now)
        if by:
            effects += self.decide(ledger.Unblocked(by, int(now.wall.timestamp())), now)
        return effects + self._controlled(dc.Came("leadership changed"), now)

    def _quorum(self, quorum: port.Quorum, now: Now) -> list[MemberEffect]:
        before, self.scene.quorum = self.scene.quorum, quorum
        if before == quorum:
            return []
        effects: list[MemberEffect] = [*self.services.quorum_changed(quorum_of(self.scene))]
        if before.quorate != quorum.quorate:
            word = "has quorum" if quorum.quorate else "has no quorum"
            effects.append(port.Note("node", f"this partition {word}: {quorum.reason}"))
            effects.append(RunsHere(f"{self.scene.config.name}: {word}"))
            effects += self._quorum_lost(now) if before.quorate else self._quorum_found(now)
            effects += self._guard(now)
            self.rotation.quorum_changed(quorate=quorum.quorate, now=now)
        return effects + self._controlled(dc.Came("quorum changed"), now)

    def _quorum_lost(self, now: Now) -> list[MemberEffect]:
        """Stop all at once where others count on it: by the policy `fence`, and without fencing.

        Of a pair nobody takes anything over without proof, so it holds.
        """
        rules, policy = self._stopping_rules, self._policy
        self._ends_life = policy in ("fence", "suicide") and not self.machine.partner
        self.scene.halting = (
            self._ends_life or (not self.scene.fencing and not self.machine.partner)
        ) and rules.stops
        if not self.scene.halting:
            return []
        self._must_stop(now)
        stop = lrm.StopAll("quorum is lost", limits=rules.limits, before=rules.before)
        return self._local(stop, now)

    def _must_stop(self, now: Now) -> None:
        """Have the watchdog see to it that what stops now has stopped when others rely on that."""
        if not self.is_maintenance:
            stop_ms = self.takeover.stop_ms(self.me, self.scene.picture.nodes.get(self.me))
            self.watchman.stops_by_ms = now.ms + stop_ms

    def _quorum_found(self, now: Now) -> list[MemberEffect]:
        if not self.scene.halting or self._ends_life:
            return []
        self.scene.halting = False
        self.watchman.stops_by_ms = None
        return [] if self._stopping else self._local(lrm.Resume(), now)

    @property
    def _policy(self) -> str:
        return self.ledger.replica.cib.cluster_option("no-quorum-policy") or "stop"

    def _configured(self, config: RingConfig, now: Now) -> list[MemberEffect]:
        self.scene.config = config
        self.fencer.silence_ms = 2 * config.timers.down_ms
        self.takeover.timed(keep_ms(config.timers))
        again = [*self._rekeyed(self.rekeying.decided(config), now)]
        again += [*self._next_edit(now), *self._guard(now)]
        if config.node(self.me).over >= self.boot.counter:
            again += self._refused("FENCED", "the log has this life on record as over", now)
        return again + self._controlled(dc.Stir("the ring's configuration changed"), now)

    def _refused(self, kind: str, reason: str, now: Now) -> list[MemberEffect]:
        """The others say that this life is over, or that we are no member: stop all, and end."""
        note = port.Note("node", f"refused by the others: {kind} {reason}")
        if kind in ("EXCLUDED", "LINEAGE"):
            self.scene.left_out = reason
        if kind in ("EXCLUDED", "LINEAGE") or self.verdict:
            return [note]
        self.verdict = kind
        self._stopping = True
        cib = self.ledger.replica.cib
        reaction = cib.cluster_option("fencing-reaction") or cib.cluster_option("fence-reaction")
        if kind == "FENCED" and reaction == "panic":
            return [note, ResetMachine(f"it was fenced and runs: {reason}")]
        self._must_stop(now)
        stopping = self._local(lrm.StopAll(f"this life is over: {kind}"), now)
        return [note, *stopping, *self._guard(now)]

    def barred(self, kind: str, reason: str, now: Now) -> list[MemberEffect]:
        """Take another node's word, had over TCP, that this one is no member any more."""
        return self._refused(kind, reason, now)

    def _restore(self, state: bytes, now: Now) -> list[MemberEffect]:
        restored = Ledger.restored(state)
        self.ledger = self.scene.ledger = restored
        mended: list[MemberEffect] = []
        if self.scene.diverged:
            self.scene.diverged, self._mend_ms = False, None
            mended.append(port.Note("cib", "this node's state is the cluster's again"))
        mended += self._say_log(now)
        self.trials.follow(restored.trials, now)
        turned = self._rotated(self.rotation.decided(restored.trust, now), now)
        self._read_configuration()
        asked = self.describer.want(agents_of(restored.replica.cib), now)
        guarded = self._guard(now)
        stirred = self._controlled(dc.Stir("a snapshot was taken over"), now)
        return [*mended, *turned, *asked, *guarded, *stirred, *self._after(restored.index)]

    def _read_configuration(self) -> None:
        """Give the parts what the configuration, which may have changed, says to them."""
        cib = self.ledger.replica.cib
        self.fencer.follow(partial(devices_of, cib))
        self.local.lrm.traced = traced_of(cib)
        self.alerts.wanted = cib.tree.find("configuration/alerts/alert") is not None
        self.scene.fencing = is_fencing_required(cib)
        self.machine.require_fencing(self.scene.fencing)
        if not self.scene.fencing or self._policy in ("fence", "suicide"):
            self._stopping_rules = stopping_of(cib)
            self.takeover.configured(self._stopping_rules)
        self.takeover.timed(keep_ms(self.scene.config.timers))

    # --- the log ----------------------------------------------------------------------------------

    def decide(
        self,
        fact: Fact,
        now: Now,
        then: Callable[[port.Proposed, Now], list[MemberEffect]] | None = None,
        *,
        awaited: bool = True,
    ) -> list[MemberEffect]:
        """Propose *fact*; *then* is told what became of it (index 0: refused).

        *awaited*: another node than this one waits for it.
        """
        self._ticket += 1
        if then is not None:
            self._proposals[self._ticket] = then
        return self._ring(port.Propose(self._ticket, ledger.encode(fact), awaited), now)

    def _committed(self, index: int, fact: Fact, now: Now) -> list[MemberEffect]:
        if self.scene.diverged:
            return []  # it is in the state that comes
        # Two may have proposed the end of one case, as its executor's word comes more than once.
        old = self.ledger.fencings.get(fact.case) if isinstance(fact, FenceClosed) else None
        effects = [] if isinstance(fact, CibChange) else self._follow_configuration(now)
        try:
            self.ledger.apply(index, fact)
        except Diverged as error:
            return [*effects, *self._mistrust(index, error, now)]
        match fact:
            case CibChange():
                self._configuration_moved = True
                done = self.ledger.history.find("last").change
                text = f"{done.user}: {done.command} -> {done.version}"
                effects.append(port.Note("cib", text))
            case trust.TokenMade() | trust.TokenUsed():
                pass
            case trust.KeyPrepared() | trust.KeyActive() | trust.KeyRetired():
                effects.append(port.Note("keys", f"the log says: {type(fact).__name__}"))
                effects += self._rotated(self.rotation.decided(self.ledger.trust, now), now)
            case Kept(name, why):
                self.trials.follow(self.ledger.trials, now)
                effects.append(port.Note("cib", f"change {name} stays: {why}"))
            case FenceIntent():
                effects += self._controlled(dc.CaseOpened(index), now)
            case FenceClosed(case) if old is None or not old.verdict:
                effects += self._closed(case, now)
            case FenceClosed():
                pass
            case FencedAlone():
                effects += self._closed(index, now)
            case ledger.TicketDecided():
                effects += self._ticketed(fact, now)
            case ledger.Unblocked(by):
                effects.append(port.Note("node", f"{by} ended the wait for all voters"))
            case ledger.Reformed(by):
                effects.append(port.Note("node", f"{by} began the cluster anew"))
            case Over(node, boot, why):
                self.scene.picture.over(node, boot)
                if why != LEFT and self.scene.leading:
                    effects += self._bar(node, boot, now)
                effects += self._controlled(dc.Stir(f"node {node} is over: {why}"), now)
            case ledger.Admitted(node):
                effects += self._controlled(dc.Stir(f"node {node} was let in"), now)
        return effects + self._after(index)

    def _follow_configuration(self, now: Now) -> list[MemberEffect]:
        """Go by the configuration as it is now; for many changes that come together, once."""
        if not self._configuration_moved:
            return []
        self._configuration_moved = False
        self.trials.follow(self.ledger.trials, now)
        self._read_configuration()
        effects: list[MemberEffect] = []
        effects += self.describer.want(agents_of(self.ledger.replica.cib), now)
        effects += self._guard(now)
        why = dc.Stir("the configuration changed", paced=True, anew=True)
        return effects + self._controlled(why, now)

    def _ticketed(self, fact: ledger.TicketDecided, now: Now) -> list[MemberEffect]:
        """Tell of a ticket that changed, and have all be looked at anew at once."""
        pairs = " ".join(f"{name}={value}" for name, value in fact.put)
        what = "is forgotten" if fact.forgotten else pairs or f"loses {' '.join(fact.dropped)}"
        text = f"ticket {fact.ticket} {what}"
        stirred = self._controlled(dc.Stir(text, anew=True), now)
        return [port.Note("cib", f"{fact.by}: {text}"), *stirred]

    def _closed(self, number: int, now: Now) -> list[MemberEffect]:
        self._results.pop(number, None)
        case = self.ledger.fencings.get(number)
        if case is None:
            return []
        effects: list[MemberEffect] = self._alert_of_fencing(case, now)
        if number in self.fencer.cases:
            # Closed by other proof while it waited here: the target may live again by now.
            effects += self._fenced(self.fencer.step(Withdraw(number), now), now)
        if case.verdict == "done" and case.action != "on":
            self.scene.picture.over(case.target, case.boot, fenced=True)
            if self.scene.leading:
                effects += self._bar(case.target, case.boot, now)
        for answer in self._case_waits.pop(number, ()):
            effects += answer(fencing_of(case, self.scene.config), True)
        return effects + self._controlled(dc.CaseClosed(number), now)

    def when_fresh(
        self, then: Callable[[port.Readable, Now], list[MemberEffect]], now: Now
    ) -> list[MemberEffect]:
        """Go on once all that was decided before this moment is applied here, or cannot be."""
        self._ticket += 1
        self._barriers[self._ticket] = then
        return self._ring(port.ReadBarrier(self._ticket), now)

    def _bar(self, node: int, boot: int, now: Now) -> list[MemberEffect]:
        """Have the hearts refuse lives of *node* up to *boot*: commit that to the configuration."""
        return self.edit_config(_over(node, boot), now)

    # --- the ring's configuration -----------------------------------------------------------------

    def edit_config(
        self,
        edit: Callable[[RingConfig], RingConfig],
        now: Now,
        then: Callable[[port.Proposed, Now], list[MemberEffect]] | None = None,
    ) -> list[MemberEffect]:
        """Have the log change the ring's configuration by *edit*, of whatever it is by then.

        Edits wait for each other and for changes that the log makes by itself. *then* is told what
        became of it; the index is 0 where it was refused, and where nothing had to change.
        """
        self._edits.append((edit, then))
        return self._next_edit(now)

    def _next_edit(self, now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        while self._edits and not self._editing:
            edit, then = self._edits[0]
            base = self.machine.voters.newest
            config = edit(base)
            if config == base and self.scene.leading:
                self._edits.popleft()
                effects += then(port.Proposed(0, 0), now) if then is not None else []
                continue
            self._editing = True
            self._ticket += 1
            self._proposals[self._ticket] = self._edited
            effects += self._ring(port.Reconfigure(self._ticket, config, base), now)
            if self._edits and self._edits[0][0] is edit:
                break  # it waits for the change under way, or for its own commit
        return effects

    def _edited(self, answer: port.Proposed, now: Now) -> list[MemberEffect]:
        self._editing = False
        if answer.refusal == port.MOVED:
            return []  # made anew once the change under way is committed
        _, then = self._edits.popleft()
        return [*(then(answer, now) if then is not None else []), *self._next_edit(now)]

    def _release(self, node: int, now: Now) -> list[MemberEffect]:
        """Take the vote of *node*, which leaves for good reasons, then let it go.

        The votes that are left then have quorum without it: for a pair always, and where
        `allow_downscale` or `last_man_standing` says so.
        """
        picture = self.scene.picture.nodes.get(node)
        boot = picture.boot.counter if picture is not None else 0

        def edit(config: RingConfig) -> RingConfig:
            voters = Voters(config)
            shrinks = bool(voters.pair) or any(
                is_on(config, name) for name in ("allow_downscale", "last_man_standing")
            )
            votes = node in voters.ids and len(voters.ids) > 1
            return leaving(config, node, boot) if votes and shrinks else config

        def then(answer: port.Proposed, later: Now) -> list[MemberEffect]:
            if not self.scene.in_charge:
                return []  # it was our own vote: who leads now lets us go
            note: list[MemberEffect] = []
            if answer.refusal:
                note.append(port.Note("node", f"{node} leaves with its vote: {answer.refusal}"))
            return note + self._tell(messages.GoAway(node), later)

        if not self.scene.leading:
            return self._tell(messages.GoAway(node), now)
        return self.edit_config(edit, now, then)

    def after(self, index: int, then: Callable[[], list[Effect]]) -> list[Effect]:
        """Do *then* once the log is applied here up to *index*."""
        if index <= self.ledger.index:
            return then()
        self._applied_waits.append((index, then))
        return []

    def _after(self, index: int) -> list[Effect]:
        ready = [then for at, then in self._applied_waits if at <= index]
        if not ready:
            return []
        self._applied_waits = [each for each in self._applied_waits if each[0] > index]
        return [effect for then in ready for effect in then()]

    # --- the view plane ---------------------------------------------------------------------------

    def tell(self, message: ViewMessage, now: Now) -> list[MemberEffect]:
        """Say *message* to all members, us too, in order."""
        return self._tell(message, now)

    def _tell(self, message: ViewMessage, now: Now, *, safe: bool = False) -> list[MemberEffect]:
        return self._ring(port.Multicast(_carried(messages.encode(message)), safe), now)

    def fail_resource(self, resource: str, now: Now) -> list[MemberEffect]:
        """Have *resource* count as failed here; nothing where it does not run."""
        return self._of_local(self.local.fail(resource, now), now)

    def set_attributes(self, event: attrs.AttributeEvent, now: Now) -> list[MemberEffect]:
        """Take a change of transient attributes; tell what need not be held back."""
        effects: list[MemberEffect] = []
        for changed in self.attributes.step(event, now):
            if changed.node == self.me:
                self.local.set(changed.pairs)
            effects += self._tell(messages.AttributesChanged(changed.node, changed.pairs), now)
        return effects

    # --- the cluster's key ------------------------------------------------------------------------

    def rotate_key(self, key: bytes, why: str, now: Now) -> list[MemberEffect]:
        """Begin to use *key* as the cluster's key, as the leader."""
        return self._rotated(self.rotation.begin(key, why), now)

    def go_by_keys(self, keys: tuple[bytes, ...], now: Now, *, sure: bool) -> list[MemberEffect]:
        """Use the cluster's *keys*, which changed while this node was away, if that is *sure*."""
        return self._rotated(self.rotation.recalled(keys, sure=sure), now)

    def awaited(self, now: Now) -> list[int]:
        """Return the nodes that a change of the key waits for.

        Who is away for long, or known to be down, is given the key when it is back, by its own.
        """
        return [
            node.id
            for node in self.scene.config.nodes
            if node.id in self.scene.members
            or not (
                self.scene.is_clean_down(node.id)
                or now.ms - max(self.scene.lost_ms.get(node.id, 0), self._led_ms)
                >= rotation.ABSENT_MS
            )
        ]

    def _lead_rotation(self, now: Now) -> list[MemberEffect]:
        told = self.rotation.lead(
            self.ledger.trust,
            nodes=self.awaited(now),
            members=self.scene.members,
            now=now,
        )
        return self._rotated(told, now)

    def _rotated(self, told: list[rotation.RotationEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case rotation.Offer(node, key):
                    offer = messages.encode(messages.KeyOffer(key))
                    effects += self._ring(port.SendTo(node, offer), now)
                case rotation.Keep(keys):
                    effects.append(KeepKeys(self.scene.config.cluster, keys))
                case rotation.Use(keys):
                    effects.append(port.Note("keys", f"{len(keys)} keys open sessions now"))
                    effects += [
                        TellHeart(said.frame)
                        for said in self.machine.use_keys(keys)
                        if isinstance(said, port.Say)
                    ]
                case rotation.Held(digest, used):
                    effects += self._tell(messages.KeyHeld(digest, used), now)
                case rotation.Decide(fact):
                    effects += self.decide(fact, now, self._rotation_decided)
        return effects

    # --- this node's own key ----------------------------------------------------------------------

    def change_key(
        self, key: bytes, then: Callable[[], list[Effect]], now: Now
    ) -> list[MemberEffect]:
        """Begin to change this node's own key to the private *key*; do *then* once it is so."""
        self._key_changed = then
        return self._rekeyed(self.rekeying.begin(key), now)

    def _rekeyed(self, told: list[rekeying.RekeyingEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case KeepIdentity():
                    effects.append(effect)
                    if not effect.coming:
                        effects.append(port.Note("keys", "this node's own key is another now"))
                        then, self._key_changed = self._key_changed, list
                        effects += then()
                case rekeying.BeKnownBy(identities):
                    effects.append(Known(identities[0]))
                    effects += [
                        TellHeart(said.frame)
                        for said in self.machine.use_identities(identities)
                        if isinstance(said, port.Say)
                    ]
                case rekeying.AskForKey(public):
                    if (leader := self.scene.leader) in self.scene.members:
                        wish = messages.encode(messages.KeyWish(public))
                        effects += self._ring(port.SendTo(leader, wish), now)
        return effects

    def _key_wished(self, sender: int, key: bytes, now: Now) -> list[MemberEffect]:
        """Have the configuration say that *key* is that of *sender*, as the leader."""
        if not self.scene.leading or self.scene.config.with_key(sender, key) == self.scene.config:
            return []
        return self.edit_config(lambda config: config.with_key(sender, key), now)

    def _rotation_decided(self, proposed: port.Proposed, _: Now) -> list[MemberEffect]:
        if not proposed.index:
            self.rotation.refused()
        return []

    def _received(self, sender: int, payload: bytes, now: Now) -> list[MemberEffect]:
        """Take what a member said to this node alone."""
        try:
            message = messages.decode(payload)
        except Malformed:
            return []
        match message:
            case messages.KeyWish(key):
                return self._key_wished(sender, key, now)
            case messages.KeyOffer(key):
                return self._rotated(self.rotation.offered(key, self.ledger.trust), now)
            case messages.Errand():
                if self._errands.begin(sender, message):
                    return [Passed(sender, message)]
                if (done := self._errands.answer_to(sender, message)) is not None:
                    return self._ring(port.SendTo(sender, messages.encode(done)), now)
            case messages.ErrandDone(boot, ticket, reply, index) if boot == self.boot.counter:
                return self._answered(ticket, reply, index, last=True)
        return []

    # --- services for applications ----------------------------------------------------------------

    def _name_of(self, id: int) -> str:
        node = next((node for node in self.scene.config.nodes if node.id == id), None)
        return str(id) if node is None else str(node.name)

    def _say_word(self, word: words.Word, safe: bool) -> list[MemberEffect]:
        payload = _carried(messages.encode(messages.Served(words.encode(word))))
        return self._ring(port.Multicast(payload, safe), self._now)

    def _served(self, sender: int, text: bytes, place: int) -> list[MemberEffect]:
        try:
            word = words.decode(text)
        except Malformed as error:
            return [port.Note("services", f"a word of node {sender} is none: {error}")]
        return self.services.hear(sender, word, place)

    def client_gone(self, client: int, now: Now) -> list[MemberEffect]:
        """Let go of all that a client had, whose connection has ended."""
        self._now = now
        return self.services.gone(client)

    def _stats(self, stats: dict[str, Any]) -> list[MemberEffect]:
        """Tell what the heart counts to those who asked, and to the store."""
        stats["ring"] = {"not_taken": self.machine.dropped}
        effects: list[MemberEffect] = []
        for key, kind, value in entries_of(stats):
            name = key.replace("schedmiss.last.", "schedmiss.")
            effects += self.services.show(f"stats.{name}", kind, value)
        waits, self.stats_waits = self.stats_waits, []
        for answer in waits:
            effects += answer({"stats": stats}, True)
        return effects

    def next_wish(self) -> int:
        """Return a number that no other change by this life of the node has."""
        self._wishes += 1
        return self._wishes

    def _deliver(self, sender: int, payload: bytes, place: int, now: Now) -> list[MemberEffect]:
        try:
            message = messages.decode(payload)
        except Malformed as error:
            name = self.scene.config.node(sender).name
            return [port.Note("node", f"a message of {name} is none: {error}")]
        picture = self.scene.picture.nodes.get(sender)
        if isinstance(message, NodeStatus):
            return self._status(sender, message, now)
        if isinstance(message, messages.Served):
            return self._served(sender, message.word, place)
        if isinstance(message, messages.KeyHeld):
            self.rotation.heard(sender, message.sha256, used=message.used)
            return []
        match message:
            case messages.Orders(_, view, node, orders):
                scene = self.scene
                if scene.view is None or view != scene.view.id:
                    return []
                for order in orders:
                    scene.last_transition = max(scene.last_transition, order.transition)
                ordered = scene.picture.nodes.get(node)
                if ordered is not None:
                    ordered.told(orders)
                return self._obey(orders, now) if node == self.me else []
            case messages.AttributesChanged(node, pairs):
                return self._attributes(sender, node, pairs, now)
            case messages.Clean(node, resource, refresh, operation, interval_ms):
                effects: list[MemberEffect] = []
                if refresh and self.scene.picture.unlock(node, resource):
                    why = f"{resource or 'all'} is locked to no node any more"
                    effects = self._controlled(dc.Stir(why), now)
                if node not in (0, self.me):
                    return effects
                cleaned = self.local.clean(
                    resource, refresh=refresh, operation=operation, interval_ms=interval_ms
                )
                return effects + self._of_local(cleaned, now)
            case messages.Declined(term, transition, action, why):
                if picture is not None:
                    picture.answered(term, transition, action)
                return self._controlled(dc.Answered(term, transition, action, why), now)
            case messages.FenceOrder():
                return self._fence_order(message, now)
            case messages.Unblock(by):
                self._unblocked_by = by
                return self._ring(port.Unblock(by), now)
            case messages.GoAway(node):
                return self._leave(now) if node == self.me else []
            case messages.AskedToStop(node):
                return self.go(now) if node == self.me else []
            case messages.Forward():
                return [Passed(sender, message)] if message.leader == self.me else []
            case messages.Answer():
                if message.node != self.me:
                    return []
                said = message
                return self._answered(said.ticket, said.reply, said.index, last=said.last)
        if picture is None:
            return []
        match message:
            case Ran(record, changed):
                picture.history.take(record)
                picture.answered(record.term, record.transition, record.action)
                if record.task == "stop" and record.status == DONE:
                    self.takeover.stopped(record.resource, record.exec_ms)
                picture.set(changed)
                alerted = self._alert_of_operation(record, now) if sender == self.me else []
                return [*alerted, *self._controlled(dc.OpCame(sender, record), now)]
            case messages.Forgot(resource, term, transition, action):
                picture.history.forget(resource)
                name = self.scene.config.node(sender).name
                if not action and not term:
                    why = f"history of {resource or 'all'} on {name} forgotten"
                    return self._controlled(dc.Stir(why), now)
                return self._controlled(dc.Answered(term, transition, action), now)
            case messages.Acknowledged(term, transition, action, resource, key):
                if key:
                    picture.history.drop(resource, key)
                return self._controlled(dc.Answered(term, transition, action), now)
            case FenceResult(case):
                if self.scene.ordered.get(case) == sender:
                    del self.scene.ordered[case]
                picture.fencing = tuple(number for number in picture.fencing if number != case)
                return self._controlled(dc.FenceTold(sender, message), now)
        return []

    def _obey(self, orders: tuple[Order, ...], now: Now) -> list[MemberEffect]:
        """Carry out *orders*; but what they begin is not begun any more while the view ends.

        Who is not in the next view with this node may never have heard of the order, and counts
        what runs here by what was heard.
        """
        effects: list[MemberEffect] = []
        for order in orders:
            if self._view_ends and order.task in STARTS:
                no = messages.Declined(order.term, order.transition, order.action, "STALE")
                effects += self._tell(no, now)
            else:
                effects += self._local(lrm.Obey(order), now)
        return effects

    def _status(self, sender: int, status: NodeStatus, now: Now) -> list[MemberEffect]:
        self.scene.picture.take(sender, status)
        for number, executor in self.scene.ordered.items():
            if executor == sender:
                self._is_fencing(sender, number)
        if sender == self.me:
            self.watchman.told(dict(status.attributes).get(WATCHDOG, ""))
        self.scene.skew_s[sender] = status.wall_s - int(now.wall.timestamp())
        self.scene.committed[sender] = status.applied
        self.takeover.heard(sender, up_to_date=status.applied >= self.ledger.index)
        self.scene.order_terms[sender] = status.term
        self.scene.last_transition = max(self.scene.last_transition, status.transition)
        for node, boot in self.ledger.over.items():
            self.scene.picture.over(node, boot)
        effects: list[MemberEffect] = []
        for case in self.ledger.open_cases():
            if case.lost and case.target == sender and case.case in self.fencer.cases:
                effects += self._fenced(self.fencer.step(Withdraw(case.case), now), now)
        for result in status.fenced:
            effects += self._controlled(dc.FenceTold(sender, result), now)
        return effects + self._controlled(dc.Came(f"status of node {sender}"), now)

    def _attributes(
        self, sender: int, node: int, pairs: messages.Pairs, now: Now
    ) -> list[MemberEffect]:
        if node == self.me and sender != self.me:
            self.local.set(pairs)
        if node == sender == self.me and WATCHDOG in (said := dict(pairs)):
            self.watchman.told(said[WATCHDOG])
        picture = self.scene.picture.nodes.get(node)
        if picture is None:
            return []
        every, pairs = pairs, tuple(pair for pair in pairs if not pair[0].startswith(PRIVATE))
        fresh = [
            (name, value) for name, value in pairs if picture.attributes.get(name, "") != value
        ]
        picture.set(every)
        if not pairs:
            return []
        effects: list[MemberEffect] = []
        for kept, value in fresh if self._tells else ():
            name = placed(kept)[1]
            told = alerts.attribute_event(self.scene.config.node(node).name, node, name, value)
            effects += self._alert(told, now)
        names = " ".join(name for name, _ in pairs)
        if sender == self.me and self.controller.run is not None and _only_clears(pairs):
            return effects
        why = f"attributes of node {node} changed: {names}"
        return effects + self._controlled(dc.Stir(why), now)

    # --- alerts -----------------------------------------------------------------------------------

    @property
    def _tells(self) -> bool:
        """Return whether this member tells of what no one node did: one of them must."""
        return self.scene.members[:1] == (self.me,)

    def _alert(self, event: alerts.Happened | None, now: Now) -> list[MemberEffect]:
        if event is None or not self.alerts.wanted:
            return []
        # Read when one is told of, because there are few and rules turn with time.
        self.alerts.tellers = tellers_of(self.ledger.replica.cib, now.wall)
        return list(self.alerts.tell(event, now))

    def _alert_of_operation(self, record: Any, now: Now) -> list[MemberEffect]:
        return self._alert(alerts.operation_event(self.scene.name, record), now)

    def _alert_of_view(
        self, old: tuple[int, ...], new: tuple[int, ...], now: Now
    ) -> list[MemberEffect]:
        if not self._tells or not old:
            return []
        states = [(id, "member") for id in new if id not in old]
        states += [(id, "lost") for id in old if id not in new]
        effects: list[MemberEffect] = []
        for id, state in sorted(states):
            effects += self._alert(
                alerts.node_event(self.scene.config.node(id).name, id, state), now
            )
        return effects

    def _alert_of_fencing(self, case: ledger.Fencing, now: Now) -> list[MemberEffect]:
        if not self._tells or case.verdict == "void":
            return []
        names = {node.id: str(node.name) for node in self.scene.config.nodes}
        event = alerts.fence_event(
            names.get(case.target, str(case.target)), case.action, by=names.get(case.executor, ""),
            origin=case.by, verdict=case.verdict, reason=case.reason, case=case.case,
        )  # fmt: skip
        return self._alert(event, now)

    # --- this node's resources --------------------------------------------------------------------

    def _child(self, event: events.ChildExited, now: Now) -> list[MemberEffect]:
        if self.describer.owns(event.child):
            return list(self.describer.step(event, now))
        if self.alerts.owns(event.child):
            return list(self.alerts.step(event))
        if self.fencer.owns(event.child):
            return self._fenced(self.fencer.step(event, now), now)
        return self._local(event, now)

    def _local(self, event: lrm.LrmEvent, now: Now) -> list[MemberEffect]:
        return self._of_local(self.local.step(event, now), now)

    def _of_local(self, told: list[Any], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case LocalTell(message):
                    effects += self._tell(message, now)
                case lrm.Stopped(failed):
                    effects += self._all_stopped(failed, now)
                case _:
                    effects.append(effect)
        return effects

    def _all_stopped(self, failed: tuple[str, ...], now: Now) -> list[MemberEffect]:
        note: MemberEffect = port.Note(
            "node", "all stopped" + (f", but for {' '.join(failed)}" if failed else "")
        )
        must = self.watchman.stops_by_ms is not None
        self.watchman.stops_by_ms = None
        self.watchman.lost = self.watchman.lost or (must and bool(failed))
        ending: list[MemberEffect] = [note, *self._guard(now)]
        if not failed:
            ending += self.dismiss_watchdog()
        if self.verdict:
            return [*ending, TellHeart(Unconfigure()), Gone(self.verdict)]
        if self._stopping and failed:
            # No farewell: it would say that nothing runs here, and others would start it.
            return [*ending, TellHeart(Unconfigure()), Gone(f"it still runs {' '.join(failed)}")]
        if self._stopping:
            return [*ending, *self._leave(now)]
        if self._ends_life:
            return [*ending, TellHeart(Unconfigure()), Gone("quorum was lost")]
        return ending

    # --- the watchdog -----------------------------------------------------------------------------

    def _guard(self, now: Now) -> list[MemberEffect]:
        """Have the watchdog do what is right now, and tell the others what it will do."""
        watchman = self.watchman
        # What fencing goes by is read anew after a change, so only where a watchdog is armed.
        asked = bool(watchman.timeout_ms) and self.scene.fencing
        wanted_ms = self.fencer.devices.watchdog_ms(self.scene.name) if asked else 0
        watchman.relies(wanted_ms, pair=bool(self.machine.partner))
        said = watchman.look(now, quorate=self.scene.quorum.quorate)
        effects: list[MemberEffect] = [TellHeart(guard) for guard in said]
        name, value = watchman.attribute
        if self.local.attributes.get(name, "") != value:
            self.local.set(((name, value),))
            watchman.promise(value)
            if self.scene.view is not None:
                told = messages.AttributesChanged(self.me, ((name, value),))
                effects += self._tell(told, now)
        return effects

    def dismiss_watchdog(self) -> list[MemberEffect]:
        """Have the watchdog disarmed, unless something runs here that only it can end."""
        return [TellHeart(guard) for guard in self.watchman.dismiss()]

    # --- the DC's work ----------------------------------------------------------------------------

    def _controlled(self, event: dc.ControllerEvent, now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in self.controller.step(event, now):
            match effect:
                case dc.Tell(message):
                    # Without fencing nobody may begin what the others do not all know of.
                    safe = isinstance(message, messages.Orders) and not self.scene.fencing
                    effects += self._tell(message, now, safe=safe)
                case dc.Release(node):
                    effects += self._release(node, now)
                case dc.Decide(fact):
                    effects += self.decide(fact, now)
                case dc.Progress(text, done, of):
                    told = {"progress": {"action": text, "done": done, "of": of}}
                    for waiter in self.waiters:
                        effects += waiter.answer(told, False)
                case dc.AtRest():
                    effects += self._serve_waiters(now)
                case Plan() | KeepDecision() | port.Note():
                    effects.append(effect)
        return effects

    def _serve_waiters(self, now: Now) -> list[MemberEffect]:
        """Answer those who wait, when the cluster is at rest or their time is up."""
        if not self.waiters:
            return []
        effects: list[MemberEffect] = []
        left: list[Waiter] = []
        for waiter in self.waiters:
            rested = self.controller.at_rest and now.ms >= waiter.settled_ms
            if not self.scene.in_charge or rested or now.ms >= waiter.until_ms:
                effects += waiter.answer(rest_of(self.scene, self.controller, rested=rested), True)
            else:
                left.append(waiter)
        self.waiters = left
        return effects

    # --- fencing ----------------------------------------------------------------------------------

    def _executors(self, target: int, action: str) -> list[int]:
        """Return the members that could do *action* to *target*, those with a device first.

        Nobody cuts itself off; but what is locked out on its own side is let in again by itself.
        """
        name = self.scene.config.node(target).name
        devices = set(self.fencer.somebodys(name))
        if not devices:
            return []
        known = [each for id in devices if (each := self.fencer.devices.get(id))]
        barred = set[str]() if not known else set.intersection(*(set(d.banned) for d in known))
        if action == "on" and self.fencer.is_done_by_target(devices):
            return [target] if target in self.scene.members else []

        def order(id: int) -> tuple[bool, int]:
            return (not devices & set(self.scene.picture.nodes[id].devices), id)

        able = [
            id
            for id in self.scene.members
            if id != target and self.scene.config.node(id).name not in barred
        ]
        return sorted(able, key=order)

    def _is_heard(self, case: int, target: str) -> bool:
        """Return whether the life of *target* that *case* is to end is still heard here."""
        node, known = self.scene.config.named(target), self.ledger.fencings.get(case)
        reach = self.scene.reach.get(node.id) if node is not None else None
        if known is None or reach is None or reach.reach is not Reach.UP:
            return False
        return reach.boot.counter <= known.boot

    def _is_fenced_elsewhere(self, case: int, target: str) -> bool:
        """Return whether another member may be at *target* too, for this case or an earlier one.

        Who is back in the view may have been told to before it was lost; what it does it says as it
        enters. The solo rule's cases, below zero, are between two and wait for nobody.
        """
        if case < 0:
            return False
        if not self.scene.all_heard:
            return True
        node, pictures = self.scene.config.named(target), self.scene.picture.nodes
        cases = (pictures[id].fencing for id in self.scene.members if id != self.me)
        known = [self.ledger.fencings.get(number) for numbers in cases for number in numbers]
        return any(each and node and each.target == node.id for each in known)

    def _fence_order(self, order: messages.FenceOrder, now: Now) -> list[MemberEffect]:
        self.scene.ordered[order.case] = order.executor
        self._is_fencing(order.executor, order.case)
        if order.executor != self.me:
            return self._fenced(self.fencer.step(Cede(order.case), now), now)
        if (result := self._results.get(order.case)) is not None:
            # Who orders it again was not in charge yet when it was told.
            return self._tell(result, now)
        case = self.ledger.fencings.get(order.case)
        target = self.scene.config.named(order.target)
        if (
            case is not None
            and target is not None
            and case.lost
            and self.scene.is_online(target.id)
        ):
            return self._tell(FenceResult(order.case, False, "void", "", 0), now)
        fence = Fence(
            order.case, order.target, order.action, order.timeout_ms, order.delay_ms, order.term
        )
        return self._fenced(self.fencer.step(fence, now), now)

    def _is_fencing(self, executor: int, case: int) -> None:
        picture = self.scene.picture.nodes.get(executor)
        if picture is not None:
            picture.fencing = tuple(sorted({*picture.fencing, case}))

    def _fenced(self, told: list[Any], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case FenceDone(case) if self.pair.solo.owns(case):
                    effects += self._of_solo(self.pair.solo.step(effect, now), now)
                case FenceDone(case, ok, reason, device, took_ms):
                    result = FenceResult(case, ok, reason, device, took_ms)
                    known = self.ledger.fencings.get(case)
                    if ok and (known is None or not known.verdict):
                        self._results[case] = result
                    effects += self._tell(result, now)
                    if ok:
                        effects += self._prove_by_case(result, now)
                case Spawn() | Kill() | port.Note():
                    effects.append(effect)
        return effects

    # --- the solo rule ----------------------------------------------------------------------------

    def _of_solo(self, told: list[SoloEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case port.Intend():
                    effects += self._ring(effect, now)
                case Fence() | Withdraw():
                    effects += self._fenced(self.fencer.step(effect, now), now)
                case port.FenceProof():
                    proven = self.pair.solo.proven
                    assert proven is not None
                    by = f"the solo rule, from {self.scene.name}"
                    effects += self.prove(self.pair.record(proven, by=by), now)
                case port.Note():
                    effects.append(effect)
        return effects

    def prove(
        self,
        fact: FencedAlone,
        now: Now,
        then: Callable[[port.Proposed, Now], list[MemberEffect]] | None = None,
    ) -> list[MemberEffect]:
        """Go on alone by *fact*, if the log finds that it proves what it wants proved."""

        def proposed(answer: port.Proposed, later: Now) -> list[MemberEffect]:
            done = self._of_solo(self.pair.solo.step(answer, later), later)
            if answer.refusal:
                done.append(port.Note("solo", f"the proof is of no use: {answer.refusal}"))
            return done + (then(answer, later) if then is not None else [])

        return self._prove(fact.target, fact.boot, fact, proposed, now)

    def _prove(
        self,
        node: int,
        boot: int,
        fact: Fact,
        then: Callable[[port.Proposed, Now], list[MemberEffect]],
        now: Now,
    ) -> list[MemberEffect]:
        self._ticket += 1
        self._proposals[self._ticket] = then
        return self._ring(port.FenceProof(self._ticket, node, boot, ledger.encode(fact)), now)

    def _prove_by_case(self, result: FenceResult, now: Now) -> list[MemberEffect]:
        """Use the success of a case that the log decided: of a pair, it cannot close it alone."""
        case = self.ledger.fencings.get(result.case)
        usable = case is not None and not case.verdict and case.action != "on"
        if case is None or not usable or self.machine.partner != case.target:
            return []
        fact = FenceClosed(
            case.case, "done", "", result.device, self.me, result.took_ms,
            int(now.wall.timestamp()),
        )  # fmt: skip
        return self._prove(case.target, case.boot, fact, lambda _, __: [], now)

    def force_new(
        self,
        lineage: int,
        facts: tuple[FencedAlone, ...],
        by: str,
        now: Now,
        then: Callable[[port.Proposed, Now], list[MemberEffect]],
    ) -> list[MemberEffect]:
        """Begin the cluster anew with this node alone; of *facts*, by a person, all else is off."""
        self._ticket += 1
        self._proposals[self._ticket] = then
        boots = tuple((fact.target, fact.boot) for fact in facts)
        reformed = ledger.Reformed(by, lineage, int(now.wall.timestamp()))
        said = (*(ledger.encode(fact) for fact in facts), ledger.encode(reformed))
        return self._ring(port.ForceNew(self._ticket, lineage, boots, said), now)

    def wait_for_case(self, case: int, answer: Answerer) -> None:
        """Have *answer* told what becomes of fencing *case*."""
        self._case_waits.setdefault(case, []).append(answer)

    # --- requests that others answer --------------------------------------------------------------

    def forward(
        self,
        to: int,
        request: bytes,
        caller: str,
        answer: Answerer,
        now: Now,
        *,
        leads: bool = True,
        straight: bool = False,
    ) -> list[MemberEffect]:
        """Pass a client's request on to the member *to*; *answer* is given its words.

        *leads*: it is asked as leader (or DC), and its word is void when it is that no more.
        *straight*: it has one answer, and need not come after what was said before it.
        """
        self._ticket += 1
        if straight:
            errand = messages.Errand(self.boot.counter, self._ticket, request, caller)
            sent = _carried(messages.encode(errand))
            self._errands.send(to, errand, now)
            told = self._ring(port.SendTo(to, sent), now)
        else:
            told = self._tell(messages.Forward(to, self._ticket, request, caller), now)
        self._forwards[self._ticket] = (answer, to, leads)
        return told

    def answer_forwarded(
        self,
        node: int,
        asked: messages.Forward | messages.Errand,
        reply: dict[str, Any],
        now: Now,
        *,
        last: bool,
    ) -> list[MemberEffect]:
        """Send a reply to the node whose client asked."""
        text = json.dumps(reply).encode()
        if isinstance(asked, messages.Errand):
            assert last, "an errand has one answer"
            done = messages.ErrandDone(asked.boot, asked.ticket, text, self.ledger.index)
            try:
                sent = _carried(messages.encode(done))
            except Failed as error:
                done = replace(done, reply=json.dumps({"error": error.to_json()}).encode())
                sent = messages.encode(done)
            self._errands.keep(node, done)
            return self._ring(port.SendTo(node, sent), now)
        answer = messages.Answer(node, asked.ticket, text, self.ledger.index, last)
        try:
            return self._tell(answer, now)
        except Failed as error:
            told = json.dumps({"error": error.to_json()}).encode()
            return self._tell(replace(answer, reply=told), now)

    def _answered(self, ticket: int, text: bytes, index: int, *, last: bool) -> list[MemberEffect]:
        known = self._forwards.get(ticket)
        if known is None:
            return []
        if last:
            del self._forwards[ticket]
            self._errands.end(ticket)
        reply = json.loads(text)
        then = known[0]
        return list(self.after(index, lambda: then(reply, last)))

    def _forwards_lost(self, now: Now) -> list[MemberEffect]:
        """Tell those who wait for a leader that is none any more, or for a member that is gone."""
        effects: list[MemberEffect] = []
        for ticket, (answer, to, leads) in list(self._forwards.items()):
            if leads and to != self.scene.dc:
                del self._forwards[ticket]
                self._errands.end(ticket)
                error: PcsxError = NoQuorum("the leader changed while it worked on this; ask again")
                effects += answer(error, True)
            elif not leads and to not in self.scene.members:
                del self._forwards[ticket]
                self._errands.end(ticket)
                name = self.scene.config.node(to).name
                effects += answer(Failed(f"{name} went away while it worked on this"), True)
        return effects


def _over(node: int, boot: int) -> Callable[[RingConfig], RingConfig]:
    """Return the edit by which lives of *node* up to *boot* are told that they are over."""
    return lambda config: config.with_over(node, boot)


def _carried(payload: bytes) -> bytes:
    """Return *payload*, or raise `Failed` where no message of the ring carries so much."""
    if len(payload) > PAYLOAD_MAX:
        text = f"too much for one message: {len(payload) // 1024} KiB, even packed"
        raise Failed(text, f"At most {PAYLOAD_MAX // 1024} KiB at a time: do it in parts.")
    return payload


def _due(deadline_ms: int | None, now: Now) -> bool:
    return deadline_ms is not None and deadline_ms <= now.ms


def _only_clears(pairs: messages.Pairs) -> bool:
    return all(not value for _, value in pairs)
