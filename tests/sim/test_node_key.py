"""A node's own key changes while it runs: nobody misses it, and the old key opens nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pcsx.protocol import NodeKeyRotate
from pcsx.ring.join import public_of
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster, identity_of, set_property
from tests.sim.faults import Faults
from tests.sim.test_keys import members_of

SOON_MS = 5000


def standing(seed: int = 1) -> Cluster:
    cluster = Cluster(seed, 3, resources=RESOURCES, faults=Faults(loss=0.05))
    cluster.boot()
    cluster.until(cluster.at_rest, 40_000)
    return cluster


def keys_in_use(cluster: Cluster, id: int) -> set[bytes]:
    return {member.scene.config.node(id).key for member in members_of(cluster)}


def views_of(cluster: Cluster) -> int:
    return sum(" ring view " in line for line in cluster.story)


@pytest.mark.parametrize("id", [1, 2, 3])
def test_a_nodes_key_changes_under_load_and_without_a_change_of_view(id: int):
    cluster = standing(id)
    views, before = views_of(cluster), keys_in_use(cluster, id)
    call = cluster.ask(3, NodeKeyRotate(f"n{id}"))
    for number in range(10):
        cluster.commit(1, lambda tree, n=number: set_property(tree, f"load-{n}", "1"))
        cluster.run(100)
    cluster.until(lambda: call.done, SOON_MS)
    assert call.ok is not None
    cluster.run(20_000)

    assert views_of(cluster) == views
    disk = cluster.machines[id].disk
    assert keys_in_use(cluster, id) == {public_of(disk.identity)} != before
    assert not disk.coming and cluster.at_rest()
    cluster.power_off(id)
    cluster.boot(id)
    cluster.until(cluster.at_rest, 40_000)


def old_copy(cluster: Cluster, id: int) -> None:
    cluster.machines[id].disk.identity = identity_of(id)


def test_what_has_the_old_key_alone_opens_nothing_any_more():
    cluster = standing()
    call = cluster.ask(2, NodeKeyRotate())
    cluster.until(lambda: call.done, SOON_MS)
    cluster.run(1000)
    cluster.power_off(2)
    new = cluster.machines[2].disk.identity
    old_copy(cluster, 2)
    cluster.boot(2)
    cluster.run(20_000)
    assert all(2 not in member.scene.members for member in members_of(cluster) if member.me != 2)
    if cluster.machines[2].powered:
        cluster.power_off(2)
    cluster.machines[2].disk.identity = new


def test_who_missed_the_decision_still_finds_the_node_in_its_next_life():
    cluster = standing()
    call = cluster.ask(2, NodeKeyRotate())
    known = cluster.machines[3].disk
    cluster.until(lambda: call.done, SOON_MS, step_ms=1)
    cluster.power_off(3)
    known.entries = []
    cluster.lost_disks.add(3)
    cluster.run(4000)
    for id in (1, 2):
        cluster.power_off(id)
    cluster.boot(2, 3)
    cluster.until(lambda: {2, 3} <= set(members_of(cluster)[0].scene.members), 10_000)


def test_a_key_does_not_change_while_a_node_is_away_that_would_not_know_it():
    cluster = standing()
    cluster.power_off(3)
    cluster.run(4000)
    call = cluster.ask(2, NodeKeyRotate())
    cluster.until(lambda: call.done, SOON_MS)
    assert "would not know n2" in str(call.replies[-1]["error"])


def interrupted(cluster: Cluster, stop: Callable[[], bool]) -> None:
    """Cut the power of n3 in the middle of a change of its key, once *stop*()."""
    cluster.ask(3, NodeKeyRotate())
    cluster.until(stop, SOON_MS, step_ms=1)
    cluster.power_off(3)
    cluster.run(10_000)
    if not cluster.machines[3].powered:
        cluster.boot(3)
    cluster.until(cluster.at_rest, 60_000)
    cluster.run(3000)
    disk = cluster.machines[3].disk
    assert disk.identity and not disk.coming
    assert keys_in_use(cluster, 3) == {public_of(disk.identity)}


def test_a_life_that_ends_before_the_leader_was_asked_leaves_it_to_the_next():
    cluster = standing()
    interrupted(cluster, lambda: bool(cluster.machines[3].disk.coming))


def test_a_life_that_ends_once_the_others_know_the_new_key_comes_back_by_that():
    cluster = standing()
    old = public_of(identity_of(3))
    others = [member for member in members_of(cluster) if member.me != 3]
    interrupted(cluster, lambda: any(each.scene.config.node(3).key != old for each in others))
