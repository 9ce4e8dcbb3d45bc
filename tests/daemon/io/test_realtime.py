"""What a process asks of Linux to be on time: what is refused is told, and it goes on without."""

from __future__ import annotations

import os
import resource

import pytest

from pcsx.daemon.io.realtime import granted, take_real_time

_NOBODY = 65534


def _give_up_rights() -> None:
    """Leave all that would let this process have what it asks for."""
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def test_without_rights_each_refusal_is_told_and_the_process_goes_on() -> None:
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            _give_up_rights()
            told = "\n".join([*take_real_time(), str(granted())])
            os.write(writes, told.encode())
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        *refused, real_time = pipe.read().splitlines()
    os.waitpid(child, 0)
    assert real_time == "False"
    beginnings = ("memory is not locked: ", "no real time: ", "the oom killer may choose this ")
    assert len(refused) == 3
    assert all(text.startswith(begun) for text, begun in zip(refused, beginnings, strict=True))


def test_with_rights_it_is_in_real_time_in_memory_and_the_last_to_be_chosen() -> None:
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            refused = list(take_real_time())
            with open("/proc/self/status") as file:
                locked = next(line.split()[1] for line in file if line.startswith("VmLck"))
            with open("/proc/self/oom_score_adj") as file:
                score = file.read().strip()
            priority = os.sched_getparam(0).sched_priority
            told = (len(refused), granted(), priority, locked != "0", score)
            os.write(writes, repr(told).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told.startswith("(0, "):
        pytest.skip("this place refuses some of it")
    assert told == "(0, True, 1, True, '-1000')"
