"""A storm over a small world: one seed draws the faults, then all heals and must come to rest."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

from pcsx.ring.config import WitnessSeat
from pcsx.ring.port import Damage
from tests.ring.world import World, config_of

QUORUM_OPTIONS: Final = (
    (),
    (),
    (("last_man_standing", "1"), ("last_man_standing_window", "1000")),
    (("wait_for_all", "1"),),
    (("auto_tie_breaker", "1"),),
)


def storm(
    seed: int,
    *,
    count: int | None = None,
    rounds: int = 12,
    witness: WitnessSeat | None = None,
    **options: Any,
) -> World:
    """Run a world through faults drawn from *seed*, heal it, and judge what is left."""
    world = World(count or 1, seed)
    chance = world.random
    count = count or chance.choice((2, 3, 3, 4, 5))
    world = World(
        count,
        seed,
        loss=chance.choice((0.0, 0.0, 0.05, 0.2)),
        duplicate=chance.choice((0.0, 0.05)),
        delay_ms=chance.choice(((0, 1), (0, 5), (1, 40))),
        disk_ms=chance.choice(((1, 3), (1, 30))),
        config=config_of(
            count,
            options=chance.choice(QUORUM_OPTIONS if witness is None else QUORUM_OPTIONS[:4]),
            witness=witness,
        ),
        **options,
    )
    world.start()
    world.run(chance.choice((0, 100, 3000)))
    for number in range(rounds):
        _fault(world)
        if witness is not None and chance.random() < 0.5:
            _fault_of_witness(world)
        for _ in range(chance.randrange(4)):
            _work(world, number)
            world.run(chance.choice((0, 1, 20)))
        world.run(chance.choice((5, 50, 500, 3500, 7000)))
        if chance.random() < 0.5:
            shoot(world)
    heal(world)
    rest(world)
    return world


def _work(world: World, number: int) -> None:
    chance = world.random
    lives = world.lives()
    if not lives:
        return
    node = chance.choice(lives).id
    safe = chance.random() < 0.3
    kind = "safe" if safe else "plain"
    for _ in range(chance.choice((1, 3, 90))):
        payload = f"{kind} {number} {chance.getrandbits(40)}".encode()
        world.multicast(node, payload, safe=safe)
    leader = world.leader()
    if leader is not None:
        for _ in range(chance.choice((1, 2, 70))):
            world.propose(leader, f"{number} {chance.getrandbits(40)}".encode())


def _fault(world: World) -> None:
    chance = world.random
    nodes = list(world.sites)
    match chance.choice(("crash", "crash", "start", "start", "split", "oneway", "mend", "mend")):
        case "crash":
            if lives := world.lives():
                site = chance.choice(lives)
                world.crash(site.id, will=chance.random() < 0.3, keep_tail=chance.random() < 0.5)
                all_there = len(lives) == len(nodes) > 2 and not world.cut
                sound = all(other.disk.damage is Damage.CLEAN for other in world.sites.values())
                if all_there and sound and chance.random() < 0.2:
                    site.disk.entries, site.disk.damage = [], Damage.AMNESIAC
        case "start":
            for site in world.sites.values():
                if site.machine is None and chance.random() < 0.7:
                    world.start(site.id)
        case "split":
            side = {node for node in nodes if chance.random() < 0.5}
            for x, y in combinations(nodes, 2):
                if (x in side) != (y in side):
                    world.cut |= {(x, y), (y, x)}
        case "oneway":
            if len(nodes) > 1:
                x, y = chance.sample(nodes, 2)
                world.cut.add((x, y))
        case "mend":
            world.cut.clear()


def _fault_of_witness(world: World) -> None:
    chance = world.random
    match chance.choice(("end", "begin", "begin", "cut", "mend")):
        case "end":
            world.end_witness()
        case "begin" if world.witness is None:
            world.begin_witness()
        case "cut":
            world.witness_cut = {node for node in world.sites if chance.random() < 0.5}
        case "mend":
            world.witness_cut.clear()


def shoot(world: World) -> None:
    """Let a survivor of a pair fence the other, whatever life it is in, and go on by the proof."""
    for site in world.lives():
        target = site.machine.solo_target if site.machine is not None else None
        if target is not None:
            if world.sites[target[0]].machine is not None:
                world.crash(target[0])
            world.prove(site.id, *target)


def heal(world: World) -> None:
    """End all faults."""
    world.cut.clear()
    world.witness_cut.clear()
    if world.config.witness is not None and world.witness is None:
        world.begin_witness()
    world.loss = world.duplicate = 0.0
    for site in world.sites.values():
        if site.machine is None:
            world.start(site.id)


def rest(world: World, within_ms: int = 20_000) -> None:
    """Let a healed world come to rest, and judge what it kept."""
    world.settle(within_ms=within_ms)
    world.run(2000)
    assert world.is_settled()
    last = max(world.acknowledged, default=0)
    for site in world.lives():
        assert site.applied >= last or world.machine(site.id).commit_index >= last, "lost: S2"
        assert site.got == site.sent, f"E3: {len(site.sent)} sent, {len(site.got)} came back"
    states = {site.state for site in world.lives()}
    assert len(states) == 1, "one history, two states"
    for index, payload in world.acknowledged.items():
        if payload and index in world.history:
            assert world.history[index][1] == payload
        assert not payload or payload in next(iter(states)), "an acknowledged proposal is lost"
