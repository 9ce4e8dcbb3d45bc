"""Laws of who belongs together."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pcsx.ring.cliques import component, group_of, pair

ONE_EACH = dict.fromkeys(range(1, 9), 1)


def cut(*pairs: tuple[int, int]) -> frozenset[tuple[int, int]]:
    return frozenset(pair(x, y) for x, y in pairs)


def test_all_that_hear_each_other_are_one_group() -> None:
    assert group_of(2, (1, 2, 3), cut(), ONE_EACH, 0) == (1, 2, 3)


def test_the_node_that_misses_the_most_votes_is_dropped() -> None:
    cuts = cut((1, 2), (1, 3))
    assert group_of(2, (1, 2, 3), cuts, ONE_EACH, 0) == (2, 3)
    assert group_of(1, (1, 2, 3), cuts, ONE_EACH, 0) == (1,)


def test_votes_weigh_more_than_the_number_of_links() -> None:
    votes = {1: 5, 2: 1, 3: 1, 4: 1}
    cuts = cut((1, 2), (2, 3), (3, 4))
    assert 2 not in group_of(1, (1, 2, 3, 4), cuts, votes, 0)


def test_of_equals_the_leader_stays_and_the_highest_id_goes() -> None:
    cuts = cut((1, 3))
    assert group_of(2, (1, 2, 3), cuts, ONE_EACH, 0) == (1, 2)
    assert group_of(2, (1, 2, 3), cuts, ONE_EACH, 3) == (2, 3)


def test_who_is_reached_over_others_is_in_the_component() -> None:
    assert component(1, (1, 2, 3, 4), cut((1, 3), (1, 4), (2, 4), (3, 4))) == (1, 2, 3)


@given(
    st.sets(st.sampled_from(list(combinations(range(1, 7), 2)))),
    st.integers(0, 6),
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_the_groups_are_a_partition_in_which_all_hear_all(
    pairs: set[tuple[int, int]], leader: int, votes: list[int]
) -> None:
    nodes = range(1, 7)
    weight = dict(zip(nodes, votes, strict=True))
    cuts = frozenset(pairs)
    groups = {node: group_of(node, nodes, cuts, weight, leader) for node in nodes}
    for node, group in groups.items():
        assert node in group
        assert all(groups[other] == group for other in group if set(group) <= set(nodes))
        assert not any(pair(x, y) in cuts for x, y in combinations(group, 2))
