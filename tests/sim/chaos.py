"""A cluster under a seed's own mix of faults: cuts, kills, pauses, loss, and writes."""

from __future__ import annotations

from random import Random
from typing import Final

from lxml import etree

from tests.sim.cluster import Call, Cluster, Faults

RESOURCES = """
<group id="service">
  <primitive id="vip" class="ocf" provider="pcsx" type="dummy">
    <operations><op id="vip-monitor" name="monitor" interval="5s" timeout="20s"/></operations>
  </primitive>
  <primitive id="web" class="ocf" provider="pcsx" type="dummy"/>
</group>
<primitive id="db" class="ocf" provider="pcsx" type="dummy">
  <meta_attributes id="db-meta"><nvpair id="db-s" name="resource-stickiness" value="10"/>
  </meta_attributes>
</primitive>
<clone id="all"><primitive id="sentry" class="ocf" provider="pcsx" type="dummy"/></clone>
<primitive id="power" class="stonith" type="fence_pcsx_demo"/>
"""
EXCLUSIVE = {"vip", "web", "db"}
SETTLE_MS = 120_000
OPTIONS: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (),
    (),
    (),
    (("last_man_standing", "1"), ("last_man_standing_window", "2000")),
    (("wait_for_all", "1"),),
    (("auto_tie_breaker", "1"),),
    (("allow_downscale", "1"),),
)


def faults_of(chance: Random) -> Faults:
    """Return a mix of faults of the seed's own; most seeds have few of them."""
    return Faults(
        loss=chance.choice((0.0, 0.0, 0.02, 0.1)),
        delay_ms=chance.choice(((0, 2), (1, 20), (0, 80))),
        duplicate=chance.choice((0.0, 0.0, 0.05)),
        sync_ms=chance.choice(((1, 4), (1, 40))),
        agent_ms=chance.choice(((5, 60), (5, 800))),
        fence_ms=chance.choice(((20, 200), (20, 3000))),
        fence_fails=chance.choice((0.0, 0.0, 0.3)),
    )


SWARM_FROM: Final = 200
"""Seeds from here on draw everything: size, options, policies, and which faults there are."""

TROUBLES: Final = tuple(range(8))


class Chaos:
    """One run: a cluster, *rounds* of trouble of the seed's own kinds, then peace and judgement."""

    def __init__(
        self,
        seed: int,
        rounds: int = 4,
        *,
        skip: frozenset[int] = frozenset(),
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Draw the run of *seed*, but for the rounds in *skip* and the faults in *without*."""
        self.chance = Random(seed)
        self.seed, self.rounds = seed, rounds
        self.skip = skip
        self.menu: tuple[int, ...] = TROUBLES
        self.unfenced = False
        if seed >= SWARM_FROM:
            self.cluster = self._swarm(seed)
        else:
            count = self.chance.choice((3, 3, 4, 5))
            self.cluster = Cluster(
                seed,
                count,
                profile=self.chance.choice(("fast", "standard")),
                faults=faults_of(self.chance),
                resources=RESOURCES,
            )
        for name in without:
            setattr(self.cluster.faults, name, getattr(Faults(), name))
        self.cluster.judge.exclusive = set(EXCLUSIVE)
        self._written = 0

    def _swarm(self, seed: int) -> Cluster:
        """Draw a cluster, and the few kinds of trouble that it gets."""
        chance = self.chance
        count = chance.choice((1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 7))
        self.unfenced = count > 2 and chance.random() < 0.25
        self.menu = tuple(sorted(chance.sample(TROUBLES, chance.randint(1, 4))))
        self.rounds = chance.randint(2, 4)
        properties = {}
        if self.unfenced:
            # What may outlive its daemon unseen is outside of what a wait can promise.
            properties["stonith-enabled"] = "false"
            self.menu = tuple(set(self.menu) - {4, 5}) or (0,)
        else:
            policy = chance.choice(("stop", "stop", "freeze", "demote"))
            if policy != "stop":
                properties["no-quorum-policy"] = policy
        options = chance.choice(OPTIONS)
        faults = faults_of(chance)
        if chance.random() < 0.2:
            faults.fence_late_ms = (500, 8000)
        return Cluster(
            seed,
            count,
            profile=chance.choice(("fast", "standard")),
            faults=faults,
            properties=tuple(properties.items()),
            options=options,
            resources=RESOURCES,
        )

    def run(self) -> Cluster:
        """Run to the end; any violation is raised with the end of the story."""
        cluster = self.cluster
        cluster.boot()
        cluster.run(self.chance.randint(200, 8000))
        for number in range(self.rounds):
            if self.seed >= SWARM_FROM:
                # A round of its own chance: leaving one out leaves the others as they are.
                self.chance = Random(f"{self.seed}/{number}")
                if number in self.skip:
                    continue
            self._trouble()
            for _ in range(self.chance.randint(0, 3)):
                self._write()
                cluster.run(self.chance.randint(1, 400))
            cluster.run(self.chance.randint(100, 9000))
        self._peace()
        cluster.until(lambda: self._all_is_well(), SETTLE_MS, 200)
        cluster.judge.final(holds)
        return cluster

    def _trouble(self) -> None:
        cluster, chance = self.cluster, self.chance
        ids = list(cluster.machines)
        victim = chance.choice(ids)
        kind = chance.choice(self.menu) if self.seed >= SWARM_FROM else chance.randrange(8)
        if len(ids) == 1 and kind in (0, 1, 6):
            kind = 3
        match kind:
            case 0 | 1:
                shuffled = chance.sample(ids, len(ids))
                cut = chance.randint(1, len(ids) - 1)
                cluster.partition(tuple(shuffled[:cut]), tuple(shuffled[cut:]))
            case 2:
                cluster.partition()
            case 3:
                if cluster.machines[victim].powered:
                    cluster.power_off(victim)
                    cluster.at(chance.randint(500, 15000), lambda: self._boot(victim))
            case 4:
                if cluster.machines[victim].is_up:
                    cluster.kill(victim)
                    cluster.at(chance.randint(300, 6000), lambda: self._boot(victim))
            case 5:
                pause_ms = chance.choice((50, 400, 2000, 12000))
                cluster.machines[victim].paused_until_ms = cluster.now_ms + pause_ms
                cluster.story.append(f"{cluster.now_ms:>8} sim n{victim} pauses {pause_ms} ms")
            case 6:
                other = chance.choice([id for id in ids if id != victim])
                cluster.deaf.add((victim, other))
                cluster.story.append(f"{cluster.now_ms:>8} sim n{other} cannot hear n{victim}")
            case 7:
                for id in ids:
                    if cluster.machines[id].powered:
                        cluster.power_off(id)
                for id in ids:
                    cluster.at(chance.randint(100, 4000), lambda id=id: self._boot(id))

    def _boot(self, id: int) -> None:
        machine = self.cluster.machines[id]
        if not machine.is_up:
            self.cluster.boot(id)

    def _write(self) -> Call | None:
        up = [m for m in self.cluster.members() if m.node is not None and m.node.member]
        if not up:
            return None
        self._written += 1
        number = self._written

        def change(tree: etree._Element) -> None:
            found = tree.find("configuration/crm_config/cluster_property_set")
            assert found is not None
            name = f"note-{number}"
            etree.SubElement(found, "nvpair", id=f"p-{name}", name=name, value=str(number))

        return self.cluster.commit(self.chance.choice(up).id, change)

    def _peace(self) -> None:
        cluster = self.cluster
        cluster.partition()
        cluster.faults = Faults()
        for machine in cluster.machines.values():
            machine.paused_until_ms = min(machine.paused_until_ms, cluster.now_ms)
            if not machine.is_up:
                cluster.boot(machine.id)

    def _all_is_well(self) -> bool:
        cluster = self.cluster
        for machine in cluster.machines.values():
            if not machine.is_up and machine.powered is False:
                return False
        return (
            len(cluster.members()) == len(cluster.machines)
            and cluster.at_rest()
            and all(len(cluster.active(resource)) == 1 for resource in EXCLUSIVE)
            and len(cluster.active("sentry")) == len(cluster.machines)
        )


def holds(cib: object, patch: str) -> bool:
    """Return whether the property that *patch* added is in *cib*."""
    start = patch.index("note-")
    name = patch[start:].split('"')[0].split("\\")[0]
    return cib.cluster_option(name) is not None  # type: ignore[attr-defined]
