"""The state of the cluster: what is told as wrong, and the exit status for monitoring."""

from __future__ import annotations

import json

import pytest

from pcsx.cib.document import Cib
from pcsx.pe.state import fencing_words
from pcsx.shell.output.running import failed_on
from tests.shell.support import EMPTY, Shell

STATE = b"""<status>
<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm
 id="1"><lrm_resources><lrm_resource id="a" class="ocf" provider="test" type="Service"><lrm_rsc_op
 id="a_last_0" operation="start" call-id="5" rc-code="0" op-status="0" interval="0"
 transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x"/></lrm_resource></lrm_resources></lrm>
</node_state>
<node_state id="2" uname="n2" in_ccm="%s" crmd="%s" join="member" expected="member"/></status>"""


@pytest.fixture
def running(shell: Shell) -> Shell:
    """Return the program on two nodes that are online, with a resource that runs on n1."""
    shell.must(
        "resource create a ocf:test:Service path=/srv", "stonith create f fence_test ip=192.0.2.1"
    )
    _put(shell, b"true", b"online")
    return shell


def _put(shell: Shell, member: bytes, online: bytes) -> None:
    text = shell.path.read_bytes()
    begin = text.index(b"<status")
    shell.path.write_bytes(text[:begin] + STATE % (member, online) + b"</cib>")


def test_the_value_tells_where_a_resource_runs(running: Shell) -> None:
    value = running("status --json").json["data"]
    assert value["schema"] == "pcsx-status/1"
    assert [(r["id"], r["nodes"]) for r in value["resources"]] == [("a", ["n1"]), ("f", [])]
    assert [(n["name"], n["online"]) for n in value["nodes"]] == [("n1", True), ("n2", True)]


def test_a_lost_node_is_critical_and_has_a_next_command(running: Shell) -> None:
    _put(running, b"false", b"offline")
    value = running("status --json").json["data"]
    told = [p for p in value["problems"] if "n2" in p["text"]]
    assert [p["severity"] for p in told] == ["critical"]
    assert told[0]["next"].startswith("pcsx ")
    assert running("status --check").status == 2


def test_a_lost_node_tells_how_its_fencing_stands() -> None:
    case = {"target": "n2", "reason": "no answer"}
    assert fencing_words({"open": []}, "n2") == ""
    assert fencing_words({"open": [case]}, "n2") == "Its fencing is under way."
    assert fencing_words({"failed": [{**case, "times": 1}]}, "n1") == ""
    told = fencing_words({"failed": [{**case, "times": 1}]}, "n2")
    assert told == "Its fencing failed once: no answer."


def test_a_file_that_never_saw_a_cluster_blames_no_node(shell: Shell) -> None:
    shell.path.write_bytes(EMPTY)
    assert "never seen" in shell("status").out
    assert "UNCLEAN" not in shell("status").out


def test_all_is_well_has_the_status_0(running: Shell) -> None:
    ran = running("status --check")
    assert (ran.status, ran.out.startswith("OK")) == (0, True)


def test_maintenance_is_a_warning(running: Shell) -> None:
    running.must("property set maintenance-mode=true")
    assert running("status --check").status == 1


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("a exists", 0),
        ("b exists", 2),
        ("a is-state started", 0),
        ("a is-state stopped", 2),
        ("a is-type primitive", 0),
        ("a get-nodes", 0),
        ("b get-nodes", 1),
        ("a is-state dancing", 1),
    ],
)
def test_questions_are_answered_by_the_status(running: Shell, question: str, status: int) -> None:
    assert running(f"status query resource {question}").status == status


def test_resource_status_of_a_tag_shows_what_it_stands_for(running: Shell) -> None:
    running.must("tag create t a")
    assert running("resource status t").out == "  * a\t(ocf:test:Service):\t Started n1\n"


def test_json_goes_to_standard_output_and_nothing_else_does(running: Shell) -> None:
    ran = running("status --json")
    assert json.loads(ran.out)["ok"] is True
    assert ran.err == ""


def test_without_a_fence_device_both_ways_out_are_told_with_the_risk(shell: Shell) -> None:
    shell.must("resource create a ocf:test:Service path=/srv")
    told = shell("status").out
    assert "Fencing is required and there is no fence device: no resource will be started." in told
    assert "pcsx stonith create NAME" in told
    assert "stonith-enabled=false        runs without: a lost node that lives on" in told
    assert "damage its data" in told


FAILED = b"""<status>
<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm
 id="1"><lrm_resources><lrm_resource id="a" class="ocf" provider="test" type="Service"><lrm_rsc_op
 id="a_last_0" operation_key="a_start_0" operation="start" call-id="5" rc-code="7" op-status="0"
 interval="0" transition-key="1:1:0:x" transition-magic="0:7;1:1:0:x"/><lrm_rsc_op
 id="a_last_failure_0" operation_key="a_start_0" operation="start" call-id="5" rc-code="7"
 op-status="0" interval="0" transition-key="1:1:0:x" transition-magic="0:7;1:1:0:x"/>
</lrm_resource></lrm_resources></lrm></node_state></status></cib>"""


def _fail(shell: Shell) -> None:
    text = shell.path.read_bytes()
    shell.path.write_bytes(text[: text.index(b"<status")] + FAILED)


def test_a_failure_that_the_history_has_twice_is_told_once(running: Shell) -> None:
    _fail(running)
    (failure,) = running("status --json").json["data"]["failures"]
    assert failure["task"] == "start"


def test_what_was_left_as_it_failed_does_not_count_as_running(running: Shell) -> None:
    running.must("resource update a op start on-fail=block")
    assert failed_on(Cib.from_bytes(running.path.read_bytes()), "a") == []
    _fail(running)
    assert failed_on(Cib.from_bytes(running.path.read_bytes()), "a") == ["n1"]
