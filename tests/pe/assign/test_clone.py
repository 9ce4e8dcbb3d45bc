from __future__ import annotations

from pcsx.pe.assign.dispatch import assign
from pcsx.pe.assign.instances import compare_instances
from pcsx.pe.model import Role
from pcsx.pe.reasons import Why
from pcsx.pe.scores import NEVER
from pcsx.pe.sorting import merge_sorted
from pcsx.values import INFINITY
from tests.pe.assign.build import (
    add_clone,
    add_primitive,
    cluster,
    colocate,
    node_of,
    place_of,
    scores_of,
)


def places(clone):
    return {instance.id: place_of(instance) for instance in clone.children}


def promotable(work, count, *, active="", promoted_max=1):
    clone = add_clone(work, "p", count, active=active)
    clone.promotable = True
    clone.promoted_max, clone.promoted_node_max = promoted_max, 1
    for instance in clone.children:
        instance.promotable = True
        for node in instance.active:
            instance.known[node] = clone.known[node] = None
    return clone


def roles(clone):
    return {instance.id: instance.next_role for instance in clone.children}


def test_instances_spread_one_to_a_node():
    work = cluster("a b")
    clone = add_clone(work, "c", 3)
    assign(work, clone)
    assert sorted(map(str, places(clone).values())) == ["None", "a", "b"]


def test_active_instances_stay_although_another_node_has_a_better_score():
    work = cluster("a b c")
    clone = add_clone(work, "c", 2, active="b c")
    for rsc in clone.walk():
        rsc.allowed[node_of(work, "a")] = 100
    assign(work, clone)
    assert places(clone) == {"c:0": "b", "c:1": "a"}


def test_an_instance_that_would_go_elsewhere_keeps_that_place_for_another_one():
    work = cluster("a b c")
    clone = add_clone(work, "c", 3, active="b c")
    for rsc in clone.walk():
        rsc.allowed[node_of(work, "a")] = 100
    assign(work, clone)
    assert places(clone) == {"c:0": "b", "c:1": "c", "c:2": "a"}
    told = [line for line in work.score_lines if "primitive" in line and "c:0" in line]
    assert told[0] == "pcmk__primitive_assign: c:0 allocation score on a: 100"
    assert told[3] == "pcmk__primitive_assign: c:0 allocation score on a: -INFINITY"


def test_where_the_clone_may_not_be_no_instance_goes():
    work = cluster("a b")
    clone = add_clone(work, "c", 2)
    clone.allowed[node_of(work, "b")] = NEVER
    assign(work, clone)
    assert sorted(map(str, places(clone).values())) == ["None", "a"]


def test_active_instances_are_served_before_inactive_ones_and_by_number():
    work = cluster("a b")
    clone = add_clone(work, "c", 3, active="a b")
    order = merge_sorted(clone.children[::-1], compare_instances(work, clone))
    assert [instance.id for instance in order] == ["c:0", "c:1", "c:2"]


def test_an_instance_on_a_forbidden_node_is_served_last():
    work = cluster("a b")
    clone = add_clone(work, "c", 2, active="a b")
    clone.children[0].allowed[node_of(work, "a")] = NEVER
    order = merge_sorted(clone.children, compare_instances(work, clone))
    assert [instance.id for instance in order] == ["c:1", "c:0"]


def test_interleaved_instances_meet_on_their_nodes_and_stop_where_there_is_none():
    work = cluster("a b")
    below, above = add_clone(work, "low", 1), add_clone(work, "up", 2)
    above.interleave = True
    colocate(above, below)
    assign(work, above)
    assert [place_of(i) for i in below.children] == ["a"]
    assert sorted(map(str, places(above).values())) == ["None", "a"]


def test_a_primitive_must_be_where_some_instance_is():
    work = cluster("a b")
    clone, rsc = add_clone(work, "c", 1), add_primitive(work, "d", "b=100")
    colocate(rsc, clone)
    clone.allowed[node_of(work, "b")] = NEVER
    assign(work, rsc)
    assert place_of(rsc) == "a"
    assert scores_of(rsc) == {"a": 0, "b": NEVER}


def test_the_highest_promotion_score_is_promoted():
    work = cluster("a b")
    clone = promotable(work, 2, active="a b")
    node_of(work, "a").attrs["master-p"] = "5"
    node_of(work, "b").attrs["master-p"] = "10"
    assign(work, clone)
    assert roles(clone) == {"p:1": Role.PROMOTED, "p:0": Role.UNPROMOTED}
    assert "p:1 promotion score on b: 10" in work.score_lines


def test_without_any_promotion_score_nothing_is_promoted():
    work = cluster("a b")
    clone = promotable(work, 2, active="a b")
    assign(work, clone)
    assert set(roles(clone).values()) == {Role.UNPROMOTED}
    assert "p:0 promotion score on a: -1" in work.score_lines


def test_a_dependent_of_the_promoted_role_goes_to_the_promoted_instance():
    work = cluster("a b")
    clone = promotable(work, 2, active="a b")
    node_of(work, "b").attrs["master-p"] = "10"
    rsc = add_primitive(work, "ip", "a=100")
    colocate(rsc, clone, primary_role=Role.PROMOTED)
    clone.children[0].allowed[node_of(work, "a")] = 0
    assign(work, rsc)
    assert place_of(rsc) == "b"


def test_what_the_dependents_of_the_promoted_role_prefer_counts_for_promotion():
    work = cluster("a b")
    clone = promotable(work, 2, active="a b")
    node_of(work, "a").attrs["master-p"] = node_of(work, "b").attrs["master-p"] = "5"
    rsc = add_primitive(work, "ip", "b=100")
    colocate(rsc, clone, INFINITY, primary_role=Role.PROMOTED)
    assign(work, clone)
    assert roles(clone)["p:1"] == Role.PROMOTED


def test_an_instance_without_node_is_told_as_inactive_and_stops():
    work = cluster("a")
    clone = promotable(work, 2, active="a")
    node_of(work, "a").attrs["master-p"] = "5"
    assign(work, clone)
    assert roles(clone) == {"p:0": Role.PROMOTED, "p:1": Role.STOPPED}
    assert "p:1 promotion score (inactive): -INFINITY" in work.score_lines


def test_only_the_place_that_was_kept_is_told_as_reason():
    work = cluster("a b c")
    clone = add_clone(work, "c", 3, active="b c")
    for rsc in clone.walk():
        rsc.allowed[node_of(work, "a")] = 100
    assign(work, clone)
    told = [(why, node) for why, rsc, node, _ in work.notes if rsc == "c:0"]
    assert told == [(Why.STAYS, "b")]
