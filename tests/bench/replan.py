"""What deciding again costs while a daemon runs: `python -m tests.bench.replan`.

    python -m tests.bench.replan [--size 32x1000] [--failures N]

A heart, a brain's loop and its planning worker, each a process, with the node's own picture of a
cluster that `generate_cib.py` describes. Monitors fail, one after the other. Printed are CPU
seconds of brain and worker, from the failure to the transition in the brain's hands and to what
is kept of it; the CPU of the longest turn of the brain's loop; and by how much the latest beat of
the heart was late meanwhile. The first line is the plan of a brain that has just taken charge.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tabulate import tabulate

from pcsx.cib import Cib
from pcsx.cib.objects import Document, NodeState
from pcsx.cib.status import Situation, bare
from pcsx.daemon.decisions import Decisions
from pcsx.daemon.effects import Plan
from pcsx.daemon.io.frame_socket import FrameSocket, pair
from pcsx.daemon.io.heart import HeartSettings, run_heart
from pcsx.daemon.io.worker import Planner, fork_worker
from pcsx.daemon.records import OpRecord
from pcsx.daemon.scene import GATHERED_AT_ONCE
from pcsx.daemon.status import History, NodePicture, Picture
from pcsx.pe.run import Run
from pcsx.pe.state import state_of
from pcsx.ring.frames import AskStats, Boot, Configure, HeartStats, Pulse
from pcsx.values import NodeName
from tests.bench.scheduler import document
from tests.ring.network import PSK, identity_of, ring_of

CPU_GOAL_S: Final = 0.5
LATE_GOAL_MS: Final = 20
_CLUSTER: Final = "0" * 32
Row = tuple[str, float, float, float, int, int]
"""After what; CPU seconds of brain, worker and longest turn; the heart's ms; actions."""


def records_of(state: NodeState) -> Iterator[OpRecord]:
    """Return what a node would say of its operations."""
    for history in state.histories:
        for op in sorted(history.operations, key=lambda op: op.call_id):
            yield OpRecord(
                history.id, history.agent, op.get("operation_key"), op.task, op.interval_ms,
                op.call_id, op.exit_code, op.status, "", 1, op.transition, 1, op.expected,
                op.changed_s, 10, 0, op.get("op-digest"),
            )  # fmt: skip


class Daemon:
    """What a brain in charge has: the picture of all nodes, and what it makes of it."""

    def __init__(self, cib: Cib) -> None:
        self.configuration = bare(cib)
        self.names: dict[int, str] = {}
        self.picture = Picture()
        for n, state in enumerate(Document(cib).states, 1):
            attributes = {
                pair.name: pair.value or ""
                for holder in state.transient
                for block in holder.attributes
                for pair in block.pairs
                if pair.name
            }
            self.names[n] = state.uname or ""
            self.picture.nodes[n] = NodePicture(
                Boot(1, n), History(records_of(state)), attributes, present=True
            )
        self.decisions = Decisions()
        self.job = 0

    def gather(self) -> bool:
        """Do what `Scene.gather` does."""
        left = GATHERED_AT_ONCE
        for n, name in self.names.items():
            left -= self.picture.nodes[n].history.prepare(NodeName(name), _CLUSTER, left)
            if left <= 0:
                return True
        return False

    def order(self) -> Plan:
        """Return the order to plan for what is the case now."""
        states = []
        for n, name in self.names.items():
            state = self.picture.state(n, NodeName(name), _CLUSTER, clean_down=False, online=True)
            assert state is not None
            states.append(state)
        self.job += 1
        wall = datetime.now(UTC)
        self.decisions.asked(self.job, wall)
        attributes = (("have_quorum", "1"), ("dc_uuid", "1"))
        return Plan(self.job, Situation(self.configuration, tuple(states), attributes), wall)

    def fail(self, which: int) -> str:
        """Let a recurring monitor fail, as its node would tell; return of what."""
        running = [
            (n, record)
            for n, node in self.picture.nodes.items()
            for record in node.history.records()
            if record.interval_ms and record.rc == 0
        ]
        n, record = running[which * 37 % len(running)]
        node = self.picture.nodes[n]
        now = int(time.time())
        node.history.take(replace(record, rc=7, call=record.call + 100_000, changed_s=now))
        key = f"{record.resource}#monitor_{record.interval_ms}"
        node.set(((f"fail-count-{key}", "1"), (f"last-failure-{key}", str(now))))
        return record.resource


class Turns:
    """CPU of all turns of the loop, and of the longest one, since it was last begun."""

    def __init__(self) -> None:
        self.all_s = self.longest_s = 0.0
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            began = time.thread_time()
            run(handle)
            took = time.thread_time() - began
            self.all_s += took
            self.longest_s = max(self.longest_s, took)

        asyncio.Handle._run = timed  # type: ignore[method-assign]

    def begin(self) -> None:
        """Count from now on."""
        self.all_s = self.longest_s = 0.0


def cpu_s_of(pid: int) -> float:
    """Return the CPU seconds that process *pid* has had, by the kernel's clock for it."""
    return time.clock_gettime((~pid << 3) | 2)


class Beating:
    """A heart's process, and this one as its brain."""

    def __init__(self) -> None:
        theirs, ours = pair()
        self.pid = os.fork()
        if not self.pid:
            ours.close()
            os._exit(run_heart(theirs, None, HeartSettings()))
        theirs.close()
        self.brain = FrameSocket(ours)
        secret = identity_of(1).private_bytes_raw()
        self.brain.send(Configure(1, Boot(1, 1), ring_of(2).to_bytes(), secret, (PSK,)))

    async def live(self) -> None:
        """Be a lively brain."""
        while True:
            self.brain.send(Pulse())
            self.brain.flush()
            await asyncio.sleep(0.3)

    async def late_ms(self) -> int:
        """Return how late the latest beat was since the last call."""
        self.brain.receive()
        self.brain.send(AskStats())
        while True:
            self.brain.flush()
            for frame in self.brain.receive():
                if isinstance(frame, HeartStats):
                    return int(json.loads(frame.text)["schedmiss"]["worst"])
            await asyncio.sleep(0.01)


async def measure(
    daemon: Daemon, worker: int, planner: Planner, answers: asyncio.Queue[Any], heart: Beating,
    failures: int,
) -> list[Row]:  # fmt: skip
    """Return a row for the first plan and for each failure."""
    turns = Turns()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in (planner.run(), heart.live())]
        rows = []
        for number in range(failures + 1):
            what = "taking charge" if not number else daemon.fail(number)
            await asyncio.sleep(0.5)
            await heart.late_ms()
            await asyncio.sleep(0)  # what is measured begins a turn of its own
            before = cpu_s_of(worker)
            turns.begin()
            more = daemon.gather()
            while more:  # as the scene of a brain in charge does, turn by turn
                await asyncio.sleep(0)
                more = daemon.gather()
            planner.plan(daemon.order())
            planned = await answers.get()
            assert planned.transition is not None, planned.failure
            daemon.decisions.decided(planned, after=0)
            Run(planned.transition)
            await asyncio.sleep(0)
            took, mine, longest = cpu_s_of(worker) - before, turns.all_s, turns.longest_s
            rows.append((what, mine, took, longest, await heart.late_ms(),
                         len(planned.transition.actions)))  # fmt: skip
        for task in tasks:
            task.cancel()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure deciding again in a daemon.")
    parser.add_argument("--size", default="32x1000")
    parser.add_argument("--failures", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pcsx-bench-") as place:
        cib = Cib.from_bytes(document(Path(place), given.size, "stable").read_bytes())
    heart = Beating()
    worker, sock = fork_worker(state_of)
    daemon = Daemon(cib)
    del cib
    gc.collect()
    gc.freeze()

    async def run() -> list[Row]:
        answers: asyncio.Queue[Any] = asyncio.Queue()
        planner = Planner(sock, answers.put_nowait)
        return await measure(daemon, worker, planner, answers, heart, given.failures)

    try:
        rows = asyncio.run(run())
    finally:
        for pid in (worker, heart.pid):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    print(
        tabulate(
            [(w, f"{b:.3f}", f"{p:.3f}", f"{b + p:.3f}", f"{1000 * t:.0f}", late, n)
             for w, b, p, t, late, n in rows],
            ("after", "brain, s", "worker, s", "both, s", "longest turn, ms", "beat late, ms",
             "actions"),
            disable_numparse=True,
        )
    )  # fmt: skip
    again = rows[1:]
    cpu_s = statistics.median(b + p for _, b, p, *_ in again)
    late_ms = max(row[4] for row in again)
    print(
        f"re-planning: {cpu_s:.3f} s of CPU, at most {CPU_GOAL_S:g}: "
        f"{'met' if cpu_s <= CPU_GOAL_S else 'MISSED'}; the heart was late by {late_ms} ms, "
        f"at most {LATE_GOAL_MS}: {'met' if late_ms <= LATE_GOAL_MS else 'MISSED'}"
    )


if __name__ == "__main__":
    sys.exit(main())
