"""Long quiet trouble: loss and short stalls for hours, which must cost nobody anything."""

from __future__ import annotations

from random import Random

from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster
from tests.sim.faults import Faults

SLICE_MS = 600_000


def soaked(
    seed: int, *, hours: float, count: int = 3, loss: float = 0.05, stall_ms: int = 200
) -> Cluster:
    """Run a cluster at rest for so long under loss and stalls; any fencing is a violation.

    A stall of some machine, heart and brain together, comes every three seconds or so.
    """
    cluster = Cluster(seed, count, faults=Faults(loss=loss), resources=RESOURCES)
    cluster.judge.exclusive = set(EXCLUSIVE)
    cluster.boot()
    cluster.until(cluster.at_rest, 20_000)
    cluster.story.clear()
    chance, left_ms = Random(seed), int(hours * 3_600_000)

    def stall() -> None:
        machine = cluster.machines[chance.choice(list(cluster.machines))]
        machine.paused_until_ms = cluster.now_ms + stall_ms
        cluster.at(int(chance.expovariate(1 / 3000)), stall)

    stall()
    while left_ms > 0:
        cluster.run(min(SLICE_MS, left_ms))
        left_ms -= SLICE_MS
        if cluster.judge.fencings:
            cluster.judge.fail("L6 no fencing", str(cluster.judge.fencings))
        views = [line for line in cluster.story if " ring view " in line]
        if views:
            cluster.judge.fail("L7 no change of view", views[0])
        cluster.story.clear()
    return cluster
