"""Descriptions of elements: a text for people, that decides nothing."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import Element, edited, refuse
from pcsx.cib.schema.grammar import GRAMMAR


def description_of(cib: Cib, id: str) -> str:
    """Return the description of the element *id*, empty where it has none."""
    return _require(cib.tree.find("configuration"), id).get("description") or ""


def describe(cib: Cib, id: str, text: str) -> Cib:
    """Return *cib* with the element *id* described by *text*; an empty one takes it away."""

    def change(conf: Element) -> None:
        element = _require(conf, id)
        if text:
            element.set("description", text)
        elif "description" in element.attrib:
            del element.attrib["description"]

    return edited(cib, change)


def _require(conf: Element | None, id: str) -> Element:
    """Return the element *id* of *conf*, which may have a description, or raise `Refused`."""
    named = [one for one in conf.iter("*") if one.get("id") == id] if conf is not None else []
    for element in named:
        shape = GRAMMAR.get(element.tag)
        if shape is not None and "description" in shape.attributes:
            return element
    if named:
        text = f"'{id}' is a {named[0].tag}, which has no description"
        raise refuse("no-description", id, text)
    raise refuse("no-such-id", id, f"Unable to find an element with the id '{id}'")
