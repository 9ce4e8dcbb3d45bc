"""The process that stands above a program for `pcsx sam`: its signals, its pipe and the daemon.

`sam.Sam` decides; here is what it needs of the world. The program's words come over a
pipe, quorum and the store over the local socket.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from pcsx.client import Client, Stream, watch_quorum
from pcsx.errors import Failed, PcsxError
from pcsx.protocol import ProcessShow
from pcsx.shell import sam
from pcsx.values import Now

_LINE_MAX: Final = 2 * sam.DATA_MAX + 64
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Watchman:
    """Runs *words* as *policy* says; `run` returns the exit status."""

    def __init__(self, words: list[str], policy: sam.Policy, *, shows: bool) -> None:
        self._words = words
        self._quorum: Stream | None = None
        quorate = True
        if policy.quorum:
            self._quorum = watch_quorum()
            first = self._quorum.next()
            quorate = bool(first and first["quorate"])
        self._client = Client() if shows else None
        self._sam = sam.Sam(policy, quorate=quorate)
        self._child: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._text = b""
        self._stop = False
        self._status: int | None = None
        self._wake, self._woken = os.pipe()

    def run(self) -> int:
        """Watch the program until all is over."""
        for number in _SIGNALS:
            signal.signal(number, self._asked)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        self._do(self._sam.begin(_now()))
        while self._status is None:
            self._wait()
        return self._status

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _wait(self) -> None:
        due_ms = self._sam.deadline_ms
        limit_s = 1.0 if due_ms is None else min(1.0, max(0.0, (due_ms - _now().ms) / 1000))
        waited: list[Any] = [self._wake]
        if self._pipe >= 0:
            waited.append(self._pipe)
        if self._quorum is not None:
            waited.append(self._quorum)
        here = self._quorum is not None and self._quorum.waiting
        ready, _, _ = select.select(waited, [], [], 0 if here else limit_s)
        if self._wake in ready:
            os.read(self._wake, 512)
        if self._pipe in ready:
            self._listen()
        if self._quorum is not None and (here or self._quorum in ready):
            self._hear_quorum()
        if self._child is not None and (status := self._child.poll()) is not None:
            self._child = None
            self._end_pipe()
            self._do(self._sam.step(sam.Ended(status if status >= 0 else 128 - status), _now()))
        if self._stop:
            self._stop = False
            self._do(self._sam.step(sam.Stop(), _now()))
        if (due_ms := self._sam.deadline_ms) is not None and due_ms <= _now().ms:
            self._do(self._sam.step(sam.Tick(), _now()))

    def _hear_quorum(self) -> None:
        """Take the news of quorum; where the daemon has gone there is none."""
        assert self._quorum is not None
        try:
            line = self._quorum.next()
        except PcsxError:
            line = None
        if line is None:
            self._quorum.close()
            self._quorum = None
        self._do(self._sam.step(sam.Quorum(bool(line and line["quorate"])), _now()))

    def _listen(self) -> None:
        """Take what the program says of itself."""
        text = os.read(self._pipe, 65536)
        if not text:
            os.close(self._pipe)
            self._pipe = -1
        self._text += text
        *lines, self._text = self._text.split(b"\n")
        if len(self._text) > _LINE_MAX:
            self._text = b""
        for line in lines:
            word, _, rest = line.decode("ascii", "replace").partition(" ")
            if word == "healthy":
                self._do(self._sam.step(sam.Healthy(), _now()))
            elif word == "keep":
                with contextlib.suppress(ValueError):
                    self._do(self._sam.step(sam.Kept(bytes.fromhex(rest)), _now()))

    def _do(self, effects: list[sam.SamEffect]) -> None:
        for effect in effects:
            match effect:
                case sam.Begin(instance, data):
                    self._begin(instance, data)
                case sam.Signal(hard):
                    if self._child is not None:
                        self._child.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
                case sam.Show(state, why):
                    self._show(state, why)
                case sam.Quit(status):
                    self._status = status

    def _begin(self, instance: int, data: bytes) -> None:
        self._pipe, theirs = os.pipe()
        environment = {
            **os.environ,
            "PCSX_SAM_INSTANCE": str(instance),
            "PCSX_SAM_DATA": data.hex(),
            "PCSX_SAM_FD": str(theirs),
        }
        try:
            self._child = subprocess.Popen(self._words, env=environment, pass_fds=(theirs,))
        except OSError as error:
            raise Failed(f"cannot run {self._words[0]}: {error.strerror}") from error
        finally:
            os.close(theirs)

    def _end_pipe(self) -> None:
        while self._pipe >= 0 and select.select([self._pipe], [], [], 0)[0]:
            self._listen()
        if self._pipe >= 0:  # somebody that it started holds the other end
            os.close(self._pipe)
        self._pipe, self._text = -1, b""

    def _show(self, state: sam.State, why: str) -> None:
        if self._client is None:
            return
        pairs = [("state", state.value), ("command", " ".join(self._words))]
        pairs += [("instance", str(self._sam.instance)), ("why", why)]
        with contextlib.suppress(PcsxError):
            self._client.call(ProcessShow(tuple(pairs)))


def _now() -> Now:
    ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return Now(ms, datetime.now(UTC))
