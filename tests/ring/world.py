"""A small world for the ring's machines: virtual time, a fake heart, a network and disks.

One seed decides all chance. After every step the world judges what must never break: E1 to E6,
one leader a term, no two leases, one history, acknowledged proposals kept, votes given once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from pcsx.ring.config import WITNESS, Address, RingConfig, RingNode, WitnessSeat
from pcsx.ring.frames import Boot, Heard, PeerState, Reach, Row, Rows, Transmit, Why
from pcsx.ring.machine import Machine
from pcsx.ring.messages import VoteResp, decode, encode
from pcsx.ring.port import (
    Committed,
    ConfigCommitted,
    Damage,
    Deliver,
    Entry,
    Examine,
    FenceProof,
    FromHeart,
    FromWitness,
    HardState,
    MachineEffect,
    MachineEvent,
    Multicast,
    Note,
    Persist,
    Persisted,
    PersistFailed,
    Propose,
    Proposed,
    Readable,
    Reconfigure,
    Recovered,
    Regular,
    Restore,
    Say,
    Snapshot,
    SnapshotFetched,
    SnapshotTaken,
    TakeSnapshot,
    Tick,
    ToWitness,
    Transitional,
    WitnessReach,
)
from pcsx.ring.witness import Seat, Witness
from pcsx.values import NodeName, Now

WALL = datetime(2026, 1, 1, tzinfo=UTC)
VOTE_RESP = 43


SEAT: Final = WitnessSeat((Address("192.0.2.9", 5451),), b"w" * 32, 5)


def config_of(
    count: int,
    *,
    profile: str = "standard",
    options: Any = (),
    witness: WitnessSeat | None = None,
) -> RingConfig:
    """Return a cluster of *count* nodes with one vote each."""
    nodes = tuple(
        RingNode(n, NodeName(f"n{n}"), (Address(f"10.0.0.{n}", 5450),), bytes([n]) * 32)
        for n in range(1, count + 1)
    )
    return RingConfig("0" * 32, "test", 7, nodes, profile, tuple(options), witness)


def founding(config: RingConfig) -> Recovered:
    """Return what a disk holds after the founding."""
    return Recovered(HardState(), Snapshot(1, 0, config, b"founded"), ())


@dataclass
class Disk:
    """What survives a crash, and what is on its way to it."""

    hard: HardState
    snapshot: Snapshot
    entries: list[Entry]
    damage: Damage = Damage.CLEAN
    decided: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    """What the hard state and the log say was decided last, by index and term."""
    queue: list[Persist] = field(default_factory=list)
    busy: bool = False
    failing: bool = False

    def remember(self, persist: Persist) -> None:
        """Make the hard state of *persist* durable, which is written before its log."""
        if persist.hard is not None:
            assert persist.hard.term >= self.hard.term, "a term fell"
            assert persist.hard.view_epoch >= self.hard.view_epoch, "an epoch fell"
            if persist.hard.term == self.hard.term and self.hard.voted_for:
                assert persist.hard.voted_for == self.hard.voted_for, "a vote changed"
            self.hard, self.decided = persist.hard, (persist.decided, self.decided[1])

    def perform(self, persist: Persist) -> None:
        """Make *persist* durable."""
        self.remember(persist)
        if persist.entries:
            self.decided = (self.decided[0], persist.decided)
        if persist.truncate_from:
            self.entries = [e for e in self.entries if e.index < persist.truncate_from]
        self.entries += persist.entries
        if persist.snapshot is not None:
            self.snapshot = persist.snapshot
            self.entries = [e for e in self.entries if e.index > persist.snapshot.index]
            if persist.truncate_from == 1:
                self.damage, self.decided = Damage.CLEAN, ((0, 0), (0, 0))
        expected = self.snapshot.index + 1
        for entry in self.entries:
            assert entry.index == expected, f"a gap on the disk at {expected}"
            expected += 1

    def recovered(self) -> Recovered:
        """Return what a start finds."""
        return Recovered(
            self.hard, self.snapshot, tuple(self.entries), self.damage, decided=self.decided
        )


@dataclass
class Site:
    """One node: its machine while it lives, its disk always."""

    id: int
    disk: Disk
    machine: Machine | None = None
    boots: int = 0
    boot: Boot = field(default_factory=lambda: Boot(0, 0))
    offset_ms: int = 0
    """How its clock differs from the world's."""
    last_heard: dict[int, int] = field(default_factory=dict)
    peers: dict[int, PeerState] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    row_seq: int = 0
    tick_at: int | None = None
    # what it told
    view: Any = None
    last_view_id: Any = None
    delivered: dict[Any, list[tuple[int, int, bytes]]] = field(default_factory=dict)
    transitional: bool = False
    state: bytes = b""
    applied: int = 0
    recalls: bool = False
    """It has just begun: what it gives out, its disk alone told."""
    got: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    """Own multicasts of this life."""
    config: Any = None
    witness_here: bool = False
    notes: list[str] = field(default_factory=list)
    proposed: dict[int, Proposed] = field(default_factory=dict)
    readable: dict[int, Readable] = field(default_factory=dict)
    effects: list[MachineEffect] = field(default_factory=list)


class World:
    """N nodes, and all that is around them."""

    def __init__(
        self,
        count: int,
        seed: int = 0,
        *,
        config: RingConfig | None = None,
        machine: Callable[..., Machine] = Machine,
        loss: float = 0.0,
        duplicate: float = 0.0,
        delay_ms: tuple[int, int] = (0, 1),
        disk_ms: tuple[int, int] = (1, 3),
        keep_effects: bool = False,
    ) -> None:
        self.random = Random(seed)
        self.config = config or config_of(count)
        self.timers = self.config.timers
        self.loss, self.duplicate = loss, duplicate
        self.delay_ms, self.disk_ms = delay_ms, disk_ms
        self.now_ms = 1_000_000
        self.make = machine
        self.keep_effects = keep_effects
        self.cut: set[tuple[int, int]] = set()
        """Directed links that carry nothing: (from, to)."""
        self.forgets_votes = False
        self.sites = {
            n: Site(n, Disk(HardState(), founding(self.config).snapshot, []))
            for n in range(1, count + 1)
        }
        for site in self.sites.values():
            site.offset_ms = self.random.randrange(10_000)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self._rounds = 0
        # the judge's memory
        self.leaders: dict[int, int] = {}
        self.history: dict[int, tuple[int, bytes]] = {}
        self.acknowledged: dict[int, bytes] = {}
        self.votes: dict[tuple[int, int], int] = {}
        self.places: dict[tuple[Any, int], tuple[int, bytes]] = {}
        self.moves: dict[tuple[Any, Any, tuple[int, ...]], int] = {}
        self.proposals: dict[int, bytes] = {}
        self._next_ticket = 0
        self.messages = 0
        self.steps = 0
        self.seat = Seat(5, self.config)
        """What the witness has on its disk."""
        self.witness = Witness(self.seat, 0) if self.config.witness is not None else None
        self.witness_cut: set[int] = set()
        """Nodes that do not reach the witness."""
        self._witness_lives = 0
        self._at(0, self._beat)

    # --- time -------------------------------------------------------------------------------------

    def _at(self, delay_ms: int, act: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (self.now_ms + delay_ms, self._order, act))

    def run(self, duration_ms: int, until: Callable[[], bool] | None = None) -> bool:
        """Let time pass; stop early and return True when *until* holds."""
        end_ms = self.now_ms + duration_ms
        while self._heap and self._heap[0][0] <= end_ms:
            self.now_ms, _, act = heapq.heappop(self._heap)
            act()
            if until is not None and until():
                return True
        self.now_ms = end_ms
        return until is not None and until()

    def now(self, site: Site) -> Now:
        return Now(self.now_ms + site.offset_ms, WALL)

    # --- nodes ------------------------------------------------------------------------------------

    def start(self, *nodes: int) -> None:
        """Begin a life of each of *nodes*, or of all."""
        for node in nodes or tuple(self.sites):
            site = self.sites[node]
            assert site.machine is None
            site.boots = max(site.boots, site.disk.hard.boot_counter) + 1
            site.boot = Boot(site.boots, self.random.getrandbits(64))
            site.machine = self.make(
                node, site.boot, site.disk.recovered(), Random(self.random.getrandbits(32))
            )
            site.last_heard, site.peers, site.rows = {}, {}, {}
            site.view, site.transitional = None, False
            site.witness_here = False
            site.state, site.applied, site.sent, site.got = b"", 0, [], []
            site.tick_at = None
            site.recalls = True
            self.step(site, Tick())
            site.recalls = False

    def crash(self, node: int, *, will: bool = False, keep_tail: bool = False) -> None:
        """End the life of *node*: what was not on the disk is lost, or a part of it is not."""
        site = self.sites[node]
        queue, site.disk.queue = site.disk.queue, []
        if keep_tail:
            kept = self.random.randrange(len(queue) + 1)
            for persist in queue[:kept]:
                site.disk.perform(persist)
            for persist in queue[kept : kept + 1]:
                site.disk.remember(persist)
        if self.forgets_votes:
            site.disk.hard = replace(site.disk.hard, term=0, voted_for=0)
        site.machine = None
        site.disk.busy = False
        if will:
            for other in self.sites.values():
                known = other.peers.get(node)
                if known and other.machine and (node, other.id) not in self.cut:
                    self._tell(other, replace(known, reach=Reach.DOWN, why=Why.DIED))

    def lives(self) -> list[Site]:
        return [site for site in self.sites.values() if site.machine is not None]

    def machine(self, node: int) -> Machine:
        machine = self.sites[node].machine
        assert machine is not None
        return machine

    def step(self, site: Site, event: MachineEvent) -> None:
        """Give *event* to a node's machine and do what it asks."""
        if site.machine is None:
            return
        self.steps += 1
        machine = site.machine
        for effect in machine.step(event, self.now(site)):
            self._perform(site, effect)
        self._judge(site)
        if site.machine is None:
            return
        deadline_ms = machine.deadline_ms
        if deadline_ms is not None:
            at_ms = max(self.now_ms, deadline_ms - site.offset_ms)
            if site.tick_at is None or at_ms < site.tick_at or site.tick_at < self.now_ms:
                site.tick_at = at_ms
                self._at(at_ms - self.now_ms, lambda: self._tick(site, machine, at_ms))

    def _tick(self, site: Site, machine: Machine, at_ms: int) -> None:
        if site.machine is not machine or site.tick_at != at_ms:
            return
        site.tick_at = None
        deadline_ms = machine.deadline_ms
        if deadline_ms is None:
            return
        if deadline_ms - site.offset_ms <= self.now_ms:
            self.step(site, Tick())
        else:
            site.tick_at = deadline_ms - site.offset_ms
            due = site.tick_at
            self._at(due - self.now_ms, lambda: self._tick(site, machine, due))

    # --- the witness ------------------------------------------------------------------------------

    def end_witness(self) -> None:
        """End the witness's daemon: what was not on its disk is lost."""
        self.witness = None
        self._witness_lives += 1

    def begin_witness(self) -> None:
        """Begin it again, with what its disk has."""
        self.witness = Witness(self.seat, self.now_ms)

    def _watch_witness(self, site: Site) -> None:
        here = self.witness is not None and site.id not in self.witness_cut
        if here != site.witness_here:
            site.witness_here = here
            self.step(site, WitnessReach(here))

    def _ask_witness(self, site: Site, payload: bytes) -> None:
        life, machine, boot = self._witness_lives, site.machine, site.boot

        def reachable() -> bool:
            alive = self.witness is not None and self._witness_lives == life
            return alive and site.id not in self.witness_cut and site.machine is machine

        def arrive() -> None:
            witness = self.witness
            if not reachable() or witness is None:
                return
            message = decode(payload)
            answer = witness.receive(site.id, boot.counter, message, self.now_ms)  # type: ignore[arg-type]
            seat = witness.seat
            if isinstance(answer, VoteResp) and answer.granted:
                key = (WITNESS, answer.term)
                assert self.votes.setdefault(key, site.id) == site.id, "the witness voted twice"

            def durable() -> None:
                if self._witness_lives == life:
                    self.seat = seat
                if reachable() and answer is not None:
                    self.step(site, FromWitness(encode(answer)))

            self._at(2, durable)

        if self.random.random() >= self.loss:
            self._at(self.delay_ms[1], arrive)

    # --- the heart --------------------------------------------------------------------------------

    def _passes(self, sender: int, receiver: int) -> bool:
        return (sender, receiver) not in self.cut

    def _beat(self) -> None:
        """Do what all hearts do once a beat."""
        self._at(self.timers.beat_ms // 2, self._beat)
        lives = self.lives()
        for site in lives:
            for other in lives:
                if other is not site and self._passes(other.id, site.id):
                    known = site.peers.get(other.id)
                    there_and_back = self._passes(site.id, other.id)
                    if there_and_back or (known and known.boot == other.boot):
                        site.last_heard[other.id] = self.now_ms
        for site in lives:
            hears = 1 << site.id
            for other, heard_ms in site.last_heard.items():
                if self.now_ms - heard_ms < self.timers.down_ms:
                    hears |= 1 << other
            known_row = site.rows.get(site.id)
            if known_row is None or known_row.hears != hears:
                site.row_seq += 1
                site.rows[site.id] = Row(site.id, site.boot, site.row_seq, hears, False)
        for site in lives:
            before = dict(site.rows)
            for other in lives:
                if other is not site and self._passes(other.id, site.id):
                    site.rows[other.id] = other.rows[other.id]
            if site.rows != before or site.peers == {}:
                rows = tuple(site.rows[n] for n in sorted(site.rows))
                self.step(site, FromHeart(Rows(rows)))
        for site in lives:
            for other in self.sites.values():
                if other is not site and site.machine is not None:
                    self._watch(site, other)
            if self.config.witness is not None and site.machine is not None:
                self._watch_witness(site)

    def _watch(self, site: Site, other: Site) -> None:
        known = site.peers.get(other.id)
        heard_ms = site.last_heard.get(other.id)
        if heard_ms is None:
            return
        silent_ms = self.now_ms - heard_ms
        if silent_ms == 0 and other.machine is not None:
            if known is None or known.boot != other.boot or known.reach is not Reach.UP:
                if not self._passes(site.id, other.id) and (
                    known is None or known.boot != other.boot
                ):
                    return
                reborn = known is not None and known.boot != other.boot
                why = Why.REBOOTED if reborn else Why.HEARD
                self._tell(site, PeerState(other.id, Reach.UP, why, other.boot, self.now_ms))
            return
        if known is None or known.reach is Reach.DOWN:
            return
        if silent_ms >= self.timers.down_ms and self._all_agree(site, other.id):
            self._tell(site, replace(known, reach=Reach.DOWN, why=Why.SILENCE))
        elif silent_ms >= self.timers.suspect_ms and known.reach is Reach.UP:
            self._tell(site, replace(known, reach=Reach.SUSPECT, why=Why.SILENCE))

    def _all_agree(self, site: Site, node: int) -> bool:
        for other, row in site.rows.items():
            if other in (site.id, node) or not row.hears >> node & 1:
                continue
            if self.now_ms - site.last_heard.get(other, 0) < self.timers.down_ms:
                return False
        return True

    def _tell(self, site: Site, frame: PeerState) -> None:
        site.peers[frame.node] = frame
        self.step(site, FromHeart(frame))

    # --- effects ----------------------------------------------------------------------------------

    def _perform(self, site: Site, effect: MachineEffect) -> None:
        if self.keep_effects:
            site.effects.append(effect)
        match effect:
            case Say(frame=Transmit(nodes, payload)):
                for node in nodes:
                    self._carry(site, self.sites[node], payload)
            case ToWitness(payload):
                self._ask_witness(site, payload)
            case Persist():
                site.disk.queue.append(effect)
                self._spin(site)
            case TakeSnapshot(index=index):
                assert index == site.applied
                self._at(1, self._told(site, SnapshotTaken(index, site.state)))
            case Examine(snapshot):
                self._at(1, self._told(site, SnapshotFetched(snapshot.index, snapshot)))
            case Restore(index=index, state=state):
                site.state, site.applied = state, index
            case Committed():
                self._on_committed(site, effect)
            case Deliver():
                self._on_deliver(site, effect)
            case Transitional():
                assert not site.transitional
                site.transitional = True
                self._on_transitional(site, effect)
            case Regular():
                self._on_regular(site, effect)
            case Proposed():
                assert effect.ticket not in site.proposed, "answered twice"
                site.proposed[effect.ticket] = effect
                if effect.index:
                    self.acknowledged[effect.index] = self.proposals[effect.ticket]
            case Readable():
                site.readable[effect.ticket] = effect
            case ConfigCommitted(config=config):
                site.config = config
            case Note(text=text):
                site.notes.append(f"{self.now_ms - 1_000_000} n{site.id}: {text}")
            case _:
                pass

    def _told(self, site: Site, event: MachineEvent) -> Callable[[], None]:
        """Return what gives *event* to the life that *site* has now, if it lives on."""
        machine = site.machine

        def told() -> None:
            if site.machine is machine:
                self.step(site, event)

        return told

    def _carry(self, sender: Site, receiver: Site, payload: bytes) -> None:
        if payload[1] == VOTE_RESP:
            message = decode(payload)
            assert isinstance(message, VoteResp)
            if message.granted:
                key = (sender.id, message.term)
                assert self.votes.setdefault(key, receiver.id) == receiver.id, "voted twice"
        machine, boot = receiver.machine, sender.boot
        copies = 1 + (self.random.random() < self.duplicate)
        for _ in range(copies):
            if self.random.random() < self.loss:
                continue
            self.messages += 1

            def arrive() -> None:
                known = receiver.peers.get(sender.id)
                if receiver.machine is not machine or known is None or known.boot != boot:
                    return
                if self._passes(sender.id, receiver.id):
                    self.step(receiver, FromHeart(Heard(sender.id, boot, payload)))

            self._at(self.random.randint(*self.delay_ms), arrive)

    def _spin(self, site: Site) -> None:
        """Let the disk do the next thing that it was asked for."""
        disk, machine = site.disk, site.machine
        if disk.busy or not disk.queue:
            return
        disk.busy = True

        def done() -> None:
            if site.machine is not machine:
                return
            persist = disk.queue.pop(0)
            disk.busy = False
            if disk.failing:
                self.step(site, PersistFailed(persist.ticket, "no space left on device"))
            else:
                disk.perform(persist)
                self.step(site, Persisted(persist.ticket))
            self._spin(site)

        self._at(self.random.randint(*self.disk_ms), done)

    # --- what the daemon would do -----------------------------------------------------------------

    def multicast(self, node: int, payload: bytes, *, safe: bool = False) -> None:
        self.sites[node].sent.append(payload)
        self.step(self.sites[node], Multicast(payload, safe))

    def propose(self, node: int, payload: bytes, *, awaited: bool = True) -> int:
        self._next_ticket += 1
        self.proposals[self._next_ticket] = payload
        self.step(self.sites[node], Propose(self._next_ticket, payload, awaited))
        return self._next_ticket

    def prove(self, node: int, target: int, boot: int) -> int:
        """Tell *node* that fencing of *target* in its life *boot* is confirmed."""
        self._next_ticket += 1
        self.proposals[self._next_ticket] = b""
        self.step(self.sites[node], FenceProof(self._next_ticket, target, boot))
        return self._next_ticket

    def reconfigure(self, node: int, config: RingConfig) -> int:
        self._next_ticket += 1
        self.proposals[self._next_ticket] = b""
        self.step(self.sites[node], Reconfigure(self._next_ticket, config))
        return self._next_ticket

    def propose_change(self, node: int, config: RingConfig, base: RingConfig) -> int:
        self._next_ticket += 1
        self.proposals[self._next_ticket] = b""
        self.step(self.sites[node], Reconfigure(self._next_ticket, config, base))
        return self._next_ticket

    def leader(self) -> int | None:
        leading = [s.id for s in self.lives() if s.machine and s.machine.leading]
        return max(leading, key=lambda n: self.machine(n).term, default=None)

    def is_settled(self, *nodes: int) -> bool:
        """Return whether *nodes* (or all that live) share one view, leader and history."""
        wanted = nodes or tuple(site.id for site in self.lives())
        machines = [self.machine(node) for node in wanted]
        first = machines[0]
        return all(
            m.view is not None
            and m.view == first.view
            and m.view.nodes == tuple(sorted(wanted))
            and m._views.is_operational
            and m.leader == first.leader != 0
            and m.term == first.term
            and m.commit_index == first.commit_index
            and m.quorate
            for m in machines
        ) and any(m.leading for m in machines)

    def settle(self, *nodes: int, within_ms: int = 10_000) -> None:
        """Let time pass until *nodes* (or all that live) are at rest together."""
        before_ms = self.now_ms
        settled = self.run(within_ms, lambda: self.is_settled(*nodes))
        assert settled, "\n".join(
            [f"not settled within {self.now_ms - before_ms} ms", *self.story()]
        )

    def story(self, count: int = 60) -> list[str]:
        lines = [note for site in self.sites.values() for note in site.notes]
        lines.sort(key=lambda line: int(line.split()[0]))
        for site in self.lives():
            assert site.machine is not None
            lines.append(
                f"n{site.id}: {site.machine.view} {site.machine._views._state} "
                f"{site.machine.log_status(self.now(site))}"
            )
        return lines[-count:]

    # --- the judge --------------------------------------------------------------------------------

    def _judge(self, site: Site) -> None:
        machine = site.machine
        assert machine is not None
        if machine.leader == site.id:
            leader = self.leaders.setdefault(machine.term, site.id)
            assert leader == site.id, f"two leaders in term {machine.term}"
        holders = []
        for other in self.lives():
            assert other.machine is not None
            leads = other.machine.leader == other.id
            if leads and other.machine.sees_lease(other.machine.term, self.now(other)):
                holders.append(other.id)
        assert len(holders) <= 1, f"two leases: {holders}"

    def _on_committed(self, site: Site, effect: Committed) -> None:
        assert effect.index > site.applied, "not in order, or twice"
        site.applied = effect.index
        site.state += b"|" + effect.payload
        decided = (effect.term, effect.payload)
        assert not site.recalls or effect.index in self.history, "applied, and not decided"
        assert self.history.setdefault(effect.index, decided) == decided, "history changed"
        if effect.index in self.acknowledged:
            assert self.acknowledged[effect.index] in (effect.payload, b"")

    def _on_deliver(self, site: Site, effect: Deliver) -> None:
        assert site.view is not None and effect.view == site.view.id, "E4"
        log = site.delivered.setdefault(effect.view, [])
        assert effect.gseq == len(log) + 1, "E1: a place left out"
        log.append((effect.gseq, effect.sender, effect.payload))
        said = (effect.sender, effect.payload)
        assert self.places.setdefault((effect.view, effect.gseq), said) == said, "E1"
        if effect.sender == site.id:
            site.got.append(effect.payload)
        if effect.payload.startswith(b"safe") and not site.transitional:
            for member in site.view.members:
                other = self.sites[member.node]
                order = other.machine._views.order if other.machine else None
                if order is not None and other.boot == member.boot and order.view == site.view:
                    assert order.upto >= effect.gseq, "E6"

    def _on_transitional(self, site: Site, effect: Transitional) -> None:
        assert site.id in effect.together
        site.effects.append(effect)

    def _on_regular(self, site: Site, effect: Regular) -> None:
        new = effect.view
        assert site.last_view_id is None or site.last_view_id < new.id, "E5"
        site.last_view_id = new.id
        if site.view is not None:
            together = next(e for e in reversed(site.effects) if isinstance(e, Transitional))
            key = (site.view.id, new.id, together.together)
            count = len(site.delivered.get(site.view.id, []))
            assert self.moves.setdefault(key, count) == count, "E2"
        assert any(m.node == site.id and m.boot == site.boot for m in new.members)
        site.view, site.transitional = new, False
