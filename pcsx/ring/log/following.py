"""A follower's part: it takes what the leader sends, and answers when that is on its disk."""

from __future__ import annotations

from typing import Final

from pcsx.ring.log.applying import Applying
from pcsx.ring.log.entries import voters_of
from pcsx.ring.log.keeping import Keeping
from pcsx.ring.log.roles import Following
from pcsx.ring.log.snapshot import Assembly
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.messages import App, AppResp, InstallSnap, SnapResp
from pcsx.ring.port import Entry, Examine, FetchSnapshot, Snapshot
from pcsx.values import Now

BULK_BYTES: Final = 1024 * 1024
"""A snapshot that is larger is fetched over TCP, where that can be done."""
EXAMINE_BYTES: Final = 32 * 1024
"""A snapshot that is larger is read beforehand, beside the loop."""
FETCH_MS: Final = 30_000
"""So long pieces of it are not taken, for it may come whole."""
HOLD_MS: Final = 50
"""So long at most what is decided waits for what came with it, where the disk is slow."""


class Follower:
    """This node while another leads."""

    def __init__(self, state: State, turns: Turns, applying: Applying, keeping: Keeping) -> None:
        self._state = state
        self._out = state.out
        self._turns = turns
        self._applying = applying
        self._keeping = keeping
        self._assembly = Assembly()
        self._fetching: tuple[int, InstallSnap, int] | None = None
        """From whom which snapshot is fetched or examined, by a piece of it, and until when."""
        self._unfetched = 0
        """The snapshot that could not be fetched: it comes in pieces."""

    # --- entries ----------------------------------------------------------------------------------

    def on_app(self, sender: int, message: App, now: Now) -> None:
        """Take entries, a round, or both, and what is decided by now."""
        state = self._state
        if message.term < state.term:
            self._answer(sender, now, granted=False, match=state.durable, round_=0)
            return
        self._turns.accept(sender, message.term, now)
        for node, stamp in message.stamps:
            if node == state.me and stamp <= now.ms:
                state.seen.see(message.term, stamp, message.lease_ms)
        if state.amnesiac:
            if message.round:
                self._answer(sender, now, granted=True, match=0, round_=message.round)
            return
        if message.round:
            life = state.members[sender].counter if sender in state.members else 0
            state.promises.give(sender, message.term, now.ms + state.down_ms, life=life)
        prev = message.prev_index
        if not self._has(prev, message.prev_term):
            hint = self._hint(prev)
            self._answer(sender, now, granted=False, match=hint, round_=message.round)
            return
        news = [entry for entry in message.entries if not self._has(entry.index, entry.term)]
        if news and not self._store(news):
            return
        last = prev + len(message.entries)
        upto = min(message.commit, last)
        if news and upto > state.commit:
            self._hold(upto, message.commit, now)
        else:
            self._give_out(upto, message.commit, now)
        if message.entries:
            self._answer(sender, now, granted=True, match=last, round_=message.round, wait=True)
        elif message.round:
            match = min(last, state.durable)
            self._answer(sender, now, granted=True, match=match, round_=message.round)

    def _hold(self, upto: int, commit: int, now: Now) -> None:
        """Let what came with it be on the disk first, for the leader waits for that alone."""
        role = self._state.role
        assert isinstance(role, Following)
        role.held = max(role.held or (0, 0), (upto, commit))
        role.held_until_ms = now.ms + HOLD_MS
        term = self._state.entries.term_at(role.held[0])
        assert term is not None
        self._out.decided = (role.held[0], term)

    def tick(self, following: Following, now: Now) -> None:
        """Give out what was held, if it is time."""
        if following.held is not None and now.ms >= (following.held_until_ms or 0):
            self._give_out(*following.held, now)

    def _give_out(self, upto: int, commit: int, now: Now) -> None:
        """Give out what is decided up to *upto*; the leader knows that all up to *commit* is."""
        state, role = self._state, self._state.role
        if upto > state.commit:
            self._applying.apply(upto, now)
        if state.commit >= commit:
            state.look_whether_caught_up()
        if isinstance(role, Following) and role.held is not None and state.commit >= role.held[0]:
            role.held = role.held_until_ms = None

    def _has(self, index: int, term: int) -> bool:
        """Return whether the entry here is the one of *term*; what is committed always is."""
        return index <= self._state.commit or self._state.entries.term_at(index) == term

    def _hint(self, prev: int) -> int:
        """Return the last index that may be equal to the leader's log, below *prev*."""
        state = self._state
        if prev > state.last_index:
            return state.last_index
        return max(state.commit, state.entries.first_of_term(prev) - 1)

    def _store(self, entries: list[Entry]) -> bool:
        """Append *entries* in place of what conflicts with them; return whether they are sound."""
        state = self._state
        try:
            for entry in entries:
                voters_of(entry)
        except (ValueError, KeyError, TypeError) as error:
            state.note(f"an entry is not readable: {error}")
            return False
        first = entries[0].index
        if first <= state.last_index:
            assert first > state.commit, "a committed entry would change"
            state.entries.truncate(first)
            state.durable = min(state.durable, first - 1)
            self._out.truncate(first)
        state.entries.append(entries)
        self._out.append(entries)
        return True

    def _answer(
        self, leader: int, now: Now, *, granted: bool, match: int, round_: int, wait: bool = False
    ) -> None:
        """Answer the leader, after the disk where the answer rests on it."""
        state = self._state
        promise_ms = state.down_ms if state.counts else 0
        response = AppResp(state.term, granted, match, round_, promise_ms, now.ms)
        if self._out.failed or (not wait and state.term_durable == state.term):
            self._out.send((leader,), response)
        else:
            self._out.send_durable((leader,), response)

    # --- a snapshot in their place ----------------------------------------------------------------

    def on_install_snap(self, sender: int, message: InstallSnap, now: Now) -> None:
        """Take a piece of the leader's snapshot, or begin to fetch it whole."""
        state = self._state
        if message.term < state.term:
            self._out.send((sender,), SnapResp(state.term, message.index, 0))
            return
        self._turns.accept(sender, message.term, now)
        if self._out.failed or (state.amnesiac and not message.fresh):
            return
        if message.index <= state.commit and not state.amnesiac:
            self._say_whole(sender, message)
            return
        if self._is_fetched(sender, message, now):
            return
        try:
            snapshot = self._assembly.add(message)
        except (ValueError, KeyError, TypeError) as error:
            state.note(f"a snapshot is not readable: {error}")
            return
        if snapshot is None:
            got = SnapResp(state.term, message.index, len(self._assembly.got))
            self._out.send((sender,), got)
            return
        if len(snapshot.state) >= EXAMINE_BYTES:
            self._assembly = Assembly()
            self._fetching = (sender, message, now.ms + FETCH_MS)
            self._out.emit(Examine(snapshot))
            return
        self._take(snapshot)
        self._say_whole(sender, message)

    def _say_whole(self, leader: int, piece: InstallSnap) -> None:
        whole = SnapResp(self._state.term, piece.index, piece.total)
        self._out.send_durable((leader,), whole)

    def _take(self, snapshot: Snapshot) -> None:
        self._assembly = Assembly()
        self._keeping.take(snapshot)

    def _is_fetched(self, sender: int, piece: InstallSnap, now: Now) -> bool:
        """Return whether what *piece* is of comes whole and by other means; begin that."""
        if self._fetching is not None:
            node, known, until_ms = self._fetching
            if (node, known.index) == (sender, piece.index) and now.ms < until_ms:
                return True
            self._fetching = None
        if piece.total <= BULK_BYTES or piece.offset or piece.index == self._unfetched:
            return False
        self._fetching = (sender, piece, now.ms + FETCH_MS)
        self._unfetched = piece.index  # but for this once
        self._out.emit(FetchSnapshot(sender, piece.index))
        return True

    def snapshot_fetched(self, index: int, snapshot: Snapshot | None) -> None:
        """Take the snapshot of *index* that was asked for, if the leader still offers that."""
        state = self._state
        if self._fetching is None or self._fetching[1].index != index:
            return
        (leader, piece, _), self._fetching = self._fetching, None
        if snapshot is None or state.leader != leader or self._out.failed:
            return
        offered = (piece.index, piece.last_term, piece.config, piece.total)
        config = snapshot.config.to_bytes()
        fits = (snapshot.index, snapshot.term, config, len(snapshot.state)) == offered
        if not fits or (index <= state.commit and not state.amnesiac):
            return
        self._take(snapshot)
        self._say_whole(leader, piece)
