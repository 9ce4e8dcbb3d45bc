"""Daemons that are told to end, that die, and that are all killed in the middle of writes."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.cluster import PCSX, Cluster
from tests.live.lab import Lab, Machine, until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with Lab(3) as lab:
        cluster = Cluster(lab)
        cluster.form()
        cluster.fencing()
        cluster.web()
        yield cluster


def daemons(machine: Machine) -> list[int]:
    """Return the numbers of the machine's daemon processes, the supervisor first."""
    return sorted(pid for pid, line in machine.processes().items() if "pcsx daemon" in line)


def test_sigterm_hands_resources_over_and_leaves_in_good_order(made: Cluster):
    leaver = made.holder()
    signal_to(leaver, signal.SIGTERM)
    until(lambda: not daemons(leaver), 60, "the daemon is gone")
    others = [machine for machine in made.lab.machines if machine is not leaver]
    until(lambda: made.online(others[0]) == {each.name for each in others}, 30, "two online")
    assert made.holder() in others
    assert made.lab.power_log == [], "who leaves in good order is not fenced"
    made.start(leaver)
    made.wait_online(3)


def brain_of(machine: Machine) -> int:
    """Return the number of the daemon's brain: the process that listens on the local socket."""
    listening = machine.run("ss -xlpH src /run/pcsx/pcsx.sock").out
    inside = int(re.search(r"pid=(\d+)", listening)[1])  # type: ignore[index]
    for pid in daemons(machine):
        status = Path(f"/proc/{pid}/status").read_text()
        if int(re.search(r"^NSpid:.*\s(\d+)$", status, re.M)[1]) == inside:  # type: ignore[index]
            return pid
    raise AssertionError(listening)


def signal_to(machine: Machine, number: signal.Signals) -> None:
    subprocess.run(["kill", f"-{number.value}", str(daemons(machine)[0])], check=True)


def test_a_brain_that_dies_comes_back_and_stops_nothing(made: Cluster):
    made.settle()
    where = made.holder()
    nginx = [pid for pid, line in where.processes().items() if "nginx: master" in line]
    lives = daemons(where)
    subprocess.run(["kill", "-9", str(brain_of(where))], check=True)
    until(lambda: set(daemons(where)) - set(lives), 30, "a new life")
    made.wait_online(3)
    made.settle()
    assert made.holder() is where and made.lab.power_log == []
    assert [pid for pid, line in where.processes().items() if "nginx: master" in line] == nginx


class Writers:
    """One client on each machine that writes attributes, one after the other."""

    def __init__(self, made: Cluster, name: str) -> None:
        self._made, self._name = made, name
        self._over = threading.Event()
        self.acknowledged: list[str] = []
        self._threads = [
            threading.Thread(target=self._write, args=(m,), daemon=True) for m in made.lab.machines
        ]
        for thread in self._threads:
            thread.start()

    def _write(self, machine: Machine) -> None:
        number = 0
        while not self._over.is_set():
            name = f"{self._name}-{machine.name}-{number}"
            words = f"node attribute {machine.name} {name}=x"
            if self._made.pcsx(words, machine, check=False).status == 0:
                self.acknowledged.append(name)
            number += 1

    def end(self) -> list[str]:
        """Stop writing; return the names that were acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.acknowledged


def test_every_acknowledged_write_outlives_kill_9_of_all_daemons(
    made: Cluster, figure: Callable[[str, str, float | str], None]
):
    chance = random.Random(1)
    acknowledged: list[str] = []
    for life in range(3):
        made.wait_online(3)
        writers = Writers(made, f"w{life}")
        until(lambda w=writers: len(w.acknowledged) > 6, 60, "writes")
        time.sleep(chance.random())
        victims = [str(pid) for machine in made.lab.machines for pid in daemons(machine)]
        # Some of them are gone already, with the first of their own.
        subprocess.run(["kill", "-9", *victims], check=False, capture_output=True)
        acknowledged += writers.end()
        for machine in made.lab.machines:
            made.start(machine)
        made.wait_online(3)
    text = made.pcsx("cluster cib", made.lab.machines[-1]).out
    assert [name for name in acknowledged if f'"{name}"' not in text] == []
    figure("3 nodes", "writes acknowledged in three lives, all there", str(len(acknowledged)))


def test_status_and_changes_cost_little(
    made: Cluster, figure: Callable[[str, str, float | str], None]
):
    made.wait_online(3)
    began = time.time()
    made.lab.machines[0].run(f"{PCSX} status")
    figure("3 nodes", "pcsx status, one run", time.time() - began)
