"""What must never break, judged at every step of every node: S1 to S14."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pcsx.daemon.ledger import FenceIntent, decode
from pcsx.daemon.member import Member
from pcsx.daemon.packing import unpacked
from pcsx.ring import heart_port
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import BeatHeard, Heard, Offer, PeerState, Reach
from pcsx.ring.log.entries import voters_of
from pcsx.ring.port import Entry, EntryKind, Persist
from pcsx.ring.quorum import Voters, weights
from pcsx.ring.session import Attempt
from tests.sim.chronicle import Chronicle
from tests.sim.switch import is_of_switch

if TYPE_CHECKING:
    from pcsx.agents.types import Invocation
    from tests.sim.cluster import Call, Cluster
    from tests.sim.machine import Machine

STOOD_MS = 10_000
"""For so long after its clock stood still, a machine may believe in a lease that is long gone."""
SESSIONS_MAX = 8
"""How many session numbers a heart may hold for each peer."""
STARTS = ("start", "promote")


class Violation(AssertionError):
    """An invariant is broken."""


class Judge:
    """Keeps what was promised, and compares it with what is."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.exclusive: set[str] = set()
        """Resources that may be active on one machine at most."""
        self._leaders: dict[tuple[int, int], int] = {}
        """By lineage and term, for whoever begins a cluster anew knows no term of those lost."""
        self._votes: dict[int, tuple[int, int]] = {}
        self._digests: dict[int, str] = {}
        self._decided: dict[int, int] = {}
        """The term of each entry that any node has counted as decided."""
        self._commits: dict[int, tuple[int, int]] = {}
        """In which life each machine counted up to where."""
        self._entries: dict[int, tuple[int, bytes]] = {}
        self._epochs: dict[int, tuple[int, int]] = {}
        self._held: dict[str, tuple[int, int]] = {}
        """Where each exclusive resource was started last: machine and boot, until it is stopped."""
        self._watched: dict[int, str] = {}
        self._tickets: dict[int, tuple[int, int]] = {}
        self._chronicle = Chronicle(self.fail)
        self.acknowledged: list[str] = []
        self.fencings: list[tuple[int, str, str]] = []
        self.removals: list[tuple[Call, int]] = []
        """Wishes to remove a machine, and which."""
        self.recalled = 0
        """How many entries lives began with, because their disks told that they were decided."""
        self.tampered: set[int] = set()
        """Machines whose state a test has spoiled: what they hold is theirs for a while."""

    def fail(self, law: str, text: str) -> None:
        """Stop the run, with the end of its story."""
        raise Violation(f"{law}: {text}\n{self.cluster.tail(80)}")

    def born(self, machine: Machine) -> None:
        """Take notice of a new life; what a failed disk could not keep does not bind it."""
        if machine.disk.failed:
            machine.disk.failed = False
            self._epochs.pop(machine.id, None)
        self._chronicle.follow(machine)

    def _count_decided(self, machine: Machine, member: Member) -> None:
        """Keep what is decided, and judge that it is the same for all, and for all lives."""
        log = member.machine._log._state
        life, upto = self._commits.get(machine.id, (0, 0))
        if life == machine.life and upto == log.commit:
            return
        self._commits[machine.id] = (machine.life, log.commit)
        first = upto + 1
        if life != machine.life:
            first = log.snapshot.index + 1
            for index in range(first, log.decided_before + 1):
                if self._decided.get(index) != log.entries.term_at(index):
                    self.fail("S4 only what was decided is applied", f"{machine.name}: {index}")
                self.recalled += 1
        for index in range(first, log.commit + 1):
            term = log.entries.term_at(index)
            if term is not None and self._decided.setdefault(index, term) != term:
                self.fail("S4 no committed entry changes", f"{machine.name}: {index} of {term}")

    @property
    def decided_upto(self) -> int:
        """Return the highest index that anybody has known to be decided."""
        return max(self._decided, default=0)

    # --- after each step --------------------------------------------------------------------------

    def after(self, machine: Machine) -> None:
        """Judge what a step of *machine* left behind."""
        member = _member(machine)
        if member is None:
            return
        scene = member.scene
        self._count_decided(machine, member)
        if scene.leading:
            lineage = member.machine.voters.newest.lineage
            known = self._leaders.setdefault((lineage, scene.term), machine.id)
            if known != machine.id:
                self.fail("S3 one leader a term", f"{known} and {machine.id} in {scene.term}")
            if self._has_lease(machine, member):
                self._one_lease(machine)
        hard = machine.disk.hard
        term, vote = self._votes.get(machine.id, (0, 0))
        if hard.term < term or (hard.term == term and vote and hard.voted_for != vote):
            self.fail("S5 terms and votes", f"{machine.name}: {hard} after {(term, vote)}")
        self._votes[machine.id] = (hard.term, hard.voted_for)
        index, digest = member.ledger.index, member.ledger.replica.cib.digest
        known_digest = digest
        if machine.id not in self.tampered:
            known_digest = self._digests.setdefault(index, digest)
        if known_digest != digest:
            self.fail("S4 equal index, equal digest", f"{machine.name} at {index}")
        if scene.view is not None:
            epoch = (scene.view.id.epoch, scene.view.id.coordinator)
            if epoch < self._epochs.get(machine.id, (0, 0)):
                self.fail("E5 view ids rise", f"{machine.name}: {epoch}")
            self._epochs[machine.id] = epoch

    def restored(self, machine: Machine) -> None:
        """Forget what the disk of *machine* held: an older one was put in its place."""
        self._votes.pop(machine.id, None)
        self._epochs.pop(machine.id, None)

    def _has_lease(self, machine: Machine, member: Member) -> bool:
        """Return whether *machine* believes in a lease of its own; paused ones aside."""
        now_ms = self.cluster.now_ms
        if machine.held_ms("node") > now_ms or _stood(machine, now_ms):
            return False
        scene = member.scene
        return scene.leading and member.machine.sees_lease(scene.term, machine.clock.now(now_ms))

    def _leased(self, *, but: Machine) -> Iterator[tuple[Machine, int]]:
        """Return the other machines that lead with a lease, and their terms."""
        for other in self.cluster.machines.values():
            member = _member(other)
            if other is not but and member is not None and self._has_lease(other, member):
                yield other, member.scene.term

    def _one_lease(self, machine: Machine) -> None:
        for other, _ in self._leased(but=machine):
            self.fail("S3 one lease", f"{machine.name} and {other.name}")

    # --- the disk ---------------------------------------------------------------------------------

    def asked(self, machine: Machine, order: Persist) -> None:
        """Judge that a disk is asked in the order of tickets: who has one has all before it."""
        life, last = self._tickets.get(machine.id, (0, 0))
        if machine.life == life and order.ticket <= last:
            self.fail("S2 written in order", f"{machine.name}: {order.ticket} after {last}")
        self._tickets[machine.id] = (machine.life, order.ticket)

    def written(self, machine: Machine, order: Persist) -> None:
        """Judge what is about to be written: one history, and quorums that meet."""
        first = order.entries[0].index if order.entries else 0
        kept = [each for each in machine.disk.entries if each.index < first]
        for number, entry in enumerate(order.entries):
            new = voters_of(entry)
            if new is not None:
                before = [*kept, *order.entries[:number]]
                self._quorums_meet(machine, _newest(machine.disk.snapshot.config, before), new)

    def _quorums_meet(self, machine: Machine, old: Voters, new: Voters) -> None:
        """Judge that no two decide without each other; of a pair, the survivor does by proof."""
        if _weights(old) == _weights(new) or old.pair:
            return
        if new.newest.lineage != old.newest.lineage:
            return  # begun anew: a person answers for all others
        ids = sorted(set(old.ids) | set(new.ids))
        for size in range(len(ids) + 1):
            for some in combinations(ids, size):
                if old.have_quorum(some) and new.have_quorum(set(ids) - set(some)):
                    self.fail("S10 quorums meet", f"{machine.name}: {some}, {old} then {new}")

    # --- what is done outside ---------------------------------------------------------------------

    def spawned(self, machine: Machine, invocation: Invocation) -> None:
        """Judge a start, a promote or a fencing at the moment it is begun."""
        member = _member(machine)
        if member is None:
            return
        if is_of_switch(invocation):
            if self.cluster.switch.is_switching(invocation):
                self._fence_begins(machine, member, invocation)
        elif invocation.argv[-1] in STARTS:
            resource = dict(invocation.env).get("OCF_RESOURCE_INSTANCE", "")
            running = member.local.lrm._resources[resource].running
            assert running is not None
            self._is_of_its_term(machine, running.order.term, f"{resource} {running.order.task}")
            if resource in self.exclusive:
                self._is_recovered_in_time(machine, resource)

    def _is_of_its_term(self, machine: Machine, term: int, what: str) -> None:
        """Judge that no order is older than what its node has seen, and that a lease was seen."""
        member = _member(machine)
        assert member is not None
        if term < member.machine.term and member.scene.quorum.quorate:
            self.fail(
                "S9 orders of an old term are refused",
                f"{machine.name}: {what} of term {term}, in term {member.machine.term}",
            )

    def _is_recovered_in_time(self, machine: Machine, resource: str) -> None:
        """Judge that the life which ran *resource* last is known to be over, or has stopped it."""
        where, boot = self._held.get(resource, (machine.id, 0))
        if where == machine.id:
            return
        for other in self.cluster.machines.values():
            member = _member(other)
            if member is None:
                continue
            if member.ledger.over.get(where, 0) >= boot:
                return
            held = [node.over for node in member.scene.config.nodes if node.id == where]
            if not held or held[0] >= boot:
                return  # it was taken out on an operator's word, or is over
            view = member.scene.view
            lives = {each.node: each.boot.counter for each in view.members} if view else {}
            if lives.get(where, 0) > boot:
                return  # it is back, and has said what it found
        self.fail("S7 recovered only once it is over", f"{resource} of n{where}, boot {boot}")

    def _fence_begins(self, machine: Machine, member: Member, invocation: Invocation) -> None:
        target = self.cluster.switch.target_of(invocation)
        if not any(intent.target == target.id for intent in machine.disk.intents):
            self._is_of_its_term(machine, member.scene.term, f"fencing of {target.name}")
        for other in self.cluster.machines.values():
            there = _member(other)
            if other is machine or there is None or there.scene.view != member.scene.view:
                continue
            for child in other.children.values():
                switches = is_of_switch(child) and self.cluster.switch.is_switching(child)
                if not switches or self.cluster.switch.target_of(child) is not target:
                    continue
                self.fail("S6 one fencer", f"{machine.name}, {other.name}: {target.name}")

    def acted(self, machine: Machine) -> None:
        """Judge the services after an agent ran on *machine*."""
        for resource in self.exclusive:
            where = self.cluster.active(resource)
            if len(where) > 1:
                self.fail("S1 one active copy", f"{resource} on {' and '.join(where)}")
            held = self._held.get(resource)
            if resource in machine.services:
                member = _member(machine)
                known = member is not None and member.scene.quorum.quorate
                if held is None or held[0] != machine.id or known:
                    # Of a later life that is cut off nobody can know; what ends it ends both.
                    self._held[resource] = (machine.id, machine.disk.hard.boot_counter)
            elif held is not None and held[0] == machine.id and machine.powered:
                del self._held[resource]

    def fenced(self, by: Machine, target: Machine, action: str) -> None:
        """Judge a fencing at the moment it happens: a quorum must have intended it."""
        self.fencings.append((self.cluster.now_ms, target.name, action))
        if any(each.target == target.id for each in by.disk.intents):
            return
        machines = self.cluster.machines.values()
        holders = {each.id for each in machines if _has_intent(each, target.id)}
        holders |= self.cluster.lost_disks
        if not any(voters.have_quorum(holders) for voters in _voters_on(by)):
            self.fail("S6 a durable intent", f"{by.name} fences {target.name}, held by {holders}")

    # --- what comes in ----------------------------------------------------------------------------

    def forged(self, machine: Machine, effects: list[heart_port.HeartEffect]) -> None:
        """Judge what a packet that nobody sealed came to: an answer to a caller at the most.

        In a caller's packet only the proof of its address may be another's: then it says what the
        caller has sealed, of its features too.
        """
        for effect in effects:
            if isinstance(effect, heart_port.Report) and isinstance(effect.frame, Offer):
                continue
            if not isinstance(effect, heart_port.SendDatagram | heart_port.LeaveWills):
                self.fail("S13 no forged packet changes anything", f"{machine.name}: {effect}")

    def reported(self, machine: Machine, frame: object) -> None:
        """Judge what a heart tells its brain: nothing of a node that was removed."""
        if not isinstance(frame, Heard | BeatHeard | PeerState):
            return
        if isinstance(frame, PeerState) and frame.reach is not Reach.UP:
            return
        member = _member(machine)
        if member is not None and frame.node not in {n.id for n in member.scene.config.nodes}:
            self.fail("S11 a removed node's keys open nothing", f"{machine.name}: {frame}")

    # --- clients ----------------------------------------------------------------------------------

    def replied(self, machine: Machine, call: Call) -> None:
        """Remember an acknowledged change; judge what watchers are told."""
        answer: Any = call.ok
        match call.request["do"]:
            case "commit" if call.done and answer and answer.get("changed"):
                self.acknowledged.append(call.request["patch"])
            case "store-watch" | "quorum-watch":
                self._watch(machine, call)

    def _watch(self, machine: Machine, call: Call) -> None:
        told = call.replies[-1].get("progress")
        if told is None:
            return
        life, _, number = told["revision"].rpartition(":")
        seen_life, _, seen = self._watched.get(id(call), "").rpartition(":")
        self._watched[id(call)] = told["revision"]
        if seen and (life != seen_life or int(number) != int(seen) + 1):
            self.fail("S12 without gap, once", f"{machine.name}: {seen} then {told}")

    # --- at rest ----------------------------------------------------------------------------------

    def final(self, contains: Any) -> None:
        """Judge, at rest: acknowledged changes are everywhere, and little is kept."""
        self._chronicle.at_rest()
        for machine in self.cluster.members():
            member = _member(machine)
            assert member is not None
            cib = member.ledger.replica.cib
            for patch in self.acknowledged:
                if not contains(cib, patch):
                    self.fail("S2 no acknowledged write is lost", f"{machine.name}: {patch[:200]}")
            self._is_bounded(machine, member)

    def _is_bounded(self, machine: Machine, member: Member) -> None:
        heart = machine.heart
        assert heart is not None
        peers = max(1, len(self.cluster.machines))
        kept = {
            "sessions": (len(heart._directory), SESSIONS_MAX * peers),
            "attempts": (
                sum(isinstance(each, Attempt) for each in heart._directory.values()),
                4 * peers,
            ),
            "bytes to send": (heart._queued, 0),
            "syncs": (len(machine.pending), 8),
            "proposals": (member.proposals.waiting, 8),
            "requests passed on": (member.forwards.waiting, 8),
            "fence results": (len(member.fences.results), peers),
            "messages to send": (len(member.machine._views._waiting), 8),
        }
        for name, (count, most) in kept.items():
            if count > most:
                self.fail("S14 memory is bounded", f"{machine.name} keeps {count} {name}")


def _member(machine: Machine) -> Member | None:
    return machine.node.member if machine.node is not None else None


def _stood(machine: Machine, now_ms: int) -> bool:
    """Return whether the clock of *machine* stood still not long ago."""
    return machine.stood_until_ms > 0 and now_ms < machine.stood_until_ms + STOOD_MS


def _weights(voters: Voters) -> tuple[dict[int, int], ...]:
    configs: tuple[RingConfig, ...] = (voters.config,)
    if voters.joint is not None:
        configs += (voters.joint,)
    return tuple(dict(weights(config)) for config in configs)


def _newest(config: RingConfig, entries: list[Entry]) -> Voters:
    """Return who counts after *entries*, which follow *config*."""
    found = (voters_of(each) for each in reversed(entries))
    return next((voters for voters in found if voters is not None), Voters(config))


def _voters_on(machine: Machine) -> list[Voters]:
    """Return who counted, by all that is on the disk of *machine*."""
    found = [Voters(machine.disk.snapshot.config)]
    return found + [v for each in machine.disk.entries if (v := voters_of(each)) is not None]


def _has_intent(machine: Machine, target: int) -> bool:
    """Return whether an intent to fence *target* is on the disk of *machine*."""
    for entry in machine.disk.entries:
        if entry.kind is EntryKind.APP and entry.payload[1:2] == b"\x02":
            fact = decode(entry.payload)
            if isinstance(fact, FenceIntent) and fact.target == target:
                return True
    state = json.loads(unpacked(machine.disk.snapshot.state))
    return any(case["target"] == target for case in state["fencings"])
