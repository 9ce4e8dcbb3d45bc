"""`pcsx lock`: locks that one process of the cluster holds at a time, with fencing tokens."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "lock",
    """Hold a lock of the cluster while something runs.

    A lock is given where there is quorum, to one process at a time, with a token that only rises:
    give it to whatever is changed on behalf of the holder, so that it can refuse an older one.

    \b
    Example:
        pcsx lock run backup -- /usr/local/bin/backup
    """,
    default="list",
)
LOST: Final = 75
"""The exit status of a command that was ended because its lock was lost."""
_PR_SET_PDEATHSIG: Final = 1


@command.verb("list")
def show(run: Run, words: list[str]) -> None:
    """List the locks, their holders and tokens, and how many wait.

    \b
    Example:
        pcsx lock list
    """
    from pcsx.protocol import LockList

    if words:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    locks = run.source.call(LockList())["locks"]
    run.give(locks)
    for lock in locks:
        holder = lock["holder"]
        text = f"{holder['node']}:{holder['pid']}" if holder else "nobody"
        token = ".".join(map(str, lock["token"]))
        run.say(f"{lock['name']}: {text}, token {token}, {len(lock['waiting'])} waiting")


@command.verb("acquire", usage="NAME")
def acquire(run: Run, words: list[str]) -> None:
    """Wait for a lock, print its token, and hold it until this process ends (Ctrl-C) or it is lost.

    With --wait=N it gives up after N seconds.

    \b
    Example:
        pcsx lock acquire backup --wait=10
    """
    from pcsx.client import Lock
    from pcsx.errors import NoQuorum

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    with Lock(words[0], wait_s=run.wait_s) as lock:
        assert lock.token is not None
        print(".".join(map(str, lock.token)), flush=True)
        lock.lost(10 * 365 * 86400)
        raise NoQuorum(f"the lock {words[0]} was lost")


@command.verb("release", usage="NAME")
def release(run: Run, words: list[str]) -> None:
    """End the process on this node that holds a lock by `pcsx lock acquire`, which gives it back.

    \b
    Example:
        pcsx lock release backup
    """
    from pcsx.errors import Failed
    from pcsx.protocol import GetStatus, LockList

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    locks = run.source.call(LockList())["locks"]
    me = run.source.call(GetStatus())["cluster"]["me"]
    holder = next((lock["holder"] for lock in locks if lock["name"] == words[0]), None)
    if holder is None:
        raise Failed(f"nobody holds the lock {words[0]}")
    if holder["node"] != me:
        raise Failed(
            f"{words[0]} is held by process {holder['pid']} of {holder['node']}",
            f"Run this on {holder['node']}.",
        )
    try:
        os.kill(holder["pid"], signal.SIGTERM)
    except (ProcessLookupError, PermissionError) as error:
        raise Failed(f"process {holder['pid']}, which holds it: {error.strerror}") from error
    run.changed = True


@command.verb("run", usage="NAME -- COMMAND...")
def hold(run: Run, words: list[str]) -> None:
    """Run a command while holding a lock; PCSX_LOCK_TOKEN has the token as EPOCH.PLACE.

    Ends with the command's status; where the lock is lost the command is ended, and the status
    is 75.

    \b
    Example:
        pcsx lock run backup -- /usr/local/bin/backup
    """
    from pcsx.client import Lock
    from pcsx.errors import Failed

    if len(words) < 2:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    with Lock(words[0], wait_s=run.wait_s) as lock:
        assert lock.token is not None
        environment = {**os.environ, "PCSX_LOCK_TOKEN": ".".join(map(str, lock.token))}
        with _signals_as_interrupts():
            try:
                child = subprocess.Popen(words[1:], env=environment, preexec_fn=_end_with_parent)
            except OSError as error:
                raise Failed(f"cannot run {words[1]}: {error.strerror}") from error
            try:
                while (status := child.poll()) is None:
                    if lock.lost(0.1):
                        print(f"The lock {words[0]} is lost; ending {words[1]}.", file=sys.stderr)
                        _end(child)
                        status = LOST
                        break
            except BaseException:
                _end(child)
                raise
    run.exit_status = status if status >= 0 else 128 - status


def _end_with_parent() -> None:
    """Be ended when whoever holds the lock is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@contextlib.contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end what runs here as Ctrl-C does: the command first."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for number in before:
            signal.signal(number, _interrupted)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
