"""Laws of rolling upgrades: old and new programs run together, and step up at once."""

from __future__ import annotations

import pytest

from pcsx.daemon.member import Member
from pcsx.protocol import GetStatus, RingStatus
from pcsx.ring.levels import Range
from tests.sim.cluster import NEW, OLD, Cluster, set_property
from tests.sim.faults import Faults

POWER = '<primitive id="power" class="stonith" type="fence_pcsx_demo"/>'


def old_cluster(seed: int = 1, count: int = 3) -> Cluster:
    off = (("stonith-action", "off"),)
    made = Cluster(
        seed, count, profile="fast", faults=Faults(loss=0.02), properties=off, resources=POWER
    )
    for machine in made.machines.values():
        machine.features = OLD
    made.boot()
    made.until(made.at_rest, 20_000)
    return made


def member_of(made: Cluster, id: int) -> Member:
    node = made.machines[id].node
    assert node is not None and node.member is not None
    return node.member


def levels(made: Cluster) -> set[int]:
    nodes = [machine.node for machine in made.members()]
    return {node.member.machine.config.level for node in nodes if node and node.member}


def install(made: Cluster, id: int, features: Range) -> None:
    """Have the daemon of *id* end and another program begin in its place."""
    made.kill(id)
    made.machines[id].features = features
    made.run(300)
    made.boot(id)


def write(made: Cluster, id: int, value: str) -> None:
    call = made.commit(id, lambda tree: set_property(tree, "note", value))
    made.until(lambda: call.ok is not None, 15_000)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_step_up_once_the_last_node_is_upgraded_and_not_before(seed: int) -> None:
    made = old_cluster(seed)
    for id in made.machines:
        assert levels(made) == {1}
        install(made, id, NEW)
        made.until(made.at_rest, 20_000)
        write(made, id, f"after {id}")
    made.until(lambda: levels(made) == {2}, 5000)
    write(made, 1, "at level 2")
    made.until(made.at_rest, 10_000)


def test_steps_are_made_one_at_a_time() -> None:
    made = old_cluster()
    seen: list[int] = []
    for id in made.machines:
        install(made, id, (1, 3))
        made.until(made.at_rest, 20_000)
    for machine in made.members():
        entries = member_of(made, machine.id).machine._log._state.entries
        seen += [voters.newest.level for voters in entries.voters_after(1)]
    made.until(lambda: levels(made) == {3}, 5000)
    assert 2 in seen and seen.index(2) < seen.index(3)


def test_before_the_step_a_node_goes_back_to_the_old_program() -> None:
    made = old_cluster()
    for id in (1, 2):
        install(made, id, NEW)
        made.until(made.at_rest, 20_000)
    install(made, 1, OLD)
    made.until(made.at_rest, 20_000)
    write(made, 1, "gone back")
    assert levels(made) == {1}


def upgraded() -> Cluster:
    made = old_cluster()
    for id in made.machines:
        install(made, id, NEW)
        made.until(made.at_rest, 20_000)
    made.until(lambda: levels(made) == {2}, 5000)
    return made


def test_who_goes_back_after_the_step_is_refused_and_comes_back_when_it_is_upgraded() -> None:
    made = upgraded()
    install(made, 3, OLD)
    made.until(lambda: _is_told(made, 3), 20_000)
    call = made.ask(3, GetStatus())
    made.run(500)
    assert "speaks feature level 1 at most, and the cluster is at 2" in str(call.replies[-1])
    write(made, 1, "without it")
    assert levels(made) == {2}
    install(made, 3, NEW)
    made.until(made.at_rest, 30_000)
    assert len(made.members()) == 3


def test_who_is_away_or_old_keeps_the_others_from_the_step_and_they_tell_who_it_is() -> None:
    made = old_cluster()
    made.power_off(3)
    for id in (1, 2):
        install(made, id, NEW)
        made.run(5000)
    assert levels(made) == {1}
    told = made.ask(1, RingStatus())
    made.run(500)
    assert told.ok is not None
    assert told.ok["feature"] == {"level": 1, "speaks": NEW, "held_back": {"n3": "is not here"}}
    made.boot(3)
    made.until(made.at_rest, 30_000)
    told = made.ask(1, RingStatus())
    made.run(500)
    assert told.ok is not None
    assert told.ok["feature"]["held_back"] == {"n3": "speaks 1 at most"}


def test_who_refuses_one_that_missed_the_step_tells_why() -> None:
    made = upgraded()
    disk = made.machines[3].disk
    made.kill(3)
    # It has missed the step: the log on its disk ends before it.
    disk.entries = [entry for entry in disk.entries if b'"level":2' not in entry.payload]
    made.machines[3].features = OLD
    made.boot(3)
    made.until(lambda: _is_told(made, 3), 20_000)
    made.run(5000)
    held_out = [member_of(made, id).machine.held_out.get(3, "") for id in (1, 2)]
    text = "refused: its pcsx speaks feature level 1 at most, and the cluster is at 2"
    assert any(each.startswith(text) for each in held_out)
    assert f"n3 is {text}" in made.tail(60)


def _is_told(made: Cluster, id: int) -> bool:
    node = made.machines[id].node
    return node is not None and node.member is None and bool(node.misfit)
