import pytest

from pcsx.pe.actions.base import new_link, node_pseudo_action
from pcsx.pe.actions.make import ask
from pcsx.pe.flags import (
    ANTI,
    FORCED_IN,
    FWD,
    LOAD,
    MIGRATABLE,
    OPTIONAL,
    ORD,
    RUNNABLE,
    SER,
    UNMIG,
)
from pcsx.pe.graph import enters, inputs_of, is_input, merge_links
from pcsx.pe.model import Action, WorkingSet
from pcsx.pe.transition import Transition

from .assign.build import add_primitive, cluster
from .small import Decision, primitive
from .small import cluster as document


@pytest.fixture
def work() -> WorkingSet:
    return cluster("a b")


def stop_of(work: WorkingSet, name: str = "x") -> Action:
    return ask(work, add_primitive(work, name), "stop", work.nodes[0], required=True)


def test_only_what_is_wanted_and_can_be_done_enters(work: WorkingSet) -> None:
    stop = stop_of(work)
    assert enters(stop)
    stop.flags |= OPTIONAL
    assert not enters(stop)
    stop.flags |= FORCED_IN
    assert enters(stop)
    stop.flags &= ~RUNNABLE
    assert not enters(stop)


def test_nothing_is_done_on_a_lost_node_or_without_one(work: WorkingSet) -> None:
    stop = stop_of(work)
    work.nodes[0].unclean = True
    assert not enters(stop)
    stop.node = None
    assert not enters(stop)
    assert enters(node_pseudo_action(work, "point", required=True))


def test_of_an_unmanaged_resource_only_monitors_enter(work: WorkingSet) -> None:
    rsc = add_primitive(work, "x")
    rsc.managed = False
    stop = ask(work, rsc, "stop", work.nodes[0], required=True)
    stop.flags &= ~OPTIONAL
    assert not enters(stop)
    assert enters(ask(work, rsc, "monitor", work.nodes[0], required=True, interval_ms=5))


def pair(work: WorkingSet, kind: int) -> tuple[Action, Action]:
    first, then = stop_of(work, "x"), stop_of(work, "y")
    new_link(first, then, kind)
    return first, then


def test_links_between_the_same_actions_are_merged_by_id(work: WorkingSet) -> None:
    first, then = pair(work, ORD)
    third = stop_of(work, "z")
    new_link(third, then, ORD)
    new_link(first, then, FWD)
    merge_links(then)
    assert [(link.first, link.kind) for link in then.before] == [(first, ORD | FWD), (third, ORD)]


def test_an_optional_input_is_no_input(work: WorkingSet) -> None:
    first, then = pair(work, FWD)
    assert inputs_of(then) == (first.id,)
    first.flags |= OPTIONAL
    assert inputs_of(then) == ()
    first.flags |= FORCED_IN
    assert inputs_of(then) == (first.id,)


def test_the_stop_of_a_migration_is_waited_for_only_by_strong_orders(work: WorkingSet) -> None:
    for kind, waits in ((ORD, False), (SER, True), (ORD | FWD, True), (ORD | UNMIG, False)):
        first, then = pair(work, kind)
        first.flags |= MIGRATABLE
        assert is_input(then, then.before[0]) is waits, kind


@pytest.mark.parametrize("kind", [LOAD, ANTI])
def test_room_is_made_on_one_node_at_a_time(work: WorkingSet, kind: int) -> None:
    _, then = pair(work, kind)
    assert is_input(then, then.before[0])
    then.node = work.nodes[1]
    assert not is_input(then, then.before[0])
    assert then.before[0].kind == 0


def test_a_transition_survives_the_way_between_processes() -> None:
    decision = Decision(document(primitive("x", ops="monitor=10s"), probed=False))
    assert Transition.from_bytes(decision.transition.to_bytes()) == decision.transition


def test_every_input_is_in_the_transition_and_none_is_double() -> None:
    transition = Decision(document(primitive("x", ops="monitor=10s"), probed=False)).transition
    ids = {action.id for action in transition.actions}
    for action in transition.actions:
        assert set(action.inputs) <= ids
        assert list(action.inputs) == sorted(set(action.inputs))
