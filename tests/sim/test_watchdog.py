"""Laws of watchdogs: they end what others take over, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pcsx.daemon.status import WATCHDOG
from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster

BITE_MS = 5000
UNFENCED = RESOURCES.replace('<primitive id="power" class="stonith" type="fence_pcsx_demo"/>', "")


def watched(count: int = 3, *, seed: int = 1, **properties: str) -> Cluster:
    """Return a cluster at rest, where watchdogs are all that fences."""
    words = {name.replace("_", "-"): value for name, value in properties.items()}
    made = Cluster(
        seed, count, resources=UNFENCED, properties=tuple(words.items()), watchdog_ms=BITE_MS
    )
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 40_000)
    made.run(2000)
    return made


def place_of(made: Cluster, resource: str) -> int:
    (where,) = made.active(resource)
    return int(where[1:])


def cut_off(made: Cluster, id: int) -> None:
    made.partition((id,), tuple(other for other in made.machines if other != id))


def said_of(made: Cluster, id: int) -> str:
    """Return what the others know of the watchdog of *id*."""
    other = next(m for m in made.members() if m.id != id)
    return other.node.member.scene.picture.nodes[id].attributes.get(WATCHDOG, "")


def bites(made: Cluster) -> list[str]:
    return [line for line in made.story if "the watchdog bites" in line]


def test_a_cut_off_node_is_ended_by_its_watchdog_before_anything_starts_elsewhere():
    made = watched(stonith_watchdog_timeout="-1")
    lost = place_of(made, "vip")
    assert said_of(made, lost) == f"{BITE_MS}:quorum"
    cut_off(made, lost)
    made.until(lambda: bool(bites(made)), 20_000, 10)
    bitten_ms = made.now_ms
    made.until(lambda: bool(made.active("vip")), 60_000, 10)
    assert place_of(made, "vip") != lost and made.now_ms > bitten_ms
    assert len(bites(made)) == 1
    dc = next(m for m in made.members() if m.node.member.scene.in_charge)
    (case,) = dc.node.member.ledger.fencings.values()
    assert (case.verdict, case.device) == ("done", "watchdog")


def test_a_node_without_power_counts_as_ended_when_its_watchdog_had_its_time():
    made = watched(stonith_watchdog_timeout="20s")
    lost = place_of(made, "vip")
    made.power_off(lost)
    made.run(15_000)
    assert not made.active("vip")
    made.until(lambda: bool(made.active("vip")), 30_000, 10)


def test_a_daemon_that_comes_back_while_cut_off_does_not_keep_the_machine_alive():
    made = watched(stonith_watchdog_timeout="-1")
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.run(500)
    made.kill(lost)
    made.run(500)
    made.boot(lost)
    made.until(lambda: bool(made.active("vip")) and place_of(made, "vip") != lost, 60_000, 10)
    assert len(bites(made)) == 1


def test_a_daemon_that_comes_back_in_its_cluster_keeps_its_machine():
    made = watched(stonith_watchdog_timeout="-1")
    made.kill(2)
    made.run(500)
    made.boot(2)
    made.until(made.at_rest, 40_000)
    made.run(3 * BITE_MS)
    assert not bites(made)


@pytest.mark.parametrize(
    ("properties", "said"),
    [({}, f"{BITE_MS}"), ({"stonith_watchdog_timeout": "4s"}, f"{BITE_MS}")],
    ids=["not-asked-for", "shorter-than-the-watchdog"],
)
def test_what_fencing_does_not_rely_on_ends_no_node_and_frees_nothing(
    properties: dict[str, str], said: str
):
    made = watched(**properties)
    lost = place_of(made, "vip")
    assert said_of(made, lost) == said
    cut_off(made, lost)
    made.run(45_000)
    assert not bites(made)
    assert not [where for where in made.active("vip") if where != f"n{lost}"]


def test_a_device_for_watchdogs_says_for_which_nodes_they_count():
    device = (
        '<primitive id="watchdog" class="stonith" type="fence_watchdog"><instance_attributes '
        'id="w-i"><nvpair id="w-l" name="pcmk_host_list" value="n1 n2"/></instance_attributes>'
        "</primitive>"
    )
    made = Cluster(
        1, 3, resources=UNFENCED + device, watchdog_ms=BITE_MS,
        properties=(("stonith-watchdog-timeout", "-1"),),
    )  # fmt: skip
    made.boot()
    made.until(made.at_rest, 40_000)
    made.run(2000)
    assert [said_of(made, id) for id in (1, 2, 3)] == ["5000:quorum", "5000:quorum", "5000"]
    dc = next(m for m in made.members() if m.node.member.scene.in_charge)
    (history,) = [
        picture.history
        for picture in dc.node.member.scene.picture.nodes.values()
        if "watchdog" in picture.history.active
    ]
    assert not history.has_failed("watchdog")


def test_neither_of_a_pair_ends_itself_with_the_link_between_them():
    made = watched(2, stonith_watchdog_timeout="-1")
    assert said_of(made, 1) == f"{BITE_MS}"
    cut_off(made, 1)
    made.run(60_000)
    assert not bites(made)


def test_an_orderly_leave_disarms_the_watchdog():
    from pcsx.daemon import events

    made = watched(stonith_watchdog_timeout="-1")
    leaver = made.machines[3]
    made._node(leaver, events.Terminate())
    made.until(lambda: not leaver.is_up, 30_000)
    assert leaver.bites_ms is None
    made.run(3 * BITE_MS)
    assert not bites(made)


def _fails_to_stop(made: Cluster, id: int) -> None:
    machine = made.machines[id]
    does: Callable[..., object] = machine.run_agent

    def run_agent(invocation):
        from pcsx.agents.types import Exit

        if invocation.argv[-1] == "stop":
            return Exit(code=1, took_ms=5)
        return does(invocation)

    machine.run_agent = run_agent


def test_without_fencing_a_stop_that_fails_is_ended_by_the_watchdog():
    made = watched(stonith_enabled="false")
    lost = place_of(made, "vip")
    _fails_to_stop(made, lost)
    cut_off(made, lost)
    made.until(lambda: bool(bites(made)), 40_000, 10)
    made.until(lambda: bool(made.active("vip")), 60_000, 10)
    assert place_of(made, "vip") != lost


def test_one_that_leaves_and_cannot_stop_says_no_farewell():
    from pcsx.daemon import events

    made = watched(3, stonith_watchdog_timeout="-1")
    lost = place_of(made, "vip")
    _fails_to_stop(made, lost)
    cut_off(made, lost)
    made.run(200)
    made._node(made.machines[lost], events.Terminate())
    made.until(lambda: bool(bites(made)), 40_000, 200)
    made.until(lambda: bool(made.active("vip")), 40_000, 200)
    assert place_of(made, "vip") != lost
    dc = next(m for m in made.members() if m.node.member.scene.in_charge)
    assert [case.device for case in dc.node.member.ledger.fencings.values()] == ["watchdog"]
