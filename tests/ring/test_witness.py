"""Laws of the witness: it votes once a term, for nobody who lacks what it acknowledged, durably."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.messages import App, AppResp, PreVote, PreVoteResp, Resigned, Vote, VoteResp
from pcsx.ring.quorum import Voters, has_quorum, tally
from pcsx.ring.witness import COMPARE_MS, Seat, Witness
from tests.ring.chaos import rest, storm
from tests.ring.world import SEAT, World, config_of

PAIR = config_of(2, witness=SEAT)
DOWN = PAIR.timers.down_ms


def witness(**known: int) -> Witness:
    return Witness(replace(Seat(5, PAIR), **known), 0)


def ask(term: int, log: tuple[int, int] = (1, 1), resigned: int = 0) -> Vote:
    return Vote(term, *log, resigned)


def would(term: int, log: tuple[int, int] = (1, 1)) -> PreVote:
    return PreVote(term, *log, 0)


def round_of(term: int, number: int, last: tuple[int, int] = (0, 0)) -> App:
    return App(term, last[1], last[0], 0, number, 0, (), ())


def vote(voter: Witness, sender: int, message: Vote, at_ms: int = 0) -> VoteResp:
    answer = voter.receive(sender, 1, message, at_ms)
    assert isinstance(answer, VoteResp)
    return answer


# --- who counts -----------------------------------------------------------------------------------


def test_one_of_two_and_the_witness_are_a_quorum_and_neither_is_a_pair():
    voters = Voters(PAIR)
    assert has_quorum(PAIR, {1, WITNESS}) and has_quorum(PAIR, {1, 2})
    assert not has_quorum(PAIR, {1}) and not has_quorum(PAIR, {WITNESS})
    assert voters.pair == () and voters.has_witness
    assert tally(voters, {1, WITNESS}).quorate
    assert "the witness" in tally(voters, {1}).reason


def test_a_configuration_with_a_witness_is_the_same_after_its_bytes():
    assert RingConfig.from_bytes(PAIR.to_bytes()) == PAIR
    assert b"witness" not in config_of(2).to_bytes()


def test_a_seat_is_the_same_after_its_bytes():
    seat = Seat(5, PAIR, 9, 4, 2, 3, 8)
    assert Seat.from_bytes(seat.to_bytes()) == seat


# --- its votes ------------------------------------------------------------------------------------


def test_it_votes_once_a_term_and_says_so_again():
    voter = witness()
    assert vote(voter, 1, ask(2)).granted
    assert not vote(voter, 2, ask(2)).granted
    assert vote(voter, 1, ask(2)).granted
    assert vote(voter, 2, ask(3)).granted


def test_what_it_voted_holds_in_its_next_life():
    seat = witness(term=2, voted_for=1).seat
    later = Witness(seat, 0)
    assert not vote(later, 2, ask(2), at_ms=DOWN).granted
    assert vote(later, 1, ask(2), at_ms=DOWN).granted


def test_it_votes_for_nobody_who_lacks_what_it_acknowledged():
    voter = witness()
    answer = voter.receive(1, 1, round_of(4, 1, (4, 10)), 0)
    assert isinstance(answer, AppResp) and answer.granted and answer.match == 10
    assert (voter.seat.last_term, voter.seat.last_index) == (4, 10)
    assert not vote(voter, 2, ask(5, (4, 9)), at_ms=DOWN).granted
    assert not vote(voter, 2, ask(6, (3, 99)), at_ms=DOWN).granted
    assert vote(voter, 2, ask(7, (4, 10)), at_ms=DOWN).granted


def test_what_it_acknowledged_never_falls():
    voter = witness(term=4, last_term=4, last_index=10)
    voter.receive(1, 1, round_of(4, 1), DOWN)
    voter.receive(1, 1, round_of(4, 2, (4, 7)), DOWN)
    assert (voter.seat.last_term, voter.seat.last_index) == (4, 10)


# --- its promises ---------------------------------------------------------------------------------


def test_each_round_is_answered_with_a_promise_that_it_keeps():
    voter = witness()
    answer = voter.receive(1, 1, round_of(2, 7), 100)
    assert isinstance(answer, AppResp)
    assert (answer.round, answer.promise_ms, answer.match) == (7, DOWN, 0)
    refused = vote(voter, 2, ask(3), at_ms=100 + DOWN - 1)
    assert not refused.granted and refused.wait_ms == 1
    assert vote(voter, 2, ask(3), at_ms=100 + DOWN).granted


def test_a_leader_that_resigned_frees_it():
    voter = witness()
    voter.receive(1, 1, round_of(2, 7), 100)
    voter.receive(2, 1, Resigned(2), 110)
    assert not vote(voter, 2, ask(3), at_ms=120).granted, "another's word for it is none"
    voter.receive(1, 1, Resigned(2), 130)
    assert vote(voter, 2, ask(3), at_ms=140).granted


def test_one_that_just_started_has_forgotten_its_promises_and_elects_nobody_for_a_while():
    voter = witness(term=2)
    assert not vote(voter, 1, ask(3), at_ms=DOWN - 1).granted
    assert vote(voter, 1, ask(3), at_ms=DOWN).granted


def test_an_older_leader_is_told_the_newer_term_and_promised_nothing():
    voter = witness(term=5)
    answer = voter.receive(1, 1, round_of(4, 3, (4, 9)), DOWN)
    assert isinstance(answer, AppResp)
    assert (answer.term, answer.granted, answer.promise_ms) == (5, False, 0)
    assert voter.seat.last_index == 0


def test_of_two_that_would_stand_the_one_with_more_of_the_log_is_preferred():
    voter = witness()
    for at_ms, sender, log in ((0, 1, (1, 4)), (100, 2, (1, 5))):
        answer = voter.receive(sender, 1, would(2, log), at_ms)
        assert isinstance(answer, PreVoteResp)
        assert not answer.granted and answer.wait_ms == COMPARE_MS - at_ms
    later = voter.receive(1, 1, would(2, (1, 4)), COMPARE_MS)
    assert isinstance(later, PreVoteResp) and not later.granted and later.wait_ms
    best = voter.receive(2, 1, would(2, (1, 5)), COMPARE_MS + 1)
    assert isinstance(best, PreVoteResp) and best.granted


def test_one_that_stands_alone_waits_for_the_comparison_and_no_longer():
    voter = witness()
    voter.receive(1, 1, would(2), 0)
    answer = voter.receive(1, 1, would(2), COMPARE_MS)
    assert isinstance(answer, PreVoteResp) and answer.granted


def test_a_newer_configuration_of_its_lineage_replaces_the_old_and_no_other_does():
    voter = witness()
    five = config_of(5, witness=SEAT)
    voter.configure(replace(five, lineage=8), 9)
    assert voter.seat.config == PAIR
    voter.configure(five, 9)
    voter.configure(PAIR, 8)
    assert (voter.seat.config, voter.seat.index) == (five, 9)


# --- in a world -----------------------------------------------------------------------------------


def with_witness(seed: int = 5) -> World:
    world = World(2, seed, config=PAIR)
    world.start()
    world.settle()
    world.run(1000)
    return world


@pytest.mark.parametrize("leads", [True, False])
def test_the_survivor_of_two_goes_on_with_the_witness(leads: bool):
    world = with_witness()
    leader = world.leader()
    assert leader is not None
    lost = leader if leads else 3 - leader
    here = 3 - lost
    world.crash(lost)
    world.run(2 * DOWN + 1500)
    assert world.leader() == here and world.machine(here).quorate
    ticket = world.propose(here, b"alone")
    world.run(500)
    assert world.sites[here].proposed[ticket].index
    assert world.seat.last_index >= world.sites[here].proposed[ticket].index
    world.start(lost)
    rest(world)


def test_in_a_partition_the_side_that_the_witness_hears_goes_on_and_no_other():
    for reaching in (1, 2):
        world = with_witness()
        world.cut |= {(1, 2), (2, 1)}
        world.witness_cut = {3 - reaching}
        world.run(3 * DOWN)
        assert world.leader() == reaching
        assert world.machine(reaching).quorate and not world.machine(3 - reaching).quorate
        world.cut.clear()
        world.witness_cut.clear()
        rest(world)


def test_when_both_sides_reach_it_just_one_goes_on():
    world = with_witness()
    world.cut |= {(1, 2), (2, 1)}
    world.run(4 * DOWN)
    assert [world.machine(node).quorate for node in (1, 2)].count(True) == 1


def test_who_lacks_what_the_witness_acknowledged_does_not_lead():
    world = with_witness()
    world.crash(2)
    world.run(2 * DOWN + 1500)
    world.propose(1, b"only here and at the witness")
    world.run(500)
    world.crash(1)
    world.start(2)
    world.run(4 * DOWN)
    assert world.leader() is None and not world.machine(2).quorate
    world.start(1)
    rest(world)


def test_without_the_witness_two_nodes_go_on_together():
    world = with_witness()
    world.end_witness()
    world.run(2 * DOWN)
    assert all(world.machine(node).quorate for node in (1, 2))


def test_a_witness_is_added_and_taken_away_while_all_goes_on():
    world = World(2, 3, config=replace(PAIR, witness=None))
    world.start()
    world.settle()
    leader = world.leader()
    assert leader is not None
    plain = world.machine(leader).config
    world.witness = Witness(world.seat, 0)
    world.config = PAIR
    ticket = world.reconfigure(leader, replace(plain, witness=SEAT))
    world.run(2000)
    assert world.sites[leader].proposed[ticket].index
    assert world.machine(3 - leader).voters.has_witness
    other = replace(SEAT, nonce=6)
    ticket = world.reconfigure(leader, replace(world.machine(leader).config, witness=other))
    world.run(100)
    assert world.sites[leader].proposed[ticket].refusal
    ticket = world.reconfigure(leader, replace(world.machine(leader).config, witness=None))
    world.run(2000)
    assert world.sites[leader].proposed[ticket].index
    assert not world.machine(leader).voters.has_witness


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_in_storms_with_a_witness(seed: int):
    storm(seed, count=(2, 2, 3, 4)[seed % 4], rounds=6, witness=SEAT)
