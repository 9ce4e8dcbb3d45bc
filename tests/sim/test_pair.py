"""Laws of two nodes: the survivor goes on by proof, whoever shoots, and however late it is."""

from __future__ import annotations

import pytest

from pcsx.daemon import events
from pcsx.daemon.pair import weight_of
from pcsx.daemon.status import History
from tests.daemon.test_running import records
from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster
from tests.sim.faults import Faults


def pair(seed: int = 1, **more: object) -> Cluster:
    made = Cluster(seed, 2, resources=RESOURCES, **more)  # type: ignore[arg-type]
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 15_000)
    return made


def active_on(made: Cluster, resource: str) -> int:
    (where,) = made.active(resource)
    return int(where[1:])


@pytest.mark.parametrize("lost", [1, 2])
def test_the_survivor_fences_the_lost_one_and_takes_its_resources_over(lost: int):
    made = pair()
    made.power_off(lost)
    made.until(lambda: all(made.active(r) == [f"n{3 - lost}"] for r in EXCLUSIVE), 20_000)
    assert [name for _, name, _ in made.judge.fencings] == [f"n{lost}"]


def test_the_lost_one_comes_back_as_a_voter():
    made = pair()
    made.power_off(2)
    made.until(made.at_rest, 30_000)
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 30_000)
    for machine in made.members():
        assert [node.votes for node in machine.node.member.scene.config.nodes] == [1, 1]


def test_a_cut_kills_one_of_the_two_at_most_and_the_other_goes_on():
    made = pair()
    made.partition((1,), (2,))
    made.run(4500)
    assert len(made.judge.fencings) == 1
    made.partition()
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 60_000)
    assert len(made.judge.fencings) == 1


def test_both_shoot_and_both_come_back():
    made = pair(faults=Faults(fence_late_ms=(2500, 2500)))
    made.partition((1,), (2,))
    made.until(lambda: len(made.judge.fencings) == 2, 12_000)
    assert {name for _, name, _ in made.judge.fencings} == {"n1", "n2"}
    made.partition()
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 120_000)


def test_fencing_that_acts_after_the_heal_harms_nothing():
    made = pair(faults=Faults(fence_late_ms=(6000, 6000)))
    made.partition((1,), (2,))
    made.run(5000)
    made.partition()
    made.until(made.at_rest, 4000)
    assert not made.judge.fencings
    made.until(lambda: bool(made.judge.fencings), 20_000)
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 120_000)


def test_one_that_started_alone_starts_nothing_and_fences_nobody():
    made = pair()
    for id in (1, 2):
        made.power_off(id)
    made.boot(1)
    made.run(60_000)
    assert not made.judge.fencings
    assert not made.machines[1].services


def test_a_pair_without_a_fence_device_holds_and_never_takes_over():
    made = pair(properties=(("stonith-enabled", "false"),))
    where = active_on(made, "vip")
    made.partition((1,), (2,))
    made.run(120_000)
    assert made.active("vip") == [f"n{where}"]
    assert not made.judge.fencings


@pytest.mark.parametrize("leaver", [1, 2])
def test_one_that_leaves_in_good_order_takes_its_vote_along_and_gets_it_back(leaver: int):
    made = pair()
    machine = made.machines[leaver]
    made._node(machine, events.Terminate())
    made.until(lambda: machine.quits == [0] and made.at_rest(), 30_000)
    assert all(made.active(r) == [f"n{3 - leaver}"] for r in EXCLUSIVE)
    made.boot(leaver)
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 30_000)
    for machine in made.members():
        config = machine.node.member.scene.config
        assert [node.votes for node in config.nodes] == [1, 1] and not config.options
    assert not made.judge.fencings


def test_both_may_be_stopped_at_once():
    made = pair()
    for machine in made.machines.values():
        made._node(machine, events.Terminate())
    made.until(lambda: all(m.quits == [0] for m in made.machines.values()), 60_000)
    made.boot()
    made.until(lambda: len(made.members()) == 2 and made.at_rest(), 60_000)
    assert not made.judge.fencings


def test_a_lone_one_that_may_not_fence_rests():
    made = pair(properties=(("stonith-enabled", "false"),))
    made.kill(2)
    made.run(10_000)
    node = made.machines[1].node
    assert node is not None
    began = made.now_ms
    while made.now_ms < began + 2_000:
        due = node.deadline_ms
        assert due is None or due > made.now_ms, "a deadline in the past is a turn without end"
        made.run(50)


@pytest.mark.parametrize("important", ["db", "vip", ""])
def test_who_runs_what_matters_more_shoots_first(important: str):
    head = f'<primitive id="{important}" class="ocf" provider="pcsx" type="dummy">'
    pairs = '<nvpair id="m-p" name="priority" value="10"/>'
    matters = f'<meta_attributes id="m">{pairs}</meta_attributes>'
    assert not important or head in RESOURCES
    made = Cluster(
        1, 2, resources=RESOURCES.replace(head, head + matters),
        properties=(("priority-fencing-delay", "4s"),),
        constraints=f'<rsc_location id="l" rsc="{important or "db"}" node="n2" score="100"/>',
    )  # fmt: skip
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 15_000)
    assert active_on(made, important or "db") == 2
    made.partition((1,), (2,))
    made.until(lambda: bool(made.judge.fencings), 20_000)
    made.run(8000)
    # Where nothing matters more, the one that led (the first) goes on.
    assert [name for _, name, _ in made.judge.fencings] == ["n1" if important else "n2"]


def test_what_is_promoted_counts_one_more_where_it_counts_at_all():
    def weight(*story: str, **priorities: int) -> int:
        return weight_of(History(tuple(records(*story))), priorities)

    assert weight("start 0", r=5) == 5
    assert weight("start 0", "promote 0", r=5) == 6
    assert weight("start 0", "promote 0", "stop 0", r=5) == 0
    assert weight("start 0", "promote 0", other=5) == 0
