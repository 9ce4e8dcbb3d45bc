"""`pcsx demo`: it shows what it promises, and leaves nothing behind however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "pcsx", "demo", "--json", "--profile", "fast"]


def left_of(place: Path) -> list[str]:
    """Return what is left of demonstrations in *place*: files, and processes that name it."""
    left = [str(path) for path in place.iterdir()]
    for status in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(place).encode() in status.read_bytes():
                left.append(status.parent.name)
        except OSError:
            continue
    return left


def begin(place: Path) -> subprocess.Popen[str]:
    # The place is told as TMPDIR in the daemons' environment too, so that they can be found.
    return subprocess.Popen(
        DEMO, env={**os.environ, "TMPDIR": str(place)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def test_a_node_dies_and_its_service_lives(place: Path):
    demo = begin(place)
    out, err = demo.communicate(timeout=120)
    assert demo.returncode == 0, out + err
    lines = [json.loads(line) for line in out.splitlines()]
    assert all({"t", "event"} <= set(line) for line in lines[:-1])
    order = [line["event"] for line in lines]
    for earlier, later in [("kill", "silence"), ("silence", "fenced"), ("fenced", "started")]:
        assert order.index(earlier) < order.index(later)
    summary = lines[-1]
    assert summary["event"] == "summary" and summary["survivor"] != summary["victim"]
    assert summary["detected_s"] <= summary["fenced_s"] <= summary["recovered_s"]
    assert summary["outage_s"] > 0 and summary["formation_s"] > 0
    assert left_of(place) == []


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory of its own with a short name: sockets have room for 107 letters."""
    with tempfile.TemporaryDirectory(prefix="pcsx-t") as made:
        yield Path(made)


@pytest.mark.parametrize("event", ["daemons", "formed", "service", "kill", "fencing"])
def test_an_interrupt_leaves_no_process_and_no_file(event: str, place: Path):
    demo = begin(place)
    assert demo.stdout is not None
    for line in demo.stdout:
        if json.loads(line)["event"] == event:
            break
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130, err
    assert "Traceback" not in err
    assert left_of(place) == []
