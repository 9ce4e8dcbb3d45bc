"""The status section: node states, histories of operations, tickets.

A history is the largest part of a large document, so histories are thin views of the sealed tree,
and what they say in text is made numbers here: nobody else has a use for the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import ClassVar, Final

from lxml import etree

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, attributes_of, many, one
from pcsx.cib.objects.nvpairs import InstanceAttributes, Utilization


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


class HistoryOperation:
    """One operation that was carried out, or is under way (*status* -1), and what came of it.

    Never changed. What is needed at once is read at once, the rest when it is asked for.
    """

    __slots__ = (
        "_element", "call_id", "changed_s", "exit_code", "expected", "id", "interval_ms", "status",
        "task", "transition", "uuid",
    )  # fmt: skip
    tag: ClassVar[str] = "lrm_rsc_op"

    def __init__(self, element: etree._Element) -> None:
        get: Callable[[str], str | None] = element.get
        self._element = element
        self.id = get("id") or ""
        self.task = get("operation") or ""
        self.interval_ms = _integer(get("interval"), 0)
        self.status = _integer(get("op-status"), -2)
        """The field's op-status; -2 where it is missing or no number."""
        self.exit_code = _integer(get("rc-code"), -1)
        """-1 where it is missing or no number."""
        self.call_id = _integer(get("call-id"), -1)
        key = get("transition-key") or get("transition-magic")
        self.transition, self.expected, self.uuid = (
            transition_of(key) if key else UNKNOWN_TRANSITION
        )
        self.changed_s = _integer(get("last-rc-change"), -1)
        """last-rc-change; -1 where it is missing."""

    def __eq__(self, other: object) -> bool:
        """Say whether both are views of the same entry."""
        return isinstance(other, HistoryOperation) and self._element is other._element

    def __hash__(self) -> int:
        return hash(self._element)

    @classmethod
    def from_xml(cls, element: etree._Element) -> HistoryOperation:
        """Return the operation that *element* spells."""
        return cls(element)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the operation."""
        return deepcopy(self._element)

    @property
    def attributes(self) -> dict[str, str]:
        """Return all that is recorded, as text."""
        return attributes_of(self._element)

    def get(self, name: str, default: str = "") -> str:
        """Return the attribute called *name*, or *default*."""
        text: str | None = self._element.get(name)
        return default if text is None else text


class History:
    """What a node knows of a resource. Never changed; its operations are read when asked for."""

    __slots__ = ("_element", "_operations", "id")
    tag: ClassVar[str] = "lrm_resource"

    def __init__(self, element: etree._Element) -> None:
        self._element = element
        self._operations: tuple[HistoryOperation, ...] | None = None
        self.id: str = element.get("id") or ""

    @classmethod
    def from_xml(cls, element: etree._Element) -> History:
        """Return the history that *element* spells."""
        return cls(element)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells the history."""
        return deepcopy(self._element)

    def is_view_of(self, element: etree._Element) -> bool:
        """Say whether this is a view of that very *element*."""
        return self._element is element

    def says_as(self, other: History) -> bool:
        """Say whether both are written alike, wherever they stand."""
        if self._element is other._element:
            return True
        mine: bytes = etree.tostring(self._element)
        its: bytes = etree.tostring(other._element)
        return mine == its

    @property
    def operations(self) -> tuple[HistoryOperation, ...]:
        """Return the operations in the order of the document."""
        if self._operations is None:
            self._operations = tuple(
                HistoryOperation(child) for child in self._element if child.tag == "lrm_rsc_op"
            )
        return self._operations

    @property
    def is_empty(self) -> bool:
        """Say whether there is no operation."""
        return self._element.find("lrm_rsc_op") is None

    @property
    def is_plain_probe(self) -> bool:
        """Say whether all that is known is that a probe found nothing: by far the most common."""
        if len(self._element) != 1:
            return False
        get: Callable[[str], str | None] = self._element[0].get
        return (
            get("rc-code") == "7"
            and get("operation") == "monitor"
            and get("op-status") == "0"
            and get("interval") in (None, "0")
        )

    @property
    def attributes(self) -> dict[str, str]:
        """Return what stands on the element itself."""
        return attributes_of(self._element)

    @property
    def agent(self) -> tuple[str, str, str]:
        """Return the class, provider and type of the agent that was run, empty where missing."""
        get: Callable[[str], str | None] = self._element.get
        return (get("class") or "", get("provider") or "", get("type") or "")

    def get(self, name: str, default: str = "") -> str:
        """Return the attribute called *name*, or *default*."""
        text: str | None = self._element.get(name)
        return default if text is None else text


class Lrm:
    """What the executor of a node knows: a view whose histories are made when asked for.

    Given *chosen* histories of those in the element, it knows no others.
    """

    __slots__ = ("_chosen", "_element")
    tag: ClassVar[str] = "lrm"

    def __init__(self, element: etree._Element, chosen: tuple[History, ...] | None = None) -> None:
        self._element = element
        self._chosen = chosen

    def choosing(self, histories: tuple[History, ...]) -> Lrm:
        """Return the view that knows *histories* alone."""
        return Lrm(self._element, histories)

    @classmethod
    def from_xml(cls, element: etree._Element) -> Lrm:
        """Return the view of *element*."""
        return cls(element)

    def to_xml(self) -> etree._Element:
        """Return a new element that spells all of it."""
        return deepcopy(self._element)

    def histories(self) -> Iterator[History]:
        """Return the histories of all resources, in the order of the document."""
        if self._chosen is None:  # they are asked for more than once
            found = self._element.iterfind("lrm_resources/lrm_resource")
            self._chosen = tuple(map(History, found))
        return iter(self._chosen)


class TransientAttributes(XmlObject):
    """Node attributes and capacity that last until the node leaves."""

    tag: ClassVar[str] = "transient_attributes"
    id: str | None = attribute()
    attributes: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    utilization: tuple[Utilization, ...] = many(Utilization)
    extra: Extra = NOTHING


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
    lrm: Lrm | None = one(Lrm)  # type: ignore[arg-type]
    extra: Extra = NOTHING

    @property
    def histories(self) -> Iterator[History]:
        """Return the histories of all resources, in the order of the document."""
        return self.lrm.histories() if self.lrm is not None else iter(())


class TicketState(XmlObject):
    """What is known of a ticket; its further attributes are in *extra*."""

    tag: ClassVar[str] = "ticket_state"
    id: str | None = attribute()
    granted: str | None = attribute()
    last_granted: str | None = attribute()
    standby: str | None = attribute()
    extra: Extra = NOTHING
