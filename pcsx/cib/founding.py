"""The first document of a new cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib

SCHEMA: Final = "pacemaker-3.9"
"""The schema that new documents name; tools of the field since 2.1.5 read it."""

FEATURE_SET: Final = "3.16.2"
"""The level of the field's features that documents and operation digests are made for."""

BOOTSTRAP: Final = "cib-bootstrap-options"
"""The id of the first set of cluster properties."""


def first_document(
    cluster_name: str,
    uuid: str,
    nodes: Sequence[tuple[str, str]],
    *,
    version: str = "pcsx",
    properties: Sequence[tuple[str, str]] = (),
) -> Cib:
    """Return a document that holds the cluster's name and its *nodes*, (id, name) each.

    *properties* are cluster options to begin with. Fencing is left at its default (on), so that a
    cluster without a device is told of it. Resources stay where they run (stickiness 1, as in the
    field's new clusters), so that a node that comes back moves nothing.
    """
    root = etree.Element("cib")
    for name, value in (
        ("crm_feature_set", FEATURE_SET),
        ("validate-with", SCHEMA),
        ("epoch", "1"),
        ("num_updates", "0"),
        ("admin_epoch", "0"),
    ):
        root.set(name, value)
    configuration = etree.SubElement(root, "configuration")
    crm_config = etree.SubElement(configuration, "crm_config")
    bootstrap = etree.SubElement(crm_config, "cluster_property_set", id=BOOTSTRAP)
    for name, value in (
        ("have-watchdog", "false"),
        ("dc-version", version),
        ("cluster-infrastructure", "pcsx"),
        ("cluster-name", cluster_name),
        ("cluster-uuid", uuid),
        *properties,
    ):
        etree.SubElement(bootstrap, "nvpair", id=f"{BOOTSTRAP}-{name}", name=name, value=value)
    members = etree.SubElement(configuration, "nodes")
    for node_id, uname in nodes:
        etree.SubElement(members, "node", id=node_id, uname=uname)
    etree.SubElement(configuration, "resources")
    etree.SubElement(configuration, "constraints")
    defaults = etree.SubElement(configuration, "rsc_defaults")
    sticky = etree.SubElement(defaults, "meta_attributes", id="build-resource-defaults")
    name = "resource-stickiness"
    etree.SubElement(sticky, "nvpair", id=f"build-{name}", name=name, value="1")
    etree.SubElement(root, "status")
    return Cib(root)
