"""The worker is a process that is told what has changed, and answers as the engine would here."""

from __future__ import annotations

import asyncio
import os
import signal
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pcsx.cib.status import NodeState, Operation, ResourceHistory, Situation
from pcsx.daemon.effects import Depict, Plan
from pcsx.daemon.events import Depicted
from pcsx.daemon.io.worker import Planner, fork_worker
from pcsx.pe import Transition
from pcsx.pe.schedule import schedule
from pcsx.pe.state import state_of
from tests.pe import small
from tests.pe.small import NOON

_NAMES = [f"r{n}" for n in range(8)]


def _history(name: str, task: str, rc: int, expected: int) -> ResourceHistory:
    pairs = (
        ("operation", task), ("call-id", "1"), ("rc-code", str(rc)), ("op-status", "0"),
        ("interval", "0"), ("transition-key", f"1:1:{expected}:u"),
    )  # fmt: skip
    return ResourceHistory(
        name, ("ocf", "pacemaker", "Dummy"), (Operation(f"{name}_last_0", pairs),)
    )


def _state(id: str, name: str, runs: int) -> NodeState:
    histories = tuple(
        _history(each, "start", 0, 0) if n % 2 == runs else _history(each, "monitor", 7, 7)
        for n, each in enumerate(_NAMES)
    )
    return NodeState(id, name, True, True, "member", "member", (), histories)


def _situation() -> Situation:
    configured = small.cluster("".join(map(small.primitive, _NAMES)), nodes="a b")
    states = (_state("1", "a", 0), _state("2", "b", 1))
    return Situation(configured, states, (("have_quorum", "1"), ("dc_uuid", "1")))


def _with_worker(act: Callable[[Planner, asyncio.Queue[Any], int], object]) -> None:
    pid, sock = fork_worker(state_of)

    async def run() -> None:
        answers: asyncio.Queue[Any] = asyncio.Queue()
        planner = Planner(sock, answers.put_nowait)
        serving = asyncio.create_task(planner.run())
        try:
            await act(planner, answers, pid)  # type: ignore[misc]
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    try:
        asyncio.run(run())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_worker_answers_each_situation_as_the_engine_would() -> None:
    async def act(planner: Planner, answers: asyncio.Queue[Any], _pid: int) -> None:
        situation = _situation()
        for job in range(1, 6):
            planner.plan(Plan(job, situation, NOON))
            planned = await asyncio.wait_for(answers.get(), 30)
            expected = schedule(situation.document(), NOON)
            assert planned.job == job and planned.transition is not None
            assert planned.transition == replace(expected, reasons=())
            if expected.actions:
                kept = Transition.from_bytes(zlib.decompress(planned.decided))
                assert kept.canonical() == expected.canonical()
                assert zlib.decompress(planned.read) == situation.document().packed()
            else:
                assert planned.read == planned.decided == b""
            first, other = situation.states
            told = list(first.resources)
            told[job] = _history(_NAMES[job], "stop", 1, 0) if job % 2 else told[job]
            situation = replace(situation, states=(replace(first, resources=tuple(told)), other))

    _with_worker(act)


def test_a_worker_tells_the_state_of_a_document_and_none_where_it_cannot() -> None:
    async def act(planner: Planner, answers: asyncio.Queue[Any], _pid: int) -> None:
        cib = _situation().document()
        live = {"cluster": {}, "nodes": {}}
        planner.depict(Depict(4, cib, live, NOON))
        told = await asyncio.wait_for(answers.get(), 30)
        assert told == Depicted(4, state_of(cib, live, NOON))
        planner.depict(Depict(5, cib, {}, NOON))
        planner.plan(Plan(1, _situation(), NOON))
        assert await asyncio.wait_for(answers.get(), 30) == Depicted(5, None)
        assert (await asyncio.wait_for(answers.get(), 30)).transition is not None

    _with_worker(act)


def test_the_end_of_the_worker_is_a_fault() -> None:
    async def act(planner: Planner, _answers: asyncio.Queue[Any], pid: int) -> None:
        serving = asyncio.create_task(planner.run())
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="worker has died"):
            await asyncio.wait_for(serving, 30)

    pid, sock = fork_worker(state_of)

    async def run() -> None:
        await act(Planner(sock, lambda _planned: None), asyncio.Queue(), pid)

    asyncio.run(run())
    os.waitpid(pid, 0)
