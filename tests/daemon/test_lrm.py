"""Laws of the executor: one operation at a time a resource, monitors again and again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import AgentMetadata, Exit, Host, Status, parse_metadata
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.daemon.lrm import (
    Abandon,
    Anew,
    Cancelled,
    Ended,
    Forgotten,
    Lrm,
    LrmEffect,
    LrmEvent,
    Notified,
    Obey,
    Refuse,
    Report,
    Resume,
    StopAll,
    Stopped,
)
from pcsx.daemon.records import OpRecord, Order
from pcsx.pe.digests import digest_of
from pcsx.ring.port import Note
from pcsx.values import Now

AGENT = ("ocf", "heartbeat", "Dummy")
FENCE = ("stonith", "", "fence_ipmilan")
HOST = Host(node="a", python="/usr/bin/python3")

METADATA = parse_metadata(
    b"""<resource-agent name="Dummy"><parameters>
    <parameter name="state"><content type="string"/></parameter>
    <parameter name="fake" reloadable="1"><content type="string"/></parameter>
    <parameter name="passwd"><content type="string"/></parameter>
    </parameters><actions><action name="start"/><action name="reload-agent"/></actions>
    </resource-agent>"""
)


class Rig:
    """An executor, its clock, and the children that it began."""

    def __init__(
        self, *, metadata: AgentMetadata | None = None, parallel: int = 8, leased: bool = True
    ) -> None:
        self.ms = 1000
        self.leased = leased
        known = {} if metadata is None else {AGENT: metadata}
        self.lrm = Lrm(
            HOST,
            children=count(1),
            sees_lease=lambda term, now: self.leased,
            metadata=known,
            parallel=parallel,
        )
        self.effects: list[LrmEffect] = []
        self.ended: list[Ended] = []
        self._actions = count(1)

    @property
    def now(self) -> Now:
        return Now(self.ms, datetime.fromtimestamp(1_700_000_000 + self.ms // 1000, UTC))

    def step(self, event: LrmEvent) -> list[LrmEffect]:
        told = self.lrm.step(event, self.now)
        self.ended += [effect for effect in told if isinstance(effect, Ended)]
        self.effects = [effect for effect in told if not isinstance(effect, Ended)]
        return self.effects

    def order(self, task: str, resource: str = "r", *, interval_ms: int = 0, **more: Any) -> Order:
        base = Order(
            term=1, transition=1, action=next(self._actions), resource=resource, task=task,
            key=f"{resource}_{task}_{interval_ms}", agent=AGENT, params=(), meta=(),
            interval_ms=interval_ms, timeout_ms=20_000,
        )  # fmt: skip
        return replace(base, **more)

    def obey(self, task: str, resource: str = "r", **more: Any) -> Order:
        order = self.order(task, resource, **more)
        self.step(Obey(order))
        return order

    def end(self, child: int, code: int | None = 0, **more: Any) -> list[LrmEffect]:
        return self.step(ChildExited(child, Exit(code=code, **more)))

    def tick_at(self, ms: int) -> list[LrmEffect]:
        self.ms = ms
        return self.step(Tick())

    def started(self, resource: str = "r") -> None:
        self.obey("start", resource)
        self.end(self.spawned()[-1])

    def monitored(self, interval_ms: int = 10_000, resource: str = "r") -> Order:
        order = self.obey("monitor", resource, interval_ms=interval_ms)
        self.end(self.spawned()[-1])
        return order

    def spawned(self) -> list[int]:
        return [effect.child for effect in self.effects if isinstance(effect, Spawn)]

    def killed(self) -> list[int]:
        return [effect.child for effect in self.effects if isinstance(effect, Kill)]

    def records(self) -> list[OpRecord]:
        return [effect.record for effect in self.effects if isinstance(effect, Report)]


def words(effects: Iterable[LrmEffect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def test_a_start_is_told_pending_and_then_as_it_came_out():
    rig = Rig()
    order = rig.obey("start", params=(("state", "x"),), target_rc=0)
    [pending] = rig.records()
    assert (pending.rc, pending.status, pending.key) == (193, Status.PENDING, "r_start_0")
    rig.ms += 250
    rig.end(1, 0, took_ms=240)
    [record] = rig.records()
    assert (record.rc, record.status, record.exec_ms) == (0, Status.DONE, 240)
    assert (record.term, record.transition, record.action) == (1, 1, order.action)
    assert record.call == pending.call
    assert record.changed_s == 1_700_000_001


def test_record_pending_false_and_probes_are_told_once():
    rig = Rig()
    rig.obey("start", meta=(("record_pending", "false"),))
    assert words(rig.effects) == ["Spawn"]
    rig.obey("monitor", "other")
    assert words(rig.effects) == ["Spawn"]


def test_a_probe_that_finds_nothing_is_told_as_it_is():
    rig = Rig()
    rig.obey("monitor", target_rc=7)
    rig.end(1, 7)
    [record] = rig.records()
    assert (record.task, record.interval_ms, record.rc, record.target_rc) == ("monitor", 0, 7, 7)


def test_one_resource_does_one_thing_at_a_time_and_two_do_two():
    rig = Rig()
    rig.obey("monitor")
    rig.obey("notify")
    assert rig.spawned() == []
    rig.obey("start", "s")
    assert rig.spawned() == [2]
    rig.end(1, 7)
    assert rig.spawned() == [3]


def test_no_more_run_at_once_than_allowed_and_ordered_ones_go_before_watching_ones():
    rig = Rig(parallel=1)
    rig.monitored(interval_ms=10_000, resource="w")
    rig.obey("start", "busy")
    rig.tick_at(rig.ms + 10_000)  # w is due, and waits
    rig.obey("start", "late")
    assert rig.spawned() == []
    rig.end(2)
    spawn = next(effect for effect in rig.effects if isinstance(effect, Spawn))
    assert ("OCF_RESOURCE_INSTANCE", "late") in spawn.invocation.env


def test_a_monitor_runs_again_its_interval_after_it_ended():
    rig = Rig()
    rig.obey("monitor", interval_ms=10_000)
    rig.ms += 3_000
    rig.end(1)
    assert rig.lrm.deadline_ms == rig.ms + 10_000
    assert rig.tick_at(rig.ms + 9_999) == []
    rig.tick_at(rig.ms + 1)
    assert rig.spawned() == [2]


def test_a_monitor_is_told_at_first_and_when_its_outcome_changes():
    rig = Rig()
    told = []
    rig.obey("monitor", interval_ms=10_000)
    for child, code in enumerate([0, 0, 7, 7, 0], 1):
        rig.end(child, code)
        told += [(rig.ms, record.rc, record.changed_s) for record in rig.records()]
        rig.tick_at(rig.lrm.deadline_ms or 0)
    assert [(ms, rc) for ms, rc, _ in told] == [(1000, 0), (21_000, 7), (41_000, 0)]
    assert [changed_s - 1_700_000_000 for *_, changed_s in told] == [1, 21, 41]


def test_a_time_out_after_a_failure_is_a_change_too():
    rig = Rig()
    rig.obey("monitor", interval_ms=10_000)
    rig.end(1, 1)
    rig.tick_at(rig.lrm.deadline_ms or 0)
    rig.end(2, None, timed_out=True)
    [record] = rig.records()
    assert (record.rc, record.status) == (1, Status.TIMEOUT)


def test_a_monitor_ordered_twice_recurs_once_and_is_run_and_told_at_once():
    rig = Rig()
    rig.monitored()
    again = rig.obey("monitor", interval_ms=10_000)
    assert rig.spawned() == [2]
    rig.end(2)
    [record] = rig.records()
    assert record.action == again.action
    rig.tick_at(rig.ms + 10_000)
    assert rig.spawned() == [3]


def test_a_monitor_ordered_anew_while_it_runs_is_run_again_with_what_was_ordered():
    rig = Rig()
    rig.obey("monitor", interval_ms=10_000)
    first = rig.obey("monitor", interval_ms=10_000)
    rig.obey("monitor", interval_ms=10_000, params=(("state", "new"),))
    assert rig.effects == [Refuse(first, "replaced")]
    rig.end(1)
    assert rig.records() == []
    spawn = next(effect for effect in rig.effects if isinstance(effect, Spawn))
    assert ("OCF_RESKEY_state", "new") in spawn.invocation.env


def test_a_stop_kills_a_monitor_in_flight_and_runs_after_it():
    rig = Rig()
    rig.started()
    rig.monitored()
    rig.tick_at(rig.ms + 10_000)
    [monitor] = rig.spawned()
    rig.obey("stop")
    assert rig.killed() == [monitor] and rig.spawned() == []
    rig.end(monitor, None, signal=9)
    assert [(record.task, record.status) for record in rig.records()] == [("stop", Status.PENDING)]
    assert len(rig.spawned()) == 1
    assert rig.lrm.deadline_ms is None


def test_a_notify_leaves_monitors_alone_and_is_not_on_record():
    rig = Rig()
    rig.monitored()
    order = rig.obey("notify")
    rig.end(rig.spawned()[0], 1)
    assert rig.effects == [Notified(order, 1)]
    assert rig.lrm.deadline_ms is not None


def test_a_cancel_ends_what_recurs_and_answers_when_it_is_over():
    rig = Rig()
    rig.monitored()
    meta = (("interval", "10000"), ("operation", "monitor"))
    cancel = rig.obey("cancel", meta=meta)
    assert rig.effects == [Cancelled(cancel)]
    assert rig.lrm.deadline_ms is None

    rig.obey("monitor", interval_ms=5000)
    child = rig.spawned()[0]
    cancel = rig.obey("cancel", interval_ms=5000, meta=(("operation", "monitor"),))
    assert words(rig.effects) == ["Refuse", "Kill"]
    rig.end(child, None, signal=9)
    assert rig.effects == [Cancelled(cancel)]


def test_a_cancel_of_what_does_not_recur_is_done_at_once():
    rig = Rig()
    cancel = rig.obey("cancel", meta=(("interval", "1000"), ("operation", "monitor")))
    assert rig.effects == [Cancelled(cancel)]


def test_a_delete_waits_for_its_turn_and_forgets_what_recurs():
    rig = Rig()
    rig.obey("start")
    delete = rig.obey("delete")
    assert rig.effects == []
    rig.end(1)
    assert words(rig.effects) == ["Report", "Forgotten"]
    assert rig.effects[-1] == Forgotten(delete)
    rig.monitored()
    rig.obey("delete")
    assert words(rig.effects) == ["Forgotten"]
    assert rig.lrm.deadline_ms is None


@pytest.mark.parametrize("task", ["start", "promote", "migrate_to", "migrate_from"])
def test_what_could_run_twice_is_not_begun_without_the_lease(task: str):
    rig = Rig(leased=False)
    order = rig.obey(task)
    assert rig.effects == [Refuse(order, "STALE")]


def test_the_lease_is_looked_at_when_the_operation_begins_and_not_when_it_is_ordered():
    rig = Rig()
    rig.obey("monitor")
    start = rig.obey("start")
    rig.leased = False
    rig.end(1, 7)
    assert Refuse(start, "STALE") in rig.effects and rig.spawned() == []


@pytest.mark.parametrize("task", ["stop", "demote", "monitor"])
def test_stops_need_no_lease(task: str):
    rig = Rig(leased=False)
    rig.obey(task)
    assert len(rig.spawned()) == 1


def test_an_older_term_is_refused():
    rig = Rig()
    rig.obey("monitor", term=5)
    order = rig.obey("start", "s", term=4)
    assert rig.effects == [Refuse(order, "STALE")]


def test_an_order_that_comes_again_is_done_once_and_answered_as_before():
    rig = Rig()
    order = rig.obey("start")
    assert rig.step(Obey(order)) == []
    rig.end(1)
    answer = rig.effects
    assert rig.step(Obey(order)) == answer


def test_a_start_delay_is_waited_for():
    rig = Rig()
    rig.obey("monitor", interval_ms=10_000, meta=(("start_delay", "5000"),))
    assert rig.spawned() == [] and rig.lrm.deadline_ms == 6000
    rig.tick_at(6000)
    assert rig.spawned() == [1]
    rig.obey("start", "s", meta=(("start_delay", "700"),))
    assert rig.spawned() == []
    rig.tick_at(6700)
    assert rig.spawned() == [2]


def test_the_digest_is_of_the_parameters_and_for_monitors_of_the_timeout():
    rig = Rig()
    params = (("CRM_meta_x", "1"), ("state", "x"))
    rig.obey("start", params=params)
    rig.end(1)
    assert rig.records()[0].digest == digest_of({"state": "x"})
    rig.obey("monitor", interval_ms=1000, params=params)
    rig.end(2)
    assert rig.records()[0].digest == digest_of({"state": "x", "CRM_meta_timeout": "20000"})


def test_without_parameters_the_digest_is_the_fields_own():
    rig = Rig()
    rig.obey("stop")
    assert rig.records()[0].digest == "f2317cad3d54cec5d7d7aa7d0bf35cf8"


def test_what_forces_a_restart_and_what_is_secret_is_told_once_the_metadata_is_known():
    params = (("fake", "1"), ("passwd", "s"), ("state", "x"))
    unknown, known = Rig(), Rig(metadata=METADATA)
    for rig in (unknown, known):
        rig.obey("start", params=params)
    [record] = unknown.records()
    assert (record.restart_digest, record.secure_digest) == ("", "")
    [record] = known.records()
    assert record.restart_params == " state passwd "
    assert record.restart_digest == digest_of({"passwd": "s", "state": "x"})
    assert record.secure_params == " passwd "
    assert record.secure_digest == digest_of({"fake": "1", "state": "x"})


def test_a_monitor_tells_nothing_of_restarts():
    rig = Rig(metadata=METADATA)
    rig.obey("monitor", interval_ms=1000)
    rig.end(1)
    assert rig.records()[0].restart_params == ""


@pytest.mark.parametrize(("code", "task"), [(0, "start"), (1, "monitor")])
def test_a_reload_counts_as_a_start_or_as_a_failed_monitor(code: int, task: str):
    rig = Rig()
    rig.obey("reload-agent")
    rig.end(1, code)
    assert [(record.task, record.key) for record in rig.records()] == [(task, f"r_{task}_0")]


def test_a_migration_tells_from_where_to_where():
    rig = Rig()
    rig.obey("migrate_to", meta=(("migrate_source", "a"), ("migrate_target", "b")))
    rig.end(1)
    assert [(r.migrate_source, r.migrate_target) for r in rig.records()] == [("a", "b")]


def test_a_name_that_is_no_agent_is_answered_and_not_run():
    rig = Rig()
    rig.obey("start", agent=("ocf", "heartbeat", "../../bin/sh"))
    assert rig.spawned() == []
    assert [(r.rc, r.status) for r in rig.records()] == [(5, Status.NOT_INSTALLED)]
    assert rig.lrm.idle


def test_a_fence_device_is_started_by_a_monitor_and_stopped_by_nothing():
    rig = Rig()
    rig.obey("monitor", "f", agent=FENCE)
    assert [record.rc for record in rig.records()] == [7]
    rig.obey("start", "f", agent=FENCE, params=(("ip", "1.2.3.4"),))
    spawn = next(effect for effect in rig.effects if isinstance(effect, Spawn))
    assert spawn.invocation.stdin == b"action=monitor\nip=1.2.3.4\n"
    rig.end(1)
    assert rig.lrm.devices == ("f",)
    rig.obey("monitor", "f", agent=FENCE)
    assert [record.rc for record in rig.records()] == [0]
    rig.obey("stop", "f", agent=FENCE)
    assert [record.rc for record in rig.records()] == [0] and rig.spawned() == []
    assert rig.lrm.devices == ()


def test_a_fence_device_that_fails_is_tried_twice_within_its_limit():
    rig = Rig()
    rig.obey("start", "f", agent=FENCE)
    rig.ms += 5000
    rig.end(1, 1, stderr=b"no route\n")
    [again] = [effect for effect in rig.effects if isinstance(effect, Spawn)]
    assert again.invocation.timeout_ms == 15_000
    rig.end(2, 1, stderr=b"no route\n")
    assert [(r.rc, r.status, r.reason) for r in rig.records()] == [(1, Status.ERROR, "no route")]
    assert rig.lrm.devices == ()


def test_abandon_refuses_what_waits_and_kills_what_runs_but_stops():
    rig = Rig()
    rig.obey("start", "s")
    waiting = rig.obey("promote", "s")
    rig.obey("stop", "t")
    rig.monitored(resource="m")
    delayed = rig.obey("start", "d", meta=(("start_delay", "5000"),))
    rig.step(Abandon("quorum is lost"))
    assert rig.effects == [
        Refuse(waiting, "quorum is lost"),
        Kill(1),
        Refuse(delayed, "quorum is lost"),
    ]
    assert rig.lrm.deadline_ms is None


def test_stop_all_stops_the_last_started_first_and_tells_what_would_not():
    rig = Rig()
    for name in ("a", "b", "c"):
        rig.started(name)
    rig.monitored(resource="a")
    rig.obey("monitor", "absent")
    rig.end(rig.spawned()[0], 7)
    rig.step(StopAll("excluded", timeout_ms=9000))
    stopped = []
    while rig.spawned():
        [spawn] = [effect for effect in rig.effects if isinstance(effect, Spawn)]
        assert spawn.invocation.timeout_ms == 9000
        name = dict(spawn.invocation.env)["OCF_RESOURCE_INSTANCE"]
        stopped.append((name, spawn.invocation.argv[1]))
        rig.end(spawn.child, 1 if name == "b" else 0)
    assert stopped == [("c", "stop"), ("b", "stop"), ("a", "stop")]
    assert rig.effects[-1] == Stopped(("b",))
    late = rig.obey("start")
    assert rig.effects == [Refuse(late, "excluded")]
    rig.step(Resume())
    rig.obey("start")
    assert len(rig.spawned()) == 1


def test_a_start_that_stop_all_ends_has_not_failed_and_is_stopped():
    rig = Rig()
    start = rig.obey("start")
    rig.step(StopAll("quorum is lost"))
    assert Kill(1) in rig.effects
    rig.end(1, None, signal=9)
    assert Refuse(start, "quorum is lost") in rig.effects
    assert [record.task for record in rig.records()] == ["stop"]
    [stop] = rig.spawned()
    rig.end(stop, 0)
    assert rig.effects[-1] == Stopped(())


def test_stop_all_with_nothing_to_stop_is_through_at_once():
    rig = Rig()
    rig.step(StopAll("leaving"))
    assert rig.effects[-1] == Stopped(())


def test_what_is_in_flight_is_shown_with_its_age():
    rig = Rig()
    rig.obey("start")
    rig.obey("notify")
    rig.ms += 400
    seen = [(f.resource, f.task, f.age_ms, f.waiting) for f in rig.lrm.in_flight(rig.now)]
    assert seen == [("r", "start", 400, False), ("r", "notify", 400, True)]
    assert not rig.lrm.idle


def test_the_last_words_of_a_failure_are_noted_once():
    rig = Rig()
    rig.obey("monitor", interval_ms=1000)
    for child in (1, 2):
        rig.end(child, 1, stderr=b"first\ncannot connect\n")
        notes = [effect for effect in rig.effects if isinstance(effect, Note)]
        assert notes == [Note("lrm", "r_monitor_1000: cannot connect")] * (child == 1)
        rig.tick_at(rig.lrm.deadline_ms or 0)


def test_an_unknown_child_is_passed_over():
    rig = Rig()
    assert rig.end(99) == []


_tasks = st.sampled_from(
    [
        "start",
        "stop",
        "monitor",
        "recur",
        "recur",
        "cancel",
        "notify",
        "delete",
        "end",
        "end",
        "wait",
    ]
)


@given(st.lists(st.tuples(_tasks, st.sampled_from("xyz"), st.sampled_from([0, 1, 7])), max_size=60))
def test_whatever_is_ordered_every_order_is_answered_and_no_resource_does_two_things(
    story: list[tuple[str, str, int]],
):
    rig = Rig(parallel=2)
    running: dict[int, str] = {}
    asked: set[int] = set()
    answered: set[int] = set()

    def judge() -> None:
        for effect in rig.effects:
            match effect:
                case Spawn(child, invocation):
                    name = dict(invocation.env)["OCF_RESOURCE_INSTANCE"]
                    assert name not in running.values(), "two at a time"
                    running[child] = name
                    assert len(running) <= 2
                case Report(record) if record.status != Status.PENDING:
                    answered.add(record.action)
                case Notified(order) | Cancelled(order) | Forgotten(order) | Refuse(order):
                    answered.add(order.action)
                case Kill(child):
                    assert child in running

    def end_one(code: int) -> None:
        child = min(running)
        del running[child]
        rig.end(child, code)
        judge()

    for word, name, code in story:
        if word == "end":
            if running:
                end_one(code)
            continue
        if word == "wait":
            rig.tick_at(rig.ms + 1000)
            judge()
            continue
        interval_ms = 1000 if word == "recur" else 0
        meta = (("interval", "1000"), ("operation", "monitor")) if word == "cancel" else ()
        task = "monitor" if word == "recur" else word
        order = rig.order(task, name, interval_ms=interval_ms, meta=meta)
        asked.add(order.action)
        rig.step(Obey(order))
        judge()
    while running:
        end_one(0)
    assert rig.lrm.idle
    assert asked <= answered


def said(rig: Rig, name: str) -> str:
    """Return the parameter that the last child was told."""
    spawn = [effect for effect in rig.effects if isinstance(effect, Spawn)][-1]
    return dict(spawn.invocation.env).get(f"OCF_RESKEY_{name}", "")


def test_a_resource_is_stopped_by_what_it_was_started_with_not_by_what_it_shall_be():
    rig = Rig()
    rig.obey("start", params=(("ip", "10.0.0.1"),))
    rig.end(rig.spawned()[-1])
    rig.obey("stop", params=(("ip", "10.0.0.2"),))
    assert said(rig, "ip") == "10.0.0.1"
    rig.end(rig.spawned()[-1])
    rig.obey("stop", params=(("ip", "10.0.0.2"),))
    assert said(rig, "ip") == "10.0.0.2"


def test_a_resource_whose_definition_is_gone_is_stopped_by_what_a_probe_found_it_with():
    rig = Rig()
    rig.obey("monitor", params=(("device", "/dev/vda1"),), target_rc=7)
    rig.end(rig.spawned()[-1], 0)
    rig.obey("stop")
    assert said(rig, "device") == "/dev/vda1"


def test_a_start_that_failed_is_undone_by_what_it_was_told():
    rig = Rig()
    rig.obey("start", params=(("ip", "10.0.0.1"),))
    rig.end(rig.spawned()[-1], 1)
    rig.obey("stop", params=(("ip", "10.0.0.2"),))
    assert said(rig, "ip") == "10.0.0.1"


def test_what_waits_when_the_view_changes_is_never_begun_and_what_recurs_goes_on():
    rig = Rig()
    rig.started("w")
    rig.monitored(resource="w")
    rig.obey("monitor", target_rc=7)
    [child] = rig.spawned()
    waiting = rig.obey("start")
    assert rig.spawned() == []
    told = rig.step(Anew())
    assert [effect for effect in told if isinstance(effect, Refuse)] == [Refuse(waiting, "STALE")]
    rig.end(child)
    assert rig.spawned() == []
    rig.tick_at(rig.ms + 10_000)
    assert len(rig.spawned()) == 1, "the recurring monitor"
