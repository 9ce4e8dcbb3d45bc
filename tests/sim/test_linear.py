"""The judge of histories: what it must accept, what it must refuse, and clusters under it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.linear import Change, Operation, Read, first_impossible

A_THEN_B = [Change("k", 0, 1, None, "a"), Change("k", 2, 3, "a", "b")]


@pytest.mark.parametrize(
    "history",
    [
        A_THEN_B,
        [*A_THEN_B, Read("k", 4, 5, "b")],
        [*A_THEN_B, Read("k", 1.5, 2.5, "a")],
        [*A_THEN_B, Read("k", 2.1, 2.9, "b")],
        [Change("k", 0, None, None, "a"), Read("k", 9, 10, "a")],
        [Change("k", 0, None, None, "a"), Read("k", 9, 10, None)],
        [Change("k", 0, 5, None, "a"), Change("k", 1, 2, "a", "b")],
        [Change("x", 0, 1, None, "a"), Read("y", 2, 3, None)],
    ],
)
def test_what_some_order_explains_is_accepted(history: list[Operation]):
    assert first_impossible(history) == ""


@pytest.mark.parametrize(
    "history",
    [
        [*A_THEN_B, Read("k", 4, 5, "a")],
        [Change("k", 0, 1, None, "a"), Read("k", 2, 3, None)],
        [Change("k", 0, 1, None, "a"), Change("k", 2, 3, None, "b")],
        [Change("k", 0, None, None, "a"), Read("k", 9, 10, "a"), Read("k", 11, 12, None)],
        [Change("k", 0, 1, None, "a"), Read("k", 2, 3, "never written")],
    ],
)
def test_what_no_order_explains_is_refused(history: list[Operation]):
    assert first_impossible(history) == "k"


@given(st.integers(0, 1 << 32), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_histories_of_one_register_are_accepted_and_a_lost_change_is_not(seed: int, count: int):
    chance = Random(seed)
    state, at, history = None, 0.0, []
    for number in range(count):
        at += 1
        wide = chance.random() * 1.5
        if chance.random() < 0.6:
            ended = None if chance.random() < 0.1 else at + wide
            history.append(Change("k", at - wide, ended, state, f"v{number}"))
            state = f"v{number}"
        else:
            history.append(Read("k", at - wide, at + wide, state))
    assert first_impossible(history) == ""
    history.append(Change("k", at + 9, at + 10, state, "lost"))
    history.append(Read("k", at + 11, at + 12, state))
    assert first_impossible(history) == "k"
