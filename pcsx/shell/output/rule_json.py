"""Rules as JSON, in the shape that callers of pcs read."""

from __future__ import annotations

from typing import Any

from pcsx.cib.objects.rules import (
    Condition,
    DateExpression,
    Expression,
    OpExpression,
    RscExpression,
    Rule,
)
from pcsx.shell.output.rules import attributes_text, condition_text, is_over


def rule_object(rule: Rule) -> dict[str, Any]:
    """Return *rule* with all that is in it."""
    return _part(rule)


def _part(condition: Condition) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": condition.id,
        "type": _kind(condition),
        "in_effect": _effect(condition),
        "options": {},
        "date_spec": None,
        "duration": None,
        "expressions": [],
        "as_string": condition_text(condition),
    }
    match condition:
        case Rule():
            made["options"] = _present(
                {
                    "boolean-op": condition.boolean_op,
                    "role": condition.role,
                    "score": condition.score,
                    "score-attribute": condition.score_attribute,
                }
            )
            made["expressions"] = [_part(inner) for inner in condition.conditions]
        case Expression():
            made["options"] = _present(
                {
                    "operation": condition.operation,
                    "attribute": condition.attribute_,
                    "value": condition.value,
                    "type": condition.type,
                }
            )
        case RscExpression():
            made["options"] = _present(
                {
                    "class": condition.class_,
                    "provider": condition.provider,
                    "type": condition.type,
                }
            )
        case OpExpression():
            made["options"] = _present({"name": condition.name, "interval": condition.interval})
        case DateExpression():
            made["options"] = _present(
                {
                    "operation": condition.operation,
                    "start": condition.start,
                    "end": condition.end,
                }
            )
            for name in ("date_spec", "duration"):
                inner = getattr(condition, name)
                if inner is not None:
                    made[name] = {"id": inner.id, "options": _pairs(attributes_text(inner))}
    return made


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split())


def _present(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _kind(condition: Condition) -> str:
    match condition:
        case Rule():
            return "RULE"
        case RscExpression():
            return "RSC_EXPRESSION"
        case OpExpression():
            return "OP_EXPRESSION"
        case DateExpression():
            return "DATE_EXPRESSION"
        case _:
            return "EXPRESSION"


def _effect(condition: Condition) -> str:
    if isinstance(condition, Rule):
        return "EXPIRED" if is_over(condition) else "UNKNOWN"
    return "UNKNOWN"
