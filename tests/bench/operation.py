"""What one operation costs beyond running its agent by hand: `python -m tests.bench.operation`.

    python -m tests.bench.operation [COUNT]     COUNT starts, monitors and stops of a Dummy, else 60

Each operation is done by the executor (the machine that orders it, the child, its outcome) and then
by hand (the same program with the same environment, begun and waited for), in turn, so that a busy
machine slows both alike. CPU is what this process itself used, without the agent's.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pcsx.agents import Exit, Host, Invocation
from pcsx.daemon.effects import Spawn
from pcsx.daemon.events import ChildExited
from pcsx.daemon.io.children import Children, boottime_ms
from pcsx.daemon.lrm import Lrm, Obey, Report
from pcsx.daemon.records import Order
from pcsx.values import Now
from tests.bench.figures import Row, compared, median

AGENT: Final = ("ocf", "pacemaker", "Dummy")
ORDER: Final = Order(
    1, 1, 0, "r", "start", "r_start_0", AGENT, (), (("CRM_meta_timeout", "20000"),), 0, 20_000, 0
)
TASKS: Final = ("start", "monitor", "stop")


class Executor:
    """One node's executor with real children, and what it took for each operation, in seconds."""

    def __init__(self, host: Host) -> None:
        self._loop = asyncio.get_running_loop()
        self._lrm = Lrm(
            host, children=itertools.count(1), sees_lease=lambda term, now: True, metadata={}
        )
        self._children = Children(self._loop, self._exited)
        self._over: asyncio.Future[Report] | None = None
        self.invocation: Invocation | None = None
        self.wall: list[float] = []
        self.cpu: list[float] = []

    async def run(self, order: Order) -> int:
        """Carry *order* out and return its code."""
        self._over = self._loop.create_future()
        began, used = time.perf_counter(), time.process_time()
        self._do(Obey(order))
        report = await self._over
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(time.process_time() - used)
        return report.record.rc

    def _now(self) -> Now:
        return Now(boottime_ms(), datetime.now(UTC))

    def _exited(self, number: int, exit: Exit) -> None:
        self._do(ChildExited(number, exit))

    def _do(self, event: Obey | ChildExited) -> None:
        for effect in self._lrm.step(event, self._now()):
            if isinstance(effect, Spawn):
                self.invocation = effect.invocation
                self._children.spawn(effect.child, effect.invocation)
            elif isinstance(effect, Report) and effect.record.status >= 0:
                assert self._over is not None
                self._over.set_result(effect)

    def close(self) -> None:
        """End what is left."""
        self._children.close()


def by_hand(made: Invocation) -> tuple[int, float, float]:
    """Run *made* and wait for it; return its code, the time it took and this process's CPU."""
    began, used = time.perf_counter(), time.process_time()
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    pid = os.posix_spawn(made.argv[0], made.argv, dict(made.env), file_actions=null)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    return os.waitstatus_to_exitcode(status), took, time.process_time() - used


async def measured(count: int) -> tuple[Executor, list[float], list[float]]:
    """Return what *count* operations took: the executor's, and time and CPU by hand."""
    with tempfile.TemporaryDirectory(prefix="pcsx-operation-") as place:
        executor = Executor(Host(node="n1", run_dir=place, rsc_tmp=place, var_run=place))
        wall: list[float] = []
        cpu: list[float] = []
        for number in range(count):
            task = TASKS[number % 3]
            order = replace(ORDER, action=number, task=task, key=f"r_{task}_0")
            state = (("state", str(Path(place) / "mine")),)
            code = await executor.run(replace(order, params=state))
            assert code == 0, f"{task} by the executor: {code}"
            made = executor.invocation
            assert made is not None
            env = tuple((n, f"{v}2" if n == "OCF_RESKEY_state" else v) for n, v in made.env)
            code, took, used = by_hand(replace(made, env=env))
            assert code == 0, f"{task} by hand: {code}"
            wall.append(took)
            cpu.append(used)
        executor.close()
    return executor, wall, cpu


def own_cpu_ms(count: int = 60) -> float:
    """Return the CPU that the executor itself uses for one operation, the median, in ms."""
    executor, _, _ = asyncio.run(measured(count))
    return median(executor.cpu) * 1000


def main(count: int) -> None:
    """Measure and print."""
    executor, wall, cpu = asyncio.run(measured(count))
    rows: list[Row] = [
        ("one operation, ms", [x * 1000 for x in executor.wall], "the agent by hand",
         [x * 1000 for x in wall], 0.0),
        ("our own CPU for it, ms", [x * 1000 for x in executor.cpu], "to begin and await it",
         [x * 1000 for x in cpu], 0.0),
    ]  # fmt: skip
    print(compared(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
