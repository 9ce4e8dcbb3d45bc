"""A client of libcpg, by ctypes: says messages to a group and hears each of its own back.

`python3 cpg.py SECONDS SIZE WINDOW` prints a JSON list: how long it ran, then each latency, in
seconds. It stands alone, so that it runs in a namespace with nothing but Python and the library.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time

OK, AGAIN, AGREED, ALL, ONE = 1, 6, 2, 2, 1
LIBRARY = "libcpg.so.4"


class Name(ctypes.Structure):
    """`struct cpg_name`."""

    _fields_ = (("length", ctypes.c_size_t), ("value", ctypes.c_char * 128))


class Piece(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


DELIVER = ctypes.CFUNCTYPE(
    None,
    ctypes.c_uint64,
    ctypes.POINTER(Name),
    ctypes.c_uint32,
    ctypes.c_uint32,
    ctypes.c_void_p,
    ctypes.c_size_t,
)
CHANGED = ctypes.CFUNCTYPE(
    None, ctypes.c_uint64, ctypes.POINTER(Name), ctypes.c_void_p, ctypes.c_size_t,
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t,
)  # fmt: skip


class Callbacks(ctypes.Structure):
    """`cpg_callbacks_t`."""

    _fields_ = (("deliver", DELIVER), ("changed", CHANGED))


def say(seconds: float, size: int, window: int) -> list[float]:
    """Say messages of *size* for *seconds*, *window* of them under way at a time."""
    library = ctypes.CDLL(LIBRARY)
    handle, me = ctypes.c_uint64(), os.getpid()
    said: dict[int, float] = {}
    found: list[float] = []

    def deliver(_h: int, _n: object, _node: int, pid: int, text: int, length: int) -> None:
        if pid == me:
            number = int(ctypes.string_at(text, min(length, 20)).split(b" ", 1)[0])
            if number in said:  # a process of another node may have the same id
                found.append(time.perf_counter() - said.pop(number))

    told = Callbacks(DELIVER(deliver), CHANGED(lambda *_: None))
    _must(library.cpg_initialize(ctypes.byref(handle), ctypes.byref(told)), "initialize")
    group = Name(5, b"bench")
    _must(library.cpg_join(handle, ctypes.byref(group)), "join")
    dispatch, multicast = library.cpg_dispatch, library.cpg_mcast_joined
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < seconds or said:
        while len(said) < window and time.monotonic() - began < seconds:
            text = b"%d " % sent
            piece = Piece(text + bytes(size - len(text)), size)
            said[sent] = time.perf_counter()
            ended = multicast(handle, AGREED, ctypes.byref(piece), 1)
            if ended == AGAIN:
                del said[sent]
                break
            _must(ended, "mcast")
            sent += 1
        _must(dispatch(handle, ONE if said else ALL), "dispatch")
    took = time.monotonic() - began
    library.cpg_finalize(handle)
    return [took, *found]


def _must(ended: int, what: str) -> None:
    if ended != OK:
        raise SystemExit(f"cpg_{what}: {ended}")


if __name__ == "__main__":
    print(json.dumps(say(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
