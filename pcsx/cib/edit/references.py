"""Who refers to an id: constraints, sets, tags, fencing levels, permissions; found and dropped.

When something is deleted, what refers to it goes too: a constraint on it, its place in a set (and
the set or constraint that then holds nothing), in a tag, in a fencing level, a permission on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.cib.edit.tree import Element, remove

_PLAIN = (
    ("rsc_location", ("rsc",)),
    ("rsc_colocation", ("rsc", "with-rsc")),
    ("rsc_order", ("first", "then")),
    ("rsc_ticket", ("rsc",)),
)


def _constraints(conf: Element) -> Iterator[Element]:
    constraints = conf.find("constraints")
    if constraints is not None:
        yield from list(constraints)


def of(conf: Element, id: str) -> list[str]:
    """Return the ids of the constraints and tags that refer to *id*, in their order."""
    found = []
    for constraint in _constraints(conf):
        if _names(constraint, id) or any(ref.get("id") == id for ref in _set_refs(constraint)):
            found.append(str(constraint.get("id")))
    for tag in conf.iterfind("tags/tag"):
        if any(ref.get("id") == id for ref in tag.iter("obj_ref")):
            found.append(str(tag.get("id")))
    return found


def _names(constraint: Element, id: str) -> bool:
    for tag, attributes in _PLAIN:
        if constraint.tag == tag:
            return any(constraint.get(attribute) == id for attribute in attributes)
    return False


def _set_refs(constraint: Element) -> list[Element]:
    return list(constraint.iterfind("resource_set/resource_ref"))


def point_to(conf: Element, old: str, new: str) -> None:
    """Let the places, colocations and orders that name *old* name *new*; sets stay as they are."""
    for constraint in _constraints(conf):
        for tag, attributes in _PLAIN:
            for attribute in attributes if constraint.tag == tag != "rsc_ticket" else ():
                if constraint.get(attribute) == old:
                    constraint.set(attribute, new)


def drop(conf: Element, id: str) -> list[str]:
    """Remove all that refers to *id*; return a line for each thing removed."""
    told: list[str] = []
    for constraint in _constraints(conf):
        if _names(constraint, id):
            told.append(f"Removing Constraint - {constraint.get('id')}")
            remove(constraint)
            continue
        for ref in _set_refs(constraint):
            if ref.get("id") == id:
                told += _drop_from_set(constraint, ref)
    for tag in list(conf.iterfind("tags/tag")):
        _drop_from_tag(tag, id)
    told += _drop_from_levels(conf, id)
    for permission in list(conf.iterfind("acls/acl_role/acl_permission")):
        if permission.get("reference") == id:
            remove(permission)
    return told


def _drop_from_set(constraint: Element, ref: Element) -> list[str]:
    inside = ref.getparent()
    assert inside is not None
    told = [f"Removing {ref.get('id')} from set {inside.get('id')}"]
    inside.remove(ref)
    if not len(inside):
        told.append(f"Removing set {inside.get('id')}")
        constraint.remove(inside)
    if constraint.find("resource_set") is None:
        told.append(f"Removing constraint {constraint.get('id')}")
        remove(constraint)
    return told


def _drop_from_tag(tag: Element, id: str) -> None:
    for ref in tag.findall("obj_ref"):
        if ref.get("id") == id:
            tag.remove(ref)
    if tag.find("obj_ref") is None:
        tags = tag.getparent()
        remove(tag)
        if tags is not None and not len(tags):
            remove(tags)


def _drop_from_levels(conf: Element, id: str) -> list[str]:
    told = []
    for level in list(conf.iterfind("fencing-topology/fencing-level")):
        devices = level.get("devices", "").split(",")
        if id not in devices:
            continue
        left = [device for device in devices if device != id]
        if left:
            level.set("devices", ",".join(left))
        else:
            told.append(f"Removing Fencing Level - {level.get('id')}")
            remove(level)
    return told
