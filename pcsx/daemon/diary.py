"""How this node's operations went: how long each kind takes, and what was seen of those that hung.

`Diary` keeps the last run times of each operation and the last evidence of each that did not end in
time. It is this node's alone, and lives as long as the brain does: the history says what failed,
the diary helps to find out why.
"""

from __future__ import annotations

from collections import deque
from dataclasses import field
from typing import Any, Final

from pcsx.agents import Exit, Outcome, Status
from pcsx.agents.outcome import NOT_RUNNING, OK, RUNNING_PROMOTED, plain
from pcsx.daemon.records import Order
from pcsx.lean import dataclass
from pcsx.values import Now

TIMES_MAX: Final = 256
"""How many run times of one operation are kept."""
STORIES_MAX: Final = 128
OUTPUT_MAX: Final = 4096
TRACE_MAX: Final = 64 << 10
ADVISED_LEAST_MS: Final = 10_000
MANY: Final = 20
"""So many runs say something of the slowest in a hundred."""

Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Story:
    """An operation that failed or was traced: what it said, and if it hung what it was doing."""

    resource: str
    task: str
    interval_ms: int
    wall_s: int
    rc: int
    status: int
    reason: str
    took_ms: int
    timeout_ms: int
    stdout: str
    stderr: str
    evidence: str
    traced: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as clients are told it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Times:
    timeout_ms: int = 0
    took: deque[int] = field(default_factory=lambda: deque(maxlen=TIMES_MAX))
    late: int = 0


class Diary:
    """See the module's paragraph."""

    def __init__(self) -> None:
        self._times: dict[Key, _Times] = {}
        self._stories: dict[Key, Story] = {}

    def take(
        self, order: Order, exit: Exit, outcome: Outcome, now: Now, *, traced: bool = False
    ) -> None:
        """Take the end of one call of an agent; what was *traced* is kept, however it went."""
        key = (order.resource, order.task, order.interval_ms)
        times = self._times.setdefault(key, _Times())
        times.timeout_ms = order.timeout_ms
        if exit.timed_out:
            times.late += 1
        elif exit.code is not None:
            times.took.append(exit.took_ms)
        if not _has_failed(order, outcome) and not traced:
            return
        self._stories.pop(key, None)
        most = TRACE_MAX if traced else OUTPUT_MAX
        self._stories[key] = Story(
            *key, int(now.wall.timestamp()), outcome.rc, int(outcome.status), outcome.reason,
            exit.took_ms, order.timeout_ms, _end(exit.stdout, OUTPUT_MAX), _end(exit.stderr, most),
            exit.evidence, traced,
        )  # fmt: skip
        while len(self._stories) > STORIES_MAX:
            del self._stories[next(iter(self._stories))]

    def forget(self, resource: str) -> None:
        """Drop all of *resource*, which was deleted."""
        for kept in (self._times, self._stories):
            for key in [key for key in kept if key[0] == resource]:
                del kept[key]

    def stories(self, resource: str = "") -> list[Story]:
        """Return the operations that failed last, of *resource* or of all, newest first."""
        return [
            story
            for key, story in reversed(self._stories.items())
            if not resource or _is_of(key[0], resource)
        ]

    def times(self, resource: str = "") -> list[dict[str, Any]]:
        """Return how long each operation takes, of *resource* or of all, sorted."""
        return [
            {
                "resource": key[0],
                "task": key[1],
                "interval_ms": key[2],
                "runs": len(times.took),
                "late": times.late,
                "p50_ms": part_of(times.took, 50),
                "p99_ms": part_of(times.took, 99),
                "timeout_ms": times.timeout_ms,
                "advised_ms": advised_ms(times.took, times.timeout_ms, late=times.late),
            }
            for key, times in sorted(self._times.items())
            if not resource or _is_of(key[0], resource)
        ]


def part_of(took: deque[int], percent: int) -> int:
    """Return the run time that *percent* of the runs did not exceed."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0


def advised_ms(took: deque[int], timeout_ms: int, *, late: int) -> int:
    """Return a timeout that leaves room: five times the slowest in a hundred, in whole seconds.

    A timeout that was missed is never advised again, and few runs are no reason to lower one.
    """
    wanted = max(ADVISED_LEAST_MS, -(-part_of(took, 99) * 5 // 1000) * 1000)
    if late:
        return max(wanted, timeout_ms * 2)
    return wanted if len(took) >= MANY else max(wanted, timeout_ms)


def _has_failed(order: Order, outcome: Outcome) -> bool:
    """Return whether somebody will ask why: a probe may find anything, a monitor what it expects.

    A monitor that finds nothing where something ran is a failure as much as one that complains.
    """
    if outcome.status != Status.DONE:
        return True
    rc = plain(outcome.rc)
    if order.task == "monitor" and rc in (OK, NOT_RUNNING, RUNNING_PROMOTED):
        expected = OK if order.target_rc is None else order.target_rc
        return order.interval_ms > 0 and rc == NOT_RUNNING != expected
    return rc != OK


def _is_of(id: str, resource: str) -> bool:
    return id == resource or id.partition(":")[0] == resource


def _end(output: bytes, most: int) -> str:
    return output[-most:].decode("utf-8", "replace")
