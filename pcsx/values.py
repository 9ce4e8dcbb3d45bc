"""Small closed value types that every layer shares: scores, durations, roles, the two clocks.

Strings of the CIB are parsed into these at the border and written back from them; inside, a score
is an `int`, a duration is milliseconds and a role is a `Role`. Nothing here knows where a value
comes from.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from pcsx.lean import dataclass

NodeName = NewType("NodeName", str)
"""A node's name as the CIB spells it (`uname`)."""

INFINITY: Final = 1_000_000
"""The score that means *must*; its negative means *never*. Field's rule: 1,000,000."""


@dataclass(frozen=True, slots=True)
class Now:
    """The two clocks that a machine is given: *ms* counts CLOCK_BOOTTIME, *wall* tells the date.

    Safety rests on *ms* alone; *wall* (aware, UTC) is for rules, histories and people.
    """

    ms: int
    wall: datetime


def earlier(one_ms: int | None, other_ms: int | None) -> int | None:
    """Return the earlier of two moments; None is one that never comes."""
    if one_ms is None or (other_ms is not None and other_ms < one_ms):
        return other_ms
    return one_ms


class Role(StrEnum):
    """What an instance of a resource is, or should be; ordered by how much it does."""

    STOPPED = "Stopped"
    STARTED = "Started"
    UNPROMOTED = "Unpromoted"
    PROMOTED = "Promoted"


_ROLES: Final = {
    "stopped": Role.STOPPED,
    "started": Role.STARTED,
    "unpromoted": Role.UNPROMOTED,
    "promoted": Role.PROMOTED,
    "slave": Role.UNPROMOTED,
    "master": Role.PROMOTED,
}


def parse_role(text: str) -> Role | None:
    """Return the role that *text* names, by today's words or the older Master and Slave."""
    return _ROLES.get(text.strip().lower())


def parse_score(text: str | None, default: int = 0) -> int | None:
    """Return the score that *text* spells, within ±INFINITY, or None where it is no score.

    Accepted are whole numbers and `INFINITY`, `+INFINITY`, `-INFINITY` in any case (and crm's
    short `inf`); a number past a bound is the bound.
    """
    if text is None:
        return default
    word = text.strip().lower()
    sign = -1 if word.startswith("-") else 1
    body = word[1:] if word[:1] in ("+", "-") else word
    if body in ("infinity", "inf"):
        return sign * INFINITY
    if not body.isascii() or not body.isdigit():
        return None
    return sign * min(INFINITY, int(body[:20]))


def add_scores(left: int, right: int) -> int:
    """Return the sum within ±INFINITY; minus infinity wins, even over plus infinity."""
    if left <= -INFINITY or right <= -INFINITY:
        return -INFINITY
    if left >= INFINITY or right >= INFINITY:
        return INFINITY
    return max(-INFINITY, min(INFINITY, left + right))


def score_text(score: int) -> str:
    """Return *score* as the field writes it: `INFINITY`, `-INFINITY` or the number."""
    if score >= INFINITY:
        return "INFINITY"
    if score <= -INFINITY:
        return "-INFINITY"
    return str(score)


_UNITS_MS: Final = {
    "": 1000, "s": 1000, "sec": 1000,
    "ms": 1, "msec": 1,
    "us": 0.001, "usec": 0.001,
    "m": 60_000, "min": 60_000,
    "h": 3_600_000, "hr": 3_600_000,
    "d": 86_400_000, "w": 604_800_000,
}  # fmt: skip
_DURATION: Final = re.compile(r"\s*\+?(\d+)\s*([a-zA-Z]*)\s*")
_ISO_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_ISO_UNITS_MS: Final = (
    31_536_000_000, 2_592_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000,
)  # fmt: skip


def parse_duration_ms(text: str) -> int | None:
    """Return how many milliseconds *text* means, or None where it is no duration.

    Accepted: `10`, `10s`, `500ms`, `2min`, `1h` and ISO 8601 durations such as `PT2M`; a plain
    number counts seconds. Years and months in a duration are 365 and 30 days.
    """
    if match := _DURATION.fullmatch(text):
        unit = _UNITS_MS.get(match[2].lower())
        return None if unit is None else int(int(match[1][:18]) * unit)
    if len(text) > 1 and (match := _ISO_DURATION.fullmatch(text.strip())):
        parts = zip(match.groups(), _ISO_UNITS_MS, strict=True)
        return sum(int(number[:12]) * unit for number, unit in parts if number)
    return None


_TRUE: Final = frozenset(("true", "on", "yes", "y", "1"))
_FALSE: Final = frozenset(("false", "off", "no", "n", "0"))


def parse_bool(text: str) -> bool | None:
    """Return the truth that *text* spells, in any case, or None where it spells none."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


_SECRET: Final = re.compile(r"passw|secret|api_?key|private_?key|token$", re.IGNORECASE)
_PLACE: Final = re.compile(r"(file|script|path|dir)$", re.IGNORECASE)


def is_secret(parameter: str) -> bool:
    """Return whether the value of *parameter* is not to be shown: a password, not where one is."""
    return _SECRET.search(parameter) is not None and _PLACE.search(parameter) is None
