"""The small parent: it starts heart and brain, and ends and buries both when one of them goes.

They live and die together, and each such life is a boot. When one exits, the other is killed, the
operations that the brain had named are ended, the peers are told by the will, and a new life
begins; after a bug, or the third such end within a minute, none does. The supervisor loads next to
nothing, has no threads and no opinion, so that there is little in it that could fail.

A process group is named by `Groups.begin` before a program runs in it, and let go of by
`Groups.end`. Only what is still named dies with the brain; the services that agents started run in
sessions of their own and live on.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import Final, NoReturn

from pcsx.daemon.io import frame_socket, panic
from pcsx.daemon.io.datagrams import Sender
from pcsx.daemon.io.realtime import die_with_parent
from pcsx.lean import dataclass
from pcsx.ring.codec import Malformed
from pcsx.ring.will import WILLS, sealed_will

EXIT_PLACE: Final = 2
"""The brain cannot be in this place (its socket, its state): starting again would not help."""
EXIT_BUG: Final = 70
"""Heart or brain broke an invariant: nothing starts again."""
EXIT_TOO_OFTEN: Final = 71
"""Three ends within a minute: nothing starts again."""
EXIT_STUCK: Final = 72
"""An operation cannot be killed, so no new life may begin beside it; no will was sent either."""

_FINAL: Final = {EXIT_PLACE: "it cannot run here", EXIT_BUG: "an invariant broke"}

ENDS_MAX: Final = 3
ENDS_WITHIN_S: Final = 60.0
GROUP_WAIT_S: Final = 20.0
HEART_WAIT_S: Final = 6.0
"""How long the heart may take to say farewell, at the beats of a wide network."""
BRAIN_WAIT_S: Final = 2.0
"""How long the brain may take to end once it has let go of the heart."""
EXIT_NO_BRAIN: Final = 3
"""What a heart exits with that saw the brain go."""
WILL_ROUNDS: Final = 3
WILL_PAUSE_S: Final = 0.02
_MESSAGE_MAX: Final = 256 << 10

RunHeart = Callable[[socket.socket, socket.socket], int]
"""Be the heart: the socket to the brain, the one to the supervisor; returns the exit status."""
RunBrain = Callable[[socket.socket, socket.socket], int]
"""Be the brain: the socket to the heart, the one to the supervisor; returns the exit status.

Status 0 says that this node left in good order, and ends the daemon.
"""


class Groups:
    """The brain's way to name the process groups of its operations to the supervisor."""

    def __init__(self, supervisor: socket.socket) -> None:
        self._supervisor = supervisor

    def begin(self, group: int) -> None:
        """Name *group* before a program runs in it; waits until the supervisor will know."""
        self._supervisor.send(b"+%d" % group, socket.MSG_NOSIGNAL)

    def end(self, group: int) -> None:
        """Let go of *group*: its operation is over, and what it started may live on."""
        self._supervisor.send(b"-%d" % group, socket.MSG_NOSIGNAL)


@dataclass(slots=True)
class _Life:
    """Two processes, and what they left with the supervisor."""

    heart: int
    brain: int
    wills: socket.socket
    groups: socket.socket
    testament: bytes = b""
    named: dict[int, str] = field(default_factory=dict)
    """The groups of running operations, each with the start time of the process that leads it."""
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def living(self) -> list[int]:
        return [pid for pid in (self.heart, self.brain) if pid not in self.statuses]


def supervise(
    run_heart: RunHeart,
    run_brain: RunBrain,
    *,
    group_wait_s: float = GROUP_WAIT_S,
    panic_file: str = "",
) -> int:
    """Keep heart and brain alive until there is a reason not to, and return the exit status.

    0 after an orderly leave, asked for by SIGTERM or not; else one of the four above. In
    *panic_file*, if one is named, is what a crash kernel needs (`panic.py`).
    """
    watch = _Signals()
    keeper = _Keeper(panic_file, watch)
    ends: list[float] = []
    try:
        while True:
            life = _begin(run_heart, run_brain, watch)
            code = _live(life, watch, keeper)
            if code == 0 or (watch.stopping and code == -signal.SIGTERM):
                _end_heart(life)
                return 0
            if not _bury(life, group_wait_s):
                _note("an operation cannot be killed: this daemon ends, and so should the node")
                return EXIT_STUCK
            _send_wills(life, code)
            now = time.monotonic()
            ends = [*(at for at in ends if now - at < ENDS_WITHIN_S), now]
            if code in _FINAL or len(ends) >= ENDS_MAX or watch.stopping:
                why = "stopping" if watch.stopping else "too many ends in a minute"
                _note(f"nothing is started again: {_FINAL.get(code, why)}")
                return code if code in _FINAL else EXIT_TOO_OFTEN
            _note("heart and brain are started again")
    finally:
        keeper.close()
        watch.close()


# --- a life ---------------------------------------------------------------------------------------


def _begin(run_heart: RunHeart, run_brain: RunBrain, watch: _Signals) -> _Life:
    """Start heart and brain, with a socket between them and one from each to here."""
    heart_end, brain_end = frame_socket.pair()
    wills, heart_wills = _pair()
    groups, brain_groups = _pair()
    gc.collect()
    gc.freeze()
    sockets = (heart_end, brain_end, wills, heart_wills, groups, brain_groups)
    heart = _fork(lambda: run_heart(heart_end, heart_wills), sockets, (0, 3), watch)
    brain = _fork(lambda: run_brain(brain_end, brain_groups), sockets, (1, 5), watch)
    for end in (heart_end, brain_end, heart_wills, brain_groups):
        end.close()
    return _Life(heart, brain, wills, groups)


def _pair() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, option, _MESSAGE_MAX)
    ends[0].setblocking(False)
    return ends


def _fork(
    run: Callable[[], int],
    sockets: tuple[socket.socket, ...],
    keep: tuple[int, int],
    watch: _Signals,
) -> int:
    """Return the pid of a child that does nothing but *run* and exit with its result."""
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watch.WATCHED)
    pid = os.fork()
    if not pid:
        _be_child(run, sockets, keep, watch, parent)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _be_child(
    run: Callable[[], int],
    sockets: tuple[socket.socket, ...],
    keep: tuple[int, int],
    watch: _Signals,
    parent: int,
) -> NoReturn:
    """Run and exit; whatever escapes is a bug, and never gets back into the parent's code."""
    code = EXIT_BUG
    try:
        die_with_parent(parent)
        watch.forget()
        for index, end in enumerate(sockets):
            if index not in keep:
                end.close()
        code = run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else EXIT_BUG
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _live(life: _Life, watch: _Signals, keeper: _Keeper) -> int:
    """Wait until one of the two ends, and return its status; 0 only for the brain's own leave."""
    poll = select.poll()
    for end in (life.wills, life.groups, watch.wakeup):
        poll.register(end, select.POLLIN)
    sources = {life.wills.fileno(): life.wills, life.groups.fileno(): life.groups}
    limit: float | None = None
    while True:
        for fd, _ in poll.poll(None if limit is None else 50):
            if fd not in sources:
                watch.drain()
            elif not _take(life, sources[fd]):
                poll.unregister(fd)
                del sources[fd]
        if watch.stop_asked and life.brain not in life.statuses:
            watch.stop_asked = False
            os.kill(life.brain, signal.SIGTERM)
        _reap(life)
        keeper.keep(life)
        if life.brain in life.statuses:
            code = life.statuses[life.brain]
            if code == 0:
                return 0
            _note(f"the brain ended, status {code}")
            return code
        if life.heart in life.statuses:
            code = life.statuses[life.heart]
            if code in (0, EXIT_NO_BRAIN):  # it saw the brain go: that one's status tells why
                limit = limit or time.monotonic() + BRAIN_WAIT_S
                if time.monotonic() < limit:
                    continue
            _note(f"the heart ended, status {code}")
            return code or 1


def _take(life: _Life, source: socket.socket) -> bool:
    """Keep what a child leaves here; return whether more may come."""
    while True:
        try:
            message = source.recv(_MESSAGE_MAX)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        if not message:
            return False
        if source is life.wills:
            life.testament = message
            continue
        if not message[1:].isdigit():
            continue
        group = int(message[1:])
        if message[:1] == b"+":
            life.named[group] = _started(group)
        else:
            life.named.pop(group, None)


def _reap(life: _Life) -> None:
    for pid in life.living:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            life.statuses[pid] = os.waitstatus_to_exitcode(status)


class _Keeper:
    """Keeps the file for a crash kernel, by a process of its own: a disk may hang, this may not."""

    def __init__(self, path: str, watch: _Signals) -> None:
        self._path, self._watch = path, watch
        self._kept = b""
        """The testament that is in the file, or will be when the process has ended."""
        self._writer = 0

    def keep(self, life: _Life) -> None:
        """Have the newest testament of *life* in the file; called again when a child has ended."""
        if not self._path:
            return
        if self._writer and os.waitpid(self._writer, os.WNOHANG)[0]:
            self._writer = 0
        if self._writer or life.testament == self._kept:
            return
        self._kept = life.testament

        def write() -> int:
            try:
                panic.keep(self._path, panic.lines_of(WILLS.decode(life.testament)))
            except (OSError, Malformed) as error:
                _note(f"no word is left for a crash kernel: {error}")
            return 0

        self._writer = _fork(write, (life.wills, life.groups), (-1, -1), self._watch)

    def close(self) -> None:
        """Take the file away: what is in it is worth nothing once this daemon has ended."""
        if self._path and self._kept:
            with contextlib.suppress(OSError):
                if self._writer:
                    os.kill(self._writer, signal.SIGKILL)
                os.unlink(self._path)


# --- the end of a life ----------------------------------------------------------------------------


def _end_heart(life: _Life) -> None:
    """Let the heart finish its farewell after an orderly leave, then make sure that it is gone."""
    _close(life)
    limit = time.monotonic() + HEART_WAIT_S
    _reap(life)
    while life.living and time.monotonic() < limit:
        time.sleep(0.01)
        _reap(life)
    _kill(life)


def _kill(life: _Life) -> None:
    """Kill and bury what is left of the two."""
    for pid in life.living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        life.statuses[pid] = os.waitstatus_to_exitcode(status)


def _close(life: _Life) -> None:
    life.wills.close()
    life.groups.close()


def _bury(life: _Life, group_wait_s: float) -> bool:
    """End both processes and every operation of theirs; return whether all are gone for certain."""
    _kill(life)
    _take(life, life.groups)
    _take(life, life.wills)
    _close(life)
    limit = time.monotonic() + group_wait_s
    left = set(life.named)
    while left:
        left = {group for group in sorted(left) if _kill_group(group, life.named[group])}
        if left and time.monotonic() > limit:
            return False
        if left:
            time.sleep(0.01)
    return True


def _kill_group(group: int, started: str) -> bool:
    """Kill *group* and return whether something in it may still run.

    A process that has the group's number but began at another time shows that the group is gone:
    the number is not given away while anybody is in it.
    """
    now = _started(group)
    if now and now != started:
        return False
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _runs(group)


def _started(pid: int) -> str:
    """Return when process *pid* began, in the kernel's words, or nothing where there is none."""
    fields = _stat(str(pid))
    return fields[19] if len(fields) > 19 else ""


def _runs(group: int) -> bool:
    """Return whether a process of *group* is more than a zombie."""
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            fields = _stat(pid)
            if len(fields) > 2 and fields[2] == str(group) and fields[0] not in ("Z", "X"):
                return True
    return False


def _stat(pid: str) -> list[str]:
    """Return the words of a process's stat behind its name: state, parent, group and so on."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return []


def _send_wills(life: _Life, status: int) -> None:
    """Tell the peers that this life is over; both processes are gone."""
    assert not life.living, "a will of the living"
    if not life.testament:
        return
    try:
        testament = WILLS.decode(life.testament)
    except Malformed:
        return
    with Sender() as sender:
        for turn in range(WILL_ROUNDS):
            if turn:
                time.sleep(WILL_PAUSE_S)
            for will in testament.wills:
                packet = sealed_will(
                    key=will.key, session=will.session, boot=testament.boot, status=status
                )
                for address in will.addresses:
                    sender.send(packet, address.host, address.port)


# --- signals --------------------------------------------------------------------------------------


class _Signals:
    """SIGTERM, SIGINT and SIGCHLD as bytes in a pipe; the handlers themselves do nothing."""

    WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

    def __init__(self) -> None:
        self.stopping = False
        """Whether somebody ever asked to stop."""
        self.stop_asked = False
        """Whether the brain has still to be told."""
        self.wakeup, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {number: signal.getsignal(number) for number in self.WATCHED}
        self._wakeup_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in self.WATCHED:
            signal.signal(number, lambda *_: None)

    def drain(self) -> None:
        """Note which signals came."""
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self.wakeup, 4096):
                if number in (signal.SIGTERM, signal.SIGINT):
                    self.stopping = self.stop_asked = True

    def forget(self) -> None:
        """Be a child with no handlers: default ones, but for the terminal's interrupt."""
        signal.set_wakeup_fd(-1)
        for number in self.WATCHED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.WATCHED)
        os.close(self.wakeup)
        os.close(self._writer)

    def close(self) -> None:
        """Leave everything as it was."""
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.wakeup)
        os.close(self._writer)


def _note(text: str) -> None:
    stamp = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    print(f"{stamp} supervisor {text}", file=sys.stderr, flush=True)
