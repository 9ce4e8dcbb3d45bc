"""Fencing as a member does it: cases of the log carried out, and the solo rule where it is a pair.

Which cases there are is the log's to say and who carries one out the DC's; here an order reaches
the `Fencer`, and what came of it the others, the log, or the rule of a lone node of two.
"""

from __future__ import annotations

from typing import Any

from pcsx.daemon import controller_port as dc
from pcsx.daemon import messages
from pcsx.daemon.answers import fencing_of
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.fencer import Cede, Fence, FenceDone, Fencer, Withdraw
from pcsx.daemon.ledger import FenceClosed, FencedAlone
from pcsx.daemon.member.hands import Answerer, Hands, MemberEffect, Then
from pcsx.daemon.member.proposals import Proposals
from pcsx.daemon.member.telling import Telling
from pcsx.daemon.messages import FenceResult
from pcsx.daemon.pair import Pair
from pcsx.daemon.scene import Scene
from pcsx.daemon.solo import SoloEffect
from pcsx.ring import port
from pcsx.ring.frames import Reach
from pcsx.ring.machine import Machine
from pcsx.values import Now


class Fences:
    """See the module's paragraph."""

    def __init__(
        self,
        scene: Scene,
        machine: Machine,
        fencer: Fencer,
        pair: Pair,
        telling: Telling,
        proposals: Proposals,
        hands: Hands,
    ) -> None:
        self._scene, self._machine, self._hands = scene, machine, hands
        self._telling, self._proposals = telling, proposals
        self.fencer, self.pair = fencer, pair
        self._results: dict[int, FenceResult] = {}
        """Cases that this node carried out, until the log has closed them."""
        self._waits: dict[int, list[Answerer]] = {}
        self.asked: dict[int, tuple[str, list[Answerer]]] = {}
        """Target -> the action that the log is asked to hold, and who wants it."""

    @property
    def results(self) -> tuple[FenceResult, ...]:
        """Return what came of the cases that this node carried out and the log has not closed."""
        return tuple(result for _, result in sorted(self._results.items()))

    def executors(self, target: int, action: str) -> list[int]:
        """Return the members that could do *action* to *target*, those with a device first.

        Nobody cuts itself off; but what is locked out on its own side is let in again by itself.
        """
        name = self._scene.config.node(target).name
        devices = set(self.fencer.somebodys(name))
        if not devices:
            return []
        known = [each for id in devices if (each := self.fencer.devices.get(id))]
        barred = set[str]() if not known else set.intersection(*(set(d.banned) for d in known))
        if action == "on" and self.fencer.is_done_by_target(devices):
            return [target] if target in self._scene.members else []

        def order(id: int) -> tuple[bool, int]:
            return (not devices & set(self._scene.picture.nodes[id].devices), id)

        able = [
            id
            for id in self._scene.members
            if id != target and self._scene.config.node(id).name not in barred
        ]
        return sorted(able, key=order)

    def is_heard(self, case: int, target: str) -> bool:
        """Return whether the life of *target* that *case* is to end is still heard here."""
        node, known = self._scene.config.named(target), self._scene.ledger.fencings.get(case)
        reach = self._scene.reach.get(node.id) if node is not None else None
        if known is None or reach is None or reach.reach is not Reach.UP:
            return False
        return reach.boot.counter <= known.boot

    def is_elsewhere(self, case: int, target: str) -> bool:
        """Return whether another member may be at *target* too, for this case or an earlier one.

        Who is back in the view may have been told to before it was lost; what it does it says as it
        enters. The solo rule's cases, below zero, are between two and wait for nobody.
        """
        if case < 0:
            return False
        if not self._scene.all_heard:
            return True
        node, pictures = self._scene.config.named(target), self._scene.picture.nodes
        cases = (pictures[id].fencing for id in self._scene.members if id != self._scene.me)
        known = [self._scene.ledger.fencings.get(number) for numbers in cases for number in numbers]
        return any(each and node and each.target == node.id for each in known)

    def withdraw(self, case: int, now: Now) -> list[MemberEffect]:
        """Do without *case*, where its agent was not told to switch yet."""
        return self.done(self.fencer.step(Withdraw(case), now), now)

    def order(self, order: messages.FenceOrder, now: Now) -> list[MemberEffect]:
        """Carry out a case if it is ordered of this node, and leave it alone if it is not."""
        self._scene.ordered[order.case] = order.executor
        self.is_at(order.executor, order.case)
        if order.executor != self._scene.me:
            return self.done(self.fencer.step(Cede(order.case), now), now)
        if (result := self._results.get(order.case)) is not None:
            # Who orders it again was not in charge yet when it was told.
            return self._hands.tell(result, now)
        case = self._scene.ledger.fencings.get(order.case)
        target = self._scene.config.named(order.target)
        if (
            case is not None
            and target is not None
            and case.lost
            and self._scene.is_online(target.id)
        ):
            return self._hands.tell(FenceResult(order.case, False, "void", "", 0), now)
        fence = Fence(
            order.case, order.target, order.action, order.timeout_ms, order.delay_ms, order.term
        )
        return self.done(self.fencer.step(fence, now), now)

    def is_at(self, executor: int, case: int) -> None:
        """Note that *executor* carries out *case*."""
        picture = self._scene.picture.nodes.get(executor)
        if picture is not None:
            picture.fencing = tuple(sorted({*picture.fencing, case}))

    def done(self, told: list[Any], now: Now) -> list[MemberEffect]:
        """Do what the fencer asks for."""
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case FenceDone(case) if self.pair.solo.owns(case):
                    effects += self.of_solo(self.pair.solo.step(effect, now), now)
                case FenceDone(case, ok, reason, device, took_ms):
                    result = FenceResult(case, ok, reason, device, took_ms)
                    known = self._scene.ledger.fencings.get(case)
                    if ok and (known is None or not known.verdict):
                        self._results[case] = result
                    effects += self._hands.tell(result, now)
                    if ok:
                        effects += self._prove_by_case(result, now)
                case Spawn() | Kill() | port.Note():
                    effects.append(effect)
        return effects

    def _prove_by_case(self, result: FenceResult, now: Now) -> list[MemberEffect]:
        """Use the success of a case that the log decided: of a pair, it cannot close it alone."""
        case = self._scene.ledger.fencings.get(result.case)
        usable = case is not None and not case.verdict and case.action != "on"
        if case is None or not usable or self._machine.partner != case.target:
            return []
        fact = FenceClosed(
            case.case, "done", "", result.device, self._scene.me, result.took_ms,
            int(now.wall.timestamp()),
        )  # fmt: skip
        return self._proposals.prove(case.target, case.boot, fact, lambda _, __: [], now)

    def wait_for_case(self, case: int, answer: Answerer) -> None:
        """Have *answer* told what becomes of fencing *case*."""
        self._waits.setdefault(case, []).append(answer)

    def closed(self, number: int, now: Now) -> list[MemberEffect]:
        """Take the end of case *number*, which the log has closed."""
        self._results.pop(number, None)
        case = self._scene.ledger.fencings.get(number)
        if case is None:
            return []
        effects: list[MemberEffect] = self._telling.of_fencing(case, now)
        if number in self.fencer.cases:
            # Closed by other proof while it waited here: the target may live again by now.
            effects += self.withdraw(number, now)
        if case.verdict == "done" and case.action != "on":
            self._scene.picture.over(case.target, case.boot, fenced=True)
            if self._scene.leading:
                effects += self._proposals.bar(case.target, case.boot, now)
        for answer in self._waits.pop(number, ()):
            effects += answer(fencing_of(case, self._scene.config), True)
        return effects + self._hands.control(dc.CaseClosed(number), now)

    # --- the solo rule ----------------------------------------------------------------------------

    def look(self, now: Now) -> list[MemberEffect]:
        """Have the solo rule look at what there is to see, where this node is one of a pair."""
        if not self.pair.concerned:
            return []
        return self.of_solo(self.pair.solo.step(self.pair.look(now), now), now)

    def of_solo(self, told: list[SoloEffect], now: Now) -> list[MemberEffect]:
        """Do what the solo rule asks for."""
        effects: list[MemberEffect] = []
        for effect in told:
            match effect:
                case port.Intend():
                    effects += self._hands.ring(effect, now)
                case Fence() | Withdraw():
                    effects += self.done(self.fencer.step(effect, now), now)
                case port.FenceProof():
                    proven = self.pair.solo.proven
                    assert proven is not None
                    by = f"the solo rule, from {self._scene.name}"
                    effects += self.prove(self.pair.record(proven, by=by), now)
                case port.Note():
                    effects.append(effect)
        return effects

    def prove(self, fact: FencedAlone, now: Now, then: Then | None = None) -> list[MemberEffect]:
        """Go on alone by *fact*, if the log finds that it proves what it wants proved."""

        def proposed(answer: port.Proposed, later: Now) -> list[MemberEffect]:
            done = self.of_solo(self.pair.solo.step(answer, later), later)
            if answer.refusal:
                done.append(port.Note("solo", f"the proof is of no use: {answer.refusal}"))
            return done + (then(answer, later) if then is not None else [])

        return self._proposals.prove(fact.target, fact.boot, fact, proposed, now)
