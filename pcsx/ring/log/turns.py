"""Changes of role: how a node comes to lead, and how it leads no more.

Why it does is for others to say: who is voted for in `elections`, who has lost touch in `leading`.
"""

from __future__ import annotations

from typing import Final

from pcsx.ring.config import WITNESS
from pcsx.ring.log.lease import LEASE_PERCENT, Rounds
from pcsx.ring.log.progress import Progress
from pcsx.ring.log.roles import Following, Leading
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.messages import Resigned, TimeoutNow
from pcsx.ring.port import EntryKind, Proposed
from pcsx.values import Now

_LEADS_NO_MORE: Final = "this node leads no more"


class Turns:
    """Begins to lead and to follow."""

    def __init__(self, state: State, sending: Sending) -> None:
        self._state = state
        self._out = state.out
        self._sending = sending

    # --- to follow --------------------------------------------------------------------------------

    def follow(self, leader: int, now: Now, *, due_ms: int | None = None) -> None:
        """Be a follower from now on."""
        state = self._state
        if isinstance(state.role, Leading):
            self._stop_leading(state.role)
        if leader != state.leader:
            state.reads.refuse("the leader has changed")
        state.stamps_while_standing = {}
        state.role = Following(leader, due_ms if due_ms is not None else state.patient(now))

    def accept(self, leader: int, term: int, now: Now) -> None:
        """Follow *leader*, who leads *term*."""
        state = self._state
        if term > state.term:
            self.raise_term(term, now)
        assert not isinstance(state.role, Leading), f"two leaders in term {term}"
        match state.role:
            case Following(known) if known == leader:
                state.role.due_ms = state.patient(now)
            case _:
                self.follow(leader, now)

    def raise_term(self, term: int, now: Now) -> None:
        """Follow nobody in *term*, which is newer."""
        assert term > self._state.term
        self._out.remember(term=term, voted_for=0)
        self.follow(0, now)

    def lose(self) -> None:
        """Follow nobody: the leader is gone."""
        assert isinstance(self._state.role, Following)
        self._state.role.leader = 0
        self._state.reads.refuse("the leader was lost")

    # --- to lead ----------------------------------------------------------------------------------

    def lead(self, now: Now) -> None:
        """Begin to lead: with an entry of the own term, before which nothing is committed."""
        state = self._state
        state.note(f"leads term {state.term}")
        nodes = [node.id for node in state.voters.nodes if node.id != state.me]
        followers = [*nodes, WITNESS] if state.voters.has_witness else nodes
        last = state.last_index
        rounds = Rounds(
            lease_ms=state.down_ms * LEASE_PERCENT // 100,
            stamps=dict(state.stamps_while_standing),
        )
        state.stamps_while_standing = {}
        leading = Leading(
            noop=last + 1,
            rounds=rounds,
            progress={node: Progress(1 if node == WITNESS else last + 1) for node in followers},
            heard_ms=dict.fromkeys(followers, now.ms),
            round_due_ms=now.ms + state.round_ms,
            untold=set(nodes),
        )
        state.role = leading
        state.reads.refuse("the leader has changed")
        self._sending.append(leading, EntryKind.NOOP, b"")
        self._sending.flush_entries(leading, now, round_=rounds.begin(now.ms))
        rounds.count(state.me, state.voters)

    def _stop_leading(self, leading: Leading) -> None:
        state = self._state
        if leading.unflushed:
            # They were never sent to anybody, and not to the disk.
            state.entries.truncate(leading.unflushed[0].index)
            for entry in leading.unflushed:
                if entry.index in state.tickets:
                    _, ticket = state.tickets.pop(entry.index)
                    self._out.emit(Proposed(ticket, 0, _LEADS_NO_MORE))
            leading.unflushed = []
        if leading.asked_change is not None:
            self._out.emit(Proposed(leading.asked_change[0], 0, _LEADS_NO_MORE))
        for asker, number, _ in leading.reads:
            state.reads.answer(asker, number, index=None)
        leading.reads = []

    def resign(self, reason: str, now: Now) -> None:
        """Lead no more, and say so: promises to this node are void."""
        state = self._state
        if not isinstance(state.role, Leading):
            self.follow(0, now)
            return
        state.note(f"resigned from term {state.term}: {reason}")
        term = state.term
        self.follow(0, now)
        near = state.near(state.members) - {state.me}
        self._out.send(sorted(near), Resigned(term))

    def hand_over(self, now: Now) -> None:
        """Lead no more, and let the member that is furthest stand at once."""
        state = self._state
        if not isinstance(state.role, Leading):
            return
        self._sending.flush(state.role, now)
        ready = [
            (progress.match, -node)
            for node, progress in state.role.progress.items()
            if node in state.members and node in state.voters.ids
        ]
        term = state.term
        self.resign("leaving", now)
        if ready:
            self._out.send((-max(ready)[1],), TimeoutNow(term))
