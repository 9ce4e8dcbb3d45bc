"""Units of a real systemd under the cluster: started, stopped by hand, failing, and hanging."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.lab import until

NODE = Path(__file__).parents[3] / "shared/rigs/systemd/sdnode.sh"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not NODE.exists(), reason="needs the rig of real systemd nodes"),
]

UNITS = {
    "calm": "[Service]\nExecStart=/bin/sleep 1000000\n",
    "broken": "[Service]\nType=notify\nExecStart=/bin/false\n",
    "slow": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 60\n",
    "pcsx": f"""[Service]
Type=notify
NotifyAccess=all
KillMode=process
TimeoutStopSec=60
Environment=PYTHONPATH={":".join(filter(None, sys.path))}
ExecStart={sys.executable} -m pcsx daemon --name n1 --address 127.0.0.1 --discovery no
""",
}
SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides: old
# Short-Description: An init script
### END INIT INFO
case $1 in
    start) : >/run/old ;;
    stop) rm -f /run/old ;;
    status) [ -e /run/old ] || exit 3 ;;
esac
"""


class Node:
    """One machine with a real systemd as its first process, and our daemon as a unit of it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def rig(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(NODE), verb, str(self.place), *words], capture_output=True, text=True, timeout=60
        )

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = f"export PYTHONPATH={':'.join(filter(None, sys.path))}; {command}"
        return self.rig("exec", "/bin/bash", "-c", words)

    def pcsx(self, words: str, *, check: bool = True) -> str:
        done = self.run(f"{sys.executable} -m pcsx {words}")
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def failures(self, resource: str) -> list[dict[str, Any]]:
        told = json.loads(self.pcsx(f"resource failcount show {resource} --json"))
        return list(told["data"])

    def state(self, unit: str) -> str:
        return self.run(f"systemctl is-active {unit}").stdout.strip()


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with tempfile.TemporaryDirectory(prefix="pcsx-unit-") as place:
        made = Node(Path(place))
        units = made.place / "seed/etc/systemd/system"
        units.mkdir(parents=True)
        for name, text in UNITS.items():
            (units / f"{name}.service").write_text(text)
        scripts = made.place / "seed/etc/init.d"
        scripts.mkdir()
        (scripts / "old").write_text(SCRIPT)
        (scripts / "old").chmod(0o755)
        booted = made.rig("start", "n1")
        assert booted.returncode == 0, booted.stderr
        try:
            made.run("ip link set lo up; mkdir -p /etc/pcsx; head -c 32 /dev/urandom "
                     ">/etc/pcsx/bootstrap.key; chmod 600 /etc/pcsx/bootstrap.key; "
                     "systemctl start pcsx")  # fmt: skip
            made.pcsx("cluster setup one n1=127.0.0.1")
            made.pcsx("property set stonith-enabled=false")
            yield made
        finally:
            made.rig("kill")


def test_a_unit_stopped_by_hand_is_noticed_at_once(node: Node, figure: Callable[..., None]):
    node.pcsx("resource create calm systemd:calm op monitor interval=600s --wait=30")
    assert node.state("calm") == "active"
    assert "Before=pcsx.service" in node.run("systemctl cat calm").stdout
    began = float(node.run("systemctl stop calm; date +%s.%N").stdout)
    until(lambda: node.failures("calm"), 20, "the stop by hand is on record")
    noticed = node.run("journalctl -u pcsx -o short-unix | grep 'calm monitor failed'").stdout
    after_s = float(noticed.split()[0]) - began
    figure("unit stopped by hand", "noticed", after_s)
    assert after_s < 1
    until(lambda: node.state("calm") == "active", 20, "it runs again")


def test_a_unit_that_fails_is_a_failed_start_with_systemds_reason(node: Node):
    node.pcsx("resource create broken systemd:broken --wait=30", check=False)
    shown = node.pcsx("resource trace show broken start")
    assert "broken.service did not start: failed (exit-code)" in shown
    node.pcsx("resource delete broken")


def test_a_unit_that_does_not_start_in_time_has_timed_out(node: Node):
    node.pcsx("resource create slow systemd:slow op start timeout=2s --wait=40", check=False)
    shown = node.pcsx("resource trace show slow start")
    assert "did not end within 2 s" in shown
    assert "slow.service did not start in time, it is " in shown
    node.pcsx("resource delete slow")


def test_an_init_script_is_a_resource(node: Node):
    node.pcsx("resource create old lsb:old op monitor interval=1s --wait=30")
    assert node.run("test -e /run/old").returncode == 0
    node.run("rm /run/old")
    until(lambda: node.failures("old"), 20, "its absence is noticed")
    until(lambda: node.run("test -e /run/old").returncode == 0, 20, "it runs again")


def test_when_systemd_stops_us_units_are_stopped_first_and_nobody_waits_for_the_other(
    node: Node, figure: Callable[..., None]
):
    began = time.time()
    node.run("systemctl stop pcsx")
    took_s = time.time() - began
    figure("systemctl stop pcsx", "with a unit under it", took_s)
    assert node.state("calm") == "inactive"
    assert took_s < 30
