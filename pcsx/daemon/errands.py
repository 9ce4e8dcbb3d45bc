"""Requests that go straight to the member that serves them, beside the common order.

A change of the document concerns the node that asks and the leader; to order it would wake all. A
packet may be lost, so an errand is sent again until it is answered, and whoever serves it does so
once: a second time it gets the first answer.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from pcsx.daemon.messages import Errand, ErrandDone
from pcsx.lean import dataclass
from pcsx.values import Now

AGAIN_MS: Final = 200
AGAIN_MS_MAX: Final = 2000
KEPT: Final = 256
"""So many errands of others are remembered, the newest, with what was answered."""


@dataclass(slots=True)
class _Sent:
    to: int
    errand: Errand
    due_ms: int
    wait_ms: int = AGAIN_MS


class Errands:
    """Those of this node that wait for an answer, and those of others that were begun here."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}
        self._begun: OrderedDict[tuple[int, int, int], ErrandDone | None] = OrderedDict()
        """By node, its boot and its ticket: the answer, or None while it is worked on."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when an errand is to be sent again."""
        return min((sent.due_ms for sent in self._sent.values()), default=None)

    def send(self, to: int, errand: Errand, now: Now) -> None:
        """Note that *errand* goes to the member *to*, until `end`."""
        self._sent[errand.ticket] = _Sent(to, errand, now.ms + AGAIN_MS)

    def end(self, ticket: int) -> None:
        """Ask for no answer any more."""
        self._sent.pop(ticket, None)

    def again(self, now: Now) -> list[tuple[int, Errand]]:
        """Return whom to send what once more."""
        due = [sent for sent in self._sent.values() if sent.due_ms <= now.ms]
        for sent in due:
            sent.wait_ms = min(2 * sent.wait_ms, AGAIN_MS_MAX)
            sent.due_ms = now.ms + sent.wait_ms
        return [(sent.to, sent.errand) for sent in due]

    def begin(self, node: int, errand: Errand) -> bool:
        """Return whether *errand* of *node* is new here, and note that it is begun."""
        key = (node, errand.boot, errand.ticket)
        if key in self._begun:
            return False
        self._begun[key] = None
        while len(self._begun) > KEPT:
            self._begun.popitem(last=False)
        return True

    def answer_to(self, node: int, errand: Errand) -> ErrandDone | None:
        """Return what was answered to *errand* before, if it was."""
        return self._begun.get((node, errand.boot, errand.ticket))

    def keep(self, node: int, done: ErrandDone) -> None:
        """Keep what is answered, for *node* may not hear it."""
        key = (node, done.boot, done.ticket)
        if key in self._begun:
            self._begun[key] = done
