"""Snapshots of what was decided: taken of the daemon's state, or in place of a log that lacks it.

How one travels in pieces is told in `snapshot`; `Keeping` knows which is held, and when the next
is due.
"""

from __future__ import annotations

from typing import Final

from pcsx.ring.log.state import State
from pcsx.ring.port import (
    Committed,
    ConfigCommitted,
    EntryKind,
    Proposed,
    Restore,
    Snapshot,
    TakeSnapshot,
)

SNAPSHOT_ENTRIES: Final = 1000
SNAPSHOT_BYTES: Final = 4 * 1024 * 1024
KEEP_ENTRIES: Final = 2000
KEEP_BYTES: Final = 16 * 1024 * 1024


class Keeping:
    """The snapshot that this log begins from."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._out = state.out
        self._asked = 0
        """Behind which entry the daemon's state was asked for."""
        self._bytes_since = 0

    # --- of this node's own -----------------------------------------------------------------------

    def count(self, size: int) -> None:
        """Count an entry of *size* bytes that is decided now."""
        self._bytes_since += size

    def ask(self) -> None:
        """Ask for the state behind the last entry when enough has been decided since the last."""
        state = self._state
        enough = (
            state.commit - state.snapshot.index >= SNAPSHOT_ENTRIES
            or self._bytes_since >= SNAPSHOT_BYTES
        )
        if not enough or self._asked or self._out.failed:
            return
        if state.entries.voters_at(state.commit).joint is None:
            self._asked = state.commit
            self._out.emit(TakeSnapshot(state.commit))

    def taken(self, index: int, daemon: bytes) -> None:
        """Keep the daemon's state after *index* in place of the entries up to it."""
        state = self._state
        if index != self._asked or index <= state.snapshot.index:
            return
        term = state.entries.term_at(index)
        assert term is not None
        self._hold(Snapshot(index, term, state.entries.voters_at(index).config, daemon))

    def _hold(self, snapshot: Snapshot) -> None:
        """Keep *snapshot* in place of the entries up to it, but for the last of them."""
        entries, index = self._state.entries, snapshot.index
        self._asked = 0
        self._state.snapshot = snapshot
        self._out.replace_snapshot(snapshot)
        self._bytes_since = entries.size_from(index + 1)
        keep_from = max(entries.base_index, index - KEEP_ENTRIES)
        if entries.size_from(keep_from + 1) > KEEP_BYTES:
            keep_from = index
        entries.compact(keep_from)

    def here(self, daemon: bytes) -> Snapshot:
        """Return the daemon's state after the last committed entry as a snapshot of its own."""
        state = self._state
        term = state.entries.term_at(state.commit)
        assert term is not None
        return Snapshot(state.commit, term, state.committed_config, daemon)

    # --- of another node --------------------------------------------------------------------------

    def take(self, snapshot: Snapshot) -> None:
        """Hold *snapshot* in place of all before it, and of what conflicts with it."""
        state, entries = self._state, self._state.entries
        agrees = entries.term_at(snapshot.index) == snapshot.term
        if state.amnesiac:
            self._out.truncate(1)
            state.amnesiac = False
            state.note("takes the log anew")
        elif not agrees and state.last_index > snapshot.index:
            self._out.truncate(snapshot.index + 1)
        if agrees:
            entries.compact(snapshot.index)
        else:
            entries.reset(snapshot.index, snapshot.term, snapshot.config)
            state.durable = snapshot.index
        state.snapshot = snapshot
        self._out.replace_snapshot(snapshot)
        state.committed(snapshot.index)
        state.committed_config = state.known_config = snapshot.config
        self._bytes_since = 0
        self._asked = 0
        state.on_config(snapshot.config)
        self._out.emit(Restore(snapshot.index, snapshot.state))
        self._out.emit(ConfigCommitted(snapshot.index, snapshot.config))
        for index in [index for index in state.tickets if index <= snapshot.index]:
            _, ticket = state.tickets.pop(index)
            self._out.emit(Proposed(ticket, 0, "what came of it is not known"))

    def mend(self, snapshot: Snapshot) -> None:
        """Begin again from *snapshot*, and give out anew what was decided after it."""
        state = self._state
        if not state.unfit or not state.counts:
            return
        if snapshot.index > state.commit:
            state.unfit = False
            self.take(snapshot)
            return
        index = snapshot.index
        if index < state.snapshot.index or state.entries.term_at(index) != snapshot.term:
            state.note(f"the state after entry {index} is of no use here")
            return
        state.unfit = False
        self._hold(snapshot)
        self._out.emit(Restore(index, snapshot.state))
        for later in range(index + 1, state.commit + 1):
            entry = state.entries.at(later)
            if entry.kind is EntryKind.APP:
                self._out.emit(Committed(later, entry.term, entry.payload))
