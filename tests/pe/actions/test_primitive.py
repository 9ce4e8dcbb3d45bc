from pcsx.pe.actions.make import ask
from pcsx.pe.actions.primitive import NEXT_ROLE, unassign
from pcsx.pe.flags import OPTIONAL, RUNNABLE
from pcsx.pe.model import Role

from ..assign.build import add_primitive
from ..assign.build import cluster as working_set
from ..small import cluster, decided, history, operation, primitive, started


def test_every_way_between_two_roles_ends() -> None:
    for role, targets in NEXT_ROLE.items():
        for target in targets:
            step, seen = role, 0
            while step != target:
                step, seen = NEXT_ROLE[step][target], seen + 1
                assert seen < 5, (role, target)


def test_what_runs_where_it_should_needs_nothing() -> None:
    assert decided(cluster(primitive("x"), histories={"a": started("x")})) == []


def test_what_does_not_run_is_started() -> None:
    assert decided(cluster(primitive("x"))) == ["start x a"]


def test_what_is_disabled_is_stopped() -> None:
    disabled = primitive("x", meta="target-role=Stopped")
    assert decided(cluster(disabled, histories={"a": started("x")})) == ["stop x a"]


def test_a_failed_resource_is_stopped_and_started() -> None:
    failed = history(
        "x",
        operation("x", "start", 2),
        operation("x", "monitor", 3, rc=7, interval=10_000),
    )
    assert decided(cluster(primitive("x", ops="monitor=10s"), histories={"a": failed})) == [
        "monitor=10000 x a",
        "start x a",
        "stop x a",
    ]


def test_what_is_active_twice_is_stopped_everywhere_and_started_once() -> None:
    twice = {"a": started("x"), "b": started("x")}
    assert decided(cluster(primitive("x"), histories=twice)) == [
        "start x a",
        "stop x a",
        "stop x b",
    ]


def test_with_stop_unexpected_the_expected_copy_is_left_alone() -> None:
    twice = {"a": started("x"), "b": started("x")}
    kept = primitive("x", meta="multiple-active=stop_unexpected")
    assert decided(cluster(kept, histories=twice)) == ["stop x b"]


def test_what_is_unmanaged_is_neither_stopped_nor_started() -> None:
    unmanaged = primitive("x", meta="is-managed=false target-role=Stopped")
    assert decided(cluster(unmanaged, histories={"a": started("x")})) == []
    assert decided(cluster(primitive("x", meta="is-managed=false"))) == []


def test_without_a_node_stops_become_required_and_the_rest_impossible() -> None:
    work = working_set("a")
    rsc = add_primitive(work, "x", active="a")
    stop = ask(work, rsc, "stop", work.nodes[0], required=False)
    start = ask(work, rsc, "start", work.nodes[0], required=True)
    monitor = ask(work, rsc, "monitor", work.nodes[0], required=True, interval_ms=1000)
    unassign(rsc)
    assert rsc.next_role == Role.STOPPED
    assert not stop.flags & OPTIONAL
    assert not (start.flags | monitor.flags) & RUNNABLE
