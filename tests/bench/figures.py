"""Times of whole commands, and the table that compares them."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tabulate import tabulate


@dataclass
class Figure:
    """Runs of one thing: wall time and, where children did it, CPU, in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def take(self, act: Callable[[], object]) -> None:
        """Do *act* once and note what it took."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        act()
        self.wall.append(time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median(values: Sequence[float]) -> float:
    """Return the median, 0 where nothing was measured."""
    return statistics.median(values) if values else 0.0


Row = tuple[str, Sequence[float], str, Sequence[float], float]
"""What of ours and its values, what of theirs and its values, and the ratio that is the goal or 0.
"""


def compared(rows: Sequence[Row]) -> str:
    """Return a table: what of ours, its median; what of theirs, its median; ratio and goal."""
    table = []
    for name, ours, other, theirs, goal in rows:
        mine, its = median(ours), median(theirs)
        ratio = mine / its if its else float("nan")
        met = "" if not its or not goal else "met" if ratio <= goal else "MISSED"
        table.append((name, f"{mine:.3f}", _range(ours), other, f"{its:.3f}", f"{ratio:.2f}",
                      f"{goal:g}" if goal else "", met))  # fmt: skip
    return tabulate(
        table,
        ("ours", "median", "min … max", "theirs", "median", "ratio", "at most", ""),
        disable_numparse=True,
    )


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.3f} … {max(values):.3f}" if values else ""
