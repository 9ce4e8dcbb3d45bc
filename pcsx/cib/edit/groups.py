"""Groups: members taken in, let go, moved; a group that loses its last member is gone."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    CLONES,
    Element,
    all_ids,
    edited,
    id_fault,
    members,
    parent_resource,
    refuse,
    remove,
    replace,
    resource,
    section,
)
from pcsx.errors import Finding, Refused


def add(cib: Cib, id: str, member_ids: Sequence[str], *, before: str = "", after: str = "") -> Cib:
    """Return *cib* with the primitives *member_ids* in the group *id*, made if need be."""

    def change(conf: Element) -> None:
        findings = _member_faults(conf, id, member_ids)
        if not (before or after):
            findings += _already_faults(conf, id, member_ids)
        if findings:
            raise Refused(findings)
        elements = [found for name in member_ids if (found := resource(conf, name)) is not None]
        take_in(conf, id, elements, before=before, after=after)

    return edited(cib, change)


def _member_faults(conf: Element, id: str, member_ids: Sequence[str]) -> list[Finding]:
    faults: list[Finding] = []
    if not member_ids:
        faults.append(
            Finding.error("group-empty", id, f"No resources specified for the group '{id}'")
        )
    twice = sorted({name for name in member_ids if list(member_ids).count(name) > 1})
    if twice:
        listed = ", ".join(f"'{name}'" for name in twice)
        faults.append(
            Finding.error("group-member-twice", id, f"Resources specified more than once: {listed}")
        )
    missing = [name for name in dict.fromkeys(member_ids) if resource(conf, name) is None]
    for name in missing:
        faults.append(
            Finding.error(
                "no-such-resource", name, f"bundle/clone/group/resource '{name}' does not exist"
            )
        )
    for name in dict.fromkeys(member_ids):
        element = resource(conf, name)
        if element is None:
            continue
        outer = parent_resource(element)
        if element.tag != "primitive":
            faults.append(
                Finding.error(
                    "not-a-primitive",
                    name,
                    f"'{name}' is a {element.tag} resource, {element.tag} resources cannot be put "
                    "into a group",
                )
            )
        elif outer is not None and outer.tag != "group":
            faults.append(
                Finding.error(
                    "resource-inside",
                    name,
                    f"'{name}' cannot be put into a group because its parent is a {outer.tag} "
                    "resource",
                )
            )
    return faults


def _already_faults(conf: Element, id: str, member_ids: Sequence[str]) -> list[Finding]:
    """Tell which members are there already; beside another member they may be put again."""
    group = resource(conf, id)
    there = {member.get("id") for member in members(group)} if group is not None else set()
    already = sorted(name for name in set(member_ids) if name in there)
    if not already:
        return []
    listed = ", ".join(f"'{name}'" for name in already)
    what, verb = ("resource", "it is") if len(already) == 1 else ("resources", "they are")
    text = f"Cannot add {what} {listed}, {verb} already present in group '{id}'"
    return [Finding.error("in-group", already[0], text)]


def take_in(
    conf: Element, id: str, elements: Sequence[Element], *, before: str = "", after: str = ""
) -> None:
    """Move *elements* into the group *id*: to its end, or beside the member named."""
    group = resource(conf, id)
    beside = before or after
    if beside and resource(conf, beside) is None:
        raise refuse("no-such-resource", beside, f"'{beside}' does not exist")
    if beside and beside in [element.get("id") for element in elements]:
        raise refuse(
            "group-beside-itself", beside, f"Cannot put resource '{beside}' next to itself"
        )
    if group is None:
        group = _new(conf, id)
    elif group.tag != "group":
        raise refuse("not-a-group", id, f"'{id}' is not a group")
    if beside and beside not in [member.get("id") for member in members(group)]:
        raise refuse(
            "not-in-group",
            beside,
            f"There is no resource '{beside}' in the group '{id}', cannot add resources next to it",
        )
    left = [outer for element in elements if (outer := parent_resource(element)) is not None]
    for element in elements:
        remove(element)
    _insert(group, elements, before, after)
    for outer in dict.fromkeys(left):
        if outer is not group and outer.tag == "group" and not members(outer):
            _dissolve_emptied(conf, outer)


def _insert(group: Element, elements: Sequence[Element], before: str, after: str) -> None:
    index = len(group)
    for number, child in enumerate(group):
        if child.tag == "primitive" and child.get("id") in (before, after):
            index = number if before else number + 1
    for offset, element in enumerate(elements):
        group.insert(index + offset, element)


def _new(conf: Element, id: str) -> Element:
    fault = id_fault(id, "group name")
    if fault is not None:
        raise Refused([fault])
    if id in all_ids(conf):
        raise refuse("id-exists", id, f"'{id}' is not a group")
    return etree.SubElement(section(conf, "resources"), "group", id=id)


def _dissolve_emptied(conf: Element, group: Element) -> None:
    """Remove a group that lost its last member, and its clone; refuse while others refer to it."""
    from pcsx.cib.edit import references

    outer = parent_resource(group)
    gone = [group] if outer is None else [group, outer]
    for element in gone:
        used = references.of(conf, str(element.get("id")))
        if used:
            listed = ", ".join(sorted(used))
            raise refuse(
                "group-referenced",
                str(element.get("id")),
                f"Unable to remove group '{element.get('id')}', it is referenced in the "
                f"configuration: {listed}",
                hint=f"pcsx resource ungroup {element.get('id')}",
            )
    remove(gone[-1])


def ungroup(cib: Cib, id: str, member_ids: Sequence[str] = ()) -> Cib:
    """Return *cib* with the members (all, if none is named) of the group *id* out of it.

    A group without members is removed, and constraints on it with it. A cloned group can only
    lose members while one stays, as the clone takes its place.
    """

    def change(conf: Element) -> None:
        group = resource(conf, id)
        if group is None or group.tag != "group":
            raise refuse("no-such-group", id, f"Group '{id}' does not exist")
        inside = members(group)
        names = [str(member.get("id")) for member in inside]
        for name in member_ids:
            if name not in names:
                raise refuse(
                    "not-in-group", name, f"Resource '{name}' does not exist in group '{id}'"
                )
        leaving = [m for m in inside if not member_ids or m.get("id") in member_ids]
        outer = parent_resource(group)
        if outer is not None and outer.tag in CLONES:
            if len(leaving) == len(inside) and len(inside) > 1:
                raise refuse(
                    "clone-of-many",
                    id,
                    f"Cannot remove all resources from a cloned group '{id}'",
                    hint=f"pcsx resource unclone {id}",
                )
            if len(leaving) < len(inside):
                _move_out(conf, outer, leaving)
                return
            replace(group, leaving[0])
            _drop_references(conf, id)
            return
        _move_out(conf, group, leaving)
        if not members(group):
            _drop_references(conf, id)
            remove(group)

    return edited(cib, change)


def _drop_references(conf: Element, id: str) -> None:
    from pcsx.cib.edit import references

    references.drop(conf, id)


def _move_out(conf: Element, beside: Element, leaving: Sequence[Element]) -> None:
    """Move *leaving* to the resources, right after *beside* and in their order."""
    resources = section(conf, "resources")
    index = list(resources).index(beside) + 1
    for offset, element in enumerate(leaving):
        remove(element)
        resources.insert(index + offset, element)
