import pytest
from lxml import etree

from ..small import Decision, clone, cluster, decided, group, order, primitive, started, stopped

XY = primitive("x") + primitive("y")
BOTH = {"a": started("x") + started("y")}


def kept(first: str, then: str, **more: str) -> Decision:
    return Decision(cluster(XY, constraints=order(first, then, **more)))


def test_a_start_waits_for_the_start_before_it() -> None:
    assert kept("x", "y").before("start y b") == ["start x a"]


@pytest.mark.parametrize("more", [{"kind": "Optional"}, {"score": "0"}, {"kind": "Serialize"}])
def test_an_optional_order_holds_where_both_start(more: dict[str, str]) -> None:
    assert kept("x", "y", **more).before("start y b") == ["start x a"]


def test_the_inverse_order_stops_the_other_way_round() -> None:
    off = "target-role=Stopped"
    cib = cluster(
        primitive("x", meta=off) + primitive("y", meta=off),
        constraints=order("x", "y"),
        histories=BOTH,
    )
    assert Decision(cib).before("stop x a") == ["stop y a"]


def test_an_asymmetric_order_has_no_inverse() -> None:
    off = "target-role=Stopped"
    cib = cluster(
        primitive("x", meta=off) + primitive("y", meta=off),
        constraints=order("x", "y", symmetrical="false"),
        histories=BOTH,
    )
    assert Decision(cib).before("stop x a") == []


def test_what_must_come_first_and_will_not_start_keeps_the_other_from_starting() -> None:
    off = primitive("x", meta="target-role=Stopped")
    assert decided(cluster(off + primitive("y"), constraints=order("x", "y"))) == []
    optional = order("x", "y", kind="Optional")
    assert decided(cluster(off + primitive("y"), constraints=optional)) == ["start y a"]


def test_the_stop_of_what_comes_first_stops_the_other() -> None:
    off = primitive("x", meta="target-role=Stopped")
    cib = cluster(off + primitive("y"), constraints=order("x", "y"), histories=BOTH)
    assert Decision(cib).real == ["stop x a", "stop y a"]


def test_an_unknown_kind_is_mandatory_and_noticed() -> None:
    decision = kept("x", "y", kind="Perhaps")
    assert decision.before("start y b") == ["start x a"]
    assert any("Perhaps" in notice for notice in decision.transition.notices)


@pytest.mark.parametrize(
    "constraint",
    ['<rsc_order id="o" first="x"/>', '<rsc_order id="o" first="x" then="z"/>'],
)
def test_an_order_that_names_nothing_is_noticed_and_ignored(constraint: str) -> None:
    decision = Decision(cluster(XY, constraints=constraint))
    assert decision.real == ["start x a", "start y b"]
    assert decision.transition.notices


def test_naming_a_clones_primitive_that_a_history_knows_means_the_whole_clone() -> None:
    cib = cluster(
        clone("c", primitive("x")) + primitive("y"), constraints=order("x", "y"),
        histories={"a": stopped("x")},
    )  # fmt: skip
    assert Decision(cib).before("start y a") == ["start x:0 a", "start x:1 b"]


def test_the_group_is_complete_with_its_last_member() -> None:
    members = group("g", primitive("m"), primitive("n"))
    decision = Decision(cluster(members + primitive("y"), constraints=order("g", "y")))
    assert decision.before("start y b") == ["start m a", "start n a"]
    assert decision.before("start n a") == ["start m a"]


def some(**sets: str) -> str:
    inside = "".join(
        f'<resource_set id="{name}" {more}>'
        + "".join(f'<resource_ref id="{member}"/>' for member in name)
        + "</resource_set>"
        for name, more in sets.items()
    )
    return f'<rsc_order id="o">{inside}</rsc_order>'


FOUR = "".join(primitive(name) for name in "wxyz")


def starts_before(constraint: str, name: str) -> list[str]:
    decision = Decision(cluster(FOUR, nodes="a", constraints=constraint))
    return [step.split()[1] for step in decision.before(f"start {name} a")]


def test_members_of_a_set_follow_each_other() -> None:
    assert starts_before(some(wx="", yz=""), "z") == ["w", "x", "y"]


def test_members_of_a_set_that_is_not_sequential_do_not_wait_for_each_other() -> None:
    sets = some(wx='sequential="false"', yz='sequential="false"')
    assert starts_before(sets, "x") == []
    assert starts_before(sets, "z") == ["w", "x"]


def test_one_member_is_enough_where_not_all_are_required() -> None:
    sets = some(wx='sequential="false" require-all="false"', y="")
    assert starts_before(sets, "y") == ["w", "x"]
    off = primitive("w", meta="target-role=Stopped") + "".join(primitive(n) for n in "xyz")
    assert "start y a" in decided(cluster(off, nodes="a", constraints=sets))


def test_a_set_that_serializes_does_one_thing_at_a_time() -> None:
    assert starts_before(some(wxy='kind="Serialize" sequential="false"'), "y") == ["w", "x"]


def add_tag(tree: etree._Element) -> None:
    tags = etree.fromstring('<tags><tag id="t"><obj_ref id="w"/><obj_ref id="x"/></tag></tags>')
    tree[0].append(tags)


def test_a_tag_stands_for_what_it_lists() -> None:
    cib = cluster(FOUR, nodes="a", constraints=order("t", "z")).edited(add_tag)
    assert Decision(cib).before("start z a") == ["start w a", "start x a"]


def test_enough_instances_of_a_clone_are_enough() -> None:
    few = clone("c", primitive("x"), "clone-min=1")
    cib = cluster(few + primitive("y"), constraints=order("c", "y"))
    decision = Decision(cib)
    assert "start y a" in decision.real
    none = clone("c", primitive("x"), "clone-min=3")
    assert "start y a" not in decided(cluster(none + primitive("y"), constraints=order("c", "y")))


def test_promotion_then_start() -> None:
    promotable = clone("c", primitive("x"), "promotable=true promoted-max=1")
    cib = cluster(
        promotable + primitive("y"),
        constraints=order("c:promote", "y:start"),
        attributes={"a": "master-x=10"},
    )
    assert "promote x:0 a" in Decision(cib).before("start y a")
