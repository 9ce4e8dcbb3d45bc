"""Lines and words: what ends a line, what quotes mean, and how a value is written.

A backslash at the end of a line joins it with the next, quotes may hold anything, a line that
begins with `#` is a comment. A backslash protects the letter after it, as in shells: inside double
quotes only a quote, a backslash and a line end, inside single quotes only a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Final

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

_PLAIN: Final = re.compile(r"[\w.\-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: its words, the number of its first physical line, comments before it.

    *raw* is the text of the line as it stands, for what reads it in its own way (`xml`).
    """

    words: tuple[str, ...]
    number: int
    raw: str
    comments: tuple[str, ...] = ()


@dataclass(slots=True)
class _Scan:
    text: str
    at: int = 0
    number: int = 1
    words: list[str] = field(default_factory=list)

    def look(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.text[place] if place < len(self.text) else ""

    def take(self) -> str:
        letter = self.text[self.at]
        self.at += 1
        self.number += letter == "\n"
        return letter


def lines(text: str) -> Iterator[Line]:
    """Yield the lines of *text*, blank ones left out; raises `Refused` for an open quote."""
    scan = _Scan(text.replace("\r\n", "\n"))
    comments: list[str] = []
    while scan.at < len(scan.text):
        start, number = scan.at, scan.number
        rest_of_line = scan.text[start : _end_of_line(scan.text, start)]
        if rest_of_line.lstrip().startswith("#"):
            comments.append(rest_of_line.strip())
            _skip(scan, start + len(rest_of_line) + 1)
            continue
        if rest_of_line.lstrip().startswith("xml ") and "<" in rest_of_line:
            words = _raw_xml(scan)
        else:
            words = tuple(_words(scan, number))
        if words:
            yield Line(words, number, scan.text[start : scan.at].strip(), tuple(comments))
            comments = []


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of one line; raises `Refused` for an open quote."""
    return tuple(_words(_Scan(text), 1))


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _skip(scan: _Scan, to: int) -> None:
    while scan.at < min(to, len(scan.text)):
        scan.take()


def _words(scan: _Scan, number: int) -> Iterator[str]:
    """Yield words up to the end of the logical line."""
    word: list[str] | None = None
    while scan.at < len(scan.text):
        letter = scan.take()
        if letter == "\n":
            break
        if letter == "\\" and scan.look() == "\n":
            scan.take()
            letter = " "
        if letter in " \t\r":
            if word is not None:
                yield "".join(word)
            word = None
            continue
        word = [] if word is None else word
        if letter in "\"'":
            word.append(_quoted(scan, letter, number))
        elif letter == "\\" and scan.look():
            word.append(scan.take())
        else:
            word.append(letter)
    if word is not None:
        yield "".join(word)


def _quoted(scan: _Scan, quote: str, number: int) -> str:
    text: list[str] = []
    while scan.at < len(scan.text):
        letter = scan.take()
        if letter == quote:
            return "".join(text)
        if letter == "\\" and quote == '"' and scan.look() in ('"', "\\"):
            text.append(scan.take())
        elif letter == "\\" and scan.look() == "\n":
            scan.take()
        else:
            text.append(letter)
    raise Refused(
        [
            Finding.error(
                "syntax", f"line {number}", f"line {number}: a quote ({quote}) is not closed"
            )
        ]
    )


def _raw_xml(scan: _Scan) -> tuple[str, ...]:
    """Return `xml` and the element's text, which is read to the end of the logical line."""
    text: list[str] = []
    while scan.at < len(scan.text):
        letter = scan.take()
        if letter == "\n":
            break
        if letter == "\\" and scan.look() == "\n":
            scan.take()
            letter = "\n"
        text.append(letter)
    return ("xml", "".join(text).strip().removeprefix("xml").strip())


def quote(value: str) -> str:
    """Return *value* as the language writes it, in quotes where it needs them."""
    if _PLAIN.fullmatch(value):
        return value
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    letters = []
    for n, letter in enumerate(value):
        after = value[n + 1] if n + 1 < len(value) else '"'
        if letter == '"' or (letter == "\\" and after in '"\\\n'):
            letters.append("\\")
        letters.append(letter)
    return "".join(letters)


def pair(name: str, value: str) -> str:
    """Return `name=value`."""
    return f"{name}={quote(value)}"
