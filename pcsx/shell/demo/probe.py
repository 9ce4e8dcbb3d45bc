"""A client that asks the service all the while, and remembers when it got an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from itertools import pairwise
from typing import Final

EVERY_S: Final = 0.01
PATIENCE_S: Final = 0.25


class Probe(threading.Thread):
    """Asks (*host*, *port*) by HTTP every 10 ms; times are of `time.monotonic`."""

    def __init__(self, service: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._service = service
        self._ending = threading.Event()
        self.answers: list[float] = []
        """When each good answer came."""
        self.asked = 0

    def run(self) -> None:
        """Ask until told to end."""
        while not self._ending.is_set():
            began = time.monotonic()
            self.asked += 1
            if self._ask():
                self.answers.append(time.monotonic())
            self._ending.wait(max(0.0, EVERY_S - (time.monotonic() - began)))

    def _ask(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self._service, timeout=PATIENCE_S) as connection,
        ):
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.")
        return False

    def end(self) -> None:
        """Stop asking."""
        self._ending.set()

    def first_after(self, moment: float) -> float | None:
        """Return when the first good answer after *moment* came, if one did."""
        return next((answer for answer in list(self.answers) if answer > moment), None)

    def longest_gap(self) -> float:
        """Return the longest time between two good answers, in seconds."""
        answers = list(self.answers)
        return max(
            (later - earlier for earlier, later in pairwise(answers)),
            default=0.0,
        )
