"""What must never break, asserted after every step of every node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sim.cluster import Call, Cluster
    from tests.sim.machine import Machine


class Violation(AssertionError):
    """An invariant is broken."""


class Judge:
    """Keeps what was promised, and compares it with what is."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.exclusive: set[str] = set()
        """Resources that may be active on one machine at most."""
        self._leaders: dict[int, int] = {}
        self._votes: dict[int, tuple[int, int]] = {}
        self._digests: dict[int, str] = {}
        self._epochs: dict[int, tuple[int, int]] = {}
        self.acknowledged: list[str] = []
        self.fencings: list[tuple[int, str, str]] = []

    def fail(self, law: str, text: str) -> None:
        """Stop the run, with the end of its story."""
        raise Violation(f"{law}: {text}\n{self.cluster.tail(80)}")

    def after(self, machine: Machine) -> None:
        """Judge what a step of *machine* left behind."""
        node = machine.node
        member = node.member if node is not None else None
        if member is None:
            return
        scene = member.scene
        if scene.leading:
            known = self._leaders.setdefault(scene.term, machine.id)
            if known != machine.id:
                self.fail("S3 one leader a term", f"{known} and {machine.id} in {scene.term}")
            if member.machine.sees_lease(scene.term, self.cluster.now):
                self._one_lease(machine)
        hard = machine.disk.hard
        term, vote = self._votes.get(machine.id, (0, 0))
        if hard.term < term or (hard.term == term and vote and hard.voted_for != vote):
            self.fail("S5 terms and votes", f"{machine.name}: {hard} after {(term, vote)}")
        self._votes[machine.id] = (hard.term, hard.voted_for)
        index, digest = member.ledger.index, member.ledger.replica.cib.digest
        known_digest = self._digests.setdefault(index, digest)
        if known_digest != digest:
            self.fail("S4 equal index, equal digest", f"{machine.name} at {index}")
        if scene.view is not None:
            epoch = (scene.view.id.epoch, scene.view.id.coordinator)
            if epoch < self._epochs.get(machine.id, (0, 0)):
                self.fail("E5 view ids rise", f"{machine.name}: {epoch}")
            self._epochs[machine.id] = epoch

    def _one_lease(self, machine: Machine) -> None:
        """Judge, while *machine* leads with a lease, that nobody else does; paused ones aside."""
        now = self.cluster.now
        for other in self.cluster.machines.values():
            member = other.node.member if other.node is not None else None
            if other is machine or member is None or other.paused_until_ms > now.ms:
                continue
            scene = member.scene
            if scene.leading and member.machine.sees_lease(scene.term, now):
                self.fail("S3 one lease", f"{machine.name} and {other.name}")

    def acted(self, machine: Machine) -> None:
        """Judge the services after an agent ran on *machine*."""
        for resource in self.exclusive:
            where = self.cluster.active(resource)
            if len(where) > 1:
                self.fail("S1 one active copy", f"{resource} on {' and '.join(where)}")

    def fenced(self, by: Machine, target: Machine, action: str) -> None:
        """Judge a fencing at the moment it happens: a quorum must have intended it."""
        self.fencings.append((self.cluster.now_ms, target.name, action))
        voters = len(self.cluster.machines)
        if any(each.target == target.id for each in by.disk.intents):
            return
        holders = 0
        for machine in self.cluster.machines.values():
            intents = [
                entry
                for entry in machine.disk.entries
                if entry.kind == "app" and entry.payload[1:2] == b"\x02"
            ]
            holders += bool(intents) or b"fencings" in machine.disk.snapshot.state
        if holders * 2 <= voters and voters > 1:
            self.fail("S6 a durable intent", f"{by.name} fences {target.name}, held by {holders}")

    def replied(self, machine: Machine, call: Call) -> None:
        """Remember an acknowledged change."""
        answer: Any = call.ok
        if call.done and call.request["do"] == "commit" and answer and answer.get("changed"):
            self.acknowledged.append(call.request["patch"])

    def final(self, contains: Any) -> None:
        """Judge, at rest, that every acknowledged change is in every node's document."""
        for machine in self.cluster.members():
            assert machine.node is not None and machine.node.member is not None
            cib = machine.node.member.ledger.replica.cib
            for patch in self.acknowledged:
                if not contains(cib, patch):
                    self.fail("S2 no acknowledged write is lost", f"{machine.name}: {patch[:200]}")
