"""The world as the brain meets it: events in, effects out, on one asyncio loop.

`World` owns every window (heart, disk, children, clients, streams, worker, mDNS) and the one loop
that hands events to `Node.step` and performs what it answers. Nothing here decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pcsx.daemon import effects as out
from pcsx.daemon import events
from pcsx.daemon.io import states
from pcsx.daemon.io.children import Children, boottime_ms
from pcsx.daemon.io.discovery import Discovery
from pcsx.daemon.io.disk import Disk
from pcsx.daemon.io.frame_socket import FrameSocket
from pcsx.daemon.io.listener import Listener
from pcsx.daemon.io.state import State, read_bootstrap_key
from pcsx.daemon.io.streams import Streams
from pcsx.daemon.io.units import Units
from pcsx.daemon.io.watchdog import reset_machine
from pcsx.daemon.io.worker import Planner
from pcsx.daemon.node import Node
from pcsx.daemon.settings import Settings
from pcsx.errors import PcsxError
from pcsx.ring import port
from pcsx.ring.frames import Pulse, ToHeart
from pcsx.ring.port import Note, Persist
from pcsx.values import Now

PULSE_S: Final = 0.4
"""The loop's own clock stands still in a suspend, so it never sleeps longer than this.

It is longer than the log's own rounds, so that a brain at rest wakes for them alone, and shorter
than the time after which a brain that does not answer is left out of a new view.
"""
PULSE_EARLY_S: Final = 0.05
TIMER_S: Final = 0.001
"""Times that differ by so little are the same."""
TURN_MS: Final = 50
"""So long a turn takes events that are here, for what they lead to to leave together."""
LOAD_MS: Final = 5000
"""How often it is looked how busy the machine is."""
ROOM_LOOKS: Final = 4
"""So often in a row there must be room on a disk that was full, before a new life relies on it: a
daemon that began anew again and again would be taken for one that cannot."""
HEART_GONE: Final = 1
"""The brain's exit status when its heart is gone, or its disk was full: both are begun anew."""


def read_now() -> Now:
    """Return both clocks."""
    return Now(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000, datetime.now(UTC))


def read_load() -> events.Load:
    """Return how busy this machine is."""
    cores = len(os.sched_getaffinity(0))
    return events.Load(int(os.getloadavg()[0] * 100 / cores), cores)


class World:
    """See the module's paragraph; `run` returns the daemon's exit status."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        heart: socket.socket,
        planner: socket.socket,
        *,
        group_begins: Callable[[int], None],
        group_ends: Callable[[int], None],
    ) -> None:
        self._settings, self._state = settings, state
        self._heart = FrameSocket(heart)
        self._writing = False
        self._said_ms = 0
        self._persists: list[Persist] = []
        """What goes to the disk at the end of the turn: its thread would take the interpreter away
        from what is sent meanwhile."""
        self._load_ms = 0
        self._room_seen = 0
        self._groups = (group_begins, group_ends)
        self._planner = Planner(planner, self.feed)
        self._listener = Listener(settings.socket_path, settings.group, self._feed_asked)
        self._streams = Streams(self.feed)
        self._disk: Disk | None = None
        self._place = asyncio.Lock()
        """Whose turn it is with the state: what is forgotten was stored before, and not after."""
        self._queue: deque[events.Event] = deque()
        self._asked: deque[events.Event] = deque()
        """What clients ask waits for all else: the ring lives on however much they want."""
        self._node: Node | None = None
        self._due_ms: int | None = None
        """When the node wants a `Tick`."""
        self._turn_comes = False
        """Whether a turn is on the loop's list already."""
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None
        self._status: int | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._background: set[asyncio.Task[None]] = set()

    def feed(self, event: events.Event) -> None:
        """Hand *event* to the node, soon; to be called on the loop."""
        self._queue.append(event)
        self._turn_soon()

    def _take(self, event: events.Event) -> None:
        """Hand *event* to the node now: the loop woke for it, and need not turn again."""
        self._queue.append(event)
        self._turn()

    def _feed_asked(self, event: events.Requested | events.ClientGone) -> None:
        self._asked.append(event)
        self._turn_soon()

    async def run(self, node: Node, cluster: str) -> int:
        """Run *node* until it quits; *cluster* is the one whose log is open, if any."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._keeping, self._deciding = asyncio.Lock(), asyncio.Lock()
        self._children = Children(
            loop,
            lambda child, exit: self.feed(events.ChildExited(child, exit)),
            group_begins=self._groups[0],
            group_ends=self._groups[1],
        )
        self._units = Units(
            self._spawn_task,
            lambda child, exit: self.feed(events.ChildExited(child, exit)),
            self.feed,
            self._children.spawn,
            clock_ms=boottime_ms,
        )
        self._discovery = Discovery(self._settings.port, self._settings.address, self.feed)
        if cluster:
            self._open_disk(cluster)
        loop.add_reader(self._heart.fileno(), self._hear)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        await self._listener.start()
        await self._streams.listen(self._settings.address, self._settings.port)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                planning = self._tasks.create_task(self._planner.run())
                await asyncio.sleep(0)
                await self._loop(node)
                planning.cancel()
                await self._close()
                for task in list(self._background):
                    task.cancel()
        finally:
            loop.remove_reader(self._heart.fileno())
        return self._status or 0

    def _end(self) -> None:
        notify("handing over or stopping what runs here", stopping=True)
        self.feed(events.Terminate())

    async def _loop(self, node: Node) -> None:
        """Give *node* its turns until it quits; raises what goes wrong in one."""
        assert self._ended is not None
        self._node = node
        self._perform_all(node.begin(read_now()))
        # Every part of the node is asked for this, so it is asked for only where it may have moved.
        self._due_ms = node.deadline_ms
        self._turn()
        try:
            await self._ended
        finally:
            self._node = None
            if self._timer is not None:
                self._timer.cancel()

    def _turn_soon(self) -> None:
        """Have a turn as soon as what runs on the loop now has ended."""
        if self._node is not None and not self._turn_comes:
            self._turn_comes = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Hand on what waits, and wait for more; a callback, as a task would wake the loop twice.

        What goes wrong ends the daemon, by way of the future that `run` waits for.
        """
        self._turn_comes = False
        assert self._ended is not None
        if self._node is None or self._ended.done():
            return
        try:
            self._take_turn(self._node)
        except BaseException as fault:
            self._ended.set_exception(fault)
            return
        if self._status is not None:
            self._ended.set_result(None)

    def _take_turn(self, node: Node) -> None:
        now = read_now()
        if self._queue or self._asked:
            until_ms = now.ms + TURN_MS
            while (self._queue or self._asked) and now.ms < until_ms:
                event = self._queue.popleft() if self._queue else self._asked.popleft()
                more = bool(self._queue or self._asked)
                self._perform_all(node.step(event, now, more=more))
                if boottime_ms() != now.ms:
                    now = read_now()
            self._let_go()  # first: others wait for it, and nobody for what follows
            self._due_ms = node.deadline_ms
        if self._due_ms is not None and self._due_ms <= now.ms:
            self._perform_all(node.step(events.Tick(), now))
            self._due_ms = node.deadline_ms
        if now.ms - self._said_ms >= PULSE_S * 900:
            self._say(Pulse())
        self._let_go()
        if now.ms - self._load_ms >= LOAD_MS:
            self._load_ms = now.ms
            self.feed(read_load())
            if self._disk is not None and self._disk.full:
                self._spawn_task(self._look_for_room(self._disk))
        if self._queue or self._asked:
            self._turn_soon()
            return
        self._sleep(self._delay(self._due_ms))

    def _let_go(self) -> None:
        """Have all leave that was said, answered and is to be durable, the disk's last."""
        self._listener.flush()  # first, for the heart takes this core as soon as it is told
        self._flush()
        self._persist()

    def _sleep(self, delay: float) -> None:
        """Have a turn after *delay* seconds, by the timer that runs already where that is as good.

        A pulse may come a little early: while much is said, turns follow each other too closely for
        each to set it anew.
        """
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            later = loop.time() + delay - self._timer.when()
            if -TIMER_S <= later <= (PULSE_EARLY_S if delay == PULSE_S else TIMER_S):
                return
            self._timer.cancel()
        self._timer = loop.call_later(delay, self._awake)

    def _awake(self) -> None:
        self._timer = None
        self._turn()

    def _delay(self, deadline_ms: int | None) -> float:
        if deadline_ms is None:
            return PULSE_S
        return min(PULSE_S, max(0.0, (deadline_ms - boottime_ms()) / 1000))

    def _perform_all(self, effects: list[out.Effect]) -> None:
        for effect in effects:
            if effect.__class__ is out.Reply:  # much the most common one where there are many
                self._listener.reply(effect.client, effect.id, effect.reply)
            else:
                self._perform(effect)

    def _perform(self, effect: out.Effect) -> None:
        match effect:
            case out.TellHeart(frame):
                self._say(frame)
            case Persist():
                self._persists.append(effect)
            case out.Spawn(child, invocation):
                if invocation.unit is not None:
                    self._units.spawn(child, invocation)
                else:
                    self._children.spawn(child, invocation)
            case out.Kill(child):
                if not self._units.kill(child):
                    self._children.kill(child)
            case out.Plan():
                self._planner.plan(effect)
            case out.Depict():
                self._planner.depict(effect)
            case out.WriteState():
                self._spawn_task(self._write_state(effect))
            case out.ReadState():
                self._spawn_task(self._read_state(effect))
            case out.KeepDecision():
                self._spawn_task(self._keep_decision(effect))
            case Note(who, text):
                log(who, text)
            case out.OpenStream() | out.SendStream() | out.CloseStream():
                self._streams.perform(effect)
            case out.Store() | out.Forget() | out.Disown() | out.Reopen():
                self._spawn_task(self._store(effect))
            case out.KeepIdentity():
                self._spawn_task(self._keep_identity(effect))
            case out.KeepKeys():
                self._spawn_task(self._keep_keys(effect))
            case out.ReadKey(ticket):
                self._spawn_task(self._read_key(ticket))
            case out.Resolve():
                self._spawn_task(self._resolve(effect))
            case out.Announce():
                if self._settings.discovery:
                    self._spawn_task(self._discovery.announce(effect))
            case out.Discover(for_ms):
                if self._settings.discovery:
                    self._spawn_task(self._discovery.discover(for_ms))
            case out.RunsHere(text, ready):
                notify(text, ready=ready)
            case out.Stopped(on):
                cluster = self._state.cluster()
                if cluster:
                    self._spawn_task(asyncio.to_thread(self._state.set_stopped, cluster, on=on))
            case out.ResetMachine(why):
                log("world", f"resetting this machine: {why}")
                log("world", f"the machine cannot be reset: {reset_machine()}")
            case out.Quit(status):
                self._status = status

    def _spawn_task(self, work: Coroutine[Any, Any, None] | Awaitable[None]) -> asyncio.Task[None]:
        assert self._tasks is not None

        async def guarded() -> None:
            await work

        task = self._tasks.create_task(guarded())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    # --- the heart --------------------------------------------------------------------------------

    def _say(self, frame: ToHeart) -> None:
        """Have *frame* leave at the end of the turn, with all others of it."""
        self._said_ms = boottime_ms()
        if not self._heart.put(frame):
            log("world", "a frame for the heart did not fit and was dropped")

    def _flush(self) -> None:
        self._heart.flush()
        self._mind_writing()

    def _mind_writing(self) -> None:
        """Wait for room in the socket exactly while something waits for it."""
        if self._heart.waits == self._writing:
            return
        self._writing = self._heart.waits
        loop = asyncio.get_running_loop()
        if self._writing:
            loop.add_writer(self._heart.fileno(), self._flush)
        else:
            loop.remove_writer(self._heart.fileno())

    def _hear(self) -> None:
        for frame in self._heart.receive():
            self._queue.append(events.HeartSays(frame))  # type: ignore[arg-type]
        if self._heart.closed:
            log("world", "the heart is gone")
            self._status = HEART_GONE
            asyncio.get_running_loop().remove_reader(self._heart.fileno())
        self._turn()

    async def _look_for_room(self, disk: Disk) -> None:
        """Begin a new life once a disk that was full has room: this one can promise nothing."""
        has_room = await asyncio.to_thread(disk.has_room)
        self._room_seen = self._room_seen + 1 if has_room else 0
        if self._room_seen >= ROOM_LOOKS:
            log("world", "there is room on the disk again: beginning anew")
            self._status = HEART_GONE
            self._turn_soon()

    # --- the disk ---------------------------------------------------------------------------------

    def _persist(self) -> None:
        """Give the disk what the turn wants durable."""
        persists, self._persists = self._persists, []
        for persist in persists:
            assert self._disk is not None, "nothing is persisted outside of a cluster"
            self._disk.perform(persist)

    def _open_disk(self, cluster: str) -> None:
        loop = asyncio.get_running_loop()

        def answer(told: port.Persisted | port.PersistFailed) -> None:
            event: events.Event = events.Persisted(told.ticket)
            if isinstance(told, port.PersistFailed):
                event = events.PersistFailed(told.ticket, told.reason)
            loop.call_soon_threadsafe(self._take, event)

        self._disk, self._room_seen = Disk(self._state.path / cluster, answer), 0

    async def _close_disk(self) -> None:
        if self._disk is not None:
            disk, self._disk = self._disk, None
            await asyncio.to_thread(disk.close)

    async def _store(self, order: out.Store | out.Forget | out.Disown | out.Reopen) -> None:
        async with self._place:
            await self._store_now(order)

    async def _store_now(self, order: out.Store | out.Forget | out.Disown | out.Reopen) -> None:
        life = None
        failure = ""
        try:
            match order:
                case out.Store():
                    await asyncio.to_thread(self._state.found, order)
                case out.Forget(_, cluster):
                    await self._close_disk()
                    await asyncio.to_thread(self._state.forget, cluster)
                case out.Disown(_, cluster, boot):
                    await self._close_disk()
                    await asyncio.to_thread(self._state.disown, cluster, boot)
                case out.Reopen(_, cluster):
                    await self._close_disk()
                    await asyncio.to_thread(self._state.set_stopped, cluster, on=False)
                    life = await asyncio.to_thread(self._state.open, cluster)
                    life = replace(life, ledger=await states.read(life.recovered.snapshot.state))
                    self._open_disk(cluster)
        except (OSError, PcsxError, ValueError) as error:
            failure = f"{error}" or type(error).__name__
        self.feed(events.Stored(order.ticket, life, failure))

    async def _keep_identity(self, order: out.KeepIdentity) -> None:
        failure = ""
        async with self._keeping:
            try:
                await asyncio.to_thread(self._state.keep_identity, order)
            except (OSError, PcsxError) as error:
                failure = f"{error}" or type(error).__name__
        self.feed(events.IdentityKept(order.coming, failure))

    async def _keep_keys(self, order: out.KeepKeys) -> None:
        failure = ""
        async with self._keeping:
            try:
                await asyncio.to_thread(self._state.keep_keys, order.cluster, order.keys)
            except (OSError, ValueError, KeyError) as error:
                failure = f"{error}" or type(error).__name__
        self.feed(events.KeysKept(order.keys, failure))

    async def _write_state(self, order: out.WriteState) -> None:
        self.feed(events.StateWritten(order.job, await states.written(order.still)))

    async def _read_state(self, order: out.ReadState) -> None:
        self.feed(events.StateRead(order.job, await states.read(order.state)))

    async def _keep_decision(self, order: out.KeepDecision) -> None:
        async with self._deciding:
            try:
                await asyncio.to_thread(self._state.keep_decision, order)
            except OSError as error:
                log("world", f"decision {order.number} could not be kept: {error}")

    async def _read_key(self, ticket: int) -> None:
        key, problem = await asyncio.to_thread(read_bootstrap_key, self._settings.bootstrap_key)
        self.feed(events.KeyRead(ticket, key, problem))

    async def _resolve(self, order: out.Resolve) -> None:
        def look_up(name: str) -> tuple[str, ...]:
            try:
                found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
            except OSError:
                return ()
            return tuple(dict.fromkeys(str(each[4][0]) for each in found))

        answers = await asyncio.gather(*(asyncio.to_thread(look_up, name) for name in order.names))
        pairs = tuple(zip(order.names, answers, strict=True))
        self.feed(events.Resolved(order.ticket, pairs))

    async def _close(self) -> None:
        self._units.close()
        await self._discovery.close()
        await self._listener.stop()
        await self._streams.stop()
        if self._disk is not None:
            await asyncio.to_thread(self._disk.close)


# --- the journal and the service manager ----------------------------------------------------------


def log(who: str, text: str) -> None:
    """Write one line of the daemon's story to stderr, with the local time."""
    stamp = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{stamp} {who} {text}\n")
        sys.stderr.flush()


def notify(text: str, *, ready: bool = False, stopping: bool = False) -> None:
    """Tell systemd the state (sd_notify), where it listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    message = f"STATUS={text}\n" + "READY=1\n" * ready + "STOPPING=1\n" * stopping
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(message.encode(), address)
