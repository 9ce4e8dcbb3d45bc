"""A copied machine runs beside its original: they end each other's lives, and never vote twice."""

from __future__ import annotations

import pytest

from pcsx.daemon.status import LOG
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster, set_property


def said(cluster: Cluster, turn: int) -> bool:
    """Have one of those that are no copies asked to set `turn`; return whether it did."""
    up = [m for m in cluster.members() if m.id in (1, 2) and m.node and m.node.member]
    if not up:
        return False
    call = cluster.commit(up[0].id, lambda tree: set_property(tree, "turn", str(turn)))
    cluster.run(1000)
    return call.done and call.ok is not None


@pytest.mark.parametrize("seed", (0, 1))
def test_of_two_copies_of_a_node_neither_votes_twice_and_all_is_well_once_one_is_gone(seed: int):
    cluster = Cluster(seed, 3, profile="fast", resources=RESOURCES)
    cluster.boot()
    cluster.until(cluster.at_rest, 30_000)
    copy = cluster.clone(3)
    cluster.run(2000)
    cluster.boot(copy.id)  # from here on each step is judged as ever: terms, votes, entries
    done = [said(cluster, turn) for turn in range(30)]
    assert any(done[2:]), "the others go on with their work in between"
    assert "the others know a later life of this node" in "\n".join(cluster.story)
    cluster.scrap(copy)
    for machine in cluster.machines.values():
        if not machine.is_up:
            cluster.boot(machine.id)
    # Who was lost so often is held out for minutes.
    cluster.until(lambda: len(cluster.members()) == 3 and cluster.at_rest(), 400_000)
    members = [m.node.member for m in cluster.members() if m.node is not None]
    assert len({member.ledger.replica.cib.digest for member in members if member}) == 1
    assert not any(member.local.attributes.get(LOG) for member in members if member)
