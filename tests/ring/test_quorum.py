"""Laws of quorum: two that may decide always share a node."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.config import RingConfig
from pcsx.ring.quorum import (
    Voters,
    has_quorum,
    is_voters_change,
    tally,
    tie_breaker,
    waits_for_all,
    weights,
)
from tests.ring.world import config_of


def with_votes(votes: list[int], *options: tuple[str, str]) -> RingConfig:
    config = config_of(len(votes), options=options)
    nodes = zip(config.nodes, votes, strict=True)
    return replace(config, nodes=tuple(replace(node, votes=n) for node, n in nodes))


def subsets(count: int) -> list[tuple[int, ...]]:
    ids = range(1, count + 1)
    return list(chain.from_iterable(combinations(ids, n) for n in range(count + 1)))


votes_of = st.lists(st.integers(0, 3), min_size=1, max_size=6)
tie = st.sampled_from([(), (("auto_tie_breaker", "1"),)])


@given(votes_of, tie)
def test_any_two_quorums_share_a_node(
    votes: list[int], options: tuple[tuple[str, str], ...]
) -> None:
    config = with_votes(votes, *options)
    quorums = [set(nodes) for nodes in subsets(len(votes)) if has_quorum(config, nodes)]
    assert all(one & other for one in quorums for other in quorums)


@given(votes_of, st.lists(st.integers(0, 3), min_size=6, max_size=6), tie)
def test_a_joint_quorum_shares_a_node_with_every_quorum_of_either_side(
    votes: list[int], later: list[int], options: tuple[tuple[str, str], ...]
) -> None:
    old, new = with_votes(votes), with_votes(later[: len(votes)], *options)
    joint = Voters(old, new)
    for nodes in subsets(len(votes)):
        if joint.have_quorum(nodes):
            for other in subsets(len(votes)):
                if has_quorum(old, other) or has_quorum(new, other):
                    assert set(nodes) & set(other)


@given(votes_of, st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_the_agreed_value_is_reached_by_a_quorum_and_the_next_is_not(
    votes: list[int], values: list[int]
) -> None:
    config = with_votes(votes)
    reached = dict(enumerate(values[: len(votes)], 1))
    agreed = Voters(config).agreed(reached)
    if not weights(config):
        assert agreed == 0
        return
    assert has_quorum(config, [n for n, value in reached.items() if value >= agreed])
    assert not has_quorum(config, [n for n, value in reached.items() if value > agreed])


def test_half_of_the_votes_is_enough_with_the_tie_breaker_and_not_without() -> None:
    even = with_votes([1, 1, 1, 1], ("auto_tie_breaker", "1"))
    assert has_quorum(even, (1, 2)) and not has_quorum(even, (3, 4))
    assert not has_quorum(with_votes([1, 1, 1, 1]), (1, 2))


def test_the_tie_breaker_is_the_lowest_the_highest_or_the_first_that_votes_of_a_list() -> None:
    on = ("auto_tie_breaker", "yes")
    assert tie_breaker(with_votes([0, 1, 1])) == 0
    assert tie_breaker(with_votes([0, 1, 1], on)) == 2
    assert tie_breaker(with_votes([1, 1, 1], on, ("auto_tie_breaker_node", "highest"))) == 3
    assert tie_breaker(with_votes([1, 0, 1], on, ("auto_tie_breaker_node", "2 n3"))) == 3
    assert tie_breaker(with_votes([1, 1, 1], on, ("auto_tie_breaker_node", "nobody"))) == 1


def test_status_counts_votes_as_people_do() -> None:
    count = tally(Voters(with_votes([1, 1, 1])), (1, 2))
    assert (count.votes, count.expected, count.needed, count.quorate) == (2, 3, 2, True)
    count = tally(Voters(with_votes([1, 1, 1, 1])), (1, 2))
    assert (count.needed, count.quorate) == (3, False)
    assert count.reason == "2 of 3 votes needed; missing: n3 n4"
    breaker = tally(Voters(with_votes([1, 1], ("auto_tie_breaker", "1"))), (1,))
    assert (breaker.needed, breaker.quorate) == (1, True)


def test_a_new_boot_or_name_is_no_change_of_voters_and_a_vote_or_tie_breaker_is() -> None:
    config = config_of(2)
    booted = replace(config, nodes=(replace(config.nodes[0], boot=7), config.nodes[1]))
    assert not is_voters_change(config, booted)
    assert is_voters_change(config, with_votes([1, 0]))
    assert is_voters_change(config, replace(config, options=(("auto_tie_breaker", "1"),)))


def test_wait_for_all_is_off_unless_it_is_asked_for() -> None:
    assert not waits_for_all(config_of(3))
    assert waits_for_all(config_of(3, options=(("wait_for_all", "true"),)))
