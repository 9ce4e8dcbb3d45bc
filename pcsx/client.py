"""The way from shell to daemon: a blocking unix socket. Connect, call, watch.

`Client` is one connection; `call` sends a request of `protocol` and returns the answer's object,
handing progress to a function on the way. Errors of the daemon are raised here as the classes they
were there.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from typing import Any

from pcsx.errors import NoCluster, NotAuthorised, TimedOut, from_json
from pcsx.protocol import HEADER, MAX_MESSAGE, Request, pack

DEFAULT_SOCKET = "/run/pcsx/pcsx.sock"


def socket_path() -> str:
    """Return where the local daemon listens: `PCSX_SOCKET`, or the packaged place."""
    return os.environ.get("PCSX_SOCKET") or DEFAULT_SOCKET


class Client:
    """One connection to the local daemon; use it as a context manager."""

    def __init__(self, path: str | None = None, timeout_s: float = 60.0) -> None:
        """Connect; raises `NoCluster` where no daemon listens, `NotAuthorised` where not let in."""
        self.path = path or socket_path()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._timeout_s = timeout_s
        self._next = 1
        try:
            self._socket.connect(self.path)
        except PermissionError as error:
            self._socket.close()
            raise NotAuthorised(f"uid {os.getuid()}", f"open {self.path}") from error
        except OSError as error:
            self._socket.close()
            raise NoCluster(
                f"no pcsx daemon answers at {self.path} ({error.strerror or error})",
                "Start it: systemctl start pcsx, or: pcsx daemon. "
                "Another socket is named by PCSX_SOCKET.",
            ) from error

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what was asked for and not answered goes on without us."""
        self._socket.close()

    def call(
        self,
        request: Request,
        progress: Callable[[dict[str, Any]], None] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Return the answer to *request*; *progress* is given each line of it before.

        Raises what the daemon raised, `TimedOut` after *timeout_s* without a word, `NoCluster` when
        the daemon goes away.
        """
        id = self.send(request)
        self._socket.settimeout(timeout_s if timeout_s is not None else self._timeout_s)
        while True:
            message = self._receive(request.do)
            if message.get("id") != id:
                continue
            if "progress" in message:
                if progress is not None:
                    progress(message["progress"])
                continue
            if "error" in message:
                raise from_json(message["error"])
            answer: dict[str, Any] = message["ok"]
            return answer

    def send(self, request: Request) -> int:
        """Send *request* without waiting, and return its id."""
        id, self._next = self._next, self._next + 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(pack({"id": id, **request.to_json()}))
        return id

    def _receive(self, what: str) -> dict[str, Any]:
        try:
            (length,) = HEADER.unpack(self._exactly(HEADER.size))
            assert length <= MAX_MESSAGE, length
            message: dict[str, Any] = json.loads(self._exactly(length))
        except TimeoutError as error:
            raise TimedOut(f"request {what}", self._socket.gettimeout() or 0) from error
        return message

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = self._socket.recv(min(count, 1 << 20))
            except ConnectionResetError:
                part = b""
            if not part:
                raise NoCluster("the pcsx daemon closed the connection", "Its log says why.")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
