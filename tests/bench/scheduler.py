"""What deciding costs, ours and Pacemaker's in one run: `python -m tests.bench.scheduler`.

    python -m tests.bench.scheduler [--size NODESxRESOURCES]… [--runs N] [--ours-only]

User CPU and peak memory of whole processes, `pcsx simulate -R -Q` and `crm_simulate -R -Q`, on
the files of `generate_cib.py` in the shared folder beside the checkout. Runs of small files take
turns so that both meet the same noise, and the middle one of each counts: the fastest one of a
process of a fifth of a second is luck. Large files take the peer minutes: they are measured once.
The byte code is compiled first, as an installed program has it.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tabulate import tabulate

import pcsx

GENERATOR: Final = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "generate_cib.py"
OURS: Final = str(Path(sys.executable).with_name("pcsx"))
SIZES: Final = ("5x100", "16x500", "32x1000", "32x5000")
VARIANTS: Final = ("empty", "stable", "failed")
GOALS: Final = {
    "5x100": 2.5, "16x500": 1.0, "32x1000": 0.3, "32x5000": 0.2,
}  # fmt: skip
"""The highest ratio of user CPU to the peer's."""
SKIPPED: Final = {("32x5000", "empty"), ("32x5000", "stable")}
"""These take the peer more than half an hour, or tell no more than the lost node does."""
ONCE: Final = 1000
"""From so many resources on, one run tells enough."""
MEMORY_GOAL_MB: Final = 1024
GROWTH_GOAL: Final = 7.0
"""At most so much for five times the resources."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    user_s: float
    peak_mb: float


def cost_of(command: Sequence[str]) -> Cost:
    """Run *command*, without its output, and return what it took."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(usage.ru_utime, usage.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(cost.user_s for cost in costs),
        statistics.median(cost.peak_mb for cost in costs),
    )


def document(folder: Path, size: str, variant: str) -> Path:
    """Return a new file with the document of that size and variant."""
    nodes, _, resources = size.partition("x")
    file = folder / f"{size}-{variant}.xml"
    with file.open("wb") as out:
        subprocess.run(
            [sys.executable, str(GENERATOR), "--nodes", nodes, "--resources", resources,
             "--variant", variant],
            stdout=out, check=True,
        )  # fmt: skip
    return file


def measure(file: Path, runs: int, peer: str | None) -> tuple[Cost, Cost | None]:
    """Return what we and the peer take for *file*."""
    mine, its = [], []
    for _ in range(runs):
        mine.append(cost_of([OURS, "simulate", "-x", str(file), "-R", "-Q"]))
        if peer is not None:
            its.append(cost_of([peer, "-x", str(file), "-R", "-Q"]))
    return middle(mine), middle(its) if its else None


def row_of(size: str, variant: str, mine: Cost, its: Cost | None) -> tuple[str, ...]:
    """Return the line of the table for one file."""
    memory = f"{mine.peak_mb:.0f}" + ("" if mine.peak_mb <= MEMORY_GOAL_MB else " TOO MUCH")
    row = (f"{size} {variant}", f"{mine.user_s:.2f}", memory)
    if its is None:
        return (*row, "", "", "", "", "")
    ratio = mine.user_s / its.user_s
    goal = GOALS.get(size)
    met = "" if goal is None else "met" if ratio <= goal else "MISSED"
    return (*row, f"{its.user_s:.2f}", f"{its.peak_mb:.0f}", f"{ratio:.2f}",
            f"{goal:g}" if goal else "", met)  # fmt: skip


def growth(costs: dict[tuple[str, str], Cost]) -> list[str]:
    """Return how the cost grew from 1000 to 5000 resources, in words."""
    lines = []
    for variant in VARIANTS:
        small, large = costs.get(("32x1000", variant)), costs.get(("32x5000", variant))
        if small is not None and large is not None:
            factor = large.user_s / small.user_s
            met = "met" if factor <= GROWTH_GOAL else "MISSED"
            lines.append(
                f"five times the resources ({variant}): {factor:.1f} times the cost, "
                f"at most {GROWTH_GOAL:g}: {met}"
            )
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the policy engine.")
    parser.add_argument("--size", action="append", help="such as 16x500; all where not given")
    parser.add_argument("--runs", type=int, default=9, help="runs of each small file")
    parser.add_argument("--ours-only", action="store_true", help="leave the peer out")
    options = parser.parse_args()
    if not GENERATOR.exists():
        raise SystemExit("the generator of documents is not beside this checkout")
    peer = None if options.ours_only else shutil.which("crm_simulate")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(pcsx.__file__).parent, quiet=2)
    rows, costs = [], {}
    with tempfile.TemporaryDirectory(prefix="pcsx-bench-") as place:
        for size in options.size or SIZES:
            for variant in VARIANTS:
                if (size, variant) in SKIPPED and peer is not None:
                    continue
                file = document(Path(place), size, variant)
                runs = 1 if int(size.partition("x")[2]) >= ONCE else options.runs
                mine, its = measure(file, runs, peer)
                costs[size, variant] = mine
                rows.append(row_of(size, variant, mine, its))
                print(f"{size} {variant}", file=sys.stderr)
                file.unlink()
    heads = ("file", "ours, s", "MB", "theirs, s", "MB", "ratio", "at most", "")
    print(tabulate(rows, heads, disable_numparse=True))
    print("\n".join(growth(costs)))


if __name__ == "__main__":
    main()
