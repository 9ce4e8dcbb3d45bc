"""Blocks of name-value pairs, which may have a score and a rule, or stand for another block."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many, one
from pcsx.cib.objects.rules import Rule


class NvPair(XmlObject):
    """One name and its value; with *id_ref*, another pair's."""

    tag: ClassVar[str] = "nvpair"
    id: str | None = attribute()
    id_ref: str | None = attribute()
    name: str | None = attribute()
    value: str | None = attribute()
    extra: Extra = NOTHING


class NvBlock(XmlObject):
    """A block of pairs; the subclasses say what they are of."""

    id: str | None = attribute()
    id_ref: str | None = attribute()
    score: str | None = attribute()
    rule: Rule | None = one(Rule)
    pairs: tuple[NvPair, ...] = many(NvPair)
    extra: Extra = NOTHING

    def get(self, name: str) -> str | None:
        """Return the value of the first pair called *name*, whatever the rule says."""
        return next((pair.value for pair in self.pairs if pair.name == name), None)


class MetaAttributes(NvBlock):
    """What the cluster does with a resource or an operation."""

    tag: ClassVar[str] = "meta_attributes"


class InstanceAttributes(NvBlock):
    """What is given to an agent; for a node, its attributes."""

    tag: ClassVar[str] = "instance_attributes"


class Utilization(NvBlock):
    """What a node offers or a resource takes of countable things."""

    tag: ClassVar[str] = "utilization"


class ClusterPropertySet(NvBlock):
    """Cluster options."""

    tag: ClassVar[str] = "cluster_property_set"
