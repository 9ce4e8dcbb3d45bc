"""The watchdog: a device that resets the machine when nobody pets it, and a reset at once.

A watchdog is relied on only where it does what the cluster counts on: it bites after the time that
it was given, and goes on counting when the process that held it open has ended. It is disarmed by
the magic `V` alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
from typing import Final

# linux/watchdog.h
_GET_SUPPORT: Final = 0x80285700
_SET_TIMEOUT: Final = 0xC0045706
_GET_TIMEOUT: Final = 0x80045707
_INFO: Final = struct.Struct("II32s")
_MAGIC_CLOSE: Final = 0x0100
# linux/reboot.h
_AUTOBOOT: Final = 0x01234567


class Watchdog:
    """The device at *path* (empty: none) with a timeout of *timeout_s*; armed by `arm` alone.

    *untimed* takes a pipe for the device, whose reader must know the timeout: for tests.
    """

    def __init__(self, path: str, timeout_s: int, *, untimed: bool = False) -> None:
        self._path, self._timeout_s, self._untimed = path, timeout_s, untimed
        self._fd = -1
        self.refused = ""
        """Why `arm` failed."""

    def arm(self) -> int:
        """Open the device, from where on it bites unless it is petted; return after how many ms.

        0: there is none, or `refused` tells why it is none to rely on.
        """
        self.refused = ""
        if not self._path:
            return 0
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            timeout_s = self._timeout_s if self._untimed else self._timed()
        except OSError as error:
            busy = ": another program holds it" if error.errno == errno.EBUSY else ""
            self.refused = f"no watchdog at {self._path}: {error.strerror}{busy}"
            self.disarm()
            return 0
        if not timeout_s:
            self.disarm()
            return 0
        self.pet()
        return timeout_s * 1000

    def _timed(self) -> int:
        """Set the timeout; return the one that holds (s), 0 where the device cannot be relied on.

        A driver may round, or know one timeout only: what it then says counts.
        """
        info = fcntl.ioctl(self._fd, _GET_SUPPORT, bytes(_INFO.size))
        options, _, name = _INFO.unpack(info)
        if not options & _MAGIC_CLOSE:
            title = name.partition(b"\0")[0].decode(errors="replace")
            self.refused = f"{title} at {self._path} stops counting when its holder ends"
            return 0
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, _SET_TIMEOUT, struct.pack("i", self._timeout_s))
        told = fcntl.ioctl(self._fd, _GET_TIMEOUT, struct.pack("i", 0))
        return int(struct.unpack("i", told)[0])

    def pet(self) -> None:
        """Keep it from biting."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.write(self._fd, b"\0")

    def disarm(self) -> None:
        """Close it in good order, so that it does not bite."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.write(self._fd, b"V")
            os.close(self._fd)
            self._fd = -1


def reset_machine() -> str:
    """Reset this machine at once, as a power switch does; return why that was refused.

    In a container it ends the container.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.reboot(_AUTOBOOT)
    return os.strerror(ctypes.get_errno())
