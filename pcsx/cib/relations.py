"""What a resource has to do with others: what holds it, what it holds, and constraints."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import members, parent_resource, resource
from pcsx.lean import dataclass

_KINDS = {
    "rsc_order": "order",
    "rsc_colocation": "colocation",
    "rsc_location": "location",
    "rsc_ticket": "ticket",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation: its *kind*, the *id* of what makes it, in words, and the *others* in it."""

    kind: str
    id: str
    text: str
    others: tuple[str, ...]


def relations(cib: Cib, id: str) -> list[Relation] | None:
    """Return all relations of the resource *id*, nearest first; None if there is none."""
    conf = cib.tree.find("configuration")
    found = resource(conf, id) if conf is not None else None
    if conf is None or found is None:
        return None
    return list(_relations(conf, found, id))


def _relations(conf: etree._Element, found: etree._Element, id: str) -> Iterator[Relation]:
    around = parent_resource(found)
    if around is not None:
        name = around.get("id", "")
        yield Relation("outer", name, f"is in the {around.tag} {name}", (name,))
    for member in members(found):
        name = member.get("id", "")
        yield Relation("inner", name, f"holds the {member.tag} {name}", (name,))
    if template := found.get("template"):
        yield Relation("template", template, f"is made by the template {template}", (template,))
    for constraint in conf.iterfind("constraints/*"):
        yield from _constraint(constraint, id)
    for tag in conf.iterfind("tags/tag"):
        names = [ref.get("id", "") for ref in tag.iterfind("obj_ref")]
        if id in names:
            others = tuple(name for name in names if name != id)
            yield Relation("tag", tag.get("id", ""), f"has the tag {tag.get('id')}", others)
    for level in conf.iterfind("fencing-topology/fencing-level"):
        if id in [name.strip() for name in level.get("devices", "").split(",")]:
            whom = level.get("target") or level.get("target-pattern") or level.get("target-value")
            text = f"is in level {level.get('index')} of {whom}"
            yield Relation("level", level.get("id", ""), text, ())


def _constraint(constraint: etree._Element, id: str) -> Iterator[Relation]:
    names = [constraint.get(name) for name in ("first", "then", "rsc", "with-rsc")]
    names += [ref.get("id") for ref in constraint.iterfind("resource_set/resource_ref")]
    kind = _KINDS.get(str(constraint.tag))
    if kind is None or id not in names:
        return
    others = tuple(dict.fromkeys(name for name in names if name and name != id))
    yield Relation(kind, constraint.get("id", ""), _told(constraint, kind, id), others)


def _told(constraint: etree._Element, kind: str, id: str) -> str:
    get = constraint.get
    if constraint.find("resource_set") is not None:
        sets = [
            " ".join(ref.get("id", "") for ref in one.iterfind("resource_ref"))
            for one in constraint.iterfind("resource_set")
        ]
        tail = f" of ticket {get('ticket')}" if kind == "ticket" else ""
        return f"{kind} of sets{tail}: " + " | ".join(sets)
    match kind:
        case "order":
            first, then = get("first-action", "start"), get("then-action")
            then = then or first
            return f"{first} {get('first')} then {then} {get('then')} ({get('kind', 'Mandatory')})"
        case "colocation":
            return f"{get('rsc')} with {get('with-rsc')} (score {get('score', 'INFINITY')})"
        case "location":
            where = f"on {get('node')} (score {get('score')})" if get("node") else "by a rule"
            return f"{id} {where}"
    return f"{id} needs the ticket {get('ticket')}"
