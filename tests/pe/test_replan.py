"""What was decided again after a change is what would be decided from the beginning."""

from __future__ import annotations

import random
from copy import deepcopy
from datetime import timedelta

import pytest

from pcsx.cib.document import Cib
from pcsx.pe.replan import Replanner
from pcsx.pe.schedule import schedule
from pcsx.pe.simulate import carry_out
from tests.fuzz.edits import happen
from tests.fuzz.scheduler import random_cluster
from tests.pe import grade, small
from tests.pe.small import NOON


def _follow(cib: Cib, seed: int, edits: int) -> int:
    """Let *edits* things happen to *cib*, compare every decision, return how many were local."""
    rng = random.Random(seed)
    replanner, wall, local = Replanner(), NOON, 0
    replanner.plan(cib, wall, changed=None)
    for step in range(edits):
        if rng.random() < 0.5:  # in place, as a worker does, or another document
            changed = happen(rng, cib.tree)
            cib = Cib(cib.tree)
        else:
            tree = deepcopy(cib.tree)
            if (changed := happen(rng, tree)) is not None:
                changed = frozenset(s.get("uname", "") for s in tree.iterfind("status/node_state"))
            cib = Cib(tree)
        wall += timedelta(seconds=rng.choice((0, 1, 50)))
        planned = replanner.plan(cib, wall, changed=changed)
        local += replanner.local
        assert planned.canonical() == schedule(cib, wall).canonical(), (seed, step)
    return local


def _settled(cib: Cib) -> Cib:
    """Return *cib* after all that was to be done is done."""
    for _ in range(4):
        cib = carry_out(cib, schedule(cib, NOON), wall=NOON).cib
    return cib


@pytest.mark.parametrize("seed", range(28, 46))
def test_a_decision_on_what_was_touched_is_the_decision_on_all(seed: int) -> None:
    cib = random_cluster(seed, most=14)
    _follow(_settled(cib) if seed % 3 else cib, seed, 6)


def test_most_of_what_happens_in_a_settled_cluster_is_decided_in_a_part() -> None:
    names = [f"r{n}" for n in range(12)]
    cib = small.cluster(
        "".join(small.primitive(name, ops="monitor=10s") for name in names),
        nodes="a b c",
        constraints='<rsc_colocation id="k" rsc="r1" with-rsc="r2" score="100"/>'
        '<rsc_order id="o" first="r3" then="r4"/>',
        histories={node: "".join(map(small.stopped, names)) for node in "abc"},
    )
    local = sum(_follow(_settled(cib), seed, 5) for seed in range(6))
    assert local > 8


@pytest.mark.skipif(not grade.CASES.exists(), reason="the golden cases are not beside the checkout")
def test_what_happens_to_golden_clusters_is_decided_in_part_as_in_whole() -> None:
    files = sorted((grade.CASES / "xml").iterdir())
    for seed, file in enumerate(files[::40]):
        if file.stat().st_size < 100_000:
            _follow(Cib.from_bytes(file.read_bytes()), seed, 3)
