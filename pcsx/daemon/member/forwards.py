"""Requests passed on: of clients here that another member answers, and of others' answered here."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pcsx.daemon import messages
from pcsx.daemon.errands import Errands
from pcsx.daemon.member.hands import Answerer, Hands, MemberEffect, Passed, carried
from pcsx.daemon.member.proposals import Proposals
from pcsx.daemon.scene import Scene
from pcsx.errors import Failed, NoQuorum, PcsxError
from pcsx.ring import port
from pcsx.ring.frames import Boot
from pcsx.values import Now


class Forwards:
    """See the module's paragraph."""

    def __init__(self, boot: Boot, scene: Scene, proposals: Proposals, hands: Hands) -> None:
        self._boot, self._scene, self._proposals, self._hands = boot, scene, proposals, hands
        self._ticket = 0
        self._waiting: dict[int, tuple[Answerer, int, bool]] = {}
        """Ticket -> who is told, the member that was asked, and whether it must lead."""
        self._errands = Errands()

    @property
    def waiting(self) -> int:
        """Return how many requests wait for the answer of another member."""
        return len(self._waiting)

    @property
    def deadline_ms(self) -> int | None:
        """Return when something is to be sent again."""
        return self._errands.deadline_ms

    def tick(self, now: Now) -> list[MemberEffect]:
        """Send again what was not answered."""
        effects: list[MemberEffect] = []
        for to, errand in self._errands.again(now):
            effects += self._hands.ring(port.SendTo(to, messages.encode(errand)), now)
        return effects

    def asked(self, sender: int, errand: messages.Errand, now: Now) -> list[MemberEffect]:
        """Take an errand of *sender*: it is done once, and answered again if it comes again."""
        if self._errands.begin(sender, errand):
            return [Passed(sender, errand)]
        if (done := self._errands.answer_to(sender, errand)) is not None:
            return self._hands.ring(port.SendTo(sender, messages.encode(done)), now)
        return []

    def send(
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
            errand = messages.Errand(self._boot.counter, self._ticket, request, caller)
            sent = carried(messages.encode(errand))
            self._errands.send(to, errand, now)
            told = self._hands.ring(port.SendTo(to, sent), now)
        else:
            told = self._hands.tell(messages.Forward(to, self._ticket, request, caller), now)
        self._waiting[self._ticket] = (answer, to, leads)
        return told

    def answer(
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
            done = messages.ErrandDone(asked.boot, asked.ticket, text, self._scene.ledger.index)
            try:
                sent = carried(messages.encode(done))
            except Failed as error:
                done = replace(done, reply=json.dumps({"error": error.to_json()}).encode())
                sent = messages.encode(done)
            self._errands.keep(node, done)
            return self._hands.ring(port.SendTo(node, sent), now)
        answer = messages.Answer(node, asked.ticket, text, self._scene.ledger.index, last)
        try:
            return self._hands.tell(answer, now)
        except Failed as error:
            told = json.dumps({"error": error.to_json()}).encode()
            return self._hands.tell(replace(answer, reply=told), now)

    def answered(self, ticket: int, text: bytes, index: int, *, last: bool) -> list[MemberEffect]:
        """Give who waits for *ticket* an answer, once the log is applied here up to *index*."""
        known = self._waiting.get(ticket)
        if known is None:
            return []
        if last:
            del self._waiting[ticket]
            self._errands.end(ticket)
        reply = json.loads(text)
        then = known[0]
        return list(self._proposals.after(index, lambda: then(reply, last)))

    def lost(self, now: Now) -> list[MemberEffect]:
        """Tell those who wait for a leader that is none any more, or for a member that is gone."""
        effects: list[MemberEffect] = []
        for ticket, (answer, to, leads) in list(self._waiting.items()):
            if leads and to not in (self._scene.dc, self._scene.leader):
                del self._waiting[ticket]
                self._errands.end(ticket)
                error: PcsxError = NoQuorum("the leader changed while it worked on this; ask again")
                effects += answer(error, True)
            elif not leads and to not in self._scene.members:
                del self._waiting[ticket]
                self._errands.end(ticket)
                name = self._scene.config.node(to).name
                effects += answer(Failed(f"{name} went away while it worked on this"), True)
        return effects
