import xml.etree.ElementTree as ET

from pcsx.pe.emit import dot, graph_xml
from pcsx.pe.transition import Action, ActionKind, Transition

from .graphs import case_names, expected_graph, needs_cases, read_graph

STOP = Action(
    id=3, kind=ActionKind.RSC, task="stop", key="vip_stop_0", node="a", node_id="1",
    resource="vip", agent=("ocf", "heartbeat", "IPaddr2"), params=(("1st", "x"), ("ip", 'a"<&>')),
    meta=(("timeout", "20000"),), inputs=(), downed=("1",),
)  # fmt: skip
STOPPED = Action(
    id=4, kind=ActionKind.PSEUDO, task="stopped", key="c_stopped_0", inputs=(3, 9), priority=7
)


@needs_cases
def test_what_is_written_reads_back_as_the_same_transition() -> None:
    for name in case_names()[::10]:
        graph = expected_graph(name)
        assert read_graph(graph_xml(graph)).actions == graph.actions, name


def test_an_input_that_is_not_in_the_transition_is_no_trigger() -> None:
    root = ET.fromstring(graph_xml(Transition((STOP, STOPPED))))
    assert [trigger[0].get("id") for trigger in root.iter("trigger")] == ["3"]
    assert [synapse.get("priority") for synapse in root] == [None, "7"]


def test_a_parameter_whose_name_begins_with_a_digit_becomes_a_child() -> None:
    root = ET.fromstring(graph_xml(Transition((STOP,))))
    attributes = root.find(".//attributes")
    assert attributes is not None
    assert attributes.get("ip") == 'a"<&>'
    assert [child.attrib for child in attributes] == [{"name": "1st", "value": "x"}]
    assert [node.get("id") for node in root.iterfind(".//downed/node")] == ["1"]


def test_the_picture_has_the_newest_action_first_and_pseudo_ones_in_orange() -> None:
    assert dot(Transition((STOP, STOPPED))).splitlines() == [
        ' digraph "g" {',
        '"c_stopped_0" [ style=bold color="green" fontcolor="orange"]',
        '"vip_stop_0 a" [ style=bold color="green" fontcolor="black"]',
        '"vip_stop_0 a" -> "c_stopped_0" [ style = bold]',
        "}",
    ]
