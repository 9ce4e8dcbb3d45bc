"""Machines that nothing but their watchdogs can end: pipes, with a reader who counts, are those."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.live.cluster import SERVICE, Cluster
from tests.live.lab import Lab, Machine, until
from tests.live.test_daemon import brain_of

pytestmark = pytest.mark.live

TIMEOUT_S = 6
PIPE = "/etc/pcsx/watchdog"


class Dog:
    """The watchdog of a machine: a pipe's reader that cuts the power when no byte comes in time."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.bitten: list[float] = []
        self._pipe = machine.place / f"root{PIPE}"
        os.mkfifo(self._pipe)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        pipe = os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK)
        petted: float | None = None
        while not self._over.wait(0.02):
            said = b""
            if select.select([pipe], [], [], 0)[0]:
                with contextlib.suppress(BlockingIOError):
                    said = os.read(pipe, 4096)
            if said:
                petted = None if said.endswith(b"V") else time.time()
            if not self.machine.is_on:
                petted = None
            elif petted is not None and time.time() - petted > TIMEOUT_S:
                petted = None
                self.bitten.append(self.machine.power_off())
        os.close(pipe)

    def stop(self) -> None:
        """Count no more."""
        self._over.set()
        self._thread.join()


@pytest.fixture
def made() -> Iterator[tuple[Cluster, dict[str, Dog]]]:
    with Lab(3) as lab:
        lab.environment["PCSX_TEST_WATCHDOG"] = "1"
        cluster = Cluster(lab)
        for machine in lab.machines:
            text = (machine.place / "root/etc/pcsx/pcsx.toml").read_text()
            text += f'watchdog = "{PIPE}"\nwatchdog_timeout = {TIMEOUT_S}\n'
            machine.put("/etc/pcsx/pcsx.toml", text.encode())
        dogs = {machine.name: Dog(machine) for machine in lab.machines}
        try:
            cluster.form()
            cluster.pcsx("property set stonith-watchdog-timeout=-1")
            cluster.web()
            yield cluster, dogs
        finally:
            for dog in dogs.values():
                dog.stop()


def test_a_machine_that_is_cut_off_is_ended_by_its_watchdog_and_then_replaced(
    made: tuple[Cluster, dict[str, Dog]], figure: Callable[..., None]
):
    cluster, dogs = made
    shown = cluster.pcsx("status --full").out
    assert shown.count(f"watchdog {TIMEOUT_S} s, bites without quorum") == 3, shown
    victim = cluster.holder()
    probe = cluster.lab.probe(SERVICE)
    cut = victim.cut_link()
    others = [machine for machine in cluster.lab.machines if machine is not victim]
    taken = until(lambda: any(m.holds(SERVICE) for m in others), 60, "the address elsewhere", 0.01)
    (bitten,) = dogs[victim.name].bitten
    seen = probe.stop()
    assert bitten < taken and seen.doubled == []
    figure("cable cut, watchdogs only", "reset by its watchdog", bitten - cut)
    figure("cable cut, watchdogs only", "address taken over", taken - cut)
    told = json.loads(cluster.pcsx(f"stonith history show {victim.name} --json", others[0]).out)
    assert (told["data"][0]["verdict"], told["data"][0]["device"]) == ("done", "watchdog")

    second = cluster.dc()
    os.kill(brain_of(second), 19)
    until(lambda: dogs[second.name].bitten, 20, "a hung brain is ended by the watchdog")


def test_a_daemon_that_is_back_in_time_or_leaves_in_good_order_ends_no_machine(
    made: tuple[Cluster, dict[str, Dog]],
):
    cluster, dogs = made
    leaver = next(m for m in cluster.lab.machines if m not in (cluster.holder(), cluster.dc()))
    subprocess.run(["kill", "-9", str(brain_of(leaver))], check=True)
    time.sleep(2 * TIMEOUT_S)
    cluster.wait_online(3)
    cluster.settle()
    assert not any(dog.bitten for dog in dogs.values())
    cluster.pcsx("cluster stop", leaver)
    time.sleep(2 * TIMEOUT_S)
    assert leaver.is_on and not any(dog.bitten for dog in dogs.values())
