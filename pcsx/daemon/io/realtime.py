"""What a process can ask of Linux to be on time: locked memory, real time, no oom killer.

Each request is independent; what is refused is told in words, and the process does without.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from typing import Final

PRIORITY: Final = 1
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
_CGROUPS: Final = ("/sys/fs/cgroup/cpu/cgroup.procs", "/sys/fs/cgroup/cgroup.procs")


def die_with_parent(parent: int) -> None:
    """Ask to be killed when the process *parent* ends; end at once if it already has."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def be_called(name: str) -> None:
    """Show *name* (up to 15 bytes) in process lists."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def take_real_time() -> Iterator[str]:
    """Ask for everything; yield what was refused. Real time was granted if `granted` says so."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT
    if libc.mlockall(flags) != 0:
        yield f"memory is not locked: {os.strerror(ctypes.get_errno())}"
    try:
        _schedule()
    except OSError as error:
        yield f"no real time: {error.strerror}"
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("-1000")
    except OSError as error:
        yield f"the oom killer may choose this process: {error.strerror}"


def granted() -> bool:
    """Return whether this process runs in real time."""
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR


def _schedule() -> None:
    """Ask for round-robin real time, from the root cgroup where this one has no share of it."""
    param = os.sched_param(PRIORITY)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, param)
        return
    except PermissionError:
        if not _move_to_root_cgroup():
            raise
    os.sched_setscheduler(0, os.SCHED_RR, param)


def _move_to_root_cgroup() -> bool:
    for path in _CGROUPS:
        try:
            with open(path, "w") as file:
                file.write("0")
        except OSError:
            continue
        return True
    return False
