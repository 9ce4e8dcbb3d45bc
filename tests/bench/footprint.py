"""What a cluster costs that has nothing to do: memory and processor of each node, beside theirs."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.figures import Row
from tests.live.cluster import Cluster


def idle_rows(made: Cluster, peer: Any, seconds: float) -> list[Row]:
    """Return memory (MB) and processor (percent of a core) of each node while nothing happens.

    Both clusters stand at the same time, so that both meet the same noise.
    """
    begun = [node.cpu_s() for node in made.lab.machines]
    begun_peer = [node.cpu_seconds() for node in peer.nodes]
    began = time.time()
    time.sleep(seconds)
    took = time.time() - began
    cpu = [100 * (n.cpu_s() - b) / took for n, b in zip(made.lab.machines, begun, strict=True)]
    cpu_peer = [
        100 * (n.cpu_seconds() - b) / took for n, b in zip(peer.nodes, begun_peer, strict=True)
    ]
    memory = [node.pss_kb() / 1024 for node in made.lab.machines]
    memory_peer = [sum(pss for _, pss in node.memory().values()) / 1024 for node in peer.nodes]
    return [
        ("PSS of all daemons, MB a node", memory, "the same", memory_peer, 1.0),
        ("processor idle, % of a core a node", cpu, "the same", cpu_peer, 1.0),
    ]
