"""Laws of feature levels: what fits, and how a configuration without one reads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.config import RingConfig
from pcsx.ring.levels import misfit, speaks
from pcsx.ring.machine import Machine
from pcsx.ring.port import Verdict
from tests.ring.world import World, config_of

CONFIG = config_of(3)
levels = st.integers(1, 9)


@given(levels, levels, levels)
def test_what_does_not_fit_is_told_in_words_and_nothing_else_is(
    lowest: int, more: int, level: int
) -> None:
    features = (lowest, lowest + more - 1)
    assert (misfit(features, level) == "") == speaks(features, level)


def test_a_configuration_without_a_level_is_at_the_lowest_and_reads_the_same_to_old_programs() -> (
    None
):
    assert b"level" not in CONFIG.to_bytes()
    assert RingConfig.from_bytes(CONFIG.to_bytes()).level == 1
    higher = replace(CONFIG, level=7)
    assert RingConfig.from_bytes(higher.to_bytes()) == higher


@pytest.mark.parametrize("level", [0, -1, "2", 1.5, None])
def test_a_level_that_is_none_is_refused(level: object) -> None:
    with pytest.raises(ValueError, match="feature level"):
        RingConfig.from_bytes(replace(CONFIG, level=level).to_bytes())  # type: ignore[arg-type]


def test_nobody_raises_or_lowers_the_level_by_hand() -> None:
    world = World(3, 3, config=replace(CONFIG, level=2), machine=partial(Machine, features=(1, 2)))
    world.start()
    world.settle()
    world.run(1000)
    leader = world.leader()
    assert leader is not None
    base = world.machine(leader).voters.newest
    refused = world.reconfigure(leader, replace(base, level=3))
    world.run(300)
    assert "rises by itself" in world.sites[leader].proposed[refused].refusal
    taken = world.reconfigure(leader, replace(base, level=1, profile="vm"))
    world.run(300)
    assert world.sites[leader].proposed[taken].index
    assert (world.machine(leader).config.level, world.machine(leader).config.profile) == (2, "vm")


def test_a_program_that_does_not_speak_the_level_never_leads_and_ends_its_life() -> None:
    config, old = replace(CONFIG, level=2), partial(Machine, features=(1, 1))
    world = World(3, 3, config=config, machine=old, keep_effects=True)
    world.start()
    world.run(10_000)
    assert world.leader() is None
    for site in world.sites.values():
        verdicts = [each for each in site.effects if isinstance(each, Verdict)]
        assert [each.kind for each in verdicts] == ["VERSION"]
