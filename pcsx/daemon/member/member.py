"""`Member`: each event handed to its part, and the answers routed to whom they concern.

It keeps the `Scene` true; its parts only read that. Clients' requests come in through
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
from pcsx.cib.agents import agents_of
from pcsx.daemon import attributes as attrs
from pcsx.daemon import controller_port as dc
from pcsx.daemon import events, ledger, lrm, messages
from pcsx.daemon.alerts import Alerts
from pcsx.daemon.answers import quorum_of
from pcsx.daemon.controller import Controller
from pcsx.daemon.decisions import Decisions
from pcsx.daemon.describer import Describer
from pcsx.daemon.effects import KeepDecision, Plan, RunsHere, TellHeart
from pcsx.daemon.fencer import Fencer
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.local import Local, LocalEffect
from pcsx.daemon.local import Tell as LocalTell
from pcsx.daemon.member.applying import Applying
from pcsx.daemon.member.fences import Fences
from pcsx.daemon.member.forwards import Forwards
from pcsx.daemon.member.halting import Halting
from pcsx.daemon.member.hands import Answerer, Gone, MemberEffect, carried
from pcsx.daemon.member.hearing import Hearing
from pcsx.daemon.member.keys import Keys
from pcsx.daemon.member.mending import Mending
from pcsx.daemon.member.proposals import Proposals
from pcsx.daemon.member.states import States
from pcsx.daemon.member.telling import Telling
from pcsx.daemon.member.waiters import Waiters
from pcsx.daemon.messages import NodeStatus, ViewMessage
from pcsx.daemon.pair import Pair
from pcsx.daemon.rekeying import Rekeying
from pcsx.daemon.rotation import Rotation
from pcsx.daemon.scene import Scene
from pcsx.daemon.services import Services, entries_of
from pcsx.daemon.takeover import Takeover
from pcsx.daemon.throttle import THRESHOLD, jobs_at_once
from pcsx.daemon.trials import Trials
from pcsx.ring import port
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Armed, Boot, Doubt, HeartStats, Unconfigure
from pcsx.ring.levels import FEATURES, Range
from pcsx.ring.log.changes import leaving
from pcsx.ring.machine import Machine
from pcsx.ring.quorum import Voters, is_on, keep_ms
from pcsx.ring.services import words
from pcsx.values import Now, earlier

_OF_THE_RING: Final = frozenset((events.HeartSays, events.Persisted))


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
        features: Range = FEATURES,
        ledger: Ledger | None = None,
    ) -> None:
        self.me, self.boot = me, boot
        rekeying = Rekeying(me, identity, former=former, coming=coming)
        self.machine = Machine(
            me, boot, recovered, random,
            identity=identity, others=rekeying.identities[1:], psks=psks, features=features,
        )  # fmt: skip
        state, config = recovered.snapshot.state, recovered.snapshot.config
        self.scene = Scene(me, config, ledger or Ledger.restored(state))
        self.states = States(self.scene, state, boot.counter)
        self.proposals = Proposals(self.scene, self.machine, self)
        self.forwards = Forwards(boot, self.scene, self.proposals, self)
        self.keys = Keys(
            rekeying, Rotation(me, psks), self.scene, self.machine, self.proposals, self
        )
        self.local = Local(
            me,
            lrm.Lrm(host, children=children, sees_lease=self.machine.sees_lease, metadata=metadata),
            lambda: self.scene.is_on("start-failure-is-fatal", default=True),
        )
        self.telling = Telling(Alerts(host, children=children), self.scene)
        self.takeover = Takeover()
        fencer = Fencer(
            host,
            children=children,
            metadata=metadata,
            sees_lease=self.machine.sees_lease,
            is_heard=lambda case, target: self.fences.is_heard(case, target),
            is_elsewhere=lambda case, target: self.fences.is_elsewhere(case, target),
        )
        fencer.silence_ms = 2 * self.scene.config.timers.down_ms
        pair = Pair(self.scene, self.machine, fencer)
        self.fences = Fences(
            self.scene, self.machine, fencer, pair, self.telling, self.proposals, self
        )
        self.halting = Halting(self.scene, self.machine, self.local, fencer, self.takeover, self)
        self.mending = Mending(self.scene, self.machine, self.local, self)
        self.describer = Describer(host, children=children, metadata=metadata)
        self.attributes = attrs.Attributes()
        self.decisions = Decisions(decisions)
        self.trials = Trials()
        self.controller = Controller(
            self.scene, self.decisions, self.fences.executors, self.takeover
        )
        self.waiters = Waiters(self.scene, self.controller)
        self.services = Services(me, boot, self._name_of, self._say_word)
        self.applying = Applying(
            self.scene, self.machine, self.local, self.describer, self.takeover, self.trials,
            self.telling, self.proposals, self.keys, self.fences, self.halting, self.mending,
            self.states, self,
        )  # fmt: skip
        self.applying.read_configuration()
        self.hearing = Hearing(
            boot.counter, self.scene, self.local, self.controller, self.services, self.takeover,
            self.telling, self.forwards, self.keys, self.fences, self.halting, self,
        )  # fmt: skip
        self.stats_waits: list[Answerer] = []
        self.config_index = 0
        """Which entry of the log the committed configuration is."""
        self._now = Now(0, datetime.min.replace(tzinfo=UTC))
        self._wishes = 0
        self.unmoved = False
        """Whether the last step was the ring's alone, for the heart and the members of groups, and
        no other part can tell."""
        self._others_known = False
        self._others_ms: int | None = None
        """The next moment of the other parts, where it is known: rounds of the log do not move it.
        """
        self._others_calm: bool | None = None
        """Whether none of them looks at what the log's rounds do, where it is known."""

    @property
    def ledger(self) -> Ledger:
        """Return what the log has decided."""
        return self.scene.ledger

    # --- life -------------------------------------------------------------------------------------

    def begin(self, now: Now) -> list[MemberEffect]:
        """Configure the heart and start the ring's machine."""
        work: list[MemberEffect] = [TellHeart(self.machine.configure(self.scene.config))]
        work += self.keys.configured(now)
        self.trials.follow(self.ledger.trials, now)
        work += self.describer.want(agents_of(self.ledger.replica.cib), now)
        return work + self.ring(port.Tick(), now)

    @property
    def deadline_ms(self) -> int | None:
        """Return the next moment one of the parts wants a `Tick`."""
        if not self._others_known:
            self._others_known, self._others_ms = True, self._others_deadline_ms()
        return earlier(self.machine.deadline_ms, self._others_ms)

    def wake(self, now: Now) -> None:
        """Begin a step of the node: it is *now*, and nothing was done yet."""
        self._now = now
        self.unmoved = False

    def moved(self) -> None:
        """Note that another part than the ring's machine may stand elsewhere now."""
        self._others_known, self._others_calm = False, None

    def _others_deadline_ms(self) -> int | None:
        due_ms: int | None = None
        for moment_ms in (
            self.local.lrm.deadline_ms,
            self.fences.fencer.deadline_ms,
            self.describer.deadline_ms,
            self.attributes.deadline_ms,
            self.forwards.deadline_ms,
            self.controller.deadline_ms,
            self.trials.deadline_ms,
            self.fences.pair.deadline_ms(),
            self.halting.deadline_ms,
            self.mending.deadline_ms,
            self.keys.deadline_ms,
            self.waiters.deadline_ms,
            self.applying.deadline_ms,
        ):
            if moment_ms is not None and (due_ms is None or moment_ms < due_ms):
                due_ms = moment_ms
        return due_ms

    def step(self, event: events.Event, now: Now) -> list[MemberEffect]:
        """Take *event*; return what is to be done outside."""
        waits = event.__class__ in _OF_THE_RING  # for the end of the turn, to be gone by once
        effects = [] if waits else self.follow(now)
        effects += self._step(event, now)
        if not waits:
            effects += self.follow(now)
        if self.unmoved:
            return effects
        self.moved()
        if self.services.wants_arbiter and self.scene.leading:
            may, over = self.scene.locks_may_move()
            effects += self.services.arbitrate(may_grant=may, over=over)
        if self.scene.leading and not self.halting.leaving:
            effects += self.keys.lead(now)
        if not (self.halting.leaving or self.scene.diverged):
            effects += self.fences.look(now)
        return effects

    def follow(self, now: Now) -> list[MemberEffect]:
        """Go by the configuration as it is now: the log may have changed it in this turn.

        That waits for a `Tick`, wanted at once: what is decided is told first.
        """
        return self.applying.follow_configuration(now)

    def _step(self, event: events.Event, now: Now) -> list[MemberEffect]:
        match event:
            case events.HeartSays(Doubt(silent_until_ms=until_ms)):
                self.fences.pair.doubts(until_ms)
                return []
            case events.HeartSays(Armed(timeout_ms)):
                self.halting.watchman.timeout_ms = timeout_ms
                return self.halting.guard(now)
            case events.HeartSays(HeartStats(text=text)):
                return self._stats(json.loads(text))
            case events.HeartSays():
                return self._quietly(self.machine.step(event, now), now)
            case events.Persisted(ticket):
                return self.ring(port.Persisted(ticket), now)
            case events.PersistFailed(ticket, reason):
                return self.ring(port.PersistFailed(ticket, reason), now)
            case events.IdentityKept():
                return self.keys.identity_kept(event, now)
            case events.KeysKept():
                return self.keys.keys_kept(event, now)
            case events.ChildExited():
                return self._child(event, now)
            case events.Load(percent, cores):
                self.local.lrm.parallel = jobs_at_once(
                    cores=cores,
                    limit=self.scene.number("node-action-limit", 0),
                    load=percent,
                    threshold=self.scene.number("load-threshold", THRESHOLD),
                )
                return []
            case events.UnitChanged():
                return self.run(event, now)
            case events.Planned():
                return self.control(event, now)
            case events.StateWritten():
                return self.states.written(event, now)
            case events.StateRead():
                return self.states.was_read(event, now)
            case events.Tick():
                return self._tick(now)
        return []

    def _quietly(self, told: list[port.MachineEffect], now: Now) -> list[MemberEffect]:
        """Do what the ring's machine asks for; without asking the other parts where none can tell.

        Most steps of a cluster at rest are so, the rounds of the log; and what is said to groups.
        """
        if not self._is_alone(told):
            return self._rung(told, now)
        self.unmoved = True
        effects: list[MemberEffect] = []
        for effect in told:
            if effect.__class__ is port.Say:
                effects.append(effect)
            elif isinstance(effect, port.Deliver):
                effects += self.hearing.served(effect.sender, effect.payload, effect.gseq)
        return effects

    def _is_alone(self, told: list[port.MachineEffect]) -> bool:
        """Return whether *told* is for the heart and the members of groups alone."""
        for effect in told:
            if effect.__class__ is port.Say:
                continue
            if not (isinstance(effect, port.Deliver) and words.is_sent(effect.payload)):
                return False
        if self._others_calm is None:
            trust = self.ledger.trust
            looks = trust.pending or trust.overlaps or self.services.wants_arbiter
            self._others_calm = not (looks or self.fences.pair.concerned)
        return self._others_calm

    def _tick(self, now: Now) -> list[MemberEffect]:
        if self._others_known and not _due(self._others_ms, now):
            effects = self._quietly(self.machine.step(port.Tick(), now), now)
            return effects if self.unmoved else [*effects, *self.waiters.serve(now)]
        effects = []
        if _due(self.machine.deadline_ms, now):
            effects += self.ring(port.Tick(), now)
        if _due(self.local.lrm.deadline_ms, now):
            effects += self.run(events.Tick(), now)
        if _due(self.fences.fencer.deadline_ms, now):
            effects += self.fences.done(self.fences.fencer.step(events.Tick(), now), now)
        if _due(self.describer.deadline_ms, now):
            effects += self.describer.step(events.Tick(), now)
        if _due(self.attributes.deadline_ms, now):
            effects += self.set_attributes(attrs.Tick(), now)
        if _due(self.controller.deadline_ms, now):
            effects += self.control(dc.Tick(), now)
        effects += self.forwards.tick(now)
        effects += self.halting.tick(now)
        if _due(self.mending.deadline_ms, now):
            effects += self.mending.fetch(now)
        if _due(self.trials.deadline_ms, now):
            effects += self.applying.end_trials(now)
        return [*effects, *self.keys.tick(now), *self.waiters.serve(now)]

    # --- the ring ---------------------------------------------------------------------------------

    def ring(self, event: port.MachineEvent, now: Now) -> list[MemberEffect]:
        """Have the ring's machine take *event*, and do what it asks for."""
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
                    effects += self.follow(now)
            match effect:
                case port.TakeSnapshot() if self.scene.diverged:
                    pass
                case port.TakeSnapshot(index):
                    effects += self.states.write(partial(self._snapshot_taken, index))
                case port.Examine(snapshot):
                    effects += self.snapshot_fetched(snapshot.index, snapshot, now)
                case port.Restore(_, state):
                    effects += self.applying.restore(state, now)
                case port.Transitional():
                    self.hearing.view_ends = True
                case port.Regular():
                    self.hearing.view_ends = False
                    effects += self._regular(effect, now)
                case port.Deliver(_, place, sender, payload):
                    effects += self.hearing.deliver(sender, payload, place, now)
                case port.Received(sender, payload):
                    effects += self.hearing.received(sender, payload, now)
                case port.Committed(index, _, payload):
                    effects += self.applying.committed(index, ledger.decode(payload), now)
                case port.ConfigCommitted(index, config):
                    self.config_index = index
                    effects += self._configured(config, now)
                case port.Readable():
                    effects += self.proposals.readable(effect, now)
                case port.Proposed():
                    effects += self.proposals.proposed(effect, now)
                case port.Intended():
                    effects += self.fences.of_solo(self.fences.pair.solo.step(effect, now), now)
                case port.Leadership(term, leader, mine):
                    effects += self._led(term, leader, mine, now)
                case port.Quorum():
                    effects += self._quorum(effect, now)
                case port.PeerReach(node):
                    self.scene.reach[node] = effect
                case port.Verdict(kind, reason):
                    effects += self.halting.refused(kind, reason, now)
                case port.Left():
                    effects += [*self.halting.dismiss_watchdog(), TellHeart(Unconfigure()), Gone()]
        return effects

    def of_witness(self, payload: bytes, now: Now) -> list[MemberEffect]:
        """Hand what the witness says to the log."""
        return self.ring(port.FromWitness(payload), now)

    def snapshot_fetched(
        self, index: int, snapshot: port.Snapshot | None, now: Now
    ) -> list[MemberEffect]:
        """Hand the log the snapshot that it asked for, once it is read, or nothing."""
        if snapshot is None:
            return self.ring(port.SnapshotFetched(index, None), now)

        def then(sound: bool, later: Now) -> list[MemberEffect]:
            return self.ring(port.SnapshotFetched(index, snapshot if sound else None), later)

        return self.states.read(snapshot.state, then)

    def _snapshot_taken(self, index: int, state: bytes, now: Now) -> list[MemberEffect]:
        return self.ring(port.SnapshotTaken(index, state), now)

    def state_fetched(self, snapshot: port.Snapshot | None, now: Now) -> list[MemberEffect]:
        """Take over the state that this node's own is to be mended by, once it is read."""
        if snapshot is None:
            return []

        def then(sound: bool, later: Now) -> list[MemberEffect]:
            return self.mending.take(snapshot, later) if sound else []

        return self.states.read(snapshot.state, then)

    def whole_state(
        self, then: Callable[[port.Snapshot, Now], list[MemberEffect]]
    ) -> list[MemberEffect]:
        """Do *then* with a snapshot of what is decided now, for who takes the log from here."""
        here = self.machine.snapshot_here(b"")
        return self.states.write(lambda state, later: then(replace(here, state=state), later))

    def witness_reached(self, here: bool, now: Now) -> list[MemberEffect]:
        """Note whether the witness answers."""
        word = "answers" if here else "does not answer"
        note = port.Note("node", f"the witness {word}")
        return [note, *self.ring(port.WitnessReach(here), now)]

    def _regular(self, regular: port.Regular, now: Now) -> list[MemberEffect]:
        scene, wall_s = self.scene, int(now.wall.timestamp())
        old = scene.members
        scene.view = regular.view
        scene.left_out = ""
        self.fences.pair.view_changed(now)
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
            effects += self.forwards.lost(now)
        effects += self.run(lrm.Anew(), now)
        effects += self.mending.say_log(now)
        effects += self.tell(self._my_status(now), now)
        effects += self.keys.view_changed(now)
        effects += self.services.view_changed(regular.view.id.epoch, regular.view.nodes)
        effects += self.services.quorum_changed(quorum_of(scene))
        effects += self.telling.of_view(old, regular.view.nodes, now)
        return effects + self.control(dc.Came("the view changed", view=True), now)

    def _my_status(self, now: Now) -> NodeStatus:
        return NodeStatus(
            boot=self.boot,
            wall_s=int(now.wall.timestamp()),
            attributes=tuple(sorted(self.local.attributes.items())),
            records=self.local.history.records(),
            lost=tuple(
                lost for lost in self.scene.picture.lost() if lost.node not in self.scene.members
            ),
            fencing=tuple(case for case in self.fences.fencer.cases if case > 0),
            fenced=self.fences.results,
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
        self.keys.led_ms = now.ms
        self.fences.pair.led(leader)
        by = ""
        if mine:
            by, self.hearing.unblocked_by = self.hearing.unblocked_by, ""
            self.proposals.bar_again()
        name = scene.config.node(leader).name if leader else "nobody"
        effects: list[MemberEffect] = [port.Note("node", f"term {term}, leader {name}")]
        effects += self.forwards.lost(now)
        effects += self.proposals.next_edit(now)
        if by:
            effects += self.proposals.decide(ledger.Unblocked(by, int(now.wall.timestamp())), now)
        return effects + self.control(dc.Came("leadership changed"), now)

    def _quorum(self, quorum: port.Quorum, now: Now) -> list[MemberEffect]:
        before, self.scene.quorum = self.scene.quorum, quorum
        if before == quorum:
            return []
        effects: list[MemberEffect] = [*self.services.quorum_changed(quorum_of(self.scene))]
        if before.quorate != quorum.quorate:
            word = "has quorum" if quorum.quorate else "has no quorum"
            effects.append(port.Note("node", f"this partition {word}: {quorum.reason}"))
            effects.append(RunsHere(f"{self.scene.config.name}: {word}"))
            effects += (
                self.halting.quorum_lost(now) if before.quorate else self.halting.quorum_found(now)
            )
            effects += self.halting.guard(now)
            self.keys.rotation.quorum_changed(quorate=quorum.quorate, now=now)
        return effects + self.control(dc.Came("quorum changed"), now)

    def _configured(self, config: RingConfig, now: Now) -> list[MemberEffect]:
        self.scene.config = config
        self.fences.fencer.silence_ms = 2 * config.timers.down_ms
        self.takeover.timed(keep_ms(config.timers))
        again = self.keys.configured(now)
        again += [*self.proposals.next_edit(now), *self.halting.guard(now)]
        if config.node(self.me).over >= self.boot.counter:
            again += self.halting.refused("FENCED", "the log has this life on record as over", now)
        return again + self.control(dc.Stir("the ring's configuration changed"), now)

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
            return note + self.tell(messages.GoAway(node), later)

        if not self.scene.leading:
            return self.tell(messages.GoAway(node), now)
        return self.proposals.edit(edit, now, then)

    # --- the view plane ---------------------------------------------------------------------------

    def tell(self, message: ViewMessage, now: Now, *, safe: bool = False) -> list[MemberEffect]:
        """Say *message* to all members, us too, in order."""
        return self.ring(port.Multicast(carried(messages.encode(message)), safe), now)

    def fail_resource(self, resource: str, now: Now) -> list[MemberEffect]:
        """Have *resource* count as failed here; nothing where it does not run."""
        return self.of_local(self.local.fail(resource, now), now)

    def set_attributes(self, event: attrs.AttributeEvent, now: Now) -> list[MemberEffect]:
        """Take a change of transient attributes; tell what need not be held back."""
        effects: list[MemberEffect] = []
        for changed in self.attributes.step(event, now):
            if changed.node == self.me:
                self.local.set(changed.pairs)
            effects += self.tell(messages.AttributesChanged(changed.node, changed.pairs), now)
        return effects

    # --- services for applications ----------------------------------------------------------------

    def _name_of(self, id: int) -> str:
        for node in self.scene.config.nodes:
            if node.id == id:
                return str(node.name)
        return str(id)

    def _say_word(self, word: words.Word, safe: bool) -> list[MemberEffect]:
        payload = carried(messages.encode(messages.Served(words.encode(word))))
        told = self.machine.step(port.Multicast(payload, safe), self._now)
        if word.__class__ is words.Sent:  # which is all that comes of its request
            return self._quietly(told, self._now)
        return self._rung(told, self._now)

    def client_gone(self, client: int) -> list[MemberEffect]:
        """Let go of all that a client had, whose connection has ended."""
        return self.services.gone(client)

    def _stats(self, stats: dict[str, Any]) -> list[MemberEffect]:
        """Tell what the heart counts to those who asked, and to the store."""
        stats["ring"] = {"not_taken": self.machine.dropped}
        effects: list[MemberEffect] = []
        for key, kind, value in entries_of(stats):
            effects += self.services.show(f"stats.{_shown_as(key)}", kind, value)
        waits, self.stats_waits = self.stats_waits, []
        for answer in waits:
            effects += answer({"stats": stats}, True)
        return effects

    def next_wish(self) -> int:
        """Return a number that no other change by this life of the node has."""
        self._wishes += 1
        return self._wishes

    # --- this node's resources --------------------------------------------------------------------

    def _child(self, event: events.ChildExited, now: Now) -> list[MemberEffect]:
        if self.describer.owns(event.child):
            return list(self.describer.step(event, now))
        if self.telling.alerts.owns(event.child):
            return list(self.telling.alerts.step(event))
        if self.fences.fencer.owns(event.child):
            return self.fences.done(self.fences.fencer.step(event, now), now)
        return self.run(event, now)

    def run(self, event: lrm.LrmEvent, now: Now) -> list[MemberEffect]:
        """Have what runs here take *event*."""
        return self.of_local(self.local.step(event, now), now)

    def of_local(self, told: list[LocalEffect], now: Now) -> list[MemberEffect]:
        """Do what this node's resources ask for."""
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case LocalTell(message):
                    effects += self.tell(message, now)
                case lrm.Stopped(failed):
                    effects += self.halting.all_stopped(failed, now)
                case _:
                    effects.append(effect)
        return effects

    # --- the DC's work ----------------------------------------------------------------------------

    def control(self, event: dc.ControllerEvent, now: Now) -> list[MemberEffect]:
        """Have the DC's work take *event*."""
        effects: list[MemberEffect] = []
        for effect in self.controller.step(event, now):
            match effect:
                case dc.Tell(message):
                    # Without fencing nobody may begin what the others do not all know of.
                    safe = isinstance(message, messages.Orders) and not self.scene.fencing
                    effects += self.tell(message, now, safe=safe)
                case dc.Release(node):
                    effects += self._release(node, now)
                case dc.Decide(fact):
                    effects += self.proposals.decide(fact, now)
                case dc.Progress(text, done, of):
                    effects += self.waiters.told(text, done, of)
                case dc.AtRest():
                    effects += self.waiters.serve(now)
                case Plan() | KeepDecision() | port.Note():
                    effects.append(effect)
        return effects


def _due(deadline_ms: int | None, now: Now) -> bool:
    return deadline_ms is not None and deadline_ms <= now.ms


def _shown_as(key: str) -> str:
    """Return the name in the store, behind `stats.`, of what the heart counts under *key*."""
    if key.startswith("drop."):
        return f"ring.{key}"
    return key.replace("schedmiss.last.", "schedmiss.")
