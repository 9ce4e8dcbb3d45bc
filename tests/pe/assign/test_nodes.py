from __future__ import annotations

from pcsx.pe.assign.nodes import best_of, current_node, give_to, ranked, take_back
from pcsx.pe.flags import OPTIONAL, RUNNABLE
from pcsx.pe.model import Action, Requires, Role
from tests.pe.assign.build import add_primitive, cluster, node_of


def names(work, rsc, current=None):
    return [node.name for node in ranked(work, rsc.allowed, current)]


def test_the_higher_score_goes_before_everything_else():
    work = cluster("a b c")
    rsc = add_primitive(work, "x", "b=5 c=1")
    node_of(work, "b").assigned_count = 9
    assert names(work, rsc) == ["b", "c", "a"]
    assert best_of(work, rsc.allowed, None) is node_of(work, "b")


def test_of_equal_scores_the_node_with_fewer_resources_is_better():
    work = cluster("a b")
    rsc = add_primitive(work, "x")
    node_of(work, "a").assigned_count = 1
    assert names(work, rsc, node_of(work, "a")) == ["b", "a"]


def test_of_equally_filled_nodes_the_current_one_is_better_then_the_name_decides():
    work = cluster("a b c")
    rsc = add_primitive(work, "x")
    assert names(work, rsc, node_of(work, "c")) == ["c", "a", "b"]


def test_an_unavailable_node_counts_as_forbidden():
    work = cluster("a b")
    rsc = add_primitive(work, "x", "a=100")
    node_of(work, "a").standby = True
    assert names(work, rsc) == ["b", "a"]
    assert best_of(work, rsc.allowed, None) is node_of(work, "b")


def test_balanced_placement_prefers_the_node_with_more_capacity_left():
    work = cluster("a b")
    work.options.placement_strategy = "balanced"
    rsc = add_primitive(work, "x")
    node_of(work, "b").utilization = {"cpu": 2}
    node_of(work, "b").assigned_count = 5
    assert names(work, rsc) == ["b", "a"]


def test_minimal_placement_looks_at_names_alone():
    work = cluster("a b")
    work.options.placement_strategy = "minimal"
    rsc = add_primitive(work, "x")
    node_of(work, "a").assigned_count = 5
    assert names(work, rsc, node_of(work, "b")) == ["a", "b"]
    assert best_of(work, rsc.allowed, None) is node_of(work, "a")


def test_a_node_is_given_and_taken_back_with_its_capacity():
    work = cluster("a")
    rsc = add_primitive(work, "x")
    node = node_of(work, "a")
    node.utilization = {"cpu": 4}
    rsc.utilization = {"cpu": 3}
    assert give_to(work, rsc, node, forced=False, reversible=False)
    assert (node.assigned_count, node.utilization, rsc.is_assigned) == (1, {"cpu": 1}, True)
    take_back(rsc)
    assert (node.assigned_count, node.utilization, rsc.is_assigned) == (0, {"cpu": 4}, False)


def test_a_negative_score_means_no_node_and_makes_stops_required_and_starts_impossible():
    work = cluster("a")
    rsc = add_primitive(work, "x", "a=-1")
    stop = Action(1, rsc, "x_stop_0", "stop", node_of(work, "a"))
    start = Action(2, rsc, "x_start_0", "start", node_of(work, "a"))
    stop.flags = start.flags = OPTIONAL | RUNNABLE
    rsc.actions = [stop, start]
    assert not give_to(work, rsc, node_of(work, "a"), forced=False, reversible=False)
    assert rsc.next_role == Role.STOPPED
    assert stop.flags == RUNNABLE
    assert start.flags == OPTIONAL


def test_force_ignores_scores_and_reversible_failures_plan_nothing():
    work = cluster("a")
    rsc = add_primitive(work, "x", "a=-1")
    assert not give_to(work, rsc, node_of(work, "a"), forced=False, reversible=True)
    assert rsc.next_role == Role.UNKNOWN
    assert give_to(work, rsc, node_of(work, "a"), forced=True, reversible=False)


def test_what_needs_fencing_is_where_it_was_found_first_all_else_on_a_clean_node():
    work = cluster("a b")
    rsc = add_primitive(work, "x", active="a b")
    node_of(work, "a").unclean = True
    assert current_node(rsc) is node_of(work, "b")
    rsc.requires = Requires.FENCING
    assert current_node(rsc) is node_of(work, "a")
    rsc.partial_source = node_of(work, "b")
    assert current_node(rsc) is node_of(work, "b")
