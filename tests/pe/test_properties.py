"""Laws of every decision that need no other engine, on random clusters from fixed seeds."""

from __future__ import annotations

import os
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from pcsx.cib.document import Cib
from pcsx.pe.model import Primitive
from pcsx.pe.read.working_set import working_set
from pcsx.pe.schedule import schedule
from pcsx.pe.simulate import carry_out
from pcsx.pe.transition import Action, Transition
from tests.fuzz.clusters import rich_cluster
from tests.fuzz.scheduler import random_cluster
from tests.pe.small import NOON

RICH = 1000
"""From this seed on clusters hold all that a configuration may."""
SEEDS = (*range(130), *range(RICH, RICH + 30))
_ON_PAPER = ("cancel", "clear_failcount", "delete", "do_shutdown", "lrm_delete")
"""What leaves no trace in a document where it is carried out on paper."""


def made(seed: int) -> Cib:
    """Return the cluster of a seed."""
    return random_cluster(seed) if seed < RICH else rich_cluster(random_cluster(seed), seed)


_PRINT = """
from hashlib import sha256
from pcsx.pe.schedule import schedule
from tests.fuzz.clusters import rich_cluster
from tests.pe.small import NOON
from tests.pe.test_properties import RICH, made
whole = sha256()
for seed in (*range(30), *range(RICH, RICH + 10)):
    whole.update(schedule(made(seed), NOON).to_bytes())
print(whole.hexdigest())
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_transition_has_no_circle(seed: int) -> None:
    plan = schedule(made(seed), NOON)
    present = {action.id for action in plan.actions}
    assert all(present.issuperset(action.inputs) for action in plan.actions)
    TopologicalSorter({action.id: action.inputs for action in plan.actions}).prepare()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_resource_that_is_one_is_started_once(seed: int) -> None:
    plan = schedule(made(seed), NOON)
    starts = [
        action.instance or action.resource
        for action in plan.actions
        if action.task == "start" and action.kind == "rsc_op"
    ]
    assert len(starts) == len(set(starts))


def _before(plan: Transition, action: Action) -> list[Action]:
    """Return all that must be done before *action*."""
    by_id = {each.id: each for each in plan.actions}
    earlier: set[int] = set()
    new = [action.id]
    while new:
        inputs = [i for i in by_id[new.pop()].inputs if i not in earlier]
        earlier.update(inputs)
        new += inputs
    return [by_id[id] for id in earlier]


def _starts(plan: Transition) -> list[Action]:
    return [each for each in plan.actions if each.task == "start" and each.kind == "rsc_op"]


def _copied(cib: Cib) -> set[str]:
    """Return the resources of which there may be several."""
    return {inner.get("id", "") for inner in cib.tree.iterfind(".//clone//primitive")} | {
        inner.get("id", "") for inner in cib.tree.iterfind(".//bundle//primitive")
    }


def test_what_runs_somewhere_is_ended_there_before_it_starts() -> None:
    judged = 0
    for seed in (*range(300), *range(RICH, RICH + 60)):
        cib = made(seed)
        plan, work, copied = schedule(cib, NOON), working_set(cib, NOON), _copied(cib)
        for start in _starts(plan):
            rsc = work.by_id.get(start.resource or "")
            if not isinstance(rsc, Primitive) or rsc.id in copied:
                continue
            before = _before(plan, start)
            for node in rsc.active:
                ends = [
                    each
                    for each in before
                    if (each.task in ("stop", "stonith") and each.node == node.name)
                    and (each.task == "stonith" or each.resource == rsc.id)
                ]
                assert ends, (seed, rsc.id, node.name)
                judged += 1
    assert judged > 100


def _ran_on_the_lost(cib: Cib) -> set[str]:
    """Return the resources that are one, and ran on a node that is lost."""
    path = "status/node_state[@in_ccm='false'][@expected='member']/lrm/lrm_resources/lrm_resource"
    return {
        record.get("id", "")
        for record in cib.tree.iterfind(path)
        if record.find("lrm_rsc_op[@operation='start']") is not None
    } - _copied(cib)


def test_what_a_lost_node_ran_is_started_after_it_is_fenced() -> None:
    judged = 0
    for seed in (*range(300), *range(RICH, RICH + 60)):
        cib = made(seed)
        ran = _ran_on_the_lost(cib)
        plan = schedule(cib, NOON) if ran else Transition()
        for start in _starts(plan):
            if start.resource in ran:
                assert any(each.task == "stonith" for each in _before(plan, start)), seed
                judged += 1
    assert judged > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_carried_out_soon_leaves_nothing_to_do(seed: int) -> None:
    cib = made(seed)
    for _ in range(4):  # a probe may find what must be moved, a monitor follows a probe
        plan = schedule(cib, NOON)
        done = carry_out(cib, plan, wall=NOON)
        assert done.complete
        cib = done.cib
    left = [a for a in schedule(cib, NOON).actions if a.kind != "pseudo_event"]
    assert [a.key for a in left if a.task not in _ON_PAPER] == []


def test_the_same_input_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", _PRINT], env={**os.environ, "PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(answers) == 1
