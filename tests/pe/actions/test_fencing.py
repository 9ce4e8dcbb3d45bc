from pcsx.pe.actions.fencing import can_fence, fence_action, request
from pcsx.pe.flags import OPTIONAL

from ..assign.build import cluster as working_set
from ..small import Decision, cluster, decided, primitive, started


def fencing_cluster(names: str):  # type: ignore[no-untyped-def]
    work = working_set(names)
    work.options.fencing_enabled = work.fencing_available = True
    return work


def test_the_first_reason_is_kept() -> None:
    work = fencing_cluster("a")
    request(work, work.nodes[0], "one")
    request(work, work.nodes[0], "two")
    assert work.node_actions["stonith-a-reboot"].reason == "one"
    assert work.nodes[0].unclean


def test_a_request_is_no_order_yet() -> None:
    work = fencing_cluster("a")
    request(work, work.nodes[0], "one")
    assert work.node_actions["stonith-a-reboot"].flags & OPTIONAL
    assert not fence_action(work, work.nodes[0], required=True).flags & OPTIONAL


def test_without_quorum_only_members_can_be_fenced() -> None:
    work = fencing_cluster("a b")
    work.quorate = False
    work.nodes[1].online = False
    assert [can_fence(work, node) for node in work.nodes] == [True, False]


def test_without_a_device_nobody_can_be_fenced() -> None:
    work = fencing_cluster("a")
    work.fencing_available = False
    assert not can_fence(work, work.nodes[0])


def test_nothing_is_recovered_from_a_node_that_is_not_fenced() -> None:
    cib = cluster(
        primitive("x"), nodes="a b c", lost="c", histories={"c": started("x")}, fencing=True
    )
    decision = Decision(cib)
    assert "fence c" in decision.before("start x b")
    assert "stop x c" not in decision.real, "the fencing implies the stop"


def test_the_dc_is_fenced_last() -> None:
    cib = cluster(
        primitive("x"), nodes="a b c d e", lost="a b", histories={"a": started("x")}, fencing=True
    )
    assert Decision(cib).before("fence a") == ["fence b"]


def test_a_node_that_leaves_in_order_is_shut_down_after_its_last_stop() -> None:
    cib = cluster(
        primitive("x"),
        histories={"b": started("x")},
        attributes={"b": "shutdown=1"},
    )
    decision = Decision(cib)
    assert decision.real == ["do_shutdown b", "start x a", "stop x b"]
    assert decision.before("do_shutdown b") == ["stop x b"]


def test_where_nothing_is_managed_nobody_is_fenced() -> None:
    cib = cluster(
        primitive("x", meta="is-managed=false"),
        lost="b",
        histories={"b": started("x")},
        fencing=True,
        options="maintenance-mode=true",
    )
    assert decided(cib) == []
