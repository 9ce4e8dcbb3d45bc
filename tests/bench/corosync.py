"""Corosync alone in the shared lab's namespaces: its new views, and libcpg's messages."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.peers import lab_bench

CPG = Path(__file__).with_name("cpg.py")
FORMED_S = 120.0


@contextmanager
def ring(count: int, setting: str = "default") -> Iterator[Any]:
    """Give a ring of *count* nodes that has formed: Corosync without what runs on it."""
    its = lab_bench()
    with its.Lab(count, its.os.environ["LAB_NAME"]) as lab:
        peer = its.Peer(lab, its.TUNING[setting])
        peer.power_on()
        began = time.time()
        for node in lab.nodes:
            node.spawn("exec corosync -f", "daemons.log")
        _wait_for_view(peer, lab.nodes, began, count, FORMED_S)
        yield peer


def new_views(count: int, runs: int, setting: str) -> list[float]:
    """Return how long it took, each time, from a node's power cut to a view at all others."""
    took = []
    with ring(count, setting) as peer:
        for run in range(runs):
            time.sleep(2)
            *rest, victim = peer.nodes
            cut = victim.power_off()
            took.append(_wait_for_view(peer, rest, cut, count - 1, 90) - cut)
            if run + 1 < runs:
                began = time.time()
                victim.power_on()
                victim.spawn("exec corosync -f", "daemons.log")
                _wait_for_view(peer, peer.nodes, began, count, FORMED_S)
    return took


def say(peer: Any, senders: int, seconds: float, size: int, window: int) -> list[list[float]]:
    """Have a client of libcpg on each of *senders* nodes say messages; return as `ring._run`."""
    words = [sys.executable, str(CPG), f"{seconds}", f"{size}", f"{window}"]
    clients = [
        subprocess.Popen(node._enter(words), stdout=subprocess.PIPE, text=True)
        for node in peer.nodes[:senders]
    ]
    return [json.loads(client.communicate(timeout=seconds + 60)[0]) for client in clients]


def _wait_for_view(peer: Any, nodes: Any, since: float, count: int, within_s: float) -> float:
    """Return when the last of *nodes* wrote down that it is in a view of *count* members."""
    its = lab_bench()

    def seen() -> Any:
        found = peer.logs(nodes, "corosync", since, rf"Members\[{count}\]")
        return its.last_of_each(found, len(nodes))

    moment, _ = its.wait_for(seen, within_s, 0.1, f"Corosync in a view of {count}")
    return float(moment)
