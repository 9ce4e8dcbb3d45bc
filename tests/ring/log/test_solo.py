"""Laws of the solo rule: the survivor of a pair goes on by proof, and by nothing less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.ring.config import RingConfig, next_lineage
from pcsx.ring.log.solo import alone, forced, is_admitted, partner_of
from pcsx.ring.port import MOVED, Damage, ForceNew
from pcsx.ring.quorum import Voters
from tests.ring.chaos import rest, storm
from tests.ring.world import World, config_of


def booted(config: RingConfig, *boots: int) -> RingConfig:
    pairs = zip(config.nodes, boots, strict=True)
    return replace(config, nodes=tuple(replace(node, boot=boot) for node, boot in pairs))


PAIR = booted(config_of(2), 4, 6)


def pair_at_rest() -> World:
    world = World(2, 5)
    world.start()
    world.settle()
    world.run(1000)
    return world


def lose(world: World, node: int) -> None:
    world.crash(node)
    world.run(world.timers.down_ms + 500)


# --- who may --------------------------------------------------------------------------------------


def test_a_pair_is_two_voters_of_equal_votes_without_a_tie_breaker_by_the_newest_entry() -> None:
    assert partner_of(Voters(PAIR), 1) == 2 and partner_of(Voters(PAIR), 2) == 1
    assert partner_of(Voters(config_of(3)), 1) == 0
    assert partner_of(Voters(PAIR, config_of(3)), 1) == 0
    assert partner_of(Voters(alone(PAIR, 1, 2), PAIR), 1) == 2, "being made again"
    assert partner_of(Voters(replace(PAIR, options=(("auto_tie_breaker", "1"),))), 1) == 0
    heavier = replace(PAIR, nodes=(replace(PAIR.nodes[0], votes=2), PAIR.nodes[1]))
    assert partner_of(Voters(heavier), 1) == 0


def test_a_life_is_admitted_by_what_was_committed_in_it_and_all_entries_since() -> None:
    assert is_admitted(1, 4, PAIR, [])
    assert not is_admitted(1, 4, None, [])
    assert not is_admitted(1, 5, PAIR, []), "another life"
    assert is_admitted(1, 4, PAIR, [Voters(PAIR, booted(config_of(2), 4, 7))])
    assert not is_admitted(1, 4, PAIR, [Voters(alone(PAIR, 2, 1))])
    assert not is_admitted(1, 4, PAIR, [Voters(booted(config_of(3), 4, 6, 1))])


def test_alone_the_partner_is_a_learner_whose_vote_is_owed() -> None:
    solo = alone(PAIR, 1, 2)
    assert [node.votes for node in solo.nodes] == [1, 0]
    assert Voters(solo).have_quorum({1}) and not Voters(solo).have_quorum({2})


# --- in a world -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2])
def test_the_survivor_goes_on_by_proof_and_the_other_comes_back_as_one_of_a_pair(lost: int) -> None:
    world = pair_at_rest()
    here = 3 - lost
    assert world.machine(here).solo_target is None
    boot = world.sites[lost].boot.counter
    lose(world, lost)
    assert world.leader() is None
    assert world.machine(here).solo_target == (lost, boot)
    ticket = world.prove(here, lost, boot)
    world.run(100)
    assert world.sites[here].proposed[ticket].index and world.leader() == here
    change = world.propose(here, b"alone")
    world.run(1000)
    assert world.sites[here].proposed[change].index and world.machine(here).quorate
    world.start(lost)
    world.run(2000)
    rest(world)
    assert [node.votes for node in world.machine(lost).config.nodes] == [1, 1]
    lose(world, here)
    assert world.machine(lost).solo_target == (here, world.sites[here].boot.counter)


def test_a_proof_about_another_life_is_worth_nothing() -> None:
    world = pair_at_rest()
    lose(world, 2)
    ticket = world.prove(1, 2, world.sites[2].boot.counter + 1)
    world.run(100)
    assert world.sites[1].proposed[ticket].index == 0 and world.leader() is None


def test_a_node_that_was_not_admitted_in_its_present_life_never_goes_alone() -> None:
    world = pair_at_rest()
    boot = world.sites[2].boot.counter
    lose(world, 2)
    world.crash(1)
    world.start(1)
    world.run(10_000)
    assert world.machine(1).solo_target is None
    ticket = world.prove(1, 2, boot)
    assert world.sites[1].proposed[ticket].index == 0


def test_who_was_shot_does_not_lead_when_it_is_back_first() -> None:
    world = pair_at_rest()
    world.cut |= {(1, 2), (2, 1)}
    world.run(world.timers.down_ms + 500)
    target = world.machine(1).solo_target
    assert target is not None
    world.crash(2)
    world.prove(1, *target)
    world.run(200)
    change = world.propose(1, b"alone")
    world.run(200)
    assert world.sites[1].proposed[change].index
    world.crash(1)
    world.cut.clear()
    world.start(2)
    world.run(20_000)
    assert world.leader() is None and world.machine(2).solo_target is None
    world.start(1)
    rest(world)


@pytest.mark.parametrize("seed", range(30))
def test_nothing_is_lost_in_storms_over_a_pair_that_shoots(seed: int) -> None:
    storm(10_000 + seed, count=2, rounds=12)


def test_a_later_life_that_is_here_with_its_log_makes_the_proof_needless() -> None:
    world = pair_at_rest()
    boot = world.sites[2].boot.counter
    lose(world, 2)
    world.start(2)
    world.run(50, until=lambda: 2 in world.machine(1)._log._state.members)
    world.run(2000, until=lambda: 2 in world.machine(1)._log._state.members)
    ticket = world.prove(1, 2, boot)
    assert not world.sites[1].proposed[ticket].index


def test_one_that_is_back_without_its_log_is_proof_of_its_own_end() -> None:
    world = pair_at_rest()
    lose(world, 2)
    world.sites[2].disk.entries, world.sites[2].disk.damage = [], Damage.AMNESIAC
    world.start(2)
    rest(world)
    assert world.leader() == 1
    assert [node.votes for node in world.sites[1].config.nodes] == [1, 1]
    assert world.sites[2].disk.damage is Damage.CLEAN


def test_a_change_made_from_an_older_configuration_is_refused() -> None:
    world = pair_at_rest()
    leader = world.leader()
    assert leader is not None
    base = world.machine(leader).voters.newest
    world.propose_change(leader, replace(base, name="first"), base)
    world.run(500)
    ticket = world.propose_change(leader, replace(base, name="second"), base)
    assert world.sites[leader].proposed[ticket].refusal == MOVED
    assert world.machine(leader).voters.newest.name == "first"


# --- begun anew by force --------------------------------------------------------------------------

ANEW = next_lineage(7, bytes(range(7)))


def test_begun_anew_one_decides_alone_and_the_votes_of_all_others_are_owed() -> None:
    five = booted(config_of(5), 1, 2, 3, 4, 5)
    anew = forced(five, 3, boot=8, lineage=ANEW, over={1: 6, 2: 1})
    assert [node.votes for node in anew.nodes] == [0, 0, 1, 0, 0]
    assert [node.over for node in anew.nodes] == [6, 2, 0, 4, 5]
    assert Voters(anew).have_quorum({3}) and not Voters(anew).have_quorum({1, 2, 4, 5})
    assert (anew.generation, anew.lineage, anew.node(3).boot) == (1, ANEW, 8)


def test_one_whose_vote_was_owed_has_it_back_when_it_begins_anew() -> None:
    solo = alone(PAIR, 1, 2)
    anew = forced(solo, 2, boot=9, lineage=ANEW, over={})
    assert [node.votes for node in anew.nodes] == [0, 1]
    assert Voters(anew).have_quorum({2})


def test_a_lone_survivor_goes_on_with_all_that_its_log_holds() -> None:
    world = World(3, 5)
    world.start()
    world.settle()
    leader = world.leader()
    assert leader is not None
    survivor = next(node for node in world.sites if node != leader)
    world.propose(leader, b"decided")
    world.run(1000)
    for node in world.sites:
        if node != survivor:
            world.crash(node)
    world.run(world.timers.down_ms + 2000)
    machine = world.machine(survivor)
    assert not machine.quorate and world.leader() is None
    before = machine.term
    boots = tuple((node, 9) for node in world.sites if node != survivor)
    world.proposals[991] = b"by hand"
    world.step(world.sites[survivor], ForceNew(991, ANEW, boots, (b"by hand",)))
    world.run(2000)
    assert machine.quorate and machine.leading and machine.term > before
    assert world.sites[survivor].proposed[991].index
    assert set(world.acknowledged.values()) >= {b"decided", b"by hand"}
    assert machine.config.lineage == ANEW


@pytest.mark.parametrize("others", [1, 2])
def test_nothing_is_begun_anew_beside_others(others: int) -> None:
    world = World(3, 5)
    world.start()
    world.settle()
    survivor = 1
    for node in range(others + 2, 4):
        world.crash(node)
    world.run(world.timers.down_ms + 2000)
    lineage = world.machine(survivor).config.lineage
    world.step(world.sites[survivor], ForceNew(991, ANEW, ((2, 9), (3, 9))))
    world.run(1000)
    assert world.sites[survivor].proposed[991].refusal
    assert world.machine(survivor).config.lineage == lineage
