from __future__ import annotations

from pcsx.pe.assign.dispatch import assign
from pcsx.pe.model import QuorumPolicy, Role
from pcsx.pe.reasons import Why
from pcsx.pe.scores import NEVER
from pcsx.values import INFINITY
from tests.pe.assign.build import (
    add_group,
    add_primitive,
    cluster,
    colocate,
    node_of,
    place_of,
    scores_of,
)


def test_the_best_score_wins():
    work = cluster("a b")
    rsc = add_primitive(work, "x", "b=1", active="a")
    assign(work, rsc)
    assert place_of(rsc) == "b"


def test_at_a_positive_score_a_resource_stays_although_another_node_is_emptier():
    work = cluster("a b")
    rsc = add_primitive(work, "x", "a=1 b=1", active="b")
    node_of(work, "b").assigned_count = 3
    assign(work, rsc)
    assert place_of(rsc) == "b"
    assert (Why.STAYS, "x", "b", (1,)) in work.notes


def test_at_score_0_it_goes_where_there_is_less():
    work = cluster("a b")
    rsc = add_primitive(work, "x", active="b")
    node_of(work, "b").assigned_count = 3
    assign(work, rsc)
    assert place_of(rsc) == "a"


def test_what_is_to_be_stopped_is_forbidden_everywhere():
    work = cluster("a")
    rsc = add_primitive(work, "x", "a=100")
    rsc.next_role = Role.STOPPED
    assign(work, rsc)
    assert place_of(rsc) is None
    assert work.score_lines == ["pcmk__primitive_assign: x allocation score on a: -INFINITY"]


def test_an_unmanaged_resource_stays_whatever_the_scores_say():
    work = cluster("a b")
    rsc = add_primitive(work, "x", f"a={NEVER} b=100", active="a")
    rsc.managed = False
    assign(work, rsc)
    assert place_of(rsc) == "a"
    assert rsc.next_role == Role.STARTED


def test_nothing_is_managed_while_fencing_is_wanted_and_there_is_no_device():
    work = cluster("a b")
    work.options.fencing_enabled = True
    rsc = add_primitive(work, "x", "b=100", active="a")
    assign(work, rsc)
    assert place_of(rsc) == "a"
    assert not rsc.managed


def test_stop_all_leaves_no_node():
    work = cluster("a")
    work.options.stop_all = True
    rsc = add_primitive(work, "x", "a=100", active="a")
    assign(work, rsc)
    assert place_of(rsc) is None


def test_a_frozen_partition_raises_no_role():
    work = cluster("a")
    work.quorate = False
    work.options.no_quorum_policy = QuorumPolicy.FREEZE
    rsc = add_primitive(work, "x")
    rsc.next_role = Role.STARTED
    assign(work, rsc)
    assert rsc.next_role == Role.STOPPED


def test_a_dependent_must_follow_its_primary():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p", "b=1"), add_primitive(work, "d", "a=500")
    colocate(dependent, primary)
    primary.allowed[node_of(work, "a")] = NEVER
    assign(work, dependent)
    assert (place_of(primary), place_of(dependent)) == ("b", "b")


def test_a_primary_that_runs_nowhere_stops_those_that_must_be_with_it():
    work = cluster("a")
    primary, dependent = add_primitive(work, "p", "a=-200"), add_primitive(work, "d")
    colocate(dependent, primary)
    dependent.allowed[node_of(work, "a")] = 100
    assign(work, dependent)
    assert place_of(dependent) is None
    assert scores_of(dependent) == {"a": NEVER}


def test_a_wish_that_would_leave_no_node_is_dropped():
    work = cluster("a")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d")
    colocate(dependent, primary, -5)
    assign(work, dependent)
    assert place_of(dependent) == "a"


def test_must_not_be_together_is_not_dropped():
    work = cluster("a")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d")
    colocate(dependent, primary, -INFINITY)
    assign(work, dependent)
    assert place_of(dependent) is None


def test_a_loop_of_colocations_is_broken_where_it_closes():
    work = cluster("a b c")
    one, two, three = (add_primitive(work, name) for name in ("r1", "r2", "r3"))
    colocate(one, two)
    colocate(two, three)
    colocate(three, one)
    three.allowed[node_of(work, "b")] = NEVER
    two.allowed[node_of(work, "c")] = NEVER
    assign(work, one)
    assert [place_of(rsc) for rsc in (one, two, three)] == ["a", "a", "a"]


def test_a_role_that_differs_leaves_a_dependent_free():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p", "a=1"), add_primitive(work, "d", "b=1")
    colocate(dependent, primary, primary_role=Role.PROMOTED)
    assign(work, dependent)
    assert place_of(dependent) == "b"


def test_a_connection_with_a_node_brings_its_node_online_and_without_one_takes_it_away():
    work = cluster("a")
    for name, score, comes in (("r", 0, True), ("s", -1, False)):
        connection = add_primitive(work, name, f"a={score}")
        connection.is_connection = True
        remote = node_of(cluster(name), name)
        remote.online, remote.is_pcmk_remote, remote.unclean = False, True, True
        connection.connects = remote
        remote.connection = connection
        assign(work, connection)
        assert (remote.online, remote.shutting_down, remote.unclean) == (
            comes,
            not comes,
            not comes,
        )


def test_the_members_of_a_group_are_together_where_they_wish_most():
    work = cluster("a b")
    group = add_group(work, "g", "m1 m2 m3")
    group.children[0].allowed[node_of(work, "a")] = 5
    group.children[2].allowed[node_of(work, "b")] = 6
    assign(work, group)
    assert [place_of(member) for member in group.children] == ["b", "b", "b"]
    assert place_of(group) == "b"


def test_what_comes_after_a_member_without_node_stops_what_comes_before_stays():
    work = cluster("a")
    group = add_group(work, "g", "m1 m2 m3")
    group.children[1].next_role = Role.STOPPED
    assign(work, group)
    assert [place_of(member) for member in group.children] == ["a", None, None]


def test_assigning_a_member_assigns_its_group():
    work = cluster("a")
    group = add_group(work, "g", "m1 m2")
    assign(work, group.children[1])
    assert group.is_assigned
    assert [place_of(member) for member in group.children] == ["a", "a"]


def test_a_node_that_only_its_state_rules_out_is_told():
    work = cluster("a b")
    rsc = add_primitive(work, "x", "a=5")
    node_of(work, "a").standby = True
    assign(work, rsc)
    assert place_of(rsc) == "b"
    assert (Why.NODE_UNAVAILABLE, "x", "a", ("it is in standby",)) in work.notes


def test_a_wish_of_a_dependent_is_told_where_it_changes_something():
    work = cluster("a b")
    primary, dependent = add_primitive(work, "p"), add_primitive(work, "d", "b=3")
    colocate(dependent, primary, explicit=True)
    assign(work, primary)
    assert (Why.DEPENDENT_WISH, "p", "", ("d-with-p", "d")) in work.notes
