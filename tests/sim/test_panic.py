"""A kernel panics: the crash kernel's word replaces silence, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from pcsx.ring.frames import Why
from tests.sim.chaos import EXCLUSIVE, RESOURCES, Chaos
from tests.sim.cluster import Cluster


def cluster(count: int = 3, **more: Any) -> Cluster:
    made = Cluster(11, count, resources=RESOURCES, **more)
    made.judge.exclusive = set(EXCLUSIVE)
    made.boot()
    made.until(made.at_rest, 40_000)
    return made


def holder(made: Cluster) -> int:
    (name,) = made.active("web")
    return next(id for id, machine in made.machines.items() if machine.name == name)


@pytest.mark.parametrize("count", [2, 3])
def test_who_panicked_is_out_at_once_fenced_at_once_and_then_replaced(count: int) -> None:
    made = cluster(count)
    lost = holder(made)
    boot = made.machines[lost].disk.hard.boot_counter
    others = [machine for id, machine in made.machines.items() if id != lost]
    made.panic(lost)
    began_ms = made.now_ms

    def out() -> bool:
        return all(m.node.member.scene.members == tuple(x.id for x in others) for m in others)

    made.until(out, 1000, 5)
    # The crash kernel takes 200 ms to say its first word.
    assert made.now_ms - began_ms < 400, "out of the view"
    assert others[0].node.member.scene.picture.nodes[lost].why is Why.PANIC
    over = [m.node.member.ledger for m in others]
    made.until(lambda: all(each.over.get(lost, 0) >= boot for each in over), 2500, 5)
    assert made.now_ms - began_ms < 2500, "it was fenced without waiting for *down*"
    made.until(lambda: made.active("web") in ([m.name] for m in others), 5000, 5)


def test_without_fencing_a_panic_shortens_no_wait() -> None:
    made = cluster(properties=(("stonith-enabled", "false"),))
    lost = holder(made)
    made.panic(lost)
    began_ms = made.now_ms
    made.until(lambda: bool(made.active("web")), 60_000, 10)
    assert made.now_ms - began_ms > 6000, "twice *down*, and the time for the stops"


@pytest.mark.parametrize("seed", [7, 58, 119, 203, 246, 311, 377, 402])
def test_chaos_with_panics_breaks_no_law(seed: int) -> None:
    chaos = Chaos(seed)
    chaos.menu = (*chaos.menu, "panic", "panic", "panic")
    chaos.run()
