"""When fencing that failed is tried again: later each time, and after too many times hardly ever.

A pause holds up what waits for that node alone; all else is planned and done meanwhile.
"""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass
from pcsx.values import Now

FIRST_MS: Final = 2_000
LONGEST_MS: Final = 60_000
GIVEN_UP_MS: Final = 15 * 60_000
"""The pause after too many failures: a device that works again must still be found some day."""


@dataclass(slots=True)
class _Pause:
    failures: int
    until_ms: int
    reason: str
    given_up: bool


class Pauses:
    """The nodes whose fencing failed lately, by id."""

    def __init__(self) -> None:
        self._pauses: dict[int, _Pause] = {}

    def failed(self, target: int, reason: str, now: Now, *, attempts_max: int) -> None:
        """Take that fencing of *target* failed once more."""
        known = self._pauses.get(target)
        failures = known.failures + 1 if known is not None else 1
        given_up = failures >= attempts_max
        wait_ms = GIVEN_UP_MS if given_up else min(FIRST_MS * failures, LONGEST_MS)
        self._pauses[target] = _Pause(failures, now.ms + wait_ms, reason, given_up)

    def done(self, target: int) -> None:
        """Take that *target* is fenced."""
        self._pauses.pop(target, None)

    def clear(self) -> None:
        """Forget all failures: what they came from may be other now."""
        self._pauses.clear()

    def holds(self, target: int, now: Now) -> bool:
        """Return whether it is too early to fence *target* again."""
        pause = self._pauses.get(target)
        return pause is not None and now.ms < pause.until_ms

    def until_ms(self, target: int) -> int:
        """Return when *target* may be fenced again."""
        pause = self._pauses.get(target)
        return pause.until_ms if pause is not None else 0

    def told(self, target: int, name: str) -> str:
        """Return in words that *target*, called *name*, is waited for; nothing if it is not."""
        pause = self._pauses.get(target)
        if pause is None:
            return ""
        times = "once" if pause.failures == 1 else f"{pause.failures} times"
        end = ""
        if pause.given_up:
            end = "; it is given up for now: repair a device, or confirm by hand that it is off"
        reason = pause.reason or "no reason was told"
        return f"waiting for the fencing of {name}, which failed {times}: {reason}{end}"
