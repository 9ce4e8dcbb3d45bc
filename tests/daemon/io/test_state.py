"""Laws of what a daemon keeps on its disk: a cluster that never began is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcsx.daemon.effects import KeepDecision, Store
from pcsx.daemon.io.state import State
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.port import Snapshot
from pcsx.values import NodeName

CLUSTER = "0" * 32
CONFIG = RingConfig(
    CLUSTER, "test", 7, (RingNode(1, NodeName("a"), (Address("127.0.0.1", 5450),), bytes(32)),)
)
STORE = Store(1, CLUSTER, 1, (("psk", bytes(32)),), Snapshot(1, 1, CONFIG, b"founded"))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    yield State(str(tmp_path))


def test_a_cluster_that_was_stored_and_never_begun_is_forgotten_at_the_next_start(state: State):
    state.found(STORE)
    assert state.cluster() == CLUSTER
    state.forget_unbegun()
    assert state.cluster() == ""


def test_a_cluster_that_was_begun_is_there_at_the_next_start(state: State):
    state.found(STORE)
    state.open(CLUSTER)
    state.forget_unbegun()
    assert state.cluster() == CLUSTER
    assert state.open(CLUSTER).boot.counter == 2


def test_decisions_are_there_at_the_next_start_as_they_were_last_kept(state: State):
    state.found(STORE)
    for number in (8, 9, 10):
        state.keep_decision(KeepDecision(number, b"running", bytes([number]) * 100_000))
    state.keep_decision(KeepDecision(9, b"complete", None))
    state.keep_decision(KeepDecision(11, b"new", b"x", gone=(8,)))
    state.keep_decision(KeepDecision(8, b"late", None))
    kept = dict(state.open(CLUSTER).decisions)
    assert {head: body[:1] for head, body in kept.items()} == {
        b"complete": b"\x09", b"running": b"\x0a", b"new": b"x",
    }  # fmt: skip
    assert len(kept[b"complete"]) == 100_000
