"""A power switch that says it did what it did not: outside what can be promised, and soon over."""

from __future__ import annotations

from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster


def test_a_lie_about_a_fencing_costs_the_one_active_copy_and_nothing_else():
    cluster = Cluster(7, 3, profile="fast", resources=RESOURCES)
    cluster.boot()
    cluster.until(cluster.at_rest, 30_000)
    holder = next(m for m in cluster.machines.values() if "db" in m.services)
    cluster.switch.lies.add(holder.id)
    # The promise rests on the switch; all other laws are judged at each step, as ever.
    cluster.judge.exclusive = set()
    cluster.kill(holder.id)  # the daemon, not what it runs
    cluster.until(lambda: len(cluster.active("db")) == 2, 20_000)
    cluster.switch.lies.clear()
    # The next life probes what is there, and of two the DC leaves one.
    cluster.boot(holder.id)
    cluster.until(lambda: len(cluster.members()) == 3 and cluster.at_rest(), 60_000)
    assert all(len(cluster.active(resource)) == 1 for resource in EXCLUSIVE)
