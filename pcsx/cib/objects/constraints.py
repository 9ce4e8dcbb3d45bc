"""Constraints as configured: locations, colocations, orders, tickets, and the sets in them."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many
from pcsx.cib.objects.rules import Rule


class ResourceRef(XmlObject):
    """A resource named in a set."""

    tag: ClassVar[str] = "resource_ref"
    id: str | None = attribute()
    extra: Extra = NOTHING


class ResourceSet(XmlObject):
    """Resources that a constraint speaks of together; with *id_ref*, another set."""

    tag: ClassVar[str] = "resource_set"
    id: str | None = attribute()
    id_ref: str | None = attribute()
    sequential: str | None = attribute()
    require_all: str | None = attribute()
    ordering: str | None = attribute()
    action: str | None = attribute()
    role: str | None = attribute()
    score: str | None = attribute()
    kind: str | None = attribute()
    symmetrical: str | None = attribute()
    resources: tuple[ResourceRef, ...] = many(ResourceRef)
    extra: Extra = NOTHING


class Location(XmlObject):
    """Where a resource is to run, by a node's name or by rules."""

    tag: ClassVar[str] = "rsc_location"
    id: str | None = attribute()
    rsc: str | None = attribute()
    rsc_pattern: str | None = attribute()
    role: str | None = attribute()
    node: str | None = attribute()
    score: str | None = attribute()
    resource_discovery: str | None = attribute()
    sets: tuple[ResourceSet, ...] = many(ResourceSet)
    rules: tuple[Rule, ...] = many(Rule)
    extra: Extra = NOTHING


class Colocation(XmlObject):
    """A resource that is to be where another one is, or where it is not."""

    tag: ClassVar[str] = "rsc_colocation"
    id: str | None = attribute()
    rsc: str | None = attribute()
    rsc_role: str | None = attribute()
    with_rsc: str | None = attribute()
    with_rsc_role: str | None = attribute()
    score: str | None = attribute()
    node_attribute: str | None = attribute()
    influence: str | None = attribute()
    sets: tuple[ResourceSet, ...] = many(ResourceSet)
    extra: Extra = NOTHING


class Order(XmlObject):
    """An action of a resource that comes before another one's."""

    tag: ClassVar[str] = "rsc_order"
    id: str | None = attribute()
    first: str | None = attribute()
    first_action: str | None = attribute()
    then: str | None = attribute()
    then_action: str | None = attribute()
    kind: str | None = attribute()
    score: str | None = attribute()
    symmetrical: str | None = attribute()
    require_all: str | None = attribute("require-all")
    sets: tuple[ResourceSet, ...] = many(ResourceSet)
    extra: Extra = NOTHING


class TicketConstraint(XmlObject):
    """A resource that may run only while the site has a ticket."""

    tag: ClassVar[str] = "rsc_ticket"
    id: str | None = attribute()
    rsc: str | None = attribute()
    rsc_role: str | None = attribute()
    ticket: str | None = attribute()
    loss_policy: str | None = attribute()
    sets: tuple[ResourceSet, ...] = many(ResourceSet)
    extra: Extra = NOTHING


Constraint = Location | Colocation | Order | TicketConstraint
