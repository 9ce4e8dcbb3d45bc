"""Laws of clusters without fencing: the losing side stops in time, and the other waits for it."""

from __future__ import annotations

import pytest

from pcsx.agents.types import Invocation
from pcsx.daemon.messages import Orders
from tests.sim.chaos import EXCLUSIVE, RESOURCES
from tests.sim.cluster import Cluster
from tests.sim.faults import Faults
from tests.sim.machine import Machine
from tests.sim.trouble import set_standby


def unfenced(count: int = 3, *, seed: int = 1, **properties: str) -> Cluster:
    words = {"stonith-enabled": "false"}
    words |= {name.replace("_", "-"): value for name, value in properties.items()}
    made = Cluster(seed, count, resources=RESOURCES, properties=tuple(words.items()))
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 40_000)
    return made


def place_of(made: Cluster, resource: str) -> int:
    (where,) = made.active(resource)
    return int(where[1:])


def cut_off(made: Cluster, *ids: int) -> None:
    made.partition(ids, tuple(id for id in made.machines if id not in ids))


def told(made: Cluster, id: int) -> str:
    return next(line for line in made.story if f"n{id} is taken for over" in line)


def test_a_cut_off_node_stops_all_before_anything_starts_elsewhere():
    made = unfenced()
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.until(lambda: not made.machines[lost].services, 12_000, 10)
    stopped_ms = made.now_ms
    made.until(lambda: bool(made.active("vip")), 30_000, 10)
    assert made.now_ms > stopped_ms and place_of(made, "vip") != lost
    assert "likely: three times the longest stops seen; no watchdog" in told(made, lost)


def test_the_wait_is_as_long_as_slow_stops_make_it():
    quick, slow = unfenced(), unfenced()
    for made in (quick, slow):
        made.faults = Faults(agent_ms=(3000, 3000)) if made is slow else Faults()
        made.run(1)
    waits = []
    for made in (quick, slow):
        lost = place_of(made, "vip")
        for machine in made.members():
            machine.node.member.takeover.stopped("web", 9000 if made is slow else 10)
        cut_off(made, lost)
        made.until(lambda made=made: bool(made.active("web")) is False, 20_000, 10)
        made.until(lambda made=made: bool(made.active("web")), 90_000, 50)
        waits.append(made.now_ms)
    assert waits[1] > waits[0] + 20_000


def test_proven_waits_for_the_longest_chain_of_timeouts():
    made = unfenced(unfenced_takeover="proven")
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.run(40_000)
    assert not made.active("vip"), "two stops of 20 s, one after the other, may still go on"
    made.until(lambda: bool(made.active("vip")), 40_000)
    assert "the longest chain of stop timeouts" in told(made, lost)


def test_never_waits_for_a_person():
    made = unfenced(unfenced_takeover="never")
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.run(200_000)
    assert not made.active("vip")
    assert len(made.active("sentry")) == 2, "what does not run there goes on"


def test_one_that_flaps_is_waited_for_no_longer_than_five_seconds_more_each_time():
    made = unfenced(unfenced_takeover="never")
    lost = next(id for id in (3, 2) if f"n{id}" not in made.active("vip"))
    for number in range(7):
        cut_off(made, lost)
        made.run(5000)
        made.partition()
        took_ms = made.until(made.at_rest, 20_000)
        assert number < 3 or took_ms > 4000
    assert any(f"n{lost} is held out: lost 7 times" in line for line in made.story)


@pytest.mark.parametrize("policy", ["freeze", "ignore", "demote"])
def test_nothing_is_taken_over_from_one_that_may_go_on_without_quorum(policy: str):
    made = unfenced(no_quorum_policy=policy)
    lost = place_of(made, "vip")
    made.judge.exclusive = set()
    cut_off(made, lost)
    made.run(60_000)
    if policy != "demote":  # which stops what cannot be demoted
        assert f"n{lost}" in made.active("vip")
    assert not any("is taken for over" in line for line in made.story)


def test_one_whose_wait_is_over_comes_back_in_a_new_life():
    made = unfenced()
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.until(lambda: bool(made.active("vip")) and place_of(made, "vip") != lost, 30_000)
    made.partition()
    made.until(lambda: len(made.members()) == 3 and made.at_rest(), 40_000)
    assert made.machines[lost].disk.hard.boot_counter == 2
    assert len(made.active("sentry")) == 3


@pytest.mark.parametrize("reaction", ["stop", "panic"])
def test_who_learns_that_its_life_is_over_stops_or_resets_its_machine(reaction: str):
    made = unfenced(fence_reaction=reaction)
    lost = place_of(made, "vip")
    cut_off(made, lost)
    made.until(lambda: bool(made.active("vip")) and place_of(made, "vip") != lost, 40_000)
    made.partition()
    made.run(5000)
    assert any("reset: it was fenced and runs" in line for line in made.story) is (
        reaction == "panic"
    )
    if reaction == "stop":
        made.until(made.at_rest, 60_000)
    assert made.machines[lost].powered is (reaction == "stop")


def lose_at(made: Cluster, moment: str) -> None:
    """Let the node that is told to start `db` be heard no more from *moment* on."""
    honest = made.judge.spawned

    def mute(id: int) -> None:
        made.network.deaf = made.network.deaf or {
            (id, other) for other in made.machines if other != id
        }

    def spawned(machine: Machine, invocation: Invocation) -> None:
        honest(machine, invocation)
        what = (invocation.argv[-1], dict(invocation.env).get("OCF_RESOURCE_INSTANCE"))
        if moment == "start" and what == ("start", "db"):
            mute(machine.id)

    made.judge.spawned = spawned  # type: ignore[method-assign]
    for machine in made.machines.values() if moment == "order" else ():
        member = machine.node.member
        told = member.tell

        def tell(message, now, *, told=told, id=machine.id, **how):
            if isinstance(message, Orders) and any(
                (each.resource, each.task) == ("db", "start") for each in message.orders
            ):
                mute(id)
            return told(message, now, **how)

        member.tell = tell


@pytest.mark.parametrize("moment", ["order", "start"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_start_of_which_nothing_was_heard_is_waited_for_too(moment: str, seed: int):
    made = unfenced(seed=seed)
    where = place_of(made, "db")
    lose_at(made, moment)
    made.commit(where, lambda tree: set_standby(tree, f"n{where}", "on"))
    made.until(lambda: bool(made.network.deaf), 10_000, 1)
    made.until(lambda: len(made.active("db")) == 1 and made.now_ms > 40_000, 60_000)
