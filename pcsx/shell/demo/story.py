"""What the demonstration tells: a timeline of events with seconds, as lines or as JSON objects.

On a terminal the last line is alive: the nodes, and when the client was last answered.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO


class Story:
    """Tells events since *began* to *out*."""

    def __init__(self, *, as_json: bool, out: TextIO | None = None) -> None:
        self.began = time.monotonic()
        self._json = as_json
        self._out = out or sys.stdout
        self._alive = not as_json and self._out.isatty()
        self._shown = ""

    def tell(self, event: str, text: str, *, at: float | None = None, **facts: Any) -> None:
        """Tell *event*, which happened now or *at* a moment of `time.monotonic`."""
        seconds = (at if at is not None else time.monotonic()) - self.began
        if self._json:
            line = {"t": round(seconds, 3), "event": event, "text": text, **facts}
            self._write(json.dumps(line) + "\n")
        else:
            self._clear()
            self._write(f"{seconds:7.2f} s  {text}\n")

    def summary(self, facts: dict[str, Any], lines: list[str]) -> None:
        """Tell the end: *facts* as the last JSON object, or *lines* for people."""
        self._clear()
        if self._json:
            self._write(json.dumps({"event": "summary", **facts}) + "\n")
        else:
            self._write("\n" + "\n".join(lines) + "\n")

    def show(self, line: Callable[[], str]) -> None:
        """Renew the last line of a terminal."""
        if not self._alive:
            return
        text = line()
        if text != self._shown:
            self._write(f"\r\x1b[2K{text}")
            self._shown = text

    def _clear(self) -> None:
        if self._alive and self._shown:
            self._write("\r\x1b[2K")
            self._shown = ""

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
