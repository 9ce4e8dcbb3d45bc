"""The worker: a process that plans, so that a long plan never holds up the brain.

It is forked from the brain before the loop and any thread start, shares the brain's memory, and
does one job at a time. It keeps the document, and is told over a socket pair what has changed
(`drafting.py`); a transition goes back, as bytes. A picture of the state is made of a document of
its own, as who asks may not read all.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import pickle
import signal
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pcsx.cib import Cib
from pcsx.cib.drafting import Draft, Told
from pcsx.cib.packing import Packer
from pcsx.daemon.decisions import packed
from pcsx.daemon.effects import Depict, Plan
from pcsx.daemon.events import Depicted, Planned
from pcsx.pe import Transition
from pcsx.pe.replan import Replanner

_HEADER: Final = struct.Struct(">BQI")
_PART: Final = 0
"""More of the document, and nothing to do yet."""
_PLAN: Final = 1
_DEPICT: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_WORK_A_SWEEP: Final = 8
"""Work takes so many times as long as looking for garbage among all that is kept."""

StateOf = Callable[..., dict[str, Any]]


def fork_worker(state_of: StateOf) -> tuple[int, socket.socket]:
    """Fork the worker; return its pid and the brain's end of the socket. No thread may run yet."""
    ours, theirs = socket.socketpair()
    brain = os.getpid()
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    status = 1
    try:
        ours.close()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getppid() == brain:
            _serve(theirs, state_of)
        status = 0
    finally:
        os._exit(status)


def _serve(sock: socket.socket, state_of: StateOf) -> None:
    draft, replanner, packer, sweeper = Draft(), Replanner(), Packer(), _Sweeper()
    while (head := _exactly(sock, _HEADER.size)) is not None:
        kind, job, length = _HEADER.unpack(head)
        body = _exactly(sock, length)
        if body is None:
            return
        told = pickle.loads(body)
        if kind == _PART:
            draft.take(told)
            continue
        if kind == _PLAN:
            answer: Any = _answer(draft, replanner, packer, told)
        else:
            answer = _picture(state_of, *told)
        reply = pickle.dumps(answer)
        sock.sendall(_HEADER.pack(kind, job, len(reply)) + reply)
        if kind == _DEPICT or not replanner.local:
            sweeper.sweep()


class _Sweeper:
    """Looks for garbage now and then, for what is kept from job to job not to be looked at in each.

    A sweep goes through all that was loaded, too: after each of many short jobs it would take
    several times as long as these.
    """

    def __init__(self) -> None:
        self._due_s = 0.0

    def sweep(self) -> None:
        """Do so, if there was work enough since the last time."""
        began_s = time.process_time()
        if began_s < self._due_s:
            return
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        ended_s = time.process_time()
        self._due_s = ended_s + _WORK_A_SWEEP * (ended_s - began_s)


def _answer(
    draft: Draft, replanner: Replanner, packer: Packer, wall: datetime
) -> tuple[bytes, bytes, bytes, str]:
    """Return the transition without its reasons; for keeping, what was read and decided; a fault.

    What is kept is made here, as compressing a large document takes long.
    """
    cib, changed = draft.draw()
    packer.changed(changed)
    try:
        transition = replanner.plan(cib, wall, changed=changed)
    except Exception as error:  # a fault of the engine stops this plan, not the cluster
        return b"", packer.pack(cib), b"", f"{type(error).__name__}: {error}"
    brief = replace(transition, reasons=()).to_bytes()
    if not transition.actions:
        return brief, b"", b"", ""
    return brief, packer.pack(cib), packed(transition.to_bytes()), ""


def _picture(
    state_of: StateOf, text: bytes, live: dict[str, Any], wall: datetime, hide_inactive: bool
) -> Any:
    """Return what the document says of the state, None where the engine has a fault."""
    try:
        return state_of(Cib.from_bytes(text), live, wall, hide_inactive=hide_inactive)
    except Exception:  # a fault of the engine stops this job, not the cluster
        return None


def _exactly(sock: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


class Planner:
    """The brain's end: takes `Plan` and `Depict` effects, feeds `Planned` and `Depicted` events."""

    def __init__(self, sock: socket.socket, feed: Callable[[Planned | Depicted], None]) -> None:
        self._socket, self._feed = sock, feed
        self._told = Told()
        self._orders: asyncio.Queue[Plan | Depict] = asyncio.Queue()

    async def run(self) -> None:
        """Pass orders on and read answers until the worker is gone: that raises `RuntimeError`."""
        self._socket.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=self._socket)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(reader))
                group.create_task(self._write(writer))
        except* (asyncio.IncompleteReadError, ConnectionError) as errors:
            raise RuntimeError("the planning worker has died") from errors

    def plan(self, order: Plan) -> None:
        """Send a job to the worker; the answer comes as an event."""
        self._orders.put_nowait(order)

    def depict(self, order: Depict) -> None:
        """Send a job to the worker; the answer comes as an event."""
        self._orders.put_nowait(order)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            kind, job, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
            answer = pickle.loads(await reader.readexactly(length))
            if kind == _DEPICT:
                self._feed(Depicted(job, answer))
                continue
            brief, read, decided, failure = answer
            transition = None if failure else Transition.from_bytes(brief)
            self._feed(Planned(job, transition, failure, read, decided))

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        """Send what the worker does not know yet, piece by piece, and let others run in between."""
        while True:
            order = await self._orders.get()
            if isinstance(order, Depict):
                told = (order.cib.packed(), order.live, order.wall, order.hide_inactive)
                _send(writer, _DEPICT, order.job, told)
                continue
            for part in self._told.parts(order.situation):
                _send(writer, _PART, 0, part)
                await writer.drain()
                await asyncio.sleep(0)
            _send(writer, _PLAN, order.job, order.wall)


def _send(writer: asyncio.StreamWriter, kind: int, job: int, value: Any) -> None:
    body = pickle.dumps(value, protocol=5)
    writer.write(_HEADER.pack(kind, job, len(body)) + body)
