"""A machine that was off while the cluster changed its key is soon back in the view."""

from __future__ import annotations

import pytest

from pcsx.daemon.member import Member
from pcsx.daemon.returning import DEAF_MS
from pcsx.daemon.rotation import BORROWED_MS, OVERLAP_MS
from pcsx.protocol import KeyRotate
from tests.sim.cluster import Cluster
from tests.sim.faults import Faults

POWER = '<primitive id="power" class="stonith" type="fence_pcsx_demo"/>'


def rotated(seed: int, away: int, *, retired: bool) -> Cluster:
    """Return a cluster whose key changed while *away* was off; *retired*: the old one is over."""
    off = (("stonith-action", "off"),)
    cluster = Cluster(
        seed, 3, profile="fast", faults=Faults(loss=0.05), properties=off, resources=POWER
    )
    cluster.boot()
    cluster.until(cluster.at_rest, 20_000)
    cluster.power_off(away)
    cluster.run(4000)
    by = cluster.members()[0]
    assert by.node is not None and by.node.member is not None
    member = by.node.member
    cluster.ask(by.id, KeyRotate())
    cluster.until(lambda: bool(member.ledger.trust.active), 20_000)
    if retired:
        cluster.until(lambda: not member.ledger.trust.overlaps, 20_000)
    return cluster


def members_of(cluster: Cluster) -> list[Member]:
    """Return the nodes that live."""
    nodes = [machine.node for machine in cluster.members()]
    return [node.member for node in nodes if node and node.member]


def keys_of(cluster: Cluster) -> set[tuple[bytes, ...]]:
    """Return what the nodes go by."""
    return {member.keys.rotation.keys for member in members_of(cluster)}


@pytest.mark.parametrize("away", [1, 3])
def test_who_comes_back_while_the_old_key_opens_is_called_by_it_and_given_the_new_one(away: int):
    cluster = rotated(away, away, retired=False)
    cluster.boot(away)
    cluster.until(cluster.at_rest, DEAF_MS - 1000)
    cluster.run(OVERLAP_MS + 5000)
    (keys,) = keys_of(cluster)
    assert len(keys) == 1


@pytest.mark.parametrize("away", [1, 3])
def test_who_comes_back_when_the_old_key_opens_nothing_asks_for_the_new_one(away: int):
    cluster = rotated(away, away, retired=True)
    assert {len(keys) for keys in keys_of(cluster)} == {1}
    cluster.boot(away)
    cluster.until(cluster.at_rest, DEAF_MS + 5000)
    (keys,) = keys_of(cluster)
    assert len(keys) == 1


def test_two_that_were_both_away_or_not_have_quorum_by_what_one_of_them_knows():
    cluster = rotated(7, 3, retired=True)
    cluster.power_off(1)
    cluster.power_off(2)
    cluster.run(1000)
    cluster.boot(2, 3)
    cluster.until(
        lambda: all(member.scene.quorum.quorate for member in members_of(cluster)), 30_000
    )
    cluster.boot(1)
    cluster.until(cluster.at_rest, DEAF_MS + 10_000)
    cluster.run(BORROWED_MS)
    (keys,) = keys_of(cluster)
    assert len(keys) == 1
