"""Fencing by BMCs that work, lie, hang and refuse: a node is off for certain, or not believed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.live import bmc
from tests.live.bmc import ADDRESS
from tests.live.lab import Lab, Machine, until
from tests.live.powered import AGENTS, Powered, powered

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not bmc.is_there(), reason="needs openipmi: .ci/install-live"),
]


@pytest.fixture(scope="module")
def made() -> Iterator[Powered]:
    with Lab(3) as lab, powered(lab) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def whole(made: Powered) -> Iterator[None]:
    """Begin and end each test with three nodes online and BMCs without faults."""
    yield
    for each in made.bmcs.values():
        each.thaw()
        each.heal()
    for machine in made.lab.machines:
        if not machine.is_on:
            machine.power_on()
            made.start(machine)
    made.wait_online(3)
    made.settle()


def other(made: Powered) -> Machine:
    """Return a machine that neither runs the service nor is the DC."""
    busy = (made.holder(), made.dc())
    return next(machine for machine in made.lab.machines if machine not in busy)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_node_that_loses_power_is_fenced_by_its_bmc_and_the_service_answers_elsewhere(
    made: Powered, agent: str, figure: Callable[..., None]
):
    for machine in made.lab.machines:
        if agent != "fence_pcsx_ipmi":
            made.pcsx(f"stonith delete ipmi-{machine.name}")
            made.device(agent, machine)
    victim = made.holder()
    moment = victim.power_off()
    taken = until(
        lambda: any(m.holds("10.79.0.200") for m in made.lab.machines), 60, "the address elsewhere"
    )
    figure(f"power cut, {agent}", "address taken over", taken - moment)
    case = made.history(victim.name)
    assert (case["verdict"], case["device"]) == ("done", f"ipmi-{victim.name}")
    until(lambda: victim.is_on, 30, "the fenced node was switched on again")


def test_a_living_node_is_rebooted_by_its_bmc(made: Powered, figure: Callable[..., None]):
    victim = other(made)
    before = victim.init
    began = time.time()
    made.pcsx(f"stonith fence {victim.name} --wait=60")
    figure("stonith fence", "rebooted, verified", time.time() - began)
    assert victim.init != before


def test_a_stuck_bmc_leaves_it_to_the_second_level(made: Powered):
    victim = other(made)
    made.fencing()
    made.pcsx(f"stonith level add 1 {victim.name} ipmi-{victim.name}")
    made.pcsx(f"stonith level add 2 {victim.name} power")
    made.bmcs[victim.name].set("stuck")
    made.pcsx(f"stonith fence {victim.name} --off --wait=90")
    assert made.history(victim.name)["device"] == "power"
    assert not victim.is_on
    made.pcsx(f"stonith level clear target {victim.name}")
    made.pcsx("stonith delete power")


def test_a_bmc_that_lies_is_not_believed(made: Powered):
    victim = other(made)
    made.bmcs[victim.name].set("lie")
    ran = made.pcsx(f"stonith fence {victim.name} --off --wait=60", check=False)
    assert ran.status != 0
    assert "still heard" in ran.err
    assert victim.is_on
    assert made.history(victim.name)["verdict"] == "failed"


def test_a_slow_bmc_is_waited_for(made: Powered):
    victim = other(made)
    made.bmcs[victim.name].set("slow", "3")
    made.pcsx(f"stonith fence {victim.name} --off --wait=60")
    assert made.history(victim.name)["took_ms"] >= 3000
    assert not victim.is_on


def test_nothing_is_recovered_from_a_node_whose_bmc_hangs_until_it_answers(made: Powered):
    victim = made.holder()
    made.bmcs[victim.name].freeze()
    victim.power_off()
    survivor = made.anyone
    until(lambda: made.history(victim.name)["verdict"] == "failed", 60, "fencing has failed")
    assert not any(m.holds("10.79.0.200") for m in made.lab.machines)
    reasons = made.pcsx("why www", survivor).out
    assert victim.name in reasons and "fenc" in reasons, reasons
    waits = made.status(survivor)["cluster"]["waits_for"]
    assert f"fencing {victim.name} failed" in waits or waits == ""
    made.bmcs[victim.name].thaw()
    until(lambda: any(m.holds("10.79.0.200") for m in made.lab.machines), 90, "recovered after all")


@pytest.mark.parametrize("words", ["password=wrong", "ip=10.79.0.251"])
def test_a_bmc_that_cannot_be_used_fences_nobody_and_says_why(made: Powered, words: str):
    victim = other(made)
    made.change(victim, words)
    ran = made.pcsx(f"stonith fence {victim.name} --off --wait=60", check=False)
    assert ran.status != 0
    assert victim.is_on
    assert made.history(victim.name)["reason"]
    tested = made.pcsx(f"stonith test ipmi-{victim.name}", check=False)
    assert tested.status == 1
    assert "ERROR" in tested.out and "NO ANSWER" not in tested.out
    made.change(victim, f"password=secret ip={ADDRESS}")


def test_a_test_asks_every_device_from_every_node_and_cuts_nothing(made: Powered):
    before = list(made.lab.power_log)
    told = json.loads(made.pcsx("stonith test --json").out)["data"]
    assert {(each["from"], each["target"]) for each in told} == {
        (one.name, two.name) for one in made.lab.machines for two in made.lab.machines
    }
    assert all(each["ok"] and each["state"] == "on" for each in told)
    assert made.lab.power_log == before
