"""Whole clusters in one thread under virtual time: hearts, nodes, disks, agents and the network.

A heap of events stands for the world and a seed decides all chance, so the same seed gives the same
run, byte for byte. After every step the invariants are judged (`judge.py`).
"""

from __future__ import annotations

import errno
import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from lxml import etree

from pcsx.agents import Host
from pcsx.agents.types import Exit, Invocation
from pcsx.cib import Cib
from pcsx.cib.founding import first_document
from pcsx.cib.patch import diff
from pcsx.cib.replica import Replica
from pcsx.daemon import effects as out
from pcsx.daemon import events
from pcsx.daemon.decisions import packed
from pcsx.daemon.io import panic
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.node import Node
from pcsx.daemon.setup import Me
from pcsx.group_wire import pack_reply, read_reply
from pcsx.pe.schedule import schedule
from pcsx.protocol import HEADER, GroupSend
from pcsx.ring import heart_port
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.frames import Pulse
from pcsx.ring.heart import Heart
from pcsx.ring.join import public_of
from pcsx.ring.levels import Range
from pcsx.ring.port import Note, Persist, Snapshot
from pcsx.values import NodeName
from tests.sim.clock import Clock
from tests.sim.faults import Faults
from tests.sim.judge import Judge
from tests.sim.machine import Disk, Machine
from tests.sim.network import Network
from tests.sim.sealing import CHEAP
from tests.sim.streams import Streams
from tests.sim.switch import Switch, is_of_switch

PSK: Final = bytes(range(32))
NEVER_MS: Final = 1 << 62
Take = Callable[[Machine, Any], None]
OLD: Final[Range] = (1, 1)
NEW: Final[Range] = (1, 2)
"""What an old program speaks, and what the next one does."""
HOST: Final = Host(ocf_root="/nowhere", python="python3")


@dataclass
class Call:
    """A client's request and what came of it."""

    machine: int
    request: dict[str, Any]
    replies: list[dict[str, Any]] = field(default_factory=list)
    done: bool = False
    ended_ms: int = 0
    """When the last answer came."""

    @property
    def ok(self) -> dict[str, Any] | None:
        """Return the answer, if it came and is none of an error."""
        return self.replies[-1].get("ok") if self.done else None


def configuration(count: int, profile: str = "standard", links: int = 1) -> RingConfig:
    """Return a ring of *count* nodes, each with *links* addresses of its own."""
    nodes = tuple(
        RingNode(
            id=id,
            name=NodeName(f"n{id}"),
            addresses=tuple(Address(f"10.{link}.0.{id}", 5450) for link in range(links)),
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
        links: int = 1,
    ) -> None:
        """Make *count* machines of one founded cluster, with *resources* in its document (XML)."""
        self.random = Random(seed)
        self.watchdog_ms = watchdog_ms
        self.faults = faults or Faults()
        self.config = replace(configuration(count, profile, links), options=tuple(sorted(options)))
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
        self.network = Network(Random(f"network {seed}"))
        self.switch = Switch(self)
        self.streams = Streams(self)
        self.calls: dict[tuple[int, int], Call] = {}
        self.judge = Judge(self)
        self.disturbed = 0
        """How often anything was done to a machine or the network that nodes must get over."""
        self.lost_disks: set[int] = set()
        """The machines whose disks have lost what they had."""
        self.upgrading: Random | None = None
        """Whether each start may find another program installed, by this chance."""
        self.snares: list[Callable[[Machine, Invocation], bool]] = []
        """Asked of each child that begins, until one answers that this was what it waited for."""
        self._heap: list[tuple[int, int, Machine | None, int, str, Take, Any]] = []
        """When, in which order, in which life of which machine's part, and what is to happen."""
        self._order = 0
        self._clients = 0
        self._ticks: dict[str, dict[int, int]] = {"heart": {}, "node": {}}
        """When the next tick of each part of each machine is on the heap, by the world's clock."""
        self._dues: dict[str, dict[int, int | None]] = {"heart": {}, "node": {}}
        """When each part wants it, by its own clock, as of its last step."""
        self._sources = {node.id: node.addresses for node in self.config.nodes}
        self._addresses = {
            address: node.id for node in self.config.nodes for address in node.addresses
        }
        self._receivers = {id: [machine] for id, machine in self.machines.items()}
        """Who gets what is sent to a node: its copies do, too."""
        self._set_clocks()

    # --- time -------------------------------------------------------------------------------------

    def _set_clocks(self) -> None:
        """Give each machine a clock as wrong as the seed's faults say."""
        faults, chance = self.faults, Random(self.random.getrandbits(64))
        for machine in self.machines.values():
            rate = 1.0 + faults.drift * chance.uniform(-1, 1) if faults.drift else 1.0
            offset_ms = chance.randrange(100_000)
            wall = timedelta(seconds=chance.randint(-faults.wall_s, faults.wall_s))
            machine.clock = Clock(offset_ms, rate, wall - timedelta(milliseconds=offset_ms))

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do *act* in *delay_ms*."""
        self._order += 1
        at_ms = self.now_ms + max(0, delay_ms)
        heapq.heappush(self._heap, (at_ms, self._order, None, 0, "", _call, act))

    def run(self, for_ms: int) -> None:
        """Let *for_ms* pass."""
        until_ms = self.now_ms + for_ms
        heap = self._heap
        while heap and heap[0][0] <= until_ms:
            at_ms, _, machine, life, who, take, event = heapq.heappop(heap)
            self.now_ms = at_ms
            if machine is None:
                event()
            elif machine.life == life and machine.powered and machine.node is not None:
                held_ms = machine.held_ms(who)
                if held_ms > at_ms:
                    self._give(machine, held_ms - at_ms, take, event, who)
                else:
                    take(machine, event)
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

    def clone(self, id: int) -> Machine:
        """Return a copy of machine *id* with its disk as it is now, at the same addresses, off."""
        original = self.machines[id]
        number = max(self.machines) + 1
        copy = Machine(number, f"{original.name}'", original.disk.copy(), id, powered=False)
        copy.clock = original.clock
        self.machines[number] = copy
        self._sources[number] = self._sources[id]
        self._receivers[id].append(copy)
        return copy

    def scrap(self, machine: Machine) -> None:
        """Take a copy away for good."""
        self.power_off(machine.id)
        del self.machines[machine.id]
        self._receivers[machine.copies].remove(machine)

    def boot(self, *ids: int) -> None:
        """Start the daemons of machines *ids*, of all where none is named."""
        for id in ids or tuple(self.machines):
            machine = self.machines[id]
            machine.powered = True
            self._start(machine)

    def _start(self, machine: Machine) -> None:
        machine.life += 1
        self.disturbed += 1
        if machine.disk.failing:
            self._later_start(machine, 1000)
            return
        if self.upgrading is not None:
            machine.features = self.upgrading.choice((OLD, NEW, NEW))
        machine.hung_ms.clear()
        machine.children.clear()
        machine.pending.clear()
        for who in self._ticks:
            self._ticks[who].pop(machine.id, None)
        chance = Random(self.random.getrandbits(64))
        machine.heart = Heart(chance.randbytes, suites=CHEAP, features=machine.features)
        id = machine.node_id
        identity = machine.disk.identity or identity_of(id)
        me = Me(machine.name, f"10.0.0.{id}", 5450, identity, "sim", machine.features)
        machine.node = Node(
            me,
            host=replace(HOST, node=machine.name),
            random=Random(self.random.getrandbits(64)),
            entropy=chance.randbytes,
            life=machine.disk.open(machine.node_id, PSK, chance.getrandbits(56)),
            discovery=False,
        )
        self.judge.born(machine)
        self.tell(machine, "sim", f"daemon starts, boot {machine.disk.hard.boot_counter}")
        self._perform(machine, machine.node.begin(machine.clock.now(self.now_ms)))
        if self.watchdog_ms:
            self._pulse(machine)

    def _pulse(self, machine: Machine) -> None:
        """Tell the heart that the brain lives, as the world does where it has nothing to say."""
        self._heart(machine, heart_port.FromBrain((Pulse(),)))
        self._later(machine, 1000, lambda: self._pulse(machine))

    def _later_start(self, machine: Machine, delay_ms: int) -> None:
        life = machine.life

        def again() -> None:
            if machine.powered and machine.life == life:
                self._start(machine)

        self.at(delay_ms, again)

    def power_off(self, id: int) -> None:
        """Cut the power: daemon and services end at once, what was not synced is lost."""
        machine = self.machines[id]
        self.tell(machine, "sim", "power off")
        # A prefix of what waits may have reached the disk: order is kept, completeness is not.
        pending = list(machine.pending)
        whole = self.random.randint(0, len(pending))
        for order in pending[:whole]:
            machine.disk.write(order)
        for order in pending[whole : whole + 1]:
            machine.disk.write_hard(order)
        machine.powered = False
        machine.bites_ms = None
        machine.services.clear()
        self._end(machine)

    def panic(self, id: int) -> None:
        """Have the kernel panic: all ends as without power, and the crash kernel tells of it."""
        machine = self.machines[id]
        wills = machine.wills if machine.is_up else None
        self.power_off(id)
        self.tell(machine, "sim", "kernel panic")
        for turn in range(panic.ROUNDS if wills is not None else 0):
            self.at(200 + 50 * turn, partial(self._tell_of_panic, machine, wills))

    def _tell_of_panic(self, machine: Machine, wills: heart_port.LeaveWills) -> None:
        for line in panic.lines_of(wills):
            address = Address(line.host, line.port)
            target = self._addresses[address]
            link = self.config.node(target).addresses.index(address)
            self._send(machine, link, address, line.packet)

    def kill(self, id: int) -> None:
        """End the daemon alone, by SIGKILL: services stay."""
        self.tell(self.machines[id], "sim", "daemon killed")
        self._end(self.machines[id])

    def _end(self, machine: Machine) -> None:
        machine.heart = machine.node = None
        machine.life += 1
        self.disturbed += 1
        machine.pending.clear()
        machine.children.clear()

    def pause(self, id: int, for_ms: int, *, clock: bool = False) -> None:
        """Stop machine *id* for so long; *clock*: its clock stands still too, unseen by it."""
        machine = self.machines[id]
        machine.paused_until_ms = max(machine.paused_until_ms, self.now_ms + for_ms)
        if clock:
            machine.clock.stand(self.now_ms, for_ms)
            machine.stood_until_ms = machine.paused_until_ms
        self.tell(machine, "sim", f"pauses {for_ms} ms{', its clock too' if clock else ''}")

    def go_on(self, machine: Machine) -> None:
        """Let a machine that stands still move at once, and all that has waited for it."""
        ends = {machine.paused_until_ms, *machine.hung_ms.values()}
        machine.paused_until_ms = min(machine.paused_until_ms, self.now_ms)
        machine.hung_ms.clear()
        # In place: this may happen within an event.
        self._heap[:] = [
            (self.now_ms, *item[1:])
            if item[2] is machine and item[0] > self.now_ms and item[0] in ends
            else item
            for item in self._heap
        ]
        heapq.heapify(self._heap)

    def partition(self, *sides: tuple[int, ...]) -> None:
        """Cut every link between nodes of different *sides*; no sides: heal all."""
        self.disturbed += 1
        self.network.heal()
        self.network.cut = {
            frozenset((a, b))
            for one in sides
            for other in sides
            if one is not other
            for a in one
            for b in other
        }
        self.story.append(f"{self.now_ms:>8} sim partition {sides or 'healed'}")

    # --- heart and brain --------------------------------------------------------------------------

    def _perform(self, machine: Machine, effects: list[out.Effect]) -> None:
        frames = tuple([each.frame for each in effects if isinstance(each, out.TellHeart)])
        if frames:
            self._give(machine, 0, self._heart, heart_port.FromBrain(frames), "heart")
        for effect in effects:
            if effect.__class__ is not out.TellHeart:
                self._perform_one(machine, effect)
        self._mind(machine, "node")
        self.judge.after(machine)

    def _perform_one(self, machine: Machine, effect: out.Effect) -> None:
        match effect:
            case Persist():
                self._persist(machine, effect)
            case out.KeepKeys(_, keys):
                machine.disk.keys = keys
                self._give(machine, 2, self._node, events.KeysKept(keys))
            case out.KeepIdentity(identity, former, coming):
                disk = machine.disk
                disk.identity, disk.former, disk.coming = identity, former, coming
                self._give(machine, 2, self._node, events.IdentityKept(coming))
            case out.Disown(ticket, _, boot):
                machine.disk.disown(boot)
                self._give(machine, 2, self._node, events.Stored(ticket))
            case out.Spawn(child, invocation):
                self.judge.spawned(machine, invocation)
                machine.children[child] = invocation
                self._spawn(machine, child, invocation)
                self.snares = [each for each in self.snares if not each(machine, invocation)]
            case out.Kill(child):
                if machine.children.pop(child, None) is not None:
                    self._give(machine, 1, self._node, events.ChildExited(child, Exit(signal=9)))
            case out.KeepDecision(number, head, body, gone):
                kept = machine.disk.decisions
                kept[number] = (head, kept[number][1] if body is None else body)
                for old in gone:
                    kept.pop(old, None)
            case out.WriteState(job, still):
                for _ in still.slices():
                    pass
                self._give(machine, 3, self._node, events.StateWritten(job, still.to_bytes()))
            case out.ReadState(job, state):
                self._give(machine, 3, self._node, events.StateRead(job, Ledger.restored(state)))
            case out.Plan(job, situation, wall):
                planned = planned_of(job, situation.document(), wall)
                self._give(machine, 20, self._node, planned)
            case out.Reply(client, id, reply, last):
                call = self.calls[(client, id)]
                told = reply
                if not isinstance(reply, dict):  # as its client reads it
                    told = read_reply(pack_reply(id, reply)[HEADER.size :])
                call.replies.append(told)
                call.done |= last
                call.ended_ms = self.now_ms
                self.judge.replied(machine, call)
            case Note(who, text):
                self.tell(machine, who, text)
            case out.OpenStream() | out.SendStream() | out.CloseStream():
                self.streams.act(machine, effect)
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

    def _give(
        self, machine: Machine, delay_ms: int, take: Take, event: Any, who: str = "node"
    ) -> None:
        """Let *take* have *event* in *delay_ms*, or when *who* of the machine moves again."""
        self._order += 1
        item = (self.now_ms + delay_ms, self._order, machine, machine.life, who, take, event)
        heapq.heappush(self._heap, item)

    def _later(
        self, machine: Machine, delay_ms: int, act: Callable[[], None], who: str = "node"
    ) -> None:
        """Do *act* in *delay_ms*, or when the machine, and *who* of it, moves again."""
        self._give(machine, delay_ms, _call, act, who)

    def _heart(self, machine: Machine, event: heart_port.HeartEvent) -> None:
        assert machine.heart is not None
        for effect in machine.heart.step(event, machine.clock.now(self.now_ms)):
            match effect:
                case heart_port.SendDatagram(link, address, data):
                    self._send(machine, link, address, data)
                case heart_port.LeaveWills():
                    machine.wills = effect
                case heart_port.ArmWatchdog():
                    self._arm(machine)
                case heart_port.PetWatchdog():
                    machine.bites_ms = self.now_ms + self.watchdog_ms
                case heart_port.DisarmWatchdog():
                    machine.bites_ms = None
                case heart_port.Report(frame):
                    if self.judge.removals:
                        self.judge.reported(machine, frame)
                    self._give(machine, 0, self._node, events.HeartSays(frame))
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
        now = machine.clock.now(self.now_ms)
        self._perform(machine, machine.node.step(event, now, more=self._has_more(machine)))

    def _has_more(self, machine: Machine) -> bool:
        """Return whether the next thing to happen is another event of this very node, now."""
        if not self._heap:
            return False
        at_ms, _, whose, _, who, _, _ = self._heap[0]
        return at_ms <= self.now_ms and whose is machine and who == "node"

    def hosts_of(self, id: int) -> tuple[str, ...]:
        """Return the addresses of machine *id*."""
        return tuple(address.host for address in self._sources[id])

    def hand(self, machine: Machine, event: events.Event) -> None:
        """Give a living daemon *event* now, or when it moves again."""
        self._give(machine, 0, self._node, event)

    def _mind(self, machine: Machine, who: str) -> None:
        """Put the next tick of heart or node on the heap, once."""
        part = machine.heart if who == "heart" else machine.node
        due = self._dues[who][machine.id] = part.deadline_ms if part is not None else None
        if due is not None:
            self._tick_at(machine, who, max(machine.clock.when(due), self.now_ms))

    def _tick_at(self, machine: Machine, who: str, due_ms: int) -> None:
        ticks = self._ticks[who]
        if ticks.get(machine.id, NEVER_MS) > due_ms:
            ticks[machine.id] = due_ms
            tick = self._tick_heart if who == "heart" else self._tick_node
            self._give(machine, due_ms - self.now_ms, tick, due_ms, who)

    def _tick_heart(self, machine: Machine, at_ms: int) -> None:
        if self._is_due(machine, "heart", at_ms):
            self._heart(machine, heart_port.Tick())

    def _tick_node(self, machine: Machine, at_ms: int) -> None:
        if self._is_due(machine, "node", at_ms):
            self._node(machine, events.Tick())

    def _is_due(self, machine: Machine, who: str, at_ms: int) -> bool:
        """Return whether the tick that was meant for *at_ms* is wanted; if later, put it there."""
        ticks = self._ticks[who]
        if ticks.get(machine.id) == at_ms:
            del ticks[machine.id]
        due = self._dues[who].get(machine.id)
        if due is None:
            return False
        if due <= machine.clock.shows(self.now_ms):
            return True
        self._tick_at(machine, who, max(machine.clock.when(due), self.now_ms))
        return False

    # --- network, disk, agents --------------------------------------------------------------------

    def _send(self, sender: Machine, link: int, address: Address, data: bytes) -> None:
        target = self._addresses.get(address)
        if target is None:
            return
        source = self._sources[sender.id][link]
        for receiver in self._receivers[target]:
            path = (sender.id, receiver.id)
            for delay_ms, arrived in self.network.carry(path, link, data, self.faults, self.now_ms):
                take = self._heart if arrived is data else self._forged
                event = heart_port.Datagram(link, source, arrived)
                self._give(receiver, delay_ms, take, event, "heart")

    def _forged(self, machine: Machine, event: heart_port.Datagram) -> None:
        """Give the heart a packet that no peer has sealed: it must not come to anything."""
        assert machine.heart is not None
        effects = machine.heart.step(event, machine.clock.now(self.now_ms))
        self.judge.forged(machine, effects)

    def _persist(self, machine: Machine, order: Persist) -> None:
        self.judge.asked(machine, order)
        machine.pending.append(order)

        def synced() -> None:
            # Syncs end in the order they were asked for.
            while machine.pending:
                first = machine.pending.popleft()
                if machine.disk.failing or machine.disk.failed:
                    machine.disk.failed = True
                    self._node(machine, events.PersistFailed(first.ticket, machine.disk.failing))
                else:
                    self.judge.written(machine, first)
                    machine.disk.write(first)
                    self._node(machine, events.Persisted(first.ticket))
                if first is order or not machine.is_up:
                    return

        delay_ms = self.random.randint(*self.faults.sync_ms) + machine.disk.slow_ms
        self._later(machine, delay_ms, synced, "disk")

    def _spawn(self, machine: Machine, child: int, invocation: Invocation) -> None:
        """Begin a child: an order to the power switch, or an agent's operation."""
        faults, chance = self.faults, self.random
        if self.now_ms < machine.barren_until_ms:
            none = Exit(errno=errno.EAGAIN)
            self._later(machine, 0, lambda: self._ended(machine, child, none))
            return
        switch = is_of_switch(invocation)
        delay_ms = chance.randint(*(faults.fence_ms if switch else faults.agent_ms))
        hangs = faults.fence_hangs if switch else faults.agent_hangs
        if hangs and chance.random() < hangs:
            exit = Exit(timed_out=True, took_ms=invocation.timeout_ms)
            hung_ms = invocation.timeout_ms
            self._later(machine, hung_ms, lambda: self._ended(machine, child, exit))
            return
        if switch and faults.fence_late_ms is not None and self.switch.is_switching(invocation):
            delay_ms = chance.randint(*faults.fence_late_ms)
            self.at(delay_ms, lambda: self.switch.act(machine, invocation))
            done = Exit(code=0, took_ms=delay_ms)
            self._later(machine, delay_ms + 1, lambda: self._ended(machine, child, done))
            return
        self._later(machine, delay_ms, lambda: self._child(machine, child))

    def _child(self, machine: Machine, child: int) -> None:
        invocation = machine.children.get(child)
        if invocation is None:
            return
        if is_of_switch(invocation):
            exit = self.switch.run(machine, invocation)
        elif self.faults.agent_fails and self.random.random() < self.faults.agent_fails:
            exit = Exit(code=1, stderr=b"it failed", took_ms=5)
        else:
            exit = machine.run_agent(invocation)
        self._ended(machine, child, exit)

    def _ended(self, machine: Machine, child: int, exit: Exit) -> None:
        if machine.children.pop(child, None) is not None and machine.is_up:
            self.judge.acted(machine)
            self._node(machine, events.ChildExited(child, exit))

    def power_on(self, id: int) -> None:
        """Boot machine *id*, if it is off."""
        machine = self.machines[id]
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
        wish = request if isinstance(request, GroupSend) else call.request
        asked = events.Requested(client, number, wish, events.Caller(0, 0, 1, "root"))
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


def _call(_: Machine, act: Callable[[], None]) -> None:
    act()


def planned_of(job: int, cib: Cib, wall: datetime) -> events.Planned:
    """Return what a worker answers."""
    transition = schedule(cib, wall)
    if not transition.actions:
        return events.Planned(job, transition)
    return events.Planned(
        job, transition, read=packed(cib.packed()), decided=packed(transition.to_bytes())
    )


def set_property(tree: etree._Element, name: str, value: str) -> None:
    """Set an option of the whole cluster in *tree*."""
    found = tree.find("configuration/crm_config/cluster_property_set")
    assert found is not None
    pair = next((each for each in found if each.get("name") == name), None)
    if pair is None:
        pair = etree.SubElement(found, "nvpair", id=f"option-{name}", name=name)
    pair.set("value", value)
