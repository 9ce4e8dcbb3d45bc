"""Text that is still being typed, as words with their places: nothing in it is an error.

`syntax.lexer` reads what is finished and refuses an open quote; here an open quote is a word that
goes on, since the prompt completes it, marks it, and asks for another line.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Typed:
    """One word: what it means, and where in the text it stands."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One logical line: its words, and whether it goes on after the end of the text.

    *after_blank* is whether the text ends outside a word, so that a new one begins there.
    """

    words: tuple[Typed, ...]
    goes_on: bool
    after_blank: bool

    @property
    def texts(self) -> list[str]:
        """Return the words alone."""
        return [typed.word for typed in self.words]


def typed_lines(text: str) -> list[TypedLine]:
    """Return the logical lines of *text*; comments are lines without words."""
    return list(_Scan(text).lines())


def is_unfinished(text: str) -> bool:
    """Return whether the last line of *text* goes on: an open quote, or a backslash at its end."""
    lines = typed_lines(text)
    return bool(lines) and lines[-1].goes_on


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def lines(self) -> Iterator[TypedLine]:
        goes_on = False
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            if self.text[self.at : end].lstrip().startswith("#"):
                self.at = end + 1
                yield TypedLine((), False, False)
            else:
                line = self.line()
                goes_on = line.goes_on
                yield line
        if not self.text or (self.text.endswith("\n") and not goes_on):
            yield TypedLine((), False, True)

    def line(self) -> TypedLine:
        words: list[Typed] = []
        goes_on = False
        after_blank = True
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "\n":
                self.at += 1
                return TypedLine(tuple(words), False, after_blank)
            if letter == "\\" and self.text[self.at + 1 : self.at + 2] in ("\n", ""):
                self.at += 2
                goes_on, after_blank = self.at >= len(self.text), True
            elif letter.isspace():
                self.at += 1
                goes_on, after_blank = False, True
            else:
                word, goes_on = self.word()
                words.append(word)
                after_blank = False
        return TypedLine(tuple(words), goes_on, after_blank)

    def word(self) -> tuple[Typed, bool]:
        """Return the word that begins here, and whether a quote in it is open."""
        start, letters, quote = self.at, [], ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            following = self.text[self.at + 1 : self.at + 2]
            if quote:
                if letter == quote:
                    quote = ""
                elif letter == "\\" and quote == '"' and following in ('"', "\\"):
                    letters.append(following)
                    self.at += 1
                else:
                    letters.append(letter)
            elif letter.isspace() or (letter == "\\" and following == "\n"):
                break
            elif letter in "\"'":
                quote = letter
            elif letter == "\\" and following in ("'", '"', "\\", " "):
                letters.append(following)
                self.at += 1
            else:
                letters.append(letter)
            self.at += 1
        return Typed("".join(letters), start, min(self.at, len(self.text))), bool(quote)
