"""A leader's rounds, put to its followers, and what rests on them: the lease, and reads.

How a round is counted is told in `lease`. A read that the lease does not cover waits for a round
that begins after it was asked.
"""

from __future__ import annotations

from pcsx.ring.log.roles import Leading
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.messages import AppResp
from pcsx.values import Now


class Confirming:
    """Whether this node still leads, as a quorum of the voters says."""

    def __init__(self, state: State, sending: Sending) -> None:
        self._state = state
        self._sending = sending

    def begin_round(self, leading: Leading, now: Now) -> None:
        """Ask all whether this node still leads."""
        number = leading.rounds.begin(now.ms)
        self._sending.send_entries(leading, tuple(leading.progress), now, round_=number)
        leading.rounds.count(self._state.me, self._state.voters)
        self._pass_reads(leading)

    def answered(self, leading: Leading, sender: int, message: AppResp, now: Now) -> None:
        """Take the answer of *sender* to a round, with what it promises."""
        state = self._state
        if message.round and leading.rounds.answer(
            state.me, sender, message.round, message.promise_ms, state.voters
        ):
            self._pass_reads(leading)
            self.tell_lease(leading, now)

    def tell_lease(self, leading: Leading, now: Now) -> None:
        """Let those see the lease at once that never saw it; others hear of it in time."""
        near = {node for node in leading.untold if node in self._state.members}
        if not near or not leading.mine:
            return
        told = near & set(leading.rounds.told)
        for node in sorted(told & set(leading.progress)):
            progress = leading.progress[node]
            first = 1 if progress.snapshot else progress.next
            if first > self._state.entries.base_index or first == 1:
                self._state.out.send((node,), self._sending.app(leading, first, 0, ()))
        leading.untold -= told
        if any(node in leading.rounds.stamps for node in near - told):
            leading.round_due_ms = now.ms  # the next round gives them one

    def read(self, leading: Leading, asker: int, number: int, now: Now) -> None:
        """Answer as the leader: at once within the lease, else after a round that begins now."""
        reads = self._state.reads
        if not leading.mine:
            reads.answer(asker, number, index=None)
        elif now.ms < leading.rounds.lease_until_ms:
            reads.answer(asker, number, index=self._state.commit)
        else:
            leading.reads.append((asker, number, leading.rounds.number + 1))
            self.begin_round(leading, now)

    def _pass_reads(self, leading: Leading) -> None:
        waiting = leading.reads
        leading.reads = [read for read in waiting if read[2] > leading.rounds.confirmed]
        for asker, number, round_ in waiting:
            if round_ <= leading.rounds.confirmed:
                self._state.reads.answer(asker, number, index=self._state.commit)
