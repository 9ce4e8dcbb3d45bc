"""Laws of carrying a transition out: what goes, what an abort leaves, and what it must not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pcsx.pe import Action, Transition
from pcsx.pe.run import URGENT, Abort, Begin, Confirm, Fail, Over, Perform, Run, RunEffect
from pcsx.pe.transition import ActionKind
from pcsx.values import Now

NOW = Now(0, datetime(2026, 1, 1, tzinfo=UTC))


def action(id: int, *inputs: int, task: str = "start", priority: int = 0) -> Action:
    return Action(
        id=id, kind=ActionKind.RSC, task=task, key=f"r{id}_{task}_0", node="n1",
        resource=f"r{id}", inputs=inputs, priority=priority, timeout_ms=1000,
    )  # fmt: skip


def run(*actions: Action, **limits: int) -> Run:
    return Run(Transition(actions=actions, **limits))


def begun(effects: list[RunEffect]) -> list[int]:
    return [effect.action.id for effect in effects if isinstance(effect, Perform)]


def test_an_action_goes_when_all_it_waits_for_is_done():
    made = run(action(1), action(2, 1))
    assert begun(made.step(Begin(), NOW)) == [1]
    assert begun(made.step(Confirm(1), NOW)) == [2]
    assert made.step(Confirm(2), NOW) == [Over("")]


def test_after_an_abort_nothing_begins_and_what_is_in_flight_is_waited_for():
    made = run(action(1), action(2, 1))
    made.step(Begin(), NOW)
    assert made.step(Abort("news"), NOW) == []
    assert made.step(Confirm(1), NOW) == [Over("news")]


def test_others_are_told_of_what_was_done_even_after_an_abort():
    made = run(action(1, task="promote"), action(2, 1, task="notify", priority=URGENT))
    made.step(Begin(), NOW)
    made.step(Abort("news"), NOW)
    assert begun(made.step(Confirm(1), NOW)) == [2]
    assert made.step(Confirm(2), NOW) == [Over("news")]


def test_nobody_is_told_of_what_failed():
    made = run(action(1, task="promote"), action(2, 1, task="notify", priority=URGENT))
    made.step(Begin(), NOW)
    assert [type(effect) for effect in made.step(Fail(1, "broken"), NOW)] == [Over]


def test_no_more_migrates_from_a_node_at_once_than_may():
    made = run(*(action(id, task="migrate_to") for id in (1, 2, 3)), migration_limit=2)
    assert begun(made.step(Begin(), NOW)) == [1, 2]
    assert begun(made.step(Confirm(1), NOW)) == [3]


@pytest.mark.parametrize(("limit", "at_once"), [(2, [1, 2]), (-1, [1, 2, 3])])
def test_no_more_is_in_flight_than_the_batch_limit_and_below_zero_there_is_none(
    limit: int, at_once: list[int]
):
    made = run(action(1), action(2), action(3), batch_limit=limit)
    assert begun(made.step(Begin(), NOW)) == at_once


def test_what_waits_for_something_that_is_not_planned_never_goes_and_the_run_ends():
    made = run(action(1), action(2, 1, 13))
    made.step(Begin(), NOW)
    assert made.step(Confirm(1), NOW) == [Over("")]
    assert made.done == {1}
