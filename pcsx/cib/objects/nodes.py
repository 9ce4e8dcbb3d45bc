"""Nodes as configured, and tags."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many
from pcsx.cib.objects.nvpairs import InstanceAttributes, Utilization


class Node(XmlObject):
    """A node of the cluster, with its lasting attributes and its capacity."""

    tag: ClassVar[str] = "node"
    id: str | None = attribute()
    uname: str | None = attribute()
    type: str | None = attribute()
    score: str | None = attribute()
    description: str | None = attribute()
    attributes: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    utilization: tuple[Utilization, ...] = many(Utilization)
    extra: Extra = NOTHING


class ObjectRef(XmlObject):
    """Something that a tag is put on."""

    tag: ClassVar[str] = "obj_ref"
    id: str | None = attribute()
    extra: Extra = NOTHING


class Tag(XmlObject):
    """A name for several objects."""

    tag: ClassVar[str] = "tag"
    id: str | None = attribute()
    refs: tuple[ObjectRef, ...] = many(ObjectRef)
    extra: Extra = NOTHING
