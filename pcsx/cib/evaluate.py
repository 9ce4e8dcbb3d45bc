"""What configured values come to: scores, durations, moments, rules, and blocks of pairs.

Everything is judged for a given moment and given node attributes (`Circumstances`); nothing is
looked up. Texts are read as leniently as the field reads them: what is no value counts as its
default, and `pcsx.cib.check` tells people about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from pcsx.cib.objects.base import XmlObject
from pcsx.cib.objects.nvpairs import NvBlock, NvPair
from pcsx.cib.objects.rules import (
    Condition,
    DateExpression,
    DateSpec,
    Duration,
    Expression,
    OpExpression,
    RscExpression,
    Rule,
)
from pcsx.lean import dataclass
from pcsx.values import INFINITY, parse_bool

_T = TypeVar("_T", bound=XmlObject)


class Finder(Protocol):
    """Finds an element anywhere in the document by its id; an `objects.Document` does."""

    def find(self, cls: type[_T], element_id: str) -> _T | None:
        """Return the *cls* of that id, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a rule is judged by. What is None is not known there, and its conditions fail."""

    now: datetime
    attributes: Mapping[str, str] | None = None
    """The node's."""
    agent: tuple[str, str, str] | None = None
    """(class, provider, type) of the resource."""
    operation: tuple[str, int] | None = None
    """(name, interval in milliseconds)."""
    matches: tuple[str, ...] = ()
    """What `%0` to `%9` stand for."""
    params: Mapping[str, str] | None = None
    meta: Mapping[str, str] | None = None
    turns: list[int] = field(default_factory=list)
    """Collects the moments (epoch seconds) at which a date expression that was judged turns."""


# --- Numbers ----------------------------------------------------------------------------------

_DIGITS: Final = 20
"""More digits than any limit has: the rest of an absurd number changes nothing."""
_INTEGER: Final = re.compile(r"\s*([+-]?\d+)")
_NUMBER: Final = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")


def integer_of(text: str | None) -> int | None:
    """Return the whole number that *text* begins with."""
    match = _INTEGER.match(text) if text else None
    return int(match[1][:_DIGITS]) if match else None


def number_of(text: str | None) -> float | None:
    """Return the number that *text* begins with."""
    match = _NUMBER.match(text) if text else None
    return float(match[1]) if match else None


def score_of(text: str | None, default: int = 0) -> int:
    """Return the score that *text* means; *default* where it means none.

    The names of infinity are exact; text after the digits does not count.
    """
    if text is None:
        return default
    if text == "INFINITY" or text == "+INFINITY":
        return INFINITY
    if text == "-INFINITY":
        return -INFINITY
    match = _INTEGER.match(text)
    if match is None:
        return default
    return max(-INFINITY, min(INFINITY, int(match[1][:_DIGITS])))


def truth_of(text: str | None, default: bool = False) -> bool:
    """Return the truth that *text* spells; *default* where it spells none."""
    if text is None:
        return default
    truth = parse_bool(text)
    return default if truth is None else truth


# --- Durations --------------------------------------------------------------------------------

_DURATION: Final = re.compile(r"\s*([+-]?\d+)[\d.]*\s*([a-zA-Z]*)")
_ISO_PART: Final = re.compile(r"(T)|(\d+)([YMWDHS])")
_ISO_SECONDS: Final = {
    "Y": 31_536_000, "W": 604_800, "D": 86_400, "H": 3_600, "S": 1,
}  # fmt: skip
_LONGEST_MS: Final = 4_294_967_295


@lru_cache(maxsize=4096)
def duration_ms_of(text: str | None, default: int = 0) -> int:
    """Return how many milliseconds *text* means; what is invalid or negative counts 0."""
    if text is None:
        return default
    text = text.strip()
    if text[:1] == "P":
        return min(_LONGEST_MS, 1000 * _iso_seconds(text[1:]))
    match = _DURATION.match(text)
    if match is None:
        return 0
    unit = match[2].lower()
    number = int(match[1][:_DIGITS])
    if not unit or unit[0] == "s":
        ms = number * 1000
    elif unit.startswith("ms"):
        ms = number
    elif unit.startswith("us"):
        ms = number // 1000
    elif unit[0] == "m":
        ms = number * 60_000
    elif unit[0] == "h":
        ms = number * 3_600_000
    else:
        return 0
    return max(0, min(_LONGEST_MS, ms))


def _iso_seconds(text: str) -> int:
    """Return what an ISO 8601 duration means, also one that forgot its `T`; 0 if it is none."""
    total = place = 0
    in_time = False
    for match in _ISO_PART.finditer(text):
        if match.start() != place:
            return 0
        place = match.end()
        if match[1]:
            in_time = True
        else:
            unit = 60 if in_time else 2_592_000
            total += int(match[2][:_DIGITS]) * _ISO_SECONDS.get(match[3], unit)
    return total if place == len(text) else 0


def seconds_of(duration_ms: int) -> int:
    """Return a duration in whole seconds as it is compared with moments: never 0 unless it is."""
    if duration_ms == 0:
        return 0
    return 1 if duration_ms < 1000 else (duration_ms + 500) // 1000


# --- Moments ----------------------------------------------------------------------------------

_MOMENT: Final = re.compile(
    r"\s*(?:(\d{4})-?W(\d{2})-?(\d)"  # a week and a day of it
    r"|(\d{4})-(\d{3})(?!\d)|(\d{4})(\d{3})(?!\d)"  # a day of the year
    r"|(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2}))?"
    r"[T ]*(?:(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?(?:\d{2})?)?\s*$"
)


def moment_of(
    text: str | None, zone: tzinfo | None, today: datetime | None = None
) -> datetime | None:
    """Return the moment that *text* (ISO 8601) names, or None.

    Without a zone of its own it is in *zone*; without a date it is *today*.
    """
    match = _MOMENT.match(text) if text and text.strip() else None
    if match is None:
        return None
    part = match.groups()
    try:
        if part[0]:
            day = datetime.fromisocalendar(int(part[0]), int(part[1]), int(part[2]))
        elif part[3] or part[5]:
            year, number = (part[3], part[4]) if part[3] else (part[5], part[6])
            day = datetime(int(year), 1, 1) + timedelta(int(number) - 1)  # noqa: DTZ001
        elif part[7] or part[10]:
            year, month, number = part[7:10] if part[7] else part[10:13]
            day = datetime(int(year), int(month), int(number))  # noqa: DTZ001
        elif today is not None and part[13]:
            day = datetime(today.year, today.month, today.day)  # noqa: DTZ001
        else:
            return None
        hours, minutes, seconds = (int(word or 0) for word in part[13:16])
        if hours > 24 or minutes > 59 or seconds > 60:
            return None
        moment = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=_zone_of(part[16], zone))


def _zone_of(text: str | None, default: tzinfo | None) -> tzinfo | None:
    if text is None:
        return default
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


def later_by(moment: datetime, duration: Duration) -> datetime:
    """Return *moment* plus *duration*, added from years down to seconds."""
    months = (integer_of(duration.years) or 0) * 12
    moment = _plus_months(moment, months)
    moment = _plus_months(moment, integer_of(duration.months) or 0)
    return moment + timedelta(
        weeks=integer_of(duration.weeks) or 0,
        days=integer_of(duration.days) or 0,
        hours=integer_of(duration.hours) or 0,
        minutes=integer_of(duration.minutes) or 0,
        seconds=integer_of(duration.seconds) or 0,
    )


def _plus_months(moment: datetime, months: int) -> datetime:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    from calendar import monthrange  # few documents count in months

    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


# --- Rules ------------------------------------------------------------------------------------


def passes(rule: Rule, where: Circumstances, finder: Finder) -> bool:
    """Say whether *rule* holds. One without conditions does; an invalid condition does not."""
    if rule.id_ref is not None:
        referred = finder.find(Rule, rule.id_ref)
        if referred is None or referred.id_ref is not None:
            return False
        rule = referred
    if not rule.conditions:
        return True
    if (rule.boolean_op or "and").lower() == "or":
        return any(holds(condition, where, finder) for condition in rule.conditions)
    return all(holds(condition, where, finder) for condition in rule.conditions)


def holds(condition: Condition, where: Circumstances, finder: Finder) -> bool:
    """Say whether one condition holds."""
    match condition:
        case Rule():
            return passes(condition, where, finder)
        case Expression():
            return _attribute_holds(condition, where)
        case DateExpression():
            return _date_holds(condition, where)
        case RscExpression():
            wanted = (condition.class_, condition.provider, condition.type)
            return where.agent is not None and all(
                want is None or want == have for want, have in zip(wanted, where.agent, strict=True)
            )
        case OpExpression():
            return _operation_holds(condition, where)


def depends_on_node(rule: Rule, finder: Finder) -> bool:
    """Say whether *rule* asks for node attributes."""
    if rule.id_ref is not None:
        referred = finder.find(Rule, rule.id_ref)
        return referred is not None and depends_on_node(referred, finder)
    return any(
        isinstance(condition, Expression)
        or (isinstance(condition, Rule) and depends_on_node(condition, finder))
        for condition in rule.conditions
    )


def _operation_holds(condition: OpExpression, where: Circumstances) -> bool:
    if where.operation is None or condition.name != where.operation[0]:
        return False
    return condition.interval is None or duration_ms_of(condition.interval) == where.operation[1]


def substituted(text: str, matches: Sequence[str]) -> str:
    """Return *text* with `%0` to `%9` replaced by *matches*, where there are any."""
    if not matches or "%" not in text:
        return text
    return re.sub(r"%(\d)", lambda m: matches[int(m[1])] if int(m[1]) < len(matches) else "", text)


def _attribute_holds(condition: Expression, where: Circumstances) -> bool:
    operation = (condition.operation or "").lower()
    if condition.attribute_ is None:
        return False
    name = substituted(condition.attribute_, where.matches)
    actual = where.attributes.get(name) if where.attributes is not None else None
    if operation in ("defined", "not_defined"):
        return condition.value is None and (actual is not None) == (operation == "defined")
    if condition.value is None:
        return False
    source = (condition.value_source or "literal").lower()
    wanted: str | None
    if source == "literal":
        wanted = condition.value
    else:
        table = {"param": where.params, "meta": where.meta}.get(source)
        wanted = table.get(condition.value) if table is not None else None
    return _compares(operation, actual, wanted, condition.type)


def _compares(operation: str, actual: str | None, wanted: str | None, kind: str | None) -> bool:
    if operation in ("lt", "lte", "gt", "gte") and (actual is None or wanted is None):
        return False
    kind = (kind or "").lower()
    if kind not in ("string", "integer", "number", "version"):
        kind = "string"
        if operation in ("lt", "lte", "gt", "gte"):
            kind = "number" if "." in f"{actual}{wanted}" else "integer"
    order = _order_of(actual, wanted, kind)
    match operation:
        case "eq":
            return order == 0
        case "ne":
            return order != 0
        case "lt":
            return order < 0
        case "lte":
            return order <= 0
        case "gt":
            return order > 0
        case "gte":
            return order >= 0
        case _:
            return False


def _order_of(left: str | None, right: str | None, kind: str) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if kind == "version":
        return compare_versions(left, right)
    if kind == "integer":
        a, b = integer_of(left), integer_of(right)
        if a is not None and b is not None:
            return (a > b) - (a < b)
    if kind == "number":
        x, y = number_of(left), number_of(right)
        if x is not None and y is not None:
            return (x > y) - (x < y)
    low, high = left.lower(), right.lower()
    return (low > high) - (low < high)


def compare_versions(left: str, right: str) -> int:
    """Return below, at or above 0 as the dotted version *left* is older, equal or newer."""
    a, b = ([int(digits) for digits in re.findall(r"\d+", text)] for text in (left, right))
    length = max(len(a), len(b))
    a += [0] * (length - len(a))
    b += [0] * (length - len(b))
    return (a > b) - (a < b)


def _date_holds(condition: DateExpression, where: Circumstances) -> bool:
    now = where.now
    operation = (condition.operation or "in_range").lower()
    if operation == "date_spec":
        return condition.date_spec is not None and in_spec(condition.date_spec, now)
    start = moment_of(condition.start, now.tzinfo, now)
    end = moment_of(condition.end, now.tzinfo, now)
    if (condition.start is not None and start is None) or (
        condition.end is not None and end is None
    ):
        return False
    if operation == "gt":
        return start is not None and _turns(where, start, 1) and now > start
    if operation == "lt":
        return end is not None and _turns(where, end, 0) and now < end
    if operation != "in_range":
        return False
    if end is None and start is not None and condition.duration is not None:
        end = later_by(start, condition.duration)
    if start is None and end is None:
        return False
    if start is not None and now < start:
        return not _turns(where, start, 0)
    if end is not None:
        _turns(where, end, 1)
        return now <= end
    return True


def _turns(where: Circumstances, moment: datetime, plus_s: int) -> bool:
    """Remember that the answer may differ from *moment* on; always true."""
    turn = int(moment.timestamp()) + plus_s
    if turn > where.now.timestamp():
        where.turns.append(turn)
    return True


def in_spec(spec: DateSpec, now: datetime) -> bool:
    """Say whether *now* has all the fields that *spec* names."""
    week_year, week, weekday = now.isocalendar()
    fields = (
        (spec.years, now.year), (spec.months, now.month), (spec.monthdays, now.day),
        (spec.hours, now.hour), (spec.minutes, now.minute), (spec.seconds, now.second),
        (spec.yeardays, now.timetuple().tm_yday), (spec.weekyears, week_year),
        (spec.weeks, week), (spec.weekdays, weekday),
    )  # fmt: skip
    return all(text is None or _in_range(text, value) for text, value in fields)


def _in_range(text: str, value: int) -> bool:
    match = re.fullmatch(r"\s*(\d{0,20})\s*(-?)\s*(\d{0,20})\s*", text)
    if match is None or not (match[1] or match[3]):
        return False
    if not match[2]:
        return value == int(match[1])
    return (not match[1] or int(match[1]) <= value) and (not match[3] or value <= int(match[3]))


# --- Blocks of pairs --------------------------------------------------------------------------


def in_order(
    blocks: Iterable[NvBlock], finder: Finder, first_id: str | None = None
) -> list[NvBlock]:
    """Return *blocks*, references followed, in the order in which they are to be read.

    The highest score comes first, and of equal ones the later in the document; the block called
    *first_id* comes before all.
    """
    found: list[NvBlock] = []
    for block in blocks:
        if block.id_ref is None:
            found.append(block)
        elif (referred := finder.find(type(block), block.id_ref)) is not None:
            found.append(referred)
    if len(found) > 1:
        found.reverse()
        found.sort(
            key=lambda block: (first_id is None or block.id != first_id, -score_of(block.score))
        )
    return found


def fill(
    values: dict[str, str],
    blocks: Iterable[NvBlock],
    where: Circumstances,
    finder: Finder,
    *,
    first_id: str | None = None,
) -> dict[str, str]:
    """Add to *values* what *blocks* say and is not there yet, and return *values*.

    A block whose rule does not hold says nothing. The value `#default` takes a name back.
    """
    for block in in_order(blocks, finder, first_id):
        if block.rule is not None and not passes(block.rule, where, finder):
            continue
        for pair in block.pairs:
            name, value = _pair_of(pair, finder)
            if name is None or value is None:
                continue
            if value == "#default":
                values.pop(name, None)
            elif name not in values:
                values[name] = value
    return values


def _pair_of(pair: NvPair, finder: Finder) -> tuple[str | None, str | None]:
    if pair.id_ref is None:
        return pair.name, pair.value
    referred = finder.find(NvPair, pair.id_ref)
    if referred is None:
        return None, None
    return pair.name or referred.name, referred.value
