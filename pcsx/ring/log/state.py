"""What the parts of a log share: the entries, the role, who is here, and what is decided.

`State` answers questions on these and changes none of them by itself, but for words that follow
from them alone. Each part changes what is its own to change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random
from typing import Final

from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.frames import Boot, Offer
from pcsx.ring.levels import FEATURES, Range
from pcsx.ring.log.entries import Entries
from pcsx.ring.log.lease import Promises, SeenLease
from pcsx.ring.log.reads import Reads
from pcsx.ring.log.roles import Following, Leading, Role
from pcsx.ring.messages import LogState
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Damage, Note, Recovered
from pcsx.ring.quorum import Voters
from pcsx.values import Now

ROUNDS_A_DOWN: Final = 10
"""How many rounds a leader asks in the time after which a peer is down, or nearly so."""


class State:
    """The log of node *me* in the life *boot*, as all its parts know it."""

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
        snapshot = recovered.snapshot
        self.me = me
        self.boot = boot
        self.random = random
        self.out = out
        self.on_config = on_config
        self.role: Role = Following()
        self.members: dict[int, Boot] = {}
        self.witness_here = False
        self.amnesiac = recovered.damage is Damage.AMNESIAC
        self.blocked = False
        self.unfit = False
        """The daemon's state is not what was decided: this node votes and follows, and never leads.
        """
        self.caught_up = False
        """Whether all that was ever decided before this life, and seen here, has been applied."""
        self.entries = Entries(snapshot.index, snapshot.term, snapshot.config)
        if not self.amnesiac:
            self.entries.append(recovered.entries)
        self.durable = self.entries.last_index
        """The last entry that is on this disk."""
        self.term_durable = recovered.hard.term
        self.commit = snapshot.index
        known = [index for index, term in recovered.decided if self.entries.term_at(index) == term]
        self.decided_before = max(known, default=0)
        """Up to where this disk knew at the start that all is decided.

        An entry that has the index and term of a decided one is that one, and so are all before it.
        """
        self.snapshot = snapshot
        self.committed_config = snapshot.config
        self.known_config: RingConfig | None = None
        """The newest configuration that was seen committed in this life."""
        self.promises = Promises()
        self.seen = SeenLease()
        self.reads = Reads(out)
        self.tickets: dict[int, tuple[int, int]] = {}
        """Own proposals by index: term and ticket."""
        self.changes: dict[int, int] = {}
        """Tickets of changes whose JOINT entry is committed, by its index."""
        self.heard: dict[int, LogState] = {}
        """What each node said its log is like."""
        self.lives: dict[int, int] = {}
        """In which life each node said so."""
        self.stamps_while_standing: dict[int, int] = {}
        self.features = features
        """The feature levels that this program speaks."""
        self.offers: dict[int, Offer] = {}
        """What others have said that they speak, in which life."""

    # --- who leads --------------------------------------------------------------------------------

    @property
    def term(self) -> int:
        """Return the newest term known."""
        return self.out.hard.term

    @property
    def leader(self) -> int:
        """Return who leads, or 0."""
        match self.role:
            case Leading():
                return self.me
            case Following(leader):
                return leader
            case _:
                return 0

    @property
    def counts(self) -> bool:
        """Return whether what this node grants counts: its log is whole, and its disk holds."""
        return not self.amnesiac and not self.out.failed

    # --- who counts -------------------------------------------------------------------------------

    @property
    def voters(self) -> Voters:
        """Return who counts, by the newest entry, committed or not."""
        return self.entries.voters

    def near(self, nodes: Collection[int]) -> set[int]:
        """Return *nodes*, and the witness if one votes and answers."""
        return {*nodes, WITNESS} if self.witness_here and self.voters.has_witness else set(nodes)

    @property
    def is_changing(self) -> bool:
        """Return whether a change of the configuration is under way."""
        return self.voters.joint is not None or self.entries.voters_index > self.commit

    def is_amnesiac(self, node: int) -> bool:
        """Return whether *node*, a member, says in this life that it has lost its log."""
        heard, member = self.heard.get(node), self.members.get(node)
        if heard is None or member is None or self.lives.get(node) != member.counter:
            return False
        return heard.amnesiac

    @property
    def spoken(self) -> dict[int, Range]:
        """Return the feature levels of those members who have said them in their present lives."""
        spoken = {
            node: self.offers[node].features
            for node, boot in self.members.items()
            if node in self.offers and self.offers[node].boot == boot
        }
        return spoken | {self.me: self.features}

    # --- the entries ------------------------------------------------------------------------------

    @property
    def last_index(self) -> int:
        """Return the index of the last entry."""
        return self.entries.last_index

    @property
    def flushed(self) -> int:
        """Return the last index that may be sent: what is appended and not yet asked of the disk
        is sent with it.
        """
        if isinstance(self.role, Leading) and self.role.unflushed:
            return self.role.unflushed[0].index - 1
        return self.last_index

    def committed(self, index: int) -> None:
        """Note that all up to *index* is decided; the disk is told with the next write."""
        self.commit = index
        term = self.entries.term_at(index)
        assert term is not None
        self.out.decided = (index, term)

    def look_whether_caught_up(self) -> None:
        """Call this log whole if its last decided entry is one that the present leader wrote.

        Asked where that is all that the leader knows to be decided. Its first entry is behind all
        that was decided before its term. Until then a node that was started does not know how much
        of its log was decided, or how much of it was lost.
        """
        if not self.caught_up and not self.amnesiac:
            self.caught_up = self.entries.term_at(self.commit) == self.term

    def unblock(self, reason: str) -> None:
        """Let this life stand for election."""
        self.blocked = False
        self.note(f"may stand for election: {reason}")

    # --- timers -----------------------------------------------------------------------------------

    @property
    def down_ms(self) -> int:
        """Return after how long a peer is down."""
        return self.entries.voters.timers.down_ms

    @property
    def beat_ms(self) -> int:
        """Return the time between heartbeats."""
        return self.entries.voters.timers.beat_ms

    @property
    def round_ms(self) -> int:
        """Return the time between rounds: some whole beats, calm ones too, and a little less.

        So a round comes when a heartbeat is nearly due, and one waking of a heart does for both.
        """
        calm_ms = self.entries.voters.timers.calm_ms
        beats = max(1, round(self.down_ms / (ROUNDS_A_DOWN * calm_ms)))
        return beats * calm_ms - self.beat_ms // 16

    def patient(self, now: Now) -> int:
        """Return when to stand if nobody is heard of until then: one to two times *down*."""
        return now.ms + self.down_ms + self.random.randrange(self.down_ms)

    def note(self, text: str) -> None:
        """Tell people *text*."""
        self.out.emit(Note("log", text))
