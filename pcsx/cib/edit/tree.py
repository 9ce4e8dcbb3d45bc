"""The hands of every edit: sections, ids, and sets of name-value pairs in a tree that is a copy.

Everything here works on the copy that `Cib.edited` hands out. Ids are generated as the field's
tools do: the wanted one, or the same with the first free number after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from lxml import etree

from pcsx.cib.document import SECTIONS, Cib
from pcsx.errors import Finding, Refused

Element = etree._Element
Pairs = Mapping[str, str]

RESOURCES: Final = ("primitive", "group", "clone", "master", "bundle")
CLONES: Final = ("clone", "master")
_REFERENCES: Final = frozenset(("resource_ref", "obj_ref", "role"))
"""Elements whose `id` names another element."""

_FIRST: Final = re.compile(r"[^\W\d]", re.UNICODE)
_LATER: Final = re.compile(r"[\w.\-·]", re.UNICODE)


def refuse(code: str, subject: str, text: str, *, hint: str = "", force: str = "") -> Refused:
    """Return the refusal of one finding."""
    return Refused([Finding.error(code, subject, text, hint=hint, force=force)])


def edited(cib: Cib, change: Callable[[Element], None]) -> Cib:
    """Return *cib* after *change* has worked on the `configuration` of a copy."""

    def on_root(root: Element) -> None:
        change(configuration(root))

    return cib.edited(on_root)


def configuration(root: Element) -> Element:
    """Return the `configuration` of a document, made if it is not there."""
    found = root.find("configuration")
    if found is None:
        found = etree.Element("configuration")
        root.insert(0, found)
    return found


def section(conf: Element, name: str) -> Element:
    """Return the section *name*, made after all others if it is not there, as pcs does."""
    assert name in SECTIONS, name
    found = conf.find(name)
    return etree.SubElement(conf, name) if found is None else found


def drop_empty(parent: Element | None, *, attributes: bool = False) -> None:
    """Remove *parent* from its tree if nothing is in it any more."""
    if parent is not None and not len(parent) and (attributes or not parent.attrib):
        remove(parent)


def remove(element: Element) -> None:
    """Take *element* out of its tree."""
    parent = element.getparent()
    assert parent is not None, element.tag
    parent.remove(element)


def replace(old: Element, new: Element) -> None:
    """Put *new* in the place of *old*."""
    parent = old.getparent()
    assert parent is not None, old.tag
    parent.replace(old, new)


# --- ids


def all_ids(conf: Element) -> set[str]:
    """Return every id that names an element; references are not names."""
    return {
        str(element.get("id"))
        for element in conf.iter(etree.Element)
        if element.get("id") is not None and element.tag not in _REFERENCES
    }


def free_id(conf: Element, wanted: str) -> str:
    """Return *wanted*, or with the first free number after it where it is taken."""
    taken = all_ids(conf)
    if wanted not in taken:
        return wanted
    number = 1
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def clean_id(text: str) -> str:
    """Return *text* without the characters that an id may not have."""
    kept = "".join(char for char in text if _LATER.fullmatch(char))
    while kept and not _FIRST.fullmatch(kept[0]):
        kept = kept[1:]
    return kept


def id_fault(text: str, what: str = "id") -> Finding | None:
    """Return what is wrong with *text* as an id, or None; *what* says whose id it is."""
    if not text:
        return Finding.error("id-empty", text, f"{what} cannot be empty")
    if not _FIRST.fullmatch(text[0]):
        return Finding.error(
            "id-invalid",
            text,
            f"invalid {what} '{text}', '{text[0]}' is not a valid first character for a {what}",
        )
    for char in text[1:]:
        if not _LATER.fullmatch(char):
            return Finding.error(
                "id-invalid",
                text,
                f"invalid {what} '{text}', '{char}' is not a valid character for a {what}",
            )
    return None


def new_id_faults(conf: Element, id: str, what: str = "id") -> Iterator[Finding]:
    """Tell what forbids *id* as the id of something new."""
    fault = id_fault(id, what)
    if fault is not None:
        yield fault
    elif id in all_ids(conf):
        yield Finding.error("id-exists", id, f"'{id}' already exists")


def require_new_id(conf: Element, id: str, what: str = "id") -> None:
    """Raise if *id* cannot be the id of something new."""
    faults = list(new_id_faults(conf, id, what))
    if faults:
        raise Refused(faults)


def by_id(conf: Element, id: str, tags: Iterable[str] | None = None) -> Element | None:
    """Return the element named *id* (one of *tags*, if given), or None."""
    wanted = tuple(tags) if tags is not None else None
    for element in conf.iter(etree.Element):
        if element.get("id") == id and element.tag not in _REFERENCES:
            if wanted is None or element.tag in wanted:
                return element
            return None
    return None


# --- sets of name-value pairs


def pairs_of(parent: Element, tag: str) -> dict[str, str]:
    """Return the pairs of the first set *tag* of *parent*."""
    found = parent.find(tag)
    if found is None:
        return {}
    return {pair.get("name", ""): pair.get("value", "") for pair in found.findall("nvpair")}


def value_of(parent: Element, tag: str, name: str) -> str | None:
    """Return the value of *name* in any set *tag* of *parent*, or None."""
    for pairs in parent.findall(tag):
        for pair in pairs.findall("nvpair"):
            if pair.get("name") == name:
                return pair.get("value")
    return None


def make_set(conf: Element, parent: Element, tag: str, *, at: int | None = None) -> Element:
    """Return a new empty set *tag* in *parent* (as its child *at*, or the last)."""
    made = etree.Element(tag, id=free_id(conf, f"{parent.get('id')}-{tag}"))
    if at is None:
        parent.append(made)
    else:
        parent.insert(at, made)
    return made


def put_pairs(conf: Element, pairs: Element, values: Pairs, *, keep_empty: bool = False) -> None:
    """Set *values* in the set *pairs*, in the order of their names; an empty value removes."""
    for name, value in sorted(values.items()):
        old = next((pair for pair in pairs.findall("nvpair") if pair.get("name") == name), None)
        if value == "" and not keep_empty:
            if old is not None:
                pairs.remove(old)
        elif old is not None:
            old.set("value", value)
        else:
            wanted = clean_id(f"{pairs.get('id')}-{name}")
            etree.SubElement(pairs, "nvpair", id=free_id(conf, wanted), name=name, value=value)


def update_set(
    conf: Element, parent: Element, tag: str, values: Pairs, *, at: int | None = None
) -> None:
    """Set *values* in the first set *tag* of *parent*, made if there is something to put in."""
    pairs = parent.find(tag)
    if pairs is None:
        if not any(values.values()):
            return
        pairs = make_set(conf, parent, tag, at=at)
    put_pairs(conf, pairs, values)


# --- resources


def resource(conf: Element, id: str) -> Element | None:
    """Return the resource named *id*, of whatever kind, or None."""
    resources = conf.find("resources")
    if resources is None:
        return None
    for element in resources.iter(*RESOURCES):
        if element.get("id") == id:
            return element
    return None


def members(element: Element) -> list[Element]:
    """Return the resources right inside *element*."""
    return [child for child in element if child.tag in RESOURCES]


def primitives(element: Element) -> list[Element]:
    """Return all primitives of *element*, itself if it is one."""
    return list(element.iter("primitive"))


def parent_resource(element: Element) -> Element | None:
    """Return the resource that *element* is right inside of, or None."""
    parent = element.getparent()
    return parent if parent is not None and parent.tag in RESOURCES else None


def is_stonith(element: Element) -> bool:
    """Return whether *element* is a fence device."""
    return element.tag == "primitive" and element.get("class") == "stonith"
