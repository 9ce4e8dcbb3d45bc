"""The status section, put together from what the nodes said: plain values to the field's XML.

The daemon keeps one `NodeState` a node and never touches an element; `assemble` joins them with
the committed configuration into the document that the engine, the shell and the field's tools
read. Truth values stand where Pacemaker 3 writes times: 2.1 shows a node offline by those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.tickets import Pairs, tickets_element
from pcsx.lean import dataclass

SET = "#set:"
"""How the name of a transient attribute begins that is in a set of its own: `#set:ID:NAME`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One `lrm_rsc_op`: *attributes* are its XML attributes, in the order they are written."""

    id: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ResourceHistory:
    """What is on record of one resource on one node."""

    id: str
    agent: tuple[str, str, str]
    operations: tuple[Operation, ...]
    lock_s: int = 0
    """Since when (epoch seconds) the resource waits for this node, shut down in order; 0: no."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """One `node_state`: membership as four words, transient attributes, and the history."""

    id: str
    uname: str
    in_ccm: bool
    online: bool
    join: str
    expected: str
    attributes: tuple[tuple[str, str], ...] = ()
    resources: tuple[ResourceHistory, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a document is made of, not yet put together.

    What has not changed is the same object in the next one, down to each history.
    """

    configuration: Cib
    states: tuple[NodeState, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    """What stands on the root beside what the configuration's has."""
    tickets: tuple[tuple[str, Pairs], ...] = ()
    """The tickets whose state is known, by name, with their attributes."""

    def document(self) -> Cib:
        """Return it put together."""
        return assemble(self.configuration, self.states, self.tickets, **dict(self.attributes))


def assemble(
    cib: Cib,
    states: Iterable[NodeState],
    tickets: Iterable[tuple[str, Pairs]] = (),
    **attributes: str,
) -> Cib:
    """Return *cib* with *states* and *tickets* as its status section, *attributes* on its root."""
    sections = [node_element(state) for state in states]
    known = tickets_element(tickets)

    def change(tree: etree._Element) -> None:
        for old in tree.findall("status"):
            tree.remove(old)
        for name, value in attributes.items():
            tree.set(name.replace("_", "-"), value)
        status = etree.SubElement(tree, "status")
        status.extend(sections)
        if known is not None:
            status.append(known)

    return cib.edited(change)


def left_alone(state: NodeState) -> NodeState:
    """Return *state* as that of a node on which all stays as it is: nothing is moved from it."""
    attributes = {**dict(state.attributes), "maintenance": "true"}
    return replace(
        state, in_ccm=True, online=True, join="member", expected="member",
        attributes=tuple(sorted(attributes.items())),
    )  # fmt: skip


def with_property(cib: Cib, name: str, value: str) -> Cib:
    """Return *cib* as it is read while *value* stands above what is set for *name*."""

    def change(tree: etree._Element) -> None:
        config = tree.find("configuration/crm_config")
        assert config is not None
        for old in config.findall(f"cluster_property_set/nvpair[@name='{name}']"):
            parent = old.getparent()
            assert parent is not None
            parent.remove(old)
        first = config.find("cluster_property_set")
        if first is None:
            first = etree.SubElement(config, "cluster_property_set", id="cib-bootstrap-options")
        etree.SubElement(first, "nvpair", id=f"above-{name}", name=name, value=value)

    return cib.edited(change)


def bare(cib: Cib) -> Cib:
    """Return *cib* without its status section."""

    def change(tree: etree._Element) -> None:
        for old in tree.findall("status"):
            tree.remove(old)

    return cib.edited(change)


def node_element(state: NodeState) -> etree._Element:
    """Return a new `node_state`."""
    element = etree.Element("node_state")
    for name, value in (
        ("id", state.id),
        ("uname", state.uname),
        ("in_ccm", "true" if state.in_ccm else "false"),
        ("crmd", "online" if state.online else "offline"),
        ("join", state.join),
        ("expected", state.expected),
        ("crm-debug-origin", "pcsx"),
    ):
        element.set(name, value)
    transient = etree.SubElement(element, "transient_attributes", id=state.id)
    blocks: dict[str, etree._Element] = {}
    for kept, value in state.attributes:
        block, name = placed(kept)
        id = _id(block or f"status-{state.id}")
        if id not in blocks:
            blocks[id] = etree.SubElement(transient, "instance_attributes", id=id)
        etree.SubElement(blocks[id], "nvpair", id=_id(f"{id}-{name}"), name=name, value=value)
    lrm = etree.SubElement(element, "lrm", id=state.id)
    resources = etree.SubElement(lrm, "lrm_resources")
    resources.extend(history_element(resource) for resource in state.resources)
    return element


def history_element(resource: ResourceHistory) -> etree._Element:
    """Return a new `lrm_resource`."""
    kind, provider, type_ = resource.agent
    entry = etree.Element("lrm_resource", {"id": resource.id, "class": kind})
    if provider:
        entry.set("provider", provider)
    entry.set("type", type_)
    if resource.lock_s:
        entry.set("shutdown-lock", str(resource.lock_s))
    for operation in resource.operations:
        etree.SubElement(entry, "lrm_rsc_op", {"id": operation.id, **dict(operation.attributes)})
    return entry


def placed(kept: str) -> tuple[str, str]:
    """Return the set, empty for the usual one, and the name of an attribute by how it is kept."""
    if not kept.startswith(SET):
        return "", kept
    block, _, name = kept.removeprefix(SET).partition(":")
    return block, name


def _id(text: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "." for char in text)
