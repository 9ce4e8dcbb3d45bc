"""A cluster of daemons on the machines of a lab, and what an administrator does with it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from pcsx.client import Client
from pcsx.errors import PcsxError
from pcsx.protocol import GetStatus
from tests.live.lab import NET, Lab, Machine, Ran, until

SERVICE: Final = f"{NET}.200"
PCSX: Final = f"{sys.executable} -m pcsx"


class Cluster:
    """Daemons on all machines of *lab*; `form` makes them one cluster."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.on_boot = self.start
        key = os.urandom(32)
        for machine in lab.machines:
            machine.put("/etc/pcsx/bootstrap.key", key, 0o600)
            text = f'name = "{machine.name}"\naddress = "{machine.address}"\ndiscovery = false\n'
            machine.put("/etc/pcsx/pcsx.toml", text.encode())

    def start(self, machine: Machine) -> None:
        """Start the daemon of *machine*."""
        machine.spawn(f"{PCSX} daemon", "daemon.log")

    def form(self, profile: str = "standard", *, power: bool = True, gently: bool = False) -> float:
        """Switch all on, start the daemons, found the cluster; return how long the last two took.

        The clock runs from the start of the daemons until all are online under a DC. *gently*
        starts one daemon after the other, so that many do not starve each other.
        """
        if power:
            self.lab.power_on()
        began = time.time()
        first = self.lab.machines[0]
        for machine in self.lab.machines:
            self.start(machine)
            if gently:
                self._listens(machine)
        self._listens(first)
        nodes = " ".join(f"{each.name}={each.address}" for each in self.lab.machines)
        first.run(f"{PCSX} cluster setup lab {nodes} --profile {profile}")
        self.wait_online(len(self.lab.machines))
        return time.time() - began

    def _listens(self, machine: Machine) -> None:
        until(lambda: machine.path("/run/pcsx/pcsx.sock").exists(), 60, "it listens", 0.005)

    def form_again(self) -> float:
        """Cut the power of all, switch all on; return how long it takes from their daemons' start.

        The clock ends as in `form`: when all are online under a DC.
        """
        for machine in self.lab.machines:
            machine.power_off()
        self.lab.power_on()
        began = time.time()
        for machine in self.lab.machines:
            self.start(machine)
        self.wait_online(len(self.lab.machines))
        return time.time() - began

    # --- asking -----------------------------------------------------------------------------------

    @property
    def anyone(self) -> Machine:
        """Return a machine that is on."""
        return next(machine for machine in self.lab.machines if machine.is_on)

    def pcsx(self, words: str, at: Machine | None = None, *, check: bool = True) -> Ran:
        """Run `pcsx WORDS` on a machine."""
        return (at or self.anyone).run(f"{PCSX} {words}", check=check)

    def status(self, at: Machine | None = None) -> dict[str, Any]:
        """Return the status as one machine tells it; nothing where it cannot."""
        ran = self.pcsx("status --json", at, check=False)
        return dict(json.loads(ran.out)["data"]) if ran.status == 0 else {}

    def told(self, at: Machine | None = None) -> dict[str, Any]:
        """Return what a daemon answers itself, without a command's own time; or nothing."""
        socket = (at or self.anyone).path("/run/pcsx/pcsx.sock")
        try:
            with Client(str(socket), timeout_s=5) as client:
                return client.call(GetStatus())
        except PcsxError:
            return {}

    def online(self, at: Machine | None = None) -> set[str]:
        """Return the names of the nodes that are online, none without quorum or a DC."""
        told = self.told(at)
        if not told or not told["cluster"]["quorate"] or not told["cluster"]["dc"]:
            return set()
        return {node["name"] for node in told["nodes"] if node["online"]}

    def wait_online(self, count: int, within_s: float = 60, at: Machine | None = None) -> None:
        """Wait until *count* nodes are online."""
        until(lambda: len(self.online(at)) == count, within_s, f"{count} online")

    def dc(self) -> Machine:
        """Return the machine whose node is the DC."""
        return self.lab[self.told()["cluster"]["dc"]]

    def where(self, resource: str, at: Machine | None = None) -> list[str]:
        """Return the nodes on which *resource* runs by the status."""
        for one in _leaves(self.status(at).get("resources", [])):
            if one["id"] == resource:
                return list(one["nodes"])
        return []

    # --- what the tests run -----------------------------------------------------------------------

    def fencing(self) -> None:
        """Make the device that switches the lab's power sockets."""
        hosts = " ".join(machine.name for machine in self.lab.machines)
        self.pcsx(
            f"stonith create power fence_pcsx_lab sockets={self.lab.place}/power "
            f'pcmk_host_list="{hosts}" --wait=30'
        )

    def web(self) -> None:
        """Make a group of an address and nginx, and wait until it runs."""
        for machine in self.lab.machines:
            if machine.is_on:
                machine.put("/etc/pcsx/nginx.conf", NGINX.encode())
        self.pcsx(
            f"resource create vip ocf:heartbeat:IPaddr2 ip={SERVICE} cidr_netmask=24 nic=eth0 "
            "op monitor interval=10s --group web"
        )
        self.pcsx(
            "resource create www ocf:heartbeat:nginx configfile=/etc/pcsx/nginx.conf "
            "op monitor interval=10s --group web --wait=60"
        )

    def holder(self) -> Machine:
        """Return the machine that has the service's address; just one must."""
        (one,) = [machine for machine in self.lab.machines if machine.holds(SERVICE)]
        return one

    def settle(self) -> None:
        """Wait until the cluster has nothing left to do."""
        self.pcsx("status wait 60")


NGINX: Final = """error_log /var/log/nginx/error.log;
pid /run/nginx/nginx.pid;
events {}
http {
    access_log off;
    server { listen 80; location / { return 200 "here\\n"; } }
}
"""


def _leaves(resources: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in resources:
        if "children" in one:
            yield from _leaves(one["children"])
        else:
            yield one
