"""Units of systemd as resources: started, stopped and watched through its manager, by D-Bus.

A start or stop is over when the manager says that its job is (`JobRemoved`), and the unit has
settled. A unit that leaves its state without being asked to is told at once (`UnitChanged`), so
that nobody has to wait for the next monitor. While the cluster has a unit, a drop-in keeps systemd
from restarting it by itself, and from stopping it at shutdown before the cluster has.

Where no manager answers, or an init script comes first, the invocation's own program is run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from pcsx.agents.outcome import GENERIC, INSTALLED, NOT_RUNNING, OK, UNIMPLEMENTED
from pcsx.agents.types import Exit, Invocation, UnitTask
from pcsx.daemon.events import UnitChanged
from pcsx.daemon.io.dbus import (
    MANAGER,
    MANAGER_PATH,
    PRIVATE,
    SYSTEM_BUS,
    Bus,
    DbusError,
    Disconnected,
    Message,
    connect,
)

UNIT: Final = "org.freedesktop.systemd1.Unit"
SERVICE: Final = "org.freedesktop.systemd1.Service"
DROP_INS: Final = "/run/systemd/system"
DROP_IN: Final = "50-pcsx.conf"
OURSELVES: Final = "pcsx.service"

RUNNING: Final = frozenset(("active", "reloading", "refreshing"))
CHANGING: Final = frozenset(("activating", "deactivating", "maintenance"))
_UNKNOWN: Final = ("NoSuchUnit", "LoadFailed", "InvalidName", "UnitMasked")

RELOAD_WAIT_S: Final = 0.02
"""How long a reload of the manager waits for others that want one: one is enough for a burst."""
POLL_S: Final = 0.1
"""How often a unit is looked at that is on its way."""
WANTS_CALL: Final = frozenset(("start", "stop", "monitor", "status", "reload"))

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Units:
    """All that is asked of the service manager; see the module's paragraph.

    *begin* makes a task that has an owner; *exited* is told each end; *changed* is told of units
    that changed by themselves; *otherwise* runs the invocation as a child.
    """

    def __init__(
        self,
        begin: Spawn,
        exited: Callable[[int, Exit], None],
        changed: Callable[[UnitChanged], None],
        otherwise: Callable[[int, Invocation], None],
        *,
        clock_ms: Callable[[], int],
        sockets: tuple[tuple[str, bool], ...] = ((PRIVATE, True), (SYSTEM_BUS, False)),
        drop_ins: str = DROP_INS,
    ) -> None:
        self._begin_task, self._exited, self._changed = begin, exited, changed
        self._otherwise, self._clock_ms = otherwise, clock_ms
        self._sockets, self._drop_ins = sockets, drop_ins
        self._bus: Bus | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._killed: set[int] = set()
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._ended: dict[str, str] = {}
        """Jobs that ended before the answer that names them was read."""
        self._paths: dict[str, str] = {}
        """Object path -> unit, of all that were asked for."""
        self._states: dict[str, str] = {}
        self._busy: dict[str, int] = {}
        """Units that we are changing: what is heard of them is no news."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._reload: asyncio.Future[DbusError | Disconnected | None] | None = None

    def spawn(self, number: int, invocation: Invocation) -> None:
        """Begin what *invocation* asks of a unit; its exit is told as a child's is."""
        assert invocation.unit is not None
        self._tasks[number] = self._begin_task(self._run(number, invocation, invocation.unit))

    def kill(self, number: int) -> bool:
        """Give up *number* if it is asked of the manager now; return whether it is."""
        task = self._tasks.get(number)
        if task is None:
            return False
        self._killed.add(number)
        task.cancel()
        return True

    def close(self) -> None:
        """Let go of the manager."""
        if self._bus is not None:
            self._bus.close()

    async def _run(self, number: int, invocation: Invocation, asked: UnitTask) -> None:
        began_ms = self._clock_ms()
        exit: Exit | None = None
        try:
            bus = None
            if asked.task in WANTS_CALL and not (asked.script and os.access(asked.script, os.X_OK)):
                bus = await self._connected()
            if bus is None:
                del self._tasks[number]
                self._otherwise(number, invocation)
                return
            async with asyncio.timeout(invocation.timeout_ms / 1000):
                code, reason = await self._do(bus, asked)
            text = f"ocf-exit-reason:{reason}\n".encode() if reason else b""
            exit = Exit(code=code, stderr=text)
        except TimeoutError:
            state = self._states.get(asked.unit, "not known")
            why = f"ocf-exit-reason:{asked.unit} did not {asked.task} in time, it is {state}\n"
            exit = Exit(timed_out=True, stderr=why.encode())
        except asyncio.CancelledError:
            if number not in self._killed:
                raise
            exit = Exit(signal=signal.SIGKILL)
        finally:
            self._tasks.pop(number, None)
            self._killed.discard(number)
        took_ms = max(0, self._clock_ms() - began_ms)
        self._exited(
            number,
            Exit(exit.code, exit.signal, exit.timed_out, stderr=exit.stderr, began_ms=began_ms,
                 took_ms=took_ms),
        )  # fmt: skip

    # --- what is asked ----------------------------------------------------------------------------

    async def _do(self, bus: Bus, asked: UnitTask) -> tuple[int, str]:
        """Return the OCF code and the reason that *asked* comes to."""
        while True:
            try:
                match asked.task:
                    case "start":
                        return await self._start(bus, asked.unit)
                    case "stop":
                        return await self._stop(bus, asked.unit)
                    case "reload":
                        return await self._job(bus, "ReloadUnit", asked.unit)
                    case "monitor" | "status":
                        return await self._monitor(bus, asked.unit)
                return UNIMPLEMENTED, f"no such action: {asked.task!r}"
            except Disconnected:
                # The manager is being executed anew, which is no news of the unit: ask again.
                await asyncio.sleep(POLL_S)
                again = await self._connected()
                if again is None:
                    return GENERIC, "the service manager does not answer"
                bus = again
            except DbusError as error:
                if not error.name.endswith(_UNKNOWN):
                    return GENERIC, str(error)
                if asked.task == "stop":
                    return OK, ""
                absent = NOT_RUNNING if asked.task in ("monitor", "status") else INSTALLED
                return absent, f"there is no unit {asked.unit}"

    async def _start(self, bus: Bus, unit: str) -> tuple[int, str]:
        async with self._alone(unit):
            path = await self._known(bus, unit)
            if self._write_drop_in(unit):
                await self._reloaded(bus)
            code, reason = await self._job(bus, "StartUnit", unit)
            if code != OK:
                return code, f"{reason}{await self._result(bus, path)}"
            state = await self._settled(bus, path, unit)
            if state not in RUNNING:
                return GENERIC, f"{unit} is {state}{await self._result(bus, path)}"
            return OK, ""

    async def _stop(self, bus: Bus, unit: str) -> tuple[int, str]:
        async with self._alone(unit):
            path = await self._known(bus, unit)
            mode = "ignore-dependencies" if await self._are_we_going(bus) else "replace"
            code, reason = await self._job(bus, "StopUnit", unit, mode)
            if code != OK:
                return code, reason
            state = await self._settled(bus, path, unit)
            if state in RUNNING:
                return GENERIC, f"{unit} is still {state}"
        self._begin_task(self._release(bus, unit))
        return OK, ""

    async def _monitor(self, bus: Bus, unit: str) -> tuple[int, str]:
        path = await self._known(bus, unit)
        state = await self._settled(bus, path, unit)
        if state in RUNNING:
            return OK, ""
        detail = await self._result(bus, path) if state == "failed" else ""
        return NOT_RUNNING, f"{unit} is {state}{detail}" if detail else ""

    async def _known(self, bus: Bus, unit: str) -> str:
        """Return the object of *unit*; raises `DbusError` where there is no such unit."""
        (path,) = await bus.call(MANAGER_PATH, MANAGER, "LoadUnit", "s", unit)
        self._paths[path] = unit
        state = await bus.property(path, UNIT, "LoadState")
        if state in ("not-found", "error", "masked", "bad-setting"):
            raise DbusError(f"{MANAGER}.NoSuchUnit", f"{unit} is {state}")
        return str(path)

    async def _settled(self, bus: Bus, path: str, unit: str) -> str:
        """Return the state of *unit* once it is not on its way from one to another."""
        while True:
            state = str(await bus.property(path, UNIT, "ActiveState"))
            self._states[unit] = state
            if state not in CHANGING:
                return state
            await asyncio.sleep(POLL_S)

    async def _result(self, bus: Bus, path: str) -> str:
        """Return how the service ended, for the reason, where it says so."""
        with contextlib.suppress(DbusError):
            result = str(await bus.property(path, SERVICE, "Result"))
            if result not in ("", "success"):
                return f" ({result})"
        return ""

    async def _are_we_going(self, bus: Bus) -> bool:
        """Return whether systemd is stopping us.

        By the drop-in the unit stops after us, so its stop would wait for our end, and we for it:
        then the job must not heed the order.
        """
        with contextlib.suppress(DbusError):
            (path,) = await bus.call(MANAGER_PATH, MANAGER, "LoadUnit", "s", OURSELVES)
            return bool(await bus.property(path, UNIT, "ActiveState") == "deactivating")
        return False

    async def _job(
        self, bus: Bus, method: str, unit: str, mode: str = "replace"
    ) -> tuple[int, str]:
        """Have the manager do *method* and return when the job is over."""
        verb = method.removesuffix("Unit").lower()
        (job,) = await bus.call(MANAGER_PATH, MANAGER, method, "ss", unit, mode)
        result = self._ended.pop(job, None)
        if result is None:
            self._jobs[job] = asyncio.get_running_loop().create_future()
            try:
                result = await self._jobs[job]
            finally:
                self._jobs.pop(job, None)
        if result in ("done", "skipped"):
            return OK, ""
        return GENERIC, f"{unit} did not {verb}: {result}"

    # --- what is heard ----------------------------------------------------------------------------

    def _heard(self, message: Message) -> None:
        if message.member == "JobRemoved" and len(message.body) >= 4:
            job, result = str(message.body[1]), str(message.body[3])
            waiting = self._jobs.get(job)
            if waiting is not None and not waiting.done():
                waiting.set_result(result)
            elif self._busy:
                self._ended[job] = result
            return
        unit = self._paths.get(message.path)
        if message.member != "PropertiesChanged" or unit is None or len(message.body) < 2:
            return
        state = message.body[1].get("ActiveState")
        if not isinstance(state, str) or state == self._states.get(unit):
            return
        self._states[unit] = state
        if unit not in self._busy and state not in CHANGING:
            self._changed(UnitChanged(unit, state))

    # --- the manager ------------------------------------------------------------------------------

    async def _connected(self) -> Bus | None:
        """Return the connection, a new one where the last has ended; None: nobody answers."""
        if self._bus is not None and not self._bus.closed:
            return self._bus
        if self._connecting is None or self._connecting.done():
            self._connecting = self._begin_task(self._connect())
        await asyncio.wait((self._connecting,))
        return self._bus if self._bus is not None and not self._bus.closed else None

    async def _connect(self) -> None:
        bus = await connect(self._heard, self._sockets)
        if bus is None:
            return
        self._begin_task(bus.run())
        try:
            async with asyncio.timeout(5):
                await bus.greet()
        except (TimeoutError, DbusError, Disconnected):
            bus.close()
            return
        for waiting in self._jobs.values():
            if not waiting.done():  # its end may have been told while nobody listened
                waiting.set_exception(Disconnected("the service manager hung up"))
        self._bus = bus

    @contextlib.asynccontextmanager
    async def _alone(self, unit: str) -> Any:
        """Be the only one who changes *unit*; what is heard of it meanwhile is no news."""
        async with self._locks.setdefault(unit, asyncio.Lock()):
            self._busy[unit] = self._busy.get(unit, 0) + 1
            try:
                yield
            finally:
                del self._busy[unit]
                if not self._busy:
                    self._ended.clear()

    # --- the drop-in ------------------------------------------------------------------------------

    def _write_drop_in(self, unit: str) -> bool:
        """Take *unit* into the cluster's hands; return whether the manager must read that."""
        lines = ["[Unit]", f"Description=Cluster controlled {unit}", "Before=pcsx.service"]
        if unit.endswith(".service"):
            lines += ["[Service]", "Restart=no"]
        text = "\n".join(lines) + "\n"
        path = Path(self._drop_ins) / f"{unit}.d" / DROP_IN
        try:
            if path.exists() and path.read_text() == text:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError as error:
            raise DbusError("pcsx.DropIn", f"cannot write {path}: {error.strerror}") from error
        return True

    async def _release(self, bus: Bus, unit: str) -> None:
        """Give *unit* back to systemd, unless it was started again in the meantime."""
        async with self._locks.setdefault(unit, asyncio.Lock()):
            if self._states.get(unit) in RUNNING:
                return
            path = Path(self._drop_ins) / f"{unit}.d" / DROP_IN
            try:
                path.unlink()
                path.parent.rmdir()
            except OSError:
                if path.exists():
                    return
            with contextlib.suppress(DbusError, Disconnected):
                await self._reloaded(bus)

    async def _reloaded(self, bus: Bus) -> None:
        """Have the manager read its files again: once for all who ask at about the same time."""
        if self._reload is None:
            self._reload = asyncio.get_running_loop().create_future()
            self._begin_task(self._reload_soon(bus, self._reload))
        failure = await asyncio.shield(self._reload)
        if failure is not None:
            raise failure

    async def _reload_soon(
        self, bus: Bus, done: asyncio.Future[DbusError | Disconnected | None]
    ) -> None:
        await asyncio.sleep(RELOAD_WAIT_S)
        self._reload = None  # who comes from now on needs another one
        failure: DbusError | Disconnected | None = None
        try:
            await bus.call(MANAGER_PATH, MANAGER, "Reload")
        except (DbusError, Disconnected) as error:
            failure = error
        if not done.done():
            done.set_result(failure)
