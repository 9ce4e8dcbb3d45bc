"""Clones: a resource wrapped so that it runs on many nodes, and unwrapped again."""

from __future__ import annotations

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    CLONES,
    Element,
    Pairs,
    clean_id,
    edited,
    free_id,
    make_set,
    members,
    parent_resource,
    put_pairs,
    refuse,
    remove,
    replace,
    require_new_id,
    resource,
    section,
)


def clone(cib: Cib, id: str, clone_id: str, meta: Pairs) -> Cib:
    """Return *cib* with the primitive or group *id* in a clone, which constraints then name."""
    from pcsx.cib.edit import references

    def change(conf: Element) -> None:
        found = resource(conf, id)
        if found is None:
            raise refuse("no-such-resource", id, f"unable to find group or resource: {id}")
        if found.tag in CLONES:
            raise refuse("already-a-clone", id, f"'{id}' is already a clone resource")
        if found.tag == "bundle":
            raise refuse("no-such-resource", id, f"unable to find group or resource: {id}")
        outer = parent_resource(found)
        around = parent_resource(outer) if outer is not None and outer.tag == "group" else outer
        if around is not None and around.tag in CLONES:
            text = f"{id} is already a clone resource"
            if found.tag == "group":
                text = "cannot clone a group that has already been cloned"
            raise refuse("already-cloned", id, text)
        if outer is not None and outer.tag == "bundle":
            raise refuse(
                "resource-inside", id, f"cannot clone a resource inside bundle '{outer.get('id')}'"
            )
        if found.get("class") == "stonith":
            raise refuse(
                "stonith-clone", id, "fence devices cannot be cloned", force="stonith-clone"
            )
        if clone_id:
            require_new_id(conf, clone_id)
        alone = outer is not None and outer.tag == "group" and len(members(outer)) == 1
        if outer is not None and alone:
            replace(outer, found)
        elif outer is not None:
            remove(found)
            section(conf, "resources").append(found)
        made = wrap(conf, found, clone_id, meta)
        references.point_to(conf, id, str(made.get("id")))

    return edited(cib, change)


def wrap(conf: Element, element: Element, clone_id: str, meta: Pairs) -> Element:
    """Put a new clone around *element* where it is, and return it."""
    id = clone_id or free_id(conf, clean_id(f"{element.get('id')}-clone"))
    made = etree.Element("clone", id=id)
    replace(element, made)
    made.append(element)
    if meta:
        put_pairs(conf, make_set(conf, made, "meta_attributes"), meta, keep_empty=False)
    return made


def unclone(cib: Cib, id: str) -> Cib:
    """Return *cib* with what is in the clone *id* (or around the resource *id*) on its own."""

    def change(conf: Element) -> None:
        from pcsx.cib.edit import references

        found = resource(conf, id)
        if found is None:
            raise refuse("no-such-resource", id, f"could not find resource: {id}")
        outer = found if found.tag in CLONES else parent_resource(found)
        if outer is not None and outer.tag == "group":
            outer = parent_resource(outer)
        if outer is None or outer.tag not in CLONES:
            raise refuse("not-a-clone", id, f"'{id}' is not a clone resource")
        inside = members(outer)
        replace(outer, inside[0])
        references.drop(conf, str(outer.get("id")))

    return edited(cib, change)
