"""Executor, children and agents together: a service is started, watched, lost, and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pcsx.agents import Exit, Host
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.daemon.io.children import Children, boottime_ms
from pcsx.daemon.lrm import Cancelled, Lrm, LrmEvent, Obey, Report, StopAll, Stopped
from pcsx.daemon.records import OpRecord, Order
from pcsx.values import Now


class Node:
    """One node's executor with real children."""

    def __init__(self, run_dir: Path) -> None:
        host = Host(node="n1", run_dir=str(run_dir))
        self.lrm = Lrm(host, children=count(1), sees_lease=lambda term, now: True, metadata={})
        self.loop = asyncio.get_running_loop()
        self.children = Children(self.loop, self._exited)
        self.told: asyncio.Queue[object] = asyncio.Queue()
        self._actions = count(1)

    def _exited(self, child: int, exit: Exit) -> None:
        self.step(ChildExited(child, exit))

    def step(self, event: LrmEvent) -> None:
        for effect in self.lrm.step(event, Now(boottime_ms(), datetime.now(UTC))):
            match effect:
                case Spawn(child, invocation):
                    self.children.spawn(child, invocation)
                case Kill(child):
                    self.children.kill(child)
                case _:
                    self.told.put_nowait(effect)
        if (at_ms := self.lrm.deadline_ms) is not None:
            pause_s = max(0, at_ms - boottime_ms()) / 1000
            self.loop.call_later(pause_s, lambda: self.children._null >= 0 and self.step(Tick()))

    def order(self, task: str, interval_ms: int = 0, **params: str) -> None:
        key = f"web_{task}_{interval_ms}"
        agent = ("ocf", "pcsx", "http")
        meta = (("interval", "100"), ("operation", "monitor")) if task == "cancel" else ()
        pairs = tuple(sorted(params.items()))
        action = next(self._actions)
        self.step(
            Obey(Order(1, 1, action, "web", task, key, agent, pairs, meta, interval_ms, 10_000))
        )

    async def until(self, wanted: Callable[[object], bool]) -> object:
        async with asyncio.timeout(20):
            while not wanted(effect := await self.told.get()):
                pass
            return effect

    async def comes(self, task: str, rc: int, interval_ms: int = 0) -> OpRecord:
        def wanted(effect: object) -> bool:
            if not isinstance(effect, Report):
                return False
            record = effect.record
            return (record.task, record.rc, record.interval_ms) == (task, rc, interval_ms)

        report = await self.until(wanted)
        assert isinstance(report, Report)
        return report.record


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def test_a_real_service_goes_through_its_life(tmp_path: Path):
    async def life() -> None:
        node = Node(tmp_path)
        where = {"ip": "127.0.0.1", "port": _free_port()}
        try:
            node.order("monitor", **where)
            await node.comes("monitor", 7)
            node.order("start", **where)
            await node.comes("start", 0)
            node.order("monitor", 100, **where)
            await node.comes("monitor", 0, 100)
            pid = int((tmp_path / "agents" / "http-web.pid").read_text().split()[0])
            os.kill(pid, signal.SIGKILL)
            await node.comes("monitor", 7, 100)
            node.order("cancel")
            await node.until(lambda effect: isinstance(effect, Cancelled))
            node.order("stop", **where)
            await node.comes("stop", 0)
            node.order("start", **where)
            await node.comes("start", 0)
            node.step(StopAll("the test is over"))
            assert await node.until(lambda effect: isinstance(effect, Stopped)) == Stopped(())
        finally:
            node.children.close()

    asyncio.run(life())
    assert not (tmp_path / "agents" / "http-web.pid").exists()
