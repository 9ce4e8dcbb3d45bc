"""Usage lines read as grammars: what may come next, and what each word that stands there is.

Every command says how it is written (`ID [NODE] [lifetime=DURATION]`). Here such a line becomes an
automaton, so that help, completion, the synopsis below the prompt and the marks of errors all come
from that one text. Small words stand for themselves, CAPITALS for what is to be filled in, brackets
for what may be left out, `|` for a choice, `...` for again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from pcsx.lean import dataclass

_PLACE: Final = re.compile(r"[A-Z][A-Z0-9-]*")
_LED: Final = re.compile(r"([a-z]+:)([A-Z][A-Z0-9-]*)")
_PAIR: Final = re.compile(r"(?P<name>[^=\[]+)(?P<open>\[?)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Item:
    """One word of a usage line.

    *literal* is the word itself, or the name of a pair; *place* is what is to be filled in, as the
    usage calls it. A pair has both, or a place for its name too (*names*).
    """

    text: str
    literal: str = ""
    place: str = ""
    names: str = ""
    is_pair: bool = False
    lead: str = ""
    """What a word here begins with, as `role:`."""

    def fits(self, word: str) -> int:
        """Return how well *word* fits: 0 not at all, 1 as anything would, 2 as meant."""
        if self.lead:
            return 2 if word.startswith(self.lead) else 0
        if not self.is_pair:
            if self.literal:
                return 2 if word == self.literal else 0
            if self.text.endswith(":"):
                return 2 if word.endswith(":") else 0
            return 1
        name, equals, _ = word.partition("=")
        if self.literal:
            return 2 if equals and name == self.literal else 0
        return 1 if equals and name else 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A line read by a grammar: what each word is (nothing: unexpected), and what may be next."""

    marks: tuple[tuple[Item, ...], ...]
    expected: tuple[Item, ...]
    is_whole: bool

    @property
    def section(self) -> str:
        """Return the last word that stands for itself: `meta`, `op` and their like."""
        for items in reversed(self.marks):
            for item in items:
                if item.literal and not item.is_pair:
                    return item.literal
        return ""


@dataclass(slots=True)
class Grammar:
    """The automaton of one usage line."""

    usage: str
    _steps: list[list[tuple[Item, int]]] = field(default_factory=list)
    _jumps: list[list[int]] = field(default_factory=list)
    _start: int = 0
    _end: int = 0

    def read(self, words: Sequence[str]) -> Reading:
        """Return what *words* are; an unexpected word is passed over."""
        states = self._closure({self._start})
        marks: list[tuple[Item, ...]] = []
        for word in words:
            fits = [
                (item, to, item.fits(word))
                for state in sorted(states)
                for item, to in self._steps[state]
            ]
            best = max((fit for _, _, fit in fits), default=0)
            chosen = [(item, to) for item, to, fit in fits if fit == best and best]
            marks.append(tuple(dict.fromkeys(item for item, _ in chosen)))
            if chosen:
                states = self._closure({to for _, to in chosen})
        expected = dict.fromkeys(item for state in sorted(states) for item, _ in self._steps[state])
        return Reading(tuple(marks), tuple(expected), self._end in states)

    def _closure(self, states: set[int]) -> set[int]:
        found, todo = set(states), list(states)
        while todo:
            for to in self._jumps[todo.pop()]:
                if to not in found:
                    found.add(to)
                    todo.append(to)
        return found

    def _state(self) -> int:
        self._steps.append([])
        self._jumps.append([])
        return len(self._steps) - 1


@lru_cache(maxsize=512)
def grammar(usage: str) -> Grammar:
    """Return the grammar that *usage* spells."""
    made = Grammar(usage)
    made._start = made._state()
    made._end = _Builder(made, tokens(usage)).choice(made._start)
    return made


def tokens(usage: str) -> list[str]:
    """Return the words, brackets and signs of *usage*; a bracket inside a word stays with it."""
    found: list[str] = []
    at = 0
    while at < len(usage):
        letter = usage[at]
        if letter.isspace():
            at += 1
        elif letter in "[(])|":
            found.append(letter)
            at += 1
        elif usage.startswith("...", at):
            found.append("...")
            at += 3
        else:
            end = _end_of_word(usage, at)
            found.append(usage[at:end])
            at = end
    return found


def _end_of_word(usage: str, at: int) -> int:
    depth = 0
    while at < len(usage):
        letter = usage[at]
        if not depth and (letter.isspace() or letter in "]()" or usage.startswith("...", at)):
            break
        depth += (letter == "[") - (letter == "]")
        at += 1
    return at


class _Builder:
    """Makes states of tokens; each method goes on from a state and returns the state after."""

    def __init__(self, made: Grammar, tokens: list[str]) -> None:
        self.made = made
        self.tokens = tokens
        self.at = 0

    def look(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def choice(self, start: int) -> int:
        """Read sequences with ` | ` between, up to a closing bracket."""
        end = self.made._state()
        while True:
            self.made._jumps[self.sequence(start)].append(end)
            if self.look() != "|":
                return end
            self.at += 1

    def sequence(self, state: int) -> int:
        while self.look() not in ("", "|", "]", ")"):
            state = self.repeated(state)
        return state

    def repeated(self, before: int) -> int:
        """Read one thing, and again where `...` follows."""
        token = self.look()
        self.at += 1
        start = self.made._state()
        self.made._jumps[before].append(start)
        if token in ("[", "("):
            end = self.choice(start)
            self.at += 1
            if token == "[":
                self.made._jumps[start].append(end)
        elif token == "...":
            end = start
            self.made._steps[start].append((Item("...", place="WORD"), start))
        else:
            end = self.made._state()
            for item in items_of(token):
                self.made._steps[start].append((item, end))
        if self.look() == "...":
            self.at += 1
            self.made._jumps[end].append(start)
        return end


def items_of(token: str) -> list[Item]:
    """Return the items of one word of a usage line: one, or one for each that `|` divides."""
    led = _LED.match(token)
    if led is not None:
        return [Item(token, place=led[2], lead=led[1])]
    pair = _PAIR.fullmatch(token)
    if pair is not None and pair["open"]:
        name = pair["name"]
        if not _PLACE.fullmatch(name):
            return [Item(token, literal=name)]
        return [Item(token, place=name)]
    if pair is not None:
        name, value = pair["name"], pair["value"].strip("[]")
        if _PLACE.fullmatch(name):
            return [Item(token, place=value, names=name, is_pair=True)]
        return [Item(token, literal=name, place=value, is_pair=True)]
    found = []
    for word in token.split("|") if "[" not in token else [token]:
        place = _PLACE.match(word)
        if place is not None:
            found.append(Item(word, place=place[0]))
        elif word:
            found.append(Item(word, literal=word))
    return found
