"""Whether two elements say the same, whoever made them: ids that nothing refers to say nothing.

Used where a command would make what is there already. Sets of values have no order, nor have
operations; the order of members of a group and of a resource set counts.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib, canonical
from pcsx.cib.edit.tree import RESOURCES, by_id, parent_resource

_NAMELESS: Final = frozenset(
    (
        "nvpair", "op", "instance_attributes", "meta_attributes", "utilization", "rule",
        "expression", "date_expression", "rsc_expression", "op_expression", "date_spec", "duration",
        "resource_set", "acl_permission",
    )
)  # fmt: skip
_UNORDERED: Final = frozenset(
    ("instance_attributes", "meta_attributes", "utilization", "operations", "primitive", "clone")
)
_WRAPPERS: Final = ("clone", "master", "bundle")


def without(cib: Cib, ids: list[str]) -> Cib:
    """Return *cib* without the elements *ids*, and without a clone that has nothing in it then."""

    def change(tree: etree._Element) -> None:
        for id in ids:
            element = by_id(tree, id)
            if element is None:
                continue
            around = parent_resource(element)
            parent = around.getparent() if around is not None else None
            if around is not None and parent is not None and around.tag in _WRAPPERS:
                parent.remove(around)
            elif (inside := element.getparent()) is not None:
                inside.remove(element)

    return cib.edited(change)


def unwrapped(cib: Cib, ids: list[str]) -> Cib:
    """Return *cib* with the resources *ids* taken out of the clones that they are in."""

    def change(tree: etree._Element) -> None:
        for id in ids:
            element = by_id(tree, id)
            around = parent_resource(element) if element is not None else None
            parent = around.getparent() if around is not None else None
            if element is not None and around is not None and parent is not None:
                parent.replace(around, element)

    return cib.edited(change)


def added(before: Cib, after: Cib) -> list[str]:
    """Return the ids of the elements right inside a section that only *after* has."""
    known = {element.get("id") for element in before.tree.iterfind("configuration/*/*")}
    ids = [element.get("id", "") for element in after.tree.iterfind("configuration/*/*")]
    return [id for id in ids if id and id not in known]


def is_like(present: Cib, wished: Cib, id: str, name: str = "") -> bool:
    """Return whether the element *id* is in *present* as it (or *name*) is in *wished*.

    Where *wished* has it inside another resource, that must be so too; where it has not, it does
    not matter where it stands.
    """
    here, there = by_id(present.tree, id), by_id(wished.tree, name or id)
    if here is None or there is None:
        return False
    around, wanted = parent_resource(here), parent_resource(there)
    if wanted is not None:
        if around is None or around.tag != wanted.tag or around.get("id") != wanted.get("id"):
            return False
        if wanted.tag in _WRAPPERS:
            here, there = around, wanted
    return _essence(here) == _essence(there)


def replaced(present: Cib, wished: Cib, id: str, name: str = "") -> Cib:
    """Return *present* with the element *id* as it (or *name*) is in *wished*, at its own place."""
    source = by_id(wished.tree, name or id)
    assert source is not None
    wanted = parent_resource(source)

    def change(tree: etree._Element) -> None:
        target = by_id(tree, id)
        assert target is not None
        new = source
        around = parent_resource(target)
        if wanted is not None and wanted.tag in _WRAPPERS:
            new = wanted
            if around is not None and around.tag in _WRAPPERS:
                target = around
        parent = target.getparent()
        assert parent is not None
        made = deepcopy(new)
        if new is source:
            made.set("id", id)
        parent.replace(target, made)

    return present.edited(change)


def _essence(element: etree._Element) -> bytes:
    copy = deepcopy(element)
    copy.set("id", "")
    for inner in copy.iter(etree.Element):
        if inner.tag in _NAMELESS and inner is not copy:
            inner.attrib.pop("id", "")
    for inner in copy.iter(*_UNORDERED):
        if not any(child.tag in RESOURCES for child in inner):
            inner[:] = sorted(inner, key=canonical)
    return canonical(copy)
