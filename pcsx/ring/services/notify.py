"""Notifications by revision: in order, once, without gap, and resumable.

A `Feed` numbers its events. A watcher that returns names the last revision that it saw and is given
the rest; where that is not kept any more, or comes from another life of the daemon, it is told to
take a snapshot and go on from there (*resync*).
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from pcsx.lean import dataclass

KEPT: Final = 1024
"""How many events are kept for those who return."""

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Missed(Generic[Event]):
    """What a watcher that returns is given: the events since, or (*resync*) the word to look."""

    events: tuple[tuple[str, Event], ...]
    resync: bool


class Feed(Generic[Event]):
    """A numbered stream of events of one life; *life* tells lives apart."""

    def __init__(self, life: str, *, kept: int = KEPT) -> None:
        self._life = life
        self._number = 0
        self._events: deque[tuple[int, Event]] = deque(maxlen=kept)

    @property
    def revision(self) -> str:
        """Return the revision of the last event."""
        return f"{self._life}:{self._number}"

    def add(self, event: Event) -> str:
        """Number *event*, and return its revision."""
        self._number += 1
        self._events.append((self._number, event))
        return self.revision

    def since(self, revision: str) -> Missed[Event]:
        """Return what came after *revision*, each event once and in order."""
        life, _, text = revision.rpartition(":")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else -1
        first = self._events[0][0] if self._events else self._number + 1
        if life != self._life or not first - 1 <= number <= self._number:
            return Missed((), True)
        events = tuple((f"{self._life}:{at}", event) for at, event in self._events if at > number)
        return Missed(events, False)
