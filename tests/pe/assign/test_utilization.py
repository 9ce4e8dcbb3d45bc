from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.pe.assign.dispatch import assign
from pcsx.pe.assign.order import assign_all
from pcsx.pe.assign.ties import in_table_order
from pcsx.pe.reasons import Why
from tests.pe import small
from tests.pe.assign.build import add_group, add_primitive, cluster, colocate, node_of, place_of


def spacious(names, **capacity):
    work = cluster(names)
    work.options.placement_strategy = "utilization"
    for name, cpu in capacity.items():
        node_of(work, name).utilization = {"cpu": cpu}
    return work


def test_a_node_without_room_is_forbidden_after_the_scores_are_told():
    work = spacious("a b", a=1, b=2)
    rsc = add_primitive(work, "x", "a=100")
    rsc.utilization = {"cpu": 2}
    assign(work, rsc)
    assert place_of(rsc) == "b"
    assert "pcmk__primitive_assign: x allocation score on a: 100" in work.score_lines
    assert (Why.NO_CAPACITY, "x", "a", ()) in work.notes


def test_capacity_does_not_count_by_default():
    work = spacious("a b", a=1, b=2)
    work.options.placement_strategy = "default"
    rsc = add_primitive(work, "x", "a=100")
    rsc.utilization = {"cpu": 2}
    assign(work, rsc)
    assert place_of(rsc) == "a"


def test_room_is_wanted_for_all_that_must_be_together():
    work = spacious("a b", a=2, b=3)
    group = add_group(work, "g", "m1 m2")
    for member in group.children:
        member.utilization = {"cpu": 1}
    rsc = add_primitive(work, "x")
    rsc.utilization = {"cpu": 1}
    colocate(rsc, group)
    assign(work, group)
    assign(work, rsc)
    assert [place_of(r) for r in (*group.children, rsc)] == ["b", "b", "b"]


def test_where_nothing_can_hold_all_the_roomiest_node_takes_what_it_can():
    work = spacious("a b", a=1, b=2)
    first, second = add_primitive(work, "x"), add_primitive(work, "y")
    first.utilization, second.utilization = {"cpu": 1}, {"cpu": 2}
    colocate(second, first)
    assign(work, first)
    assert place_of(first) == "b"


def test_where_capacity_counts_those_that_wish_more_are_served_first():
    work = spacious("a", a=1)
    first, second = add_primitive(work, "x"), add_primitive(work, "y", "a=10")
    first.utilization = second.utilization = {"cpu": 1}
    assign_all(work)
    assert (place_of(first), place_of(second)) == (None, "a")


def test_capacities_and_uses_are_told_on_demand():
    work = spacious("a", a=2)
    work.tell_scores, work.tell_utilization = False, True
    rsc = add_primitive(work, "x")
    rsc.utilization = {"cpu": 1}
    assign_all(work)
    assert work.score_lines == [
        "Original: a capacity: cpu=2",
        "pcmk__assign_resource: x utilization on a: cpu=1",
        "Remaining: a capacity: cpu=1",
    ]


def test_a_node_has_none_of_what_it_does_not_tell_about():
    work = spacious("a b", b=2)
    rsc = add_primitive(work, "x", "a=100")
    rsc.utilization = {"cpu": 2}
    assign(work, rsc)
    assert place_of(rsc) == "b"


def test_capacity_may_be_transient():
    text = small.cluster(
        small.primitive("x").replace(
            "<operations>", f"{small.pairs('utilization', 'x', 'cpu=2')}<operations>"
        ),
        options="placement-strategy=utilization",
    ).to_bytes()
    capacity = small.pairs("utilization", "b-t", "cpu=2").encode()
    text = text.replace(
        b'<transient_attributes id="b">', b'<transient_attributes id="b">' + capacity
    )
    text = text.replace(
        b'<transient_attributes id="b"/>',
        b'<transient_attributes id="b">' + capacity + b"</transient_attributes>",
    )
    assert small.decided(Cib.from_bytes(text)) == ["start x b"]


def test_of_nodes_as_roomy_the_first_of_the_fields_tables_is_taken():
    chosen = {  # as crm_simulate chooses among equals
        "node1 node2": "node2",
        "a b c": "b",
        "n1 n2 n3 n4 n5": "n2",
        "x alpha beta gamma delta eps zeta eta theta": "zeta",
        " ".join(f"vm{number}" for number in range(24)): "vm0",
    }
    firsts = {names: in_table_order(cluster(names).nodes, copies=1)[0].id for names in chosen}
    assert firsts == chosen
