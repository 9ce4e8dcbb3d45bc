"""Options of the whole cluster, in the first property set."""

from __future__ import annotations

from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import Element, Pairs, edited, put_pairs, section

BOOTSTRAP: Final = "cib-bootstrap-options"


def set_properties(cib: Cib, values: Pairs) -> Cib:
    """Return *cib* with *values* set for the whole cluster; an empty value removes."""

    def change(conf: Element) -> None:
        found = conf.find("crm_config/cluster_property_set")
        if found is None:
            found = etree.SubElement(
                section(conf, "crm_config"), "cluster_property_set", id=BOOTSTRAP
            )
        put_pairs(conf, found, values)

    return edited(cib, change)


def properties(cib: Cib) -> dict[str, str]:
    """Return the options that are set, those of the first set last."""
    conf = cib.tree.find("configuration")
    found: dict[str, str] = {}
    if conf is None:
        return found
    for values in reversed(conf.findall("crm_config/cluster_property_set")):
        for pair in values.findall("nvpair"):
            found[pair.get("name", "")] = pair.get("value", "")
    return found
