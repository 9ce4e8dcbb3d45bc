"""The heart's process: one loop around `ring.Heart`, with its sockets, its clock and the watchdog.

There is no asyncio here and no collector: the loop wakes for a datagram with news, a frame of the
brain or the next beat, takes what has come up to a budget, and sleeps again. Heartbeats without
news wake nobody: they are read at the next wake, with the time at which the kernel got them. The
loop never waits for the brain.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Final

from pcsx.daemon.io import realtime
from pcsx.daemon.io.frame_socket import FrameSocket
from pcsx.daemon.io.link import DATAGRAM_MAX, BoundLink
from pcsx.daemon.io.watchdog import Watchdog
from pcsx.lean import dataclass
from pcsx.ring.config import Address
from pcsx.ring.frames import HeartStats, ToHeart
from pcsx.ring.heart import Heart
from pcsx.ring.heart_port import (
    ArmWatchdog,
    Bind,
    Datagram,
    DisarmWatchdog,
    FromBrain,
    HeartEffect,
    HeartEvent,
    LeaveWills,
    PetWatchdog,
    Pressure,
    Report,
    SendDatagram,
    Tick,
    WatchdogArmed,
)
from pcsx.ring.port import Note
from pcsx.ring.will import WILLS
from pcsx.values import Now

EXIT_BUG: Final = 70
"""An invariant broke: nothing may start again by itself."""
EXIT_NO_BRAIN: Final = 3
"""The brain is gone, and so is the heart."""

BUDGET: Final = 64
"""How many datagrams one link gets in one turn of the loop."""
QUIET_MS: Final = 20
"""A loop that wakes more often reads beats without news this often, and before each tick.

It is less than lies between two beats of a peer, so that they are read in their order.
"""
SLEEP_MS_MAX: Final = 250
"""The loop's own clock stands still in a suspend, so it never sleeps for longer."""
PRESSURE_MS: Final = 5000
WALL_MS: Final = 1000
BIND_RETRY_MS: Final = 1000
_LINE_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class HeartSettings:
    """What this node allows its heart: *watchdog* is a device to pet, or empty for none."""

    realtime: bool = True
    watchdog: str = ""
    watchdog_timeout_s: int = 10
    watchdog_untimed: bool = False


def boottime_ms() -> int:
    """Return CLOCK_BOOTTIME in milliseconds."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def run_heart(
    brain: socket.socket, supervisor: socket.socket | None, settings: HeartSettings
) -> int:
    """Be the heart until the brain is gone or SIGTERM comes, and return the exit status."""
    try:
        loop = _Loop(brain, supervisor, settings)
        return loop.run()
    except Exception:
        # What is not foreseen is a bug, an assertion or not; the others will take over.
        traceback.print_exc()
        return EXIT_BUG


class _Loop:
    """The sockets, the machine, and what has gone wrong between them."""

    def __init__(
        self, brain: socket.socket, supervisor: socket.socket | None, settings: HeartSettings
    ) -> None:
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        refused: list[str] = []
        if settings.realtime:
            realtime.be_called("pcsx-heart")
            refused = list(realtime.take_real_time())
        self._watchdog = Watchdog(
            settings.watchdog, settings.watchdog_timeout_s, untimed=settings.watchdog_untimed
        )
        granted = settings.realtime and realtime.granted()
        self._heart = Heart(os.urandom, realtime=granted)
        for reason in refused:
            self._note(reason)
        self._brain = FrameSocket(brain)
        self._supervisor = supervisor
        self._testament = b""
        """What the supervisor has not taken yet."""
        if supervisor is not None:
            supervisor.setblocking(False)
        self._links: dict[int, BoundLink] = {}
        self._link_of: dict[int, int] = {}
        self._unbound: tuple[Address, ...] = ()
        self._bind_due_ms = 0
        self._sources: dict[tuple[str, int], Address] = {}
        self._read_quiet_ms = 0
        """When beats without news were last read: what is read now came later than that."""
        self._left_over = False
        """Whether a budget was used up, so that more waits to be read."""
        self._failed: dict[str, int] = {}
        self._pressure = _pressure_file("memory" if granted else "cpu")
        self._pressure_due_ms = 0
        self._wall = datetime.now(UTC)
        self._wall_due_ms = 0
        self._epoll = select.epoll()
        self._epoll.register(self._brain.fileno(), select.EPOLLIN)
        self._brain_waits = False
        self._parted = False
        """Whether the brain has left in good order."""

    def run(self) -> int:
        """Turn until there is a reason to stop."""
        gc.collect()
        gc.freeze()
        gc.disable()
        heart, brain = self._heart, self._brain
        brain_fd = brain.fileno()
        while not self._stopping:
            events = self._epoll.poll(self._sleep_ms(boottime_ms()) / 1000)
            now = Now(boottime_ms(), self._wall)
            self._left_over = False
            if now.ms - self._read_quiet_ms >= QUIET_MS:
                self._read_quiet(now)
            for fd, what in events:
                link = self._link_of.get(fd)
                if link is not None:
                    self._receive(link, now)
                elif fd == brain_fd:
                    if what & select.EPOLLOUT:
                        brain.flush()
                    self._from_brain(now)
            if brain.closed and not self._may_outlive_the_brain():
                break
            due_ms = heart.deadline_ms
            if due_ms is not None and due_ms <= now.ms:
                if self._read_quiet_ms < now.ms:
                    self._read_quiet(now)
                self._step(Tick(), now)
            self._sometimes(now)
            brain.flush()
            if brain.waits is not self._brain_waits and not brain.closed:
                self._brain_waits = brain.waits
                wanted = select.EPOLLIN | (select.EPOLLOUT if self._brain_waits else 0)
                self._epoll.modify(brain_fd, wanted)
        if brain.closed and not self._parted:
            return EXIT_NO_BRAIN
        return 0

    def _may_outlive_the_brain(self) -> bool:
        """Return whether the heart goes on without a brain: only to finish its farewell."""
        if not self._heart.parting:
            return False
        if not self._parted:
            self._parted = True
            self._epoll.unregister(self._brain.fileno())
        return True

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _sleep_ms(self, now_ms: int) -> int:
        due_ms = self._heart.deadline_ms
        if self._left_over:
            return 0
        if due_ms is None:
            return SLEEP_MS_MAX
        return max(0, min(SLEEP_MS_MAX, due_ms - now_ms))

    def _arm(self) -> None:
        timeout_ms = self._watchdog.arm()
        if self._watchdog.refused:
            self._note(self._watchdog.refused)
        self._step(WatchdogArmed(timeout_ms), Now(boottime_ms(), self._wall))

    # --- in -----------------------------------------------------------------------------------

    def _read_quiet(self, now: Now) -> None:
        """Take in all beats without news, so that nobody who sent one is judged without it."""
        for number in tuple(self._links):
            self._receive_quiet(number, now)
        self._read_quiet_ms = now.ms

    def _receive_quiet(self, link: int, now: Now) -> None:
        """Take in the beats without news that came on a link, each as of when it came."""
        bound = self._links[link]
        if bound.quiet is None:
            return
        for _ in range(BUDGET):
            try:
                data, source, arrived_ms = bound.receive_quiet()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._count("receive", error)
                return
            at_ms = min(max(arrived_ms, self._read_quiet_ms), now.ms)
            self._step(Datagram(link, self._source(source), data), Now(at_ms, now.wall))
        self._left_over = True

    def _receive(self, link: int, now: Now) -> None:
        """Take in what waits on a link, up to the budget."""
        receive = self._links[link].socket.recvfrom
        for _ in range(BUDGET):
            try:
                data, source = receive(DATAGRAM_MAX)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._count("receive", error)
                return
            self._step(Datagram(link, self._source(source), data), now)

    def _source(self, source: tuple[str, int]) -> Address:
        address = self._sources.get(source)
        if address is None:
            if len(self._sources) > 1024:
                self._sources.clear()
            address = self._sources[source] = Address(source[0], source[1])
        return address

    def _from_brain(self, now: Now) -> None:
        frames = self._brain.receive()
        if frames:
            said = tuple(frame for frame in frames if isinstance(frame, ToHeart))
            assert len(said) == len(frames), "the brain spoke as if to itself"
            self._step(FromBrain(said), now)

    # --- out ----------------------------------------------------------------------------------

    def _step(self, event: HeartEvent, now: Now) -> None:
        for effect in self._heart.step(event, now):
            if effect.__class__ is SendDatagram:
                self._send(effect)
            else:
                self._perform(effect)

    def _send(self, effect: SendDatagram) -> None:
        entry = self._links.get(effect.link)
        if entry is None:
            return
        address = effect.address
        try:
            entry.socket.sendto(effect.data, (address.host, address.port))
        except OSError as error:
            self._count("send", error)

    def _perform(self, effect: HeartEffect) -> None:
        if isinstance(effect, Report):
            frame = effect.frame
            if isinstance(frame, HeartStats):
                frame = self._with_our_own(frame)
            self._brain.put(frame)  # it leaves with all that this turn of the loop tells
        elif isinstance(effect, PetWatchdog):
            self._watchdog.pet()
        elif isinstance(effect, ArmWatchdog):
            self._arm()
        elif isinstance(effect, DisarmWatchdog):
            self._watchdog.disarm()
        elif isinstance(effect, LeaveWills):
            self._leave(effect)
        elif isinstance(effect, Bind):
            self._unbound = effect.addresses
            self._bind(boottime_ms())
        elif isinstance(effect, Note):
            self._note(effect.text)

    def _leave(self, effect: LeaveWills) -> None:
        self._testament = WILLS.encode(effect)
        self._hand_over()

    def _hand_over(self) -> None:
        """Give the supervisor the newest wills, now or, where it does not take them, later."""
        if self._supervisor is None or not self._testament:
            return
        try:
            self._supervisor.send(self._testament, socket.MSG_NOSIGNAL)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._count("wills", error)
        self._testament = b""

    def _with_our_own(self, frame: HeartStats) -> HeartStats:
        stats = json.loads(frame.text)
        stats["io"] = dict(sorted(self._failed.items()))
        stats["io"]["brain.dropped"] = self._brain.dropped
        return HeartStats(json.dumps(stats, separators=(",", ":")).encode())

    # --- links --------------------------------------------------------------------------------

    def _bind(self, now_ms: int) -> None:
        """Listen on the addresses asked for; what fails is tried again."""
        wanted, self._unbound = self._unbound, ()
        for link, old in list(self._links.items()):
            if link < len(wanted) and old.address == wanted[link]:
                continue
            del self._links[link], self._link_of[old.socket.fileno()]
            self._epoll.unregister(old.socket.fileno())
            old.close()
        for link, address in enumerate(wanted):
            if link in self._links:
                continue
            try:
                bound = BoundLink(address)
            except OSError as error:
                self._unbound, self._bind_due_ms = wanted, now_ms + BIND_RETRY_MS
                if f"bind.{link}" not in self._failed:
                    self._note(f"link {link} cannot be on {address.host}: {error.strerror}")
                self._failed[f"bind.{link}"] = self._failed.get(f"bind.{link}", 0) + 1
                continue
            self._failed.pop(f"bind.{link}", None)
            self._links[link] = bound
            self._link_of[bound.socket.fileno()] = link
            self._epoll.register(bound.socket.fileno(), select.EPOLLIN)

    def _sometimes(self, now: Now) -> None:
        """Do what is due every few seconds; the wall clock need not be newer in here."""
        if now.ms >= self._wall_due_ms:
            self._wall, self._wall_due_ms = datetime.now(UTC), now.ms + WALL_MS
            self._hand_over()
        if self._unbound and now.ms >= self._bind_due_ms:
            self._bind(now.ms)
        if now.ms >= self._pressure_due_ms and self._pressure is not None:
            self._pressure_due_ms = now.ms + PRESSURE_MS
            percent = _pressure_percent(self._pressure)
            if percent:
                self._step(Pressure(percent), now)

    def _count(self, what: str, error: OSError) -> None:
        name = f"{what}.{errno.errorcode.get(error.errno or 0, 'E')}"
        self._failed[name] = self._failed.get(name, 0) + 1

    def _note(self, text: str) -> None:
        """Write a line to stderr, if it takes one now: a log that is stuck stops no heart."""
        stamp = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
        line = f"{stamp} heart {text}\n".encode(errors="replace")[:_LINE_MAX]
        with contextlib.suppress(OSError, ValueError):
            if select.select((), (sys.stderr.fileno(),), (), 0)[1]:
                os.write(sys.stderr.fileno(), line)


def _pressure_file(kind: str) -> int | None:
    try:
        return os.open(f"/proc/pressure/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _pressure_percent(fd: int) -> int:
    """Return for how much of the last ten seconds something waited, in percent."""
    try:
        text = os.pread(fd, 200, 0)
    except OSError:
        return 0
    _, _, rest = text.partition(b"avg10=")
    whole = rest.partition(b".")[0]
    return int(whole) if whole.isdigit() else 0
