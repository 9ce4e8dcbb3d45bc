"""Real daemons on loopback addresses, without root; each test has its own and leaves none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from pcsx.shell.demo.nodes import DemoNode, Nodes


class Town:
    """Daemons n1, n2, … and what a person types at one of them."""

    def __init__(self, count: int) -> None:
        self.nodes = Nodes(count)

    def start(self, *names: str) -> None:
        """Start the daemons *names*, all where none is named, and wait until they answer."""
        for node in self.nodes.nodes:
            if not names or node.name in names:
                self.nodes.start(node)
        for node in self.nodes.nodes:
            if not names or node.name in names:
                self.until(node.name, "cluster", "info")

    def start_with_another_key(self, name: str) -> None:
        """Start the daemon *name* with a bootstrap key that nobody else has."""
        shared = self.nodes._key
        self.nodes._key = shared.with_name("another.key")
        self.nodes._key.write_bytes(os.urandom(32))
        self.nodes._key.chmod(0o600)
        self.start(name)
        self.nodes._key = shared

    def words(self, *names: str) -> list[str]:
        """Return `NODE=ADDRESS` of the nodes."""
        return [
            f"{node.name}={node.address}"
            for node in self.nodes.nodes
            if not names or node.name in names
        ]

    def run(self, at: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `pcsx WORDS` as a person would at the node *at*."""
        return subprocess.run(
            [sys.executable, "-m", "pcsx", *words],
            env={**os.environ, "PCSX_SOCKET": self[at].socket},
            capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def json(self, at: str, *words: str) -> Any:
        """Return the `data` of `pcsx WORDS --json`; it must succeed."""
        ran = self.run(at, *words, "--json")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout)["data"]

    def until(self, at: str, *words: str, tries: int = 200) -> None:
        """Repeat a command until it succeeds."""
        for _ in range(tries):
            ran = self.run(at, *words)
            if ran.returncode == 0:
                return
        raise AssertionError(f"pcsx {' '.join(words)} at {at}: {ran.stderr}\n{self.logs()}")

    def until_online(self, at: str, count: int, tries: int = 200) -> None:
        """Wait until *at* sees *count* nodes online, quorate, with a DC."""
        for _ in range(tries):
            ran = self.run(at, "status", "--json")
            if ran.returncode == 0:
                value = json.loads(ran.stdout)["data"]
                online = sum(node["online"] for node in value["nodes"])
                if online == count and value["cluster"]["quorate"] and value["cluster"]["dc"]:
                    return
        raise AssertionError(f"not {count} online: {ran.stdout}{ran.stderr}\n{self.logs()}")

    def logs(self) -> str:
        """Return the end of every daemon's story."""
        return "\n".join(
            f"--- {node.name}\n" + "\n".join(node.log.read_text().splitlines()[-30:])
            for node in self.nodes.nodes
            if node.log.exists()
        )

    def __getitem__(self, name: str) -> DemoNode:
        return self.nodes.named(name)


@pytest.fixture
def town() -> Iterator[Town]:
    """Return three nodes whose daemons are not started yet."""
    made = Town(3)
    try:
        yield made
    finally:
        made.nodes.clear()


@pytest.fixture
def cluster(town: Town) -> Town:
    """Return a cluster of three daemons."""
    town.start()
    ran = town.run("n1", "cluster", "setup", "web", *town.words())
    assert ran.returncode == 0, ran.stderr + town.logs()
    for name in ("n2", "n3"):  # which may see the view a moment before they see that it has quorum
        town.until_online(name, 3)
    return town
