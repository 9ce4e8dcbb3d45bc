from datetime import UTC, datetime

import pytest

from pcsx.cib.document import Cib
from pcsx.pe.simulate import carry_out
from pcsx.pe.transition import Action, ActionKind, Transition

from .graphs import CASES, case_names, expected_graph, needs_cases

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DUMMY = ("ocf", "pacemaker", "Dummy")
EMPTY = Cib.from_bytes(
    b'<cib><configuration/><status><node_state id="1" uname="a" in_ccm="true" crmd="online"'
    b' join="member" expected="member"><lrm id="1"><lrm_resources/></lrm></node_state></status>'
    b"</cib>"
)


def action(number: int, task: str, *inputs: int, rc: int | None = None, **more: object) -> Action:
    return Action(
        id=number, kind=ActionKind.RSC, task=task, key=f"vip_{task}_0", node="a", node_id="1",
        resource="vip", agent=DUMMY, inputs=inputs, target_rc=rc, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def told(transition: Transition, *failures: str) -> list[str]:
    story = carry_out(EMPTY, transition, wall=NOON, failures=failures)
    return [line.text for line in story.lines]


@needs_cases
@pytest.mark.parametrize("first", range(4))
def test_the_expected_graphs_give_the_expected_executions(first: int) -> None:
    wrong = []
    for name in case_names()[first::4]:
        cib = Cib.from_bytes((CASES / "xml" / f"{name}.xml").read_bytes())
        story = carry_out(cib, expected_graph(name), wall=NOON)
        summary = (CASES / "summary" / f"{name}.summary").read_text(encoding="utf-8")
        executed = summary.split("Executing Cluster Transition:")[1]
        wanted = [
            " ".join(line.split())
            for line in executed.split("Revised Cluster Status:")[0].splitlines()
            if line.startswith("  * ")
        ]
        got = [f"* {' '.join(line.text.split())}" for line in story.lines]
        if got != wanted or not story.complete:
            wrong.append(name)
    assert wrong == []


def test_an_action_waits_for_its_inputs_and_for_no_one_absent() -> None:
    transition = Transition((action(2, "start", 1), action(1, "stop", 77)))
    assert told(transition) == [
        "Resource action: vip             stop on a",
        "Resource action: vip             start on a",
    ]


def test_actions_that_wait_for_each_other_leave_the_transition_incomplete() -> None:
    transition = Transition((action(1, "stop", 2), action(2, "start", 1)))
    assert not carry_out(EMPTY, transition, wall=NOON).complete


def test_a_probe_comes_out_as_planned_and_is_recorded_with_the_next_call() -> None:
    story = carry_out(EMPTY, Transition((action(1, "monitor", rc=7),)), wall=NOON)
    (entry,) = story.cib.tree.iterfind(".//lrm_rsc_op")
    assert entry.get("id") == "vip_last_0"
    assert (entry.get("rc-code"), entry.get("call-id")) == ("7", "1")
    assert entry.get("op-digest") == "f2317cad3d54cec5d7d7aa7d0bf35cf8"


def test_a_failure_skips_what_is_left_and_is_counted() -> None:
    transition = Transition((action(1, "start"), action(2, "monitor", 1, interval_ms=10_000)))
    story = carry_out(EMPTY, transition, wall=NOON, failures=["VIP_start_0@a=5"])
    assert [line.text for line in story.lines] == [
        "Resource action: vip             start on a",
        "Pretending action 1 failed with rc=5",
        "Injecting attribute fail-count-vip#start_0=INFINITY into /node_state '1'",
        f"Injecting attribute last-failure-vip#start_0={int(NOON.timestamp())}"
        " into /node_state '1'",
    ]
    ids = [entry.get("id") for entry in story.cib.tree.iterfind(".//lrm_rsc_op")]
    assert ids == ["vip_last_failure_0", "vip_last_0"]
    assert story.complete


def test_a_result_that_is_no_number_is_complained_about() -> None:
    story = carry_out(
        EMPTY, Transition((action(1, "start"),)), wall=NOON, failures=["vip_start_0@a=x"]
    )
    assert story.errors == (
        "Invalid failed operation 'vip_start_0@a=x' (result code must be integer)",
    )


def test_a_fenced_node_is_down_without_history() -> None:
    fence = Action(
        id=1, kind=ActionKind.CRM, task="stonith", key="stonith-a-reboot", node="a", node_id="1",
        meta=(("stonith_action", "reboot"),),
    )  # fmt: skip
    story = carry_out(EMPTY, Transition((fence,)), wall=NOON)
    (state,) = story.cib.tree.iterfind("status/node_state")
    assert (state.get("crmd"), state.get("join"), len(state)) == ("offline", "down", 0)
    assert story.lines[0].text == "Fencing a (reboot)"
