"""Children of the brain: begun, listened to, ended at their limit, and never waited for.

Each child is a process group of its own. Its output comes through raw pipes of which only the last
64 kB are kept, and a service that it leaves behind may hold them for ever: the end of the child is
its own end, told by a pidfd. Nothing of the daemon is inherited but three descriptors.

Where groups must be named before a program begins (so that none outlives this life of the daemon),
an empty group is made first, by a child that does nothing and is not reaped: the program joins it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import field, replace
from pathlib import Path
from typing import Final

from pcsx.agents.types import Exit, Invocation, Secret
from pcsx.daemon.io.evidence import evidence_of
from pcsx.lean import dataclass

TAIL: Final = 64 << 10
"""How much of each output is kept."""

GRACE_MS: Final = 2000
"""How long a child has between SIGTERM, at its limit, and SIGKILL."""

STUCK_MS: Final = 5000
"""When a killed child that does not go is given up, and counts as timed out."""

POLL_S: Final = 0.02
"""How often a child is looked at where the kernel has no pidfds."""

DRAIN: Final = 4 << 20
"""How much is still read once a child has ended: what it left behind may write for ever."""

HIDDEN: Final = "********"
"""What stands for a value that is not to be shown."""
HIDDEN_LEAST: Final = 4
"""Shorter values are parts of too many words."""

NEAR: Final = 0.8
"""The part of its limit after which it is written down what a child is doing."""

_CHUNK: Final = 64 << 10
_DEFAULTS: Final = (
    signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGXFSZ,
    signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip


def boottime_ms() -> int:
    """Return CLOCK_BOOTTIME in milliseconds."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@dataclass(slots=True)
class _Pipe:
    """The reading end of one output, and the last of what came through it."""

    fd: int
    tail: bytearray = field(default_factory=bytearray)

    def take(self, limit: int) -> bool:
        """Read up to *limit* bytes and return whether more may come later."""
        while limit > 0:
            try:
                chunk = os.read(self.fd, _CHUNK)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not chunk:
                return False
            limit -= len(chunk)
            self.tail += chunk
            if len(self.tail) > 2 * TAIL:
                del self.tail[:-TAIL]
        return True

    def text(self) -> bytes:
        return bytes(self.tail[-TAIL:])


@dataclass(slots=True)
class _Child:
    number: int
    pid: int
    group: int
    pidfd: int
    began_ms: int
    outputs: tuple[_Pipe, _Pipe]
    hidden: tuple[str, ...] = ()
    timer: asyncio.TimerHandle | None = None
    near: asyncio.TimerHandle | None = None
    evidence: str = ""
    timed_out: bool = False
    listening: set[int] = field(default_factory=set)


class Children:
    """All children of one brain; see the module's paragraph.

    *exited* is called with (number, exit) once for each `spawn`, never from within it.
    *group_begins* is called with a process group's id before the program in it runs, and
    *group_ends* when it has ended.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        exited: Callable[[int, Exit], None],
        *,
        group_begins: Callable[[int], None] | None = None,
        group_ends: Callable[[int], None] | None = None,
        clock_ms: Callable[[], int] = boottime_ms,
        grace_ms: int = GRACE_MS,
        stuck_ms: int = STUCK_MS,
    ) -> None:
        self._loop = loop
        self._exited = exited
        self._group_begins = group_begins
        self._group_ends = group_ends
        self._clock_ms = clock_ms
        self._grace_ms = grace_ms
        self._stuck_ms = stuck_ms
        self._children: dict[int, _Child] = {}
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        _keep_to_ourselves()

    def __len__(self) -> int:
        return len(self._children)

    def spawn(self, number: int, invocation: Invocation) -> None:
        """Begin *invocation* as child *number*; if it cannot begin, its exit carries the errno."""
        assert number not in self._children, f"child {number} is there"
        began_ms = self._clock_ms()
        told, missing = _with_secrets(invocation)
        if missing:
            exit = Exit(secret=missing, began_ms=began_ms)
            self._loop.call_soon(self._exited, number, exit)
            return
        try:
            child = self._begin(number, told, began_ms)
        except (OSError, ValueError) as error:
            number_of = error.errno if isinstance(error, OSError) else errno.EINVAL
            exit = Exit(errno=number_of or errno.EINVAL, began_ms=began_ms)
            self._loop.call_soon(self._exited, number, exit)
            return
        self._children[number] = child
        limit_s = invocation.timeout_ms / 1000
        child.timer = self._loop.call_later(limit_s, self._limit, child)
        child.near = self._loop.call_later(limit_s * NEAR, self._look, child)
        for pipe in child.outputs:
            self._loop.add_reader(pipe.fd, self._readable, child, pipe)
            child.listening.add(pipe.fd)
        if child.pidfd >= 0:
            self._loop.add_reader(child.pidfd, self._ended, child)
        else:
            self._loop.call_later(POLL_S, self._poll, child)

    def kill(self, number: int) -> None:
        """End the process group of child *number* at once; its exit follows."""
        child = self._children.get(number)
        if child is not None:
            self._signal(child, signal.SIGKILL)
            self._again_in(child, self._stuck_ms, self._stuck)

    def close(self) -> None:
        """Kill every child, wait for none, and tell nothing more."""
        for child in list(self._children.values()):
            self._signal(child, signal.SIGKILL)
            self._release(child)
        if self._null >= 0:
            os.close(self._null)
            self._null = -1

    # --- beginning ---

    def _begin(self, number: int, invocation: Invocation, began_ms: int) -> _Child:
        opened: list[int] = []
        group = 0
        try:
            stdin = self._null
            if invocation.stdin:
                stdin = _memory(invocation.stdin)
                opened.append(stdin)
            out_read, out_write = os.pipe2(os.O_CLOEXEC)
            opened += [out_read, out_write]
            err_read, err_write = os.pipe2(os.O_CLOEXEC)
            opened += [err_read, err_write]
            os.set_blocking(out_read, False)
            os.set_blocking(err_read, False)
            group = self._new_group()
            pid = os.posix_spawn(
                invocation.argv[0],
                invocation.argv,
                dict(invocation.env),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, stdin, 0),
                    (os.POSIX_SPAWN_DUP2, out_write, 1),
                    (os.POSIX_SPAWN_DUP2, err_write, 2),
                ],
                setpgroup=group,
                setsigmask=(),
                setsigdef=_DEFAULTS,
            )
        except BaseException:
            for fd in opened:
                os.close(fd)
            self._end_group(group)
            raise
        for fd in opened:
            if fd not in (out_read, err_read):
                os.close(fd)
        pidfd = _pidfd(pid)
        outputs = (_Pipe(out_read), _Pipe(err_read))
        hidden = tuple(value for value in invocation.hidden if len(value) >= HIDDEN_LEAST)
        return _Child(number, pid, group or pid, pidfd, began_ms, outputs, hidden)

    def _new_group(self) -> int:
        """Return the id of an empty group that was named, or 0 where nobody wants the names."""
        if self._group_begins is None:
            return 0
        holder = os.posix_spawn(_TRUE, (_TRUE,), {}, setpgroup=0, setsigmask=())
        try:
            self._group_begins(holder)
        except BaseException:
            self._end_group(holder)
            raise
        return holder

    def _end_group(self, group: int) -> None:
        """Reap the holder of *group*, if it has one, and tell that the group has ended."""
        if self._group_begins is None or not group:
            return
        os.waitpid(group, 0)
        if self._group_ends is not None:
            self._group_ends(group)

    # --- while it runs ---

    def _readable(self, child: _Child, pipe: _Pipe) -> None:
        if not pipe.take(4 * _CHUNK):
            self._deaf(child, pipe)

    def _deaf(self, child: _Child, pipe: _Pipe) -> None:
        if pipe.fd in child.listening:
            child.listening.discard(pipe.fd)
            self._loop.remove_reader(pipe.fd)

    def _look(self, child: _Child) -> None:
        """Write down what the child is doing: it may be killed soon, for being slow."""
        child.evidence = _without(evidence_of(child.group).encode(), child.hidden).decode()

    def _limit(self, child: _Child) -> None:
        child.timed_out = True
        self._signal(child, signal.SIGTERM)
        self._again_in(child, self._grace_ms, self._grace_over)

    def _grace_over(self, child: _Child) -> None:
        self._signal(child, signal.SIGKILL)
        self._again_in(child, self._stuck_ms, self._stuck)

    def _stuck(self, child: _Child) -> None:
        """Give up on a child that the kernel does not let go: it counts as timed out."""
        child.timed_out = True
        self._finish(child, None)
        self._reap_later(child.pid)

    def _again_in(self, child: _Child, ms: int, what: Callable[[_Child], None]) -> None:
        if child.timer is not None:
            child.timer.cancel()
        child.timer = self._loop.call_later(ms / 1000, what, child)

    def _signal(self, child: _Child, number: signal.Signals) -> None:
        # The group cannot be somebody else's: its leader is not reaped before we let go of it.
        try:
            os.killpg(child.group, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            os.kill(child.pid, number)

    # --- the end ---

    def _poll(self, child: _Child) -> None:
        if self._children.get(child.number) is not child:
            return
        found = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None:
            self._ended(child)
        else:
            self._loop.call_later(POLL_S, self._poll, child)

    def _ended(self, child: _Child) -> None:
        if child.timed_out:
            # The leader did as it was asked; what it began may not have heard, or not cared.
            self._signal(child, signal.SIGKILL)
        _, status = os.waitpid(child.pid, os.WNOHANG)
        self._finish(child, status)

    def _reap_later(self, pid: int) -> None:
        if not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG):
            self._loop.call_later(1, self._reap_later, pid)

    def _finish(self, child: _Child, status: int | None) -> None:
        for pipe in child.outputs:
            pipe.take(DRAIN)
        exit = self._exit_of(child, status)
        self._release(child)
        self._exited(child.number, exit)

    def _exit_of(self, child: _Child, status: int | None) -> Exit:
        code = number = None
        if status is not None and os.WIFEXITED(status):
            code = os.WEXITSTATUS(status)
        elif status is not None:
            number = os.WTERMSIG(status)
        stdout, stderr = (_without(pipe.text(), child.hidden) for pipe in child.outputs)
        took_ms = max(0, self._clock_ms() - child.began_ms)
        return Exit(
            code=code, signal=number, timed_out=child.timed_out, stdout=stdout, stderr=stderr,
            began_ms=child.began_ms, took_ms=took_ms, evidence=child.evidence,
        )  # fmt: skip

    def _release(self, child: _Child) -> None:
        for timer in (child.timer, child.near):
            if timer is not None:
                timer.cancel()
        for pipe in child.outputs:
            self._deaf(child, pipe)
            os.close(pipe.fd)
        if child.pidfd >= 0:
            self._loop.remove_reader(child.pidfd)
            os.close(child.pidfd)
        self._end_group(child.group)
        self._children.pop(child.number, None)


_TRUE: Final = next(
    (path for path in ("/usr/bin/true", "/bin/true") if os.access(path, os.X_OK)), "/bin/true"
)


def _without(text: bytes, hidden: tuple[str, ...]) -> bytes:
    """Return *text* with the values that are *hidden* blotted out, the longest first."""
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value.encode(), HIDDEN.encode())
    return text


def _with_secrets(invocation: Invocation) -> tuple[Invocation, str]:
    """Return *invocation* with the values kept on this node, or which file could not be read.

    Where a file `NAME.sign` is there too, its digest must be that of the value.
    """
    if not invocation.secrets:
        return invocation, ""
    values: dict[str, str] = {}
    for secret in invocation.secrets:
        value = _secret(secret)
        if value is None:
            return invocation, secret.path
        values[secret.name] = value
    env = tuple((name, values.get(name, value)) for name, value in invocation.env)
    return replace(invocation, env=env, hidden=(*invocation.hidden, *values.values())), ""


def _secret(secret: Secret) -> str | None:
    try:
        raw = Path(secret.path).read_bytes()
        sign = Path(f"{secret.path}.sign")
        if sign.exists():
            wanted = sign.read_text().strip().lower()
            if hashlib.md5(raw, usedforsecurity=False).hexdigest() != wanted:
                return None
        return raw.decode().rstrip("\n")
    except (OSError, ValueError):
        return None


def _keep_to_ourselves() -> None:
    """Let no child inherit what this process itself inherited from whoever started it."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)


def _memory(text: bytes) -> int:
    """Return a descriptor at the start of a file that holds *text*, in memory alone."""
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    view = memoryview(text)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
