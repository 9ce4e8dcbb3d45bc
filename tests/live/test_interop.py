"""The document is the field's: its own tools accept it, and see in it what `pcsx status` tells."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.cluster import Cluster
from tests.live.lab import Lab, until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    with Lab(3) as lab:
        cluster = Cluster(lab)
        cluster.form("fast")
        yield cluster


def ours(cluster: Cluster) -> dict[str, object]:
    """Return what `pcsx status` tells: who is online, and what runs where."""
    told = cluster.status()
    places: dict[str, list[str]] = {}
    for one in _leaves(told["resources"]):
        places.setdefault(one["id"].split(":")[0], []).extend(one["nodes"])
    return {
        "online": sorted(n["name"] for n in told["nodes"] if n["online"] and not n["standby"]),
        "standby": sorted(n["name"] for n in told["nodes"] if n["standby"]),
        "offline": sorted(n["name"] for n in told["nodes"] if not n["online"]),
        "places": {id: sorted(nodes) for id, nodes in sorted(places.items())},
    }


def _leaves(resources: list[dict]) -> Iterator[dict]:
    for one in resources:
        if "children" in one:
            yield from _leaves(one["children"])
        else:
            yield one


def theirs(cluster: Cluster, tmp_path: Path) -> dict[str, object]:
    """Return what Debian's crm_simulate tells of `pcsx cluster cib`, once crm_verify accepts it."""
    file = tmp_path / "x.xml"
    file.write_text(cluster.pcsx("cluster cib").out)
    verified = subprocess.run(
        ["crm_verify", "-V", "-x", str(file)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    text = subprocess.run(
        ["crm_simulate", "-x", str(file)], capture_output=True, text=True, check=True
    ).stdout
    state: dict[str, list[str]] = {"online": [], "standby": [], "offline": []}
    for word, names in re.findall(r"\* (Online|OFFLINE): \[ (.*) \]", text):
        state[word.lower()] = names.split()
    state["standby"] = re.findall(r"\* Node (\S+): standby", text)
    places: dict[str, list[str]] = {}
    clone = ""
    for line in text.splitlines():
        if found := re.search(r"\* Clone Set: \S+ \[(\S+)\]", line):
            clone = found[1]
            places[clone] = []
        elif found := re.search(r"\* Started: \[ (.*) \]", line):
            places[clone] = found[1].split()
        elif found := re.search(r"\* (\S+)\s+\((?:ocf|stonith):\S+\):\s+(\S+)(?: (\S+))?", line):
            nodes = [found[3]] if found[2] in ("Started", "FAILED") and found[3] else []
            places[found[1]] = nodes
    return {
        **{name: sorted(names) for name, names in state.items()},
        "places": {id: sorted(nodes) for id, nodes in sorted(places.items())},
    }


def test_a_fresh_document_with_fencing_is_accepted(made: Cluster, tmp_path: Path):
    made.fencing()
    assert theirs(made, tmp_path) == ours(made)


def test_what_runs_is_seen_alike(made: Cluster, tmp_path: Path):
    made.web()
    made.pcsx("resource create d ocf:pacemaker:Dummy op monitor interval=5s clone --wait=30")
    seen = ours(made)
    assert theirs(made, tmp_path) == seen
    assert seen["places"]["d"] == ["n1", "n2", "n3"]


def test_a_node_in_standby_is_seen_alike(made: Cluster, tmp_path: Path):
    name = made.holder().name
    made.pcsx(f"node standby {name} --wait=60")
    seen = ours(made)
    assert theirs(made, tmp_path) == seen
    assert seen["standby"] == [name]
    made.pcsx(f"node unstandby {name} --wait=60")


def test_a_resource_that_failed_is_seen_alike(made: Cluster, tmp_path: Path):
    made.pcsx("resource create f ocf:heartbeat:Filesystem device=/nowhere directory=/nowhere "
              "fstype=ext4 --wait=30", check=False)  # fmt: skip
    seen = ours(made)
    assert theirs(made, tmp_path) == seen
    assert seen["places"]["f"] == []
    made.pcsx("resource delete f --wait=30")


def test_a_lost_node_is_seen_alike(made: Cluster, tmp_path: Path):
    victim = made.holder()
    victim.power_off()
    until(lambda: len(made.online()) == 2, 30, "two online")
    made.settle()
    seen = ours(made)
    assert theirs(made, tmp_path) == seen
    assert seen["offline"] == [victim.name]
    victim.power_on()
    made.start(victim)
    made.wait_online(3)
