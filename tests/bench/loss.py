"""Loss on a busy machine: `python -m tests.bench.loss [MINUTES] [PERCENT]`, ten of 20 % by default.

Needs root. Five real nodes in namespaces, two programs that take all the CPU they get beside them,
and a switch that drops a share of all frames at random: nobody may lose their place.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Process
from typing import Any

from tests.live.cluster import Cluster
from tests.live.lab import Lab


def _turn() -> None:
    while True:
        pass


@contextmanager
def hogs(count: int = 2) -> Iterator[None]:
    """Have *count* processes take all the CPU that they are given."""
    processes = [Process(target=_turn, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def views(made: Cluster) -> set[tuple[int, ...]]:
    """Return the views that the machines are in."""
    return {tuple(told["cluster"]["view"]) for m in made.lab.machines if (told := made.told(m))}


def lived_through(made: Cluster, *, seconds: float, percent: float) -> dict[str, Any]:
    """Let *made* live with loss and hogs for so long; return the views and fencings since."""
    made.lab.power_log.clear()
    before = views(made)
    with hogs():
        made.lab.loss(percent)
        time.sleep(seconds)
        made.lab.loss(0)
    return {"before": before, "after": views(made), "fencings": list(made.lab.power_log)}


def main(minutes: float, percent: float) -> int:
    """Measure and print; return 1 if anybody lost their place."""
    if os.geteuid() != 0:
        sys.exit("loss is measured on real nodes, which needs root")
    with Lab(5) as lab:
        made = Cluster(lab)
        made.form()
        made.fencing()
        made.settle()
        seen = lived_through(made, seconds=60 * minutes, percent=percent)
    same = seen["before"] == seen["after"] and len(seen["after"]) == 1 and not seen["fencings"]
    told = f"views {seen['before']} then {seen['after']}, fencings {seen['fencings']}"
    met = "met" if same else "MISSED"
    print(f"5 nodes, {percent:g} % loss, two CPU hogs, {minutes:g} min: {told}: {met}")
    return not same


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [10.0, 20.0][len(numbers) :])))
