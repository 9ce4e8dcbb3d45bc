"""The peers' cluster, where the shared lab that runs it is beside this checkout."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

LAB: Final = Path(__file__).parents[2] / ".." / "shared" / "lab"


def absent() -> str:
    """Return why the peers cannot be run here, or nothing."""
    if os.geteuid() != 0:
        return "the peers' cluster needs root"
    if not LAB.is_dir():
        return "the lab of the peers is not beside this checkout"
    return ""


@contextmanager
def pacemaker(count: int, setting: str = "default") -> Iterator[Any]:
    """Give Corosync and Pacemaker on *count* nodes with fencing and a group, and end them."""
    lab, peer, formed_s = lab_bench().cluster(count, setting)
    peer.formed_s = formed_s
    try:
        yield peer
    finally:
        lab.__exit__()


def measured(section: str, *words: str) -> dict[str, list[float]]:
    """Let the shared lab measure a section of its own; return each metric's values."""
    bench = lab_bench()
    with tempfile.NamedTemporaryFile() as results:
        bench.OUT = results.name
        try:
            getattr(bench, section)(*words)
        except Exception as error:  # its figure is left out, and the table says so
            print(f"  the peers' {section} {' '.join(words)} broke off: {error!r}", flush=True)
        rows = [json.loads(line) for line in Path(results.name).read_text().splitlines()]
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(_named(row), []).extend(row["values"])
    return found


def _named(row: dict[str, Any]) -> str:
    again = "again: " if "second start" in row["setting"] else ""
    return f"{again}{row['metric']}"


def lab_bench() -> Any:
    """Return the shared lab's own bench."""
    # Its own name, so that two runs do not sweep each other's nodes away.
    os.environ.setdefault("LAB_NAME", f"peer{os.getpid()}")
    sys.path.insert(0, str(LAB))
    try:
        return importlib.import_module("bench")
    finally:
        sys.path.remove(str(LAB))
