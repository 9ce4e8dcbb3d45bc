"""When a rule turns: the next moment at which it holds and did not, or the other way round.

Moments that a rule names are told by its judgement itself. Recurring conditions (`date_spec`) are
walked along the calendar, by the largest step in which nothing can matter: to the next year where
the year does not fit, else a month, a day, an hour, a minute, a second. A rule of several
conditions is asked again only when those that stand in its way have had time to turn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import MAXYEAR, datetime, timedelta
from typing import Final

from pcsx.cib.evaluate import Circumstances, Finder, holds, in_spec, passes
from pcsx.cib.objects.rules import Condition, DateExpression, DateSpec, Rule

STEPS_MAX: Final = 40_000
HORIZON: Final = timedelta(days=40_000)
"""More than a hundred years: what turns later is not told."""
_FINER: Final = (
    ("months", "monthdays", "yeardays", "weekyears", "weeks", "weekdays"),
    ("monthdays", "yeardays", "weekyears", "weeks", "weekdays"),
    (),
)
"""What a year, a month and a day leave open, besides hours, minutes and seconds."""


def next_turn(rule: Rule, where: Circumstances, finder: Finder) -> datetime | None:
    """Return the next moment at which *rule* turns; None if it never does, as far as is known."""
    held = passes(rule, where, finder)
    at = where
    for _ in range(STEPS_MAX):
        moment = _not_before(rule, at, finder)
        if moment is None or moment - where.now > HORIZON:
            return None
        at = replace(where, now=moment)
        if passes(rule, at, finder) != held:
            return moment
    return None


def _not_before(condition: Condition, at: Circumstances, finder: Finder) -> datetime | None:
    """Return a moment after *at*, before which *condition* does not turn; None: it never does."""
    if isinstance(condition, DateExpression):
        return _date_not_before(condition, at, finder)
    if not isinstance(condition, Rule):
        return None
    rule = condition
    if rule.id_ref is not None:
        referred = finder.find(Rule, rule.id_ref)
        if referred is None or referred.id_ref is not None:
            return None
        rule = referred
    judged = [(holds(part, at, finder), part) for part in rule.conditions]
    by_one = (rule.boolean_op or "and").lower() == "or"
    # An `or` that holds, and an `and` that does not, turn when all that keep it so have turned.
    in_the_way = [part for is_so, part in judged if is_so == by_one]
    moments = [_not_before(part, at, finder) for part in in_the_way or rule.conditions]
    if in_the_way:
        return None if None in moments else max(moment for moment in moments if moment)
    return min((moment for moment in moments if moment), default=None)


def _date_not_before(part: DateExpression, at: Circumstances, finder: Finder) -> datetime | None:
    if part.date_spec is not None and (part.operation or "").lower() == "date_spec":
        return _boundary(part.date_spec, at.now)
    at = replace(at, turns=[])
    holds(part, at, finder)
    moments = [datetime.fromtimestamp(turn, at.now.tzinfo) for turn in at.turns]
    return min(moments, default=None)


def _boundary(spec: DateSpec, now: datetime) -> datetime | None:
    """Return the next moment at which *spec* may hold, if it does not; else at which it may not."""
    if now.year == MAXYEAR:
        return None
    second = now.replace(microsecond=0)
    day = second.replace(hour=0, minute=0, second=0)
    month = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    year = day.replace(year=now.year + 1, month=1, day=1)
    times = dict.fromkeys(("hours", "minutes", "seconds"))
    for finer, end in zip(_FINER, (year, month, day + timedelta(days=1)), strict=True):
        if not in_spec(spec.replaced(**dict.fromkeys(finer), **times), now):
            return end
    hour = second.replace(minute=0, second=0) + timedelta(hours=1)
    if not in_spec(spec.replaced(minutes=None, seconds=None), now):
        return hour
    minute = second.replace(second=0) + timedelta(minutes=1)
    if not in_spec(spec.replaced(seconds=None), now):
        return minute
    if spec.seconds is not None:
        return second + timedelta(seconds=1)
    if spec.minutes is not None:
        return minute
    return hour if spec.hours is not None else day + timedelta(days=1)
