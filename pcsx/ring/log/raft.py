"""The log's state machine: who hears of what happens, and what others may ask.

`Log` is Raft with PreVote, CheckQuorum, promises and leases, learners, snapshots, ReadIndex,
transfer of leadership and joint changes of configuration. It hears only members of its node's
view. What others may rely on is on the disk before it is said. A step ends with `settle`, which
sends what the step has made due. What is done is in the parts, each on top of those before:
`sending`, `confirming`, `turns`, `elections`, `reconfiguring`, `keeping`, `applying`, `leading`,
`following`, `alone`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from random import Random

from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Boot, Offer
from pcsx.ring.levels import FEATURES, Range
from pcsx.ring.log.alone import Alone
from pcsx.ring.log.applying import Applying
from pcsx.ring.log.confirming import Confirming
from pcsx.ring.log.elections import Elections
from pcsx.ring.log.following import Follower
from pcsx.ring.log.keeping import Keeping
from pcsx.ring.log.leading import Leader
from pcsx.ring.log.reconfiguring import Reconfiguring
from pcsx.ring.log.roles import Following, Leading, Standing
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.messages import (
    App,
    AppResp,
    InstallSnap,
    LogMessage,
    LogState,
    PreVote,
    PreVoteResp,
    ReadIndex,
    ReadIndexResp,
    Resigned,
    SnapResp,
    TimeoutNow,
    Vote,
    VoteResp,
)
from pcsx.ring.outbox import Durable, Outbox
from pcsx.ring.port import (
    ConfigCommitted,
    ForceNew,
    Leadership,
    Proposed,
    Readable,
    Recovered,
    Restore,
    Snapshot,
)
from pcsx.ring.quorum import Voters, waits_for_all
from pcsx.values import Now, earlier


@dataclass(frozen=True, slots=True)
class LogStatus:
    """Where the log stands, for people."""

    role: str
    term: int
    leader: int
    last_index: int
    commit: int
    snapshot_index: int
    followers: tuple[tuple[int, int], ...]
    """Of a leader: each follower and the index up to which it has all entries."""
    lease_ms: int
    """How long the lease is still seen here."""


class Log:
    """The log of node *me* in the life *boot*."""

    def __init__(
        self,
        me: int,
        boot: Boot,
        recovered: Recovered,
        random: Random,
        out: Outbox,
        on_config: Callable[[RingConfig], None],
        features: Range = FEATURES,
    ) -> None:
        self._out = out
        self._state = state = State(me, boot, recovered, random, out, on_config, features)
        self._sending = sending = Sending(state)
        self._confirming = confirming = Confirming(state, sending)
        self._turns = turns = Turns(state, sending)
        self._elections = Elections(state, turns)
        self._reconfiguring = reconfiguring = Reconfiguring(state, sending)
        self._keeping = keeping = Keeping(state)
        self._applying = applying = Applying(
            state, sending, confirming, turns, reconfiguring, keeping
        )
        self._leader = Leader(state, sending, confirming, turns, reconfiguring, applying)
        self._follower = Follower(state, turns, applying, keeping)
        self._alone = Alone(state, turns)
        self._told: Leadership | None = None

    # --- what others ask --------------------------------------------------------------------------

    @property
    def term(self) -> int:
        """Return the newest term known."""
        return self._out.hard.term

    @property
    def leader(self) -> int:
        """Return who leads, or 0."""
        return self._state.leader

    @property
    def is_leading(self) -> bool:
        """Return whether this node leads and its term's first entry is committed."""
        role = self._state.role
        return isinstance(role, Leading) and role.mine

    @property
    def voters(self) -> Voters:
        """Return who counts, by the newest entry, committed or not."""
        return self._state.entries.voters

    def near(self, nodes: Collection[int]) -> set[int]:
        """Return *nodes*, and the witness if one votes and answers."""
        return self._state.near(nodes)

    @property
    def commit(self) -> int:
        """Return the index of the last entry that is known to be decided."""
        return self._state.commit

    @property
    def committed_config(self) -> RingConfig:
        """Return the newest configuration that is known to be decided."""
        return self._state.committed_config

    @property
    def snapshot(self) -> Snapshot:
        """Return the snapshot that this log begins from."""
        return self._state.snapshot

    @property
    def blocked(self) -> bool:
        """Return whether this life may not stand before it has seen all voters once."""
        return self._state.blocked

    @property
    def unfit(self) -> bool:
        """Return whether the daemon's state is not what was decided: so this node leads not."""
        return self._state.unfit

    @property
    def caught_up(self) -> bool:
        """Return whether all that was decided before this life, and seen here, has been applied."""
        return self._state.caught_up

    @property
    def state(self) -> LogState:
        """Return what elections ask of this log."""
        state = self._state
        leading = isinstance(state.role, Leading)
        if isinstance(state.role, Standing):
            leading = not state.role.pre
        return LogState(
            state.term, state.entries.last_term, state.last_index, state.commit,
            leading, not state.counts, state.blocked or state.unfit,
        )  # fmt: skip

    def sees_lease(self, term: int, now: Now) -> bool:
        """Return whether the lease of *term*'s leader is seen here now, by this node's clock."""
        role, seen = self._state.role, self._state.seen
        if isinstance(role, Leading):
            return role.mine and term == self.term and now.ms < role.rounds.lease_until_ms
        return term == seen.term == self.term and now.ms < seen.until_ms

    @property
    def confirmed_ms(self) -> int | None:
        """Return the newest moment here that a quorum has confirmed a leader after, if any."""
        own, role = 0, self._state.role
        if isinstance(role, Leading) and role.mine:
            own = role.rounds.confirmed_ms
        newest = max(own, self._state.seen.confirmed_ms)
        return newest or None

    def status(self, now: Now) -> LogStatus:
        """Return where the log stands, for people."""
        state = self._state
        role, until_ms = "follower", state.seen.until_ms
        followers: tuple[tuple[int, int], ...] = ()
        match state.role:
            case Leading() as leading:
                role, until_ms = "leader", leading.rounds.lease_until_ms
                followers = tuple((n, p.match) for n, p in sorted(leading.progress.items()))
            case Standing(pre=pre):
                role = "precandidate" if pre else "candidate"
        if self._out.failed:
            role = "disk failed"
        elif state.amnesiac:
            role = "amnesiac"
        elif state.me not in state.voters.ids:
            role = "learner"
        elif state.unfit:
            role = "diverged"
        elif state.blocked and role == "follower":
            role = "blocked"
        return LogStatus(
            role, state.term, state.leader, state.last_index, state.commit, state.snapshot.index,
            followers, max(0, until_ms - now.ms),
        )  # fmt: skip

    @property
    def deadline_ms(self) -> int | None:
        """Return when `tick` wants to be called."""
        due_ms, role = self._state.reads.deadline_ms, self._state.role
        if role.__class__ is Following:
            assert isinstance(role, Following)
            due_ms = earlier(due_ms, role.held_until_ms)
            return earlier(due_ms, role.due_ms) if self._elections.may_stand else due_ms
        if isinstance(role, Standing):
            return earlier(due_ms, min(role.give_up_ms, role.resend_ms))
        assert isinstance(role, Leading)
        return earlier(due_ms, self._leader.deadline_ms(role))

    @property
    def spoken(self) -> dict[int, Range]:
        """Return the feature levels of those members who have said them in their present lives."""
        return self._state.spoken

    @property
    def offers(self) -> Mapping[int, Offer]:
        """Return what others have said that they speak, whether they are members or not."""
        return self._state.offers

    # --- what happens -----------------------------------------------------------------------------

    def begin(self, now: Now) -> None:
        """Begin this life: nothing is granted before old promises are surely over."""
        state = self._state
        state.promises.start_bound_ms = now.ms + state.down_ms
        state.blocked = waits_for_all(state.voters.newest) and len(state.voters.ids) > 1
        state.role = Following(0, state.patient(now))
        self._out.emit(Restore(state.snapshot.index, state.snapshot.state))
        self._out.emit(ConfigCommitted(state.snapshot.index, state.snapshot.config))
        self._applying.recall(state.decided_before)

    def view_changed(self, members: Mapping[int, Boot], now: Now) -> None:
        """Hear these members from now on, in these lives, and nobody else."""
        state = self._state
        reborn = [node for node, boot in members.items() if state.members.get(node) != boot]
        state.members = dict(members)
        self._look_whether_all_are_here()
        self._alone.hear_amnesiac(now)
        match state.role:
            case Leading() as leading:
                self._leader.view_changed(leading, reborn, now)
            case Following(leader) as following:
                if leader and leader not in members:
                    self._turns.lose()
                    if following.due_ms is not None:
                        following.due_ms = min(following.due_ms, state.patient(now))
            case Standing():
                if not state.voters.have_quorum(state.near(members)):
                    self._turns.follow(0, now)

    def witness_reached(self, here: bool, now: Now) -> None:
        """Note whether the witness answers; a leader whose rounds it misses notices by itself."""
        state = self._state
        if here == state.witness_here:
            return
        state.witness_here = here
        if here and state.voters.has_witness:
            self._look_whether_all_are_here()
            self._elections.witness_came(now)

    def _look_whether_all_are_here(self) -> None:
        state = self._state
        if state.blocked and set(state.voters.ids) <= state.near(state.members):
            state.unblock("all voters were seen together")

    def gathered(self, states: Mapping[int, LogState], lives: Mapping[int, int], now: Now) -> None:
        """Take where the logs of those within reach stand, each told in which life of its node."""
        state = self._state
        state.heard |= states
        state.lives |= lives
        if state.witness_here or not state.voters.has_witness:
            state.promises.void_if_none_leads(state.voters, states)
        self._alone.hear_amnesiac(now)
        self._reconfiguring.tend()
        self._elections.gathered(states, now)

    def offered(self, offer: Offer) -> None:
        """Note which feature levels a node speaks: maybe it was the last that was waited for."""
        self._state.offers[offer.node] = offer
        self._reconfiguring.tend()

    def life_is_over(self, node: int, now: Now) -> None:
        """Note that *node*'s life has ended for certain: what was promised to it is void."""
        state = self._state
        state.promises.void_life(node)
        if isinstance(state.role, Following) and state.role.leader == node:
            self._turns.lose()

    def receive(self, sender: int, message: LogMessage, now: Now) -> None:
        """Take a message of a member."""
        match message:
            case App():
                self._follower.on_app(sender, message, now)
            case AppResp():
                self._leader.on_app_resp(sender, message, now)
            case PreVote():
                self._elections.on_pre_vote(sender, message, now)
            case PreVoteResp() | VoteResp():
                self._elections.on_vote_resp(sender, message, now)
            case Vote():
                self._elections.on_vote(sender, message, now)
            case InstallSnap():
                self._follower.on_install_snap(sender, message, now)
            case SnapResp():
                self._leader.on_snap_resp(sender, message, now)
            case TimeoutNow():
                self._elections.on_timeout_now(message, now)
            case Resigned():
                self._elections.on_resigned(sender, message, now)
            case ReadIndex():
                self._on_read_index(sender, message, now)
            case ReadIndexResp():
                self._state.reads.answered(message, self._state.commit)

    def durable(self, durable: Durable, now: Now) -> None:
        """Go on with what waited for the disk."""
        state = self._state
        state.term_durable = max(state.term_durable, durable.hard.term)
        if durable.last_index and state.entries.term_at(durable.last_index) == durable.last_term:
            state.durable = max(state.durable, durable.last_index)
        state.durable = max(state.durable, min(durable.snapshot_index, state.last_index))
        match state.role:
            case Leading() as leading:
                self._leader.durable(leading, now)
            case Following(held=held) as following if held is not None:
                following.held_until_ms = now.ms  # the answer to the leader goes first
            case Standing(pre=False) as standing if durable.hard.term == standing.term:
                if durable.hard.voted_for == state.me:
                    self._elections.count_vote(standing, state.me, now)

    def disk_failed(self, now: Now) -> None:
        """Go on as one that counts for nothing: it can promise nothing any more."""
        state = self._state
        if not isinstance(state.role, Following):
            self._turns.resign("the disk failed", now)
        for ticket in [ticket for _, ticket in state.tickets.values()]:
            self._out.emit(Proposed(ticket, 0, "the disk failed: what came of it is not known"))
        state.tickets.clear()

    def tick(self, now: Now) -> None:
        """Do what is due."""
        self._state.reads.give_up(now.ms)
        match self._state.role:
            case Following() as following:
                self._follower.tick(following, now)
                self._elections.tick_following(following, now)
            case Standing() as standing:
                self._elections.tick_standing(standing, now)
            case Leading() as leading:
                self._leader.tick(leading, now)

    def settle(self, now: Now) -> None:
        """End a step: send what it made due, and say who leads if that is news."""
        role = self._state.role
        if isinstance(role, Leading):
            self._sending.flush(role, now)
        term, leader, mine = self._out.hard.term, self._state.leader, self.is_leading
        told = self._told
        if told is None or (told.term, told.leader, told.mine) != (term, leader, mine):
            self._told = Leadership(term, leader, mine)
            self._out.emit(self._told)

    # --- what is asked for ------------------------------------------------------------------------

    def propose(self, ticket: int, payload: bytes, *, awaited: bool = True) -> None:
        """Append *payload* to the log, as its leader; *awaited* by others than this node."""
        self._leader.propose(ticket, payload, awaited=awaited)

    def reconfigure(
        self, ticket: int, config: RingConfig, *, base: RingConfig | None = None
    ) -> None:
        """Change the configuration, if it is still *base*."""
        self._reconfiguring.reconfigure(ticket, config, base=base)

    def resign(self, reason: str, now: Now) -> None:
        """Lead no more, if this node does."""
        if isinstance(self._state.role, Leading):
            self._turns.resign(reason, now)

    def hand_over(self, now: Now) -> None:
        """Lead no more, and let the member that is furthest stand at once."""
        self._turns.hand_over(now)

    def unblock(self, by: str, now: Now) -> None:
        """Let this life stand, on the word of a person."""
        if not self._state.blocked:
            return
        self._state.unblock(
            f"{by} says so, though not all voters were seen: what the others decided "
            "last may be lost to this side"
        )
        self._elections.unblocked(now)

    def read_barrier(self, ticket: int, now: Now) -> None:
        """Answer *ticket* once all that was committed before is applied here."""
        state = self._state
        match state.role:
            case Leading() as leading:
                self._confirming.read(leading, 0, ticket, now)
            case Following(leader) if leader:
                state.reads.ask(leader, ticket, now.ms + state.down_ms)
            case _:
                self._out.emit(Readable(ticket, "no leader is known"))

    def _on_read_index(self, sender: int, message: ReadIndex, now: Now) -> None:
        role = self._state.role
        if isinstance(role, Leading):
            self._confirming.read(role, sender, message.number, now)
        else:
            self._state.reads.answer(sender, message.number, index=None)

    # --- going on alone ---------------------------------------------------------------------------

    @property
    def partner(self) -> int:
        """Return the other voter where the newest entry counts a pair, else 0."""
        return self._alone.partner

    @property
    def solo_target(self) -> tuple[int, int] | None:
        """Return whose fencing, in which life, lets this node go on alone, if anybody's."""
        return self._alone.target

    @property
    def is_admitted(self) -> bool:
        """Return whether this life counts for both of a pair, so that it may fence the other."""
        return self._alone.is_admitted

    def intend(self, ticket: int, node: int, boot: int) -> None:
        """Put on the disk that the lost one of a pair is to be fenced, then say so."""
        self._alone.intend(ticket, node, boot)

    def go_on_alone(self, ticket: int, node: int, boot: int, fact: bytes, now: Now) -> None:
        """Lead alone from now on: the other of the pair, in the life *boot*, is dead."""
        self._alone.go_on(ticket, node, boot, fact, now)

    def force_new(self, event: ForceNew, now: Now) -> None:
        """Lead alone from now on, in a new lineage, on a person's word."""
        self._alone.force_new(event, now)

    # --- the daemon's state -----------------------------------------------------------------------

    def snapshot_taken(self, index: int, state: bytes) -> None:
        """Keep the daemon's state after *index* in place of the entries up to it."""
        self._keeping.taken(index, state)

    def snapshot_here(self, state: bytes) -> Snapshot:
        """Return the daemon's *state* after the last committed entry as a snapshot of its own."""
        return self._keeping.here(state)

    def snapshot_fetched(self, index: int, snapshot: Snapshot | None) -> None:
        """Take the snapshot of *index* that was asked for, if the leader still offers that."""
        self._follower.snapshot_fetched(index, snapshot)

    def mistrust(self, now: Now) -> None:
        """Lead no more until the daemon's state is `mend`ed: it is not what the log decided.

        The log itself is as good as before, so this node goes on to vote and to hold it.
        """
        self._state.unfit = True
        self.resign("its state is not what was decided", now)

    def mend(self, snapshot: Snapshot) -> None:
        """Begin again from *snapshot*, and give out anew what was decided after it."""
        self._keeping.mend(snapshot)
