"""How elements become frozen values and back, without loss.

A class names its element (`tag`) and declares its fields with `attribute`, `one` and `many`.
`read` fills them; attributes and children that no field names ride along in `extra`, and `write`
puts everything back. Values stay the text that was configured: what they mean is for the reader
(`pcsx.cib.evaluate`, `pcsx.pe.read`), so that a document with a mistake in it can still be shown
and repaired.

The classes behave as frozen dataclasses with slots and keyword arguments do, and are for mypy just
that; they are made by `ElementType` because there are many of them and every start of the program
would pay for the methods that `dataclass` compiles for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, field, make_dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Self,
    TypeVar,
    dataclass_transform,
)

from lxml import etree


class Extra(NamedTuple):
    """What an object does not know: attributes, and children as they are written."""

    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[bytes, ...] = ()


NOTHING: Final = Extra()
Children = tuple[type["XmlObject"], ...]


class _Field:
    """How one field is read and written."""

    __slots__ = ("children", "default", "how", "name")

    def __init__(
        self, how: str, default: Any, name: str = "", children: Callable[[], Children] | None = None
    ) -> None:
        self.how = how
        self.default = default
        self.name = name
        self.children = children


def attribute(name: str = "") -> Any:
    """Return a field for an attribute; its XML name is the field's, with `-` for `_`, or *name*."""
    return _Field("attribute", None, name)


def one(child: type[XmlObject]) -> Any:
    """Return a field for the first child of that class's tag; further ones are extra."""
    return _Field("one", None, children=lambda: (child,))


def many(*children: type[XmlObject]) -> Any:
    """Return a field for all children of these classes' tags, in document order."""
    return _Field("many", (), children=lambda: children)


def many_of(children: Callable[[], Children]) -> Any:
    """Return a field as `many` does, for classes that are not yet all made."""
    return _Field("many", (), children=children)


@dataclass_transform(eq_default=True, kw_only_default=True, frozen_default=True)
class ElementType(type):
    """Makes a class from its declared fields."""

    fields: dict[str, _Field]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> ElementType:
        """Return the class; the fields of its bases come first."""
        fields: dict[str, _Field] = {}
        for base in bases:
            fields.update(getattr(base, "fields", {}))
        own = [
            item
            for item, kind in namespace.get("__annotations__", {}).items()
            if not str(kind).startswith("ClassVar")
        ]
        namespace["__slots__"] = tuple(item for item in own if item not in fields)
        for item in own:
            default = namespace.pop(item, None)
            fields[item] = default if isinstance(default, _Field) else _Field("", default)
        cls = super().__new__(mcs, name, bases, namespace)
        cls.fields = fields
        return cls


class _DataclassFields:
    """Answers `dataclasses.fields` and `replace` for the classes made here, when they ask."""

    def __get__(self, instance: object, owner: ElementType) -> dict[str, Field[Any]]:
        known = _SHADOWS.get(owner)
        if known is None:
            names = [(name, Any, field(default=it.default)) for name, it in owner.fields.items()]
            shadow: Any = make_dataclass(owner.__name__, names)
            known = _SHADOWS[owner] = shadow.__dataclass_fields__
        return known


_SHADOWS: dict[ElementType, dict[str, Field[Any]]] = {}


class XmlObject(metaclass=ElementType):
    """An element as a value. Two are equal if they say the same."""

    tag: ClassVar[str] = ""
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _DataclassFields()

    def __init__(self, **values: Any) -> None:
        put = object.__setattr__
        for name, known in type(self).fields.items():
            put(self, name, values.pop(name) if name in values else known.default)
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is a value: make another one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is a value: make another one")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in type(self).fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        said = (
            f"{name}={getattr(self, name)!r}"
            for name, known in type(self).fields.items()
            if getattr(self, name) != known.default
        )
        return f"{type(self).__name__}({', '.join(said)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), dict(zip(type(self).fields, self._values(), strict=True)))

    def replaced(self, **changes: Any) -> Self:
        """Return the same with *changes*."""
        values = dict(zip(type(self).fields, self._values(), strict=True))
        return type(self)(**{**values, **changes})

    @classmethod
    def from_xml(cls, element: etree._Element) -> Self:
        """Return the object that *element* spells."""
        return read(cls, element)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the object, with all that it does not know."""
        return write(self)


T = TypeVar("T", bound=XmlObject)


def _again(cls: type[XmlObject], values: dict[str, Any]) -> XmlObject:
    return cls(**values)


class _Plan:
    """How one class is read and written; worked out once."""

    __slots__ = ("attributes", "children", "names")

    def __init__(self, cls: type[XmlObject]) -> None:
        self.attributes: dict[str, str] = {}
        self.names: list[tuple[str, str]] = []
        self.children: dict[str, tuple[str, bool, type[XmlObject]]] = {}
        for item, known in cls.fields.items():
            if known.how == "attribute":
                name = known.name or item.rstrip("_").replace("_", "-")
                self.attributes[name] = item
                self.names.append((item, name))
            elif known.children is not None:
                for child in known.children():
                    self.children[child.tag] = (item, known.how == "many", child)


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
