"""This node's watchdog: when the heart may pet it, and what the others may make of that.

It is armed when this life first has quorum, so that a life that ended badly while the node was cut
off is ended by it, whatever begins after that. From then on it bites where the brain hangs (the
heart sees to that), where stops that others count on failed or are late, and, where fencing relies
on it, as long as there is no quorum. What others may count on is the node's attribute `#watchdog`.
"""

from __future__ import annotations

from typing import Final

from pcsx.daemon.status import WATCHDOG
from pcsx.ring.frames import Guard, Watch
from pcsx.values import Now

BITES: Final = ":quorum"


class Watchman:
    """See the module's paragraph. Its word on what is true is asked for after each change."""

    def __init__(self) -> None:
        self.timeout_ms = 0
        """After how long it bites, as the heart has armed it; 0: it is not armed."""
        self.stops_by_ms: int | None = None
        """When what must be stopped must have stopped, if anything must."""
        self.lost = False
        """Something that must have stopped may run on: nothing but a reset ends it."""
        self._relied = False
        self._promised = False
        self._said: Watch | None = None

    def relies(self, wanted_ms: int, *, pair: bool) -> None:
        """Note what fencing expects: `stonith-watchdog-timeout`, below 0 for "you choose".

        Of a pair either node would end itself with the link between them, so neither does.
        """
        long_enough = wanted_ms < 0 or wanted_ms > self.timeout_ms
        self._relied = bool(wanted_ms) and not pair and bool(self.timeout_ms) and long_enough

    def promise(self, value: str) -> None:
        """Note that the others are being told *value*: some may know it before we hear of it."""
        self._promised = self._promised or value.endswith(BITES)

    def told(self, value: str) -> None:
        """Take what the others have been told of this node's watchdog, when all have heard it."""
        self._promised = value.endswith(BITES)

    @property
    def attribute(self) -> tuple[str, str]:
        """Return the node's attribute as it is to be: empty while nothing is armed."""
        bites = BITES if self._relied else ""
        return WATCHDOG, f"{self.timeout_ms}{bites}" if self.timeout_ms else ""

    def look(self, now: Now, *, quorate: bool) -> list[Guard]:
        """Return what the heart is to be told, if it is news."""
        late = self.stops_by_ms is not None and now.ms >= self.stops_by_ms
        self.lost = self.lost or late
        if self.stops_by_ms is not None and self.lost:
            self.stops_by_ms = None
        # A promise holds until all have heard that it is taken back.
        bites = self.lost or ((self._relied or self._promised) and not quorate)
        if bites and self.timeout_ms:
            return self._say(Watch.BITE)
        return self._say(Watch.PET) if quorate else []

    def dismiss(self) -> list[Guard]:
        """Disarm it, for nothing runs here any more that others could take over."""
        return [] if self.lost or self._said is None else self._say(Watch.DISARM)

    def _say(self, watch: Watch) -> list[Guard]:
        if watch is self._said:
            return []
        self._said = watch
        return [Guard(watch)]
