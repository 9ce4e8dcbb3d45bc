"""Constraints between resources, nodes and tickets: made, found twice, deleted.

Ids are the field's: the kind, what it is about, and the score or kind. Sets are in `sets.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit import operations, rules
from pcsx.cib.edit.operations import choices_text
from pcsx.cib.edit.tree import (
    CLONES,
    Element,
    Pairs,
    all_ids,
    by_id,
    clean_id,
    edited,
    free_id,
    id_fault,
    parent_resource,
    refuse,
    remove,
    resource,
    section,
)
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

SCORE: Final = re.compile(r"[+-]?(\d+|INFINITY)")
ROLES: Final = operations.ROLES
KINDS: Final = ("Mandatory", "Optional", "Serialize")
LOSS_POLICIES: Final = ("demote", "fence", "freeze", "stop")
DISCOVERY: Final = ("always", "exclusive", "never")
TICKET: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a location constraint is about: a resource, or all whose name fits a pattern."""

    id: str = ""
    pattern: str = ""

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Return the subject that *text* spells: ID, %ID, resource%ID or regexp%PATTERN."""
        kind, percent, rest = text.partition("%")
        if not percent:
            return cls(id=text)
        if kind == "regexp":
            return cls(pattern=rest)
        if kind in ("", "resource"):
            return cls(id=rest)
        raise refuse(
            "subject-kind", text,
            f"'{kind}' is not an allowed type for '{text}', use regexp, resource",
        )  # fmt: skip

    @property
    def attributes(self) -> dict[str, str]:
        """Return the attributes that name it."""
        return {"rsc-pattern": self.pattern} if self.pattern else {"rsc": self.id}

    @property
    def text(self) -> str:
        """Return the id or the pattern."""
        return self.pattern or self.id


def require_score(score: str) -> str:
    """Return *score*, or raise where it is none."""
    if not SCORE.fullmatch(score):
        raise refuse(
            "score", score, f"invalid score '{score}', use integer or INFINITY or -INFINITY"
        )
    return score


def take_constraint_id(conf: Element, id: str) -> str:
    """Return *id*, or raise where it cannot be a new constraint's."""
    fault = id_fault(id, "constraint id")
    if fault is not None:
        raise Refused([fault])
    if id in all_ids(conf):
        raise refuse("id-exists", id, f"id '{id}' is already in use, please specify another one")
    return id


def require_constrainable(conf: Element, id: str, *, force: bool, sets: bool = False) -> None:
    """Raise where *id* is no resource, or is inside a clone or bundle that should be named."""
    found = resource(conf, id)
    if found is None:
        text = (
            f"bundle/clone/group/resource '{id}' does not exist"
            if sets
            else (f"Resource '{id}' does not exist")
        )
        raise refuse("no-such-resource", id, text)
    outer = parent_resource(found)
    while outer is not None and outer.tag == "group":
        outer = parent_resource(outer)
    if outer is None or found.tag in CLONES or force:
        return
    kind = "bundle" if outer.tag == "bundle" else "clone"
    name = outer.get("id")
    raise refuse(
        "inside-a-clone", id,
        f"{id} is a {kind} resource, you should use the {kind} id: {name} when adding constraints",
        force="inside-a-clone",
    )  # fmt: skip


def is_inside_clone(cib: Cib, id: str) -> str:
    """Return the clone or bundle that *id* is in, or nothing."""
    conf = cib.tree.find("configuration")
    found = None if conf is None else resource(conf, id)
    outer = None if found is None else parent_resource(found)
    while outer is not None and outer.tag == "group":
        outer = parent_resource(outer)
    return "" if outer is None else str(outer.get("id"))


# --- location


def locate(
    cib: Cib,
    subject: Subject,
    node: str,
    score: str,
    *,
    id: str = "",
    options: Pairs | None = None,
    force: bool = False,
) -> Cib:
    """Return *cib* in which *subject* has the preference *score* for *node*.

    An older preference of the same subject for the same node (or the constraint *id*) gives way.
    """

    def change(conf: Element) -> None:
        require_score(score)
        if subject.id:
            require_constrainable(conf, subject.id, force=force)
        if id:
            fault = id_fault(id, "constraint id")
            if fault is not None:
                raise Refused([fault])
        constraints = section(conf, "constraints")
        for old in constraints.findall("rsc_location"):
            same = all(old.get(key) == value for key, value in subject.attributes.items())
            if old.get("id") == id or (same and old.get("node") == node):
                constraints.remove(old)
        name = id or free_id(conf, clean_id(f"location-{subject.text}-{node}-{score}"))
        if id in all_ids(conf):
            raise refuse(
                "id-exists", id, f"id '{id}' is already in use, please specify another one"
            )
        made = etree.SubElement(constraints, "rsc_location", id=name)
        for key, value in subject.attributes.items():
            made.set(key, value)
        made.set("node", node)
        made.set("score", score)
        for key, value in sorted((options or {}).items()):
            made.set(key, value)

    return edited(cib, change)


def unlocate(cib: Cib, id: str) -> Cib:
    """Return *cib* without the location constraint *id*."""

    def change(conf: Element) -> None:
        found = [old for old in conf.iterfind("constraints/rsc_location") if old.get("id") == id]
        if not found:
            raise refuse("no-such-constraint", id, f"resource location id: {id} not found.")
        for old in found:
            remove(old)

    return edited(cib, change)


def locate_by_rule(
    cib: Cib,
    subject: Subject,
    part: rules.Part,
    *,
    id: str = "",
    rule_id: str = "",
    options: Pairs,
    attributes: dict[str, str],
    force: bool = False,
) -> Cib:
    """Return *cib* with a location constraint that holds where the rule *part* does."""

    def change(conf: Element) -> None:
        if subject.id:
            require_constrainable(conf, subject.id, force=force)
        if id:
            take_constraint_id(conf, id)
        name = id or free_id(conf, clean_id(f"location-{subject.text}"))
        made = etree.Element("rsc_location", dict(options))
        made.set("id", name)
        for key, value in subject.attributes.items():
            made.set(key, value)
        made.append(_rule(conf, part, rule_id, f"{name}-rule", attributes))
        if not force:
            _refuse_same_rule(conf, made)
        section(conf, "constraints").append(made)

    return edited(cib, change)


def _rule(
    conf: Element, part: rules.Part, id: str, wanted: str, attributes: dict[str, str]
) -> Element:
    if id:
        fault = id_fault(id, "rule id")
        if fault is not None:
            raise Refused([fault])
        if id in all_ids(conf):
            raise refuse(
                "id-exists", id, f"id '{id}' is already in use, please specify another one"
            )
    return rules.rule_element(conf, part, id or free_id(conf, clean_id(wanted)), attributes)


def _condition(part: Element) -> tuple[str, ...]:
    """Return under which condition the rule or expression *part* holds: its order and ids aside.

    What then follows (the role and the score of a rule) is no part of it: two rules that hold
    together are one rule too many.
    """
    own = {key: value for key, value in part.attrib.items() if key != "id"}
    if part.tag == "rule":
        own = {"boolean-op": own.get("boolean-op") or "or"}
    elif part.tag == "expression" and "value" in own:
        own.setdefault("type", "string")
    inside = sorted(map(repr, map(_condition, part.iterchildren(etree.Element))))
    return (str(part.tag), *map(repr, sorted(own.items())), *inside)


def _refuse_same_rule(conf: Element, made: Element) -> None:
    wanted = [_condition(rule) for rule in made.findall("rule")]
    for old in conf.iterfind("constraints/rsc_location"):
        same = all(old.get(key) == made.get(key) for key in ("rsc", "rsc-pattern"))
        if old is made or not same:
            continue
        if [_condition(rule) for rule in old.findall("rule")] == wanted:
            raise duplicate([f"location with the same rule (id:{old.get('id')})"])


def add_rule(
    cib: Cib,
    constraint_id: str,
    part: rules.Part,
    *,
    rule_id: str = "",
    attributes: dict[str, str],
    force: bool = False,
) -> Cib:
    """Return *cib* with one rule more in the location constraint *constraint_id*."""

    def change(conf: Element) -> None:
        found = by_id(conf, constraint_id, ("rsc_location",))
        if found is None:
            raise refuse(
                "no-such-constraint", constraint_id, f"Unable to find constraint: {constraint_id}"
            )
        made = _rule(conf, part, rule_id, f"{constraint_id}-rule", attributes)
        for name in ("node", "score"):
            found.attrib.pop(name, "")
        found.append(made)
        if not force:
            _refuse_same_rule(conf, found)

    return edited(cib, change)


def delete_rule(cib: Cib, id: str) -> tuple[Cib, str]:
    """Return *cib* without the rule *id*, or without its constraint if that was the last rule."""
    told: list[str] = []

    def change(conf: Element) -> None:
        for constraint in list(conf.iterfind("constraints/rsc_location")):
            for rule in constraint.findall("rule"):
                if rule.get("id") == id:
                    _drop_rule(constraint, rule, told)
                    return
        raise refuse("no-such-rule", id, f"unable to find rule with id: {id}")

    return edited(cib, change), "".join(told)


def _drop_rule(constraint: Element, rule: Element, told: list[str]) -> None:
    constraint.remove(rule)
    if constraint.find("rule") is None:
        remove(constraint)
        told.append(f"Removing Constraint: {constraint.get('id')}")
    else:
        told.append(f"Removing Rule: {rule.get('id')}")


def duplicate(lines: Sequence[str]) -> Refused:
    """Return the refusal of a constraint that is there already, as *lines* tell, with its id."""
    return refuse(
        "constraint-duplicate", lines[0].rpartition("(id:")[2].removesuffix(")"),
        "duplicate constraint already exists, use --force to override\n"
        + "\n".join(f"  {line}" for line in lines),
    )  # fmt: skip


# --- order


def order(
    cib: Cib, first: str, then: str, options: Pairs, *, id: str = "", force: bool = False
) -> Cib:
    """Return *cib* in which *first* acts before *then*; *options* has the actions and the kind."""

    def change(conf: Element) -> None:
        for name in (first, then):
            require_constrainable(conf, name, force=force)
        run.judge(conf)
        if id:
            take_constraint_id(conf, id)
        kind = options.get("kind")
        tail = options.get("score") or kind or "mandatory"
        wanted = clean_id(f"order-{first}-{then}-{tail}")
        made = etree.SubElement(section(conf, "constraints"), "rsc_order", first=first, then=then)
        for key, value in options.items():
            if value != "" and not (key == "kind" and value == "Mandatory" and not kind):
                made.set(key, value)
        made.set("id", id or free_id(conf, wanted))

    run = _OrderCheck(first, then, options, force)
    return edited(cib, change)


@dataclass(frozen=True, slots=True)
class _OrderCheck:
    first: str
    then: str
    options: Pairs
    force: bool

    def judge(self, conf: Element) -> None:
        faults = list(self.faults())
        if faults:
            raise Refused(faults)
        if self.force:
            return
        same = []
        for old in conf.iterfind("constraints/rsc_order"):
            alike = (
                old.get("first") == self.first
                and old.get("then") == self.then
                and old.get("first-action", "start") == self.options.get("first-action", "start")
                and old.get("then-action", "start") == self.options.get("then-action", "start")
            )
            if alike:
                same.append(order_line(old))
        if same:
            raise duplicate(same)

    def faults(self) -> Iterator[Finding]:
        allowed = {"first-action", "kind", "require-all", "score", "symmetrical", "then-action"}
        for key in self.options:
            if key not in allowed:
                yield Finding.error(
                    "constraint-option", key,
                    f"invalid order option '{key}', allowed options are: 'id', 'kind', "
                    "'require-all', 'symmetrical'",
                )  # fmt: skip
        kind = self.options.get("kind")
        if kind is not None and kind not in KINDS:
            yield Finding.error(
                "constraint-kind", kind,
                f"'{kind}' is not a valid kind value, use {choices_text(KINDS)}",
            )  # fmt: skip
        for key in ("symmetrical", "require-all"):
            value = self.options.get(key)
            if value is not None and value.lower() not in ("true", "false"):
                yield Finding.error(
                    "constraint-value", key,
                    f"invalid {key} value '{value}', allowed values are: true, false",
                )  # fmt: skip
        score = self.options.get("score")
        if score is not None and not SCORE.fullmatch(score):
            yield Finding.error(
                "score", score, f"invalid score '{score}', use integer or INFINITY or -INFINITY"
            )


def order_line(element: Element) -> str:
    """Return an order constraint in a line, with its id."""
    kind = element.get("kind") or ("" if element.get("score") else "Mandatory")
    what = f"kind:{kind}" if kind else f"score:{element.get('score')}"
    return (
        f"{element.get('first-action', 'start')} {element.get('first')} then "
        f"{element.get('then-action', 'start')} {element.get('then')} ({what}) "
        f"(id:{element.get('id')})"
    )


def delete_orders(cib: Cib, ids: Sequence[str]) -> Cib:
    """Return *cib* without any order constraint on the resources *ids*, nor them in its sets."""

    def change(conf: Element) -> None:
        found = False
        for constraint in list(conf.iterfind("constraints/rsc_order")):
            if constraint.get("first") in ids or constraint.get("then") in ids:
                remove(constraint)
                found = True
                continue
            found = _drop_from_sets(constraint, ids) or found
        if not found:
            raise refuse(
                "no-such-constraint", ",".join(ids), "No matching resources found in ordering list"
            )

    return edited(cib, change)


def _drop_from_sets(constraint: Element, ids: Sequence[str]) -> bool:
    found = False
    for inside in constraint.findall("resource_set"):
        for ref in inside.findall("resource_ref"):
            if ref.get("id") in ids:
                inside.remove(ref)
                found = True
        if found and inside.find("resource_ref") is None:
            constraint.remove(inside)
    if found and constraint.find("resource_set") is None:
        remove(constraint)
    return found


# --- colocation


def colocate(
    cib: Cib,
    first: str,
    other: str,
    options: Pairs,
    *,
    score: str = "",
    id: str = "",
    force: bool = False,
) -> Cib:
    """Return *cib* in which *first* is placed by where *other* is; *options* has roles and more."""

    def change(conf: Element) -> None:
        for name in (first, other):
            require_constrainable(conf, name, force=force)
        faults = list(_colocation_faults(options, score))
        if faults:
            raise Refused(faults)
        if id:
            take_constraint_id(conf, id)
        if not force:
            same = [
                colocation_line(old)
                for old in conf.iterfind("constraints/rsc_colocation")
                if _same_colocation(old, first, other, options)
            ]
            if same:
                raise duplicate(same)
        made = etree.SubElement(
            section(conf, "constraints"), "rsc_colocation", {"rsc": first, "with-rsc": other}
        )
        tail = score or "INFINITY"
        made.set("score", options.get("score") or tail)
        for key, value in options.items():
            if key != "score":
                made.set(key, value)
        wanted = clean_id(f"colocation-{first}-{other}-{tail}")
        made.set("id", id or free_id(conf, wanted))

    return edited(cib, change)


def _colocation_faults(options: Pairs, score: str) -> Iterator[Finding]:
    allowed = ("influence", "node-attribute", "rsc-role", "score", "with-rsc-role")
    for key in options:
        if key not in allowed:
            yield Finding.error(
                "constraint-option", key,
                f"invalid colocation option '{key}', allowed options are: 'id', 'influence', "
                "'node-attribute', 'score'",
            )  # fmt: skip
    for value in (score, options.get("score", "")):
        if value and not SCORE.fullmatch(value):
            yield Finding.error(
                "score", value, f"invalid score '{value}', use integer or INFINITY or -INFINITY"
            )
    influence = options.get("influence")
    if influence is not None and influence.lower() not in (
        "true", "false", "on", "off", "yes", "no", "y", "n", "1", "0",
    ):  # fmt: skip
        yield Finding.error(
            "constraint-value", "influence",
            f"'{influence}' is not a valid influence value, use 'true', 'false'",
        )  # fmt: skip


def _same_colocation(old: Element, first: str, other: str, options: Pairs) -> bool:
    return (
        old.get("rsc") == first
        and old.get("with-rsc") == other
        and old.get("rsc-role", "Started") == options.get("rsc-role", "Started")
        and old.get("with-rsc-role", "Started") == options.get("with-rsc-role", "Started")
    )


def colocation_line(element: Element) -> str:
    """Return a colocation constraint in a line, with its id."""
    return (
        f"{element.get('rsc')} with {element.get('with-rsc')} "
        f"(score:{element.get('score', 'INFINITY')}) (id:{element.get('id')})"
    )


def delete_colocations(cib: Cib, first: str, other: str) -> Cib:
    """Return *cib* without the colocation constraints between the two, whichever way round."""

    def change(conf: Element) -> None:
        found = [
            old
            for old in conf.iterfind("constraints/rsc_colocation")
            if {old.get("rsc"), old.get("with-rsc")} == {first, other}
        ]
        if not found:
            raise refuse(
                "no-such-constraint", first, "No matching resources found in ordering list"
            )
        for old in found:
            remove(old)

    return edited(cib, change)


# --- tickets


def ticket(
    cib: Cib,
    ticket: str,
    id: str,
    *,
    role: str = "",
    options: Pairs,
    constraint_id: str = "",
    force: bool = False,
) -> Cib:
    """Return *cib* in which *id* (in *role*) runs only where *ticket* is held."""

    def change(conf: Element) -> None:
        faults = list(ticket_faults(ticket, options, allowed=("id", "loss-policy")))
        if role and role.lower() not in [known.lower() for known in ROLES]:
            faults.append(
                Finding.error(
                    "role", role, f"'{role}' is not a valid role value, use {choices_text(ROLES)}"
                )
            )
        if faults:
            raise Refused(faults)
        require_constrainable(conf, id, force=force, sets=True)
        if constraint_id:
            take_constraint_id(conf, constraint_id)
        today = operations.today_role(role) if role else ""
        if not force:
            same = [
                f"{old.get('rsc')} ticket={ticket} (id:{old.get('id')})"
                for old in conf.iterfind("constraints/rsc_ticket")
                if old.get("ticket") == ticket
                and old.get("rsc") == id
                and old.get("rsc-role", "") == today
            ]
            if same:
                raise duplicate(same)
        made = etree.SubElement(section(conf, "constraints"), "rsc_ticket", dict(options))
        if today:
            made.set("rsc-role", today)
        made.set("ticket", ticket)
        made.set("rsc", id)
        tail = f"-{today}" if today else ""
        wanted = clean_id(f"ticket-{ticket}-{id}{tail}")
        made.set("id", constraint_id or free_id(conf, wanted))

    return edited(cib, change)


def ticket_faults(ticket: str, options: Pairs, *, allowed: Sequence[str]) -> Iterator[Finding]:
    """Tell what is wrong with a ticket constraint."""
    if not TICKET.fullmatch(ticket):
        yield Finding.error(
            "ticket-name", ticket,
            f"booth ticket name '{ticket}' is not valid, use up to 63 alphanumeric characters or "
            "dash",
        )  # fmt: skip
    for key in options:
        if key not in allowed:
            yield Finding.error(
                "constraint-option", key,
                f"invalid option '{key}', allowed options are: {choices_text(allowed)}",
            )  # fmt: skip
    policy = options.get("loss-policy")
    if policy is not None and policy not in LOSS_POLICIES:
        yield Finding.error(
            "constraint-value", policy,
            f"'{policy}' is not a valid loss-policy value, use {choices_text(LOSS_POLICIES)}",
        )  # fmt: skip


def delete_tickets(cib: Cib, ticket: str, id: str) -> Cib:
    """Return *cib* without the constraints of *id* on *ticket*, nor it in their sets."""

    def change(conf: Element) -> None:
        found = False
        for constraint in list(conf.iterfind("constraints/rsc_ticket")):
            if constraint.get("ticket") != ticket:
                continue
            if constraint.get("rsc") == id:
                remove(constraint)
                found = True
            else:
                found = _drop_from_sets(constraint, [id]) or found
        if not found:
            raise refuse("no-such-constraint", ticket, "no matching ticket constraint found")

    return edited(cib, change)


# --- any of them


def delete(cib: Cib, ids: Sequence[str]) -> Cib:
    """Return *cib* without the constraints or rules *ids*."""

    def change(conf: Element) -> None:
        missing = []
        for id in ids:
            found = [old for old in section(conf, "constraints") if old.get("id") == id]
            if found:
                remove(found[0])
                continue
            rule = next(
                (
                    rule
                    for rule in conf.iterfind("constraints/rsc_location/rule")
                    if rule.get("id") == id
                ),
                None,
            )
            if rule is None:
                missing.append(id)
                continue
            parent = rule.getparent()
            assert parent is not None
            _drop_rule(parent, rule, [])
        if missing:
            raise Refused(
                [
                    Finding.error("no-such-constraint", id, f"Unable to find constraint - '{id}'")
                    for id in missing
                ]
            )

    return edited(cib, change)
