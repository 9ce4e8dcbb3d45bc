"""What several ask of fencing at once, and which member does what only some of them may do."""

from __future__ import annotations

from pcsx.protocol import Fence
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster
from tests.sim.faults import Faults
from tests.sim.switch import is_of_switch


def is_at_work(made: Cluster) -> bool:
    """Return whether some fence agent is being waited for."""
    return any(is_of_switch(c) for m in made.members() for c in m.children.values())


def slow(**more: str) -> Cluster:
    made = Cluster(1, 3, resources=RESOURCES, faults=Faults(fence_ms=(9000, 9000)), **more)  # type: ignore[arg-type]
    made.boot()
    made.until(made.at_rest, 90_000)
    return made


def test_who_asks_for_what_is_under_way_is_answered_with_it_and_it_is_done_once():
    made = slow()
    first, second = made.ask(1, Fence("n3")), made.ask(2, Fence("n3"))
    made.until(lambda: first.done and second.done, 60_000)
    assert first.ok is not None and first.ok == second.ok
    assert [name for _, name, _ in made.judge.fencings] == ["n3"]


def test_who_asks_for_something_else_meanwhile_is_refused_and_not_told_of_a_success():
    made = slow()
    first = made.ask(1, Fence("n3"))
    made.until(lambda: is_at_work(made), 5000)
    other = made.ask(2, Fence("n3", "off"))
    made.until(lambda: other.done, 5000)
    assert other.ok is None and "another action: reboot" in str(other.replies)
    made.until(lambda: first.done, 60_000)


def test_a_node_that_is_lost_while_it_is_let_in_is_cut_off_all_the_same():
    made = slow()
    (where,) = made.active("db")
    lost = int(where[1:])
    assert lost != 1
    let_in = made.ask(1, Fence(f"n{lost}", "on"))
    made.until(lambda: is_at_work(made), 5000)
    made.partition((lost,), tuple(id for id in made.machines if id != lost))
    made.until(lambda: let_in.done, 60_000)
    made.until(lambda: (f"n{lost}", "reboot") in [f[1:] for f in made.judge.fencings], 60_000)


BANNED = '<rsc_location id="ban" rsc="power" node="{}" score="-INFINITY"/>'


def test_a_device_that_the_one_in_charge_must_not_use_is_used_by_others():
    made = Cluster(1, 3, resources=RESOURCES, constraints=BANNED.format("n1"))
    made.boot()
    made.until(made.at_rest, 40_000)
    call = made.ask(1, Fence("n3"))
    made.until(lambda: call.done, 30_000)
    assert call.ok is not None and call.ok["delegate"] == "n2"
