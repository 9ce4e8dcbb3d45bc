"""A node whose state is not what the log decided goes by it no more, and takes the leader's."""

from __future__ import annotations

import pytest

from pcsx.daemon.status import LOG
from pcsx.protocol import GetCib
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster, set_property
from tests.sim.test_keys import members_of

SOON_MS = 3000


def standing(count: int) -> Cluster:
    cluster = Cluster(5, count, resources=RESOURCES)
    cluster.boot()
    cluster.until(cluster.at_rest, 40_000)
    return cluster


def spoil(cluster: Cluster, *ids: int) -> None:
    """Let what the daemons of *ids* hold be another document than was decided."""
    for id in ids:
        cluster.judge.tampered.add(id)
        node = cluster.machines[id].node
        assert node is not None and node.member is not None
        replica = node.member.ledger.replica
        replica._committed = replica.cib.edited(lambda tree: set_property(tree, "odd", "1"))


def leader_of(cluster: Cluster) -> int:
    return members_of(cluster)[0].scene.leader


def written(cluster: Cluster, by: int, name: str) -> None:
    call = cluster.commit(by, lambda tree: set_property(tree, name, "1"))
    cluster.until(lambda: call.done, SOON_MS)
    assert call.ok is not None


def digests(cluster: Cluster) -> set[tuple[int, str]]:
    ledgers = [member.ledger for member in members_of(cluster)]
    return {(ledger.index, ledger.replica.cib.digest) for ledger in ledgers}


@pytest.mark.parametrize("both", [False, True])
def test_a_follower_that_diverged_tells_so_and_takes_the_leaders_state(both: bool):
    cluster = standing(3)
    leader = leader_of(cluster)
    odd, other = (id for id in cluster.machines if id != leader)
    before = {name: cluster.active(name) for name in ("vip", "web", "db", "sentry")}
    spoil(cluster, odd, *([other] if both else []))

    written(cluster, leader, "first")
    member = next(m for m in members_of(cluster) if m.me == odd)
    cluster.until(lambda: not member.scene.diverged, SOON_MS)
    cluster.run(1000)

    told = [line for line in cluster.story if "not what was decided" in line]
    assert len(told) == 1 + both
    assert len(digests(cluster)) == 1
    assert member.ledger.replica.cib.cluster_option("odd") is None
    assert not member.local.attributes.get(LOG)
    assert {name: cluster.active(name) for name in before} == before

    cluster.power_off(odd)
    cluster.boot(odd)
    cluster.until(cluster.at_rest, 40_000)
    written(cluster, odd, "second")
    cluster.run(1000)
    assert len(digests(cluster)) == 1 and len(told) == 1 + both


def test_who_diverged_says_so_to_all_and_leads_no_more_before_it_is_mended():
    cluster = standing(3)
    leader = leader_of(cluster)
    odd = next(id for id in cluster.machines if id != leader)
    spoil(cluster, odd)
    cluster.streams.refuses = True
    written(cluster, leader, "first")
    cluster.run(SOON_MS)

    member = next(m for m in members_of(cluster) if m.me == odd)
    assert member.scene.diverged and not member.machine.caught_up
    seen = members_of(cluster)[leader - 1].scene.picture.nodes[odd].attributes
    assert "fetches it anew" in seen[LOG]
    call = cluster.ask(odd, GetCib())
    cluster.until(lambda: call.done, SOON_MS)
    assert call.ok is not None and call.ok["behind"]

    cluster.power_off(leader)
    cluster.run(12_000)
    assert leader_of(cluster) not in (0, odd, leader)
    cluster.streams.refuses = False
    cluster.until(lambda: not member.scene.diverged, 2 * SOON_MS)
    assert not member.local.attributes.get(LOG)
