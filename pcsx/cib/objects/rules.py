"""Rules and the conditions in them, as configured. `pcsx.cib.evaluate` tells whether they hold."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many_of, one


class Expression(XmlObject):
    """A condition on a node attribute."""

    tag: ClassVar[str] = "expression"
    id: str | None = attribute()
    attribute_: str | None = attribute()
    operation: str | None = attribute()
    value: str | None = attribute()
    type: str | None = attribute()
    value_source: str | None = attribute()
    extra: Extra = NOTHING


class DateSpec(XmlObject):
    """Which fields a moment must have; each attribute is a number or a range."""

    tag: ClassVar[str] = "date_spec"
    id: str | None = attribute()
    seconds: str | None = attribute()
    minutes: str | None = attribute()
    hours: str | None = attribute()
    monthdays: str | None = attribute()
    weekdays: str | None = attribute()
    yeardays: str | None = attribute()
    months: str | None = attribute()
    weeks: str | None = attribute()
    years: str | None = attribute()
    weekyears: str | None = attribute()
    moon: str | None = attribute()
    extra: Extra = NOTHING


class Duration(XmlObject):
    """How long a time range lasts, counted from its start."""

    tag: ClassVar[str] = "duration"
    id: str | None = attribute()
    years: str | None = attribute()
    months: str | None = attribute()
    weeks: str | None = attribute()
    days: str | None = attribute()
    hours: str | None = attribute()
    minutes: str | None = attribute()
    seconds: str | None = attribute()
    extra: Extra = NOTHING


class DateExpression(XmlObject):
    """A condition on the time."""

    tag: ClassVar[str] = "date_expression"
    id: str | None = attribute()
    operation: str | None = attribute()
    start: str | None = attribute()
    end: str | None = attribute()
    duration: Duration | None = one(Duration)
    date_spec: DateSpec | None = one(DateSpec)
    extra: Extra = NOTHING


class RscExpression(XmlObject):
    """A condition on the agent of a resource."""

    tag: ClassVar[str] = "rsc_expression"
    id: str | None = attribute()
    class_: str | None = attribute("class")
    provider: str | None = attribute()
    type: str | None = attribute()
    extra: Extra = NOTHING


class OpExpression(XmlObject):
    """A condition on an operation."""

    tag: ClassVar[str] = "op_expression"
    id: str | None = attribute()
    name: str | None = attribute()
    interval: str | None = attribute()
    extra: Extra = NOTHING


class Rule(XmlObject):
    """Conditions joined by and/or; a rule may stand for another one by *id_ref*."""

    tag: ClassVar[str] = "rule"
    id: str | None = attribute()
    id_ref: str | None = attribute()
    boolean_op: str | None = attribute()
    score: str | None = attribute()
    score_attribute: str | None = attribute()
    role: str | None = attribute()
    conditions: tuple[Condition, ...] = many_of(
        lambda: (Expression, DateExpression, RscExpression, OpExpression, Rule)
    )
    extra: Extra = NOTHING


Condition = Rule | Expression | DateExpression | RscExpression | OpExpression
