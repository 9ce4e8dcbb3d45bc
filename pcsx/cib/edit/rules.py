"""Rules as words: `date gt T and site eq A`, read into the elements of a rule.

`and` and `or` bind alike, from the left; brackets make a rule inside a rule; a chain of the same
word is one rule (in rules about nodes through brackets, too). Ids follow the rule they are in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lxml import etree

from pcsx.cib.edit.tree import Element, clean_id, free_id, refuse
from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.cib.objects.rules import Rule

COMPARISONS: Final = ("eq", "ne", "lt", "gt", "lte", "gte")
DATE_PARTS: Final = (
    "hours", "monthdays", "weekdays", "yearsdays", "yeardays", "months", "weeks", "years",
    "weekyears", "moon",
)  # fmt: skip
TYPES: Final = ("string", "integer", "number", "version")
_ISO: Final = re.compile(
    r"\d{4}(-?\d{2}(-?\d{2})?|-?W\d{2}(-?\d)?|-?\d{3})?"
    r"([T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?"
)
_RANGE: Final = re.compile(r"(\d+)(?:-(\d+))?")
_LIMITS: Final = {
    "hours": (0, 23), "monthdays": (1, 31), "weekdays": (1, 7), "yearsdays": (1, 366),
    "yeardays": (1, 366), "months": (1, 12), "weeks": (1, 53), "moon": (0, 7),
}  # fmt: skip
"""Between what a part of a time that comes again must be; years may be any."""
_LOCATION_LIMITS: Final = {**_LIMITS, "monthdays": (0, 31), "weekyears": (1, 53)}
_INTERVAL: Final = re.compile(r"\d+[A-Za-z]*")


@dataclass(frozen=True, slots=True)
class Both:
    """Parts joined by *word*, `and` or `or`."""

    word: str
    parts: tuple[Part, ...]
    stays: bool = False  # a rule of its own, for its brackets


@dataclass(frozen=True, slots=True)
class Attribute:
    """A comparison of a node attribute, or whether it is there."""

    attribute: str
    operation: str
    value: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A comparison of the time with *start* and *end*, or with an end after a duration."""

    operation: str
    start: str = ""
    end: str = ""
    duration: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """A time that comes again."""

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """A resource's agent; what is empty is any."""

    standard: str
    provider: str
    type: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's name, and its interval if it matters."""

    name: str
    interval: str = ""


Part = Both | Attribute | Date | Spec | Agent | Operation


class _Words:
    """The words of a rule, read from the left."""

    def __init__(
        self, words: Sequence[str], *, agents: bool, operations: bool, nodes: bool
    ) -> None:
        self.all = " ".join(words)
        self.rest = list(_split_brackets(words))
        self.agents = agents
        self.operations = operations
        self.nodes = nodes
        self.limits = _LOCATION_LIMITS if nodes else _LIMITS

    def fault(self, why: str) -> Exception:
        return refuse(
            "rule-syntax", self.all, f"'{self.all}' is not a valid rule expression: {why}"
        )

    def next(self) -> str:
        if not self.rest:
            raise self.fault("unexpected end of rule")
        return self.rest.pop(0)

    def peek(self) -> str:
        return self.rest[0] if self.rest else ""

    def whole(self) -> Part:
        part = self.chain()
        if self.rest:
            raise self.fault(f"unexpected '{self.rest[0]}'")
        return part

    def chain(self) -> Part:
        left = self.one()
        while self.peek() in ("and", "or"):
            word = self.next()
            left = Both(word, (*_parts(left, word), *_parts(self.one(), word)))
        return left

    def one(self) -> Part:
        word = self.next()
        if word == "(":
            inside = self.chain()
            if self.next() != ")":
                raise self.fault("missing closing bracket")
            if isinstance(inside, Both) and not self.nodes:
                return Both(inside.word, inside.parts, stays=True)
            return inside
        if word in ("defined", "not_defined") and self.nodes:
            return Attribute(self.name(), word)
        if word == "date" and self.peek() in ("gt", "lt", "in_range"):
            return self.date()
        if word == "date-spec":
            parts = self.date_parts("date-spec", ranges=True)
            return Spec(parts)
        if word == "op" and self.operations:
            return self.operation()
        if word == "resource" and self.agents:
            return self.agent()
        if self.nodes and word not in (")", "and", "or"):
            return self.comparison(word)
        raise self.fault(f"unexpected '{word}'")

    def name(self) -> str:
        word = self.next()
        if word in (")", "(", "and", "or"):
            raise self.fault(f"unexpected '{word}'")
        return word

    def comparison(self, attribute: str) -> Attribute:
        if not self.rest:
            known = (*COMPARISONS, "in_range", "defined", "not_defined", "date-spec")
            listed = ", ".join(f"'{word}'" for word in known)
            raise self.fault(f"missing one of {listed}")
        operation = self.next()
        if operation not in COMPARISONS:
            raise self.fault(f"unexpected '{operation}'")
        value = self.next()
        type = ""
        if value in TYPES and self.peek() not in ("", "and", "or", ")"):
            type, value = value, self.next()
        if type == "integer" and not re.fullmatch(r"[+-]?\d+", value):
            raise self.fault(f"invalid integer value '{value}'")
        if type == "number" and not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
            raise self.fault(f"invalid number value '{value}'")
        if type == "version" and not re.fullmatch(r"\d+(\.\d+)*", value):
            raise self.fault(f"invalid version value '{value}'")
        return Attribute(attribute, operation, value, type)

    def date(self) -> Date:
        operation = self.next()
        if operation != "in_range":
            moment = self.moment()
            return Date("gt", start=moment) if operation == "gt" else Date("lt", end=moment)
        start = "" if self.peek() == "to" else self.moment()
        if self.next() != "to":
            raise self.fault("missing 'to' after 'in_range'")
        if self.peek() == "duration":
            self.next()
            return Date("in_range", start, duration=self.date_parts("duration", ranges=False))
        return Date("in_range", start, self.moment())

    def moment(self) -> str:
        word = self.next()
        if not _ISO.fullmatch(word):
            raise self.fault(f"'{word}' is not an ISO 8601 date")
        return word

    def date_parts(self, what: str, *, ranges: bool) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        while "=" in self.peek():
            name, _, value = self.next().partition("=")
            if name not in DATE_PARTS:
                raise self.fault(f"unexpected '{name}={value}' in {what}")
            if not (_is_spread(name, value, self.limits) if ranges else value.isdigit()):
                raise self.fault(f"invalid {name} '{value}' in '{what}'")
            found[name] = value
        if not found:
            raise self.fault(f"missing one of {', '.join(DATE_PARTS)} in {what}")
        return tuple(found.items())

    def operation(self) -> Operation:
        name = self.name()
        interval = ""
        if self.peek().startswith("interval="):
            interval = self.next().partition("=")[2]
            if not _INTERVAL.fullmatch(interval):
                raise self.fault(f"invalid interval '{interval}', use a number and a unit of time")
        return Operation(name, interval)

    def agent(self) -> Agent:
        word = self.name()
        parts = word.split(":")
        if len(parts) != 3 or not any(parts):
            raise self.fault(f"'{word}' is not a resource: write [standard]:[provider]:[type]")
        return Agent(*parts)


def _parts(part: Part, word: str) -> tuple[Part, ...]:
    """Return what *part* joins by *word*: one chain holds it all."""
    joined = isinstance(part, Both) and part.word == word and not part.stays
    return part.parts if isinstance(part, Both) and joined else (part,)


def _is_spread(name: str, value: str, limits: Mapping[str, tuple[int, int]]) -> bool:
    """Return whether *value* is a number, or two in their order, that *name* can be."""
    found = _RANGE.fullmatch(value)
    if found is None:
        return False
    numbers = [int(number) for number in found.groups() if number is not None]
    least, most = limits.get(name, (0, None))
    if any(number < least or (most is not None and number > most) for number in numbers):
        return False
    return len(numbers) == 1 or numbers[0] < numbers[1]


def _split_brackets(words: Sequence[str]) -> Iterator[str]:
    """Give brackets at the ends of words as words of their own."""
    for word in words:
        after: list[str] = []
        while word.startswith("("):
            yield "("
            word = word[1:]
        while word.endswith(")"):
            after.append(")")
            word = word[:-1]
        if word:
            yield word
        yield from after


def parse(
    words: Sequence[str],
    *,
    agents: bool = False,
    operations: bool = False,
    nodes: bool = True,
    text: bool = False,
) -> Part:
    """Return the rule that *words* spell; *agents*, *operations*, *nodes*: what it may be about.

    With *text* a word may hold several, as a rule given in quotes does.
    """
    if text:
        words = " ".join(words).replace("(", " ( ").replace(")", " ) ").split()
    return _Words(words, agents=agents, operations=operations, nodes=nodes).whole()


# --- location rules: ids of their own kind


def rule_element(conf: Element, part: Part, id: str, attributes: dict[str, str]) -> Element:
    """Return the `rule` element *id* of a location constraint for *part*."""
    rule = etree.Element("rule", id=id)
    taken = {id}
    if isinstance(part, Both):
        rule.set("boolean-op", part.word)
    for name, value in attributes.items():
        rule.set(name, value)
    for child in part.parts if isinstance(part, Both) else (part,):
        _add_location_part(conf, rule, child, taken)
    return rule


def _fresh(conf: Element, taken: set[str], wanted: str) -> str:
    from pcsx.cib.edit.tree import all_ids

    known = all_ids(conf) | taken
    id, number = wanted, 0
    while id in known:
        number += 1
        id = f"{wanted}-{number}"
    taken.add(id)
    return id


def _add_location_part(conf: Element, rule: Element, part: Part, taken: set[str]) -> None:
    own = str(rule.get("id"))
    match part:
        case Both(word, parts):
            inner = etree.SubElement(rule, "rule", id=_fresh(conf, taken, f"{own}-rule"))
            inner.set("boolean-op", word)
            inner.set("score", "0")
            for child in parts:
                _add_location_part(conf, inner, child, taken)
        case Attribute(attribute, operation, value, type):
            made = etree.SubElement(
                rule, "expression", id=_fresh(conf, taken, f"{own}-expr"), operation=operation,
                attribute=attribute,
            )  # fmt: skip
            if type:
                made.set("type", type)
            if operation in COMPARISONS:
                made.set("value", value)
        case Date(operation, start, end, duration):
            made = etree.SubElement(
                rule, "date_expression", id=_fresh(conf, taken, f"{own}-expr"), operation=operation
            )
            _set_bounds(made, start, end)
            if duration:
                inside = _fresh(conf, taken, f"{made.get('id')}-duration")
                etree.SubElement(made, "duration", {"id": inside, **dict(duration)})
        case Spec(parts):
            made = etree.SubElement(
                rule, "date_expression", id=_fresh(conf, taken, f"{own}-expr"),
                operation="date_spec",
            )  # fmt: skip
            inside = _fresh(conf, taken, f"{made.get('id')}-datespec")
            etree.SubElement(made, "date_spec", {"id": inside, **dict(parts)})
        case _:
            raise AssertionError(part)


def _set_bounds(made: Element, start: str, end: str) -> None:
    if start:
        made.set("start", start)
    if end:
        made.set("end", end)


# --- rules of sets of values: ids told by what they say


def set_rule_element(conf: Element, part: Part, parent_id: str) -> Element:
    """Return the `rule` element of a set of values named *parent_id*, for *part*."""
    taken: set[str] = set()
    rule = _set_rule(conf, part, parent_id, taken)
    rule.set("score", "INFINITY")
    return rule


def as_rule(part: Part) -> Rule:
    """Return *part* as a rule that is in no document, to be judged."""
    from pcsx.cib.objects.rules import Rule  # not needed to write rules, and slow to load

    return Rule.from_xml(set_rule_element(etree.Element("configuration"), part, "rule"))


def _set_rule(conf: Element, part: Part, parent_id: str, taken: set[str]) -> Element:
    id = _fresh(conf, taken, f"{parent_id}-rule")
    rule = etree.Element("rule", id=id)
    rule.set("boolean-op", part.word if isinstance(part, Both) else "and")
    for child in part.parts if isinstance(part, Both) else (part,):
        rule.append(_set_part(conf, child, id, taken))
    return rule


def _set_part(conf: Element, part: Part, own: str, taken: set[str]) -> Element:
    def named(tail: str) -> str:
        return _fresh(conf, taken, clean_id(f"{own}-{tail}"))

    match part:
        case Both():
            inner = _set_rule(conf, part, own, taken)
            inner.set("score", "0")
            return inner
        case Attribute(attribute, operation, value, type):
            made = etree.Element("expression", id=named("expr"))
            made.set("attribute", attribute)
            made.set("operation", operation)
            if operation in COMPARISONS:
                made.set("value", value)
            if type:
                made.set("type", type)
            return made
        case Date(operation, start, end, duration):
            made = etree.Element("date_expression", id=named("expr"), operation=operation)
            _set_bounds(made, start, end)
            if duration:
                inside = _fresh(conf, taken, f"{made.get('id')}-duration")
                etree.SubElement(made, "duration", {"id": inside, **dict(duration)})
            return made
        case Spec(parts):
            made = etree.Element("date_expression", id=named("expr"), operation="date_spec")
            inside = _fresh(conf, taken, f"{made.get('id')}-datespec")
            etree.SubElement(made, "date_spec", {"id": inside, **dict(parts)})
            return made
        case Agent(standard, provider, type):
            tail = "-".join(word for word in ("rsc", standard, provider, type) if word)
            made = etree.Element("rsc_expression", id=named(tail))
            for name, value in (("class", standard), ("provider", provider), ("type", type)):
                if value:
                    made.set(name, value)
            return made
        case Operation(name, interval):
            made = etree.Element("op_expression", id=named(f"op-{name}"), name=name)
            if interval:
                made.set("interval", interval)
            return made


__all__ = [
    "Agent", "Attribute", "Both", "Date", "Operation", "Part", "Spec", "as_rule", "free_id",
    "parse", "rule_element", "set_rule_element",
]  # fmt: skip
