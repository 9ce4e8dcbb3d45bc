"""A link of the heart: the sockets on one address, and how the kernel sorts what comes to them.

There are two sockets. Heartbeats that say of themselves that they bring no news go to the second,
which nobody waits on: they are read when the heart is awake anyhow, with the time at which they
came. All else goes to the first. The sorting looks at bytes in the clear and decides only how soon
a packet is read, so that a forged one gains nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket
import struct
import time
from collections.abc import Sequence
from typing import Final

from pcsx.ring.config import Address
from pcsx.ring.wire import BEAT, FLAGS_AT, MAGIC, QUIET, TYPE_AT

DATAGRAM_MAX: Final = 9216
_BUFFER: Final = 4 << 20
_UDP_HEADER: Final = 8
# Constants of Linux that the socket module does not name.
_SO_ATTACH_FILTER: Final = 26
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_SO_ATTACH_REUSEPORT_CBPF: Final = 51
_IP_MTU_DISCOVER: Final = 10
_IP_FREEBIND: Final = 15
_IPV6_MTU_DISCOVER: Final = 23
_IPV6_FREEBIND: Final = 78
_PMTUDISC_PROBE: Final = 3
_TIMESPEC: Final = struct.Struct("@ll")
_NO_SORTING: Final = (errno.ENOPROTOOPT, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)
_ANCILLARY: Final = socket.CMSG_SPACE(_TIMESPEC.size)

Instruction = tuple[int, int, int, int]
"""One step of the kernel's filter machine: code, jump if true, jump if false, constant."""

_ONLY_OURS: Final[Sequence[Instruction]] = (
    (0x30, 0, 0, _UDP_HEADER),  # load the first byte behind the header
    (0x15, 0, 1, MAGIC),  # is it ours?
    (0x06, 0, 0, 0xFFFFFFFF),  # take all of it
    (0x06, 0, 0, 0),  # drop
)
_QUIET_TO_THE_SECOND: Final[Sequence[Instruction]] = (
    (0x30, 0, 0, TYPE_AT),  # load the type
    (0x15, 0, 3, BEAT),  # is it a heartbeat?
    (0x30, 0, 0, FLAGS_AT),  # load the flags
    (0x45, 0, 1, QUIET),  # does it say that it brings no news?
    (0x06, 0, 0, 1),  # the second socket
    (0x06, 0, 0, 0),  # the first
)


class BoundLink:
    """The sockets on *address*, even before the interface has it; raises `OSError`.

    *quiet* is None where the kernel does not sort: then all comes to *socket*.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        # Sockets that share an address would also share it with another daemon: look first.
        _on(address).close()
        self.socket = _on(address, shared=True)
        self.quiet: socket.socket | None = None
        try:
            # Sorting begins before there is a second: nothing is ever where it does not belong.
            _attach(self.socket, _SO_ATTACH_REUSEPORT_CBPF, _QUIET_TO_THE_SECOND)
            self.quiet = _on(address, shared=True)
            self.quiet.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError as error:
            if self.quiet is not None or error.errno not in _NO_SORTING:
                self.close()
                raise

    def receive_quiet(self) -> tuple[bytes, tuple[str, int], int]:
        """Return the next heartbeat without news, its source, and when it came (boot time, ms)."""
        assert self.quiet is not None
        data, told, _, source = self.quiet.recvmsg(DATAGRAM_MAX, _ANCILLARY)
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        for level, kind, value in told:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, rest_ns = _TIMESPEC.unpack(value)
                now_ns -= time.time_ns() - (seconds * 1_000_000_000 + rest_ns)
        return data, source, now_ns // 1_000_000

    def close(self) -> None:
        """Let go of the sockets."""
        self.socket.close()
        if self.quiet is not None:
            self.quiet.close()


def _on(address: Address, *, shared: bool = False) -> socket.socket:
    """Return a socket that is on *address*, alone or *shared* with others of ours."""
    six = ":" in address.host
    bound = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        for option, force in (
            (socket.SO_SNDBUF, _SO_SNDBUFFORCE),
            (socket.SO_RCVBUF, _SO_RCVBUFFORCE),
        ):
            try:
                bound.setsockopt(socket.SOL_SOCKET, force, _BUFFER)
            except OSError:
                bound.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        if six:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
            bound.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
        else:
            bound.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
            bound.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with contextlib.suppress(OSError):  # what is not ours is dropped later then
            _attach(bound, _SO_ATTACH_FILTER, _ONLY_OURS)
        bound.bind((address.host, address.port))
    except OSError:
        bound.close()
        raise
    return bound


def _attach(bound: socket.socket, option: int, program: Sequence[Instruction]) -> None:
    """Give the kernel a filter for *bound*."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code)
    pointer = struct.pack("HP", len(program), ctypes.addressof(held))
    bound.setsockopt(socket.SOL_SOCKET, option, pointer)
