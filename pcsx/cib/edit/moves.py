"""The constraints that `move` and `ban` make, and `clear` takes away again.

Their ids are the field's: `cli-prefer-RESOURCE` and `cli-ban-RESOURCE-on-NODE`. With a lifetime
they have a rule; its parts are named after the constraint by `ban`, after the resource by `prefer`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    edited,
    parent_resource,
    remove,
    resource,
    section,
    value_of,
)
from pcsx.cib.evaluate import moment_of
from pcsx.values import parse_bool

_ROLES: Final = {"Promoted": ("Promoted", "Master")}
"""How a role may be spelt in constraints."""


def ban(cib: Cib, id: str, node: str, *, role: str = "Started", until: str = "") -> Cib:
    """Return *cib* in which *id* never runs on *node* (in *role*; for good, or *until* then)."""
    return edited(cib, lambda conf: _put(conf, f"cli-ban-{id}-on-{node}", id, node, role,
                                         "-INFINITY", until))  # fmt: skip


def prefer(cib: Cib, id: str, node: str, *, role: str = "Started", until: str = "") -> Cib:
    """Return *cib* in which *id* runs on *node* wherever that can be."""

    def change(conf: Element) -> None:
        _drop(conf, id, node="", kind="prefer")
        _drop(conf, id, node=node, kind="ban")
        _put(conf, f"cli-prefer-{id}", id, node, role, "INFINITY", until)

    return edited(cib, change)


def _put(conf: Element, name: str, id: str, node: str, role: str, score: str, until: str) -> None:
    constraints = section(conf, "constraints")
    for old in constraints.findall("rsc_location"):
        if old.get("id") == name:
            constraints.remove(old)
    made = etree.SubElement(constraints, "rsc_location", id=name, rsc=id, role=role)
    if not until:
        made.set("node", node)
        made.set("score", score)
        return
    # crm_resource names them cli-ban-r-on-n-rule and so on, but cli-prefer-rule-r.
    if name == f"cli-prefer-{id}":
        rule_id, expr_id, end_id = (
            f"cli-prefer-{w}-{id}" for w in ("rule", "expr", "lifetime-end")
        )
    else:
        rule_id, expr_id, end_id = (f"{name}-{word}" for word in ("rule", "expr", "lifetime"))
    rule = etree.SubElement(made, "rule", id=rule_id, score=score)
    rule.set("boolean-op", "and")
    etree.SubElement(
        rule, "expression", id=expr_id, attribute="#uname", operation="eq", value=node,
        type="string",
    )  # fmt: skip
    etree.SubElement(rule, "date_expression", id=end_id, operation="lt", end=until)


def relocate(cib: Cib, prefix: str, id: str, node: str) -> Cib:
    """Return *cib* in which *id* runs on *node* wherever that can be; *prefix* begins the id."""
    return edited(
        cib, lambda conf: _put(conf, f"{prefix}{id}", id, node, "Started", "INFINITY", "")
    )


def clear_relocated(cib: Cib, prefix: str) -> tuple[Cib, list[str]]:
    """Return *cib* without the constraints that `relocate` made, and their ids."""
    gone: list[str] = []

    def change(conf: Element) -> None:
        for constraint in list(conf.iterfind("constraints/rsc_location")):
            if constraint.get("id", "").startswith(prefix):
                gone.append(str(constraint.get("id")))
                remove(constraint)

    return edited(cib, change), gone


def without_stickiness(cib: Cib) -> Cib:
    """Return *cib* in which nothing is held where it runs by a stickiness."""

    def change(conf: Element) -> None:
        for pair in list(conf.iter("nvpair")):
            if pair.get("name") in ("resource-stickiness", "default-resource-stickiness"):
                remove(pair)

    return edited(cib, change)


def clear(
    cib: Cib, id: str, node: str = "", *, role: str = "", expired_at: datetime | None = None
) -> tuple[Cib, list[str]]:
    """Return *cib* without the constraints that moved *id* (to or off *node*), and their ids.

    With *role* only those of that role; with *expired_at* only those whose lifetime was over then.
    """
    gone: list[str] = []

    def change(conf: Element) -> None:
        gone.extend(_drop(conf, id, node=node, kind="", role=role, expired_at=expired_at))

    return edited(cib, change), gone


def _drop(
    conf: Element, id: str, *, node: str, kind: str, role: str = "",
    expired_at: datetime | None = None,
) -> list[str]:  # fmt: skip
    gone = []
    for constraint in list(conf.iterfind("constraints/rsc_location")):
        name = constraint.get("id", "")
        made_here = name == f"cli-prefer-{id}" or (
            constraint.get("rsc") == id and name.startswith(f"cli-ban-{id}-on-")
        )
        of_kind = not kind or name.startswith(f"cli-{kind}-")
        if role and constraint.get("role", "Started") not in _ROLES.get(role, (role,)):
            continue
        if expired_at is not None and not _is_over(constraint, expired_at):
            continue
        if made_here and of_kind and (not node or _node(constraint) == node):
            gone.append(name)
            remove(constraint)
    return gone


def _node(constraint: Element) -> str:
    if constraint.get("node"):
        return str(constraint.get("node"))
    expression = constraint.find("rule/expression")
    return "" if expression is None else expression.get("value", "")


def _is_over(constraint: Element, moment: datetime) -> bool:
    """Return whether the constraint's lifetime was over at *moment*; without one it never is."""
    for expression in constraint.iterfind("rule/date_expression"):
        end = moment_of(expression.get("end"), moment.tzinfo)
        if end is not None and end <= moment:
            return True
    return False


def is_spread(cib: Cib, id: str) -> bool:
    """Return whether *id* is a clone that is not promotable, or in one: it has no one place."""
    conf = cib.tree.find("configuration")
    found = None if conf is None else resource(conf, id)
    while found is not None and found.tag != "clone":
        found = parent_resource(found)
    return (
        found is not None
        and parse_bool(value_of(found, "meta_attributes", "promotable") or "") is not True
    )
