from __future__ import annotations

from pcsx.pe.model import Discovery
from pcsx.values import INFINITY
from tests.pe import small
from tests.pe.constraints.documents import block, document, prepared, primitive, scores, work_of


def test_a_location_gives_its_score_to_the_named_resource_on_its_node():
    work = prepared(
        document(primitive("x"), '<rsc_location id="l" rsc="x" node="b" score="INFINITY"/>')
    )
    assert scores(work.by_id["x"]) == {"a": 0, "b": INFINITY, "c": 0}


def test_without_symmetry_only_named_nodes_have_an_entry():
    work = prepared(
        document(
            primitive("x"),
            '<rsc_location id="l" rsc="x" node="b" score="5"/>',
            options="symmetric-cluster=false",
        )
    )
    assert scores(work.by_id["x"]) == {"b": 5}


def test_a_group_hands_its_location_to_its_first_member_alone():
    group = f'<group id="g">{primitive("x")}{primitive("y")}</group>'
    work = prepared(document(group, '<rsc_location id="l" rsc="g" node="b" score="7"/>'))
    assert scores(work.by_id["g"])["b"] == 7
    assert scores(work.by_id["x"])["b"] == 7
    assert scores(work.by_id["y"])["b"] == 0


def test_a_clone_hands_its_location_to_every_instance():
    clone = f'<clone id="k">{block("meta_attributes", "k", "clone-max=2")}{primitive("x")}</clone>'
    work = prepared(document(clone, '<rsc_location id="l" rsc="k" node="b" score="7"/>'))
    assert [scores(work.by_id[name])["b"] for name in ("k", "x:0", "x:1")] == [7, 7, 7]


def test_naming_what_is_cloned_means_the_clone_once_a_history_goes_by_that_name():
    clone = small.clone("k", small.primitive("x"))
    ban = '<rsc_location id="l" rsc="x" node="b" score="-INFINITY"/>'
    never_ran = small.cluster(clone, constraints=ban, probed=False)
    assert "start x:1 b" in small.decided(never_ran)
    assert any("name k instead" in text for text in work_of(never_ran).notices)
    ran = small.cluster(clone, constraints=ban, histories={"a": small.started("x")}, probed=False)
    assert [step for step in small.decided(ran) if step.startswith("start")] == []


def test_a_rule_gives_its_score_where_it_holds():
    rule = (
        '<rsc_location id="l" rsc="x"><rule id="r" score="-5">'
        '<expression id="e" attribute="site" operation="eq" value="lab"/></rule></rsc_location>'
    )
    work = prepared(document(primitive("x"), rule, attributes={"c": "site=lab"}))
    assert scores(work.by_id["x"]) == {"a": 0, "b": 0, "c": -5}


def test_a_rule_may_take_its_score_from_the_node():
    rule = (
        '<rsc_location id="l" rsc="x"><rule id="r" score-attribute="weight">'
        '<expression id="e" attribute="weight" operation="defined"/></rule></rsc_location>'
    )
    work = prepared(document(primitive("x"), rule, attributes={"a": "weight=3", "b": "weight=no"}))
    assert scores(work.by_id["x"]) == {"a": 3, "b": 0, "c": 0}


def test_a_pattern_names_the_resources_at_the_top_that_it_finds_or_does_not():
    both = primitive("web1") + primitive("db1")
    for pattern, expected in (("^web", [4, 0]), ("!^web", [0, 4])):
        constraint = f'<rsc_location id="l" rsc-pattern="{pattern}" node="a" score="4"/>'
        work = prepared(document(both, constraint))
        assert [scores(work.by_id[name])["a"] for name in ("web1", "db1")] == expected


def test_a_broken_pattern_is_told_and_names_nothing():
    work = work_of(
        document(primitive("x"), '<rsc_location id="l" rsc-pattern="(" node="a" score="4"/>')
    )
    assert work.locations == []
    assert work.notices == ["The pattern ( of a location is no regular expression."]


def test_a_tag_names_all_that_it_lists():
    tags = '<tag id="t"><obj_ref id="x"/><obj_ref id="y"/></tag>'
    work = prepared(
        document(
            primitive("x") + primitive("y"),
            '<rsc_location id="l" rsc="t" node="a" score="4"/>',
            tags=tags,
        )
    )
    assert [scores(work.by_id[name])["a"] for name in ("x", "y")] == [4, 4]


def test_a_location_for_the_promoted_role_changes_no_place():
    work = prepared(
        document(
            primitive("x"), '<rsc_location id="l" rsc="x" node="a" score="4" role="Promoted"/>'
        )
    )
    assert scores(work.by_id["x"])["a"] == 0
    assert [location.id for location in work.by_id["x"].promoted_locations] == ["l"]


def test_exclusive_discovery_bans_all_other_nodes():
    work = prepared(
        document(
            primitive("x"),
            '<rsc_location id="l" rsc="x" node="a" score="1" resource-discovery="exclusive"/>',
        )
    )
    rsc = work.by_id["x"]
    assert scores(rsc) == {"a": 1, "b": -INFINITY, "c": -INFINITY}
    assert rsc.discovery == {work.nodes[0]: Discovery.EXCLUSIVE}


def test_a_red_node_is_banned_except_for_those_that_do_not_mind():
    work = prepared(
        document(
            primitive("x") + primitive("y", meta="allow-unhealthy-nodes=true"),
            options="node-health-strategy=only-green",
            attributes={"b": "#health-disk=red"},
        )
    )
    assert scores(work.by_id["x"])["b"] == -INFINITY
    assert scores(work.by_id["y"])["b"] == 0


def test_progressive_health_adds_up():
    work = prepared(
        document(
            primitive("x"),
            options="node-health-strategy=progressive node-health-base=10 node-health-yellow=-3",
            attributes={"b": "#health-disk=yellow #health-fan=-4 #health-odd=purple"},
        )
    )
    assert scores(work.by_id["x"]) == {"a": 10, "b": 3, "c": 10}


def test_stickiness_counts_where_the_resource_is_active():
    work = prepared(document(primitive("x", meta="resource-stickiness=9"), histories={"c": "x"}))
    assert scores(work.by_id["x"]) == {"a": 0, "b": 0, "c": 9}


def test_who_is_active_twice_sticks_nowhere():
    work = prepared(
        document(primitive("x", meta="resource-stickiness=9"), histories={"b": "x", "c": "x"})
    )
    assert scores(work.by_id["x"]) == {"a": 0, "b": 0, "c": 0}


def test_who_failed_too_often_is_banned_from_the_node():
    attributes = {"a": "fail-count-x#monitor_10000=2", "b": "fail-count-x#monitor_10000=1"}
    work = prepared(document(primitive("x", meta="migration-threshold=2"), attributes=attributes))
    assert scores(work.by_id["x"]) == {"a": -INFINITY, "b": 0, "c": 0}


def test_exclusive_discovery_of_a_member_alone_bans_nothing_as_its_group_decides():
    group = f'<group id="g">{primitive("x")}{primitive("y")}</group>'
    work = prepared(
        document(
            group,
            '<rsc_location id="l" rsc="y" node="a" score="1" resource-discovery="exclusive"/>',
        )
    )
    assert scores(work.by_id["y"]) == {"a": 1, "b": 0, "c": 0}


def test_exclusive_discovery_binds_whatever_the_role():
    work = prepared(
        document(
            primitive("x"),
            '<rsc_location id="l" rsc="x" node="a" score="1" role="Promoted" '
            'resource-discovery="exclusive"/>',
        )
    )
    assert set(scores(work.by_id["x"]).values()) == {-INFINITY}
