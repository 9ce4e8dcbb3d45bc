"""What is wrong with a line that is being typed: unknown words and ids, values that do not fit.

Errors are what would be refused; warnings are what would be taken and may be regretted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from pcsx.cib.options import FENCING
from pcsx.errors import Refused
from pcsx.lean import dataclass
from pcsx.shell.facts import Facts
from pcsx.shell.places import KIND_WORDS, TABLES, Spot, kinds_of, metadata_for, what_names
from pcsx.shell.tree import WORDS, Found, Path, Tree
from pcsx.shell.typed import Typed, TypedLine, typed_lines
from pcsx.shell.usage import Item, Reading, grammar
from pcsx.values import parse_duration_ms


class Badness(StrEnum):
    """How a word is marked."""

    COMMAND = "command"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Mark:
    """One word of the text that is not plain, and why."""

    start: int
    end: int
    badness: Badness
    why: str = ""


class Marker:
    """Judges lines typed at a level of *tree*, by *facts*."""

    def __init__(self, tree: Tree, facts: Facts) -> None:
        """Know the commands and the configuration."""
        self.tree = tree
        self.facts = facts

    def marks(self, path: Path, text: str, *, skip_last: bool = True) -> list[Mark]:
        """Return the words of *text* that are not plain; the word at its end may grow yet."""
        lines = typed_lines(text)
        coming = {
            word
            for line in lines
            if len(line.words) > 1 and line is not lines[-1]
            for word in line.texts[1:2]
        }
        firsts = [line.texts[0] for line in lines if line.words]
        path = self.tree.pasted_level(path, firsts)
        found: list[Mark] = []
        for number, line in enumerate(lines):
            is_open = skip_last and number == len(lines) - 1 and not line.after_blank
            found += self._line_marks(path, line, coming, is_open=is_open)
        return found

    def _line_marks(
        self, path: Path, line: TypedLine, coming: set[str], *, is_open: bool
    ) -> Iterator[Mark]:
        typed = list(line.words)
        if not typed or typed[0].word in (*WORDS, "?", "..", "back", "end", "exit", "bye"):
            return
        try:
            found = self.tree.find(path, line.texts)
        except Refused as error:
            if len(typed) > 1 or not is_open:
                yield Mark(typed[0].start, typed[0].end, Badness.ERROR, str(error))
            return
        for one in typed[: found.used]:
            yield Mark(one.start, one.end, Badness.COMMAND)
        rest = typed[len(typed) - len(found.rest) :] if found.rest else []
        if found.is_level:
            if rest and not rest[0].word.startswith("-") and not (is_open and len(rest) == 1):
                where = " ".join(found.path)
                why = f"'{rest[0].word}' is no word of {where}" if where else "no such command"
                yield Mark(rest[0].start, rest[0].end, Badness.ERROR, why)
            return
        yield from self._argument_marks(found, rest, coming, is_open=is_open)

    def _argument_marks(
        self, found: Found, rest: Sequence[Typed], coming: set[str], *, is_open: bool
    ) -> Iterator[Mark]:
        plain = [one for one in rest if not one.word.startswith("--")]
        words = tuple(one.word for one in plain)
        reading = grammar(found.usage).read(words)
        spot = Spot(found, reading, words, "")
        for number, (one, items) in enumerate(zip(plain, reading.marks, strict=True)):
            if is_open and number == len(plain) - 1:
                return
            before = Spot(
                found, Reading(reading.marks[:number], (), False), words[:number], one.word
            )
            if not items:
                if found.path[:1] == ("configure",) and found.usage:
                    why = f"'{one.word}' is not expected here"
                    yield Mark(one.start, one.end, Badness.ERROR, why)
                continue
            judged = [self._judge(item, one.word, before, spot, coming) for item in items]
            if all(judged):
                worst = judged[0]
                assert worst is not None
                yield Mark(one.start, one.end, *worst)

    def _judge(
        self, item: Item, word: str, before: Spot, whole: Spot, coming: set[str]
    ) -> tuple[Badness, str] | None:
        """Return what is wrong with *word* where *item* stands, or None."""
        if item.literal and not item.is_pair:
            return None
        if item.is_pair:
            return self._judge_pair(item, word, before)
        kinds = kinds_of(item.place, before.found.path)
        word = word.removeprefix(item.lead)
        id = word.partition(":")[0] if "[:" in item.text or item.text.endswith(":") else word
        if not kinds or not id[:1].isalpha() or id in coming:
            return None
        thing = self.facts.things.get(id)
        if thing is None and id not in self.facts.nodes:
            return Badness.ERROR, f"there is no {KIND_WORDS.get(item.place, 'thing')} '{id}'"
        if thing is not None and thing.kind not in kinds:
            return Badness.ERROR, f"'{id}' is a {thing.kind}"
        return None

    def _judge_pair(self, item: Item, word: str, spot: Spot) -> tuple[Badness, str] | None:
        name, _, value = word.partition("=")
        if item.literal or not value or name.startswith("$"):
            return None
        what = what_names(item, spot)
        if what == "parameter":
            metadata = metadata_for(spot, self.facts, ask=False)
            if metadata is None:
                return None
            known = {p.name for p in metadata.parameters}
            known |= {old for p in metadata.parameters for old in p.obsoletes}
            if name not in known and name not in FENCING and not name.startswith("trace_"):
                return Badness.ERROR, f"{spot.agent} has no parameter '{name}'"
            return None
        table = TABLES.get(what)
        option = table.get(name) if table else None
        if table and option is None and what in ("property", "operation"):
            return Badness.WARNING, f"'{name}' is no known option here"
        if option is not None and not option.accepts(value):
            return Badness.WARNING, f"'{value}' is no {option.kind.value} that {name} takes"
        if what == "operation" and name == "timeout":
            return self._judge_timeout(value, spot)
        return None

    def _judge_timeout(self, value: str, spot: Spot) -> tuple[Badness, str] | None:
        """Tell of a timeout that is below what the agent advises."""
        metadata = metadata_for(spot, self.facts, ask=False)
        operation = next(
            (
                word
                for word, items in reversed(list(zip(spot.words, spot.reading.marks, strict=True)))
                if any(item.place == "OPERATION" for item in items)
            ),
            "",
        )
        action = metadata.action(operation) if metadata else None
        given = parse_duration_ms(value)
        if action is None or action.timeout_ms is None or given is None:
            return None
        if given < action.timeout_ms:
            advised = action.timeout
            return Badness.WARNING, f"{spot.agent} advises at least {advised} for {operation}"
        return None
