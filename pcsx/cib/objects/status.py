"""The status section: node states, histories of operations, tickets.

A history is the largest part of a large document, so its operations are read by hand, and what
they say in text is made numbers here: nobody else has a use for the text. All attributes stay in
`attributes`, from which the element is written again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from lxml import etree

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, attributes_of, many, one
from pcsx.cib.objects.nvpairs import InstanceAttributes


def _integer(text: str | None, missing: int) -> int:
    if text is None:
        return missing
    try:
        return int(text)
    except ValueError:
        return missing


UNKNOWN_TRANSITION: Final = (-1, -1, "")


def transition_of(magic: str) -> tuple[int, int, str]:
    """Return (transition number, expected exit code, uuid) of a transition key or magic."""
    parts = magic.rpartition(";")[2].split(":", 3)
    if len(parts) != 4:
        return UNKNOWN_TRANSITION
    try:
        return int(parts[1]), int(parts[2]), parts[3]
    except ValueError:
        return UNKNOWN_TRANSITION


@dataclass(frozen=True, slots=True, eq=False)
class HistoryOperation:
    """One operation that was carried out, or is under way (*status* -1), and what came of it."""

    tag: ClassVar[str] = "lrm_rsc_op"
    id: str
    task: str
    interval_ms: int
    status: int
    """The field's op-status; -2 where it is missing or no number."""
    exit_code: int
    """-1 where it is missing or no number."""
    call_id: int
    transition: int
    expected: int
    """The exit code that was expected; -1 where that is not known."""
    uuid: str
    changed_s: int
    """last-rc-change; -1 where it is missing."""
    attributes: dict[str, str]
    extra: Extra = NOTHING

    @classmethod
    def from_xml(cls, element: etree._Element) -> HistoryOperation:
        """Return the operation that *element* spells."""
        found = attributes_of(element)
        get = found.get
        key = get("transition-key") or get("transition-magic")
        transition, expected, uuid = transition_of(key) if key else UNKNOWN_TRANSITION
        rest = NOTHING
        if len(element):
            rest = Extra((), tuple(etree.tostring(child, with_tail=False) for child in element))
        return cls(
            get("id", ""),
            get("operation", ""),
            _integer(get("interval"), 0),
            _integer(get("op-status"), -2),
            _integer(get("rc-code"), -1),
            _integer(get("call-id"), -1),
            transition,
            expected,
            uuid,
            _integer(get("last-rc-change"), -1),
            found,
            rest,
        )

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the operation."""
        element = etree.Element(self.tag, self.attributes)
        for text in self.extra.children:
            element.append(etree.fromstring(text))
        return element

    def get(self, name: str, default: str = "") -> str:
        """Return the attribute called *name*, or *default*."""
        return self.attributes.get(name, default)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What a node knows of a resource."""

    tag: ClassVar[str] = "lrm_resource"
    id: str
    attributes: dict[str, str]
    operations: tuple[HistoryOperation, ...]
    extra: Extra = NOTHING

    @classmethod
    def from_xml(cls, element: etree._Element) -> History:
        """Return the history that *element* spells."""
        operations = []
        strangers = []
        for child in element:
            if child.tag == "lrm_rsc_op":
                operations.append(HistoryOperation.from_xml(child))
            else:
                strangers.append(etree.tostring(child, with_tail=False))
        rest = Extra((), tuple(strangers)) if strangers else NOTHING
        found = attributes_of(element)
        return cls(found.get("id", ""), found, tuple(operations), rest)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the history."""
        element = etree.Element(self.tag, self.attributes)
        for operation in self.operations:
            element.append(operation.to_xml())
        for text in self.extra.children:
            element.append(etree.fromstring(text))
        return element

    def get(self, name: str, default: str = "") -> str:
        """Return the attribute called *name*, or *default*."""
        return self.attributes.get(name, default)


@dataclass(frozen=True, slots=True)
class Histories(XmlObject):
    """The list of histories of a node."""

    tag: ClassVar[str] = "lrm_resources"
    resources: tuple[History, ...] = many(History)  # type: ignore[arg-type]
    extra: Extra = NOTHING


@dataclass(frozen=True, slots=True)
class Lrm(XmlObject):
    """What the executor of a node knows."""

    tag: ClassVar[str] = "lrm"
    id: str | None = attribute()
    histories: Histories | None = field(default=None, metadata=one(Histories))
    extra: Extra = NOTHING


@dataclass(frozen=True, slots=True)
class TransientAttributes(XmlObject):
    """Node attributes that last until the node leaves."""

    tag: ClassVar[str] = "transient_attributes"
    id: str | None = attribute()
    attributes: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    extra: Extra = NOTHING


@dataclass(frozen=True, slots=True)
class NodeState(XmlObject):
    """What is known of a node now."""

    tag: ClassVar[str] = "node_state"
    id: str | None = attribute()
    uname: str | None = attribute()
    in_ccm: str | None = attribute("in_ccm")
    crmd: str | None = attribute()
    join: str | None = attribute()
    expected: str | None = attribute()
    node_fenced: str | None = attribute("node_fenced")
    node_in_maintenance: str | None = attribute("node_in_maintenance")
    transient: tuple[TransientAttributes, ...] = many(TransientAttributes)
    lrm: Lrm | None = field(default=None, metadata=one(Lrm))
    extra: Extra = NOTHING

    @property
    def histories(self) -> tuple[History, ...]:
        """Return the histories of all resources."""
        if self.lrm is None or self.lrm.histories is None:
            return ()
        return self.lrm.histories.resources


@dataclass(frozen=True, slots=True)
class TicketState(XmlObject):
    """What is known of a ticket; its further attributes are in *extra*."""

    tag: ClassVar[str] = "ticket_state"
    id: str | None = attribute()
    granted: str | None = attribute()
    last_granted: str | None = attribute()
    standby: str | None = attribute()
    extra: Extra = NOTHING
