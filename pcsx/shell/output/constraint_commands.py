"""Constraints as the commands that make them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pcsx.cib.objects.constraints import (
    Colocation,
    Constraint,
    Location,
    Order,
    TicketConstraint,
)
from pcsx.cib.objects.rules import Rule
from pcsx.shell.output.rules import condition_text

SET_OPTIONS = ("action", "require_all", "role", "sequential")


def constraint_commands(constraints: Sequence[Constraint]) -> list[str]:
    """Return a command for each of *constraints*, for each rule where there are several."""
    return [command for one in constraints for command in _commands(one)]


def _commands(one: Constraint) -> list[str]:
    if one.sets:
        return [_set_command(one)]
    match one:
        case Location():
            return _location_commands(one)
        case Order():
            return [_order_command(one)]
        case Colocation():
            return [_colocation_command(one)]
        case TicketConstraint():
            return [_ticket_command(one)]


def _q(text: str | None) -> str:
    return shlex.quote(text or "")


def _location_commands(one: Location) -> list[str]:
    subject = _q(f"regexp%{one.rsc_pattern}" if one.rsc_pattern else one.rsc)
    if not one.rules:
        tail = f" resource-discovery={one.resource_discovery}" if one.resource_discovery else ""
        score = one.score or "0"
        return [
            f"pcs -- constraint location add {_q(one.id)} {subject} {_q(one.node)} {score}{tail}"
        ]
    commands = []
    for number, rule in enumerate(one.rules):
        if number:
            commands.append(f"pcs -- constraint rule add {_q(one.id)} {_rule_words(rule)}")
            continue
        options = [f"constraint-id={_q(one.id)}"]
        if one.resource_discovery:
            options.append(f"resource-discovery={one.resource_discovery}")
        commands.append(
            f"pcs -- constraint location {subject} rule {' '.join(options)} {_rule_words(rule)}"
        )
    return commands


def _rule_words(rule: Rule) -> str:
    words = [f"id={_q(rule.id)}"]
    if rule.role:
        words.append(f"role={rule.role}")
    if rule.score_attribute:
        words.append(f"score-attribute={_q(rule.score_attribute)}")
    elif rule.score:
        words.append(f"score={rule.score}")
    return " ".join([*words, *(shlex.quote(word) for word in condition_text(rule).split())])


def _order_command(one: Order) -> str:
    words = [
        f"pcs -- constraint order {one.first_action or 'start'} {_q(one.first)} then "
        f"{one.then_action or 'start'} {_q(one.then)} id={_q(one.id)}"
    ]
    for name, value in (
        ("kind", one.kind),
        ("score", one.score),
        ("symmetrical", one.symmetrical),
        ("require-all", one.require_all),
    ):
        if value:
            words.append(f"{name}={_q(value)}")
    return " ".join(words)


def _colocation_command(one: Colocation) -> str:
    first = f"{one.rsc_role} " if one.rsc_role else ""
    other = f"{one.with_rsc_role} " if one.with_rsc_role else ""
    words = [
        f"pcs -- constraint colocation add {first}{_q(one.rsc)} with {other}{_q(one.with_rsc)}"
    ]
    words.append(f"score={one.score or 'INFINITY'}")
    words.append(f"id={_q(one.id)}")
    for name, value in (("node-attribute", one.node_attribute), ("influence", one.influence)):
        if value:
            words.append(f"{name}={_q(value)}")
    return " ".join(words)


def _ticket_command(one: TicketConstraint) -> str:
    role = f" {one.rsc_role}" if one.rsc_role else ""
    policy = f" loss-policy={one.loss_policy}" if one.loss_policy else ""
    return (
        f"pcs -- constraint ticket add {_q(one.ticket)}{role} {_q(one.rsc)} id={_q(one.id)}{policy}"
    )


def _set_command(one: Constraint) -> str:
    kind = str(one.tag).removeprefix("rsc_")
    words = [f"pcs -- constraint {kind}"]
    for inner in one.sets:
        words.append("set")
        words += [_q(ref.id) for ref in inner.resources]
        for name in SET_OPTIONS:
            value = getattr(inner, name)
            if value:
                words.append(f"{name.replace('_', '-')}={value}")
    words.append(f"setoptions id={_q(one.id)}")
    for name in ("kind", "symmetrical", "score", "ticket", "loss_policy"):
        value = getattr(one, name, None)
        if value:
            words.append(f"{name.replace('_', '-')}={_q(value)}")
    return " ".join(words)
