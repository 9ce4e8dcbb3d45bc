"""What commands cost, beside pcs and crm in the same run: `python -m tests.bench.cli [RUNS]`.

On a file it needs no root. On running clusters (3 nodes, 23 resources, ours and the peers' side by
side) it needs root and the shared lab. Ours is the package as it is once installed, as theirs are.
Medians, and ratios to the peer; commands take turns, so that both meet the same noise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from pcsx.cib.founding import first_document
from tests.bench.figures import Figure, compared, median
from tests.bench.footprint import idle_rows
from tests.bench.installed import install
from tests.bench.peers import absent, pacemaker
from tests.live.cluster import PCSX, Cluster
from tests.live.lab import Lab, until

EXTRA: Final = 20
"""Resources beside the device and the group of two."""


def main(runs: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="pcsx-installed-") as place:
        program = install(Path(place))
        on_a_file(program, runs)
        if reason := absent():
            print(f"\nrunning clusters are left out: {reason}")
            return
        on_clusters(program, runs)


# --- a file ---------------------------------------------------------------------------------------


def on_a_file(program: str, runs: int) -> None:
    """Compare commands on a CIB file: CPU of whole processes."""
    commands = {
        "--version": ("--version", "pcs --version", 0.0),
        "-f FILE resource config": ("resource config", "pcs -f {f} resource config", 0.0),
        "-f FILE resource create": (
            "resource create x ocf:pacemaker:Dummy --force",
            "pcs -f {f} resource create x ocf:pacemaker:Dummy",
            0.0,
        ),
        "-f FILE configure show": ("configure show", "crm -F configure show", 0.0),
    }
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "cib.xml"
        rows = []
        for name, (ours, theirs, goal) in commands.items():
            mine, its = Figure(), Figure()
            for _ in range(runs + 1):
                words = (
                    [program] + ([] if ours == "--version" else ["-f", str(file)]) + ours.split()
                )
                file.write_bytes(first_document("b", "u", [("1", "n1")]).to_bytes())
                mine.take(lambda w=words: _run(w))
                file.write_bytes(first_document("b", "u", [("1", "n1")]).to_bytes())
                peer = theirs.format(f=file).split()
                if shutil.which(peer[0], path=os.environ["PATH"] + ":/usr/sbin"):
                    its.take(lambda w=peer, f=file: _run(w, CIB_file=str(f)))
            rows.append((f"pcsx {name}", mine.cpu[1:], theirs.split("{")[0], its.cpu[1:], goal))
        print("\nOn a file, CPU of the whole process:\n")
        print(compared(rows))
        version = median(rows[0][1])
        print(f"\npcsx --version: {version * 1000:.0f} ms of CPU (goal: under 100)")
        for name, costs, *_ in rows[1:]:
            print(f"{name}: {median(costs) * 1000:.0f} ms of CPU (goal: under 150)")


def _run(words: list[str], **environment: str) -> None:
    # As installed programs run: with their code compiled and kept.
    ours = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ours["PATH"] = os.environ["PATH"] + ":/usr/sbin"
    subprocess.run(
        words, capture_output=True, check=False, env={**ours, **environment},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


# --- running clusters -----------------------------------------------------------------------------


def on_clusters(program: str, runs: int) -> None:
    """Compare commands and footprint on running clusters of 3 nodes and 23 resources."""
    with Lab(3) as lab, pacemaker(3) as peer:
        made = Cluster(lab)
        made.form()
        made.fencing()
        made.pcsx("resource create vip ocf:heartbeat:IPaddr2 ip=10.79.0.200 cidr_netmask=24 "
                  "op monitor interval=10s --group g")  # fmt: skip
        made.pcsx("resource create dum ocf:pacemaker:Dummy op monitor interval=10s --group g")
        for number in range(EXTRA):
            made.pcsx(f"resource create r{number} ocf:pacemaker:Dummy op monitor interval=60s")
        made.settle()
        _fill(peer)
        time.sleep(5)
        # As long as the longest monitor, so that each of them runs once in both clusters.
        idle = idle_rows(made, peer, 60.0)
        node, theirs = lab.machines[0], peer.nodes[0]
        installed = f"PYTHONPATH= exec {program}"
        pairs = (
            ("pcsx status", f"{installed} status", "pcs status", 0.25),
            ("pcsx status", f"{installed} status", "crm status", 1.0),
            ("pcsx resource config", f"{installed} resource config", "pcs resource config", 0.0),
            ("pcsx configure show", f"{installed} configure show", "crm configure show", 0.0),
        )
        rows = []
        for name, ours, other, goal in pairs:
            mine, its = Figure(), Figure()
            for _ in range(runs):
                mine.take(lambda c=ours: node.run(c))
                its.take(lambda c=other: theirs.sh(["bash", "-c", f"exec {c}"]))
            rows.append((name, mine.wall, other, its.wall, goal))
        rows.append(_created(made, peer, runs))
        print("\nOn running clusters of 3 nodes with 23 resources, wall time:\n")
        print(compared(rows))
        print("\nIdle, a node:\n")
        print(compared(idle))


def _fill(peer: Any) -> None:
    dummies = "".join(
        f'<primitive id="r{n}" class="ocf" provider="pacemaker" type="Dummy"><operations>'
        f'<op id="r{n}-m" name="monitor" interval="60s"/></operations></primitive>'
        for n in range(EXTRA)
    )
    peer.cib(f"<resources>{dummies}</resources>", "resources")
    peer.settled()


def _created(
    made: Cluster, peer: Any, runs: int
) -> tuple[str, list[float], str, list[float], float]:
    """Time `resource create` from its start until the agent's start has left its state file."""
    ours, theirs = [], []
    for number in range(runs):
        state = f"/run/Dummy-c{number}.state"
        began = time.time()
        made.lab.machines[0].spawn(
            f"{PCSX} resource create c{number} ocf:pacemaker:Dummy", "create.log"
        )
        ours.append(until(lambda s=state: _has(made.lab.machines, s), 30, "started", 0.002) - began)
        made.settle()
        began = time.time()
        peer.nodes[0].spawn(f"pcs resource create c{number} ocf:pacemaker:Dummy")
        theirs.append(until(lambda s=state: _has(peer.nodes, s), 30, "started", 0.002) - began)
        peer.settled()
    return "pcsx resource create → started", ours, "pcs resource create → started", theirs, 0.5


def _has(nodes: Any, state: str) -> bool:
    return any(node.path(state) and os.path.exists(node.path(state)) for node in nodes)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
