"""How far a follower is, as its leader knows, and what it is sent next."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.order import Patience

RETRY_MS: Final = (100, 1000)
WINDOW: Final = 256
"""So many entries may be on their way to a follower."""
WINDOW_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Progress:
    """One follower."""

    next: int
    """The entry that it is sent next."""
    match: int = 0
    """It has all entries up to here, on its disk."""
    snapshot: int = 0
    """The index of the snapshot that it is sent, or 0."""
    offset: int = 0
    """How much of it it has."""
    bytes_sent: int = 0
    """Since its last acknowledgement."""
    retry: Patience = field(default_factory=lambda: Patience(*RETRY_MS))
    commit_told: int = 0

    @property
    def has_room(self) -> bool:
        """Return whether more may be on its way."""
        if self.snapshot:
            return False
        return self.next - 1 - self.match < WINDOW and self.bytes_sent < WINDOW_BYTES

    def acknowledged(self, match: int, now_ms: int, *, last_index: int) -> bool:
        """Note that it has the entries up to *match*; return whether that is news."""
        if match <= self.match:
            return False
        self.match = match
        self.next = max(self.next, match + 1)
        self.bytes_sent = 0
        self.retry.end()
        if match < last_index:
            self.retry.begin(now_ms)
        return True

    def refused(self, hint: int) -> None:
        """Go back to what may still be equal."""
        self.next = max(self.match + 1, min(self.next, hint + 1))
        self.bytes_sent = 0

    def begin_snapshot(self, index: int, now_ms: int) -> None:
        """Send the snapshot of *index* from its start."""
        self.snapshot, self.offset = index, 0
        self.retry.end()
        self.retry.begin(now_ms)

    def end_snapshot(self, now_ms: int, *, last_index: int) -> None:
        """Go on with the entries after the snapshot, which it has."""
        index, self.snapshot, self.offset = self.snapshot, 0, 0
        self.next = index + 1
        self.bytes_sent = 0
        self.acknowledged(index, now_ms, last_index=last_index)
