"""Older documents lifted, in memory, to what the engine and the tools read today.

Only what changed its place or name in a way that matters is changed here: elements of schema 1.x
and 2.x that are gone, options that moved to the defaults. Names that merely grew old (`stonith-…`,
`Master`, `master-max`) are understood by the readers as they are.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from pcsx.cib.document import SECTIONS, Cib

NEWEST: Final = "pacemaker-4.0"
_TO_RSC_DEFAULTS: Final = {
    "default-resource-stickiness": "resource-stickiness",
    "default-migration-threshold": "migration-threshold",
    "is-managed-default": "is-managed",
}
_TO_OP_DEFAULTS: Final = {"default-action-timeout": "timeout"}
_RENAMED: Final = {
    "crmd-finalization-timeout": "join-finalization-timeout",
    "crmd-integration-timeout": "join-integration-timeout",
    "crmd-transition-delay": "transition-delay",
}
_META_RENAMED: Final = {
    "resource_stickiness": "resource-stickiness",
    "is_managed": "is-managed",
    "target_role": "target-role",
    "multiple_active": "multiple-active",
    "clone_max": "clone-max",
    "clone_node_max": "clone-node-max",
    "master_max": "promoted-max",
    "master_node_max": "promoted-node-max",
    "globally_unique": "globally-unique",
}


def is_current(tree: etree._Element) -> bool:
    """Say whether nothing in *tree* needs to be lifted."""
    version = _version(tree.get("validate-with", ""))
    return version is not None and version >= (3, 0) and next(tree.iter("master"), None) is None


def upgraded(cib: Cib) -> Cib:
    """Return *cib* as it would be written today; the same one where nothing has to change."""
    tree = cib.tree
    if (
        is_current(tree)
        and tree.find("status") is not None
        and tree.find("configuration") is not None
    ):
        return cib
    return cib.edited(lift)


def lift(tree: etree._Element) -> None:
    """Lift *tree* in place."""
    configuration = tree.find("configuration")
    if configuration is None:
        configuration = etree.Element("configuration")
        tree.insert(0, configuration)
    if tree.find("status") is None:
        etree.SubElement(tree, "status")
    for master in list(tree.iter("master")):
        _to_clone(master)
    version = _version(tree.get("validate-with", ""))
    if version is None or version < (3, 0):
        _lift_options(configuration)
        _lift_lifecycles(configuration)
        for block in configuration.iter("meta_attributes"):
            for pair in block.iter("nvpair"):
                name = pair.get("name", "")
                pair.set("name", _META_RENAMED.get(name, name))
    if version is not None:
        tree.set("validate-with", NEWEST)


def _version(text: str) -> tuple[int, int] | None:
    """Return the schema's version; None where the document is checked against none."""
    name, _, number = text.partition("-")
    if name != "pacemaker":
        return None
    major, _, minor = number.partition(".")
    if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
        return None
    return int(major), int(minor)


def _to_clone(master: etree._Element) -> None:
    """Make a promotable clone of what was an element of its own."""
    master.tag = "clone"
    blocks = master.findall("meta_attributes")
    if any(pair.get("name") == "promotable" for block in blocks for pair in block):
        return
    rsc_id = master.get("id", "")
    block = etree.Element("meta_attributes", id=f"{rsc_id}-promotable-meta_attributes")
    etree.SubElement(block, "nvpair", id=f"{rsc_id}-promotable", name="promotable", value="true")
    master.insert(0, block)


def _section(configuration: etree._Element, tag: str) -> etree._Element:
    """Return the section *tag*, made in its place if missing."""
    found = configuration.find(tag)
    if found is not None:
        return found
    later = SECTIONS[SECTIONS.index(tag) + 1 :]
    section = etree.Element(tag)
    for place, child in enumerate(configuration):
        if child.tag in later:
            configuration.insert(place, section)
            return section
    configuration.append(section)
    return section


def _lift_options(configuration: etree._Element) -> None:
    """Move cluster options that became defaults, and give others their new names."""
    for block in configuration.iterfind("crm_config/cluster_property_set"):
        for pair in list(block.iterfind("nvpair")):
            name = (pair.get("name") or "").replace("_", "-")
            if name in _TO_RSC_DEFAULTS:
                _move(configuration, pair, "rsc_defaults", _TO_RSC_DEFAULTS[name])
            elif name in _TO_OP_DEFAULTS:
                _move(configuration, pair, "op_defaults", _TO_OP_DEFAULTS[name])
            elif name in _RENAMED:
                pair.set("name", _RENAMED[name])


def _move(configuration: etree._Element, pair: etree._Element, tag: str, name: str) -> None:
    section = _section(configuration, tag)
    block = section.find("meta_attributes")
    if block is None:
        block = etree.SubElement(section, "meta_attributes", id=f"{tag}-lifted")
    pair.set("name", name)
    if all(other.get("name") != name for other in block.iterfind("nvpair")):
        block.append(pair)
    else:
        parent = pair.getparent()
        assert parent is not None
        parent.remove(pair)


def _lift_lifecycles(configuration: etree._Element) -> None:
    """Put the rules of a constraint's `lifecycle` where rules stand today."""
    for lifecycle in list(configuration.iter("lifecycle")):
        parent = lifecycle.getparent()
        assert parent is not None
        for rule in list(lifecycle):
            lifecycle.addprevious(rule)
        parent.remove(lifecycle)
