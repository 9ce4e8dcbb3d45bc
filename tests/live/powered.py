"""A cluster whose machines have BMCs, and fence devices that use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.live.bmc import ADDRESS, Bmc
from tests.live.cluster import Cluster
from tests.live.lab import Lab, Machine

AGENTS: Final = {
    "fence_ipmilan": "lanplus=1 cipher=3 ipport",
    "fence_pcsx_ipmi": "ipport",
}


class Powered(Cluster):
    """A cluster whose machines have BMCs; each starts again by itself when it is switched on."""

    bmcs: dict[str, Bmc]

    def device(self, agent: str, machine: Machine, *, password: str = "secret") -> None:
        """Make the device of *machine*, called `ipmi-` and its name."""
        port = AGENTS[agent]
        self.pcsx(
            f"stonith create ipmi-{machine.name} {agent} ip={ADDRESS} "
            f"{port}={self.bmcs[machine.name].port} username=admin password={password} "
            f"pcmk_host_list={machine.name} pcmk_off_timeout=10s pcmk_reboot_timeout=10s "
            "pcmk_reboot_retries=1 pcmk_off_retries=1 power_timeout=6 "
            "op monitor interval=0 --no-default-ops"
        )

    def change(self, machine: Machine, words: str) -> None:
        """Change the device of *machine*."""
        self.pcsx(f"stonith update ipmi-{machine.name} {words} --force")

    def history(self, target: str) -> dict[str, Any]:
        """Return the newest fencing of *target* on record."""
        # One that has just come back may not know yet how it was ended.
        witness = next(m for m in self.lab.machines if m.is_on and m.name != target)
        told = json.loads(self.pcsx(f"stonith history show {target} --json", witness).out)
        return dict(told["data"][0])


@contextmanager
def powered(lab: Lab) -> Iterator[Powered]:
    """Give a cluster of *lab*'s machines with a device for each, that serves the address."""
    cluster = Powered(lab)
    cluster.bmcs = {machine.name: Bmc(lab, machine) for machine in lab.machines}
    for each in cluster.bmcs.values():
        each.start()
    try:
        lab.comes_back = True
        cluster.form()
        for machine in lab.machines:
            cluster.device("fence_pcsx_ipmi", machine)
        cluster.web()
        yield cluster
    finally:
        for each in cluster.bmcs.values():
            each.stop()
