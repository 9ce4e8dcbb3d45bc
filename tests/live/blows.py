"""What befalls a cluster's machines, with what must hold meanwhile: for tests and for figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.live.cluster import SERVICE, Cluster
from tests.live.lab import Machine, until


@dataclass(frozen=True, slots=True)
class Loss:
    """How the loss of the machine with the service went, in seconds from the blow."""

    away_s: float
    """For how long the address was not answered."""
    asked_s: float
    """When fencing was asked."""


def lose(made: Cluster, strike: Callable[[Machine], float]) -> Loss:
    """Strike the machine with the service, and wait until another has it.

    What must hold is asserted: fenced first and once, and never answered by two.
    """
    victim = made.holder()
    probe = made.lab.probe(SERVICE)
    time.sleep(0.7)
    made.lab.power_log.clear()
    struck = strike(victim)
    others = [machine for machine in made.lab.machines if machine is not victim]
    until(lambda: any(machine.holds(SERVICE) for machine in others), 60, "the takeover", 0.005)
    until(lambda: made.online(others[0]), 20, "a status with quorum and a DC")
    time.sleep(1)
    seen = probe.stop()
    assert seen.doubled == [], "two machines had the address"
    assert seen.two_at_once() == [], "two machines answered for the address"
    asked = [(moment, name) for moment, action, name in made.lab.power_log if action != "on"]
    assert [name for _, name in asked] == [victim.name], "the lost node is fenced, once"
    assert not victim.is_on or made.lab.comes_back
    assert asked[0][0] < seen.back_at(struck), "it is fenced before the service is back"
    return Loss(seen.outage_s(struck), asked[0][0] - struck)


def come_back(made: Cluster, machine: Machine) -> float:
    """Switch *machine* on again; return how long it takes from its daemon's start to online."""
    machine.power_on()
    made.start(machine)
    began = time.time()
    made.wait_online(len(made.lab.machines))
    took_s = time.time() - began
    made.settle()
    return took_s
