"""Nodes: their lasting attributes (standby and maintenance are two of them) and capacities."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    Pairs,
    edited,
    free_id,
    pairs_of,
    put_pairs,
    refuse,
    remove,
    section,
)
from pcsx.errors import Finding, Refused


def _node(conf: Element, name: str) -> Element | None:
    for node in conf.iterfind("nodes/node"):
        if node.get("uname") == name:
            return node
    return None


def remote_names(cib: Cib) -> list[str]:
    """Return the names of the nodes that resources make: remote and guest nodes."""
    conf = cib.tree.find("configuration")
    return [] if conf is None else _remote_names(conf)


def forget(cib: Cib, name: str) -> Cib:
    """Return *cib* without the entry of the node *name*, its attributes and capacities."""

    def change(conf: Element) -> None:
        found = _node(conf, name)
        if found is not None:
            remove(found)

    return edited(cib, change)


def _remote_names(conf: Element) -> list[str]:
    names = []
    for primitive in conf.iterfind("resources//primitive"):
        if primitive.get("provider") == "pacemaker" and primitive.get("type") == "remote":
            names.append(str(primitive.get("id")))
        guest = pairs_of(primitive, "meta_attributes").get("remote-node")
        if guest:
            names.append(guest)
    return names


def _require(conf: Element, name: str) -> Element:
    """Return the node *name*; a remote node is written down the first time it is needed."""
    found = _node(conf, name)
    if found is not None:
        return found
    if name in _remote_names(conf):
        return etree.SubElement(section(conf, "nodes"), "node", id=name, uname=name, type="remote")
    raise refuse("no-such-node", name, f"Node '{name}' does not appear to exist in configuration")


def set_attributes(cib: Cib, name: str, values: Pairs) -> Cib:
    """Return *cib* with attributes of the node *name* set; an empty value removes."""

    def change(conf: Element) -> None:
        _set(conf, _require(conf, name), values)

    return edited(cib, change)


def _set(conf: Element, node: Element, values: Pairs) -> None:
    found = node.find("instance_attributes")
    if found is None:
        if not any(values.values()):
            return
        found = etree.SubElement(
            node, "instance_attributes", id=free_id(conf, f"nodes-{node.get('id')}")
        )
    put_pairs(conf, found, values)


def set_utilization(cib: Cib, name: str, values: Pairs) -> Cib:
    """Return *cib* with the capacity of the node *name* set; an empty value removes."""

    def change(conf: Element) -> None:
        node = _require(conf, name)
        found = node.find("utilization")
        if found is None:
            if not any(values.values()):
                return
            found = etree.SubElement(
                node, "utilization", id=free_id(conf, f"nodes-{node.get('id')}-utilization")
            )
        put_pairs(conf, found, values)

    return edited(cib, change)


def set_on_all(cib: Cib, names: Sequence[str], values: Pairs) -> Cib:
    """Return *cib* with *values* on each of the nodes; all that are not there are told at once."""

    def change(conf: Element) -> None:
        remote = _remote_names(conf)
        missing = [n for n in names if _node(conf, n) is None and n not in remote]
        if missing:
            raise Refused(
                [
                    Finding.error(
                        "no-such-node", n, f"Node '{n}' does not appear to exist in configuration"
                    )
                    for n in missing
                ]
            )
        for name in names:
            _set(conf, _require(conf, name), values)

    return edited(cib, change)


def attributes(cib: Cib) -> dict[str, dict[str, str]]:
    """Return the lasting attributes of every node."""
    return _all(cib, "instance_attributes")


def utilization(cib: Cib) -> dict[str, dict[str, str]]:
    """Return the capacity of every node."""
    return _all(cib, "utilization")


def _all(cib: Cib, tag: str) -> dict[str, dict[str, str]]:
    conf = cib.tree.find("configuration")
    if conf is None:
        return {}
    return {str(node.get("uname")): pairs_of(node, tag) for node in conf.iterfind("nodes/node")}


def with_core_node(cib: Cib, id: str, name: str) -> Cib:
    """Return *cib* with the core node *name*, if it is not there already."""

    def change(conf: Element) -> None:
        if _node(conf, name) is None:
            etree.SubElement(section(conf, "nodes"), "node", id=id, uname=name)

    return edited(cib, change)


def without_core_node(cib: Cib, name: str) -> Cib:
    """Return *cib* without the node *name*; constraints that name it stay, and find nobody."""

    def change(conf: Element) -> None:
        node = _node(conf, name)
        if node is not None:
            section(conf, "nodes").remove(node)

    return edited(cib, change)


def with_node_renamed(cib: Cib, old: str, new: str) -> Cib:
    """Return *cib* with another name for a node, wherever it is named as such."""

    def change(conf: Element) -> None:
        node = _node(conf, old)
        if node is not None:
            node.set("uname", new)
        for constraint in conf.iterfind("constraints/rsc_location"):
            if constraint.get("node") == old:
                constraint.set("node", new)
        for level in conf.iterfind("fencing-topology/fencing-level"):
            if level.get("target") == old:
                level.set("target", new)

    return edited(cib, change)
