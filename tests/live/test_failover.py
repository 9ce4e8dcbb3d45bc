"""A node dies, or its cable is cut: its service goes on elsewhere, fenced first, never twice.

The address is asked every 10 ms from outside, by ICMP and by ARP, and looked for in every machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.live.blows import come_back, lose
from tests.live.cluster import SERVICE, Cluster
from tests.live.lab import Lab, Machine, until

pytestmark = pytest.mark.live

Figure = Callable[[str, str, float | str], None]
SETTINGS = [(3, "standard"), (5, "standard"), (3, "fast"), (5, "fast")]


@pytest.fixture(scope="module", params=SETTINGS, ids=lambda each: f"{each[0]}-{each[1]}")
def running(request: pytest.FixtureRequest) -> Iterator[tuple[Cluster, str, float]]:
    """Return a cluster that runs the group, what it is called, and how long it took to form."""
    count, profile = request.param
    with Lab(count) as lab:
        made = Cluster(lab)
        formed_s = made.form(profile)
        made.fencing()
        made.web()
        yield made, f"{count} nodes, {profile}", formed_s


def test_the_cluster_forms(running: tuple[Cluster, str, float], figure: Figure):
    made, setting, formed_s = running
    assert made.online() == {machine.name for machine in made.lab.machines}
    figure(setting, "formed, from the start of all daemons", formed_s)


def test_a_cluster_that_lost_all_power_forms_again(
    running: tuple[Cluster, str, float], figure: Figure
):
    made, setting, _ = running
    made.lab.power_log.clear()
    figure(setting, "formed again, from the start of all daemons", made.form_again())
    made.settle()
    assert made.where("vip") == [made.holder().name]
    assert made.lab.power_log == [], "who comes back by itself is not fenced"


def test_the_loss_of_the_active_node_is_recovered(
    running: tuple[Cluster, str, float], figure: Figure
):
    made, setting, _ = running
    if made.dc() is made.holder():
        made.pcsx(f"resource move web {made.lab.machines[-1].name} --wait=30")
    victim = made.holder()
    loss = lose(made, Machine.power_off)
    figure(setting, "power cut: fencing asked", loss.asked_s)
    figure(setting, "power cut: address away", loss.away_s)
    figure(setting, "rejoined, from the start of its daemon", come_back(made, victim))


def test_the_loss_of_the_dc_that_is_active_is_recovered(
    running: tuple[Cluster, str, float], figure: Figure
):
    made, setting, _ = running
    dc = made.dc()
    if dc is not made.holder():
        made.pcsx(f"resource move web {dc.name} --wait=30")
    loss = lose(made, Machine.power_off)
    figure(setting, "power cut of the DC: fencing asked", loss.asked_s)
    figure(setting, "power cut of the DC: address away", loss.away_s)
    come_back(made, dc)


def test_a_minority_whose_cable_is_cut_is_fenced_and_recovered(
    running: tuple[Cluster, str, float], figure: Figure
):
    made, setting, _ = running
    victim = made.holder()
    loss = lose(made, Machine.cut_link)
    figure(setting, "cable cut: fencing asked", loss.asked_s)
    figure(setting, "cable cut: address away", loss.away_s)
    come_back(made, victim)


def test_two_of_five_may_be_lost_at_once(running: tuple[Cluster, str, float], figure: Figure):
    made, setting, _ = running
    if len(made.lab.machines) < 5:
        pytest.skip("needs five nodes")
    victim = made.holder()
    other = next(each for each in made.lab.machines if each is not victim)
    probe = made.lab.probe(SERVICE)
    time.sleep(0.5)
    made.lab.power_log.clear()
    struck = victim.power_off()
    other.power_off()
    until(lambda: any(m.holds(SERVICE) for m in made.lab.machines), 60, "the takeover", 0.005)
    time.sleep(0.5)
    seen = probe.stop()
    assert seen.doubled == [] and seen.two_at_once() == []
    assert {name for _, _, name in made.lab.power_log} >= {victim.name}
    figure(setting, "two power cuts at once: address away", seen.outage_s(struck))
    until(lambda: len(made.online()) == 3, 30, "three left")
    for machine in (victim, other):
        machine.power_on()
        made.start(machine)
    made.wait_online(5)
