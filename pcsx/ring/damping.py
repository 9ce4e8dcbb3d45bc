"""A node that leaves and comes back over and over is let in later each time.

Every change of view costs all of them something. Who has been lost more than `FLAPS` times within
`WINDOW_MS` is held out for a while after it is heard again, twice as long with each further loss. A
clean leave is no loss. Whether the others can do without it is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field
from typing import Final

from pcsx.lean import dataclass

FLAPS: Final = 3
"""So often a node may be lost within the window before it is held out."""
WINDOW_MS: Final = 600_000
HOLD_MS: Final = 5_000
HOLD_MS_MAX: Final = 300_000


@dataclass(slots=True)
class _Record:
    lost_ms: list[int] = field(default_factory=list)
    """When it was lost within the window, oldest first."""
    until_ms: int | None = None
    """How long it is held out; None while it is not there."""


class Damping:
    """What this node has seen of the others' losses in its present life."""

    def __init__(self) -> None:
        self._records: dict[int, _Record] = {}
        self.hold_max_ms = HOLD_MS_MAX
        """How long a node is held out at most."""

    def lost(self, node: int, now_ms: int) -> None:
        """Note that *node* was lost from the view that this node is in."""
        record = self._records.setdefault(node, _Record())
        record.lost_ms = [at for at in record.lost_ms if now_ms - at < WINDOW_MS] + [now_ms]
        record.until_ms = None

    def gone(self, node: int) -> None:
        """Note that *node* is not heard: it waits anew when it is."""
        if node in self._records:
            self._records[node].until_ms = None

    def held(self, heard: Collection[int], now_ms: int) -> dict[int, int]:
        """Return which of those who are *heard* are held out now, and until when."""
        held: dict[int, int] = {}
        for node in sorted(heard):
            record = self._records.get(node)
            if record is None or len(record.lost_ms) <= FLAPS:
                continue
            if record.until_ms is None:
                record.until_ms = now_ms + self._hold_ms(record, now_ms)
            if now_ms < record.until_ms:
                held[node] = record.until_ms
        return held

    def losses(self, node: int) -> int:
        """Return how often *node* was lost within the window, as of its last loss."""
        record = self._records.get(node)
        return len(record.lost_ms) if record is not None else 0

    def _hold_ms(self, record: _Record, now_ms: int) -> int:
        recent = sum(now_ms - at < WINDOW_MS for at in record.lost_ms)
        if recent <= FLAPS:
            return 0
        return min(self.hold_max_ms, HOLD_MS << (recent - FLAPS - 1))
