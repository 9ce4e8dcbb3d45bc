from __future__ import annotations

from pcsx.pe.assign.preferences import add_dependent, upward_scores
from pcsx.pe.scores import NEVER
from pcsx.values import INFINITY
from tests.pe.assign.build import (
    add_clone,
    add_group,
    add_primitive,
    cluster,
    colocate,
    node_of,
    scores_of,
)


def test_a_mandatory_dependent_adds_its_scores_whole():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "a=7 b=-3")
    add_dependent(work, colocate(dependent, primary), primary)
    assert scores_of(primary) == {"a": 7, "b": -3}


def test_an_optional_dependent_adds_a_share_but_never_nothing():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "a=4000 b=1")
    add_dependent(work, colocate(dependent, primary, 4000), primary)
    assert scores_of(primary) == {"a": 16, "b": 1}


def test_dependents_of_dependents_are_asked_too():
    work = cluster("a b")
    primary, middle = add_primitive(work, "p"), add_primitive(work, "m")
    last = add_primitive(work, "l", "b=9")
    colocate(last, middle)
    add_dependent(work, colocate(middle, primary), primary)
    assert scores_of(primary) == {"a": 0, "b": 9}


def test_a_dependent_that_could_run_nowhere_is_not_heard():
    work = cluster("a b")
    primary = add_primitive(work, "p", f"a={NEVER}")
    dependent = add_primitive(work, "d", f"b={NEVER}")
    add_dependent(work, colocate(dependent, primary), primary)
    assert scores_of(primary) == {"a": NEVER, "b": 0}


def test_a_clone_is_never_banned_by_its_dependents():
    work = cluster("a b")
    clone = add_clone(work, "c", 2)
    clone.allowed[node_of(work, "b")] = 5
    dependent = add_primitive(work, "d", f"a={NEVER} b={NEVER}")
    dependent.allowed[node_of(work, "a")] = 3
    add_dependent(work, colocate(dependent, clone), clone)
    assert scores_of(clone) == {"a": 3, "b": 1}


def test_without_influence_a_dependent_is_heard_only_while_the_primary_is_inactive():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "a=7")
    colocation = colocate(dependent, primary, influence=False)
    primary.active = [node_of(work, "b")]
    add_dependent(work, colocation, primary)
    assert scores_of(primary) == {"a": 0, "b": 0}
    primary.active = []
    add_dependent(work, colocation, primary)
    assert scores_of(primary) == {"a": 7, "b": 0}


def test_a_group_speaks_through_its_first_member_and_the_chain_behind_it():
    work = cluster("a b")
    primary, group = add_primitive(work, "p"), add_group(work, "g", "m1 m2 m3")
    for member in group.children:
        member.allowed[node_of(work, "b")] = 10
    add_dependent(work, colocate(group, primary), primary)
    assert scores_of(primary) == {"a": 0, "b": 30}


def test_a_loop_of_colocations_ends_when_it_comes_to_one_that_is_asked_already():
    work = cluster("a b")
    first, second = add_primitive(work, "p", "a=1"), add_primitive(work, "q", "a=2")
    colocate(first, second)
    add_dependent(work, colocate(second, first), first)
    assert scores_of(first) == {"a": 4, "b": 0}


def test_to_keep_apart_is_to_avoid_what_the_other_prefers():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "a=100")
    add_dependent(work, colocate(dependent, primary, -INFINITY), primary)
    assert scores_of(primary) == {"a": -100, "b": 0}


def test_a_ban_of_the_other_is_no_reason_to_go_there():
    work = cluster("a b c")
    primary = add_primitive(work, "p")
    dependent = add_primitive(work, "d", "a=-50")
    add_dependent(work, colocate(dependent, primary, -INFINITY), primary)
    assert scores_of(primary) == {"a": 0, "b": 0, "c": 0}


def test_equal_attributes_count_instead_of_equal_nodes():
    work = cluster("a b c")
    for name, site in (("a", "north"), ("b", "North"), ("c", "south")):
        node_of(work, name).attrs["site"] = site
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "a=5")
    add_dependent(work, colocate(dependent, primary, attribute="site"), primary)
    assert scores_of(primary) == {"a": 5, "b": 5, "c": 0}


def test_upward_the_wishes_of_primaries_are_added_to_a_copy():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p", "b=4"), add_primitive(work, "d", "a=1")
    colocate(dependent, primary)
    upward = upward_scores(work, dependent)
    assert {node.name: score for node, score in upward.items()} == {"a": 1, "b": 4}
    assert scores_of(dependent) == {"a": 1, "b": 0}
