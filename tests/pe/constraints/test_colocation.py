from __future__ import annotations

import pytest

from pcsx.pe.constraints import colocation
from pcsx.pe.flags import ANTI
from pcsx.pe.model import Role
from pcsx.values import INFINITY
from tests.pe.constraints.documents import block, document, primitive, work_of

FOUR = "".join(primitive(name) for name in "wxyz")


def pairs(work):
    return [(c.dependent.id, c.primary.id, c.score) for c in work.colocations]


def test_a_colocation_ties_a_dependent_to_its_primary():
    work = work_of(document(FOUR, '<rsc_colocation id="c" rsc="x" with-rsc="y" score="INFINITY"/>'))
    assert pairs(work) == [("x", "y", INFINITY)]
    assert work.by_id["x"].this_with == work.by_id["y"].with_this == work.colocations


@pytest.mark.parametrize(
    "attributes",
    [
        'rsc="x" with-rsc="y" score="0"',
        'rsc="x" with-rsc="nobody" score="5"',
        'rsc="x" with-rsc="y" score="5" with-rsc-role="Grand"',
        'rsc="x" with-rsc="x" score="5"',
    ],
)
def test_what_says_nothing_ties_nothing(attributes):
    work = work_of(document(FOUR, f'<rsc_colocation id="c" {attributes}/>'))
    assert work.colocations == []


def test_older_names_of_roles_mean_todays():
    work = work_of(
        document(
            FOUR, '<rsc_colocation id="c" rsc="x" with-rsc="y" score="5" with-rsc-role="Master"/>'
        )
    )
    assert work.colocations[0].primary_role == Role.PROMOTED


def test_a_dependent_that_is_not_critical_has_no_influence_unless_the_constraint_says_so():
    both = primitive("x", meta="critical=false") + primitive("y")
    for extra, expected in (("", False), ('influence="true"', True)):
        constraint = f'<rsc_colocation id="c" rsc="x" with-rsc="y" score="5" {extra}/>'
        assert work_of(document(both, constraint)).colocations[0].influence is expected


def sets(*texts, score="INFINITY"):
    inner = "".join(
        f'<resource_set id="s{number}" {attributes}>'
        + "".join(f'<resource_ref id="{name}"/>' for name in names.split())
        + "</resource_set>"
        for number, (names, attributes) in enumerate(texts)
    )
    return f'<rsc_colocation id="c" score="{score}">{inner}</rsc_colocation>'


def test_in_a_set_each_is_with_the_one_before():
    work = work_of(document(FOUR, sets(("w x y", ""))))
    assert pairs(work) == [("x", "w", INFINITY), ("y", "x", INFINITY)]


def test_in_a_set_that_keeps_apart_each_avoids_all_before():
    work = work_of(document(FOUR, sets(("w x y", ""), score="-5")))
    assert pairs(work) == [("x", "w", -5), ("y", "w", -5), ("y", "x", -5)]


def test_a_set_is_represented_by_its_first_as_dependent_and_its_last_as_primary():
    work = work_of(document(FOUR, sets(("w x", ""), ("y z", ""))))
    assert ("w", "z", INFINITY) in pairs(work)
    assert len(pairs(work)) == 3


def test_a_set_without_sequence_is_represented_by_all():
    work = work_of(document(FOUR, sets(("w x", 'sequential="false"'), ("z", ""))))
    assert pairs(work) == [("w", "z", INFINITY), ("x", "z", INFINITY)]


def test_partners_are_sorted_by_priority_then_kind_then_id():
    resources = (
        primitive("a1")
        + primitive("p", meta="priority=1")
        + f'<clone id="zk">{primitive("k")}</clone>'
        + primitive("d")
    )
    constraints = "".join(
        f'<rsc_colocation id="c-{name}" rsc="d" with-rsc="{name}" score="5"/>'
        for name in ("a1", "zk", "p")
    )
    work = work_of(document(resources, constraints))
    assert [c.primary.id for c in work.by_id["d"].this_with] == ["p", "zk", "a1"]


def test_of_two_with_the_same_partner_the_later_comes_first():
    constraints = "".join(
        f'<rsc_colocation id="{name}" rsc="x" with-rsc="y" score="5"/>' for name in ("c1", "c2")
    )
    work = work_of(document(FOUR, constraints))
    assert [c.id for c in work.by_id["x"].this_with] == ["c2", "c1"]


def test_those_that_must_be_apart_leave_before_the_other_comes():
    work = work_of(
        document(FOUR, '<rsc_colocation id="c" rsc="x" with-rsc="y" score="-INFINITY"/>')
    )
    orders = [
        (o.first_rsc.id, o.first_task, o.then_rsc.id, o.then_task)
        for o in work.orderings
        if o.kind == ANTI
    ]
    assert orders == [("x", "stop", "y", "start"), ("y", "stop", "x", "start")]


def test_members_of_a_group_are_tied_to_the_one_before():
    members = primitive("x") + primitive("y", meta="critical=false")
    work = work_of(document(f'<group id="g">{members}</group>'))
    colocation.imply(work, work.by_id["g"])
    (made,) = work.colocations
    assert (made.dependent.id, made.primary.id, made.score) == ("y", "x", INFINITY)
    assert not made.influence
    assert not made.explicit


def test_what_lives_in_a_bundle_is_tied_to_its_container():
    bundle = (
        '<bundle id="b"><docker image="i" replicas="1"/>'
        '<network ip-range-start="10.0.0.2" control-port="3121"/>'
        f"{primitive('x')}</bundle>"
    )
    work = work_of(document(bundle))
    colocation.imply(work, work.by_id["b"])
    assert sorted(pairs(work)) == [
        ("b-0", "b-docker-0", 10_000),
        ("b-ip-10.0.0.2", "b-docker-0", INFINITY),
    ]


def test_a_fence_device_runs_on_no_remote_node():
    resources = (
        '<primitive id="f" class="stonith" type="fence_x"/>'
        '<primitive id="far" class="ocf" provider="pacemaker" type="remote">'
        f"{block('instance_attributes', 'far', 'server=far')}</primitive>"
    )
    work = work_of(document(resources))
    for rsc in work.resources:
        colocation.imply(work, rsc)
    far = work.nodes_by_name["far"]
    assert work.by_id["f"].allowed[far] == work.by_id["far"].allowed[far] == -INFINITY
