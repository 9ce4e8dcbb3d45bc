"""Who carries out a fencing: one member, also when one that was lost with it is back."""

from __future__ import annotations

from tests.sim.cluster import Cluster
from tests.sim.faults import Faults
from tests.sim.machine import Machine
from tests.sim.switch import is_of_switch

POWER = """
<primitive id="power" class="stonith" type="fence_pcsx_demo">
  <instance_attributes id="power-i">
    <nvpair id="power-h" name="pcmk_host_list" value="n1 n2 n3 n4 n5"/>
  </instance_attributes>
</primitive>
"""


def fencers_of(made: Cluster, target: Machine) -> list[int]:
    """Return the machines on which an agent is at work to cut *target* off."""
    return [
        machine.id
        for machine in made.members()
        for child in machine.children.values()
        if is_of_switch(child)
        and made.switch.is_switching(child)
        and made.switch.target_of(child) is target
    ]


def with_slow_fencing(seed: int) -> tuple[Cluster, Machine]:
    """Return five nodes of which one is lost and being fenced, which takes long."""
    made = Cluster(
        seed, 5, profile="standard", faults=Faults(fence_ms=(20_000, 20_000)), resources=POWER
    )
    made.boot()
    made.until(made.at_rest, 40_000)
    lost = made.machines[5]
    made.power_off(5)
    made.until(lambda: bool(fencers_of(made, lost)), 20_000)
    return made, lost


def test_an_executor_that_is_back_leaves_the_case_to_the_one_that_has_it_now():
    made, lost = with_slow_fencing(1)
    (first,) = fencers_of(made, lost)
    others = tuple(id for id in (1, 2, 3, 4) if id != first)
    made.partition((first,), (*others, 5))
    made.until(lambda: len(fencers_of(made, lost)) == 2, 10_000)
    made.partition()
    met = f"n{first} ring view"
    seen = len(made.story)
    made.until(lambda: any(met in line for line in made.story[seen:]), 10_000)
    made.run(200)
    (second,) = fencers_of(made, lost)
    assert second != first
    made.until(lambda: bool(made.judge.fencings), 30_000)
    made.faults.fence_ms = (20, 200)
    made.until(made.at_rest, 60_000)
    assert [name for _, name, _ in made.judge.fencings].count("n5") == 1


def test_one_that_is_back_goes_on_where_the_other_has_gone():
    made, lost = with_slow_fencing(2)
    (first,) = fencers_of(made, lost)
    others = tuple(id for id in (1, 2, 3, 4) if id != first)
    made.partition((first,), (*others, 5))
    made.until(lambda: len(fencers_of(made, lost)) == 2, 10_000)
    (second,) = (id for id in fencers_of(made, lost) if id != first)
    made.faults.fence_ms = (20, 200)
    made.power_off(second)
    made.partition()
    made.until(lambda: "n5" in [name for _, name, _ in made.judge.fencings], 40_000)
    made.until(made.at_rest, 60_000)


def test_an_executor_that_died_and_was_back_before_the_view_changed_is_followed_at_once():
    made, lost = with_slow_fencing(8)
    (first,) = fencers_of(made, lost)
    (dc,) = {m.node.member.scene.dc for m in made.members() if m.node and m.node.member}
    assert first != dc, "else another is in charge, and looks at all cases anew"
    made.kill(first)
    made.run(900)
    made.boot(first)
    # The limit of the case would be over after a minute and more.
    made.until(lambda: bool(fencers_of(made, lost)), 6000)
    made.until(lambda: "n5" in [name for _, name, _ in made.judge.fencings], 40_000)
