"""Small questions that commands ask of the document, answered in plain values.

What needs whole objects reads `pcsx.cib.objects`; here are the look-ups by id.
"""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    by_id,
    members,
    new_id_faults,
    pairs_of,
    primitives,
    refuse,
    resource,
)
from pcsx.errors import Finding

Agent = tuple[str, str, str]


def _conf(cib: Cib) -> Element:
    found = cib.tree.find("configuration")
    assert found is not None
    return found


def kind_of(cib: Cib, id: str) -> str | None:
    """Return what kind of resource *id* is, or None where there is no such."""
    found = resource(_conf(cib), id)
    return None if found is None else str(found.tag)


def id_findings(cib: Cib, id: str, what: str = "id") -> list[Finding]:
    """Return what forbids *id* as the id of something new; *what* says whose id it is."""
    return list(new_id_faults(_conf(cib), id, what))


def require_resource(cib: Cib, id: str) -> str:
    """Return what kind of resource *id* is; raise where there is no such."""
    kind = kind_of(cib, id)
    if kind is None:
        raise refuse("no-such-resource", id, f"bundle/clone/group/resource '{id}' does not exist")
    return kind


def is_stonith(cib: Cib, id: str) -> bool:
    """Return whether *id* is a fence device."""
    found = resource(_conf(cib), id)
    return found is not None and found.get("class") == "stonith"


def _agent(primitive: Element) -> Agent:
    return (
        primitive.get("class", ""),
        primitive.get("provider", ""),
        primitive.get("type", ""),
    )


def agent_of(cib: Cib, id: str) -> Agent | None:
    """Return class, provider and type of the primitive *id*, or None."""
    found = resource(_conf(cib), id)
    return _agent(found) if found is not None and found.tag == "primitive" else None


def agents_in(cib: Cib, id: str) -> list[tuple[str, Agent]]:
    """Return the primitives of the resource *id* and their agents."""
    found = resource(_conf(cib), id)
    if found is None:
        return []
    return [(str(primitive.get("id")), _agent(primitive)) for primitive in primitives(found)]


def parameters(cib: Cib, id: str) -> dict[str, str]:
    """Return the parameters of the resource *id*."""
    found = resource(_conf(cib), id)
    return {} if found is None else pairs_of(found, "instance_attributes")


def parameters_of_agent(cib: Cib, agent: Agent) -> list[tuple[str, dict[str, str]]]:
    """Return the resources that *agent* looks after, and their parameters."""
    return [
        (str(primitive.get("id")), pairs_of(primitive, "instance_attributes"))
        for primitive in _conf(cib).iterfind("resources//primitive")
        if _agent(primitive) == agent
    ]


def groups(cib: Cib) -> dict[str, list[str]]:
    """Return the groups and their members."""
    return {
        str(group.get("id")): [str(member.get("id")) for member in members(group)]
        for group in _conf(cib).iterfind("resources//group")
    }


def utilization_of_resources(cib: Cib, id: str = "") -> dict[str, dict[str, str]]:
    """Return the utilization of all primitives that have one, or of *id*."""
    found: dict[str, dict[str, str]] = {}
    for primitive in _conf(cib).iterfind("resources//primitive"):
        name = str(primitive.get("id"))
        values = pairs_of(primitive, "utilization")
        if name == id or (values and not id):
            found[name] = values
    return found


def node_names(cib: Cib) -> list[str]:
    """Return the names of all nodes, remote and guest nodes too, in their order."""
    conf = _conf(cib)
    names = [str(node.get("uname")) for node in conf.iterfind("nodes/node")]
    for primitive in conf.iterfind("resources//primitive"):
        if _agent(primitive) == ("ocf", "pacemaker", "remote"):
            names.append(str(primitive.get("id")))
        guest = pairs_of(primitive, "meta_attributes").get("remote-node")
        if guest:
            names.append(guest)
    return list(dict.fromkeys(names))


def tag_members(cib: Cib, id: str) -> list[str] | None:
    """Return the ids in the tag *id*, or None where it is no tag."""
    tag = by_id(_conf(cib), id, ("tag",))
    return None if tag is None else [str(ref.get("id")) for ref in tag.iter("obj_ref")]


def fence_devices(cib: Cib) -> list[str]:
    """Return the ids of all fence devices."""
    return [
        str(primitive.get("id"))
        for primitive in _conf(cib).iterfind("resources//primitive")
        if primitive.get("class") == "stonith"
    ]


def tags(cib: Cib) -> dict[str, list[str]]:
    """Return all tags and the ids they stand for."""
    return {
        str(tag.get("id")): [str(ref.get("id")) for ref in tag.iter("obj_ref")]
        for tag in _conf(cib).iterfind("tags/tag")
    }


def meta(cib: Cib, id: str) -> dict[str, str]:
    """Return the meta attributes of the resource *id*."""
    found = resource(_conf(cib), id)
    return {} if found is None else pairs_of(found, "meta_attributes")


def guest_resources(cib: Cib, name: str) -> list[str]:
    """Return the resources whose guest *name* means: the node, its address, or the resource."""
    found = []
    for primitive in _conf(cib).iterfind("resources//primitive"):
        values = pairs_of(primitive, "meta_attributes")
        id = str(primitive.get("id"))
        if "remote-node" in values and name in (
            values["remote-node"],
            values.get("remote-addr"),
            id,
        ):
            found.append(id)
    return found


def agents_everywhere(cib: Cib) -> list[tuple[str, str]]:
    """Return the id of each primitive and its agent, `class[:provider]:type`, templates followed.

    A primitive whose template is not there has no agent and is left out.
    """
    found = []
    for primitive in _conf(cib).iterfind("resources//primitive"):
        source = primitive
        if template := primitive.get("template"):
            other = _conf(cib).find(f"resources/template[@id='{template}']")
            if other is None:
                continue
            source = other
        parts = (source.get("class"), source.get("provider"), source.get("type"))
        found.append((str(primitive.get("id")), ":".join(part for part in parts if part)))
    return found


def operations_of(cib: Cib, id: str) -> list[tuple[str, str]]:
    """Return name and timeout (or nothing) of each operation of the primitive *id*."""
    found = resource(_conf(cib), id)
    if found is None:
        return []
    return [(op.get("name", ""), op.get("timeout", "")) for op in found.iterfind("operations/op")]
