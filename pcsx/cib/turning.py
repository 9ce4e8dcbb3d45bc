"""When a rule turns: the next moment at which it holds and did not, or the other way round.

Moments that a rule names are told by its judgement itself. Recurring conditions (`date_spec`) are
walked along the calendar, by the smallest step that can matter: a day where the day does not fit,
else an hour, a minute, a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from pcsx.cib.evaluate import Circumstances, Finder, in_spec, passes
from pcsx.cib.objects.rules import DateExpression, DateSpec, Rule

STEPS_MAX: Final = 40_000
"""More than a hundred years of days, or four of hours."""


def next_turn(rule: Rule, where: Circumstances, finder: Finder) -> datetime | None:
    """Return the next moment at which *rule* turns; None if it never does, as far as is known."""
    at = where
    holds = passes(rule, at, finder)
    specs = list(_specs(rule, finder))
    for _ in range(STEPS_MAX):
        moment = _candidate(rule, at.now, where, finder, specs)
        if moment is None:
            return None
        at = replace(where, now=moment, turns=[])
        if passes(rule, at, finder) != holds:
            return moment
    return None


def _candidate(
    rule: Rule, now: datetime, where: Circumstances, finder: Finder, specs: list[DateSpec]
) -> datetime | None:
    """Return the next moment at which any part of *rule* may turn."""
    moments = [_boundary(spec, now) for spec in specs]
    for part in _parts(rule, finder):
        at = replace(where, now=now, turns=[])
        passes(Rule(conditions=(part,)), at, finder)
        moments += [datetime.fromtimestamp(turn, now.tzinfo) for turn in at.turns]
    return min(moments, default=None)


def _boundary(spec: DateSpec, now: datetime) -> datetime:
    """Return the next moment at which *spec* may hold, if it does not; else at which it may not."""
    second = now.replace(microsecond=0)
    day = second.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    if not in_spec(spec.replaced(hours=None, minutes=None, seconds=None), now):
        return day
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
    return hour if spec.hours is not None else day


def _parts(rule: Rule, finder: Finder) -> Iterator[DateExpression]:
    """Yield the date expressions in *rule* and in rules inside it, references followed."""
    if rule.id_ref is not None:
        referred = finder.find(Rule, rule.id_ref)
        if referred is None or referred.id_ref is not None:
            return
        rule = referred
    for condition in rule.conditions:
        if isinstance(condition, DateExpression):
            yield condition
        elif isinstance(condition, Rule):
            yield from _parts(condition, finder)


def _specs(rule: Rule, finder: Finder) -> Iterator[DateSpec]:
    for part in _parts(rule, finder):
        if part.date_spec is not None and (part.operation or "").lower() == "date_spec":
            yield part.date_spec
