"""A disk that is full on one node: the cluster goes on, the node says why, and it comes back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pcsx.cib import Cib
from pcsx.cib.patch import diff
from pcsx.client import Client
from pcsx.errors import PcsxError
from pcsx.protocol import Commit, GetCib
from tests.live.cluster import Cluster
from tests.live.lab import Lab, Machine, until

pytestmark = pytest.mark.live

STATE = "/var/lib/pcsx"
LARGE = 120_000
"""So many bytes of a change: after some of these the log wants a snapshot, and so room."""


@pytest.fixture
def small() -> Iterator[Cluster]:
    """Three nodes whose state is on file systems of their own, of 80 MB."""
    with Lab(3) as lab:
        made = Cluster(lab)
        lab.power_on()
        for machine in lab.machines:
            machine.run(f"mount -t tmpfs -o size=80m,mode=0700 tmpfs {STATE}")
        made.form(power=False)
        yield made


def test_a_full_disk_costs_one_node_its_vote_until_there_is_room(small: Cluster):
    victim = small.dc()
    others = [machine for machine in small.lab.machines if machine is not victim]
    victim.run(f"dd if=/dev/zero of={STATE}/filler bs=1M", check=False)
    for number in range(120):
        # What cannot be packed: the log keeps its entries small else.
        change(others[number % 2], f"{number} " + os.urandom(LARGE // 2).hex())
        if "No space left" in log_of(victim):
            break
    assert "No space left" in log_of(victim), "a full disk is told"
    until(lambda: small.told(others[0])["cluster"]["dc"] not in ("", victim.name), 30, "another DC")
    change(others[0], "still here")
    assert "disk failed" in small.pcsx("ring status", victim).out
    time.sleep(6)
    assert "disk failed" in small.pcsx("ring status", victim).out, "there is no room yet"

    (Path(victim.path(STATE)) / "filler").unlink()
    until(lambda: "beginning anew" in log_of(victim), 60, "the node notices that there is room")
    small.wait_online(3, 60, others[0])
    change(others[1], "and there")
    until(lambda: value_at(victim) == "and there", 30, "the node has what was decided meanwhile")
    assert "disk failed" not in small.pcsx("ring status", victim).out


def log_of(machine: Machine) -> str:
    return (machine.place / "daemon.log").read_text(errors="replace")


def pair_of(tree: Any) -> Any:
    return tree.find("configuration/crm_config/cluster_property_set/nvpair[@id='large']")


def value_at(machine: Machine) -> str:
    try:
        with Client(str(machine.path("/run/pcsx/pcsx.sock")), timeout_s=5) as client:
            cib = Cib.from_bytes(client.call(GetCib(bare=True))["cib"].encode())
    except PcsxError:
        return ""
    pair = pair_of(cib.tree)
    return "" if pair is None else str(pair.get("value"))


def change(machine: Machine, value: str) -> None:
    """Have *value* decided, by way of *machine*, whoever leads by then."""

    def edit(tree: Any) -> None:
        pair = pair_of(tree)
        if pair is None:
            block = tree.find("configuration/crm_config/cluster_property_set")
            pair = block.makeelement("nvpair", {"id": "large", "name": "large"})
            block.append(pair)
        pair.set("value", value)

    def decided() -> bool:
        try:
            with Client(str(machine.path("/run/pcsx/pcsx.sock")), timeout_s=10) as client:
                cib = Cib.from_bytes(client.call(GetCib(bare=True))["cib"].encode())
                patch = diff(cib, cib.edited(edit)).to_bytes().decode()
                client.call(Commit((0, 0, 0), "", patch, "test", f"t-{time.time_ns()}", 1))
        except PcsxError:
            return False
        return True

    until(decided, 60, f"{value[:20]} is decided")
