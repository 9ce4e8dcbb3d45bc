"""The document taken as a whole: a section cut out as bytes, put back, or replaced."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from pcsx.cib.document import Cib, parse_element, show_comments
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
    show_comments(copy)
    etree.indent(copy, "  ")
    text: bytes = etree.tostring(copy, encoding="UTF-8")
    return text + b"\n"


def with_configuration(cib: Cib, new: Cib) -> Cib:
    """Return *cib* with the configuration of *new*, and the attributes of its root."""

    def change(root: Element) -> None:
        theirs = new.tree.find("configuration")
        fresh = etree.Element("configuration") if theirs is None else deepcopy(theirs)
        root.replace(configuration(root), fresh)
        for name in ("validate-with", "crm_feature_set"):
            value = new.tree.get(name)
            if value is not None:
                root.set(name, value)

    return cib.edited(change)


def from_section(cib: Cib, text: bytes, scope: str) -> Cib:
    """Return *cib* with the section *scope* of *text*; without a scope *text* is the whole.

    The text is the section alone, as `section_bytes` gives it, or a document that holds it.
    """
    if not scope:
        return Cib.from_bytes(text)
    fresh = _section_of(text, scope)

    def change(root: Element) -> None:
        conf = configuration(root)
        if scope == "configuration":
            root.replace(conf, deepcopy(fresh))
        else:
            conf.replace(section(conf, scope), deepcopy(fresh))

    return cib.edited(change)


def _section_of(text: bytes, scope: str) -> Element:
    root = parse_element(text)
    if root.tag == scope:
        return root
    if root.tag not in ("cib", "configuration"):
        said = f"this is a <{root.tag}>, not a <{scope}>"
        raise Refused([Finding.error("wrong-section", scope, said)])
    conf = root if root.tag == "configuration" else root.find("configuration")
    found = conf if scope == "configuration" or conf is None else conf.find(scope)
    if found is None:
        said = f"unable to push cib, scope '{scope}' not present in new cib"
        raise Refused([Finding.error("no-such-section", scope, said)])
    return found
