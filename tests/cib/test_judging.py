"""What a leader asks of a change: rights, shape and sense, in one call."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.check import check_change
from pcsx.cib.judging import CHECKS
from pcsx.cib.patch import diff
from pcsx.cib.replica import Change, Replica
from pcsx.cib.schema import check_shape_change
from pcsx.cib.touched import touched_children
from pcsx.errors import NotAuthorised, Refused

from .strategies import cibs
from .test_replica import start, wish


def with_child(cib: Cib, section: str, xml: str) -> Cib:
    def add(tree: etree._Element) -> None:
        parent = tree.find(f"configuration/{section}")
        assert parent is not None
        parent.append(etree.fromstring(xml))

    return cib.edited(add)


def codes(xml: str) -> list[str]:
    with pytest.raises(Refused) as caught:
        Replica(start(), checks=CHECKS).judge(wish(start(), with_child(start(), "resources", xml)))
    return [finding.code for finding in caught.value.findings]


def test_a_sound_change_passes() -> None:
    xml = "<primitive id='a' class='lsb' type='x'/>"
    change = Replica(start(), checks=CHECKS).judge(
        wish(start(), with_child(start(), "resources", xml))
    )
    assert isinstance(change, Change)


def test_shape_and_sense_are_judged_together() -> None:
    assert codes("<primitive id='a' class='lsb' type='x' odd='1' template='t'/>") == [
        "schema", "reference-unknown", "fencing-missing",
    ]  # fmt: skip


def test_who_has_no_right_is_told_so_first() -> None:
    locked = with_child(
        start(), "crm_config",
        "<cluster_property_set id='o'><nvpair id='p' name='enable-acl' value='true'/>"
        "</cluster_property_set>",
    )  # fmt: skip
    proposal = wish(locked, with_child(locked, "resources", "<odd/>"))
    with pytest.raises(NotAuthorised):
        Replica(locked, checks=CHECKS).judge(replace(proposal, user="ann"))


FULL = Cib.from_bytes(b"""<cib epoch="1"><configuration><crm_config>
<cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/>
<nvpair id="o2" name="batch-limit" value="3"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="n"/><node id="2" uname="m"/></nodes>
<resources><primitive id="a" class="ocf" provider="p" type="Dummy">
<meta_attributes id="am"><nvpair id="am1" name="remote-node" value="g"/></meta_attributes>
<operations><op id="ao" name="monitor" interval="10"/><op id="ap" name="monitor" interval="20"/>
</operations></primitive><primitive id="b" template="t"/>
<primitive id="f" class="stonith" type="fence_x"/>
<template id="t" class="ocf" provider="p" type="Dummy"/></resources>
<constraints><rsc_order id="x1" first="a" then="b"/><rsc_order id="x2" first="b" then="f"/>
<rsc_location id="x3" rsc="a" node="g" score="1"/></constraints>
<fencing-topology><fencing-level id="v" target="n" index="1" devices="f"/></fencing-topology>
<tags><tag id="w"><obj_ref id="a"/></tag></tags>
<rsc_defaults><meta_attributes id="d1"><nvpair id="d2" name="resource-stickiness" value="1"/>
</meta_attributes><meta_attributes id="d3"><nvpair id="d4" name="target-role" value="Started"/>
</meta_attributes></rsc_defaults></configuration></cib>""")
VALUES = ("a", "b", "f", "t", "g", "n", "o1", "true", "false", "7", "x y", "stonith", "remote-node",
          "stonith-enabled", "10", "20", "")  # fmt: skip
NAMES = ("id", "name", "value", "class", "template", "type", "first", "then", "node", "score",
         "index", "devices", "interval", "id-ref", "uname", "odd")  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.just(FULL), cibs()), st.data())
def test_a_change_is_judged_the_same_by_what_it_touches_alone(
    old: Cib, data: st.DataObject
) -> None:
    count = len(old.tree.findall("configuration/*/*//"))
    places = data.draw(st.lists(st.integers(0, count), max_size=3))

    def change(tree: etree._Element) -> None:
        inner = [tree.find("configuration"), *tree.findall("configuration/*/*//")]
        for place in places:
            if inner[place] is not None:
                name, value = data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(VALUES))
                inner[place].set(name, value)

    new = old.edited(change)
    touched = touched_children(old, new, diff(old, new).root)
    wished = wish(old, new)
    for check in (check_shape_change, check_change):
        assert check(old, new, wished, touched) == check(old, new, wished)


def test_a_value_in_a_set_touches_that_set_and_a_new_set_no_child_that_stays() -> None:
    def change(tree: etree._Element) -> None:
        tree.findall(".//nvpair")[-1].set("value", "Stopped")

    new = FULL.edited(change)
    (touched,) = touched_children(FULL, new, diff(FULL, new).root) or ()
    assert touched.section == "rsc_defaults"
    assert etree.fromstring(touched.after).get("id") == "d3"
    more = with_child(FULL, "rsc_defaults", "<meta_attributes id='d5'/>")
    assert touched_children(FULL, more, diff(FULL, more).root) is None
