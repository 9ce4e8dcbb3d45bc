"""The document taken as a whole: a section cut out as bytes, put back, or replaced."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from pcsx.cib.document import Cib, parse_element
from pcsx.cib.edit.tree import Element, configuration, section
from pcsx.errors import Finding, Refused


def section_bytes(cib: Cib, scope: str) -> bytes:
    """Return the section *scope* (or the whole `configuration`) as indented XML."""
    conf = cib.tree.find("configuration")
    found = conf if scope == "configuration" or conf is None else conf.find(scope)
    if found is None:
        raise Refused(
            [
                Finding.error(
                    "no-such-section", scope, f"unable to get cib, section {scope} is empty"
                )
            ]
        )
    copy = deepcopy(found)
    etree.indent(copy, "  ")
    text: bytes = etree.tostring(copy, encoding="UTF-8")
    return text + b"\n"


def with_configuration(cib: Cib, new: Cib) -> Cib:
    """Return *cib* with the configuration of *new*, and the attributes of its root."""

    def change(root: Element) -> None:
        replace(root, "configuration", new)
        for name in ("validate-with", "crm_feature_set"):
            value = new.tree.get(name)
            if value is not None:
                root.set(name, value)

    return cib.edited(change)


def with_section(cib: Cib, new: Cib, scope: str) -> Cib:
    """Return *cib* with the section *scope* of *new*, or without it where *new* has none."""
    return cib.edited(lambda root: replace(root, scope, new))


def replace(root: Element, scope: str, new: Cib) -> None:
    """Put the section *scope* of *new* into the document *root*."""
    theirs = new.tree.find("configuration")
    conf = configuration(root)
    if scope == "configuration":
        fresh = etree.Element("configuration") if theirs is None else deepcopy(theirs)
        root.replace(conf, fresh)
        return
    old = section(conf, scope)
    found = None if theirs is None else theirs.find(scope)
    if found is None:
        conf.remove(old)
    else:
        conf.replace(old, deepcopy(found))


def from_section(cib: Cib, text: bytes, scope: str) -> Cib:
    """Return *cib* with *text* as its section *scope*; without a scope *text* is the whole."""
    if not scope:
        return Cib.from_bytes(text)
    element = parse_element(text)
    if element.tag != scope:
        raise Refused(
            [Finding.error("wrong-section", scope, f"this is a <{element.tag}>, not a <{scope}>")]
        )

    def change(root: Element) -> None:
        conf = configuration(root)
        if scope == "configuration":
            root.replace(conf, element)
        else:
            conf.replace(section(conf, scope), element)

    return cib.edited(change)
