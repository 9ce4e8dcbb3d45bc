"""A leader's answers: how far its followers are, what is decided by that, and whether it still is.

What it sends is in `sending`, what rests on its rounds in `confirming`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcsx.ring.log.applying import Applying
from pcsx.ring.log.changes import owed_votes
from pcsx.ring.log.confirming import Confirming
from pcsx.ring.log.progress import Progress
from pcsx.ring.log.reconfiguring import Reconfiguring
from pcsx.ring.log.roles import Leading
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.messages import AppResp, LogState, SnapResp
from pcsx.ring.port import EntryKind, Proposed
from pcsx.values import Now, earlier

ANNOUNCE_MS: Final = 5
"""So long it may take until followers hear of a decision that none of their clients waits for."""


class Leader:
    """This node while it leads."""

    def __init__(
        self,
        state: State,
        sending: Sending,
        confirming: Confirming,
        turns: Turns,
        reconfiguring: Reconfiguring,
        applying: Applying,
    ) -> None:
        self._state = state
        self._sending = sending
        self._confirming = confirming
        self._turns = turns
        self._reconfiguring = reconfiguring
        self._applying = applying

    # --- proposals --------------------------------------------------------------------------------

    def propose(self, ticket: int, payload: bytes, *, awaited: bool) -> None:
        """Append *payload* to the log, if this node leads; *awaited* by others than this node."""
        state, leading = self._state, self._state.role
        if not isinstance(leading, Leading) or not leading.mine:
            state.out.emit(Proposed(ticket, 0, "this node does not lead the log"))
            return
        entry = self._sending.append(leading, EntryKind.APP, payload)
        state.tickets[entry.index] = (state.term, ticket)
        if not awaited:
            leading.unawaited.add(entry.index)

    # --- time and members -------------------------------------------------------------------------

    def deadline_ms(self, leading: Leading) -> int | None:
        """Return when `tick` wants to be called."""
        due_ms = earlier(leading.round_due_ms, leading.flush_due_ms)
        due_ms = earlier(due_ms, leading.announce_due_ms)
        for gone_ms in leading.gone.values():
            due_ms = earlier(due_ms, gone_ms)
        members = self._state.members
        for node, progress in leading.progress.items():
            if progress.retry.due_ms is not None and node in members:
                due_ms = earlier(due_ms, progress.retry.due_ms)
        return due_ms

    def tick(self, leading: Leading, now: Now) -> None:
        """Do what is due."""
        state = self._state
        if over := [node for node, due_ms in leading.gone.items() if now.ms >= due_ms]:
            for node in over:
                del leading.gone[node]
            leading.lost.update(over)
            self._reconfiguring.tend()
        if now.ms >= leading.round_due_ms:
            leading.round_due_ms = now.ms + state.round_ms
            near = {
                node
                for node, heard_ms in leading.heard_ms.items()
                if now.ms - heard_ms < state.down_ms
            }
            if not state.voters.have_quorum({state.me, *near}):
                self._turns.resign("no quorum answers", now)
                return
            self._confirming.begin_round(leading, now)
        for node, progress in leading.progress.items():
            if node in state.members and progress.retry.is_due(now.ms):
                progress.retry.again(now.ms)
                if progress.snapshot:
                    self._sending.send_piece(node, progress)
                elif progress.next <= state.entries.base_index:
                    self._sending.send_entries(leading, (node,), now)
                else:
                    number = leading.rounds.number
                    probe = self._sending.app(leading, progress.next, number, ())
                    state.out.send((node,), probe)

    def view_changed(self, leading: Leading, reborn: Iterable[int], now: Now) -> None:
        """Go on with the members that are here now, of whom *reborn* are so in a new life."""
        state = self._state
        for node in reborn:
            leading.rounds.forget(node)
            if node in leading.progress:
                leading.heard_ms[node] = now.ms
                leading.untold.add(node)
                leading.progress[node] = Progress(state.last_index + 1)
        if not state.voters.have_quorum(state.near(state.members)):
            self._turns.resign("the view has no quorum", now)
        else:
            self._reconfiguring.count_gone(leading, now)
            self._reconfiguring.tend()
            leading.round_due_ms = now.ms

    # --- answers ----------------------------------------------------------------------------------

    def _leading(self, term: int, now: Now) -> Leading | None:
        """Return this node's role if an answer in *term* is for it as the leader."""
        if term > self._state.term:
            self._turns.raise_term(term, now)
        elif isinstance(self._state.role, Leading) and term == self._state.term:
            return self._state.role
        return None

    def on_app_resp(self, sender: int, message: AppResp, now: Now) -> None:
        """Take a follower's answer to entries, a round, or both."""
        leading, state = self._leading(message.term, now), self._state
        progress = leading.progress.get(sender) if leading is not None else None
        if leading is None or progress is None:
            return
        leading.rounds.stamp(sender, message.stamp)
        if message.promise_ms:
            leading.heard_ms[sender] = now.ms
            state.heard.pop(sender, None)  # it has a log that counts
            self._confirming.answered(leading, sender, message, now)
        else:
            self._hear_no_promise(sender)
        if not message.granted:
            if not progress.snapshot and message.match + 1 < progress.next:
                progress.refused(message.match)
                self._sending.send_entries(leading, (sender,), now)
        elif message.promise_ms and progress.acknowledged(
            message.match, now.ms, last_index=state.flushed
        ):
            if progress.snapshot and progress.match >= progress.snapshot:
                progress.end_snapshot(now.ms, last_index=state.flushed)
            self._try_commit(leading, now)
            if isinstance(state.role, Leading) and progress.next <= state.flushed:
                self._sending.send_entries(state.role, (sender,), now)
            if owed_votes(state.voters.newest):
                self._reconfiguring.tend()

    def _hear_no_promise(self, node: int) -> None:
        """Note that *node* answers and promises nothing: its log is lost, or its disk.

        It says so when it gathers too, but that word may never have come here.
        """
        state = self._state
        member = state.members.get(node)
        if member is None or state.is_amnesiac(node):
            return
        state.heard[node] = LogState(state.term, 0, 0, 0, False, True, False)
        state.lives[node] = member.counter
        self._reconfiguring.tend()

    def on_snap_resp(self, sender: int, message: SnapResp, now: Now) -> None:
        """Take a follower's word on how much of the snapshot it has."""
        leading, state = self._leading(message.term, now), self._state
        progress = leading.progress.get(sender) if leading is not None else None
        if leading is None or progress is None or message.index != progress.snapshot:
            return
        leading.heard_ms[sender] = now.ms
        snapshot = state.snapshot
        if message.offset >= len(snapshot.state) and message.index == snapshot.index:
            progress.end_snapshot(now.ms, last_index=state.flushed)
            self._try_commit(leading, now)
            if isinstance(state.role, Leading):
                self._sending.send_entries(state.role, (sender,), now)
        elif message.offset > progress.offset:
            progress.offset = message.offset
            progress.retry.end()
            progress.retry.begin(now.ms)
            self._sending.send_piece(sender, progress)

    # --- what is decided --------------------------------------------------------------------------

    def durable(self, leading: Leading, now: Now) -> None:
        """Go on with what is on this node's own disk now."""
        self._try_commit(leading, now)
        self._sending.ask_witness(leading, 0, now)

    def _try_commit(self, leading: Leading, now: Now) -> None:
        """Commit what a quorum has on disk, if it is of this term."""
        state = self._state
        matches = {node: progress.match for node, progress in leading.progress.items()}
        matches[state.me] = state.durable
        agreed = min(state.voters.agreed(matches), state.last_index)
        if agreed > state.commit and state.entries.term_at(agreed) == state.term:
            decided = range(state.commit + 1, agreed + 1)
            if leading.unawaited.issuperset(decided):
                leading.announce_due_ms = leading.announce_due_ms or now.ms + ANNOUNCE_MS
            else:
                leading.announce = True
            leading.unawaited.difference_update(decided)
            self._applying.apply(agreed, now)
