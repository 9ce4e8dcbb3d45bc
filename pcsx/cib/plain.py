"""The configuration as a plain tree that may be worked on freely, for languages and editors.

Outside this package nobody sees XML. `Element` is what the shell's configuration language reads
into and prints from: a tag, attributes and children, changed in place. `unseal` copies the
configuration out of a document, `seal` puts it back as a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from lxml import etree

from pcsx.cib.document import COMMENTS, SECTIONS, Cib, parse_element
from pcsx.lean import dataclass

__all__ = ["COMMENTS", "Element", "from_xml", "seal", "to_xml", "unseal"]


@dataclass(slots=True, eq=False)
class Element:
    """One element; two are the same only if they are one object (see `same`)."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return the element's id, or nothing."""
        return self.attributes.get("id", "")

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute's value, or *default*."""
        return self.attributes.get(name, default)

    def add(self, tag: str, **attributes: str) -> Element:
        """Append a new child and return it; `_` in names stands for `-`, a last `_` for nothing."""
        names = {name.rstrip("_").replace("_", "-"): v for name, v in attributes.items()}
        child = Element(tag, names)
        self.children.append(child)
        return child

    def find(self, tag: str) -> Element | None:
        """Return the first child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, *tags: str) -> list[Element]:
        """Return the children of these tags, in order."""
        return [child for child in self.children if child.tag in tags]

    def walk(self) -> Iterator[Element]:
        """Yield the element and all within it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def copy(self) -> Element:
        """Return an equal tree that shares nothing with this one."""
        return Element(self.tag, dict(self.attributes), [child.copy() for child in self.children])

    def same(self, other: Element) -> bool:
        """Return whether both say the same; the order of attributes says nothing."""
        return (
            self.tag == other.tag
            and self.attributes == other.attributes
            and len(self.children) == len(other.children)
            and all(map(Element.same, self.children, other.children))
        )


def unseal(cib: Cib) -> Element:
    """Return a copy of the document's `configuration`; an empty one where there is none."""
    found = cib.tree.find("configuration")
    return Element("configuration") if found is None else _from_tree(found)


def seal(cib: Cib, configuration: Element) -> Cib:
    """Return *cib* with *configuration* in the place of its own.

    Sections of *cib* stay where they are, new ones follow; empty new ones are left out.
    Raises `Refused` where a name or value is none that XML can hold.
    """

    def replace(tree: etree._Element) -> None:
        old = tree.find("configuration")
        new = _to_tree(_ordered(configuration, old))
        if old is None:
            tree.insert(0, new)
        else:
            tree.replace(old, new)

    return cib.edited(replace)


def from_xml(text: str) -> Element:
    """Return the element that *text* spells; raises `Refused`."""
    return _from_tree(parse_element(text.encode()))


def to_xml(element: Element) -> str:
    """Return *element* as indented XML."""
    tree = _to_tree(element)
    etree.indent(tree, "  ")
    return etree.tostring(tree, encoding="unicode")


def _ordered(configuration: Element, old: Any) -> Element:
    """Return *configuration* without new empty sections; new ones come after those of *old*."""
    had = [] if old is None else [str(child.tag) for child in old]
    place = {name: n for n, name in enumerate(dict.fromkeys((*had, *SECTIONS)))}
    kept = [
        section
        for section in configuration.children
        if section.children or section.attributes or section.tag in had
    ]
    kept.sort(key=lambda section: place.get(section.tag, len(place)))
    return Element(configuration.tag, configuration.attributes, kept)


def _from_tree(tree: etree._Element) -> Element:
    attributes = {str(name): str(value) for name, value in tree.attrib.items()}
    return Element(str(tree.tag), attributes, [_from_tree(child) for child in tree])


def _to_tree(element: Element) -> etree._Element:
    tree = etree.Element(element.tag, element.attributes)
    tree.extend(_to_tree(child) for child in element.children)
    return tree
