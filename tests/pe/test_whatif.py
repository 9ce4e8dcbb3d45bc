"""Wishes for what is to be different on paper."""

import pytest

from pcsx.cib.document import Cib, Version
from pcsx.pe.transcript import Plan, play
from pcsx.pe.whatif import with_wishes
from pcsx.pe.wishes import Wishes
from tests.pe.small import NOON, cluster, primitive, started

RUNNING = cluster(primitive("A"), histories={"a": started("A")})


def wished(wishes: Wishes, cib: Cib = RUNNING) -> Cib:
    return with_wishes(cib, wishes, NOON, start_is_fatal=True).cib


@pytest.mark.parametrize(
    ("wishes", "updates"),
    [
        (Wishes(tickets_granted=("T",)), 1),
        (Wishes(operations=("A_monitor_10000@a=1",)), 1),
        (Wishes(nodes_failed=("b",)), 1),
        (Wishes(nodes_down=("a",)), 3),
        (Wishes(nodes_down=("new",)), 2),
    ],
    ids=["ticket", "operation", "failed", "down", "without state"],
)
def test_each_change_of_the_status_makes_the_document_newer(wishes: Wishes, updates: int) -> None:
    assert wished(wishes).version == Version(0, 0, RUNNING.version.num_updates + updates)


def test_a_node_without_state_that_goes_down_gets_the_state_of_one_that_is_down() -> None:
    (state,) = wished(Wishes(nodes_down=("new",))).tree.iterfind(".//node_state[@uname='new']")
    assert (state.get("in_ccm"), state.get("crmd"), state.get("join")) == (
        "false", "offline", "down",
    )  # fmt: skip


def test_what_is_carried_out_makes_the_document_newer_by_each_result() -> None:
    cib = cluster(primitive("A"))
    after = play(cib, Plan(NOON, NOON, schedule=True, carry_out=True)).after
    assert after is not None
    assert after.version.num_updates == cib.version.num_updates + 1


def test_scores_and_capacities_are_told_in_the_order_in_which_they_come_up() -> None:
    plan = Plan(NOON, NOON, schedule=True, scores=True, utilization=True)
    told = play(RUNNING, plan).text
    marks = ("Original: a", "allocation score on a", "utilization on a", "Remaining: a")
    places = [next(n for n, line in enumerate(told) if mark in line) for mark in marks]
    assert "Assignment Scores and Utilization Information:" in told
    assert places == sorted(places)


def test_a_failure_put_in_by_hand_ran_with_the_parameters_of_today() -> None:
    cib = cluster(primitive("A", params="state=/x", ops="monitor=10s"), nodes="a b")
    after = play(cib, Plan(NOON, NOON, schedule=True, carry_out=True)).after
    assert after is not None
    (home,) = after.tree.xpath("//lrm_rsc_op[@operation='start']/@on_node")
    for operation in (f"A_monitor_10000@{home}=7", f"A_start_0@{home}=1"):
        plan = Plan(NOON, NOON, schedule=True, wishes=Wishes(operations=(operation,)))
        transition = play(after, plan).transition
        assert transition is not None
        assert not [action.key for action in transition.actions if "failcount" in action.task]
