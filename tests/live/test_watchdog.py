"""Machines that nothing but their watchdogs can end: pipes, with a reader who counts, are those.

The last test has a kernel's own watchdog, in an emulated machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pcsx.daemon.io import watchdog
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


EMULATOR = Path(__file__).parents[3] / "shared/rigs/watchdog/wd-vm.sh"
NEEDED = ("qemu-system-x86_64", "busybox", "cpio")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
MISSING += [name for name in ("KERNEL", "MODULES") if name not in os.environ]
HOLDER = """import time
from watchdog import Watchdog

dog = Watchdog("/dev/watchdog", 5)
print("WD armed for", dog.arm(), dog.refused, flush=True)
dog.disarm()
time.sleep(8)
print("WD disarmed and alive", flush=True)
dog.arm()
for _ in range(8):
    time.sleep(1)
    dog.pet()
print("WD petted and alive", flush=True)
"""
PROGRAM = """#!/bin/busybox sh
/usr/bin/python3 -I -S -c 'import sys; sys.path += ["/lib/python", "/test.d"]; import holder'
busybox sleep 1000
"""


def _with_python(root: Path) -> None:
    """Put this interpreter, what it is linked with and the modules that are needed into *root*."""
    binary = os.path.realpath(sys.executable)
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy(binary, root / "usr/bin/python3")
    source = Path(os.__file__).parent
    extensions = [
        file
        for name in ("_ctypes", "_struct", "fcntl")
        for file in source.glob(f"lib-dynload/{name}.*")
    ]
    linked = set()
    for file in (Path(binary), *extensions):
        told = subprocess.run(["ldd", str(file)], capture_output=True, text=True).stdout
        linked |= {word for word in told.split() if word.startswith("/")}
    for library in linked:
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])
    modules = root / f"usr/lib/{source.name}"
    shutil.copytree(
        source, modules, ignore=shutil.ignore_patterns(
            "test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib",
            "lib2to3", "ensurepip", "config-*", "tkinter", "*.so",
        )
    )  # fmt: skip
    (modules / "lib-dynload").mkdir(exist_ok=True)
    for file in extensions:
        shutil.copy(file, modules / "lib-dynload")
    own = root / "test.d"
    own.mkdir()
    shutil.copy(str(watchdog.__file__), own / "watchdog.py")
    (own / "holder.py").write_text(HOLDER)


@pytest.mark.slow
@pytest.mark.skipif(not EMULATOR.exists(), reason="the rig of an emulated machine is not here")
@pytest.mark.skipif(bool(MISSING), reason=f"for an emulated machine, set or install: {MISSING}")
def test_a_kernels_watchdog_is_timed_petted_disarmed_and_bites_when_its_holder_ends(
    tmp_path: Path, figure: Callable[..., None]
):
    _with_python(tmp_path / "root")
    program = tmp_path / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    began = time.time()
    ran = subprocess.run(
        ["sh", str(EMULATOR), str(tmp_path), str(program)],
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    told = ran.stdout + ran.stderr
    assert "WD armed for 5000" in told, told
    assert "WD disarmed and alive" in told and "WD petted and alive" in told, told
    assert ran.returncode == 0, "the machine was reset once nobody petted it"
    figure("an emulated machine's own watchdog", "armed, disarmed, bitten", time.time() - began)
