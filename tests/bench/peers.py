"""The peers' cluster, where the shared lab that runs it is beside this checkout."""

from __future__ import annotations

import importlib
import os
import sys
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
    sys.path.insert(0, str(LAB))
    try:
        bench = importlib.import_module("bench")
        os.environ.setdefault("LAB_NAME", "peer")
        lab, peer, formed_s = bench.cluster(count, setting)
    finally:
        sys.path.remove(str(LAB))
    peer.formed_s = formed_s
    try:
        yield peer
    finally:
        lab.__exit__()
