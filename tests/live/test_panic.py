"""A kernel panics: the crash kernel's word takes the node out and has it fenced at once.

The panic itself is acted: the whole daemon is killed at once, so that nobody sends a will, and the
script of `contrib/kdump` is run where a crash kernel would run it.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.live.cluster import PCSX, Cluster
from tests.live.lab import Lab, Machine, until
from tests.live.test_adversity import strike_daemons

pytestmark = pytest.mark.live

SCRIPT = Path(__file__).parents[2] / "contrib/kdump/pcsx-panic"
FILE = "/var/lib/pcsx/panic"


def view_after_panic_s(machine: Machine, victim: Machine) -> float:
    """Return how long after the word of *victim* the log of *machine* has a view without it."""
    log = (machine.place / "daemon.log").read_text()
    _, _, rest = log.rpartition(f"the kernel of node {victim.number} panicked")
    heard = log[: len(log) - len(rest)].splitlines()[-1]
    view = next(line for line in rest.splitlines() if " ring view " in line)
    assert victim.name not in view.split(" ring view ")[1]
    began, ended = (
        datetime.strptime(f"{line.split()[0]} +0000", "%H:%M:%S.%f %z") for line in (heard, view)
    )
    return (ended - began).total_seconds() % 86_400


@pytest.mark.parametrize("by_script", [True, False])
def test_a_panic_is_out_of_the_view_at_once_and_fenced_without_waiting(
    by_script: bool, figure: Callable[..., None]
) -> None:
    with Lab(3) as lab:
        made = Cluster(lab)
        for machine in lab.machines:
            path = machine.place / "root/etc/pcsx/pcsx.toml"
            path.write_text(f'{path.read_text()}panic_file = "{FILE}"\n')
        made.form()
        made.fencing()
        made.web()
        made.settle()
        victim = made.holder()
        others = [machine for machine in lab.machines if machine is not victim]
        file = victim.path(FILE)
        assert file.stat().st_mode & 0o777 == 0o600
        assert {line.split()[0] for line in file.read_text().splitlines()} == {
            machine.address for machine in others
        }
        refused = victim.run(f"{PCSX} panic", check=False)
        assert refused.status == 1 and "this is no crash kernel" in refused.err
        assert len(made.online(others[0])) == 3

        said = victim.path("/etc/pcsx/panic.sh")
        said.write_bytes(SCRIPT.read_bytes())
        lab.power_log.clear()
        strike_daemons(victim, signal.SIGKILL)
        assert len(made.online(others[0])) == 3, "silence tells nothing yet"
        began = time.time()
        # It may be cut off in the midst of it by those whom it tells.
        if by_script:
            victim.run(f"PCSX_PANIC_FILE={FILE} bash /etc/pcsx/panic.sh --force", check=False)
        else:
            victim.run(f"{PCSX} panic --force", check=False)
        until(lambda: len(made.online(others[0])) == 2, 20, "the others go on")
        for machine in others:
            took_s = view_after_panic_s(machine, victim)
            assert took_s < 2.0
            figure("kernel panic", f"{machine.name}: from its word to a view without it", took_s)
        until(lambda: bool(lab.power_log), 20, "fencing")
        fenced = lab.power_log[0][0] - began
        assert lab.power_log[0][2] == victim.name
        assert fenced < 2.5, "it waited for silence"
        figure("kernel panic", "fencing asked after", fenced)
        until(lambda: any(machine.holds("10.79.0.200") for machine in others), 60, "the takeover")
        figure("kernel panic", "address taken over after", time.time() - began)
        told = json.loads(made.pcsx("stonith history --json", others[0], check=False).out or "{}")
        assert told.get("ok"), "the fencing is on record"
