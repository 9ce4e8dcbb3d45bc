"""Failures as they are counted and told, and what asks for them to be forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from pcsx.protocol import Cleanup, Diary, FenceHistory, GetStatus
from pcsx.shell.commands.resource import state, trace
from pcsx.shell.run import Run
from tests.shell.support import EMPTY, Shell

COUNTS = b"".join(
    b'<node_state id="%d" uname="n%d"><transient_attributes id="%d"><instance_attributes id="s%d">'
    % ((node,) * 4)
    + b"".join(
        b'<nvpair id="s%d-%d" name="%s" value="%s"/>' % (node, at, name, value)
        for at, (name, value) in enumerate(pairs)
    )
    + b"</instance_attributes></transient_attributes></node_state>"
    for node, pairs in (
        (1, ((b"fail-count-web#monitor_10000", b"2"), (b"last-failure-web#monitor_10000", b"9"),
             (b"fail-count-web#start_0", b"1"), (b"fail-count-db#stop_0", b"INFINITY"))),
        (2, ((b"fail-count-web#monitor_10000", b"3"),)),
    )
)  # fmt: skip
RESOURCES = b"".join(
    b'<primitive id="%s" class="ocf" provider="test" type="Service"/>' % id
    for id in (b"web", b"db")
)


@pytest.fixture
def failing(shell: Shell) -> Shell:
    text = EMPTY.replace(b"<status/>", b"<status>%s</status>" % COUNTS)
    shell.path.write_bytes(text.replace(b"<resources/>", b"<resources>%s</resources>" % RESOURCES))
    return shell


@pytest.mark.parametrize("noun", ["resource", "stonith"])
def test_counts_are_summed_over_a_nodes_operations(failing: Shell, noun: str) -> None:
    assert failing(f"{noun} failcount").out == (
        "Failcounts for resource 'db'\n  n1: INFINITY\n"
        "Failcounts for resource 'web'\n  n1: 3\n  n2: 3\n"
    )
    assert failing("resource failcount show web --full").out == (
        "Failcounts for resource 'web'\n"
        "  n1:\n    monitor 10000ms: 2\n    start 0ms: 1\n  n2:\n    monitor 10000ms: 3\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("web node=n2", "Failcounts for resource 'web' on node 'n2'\n  n2: 3\n"),
        ("node=n1 operation=stop",
         "Failcounts for operation 'stop' of resource 'db' on node 'n1'\n  n1: INFINITY\n"),
        ("web operation=monitor interval=10s node=n1",
         "Failcounts for operation 'monitor' with interval '10s' of resource 'web' on node 'n1'"
         "\n  n1: 2\n"),
        ("db node=n2", "No failcounts for resource 'db' on node 'n2'\n"),
    ],
)  # fmt: skip
def test_counts_are_filtered(failing: Shell, words: str, told: str) -> None:
    assert failing(f"resource failcount show {words}").out == told


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("nothing", "'nothing' does not exist"),
        ("node=n9", "Node 'n9' does not exist in the cluster"),
        ("interval=10s", "say operation=NAME"),
        ("operation=monitor interval=soon", "'soon' is not a valid interval value"),
    ],
)
def test_filters_that_fit_nothing_there_is_are_refused(
    failing: Shell, words: str, error: str
) -> None:
    ran = failing(f"resource failcount show {words}")
    assert ran.status == 1 and error in ran.err


class Desk:
    """A run that keeps what it asks of the daemon."""

    usage = "resource cleanup"
    wait_s = None

    def __init__(self, shell: Shell, **given: Any) -> None:
        self.cib, self.given, self.source = (lambda: shell.cib), given, self
        self.asked: list[Any] = []
        self.said = ""

    def call(self, request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return {}

    def flag(self, name: str) -> bool:
        return bool(self.given.get(name))

    def option(self, name: str) -> str:
        return str(self.given.get(name, ""))

    def live_only(self, why: str) -> None: ...

    def give(self, answer: Any) -> None: ...

    def say(self, text: str) -> None:
        self.said = text


@pytest.mark.parametrize(
    ("words", "given", "wish", "told"),
    [
        ("", {}, Cleanup(), "Cleaned up all resources on all nodes"),
        ("web node=n1 operation=monitor interval=10s", {},
         Cleanup("web", "n1", False, "monitor", 10_000), "Cleaned up web on n1"),
        ("web", {"strict": True}, Cleanup("web", strict=True), "Cleaned up web on all nodes"),
        ("web:0", {"node": "n2"}, Cleanup("web:0", "n2"), "Cleaned up web:0 on n2"),
    ],
)  # fmt: skip
def test_cleanup_asks_for_what_its_words_say(
    failing: Shell, words: str, given: dict[str, Any], wish: Cleanup, told: str
) -> None:
    run: Any = Desk(failing, **given)
    state.cleanup(run, words.split())
    assert (run.asked, run.said) == ([wish], told)
    assert isinstance(run, Desk) and not isinstance(run, Run)


MOVED = b"""<rsc_location id="cli-prefer-web" rsc="web" role="Started" node="n1" score="INFINITY"/>
 <rsc_location id="cli-ban-web-on-n2" rsc="web" role="Started"><rule id="r1" score="-INFINITY">
  <date_expression id="d1" operation="lt" end="2001-01-01 00:00:00Z"/>
  <expression id="e1" attribute="#uname" operation="eq" value="n2"/></rule></rsc_location>
 <rsc_location id="cli-ban-web-on-n1" rsc="web" role="Promoted" node="n1" score="-INFINITY"/>
 <rsc_location id="mine" rsc="web" node="n1" score="5"/>"""


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("", ["mine"]),
        ("--expired", ["cli-prefer-web", "cli-ban-web-on-n1", "mine"]),
        ("--promoted", ["cli-prefer-web", "cli-ban-web-on-n2", "mine"]),
        ("n1", ["cli-ban-web-on-n2", "mine"]),
        ("n1 --expired", ["cli-prefer-web", "cli-ban-web-on-n2", "cli-ban-web-on-n1", "mine"]),
    ],
)
def test_clear_takes_what_moved_the_resource_and_no_more(
    failing: Shell, words: str, left: list[str]
) -> None:
    text = failing.path.read_bytes()
    failing.path.write_bytes(
        text.replace(b"<constraints/>", b"<constraints>%s</constraints>" % MOVED)
    )
    failing.must(f"resource clear web {words}")
    assert failing.ids("rsc_location") == left


STORY = {
    "node": "n1", "resource": "db", "task": "start", "interval_ms": 0, "wall_s": 0, "rc": 1,
    "status": 2, "reason": "", "took_ms": 20_000, "timeout_ms": 20_000, "stdout": "a\x1b[2Jb\0",
    "stderr": "", "evidence": "12 sleep 60: sleeping", "traced": False,
}  # fmt: skip
FAILED = {
    "resource": "web", "node": "n2", "task": "monitor", "interval_ms": 10_000, "exit_code": 7,
    "op_status": 0, "reason": "gone", "at": "1970-01-01T00:00:09+00:00",
}  # fmt: skip


def test_what_is_on_record_and_no_more_kept_is_told_beside_what_is_known():
    known = {**FAILED, "resource": "db", "task": "start", "node": "n1"}
    (found,) = trace.unexplained([FAILED, known], [STORY])
    assert set(found) == set(STORY)
    text = "\n".join(trace.story_lines(found))
    assert "n2: web monitor every 10s: not running (7)\n  reason: gone\n" in text
    assert "begun anew" in text


def test_a_story_tells_of_the_timeout_and_rules_no_screen():
    lines = trace.story_lines(STORY)
    assert lines[0].endswith("n1: db start: did not end within 20 s")
    assert lines[1:] == [
        "  shortly before its time was up:", "    12 sleep 60: sleeping",
        "  last stdout:", "    a?[2Jb?",
    ]  # fmt: skip


class Told(Desk):
    """A run of which the daemon tells one story a node."""

    def call(self, request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if isinstance(request, GetStatus):
            return {"nodes": [{"name": name, "online": name != "n3"} for name in ("n1", "n3")]}
        if isinstance(request, FenceHistory):
            return {"history": []}
        return {"node": request.node, "stories": [STORY, {**STORY, "traced": True, "status": 0,
                                                          "rc": 0, "task": "stop"}]}  # fmt: skip

    def say(self, text: str) -> None:
        self.said += f"{text}\n"


def test_all_failures_are_those_of_all_nodes_and_no_trace_of_what_went_well(failing: Shell) -> None:
    run: Any = Told(failing)
    trace.show_failures(run)
    assert Diary("n1", "") in run.asked
    assert run.said.count("did not end within") == 1
    assert "n1: db start" in run.said and "db stop" not in run.said


def test_why_failed_needs_no_name_and_a_cluster(failing: Shell) -> None:
    for words in ("why --failed", "why --failed web"):
        ran = failing(words)
        assert ran.status == 1 and "it asks the nodes" in ran.err
