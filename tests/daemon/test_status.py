"""Laws of what counts as a failure, and of the slots of the history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcsx.daemon.messages import LostNode, NodeStatus
from pcsx.daemon.records import OpRecord, Order
from pcsx.daemon.status import History, NodePicture, Picture, failed
from pcsx.ring.frames import Boot, Why
from pcsx.values import NodeName


def record(task: str, rc: int, *, interval_ms: int = 0, wanted: int = 0, status: int = 0):
    agent = ("ocf", "pcsx", "dummy")
    return OpRecord(
        "r", agent, f"r_{task}_{interval_ms}", task, interval_ms, 1, rc, status, "", 1, 1, 1,
        wanted, 0, 0, 0, "",
    )  # fmt: skip


@pytest.mark.parametrize(("rc", "wanted"), [(0, 0), (190, 0), (8, 8), (191, 8)])
def test_degraded_is_running_and_no_failure(rc: int, wanted: int):
    assert not failed(record("monitor", rc, interval_ms=10_000, wanted=wanted))


@pytest.mark.parametrize(("rc", "wanted"), [(191, 0), (190, 8), (1, 0), (7, 0)])
def test_another_role_than_wanted_is_a_failure(rc: int, wanted: int):
    assert failed(record("monitor", rc, interval_ms=10_000, wanted=wanted))


def test_a_probe_fails_only_where_the_agent_could_not_tell():
    assert not any(failed(record("monitor", rc, wanted=7)) for rc in (0, 7, 8, 190, 191, 5))
    assert failed(record("monitor", 1, wanted=7))


def test_histories_written_share_by_share_are_those_written_at_once():
    names = [f"r{n}" for n in range(10)]
    records = [replace(record("start", 0), resource=name) for name in names]
    whole, shares = History(records), History(records)
    done = []
    while count := shares.prepare(NodeName("a"), "0" * 32, 4):
        done.append(count)
    assert done == [4, 4, 2]
    assert shares.xml(NodeName("a"), "0" * 32) == whole.xml(NodeName("a"), "0" * 32)
    assert shares.xml(NodeName("a"), "0" * 32) is shares.xml(NodeName("a"), "0" * 32)


def test_a_resource_of_which_nothing_is_known_any_more_has_no_history():
    history = History([record("monitor", 0, interval_ms=10_000)])
    history.drop("r", "r_monitor_10000")
    assert history.xml(NodeName("a"), "0" * 32) == ()


def test_what_a_lost_node_was_told_to_begin_and_never_answered_for_may_run_there():
    agent, boot = ("ocf", "pcsx", "dummy"), Boot(1, 1)
    picture = Picture()
    picture.gone(2, boot, Why.SILENCE, 0)
    node = picture.nodes[2]
    for action, task in enumerate(("start", "start", "stop", "monitor"), 1):
        name = f"r{action}"
        node.told([Order(3, 4, action, name, task, f"{name}_{task}_0", agent, (), (), 0, 1000)])
    node.answered(3, 4, 2)
    assert node.history.active == []
    picture.gone(2, boot, Why.SILENCE, 0)
    assert node.history.active == ["r1"]


def test_of_a_lost_node_what_another_member_has_heard_later_is_taken_and_nothing_earlier():
    boot = Boot(7, 1)
    started, stopped = replace(record("start", 0), call=4), replace(record("stop", 0), call=9)
    elsewhere = replace(started, resource="s", key="s_start_0", call=5)

    def told(mine: list[OpRecord], theirs: list[OpRecord], *, boot_of_theirs: Boot = boot):
        picture = Picture()
        picture.nodes[1] = NodePicture(boot, History(mine))
        lost = LostNode(1, boot_of_theirs, Why.SILENCE, 0, (), tuple(theirs))
        picture.take(3, NodeStatus(Boot(1, 1), 0, (), (), (lost,), (), (), (), 0, 0, 0))
        return picture.nodes[1].history.active

    assert told([], [started]) == told([started], []) == ["r"]
    assert told([started], [stopped]) == told([stopped], [started]) == []
    assert told([started], [elsewhere]) == ["r", "s"]
    assert told([started], [stopped], boot_of_theirs=Boot(6, 1)) == ["r"]
