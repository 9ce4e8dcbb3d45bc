"""The menu of what befalls a simulated cluster, each once, at a moment that the seed draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Final

from lxml import etree

from pcsx.daemon import events
from pcsx.protocol import ClusterForceNew, Fence, KeyRotate, NodeRemove, QuorumUpdate, Request
from pcsx.ring.port import Damage, HardState
from tests.sim.cluster import Call, Cluster, set_property
from tests.sim.machine import Machine

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
    """Have an operator who finds a pair at a loss, one log damaged, go on with the other's.

    Neither may lead: one has nothing to vote with, the other cannot know what it has missed.
    """
    pair = [m for m in run.cluster.members() if m.node is not None and m.node.member is not None]
    if run.anew or len(pair) != 2 or len(run.cluster.machines) != 2:
        return
    members = [machine.node.member for machine in pair if machine.node is not None]
    now = run.cluster.machines[1].clock.now(run.cluster.now_ms)
    roles = [member.machine.log_status(now).role for member in members if member is not None]
    leads = any(member is not None and member.scene.leader for member in members)
    if leads or roles.count("amnesiac") != 1:
        run.at_loss = 0
        return
    run.at_loss += 1
    if run.at_loss < LOOKS:
        return
    run.anew = True
    lost, left = pair if roles[0] == "amnesiac" else reversed(pair)
    run.say(f"operator: {lost.name} is off, {left.name} begins anew")
    run.cluster.power_off(lost.id)

    def ask() -> None:
        if lost.powered:  # what was to boot it before did
            run.cluster.power_off(lost.id)
            run.cluster.at(6000, ask)
            return
        call = run.cluster.ask(left.id, ClusterForceNew((lost.name,)))
        run.cluster.at(2000, lambda: come_over() if call.ok else ask())

    def come_over() -> None:
        """Leave on the disk what `cluster rejoin` does."""
        assert left.node is not None
        member = left.node.member
        if member is None or not member.scene.quorum.quorate:
            run.cluster.at(1000, come_over)
            return
        known = member.scene.config.node(lost.id)
        lost.disk = replace(
            lost.disk,
            snapshot=member.machine.snapshot_here(member.ledger.snapshot()),
            hard=HardState(boot_counter=max(known.boot, known.over, lost.disk.hard.boot_counter)),
            keys=member.keys.rotation.keys,
            entries=[], intents=[], damage=Damage.CLEAN, failed=False,
        )  # fmt: skip
        run.cluster.judge.restored(lost)
        run.cluster.boot(lost.id)

    run.cluster.at(6000, ask)


MENU: Final[dict[str, Trouble]] = {
    each.__name__: each
    for each in (
        split, heal, oneway, bridge, flap, narrow, unplug, power, kill, pause, stand, blackout,
        minority, hang_brain, hang_heart, wall, fill, slow_disk, rot, backup, standby, maintenance,
        rotate, options, remove, fence, restart, panic,
    )
}  # fmt: skip
DRAWN: Final = tuple(name for name in MENU if name != "panic")
"""What a swarm draws from: panics have runs of their own, so that no seed becomes another one."""
NEEDS_FENCING: Final = ("kill", "pause", "stand", "hang_brain", "hang_heart", "fill", "fence")
"""What may leave a service behind that its daemon does not mind: no wait can promise anything."""
EARLY: Final = ("split", "split", "heal", "power", "kill", "pause", "oneway", "blackout")
"""The menu of the first seeds."""
