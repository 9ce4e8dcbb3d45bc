"""The log's state machine: elections, replication, commitment, leases and changes of voters.

`Log` is Raft with PreVote, CheckQuorum, promises and leases, learners, snapshots, ReadIndex,
transfer of leadership and joint changes of configuration. It hears only members of its node's
view. What others may rely on is on the disk before it is said. A step ends with `settle`, which
sends what the step has made due.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.frames import Boot
from pcsx.ring.log.changes import Facts, lms_window_ms, owed_votes, wanted_change
from pcsx.ring.log.entries import Entries, joint_payload, voters_of
from pcsx.ring.log.lease import LEASE_PERCENT, Promises, Rounds, SeenLease
from pcsx.ring.log.progress import Progress
from pcsx.ring.log.reads import Reads
from pcsx.ring.log.roles import Following, Leading, Role, Standing
from pcsx.ring.log.snapshot import Assembly, piece_of
from pcsx.ring.log.solo import alone, forced, is_admitted, partner_of
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
    MOVED,
    Committed,
    ConfigCommitted,
    Damage,
    Entry,
    EntryKind,
    FetchSnapshot,
    ForceNew,
    Intended,
    Leadership,
    Note,
    Proposed,
    Readable,
    Recovered,
    Restore,
    Snapshot,
    SoloIntent,
    TakeSnapshot,
)
from pcsx.ring.quorum import Voters, is_on, is_voters_change, waits_for_all, weights
from pcsx.values import Now, earlier

APP_ENTRIES: Final = 64
APP_BYTES: Final = 256 * 1024
SNAPSHOT_ENTRIES: Final = 1000
SNAPSHOT_BYTES: Final = 4 * 1024 * 1024
KEEP_ENTRIES: Final = 2000
KEEP_BYTES: Final = 16 * 1024 * 1024
CAUGHT_UP: Final = 64
"""A learner this close behind may become a voter."""
IN_FLIGHT: Final = 2
"""So many writes of a leader are under way before proposals are gathered."""
GATHER_MS: Final = 2
BULK_BYTES: Final = 1024 * 1024
"""A snapshot that is larger is fetched over TCP, where that can be done."""
FETCH_MS: Final = 30_000
"""So long pieces of it are not taken, for it may come whole."""
ANNOUNCE_MS: Final = 5
"""So long it may take until followers hear of a decision that none of their clients waits for."""
ROUNDS_A_DOWN: Final = 10
"""How many rounds a leader asks in the time after which a peer is down, or nearly so."""
GIVE_UP_PERCENT: Final = 100
"""Of *down*: a candidate that has not won by then stands down."""


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
    ) -> None:
        snapshot = recovered.snapshot
        self.amnesiac = recovered.damage is Damage.AMNESIAC
        self.caught_up = False
        """Whether all that was ever decided before this life, and seen here, has been applied."""
        self.blocked = False
        self.unfit = False
        """The daemon's state is not what was decided: this node votes and follows, and never leads.
        """
        self.commit = snapshot.index
        self.snapshot = snapshot
        self.committed_config = snapshot.config
        self.known_config: RingConfig | None = None
        """The newest configuration that was seen committed in this life."""
        self.seen = SeenLease()
        self._me = me
        self._boot = boot
        self._random = random
        self._out = out
        self._on_config = on_config
        self._entries = Entries(snapshot.index, snapshot.term, snapshot.config)
        if not self.amnesiac:
            self._entries.append(recovered.entries)
        self._durable = self._entries.last_index
        self._role: Role = Following()
        self._promises = Promises()
        self._members: dict[int, Boot] = {}
        self._witness_here = False
        self._enough: tuple[object, object, bool, bool] = (None, None, False, False)
        """By whom, and with or without the witness, it was last found whether members suffice."""
        self._contest: tuple[tuple[int, ...], int] | None = None
        self._assembly = Assembly()
        self._fetching: tuple[int, InstallSnap, int] | None = None
        """From whom which snapshot is fetched, by its first piece, and until when."""
        self._unfetched = 0
        """The snapshot that could not be fetched: it comes in pieces."""
        self._tickets: dict[int, tuple[int, int]] = {}
        """Own proposals by index: term and ticket."""
        self._reads = Reads(out)
        self._snapshot_asked = 0
        self._bytes_since_snapshot = 0
        self._told: Leadership | None = None
        self._stamps_while_standing: dict[int, int] = {}
        self._changes: dict[int, int] = {}
        """Tickets of changes whose JOINT entry is committed, by its index."""
        self._term_durable = recovered.hard.term
        self._states: dict[int, LogState] = {}
        self._lives: dict[int, int] = {}
        """In which life each node said what its log is like."""

    # --- what others ask --------------------------------------------------------------------------

    @property
    def term(self) -> int:
        """Return the newest term known."""
        return self._out.hard.term

    @property
    def leader(self) -> int:
        """Return who leads, or 0."""
        match self._role:
            case Leading():
                return self._me
            case Following(leader):
                return leader
            case _:
                return 0

    @property
    def is_leading(self) -> bool:
        """Return whether this node leads and its term's first entry is committed."""
        return isinstance(self._role, Leading) and self._role.mine

    @property
    def voters(self) -> Voters:
        """Return who counts, by the newest entry, committed or not."""
        return self._entries.voters

    def near(self, nodes: Collection[int]) -> set[int]:
        """Return *nodes*, and the witness if one votes and answers."""
        return {*nodes, WITNESS} if self._witness_here and self.voters.has_witness else set(nodes)

    @property
    def last_index(self) -> int:
        """Return the index of the last entry."""
        return self._entries.last_index

    @property
    def state(self) -> LogState:
        """Return what elections ask of this log."""
        leading = isinstance(self._role, Leading)
        if isinstance(self._role, Standing):
            leading = not self._role.pre
        return LogState(
            self.term, self._entries.last_term, self._entries.last_index, self.commit,
            leading, self.amnesiac or self._out.failed, self.blocked or self.unfit,
        )  # fmt: skip

    def sees_lease(self, term: int, now: Now) -> bool:
        """Return whether the lease of *term*'s leader is seen here now, by this node's clock."""
        if isinstance(self._role, Leading):
            return (
                self._role.mine and term == self.term and now.ms < self._role.rounds.lease_until_ms
            )
        return term == self.seen.term == self.term and now.ms < self.seen.until_ms

    @property
    def confirmed_ms(self) -> int | None:
        """Return the newest moment here that a quorum has confirmed a leader after, if any."""
        own = 0
        if isinstance(self._role, Leading) and self._role.mine:
            own = self._role.rounds.confirmed_ms
        newest = max(own, self.seen.confirmed_ms)
        return newest or None

    def status(self, now: Now) -> LogStatus:
        """Return where the log stands, for people."""
        role, until_ms = "follower", self.seen.until_ms
        followers: tuple[tuple[int, int], ...] = ()
        match self._role:
            case Leading() as leading:
                role, until_ms = "leader", leading.rounds.lease_until_ms
                followers = tuple((n, p.match) for n, p in sorted(leading.progress.items()))
            case Standing(pre=pre):
                role = "precandidate" if pre else "candidate"
        if self._out.failed:
            role = "disk failed"
        elif self.amnesiac:
            role = "amnesiac"
        elif self._me not in self.voters.ids:
            role = "learner"
        elif self.unfit:
            role = "diverged"
        elif self.blocked and role == "follower":
            role = "blocked"
        return LogStatus(
            role, self.term, self.leader, self.last_index, self.commit, self.snapshot.index,
            followers, max(0, until_ms - now.ms),
        )  # fmt: skip

    @property
    def deadline_ms(self) -> int | None:
        """Return when `tick` wants to be called."""
        due_ms, role = self._reads.deadline_ms, self._role
        if role.__class__ is Following:
            assert isinstance(role, Following)
            return earlier(due_ms, role.due_ms) if self._may_stand() else due_ms
        if isinstance(role, Standing):
            return earlier(due_ms, min(role.give_up_ms, role.resend_ms))
        assert isinstance(role, Leading)
        due_ms = earlier(due_ms, earlier(role.round_due_ms, role.flush_due_ms))
        due_ms = earlier(due_ms, role.announce_due_ms)
        for gone_ms in role.gone.values():
            due_ms = earlier(due_ms, gone_ms)
        for node, progress in role.progress.items():
            if progress.retry.due_ms is not None and node in self._members:
                due_ms = earlier(due_ms, progress.retry.due_ms)
        return due_ms

    # --- what happens -----------------------------------------------------------------------------

    def begin(self, now: Now) -> None:
        """Begin this life: nothing is granted before old promises are surely over."""
        self._promises.start_bound_ms = now.ms + self._down_ms
        self.blocked = waits_for_all(self.voters.newest) and len(self.voters.ids) > 1
        self._role = Following(0, now.ms + self._down_ms + self._random.randrange(self._down_ms))
        self._out.emit(Restore(self.snapshot.index, self.snapshot.state))
        self._out.emit(ConfigCommitted(self.snapshot.index, self.snapshot.config))

    def view_changed(self, members: Mapping[int, Boot], now: Now) -> None:
        """Hear these members from now on, in these lives, and nobody else."""
        reborn = [node for node, boot in members.items() if self._members.get(node) != boot]
        self._members = dict(members)
        if self.blocked and set(self.voters.ids) <= self.near(members):
            self._unblock("all voters were seen together")
        self._hear_amnesiac(now)
        match self._role:
            case Leading() as leading:
                for node in reborn:
                    leading.rounds.forget(node)
                    if node in leading.progress:
                        leading.heard_ms[node] = now.ms
                        leading.untold.add(node)
                        leading.progress[node] = Progress(self.last_index + 1)
                if not self.voters.have_quorum(self.near(members)):
                    self._resign("the view has no quorum", now)
                else:
                    self._count_gone(leading, now)
                    self._tend()
                    leading.round_due_ms = now.ms
            case Following(leader) as following:
                if leader and leader not in members:
                    following.leader = 0
                    self._reads.refuse("the leader was lost")
                    if following.due_ms is not None:
                        following.due_ms = min(following.due_ms, self._patient(now))
            case Standing():
                if not self.voters.have_quorum(self.near(members)):
                    self._follow(0, now)

    def witness_reached(self, here: bool, now: Now) -> None:
        """Note whether the witness answers; a leader whose rounds it misses notices by itself."""
        if here == self._witness_here:
            return
        self._witness_here = here
        if not here or not self.voters.has_witness:
            return
        if self.blocked and set(self.voters.ids) <= self.near(self._members):
            self._unblock("all voters were seen together")
        match self._role:
            case Following(leader=0) as following if self._may_stand():
                rest_ms = max(self._beat_ms, self._promises.rest_ms(now.ms))
                following.due_ms = min(following.due_ms or now.ms + rest_ms, now.ms + rest_ms)

    def gathered(self, states: Mapping[int, LogState], lives: Mapping[int, int], now: Now) -> None:
        """Take where the logs of those within reach stand: maybe it is this node's turn to lead.

        Without a leader among them they stand one after the other, the best log first.
        """
        self._states |= states
        self._lives |= lives
        if self._witness_here or not self.voters.has_witness:
            self._promises.void_if_none_leads(self.voters, states)
        self._hear_amnesiac(now)
        self._tend()
        if isinstance(self._role, Following) and self._role.leader not in states:
            self._role.leader = 0
        if not isinstance(self._role, Following) or self._role.leader:
            return
        if any(state.leading for state in states.values()):
            return
        if not self.voters.have_quorum(self.near(states)):
            return
        contest = (tuple(sorted(states)), self.term)
        if contest == self._contest:
            return
        self._contest = contest
        ranked = sorted(
            (node for node in states if node in self.voters.ids and not states[node].amnesiac),
            key=lambda node: (
                states[node].blocked, -states[node].last_term, -states[node].last_index, node,
            ),
        )  # fmt: skip
        if self._me in ranked:
            delay_ms = ranked.index(self._me) * self._beat_ms
            self._role.due_ms = now.ms + max(delay_ms, self._promises.rest_ms(now.ms))

    def _is_amnesiac(self, node: int) -> bool:
        """Return whether *node*, a member, says in this life that it has lost its log."""
        state, member = self._states.get(node), self._members.get(node)
        if state is None or member is None or self._lives.get(node) != member.counter:
            return False
        return state.amnesiac

    def _hear_amnesiac(self, now: Now) -> None:
        """Go on alone where the other of a pair is back without its log, in a later life.

        It counts for nothing until it has the log anew, and its earlier life is over.
        """
        subject = self._solo_subject()
        if subject is None:
            return
        partner, boot = subject
        member = self._members.get(partner)
        if member is not None and member.counter > boot and self._is_amnesiac(partner):
            self.go_on_alone(0, partner, boot, b"", now)

    def life_is_over(self, node: int, now: Now) -> None:
        """Note that *node*'s life has ended for certain: what was promised to it is void."""
        self._promises.void_life(node)
        if isinstance(self._role, Following) and self._role.leader == node:
            self._role.leader = 0
            self._reads.refuse("the leader was lost")

    def receive(self, sender: int, message: LogMessage, now: Now) -> None:
        """Take a message of a member."""
        match message:
            case App():
                self._on_app(sender, message, now)
            case AppResp():
                self._on_app_resp(sender, message, now)
            case PreVote():
                self._on_pre_vote(sender, message, now)
            case PreVoteResp() | VoteResp():
                self._on_vote_resp(sender, message, now)
            case Vote():
                self._on_vote(sender, message, now)
            case InstallSnap():
                self._on_install_snap(sender, message, now)
            case SnapResp():
                self._on_snap_resp(sender, message, now)
            case TimeoutNow():
                self._promises.void_term(message.term)
                if message.term == self.term and self._may_stand():
                    self._stand(now, resigned=message.term)
            case Resigned():
                self._on_resigned(sender, message, now)
            case ReadIndex():
                self._on_read_index(sender, message, now)
            case ReadIndexResp():
                self._reads.answered(message, self.commit)

    def durable(self, durable: Durable, now: Now) -> None:
        """Go on with what waited for the disk."""
        self._term_durable = max(self._term_durable, durable.hard.term)
        if durable.last_index and self._entries.term_at(durable.last_index) == durable.last_term:
            self._durable = max(self._durable, durable.last_index)
        self._durable = max(self._durable, min(durable.snapshot_index, self.last_index))
        match self._role:
            case Leading() as leading:
                self._try_commit(now)
                self._ask_witness(leading, 0, now)
            case Standing(pre=False) as standing if durable.hard.term == standing.term:
                if durable.hard.voted_for == self._me:
                    self._count_vote(standing, self._me, now)

    def disk_failed(self, now: Now) -> None:
        """Go on as one that counts for nothing: it can promise nothing any more."""
        if not isinstance(self._role, Following):
            self._resign("the disk failed", now)
        for ticket in [ticket for _, ticket in self._tickets.values()]:
            self._out.emit(Proposed(ticket, 0, "the disk failed: what came of it is not known"))
        self._tickets.clear()

    def tick(self, now: Now) -> None:
        """Do what is due."""
        self._reads.give_up(now.ms)
        match self._role:
            case Following(due_ms=due_ms) as following:
                if due_ms is not None and now.ms >= due_ms and self._may_stand():
                    rest_ms = self._promises.rest_ms(now.ms)
                    if rest_ms:
                        following.due_ms = now.ms + rest_ms
                    else:
                        self._stand(now)
            case Standing() as standing:
                if now.ms >= standing.give_up_ms:
                    self._follow(0, now)
                elif now.ms >= standing.resend_ms:
                    self._ask_votes(standing, now)
            case Leading() as leading:
                self._tick_leading(leading, now)

    def settle(self, now: Now) -> None:
        """End a step: send what it made due, and say who leads if that is news."""
        if isinstance(self._role, Leading):
            self._flush(self._role, now)
        term, leader, mine = self._out.hard.term, self.leader, self.is_leading
        told = self._told
        if told is None or (told.term, told.leader, told.mine) != (term, leader, mine):
            self._told = Leadership(term, leader, mine)
            self._out.emit(self._told)

    # --- timers -----------------------------------------------------------------------------------

    @property
    def _down_ms(self) -> int:
        return self._entries.voters.timers.down_ms

    @property
    def _beat_ms(self) -> int:
        return self._entries.voters.timers.beat_ms

    @property
    def _round_ms(self) -> int:
        """Return the time between rounds: some whole beats, calm ones too, and a little less.

        So a round comes when a heartbeat is nearly due, and one waking of a heart does for both.
        """
        calm_ms = self._entries.voters.timers.calm_ms
        beats = max(1, round(self._down_ms / (ROUNDS_A_DOWN * calm_ms)))
        return beats * calm_ms - self._beat_ms // 16

    def _patient(self, now: Now) -> int:
        """Return when to stand if nobody is heard of until then: one to two times *down*."""
        return now.ms + self._down_ms + self._random.randrange(self._down_ms)

    # --- elections --------------------------------------------------------------------------------

    def _may_stand(self) -> bool:
        if self.amnesiac or self.blocked or self.unfit or self._out.failed:
            return False
        if self._me not in self._members:
            return False
        voters, members, witness = self._entries.voters, self._members, self._witness_here
        known = self._enough
        if known[0] is not voters or known[1] is not members or known[2] is not witness:
            enough = self._me in voters.ids and voters.have_quorum(self.near(members))
            self._enough = (voters, members, witness, enough)
        return self._enough[3]

    def _stand(self, now: Now, *, resigned: int = 0) -> None:
        """Ask the voters whether they would vote for this node."""
        standing = Standing(
            self.term + 1, True, resigned, now.ms + self._down_ms * GIVE_UP_PERCENT // 100, now.ms
        )
        self._role = standing
        self._ask_votes(standing, now)
        self._count_vote(standing, self._me, now)

    def _ask_votes(self, standing: Standing, now: Now) -> None:
        standing.resend_ms = now.ms + self._beat_ms
        asked = [
            node
            for node in self.voters.ids
            if node != self._me
            and node in self.near(self._members)
            and node not in standing.granted
        ]
        kind = PreVote if standing.pre else Vote
        last_term, last_index = self._entries.last_term, self._entries.last_index
        self._out.send(asked, kind(standing.term, last_term, last_index, standing.resigned))

    def _count_vote(self, standing: Standing, node: int, now: Now) -> None:
        standing.granted.add(node)
        if not self.voters.have_quorum(standing.granted):
            return
        if not standing.pre:
            self._lead(now)
            return
        standing.pre = False
        standing.granted.clear()
        standing.refused.clear()
        self._out.remember(term=standing.term, voted_for=self._me)
        self._ask_votes(standing, now)

    def _is_up_to_date(self, last_term: int, last_index: int) -> bool:
        return (last_term, last_index) >= (self._entries.last_term, self._entries.last_index)

    def _bound_ms(self, resigned: int, now: Now) -> int:
        """Return for how long this node may elect nobody, given which leaders have resigned."""
        if isinstance(self._role, Leading):
            return max(0, self._role.rounds.lease_until_ms - now.ms)
        if resigned:
            self._promises.void_term(resigned)
        return self._promises.rest_ms(now.ms)

    def _can_grant(self) -> bool:
        return not self.amnesiac and not self._out.failed

    def _on_pre_vote(self, sender: int, message: PreVote, now: Now) -> None:
        if not self._can_grant():
            return
        wait_ms = self._bound_ms(message.resigned, now)
        granted = (
            not wait_ms
            and message.term > self.term
            and self._is_up_to_date(message.last_term, message.last_index)
        )
        term = message.term if granted else self.term
        self._out.send((sender,), PreVoteResp(term, granted, wait_ms, now.ms))

    def _on_vote(self, sender: int, message: Vote, now: Now) -> None:
        if not self._can_grant():
            return
        wait_ms = self._bound_ms(message.resigned, now)
        if wait_ms or message.term < self.term:
            self._out.send((sender,), VoteResp(self.term, False, wait_ms, now.ms))
            return
        if message.term > self.term:
            self._raise_term(message.term, now)
        hard = self._out.hard
        granted = hard.voted_for in (0, sender) and self._is_up_to_date(
            message.last_term, message.last_index
        )
        if granted and not hard.voted_for:
            self._out.remember(voted_for=sender)
            if isinstance(self._role, Following):
                self._role.due_ms = self._patient(now)
        self._out.send_durable((sender,), VoteResp(self.term, granted, 0, now.ms))

    def _on_vote_resp(self, sender: int, message: PreVoteResp | VoteResp, now: Now) -> None:
        standing = self._role
        if isinstance(standing, Leading):
            standing.rounds.stamp(sender, message.stamp)
        elif isinstance(standing, Standing):
            self._stamps_while_standing[sender] = message.stamp
        is_pre = isinstance(message, PreVoteResp)
        if not isinstance(standing, Standing) or standing.pre != is_pre:
            return
        if message.granted and message.term == standing.term:
            self._count_vote(standing, sender, now)
            return
        if message.granted:
            return
        if message.term > self.term and message.term >= standing.term:
            self._raise_term(message.term, now)
        elif message.wait_ms:
            self._follow(0, now, due_ms=now.ms + message.wait_ms + 1)
        else:
            standing.refused.add(sender)
            if not self.voters.have_quorum(self.near(self._members) - standing.refused):
                again_ms = self._beat_ms + self._random.randrange(4 * self._beat_ms)
                self._follow(0, now, due_ms=now.ms + again_ms)

    def _raise_term(self, term: int, now: Now) -> None:
        """Follow nobody in *term*, which is newer."""
        assert term > self.term
        self._out.remember(term=term, voted_for=0)
        self._follow(0, now)

    def _follow(self, leader: int, now: Now, *, due_ms: int | None = None) -> None:
        """Be a follower from now on."""
        if isinstance(self._role, Leading):
            self._stop_leading(self._role)
        if leader != self.leader:
            self._reads.refuse("the leader has changed")
        self._stamps_while_standing = {}
        self._role = Following(leader, due_ms if due_ms is not None else self._patient(now))

    def _stop_leading(self, leading: Leading) -> None:
        if leading.unflushed:
            # They were never sent to anybody, and not to the disk.
            self._entries.truncate(leading.unflushed[0].index)
            for entry in leading.unflushed:
                if entry.index in self._tickets:
                    _, ticket = self._tickets.pop(entry.index)
                    self._out.emit(Proposed(ticket, 0, "this node leads no more"))
            leading.unflushed = []
        if leading.asked_change is not None:
            self._out.emit(Proposed(leading.asked_change[0], 0, "this node leads no more"))
        for asker, number, _ in leading.reads:
            self._answer_read(asker, number, index=None)
        leading.reads = []

    def _resign(self, reason: str, now: Now) -> None:
        """Lead no more, and say so: promises to this node are void."""
        if not isinstance(self._role, Leading):
            self._follow(0, now)
            return
        self._note(f"resigned from term {self.term}: {reason}")
        term = self.term
        self._follow(0, now)
        near = self.near(self._members) - {self._me}
        self._out.send(sorted(near), Resigned(term))

    def resign(self, reason: str, now: Now) -> None:
        """Lead no more, if this node does."""
        if isinstance(self._role, Leading):
            self._resign(reason, now)

    def hand_over(self, now: Now) -> None:
        """Lead no more, and let the member that is furthest stand at once."""
        if not isinstance(self._role, Leading):
            return
        self._flush(self._role, now)
        ready = [
            (progress.match, -node)
            for node, progress in self._role.progress.items()
            if node in self._members and node in self.voters.ids
        ]
        term = self.term
        self._resign("leaving", now)
        if ready:
            self._out.send((-max(ready)[1],), TimeoutNow(term))

    def _on_resigned(self, sender: int, message: Resigned, now: Now) -> None:
        if self._promises.leader == sender:
            self._promises.void_term(message.term)
        follows = isinstance(self._role, Following) and self._role.leader == sender
        if follows and message.term >= self.term:
            self._role = Following(0, self._patient(now))
            self._contest = None
            self._reads.refuse("the leader has resigned")

    # --- leading: sending -------------------------------------------------------------------------

    def _lead(self, now: Now) -> None:
        """Begin to lead: with an entry of the own term, before which nothing is committed."""
        self._note(f"leads term {self.term}")
        nodes = [node.id for node in self.voters.nodes if node.id != self._me]
        followers = [*nodes, WITNESS] if self.voters.has_witness else nodes
        last = self.last_index
        rounds = Rounds(
            lease_ms=self._down_ms * LEASE_PERCENT // 100,
            stamps=dict(self._stamps_while_standing),
        )
        self._stamps_while_standing = {}
        leading = Leading(
            noop=last + 1,
            rounds=rounds,
            progress={node: Progress(1 if node == WITNESS else last + 1) for node in followers},
            heard_ms=dict.fromkeys(followers, now.ms),
            round_due_ms=now.ms + self._round_ms,
            untold=set(nodes),
        )
        self._role = leading
        self._reads.refuse("the leader has changed")
        self._append(leading, EntryKind.NOOP, b"")
        self._flush_entries(leading, now, round_=rounds.begin(now.ms))
        rounds.count(self._me, self.voters)

    def _append(self, leading: Leading, kind: EntryKind, payload: bytes) -> Entry:
        entry = Entry(self.last_index + 1, self.term, kind, payload)
        self._entries.append((entry,))
        leading.unflushed.append(entry)
        return entry

    def _flush(self, leading: Leading, now: Now) -> None:
        """Send what was appended, unless enough is under way: then gather a little."""
        if leading.unflushed and self._out.gathering and len(leading.unflushed) < APP_ENTRIES:
            leading.flush_due_ms = now.ms
        elif leading.unflushed:
            urgent = (
                self._out.in_flight < IN_FLIGHT
                or len(leading.unflushed) >= APP_ENTRIES
                or (leading.flush_due_ms is not None and now.ms >= leading.flush_due_ms)
            )
            if urgent:
                self._flush_entries(leading, now, round_=0)
            elif leading.flush_due_ms is None:
                leading.flush_due_ms = now.ms + GATHER_MS
        late = leading.announce_due_ms is not None and now.ms >= leading.announce_due_ms
        if late or (leading.announce and self.commit == self.last_index):
            leading.announce_due_ms = None
            self._send_commit(leading)
        leading.announce = False

    def _flush_entries(self, leading: Leading, now: Now, *, round_: int) -> None:
        self._out.append(leading.unflushed)
        leading.unflushed = []
        leading.flush_due_ms = None
        leading.announce_due_ms = None  # they hear of it by this
        self._send_entries(leading, tuple(leading.progress), now, round_=round_)

    def _send_entries(
        self, leading: Leading, nodes: Collection[int], now: Now, *, round_: int = 0
    ) -> None:
        """Send each of *nodes* what it lacks, and the round to all; equal ones in one message."""
        ready: dict[int, list[int]] = {}
        full: dict[int, list[int]] = {}
        for node in sorted(nodes):
            if node == WITNESS:
                self._ask_witness(leading, round_, now)
            if node not in self._members:
                continue
            progress = leading.progress[node]
            if not progress.snapshot and progress.next <= self._entries.base_index:
                progress.begin_snapshot(self.snapshot.index, now.ms)
                self._send_piece(node, progress)
            if progress.snapshot:
                full.setdefault(1, []).append(node)  # the empty log is a part of any
            elif progress.has_room:
                ready.setdefault(progress.next, []).append(node)
            else:
                full.setdefault(progress.next, []).append(node)
        for first, group in sorted(ready.items()):
            self._send_from(leading, first, group, now, round_)
        for first, group in sorted(full.items()) if round_ else ():
            self._out.send(group, self._app(leading, first, round_, ()))

    def _ask_witness(self, leading: Leading, round_: int, now: Now) -> None:
        """Put the round to the witness, and while a voter is missing how far the log is.

        It keeps no entries: what it acknowledges is on one disk fewer. And it is told of none that
        is not on this disk, for it would wait for somebody who has it.
        """
        progress = leading.progress.get(WITNESS)
        if progress is None or not self._witness_here:
            return
        counting = [
            node
            for node, heard_ms in leading.heard_ms.items()
            if node in self._members and now.ms - heard_ms < self._down_ms
        ]
        alone = not self.voters.have_quorum({self._me, *counting})
        last = self._durable if alone else 0
        if not round_ and last < progress.next:
            return
        term = self._entries.term_at(last) if last else 0
        if term is None:
            last = term = 0
        progress.next = max(progress.next, last + 1)
        lease_ms = leading.rounds.lease_ms
        ask = App(self.term, last, term, self.commit, round_, lease_ms, (), ())
        self._out.send((WITNESS,), ask)

    def _send_from(
        self, leading: Leading, first: int, group: list[int], now: Now, round_: int
    ) -> None:
        """Send the entries from *first* on to those who are all to get the same."""
        while True:
            entries: tuple[Entry, ...] = ()
            if first <= self._flushed:
                entries = self._entries.since(
                    first,
                    count_max=min(APP_ENTRIES, self._flushed - first + 1),
                    bytes_max=APP_BYTES,
                )
            if not entries and not round_:
                return
            self._out.send(group, self._app(leading, first, round_, entries))
            size = sum(len(entry.payload) for entry in entries)
            first += len(entries)
            for node in group:
                progress = leading.progress[node]
                progress.next = first
                progress.bytes_sent += size
                progress.commit_told = self.commit
                if entries:
                    progress.retry.begin(now.ms)
            group = [node for node in group if leading.progress[node].has_room]
            round_ = 0
            if first > self._flushed or not group:
                return

    @property
    def _flushed(self) -> int:
        """Return the last index that may be sent: what is appended and not yet asked of the disk
        is sent with it.
        """
        if isinstance(self._role, Leading) and self._role.unflushed:
            return self._role.unflushed[0].index - 1
        return self.last_index

    def _app(self, leading: Leading, first: int, round_: int, entries: tuple[Entry, ...]) -> App:
        """Return the message that sends *entries* to those who have all before *first*."""
        prev = first - 1
        term = self._entries.term_at(prev) if prev else 0
        assert term is not None
        rounds = leading.rounds
        stamps = tuple(sorted(rounds.told.items())) if leading.mine else ()
        return App(self.term, prev, term, self.commit, round_, rounds.lease_ms, stamps, entries)

    def _send_commit(self, leading: Leading) -> None:
        """Tell the followers that have all entries what is committed now; no answer is wanted."""
        groups: dict[int, list[int]] = {}
        for node, progress in sorted(leading.progress.items()):
            caught = node in self._members and not progress.snapshot
            if caught and progress.commit_told < self.commit and progress.next > self.commit:
                groups.setdefault(progress.next, []).append(node)
                progress.commit_told = self.commit
        for first, group in sorted(groups.items()):
            self._out.send(group, self._app(leading, first, 0, ()))

    def _send_piece(self, node: int, progress: Progress) -> None:
        if progress.snapshot != self.snapshot.index:
            progress.snapshot, progress.offset = self.snapshot.index, 0
        config = self.committed_config
        fresh = all(n.id != node or n.votes == 0 for n in config.nodes)
        piece = piece_of(self.snapshot, progress.offset, term=self.term, fresh=fresh)
        self._out.send((node,), piece)

    def _tick_leading(self, leading: Leading, now: Now) -> None:
        if over := [node for node, due_ms in leading.gone.items() if now.ms >= due_ms]:
            for node in over:
                del leading.gone[node]
            leading.lost.update(over)
            self._tend()
        if now.ms >= leading.round_due_ms:
            leading.round_due_ms = now.ms + self._round_ms
            near = {
                node
                for node, heard_ms in leading.heard_ms.items()
                if now.ms - heard_ms < self._down_ms
            }
            if not self.voters.have_quorum({self._me, *near}):
                self._resign("no quorum answers", now)
                return
            self._begin_round(leading, now)
        for node, progress in leading.progress.items():
            if node in self._members and progress.retry.is_due(now.ms):
                progress.retry.again(now.ms)
                if progress.snapshot:
                    self._send_piece(node, progress)
                elif progress.next <= self._entries.base_index:
                    self._send_entries(leading, (node,), now)
                else:
                    probe = self._app(leading, progress.next, leading.rounds.number, ())
                    self._out.send((node,), probe)

    def _begin_round(self, leading: Leading, now: Now) -> None:
        number = leading.rounds.begin(now.ms)
        self._send_entries(leading, tuple(leading.progress), now, round_=number)
        self._count_round(leading)

    def _tell_lease(self, leading: Leading, now: Now) -> None:
        """Let those see the lease at once that never saw it; others hear of it in time."""
        near = {node for node in leading.untold if node in self._members}
        if not near or not leading.mine:
            return
        told = near & set(leading.rounds.told)
        for node in sorted(told & set(leading.progress)):
            progress = leading.progress[node]
            first = 1 if progress.snapshot else progress.next
            if first > self._entries.base_index or first == 1:
                self._out.send((node,), self._app(leading, first, 0, ()))
        leading.untold -= told
        if any(node in leading.rounds.stamps for node in near - told):
            leading.round_due_ms = now.ms  # the next round gives them one

    def _count_round(self, leading: Leading) -> None:
        leading.rounds.count(self._me, self.voters)
        self._pass_reads(leading)

    # --- leading: answers -------------------------------------------------------------------------

    def _on_app_resp(self, sender: int, message: AppResp, now: Now) -> None:
        if message.term > self.term:
            self._raise_term(message.term, now)
            return
        leading = self._role
        if not isinstance(leading, Leading) or message.term < self.term:
            return
        progress = leading.progress.get(sender)
        if progress is None:
            return
        leading.rounds.stamp(sender, message.stamp)
        if message.promise_ms:
            leading.heard_ms[sender] = now.ms
            self._states.pop(sender, None)  # it has a log that counts
            if message.round and leading.rounds.answer(
                self._me, sender, message.round, message.promise_ms, self.voters
            ):
                self._pass_reads(leading)
                self._tell_lease(leading, now)
        else:
            self._hear_no_promise(sender)
        if not message.granted:
            if not progress.snapshot and message.match + 1 < progress.next:
                progress.refused(message.match)
                self._send_entries(leading, (sender,), now)
        elif message.promise_ms and progress.acknowledged(
            message.match, now.ms, last_index=self._flushed
        ):
            if progress.snapshot and progress.match >= progress.snapshot:
                progress.end_snapshot(now.ms, last_index=self._flushed)
            self._try_commit(now)
            if isinstance(self._role, Leading) and progress.next <= self._flushed:
                self._send_entries(self._role, (sender,), now)
            if owed_votes(self.voters.newest):
                self._tend()

    def _hear_no_promise(self, node: int) -> None:
        """Note that *node* answers and promises nothing: its log is lost, or its disk.

        It says so when it gathers too, but that word may never have come here.
        """
        member, state = self._members.get(node), self._states.get(node)
        if member is None or (state is not None and self._is_amnesiac(node)):
            return
        self._states[node] = LogState(self.term, 0, 0, 0, False, True, False)
        self._lives[node] = member.counter
        self._tend()

    def _on_snap_resp(self, sender: int, message: SnapResp, now: Now) -> None:
        leading = self._role
        if message.term > self.term:
            self._raise_term(message.term, now)
            return
        if not isinstance(leading, Leading) or message.term < self.term:
            return
        progress = leading.progress.get(sender)
        if progress is None or message.index != progress.snapshot:
            return
        leading.heard_ms[sender] = now.ms
        if message.offset >= len(self.snapshot.state) and message.index == self.snapshot.index:
            progress.end_snapshot(now.ms, last_index=self._flushed)
            self._try_commit(now)
            if isinstance(self._role, Leading):
                self._send_entries(self._role, (sender,), now)
        elif message.offset > progress.offset:
            progress.offset = message.offset
            progress.retry.end()
            progress.retry.begin(now.ms)
            self._send_piece(sender, progress)

    def _try_commit(self, now: Now) -> None:
        """Commit what a quorum has on disk, if it is of this term."""
        leading = self._role
        assert isinstance(leading, Leading)
        matches = {node: progress.match for node, progress in leading.progress.items()}
        matches[self._me] = self._durable
        agreed = min(self.voters.agreed(matches), self.last_index)
        if agreed > self.commit and self._entries.term_at(agreed) == self.term:
            decided = range(self.commit + 1, agreed + 1)
            if leading.unawaited.issuperset(decided):
                leading.announce_due_ms = leading.announce_due_ms or now.ms + ANNOUNCE_MS
            else:
                leading.announce = True
            leading.unawaited.difference_update(decided)
            self._apply(agreed, now)

    # --- applying ---------------------------------------------------------------------------------

    def _apply(self, upto: int, now: Now) -> None:
        """Give out what is decided now, each entry once and in order."""
        for index in range(self.commit + 1, upto + 1):
            entry = self._entries.at(index)
            self.commit = index
            self._bytes_since_snapshot += len(entry.payload)
            if entry.kind is EntryKind.APP:
                self._out.emit(Committed(index, entry.term, entry.payload))
            self._answer_ticket(entry)
            if entry.kind is EntryKind.CONFIG:
                self._config_committed(entry, now)
            elif isinstance(self._role, Leading):
                self._go_on_leading(self._role, entry, now)
        self._reads.applied(self.commit)
        self._look_whether_caught_up()
        self._ask_snapshot()

    def _look_whether_caught_up(self) -> None:
        """Call this log whole from an entry on that the present leader wrote itself.

        Its first one is behind all that was decided before its term. Until then a node that was
        started does not know how much of its log was decided, or how much of it was lost.
        """
        if not self.caught_up and not self.amnesiac:
            self.caught_up = self._entries.term_at(self.commit) == self.term

    def _go_on_leading(self, leading: Leading, entry: Entry, now: Now) -> None:
        if entry.index == leading.noop:
            leading.mine = True
            self._count_gone(leading, now)
            self._tell_lease(leading, now)
            if self.voters.joint is not None and self._entries.voters_index < entry.index:
                self._finish_change(leading)
            else:
                self._tend()
        elif entry.kind is EntryKind.JOINT and self._entries.voters_index == entry.index:
            self._finish_change(leading)

    def _finish_change(self, leading: Leading) -> None:
        """Append the configuration that a committed JOINT entry moves to."""
        joint_index = self._entries.voters_index
        config = self.voters.newest
        entry = self._append(leading, EntryKind.CONFIG, config.to_bytes())
        if joint_index in self._changes:
            self._tickets[entry.index] = (self.term, self._changes.pop(joint_index))
        self._watch_followers(leading)

    def _config_committed(self, entry: Entry, now: Now) -> None:
        config = RingConfig.from_bytes(entry.payload)
        if isinstance(self._role, Leading):
            self._send_commit(self._role)  # the last word to those who are in it no more
        self.committed_config = self.known_config = config
        self._on_config(config)
        self._out.emit(ConfigCommitted(entry.index, config))
        me = next((node for node in config.nodes if node.id == self._me), None)
        if self.blocked and me is not None and me.boot >= self._boot.counter:
            self._unblock("its life was admitted")
        if isinstance(self._role, Leading):
            self._watch_followers(self._role)
            self._count_gone(self._role, now)
            if self._me not in weights(config):
                self._resign("it votes no more", now)
            elif self._role.asked_change is not None and not self._is_changing():
                (ticket, asked), self._role.asked_change = self._role.asked_change, None
                self.reconfigure(ticket, asked, now)
            else:
                self._tend()

    def _answer_ticket(self, entry: Entry) -> None:
        if entry.index not in self._tickets:
            return
        term, ticket = self._tickets[entry.index]
        del self._tickets[entry.index]
        if term != entry.term:
            self._out.emit(Proposed(ticket, 0, "another leader decided otherwise"))
        elif entry.kind is EntryKind.JOINT and isinstance(self._role, Leading):
            self._changes[entry.index] = ticket  # answered with the CONFIG that follows
        else:
            self._out.emit(Proposed(ticket, entry.index))

    def unblock(self, by: str, now: Now) -> None:
        """Let this life stand, on the word of a person."""
        if not self.blocked:
            return
        self._unblock(
            f"{by} says so, though not all voters were seen: what the others decided "
            "last may be lost to this side"
        )
        if isinstance(self._role, Following) and not self._role.leader:
            self._role.due_ms = now.ms + self._promises.rest_ms(now.ms) + self._beat_ms

    def _unblock(self, reason: str) -> None:
        self.blocked = False
        self._note(f"may stand for election: {reason}")

    # --- proposals --------------------------------------------------------------------------------

    def propose(self, ticket: int, payload: bytes, now: Now, *, awaited: bool = True) -> None:
        """Append *payload* to the log, as its leader; *awaited* by others than this node."""
        leading = self._role
        if not isinstance(leading, Leading) or not leading.mine:
            self._out.emit(Proposed(ticket, 0, "this node does not lead the log"))
            return
        entry = self._append(leading, EntryKind.APP, payload)
        self._tickets[entry.index] = (self.term, ticket)
        if not awaited:
            leading.unawaited.add(entry.index)

    def reconfigure(
        self, ticket: int, config: RingConfig, now: Now, *, base: RingConfig | None = None
    ) -> None:
        """Change the configuration, in two steps where it changes whose votes count how."""
        moved = base is not None and (self._is_changing() or base != self.voters.newest)
        if moved and self.is_leading:
            self._out.emit(Proposed(ticket, 0, MOVED))
        elif refusal := self._refusal(config):
            self._out.emit(Proposed(ticket, 0, refusal))
        elif self._is_changing():
            assert isinstance(self._role, Leading)
            self._role.asked_change = (ticket, config)
        else:
            self._change(config, ticket)

    def _refusal(self, config: RingConfig) -> str:
        leading = self._role
        if not isinstance(leading, Leading) or not leading.mine:
            return "this node does not lead the log"
        is_asked = leading.asked_change is not None or any(
            index >= self._entries.voters_index
            and self._entries.at(index).kind is not EntryKind.APP
            for index in (*self._tickets, *self._changes)
        )
        if self._is_changing() and is_asked:
            return "a change of the configuration is under way"
        if config.lineage != self.voters.newest.lineage or not weights(config):
            return "the configuration is not one of this cluster, or nobody votes in it"
        now_is = self.voters.newest
        if None not in (config.witness, now_is.witness) and config.witness != now_is.witness:
            return "the old witness must be taken away first"
        if config.witness is not None and is_on(config, "auto_tie_breaker"):
            return "a witness and a tie-breaker do not go together: turn auto_tie_breaker off"
        old = weights(now_is)
        for node in weights(config):
            if node not in old and node not in (self._me, WITNESS):
                progress = leading.progress.get(node)
                if progress is None:
                    return f"node {node} must follow the log before it votes"
                if progress.match + CAUGHT_UP < self.commit or node not in self._members:
                    return f"node {node} has not caught up with the log"
        return ""

    def _is_changing(self) -> bool:
        return self.voters.joint is not None or self._entries.voters_index > self.commit

    def _change(self, config: RingConfig, ticket: int) -> None:
        leading = self._role
        assert isinstance(leading, Leading)
        now_is = self.voters.newest
        admitted = {node.id: node.boot for node in now_is.nodes}
        config = replace(
            config,
            nodes=tuple(
                replace(node, boot=max(node.boot, admitted.get(node.id, 0)))
                for node in sorted(config.nodes, key=lambda node: node.id)
            ),
        )
        if is_voters_change(now_is, config):
            entry = self._append(leading, EntryKind.JOINT, joint_payload(now_is, config))
        else:
            entry = self._append(leading, EntryKind.CONFIG, config.to_bytes())
        if ticket:
            self._tickets[entry.index] = (self.term, ticket)
        self._watch_followers(leading)

    def _watch_followers(self, leading: Leading) -> None:
        """Send the log to all nodes of the newest configurations, and to no others."""
        wanted = [node.id for node in self.voters.nodes if node.id != self._me]
        if self.voters.has_witness:
            wanted.append(WITNESS)
        for node in wanted:
            if node not in leading.progress:
                first = 1 if node == WITNESS else self._flushed + 1
                leading.progress[node] = Progress(first)
                leading.heard_ms[node] = 0
        for node in [node for node in leading.progress if node not in wanted]:
            del leading.progress[node]
            del leading.heard_ms[node]
            leading.rounds.forget(node)

    def _tend(self) -> None:
        """Ask for the next change that nobody needs to ask for, and give logs anew."""
        leading = self._role
        if not isinstance(leading, Leading) or not leading.mine:
            return
        lost = {n for n, state in self._states.items() if state.amnesiac and n in self._members}
        learners = {node.id for node in self.committed_config.nodes if node.votes == 0}
        for node in sorted(lost & learners & set(leading.progress)):
            progress = leading.progress[node]
            if not progress.snapshot and not progress.match:
                progress.begin_snapshot(self.snapshot.index, 0)
        if self._is_changing():
            return
        facts = Facts(
            boots={node: boot.counter for node, boot in self._members.items()},
            amnesiacs=lost,
            gone=leading.lost,
            caught_up=[
                node
                for node, progress in leading.progress.items()
                if node in self._members and progress.match >= self.commit
            ],
        )
        wanted = wanted_change(self.voters.newest, facts)
        if wanted is not None:
            self._note(wanted[1])
            self._change(wanted[0], 0)

    def _count_gone(self, leading: Leading, now: Now) -> None:
        """Note since when voters are missing from the view, where that changes who counts."""
        window_ms = lms_window_ms(self.voters.newest)
        missing = (
            []
            if window_ms is None
            else [n for n in self.voters.ids if n not in self._members and n != WITNESS]
        )
        leading.lost &= set(missing)
        leading.gone = {
            node: leading.gone.get(node, now.ms + (window_ms or 0))
            for node in missing
            if node not in leading.lost
        }

    # --- the solo rule ----------------------------------------------------------------------------

    @property
    def partner(self) -> int:
        """Return the other voter where the newest entry counts a pair, else 0."""
        return partner_of(self.voters, self._me)

    @property
    def solo_target(self) -> tuple[int, int] | None:
        """Return whose fencing, in which life, lets this node go on alone, if anybody's."""
        subject = self._solo_subject()
        if subject is None or subject[0] in self._members or not self._members:
            return None
        return subject

    def _solo_subject(self) -> tuple[int, int] | None:
        """Return whom, in which life, a proof must be about, if this node may use one at all."""
        partner = self.partner
        if not partner or not self._can_grant():
            return None
        later = self._entries.voters_after(self.commit)
        if not is_admitted(self._me, self._boot.counter, self.known_config, later):
            return None
        return partner, self.voters.newest.node(partner).boot

    @property
    def is_admitted(self) -> bool:
        """Return whether this life counts for both of a pair, so that it may fence the other."""
        later = self._entries.voters_after(self.commit)
        return is_admitted(self._me, self._boot.counter, self.known_config, later)

    def intend(self, ticket: int, node: int, boot: int) -> None:
        """Put on the disk that the lost one of a pair is to be fenced, then say so."""
        if self.solo_target != (node, boot):
            self._out.emit(Intended(ticket, "it is not the lost one of a pair"))
            return
        self._out.intend(SoloIntent(node, boot, self._boot.counter))
        self._out.emit_durable(Intended(ticket))

    def go_on_alone(self, ticket: int, node: int, boot: int, fact: bytes, now: Now) -> None:
        """Lead alone from now on: the other of the pair, in the life *boot*, is dead.

        The proof holds while the other is in the view too, for what is heard of a dead life is
        late. But a later life of it may lead already, with this node's promise: then nothing of
        the proof is needed, and nothing may come of it.
        """
        refusal = ""
        later_life = self._members.get(node)
        if self._solo_subject() != (node, boot):
            refusal = "the proof is not about the lost one of a pair"
        elif later_life is not None and later_life.counter > boot and not self._is_amnesiac(node):
            refusal = "a later life of it is here"
        elif self._promises.holds_later_life(node, boot, now.ms):
            refusal = "a later life of it has this node's promise"
        if refusal:
            self._out.emit(Proposed(ticket, 0, refusal))
            return
        self._note(f"node {node} is confirmed dead: this node goes on alone")
        self._promises.void_life(node)
        config = alone(self.voters.newest, self._me, node)
        self._decide_alone(ticket, config, (fact,) if fact else (), now)

    def force_new(self, event: ForceNew, now: Now) -> None:
        """Lead alone from now on, in a new lineage, on a person's word that all others are off.

        What this log holds goes on, decided or not; what it does not hold is lost.
        """
        refusal = ""
        if not self._can_grant():
            refusal = "this node's log is damaged: it has nothing to begin anew with"
        elif isinstance(self._role, Leading):
            refusal = "this node leads a quorum"
        elif any(node != self._me for node in self._members):
            refusal = "other nodes are here"
        if refusal:
            self._out.emit(Proposed(event.ticket, 0, refusal))
            return
        self._note(f"begins the cluster anew, as lineage {event.lineage:016x}")
        self.blocked = False
        for node, _ in event.boots:
            self._promises.void_life(node)
        config = forced(
            self.voters.newest, self._me, boot=self._boot.counter, lineage=event.lineage,
            over=dict(event.boots),
        )  # fmt: skip
        self._decide_alone(event.ticket, config, event.facts, now)

    def _decide_alone(
        self, ticket: int, config: RingConfig, facts: Iterable[bytes], now: Now
    ) -> None:
        """Append *config*, in which this node alone is a quorum, and *facts*; then lead."""
        self._follow(0, now)
        self._out.remember(term=self.term + 1, voted_for=self._me)
        first = self.last_index + 1
        entries = [Entry(first, self.term, EntryKind.CONFIG, config.to_bytes())]
        for index, fact in enumerate(facts, first + 1):
            entries.append(Entry(index, self.term, EntryKind.APP, fact))
        self._entries.append(entries)
        self._out.append(entries)
        if ticket:
            self._tickets[first] = (self.term, ticket)
        # Its own vote, once it is on the disk, is the quorum now.
        give_up_ms = now.ms + self._down_ms
        self._role = Standing(self.term, False, 0, give_up_ms, give_up_ms)

    # --- following --------------------------------------------------------------------------------

    def _on_app(self, sender: int, message: App, now: Now) -> None:
        if message.term < self.term:
            self._answer_app(sender, now, granted=False, match=self._durable, round_=0)
            return
        self._accept_leader(sender, message.term, now)
        for node, stamp in message.stamps:
            if node == self._me and stamp <= now.ms:
                self.seen.see(message.term, stamp, message.lease_ms)
        if self.amnesiac:
            if message.round:
                self._answer_app(sender, now, granted=True, match=0, round_=message.round)
            return
        if message.round:
            life = self._members[sender].counter if sender in self._members else 0
            self._promises.give(sender, message.term, now.ms + self._down_ms, life=life)
        prev = message.prev_index
        if not self._has(prev, message.prev_term):
            hint = self._hint(prev)
            self._answer_app(sender, now, granted=False, match=hint, round_=message.round)
            return
        news = [entry for entry in message.entries if not self._has(entry.index, entry.term)]
        if news and not self._store(news):
            return
        last = prev + len(message.entries)
        if min(message.commit, last) > self.commit:
            self._apply(min(message.commit, last), now)
        if message.entries:
            self._answer_app(sender, now, granted=True, match=last, round_=message.round, wait=True)
        elif message.round:
            match = min(last, self._durable)
            self._answer_app(sender, now, granted=True, match=match, round_=message.round)

    def _accept_leader(self, sender: int, term: int, now: Now) -> None:
        """Follow *sender*, who leads *term*."""
        if term > self.term:
            self._raise_term(term, now)
        assert not isinstance(self._role, Leading), f"two leaders in term {term}"
        match self._role:
            case Following(leader) if leader == sender:
                self._role.due_ms = self._patient(now)
            case _:
                self._follow(sender, now)

    def _has(self, index: int, term: int) -> bool:
        """Return whether the entry here is the one of *term*; what is committed always is."""
        return index <= self.commit or self._entries.term_at(index) == term

    def _hint(self, prev: int) -> int:
        """Return the last index that may be equal to the leader's log, below *prev*."""
        if prev > self.last_index:
            return self.last_index
        return max(self.commit, self._entries.first_of_term(prev) - 1)

    def _store(self, entries: list[Entry]) -> bool:
        """Append *entries* in place of what conflicts with them; return whether they are sound."""
        try:
            for entry in entries:
                voters_of(entry)
        except (ValueError, KeyError, TypeError) as error:
            self._note(f"an entry is not readable: {error}")
            return False
        first = entries[0].index
        if first <= self.last_index:
            assert first > self.commit, "a committed entry would change"
            self._entries.truncate(first)
            self._durable = min(self._durable, first - 1)
            self._out.truncate(first)
        self._entries.append(entries)
        self._out.append(entries)
        return True

    def _answer_app(
        self,
        sender: int,
        now: Now,
        *,
        granted: bool,
        match: int,
        round_: int,
        wait: bool = False,
    ) -> None:
        """Answer the leader, after the disk where the answer rests on it."""
        counts = not self.amnesiac and not self._out.failed
        promise_ms = self._down_ms if counts else 0
        response = AppResp(self.term, granted, match, round_, promise_ms, now.ms)
        if self._out.failed or (not wait and self._term_durable == self.term):
            self._out.send((sender,), response)
        else:
            self._out.send_durable((sender,), response)

    def _on_install_snap(self, sender: int, message: InstallSnap, now: Now) -> None:
        if message.term < self.term:
            self._out.send((sender,), SnapResp(self.term, message.index, 0))
            return
        self._accept_leader(sender, message.term, now)
        if self._out.failed or (self.amnesiac and not message.fresh):
            return
        if message.index <= self.commit and not self.amnesiac:
            done = SnapResp(self.term, message.index, message.total)
            self._out.send_durable((sender,), done)
            return
        if self._is_fetched(sender, message, now):
            return
        try:
            snapshot = self._assembly.add(message)
        except (ValueError, KeyError, TypeError) as error:
            self._note(f"a snapshot is not readable: {error}")
            return
        if snapshot is None:
            got = SnapResp(self.term, message.index, len(self._assembly.got))
            self._out.send((sender,), got)
            return
        self._assembly = Assembly()
        self._take_snapshot(snapshot)
        self._out.send_durable((sender,), SnapResp(self.term, snapshot.index, message.total))

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
        if self._fetching is None or self._fetching[1].index != index:
            return
        (leader, piece, _), self._fetching = self._fetching, None
        if snapshot is None or self.leader != leader or self._out.failed:
            return
        offered = (piece.index, piece.last_term, piece.config, piece.total)
        config = snapshot.config.to_bytes()
        fits = (snapshot.index, snapshot.term, config, len(snapshot.state)) == offered
        if not fits or (index <= self.commit and not self.amnesiac):
            return
        self._assembly = Assembly()
        self._take_snapshot(snapshot)
        self._out.send_durable((leader,), SnapResp(self.term, index, piece.total))

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        """Hold *snapshot* in place of all before it, and of what conflicts with it."""
        if self.amnesiac:
            self._out.truncate(1)
            self.amnesiac = False
            self._note("takes the log anew")
        elif (
            self._entries.term_at(snapshot.index) != snapshot.term
            and self.last_index > snapshot.index
        ):
            self._out.truncate(snapshot.index + 1)
        if self._entries.term_at(snapshot.index) == snapshot.term:
            self._entries.compact(snapshot.index)
        else:
            self._entries.reset(snapshot.index, snapshot.term, snapshot.config)
            self._durable = snapshot.index
        self.snapshot = snapshot
        self._out.replace_snapshot(snapshot)
        self.commit = snapshot.index
        self.committed_config = self.known_config = snapshot.config
        self._bytes_since_snapshot = 0
        self._snapshot_asked = 0
        self._on_config(snapshot.config)
        self._out.emit(Restore(snapshot.index, snapshot.state))
        self._out.emit(ConfigCommitted(snapshot.index, snapshot.config))
        self._look_whether_caught_up()
        for index in [index for index in self._tickets if index <= snapshot.index]:
            _, ticket = self._tickets.pop(index)
            self._out.emit(Proposed(ticket, 0, "what came of it is not known"))

    # --- a state that is not the cluster's --------------------------------------------------------

    def mistrust(self, now: Now) -> None:
        """Lead no more until the daemon's state is `mend`ed: it is not what the log decided.

        The log itself is as good as before, so this node goes on to vote and to hold it.
        """
        self.unfit = True
        self.resign("its state is not what was decided", now)

    def mend(self, snapshot: Snapshot) -> None:
        """Begin again from *snapshot*, and give out anew what was decided after it."""
        if not self.unfit or self.amnesiac or self._out.failed:
            return
        if snapshot.index > self.commit:
            self.unfit = False
            self._take_snapshot(snapshot)
            return
        index = snapshot.index
        if index < self.snapshot.index or self._entries.term_at(index) != snapshot.term:
            self._note(f"the state after entry {index} is of no use here")
            return
        self.unfit = False
        self._hold(snapshot)
        self._out.emit(Restore(index, snapshot.state))
        for later in range(index + 1, self.commit + 1):
            entry = self._entries.at(later)
            if entry.kind is EntryKind.APP:
                self._out.emit(Committed(later, entry.term, entry.payload))

    # --- snapshots --------------------------------------------------------------------------------

    def _ask_snapshot(self) -> None:
        """Ask for the state behind the last entry when enough has been decided since the last."""
        enough = (
            self.commit - self.snapshot.index >= SNAPSHOT_ENTRIES
            or self._bytes_since_snapshot >= SNAPSHOT_BYTES
        )
        settled = self._entries.voters_at(self.commit).joint is None
        if enough and settled and not self._snapshot_asked and not self._out.failed:
            self._snapshot_asked = self.commit
            self._out.emit(TakeSnapshot(self.commit))

    def snapshot_taken(self, index: int, state: bytes) -> None:
        """Keep the daemon's state after *index* in place of the entries up to it."""
        if index != self._snapshot_asked or index <= self.snapshot.index:
            return
        term = self._entries.term_at(index)
        assert term is not None
        self._hold(Snapshot(index, term, self._entries.voters_at(index).config, state))

    def _hold(self, snapshot: Snapshot) -> None:
        """Keep *snapshot* in place of the entries up to it, but for the last of them."""
        index = snapshot.index
        self._snapshot_asked = 0
        self.snapshot = snapshot
        self._out.replace_snapshot(snapshot)
        self._bytes_since_snapshot = self._entries.size_from(index + 1)
        keep_from = max(self._entries.base_index, index - KEEP_ENTRIES)
        if self._entries.size_from(keep_from + 1) > KEEP_BYTES:
            keep_from = index
        self._entries.compact(keep_from)

    def snapshot_here(self, state: bytes) -> Snapshot:
        """Return the daemon's *state* after the last committed entry as a snapshot of its own."""
        term = self._entries.term_at(self.commit)
        assert term is not None
        return Snapshot(self.commit, term, self.committed_config, state)

    # --- reading ----------------------------------------------------------------------------------

    def read_barrier(self, ticket: int, now: Now) -> None:
        """Answer *ticket* once all that was committed before is applied here."""
        match self._role:
            case Leading():
                self._read(0, ticket, now)
            case Following(leader) if leader:
                self._reads.ask(leader, ticket, now.ms + self._down_ms)
            case _:
                self._out.emit(Readable(ticket, "no leader is known"))

    def _read(self, asker: int, number: int, now: Now) -> None:
        """Answer as the leader: at once within the lease, else after a round that begins now."""
        leading = self._role
        assert isinstance(leading, Leading)
        if not leading.mine:
            self._answer_read(asker, number, index=None)
        elif now.ms < leading.rounds.lease_until_ms:
            self._answer_read(asker, number, index=self.commit)
        else:
            leading.reads.append((asker, number, leading.rounds.number + 1))
            self._begin_round(leading, now)

    def _pass_reads(self, leading: Leading) -> None:
        waiting = leading.reads
        leading.reads = [read for read in waiting if read[2] > leading.rounds.confirmed]
        for asker, number, round_ in waiting:
            if round_ <= leading.rounds.confirmed:
                self._answer_read(asker, number, index=self.commit)

    def _answer_read(self, asker: int, number: int, *, index: int | None) -> None:
        if asker:
            self._out.send((asker,), ReadIndexResp(number, index is not None, index or 0))
        else:
            refusal = "" if index is not None else "this node does not lead the log"
            self._out.emit(Readable(number, refusal))

    def _on_read_index(self, sender: int, message: ReadIndex, now: Now) -> None:
        if isinstance(self._role, Leading):
            self._read(sender, message.number, now)
        else:
            self._out.send((sender,), ReadIndexResp(message.number, False, 0))

    def _note(self, text: str) -> None:
        self._out.emit(Note("log", text))
