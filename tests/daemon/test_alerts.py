"""Laws of telling events: which are told, with which variables, and how many at once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from pcsx.agents import Exit, Host
from pcsx.cib.alerts import Teller
from pcsx.daemon.alerts import (
    PARALLEL,
    WAITING_MAX,
    Alerts,
    attribute_event,
    fence_event,
    node_event,
    operation_event,
    stamped,
)
from pcsx.daemon.effects import Spawn
from pcsx.daemon.events import ChildExited
from pcsx.daemon.records import OpRecord
from pcsx.ring.port import Note
from pcsx.values import Now

NOW = Now(0, datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC))


def record(task: str, rc: int, *, interval_ms: int = 0, wanted: int = 0, status: int = 0):
    agent = ("ocf", "pcsx", "dummy")
    return OpRecord(
        "r", agent, f"r_{task}_{interval_ms}", task, interval_ms, 1, rc, status, "broken", 1, 1, 1,
        wanted, 0, 12, 0, "",
    )  # fmt: skip


def alerts(*tellers: Teller) -> Alerts:
    machine = Alerts(Host(), children=count(1))
    machine.tellers = tellers
    return machine


def test_an_operation_is_told_but_a_probe_that_found_what_was_expected_is_not():
    assert operation_event("n1", record("monitor", 7, wanted=7)) is None
    assert operation_event("n1", record("start", 193, status=-1)) is None
    failed = operation_event("n1", record("monitor", 1, interval_ms=10_000))
    assert failed is not None
    assert (failed.kind, failed.desc, dict(failed.more)["rc"]) == ("resource", "broken", "1")


def test_a_program_gets_the_events_variables_by_both_names():
    machine = alerts(Teller("a", "/bin/tell", "ops", (("level", "2"),), 5000, "%H:%M"))
    (spawn,) = machine.tell(node_event("n2", 2, "lost"), NOW)
    assert isinstance(spawn, Spawn)
    env = dict(spawn.invocation.env)
    assert (spawn.invocation.argv, spawn.invocation.timeout_ms) == (("/bin/tell",), 5000)
    wanted = {"kind": "node", "node": "n2", "nodeid": "2", "desc": "lost", "recipient": "ops"}
    for name, value in wanted.items():
        assert env[f"CRM_alert_{name}"] == env[f"CRM_notify_{name}"] == value
    assert (env["level"], env["CRM_alert_timestamp_epoch"]) == ("2", "1767323045")


def test_who_does_not_want_an_event_is_not_called():
    machine = alerts(Teller("a", "/x", kinds=("fencing",)))
    assert machine.tell(attribute_event("n1", 1, "pingd", "0"), NOW) == []
    fenced = fence_event("n2", "off", by="n1", origin="x", verdict="done", reason="", case=7)
    assert len(machine.tell(fenced, NOW)) == 1
    assert fenced.desc == "Operation off of n2 by n1 for x: OK (ref=7)"


def test_programs_run_a_few_at_a_time_and_too_many_events_are_dropped_with_a_note():
    machine = alerts(Teller("a", "/x"))
    told = [e for _ in range(PARALLEL + 1) for e in machine.tell(node_event("n", 1, "lost"), NOW)]
    assert len(told) == PARALLEL
    assert len(machine.step(ChildExited(1, Exit(code=0)))) == 1
    told = [e for _ in range(WAITING_MAX + 1) for e in machine.tell(node_event("n", 1, "x"), NOW)]
    assert [type(effect) for effect in told] == [Note]


def test_a_program_that_fails_is_noted():
    machine = alerts(Teller("a", "/x"))
    machine.tell(node_event("n", 1, "lost"), NOW)
    assert machine.owns(1)
    effects = machine.step(ChildExited(1, Exit(code=1, stderr=b"no route\n")))
    assert effects == [Note("alerts", "a: no route")]


def test_a_moment_is_written_as_is_wanted():
    assert stamped("%H:%M:%S.%06N", NOW.wall) == "03:04:05.678901"
    assert stamped("%3N", NOW.wall) == "678"
