"""Laws of `pcsx.cib.objects`: reading and writing an object loses nothing."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest
from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.objects import (
    Document,
    HistoryOperation,
    Location,
    NodeState,
    NvPair,
    Operation,
    Primitive,
    XmlObject,
)

CASES = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "scheduler" / "xml"
Canon = tuple[str, tuple[tuple[str, str], ...], tuple[object, ...]]

PRIMITIVE = """
<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2" odd="kept">
  <meta_attributes id="m"><nvpair id="n" name="priority" value="5"/></meta_attributes>
  <operations id="o"><op id="p" name="monitor" interval="10s" OCF_CHECK_LEVEL="10"/></operations>
  <stranger><within/></stranger>
</primitive>
"""


def canon(element: etree._Element) -> Canon:
    attributes = tuple(sorted((str(k), str(v)) for k, v in element.attrib.items()))
    return str(element.tag), attributes, tuple(sorted(map(canon, element), key=repr))


def parsed(text: str) -> etree._Element:
    return etree.fromstring(text, etree.XMLParser(remove_blank_text=True))


def test_unknown_attributes_and_children_ride_along() -> None:
    element = parsed(PRIMITIVE)
    assert canon(Primitive.from_xml(element).to_xml()) == canon(element)


def test_what_is_written_is_read_as_the_same_value() -> None:
    value = Primitive.from_xml(parsed(PRIMITIVE))
    assert Primitive.from_xml(value.to_xml()) == value


def test_values_are_frozen_hashable_and_travel_between_processes() -> None:
    value = Primitive.from_xml(parsed(PRIMITIVE))
    assert pickle.loads(pickle.dumps(value)) == value
    assert hash(value) == hash(Primitive.from_xml(parsed(PRIMITIVE)))
    with pytest.raises(AttributeError):
        value.id = "other"  # type: ignore[misc]


def test_a_value_is_changed_by_making_another() -> None:
    pair = NvPair(id="1", name="a", value="b")
    assert pair.replaced(value="c") == NvPair(id="1", name="a", value="c")
    assert dataclasses.replace(pair, value="c") == pair.replaced(value="c")
    assert [field.name for field in dataclasses.fields(pair)][:2] == ["id", "id_ref"]


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError):
        NvPair(colour="red")  # type: ignore[call-arg]


def test_the_options_of_an_operation_are_all_that_stands_on_it_but_the_id() -> None:
    op = Operation.from_xml(parsed('<op id="x" name="start" on-fail="fence" more="1"/>'))
    assert op.options() == {"name": "start", "on-fail": "fence", "more": "1"}


def test_a_history_entry_tells_what_was_expected() -> None:
    entry = HistoryOperation.from_xml(
        parsed(
            '<lrm_rsc_op id="a_last_0" operation="monitor" interval="0" op-status="0" '
            'rc-code="7" call-id="3" transition-key="4:12:7:uuid" last-rc-change="99"/>'
        )
    )
    assert (entry.task, entry.exit_code, entry.expected, entry.transition, entry.uuid) == (
        "monitor", 7, 7, 12, "uuid",
    )  # fmt: skip
    assert (entry.call_id, entry.changed_s, entry.status) == (3, 99, 0)


def test_a_history_entry_without_numbers_is_read_all_the_same() -> None:
    entry = HistoryOperation.from_xml(parsed('<lrm_rsc_op id="a" rc-code="x"/>'))
    assert (entry.exit_code, entry.status, entry.expected, entry.call_id) == (-1, -2, -1, -1)


def test_the_document_finds_elements_anywhere_by_id() -> None:
    cib = Cib.from_bytes(
        b'<cib><configuration><constraints><rsc_location id="l" rsc="a" node="b" score="1"/>'
        b"</constraints></configuration></cib>"
    )
    found = Document(cib).find(Location, "l")
    assert found is not None and found.node == "b"
    assert Document(cib).find(Location, "m") is None


@pytest.mark.skipif(not CASES.exists(), reason="the golden cases are not beside the checkout")
def test_no_golden_document_loses_anything() -> None:
    for path in sorted(CASES.glob("*.xml"))[::8]:
        document = Document(Cib.from_bytes(path.read_bytes()))
        objects: list[XmlObject] = [
            *document.crm_config, *document.nodes, *document.resources, *document.constraints,
            *document.tags, *document.states, *document.tickets,
        ]  # fmt: skip
        for value in objects:
            element = value.to_xml()
            again = type(value).from_xml(element).to_xml()
            assert canon(again) == canon(element), path.name
        states = [canon(value.to_xml()) for value in document.states]
        tree = Cib.from_bytes(path.read_bytes()).tree
        assert states == [canon(e) for e in tree.iterfind(f"status/{NodeState.tag}")], path.name
