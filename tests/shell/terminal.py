"""A terminal for tests: the program on a pseudo terminal, and the screen that it draws.

The screen knows what the prompt sends: moves, erasures, lines, and how letters are drawn: red,
yellow, underlined. Other looks are passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path

_CONTROL = re.compile(
    r"\x1b\[([?>=]*)([\d;]*)([@-~])|\x1b[()][A-Z0-9]|\x1b[=>78cM]|\x1b\][^\x07]*\x07"
)
PATIENCE_S = 20.0
_LOOKS = {4: "underlined", 7: "reverse", 31: "red", 33: "yellow"}
_PLAIN: frozenset[str] = frozenset()


class Screen:
    """Rows of letters and a cursor."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.lines = [[" "] * columns for _ in range(rows)]
        self.looks: dict[tuple[int, int], frozenset[str]] = {}
        self.pen = _PLAIN
        self.row = self.column = 0
        self.rest = ""

    def feed(self, text: str) -> None:
        text, at = self.rest + text, 0
        self.rest = ""
        while at < len(text):
            if text[at] == "\x1b":
                found = _CONTROL.match(text, at)
                if found is None:
                    self.rest = text[at:]
                    return
                if found[3]:
                    self.control(found[3], found[2])
                at = found.end()
                continue
            self.letter(text[at])
            at += 1

    def letter(self, letter: str) -> None:
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.down()
        elif letter == "\b":
            self.column = max(self.column - 1, 0)
        elif letter >= " ":
            if self.column >= self.columns:
                self.column = 0
                self.down()
            self.lines[self.row][self.column] = letter
            self.looks[self.row, self.column] = self.pen
            self.column += 1

    def down(self) -> None:
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.lines = [*self.lines[1:], [" "] * self.columns]
            self.looks = {(row - 1, column): look for (row, column), look in self.looks.items()}

    def draw(self, numbers: list[int]) -> None:
        """Take another pen; `38;5;N` and `48;5;N` name a colour of the palette."""
        at = 0
        while at < len(numbers):
            number = numbers[at]
            at += 3 if number in (38, 48) else 1
            if number == 0:
                self.pen = _PLAIN
            elif number in _LOOKS:
                self.pen |= {_LOOKS[number]}

    def look(self, text: str) -> frozenset[str]:
        """Return how *text* is drawn, the line of the cursor first: what its letters share."""
        for row in [self.row, *range(self.rows)]:
            at = "".join(self.lines[row]).rfind(text)
            if at >= 0:
                drawn = [self.looks.get((row, at + n), _PLAIN) for n in range(len(text))]
                return frozenset.intersection(*drawn)
        return _PLAIN

    def control(self, kind: str, words: str) -> None:
        numbers = [int(word) if word else 0 for word in words.split(";")]
        count = numbers[0] or 1
        match kind:
            case "m":
                self.draw(numbers)
            case "A":
                self.row = max(self.row - count, 0)
            case "B":
                self.row = min(self.row + count, self.rows - 1)
            case "C":
                self.column = min(self.column + count, self.columns - 1)
            case "D":
                self.column = max(self.column - count, 0)
            case "G":
                self.column = count - 1
            case "H":
                self.row = min(count, self.rows) - 1
                self.column = min(numbers[1] if len(numbers) > 1 else 1, self.columns) - 1
            case "K":
                self.lines[self.row][self.column :] = [" "] * (self.columns - self.column)
            case "J":
                if numbers[0] == 2:
                    self.lines = [[" "] * self.columns for _ in range(self.rows)]
                    return
                self.lines[self.row][self.column :] = [" "] * (self.columns - self.column)
                for row in range(self.row + 1, self.rows):
                    self.lines[row] = [" "] * self.columns

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()


class Terminal:
    """The program in a terminal: `send` types, `see` waits until the screen shows a text."""

    def __init__(self, words: list[str], env: dict[str, str], rows: int = 40, columns: int = 110):
        self.screen = Screen(rows, columns)
        self.all = ""
        self.status: int | None = None
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.environ.update(env, TERM="xterm", PYTHONWARNINGS="ignore")
            os.execv(sys.executable, [sys.executable, "-m", "pcsx", *words])
        self.resize(rows, columns)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if (rows, columns) != (self.screen.rows, self.screen.columns):
            self.screen = Screen(rows, columns)

    def send(self, text: str) -> None:
        os.write(self.handle, text.encode())

    def enter(self, text: str) -> None:
        self.send(text + "\r")

    def paste(self, text: str) -> None:
        self.send(f"\x1b[200~{text}\x1b[201~")

    def press(self, key: str, wanted: str) -> None:
        """Press *key* until *wanted* is on the screen: what is typed too early may be dropped."""
        end = time.monotonic() + PATIENCE_S
        while wanted not in self.screen.text:
            if time.monotonic() >= end:
                raise AssertionError(f"{wanted!r} is not on the screen:\n{self.screen.text}")
            self.send(key)
            self._read(time.monotonic() + 0.2)

    def see(self, wanted: str, times: int = 1) -> str:
        """Return the screen once *wanted* is on it so many times; lines end without blanks."""
        wanted = wanted.rstrip()
        end = time.monotonic() + PATIENCE_S
        while self.screen.text.count(wanted) < times:
            if not self._read(end) and self.screen.text.count(wanted) < times:
                raise AssertionError(f"{wanted!r} is not on the screen:\n{self.screen.text}")
        return self.screen.text

    def lose(self, unwanted: str) -> None:
        """Wait until *unwanted* is not on the screen any more."""
        end = time.monotonic() + PATIENCE_S
        while unwanted in self.screen.text:
            if not self._read(end):
                raise AssertionError(f"{unwanted!r} stays on the screen:\n{self.screen.text}")

    def see_drawn(self, wanted: str, *looks: str) -> None:
        """Wait until *wanted* is on the screen and drawn so: `red`, `underlined`; or plain."""
        end = time.monotonic() + PATIENCE_S
        while wanted not in self.screen.text or self.screen.look(wanted) != set(looks):
            if not self._read(end):
                drawn = sorted(self.screen.look(wanted))
                raise AssertionError(f"{wanted!r} is drawn {drawn}:\n{self.screen.text}")

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self.handle], [], [], max(end - time.monotonic(), 0))
        if not ready:
            return False
        try:
            text = os.read(self.handle, 65536).decode(errors="replace")
        except OSError:
            return False
        self.all += text
        self.screen.feed(text)
        if "\x1b[6n" in text:  # where is the cursor? the prompt draws its lower lines by it
            self.send(f"\x1b[{self.screen.row + 1};{self.screen.column + 1}R")
        return bool(text)

    def ends(self) -> int:
        """Return the exit status, once the program has ended."""
        end = time.monotonic() + PATIENCE_S
        while self._read(end):
            pass
        if time.monotonic() >= end:
            raise AssertionError(f"the program goes on:\n{self.screen.text}")
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.handle)
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, 9)
                os.waitpid(self.pid, 0)


def environment(tmp_path: Path, agents: Path) -> dict[str, str]:
    """Return the variables that keep the program to *tmp_path*."""
    return {"PCSX_STATE": str(tmp_path / "state"), "PCSX_AGENT_METADATA": str(agents)}
