"""Whole clusters in one thread under virtual time: hearts, nodes, disks, agents and the network.

A heap of events stands for the world and a seed decides all chance, so the same seed gives the same
run, byte for byte. After every step the invariants are judged (`judge.py`).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from pcsx.agents import Host
from pcsx.agents.types import Exit
from pcsx.cib.founding import first_document
from pcsx.cib.patch import diff
from pcsx.cib.replica import Replica
from pcsx.daemon import effects as out
from pcsx.daemon import events
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.node import Node
from pcsx.daemon.setup import Me
from pcsx.pe.schedule import schedule
from pcsx.ring import heart_port
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.frames import Pulse
from pcsx.ring.heart import Heart
from pcsx.ring.join import public_of
from pcsx.ring.port import Note, Persist, Snapshot
from pcsx.values import NodeName, Now
from tests.sim.judge import Judge
from tests.sim.machine import Disk, Machine
from tests.sim.sealing import CHEAP

START: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)
PSK: Final = bytes(range(32))
HOST: Final = Host(ocf_root="/nowhere", python="python3")


@dataclass
class Faults:
    """What the network and the machines do wrong, in shares of one or in milliseconds."""

    loss: float = 0.0
    delay_ms: tuple[int, int] = (0, 2)
    duplicate: float = 0.0
    sync_ms: tuple[int, int] = (1, 4)
    agent_ms: tuple[int, int] = (5, 60)
    fence_ms: tuple[int, int] = (20, 200)
    fence_fails: float = 0.0
    fence_late_ms: tuple[int, int] | None = None
    """The power switch takes an order at once and acts so much later, whoever has died by then."""


@dataclass
class Call:
    """A client's request and what came of it."""

    machine: int
    request: dict[str, Any]
    replies: list[dict[str, Any]] = field(default_factory=list)
    done: bool = False

    @property
    def ok(self) -> dict[str, Any] | None:
        """Return the answer, if it came and is none of an error."""
        return self.replies[-1].get("ok") if self.done else None


def _is_switching(invocation: Any) -> bool:
    return b"action=off" in invocation.stdin or b"action=reboot" in invocation.stdin


def configuration(count: int, profile: str = "standard") -> RingConfig:
    """Return a ring of *count* nodes at addresses of their own."""
    nodes = tuple(
        RingNode(
            id=id,
            name=NodeName(f"n{id}"),
            addresses=(Address(f"10.0.0.{id}", 5450),),
            key=public_of(identity_of(id)),
        )
        for id in range(1, count + 1)
    )
    return RingConfig("c" * 32, "sim", 7, nodes, profile)


def identity_of(id: int) -> bytes:
    """Return the private key of node *id*."""
    return hashlib.sha256(b"sim%d" % id).digest()


class Cluster:
    """See the module's paragraph."""

    def __init__(
        self,
        seed: int,
        count: int = 3,
        *,
        profile: str = "standard",
        faults: Faults | None = None,
        properties: tuple[tuple[str, str], ...] = (),
        options: tuple[tuple[str, str], ...] = (),
        resources: str = "",
        constraints: str = "",
        watchdog_ms: int = 0,
    ) -> None:
        """Make *count* machines of one founded cluster, with *resources* in its document (XML)."""
        self.random = Random(seed)
        self.watchdog_ms = watchdog_ms
        self.faults = faults or Faults()
        self.config = replace(configuration(count, profile), options=tuple(sorted(options)))
        names = [(str(node.id), str(node.name)) for node in self.config.nodes]
        cib = first_document("sim", "c" * 32, names, properties=properties)
        text = cib.to_bytes().decode()
        text = text.replace("<resources/>", f"<resources>{resources}</resources>")
        text = text.replace("<constraints/>", f"<constraints>{constraints}</constraints>")
        state = Ledger(Replica(type(cib).from_bytes(text.encode()))).snapshot()
        self.machines = {
            node.id: Machine(node.id, node.name, Disk(Snapshot(1, 1, self.config, state)))
            for node in self.config.nodes
        }
        self.now_ms = 1000
        self.story: list[str] = []
        self.cut: set[frozenset[int]] = set()
        self.deaf: set[tuple[int, int]] = set()
        self.calls: dict[tuple[int, int], Call] = {}
        self.judge = Judge(self)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._now = Now(0, START)
        self._order = 0
        self._clients = 0
        self._ticks: dict[tuple[int, str], int] = {}
        self._sources = {node.id: node.addresses[0] for node in self.config.nodes}
        self._addresses = {
            address: node.id for node in self.config.nodes for address in node.addresses
        }

    # --- time -------------------------------------------------------------------------------------

    @property
    def now(self) -> Now:
        """Return both clocks."""
        if self._now.ms != self.now_ms:
            self._now = Now(self.now_ms, START + timedelta(milliseconds=self.now_ms))
        return self._now

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do *act* in *delay_ms*."""
        self._order += 1
        heapq.heappush(self._heap, (self.now_ms + max(0, delay_ms), self._order, act))

    def run(self, for_ms: int) -> None:
        """Let *for_ms* pass."""
        until_ms = self.now_ms + for_ms
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            at_ms, _, act = heapq.heappop(heap)
            self.now_ms = max(self.now_ms, at_ms)
            act()
        self.now_ms = until_ms

    def until(self, true: Callable[[], bool], within_ms: int, step_ms: int = 50) -> int:
        """Let time pass until *true*(); return how long it took; fails after *within_ms*."""
        began = self.now_ms
        while not true():
            assert self.now_ms - began < within_ms, f"not within {within_ms} ms\n{self.tail()}"
            self.run(step_ms)
        return self.now_ms - began

    def tail(self, lines: int = 60) -> str:
        """Return the end of the story."""
        return "\n".join(self.story[-lines:])

    def tell(self, machine: Machine, who: str, text: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.now_ms:>8} {machine.name} {who} {text}")

    # --- machines ---------------------------------------------------------------------------------

    def boot(self, *ids: int) -> None:
        """Start the daemons of machines *ids*, of all where none is named."""
        for id in ids or tuple(self.machines):
            machine = self.machines[id]
            machine.powered = True
            self._start(machine)

    def _start(self, machine: Machine) -> None:
        machine.life += 1
        machine.children.clear()
        machine.pending.clear()
        chance = Random(self.random.getrandbits(64))
        machine.heart = Heart(chance.randbytes, suites=CHEAP)
        me = Me(machine.name, f"10.0.0.{machine.id}", 5450, identity_of(machine.id), "sim")
        machine.node = Node(
            me,
            host=HOST,
            random=Random(self.random.getrandbits(64)),
            entropy=chance.randbytes,
            life=machine.disk.open(machine.id, PSK),
            discovery=False,
        )
        self.tell(machine, "sim", f"daemon starts, boot {machine.disk.hard.boot_counter}")
        self._perform(machine, machine.node.begin(self.now))
        if self.watchdog_ms:
            self._pulse(machine)

    def _pulse(self, machine: Machine) -> None:
        """Tell the heart that the brain lives, as the world does where it has nothing to say."""
        self._heart(machine, heart_port.FromBrain((Pulse(),)))
        self._later(machine, 1000, lambda: self._pulse(machine))

    def power_off(self, id: int) -> None:
        """Cut the power: daemon and services end at once, what was not synced is lost."""
        machine = self.machines[id]
        self.tell(machine, "sim", "power off")
        # A prefix of what waits may have reached the disk: order is kept, completeness is not.
        for order in list(machine.pending)[: self.random.randint(0, len(machine.pending))]:
            machine.disk.write(order)
        machine.powered = False
        machine.bites_ms = None
        machine.services.clear()
        self._end(machine)

    def kill(self, id: int) -> None:
        """End the daemon alone, by SIGKILL: services stay."""
        self.tell(self.machines[id], "sim", "daemon killed")
        self._end(self.machines[id])

    def _end(self, machine: Machine) -> None:
        machine.heart = machine.node = None
        machine.life += 1
        machine.pending.clear()
        machine.children.clear()

    def partition(self, *sides: tuple[int, ...]) -> None:
        """Cut every link between nodes of different *sides*; no sides: heal all."""
        self.cut = {
            frozenset((a, b))
            for one in sides
            for other in sides
            if one is not other
            for a in one
            for b in other
        }
        self.deaf.clear()
        self.story.append(f"{self.now_ms:>8} sim partition {sides or 'healed'}")

    # --- heart and brain --------------------------------------------------------------------------

    def _perform(self, machine: Machine, effects: list[out.Effect]) -> None:
        for effect in effects:
            self._perform_one(machine, effect)
        self._mind(machine, "node")
        self.judge.after(machine)

    def _perform_one(self, machine: Machine, effect: out.Effect) -> None:
        match effect:
            case out.TellHeart(frame):
                self._later(
                    machine, 0, lambda: self._heart(machine, heart_port.FromBrain((frame,)))
                )
            case Persist():
                self._persist(machine, effect)
            case out.KeepKeys(_, keys):
                machine.disk.keys = keys
                kept = events.KeysKept(keys)
                self._later(machine, 2, lambda: self._node(machine, kept))
            case out.Disown(ticket, _, boot):
                machine.disk.disown(boot)
                self._later(machine, 2, lambda: self._node(machine, events.Stored(ticket)))
            case out.Spawn(child, invocation):
                machine.children[child] = invocation
                delay_ms = self._agent_ms(invocation)
                if self.faults.fence_late_ms is not None and _is_switching(invocation):
                    delay_ms = self.random.randint(*self.faults.fence_late_ms)
                    machine.late.add(child)
                    self.at(delay_ms, lambda: self._switch(machine, invocation))
                    delay_ms += 1
                self._later(machine, delay_ms, lambda: self._child(machine, child))
            case out.Kill(child):
                if machine.children.pop(child, None) is not None:
                    exited = events.ChildExited(child, Exit(signal=9))
                    self._later(machine, 1, lambda: self._node(machine, exited))
            case out.Plan(job, cib, wall):
                planned = events.Planned(job, schedule(cib, wall))
                self._later(machine, 20, lambda: self._node(machine, planned))
            case out.Reply(client, id, reply, last):
                call = self.calls[(client, id)]
                call.replies.append(reply)
                call.done |= last
                self.judge.replied(machine, call)
            case Note(who, text):
                self.tell(machine, who, text)
            case out.ResetMachine(why):
                self.tell(machine, "sim", f"reset: {why}")
                self.at(0, lambda: self.power_off(machine.id))
            case out.Quit(status):
                machine.quits.append(status)
                self.tell(machine, "sim", f"daemon quits with {status}")
                life = machine.life
                self.at(0, lambda: self._end(machine) if machine.life == life else None)
                if status:
                    self.at(500, lambda: self._again(machine, life + 1))

    def _again(self, machine: Machine, life: int) -> None:
        if machine.powered and machine.life == life:
            self._start(machine)

    def _later(self, machine: Machine, delay_ms: int, act: Callable[[], None]) -> None:
        life = machine.life

        def alive() -> None:
            if machine.life != life or not machine.is_up:
                return
            if machine.paused_until_ms > self.now_ms:
                self.at(machine.paused_until_ms - self.now_ms, alive)
            else:
                act()

        self.at(delay_ms, alive)

    def _heart(self, machine: Machine, event: heart_port.HeartEvent) -> None:
        assert machine.heart is not None
        for effect in machine.heart.step(event, self.now):
            match effect:
                case heart_port.SendDatagram(_, address, data):
                    self._send(machine, address, data)
                case heart_port.ArmWatchdog():
                    self._arm(machine)
                case heart_port.PetWatchdog():
                    machine.bites_ms = self.now_ms + self.watchdog_ms
                case heart_port.DisarmWatchdog():
                    machine.bites_ms = None
                case heart_port.Report(frame):
                    self._later(
                        machine, 0, lambda f=frame: self._node(machine, events.HeartSays(f))
                    )
        self._mind(machine, "heart")

    def _arm(self, machine: Machine) -> None:
        """Start the machine's watchdog; it goes on whatever becomes of the daemon."""
        if self.watchdog_ms and machine.bites_ms is None:
            self.at(self.watchdog_ms, lambda: self._bite(machine))
        machine.bites_ms = self.now_ms + self.watchdog_ms if self.watchdog_ms else None
        self._heart(machine, heart_port.WatchdogArmed(self.watchdog_ms))

    def _bite(self, machine: Machine) -> None:
        if machine.bites_ms is None:
            return
        if self.now_ms < machine.bites_ms:
            self.at(machine.bites_ms - self.now_ms, lambda: self._bite(machine))
            return
        self.tell(machine, "sim", "the watchdog bites")
        self.power_off(machine.id)

    def _node(self, machine: Machine, event: events.Event) -> None:
        assert machine.node is not None
        self._perform(machine, machine.node.step(event, self.now))

    def _mind(self, machine: Machine, who: str) -> None:
        """Put the next tick of heart or node on the heap, once."""
        part = machine.heart if who == "heart" else machine.node
        due = part.deadline_ms if part is not None else None
        if due is None:
            return
        due, key = max(due, self.now_ms), (machine.id, who)
        if self._ticks.get(key, 1 << 62) > due:
            self._ticks[key] = due
            self._later_tick(machine, who, due)

    def _later_tick(self, machine: Machine, who: str, due_ms: int) -> None:
        life, key = machine.life, (machine.id, who)

        def tick() -> None:
            if self._ticks.get(key) == due_ms:
                del self._ticks[key]
            if machine.life != life or not machine.is_up:
                self._mind(machine, who)
                return
            if machine.paused_until_ms > self.now_ms:
                self._ticks[key] = machine.paused_until_ms
                self._later_tick(machine, who, machine.paused_until_ms)
                return
            part = machine.heart if who == "heart" else machine.node
            assert part is not None
            due = part.deadline_ms
            if due is None or due > self.now_ms:
                self._mind(machine, who)
            elif who == "heart":
                self._heart(machine, heart_port.Tick())
            else:
                self._node(machine, events.Tick())

        self.at(due_ms - self.now_ms, tick)

    # --- network, disk, agents --------------------------------------------------------------------

    def _send(self, sender: Machine, address: Address, data: bytes) -> None:
        target, faults = self._addresses.get(address), self.faults
        if target is None or (self.cut and frozenset((sender.id, target)) in self.cut):
            return
        if (sender.id, target) in self.deaf:
            return
        if faults.loss and self.random.random() < faults.loss:
            return
        copies = 2 if faults.duplicate and self.random.random() < faults.duplicate else 1
        receiver = self.machines[target]
        event = heart_port.Datagram(0, self._sources[sender.id], data)
        low, high = faults.delay_ms
        for _ in range(copies):
            delay = low + int(self.random.random() * (high - low + 1))
            self._later(receiver, delay, lambda: self._heart(receiver, event))

    def _persist(self, machine: Machine, order: Persist) -> None:
        machine.pending.append(order)

        def synced() -> None:
            # Syncs end in the order they were asked for.
            while machine.pending:
                first = machine.pending.popleft()
                machine.disk.write(first)
                self._node(machine, events.Persisted(first.ticket))
                if first is order:
                    return

        self._later(machine, self.random.randint(*self.faults.sync_ms), synced)

    def _agent_ms(self, invocation: Any) -> int:
        fence = b"action=" in invocation.stdin
        return self.random.randint(*(self.faults.fence_ms if fence else self.faults.agent_ms))

    def _child(self, machine: Machine, child: int) -> None:
        invocation = machine.children.pop(child, None)
        if invocation is None:
            return
        if child in machine.late:
            machine.late.discard(child)
            exit = Exit(code=0, took_ms=50)
        elif b"action=" in invocation.stdin:
            exit = self._fence(machine, invocation)
        else:
            exit = machine.run_agent(invocation)
        self.judge.acted(machine)
        self._node(machine, events.ChildExited(child, exit))

    def _asked_of_switch(self, invocation: Any) -> tuple[str, Machine | None]:
        lines = dict(
            line.split("=", 1) for line in invocation.stdin.decode().splitlines() if "=" in line
        )
        name = lines.get("nodename") or lines.get("plug", "")
        target = next((each for each in self.machines.values() if each.name == name), None)
        return lines.get("action", ""), target

    def _switch(self, machine: Machine, invocation: Any) -> None:
        """Do what the power switch was told."""
        action, target = self._asked_of_switch(invocation)
        assert target is not None
        self.judge.fenced(machine, target, action)
        if action != "on" and target.powered:
            self.power_off(target.id)
        if action != "off":
            self.at(3000, lambda: self._power_on(target))

    def _fence(self, machine: Machine, invocation: Any) -> Exit:
        """Be the power switch that all machines share."""
        action, target = self._asked_of_switch(invocation)
        if action in ("off", "reboot", "on") and target is not None:
            if self.random.random() < self.faults.fence_fails:
                return Exit(code=1, stderr=b"power switch does not answer", took_ms=50)
            self._switch(machine, invocation)
        if action == "status" and target is not None:
            return Exit(code=0 if target.powered else 2, took_ms=5)
        if action == "list":
            text = "\n".join(each.name for each in self.machines.values())
            return Exit(code=0, stdout=text.encode(), took_ms=5)
        return Exit(code=0, took_ms=50)

    def _power_on(self, machine: Machine) -> None:
        if not machine.powered:
            machine.powered = True
            self._start(machine)

    # --- clients ----------------------------------------------------------------------------------

    def ask(self, id: int, request: Any) -> Call:
        """Have a client on machine *id* ask its daemon."""
        machine = self.machines[id]
        self._clients += 1
        call = Call(id, request.to_json())
        self.calls[(self._clients, 1)] = call
        caller = events.Caller(0, 0, 1, "root")
        asked = events.Requested(self._clients, 1, call.request, caller)
        self._later(machine, 0, lambda: self._node(machine, asked))
        return call

    def say(self, id: int, client: int, request: Any) -> Call:
        """Have the client that already has the connection *client* on machine *id* ask more."""
        machine = self.machines[id]
        call = Call(id, request.to_json())
        number = 1 + sum(1 for known, _ in self.calls if known == client)
        self.calls[(client, number)] = call
        asked = events.Requested(client, number, call.request, events.Caller(0, 0, 1, "root"))
        self._later(machine, 0, lambda: self._node(machine, asked))
        return call

    def commit(self, id: int, change: Callable[[Any], None], seq: int = 1) -> Call:
        """Have a client on machine *id* commit an edit of the document that it has."""
        from pcsx.protocol import Commit

        node = self.machines[id].node
        assert node is not None and node.member is not None
        old = node.member.ledger.replica.cib
        new = old.edited(change)
        self._clients += 1
        base = (old.version.admin_epoch, old.version.epoch, old.version.num_updates)
        patch = diff(old, new).to_bytes().decode()
        client = f"c{self._clients}"
        return self.ask(id, Commit(base, old.digest, patch, "edit", client, seq))

    # --- what is seen -----------------------------------------------------------------------------

    def members(self) -> list[Machine]:
        """Return the machines whose daemon lives."""
        return [machine for machine in self.machines.values() if machine.is_up]

    def active(self, resource: str) -> list[str]:
        """Return where *resource* runs, in truth."""
        return [m.name for m in self.machines.values() if m.powered and resource in m.services]

    def at_rest(self) -> bool:
        """Return whether all living daemons are in one quorate view, and its DC has no wish."""
        up = self.members()
        scenes = [m.node.member.scene for m in up if m.node and m.node.member]
        if len(scenes) < len(up) or not scenes:
            return False
        views = {scene.view for scene in scenes}
        first = scenes[0]
        if len(views) != 1 or not all(scene.quorum.quorate for scene in scenes):
            return False
        if len({scene.ledger.index for scene in scenes}) != 1:
            return False
        if set(first.members) != {machine.id for machine in up} or not first.leader:
            return False
        dc = self.machines[first.leader].node
        return dc is not None and dc.member is not None and dc.member.controller.at_rest

    def digest(self) -> str:
        """Return a digest of the whole story: equal runs have equal ones."""
        return hashlib.sha256("\n".join(self.story).encode()).hexdigest()
