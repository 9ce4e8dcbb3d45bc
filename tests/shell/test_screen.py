"""Laws of the live screen and of metrics: what is shown, chosen, filtered, and told as events."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pcsx.shell.output.metrics import metrics
from pcsx.shell.screen import KEYS, Target, View, events_between, rows, targets


def resource(id: str, *nodes: str, **more: Any) -> dict[str, Any]:
    plain = {
        "id": id, "name": id, "kind": "primitive", "role": "Started" if nodes else "Stopped",
        "nodes": list(nodes), "failed": False, "blocked": False, "managed": True,
        "disabled": False,
    }  # fmt: skip
    return plain | more


def node(name: str, **more: Any) -> dict[str, Any]:
    plain = {
        "name": name, "state": "online", "online": True, "standby": False, "maintenance": False,
        "pending": False, "unclean": False, "dc": name == "n1", "running": 1, "type": "member",
    }  # fmt: skip
    return plain | more


VALUE: dict[str, Any] = {
    "source": "cluster",
    "cluster": {
        "name": "demo", "quorate": True, "dc": "n1", "maintenance": False,
        "fencing": {"required": True, "devices": 1},
    },
    "nodes": [node("n1"), node("n2")],
    "resources": [
        {"id": "g", "kind": "group", "managed": True, "children": [
            resource("vip", "n1"), resource("web", "n1", failed=True)]},
        resource("db"),
    ],
    "counts": {
        "nodes": 2, "nodes_online": 2, "instances": 3, "instances_disabled": 0,
        "instances_blocked": 0,
    },
    "failures": [{"resource": "web", "node": "n1"}],
    "problems": [{"severity": "warning", "text": "web failed.", "next": ""}],
}  # fmt: skip


def shown(view: View, events: tuple[str, ...] = ()) -> list[str]:
    return [line for _, line in rows(VALUE, events, view, height=30, width=100)]


def test_a_screen_has_the_headline_what_is_wrong_three_panes_and_the_keys() -> None:
    lines = shown(View(), ("12:00:00 node n2 is offline",))
    assert lines[0].startswith("Cluster demo: 2 of 2 nodes online, quorate")
    assert "web failed." in lines
    assert [line for line in lines if line in ("Nodes", "Resources", "Events")] == [
        "Nodes", "Resources", "Events",
    ]  # fmt: skip
    assert "  12:00:00 node n2 is offline" in lines
    assert lines[-1] == KEYS


def test_a_closed_pane_is_gone() -> None:
    view = View().toggled("nodes").toggled("events")
    assert not {"Nodes", "Events"} & set(shown(view))
    assert "Nodes" in shown(view.toggled("nodes"))


def test_failures_only_and_a_filter_leave_the_rest_out() -> None:
    assert targets(VALUE, View(panes=frozenset({"resources"}), failures_only=True)) == [
        Target("resource", "web")
    ]
    assert targets(VALUE, View(filter="n2")) == [Target("node", "n2")]


def test_the_cursor_stays_on_what_there_is() -> None:
    count = len(targets(VALUE, View()))
    assert count == 6  # two nodes, a group with two members, and one more
    assert View().moved(-1, count).chosen == 0
    assert View().moved(99, count).chosen == count - 1
    styles = [style for style, _ in rows(VALUE, (), View(chosen=2), height=30, width=100)]
    assert styles.count("chosen") == 1


@given(
    chosen=st.integers(0, 9),
    height=st.integers(1, 40),
    width=st.integers(1, 120),
    text=st.text(max_size=3),
    panes=st.frozensets(st.sampled_from(["nodes", "resources", "events"])),
)
def test_a_screen_has_the_size_of_the_terminal(
    chosen: int, height: int, width: int, text: str, panes: frozenset[str]
) -> None:
    view = View(panes=panes, filter=text, chosen=chosen)
    lines = rows(VALUE, ["one", "two"], view, height=height, width=width)
    assert len(lines) == height
    assert all(len(line) <= width for _, line in lines)


def test_what_changed_between_two_looks_is_told_once() -> None:
    new = copy.deepcopy(VALUE)
    new["nodes"][1]["state"] = "offline"
    new["resources"][0]["children"][0] = resource("vip", "n2")
    new["resources"].pop()
    new["cluster"]["quorate"] = False
    assert events_between(VALUE, new) == [
        "node n2 is offline",
        "vip is started on n2",
        "db is gone",
        "quorum is lost",
    ]
    assert events_between(new, new) == events_between(None, new) == []


def test_every_metric_has_a_help_a_type_and_samples_that_can_be_read() -> None:
    text = metrics(VALUE)
    sample = re.compile(r'(\w+)(\{(\w+="[^"]*",?)*\})? \d+')
    for line in text.splitlines():
        if not line.startswith("#"):
            found = sample.fullmatch(line)
            assert found is not None, line
            assert f"# TYPE {found[1]} gauge" in text
    assert 'pcsx_resource_active{resource="db",role="Stopped"} 0' in text
    assert 'pcsx_node_state{node="n2",type="member",state="online"} 1' in text


def test_a_cluster_that_does_not_answer_is_a_zero_and_no_gap() -> None:
    assert metrics(None).splitlines()[-1] == "pcsx_up 0"
