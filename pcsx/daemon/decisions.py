"""What each run of the engine read and decided: kept compressed and bounded, for replay.

A decision is named by a number that rises on this node. `pcsx why`, `transition` and `simulate`
read these records and no log file.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pcsx.cib import Cib
from pcsx.pe import ActionKind, Transition

KEPT_MAX: Final = 100
KEPT_BYTES_MAX: Final = 16 << 20
_MOVES: Final = frozenset(
    ("start", "stop", "promote", "demote", "migrate_to", "migrate_from", "reload-agent")
)


@dataclass(slots=True)
class Decision:
    """One run: the document (compressed) and time it read, and what came of it."""

    number: int
    wall: datetime
    read: bytes
    actions: int = 0
    outcome: str = ""
    """Empty while it runs; `complete`, or why it was stopped."""
    transition: bytes = b""
    fenced: tuple[str, ...] = ()
    """The nodes that it fences."""
    moved: tuple[str, ...] = ()
    """The resources that it starts, stops, promotes, demotes or migrates."""

    def document(self) -> str:
        """Return what was read, as XML text."""
        return zlib.decompress(self.read).decode()

    def outcome_bytes(self) -> bytes:
        """Return the transition as bytes, empty where the run broke off."""
        return zlib.decompress(self.transition) if self.transition else b""

    def outcome_text(self) -> str:
        """Return the same as text, for an answer."""
        return base64.b64encode(self.outcome_bytes()).decode()


def _names(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


class Decisions:
    """The last decisions of this node, newest last, within `KEPT_MAX` and `KEPT_BYTES_MAX`.

    They are of this daemon's life: a new one begins anew, as it decides on what it finds.
    """

    def __init__(self) -> None:
        self.kept: list[Decision] = []
        self._asked: dict[int, tuple[Cib, datetime]] = {}
        self._number = 0

    def asked(self, job: int, cib: Cib, wall: datetime) -> None:
        """Note what *job* reads."""
        self._asked = {job: (cib, wall)}

    def failed(self, job: int, failure: str) -> None:
        """Keep the input of a run that broke off, which is a fault of ours worth replaying."""
        self._keep(job, None, failure)

    def decided(self, job: int, transition: Transition, *, after: int) -> int:
        """Keep the decision, if it has an action, and return its number, which is above *after*."""
        self._number = max(self._number, after) + 1
        self._keep(job, transition, "" if transition.actions else "complete")
        return self._number

    def ended(self, number: int, aborted: str) -> None:
        """Note how the run of decision *number* ended."""
        for decision in reversed(self.kept):
            if decision.number == number:
                decision.outcome = aborted or "complete"
                return

    def _keep(self, job: int, transition: Transition | None, outcome: str) -> None:
        asked = self._asked.pop(job, None)
        if asked is None or (transition is not None and not transition.actions):
            return
        cib, wall = asked
        decision = Decision(self._number, wall, zlib.compress(cib.packed(), 1), outcome=outcome)
        if transition is not None:
            decision.actions = len(transition.actions)
            decision.transition = zlib.compress(transition.to_bytes(), 1)
            real = [each for each in transition.actions if each.kind is not ActionKind.PSEUDO]
            decision.fenced = _names(a.node for a in real if a.task == "stonith")
            decision.moved = _names(a.resource for a in real if a.task in _MOVES)
        self.kept.append(decision)
        while len(self.kept) > KEPT_MAX or self._size() > KEPT_BYTES_MAX:
            self.kept.pop(0)

    def _size(self) -> int:
        return sum(len(each.read) + len(each.transition) for each in self.kept[1:])
