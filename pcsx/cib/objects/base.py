"""How elements become frozen dataclasses and back, without loss.

A class names its element (`tag`) and declares its fields with `attribute`, `one`, `many`.
`read` fills them; attributes and children that no field names ride along in `extra`, and `write`
puts everything back. Values stay the text that was configured: what they mean is for the reader
(`pcsx.cib.evaluate`, `pcsx.pe.read`), so that a document with a mistake in it can still be shown
and repaired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, TypeVar

from lxml import etree

_XML: Final = "xml"


@dataclass(frozen=True, slots=True)
class Extra:
    """What an object does not know: attributes, and children as they are written."""

    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[bytes, ...] = ()


NOTHING: Final = Extra()


@dataclass(frozen=True, slots=True)
class XmlObject:
    """An element as a value. Two are equal if they say the same."""

    tag: ClassVar[str] = ""

    @classmethod
    def from_xml(cls: type[T], element: etree._Element) -> T:
        """Return the object that *element* spells."""
        return read(cls, element)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the object, with all that it does not know."""
        return write(self)


T = TypeVar("T", bound=XmlObject)


def attribute(name: str = "") -> Any:
    """Return a field for an attribute; its XML name is the field's, with `-` for `_`, or *name*."""
    return field(default=None, metadata={_XML: ("attribute", name)})


def one(child: type[XmlObject]) -> dict[str, Any]:
    """Return the metadata of a field for the first child of that tag; further ones are extra."""
    return {_XML: ("one", (child,))}


def many(*children: type[XmlObject]) -> Any:
    """Return a field for all children of these classes' tags, in document order."""
    return field(default=(), metadata={_XML: ("many", children)})


def many_of(children: Callable[[], tuple[type[XmlObject], ...]]) -> Any:
    """Return a field as `many` does, for classes that are not yet all made."""
    return field(default=(), metadata={_XML: ("many", children)})


class _Plan:
    """How one class is read and written; worked out once."""

    __slots__ = ("attributes", "children", "names")

    def __init__(self, cls: type[XmlObject]) -> None:
        self.attributes: dict[str, str] = {}
        self.names: list[tuple[str, str]] = []
        self.children: dict[str, tuple[str, bool, type[XmlObject]]] = {}
        for item in fields(cls):
            how, what = item.metadata.get(_XML, ("", None))
            if how == "attribute":
                name = what or item.name.rstrip("_").replace("_", "-")
                self.attributes[name] = item.name
                self.names.append((item.name, name))
            elif how:
                for child in what() if callable(what) else what:
                    self.children[child.tag] = (item.name, how == "many", child)


_PLANS: dict[type[XmlObject], _Plan] = {}


def _plan_of(cls: type[XmlObject]) -> _Plan:
    plan = _PLANS.get(cls)
    if plan is None:
        plan = _PLANS[cls] = _Plan(cls)
    return plan


def attributes_of(element: etree._Element) -> dict[str, str]:
    """Return the attributes of *element*."""
    found: dict[str, str] = dict(element.items())  # type: ignore[arg-type]
    return found


def read(cls: type[T], element: etree._Element) -> T:
    """Return the *cls* that *element* spells."""
    plan = _plan_of(cls)
    values: dict[str, Any] = {}
    unknown: list[tuple[str, str]] = []
    for name, value in attributes_of(element).items():
        known = plan.attributes.get(name)
        if known is None:
            unknown.append((name, value))
        else:
            values[known] = value
    strangers: list[bytes] = []
    for child in element:
        target = plan.children.get(child.tag)
        if target is None or (not target[1] and target[0] in values):
            strangers.append(etree.tostring(child, with_tail=False))
            continue
        name, is_many, child_class = target
        if is_many:
            values.setdefault(name, []).append(child_class.from_xml(child))
        else:
            values[name] = child_class.from_xml(child)
    for name, value in values.items():
        if type(value) is list:
            values[name] = tuple(value)
    if unknown or strangers:
        values["extra"] = Extra(tuple(unknown), tuple(strangers))
    return cls(**values)


def write(value: XmlObject) -> etree._Element:
    """Return a new element that spells *value*."""
    plan = _plan_of(type(value))
    element = etree.Element(value.tag)
    for field_name, name in plan.names:
        text = getattr(value, field_name)
        if text is not None:
            element.set(name, text)
    rest: Extra = getattr(value, "extra", NOTHING)
    for name, text in rest.attributes:
        element.set(name, text)
    for field_name in dict.fromkeys(target[0] for target in plan.children.values()):
        held = getattr(value, field_name)
        for child in held if isinstance(held, tuple) else (held,):
            if child is not None:
                element.append(child.to_xml())
    for text in rest.children:
        element.append(etree.fromstring(text))
    return element
