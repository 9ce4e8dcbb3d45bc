"""Elections: whether and when this node stands, and whom it votes for.

First a candidate asks whether it would be voted for, so that one that cannot win raises no term.
A voter that has promised to elect nobody yet names the rest of its promise, and is asked again
then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcsx.ring.levels import speaks
from pcsx.ring.log.roles import Following, Leading, Standing
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.messages import (
    LogState,
    PreVote,
    PreVoteResp,
    Resigned,
    TimeoutNow,
    Vote,
    VoteResp,
)
from pcsx.values import Now

GIVE_UP_PERCENT: Final = 100
"""Of *down*: a candidate that has not won by then stands down."""


class Elections:
    """This node as candidate and as voter."""

    def __init__(self, state: State, turns: Turns) -> None:
        self._state = state
        self._out = state.out
        self._turns = turns
        self._enough: tuple[object, object, bool, bool] = (None, None, False, False)
        """By whom, and with or without the witness, it was last found whether members suffice."""
        self._contest: tuple[tuple[int, ...], int] | None = None

    # --- when to stand ----------------------------------------------------------------------------

    @property
    def may_stand(self) -> bool:
        """Return whether this node could win, and is fit to lead."""
        state = self._state
        if state.amnesiac or state.blocked or state.unfit or self._out.failed:
            return False
        if state.me not in state.members:
            return False
        voters, members, witness = state.entries.voters, state.members, state.witness_here
        known = self._enough
        if known[0] is not voters or known[1] is not members or known[2] is not witness:
            fit = state.me in voters.ids and speaks(state.features, voters.newest.level)
            enough = fit and voters.have_quorum(state.near(members))
            self._enough = (voters, members, witness, enough)
        return self._enough[3]

    def gathered(self, states: Mapping[int, LogState], now: Now) -> None:
        """Take where the logs of those within reach stand: maybe it is this node's turn to lead.

        Without a leader among them they stand one after the other, the best log first.
        """
        state = self._state
        role = state.role
        if isinstance(role, Following) and role.leader not in states:
            role.leader = 0
        if not isinstance(role, Following) or role.leader:
            return
        if any(each.leading for each in states.values()):
            return
        if not state.voters.have_quorum(state.near(states)):
            return
        contest = (tuple(sorted(states)), state.term)
        if contest == self._contest:
            return
        self._contest = contest
        ranked = sorted(
            (node for node in states if node in state.voters.ids and not states[node].amnesiac),
            key=lambda node: (
                states[node].blocked, -states[node].last_term, -states[node].last_index, node,
            ),
        )  # fmt: skip
        if state.me in ranked:
            delay_ms = ranked.index(state.me) * state.beat_ms
            role.due_ms = now.ms + max(delay_ms, state.promises.rest_ms(now.ms))

    def witness_came(self, now: Now) -> None:
        """Stand soon, for the witness answers now, if this node may and nobody leads."""
        state = self._state
        match state.role:
            case Following(leader=0) as following if self.may_stand:
                rest_ms = max(state.beat_ms, state.promises.rest_ms(now.ms))
                following.due_ms = min(following.due_ms or now.ms + rest_ms, now.ms + rest_ms)

    def unblocked(self, now: Now) -> None:
        """Stand soon, for a person has let this life."""
        role = self._state.role
        if isinstance(role, Following) and not role.leader:
            role.due_ms = now.ms + self._state.promises.rest_ms(now.ms) + self._state.beat_ms

    def tick_following(self, following: Following, now: Now) -> None:
        """Stand, if it is time to and this node may."""
        if following.due_ms is not None and now.ms >= following.due_ms and self.may_stand:
            rest_ms = self._state.promises.rest_ms(now.ms)
            if rest_ms:
                following.due_ms = now.ms + rest_ms
            else:
                self._stand(now)

    def tick_standing(self, standing: Standing, now: Now) -> None:
        """Ask again, or stand down."""
        if now.ms >= standing.give_up_ms:
            self._turns.follow(0, now)
        elif now.ms >= standing.resend_ms:
            self._ask_votes(standing, now)

    # --- as a candidate ---------------------------------------------------------------------------

    def _stand(self, now: Now, *, resigned: int = 0) -> None:
        """Ask the voters whether they would vote for this node."""
        state = self._state
        give_up_ms = now.ms + state.down_ms * GIVE_UP_PERCENT // 100
        standing = Standing(state.term + 1, True, resigned, give_up_ms, now.ms)
        state.role = standing
        self._ask_votes(standing, now)
        self.count_vote(standing, state.me, now)

    def _ask_votes(self, standing: Standing, now: Now) -> None:
        state = self._state
        standing.resend_ms = now.ms + state.beat_ms
        near = state.near(state.members)
        asked = [
            node
            for node in state.voters.ids
            if node != state.me and node in near and node not in standing.granted
        ]
        kind = PreVote if standing.pre else Vote
        last_term, last_index = state.entries.last_term, state.last_index
        self._out.send(asked, kind(standing.term, last_term, last_index, standing.resigned))

    def count_vote(self, standing: Standing, node: int, now: Now) -> None:
        """Count the vote of *node*, and go on if that makes a quorum."""
        state = self._state
        standing.granted.add(node)
        if not state.voters.have_quorum(standing.granted):
            return
        if not standing.pre:
            self._turns.lead(now)
            return
        standing.pre = False
        standing.granted.clear()
        standing.refused.clear()
        self._out.remember(term=standing.term, voted_for=state.me)
        self._ask_votes(standing, now)

    def on_vote_resp(self, sender: int, message: PreVoteResp | VoteResp, now: Now) -> None:
        """Take a voter's answer."""
        state = self._state
        standing = state.role
        if isinstance(standing, Leading):
            standing.rounds.stamp(sender, message.stamp)
        elif isinstance(standing, Standing):
            state.stamps_while_standing[sender] = message.stamp
        is_pre = isinstance(message, PreVoteResp)
        if not isinstance(standing, Standing) or standing.pre != is_pre:
            return
        if message.granted and message.term == standing.term:
            self.count_vote(standing, sender, now)
            return
        if message.granted:
            return
        if message.term > state.term and message.term >= standing.term:
            self._turns.raise_term(message.term, now)
        elif message.wait_ms:
            self._turns.follow(0, now, due_ms=now.ms + message.wait_ms + 1)
        else:
            standing.refused.add(sender)
            if not state.voters.have_quorum(state.near(state.members) - standing.refused):
                again_ms = state.beat_ms + state.random.randrange(4 * state.beat_ms)
                self._turns.follow(0, now, due_ms=now.ms + again_ms)

    def on_timeout_now(self, message: TimeoutNow, now: Now) -> None:
        """Stand at once: the leader hands over to this node."""
        self._state.promises.void_term(message.term)
        if message.term == self._state.term and self.may_stand:
            self._stand(now, resigned=message.term)

    # --- as a voter -------------------------------------------------------------------------------

    def _is_up_to_date(self, last_term: int, last_index: int) -> bool:
        entries = self._state.entries
        return (last_term, last_index) >= (entries.last_term, entries.last_index)

    def _bound_ms(self, resigned: int, now: Now) -> int:
        """Return for how long this node may elect nobody, given which leaders have resigned."""
        state = self._state
        if isinstance(state.role, Leading):
            return max(0, state.role.rounds.lease_until_ms - now.ms)
        if resigned:
            state.promises.void_term(resigned)
        return state.promises.rest_ms(now.ms)

    def on_pre_vote(self, sender: int, message: PreVote, now: Now) -> None:
        """Say whether *sender* would get this node's vote."""
        state = self._state
        if not state.counts:
            return
        wait_ms = self._bound_ms(message.resigned, now)
        granted = (
            not wait_ms
            and message.term > state.term
            and self._is_up_to_date(message.last_term, message.last_index)
        )
        term = message.term if granted else state.term
        self._out.send((sender,), PreVoteResp(term, granted, wait_ms, now.ms))

    def on_vote(self, sender: int, message: Vote, now: Now) -> None:
        """Vote for *sender*, once that is on the disk, or refuse."""
        state = self._state
        if not state.counts:
            return
        wait_ms = self._bound_ms(message.resigned, now)
        if wait_ms or message.term < state.term:
            self._out.send((sender,), VoteResp(state.term, False, wait_ms, now.ms))
            return
        if message.term > state.term:
            self._turns.raise_term(message.term, now)
        hard = self._out.hard
        granted = hard.voted_for in (0, sender) and self._is_up_to_date(
            message.last_term, message.last_index
        )
        if granted and not hard.voted_for:
            self._out.remember(voted_for=sender)
            if isinstance(state.role, Following):
                state.role.due_ms = state.patient(now)
        self._out.send_durable((sender,), VoteResp(state.term, granted, 0, now.ms))

    def on_resigned(self, sender: int, message: Resigned, now: Now) -> None:
        """Take back what was promised to *sender*, which leads no more."""
        state = self._state
        if state.promises.leader == sender:
            state.promises.void_term(message.term)
        follows = isinstance(state.role, Following) and state.role.leader == sender
        if follows and message.term >= state.term:
            state.role = Following(0, state.patient(now))
            self._contest = None
            state.reads.refuse("the leader has resigned")
