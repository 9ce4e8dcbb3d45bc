"""Laws of single values: what was set is read, and nothing else has changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcsx.cib import Cib
from pcsx.cib.attributes import (
    found_by,
    has_resource,
    is_told_apart,
    lasting_attributes,
    property_of,
    with_attribute,
    with_property,
)

CIB = Cib.from_bytes(
    b"""<cib><configuration><crm_config/>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"><instance_attributes id="x">
      <rule id="r" score="0"/><nvpair id="x1" name="ruled" value="1"/>
    </instance_attributes></node></nodes>
    <resources><clone id="c"><primitive id="a" class="ocf" provider="p" type="t"/></clone>
    </resources></configuration></cib>"""
)
NAMES = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)


@given(NAMES, VALUES, st.sampled_from(["instance_attributes", "utilization"]))
def test_what_was_set_is_read_and_can_be_taken_away(name: str, value: str, kind: str):
    changed = with_attribute(CIB, "n1", name, value, kind)
    assert lasting_attributes(changed, "n1", kind) == {name: value}
    again = with_attribute(changed, "n1", name, None, kind)
    assert lasting_attributes(again, "n1", kind) == {}
    assert Cib.from_bytes(changed.to_bytes()) == changed


@given(st.lists(NAMES, min_size=2, max_size=6))
def test_ids_are_never_given_twice(names: list[str]):
    cib = CIB
    for name in names:
        cib = with_attribute(cib, "n1", name, "1", "instance_attributes")
    ids = found_by(cib, "//*[@id]/@id/..")
    assert len(ids) == len(set(ids))
    assert len(lasting_attributes(cib, "n1", "instance_attributes")) == len(set(names))


def test_blocks_under_a_rule_are_left_alone():
    assert lasting_attributes(CIB, "n2", "instance_attributes") == {}
    changed = with_attribute(CIB, "n2", "ruled", "2", "instance_attributes")
    assert lasting_attributes(changed, "n2", "instance_attributes") == {"ruled": "2"}
    assert b'<nvpair id="x1" name="ruled" value="1"/>' in changed.to_bytes()


def test_who_is_not_there_changes_nothing():
    assert with_attribute(CIB, "nobody", "x", "1", "instance_attributes") == CIB
    assert with_attribute(CIB, "n1", "x", None, "instance_attributes") == CIB


def test_a_property_is_set_where_it_is_or_in_the_fields_own_block():
    changed = with_property(CIB, "x", "1")
    assert property_of(changed, "x") == "1"
    assert b'<cluster_property_set id="cib-bootstrap-options">' in changed.to_bytes()
    bare = Cib.from_bytes(b"<cib><configuration/></cib>")
    assert property_of(with_property(bare, "x", "1"), "x") == "1"


def test_resources_are_known_by_their_ids():
    assert has_resource(CIB, "a") and has_resource(CIB, "c") and not has_resource(CIB, "n1")
    assert not is_told_apart(CIB, "a")
