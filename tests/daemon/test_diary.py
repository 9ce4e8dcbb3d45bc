"""Laws of the diary: run times, and what is kept of operations that failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pcsx.agents import Exit, Outcome, Status
from pcsx.daemon.diary import STORIES_MAX, Diary
from pcsx.daemon.records import Order
from pcsx.values import Now

NOW = Now(0, datetime(2026, 1, 1, tzinfo=UTC))
WELL = Outcome(0, Status.DONE)
LATE = Outcome(1, Status.TIMEOUT, "did not finish in time")


def order(task: str = "monitor", resource: str = "web", timeout_ms: int = 20_000) -> Order:
    agent = ("ocf", "pcsx", "dummy")
    return Order(1, 1, 1, resource, task, f"{resource}_{task}_0", agent, (), (), 0, timeout_ms)


def test_run_times_are_told_by_their_middle_and_their_slowest():
    diary = Diary()
    for took_ms in range(1, 101):
        diary.take(order(), Exit(code=0, took_ms=took_ms), WELL, NOW)
    (told,) = diary.times("web")
    assert (told["runs"], told["p50_ms"], told["p99_ms"]) == (100, 51, 100)


def test_many_quick_runs_advise_a_shorter_timeout_and_few_do_not():
    diary = Diary()
    diary.take(order(timeout_ms=60_000), Exit(code=0, took_ms=4000), WELL, NOW)
    assert diary.times()[0]["advised_ms"] == 60_000
    for _ in range(30):
        diary.take(order(timeout_ms=60_000), Exit(code=0, took_ms=4000), WELL, NOW)
    assert diary.times()[0]["advised_ms"] == 20_000


def test_a_timeout_that_was_missed_is_never_advised_again():
    diary = Diary()
    for _ in range(30):
        diary.take(order(), Exit(code=0, took_ms=10), WELL, NOW)
    diary.take(order(), Exit(timed_out=True, took_ms=20_000), LATE, NOW)
    assert diary.times()[0]["advised_ms"] == 40_000


def test_of_an_operation_that_hung_it_is_kept_what_it_said_and_did():
    diary = Diary()
    exit = Exit(timed_out=True, stderr=b"connecting", evidence="12 sleep", took_ms=20_000)
    diary.take(order("start"), exit, LATE, NOW)
    (story,) = diary.stories("web")
    assert (story.stderr, story.evidence, story.status) == ("connecting", "12 sleep", 2)
    assert diary.stories("other") == []


def test_what_went_well_is_no_story_and_does_not_end_one():
    diary = Diary()
    diary.take(order("start"), Exit(code=1), Outcome(1, Status.DONE), NOW)
    diary.take(order("start"), Exit(code=0), WELL, NOW)
    diary.take(order("monitor"), Exit(code=7), Outcome(7, Status.DONE), NOW)
    assert [story.task for story in diary.stories()] == ["start"]


def test_a_deleted_resource_is_forgotten_and_old_stories_make_room():
    diary = Diary()
    for number in range(STORIES_MAX + 3):
        diary.take(order("start", f"r{number}"), Exit(code=1), Outcome(1, Status.DONE), NOW)
    assert len(diary.stories()) == STORIES_MAX
    diary.forget(f"r{STORIES_MAX}")
    assert diary.stories(f"r{STORIES_MAX}") == []
    assert diary.times(f"r{STORIES_MAX}") == []


def test_a_monitor_that_finds_nothing_where_something_ran_has_failed_and_a_probe_has_not():
    diary = Diary()
    gone = Outcome(7, Status.DONE)
    for interval_ms, target_rc in ((0, 7), (5000, 7)):
        probe = replace(order(), interval_ms=interval_ms, target_rc=target_rc)
        diary.take(probe, Exit(code=7), gone, NOW)
    assert diary.stories() == []
    watch = replace(order(), interval_ms=10_000, target_rc=0)
    diary.take(watch, Exit(code=7, stderr=b"no pid file"), gone, NOW)
    (story,) = diary.stories("web")
    assert (story.rc, story.stderr) == (7, "no pid file")
    diary.take(order("start"), Exit(code=7), gone, NOW)
    assert len(diary.stories()) == 2
