"""Fencing by BMCs that work, lie, hang and refuse: a node is off for certain, or not believed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.live import bmc
from tests.live.bmc import ADDRESS
from tests.live.cluster import SERVICE
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
        machine.mend_link()
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
        lambda: any(m.holds(SERVICE) for m in made.lab.machines), 60, "the address elsewhere"
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


def is_told_waiting(made: Powered, victim: Machine, reason: str) -> None:
    """Check that every node that is on, bar *victim*, tells what the address waits for, and why.

    *reason* is a pattern: each agent has words of its own.
    """
    for machine in made.lab.machines:
        if machine.is_on and machine is not victim:
            why = made.pcsx("why vip", machine).out
            assert f"It waits until {victim.name} is fenced." in why, why
            assert re.search(reason, why), why
            status = made.pcsx("status", machine).out
            assert f"Node {victim.name} is UNCLEAN" in status, status
            assert re.search(reason, status), status


def elsewhere(made: Powered, victim: Machine) -> list[str]:
    """Return the machines other than *victim* that have the address."""
    return [m.name for m in made.lab.machines if m is not victim and m.holds(SERVICE)]


def serving(made: Powered) -> list[str]:
    """Return the machines that have the address."""
    return [m.name for m in made.lab.machines if m.holds(SERVICE)]


def failed(made: Powered, victim: Machine) -> bool:
    """Return whether a fencing of *victim* has failed since it was lost."""
    fencing = made.told(next(m for m in made.lab.machines if m.is_on and m is not victim))
    return bool(fencing) and any(
        case["target"] == victim.name for case in fencing["cluster"]["fencing"]["failed"]
    )


def test_a_lie_about_a_node_that_lives_on_recovers_nothing_until_it_is_cut_off(made: Powered):
    victim = made.holder()
    life = victim.init
    made.bmcs[victim.name].set("lie")
    made.pcsx("resource update www op monitor interval=1s on-fail=fence")
    made.settle()
    victim.run("kill -9 $(cat /run/nginx/nginx.pid)")
    until(lambda: failed(made, victim), 60, "the fencing was not believed")
    is_told_waiting(made, victim, "still heard")
    assert victim.init == life and victim.holds(SERVICE) and not elsewhere(made, victim)
    made.bmcs[victim.name].heal()
    until(lambda: victim.init != life and serving(made), 60, "recovered once it was cut off")
    made.pcsx("resource update www op monitor interval=10s on-fail=restart")


def test_nobody_takes_the_address_before_a_slow_bmc_has_cut_its_holder_off(made: Powered):
    victim = made.holder()
    survivor = next(m for m in made.lab.machines if m is not victim)
    life = victim.init
    made.bmcs[victim.name].set("slow", "6")
    victim.cut_link()
    until(
        lambda: any(
            case["target"] == victim.name
            for case in made.told(survivor)["cluster"]["fencing"]["open"]
        ),
        30, "its fencing is under way",
    )  # fmt: skip
    is_told_waiting(made, victim, "Its fencing is under way")
    until(lambda: victim.init != life or elsewhere(made, victim), 60, "it is cut off")
    assert not elsewhere(made, victim)
    until(lambda: serving(made), 60, "recovered")


def test_nothing_is_recovered_from_a_node_whose_bmc_hangs_until_it_answers(made: Powered):
    victim = made.holder()
    made.bmcs[victim.name].freeze()
    victim.power_off()
    until(lambda: failed(made, victim), 60, "fencing has failed")
    assert not elsewhere(made, victim)
    is_told_waiting(made, victim, rf"Its fencing failed .*: ipmi-{victim.name}: \w+: \S")
    made.bmcs[victim.name].thaw()
    until(lambda: serving(made), 90, "recovered after all")


@pytest.mark.parametrize(
    ("words", "reason", "by_hand"),
    [
        ("password=wrong", "cannot log in|Unable to obtain correct plug status", False),
        ("ip=10.79.0.251", r"10\.79\.0\.251|timed out|did not finish", True),
    ],
)
def test_a_bmc_that_cannot_be_used_recovers_nothing_until_it_can_or_a_person_vouches(
    made: Powered, words: str, reason: str, by_hand: bool
):
    victim = made.holder()
    made.change(
        victim, f"{words} pcmk_off_timeout=8s pcmk_reboot_timeout=8s pcmk_status_timeout=8s"
    )
    made.settle()
    if not by_hand:
        ran = made.pcsx(f"stonith fence {victim.name} --off --wait=60", check=False)
        assert ran.status != 0 and victim.is_on
    tested = made.pcsx(f"stonith test ipmi-{victim.name}", check=False)
    assert tested.status == 1
    assert "ERROR" in tested.out and "NO ANSWER" not in tested.out
    victim.power_off()
    survivor = made.anyone
    until(lambda: victim.name not in made.online(survivor), 30, "it is lost")
    begun = time.time()
    until(
        lambda: made.history(victim.name)["began_s"] >= int(begun) and failed(made, victim), 60,
        "the cluster's own fencing has begun",
    )  # fmt: skip
    is_told_waiting(made, victim, reason)
    assert not elsewhere(made, victim)
    if by_hand:
        made.pcsx(f"stonith confirm {victim.name} --force", survivor)
    else:
        made.change(victim, "password=secret")
    until(lambda: serving(made), 60, "recovered after all")
    if not victim.is_on:
        victim.power_on()
        made.start(victim)
    made.wait_online(3, at=survivor)
    timeouts = "pcmk_off_timeout=10s pcmk_reboot_timeout=10s pcmk_status_timeout="
    made.settle()
    made.change(victim, f"password=secret ip={ADDRESS} {timeouts}")


BAD_ENDS = {
    "code": "exit status 7",
    "signal": "killed by SIGKILL",
    "tell": "cannot log in with ********",
    "flood": "the end of the flood",
    "bytes": "bad \ufffd\ufffd??[31m bytes",
    "hang": "did not finish in time",
}


def test_an_agent_that_ends_badly_fences_nobody_and_the_reason_is_told_without_secrets(
    made: Powered,
):
    victim, before = other(made), len(made.lab.power_log)
    made.fencing()
    made.pcsx(f"stonith level add 1 {victim.name} power")
    for how, reason in BAD_ENDS.items():
        made.pcsx(
            f"stonith update power mischief={how} password=s3cretword pcmk_off_timeout=2s "
            "pcmk_off_retries=1 --force"
        )
        ran = made.pcsx(f"stonith fence {victim.name} --off --wait=60", check=False)
        case = made.history(victim.name)
        assert ran.status != 0 and case["verdict"] == "failed", how
        assert reason in case["reason"] and reason in ran.err, (how, case, ran)
        assert "s3cretword" not in ran.out + ran.err + made.pcsx("status").out + case["reason"]
    assert victim.is_on and made.lab.power_log[before:] == []
    for machine in made.lab.machines:
        assert "s3cretword" not in (machine.place / "daemon.log").read_text(errors="replace")
    made.pcsx(f"stonith level clear target {victim.name}")
    made.pcsx("stonith delete power")


def test_a_test_asks_every_device_from_every_node_and_cuts_nothing(made: Powered):
    before = list(made.lab.power_log)
    told = json.loads(made.pcsx("stonith test --json").out)["data"]
    assert {(each["from"], each["target"]) for each in told} == {
        (one.name, two.name) for one in made.lab.machines for two in made.lab.machines
    }
    assert all(each["ok"] and each["state"] == "on" for each in told)
    assert made.lab.power_log == before
