"""Promises and leases: for how long a voter elects nobody else, and a leader may act meanwhile.

All times are of the clock of the node that keeps them; what crosses the network are durations and
stamps, which only their own maker reads. A lease is shorter than the promises it rests on by more
than clocks differ in rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import WITNESS
from pcsx.ring.messages import LogState
from pcsx.ring.quorum import Voters

LEASE_PERCENT: Final = 80


@dataclass(slots=True)
class Promises:
    """What a voter has promised: no vote, no pre-vote and no standing while it is bound."""

    start_bound_ms: int = 0
    """A voter that has just started has forgotten what it promised: bound until then."""
    leader: int = 0
    term: int = 0
    until_ms: int = 0
    life: int = 0
    """The boot counter of the leader's life that it was promised to."""

    def rest_ms(self, now_ms: int) -> int:
        """Return for how long this voter is bound yet."""
        return max(0, self.start_bound_ms - now_ms, self.until_ms - now_ms)

    def give(self, leader: int, term: int, until_ms: int, *, life: int = 0) -> None:
        """Promise *leader*, in its present *life*, to elect nobody else before *until_ms*."""
        if (term, until_ms) >= (self.term, self.until_ms):
            self.leader, self.term, self.until_ms, self.life = leader, term, until_ms, life

    def holds_later_life(self, node: int, boot: int, now_ms: int) -> bool:
        """Return whether a life of *node* after *boot* has a promise that is not over."""
        return self.leader == node and self.life > boot and self.until_ms > now_ms

    def void_term(self, term: int) -> None:
        """Take back promises to leaders of terms up to *term*: they have resigned."""
        if self.term <= term:
            self.until_ms = 0

    def void_life(self, node: int) -> None:
        """Take back what was promised to *node*, whose life is over."""
        if self.leader == node:
            self.until_ms = 0

    def void_if_none_leads(self, voters: Voters, states: Mapping[int, LogState]) -> None:
        """Take back every promise if all voters have said that they do not lead.

        A word from before the promise proves nothing, so the leader's own must be of that term.
        """
        nodes = [node for node in voters.ids if node != WITNESS]
        if any(node not in states or states[node].leading for node in nodes):
            return
        leader = states.get(self.leader)
        if self.until_ms and (leader is None or leader.term < self.term):
            return
        self.until_ms = 0
        self.start_bound_ms = 0


@dataclass(frozen=True, slots=True)
class _Round:
    sent_ms: int
    stamps: dict[int, int]
    """The newest stamp that each node had sent before the round began."""


@dataclass(slots=True)
class Rounds:
    """A leader's rounds: its questions, who answered them, and the lease that came of it."""

    number: int = 0
    stamps: dict[int, int] = field(default_factory=dict)
    lease_until_ms: int = 0
    confirmed: int = 0
    """The newest round that a quorum has answered."""
    confirmed_ms: int = 0
    """When it was sent."""
    lease_ms: int = 0
    told: dict[int, int] = field(default_factory=dict)
    """For each node the stamp from which on, by its clock, the lease runs."""
    _answers: dict[int, tuple[int, int]] = field(default_factory=dict)
    _open: dict[int, _Round] = field(default_factory=dict)

    def begin(self, now_ms: int) -> int:
        """Return the number of a new round that is sent now."""
        self.number += 1
        self._open[self.number] = _Round(now_ms, dict(self.stamps))
        return self.number

    def stamp(self, node: int, stamp: int) -> None:
        """Note the clock that *node* told with an answer."""
        if stamp > self.stamps.get(node, 0):
            self.stamps[node] = stamp

    def forget(self, node: int) -> None:
        """Forget *node*: it has a new life, and maybe a new clock."""
        self.stamps.pop(node, None)
        self.told.pop(node, None)
        self._answers.pop(node, None)
        for round_ in self._open.values():
            round_.stamps.pop(node, None)

    def answer(self, me: int, node: int, round_: int, promise_ms: int, voters: Voters) -> bool:
        """Note an answer with a promise; return whether a quorum has now answered a newer round."""
        if round_ > self.number or round_ <= self._answers.get(node, (0, 0))[0]:
            return False
        self._answers[node] = (round_, promise_ms)
        return self.count(me, voters)

    def count(self, me: int, voters: Voters) -> bool:
        """Work out the newest round that a quorum has answered; return whether it is a new one."""
        answered = {node: number for node, (number, _) in self._answers.items()}
        answered[me] = self.number
        newest = voters.agreed(answered)
        if newest <= self.confirmed or newest not in self._open:
            return False
        shortest_ms = min(
            (promise for number, promise in self._answers.values() if number >= newest),
            default=None,
        )
        sent = self._open[newest]
        self.confirmed, self.confirmed_ms = newest, sent.sent_ms
        if shortest_ms is not None:
            self.lease_ms = shortest_ms * LEASE_PERCENT // 100
        self.lease_until_ms = max(self.lease_until_ms, sent.sent_ms + self.lease_ms)
        self.told = sent.stamps
        self._open = {number: r for number, r in self._open.items() if number >= newest}
        return True


@dataclass(slots=True)
class SeenLease:
    """The leader's lease as a follower sees it, by its own clock."""

    term: int = 0
    until_ms: int = 0
    confirmed_ms: int = 0
    """The newest own stamp that a quorum's round has come after."""

    def see(self, term: int, stamp: int, lease_ms: int) -> None:
        """Take what the leader of *term* says of this node's *stamp*."""
        if term > self.term:
            self.term, self.until_ms = term, 0
        if term == self.term:
            self.until_ms = max(self.until_ms, stamp + lease_ms)
            self.confirmed_ms = max(self.confirmed_ms, stamp)
