"""Rules as text, with their ids where asked for, and whether they are over."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from pcsx.cib.objects.base import XmlObject
from pcsx.cib.objects.rules import (
    Condition,
    DateExpression,
    Expression,
    OpExpression,
    RscExpression,
    Rule,
)
from pcsx.shell.output.pairs import indented


def rule_lines(rule: Rule, *, ids: bool, mark: str = "") -> list[str]:
    """Return *rule* as lines; *mark* stands after the word."""
    words = []
    if rule.boolean_op:
        words.append(f"boolean-op={rule.boolean_op}")
    if rule.role:
        words.append(f"role={rule.role}")
    if rule.score_attribute:
        words.append(f"score-attribute={rule.score_attribute}")
    elif rule.score:
        words.append(f"score={rule.score}")
    if rule.id_ref:
        words.append(f"id-ref={rule.id_ref}")
    if ids and rule.id:
        words.append(f"(id:{rule.id})")
    lines = [f"Rule{mark}: {' '.join(words)}".rstrip()]
    for condition in rule.conditions:
        lines += indented(_condition_lines(condition, ids=ids))
    return lines


def attributes_text(thing: XmlObject) -> str:
    """Return what stands on the element *thing* spells, but its id, as `name=value` words."""
    found = {}
    for item in fields(thing):
        value = getattr(thing, item.name)
        if item.name not in ("id", "extra") and isinstance(value, str):
            found[item.name.replace("_", "-")] = value
    return " ".join(f"{name}={value}" for name, value in sorted(found.items()))


def condition_text(condition: Condition) -> str:
    """Return *condition* in the words that make it."""
    if isinstance(condition, Rule):
        return f" {condition.boolean_op or 'and'} ".join(
            f"({condition_text(inner)})" if isinstance(inner, Rule) else condition_text(inner)
            for inner in condition.conditions
        )
    if isinstance(condition, DateExpression) and condition.date_spec is not None:
        return f"date-spec {attributes_text(condition.date_spec)}"
    text = _condition_lines(condition, ids=False)[0].partition(": ")[2]
    if isinstance(condition, DateExpression) and condition.duration is not None:
        return f"{text} {attributes_text(condition.duration)}"
    return text


def _condition_lines(condition: Condition, *, ids: bool) -> list[str]:
    if isinstance(condition, Rule):
        return rule_lines(condition, ids=ids)
    tail = f" (id:{condition.id})" if ids and condition.id else ""
    match condition:
        case Expression():
            return [f"Expression: {_attribute_text(condition)}{tail}"]
        case RscExpression():
            parts = (condition.class_ or "", condition.provider or "", condition.type or "")
            return [f"Expression: resource {':'.join(parts)}{tail}"]
        case OpExpression():
            interval = f" interval={condition.interval}" if condition.interval else ""
            return [f"Expression: op {condition.name}{interval}{tail}"]
        case DateExpression():
            return _date_lines(condition, tail, ids=ids)


def _attribute_text(condition: Expression) -> str:
    if condition.operation in ("defined", "not_defined"):
        return f"{condition.operation} {condition.attribute_}"
    words = [condition.attribute_ or "", condition.operation or ""]
    if condition.type:
        words.append(condition.type)
    words.append(condition.value or "")
    return " ".join(words)


def _date_lines(condition: DateExpression, tail: str, *, ids: bool) -> list[str]:
    if condition.date_spec is not None:
        spec = condition.date_spec
        lines = [f"Expression:{tail}"]
        inner = f" (id:{spec.id})" if ids and spec.id else ""
        return [*lines, f"  Date Spec: {attributes_text(spec)}{inner}"]
    words = ["date", condition.operation or ""]
    if condition.operation == "in_range":
        words += [condition.start] if condition.start else []
        words.append("to")
        words.append("duration" if condition.duration is not None else condition.end or "")
    else:
        words.append(condition.start or condition.end or "")
    lines = [f"Expression: {' '.join(words)}{tail}"]
    if condition.duration is not None:
        length = condition.duration
        inner = f" (id:{length.id})" if ids and length.id else ""
        lines.append(f"  Duration: {attributes_text(length)}{inner}")
    return lines


def is_over(rule: Rule, now: datetime | None = None) -> bool:
    """Return whether *rule* can never hold again, for the time alone that it asks for."""
    moment = now or datetime.now(UTC)
    conditions = [_is_condition_over(condition, moment) for condition in rule.conditions]
    if not conditions:
        return False
    return all(conditions) if rule.boolean_op == "or" else any(conditions)


def is_to_come(rule: Rule, now: datetime | None = None) -> bool:
    """Return whether *rule* cannot hold yet, for the time alone that it asks for."""
    from pcsx.cib.evaluate import moment_of

    moment = now or datetime.now(UTC)

    def waits(condition: Condition) -> bool:
        if isinstance(condition, Rule):
            return is_to_come(condition, moment)
        if not isinstance(condition, DateExpression) or condition.date_spec is not None:
            return False
        start = moment_of(condition.start, UTC) if condition.start else None
        return condition.operation in ("gt", "in_range") and start is not None and start > moment

    waiting = [waits(condition) for condition in rule.conditions]
    return bool(waiting) and (all(waiting) if rule.boolean_op == "or" else any(waiting))


def _is_condition_over(condition: Condition, now: datetime) -> bool:
    from pcsx.cib.evaluate import later_by, moment_of

    if isinstance(condition, Rule):
        return is_over(condition, now)
    if not isinstance(condition, DateExpression) or condition.date_spec is not None:
        return False
    if condition.operation not in ("lt", "in_range"):
        return False
    end = moment_of(condition.end, UTC) if condition.end else None
    if end is None and condition.duration is not None and condition.start:
        start = moment_of(condition.start, UTC)
        end = later_by(start, condition.duration) if start is not None else None
    return end is not None and end <= now
