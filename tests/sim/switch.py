"""The power switch that all simulated machines share, as fence agents reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pcsx.agents.types import Exit, Invocation

if TYPE_CHECKING:
    from tests.sim.cluster import Cluster
    from tests.sim.machine import Machine

BOOT_MS: Final = 3000
"""How long a machine takes from its power to its daemon."""


def is_of_switch(invocation: Invocation) -> bool:
    """Return whether a fence agent is called."""
    return b"action=" in invocation.stdin


class Switch:
    """Cuts and gives power; its answers are those of a fence agent."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.dead: set[int] = set()
        """Whose power is asked of a switch that has none itself."""
        self.lies: set[int] = set()
        """Of whom it says that it did what was asked, and did not."""

    def is_switching(self, invocation: Invocation) -> bool:
        """Return whether *invocation* cuts the power of somebody whose switch answers."""
        action, target = self._asked(invocation)
        return action in ("off", "reboot") and target is not None and target.id not in self.dead

    def target_of(self, invocation: Invocation) -> Machine:
        """Return whose power *invocation* is about."""
        target = self._asked(invocation)[1]
        assert target is not None
        return target

    def run(self, machine: Machine, invocation: Invocation) -> Exit:
        """Do what an agent on *machine* asks for, and return how the agent exits."""
        action, target = self._asked(invocation)
        cluster = self._cluster
        if target is not None and target.id in self.dead:
            return Exit(code=1, stderr=b"power switch does not answer", took_ms=50)
        if action in ("off", "reboot", "on") and target is not None:
            if cluster.random.random() < cluster.faults.fence_fails:
                return Exit(code=1, stderr=b"power switch does not answer", took_ms=50)
            self.act(machine, invocation)
        if action == "status" and target is not None:
            return Exit(code=0 if target.powered else 2, took_ms=5)
        if action == "list":
            text = "\n".join(each.name for each in cluster.machines.values())
            return Exit(code=0, stdout=text.encode(), took_ms=5)
        return Exit(code=0, took_ms=50)

    def act(self, machine: Machine, invocation: Invocation) -> None:
        """Cut or give power, as an agent on *machine* asked for."""
        action, target = self._asked(invocation)
        assert target is not None
        if target.id in self.lies:
            return
        self._cluster.judge.fenced(machine, target, action)
        if action != "on" and target.powered:
            self._cluster.power_off(target.id)
        if action != "off":
            self._cluster.at(BOOT_MS, lambda: self._cluster.power_on(target.id))

    def _asked(self, invocation: Invocation) -> tuple[str, Machine | None]:
        lines = dict(
            line.split("=", 1) for line in invocation.stdin.decode().splitlines() if "=" in line
        )
        name = lines.get("nodename") or lines.get("plug", "")
        machines = self._cluster.machines.values()
        return lines.get("action", ""), next((each for each in machines if each.name == name), None)
