"""The ring's machine in the brain: views, ordered messages, the log and quorum, joined.

`Machine` answers the events of `port.py` with its effects. It owns the rules that lie between the
parts: log messages come from members of the view alone, a gathering without the leader may elect
another, and a node is quorate while its view has quorum and a quorum has lately confirmed a
leader. It begins with the first event that it is given: until then `deadline_ms` is 0.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from random import Random
from typing import Final

from pcsx.ring.codec import Malformed
from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.damping import HOLD_MS, HOLD_MS_MAX
from pcsx.ring.frames import (
    Boot,
    Configure,
    Farewell,
    Heard,
    Offer,
    PeerState,
    Reach,
    Rows,
    Told,
    Why,
)
from pcsx.ring.join import public_of
from pcsx.ring.levels import FEATURES, Range, misfit, speaks
from pcsx.ring.log import Log, LogStatus
from pcsx.ring.log.changes import held_back
from pcsx.ring.messages import (
    Ack,
    AppResp,
    Complete,
    Data,
    Direct,
    Flush,
    Install,
    Installed,
    Join,
    Message,
    Nack,
    Ordered,
    Plan,
    Prepare,
    PreVoteResp,
    VoteResp,
    decode,
)
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import (
    FenceProof,
    ForceNew,
    FromHeart,
    FromWitness,
    HardState,
    Intend,
    Leave,
    Left,
    MachineEffect,
    MachineEvent,
    Mended,
    Mistrust,
    Multicast,
    Note,
    PeerReach,
    Persisted,
    PersistFailed,
    Propose,
    Proposed,
    Quorum,
    ReadBarrier,
    Received,
    Reconfigure,
    Recovered,
    Say,
    SendTo,
    Snapshot,
    SnapshotFetched,
    SnapshotTaken,
    Tick,
    Unblock,
    Verdict,
    View,
    WitnessReach,
)
from pcsx.ring.quorum import Voters, flags_of, keep_ms, tally
from pcsx.ring.view import Views
from pcsx.values import Now, earlier

PAYLOAD_MAX: Final = 960 * 1024
"""The largest message or proposal: with what is around it, it fits one `Transmit`."""

_VIEW_MESSAGES: Final = (Join, Prepare, Flush, Plan, Complete, Install, Installed)
_ORDER_MESSAGES: Final = (Data, Ordered, Ack, Nack)
_LIFE_IS_OVER: Final = (Why.DIED, Why.LEFT, Why.REBOOTED, Why.PANIC)


class Machine:
    """The ring, as node *me* lives it in the life *boot*, from what the disk held."""

    def __init__(
        self,
        me: int,
        boot: Boot,
        recovered: Recovered,
        random: Random,
        *,
        identity: bytes = b"",
        others: tuple[bytes, ...] = (),
        psks: tuple[bytes, ...] = (),
        features: Range = FEATURES,
    ) -> None:
        self.me = me
        self.dropped = 0
        """Messages that were not taken: not readable, or not from a member."""
        self._boot = boot
        self._identities = (identity, *others)
        self._psks = psks
        self.features = features
        """The feature levels that this program speaks."""
        self._refused: dict[int, str] = {}
        """Who is not let in, for it does not speak the cluster's level, and why in words."""
        self._outdated = False
        self._begun = False
        self._left = False
        self._settles = True
        """Whether the step in progress may have moved more than the order of messages."""
        self._log_due_known = False
        self._log_due_ms: int | None = None
        """When the log, or quorum, wants a tick, where it is known."""
        self._out = Outbox(recovered.hard)
        self._log = Log(me, boot, recovered, random, self._out, self._on_config, features)
        config = self._log.voters.newest
        self._views = Views(me, boot, config, self._out, lambda: self._log.state)
        self._quorum: Quorum | None = None
        self._new_config: RingConfig | None = None
        self._judged: tuple[Voters, View | None, bool, bool] | None = None

    # --- what others ask --------------------------------------------------------------------------

    @property
    def gathering(self) -> bool:
        """Tell whether more events are here already, for what is sent to wait for each other."""
        return self._out.gathering

    @gathering.setter
    def gathering(self, more: bool) -> None:
        self._out.gathering = more

    @property
    def view(self) -> View | None:
        """Return the present view, or the last one while another is formed."""
        return self._views.view

    @property
    def leader(self) -> int:
        """Return who leads the log, or 0 where nobody is known to."""
        return self._log.leader

    @property
    def term(self) -> int:
        """Return the newest term known."""
        return self._log.term

    @property
    def leading(self) -> bool:
        """Return whether this node leads, and has committed an entry of its term."""
        return self._log.is_leading

    @property
    def quorate(self) -> bool:
        """Return whether this node has quorum, in the sense of RING.md 6."""
        return self._quorum is not None and self._quorum.quorate

    @property
    def config(self) -> RingConfig:
        """Return the newest configuration that is known to be decided."""
        return self._log.committed_config

    @property
    def held_out(self) -> dict[int, str]:
        """Return who is heard and not let in, and why, in words."""
        if not self._refused:
            return self._views.company.held_out
        members = self._views.members
        refused = {node: text for node, text in self._refused.items() if node not in members}
        return refused | self._views.company.held_out

    @property
    def held_back(self) -> dict[int, str]:
        """Return who keeps the cluster from the next feature level, if anybody here speaks that."""
        config, spoken = self._log.committed_config, self._log.spoken
        if not any(speaks(features, config.level + 1) for features in spoken.values()):
            return {}
        return held_back(config, {self.me, *self._views.members}, spoken)

    def require_fencing(self, required: bool) -> None:
        """Note whether nodes that are lost are fenced: else only a member tells what runs there.

        Then nobody is held out for longer than the first time, however often it is lost.
        """
        self._views.company.damping.hold_max_ms = HOLD_MS_MAX if required else HOLD_MS

    @property
    def commit_index(self) -> int:
        """Return the index of the last entry that is known to be decided."""
        return self._log.commit

    def use_keys(self, psks: tuple[bytes, ...]) -> list[MachineEffect]:
        """Go by *psks*, the active one first; return what tells the heart."""
        self._psks = psks
        self._tell_heart(self._log.voters.newest)
        return self._out.take()

    def use_identities(self, identities: tuple[bytes, ...]) -> list[MachineEffect]:
        """Be known by any of *identities*, this node's keys; return what tells the heart."""
        self._identities = identities
        self._tell_heart(self._log.voters.newest)
        return self._out.take()

    def configure(self, config: RingConfig) -> Configure:
        """Return what tells the heart who this node is in the ring of *config*."""
        identity, *others = self._identities
        if others:
            known = next((node.key for node in config.nodes if node.id == self.me), b"")
            fits = (each for each in self._identities if public_of(each) == known)
            identity = next(fits, identity)
            others = [each for each in self._identities if each != identity]
        return Configure(
            self.me, self._boot, config.to_bytes(), identity, self._psks, tuple(others)
        )

    def snapshot_here(self, state: bytes) -> Snapshot:
        """Return a snapshot of what is committed now, for a newcomer; *state* is the daemon's."""
        return self._log.snapshot_here(state)

    @property
    def snapshot(self) -> Snapshot:
        """Return the log's newest snapshot, which a leader offers to who is far behind."""
        return self._log.snapshot

    @property
    def hard(self) -> HardState:
        """Return what the disk was last asked never to forget."""
        return self._out.hard

    @property
    def solo_target(self) -> tuple[int, int] | None:
        """Return the node and boot whose confirmed fencing lets this one go on alone, if any.

        It is the lost one of a pair of voters; the delay that keeps two from fencing each other
        is the daemon's, and so is not to ask while this node doubts itself.
        """
        return self._log.solo_target

    @property
    def partner(self) -> int:
        """Return the other voter where the newest configuration counts a pair, else 0."""
        return self._log.partner

    @property
    def blocked(self) -> bool:
        """Return whether this life may not stand before it has seen all voters once."""
        return self._log.blocked

    def near(self, nodes: Collection[int]) -> set[int]:
        """Return *nodes*, and the witness if one votes and answers."""
        return self._log.near(nodes)

    @property
    def caught_up(self) -> bool:
        """Return whether what is decided here is no older than what this node once had.

        It may be from the start of this life until a leader has told what was decided meanwhile.
        """
        return self._log.caught_up and not self._log.unfit

    @property
    def is_admitted(self) -> bool:
        """Return whether this life of the node counts for both voters of a pair."""
        return self._log.is_admitted

    @property
    def voters(self) -> Voters:
        """Return who counts in the log by its newest entry, committed or not."""
        return self._log.voters

    def sees_lease(self, term: int, now: Now) -> bool:
        """Return whether the lease of *term*'s leader is seen here now: an order may be begun."""
        return self._log.sees_lease(term, now)

    def log_status(self, now: Now) -> LogStatus:
        """Return where the log stands, for people."""
        return self._log.status(now)

    @property
    def deadline_ms(self) -> int | None:
        """Return when a `Tick` is wanted; at once before the first event."""
        if not self._begun:
            return 0
        if self._left:
            return None
        if not self._log_due_known:
            self._log_due_known, self._log_due_ms = True, self._log.deadline_ms
            if self._quorum is not None and self._quorum.quorate:
                self._log_due_ms = earlier(self._log_due_ms, self._kept_until_ms)
        return earlier(self._views.deadline_ms, self._log_due_ms)

    # --- the step ---------------------------------------------------------------------------------

    def step(self, event: MachineEvent, now: Now) -> list[MachineEffect]:
        """Return what *event* leads to."""
        if self._left:
            return []
        if not self._begun:
            self._begin(now)
        # What the order of messages alone took is told to no other part.
        self._settles = event.__class__ is not Multicast
        self._take(event, now)
        if self._settles and not self._left:
            self._settle(now)
            self._log_due_known = False
        return self._out.take()

    def _begin(self, now: Now) -> None:
        self._begun = True
        counter = max(self._boot.counter, self._out.hard.boot_counter)
        self._out.remember(boot_counter=counter)
        self._log.begin(now)  # first, for the disk may know of a later level than the snapshot
        self._tell_heart(self._log.voters.newest)
        self._views.begin(now)
        self._judge_levels()

    def _take(self, event: MachineEvent, now: Now) -> None:
        match event:
            case FromHeart(frame=Heard() as frame):
                self._on_heard(frame, now)
            case Multicast(payload=payload, safe=safe):
                assert len(payload) <= PAYLOAD_MAX, "a message of this size is never ordered"
                self._views.multicast(payload, safe=safe, now=now)
            case FromHeart(frame=PeerState() as frame):
                self._on_peer_state(frame, now)
            case FromHeart(frame=Rows() as frame):
                self._views.rows(frame, now)
            case FromHeart(frame=Told() as frame):
                self._on_told(frame, now)
            case FromHeart(frame=Offer() as frame):
                self._log.offered(frame)
                self._judge_levels()
            case FromHeart():
                pass  # beats, doubt and counters are not the machine's
            case Tick():
                self._views.tick(now)
                self._log.tick(now)
            case Persisted(ticket=ticket):
                for durable in self._out.persisted(ticket):
                    self._views.durable(durable.hard.view_epoch, now)
                    self._log.durable(durable, now)
            case PersistFailed(reason=reason):
                self._on_disk_failed(reason, now)
            case SendTo(node=node, payload=payload):
                self._send_to(node, payload)
            case Propose(ticket=ticket, payload=payload, awaited=awaited):
                if len(payload) > PAYLOAD_MAX:
                    self._out.emit(Proposed(ticket, 0, f"larger than {PAYLOAD_MAX} bytes"))
                else:
                    self._log.propose(ticket, payload, awaited=awaited)
            case Reconfigure(ticket=ticket, config=config, base=base):
                self._log.reconfigure(ticket, config, base=base)
            case ReadBarrier(ticket=ticket):
                self._log.read_barrier(ticket, now)
            case FenceProof(ticket=ticket, node=node, boot=boot, fact=fact):
                self._log.go_on_alone(ticket, node, boot, fact, now)
            case ForceNew():
                self._log.force_new(event, now)
            case FromWitness(payload=payload):
                self._on_witness(payload, now)
            case WitnessReach(here=here):
                self._log.witness_reached(here, now)
                self._judged = None
            case Unblock(by=by):
                self._log.unblock(by, now)
            case Intend(ticket=ticket, node=node, boot=boot):
                self._log.intend(ticket, node, boot)
            case SnapshotFetched(index=index, snapshot=snapshot):
                self._log.snapshot_fetched(index, snapshot)
            case Mistrust():
                self._log.mistrust(now)
            case Mended(snapshot=snapshot):
                self._log.mend(snapshot)
            case SnapshotTaken(index=index, state=state):
                self._log.snapshot_taken(index, state)
            case Leave():
                self._leave(now)

    def _settle(self, now: Now) -> None:
        """Carry the news of one part to the others, and tell what has changed."""
        if self._new_config is not None:
            config, self._new_config = self._new_config, None
            self._views.configure(config, now)
        if self._views.fresh_view:
            self._views.fresh_view = False
            self._log.view_changed(self._views.members, now)
        if self._views.fresh_joins:
            self._views.fresh_joins = False
            self._weigh_joins(now)
        self._log.settle(now)
        self._views.company.leader = self._log.leader
        self._judge_quorum(now)

    def _weigh_joins(self, now: Now) -> None:
        """Tell the log where those stand who would be in the next view."""
        states = {self.me: self._log.state}
        lives = {self.me: self._boot.counter}
        for node, join in self._views.company.joins.items():
            if node in self._views.proposed:
                states[node] = join.log
                lives[node] = self._views.life_of_join(node)
        self._log.gathered(states, lives, now)

    # --- the network ------------------------------------------------------------------------------

    def _on_heard(self, frame: Heard, now: Now) -> None:
        try:
            message: Message = decode(frame.payload)
        except Malformed:
            self.dropped += 1
            return
        sender = frame.node
        if isinstance(message, _VIEW_MESSAGES):
            self._views.hear(sender, frame.boot, message, now)
        elif self._views.members.get(sender) != frame.boot:
            self.dropped += 1
        elif isinstance(message, _ORDER_MESSAGES):
            self._settles = self._views.hear_order(sender, message, now)
        elif isinstance(message, Direct):
            self._out.emit(Received(sender, message.payload))
        else:
            self._log.receive(sender, message, now)

    def _on_witness(self, payload: bytes, now: Now) -> None:
        try:
            message: Message = decode(payload)
        except Malformed:
            self.dropped += 1
            return
        if isinstance(message, PreVoteResp | VoteResp | AppResp) and self._log.voters.has_witness:
            self._log.receive(WITNESS, message, now)
        else:
            self.dropped += 1

    def _send_to(self, node: int, payload: bytes) -> None:
        assert len(payload) <= PAYLOAD_MAX, "a message of this size is never carried"
        if node == self.me:
            self._out.emit(Received(node, payload))
        elif node in self._views.members:
            self._out.send((node,), Direct(payload))

    def _on_peer_state(self, peer: PeerState, now: Now) -> None:
        self._out.emit(PeerReach(peer.node, peer.reach, peer.why, peer.boot, peer.since_ms))
        if peer.why in _LIFE_IS_OVER and (peer.reach is Reach.DOWN or peer.why is Why.REBOOTED):
            self._log.life_is_over(peer.node, now)
        self._views.peer_state(peer, now)

    def _on_told(self, told: Told, now: Now) -> None:
        if told.verdict != "LINEAGE":
            # Another lineage is no part of this cluster: what it says changes nothing here.
            self._log.resign(f"told {told.verdict}: {told.reason}", now)
        self._out.emit(Verdict(told.verdict, told.reason))

    def _tell_heart(self, config: RingConfig) -> None:
        """Configure the heart, once this life is on the disk: for the level that is decided."""
        frame = self.configure(replace(config, level=self._log.committed_config.level))
        if self._out.failed:
            self._out.emit(Say(frame))
        else:
            self._out.emit_durable(Say(frame))

    def _leave(self, now: Now) -> None:
        self._out.gathering = False
        self._views.tick(now)  # what was said before, and gathered
        self._log.hand_over(now)
        self._log.settle(now)
        self._out.emit(Say(Farewell()))
        self._out.emit(Left())
        self._left = True

    # --- the log ----------------------------------------------------------------------------------

    def _on_config(self, config: RingConfig) -> None:
        self._tell_heart(config)
        self._new_config = config
        self._judge_levels()

    def _judge_levels(self) -> None:
        """Find out who does not fit the feature level; a program that is too old ends its life."""
        level, offers = self._log.committed_config.level, self._log.offers
        texts = {node: misfit(offer.features, level) for node, offer in offers.items()}
        before = self._refused
        self._refused = {node: f"refused: {text}" for node, text in texts.items() if text}
        names = {node.id: node.name for node in self._log.committed_config.nodes}
        for node, text in sorted(self._refused.items()):
            if before.get(node) != text and node in names:
                self._out.emit(Note("ring", f"{names[node]} is {text}"))
        if level > self.features[1] and not self._outdated:
            self._outdated = True
            self._out.emit(Verdict("VERSION", misfit(self.features, level)))

    def _on_disk_failed(self, reason: str, now: Now) -> None:
        if self._out.failed:
            return
        self._out.emit(Note("log", f"the disk failed, this node counts for nothing now: {reason}"))
        self._out.fail()
        self._log.disk_failed(now)
        self._views.disk_failed(now)

    # --- quorum -----------------------------------------------------------------------------------

    @property
    def _keep_ms(self) -> int:
        return keep_ms(self._log.voters.timers)

    @property
    def _kept_until_ms(self) -> int | None:
        confirmed_ms = self._log.confirmed_ms
        return None if confirmed_ms is None else confirmed_ms + self._keep_ms

    def _judge_quorum(self, now: Now) -> None:
        """Work out whether this node has quorum, and say so when it is news."""
        until_ms = self._kept_until_ms
        confirmed = until_ms is not None and now.ms < until_ms
        voters, view = self._log.voters, self._views.view
        judged = (voters, view, confirmed, self._log.blocked)
        if view is None or judged == self._judged:
            return
        self._judged = judged
        count = tally(voters, self._log.near(self._views.members))
        quorate, reason = count.quorate, count.reason
        if quorate and not confirmed:
            quorate, reason = False, "no leader has been confirmed"
        flags = flags_of(voters, blocked=self._log.blocked)
        quorum = Quorum(quorate, count.votes, count.expected, count.needed, reason, flags)
        if quorum != self._quorum:
            self._quorum = quorum
            self._out.emit(quorum)
