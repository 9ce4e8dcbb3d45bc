"""Lasting attributes of nodes and resources, and properties, as the field's small tools set them.

These tools change one value in the first block there is, and make a block with the field's ids
where there is none. Blocks under rules are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.values import parse_bool

_BLOCK_IDS = {"instance_attributes": "{}-instance_attributes", "utilization": "{}-utilization",
              "meta_attributes": "{}-meta_attributes"}  # fmt: skip
_NODE_BLOCK_IDS = {"instance_attributes": "nodes-{}", "utilization": "nodes-{}-utilization"}
_PROPERTIES = "cib-bootstrap-options"


def lasting_attributes(
    cib: Cib, owner: str, kind: str, *, of: str = "node", block: str = ""
) -> dict[str, str]:
    """Return the values in the blocks of *kind* of a node (by name) or a resource (by id).

    *block* is the id of the one that is meant; empty: all count, the first above later ones.
    """
    element = _owner(cib.tree, owner, of)
    values: dict[str, str] = {}
    for found in [] if element is None else element.findall(kind):
        if found.find("rule") is None and block in ("", found.get("id")):
            for pair in found.findall("nvpair"):
                values.setdefault(pair.get("name") or "", pair.get("value") or "")
    return values


def transient_attributes(cib: Cib, node: str) -> dict[str, str]:
    """Return the values that the status section has of a node, by name: they last until a boot."""
    values: dict[str, str] = {}
    for state in cib.tree.iterfind("status/node_state"):
        if state.get("uname") == node:
            for pair in state.iterfind("transient_attributes/instance_attributes/nvpair"):
                values[pair.get("name") or ""] = pair.get("value") or ""
    return values


def with_attribute(
    cib: Cib,
    owner: str,
    name: str,
    value: str | None,
    kind: str,
    *,
    of: str = "node",
    block: str = "",
) -> Cib:
    """Return the document in which the attribute has *value*; None takes it away.

    *block* is the id of the block that is meant, which is made if it is not there.

    Of a node or resource that is not there, nothing changes.
    """

    def change(tree: etree._Element) -> None:
        element = _owner(tree, owner, of)
        if element is None:
            return
        ids = _NODE_BLOCK_IDS if of == "node" else _BLOCK_IDS
        wanted = block or ids[kind].format(element.get("id"))
        _set(element, kind, wanted, name, value, block)

    return cib.edited(change)


def property_of(cib: Cib, name: str, block: str = "") -> str | None:
    """Return the cluster property *name*, of the block called *block* if one is given."""
    return properties(cib, block).get(name)


def properties(cib: Cib, block: str = "") -> dict[str, str]:
    """Return all cluster properties, or those of the block called *block*, the first above later.

    Blocks under rules are left out.
    """
    values: dict[str, str] = {}
    for element in cib.tree.iterfind("configuration/crm_config/cluster_property_set"):
        if element.find("rule") is None and block in ("", element.get("id")):
            for pair in element.findall("nvpair"):
                values.setdefault(pair.get("name") or "", pair.get("value") or "")
    return values


def with_property(cib: Cib, name: str, value: str | None, block: str = "") -> Cib:
    """Return the document in which the cluster property has *value*; None takes it away."""

    def change(tree: etree._Element) -> None:
        configuration = tree.find("configuration")
        assert configuration is not None, "a document without a configuration"
        section = configuration.find("crm_config")
        if section is None:
            section = etree.Element("crm_config")
            configuration.insert(0, section)
        _set(section, "cluster_property_set", block or _PROPERTIES, name, value, block)

    return cib.edited(change)


def has_resource(cib: Cib, id: str) -> bool:
    """Return whether there is a resource, of whatever kind, with *id*."""
    return _owner(cib.tree, id, "resource") is not None


def primitives(cib: Cib) -> list[str]:
    """Return the ids of all primitives, in the order of the document."""
    return [str(each.get("id")) for each in cib.tree.iterfind("configuration/resources//primitive")]


def is_told_apart(cib: Cib, id: str) -> bool:
    """Return whether *id* is within a clone whose instances are different from each other."""
    clone = _clone_of(cib, id)
    return clone is not None and _says(clone, "globally-unique")


def is_promotable(cib: Cib, id: str) -> bool:
    """Return whether *id* is within a clone whose instances can be promoted."""
    clone = _clone_of(cib, id)
    return clone is not None and (clone.tag == "master" or _says(clone, "promotable"))


def outermost(cib: Cib, id: str) -> str:
    """Return the id of the clone or bundle that the resource *id* is in, or its own."""
    element = _owner(cib.tree, id, "resource")
    for parent in element.iterancestors("clone", "master", "bundle") if element is not None else ():
        return str(parent.get("id"))
    return id


def _clone_of(cib: Cib, id: str) -> etree._Element | None:
    for clone in cib.tree.iter("clone", "master"):
        if any(child.get("id") == id for child in clone.iter("primitive", "group")):
            return clone
    return None


def _says(clone: etree._Element, name: str) -> bool:
    return any(
        pair.get("name") == name and parse_bool(pair.get("value") or "") is True
        for pair in clone.iterfind("meta_attributes/nvpair")
    )


def found_by(cib: Cib, xpath: str) -> list[str]:
    """Return the elements that *xpath* finds, each as lines; `ValueError` where it is no XPath."""
    try:
        found = cib.tree.xpath(xpath)
    except etree.XPathError as error:
        raise ValueError(str(error)) from None
    return [
        etree.tostring(el, encoding="unicode", with_tail=False, pretty_print=True).rstrip()
        for el in _elements(found)
    ]


def _elements(found: object) -> Iterator[etree._Element]:
    if isinstance(found, list):
        for item in found:
            if isinstance(item, etree._Element):
                yield item


def _owner(tree: etree._Element, owner: str, of: str) -> etree._Element | None:
    if of == "node":
        path, key = "configuration/nodes/node", "uname"
    else:
        path, key = "configuration/resources//*", "id"
    return next((element for element in tree.iterfind(path) if element.get(key) == owner), None)


def _set(
    parent: etree._Element, kind: str, block_id: str, name: str, value: str | None, only: str = ""
) -> None:
    blocks = [
        block
        for block in parent.findall(kind)
        if block.find("rule") is None and only in ("", block.get("id"))
    ]
    for block in blocks:
        for pair in block.findall("nvpair"):
            if pair.get("name") == name:
                if value is None:
                    block.remove(pair)
                else:
                    pair.set("value", value)
                return
    if value is None:
        return
    if not blocks:
        blocks = [etree.Element(kind, id=_free(parent, block_id))]
        _insert(parent, blocks[0])
    pair_id = _free(parent, f"{blocks[0].get('id')}-{name}")
    etree.SubElement(blocks[0], "nvpair", id=pair_id, name=name, value=value)


def _insert(parent: etree._Element, block: etree._Element) -> None:
    """Put a new block where the schema has it: before operations and members."""
    for at, child in enumerate(parent):
        if child.tag in ("operations", "primitive", "group", "clone", "master", "docker", "podman"):
            parent.insert(at, block)
            return
    parent.append(block)


def _free(parent: etree._Element, wanted: str) -> str:
    """Return *wanted* as an id that nothing in the document has yet."""
    safe = "".join(char if char.isalnum() or char in "-_." else "." for char in wanted)
    safe = safe if safe[:1].isalpha() or safe[:1] == "_" else f"_{safe}"
    taken = {str(element.get("id")) for element in parent.getroottree().getroot().iter()}
    number, free = 0, safe
    while free in taken:
        number += 1
        free = f"{safe}-{number}"
    return free
