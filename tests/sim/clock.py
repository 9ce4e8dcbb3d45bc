"""A machine's clocks: how they differ from the world's, drift, jump and stand still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from pcsx.values import Now

START: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Clock:
    """Shows *offset_ms* more than the world at first, and *rate* milliseconds for each of its."""

    __slots__ = ("_at_ms", "_now", "_rate", "_shown_ms", "_start")

    def __init__(self, offset_ms: int = 0, rate: float = 1.0, wall: timedelta | None = None):
        self._at_ms = 0
        self._shown_ms: float = offset_ms
        self._rate = rate
        self._start = START + (wall or timedelta())
        self._now = Now(-1, START)

    def shows(self, world_ms: int) -> int:
        """Return what it shows at *world_ms*."""
        if world_ms <= self._at_ms:
            return int(self._shown_ms)
        if self._rate == 1.0:
            return int(self._shown_ms) + world_ms - self._at_ms
        return int(self._shown_ms + (world_ms - self._at_ms) * self._rate)

    def now(self, world_ms: int) -> Now:
        """Return both clocks at *world_ms*."""
        shown = self.shows(world_ms)
        if self._now.ms != shown:
            self._now = Now(shown, self._start + timedelta(milliseconds=shown))
        return self._now

    def when(self, shown_ms: int) -> int:
        """Return the first moment of the world at which it shows *shown_ms*."""
        if self._rate == 1.0:
            return shown_ms - int(self._shown_ms) + self._at_ms
        moment = self._at_ms + ceil((shown_ms - self._shown_ms) / self._rate)
        return moment if self.shows(moment) >= shown_ms else moment + 1

    def stand(self, world_ms: int, for_ms: int) -> None:
        """Stand still until *for_ms* from now, as in a machine that its hypervisor pauses."""
        self._shown_ms += max(0, world_ms - self._at_ms) * self._rate
        self._at_ms = max(self._at_ms, world_ms + for_ms)
        self._now = Now(-1, START)

    def jump(self, seconds: int) -> None:
        """Set the wall clock forward or back; the other one knows nothing of it."""
        self._start += timedelta(seconds=seconds)
        self._now = Now(-1, START)
