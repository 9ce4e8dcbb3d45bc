"""The worker: a process that plans, so that a long plan never holds up the brain.

It is forked from the brain before the loop and any thread start, shares the brain's memory, and
does one job at a time: a document in, a transition or a picture of the state out, as bytes over a
socket pair.
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
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from pcsx.cib import Cib
from pcsx.daemon.effects import Depict, Plan
from pcsx.daemon.events import Depicted, Planned
from pcsx.pe import Transition

_HEADER: Final = struct.Struct(">BQI")
_PLAN: Final = 1
_DEPICT: Final = 2
_PR_SET_PDEATHSIG: Final = 1

Schedule = Callable[[Cib, datetime], Transition]
StateOf = Callable[..., dict[str, Any]]


def fork_worker(schedule: Schedule, state_of: StateOf) -> tuple[int, socket.socket]:
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
            _serve(theirs, schedule, state_of)
        status = 0
    finally:
        os._exit(status)


def _serve(sock: socket.socket, schedule: Schedule, state_of: StateOf) -> None:
    while (head := _exactly(sock, _HEADER.size)) is not None:
        kind, job, length = _HEADER.unpack(head)
        body = _exactly(sock, length)
        if body is None:
            return
        text, wall, more = pickle.loads(body)
        answer: Any = None
        failure = ""
        try:
            cib, moment = Cib.from_bytes(text), datetime.fromisoformat(wall)
            if kind == _PLAN:
                answer = schedule(cib, moment).to_bytes()
            else:
                answer = state_of(cib, more["live"], moment, hide_inactive=more["hide_inactive"])
        except Exception as error:  # a fault of the engine stops this job, not the cluster
            failure = f"{type(error).__name__}: {error}"
        reply = pickle.dumps((answer, failure))
        sock.sendall(_HEADER.pack(kind, job, len(reply)) + reply)
        gc.collect()


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
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Read answers until the worker is gone, which is a fault: raises `RuntimeError`."""
        self._socket.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=self._socket)
        while True:
            try:
                head = await reader.readexactly(_HEADER.size)
                kind, job, length = _HEADER.unpack(head)
                answer, failure = pickle.loads(await reader.readexactly(length))
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise RuntimeError("the planning worker has died") from error
            if kind == _DEPICT:
                self._feed(Depicted(job, answer))
                continue
            transition = None if failure else Transition.from_bytes(answer)
            self._feed(Planned(job, transition, failure))

    def plan(self, order: Plan) -> None:
        """Send a job to the worker; the answer comes as an event."""
        self._send(_PLAN, order.job, order.cib, order.wall, {})

    def depict(self, order: Depict) -> None:
        """Send a job to the worker; the answer comes as an event."""
        more = {"live": order.live, "hide_inactive": order.hide_inactive}
        self._send(_DEPICT, order.job, order.cib, order.wall, more)

    def _send(self, kind: int, job: int, cib: Cib, wall: datetime, more: dict[str, Any]) -> None:
        assert self._writer is not None
        body = pickle.dumps((cib.packed(), wall.isoformat(), more))
        self._writer.write(_HEADER.pack(kind, job, len(body)) + body)
