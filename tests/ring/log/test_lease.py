"""Laws of promises and leases."""

from __future__ import annotations

from pcsx.ring.log.lease import Promises, Rounds, SeenLease
from pcsx.ring.messages import LogState
from pcsx.ring.quorum import Voters
from tests.ring.world import config_of

VOTERS = Voters(config_of(3))


def state(term: int, *, leading: bool = False) -> LogState:
    return LogState(term, 1, 1, 1, leading, False, False)


def test_a_voter_is_bound_until_its_promise_and_its_start_are_over() -> None:
    promises = Promises(start_bound_ms=500)
    promises.give(2, 4, 900)
    assert promises.rest_ms(100) == 800
    promises.void_term(3)
    assert promises.rest_ms(100) == 800
    promises.void_term(4)
    assert promises.rest_ms(100) == 400


def test_a_life_that_is_over_frees_from_its_own_promise_only() -> None:
    promises = Promises()
    promises.give(2, 4, 900)
    promises.void_life(3)
    assert promises.rest_ms(0) == 900
    promises.void_life(2)
    assert promises.rest_ms(0) == 0


def test_all_voters_in_reach_of_which_none_leads_free_from_every_promise() -> None:
    promises = Promises(start_bound_ms=500)
    promises.give(2, 4, 900)
    promises.void_if_none_leads(VOTERS, {1: state(4), 2: state(4)})
    assert promises.rest_ms(0) == 900, "one is missing"
    promises.void_if_none_leads(VOTERS, {1: state(4), 2: state(4), 3: state(4, leading=True)})
    assert promises.rest_ms(0) == 900, "one leads"
    promises.void_if_none_leads(VOTERS, {1: state(4), 2: state(3), 3: state(4)})
    assert promises.rest_ms(0) == 900, "the word is older than the promise"
    promises.void_if_none_leads(VOTERS, {1: state(4), 2: state(4), 3: state(4)})
    assert promises.rest_ms(0) == 0


def test_the_lease_runs_from_the_sending_of_the_newest_round_that_a_quorum_answered() -> None:
    rounds = Rounds()
    first = rounds.begin(1000)
    second = rounds.begin(1300)
    assert rounds.answer(1, 2, first, 3000, VOTERS)
    assert rounds.lease_until_ms == 1000 + 2400
    assert not rounds.answer(1, 3, first, 3000, VOTERS)
    assert rounds.answer(1, 3, second, 2000, VOTERS)
    assert rounds.lease_until_ms == max(1000 + 2400, 1300 + 1600)


def test_an_answer_from_somebody_who_does_not_vote_is_no_quorum() -> None:
    rounds = Rounds()
    assert not rounds.answer(1, 9, rounds.begin(1000), 3000, VOTERS)
    assert rounds.lease_until_ms == 0


def test_a_follower_is_told_a_stamp_that_was_there_before_the_round_that_was_answered() -> None:
    rounds = Rounds()
    rounds.stamp(2, 70)
    first = rounds.begin(1000)
    rounds.stamp(2, 90)
    rounds.answer(1, 2, first, 3000, VOTERS)
    assert rounds.told == {2: 70}
    second = rounds.begin(1300)
    rounds.answer(1, 2, second, 3000, VOTERS)
    assert rounds.told == {2: 90}
    rounds.forget(2)
    assert rounds.told == {} and rounds.stamps == {}


def test_a_seen_lease_belongs_to_its_term() -> None:
    seen = SeenLease()
    seen.see(3, 100, 2400)
    seen.see(2, 900, 2400)
    assert (seen.term, seen.until_ms, seen.confirmed_ms) == (3, 2500, 100)
    seen.see(4, 200, 2400)
    assert (seen.term, seen.until_ms, seen.confirmed_ms) == (4, 2600, 200)
