"""The laws of liveness are judged: what never comes to be, or does not stay, is found."""

from __future__ import annotations

import pytest

from pcsx.daemon.member.mending import Mending
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster
from tests.sim.judge import Violation
from tests.sim.liveness import VIEWS_MAX, Liveness


def standing() -> Cluster:
    cluster = Cluster(3, 3, profile="fast")
    cluster.boot()
    cluster.until(cluster.at_rest, 20_000)
    return cluster


def test_a_cluster_that_stays_whole_breaks_no_law():
    cluster = standing()
    liveness = Liveness(cluster)
    for _ in range(10):
        cluster.run(200)
        liveness.look()
    liveness.stays()
    assert liveness.took_ms == {}


def test_a_view_that_never_comes_to_be_is_found():
    cluster = standing()
    cluster.partition((1,), (2, 3))
    liveness = Liveness(cluster)
    with pytest.raises(Violation, match="L1"):
        for _ in range(100):
            cluster.run(200)
            liveness.look()


def test_views_that_are_formed_over_and_over_are_found():
    cluster = standing()
    liveness = Liveness(cluster)
    cut = frozenset((1, 2))
    with pytest.raises(Violation, match=r"L[17]"):
        for number in range(10 * VIEWS_MAX):
            cluster.network.cut ^= {cut}
            cluster.run(700 if number % 2 else 1500)
            liveness.look()


def test_a_node_that_lost_its_log_and_does_not_say_so_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Mending, "say_log", lambda self, now: [])
    cluster = Cluster(1, 2, resources=RESOURCES)
    cluster.boot()
    cluster.until(cluster.at_rest, 40_000)
    for id in (1, 2):
        cluster.power_off(id)
    cluster.machines[2].disk.rot()
    cluster.boot()
    liveness = Liveness(cluster)
    with pytest.raises(Violation, match="L5"):
        for _ in range(100):
            cluster.run(200)
            liveness.look()


@pytest.mark.parametrize(("hung", "least_ms"), [(False, 30_000), (True, 90_000)])
def test_what_is_never_placed_is_found(hung: bool, least_ms: int):
    cluster = standing()
    liveness = Liveness(cluster, fencing_hung=hung)
    began_ms = cluster.now_ms
    with pytest.raises(Violation, match="L4"):
        for _ in range(100):
            cluster.run(1000)
            liveness.look()
            liveness.placed(well=False)
    assert least_ms < cluster.now_ms - began_ms < least_ms + 5000
