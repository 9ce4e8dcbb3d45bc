"""Laws of units: what is asked of the service manager, what comes of it, and what is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pcsx.agents.types import Exit, Invocation, UnitTask
from pcsx.daemon.events import UnitChanged
from pcsx.daemon.io.children import boottime_ms
from pcsx.daemon.io.units import Units
from tests.daemon.io.fake_systemd import FakeManager


class Rig:
    """`Units` beside a manager with units that are asked for by short calls."""

    def __init__(self, path: Path, owner: asyncio.TaskGroup, **units: str) -> None:
        self.manager = FakeManager({f"{name}.service": state for name, state in units.items()})
        self.exits: asyncio.Queue[Exit] = asyncio.Queue()
        self.news: asyncio.Queue[UnitChanged] = asyncio.Queue()
        self.children: list[Invocation] = []
        self.place = path
        self.units = Units(
            owner.create_task,
            lambda _, exit: self.exits.put_nowait(exit),
            self.news.put_nowait,
            lambda _, invocation: self.children.append(invocation),
            clock_ms=boottime_ms,
            sockets=((str(path / "private"), True),),
            drop_ins=str(path / "system"),
        )
        self._number = 0

    def begin(self, unit: str, task: str, timeout_ms: int = 20_000, script: str = "") -> int:
        self._number += 1
        asked = UnitTask(f"{unit}.service", task, script)
        self.units.spawn(self._number, Invocation(("helper",), (), b"", timeout_ms, asked))
        return self._number

    async def do(self, unit: str, task: str, timeout_ms: int = 20_000) -> Exit:
        self.begin(unit, task, timeout_ms)
        return await self.exits.get()

    @property
    def drop_in(self) -> Path:
        return self.place / "system" / "web.service.d" / "50-pcsx.conf"


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


def with_rig(path: Path, body: Callable[[Rig], Awaitable[None]], **units: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as owner:
            rig = Rig(path, owner, **units)
            server = await rig.manager.serve(str(path / "private"))
            try:
                await body(rig)
            finally:
                rig.units.close()
                rig.manager.hang_up()
                server.close()

    asyncio.run(run())


def test_a_start_is_done_when_its_job_is_and_takes_the_unit_into_our_hands(tmp_path: Path):
    async def body(rig: Rig) -> None:
        exit = await rig.do("web", "start")
        assert exit.code == 0
        assert rig.manager.calls == [("Reload",), ("StartUnit", "web.service", "replace")]
        assert "Before=pcsx.service" in rig.drop_in.read_text()
        assert "Restart=no" in rig.drop_in.read_text()

    with_rig(tmp_path, body, web="inactive")


def test_a_stop_gives_the_unit_back(tmp_path: Path):
    async def body(rig: Rig) -> None:
        await rig.do("web", "start")
        assert (await rig.do("web", "stop")).code == 0
        await until(lambda: ("Reload",) in rig.manager.calls[2:])
        assert not rig.drop_in.exists()

    with_rig(tmp_path, body, web="inactive")


def test_while_systemd_stops_us_a_stop_heeds_no_order(tmp_path: Path):
    async def body(rig: Rig) -> None:
        await rig.do("web", "stop")
        assert rig.manager.calls[0] == ("StopUnit", "web.service", "ignore-dependencies")

    with_rig(tmp_path, body, web="active", pcsx="deactivating")


def test_a_monitor_tells_what_the_unit_is(tmp_path: Path):
    async def body(rig: Rig) -> None:
        rig.manager.fails.add("bad.service")
        assert (await rig.do("web", "monitor")).code == 0
        assert (await rig.do("idle", "monitor")).code == 7
        failed = await rig.do("bad", "monitor")
        assert (failed.code, b"exit-code" in failed.stderr) == (7, True)

    with_rig(tmp_path, body, web="active", idle="inactive", bad="failed")


def test_a_unit_that_is_not_there_is_not_installed_but_is_stopped(tmp_path: Path):
    async def body(rig: Rig) -> None:
        assert (await rig.do("none", "start")).code == 5
        assert (await rig.do("none", "stop")).code == 0
        assert (await rig.do("none", "monitor")).code == 7

    with_rig(tmp_path, body)


def test_a_job_that_fails_fails_the_start(tmp_path: Path):
    async def body(rig: Rig) -> None:
        rig.manager.fails.add("web.service")
        exit = await rig.do("web", "start")
        assert (exit.code, b"failed (exit-code)" in exit.stderr) == (1, True)

    with_rig(tmp_path, body, web="inactive")


def test_a_job_that_never_ends_times_out_and_can_be_given_up(tmp_path: Path):
    async def body(rig: Rig) -> None:
        rig.manager.hangs.add("web.service")
        assert (await rig.do("web", "stop", 50)).timed_out
        number = rig.begin("web", "stop")
        await asyncio.sleep(0.02)
        assert rig.units.kill(number)
        assert (await rig.exits.get()).signal == 9
        assert not rig.units.kill(number)

    with_rig(tmp_path, body, web="active")


def test_a_unit_that_changes_by_itself_is_told_and_one_that_we_change_is_not(tmp_path: Path):
    async def body(rig: Rig) -> None:
        await rig.do("web", "start")
        await rig.do("web", "monitor")
        assert rig.news.empty()
        rig.manager.change("web.service", "inactive")
        assert await rig.news.get() == UnitChanged("web.service", "inactive")

    with_rig(tmp_path, body, web="inactive")


def test_a_manager_that_is_executed_anew_is_asked_again(tmp_path: Path):
    async def body(rig: Rig) -> None:
        await rig.do("web", "monitor")
        rig.manager.hang_up()
        assert (await rig.do("web", "monitor")).code == 0

    with_rig(tmp_path, body, web="active")


def test_where_no_manager_answers_or_a_script_is_there_a_program_is_run(tmp_path: Path):
    async def body(rig: Rig) -> None:
        script = tmp_path / "web"
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        rig.begin("web", "start", script=str(script))
        await until(lambda: len(rig.children) == 1)
        rig.units._sockets = ((str(tmp_path / "nobody"), True),)
        rig.begin("web", "start", script=str(tmp_path / "absent"))
        await until(lambda: len(rig.children) == 2)
        assert rig.manager.calls == []

    with_rig(tmp_path, body, web="inactive")
