"""What the engine does not read and people configure all the same: fencing levels, ACLs, alerts."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many, one
from pcsx.cib.objects.nvpairs import InstanceAttributes, MetaAttributes


class FencingLevel(XmlObject):
    """The devices that together cut off a node, and the place in the order of trying."""

    tag: ClassVar[str] = "fencing-level"
    id: str | None = attribute()
    target: str | None = attribute()
    target_pattern: str | None = attribute()
    target_attribute: str | None = attribute()
    target_value: str | None = attribute()
    index: str | None = attribute()
    devices: str | None = attribute()
    extra: Extra = NOTHING


class AclPermission(XmlObject):
    """What a role may read or write, or may not."""

    tag: ClassVar[str] = "acl_permission"
    id: str | None = attribute()
    kind: str | None = attribute()
    xpath: str | None = attribute()
    reference: str | None = attribute()
    object_type: str | None = attribute()
    attribute_: str | None = attribute()
    description: str | None = attribute()
    extra: Extra = NOTHING


class AclRole(XmlObject):
    """Permissions under one name."""

    tag: ClassVar[str] = "acl_role"
    id: str | None = attribute()
    description: str | None = attribute()
    permissions: tuple[AclPermission, ...] = many(AclPermission)
    extra: Extra = NOTHING


class AclRoleRef(XmlObject):
    """A role that a user or group has."""

    tag: ClassVar[str] = "role"
    id: str | None = attribute()
    extra: Extra = NOTHING


class AclTarget(XmlObject):
    """A user and the roles that he has."""

    tag: ClassVar[str] = "acl_target"
    id: str | None = attribute()
    name: str | None = attribute()
    roles: tuple[AclRoleRef, ...] = many(AclRoleRef)
    extra: Extra = NOTHING


class AclGroup(XmlObject):
    """A group of users and the roles that they have."""

    tag: ClassVar[str] = "acl_group"
    id: str | None = attribute()
    name: str | None = attribute()
    roles: tuple[AclRoleRef, ...] = many(AclRoleRef)
    extra: Extra = NOTHING


class AlertAttribute(XmlObject):
    """A node attribute whose changes are told."""

    tag: ClassVar[str] = "attribute"
    id: str | None = attribute()
    name: str | None = attribute()
    extra: Extra = NOTHING


class _SelectKind(XmlObject):
    """A kind of event that is told; only the subclasses occur."""

    extra: Extra = NOTHING


class SelectNodes(_SelectKind):
    """Nodes that come and go."""

    tag: ClassVar[str] = "select_nodes"


class SelectFencing(_SelectKind):
    """Fencing."""

    tag: ClassVar[str] = "select_fencing"


class SelectResources(_SelectKind):
    """Operations of resources."""

    tag: ClassVar[str] = "select_resources"


class SelectAttributes(XmlObject):
    """Changes of node attributes: of these, or of all."""

    tag: ClassVar[str] = "select_attributes"
    attributes: tuple[AlertAttribute, ...] = many(AlertAttribute)
    extra: Extra = NOTHING


class AlertSelect(XmlObject):
    """Which events an alert wants."""

    tag: ClassVar[str] = "select"
    nodes: SelectNodes | None = one(SelectNodes)
    fencing: SelectFencing | None = one(SelectFencing)
    resources: SelectResources | None = one(SelectResources)
    attributes: SelectAttributes | None = one(SelectAttributes)
    extra: Extra = NOTHING


class Recipient(XmlObject):
    """Whom an alert tells."""

    tag: ClassVar[str] = "recipient"
    id: str | None = attribute()
    value: str | None = attribute()
    description: str | None = attribute()
    meta: tuple[MetaAttributes, ...] = many(MetaAttributes)
    params: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    extra: Extra = NOTHING


class Alert(XmlObject):
    """A program that is told of events."""

    tag: ClassVar[str] = "alert"
    id: str | None = attribute()
    path: str | None = attribute()
    description: str | None = attribute()
    select: AlertSelect | None = one(AlertSelect)
    meta: tuple[MetaAttributes, ...] = many(MetaAttributes)
    params: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    recipients: tuple[Recipient, ...] = many(Recipient)
    extra: Extra = NOTHING
