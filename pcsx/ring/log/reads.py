"""Read barriers: asked for here, answered by whoever leads.

`Reads` asks the leader up to where this node must have applied, and waits for that. What a leader
answers, within its lease or after a round, is worked out in `confirming`.
"""

from __future__ import annotations

from pcsx.ring.messages import ReadIndex, ReadIndexResp
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Readable


class Reads:
    """The read barriers that this node has asked a leader elsewhere about."""

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._number = 0
        self._asked: dict[int, tuple[int, int]] = {}
        """By number: the ticket, and when to give up."""
        self._waiting: list[tuple[int, int]] = []
        """The index that must be applied first, and the ticket."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when the first of them is given up."""
        return min((due_ms for _, due_ms in self._asked.values()), default=None)

    def ask(self, leader: int, ticket: int, give_up_ms: int) -> None:
        """Ask *leader* for the index that *ticket* must wait for."""
        self._number += 1
        self._asked[self._number] = (ticket, give_up_ms)
        self._out.send((leader,), ReadIndex(self._number))

    def answer(self, asker: int, number: int, *, index: int | None) -> None:
        """Answer *asker* (0: this node itself) as the leader; None: this node does not lead."""
        if asker:
            self._out.send((asker,), ReadIndexResp(number, index is not None, index or 0))
        else:
            refusal = "" if index is not None else "this node does not lead the log"
            self._out.emit(Readable(number, refusal))

    def answered(self, message: ReadIndexResp, applied: int) -> None:
        """Take the leader's answer."""
        if message.number not in self._asked:
            return
        ticket, _ = self._asked.pop(message.number)
        if not message.known:
            self._out.emit(Readable(ticket, "the node asked does not lead the log"))
        elif message.index <= applied:
            self._out.emit(Readable(ticket))
        else:
            self._waiting.append((message.index, ticket))

    def applied(self, index: int) -> None:
        """Pass the barriers that waited for *index*."""
        for at, ticket in [item for item in self._waiting if item[0] <= index]:
            self._waiting.remove((at, ticket))
            self._out.emit(Readable(ticket))

    def give_up(self, now_ms: int) -> None:
        """Refuse those that the leader has not answered in time."""
        for number in [n for n, (_, due_ms) in self._asked.items() if now_ms >= due_ms]:
            self._out.emit(Readable(self._asked.pop(number)[0], "the leader does not answer"))

    def refuse(self, reason: str) -> None:
        """Refuse all that wait for an answer."""
        for ticket, _ in self._asked.values():
            self._out.emit(Readable(ticket, reason))
        self._asked.clear()
