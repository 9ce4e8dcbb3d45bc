"""What each run of the engine read and decided: kept compressed and bounded, for replay.

A decision is named by a number that rises on this node. `pcsx why`, `transition` and `simulate`
read these records and no log file. They are also on the disk, so that a restart loses none.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pcsx.daemon.effects import KeepDecision
from pcsx.daemon.events import Planned
from pcsx.lean import dataclass
from pcsx.pe import ActionKind

KEPT_MAX: Final = 100
KEPT_BYTES_MAX: Final = 16 << 20
INTERRUPTED: Final = "interrupted: the daemon ended"
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

    def head(self) -> bytes:
        """Return all but the document and the transition, as JSON."""
        value = {
            "number": self.number,
            "wall": self.wall.isoformat(),
            "read": len(self.read),
            "transition": len(self.transition),
            "actions": self.actions,
            "outcome": self.outcome,
            "fenced": self.fenced,
            "moved": self.moved,
        }
        return json.dumps(value).encode()

    @classmethod
    def restored(cls, head: bytes, body: bytes) -> Decision:
        """Return the decision that was kept; raises `ValueError` for what is not whole."""
        value = json.loads(head)
        try:
            size = value["read"]
            if len(body) != size + value["transition"]:
                raise ValueError(f"{len(body)} bytes were kept")
            return cls(
                value["number"],
                datetime.fromisoformat(value["wall"]),
                body[:size],
                value["actions"],
                value["outcome"] or INTERRUPTED,
                body[size:],
                tuple(value["fenced"]),
                tuple(value["moved"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


def packed(text: bytes) -> bytes:
    """Return *text* as it is kept."""
    return zlib.compress(text, 1)


def _names(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))


class Decisions:
    """The last decisions of this node, newest last, within `KEPT_MAX` and `KEPT_BYTES_MAX`."""

    def __init__(self, kept: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Begin with what the disk kept; what is not whole is passed over."""
        self.kept: list[Decision] = []
        for head, body in kept:
            try:
                self.kept.append(Decision.restored(head, body))
            except ValueError:
                continue
        self.kept.sort(key=lambda each: each.number)
        self._asked: dict[int, datetime] = {}
        self._number = self.kept[-1].number if self.kept else 0

    def asked(self, job: int, wall: datetime) -> None:
        """Note as of when *job* decides."""
        self._asked = {job: wall}

    def failed(self, planned: Planned) -> list[KeepDecision]:
        """Keep the input of a run that broke off, which is a fault of ours worth replaying."""
        self._number += 1
        return self._keep(planned, planned.failure)

    def decided(self, planned: Planned, *, after: int) -> tuple[int, list[KeepDecision]]:
        """Keep the decision, if it has an action, and return its number, which is above *after*."""
        self._number = max(self._number, after) + 1
        return self._number, self._keep(planned, "")

    def ended(self, number: int, aborted: str) -> list[KeepDecision]:
        """Note how the run of decision *number* ended."""
        for decision in reversed(self.kept):
            if decision.number == number:
                decision.outcome = aborted or "complete"
                return [KeepDecision(number, decision.head(), None)]
        return []

    def _keep(self, planned: Planned, outcome: str) -> list[KeepDecision]:
        wall, transition = self._asked.pop(planned.job, None), planned.transition
        if wall is None or (transition is not None and not transition.actions):
            return []
        decision = Decision(self._number, wall, planned.read, outcome=outcome)
        if transition is not None:
            decision.actions = len(transition.actions)
            decision.transition = planned.decided
            real = [each for each in transition.actions if each.kind is not ActionKind.PSEUDO]
            decision.fenced = _names(a.node for a in real if a.task == "stonith")
            decision.moved = _names(a.resource for a in real if a.task in _MOVES)
        self.kept.append(decision)
        gone = []
        while len(self.kept) > KEPT_MAX or self._size() > KEPT_BYTES_MAX:
            gone.append(self.kept.pop(0).number)
        body = decision.read + decision.transition
        return [KeepDecision(decision.number, decision.head(), body, tuple(gone))]

    def _size(self) -> int:
        return sum(len(each.read) + len(each.transition) for each in self.kept[1:])
