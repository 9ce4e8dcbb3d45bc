"""Three machines with a real systemd, BMCs, nginx and an address: one without power is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.live import bmc, systemd
from tests.live.cluster import SERVICE
from tests.live.lab import Lab, sh, until
from tests.live.powered import Powered, powered
from tests.live.systemd import SystemdMachine

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not bmc.is_there(), reason="needs openipmi: .ci/install-live"),
    pytest.mark.skipif(not systemd.is_there(), reason="needs the rig of real systemd nodes"),
]


@pytest.fixture(scope="module")
def made() -> Iterator[Powered]:
    with Lab(3, SystemdMachine) as lab, powered(lab) as cluster:
        yield cluster


def page(lab: Lab) -> str:
    """Return what the service answers to somebody outside."""
    words = ["ip", "netns", "exec", lab.outside, "curl", "-s", "-m", "2", f"http://{SERVICE}/"]
    return sh(words, check=False)


@pytest.mark.parametrize("agent", ["fence_pcsx_ipmi", "fence_ipmilan"])
def test_a_machine_that_loses_power_is_fenced_by_ipmi_and_its_page_is_served_elsewhere(
    made: Powered, agent: str, figure: Callable[..., None]
):
    lab = made.lab
    if agent != "fence_pcsx_ipmi":
        for machine in lab.machines:
            made.pcsx(f"stonith delete ipmi-{machine.name}")
            made.device(agent, machine)
        made.settle()
    until(lambda: page(lab) == "here\n", 20, "the page is served")
    victim = made.holder()
    moment = victim.power_off()
    served = until(lambda: page(lab) == "here\n", 60, "the page is served elsewhere")
    figure(f"power cut of a systemd machine, {agent}", "page served again", served - moment)
    assert made.holder() is not victim
    case = made.history(victim.name)
    assert (case["verdict"], case["device"]) == ("done", f"ipmi-{victim.name}")
    until(lambda: victim.is_on, 30, "the fenced node was switched on again")
    made.wait_online(3)
    made.settle()
    assert made.holder() is not victim
