"""Constraints as text, with ids where asked for, as the commands that make them, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pcsx.cib.objects.constraints import (
    Colocation,
    Constraint,
    Location,
    Order,
    ResourceSet,
    TicketConstraint,
)
from pcsx.cib.objects.document import Document
from pcsx.shell.output.pairs import indented
from pcsx.shell.output.rules import is_over, rule_lines
from pcsx.values import parse_score

if TYPE_CHECKING:
    from pcsx.shell.run import Run

TITLES = {
    "rsc_location": "Location Constraints",
    "rsc_order": "Ordering Constraints",
    "rsc_colocation": "Colocation Constraints",
    "rsc_ticket": "Ticket Constraints",
}


def show_constraints(run: Run) -> None:
    """Show all constraints."""
    document = Document(run.cib())
    run.give(constraints_object(document.constraints))
    if _as_json(run, document.constraints):
        return
    lines: list[str] = []
    for kind in TITLES:
        lines += kind_lines(document, kind, ids=run.flag("full"), over=run.flag("all"))
    run.say("\n".join(lines))


def show_kind(run: Run, kind: str) -> None:
    """Show the constraints of one *kind* (`rsc_order`, …)."""
    document = Document(run.cib())
    chosen = [one for one in document.constraints if one.tag == kind]
    run.give(constraints_object(chosen))
    if not _as_json(run, chosen):
        run.say("\n".join(kind_lines(document, kind, ids=run.flag("full"), over=run.flag("all"))))


def show_locations(run: Run, *, by_node: bool, only: Sequence[str]) -> None:
    """Show location constraints, by resource or by node, *only* of those named."""
    document = Document(run.cib())
    locations = [one for one in document.constraints if isinstance(one, Location)]
    run.give(constraints_object(locations))
    if _as_json(run, locations):
        return
    ids, over = run.flag("full"), run.flag("all")
    wanted = [word.removeprefix("resource%").removeprefix("%") for word in only]
    wanted = [word.removeprefix("regexp%") for word in wanted]
    if by_node:
        lines = _by_node(locations, wanted, ids=ids, over=over)
    else:
        chosen = [
            one for one in locations if not wanted or (one.rsc or one.rsc_pattern or "") in wanted
        ]
        lines = _by_resource(chosen, ids=ids, over=over)
    run.say("\n".join([f"{TITLES['rsc_location']}:", *indented(lines)]))


def _as_json(run: Run, constraints: Iterable[Constraint]) -> bool:
    form = run.output_format
    if form == "json":
        run.say(json.dumps(constraints_object(constraints)))
    elif form == "cmd":
        from pcsx.shell.output.constraint_commands import constraint_commands

        run.say(";\n".join(constraint_commands(list(constraints))))
    return form != "text"


def kind_lines(document: Document, kind: str, *, ids: bool, over: bool) -> list[str]:
    """Return the constraints of one *kind* under their title."""
    chosen = [one for one in document.constraints if one.tag == kind]
    if kind == "rsc_location":
        lines = _by_resource(
            [one for one in chosen if isinstance(one, Location)], ids=ids, over=over
        )
        return [f"{TITLES[kind]}:", *indented(lines)]
    plain = [_line(one, ids=ids) for one in chosen if not one.sets]
    sets = [_set_line(one, ids=ids) for one in chosen if one.sets]
    if sets:
        plain += ["Resource Sets:", *indented(sets)]
    return [f"{TITLES[kind]}:", *indented(plain)]


def _id(id: str | None, *, ids: bool) -> str:
    return f" (id:{id})" if ids and id else ""


# --- location


def _by_resource(locations: Sequence[Location], *, ids: bool, over: bool) -> list[str]:
    subjects = {(one.rsc or "", one.rsc_pattern or "") for one in locations}
    lines: list[str] = []
    for rsc, pattern in sorted(subjects, key=lambda s: (not s[1], s[1] or s[0])):
        own = [one for one in locations if (one.rsc or "", one.rsc_pattern or "") == (rsc, pattern)]
        inner = _subject_lines(own, ids=ids, over=over)
        if inner:
            title = f"Resource pattern: {pattern}" if pattern else f"Resource: {rsc}"
            lines += [title, *indented(inner)]
    return lines


def _subject_lines(own: Sequence[Location], *, ids: bool, over: bool) -> list[str]:
    likes = [one for one in own if not one.rules and (parse_score(one.score) or 0) >= 0]
    hates = [one for one in own if not one.rules and (parse_score(one.score) or 0) < 0]
    lines = []
    for title, chosen in (("Enabled on:", likes), ("Disabled on:", hates)):
        if chosen:
            lines += [
                title,
                *indented(f"Node: {one.node} {_location_tail(one, ids=ids)}" for one in chosen),
            ]
    return lines + _rules_lines(own, ids=ids, over=over)


def _location_tail(one: Location, *, ids: bool) -> str:
    words = [f"(score:{one.score})"]
    if one.role:
        words.append(f"(role:{one.role})")
    if one.resource_discovery:
        words.append(f"(resource-discovery={one.resource_discovery})")
    return " ".join(words) + _id(one.id, ids=ids)


def _rules_lines(own: Sequence[Location], *, ids: bool, over: bool) -> list[str]:
    lines: list[str] = []
    for one in sorted(own, key=lambda one: one.id or ""):
        if not one.rules:
            continue
        ended = all(is_over(rule) for rule in one.rules)
        if ended and not over:
            continue
        mark = " (expired)" if ended else ""
        extra = f" (resource-discovery={one.resource_discovery})" if one.resource_discovery else ""
        lines.append(f"Constraint{mark}: {one.id}{extra}")
        for rule in one.rules:
            mark = " (expired)" if over and is_over(rule) else ""
            lines += indented(rule_lines(rule, ids=ids, mark=mark))
    return lines


def _by_node(
    locations: Sequence[Location], wanted: Sequence[str], *, ids: bool, over: bool
) -> list[str]:
    lines: list[str] = []
    names = sorted({one.node for one in locations if one.node})
    for name in names:
        if wanted and name not in wanted:
            continue
        own = [one for one in locations if one.node == name and not one.rules]
        likes = [one for one in own if (parse_score(one.score) or 0) >= 0]
        hates = [one for one in own if (parse_score(one.score) or 0) < 0]
        lines.append(f"Node: {name}")
        for title, chosen in (("Allowed to run:", likes), ("Not allowed to run:", hates)):
            if chosen:
                told = [f"{_subject(one)} {_location_tail(one, ids=ids)}" for one in chosen]
                lines += indented([title, *indented(told)])
    for rsc, pattern in sorted({(one.rsc or "", one.rsc_pattern or "") for one in locations}):
        own = [one for one in locations if (one.rsc or "", one.rsc_pattern or "") == (rsc, pattern)]
        inner = _rules_lines(own, ids=ids, over=over)
        if inner:
            lines += [f"Resource pattern: {pattern}" if pattern else f"Resource: {rsc}"]
            lines += indented(inner)
    return lines


def _subject(one: Location) -> str:
    return f"Resource pattern: {one.rsc_pattern}" if one.rsc_pattern else f"Resource: {one.rsc}"


# --- the others


def _line(one: Constraint, *, ids: bool) -> str:
    match one:
        case Order():
            text = _order_text(one)
        case Colocation():
            text = _colocation_text(one)
        case TicketConstraint():
            role = f"{one.rsc_role} " if one.rsc_role else ""
            policy = f"loss-policy={one.loss_policy} " if one.loss_policy else ""
            text = f"{role}{one.rsc} {policy}ticket={one.ticket}"
        case _:
            raise AssertionError(one)
    return text + _id(one.id, ids=ids)


def _order_text(one: Order) -> str:
    words = [
        f"{one.first_action or 'start'} {one.first} then {one.then_action or 'start'} {one.then}"
    ]
    if one.score:
        words.append(f"(score:{one.score})")
    else:
        words.append(f"(kind:{one.kind or 'Mandatory'})")
    if one.symmetrical == "false":
        words.append("(non-symmetrical)")
    if one.require_all:
        words.append(f"(Options: require-all={one.require_all})")
    return " ".join(words)


def _colocation_text(one: Colocation) -> str:
    words = [f"{one.rsc} with {one.with_rsc} (score:{one.score or 'INFINITY'})"]
    for name, value in (
        ("rsc-role", one.rsc_role),
        ("with-rsc-role", one.with_rsc_role),
        ("node-attribute", one.node_attribute),
        ("influence", one.influence),
    ):
        if value:
            words.append(f"({name}:{value})")
    return " ".join(words)


SET_OPTIONS = ("action", "require_all", "role", "sequential", "score", "kind", "symmetrical")


def _set_text(one: ResourceSet, *, ids: bool) -> str:
    words = ["set", *(str(ref.id) for ref in one.resources)]
    for name in SET_OPTIONS:
        value = getattr(one, name)
        if value is not None:
            words.append(f"{name.replace('_', '-')}={value}")
    return " ".join(words) + _id(one.id, ids=ids)


def _whole_options(one: Constraint) -> list[tuple[str, str]]:
    names: dict[str, str | None] = {}
    match one:
        case Order():
            names = {"kind": one.kind, "score": one.score, "symmetrical": one.symmetrical}
        case Colocation():
            names = {"score": one.score}
        case TicketConstraint():
            names = {"loss-policy": one.loss_policy, "ticket": one.ticket}
        case _:
            names = {"score": one.score}
    return [(name, value) for name, value in names.items() if value is not None]


def _set_line(one: Constraint, *, ids: bool) -> str:
    text = " ".join(_set_text(inner, ids=ids) for inner in one.sets)
    options = " ".join(f"{name}={value}" for name, value in _whole_options(one))
    tail = f" setoptions {options}" if options else ""
    return text + tail + _id(one.id, ids=ids)


# --- JSON


def constraints_object(constraints: Iterable[Constraint]) -> dict[str, Any]:
    """Return constraints by kind, plain ones and ones on sets apart."""
    found: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in (
            "location", "location_set", "order", "order_set", "colocation", "colocation_set",
            "ticket", "ticket_set",
        )
    }  # fmt: skip
    for one in constraints:
        kind = str(one.tag).removeprefix("rsc_")
        found[f"{kind}_set" if one.sets else kind].append(_object(one))
    return dict(found)


def _object(one: Constraint) -> dict[str, Any]:
    from pcsx.shell.output.rule_json import rule_object

    made: dict[str, Any] = {}
    for item in fields(one):
        if item.name not in ("sets", "rules", "extra"):
            made[item.name] = getattr(one, item.name)
    if one.sets:
        made["resource_sets"] = [
            {
                "id": inner.id,
                **{name: getattr(inner, name) for name in SET_OPTIONS},
                "resources_ids": [ref.id for ref in inner.resources],
            }
            for inner in one.sets
        ]
    if isinstance(one, Location):
        made["rules"] = [rule_object(rule) for rule in one.rules]
    return made
