"""What the log has decided, applied to the ledger: and what this node does about it."""

from __future__ import annotations

from functools import partial

from pcsx.cib.agents import agents_of, traced_of
from pcsx.cib.fencing import devices_of
from pcsx.cib.replica import Change, Diverged
from pcsx.cib.stopping import stopping_of
from pcsx.daemon import controller_port as dc
from pcsx.daemon import ledger, trust
from pcsx.daemon.answers import is_fencing_required
from pcsx.daemon.describer import Describer
from pcsx.daemon.ledger import (
    LEFT,
    CibChange,
    Fact,
    FenceClosed,
    FencedAlone,
    FenceIntent,
    Kept,
    Over,
)
from pcsx.daemon.local import Local
from pcsx.daemon.member.fences import Fences
from pcsx.daemon.member.halting import Halting
from pcsx.daemon.member.hands import Hands, MemberEffect
from pcsx.daemon.member.keys import Keys
from pcsx.daemon.member.mending import Mending
from pcsx.daemon.member.proposals import Proposals
from pcsx.daemon.member.states import States
from pcsx.daemon.member.telling import Telling
from pcsx.daemon.scene import Scene
from pcsx.daemon.takeover import Takeover
from pcsx.daemon.trials import Trials, taken_back
from pcsx.lean import dataclass
from pcsx.ring import port
from pcsx.ring.machine import Machine
from pcsx.ring.quorum import keep_ms
from pcsx.values import Now


@dataclass(slots=True)
class Applying:
    """See the module's paragraph; the fields are the parts that go by what is decided."""

    scene: Scene
    machine: Machine
    local: Local
    describer: Describer
    takeover: Takeover
    trials: Trials
    telling: Telling
    proposals: Proposals
    keys: Keys
    fences: Fences
    halting: Halting
    mending: Mending
    states: States
    hands: Hands
    moved: bool = False
    """Whether changes of the document were applied that the parts do not go by yet."""

    def committed(self, index: int, fact: Fact, now: Now) -> list[MemberEffect]:
        """Apply *fact*, the entry *index* of the log."""
        if self.scene.diverged:
            return []  # it is in the state that comes
        # Two may have proposed the end of one case, as its executor's word comes more than once.
        old = self.scene.ledger.fencings.get(fact.case) if isinstance(fact, FenceClosed) else None
        effects = [] if isinstance(fact, CibChange) else self.follow_configuration(now)
        try:
            self.scene.ledger.apply(index, fact)
        except Diverged as error:
            return [*effects, *self.mending.mistrust(index, error, now)]
        match fact:
            case CibChange():
                self.moved = True
                done = self.scene.ledger.history.find("last").change
                text = f"{done.user}: {done.command} -> {done.version}"
                effects.append(port.Note("cib", text))
            case trust.TokenMade() | trust.TokenUsed():
                pass
            case trust.KeyPrepared() | trust.KeyActive() | trust.KeyRetired():
                effects.append(port.Note("keys", f"the log says: {type(fact).__name__}"))
                effects += self.keys.decided(now)
            case Kept(name, why):
                self.trials.follow(self.scene.ledger.trials, now)
                effects.append(port.Note("cib", f"change {name} stays: {why}"))
            case FenceIntent():
                effects += self.hands.control(dc.CaseOpened(index), now)
            case FenceClosed(case) if old is None or not old.verdict:
                effects += self.fences.closed(case, now)
            case FenceClosed():
                pass
            case FencedAlone():
                effects += self.fences.closed(index, now)
            case ledger.TicketDecided():
                effects += self._ticketed(fact, now)
            case ledger.Unblocked(by):
                effects.append(port.Note("node", f"{by} ended the wait for all voters"))
            case ledger.Reformed(by):
                effects.append(port.Note("node", f"{by} began the cluster anew"))
            case Over(node, boot, why):
                self.scene.picture.over(node, boot)
                if why != LEFT and self.scene.leading:
                    effects += self.proposals.bar(node, boot, now)
                effects += self.hands.control(dc.Stir(f"node {node} is over: {why}"), now)
            case ledger.Admitted(node):
                effects += self.hands.control(dc.Stir(f"node {node} was let in"), now)
        return effects + self.proposals.applied(index)

    @property
    def deadline_ms(self) -> int | None:
        """Return when to go by the configuration again: at once, where it has changed."""
        return 0 if self.moved else None

    def follow_configuration(self, now: Now) -> list[MemberEffect]:
        """Go by the configuration as it is now; for many changes that come together, once."""
        if not self.moved:
            return []
        self.moved = False
        self.trials.follow(self.scene.ledger.trials, now)
        self.read_configuration()
        effects: list[MemberEffect] = []
        effects += self.describer.want(agents_of(self.scene.ledger.replica.cib), now)
        effects += self.halting.guard(now)
        why = dc.Stir("the configuration changed", paced=True, anew=True)
        return effects + self.hands.control(why, now)

    def _ticketed(self, fact: ledger.TicketDecided, now: Now) -> list[MemberEffect]:
        """Tell of a ticket that changed, and have all be looked at anew at once."""
        pairs = " ".join(f"{name}={value}" for name, value in fact.put)
        what = "is forgotten" if fact.forgotten else pairs or f"loses {' '.join(fact.dropped)}"
        text = f"ticket {fact.ticket} {what}"
        stirred = self.hands.control(dc.Stir(text, anew=True), now)
        return [port.Note("cib", f"{fact.by}: {text}"), *stirred]

    def restore(self, state: bytes, now: Now) -> list[MemberEffect]:
        """Begin again from *state*, a snapshot's."""
        restored = self.states.restored(state)
        self.scene.ledger = restored
        mended = self.mending.restored(now)
        self.trials.follow(restored.trials, now)
        turned = self.keys.decided(now)
        self.read_configuration()
        asked = self.describer.want(agents_of(restored.replica.cib), now)
        guarded = self.halting.guard(now)
        stirred = self.hands.control(dc.Stir("a snapshot was taken over"), now)
        waited = self.proposals.applied(restored.index)
        return [*mended, *turned, *asked, *guarded, *stirred, *waited]

    def read_configuration(self) -> None:
        """Give the parts what the configuration, which may have changed, says to them."""
        cib = self.scene.ledger.replica.cib
        self.fences.fencer.follow(partial(devices_of, cib))
        self.local.lrm.traced = traced_of(cib)
        listed = cib.section("alerts")  # of `tree`, the whole would be put together for it
        self.telling.alerts.wanted = listed is not None and listed.find("alert") is not None
        self.scene.fencing = is_fencing_required(cib)
        self.machine.require_fencing(self.scene.fencing)
        if not self.scene.fencing or self.scene.no_quorum_policy in ("fence", "suicide"):
            self.halting.rules = stopping_of(cib)
            self.takeover.configured(self.halting.rules)
        self.takeover.timed(keep_ms(self.scene.config.timers))

    def end_trials(self, now: Now) -> list[MemberEffect]:
        """Take back, if this node leads, what was on trial and nobody confirmed."""
        effects: list[MemberEffect] = []
        for name in self.trials.due(now):
            if not self.scene.leading:
                continue
            fact, told = taken_back(self.scene.ledger, name, now, origin=self.scene.name)
            effects.append(port.Note("cib", told))
            if fact is not None:
                effects += self.proposals.decide(fact, now, partial(self._end_of_trial, fact))
        return effects

    def _end_of_trial(
        self, fact: CibChange | Kept, answer: port.Proposed, _: Now
    ) -> list[MemberEffect]:
        if not answer.index and isinstance(fact, CibChange):
            self.scene.ledger.replica.forget_pending(Change.from_bytes(fact.change))
        return []
