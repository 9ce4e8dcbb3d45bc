"""What a crash kernel says for the kernel that has panicked, and the file in which it finds that.

While the daemon runs, its supervisor keeps the file: a line a peer's address, `HOST PORT PACKET`,
where the packet is sealed already and good for one thing, to tell that this life's kernel is gone.
Nothing but a sender of datagrams is needed then (`contrib/kdump`, or `pcsx panic`).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from typing import Final

from pcsx.daemon.io.datagrams import Sender
from pcsx.lean import dataclass
from pcsx.ring.heart_port import LeaveWills
from pcsx.ring.will import panic_key, sealed_panic

ROUNDS: Final = 5
PAUSE_S: Final = 0.05
CRASHED: Final = "/proc/vmcore"
"""There in a crash kernel alone: the memory of the one before it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One packet, and where it goes."""

    host: str
    port: int
    packet: bytes


class Unreadable(Exception):
    """The file is none, or not ours; the message says what is wrong, for a person."""


def lines_of(testament: LeaveWills) -> list[Line]:
    """Return what is to be sent should the kernel panic while *testament* holds."""
    found = []
    for will in testament.wills:
        key = panic_key(will.key)
        packet = sealed_panic(key=key, session=will.session, boot=testament.boot)
        found += [Line(address.host, address.port, packet) for address in will.addresses]
    return found


def keep(path: str, lines: Iterable[Line]) -> None:
    """Have *lines* and nothing else in the file at *path*, on its disk; raises OSError.

    A panic may come at any moment: what was there is whole until the new is.
    """
    text = "".join(f"{line.host} {line.port} {line.packet.hex()}\n" for line in lines)
    beside = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(beside, path)
    place = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def read(path: str) -> list[Line]:
    """Return the lines of the file at *path*; raises `Unreadable`."""
    try:
        with open(path, "rb") as file:
            text = file.read(1 << 20).decode("ascii")
        found = []
        for line in text.splitlines():
            host, port, packet = line.split()
            found.append(Line(host, int(port), bytes.fromhex(packet)))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Unreadable(f"{path} is not what the daemon leaves for its crash kernel") from None
    if not found:
        raise Unreadable(f"{path} names nobody: no other node was connected")
    return found


def send(lines: list[Line], *, rounds: int = ROUNDS) -> int:
    """Send every line some times; return how many of them this host's network took."""
    taken = set()
    with Sender() as sender:
        for turn in range(rounds):
            if turn:
                time.sleep(PAUSE_S)
            for line in lines:
                if sender.send(line.packet, line.host, line.port):
                    taken.add(line)
    return len(taken)
