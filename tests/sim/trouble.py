"""The menu of what befalls a simulated cluster, each once, at a moment that the seed draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

from lxml import etree

from pcsx.agents.types import Invocation
from pcsx.daemon import events
from pcsx.protocol import ClusterForceNew, Fence, KeyRotate, NodeRemove, QuorumUpdate, Request
from pcsx.ring.port import Damage, HardState
from tests.sim.cluster import Call, Cluster, set_property
from tests.sim.machine import Machine
from tests.sim.switch import is_of_switch

Trouble = Callable[["Scene"], None]

FULL: Final = "no space left on device"
BROKEN: Final = "input/output error"
LOOKS: Final = 2
"""So often in a row an operator finds the same before doing what cannot be undone."""


class Scene:
    """A cluster in trouble: what is drawn from *chance*, and what may happen once only."""

    def __init__(self, cluster: Cluster, chance: Random) -> None:
        self.cluster, self.chance = cluster, chance
        self.ids = list(cluster.machines)
        self.lost_disk = False
        """One disk has lost what it had: of a second one nothing is promised."""
        self.removed: set[int] = set()
        self.is_lost = False
        """Something that was decided is on no disk any more: there is nothing left to judge."""
        self.at_loss = 0
        """How often in a row an operator has found a pair that cannot go on by itself."""
        self.anew = False
        self.over = False
        """Peace has come: nothing more goes wrong."""

    @property
    def victim(self) -> Machine:
        """Return one of the machines, by chance."""
        return self.cluster.machines[self.chance.choice(self.ids)]

    def boot_later(self, id: int, low_ms: int, high_ms: int) -> None:
        """Have machine *id* run again after a while, if it does not by then."""
        machine = self.cluster.machines[id]

        def boot() -> None:
            if not machine.is_up and id not in self.removed:
                self.cluster.boot(id)

        self.cluster.at(self.chance.randint(low_ms, high_ms), boot)

    def within(self) -> list[int]:
        """Return the machines whose daemons are in their cluster."""
        return [m.id for m in self.cluster.members() if m.node is not None and m.node.member]

    def ask(self, request: Request) -> Call | None:
        """Have an operator ask some daemon that is in its cluster."""
        up = self.within()
        return self.cluster.ask(self.chance.choice(up), request) if up else None

    def edit(self, change: Callable[[etree._Element], None]) -> Call | None:
        """Have an operator change the document that some daemon shows."""
        up = self.within()
        return self.cluster.commit(self.chance.choice(up), change) if up else None

    def say(self, text: str) -> None:
        """Put a line in the story."""
        self.cluster.story.append(f"{self.cluster.now_ms:>8} sim {text}")


# --- the network ----------------------------------------------------------------------------------


def split(run: Scene) -> None:
    """Part the machines in two."""
    shuffled = run.chance.sample(run.ids, len(run.ids))
    cut = run.chance.randint(1, max(1, len(run.ids) - 1))
    run.cluster.partition(tuple(shuffled[:cut]), tuple(shuffled[cut:]))


def heal(run: Scene) -> None:
    """Mend the network."""
    run.cluster.partition()


def oneway(run: Scene) -> None:
    """Have one machine not hear another."""
    if len(run.ids) > 1:
        one, other = run.chance.sample(run.ids, 2)
        run.cluster.network.deaf.add((one, other))
        run.say(f"n{other} cannot hear n{one}")


def bridge(run: Scene) -> None:
    """Part the machines in two, but for one that sees both sides."""
    if len(run.ids) > 2:
        between, *rest = run.chance.sample(run.ids, len(run.ids))
        cut = run.chance.randint(1, len(rest) - 1)
        run.cluster.partition(tuple(rest[:cut]), tuple(rest[cut:]))
        run.say(f"n{between} sees both sides")


def flap(run: Scene) -> None:
    """Part and mend a few times in a row."""
    if len(run.ids) > 1:
        shuffled = run.chance.sample(run.ids, len(run.ids))
        cut = run.chance.randint(1, len(run.ids) - 1)
        sides, at_ms = (tuple(shuffled[:cut]), tuple(shuffled[cut:])), 0
        for number in range(run.chance.randint(3, 8)):
            parted = sides if number % 2 == 0 else ()
            run.cluster.at(at_ms, lambda parted=parted: run.cluster.partition(*parted))
            at_ms += run.chance.choice((100, 700, 2500))
        run.cluster.at(at_ms, lambda: run.cluster.partition())


def narrow(run: Scene) -> None:
    """Lose large packets between one machine and all others."""
    one = run.victim.id
    run.cluster.network.narrow |= {frozenset((one, id)) for id in run.ids if id != one}
    run.say(f"n{one} is reached by small packets alone")


def unplug(run: Scene) -> None:
    """Take one of its two links from a machine, or the only one."""
    one, link = run.victim.id, run.chance.randrange(2)
    run.cluster.network.unplugged.add((one, link))
    run.say(f"link {link} of n{one} is dead")


# --- machines -------------------------------------------------------------------------------------


def power(run: Scene) -> None:
    """Cut a machine's power for a while."""
    machine = run.victim
    if machine.powered:
        run.cluster.power_off(machine.id)
        run.boot_later(machine.id, 500, 15_000)


def panic(run: Scene) -> None:
    """Have a machine's kernel panic: its crash kernel tells the others, and starts it anew."""
    machine = run.victim
    if machine.is_up:
        run.cluster.panic(machine.id)
        run.boot_later(machine.id, 2000, 15_000)


def kill(run: Scene) -> None:
    """End a daemon, not what it runs."""
    machine = run.victim
    if machine.is_up:
        run.cluster.kill(machine.id)
        run.boot_later(machine.id, 300, 6000)


def pause(run: Scene) -> None:
    """Let a machine, sometimes the DC's, stand still."""
    machine = run.victim
    dc = next((m.node.member.scene.dc for m in run.cluster.members() if m.node.member), 0)
    if dc and run.chance.random() < 0.3:
        machine = run.cluster.machines[dc]
    run.cluster.pause(machine.id, run.chance.choice((10, 50, 400, 2000, 12_000, 60_000)))


def stand(run: Scene) -> None:
    """Let a machine stand still together with its clock, as a hypervisor does."""
    run.cluster.pause(run.victim.id, run.chance.choice((50, 1000, 6000, 20_000)), clock=True)


def blackout(run: Scene) -> None:
    """Cut the power of all; they boot one after the other."""
    for id in run.ids:
        if run.cluster.machines[id].powered:
            run.cluster.power_off(id)
    for id in run.ids:
        run.boot_later(id, 100, 4000)


def minority(run: Scene) -> None:
    """Cut the power of all; only a minority boots soon."""
    for id in run.ids:
        if run.cluster.machines[id].powered:
            run.cluster.power_off(id)
    first = run.chance.sample(run.ids, max(1, (len(run.ids) - 1) // 2))
    for id in run.ids:
        run.boot_later(id, *((100, 1000) if id in first else (12_000, 20_000)))


def hang_brain(run: Scene) -> None:
    """Let a brain stand still while its heart goes on."""
    machine, for_ms = run.victim, run.chance.choice((300, 3000, 8000, 40_000))
    machine.hung_ms["node"] = run.cluster.now_ms + for_ms
    run.cluster.tell(machine, "sim", f"its brain hangs for {for_ms} ms")


def hang_heart(run: Scene) -> None:
    """Let a heart stand still while its brain goes on."""
    machine, for_ms = run.victim, run.chance.choice((100, 900, 2500, 8000))
    machine.hung_ms["heart"] = run.cluster.now_ms + for_ms
    run.cluster.tell(machine, "sim", f"its heart hangs for {for_ms} ms")


def wall(run: Scene) -> None:
    """Set a machine's wall clock forward or back by up to a day."""
    machine, seconds = run.victim, run.chance.randint(-86_400, 86_400)
    machine.clock.jump(seconds)
    run.cluster.tell(machine, "sim", f"its wall clock jumps by {seconds} s")


def gather_garbage(run: Scene) -> None:
    """Let brains stand still for a moment again and again, as a storm of collections makes them."""
    cluster, at_ms = run.cluster, 0

    def hang(machine: Machine, for_ms: int) -> None:
        machine.hung_ms["node"] = max(machine.hung_ms.get("node", 0), cluster.now_ms + for_ms)

    for _ in range(run.chance.randint(10, 30)):
        machine, for_ms = run.victim, run.chance.choice((50, 100, 250))
        cluster.at(at_ms, partial(hang, machine, for_ms))
        at_ms += run.chance.randint(50, 400)
    run.say("collections hold brains up")


def starve(run: Scene) -> None:
    """Let no process be begun on a machine for a while: no memory, or no descriptor, is left."""
    machine, for_ms = run.victim, run.chance.choice((500, 3000, 15_000))
    machine.barren_until_ms = run.cluster.now_ms + for_ms
    run.cluster.tell(machine, "sim", f"no process can be begun for {for_ms} ms")


def _lose(run: Scene) -> None:
    """Cut a machine's power until it is fenced, and what ran there is begun elsewhere."""
    machine = run.victim
    if machine.powered:
        run.cluster.power_off(machine.id)
        run.boot_later(machine.id, 8000, 20_000)


def _cuts(run: Scene, invocation: Invocation) -> bool:
    return is_of_switch(invocation) and run.cluster.switch.is_switching(invocation)


def stall_between(run: Scene) -> None:
    """Let a machine stand still between its look at the lease and what it began for that."""
    for_ms = run.chance.choice((400, 4000, 12_000, 60_000))

    def is_it(machine: Machine, invocation: Invocation) -> bool:
        if invocation.argv[-1] not in ("start", "promote") and not _cuts(run, invocation):
            return False
        run.cluster.pause(machine.id, for_ms)
        return True

    run.cluster.snares.append(is_it)
    _lose(run)


# --- power ----------------------------------------------------------------------------------------


def share_power(run: Scene) -> None:
    """Cut the power of a machine and that of its switch: nobody can fence it for a while."""
    machine, dead = run.victim, run.cluster.switch.dead
    if not machine.powered:
        return
    run.cluster.power_off(machine.id)
    dead.add(machine.id)
    run.say(f"the switch of {machine.name} has no power either")
    for_ms = run.chance.randint(500, 20_000)
    run.cluster.at(for_ms, lambda: dead.discard(machine.id))
    run.boot_later(machine.id, for_ms, for_ms + 5000)


def strike_fencer(run: Scene) -> None:
    """Cut the power of who fences, or of the DC that has it do so, between intent and done."""
    cluster = run.cluster
    dc, after_ms = run.chance.random() < 0.5, run.chance.choice((0, 1, 10, 100))

    def is_it(machine: Machine, invocation: Invocation) -> bool:
        if not _cuts(run, invocation):
            return False
        member = machine.node.member if machine.node is not None else None
        led = cluster.machines.get(member.scene.dc) if member is not None else None
        victim = led if dc and led is not None else machine
        run.say(f"{victim.name} is struck as {machine.name} fences")
        cluster.at(after_ms, lambda: cluster.power_off(victim.id) if victim.powered else None)
        run.boot_later(victim.id, after_ms + 500, after_ms + 15_000)
        return True

    cluster.snares.append(is_it)
    _lose(run)


# --- disks ----------------------------------------------------------------------------------------


def fill(run: Scene) -> None:
    """Let a disk be full, or broken, for a while; then its daemon is started again."""
    machine = run.victim
    if not machine.is_up or any(m.disk.failing for m in run.cluster.machines.values()):
        return
    machine.disk.failing = run.chance.choice((FULL, BROKEN))
    run.cluster.tell(machine, "sim", f"its disk: {machine.disk.failing}")

    def mend() -> None:
        machine.disk.failing = ""
        if machine.is_up and machine.disk.failed:
            run.cluster.kill(machine.id)
            run.cluster.boot(machine.id)

    run.cluster.at(run.chance.randint(1000, 15_000), mend)


def slow_disk(run: Scene) -> None:
    """Let each sync of a disk take seconds for a while."""
    machine = run.victim
    machine.disk.slow_ms = run.chance.choice((200, 1500, 5000))
    run.cluster.tell(machine, "sim", f"its disk takes {machine.disk.slow_ms} ms more")
    run.cluster.at(run.chance.randint(1000, 10_000), lambda: setattr(machine.disk, "slow_ms", 0))


def rot(run: Scene) -> None:
    """Let a log be damaged while its machine is off."""
    if run.lost_disk or len(run.ids) < 2:
        return
    machine, run.lost_disk = run.victim, True
    if machine.powered:
        run.cluster.power_off(machine.id)
    machine.disk.rot()
    run.cluster.lost_disks.add(machine.id)
    run.cluster.tell(machine, "sim", "its log is damaged")
    run.boot_later(machine.id, 500, 8000)


def backup(run: Scene) -> None:
    """Keep a copy of a disk; two lives later, put it back."""
    if run.lost_disk or len(run.ids) < 3:
        return
    machine, run.lost_disk = run.victim, True
    copy = machine.disk.copy()
    run.cluster.tell(machine, "sim", "a backup is made of its disk")

    def restart() -> None:
        if machine.powered:
            run.cluster.power_off(machine.id)
        run.boot_later(machine.id, 100, 100)

    def restore() -> None:
        if machine.powered:
            run.cluster.power_off(machine.id)
        if machine.disk.hard.boot_counter > copy.hard.boot_counter + 1:
            machine.disk = copy
            run.cluster.lost_disks.add(machine.id)
            run.cluster.judge.restored(machine)
            run.cluster.tell(machine, "sim", "its disk is restored from the backup")
        run.boot_later(machine.id, 100, 2000)

    run.cluster.at(1000, restart)
    run.cluster.at(4000, restart)
    run.cluster.at(run.chance.randint(8000, 15_000), restore)


# --- operators ------------------------------------------------------------------------------------


def set_standby(tree: etree._Element, node: str, value: str) -> None:
    found = tree.find(f"configuration/nodes/node[@uname='{node}']")
    if found is None:
        return
    block = found.find("instance_attributes")
    if block is None:
        block = etree.SubElement(found, "instance_attributes", id=f"op-{node}")
    pair = next((each for each in block if each.get("name") == "standby"), None)
    if pair is None:
        pair = etree.SubElement(block, "nvpair", id=f"op-{node}-standby", name="standby")
    pair.set("value", value)


def standby(run: Scene) -> None:
    """Have an operator empty a node, or give it work again."""
    name, value = run.victim.name, run.chance.choice(("on", "on", "off"))
    run.say(f"operator: standby={value} of {name}")
    run.edit(lambda tree: set_standby(tree, name, value))


def maintenance(run: Scene) -> None:
    """Have an operator take all resources out of the cluster's hands, and back."""
    value = run.chance.choice(("true", "false"))
    run.say(f"operator: maintenance-mode={value}")
    run.edit(lambda tree: set_property(tree, "maintenance-mode", value))


def rotate(run: Scene) -> None:
    """Have an operator change the cluster's key."""
    run.say("operator: another key")
    run.ask(KeyRotate())


def options(run: Scene) -> None:
    """Have an operator change how votes are counted."""
    option = run.chance.choice(("auto_tie_breaker", "wait_for_all", "last_man_standing"))
    pairs = ((option, run.chance.choice(("1", "0"))),)
    if run.chance.random() < 0.4 and len(run.ids) > 2:
        pairs = ((f"votes.{run.victim.name}", run.chance.choice(("0", "1", "2"))),)
    run.say(f"operator: {pairs}")
    run.ask(QuorumUpdate(pairs))


def remove(run: Scene) -> None:
    """Have an operator take a node out for good; then it boots, with its old keys."""
    if len(run.ids) < 4 or run.removed:
        return
    machine = run.victim
    if machine.powered:
        run.cluster.power_off(machine.id)
    run.removed.add(machine.id)
    run.ids.remove(machine.id)
    run.say(f"operator: {machine.name} is removed")

    calls: list[Call] = []

    def ask() -> None:
        call = run.ask(NodeRemove(machine.name, force=True))
        if call is not None:
            calls.append(call)
            run.cluster.judge.removals.append((call, machine.id))

    def is_out() -> bool:
        # An error may say no more than that its answer was lost: an operator looks then.
        members = [m.node.member for m in run.cluster.members() if m.node is not None]
        return any(
            all(node.id != machine.id for node in member.scene.config.nodes)
            for member in members
            if member is not None
        )

    def come_back() -> None:
        if calls and not calls[0].done:
            run.cluster.at(1000, come_back)  # who knows yet
        elif calls and (calls[0].ok or is_out()):
            if not run.over:
                run.cluster.boot(machine.id)
        else:  # it was not to be
            run.removed.discard(machine.id)
            run.ids.append(machine.id)
            run.cluster.boot(machine.id)

    run.cluster.at(5000, ask)
    run.cluster.at(8000, come_back)


def fence(run: Scene) -> None:
    """Have an operator fence a node that may be healthy."""
    name = run.victim.name
    run.say(f"operator: fence {name}")
    run.ask(Fence(name, "reboot", 60_000))


def restart(run: Scene) -> None:
    """End a daemon in good order, and start it again."""
    machine = run.victim
    if machine.is_up:
        run.cluster.tell(machine, "sim", "SIGTERM")
        run.cluster._later(machine, 0, lambda: run.cluster._node(machine, events.Terminate()))
        told = len(machine.quits)

        def come_back() -> None:
            if machine.is_up and len(machine.quits) == told:
                run.cluster.at(1000, come_back)  # it has not left yet
            elif not machine.is_up and machine.id not in run.removed:
                run.cluster.boot(machine.id)

        run.cluster.at(run.chance.randint(3000, 20_000), come_back)


def begin_anew(run: Scene) -> None:
    """Have an operator who finds a cluster at a loss, a log damaged, go on with the longest other.

    Nobody may lead: of a pair, or of so few as it had shrunk to, one has nothing to vote with, and
    the others cannot know what they have missed.
    """
    here = {m.id: m.node.member for m in run.cluster.members() if m.node and m.node.member}
    if run.anew or len(here) != len(run.ids):
        return
    states = {id: member.machine._log.state for id, member in here.items()}
    damaged = [id for id, state in states.items() if state.amnesiac]
    if any(member.scene.leader for member in here.values()) or len(damaged) != 1:
        run.at_loss = 0
        return
    run.at_loss += 1
    if run.at_loss < LOOKS:
        return
    run.anew = True
    whole = [id for id in here if id not in damaged]
    longest = max(whole, key=lambda id: (states[id].last_term, states[id].last_index))
    if run.cluster.judge.decided_upto > states[longest].last_index:
        run.say("what was decided was on the damaged disk alone: a person accepts the loss")
        run.is_lost = True
        return
    left = run.cluster.machines[longest]
    lost = [run.cluster.machines[id] for id in here if id != longest]
    names = tuple(machine.name for machine in lost)
    run.say(f"operator: {' '.join(names)} off, {left.name} begins anew")
    for machine in lost:
        run.cluster.power_off(machine.id)

    def ask() -> None:
        early = [machine for machine in lost if machine.powered]
        for machine in early:  # what was to boot it before did
            run.cluster.power_off(machine.id)
        if early:
            run.cluster.at(6000, ask)
            return
        call = run.cluster.ask(left.id, ClusterForceNew(names))
        run.cluster.at(2000, lambda: come_over() if call.ok else ask())

    def come_over() -> None:
        """Leave on the disks what `cluster rejoin` does."""
        assert left.node is not None
        member = left.node.member
        if member is None or not member.scene.quorum.quorate:
            run.cluster.at(1000, come_over)
            return
        snapshot = member.machine.snapshot_here(member.ledger.snapshot())
        for machine in lost:
            known, hard = member.scene.config.node(machine.id), machine.disk.hard
            machine.disk = replace(
                machine.disk,
                snapshot=snapshot,
                hard=HardState(boot_counter=max(known.boot, known.over, hard.boot_counter)),
                keys=member.keys.rotation.keys,
                entries=[], intents=[], damage=Damage.CLEAN, failed=False,
            )  # fmt: skip
            run.cluster.judge.restored(machine)
            run.cluster.boot(machine.id)

    run.cluster.at(6000, ask)


MENU: Final[dict[str, Trouble]] = {
    each.__name__: each
    for each in (
        split, heal, oneway, bridge, flap, narrow, unplug, power, kill, pause, stand, blackout,
        minority, hang_brain, hang_heart, wall, fill, slow_disk, rot, backup, standby, maintenance,
        rotate, options, remove, fence, restart, panic, gather_garbage, starve, stall_between,
        share_power, strike_fencer,
    )
}  # fmt: skip
RARE: Final = (
    "panic", "gather_garbage", "starve", "stall_between", "share_power", "strike_fencer",
)  # fmt: skip
"""What has swarms of its own, so that no seed of the others becomes another one."""
DRAWN: Final = tuple(name for name in MENU if name not in RARE)
"""What a swarm draws from."""
NEEDS_FENCING: Final = (
    "kill", "pause", "stand", "hang_brain", "hang_heart", "fill", "fence", "starve",
    "stall_between", "gather_garbage",
)  # fmt: skip
"""What may leave a service behind that its daemon does not mind: no wait can promise anything."""
EARLY: Final = ("split", "split", "heal", "power", "kill", "pause", "oneway", "blackout")
"""The menu of the first seeds."""
