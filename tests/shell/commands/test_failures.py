"""Failures as they are counted and told, and what asks for them to be forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from pcsx.protocol import Cleanup
from pcsx.shell.commands.resource import state
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
