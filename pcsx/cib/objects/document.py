"""The whole document as objects, each section read when it is asked for."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TypeVar

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.objects.base import XmlObject, attributes_of
from pcsx.cib.objects.constraints import Colocation, Constraint, Location, Order, TicketConstraint
from pcsx.cib.objects.nodes import Node, Tag
from pcsx.cib.objects.nvpairs import ClusterPropertySet, MetaAttributes
from pcsx.cib.objects.others import AclGroup, AclRole, AclTarget, Alert, FencingLevel
from pcsx.cib.objects.resources import Bundle, Clone, Group, Primitive, Resource, Template
from pcsx.cib.objects.status import NodeState, TicketState

_T = TypeVar("_T", bound=XmlObject)


class Document:
    """A `Cib` as typed objects. Unknown elements of a section are passed over."""

    def __init__(self, cib: Cib) -> None:
        self._tree = cib.tree
        self.attributes: dict[str, str] = attributes_of(cib.tree)
        """What stands on the `cib` element: versions, quorum, the DC."""

    def _section(self, path: str, *classes: type[_T]) -> tuple[_T, ...]:
        section = self._tree.find(path)
        if section is None:
            return ()
        by_tag = {cls.tag: cls for cls in classes}
        return tuple(
            cls.from_xml(child) for child in section if (cls := by_tag.get(child.tag)) is not None
        )

    @cached_property
    def crm_config(self) -> tuple[ClusterPropertySet, ...]:
        """Return the blocks of cluster options."""
        return self._section("configuration/crm_config", ClusterPropertySet)

    @cached_property
    def rsc_defaults(self) -> tuple[MetaAttributes, ...]:
        """Return the blocks of resource defaults."""
        return self._section("configuration/rsc_defaults", MetaAttributes)

    @cached_property
    def op_defaults(self) -> tuple[MetaAttributes, ...]:
        """Return the blocks of operation defaults."""
        return self._section("configuration/op_defaults", MetaAttributes)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Return the configured nodes."""
        return self._section("configuration/nodes", Node)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Return the resources at the top, templates included, in order."""
        return self._section("configuration/resources", Primitive, Template, Group, Clone, Bundle)

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """Return the constraints of all kinds, in order."""
        found = self._section(
            "configuration/constraints", Location, Colocation, Order, TicketConstraint
        )
        return tuple(
            item
            for item in found
            if isinstance(item, Location | Colocation | Order | TicketConstraint)
        )

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """Return the tags."""
        return self._section("configuration/tags", Tag)

    @cached_property
    def fencing_levels(self) -> tuple[FencingLevel, ...]:
        """Return the levels of fencing."""
        return self._section("configuration/fencing-topology", FencingLevel)

    @cached_property
    def acl_roles(self) -> tuple[AclRole, ...]:
        """Return the roles of the ACLs."""
        return self._section("configuration/acls", AclRole)

    @cached_property
    def acl_targets(self) -> tuple[AclTarget, ...]:
        """Return the users of the ACLs."""
        return self._section("configuration/acls", AclTarget)

    @cached_property
    def acl_groups(self) -> tuple[AclGroup, ...]:
        """Return the groups of users of the ACLs."""
        return self._section("configuration/acls", AclGroup)

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the alerts."""
        return self._section("configuration/alerts", Alert)

    @cached_property
    def states(self) -> tuple[NodeState, ...]:
        """Return the states of the nodes."""
        return self._section("status", NodeState)

    @cached_property
    def tickets(self) -> tuple[TicketState, ...]:
        """Return the states of the tickets."""
        return self._section("status/tickets", TicketState)

    def narrowed(
        self,
        *,
        states: tuple[NodeState, ...],
        resources: tuple[Resource, ...] | None = None,
        constraints: tuple[Constraint, ...] | None = None,
    ) -> Document:
        """Return the same document as one sees it who knows no more than these of each section.

        What was read of the other sections so far is shared.
        """
        seen = copy(self)
        vars(seen)["states"] = states
        if resources is not None:
            vars(seen)["resources"] = resources
        if constraints is not None:
            vars(seen)["constraints"] = constraints
        return seen

    def find(self, cls: type[_T], element_id: str) -> _T | None:
        """Return the *cls* of that id, wherever in the document it stands."""
        element = self._element(cls.tag, element_id)
        return None if element is None else cls.from_xml(element)

    def mentions(self, tag: str, names: frozenset[str], value: str) -> bool:
        """Say whether some pair in a block *tag* of a resource or default has *value*."""
        for path in ("configuration/resources", "configuration/rsc_defaults"):
            section = self._tree.find(path)
            blocks = section.iter(tag) if section is not None else ()
            for block in blocks:
                for pair in block.iter("nvpair"):
                    if pair.get("value") == value and pair.get("name") in names:
                        return True
        return False

    def speaks_of(self, *beginnings: str) -> bool:
        """Say whether an attribute in the configuration begins like one of these words."""
        configuration = self._tree.find("configuration")
        if configuration is None:
            return False
        text: bytes = etree.tostring(configuration)
        return any(f'"{word}'.encode() in text for word in beginnings)

    def _element(self, tag: str, element_id: str) -> etree._Element | None:
        return next((e for e in self._tree.iter(tag) if e.get("id") == element_id), None)
