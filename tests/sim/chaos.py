"""A cluster under a seed's own mix of faults: cuts, kills, pauses, loss, and writes."""

from __future__ import annotations

from random import Random
from typing import Final

from lxml import etree

from pcsx.protocol import Cleanup
from tests.sim import trouble
from tests.sim.cluster import NEW, Call, Cluster
from tests.sim.faults import Faults
from tests.sim.liveness import Liveness
from tests.sim.registers import KEYS, Registers

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
UPGRADES_EVERY: Final = 5
"""In so many seeds each start may find another program, and all are upgraded in the end."""
STAYS_EVERY: Final = 10
"""Of so many seeds one is watched for a while after all is well."""
OPTIONS: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (),
    (),
    (),
    (("last_man_standing", "1"), ("last_man_standing_window", "2000")),
    (("wait_for_all", "1"),),
    (("auto_tie_breaker", "1"),),
    (("allow_downscale", "1"),),
)


CALM_MS: Final = {"fast": 2500, "standard": 5500}
"""How long a round of trouble is left to itself at most: a while of its profile's own time."""

SWARM_FROM: Final = 200
"""Seeds from here on draw everything: size, options, policies, and which faults there are."""
RARE_FROM: Final = 1_000_000
"""Seeds from here on have what is rare in their menus too."""


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


def more_faults(faults: Faults, chance: Random) -> Faults:
    """Return *faults*, and some that are rarer."""

    def sometimes(share: float) -> bool:
        return chance.random() < share

    if sometimes(0.15):
        faults.burst = chance.choice((0.02, 0.1, 0.3))
    if sometimes(0.05):
        faults.loss = 0.3
    if sometimes(0.15):
        faults.long_ms = chance.choice((100, 1000))
    if sometimes(0.15):
        faults.clog_ms = chance.choice((300, 2000, 5000))
    if sometimes(0.2):
        faults.corrupt = chance.choice((0.001, 0.05))
    if sometimes(0.3):
        faults.drift = 1e-3
    if sometimes(0.3):
        faults.wall_s = chance.choice((2, 3600, 86_400))
    if sometimes(0.15):
        faults.agent_fails = chance.choice((0.02, 0.2))
    if sometimes(0.1):
        faults.agent_hangs = 0.03
    if sometimes(0.1):
        faults.fence_hangs = 0.2
    if sometimes(0.2):
        faults.fence_late_ms = (500, 8000)
    return faults


class Chaos:
    """One run: a cluster, *rounds* of trouble of the seed's own kinds, then peace and judgement."""

    def __init__(
        self,
        seed: int,
        rounds: int = 4,
        *,
        skip: frozenset[int] = frozenset(),
        without: frozenset[str] = frozenset(),
        calm_ms: int = 0,
    ) -> None:
        """Draw the run of *seed*, but for the rounds in *skip* and the faults in *without*.

        *calm_ms*: for how long a round is left to itself at most, if not as its profile has it.
        """
        self.chance = Random(seed)
        self.seed, self.rounds = seed, rounds
        self.skip = skip
        self.menu: tuple[str, ...] = trouble.EARLY
        self.unfenced = False
        if seed >= SWARM_FROM:
            self.cluster = self._swarm(seed, without)
        else:
            count = self.chance.choice((3, 3, 4, 5))
            profile = self.chance.choice(("fast", "standard"))
            faults = _spared(faults_of(self.chance), without)
            self.cluster = Cluster(seed, count, profile=profile, faults=faults, resources=RESOURCES)
        self.scene = trouble.Scene(self.cluster, self.chance)
        self.registers = Registers(self.cluster)
        self.cluster.judge.exclusive = set(EXCLUSIVE)
        self._calm_ms = calm_ms or CALM_MS[self.cluster.config.profile]
        if seed >= RARE_FROM:  # long enough for who is lost to be fenced, and then some
            self._calm_ms *= 2
        self.upgrades = seed >= SWARM_FROM and seed % UPGRADES_EVERY == 1
        if self.upgrades:
            self.cluster.upgrading = Random(f"upgrade {seed}")
        faults = self.cluster.faults
        fails = faults.agent_fails or faults.agent_hangs or "starve" in self.menu
        self._fencing_hangs = bool(faults.fence_hangs)
        self._failing = bool(fails)
        """Whether an operator must clean up what failed."""
        self._written = 0

    def _swarm(self, seed: int, without: frozenset[str]) -> Cluster:
        """Draw a cluster, and the few kinds of trouble that it gets."""
        chance = self.chance
        count = chance.choice((1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 7))
        links = 2 if chance.random() < 0.1 else 1
        self.unfenced = count > 2 and chance.random() < 0.25
        menu = chance.sample(trouble.DRAWN, chance.randint(1, 5))
        if seed >= RARE_FROM:
            menu = [*menu[:2], *chance.sample(trouble.RARE, chance.randint(1, 3))]
        self.rounds = chance.randint(2, 4)
        properties = {}
        faults = more_faults(faults_of(chance), chance)
        if self.unfenced:
            properties["stonith-enabled"] = "false"
            menu = [name for name in menu if name not in trouble.NEEDS_FENCING]
            # A stop that fails or hangs where nobody can fence is a person's.
            faults.agent_fails = faults.agent_hangs = 0.0
        else:
            policy = chance.choice(("stop", "stop", "freeze", "demote"))
            if policy != "stop":
                properties["no-quorum-policy"] = policy
        self.menu = tuple(menu) or ("split",)
        options = chance.choice(OPTIONS)
        return Cluster(
            seed,
            count,
            profile=chance.choice(("fast", "standard")),
            faults=_spared(faults, without),
            properties=tuple(properties.items()),
            options=options,
            resources=RESOURCES,
            links=links,
        )

    def run(self) -> Cluster:
        """Run to the end; any violation is raised with the end of the story."""
        cluster = self.cluster
        cluster.boot()
        cluster.run(self.chance.randint(200, self._calm_ms - 1000))
        for number in range(self.rounds):
            if self.seed >= SWARM_FROM:
                # A round of its own chance: leaving one out leaves the others as they are.
                self.chance = self.scene.chance = Random(f"{self.seed}/{number}")
                if number in self.skip:
                    continue
            self._upgrade()
            self._trouble()
            for _ in range(self.chance.randint(0, 3)):
                self._write()
                cluster.run(self.chance.randint(1, 400))
            cluster.run(self.chance.randint(100, self._calm_ms))
        self._peace()
        self._settle()
        if self.scene.is_lost:
            return cluster
        cluster.judge.final(holds)
        if key := self.registers.unexplained():
            cluster.judge.fail("S2 linearizable", f"{key}: {self.registers.history()}")
        return cluster

    def _upgrade(self) -> None:
        """Have a daemon end, and maybe another program begin in its place."""
        chance, cluster = self.cluster.upgrading, self.cluster
        up = [machine.id for machine in cluster.members() if machine.id in self.scene.ids]
        if chance is not None and up and chance.random() < 0.7:
            id = chance.choice(up)
            cluster.kill(id)
            life = cluster.machines[id].life
            machine = cluster.machines[id]
            cluster.at(
                chance.choice((50, 500, 3000)),
                lambda: cluster.boot(id) if machine.powered and machine.life == life else None,
            )

    def _trouble(self) -> None:
        trouble.MENU[self.chance.choice(self.menu)](self.scene)

    def _write(self) -> Call | None:
        self._written += 1
        number = self._written
        if self.seed >= SWARM_FROM and number % 2 and (ids := self.scene.within()):
            key = self.chance.choice(KEYS)
            self.registers.change(self.chance.choice(ids), key, f"{number}")
            return None

        def change(tree: etree._Element) -> None:
            found = tree.find("configuration/crm_config/cluster_property_set")
            assert found is not None
            name = f"note-{number}"
            etree.SubElement(found, "nvpair", id=f"p-{name}", name=name, value=str(number))

        return self.scene.edit(change)

    def _peace(self) -> None:
        """End all faults, and what operators began."""
        cluster = self.cluster
        self.scene.over = True
        cluster.upgrading = None
        cluster.partition()
        cluster.faults = Faults()
        cluster.snares.clear()
        cluster.switch.dead.clear()
        for machine in cluster.machines.values():
            cluster.go_on(machine)
            machine.disk.failing, machine.disk.slow_ms, machine.barren_until_ms = "", 0, 0
            if self.upgrades and machine.features != NEW:
                machine.features = NEW
                if machine.is_up:
                    cluster.kill(machine.id)
            if machine.id in self.scene.removed:
                if machine.powered:
                    cluster.power_off(machine.id)
            elif machine.disk.failed and machine.is_up:
                cluster.kill(machine.id)
            if machine.id in self.scene.ids and not machine.is_up:
                cluster.boot(machine.id)
        self._tidy()

    def _settle(self) -> None:
        """Let time pass until all is well; while a node is held out no time is counted."""
        liveness = Liveness(self.cluster, fencing_hung=self._fencing_hangs)
        is_watched = self.seed % STAYS_EVERY == 0
        while not self._is_well() or (is_watched and not (liveness.stays() and self._is_well())):
            if self.scene.is_lost:
                return
            self.cluster.run(200)
            liveness.look()
            liveness.placed(well=self._is_well())
        self.took_ms = liveness.took_ms

    def _tidy(self) -> None:
        """Have an operator put everything in order, again and again until all is well."""
        self.scene.chance = self.chance

        def plain(tree: etree._Element) -> None:
            for pair in tree.iterfind("configuration//nvpair"):
                if pair.get("name") in ("standby", "maintenance-mode"):
                    pair.set("value", "off" if pair.get("name") == "standby" else "false")

        if {"standby", "maintenance"} & set(self.menu):
            self.scene.edit(plain)
        if self._failing:
            self.scene.ask(Cleanup())
        trouble.begin_anew(self.scene)
        self.cluster.at(8000, self._tidy)

    def _is_well(self) -> bool:
        """Return whether all that should run does, once, on machines that are all in one view."""
        cluster = self.cluster
        ids = set(self.scene.ids)
        if {machine.id for machine in cluster.members()} != ids or not cluster.at_rest():
            return False
        nodes = [machine.node for machine in cluster.members()]
        levels = {node.member.machine.config.level for node in nodes if node and node.member}
        if self.upgrades and levels != {NEW[1]}:
            return False
        return all(len(cluster.active(resource)) == 1 for resource in EXCLUSIVE) and len(
            cluster.active("sentry")
        ) == len(ids)


def _spared(faults: Faults, without: frozenset[str]) -> Faults:
    """Return *faults* but for those named."""
    for name in without:
        setattr(faults, name, getattr(Faults(), name))
    return faults


def holds(cib: object, patch: str) -> bool:
    """Return whether the property that *patch* added is in *cib*."""
    if "note-" not in patch:
        return True  # what an operator sets may be set again
    start = patch.index("note-")
    name = patch[start:].split('"')[0].split("\\")[0]
    return cib.cluster_option(name) is not None  # type: ignore[attr-defined]
