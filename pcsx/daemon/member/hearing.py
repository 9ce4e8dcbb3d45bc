"""What members say to each other, in order or to one alone: what each word does here."""

from __future__ import annotations

from pcsx.cib.status import placed
from pcsx.daemon import controller_port as dc
from pcsx.daemon import lrm, messages
from pcsx.daemon.controller import Controller
from pcsx.daemon.local import Local
from pcsx.daemon.member.fences import Fences
from pcsx.daemon.member.forwards import Forwards
from pcsx.daemon.member.halting import Halting
from pcsx.daemon.member.hands import Hands, MemberEffect, Passed
from pcsx.daemon.member.keys import Keys
from pcsx.daemon.member.telling import Telling
from pcsx.daemon.messages import FenceResult, NodeStatus, Ran
from pcsx.daemon.records import STARTS, Order
from pcsx.daemon.scene import Scene
from pcsx.daemon.services import Services
from pcsx.daemon.status import DONE, PRIVATE, WATCHDOG
from pcsx.daemon.takeover import Takeover
from pcsx.lean import dataclass
from pcsx.ring import port
from pcsx.ring.codec import Malformed
from pcsx.ring.services import words
from pcsx.values import Now


@dataclass(slots=True)
class Hearing:
    """See the module's paragraph; the fields are the parts that words are for."""

    boot: int
    scene: Scene
    local: Local
    controller: Controller
    services: Services
    takeover: Takeover
    telling: Telling
    forwards: Forwards
    keys: Keys
    fences: Fences
    halting: Halting
    hands: Hands
    view_ends: bool = False
    """Between the transitional configuration and the next view."""
    unblocked_by: str = ""
    """Who ended the wait for all voters: on record once there is a leader to say so."""

    def deliver(self, sender: int, payload: bytes, place: int, now: Now) -> list[MemberEffect]:
        """Take what *sender* said to all, at *place* in the order."""
        try:
            message = messages.decode(payload)
        except Malformed as error:
            name = self.scene.config.node(sender).name
            return [port.Note("node", f"a message of {name} is none: {error}")]
        picture = self.scene.picture.nodes.get(sender)
        if isinstance(message, NodeStatus):
            return self._status(sender, message, now)
        if isinstance(message, messages.Served):
            return self.served(sender, message.word, place)
        if isinstance(message, messages.KeyHeld):
            self.keys.rotation.heard(sender, message.sha256, used=message.used)
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
                return self._obey(orders, now) if node == self.scene.me else []
            case messages.AttributesChanged(node, pairs):
                return self._attributes(sender, node, pairs, now)
            case messages.Clean(node, resource, refresh, operation, interval_ms):
                effects: list[MemberEffect] = []
                if refresh and self.scene.picture.unlock(node, resource):
                    why = f"{resource or 'all'} is locked to no node any more"
                    effects = self.hands.control(dc.Stir(why), now)
                if node not in (0, self.scene.me):
                    return effects
                cleaned = self.local.clean(
                    resource, refresh=refresh, operation=operation, interval_ms=interval_ms
                )
                return effects + self.hands.of_local(cleaned, now)
            case messages.Declined(term, transition, action, why):
                if picture is not None:
                    picture.answered(term, transition, action)
                return self.hands.control(dc.Answered(term, transition, action, why), now)
            case messages.FenceOrder():
                return self.fences.order(message, now)
            case messages.Unblock(by):
                self.unblocked_by = by
                return self.hands.ring(port.Unblock(by), now)
            case messages.GoAway(node):
                return self.halting.leave(now) if node == self.scene.me else []
            case messages.AskedToStop(node):
                return self.halting.go(now) if node == self.scene.me else []
            case messages.Forward():
                return [Passed(sender, message)] if message.leader == self.scene.me else []
            case messages.Answer():
                if message.node != self.scene.me:
                    return []
                said = message
                return self.forwards.answered(said.ticket, said.reply, said.index, last=said.last)
        if picture is None:
            return []
        match message:
            case Ran(record, changed):
                picture.history.take(record)
                picture.answered(record.term, record.transition, record.action)
                if record.task == "stop" and record.status == DONE:
                    self.takeover.stopped(record.resource, record.exec_ms)
                picture.set(changed)
                alerted = self.telling.of_operation(record, now) if sender == self.scene.me else []
                return [*alerted, *self.hands.control(dc.OpCame(sender, record), now)]
            case messages.Forgot(resource, term, transition, action):
                picture.history.forget(resource)
                name = self.scene.config.node(sender).name
                if not action and not term:
                    why = f"history of {resource or 'all'} on {name} forgotten"
                    return self.hands.control(dc.Stir(why), now)
                return self.hands.control(dc.Answered(term, transition, action), now)
            case messages.Acknowledged(term, transition, action, resource, key):
                if key:
                    picture.history.drop(resource, key)
                return self.hands.control(dc.Answered(term, transition, action), now)
            case FenceResult(case):
                if self.scene.ordered.get(case) == sender:
                    del self.scene.ordered[case]
                picture.fencing = tuple(number for number in picture.fencing if number != case)
                return self.hands.control(dc.FenceTold(sender, message), now)
        return []

    def _obey(self, orders: tuple[Order, ...], now: Now) -> list[MemberEffect]:
        """Carry out *orders*; but what they begin is not begun any more while the view ends.

        Who is not in the next view with this node may never have heard of the order, and counts
        what runs here by what was heard.
        """
        effects: list[MemberEffect] = []
        for order in orders:
            if self.view_ends and order.task in STARTS:
                no = messages.Declined(order.term, order.transition, order.action, "STALE")
                effects += self.hands.tell(no, now)
            else:
                effects += self.hands.run(lrm.Obey(order), now)
        return effects

    def _status(self, sender: int, status: NodeStatus, now: Now) -> list[MemberEffect]:
        self.scene.picture.take(sender, status)
        for number, executor in self.scene.ordered.items():
            if executor == sender:
                self.fences.is_at(sender, number)
        if sender == self.scene.me:
            self.halting.watchman.told(dict(status.attributes).get(WATCHDOG, ""))
        self.scene.skew_s[sender] = status.wall_s - int(now.wall.timestamp())
        self.scene.committed[sender] = status.applied
        self.takeover.heard(sender, up_to_date=status.applied >= self.scene.ledger.index)
        self.scene.order_terms[sender] = status.term
        self.scene.last_transition = max(self.scene.last_transition, status.transition)
        for node, boot in self.scene.ledger.over.items():
            self.scene.picture.over(node, boot)
        effects: list[MemberEffect] = []
        for case in self.scene.ledger.open_cases():
            if case.lost and case.target == sender and case.case in self.fences.fencer.cases:
                effects += self.fences.withdraw(case.case, now)
        for result in status.fenced:
            effects += self.hands.control(dc.FenceTold(sender, result), now)
        return effects + self.hands.control(dc.Came(f"status of node {sender}"), now)

    def _attributes(
        self, sender: int, node: int, pairs: messages.Pairs, now: Now
    ) -> list[MemberEffect]:
        if node == self.scene.me and sender != self.scene.me:
            self.local.set(pairs)
        if node == sender == self.scene.me and WATCHDOG in (said := dict(pairs)):
            self.halting.watchman.told(said[WATCHDOG])
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
        for kept, value in fresh if self.telling.speaks else ():
            effects += self.telling.of_attribute(node, placed(kept)[1], value, now)
        names = " ".join(name for name, _ in pairs)
        if sender == self.scene.me and self.controller.run is not None and _only_clears(pairs):
            return effects
        why = f"attributes of node {node} changed: {names}"
        return effects + self.hands.control(dc.Stir(why), now)

    def served(self, sender: int, text: bytes, place: int) -> list[MemberEffect]:
        """Take a word of the services, which *text* spells."""
        if words.is_sent(text) and not self.services.listens_to(sender):
            return []
        try:
            word = words.decode(text)
        except Malformed as error:
            return [port.Note("services", f"a word of node {sender} is none: {error}")]
        return self.services.hear(sender, word, place)

    def received(self, sender: int, payload: bytes, now: Now) -> list[MemberEffect]:
        """Take what a member said to this node alone."""
        try:
            message = messages.decode(payload)
        except Malformed:
            return []
        match message:
            case messages.KeyWish(key):
                return self.keys.wished(sender, key, now)
            case messages.KeyOffer(key):
                return self.keys.offered(key, now)
            case messages.Errand():
                return self.forwards.asked(sender, message, now)
            case messages.ErrandDone(boot, ticket, reply, index) if boot == self.boot:
                return self.forwards.answered(ticket, reply, index, last=True)
        return []


def _only_clears(pairs: messages.Pairs) -> bool:
    return all(not value for _, value in pairs)
