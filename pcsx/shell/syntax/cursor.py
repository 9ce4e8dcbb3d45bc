"""A line being read: its words one after the other, and errors that say where they are."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from pcsx.errors import Finding, Refused
from pcsx.values import parse_score

ID: Final = re.compile(r"[^\W\d][\w.\-]*")
_NAME: Final = re.compile(r"[^\s=\"'<>]+")


class Cursor:
    """The words of one definition, read from left to right."""

    def __init__(self, words: tuple[str, ...], number: int = 1) -> None:
        """Begin before the first of *words*, which stand in line *number*."""
        self.words = words
        self.number = number
        self.at = 0

    @property
    def ended(self) -> bool:
        """Return whether all words are read."""
        return self.at >= len(self.words)

    def look(self, ahead: int = 0) -> str:
        """Return the next word (or one after it) and leave it; nothing at the end."""
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""

    def key(self) -> str:
        """Return the next word in lower case, as keywords are compared."""
        return self.look().lower()

    def take(self, what: str = "a word") -> str:
        """Return the next word and go past it; an error says that *what* is missing."""
        if self.ended:
            self.fail(f"expected {what}", at_end=True)
        self.at += 1
        return self.words[self.at - 1]

    def accept(self, *keywords: str) -> bool:
        """Go past the next word if it is one of *keywords*, and return whether it was."""
        if not self.ended and self.key() in keywords:
            self.at += 1
            return True
        return False

    def take_id(self, what: str = "an id") -> str:
        """Return the next word, which must be able to be an id."""
        word = self.take(what)
        if not ID.fullmatch(word):
            self.back()
            self.fail(f"{word!r} cannot be an id")
        return word

    def back(self) -> None:
        """Go back by one word."""
        self.at -= 1

    def option(self) -> tuple[str, str] | None:
        """Return name and value of the next word if it is `name=value`, and go past it."""
        if self.ended:
            return None
        name, equals, value = self.look().partition("=")
        if not equals or not _NAME.fullmatch(name):
            return None
        self.at += 1
        return name, value

    def is_option(self) -> bool:
        """Return whether the next word is `name=value`."""
        name, equals, _ = self.look().partition("=")
        return bool(equals) and bool(_NAME.fullmatch(name))

    def end(self) -> None:
        """Make sure that nothing is left."""
        if not self.ended:
            self.fail(f"{self.look()!r} is not expected here")

    def fail(self, text: str, *, at_end: bool = False) -> NoReturn:
        """Raise `Refused` with the line, the word and what is wrong with it."""
        near = "at the end of" if at_end else f"near {self.look()!r} in"
        line = " ".join(self.words)
        raise Refused(
            [
                Finding.error(
                    "syntax", f"line {self.number}", f"line {self.number}: {text}, {near}: {line}"
                )
            ]
        )


def score_of(word: str) -> str | None:
    """Return the score that *word* (without its colon) spells, as the document writes it."""
    if parse_score(word) is None:
        return None
    body = word.lstrip("+-").lower()
    if body in ("inf", "infinity"):
        return word[: len(word) - len(body)] + "INFINITY"
    return word


def short_score(score: str) -> str:
    """Return *score* as the language writes it."""
    return score.replace("INFINITY", "inf") if score.lstrip("+-") == "INFINITY" else score
