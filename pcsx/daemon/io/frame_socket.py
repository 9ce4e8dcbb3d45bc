"""The socket between heart and brain: frames in both directions, and nobody waits for anybody.

A frame of up to a megabyte is cut into pieces that fit a SOCK_SEQPACKET, and small ones that were
put here within one turn travel together in one. What the kernel does not take now waits here, up to
a bound; what goes over it is dropped, whole, and counted.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections import deque
from typing import Final

from pcsx.ring.codec import decode, encode
from pcsx.ring.frames import Heard, ToBrain, ToHeart, Transmit

BUFFER: Final = 4 << 20
"""How much the kernel is asked to hold for us."""
BACKLOG: Final = 8 << 20
"""How many bytes of frames may wait here."""
RESERVE: Final = 1 << 20
"""How much of the backlog is kept for what is said once: messages of peers may be lost."""
FRAME_MAX: Final = 2 << 20
_PIECE: Final = 32 << 10
_LAST: Final = b"\x01"
_MORE: Final = b"\x02"
_SOME: Final = b"\x03"
"""Several whole frames follow, each behind its length."""
_LENGTH: Final = struct.Struct(">H")
_READS: Final = 64
_REPEATED: Final = (Heard, Transmit)
"""What is said again by those to whom it matters."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends, for heart and brain."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        _widen(end)
    return ends


def _widen(end: socket.socket) -> None:
    """Make room in the kernel; without the right to, as much as it gives."""
    force = 32  # SO_SNDBUFFORCE, which the socket module does not name
    try:
        end.setsockopt(socket.SOL_SOCKET, force, BUFFER)
    except OSError:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)


class FrameSocket:
    """One end: nothing here blocks; `flush` it when it `waits` and the socket is writable."""

    def __init__(self, end: socket.socket, *, backlog: int = BACKLOG) -> None:
        end.setblocking(False)
        self._end = end
        self._backlog = backlog
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._together: list[bytes] = []
        """Small frames that leave with the next `flush`."""
        self._room = _PIECE
        self._parts: list[bytes] = []
        self.dropped = 0
        """How many frames did not fit."""
        self.closed = False
        """Whether the other side is gone, and all that it said was received."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._end.fileno()

    @property
    def waits(self) -> bool:
        """Return whether something is to be sent once the socket takes it."""
        return bool(self._waiting)

    def send(self, frame: ToBrain | ToHeart) -> bool:
        """Send *frame*, now or soon; return False where it is dropped because nothing fits."""
        fits = self.put(frame)
        self.flush()
        return fits

    def put(self, frame: ToBrain | ToHeart) -> bool:
        """Have *frame* sent by the next `flush`; return False where it is dropped."""
        data = encode(frame)
        limit = self._backlog - RESERVE if isinstance(frame, _REPEATED) else self._backlog
        if self._size + _PIECE - self._room + len(data) > limit:
            self.dropped += 1
            return False
        need = _LENGTH.size + len(data)
        if need > self._room:
            self._close_piece()
        if need <= _PIECE:
            self._together.append(data)
            self._room -= need
            return True
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
        for piece in pieces[:-1]:
            self._wait(_MORE + piece)
        self._wait(_LAST + pieces[-1])
        return True

    def _wait(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._size += len(piece) - 1

    def _close_piece(self) -> None:
        """Make one piece of the small frames that were put here."""
        together = self._together
        if len(together) == 1:
            self._wait(_LAST + together[0])
        elif together:
            parts = [_SOME]
            for data in together:
                parts += (_LENGTH.pack(len(data)), data)
            self._wait(b"".join(parts))
        self._together = []
        self._room = _PIECE

    def flush(self) -> None:
        """Give the kernel what it takes."""
        if self._together:
            self._close_piece()
        while self._waiting:
            try:
                self._end.send(self._waiting[0], socket.MSG_NOSIGNAL)
            except (BlockingIOError, InterruptedError):
                return
            except (BrokenPipeError, ConnectionResetError):
                # Nobody is there to hear it, but their last words may still wait to be read.
                self._waiting.clear()
                break
            self._size -= len(self._waiting.popleft()) - 1
        self._size = 0

    def receive(self) -> list[ToBrain | ToHeart]:
        """Return the frames that are there, some of them at least; sets *closed* at the end."""
        frames: list[ToBrain | ToHeart] = []
        for _ in range(_READS):
            try:
                piece = self._end.recv(_PIECE + 1)
            except (BlockingIOError, InterruptedError):
                break
            except ConnectionResetError:
                continue  # they went without having read all; what they said is still here
            if not piece:
                self.closed = True
                break
            if piece[:1] == _MORE:
                self._parts.append(piece[1:])
                assert len(self._parts) * _PIECE <= FRAME_MAX, "a frame without an end"
                continue
            if piece[:1] == _SOME:
                frames += _several(piece)
                continue
            data = piece[1:]
            if self._parts:
                data = b"".join((*self._parts, data))
                self._parts.clear()
            frames.append(decode(data))
        return frames

    def close(self) -> None:
        """Let go of the socket."""
        self._end.close()


def _several(piece: bytes) -> list[ToBrain | ToHeart]:
    """Return the frames that travelled together in *piece*."""
    frames: list[ToBrain | ToHeart] = []
    at = 1
    while at < len(piece):
        (size,) = _LENGTH.unpack_from(piece, at)
        at += _LENGTH.size
        frames.append(decode(piece[at : at + size]))
        at += size
    return frames
