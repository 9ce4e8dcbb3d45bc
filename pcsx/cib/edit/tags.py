"""Tags: names for sets of things that have ids."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit import references
from pcsx.cib.edit.tree import (
    Element,
    all_ids,
    by_id,
    edited,
    id_fault,
    refuse,
    remove,
    resource,
    section,
)
from pcsx.errors import Finding, Refused


def create(cib: Cib, id: str, ids: Sequence[str]) -> Cib:
    """Return *cib* with the tag *id* on the resources *ids*."""

    def change(conf: Element) -> None:
        faults: list[Finding] = []
        fault = id_fault(id, "id")
        if fault is not None:
            faults.append(fault)
        elif id in all_ids(conf):
            faults.append(Finding.error("id-exists", id, f"'{id}' already exists"))
        faults += _id_faults(conf, ids)
        if faults:
            raise Refused(faults)
        made = etree.SubElement(section(conf, "tags"), "tag", id=id)
        for name in ids:
            etree.SubElement(made, "obj_ref", id=name)

    return edited(cib, change)


def _id_faults(conf: Element, ids: Sequence[str]) -> list[Finding]:
    faults = []
    twice = sorted({name for name in ids if list(ids).count(name) > 1})
    for name in dict.fromkeys(ids):
        if by_id(conf, name, ("tag",)) is not None:
            faults.append(
                Finding.error("tag-of-tag", name, f"'{name}' is a tag, tags cannot be put in tags")
            )
        elif resource(conf, name) is None:
            faults.append(
                Finding.error(
                    "no-such-resource", name, f"bundle/clone/group/resource '{name}' does not exist"
                )
            )
    if twice:
        listed = ", ".join(f"'{name}'" for name in twice)
        faults.append(
            Finding.error(
                "tag-twice", twice[0], f"Ids to add must be unique, duplicate ids: {listed}"
            )
        )
    return faults


def _tag(conf: Element, id: str) -> Element:
    found = by_id(conf, id, ("tag",))
    if found is None:
        raise refuse("no-such-tag", id, f"tag '{id}' does not exist")
    return found


def delete(cib: Cib, ids: Sequence[str]) -> Cib:
    """Return *cib* without the tags *ids*; refuse while constraints name them."""

    def change(conf: Element) -> None:
        faults = []
        for id in dict.fromkeys(ids):
            if by_id(conf, id, ("tag",)) is None:
                faults.append(Finding.error("no-such-tag", id, f"tag '{id}' does not exist"))
            elif used := references.of(conf, id):
                listed = ", ".join(f"'{name}'" for name in sorted(used))
                faults.append(
                    Finding.error(
                        "tag-referenced",
                        id,
                        f"Unable to remove tag '{id}' because it is referenced in the constraint: "
                        f"{listed}",
                    )
                )
        if faults:
            raise Refused(faults)
        for id in dict.fromkeys(ids):
            remove(_tag(conf, id))

    return edited(cib, change)


def update(
    cib: Cib,
    id: str,
    add: Sequence[str],
    gone: Sequence[str],
    *,
    before: str = "",
    after: str = "",
) -> Cib:
    """Return *cib* with *add* in the tag *id* (beside another, if named) and *gone* not in it."""

    def change(conf: Element) -> None:
        tag = _tag(conf, id)
        there = [str(ref.get("id")) for ref in tag.findall("obj_ref")]
        faults = _update_faults(conf, id, there, add, gone, before or after)
        if faults:
            raise Refused(faults)
        kept = [name for name in there if name not in gone and name not in add]
        index = len(kept)
        if before:
            index = kept.index(before)
        elif after:
            index = kept.index(after) + 1
        elif set(add) <= set(there):
            kept, index = [name for name in there if name not in gone], len(there)
        names = kept if index > len(kept) else [*kept[:index], *add, *kept[index:]]
        for child in list(tag):
            tag.remove(child)
        for name in names:
            etree.SubElement(tag, "obj_ref", id=name)

    return edited(cib, change)


def _update_faults(
    conf: Element,
    id: str,
    there: Sequence[str],
    add: Sequence[str],
    gone: Sequence[str],
    beside: str,
) -> list[Finding]:
    faults = _id_faults(conf, add)
    missing = [name for name in dict.fromkeys(gone) if name not in there]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        faults.append(
            Finding.error("not-in-tag", missing[0], f"Tag '{id}' does not contain ids: {listed}")
        )
    both = sorted(set(add) & set(gone))
    if both:
        listed = ", ".join(f"'{name}'" for name in both)
        faults.append(
            Finding.error(
                "tag-both", both[0], f"Ids cannot be added and removed at the same time: {listed}"
            )
        )
    already = [name for name in add if name in there]
    if already and not beside:
        listed = ", ".join(f"'{name}'" for name in sorted(already))
        faults.append(
            Finding.error(
                "in-tag", already[0], f"Cannot add ids already in the tag '{id}': {listed}"
            )
        )
    if beside and beside not in there:
        faults.append(
            Finding.error(
                "not-in-tag",
                beside,
                f"There is no id '{beside}' in the tag '{id}', cannot put ids next to it",
            )
        )
    elif beside and beside in add:
        faults.append(
            Finding.error("tag-beside-itself", beside, f"Cannot put id '{beside}' next to itself")
        )
    if not add and set(there) <= set(gone):
        faults.append(
            Finding.error(
                "tag-empty",
                id,
                f"There would be no ids left in the tag '{id}'; delete the tag instead",
                hint=f"pcsx tag delete {id}",
            )
        )
    return faults
