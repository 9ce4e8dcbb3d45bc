"""What a leader sends to those who follow: entries, what is committed, pieces of a snapshot.

What is appended within a step leaves at its end, in one write and one message; with enough writes
under way proposals are gathered a little. Followers that lack the same get the same message.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pcsx.ring.config import WITNESS
from pcsx.ring.log.progress import Progress
from pcsx.ring.log.roles import Leading
from pcsx.ring.log.snapshot import piece_of
from pcsx.ring.log.state import State
from pcsx.ring.messages import App
from pcsx.ring.port import Entry, EntryKind
from pcsx.values import Now

APP_ENTRIES: Final = 64
APP_BYTES: Final = 256 * 1024
IN_FLIGHT: Final = 2
"""So many writes of a leader are under way before proposals are gathered."""
GATHER_MS: Final = 2


class Sending:
    """A leader's way to its own disk and to its followers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._out = state.out
        self._entries = state.entries

    # --- what is new ------------------------------------------------------------------------------

    def append(self, leading: Leading, kind: EntryKind, payload: bytes) -> Entry:
        """Append an entry of this term, to be sent when the step ends."""
        state = self._state
        entry = Entry(state.last_index + 1, state.term, kind, payload)
        self._entries.append((entry,))
        leading.unflushed.append(entry)
        return entry

    def flush(self, leading: Leading, now: Now) -> None:
        """Send what was appended, unless enough is under way: then gather a little."""
        out = self._out
        if leading.unflushed and out.gathering and len(leading.unflushed) < APP_ENTRIES:
            leading.flush_due_ms = now.ms
        elif leading.unflushed:
            urgent = (
                out.in_flight < IN_FLIGHT
                or len(leading.unflushed) >= APP_ENTRIES
                or (leading.flush_due_ms is not None and now.ms >= leading.flush_due_ms)
            )
            if urgent:
                self.flush_entries(leading, now, round_=0)
            elif leading.flush_due_ms is None:
                leading.flush_due_ms = now.ms + GATHER_MS
        late = leading.announce_due_ms is not None and now.ms >= leading.announce_due_ms
        if late or (leading.announce and self._state.commit == self._state.last_index):
            leading.announce_due_ms = None
            self.send_commit(leading)
        leading.announce = False

    def flush_entries(self, leading: Leading, now: Now, *, round_: int) -> None:
        """Send what was appended now, with the round to all if there is one."""
        self._out.append(leading.unflushed)
        leading.unflushed = []
        leading.flush_due_ms = None
        leading.announce_due_ms = None  # they hear of it by this
        self.send_entries(leading, tuple(leading.progress), now, round_=round_)

    # --- entries ----------------------------------------------------------------------------------

    def send_entries(
        self, leading: Leading, nodes: Collection[int], now: Now, *, round_: int = 0
    ) -> None:
        """Send each of *nodes* what it lacks, and the round to all; equal ones in one message."""
        ready: dict[int, list[int]] = {}
        full: dict[int, list[int]] = {}
        members = self._state.members
        for node in sorted(nodes):
            if node == WITNESS:
                self.ask_witness(leading, round_, now)
            if node not in members:
                continue
            progress = leading.progress[node]
            if not progress.snapshot and progress.next <= self._entries.base_index:
                progress.begin_snapshot(self._state.snapshot.index, now.ms)
                self.send_piece(node, progress)
            if progress.snapshot:
                full.setdefault(1, []).append(node)  # the empty log is a part of any
            elif progress.has_room:
                ready.setdefault(progress.next, []).append(node)
            else:
                full.setdefault(progress.next, []).append(node)
        for first, group in sorted(ready.items()):
            self._send_from(leading, first, group, now, round_)
        for first, group in sorted(full.items()) if round_ else ():
            self._out.send(group, self.app(leading, first, round_, ()))

    def _send_from(
        self, leading: Leading, first: int, group: list[int], now: Now, round_: int
    ) -> None:
        """Send the entries from *first* on to those who are all to get the same."""
        flushed, commit = self._state.flushed, self._state.commit
        while True:
            entries: tuple[Entry, ...] = ()
            if first <= flushed:
                entries = self._entries.since(
                    first, count_max=min(APP_ENTRIES, flushed - first + 1), bytes_max=APP_BYTES
                )
            if not entries and not round_:
                return
            self._out.send(group, self.app(leading, first, round_, entries))
            size = sum(len(entry.payload) for entry in entries)
            first += len(entries)
            for node in group:
                progress = leading.progress[node]
                progress.next = first
                progress.bytes_sent += size
                progress.commit_told = commit
                if entries:
                    progress.retry.begin(now.ms)
            group = [node for node in group if leading.progress[node].has_room]
            round_ = 0
            if first > flushed or not group:
                return

    def app(self, leading: Leading, first: int, round_: int, entries: tuple[Entry, ...]) -> App:
        """Return the message that sends *entries* to those who have all before *first*."""
        prev = first - 1
        term = self._entries.term_at(prev) if prev else 0
        assert term is not None
        rounds, state = leading.rounds, self._state
        stamps = tuple(sorted(rounds.told.items())) if leading.mine else ()
        return App(state.term, prev, term, state.commit, round_, rounds.lease_ms, stamps, entries)

    def send_commit(self, leading: Leading) -> None:
        """Tell the followers that have all entries what is committed now; no answer is wanted."""
        groups: dict[int, list[int]] = {}
        commit, members = self._state.commit, self._state.members
        for node, progress in sorted(leading.progress.items()):
            caught = node in members and not progress.snapshot
            if caught and progress.commit_told < commit and progress.next > commit:
                groups.setdefault(progress.next, []).append(node)
                progress.commit_told = commit
        for first, group in sorted(groups.items()):
            self._out.send(group, self.app(leading, first, 0, ()))

    # --- who gets something else ------------------------------------------------------------------

    def ask_witness(self, leading: Leading, round_: int, now: Now) -> None:
        """Put the round to the witness, and while a voter is missing how far the log is.

        It keeps no entries: what it acknowledges is on one disk fewer. And it is told of none that
        is not on this disk, for it would wait for somebody who has it.
        """
        state = self._state
        progress = leading.progress.get(WITNESS)
        if progress is None or not state.witness_here:
            return
        counting = [
            node
            for node, heard_ms in leading.heard_ms.items()
            if node in state.members and now.ms - heard_ms < state.down_ms
        ]
        alone = not state.voters.have_quorum({state.me, *counting})
        last = state.durable if alone else 0
        if not round_ and last < progress.next:
            return
        term = self._entries.term_at(last) if last else 0
        if term is None:
            last = term = 0
        progress.next = max(progress.next, last + 1)
        lease_ms = leading.rounds.lease_ms
        ask = App(state.term, last, term, state.commit, round_, lease_ms, (), ())
        self._out.send((WITNESS,), ask)

    def send_piece(self, node: int, progress: Progress) -> None:
        """Send the next piece of the newest snapshot."""
        state = self._state
        if progress.snapshot != state.snapshot.index:
            progress.snapshot, progress.offset = state.snapshot.index, 0
        config = state.committed_config
        fresh = all(n.id != node or n.votes == 0 for n in config.nodes)
        piece = piece_of(state.snapshot, progress.offset, term=state.term, fresh=fresh)
        self._out.send((node,), piece)
