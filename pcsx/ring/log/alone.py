"""This node decides alone: by the solo rule, or by a person who begins the cluster anew.

Whether it may is asked in `solo`, without a log; here is what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.ring.config import RingConfig
from pcsx.ring.log.roles import Leading, Standing
from pcsx.ring.log.solo import alone, forced, is_admitted, partner_of
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.port import Entry, EntryKind, ForceNew, Intended, Proposed, SoloIntent
from pcsx.values import Now


class Alone:
    """The survivor of two voters, or of a whole cluster."""

    def __init__(self, state: State, turns: Turns) -> None:
        self._state = state
        self._out = state.out
        self._turns = turns

    # --- the solo rule ----------------------------------------------------------------------------

    @property
    def partner(self) -> int:
        """Return the other voter where the newest entry counts a pair, else 0."""
        return partner_of(self._state.voters, self._state.me)

    @property
    def target(self) -> tuple[int, int] | None:
        """Return whose fencing, in which life, lets this node go on alone, if anybody's."""
        subject = self.subject
        if subject is None or subject[0] in self._state.members or not self._state.members:
            return None
        return subject

    @property
    def subject(self) -> tuple[int, int] | None:
        """Return whom, in which life, a proof must be about, if this node may use one at all."""
        partner = self.partner
        if not partner or not self._state.counts or not self.is_admitted:
            return None
        return partner, self._state.voters.newest.node(partner).boot

    @property
    def is_admitted(self) -> bool:
        """Return whether this life counts for both of a pair, so that it may fence the other."""
        state = self._state
        later = state.entries.voters_after(state.commit)
        return is_admitted(state.me, state.boot.counter, state.known_config, later)

    def intend(self, ticket: int, node: int, boot: int) -> None:
        """Put on the disk that the lost one of a pair is to be fenced, then say so."""
        if self.target != (node, boot):
            self._out.emit(Intended(ticket, "it is not the lost one of a pair"))
            return
        self._out.intend(SoloIntent(node, boot, self._state.boot.counter))
        self._out.emit_durable(Intended(ticket))

    def hear_amnesiac(self, now: Now) -> None:
        """Go on alone where the other of a pair is back without its log, in a later life.

        It counts for nothing until it has the log anew, and its earlier life is over.
        """
        subject = self.subject
        if subject is None:
            return
        partner, boot = subject
        member = self._state.members.get(partner)
        if member is not None and member.counter > boot and self._state.is_amnesiac(partner):
            self.go_on(0, partner, boot, b"", now)

    def go_on(self, ticket: int, node: int, boot: int, fact: bytes, now: Now) -> None:
        """Lead alone from now on: the other of the pair, in the life *boot*, is dead.

        The proof holds while the other is in the view too, for what is heard of a dead life is
        late. But a later life of it may lead already, with this node's promise: then nothing of
        the proof is needed, and nothing may come of it.
        """
        state = self._state
        refusal = ""
        later_life = state.members.get(node)
        if self.subject != (node, boot):
            refusal = "the proof is not about the lost one of a pair"
        elif later_life is not None and later_life.counter > boot and not state.is_amnesiac(node):
            refusal = "a later life of it is here"
        elif state.promises.holds_later_life(node, boot, now.ms):
            refusal = "a later life of it has this node's promise"
        if refusal:
            self._out.emit(Proposed(ticket, 0, refusal))
            return
        state.note(f"node {node} is confirmed dead: this node goes on alone")
        state.promises.void_life(node)
        config = alone(state.voters.newest, state.me, node)
        self._decide(ticket, config, (fact,) if fact else (), now)

    # --- a new lineage ----------------------------------------------------------------------------

    def force_new(self, event: ForceNew, now: Now) -> None:
        """Lead alone from now on, in a new lineage, on a person's word that all others are off.

        What this log holds goes on, decided or not; what it does not hold is lost.
        """
        state = self._state
        refusal = ""
        if not state.counts:
            refusal = "this node's log is damaged: it has nothing to begin anew with"
        elif isinstance(state.role, Leading):
            refusal = "this node leads a quorum"
        elif any(node != state.me for node in state.members):
            refusal = "other nodes are here"
        if refusal:
            self._out.emit(Proposed(event.ticket, 0, refusal))
            return
        state.note(f"begins the cluster anew, as lineage {event.lineage:016x}")
        state.blocked = False
        for node, _ in event.boots:
            state.promises.void_life(node)
        config = forced(
            state.voters.newest, state.me, boot=state.boot.counter, lineage=event.lineage,
            over=dict(event.boots),
        )  # fmt: skip
        self._decide(event.ticket, config, event.facts, now)

    def _decide(self, ticket: int, config: RingConfig, facts: Iterable[bytes], now: Now) -> None:
        """Append *config*, in which this node alone is a quorum, and *facts*; then lead."""
        state = self._state
        self._turns.follow(0, now)
        self._out.remember(term=state.term + 1, voted_for=state.me)
        first = state.last_index + 1
        entries = [Entry(first, state.term, EntryKind.CONFIG, config.to_bytes())]
        for index, fact in enumerate(facts, first + 1):
            entries.append(Entry(index, state.term, EntryKind.APP, fact))
        state.entries.append(entries)
        self._out.append(entries)
        if ticket:
            state.tickets[first] = (state.term, ticket)
        # Its own vote, once it is on the disk, is the quorum now.
        give_up_ms = now.ms + state.down_ms
        state.role = Standing(state.term, False, 0, give_up_ms, give_up_ms)
