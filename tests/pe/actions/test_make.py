from pcsx.pe.actions.base import matching, new_link
from pcsx.pe.actions.make import ask
from pcsx.pe.flags import BLOCK, FWD, OPTIONAL, ORD, RUNNABLE
from pcsx.pe.model import QuorumPolicy, Requires, Role

from ..assign.build import add_primitive, cluster


def test_asking_twice_gives_the_same_action() -> None:
    work = cluster("a b")
    rsc = add_primitive(work, "x")
    first = ask(work, rsc, "stop", work.nodes[0], required=False)
    assert ask(work, rsc, "stop", work.nodes[0], required=True) is first
    assert ask(work, rsc, "stop", work.nodes[1], required=True) is not first
    assert [action.id for action in work.actions] == [1, 2]


def test_what_was_required_once_stays_required() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    stop = ask(work, rsc, "stop", work.nodes[0], required=True)
    ask(work, rsc, "stop", work.nodes[0], required=False)
    assert not stop.flags & OPTIONAL


def test_an_action_without_a_node_takes_the_first_that_is_asked_for_and_can_run_then() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    start = ask(work, rsc, "start", None, required=True)
    assert not start.flags & RUNNABLE
    assert ask(work, rsc, "start", work.nodes[0], required=False) is start
    assert start.node is work.nodes[0] and start.flags & RUNNABLE


def test_one_off_actions_of_unmanaged_resources_are_optional_and_monitors_are_not() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    rsc.managed = False
    assert ask(work, rsc, "stop", work.nodes[0], required=True).flags & OPTIONAL
    monitor = ask(work, rsc, "monitor", work.nodes[0], required=True, interval_ms=10_000)
    assert not monitor.flags & OPTIONAL


def test_a_stop_on_a_lost_node_asks_for_its_fencing() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    work.nodes[0].online = False
    stop = ask(work, rsc, "stop", work.nodes[0], required=True)
    assert not stop.flags & RUNNABLE
    assert work.nodes[0].unclean
    assert work.node_actions["stonith-a-reboot"].reason == "stop is unrunnable"


def test_without_quorum_what_needs_none_can_run_and_what_needs_it_cannot() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    rsc.requires = Requires.QUORUM
    work.quorate = False
    start = ask(work, rsc, "start", work.nodes[0], required=True)
    assert (start.flags & RUNNABLE, start.reason) == (0, "no quorum")
    assert ask(work, rsc, "stop", work.nodes[0], required=True).flags & RUNNABLE


def test_a_frozen_partition_starts_nothing_new() -> None:
    work = cluster("a")
    work.quorate = False
    work.options.no_quorum_policy = QuorumPolicy.FREEZE
    new, old = add_primitive(work, "new"), add_primitive(work, "old", active="a")
    for rsc in (new, old):
        rsc.requires = Requires.QUORUM
        rsc.next_role = Role.STARTED
    start = ask(work, new, "start", work.nodes[0], required=True)
    assert (start.flags & RUNNABLE, start.reason) == (0, "quorum freeze")
    assert ask(work, old, "start", work.nodes[0], required=True).flags & RUNNABLE


def test_the_policy_demote_lowers_what_is_promoted_and_stops_the_rest() -> None:
    work = cluster("a")
    work.quorate = False
    work.options.no_quorum_policy = QuorumPolicy.DEMOTE
    rsc = add_primitive(work, "x", active="a")
    rsc.requires, rsc.role, rsc.next_role = Requires.QUORUM, Role.PROMOTED, Role.PROMOTED
    assert ask(work, rsc, "start", work.nodes[0], required=False).flags & RUNNABLE
    assert rsc.next_role == Role.UNPROMOTED
    plain = add_primitive(work, "y")
    plain.requires = Requires.QUORUM
    assert not ask(work, plain, "start", work.nodes[0], required=True).flags & RUNNABLE


def test_two_actions_are_linked_again_only_by_kinds_that_are_all_new() -> None:
    work = cluster("a")
    rsc = add_primitive(work, "x")
    stop = ask(work, rsc, "stop", work.nodes[0], required=True)
    start = ask(work, rsc, "start", work.nodes[0], required=True)
    assert new_link(stop, start, ORD | FWD)
    assert not new_link(stop, start, ORD | BLOCK)
    assert new_link(stop, start, BLOCK)
    assert not new_link(stop, stop, ORD)
    assert not new_link(stop, start, 0)
    start.before[0].kind = 0
    assert not new_link(stop, start, ORD), "a dropped link still hides one like it"


def test_matches_come_oldest_first() -> None:
    work = cluster("a b")
    rsc = add_primitive(work, "x")
    stops = [ask(work, rsc, "stop", node, required=True) for node in work.nodes]
    assert matching(rsc, "x_stop_0") == stops
