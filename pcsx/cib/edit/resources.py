"""Primitives, and what all kinds of resources have in common: created, changed, deleted, halted.

The caller has asked the agent what it takes; here a resource is put into the document, with the
ids and in the order that the field's tools use. Groups, clones and bundles have files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit import clones, groups, operations
from pcsx.cib.edit.tree import (
    CLONES,
    Element,
    Pairs,
    by_id,
    edited,
    make_set,
    members,
    parent_resource,
    primitives,
    put_pairs,
    refuse,
    require_new_id,
    resource,
    section,
    update_set,
    value_of,
)
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

STOPPED: Final = "Stopped"


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive to be: its agent as class, provider and type, and what is set on it."""

    id: str
    agent: tuple[str, str, str]
    instance: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)
    operations: Sequence[Pairs] = ()
    utilization: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InGroup:
    """Into the group *id*, made if need be, at its end or beside a member."""

    id: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class AsClone:
    """Inside a new clone, named *id* or after the resource."""

    id: str = ""
    meta: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InBundle:
    """Inside the bundle *id*."""

    id: str


Place = InGroup | AsClone | InBundle | None


def create(
    cib: Cib, new: Primitive, place: Place = None, *, disabled: bool = False, force: bool = False
) -> Cib:
    """Return *cib* with the resource *new* at *place*; it stays stopped where *disabled*."""

    def change(conf: Element) -> None:
        require_new_id(conf, new.id, "resource name")
        meta = dict(new.meta)
        halted = disabled and not isinstance(place, AsClone)
        if halted and new.agent[0] != "stonith":
            meta["target-role"] = STOPPED
        if isinstance(place, AsClone) and place.id:
            require_new_id(conf, place.id)
        made = append_primitive(conf, new, meta)
        if halted and new.agent[0] == "stonith":
            update_set(conf, made, "meta_attributes", {"target-role": STOPPED}, at=0)
        match place:
            case InGroup():
                groups.take_in(conf, place.id, [made], before=place.before, after=place.after)
            case AsClone():
                options = dict(place.meta)
                if disabled and options:
                    options["target-role"] = STOPPED
                outer = clones.wrap(conf, made, place.id, options)
                if disabled and not place.meta:
                    put_pairs(
                        conf,
                        make_set(conf, outer, "meta_attributes", at=0),
                        {"target-role": STOPPED},
                    )
            case InBundle():
                put_in_bundle(conf, place.id, made, force=force)

    return edited(cib, change)


def put_in_bundle(conf: Element, id: str, primitive: Element, *, force: bool = False) -> None:
    """Move *primitive* into the bundle *id*."""
    bundle = resource(conf, id)
    if bundle is None:
        raise refuse("no-such-resource", id, f"bundle '{id}' does not exist")
    if bundle.tag != "bundle":
        raise refuse("not-a-bundle", id, f"'{id}' is not a bundle")
    inside = members(bundle)
    if inside:
        raise refuse(
            "bundle-full",
            id,
            f"bundle '{id}' already contains resource '{inside[0].get('id')}', a bundle may "
            "contain at most one resource",
        )
    network = bundle.find("network")
    reachable = network is not None and {"control-port", "ip-range-start"} & set(network.attrib)
    if not reachable and not force:
        raise refuse(
            "bundle-unreachable",
            id,
            f"Resource '{primitive.get('id')}' will not be accessible by the cluster inside "
            f"bundle '{id}', at least one of bundle options "
            "'control-port' or 'ip-range-start' has to be specified",
            force="bundle-unreachable",
        )
    bundle.append(primitive)


def append_primitive(conf: Element, new: Primitive, meta: Pairs) -> Element:
    """Append *new* with *meta* to the resources, and return its element."""
    standard, provider, type = new.agent
    made = etree.SubElement(section(conf, "resources"), "primitive", id=new.id)
    made.set("class", standard)
    made.set("type", type)
    if provider:
        made.set("provider", provider)
    for tag, values in (("instance_attributes", new.instance), ("meta_attributes", meta)):
        if values:
            put_pairs(conf, make_set(conf, made, tag), values, keep_empty=True)
    if new.operations:
        inside = etree.SubElement(made, "operations")
        for operation in sorted(new.operations, key=lambda op: op["name"]):
            operations.append(conf, made, operation)
        assert len(inside) == len(new.operations)
    if new.utilization:
        put_pairs(conf, make_set(conf, made, "utilization"), new.utilization)
    return made


def update(cib: Cib, id: str, *, instance: Pairs, meta: Pairs, ops: Sequence[Pairs] = ()) -> Cib:
    """Return *cib* with the resource *id* changed; an empty value removes.

    A clone has meta attributes only, so what is given for it without a word is meta.
    """

    def change(conf: Element) -> None:
        found = resource(conf, id)
        if found is not None and found.tag in CLONES:
            update_set(conf, found, "meta_attributes", {**instance, **meta})
            return
        if found is None or found.tag != "primitive":
            raise refuse("no-such-resource", id, f"Unable to find resource: {id}")
        update_set(conf, found, "instance_attributes", instance)
        for operation in ops:
            operations.update(conf, found, operation)
        update_set(conf, found, "meta_attributes", meta)

    return edited(cib, change)


def set_meta(cib: Cib, id: str, meta: Pairs) -> Cib:
    """Return *cib* with *meta* set on the resource *id*; an empty value removes."""

    def change(conf: Element) -> None:
        found = resource(conf, id)
        if found is None:
            raise refuse("no-such-resource", id, f"unable to find a resource/clone/group: {id}")
        update_set(conf, found, "meta_attributes", meta)

    return edited(cib, change)


def set_utilization(cib: Cib, id: str, values: Pairs) -> Cib:
    """Return *cib* with the utilization of the primitive *id* set; an empty value removes."""

    def change(conf: Element) -> None:
        found = resource(conf, id)
        if found is None or found.tag != "primitive":
            raise refuse("no-such-resource", id, f"Unable to find a resource: {id}")
        update_set(conf, found, "utilization", values)

    return edited(cib, change)


# --- allowed to run, and managed


def _expanded(conf: Element, ids: Iterable[str]) -> list[Element]:
    """Return the resources named by *ids*, tags resolved; raise with all that are not there."""
    found: list[Element] = []
    missing: list[Finding] = []
    for id in ids:
        tag = by_id(conf, id, ("tag",))
        names = [id] if tag is None else [str(ref.get("id")) for ref in tag.iter("obj_ref")]
        for name in names:
            element = resource(conf, name)
            if element is not None:
                found.append(element)
            elif tag is None:
                kinds = "bundle/clone/group/resource/tag"
                missing.append(
                    Finding.error("no-such-resource", id, f"{kinds} '{id}' does not exist")
                )
    if missing:
        raise Refused(missing)
    return found


def disable(cib: Cib, ids: Sequence[str]) -> Cib:
    """Return *cib* in which the resources *ids* are to be stopped."""

    def change(conf: Element) -> None:
        for element in _expanded(conf, ids):
            update_set(conf, element, "meta_attributes", {"target-role": STOPPED}, at=0)

    return edited(cib, change)


def enable(cib: Cib, ids: Sequence[str]) -> Cib:
    """Return *cib* in which nothing of the resources *ids* themselves keeps them stopped.

    Enabling the one member of a clone enables the clone, and a clone its member.
    """

    def change(conf: Element) -> None:
        for element in _expanded(conf, ids):
            for concerned in _with_wrapper(element):
                update_set(conf, concerned, "meta_attributes", {"target-role": ""})

    return edited(cib, change)


def _with_wrapper(element: Element) -> list[Element]:
    concerned = [element]
    if element.tag in (*CLONES, "bundle"):
        concerned += members(element)
    outer = parent_resource(element)
    if outer is not None and outer.tag in (*CLONES, "bundle"):
        concerned.append(outer)
    return concerned


def unmanage(cib: Cib, ids: Sequence[str], *, monitors: bool = False) -> Cib:
    """Return *cib* in which the cluster leaves the resources *ids* alone."""

    def change(conf: Element) -> None:
        for element in _expanded(conf, ids):
            for primitive in primitives(element):
                update_set(conf, primitive, "meta_attributes", {"is-managed": "false"}, at=0)
                if monitors:
                    for op in _monitors(primitive):
                        op.set("enabled", "false")

    return edited(cib, change)


def manage(cib: Cib, ids: Sequence[str], *, monitors: bool = False) -> Cib:
    """Return *cib* in which the cluster acts on the resources *ids* again."""

    def change(conf: Element) -> None:
        for element in _expanded(conf, ids):
            for concerned in _managed_with(element):
                update_set(conf, concerned, "meta_attributes", {"is-managed": ""})
            if monitors:
                for primitive in primitives(element):
                    for op in _monitors(primitive):
                        op.attrib.pop("enabled", "")

    return edited(cib, change)


def _managed_with(element: Element) -> list[Element]:
    """Return what has a say in whether *element* is managed: it, what is in it and around it."""
    concerned = list(element.iter("primitive", "group", "clone", "master", "bundle"))
    outer = parent_resource(element)
    while outer is not None:
        concerned.append(outer)
        outer = parent_resource(outer)
    return concerned


def _monitors(primitive: Element) -> list[Element]:
    return [op for op in primitive.iterfind("operations/op") if op.get("name") == "monitor"]


def without_monitor(cib: Cib, ids: Sequence[str]) -> list[str]:
    """Return the primitives of *ids* of which no monitor operation is enabled."""
    from pcsx.cib.edit.tree import configuration
    from pcsx.values import parse_bool

    conf = configuration(cib.tree)
    silent = []
    for element in _expanded(conf, ids):
        for primitive in primitives(element):
            on = [op for op in _monitors(primitive) if parse_bool(op.get("enabled", "1")) != False]  # noqa: E712
            if not on:
                silent.append(str(primitive.get("id")))
    return silent


def is_managed(element: Element) -> bool:
    """Return whether nothing of *element* itself says that it is unmanaged."""
    return value_of(element, "meta_attributes", "is-managed") != "false"
