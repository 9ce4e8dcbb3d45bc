"""Two real daemons and a real witness: the survivor goes on, by the witness's vote."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback.conftest import Town


class Stand:
    """A witness's daemon at an address of the town's net."""

    def __init__(self, place: Path, address: str) -> None:
        self.place, self.address = place, address
        self.process: subprocess.Popen[bytes] | None = None

    def words(self, *words: str) -> list[str]:
        where = ["--state-dir", str(self.place), "--address", self.address, "--port", "5451"]
        return [sys.executable, "-m", "pcsx", "witness", *words, *where]

    def start(self) -> None:
        log = (self.place.parent / "witness.log").open("ab")
        self.process = subprocess.Popen(self.words(), stderr=log, stdin=subprocess.DEVNULL)
        log.close()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(*words), capture_output=True, text=True, timeout=60, check=False
        )

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(30) == 0
            self.process = None


@pytest.fixture
def stand(tmp_path: Path, town: Town) -> Iterator[Stand]:
    address = town["n1"].address.rpartition(".")[0] + ".77"
    made = Stand(tmp_path / "witness", address)
    made.start()
    try:
        yield made
    finally:
        made.end()


def until_answers(town: Town, at: str) -> None:
    for _ in range(200):
        witness = town.json(at, "quorum", "witness", "status")["witness"]
        if witness is not None and witness["here"]:
            return
        time.sleep(0.1)
    raise AssertionError(f"the witness does not answer {at}: {witness}\n{town.logs()}")


def test_of_two_nodes_the_survivor_goes_on_with_the_witness(town: Town, stand: Stand):
    town.start("n1", "n2")
    ran = town.run("n1", "cluster", "setup", "web", *town.words("n1", "n2"))
    assert ran.returncode == 0, ran.stderr
    for _ in range(100):
        token = stand.run("token")
        if token.returncode == 0:
            break
        time.sleep(0.1)
    ran = town.run("n2", "quorum", "witness", "add", token.stdout.strip())
    assert ran.returncode == 0, ran.stderr + town.logs()
    again = town.run("n2", "quorum", "witness", "add", token.stdout.strip())
    assert again.returncode == 1 and "has a witness" in again.stderr
    for name in ("n1", "n2"):
        until_answers(town, name)
    assert town.json("n1", "quorum", "status")["two_node"] is False
    shown = json.loads(stand.run("status", "--json").stdout)["clusters"]
    assert [(each["cluster"], each["nodes"]) for each in shown] == [("web", ["n1", "n2"])]

    town["n1"].kill()
    town.until_online("n2", 1)
    assert "answers" in town.run("n2", "quorum", "status").stdout
    ran = town.run("n2", "node", "attribute", "n2", "alone=yes")
    assert ran.returncode == 0, ran.stderr

    # With the witness gone too, the lone one has nothing to act by; with its state, it has again.
    stand.end()
    for _ in range(200):
        if not town.json("n2", "quorum", "status")["quorate"]:
            break
        time.sleep(0.1)
    assert not town.json("n2", "quorum", "status")["quorate"]
    stand.start()
    town.until_online("n2", 1)
    town.start("n1")
    town.until_online("n1", 2)
    assert "alone" in town.run("n1", "cluster", "cib").stdout
    ran = town.run("n1", "quorum", "witness", "remove")
    assert ran.returncode == 0, ran.stderr
    assert town.json("n2", "quorum", "status")["two_node"] is True
