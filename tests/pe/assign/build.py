"""Small working sets, built by hand: nodes and resources with exactly what a law is about."""

from __future__ import annotations

from datetime import UTC, datetime

from pcsx.cib import Cib
from pcsx.cib.objects import Document
from pcsx.pe.assign import bundle, clone, group, primitive
from pcsx.pe.assign.colocated import link
from pcsx.pe.model import (
    Clone,
    Collective,
    Colocation,
    Group,
    Node,
    Primitive,
    Requires,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.values import INFINITY

KINDS = (bundle, clone, group, primitive)
"""The rooms that register themselves; imported so that `dispatch` knows them."""


def cluster(names: str) -> WorkingSet:
    """Return a quorate cluster of online nodes, where nothing needs fencing."""
    document = Document(Cib.from_bytes(b"<cib><configuration/><status/></cib>"))
    work = WorkingSet(document, datetime(2026, 1, 1, tzinfo=UTC), 1767225600)
    work.options.fencing_enabled = False
    work.quorate = True
    work.tell_scores = True
    for name in names.split():
        node = Node(name, name)
        node.online = True
        node.index = len(work.nodes)
        node.attrs["#uname"] = name
        work.nodes.append(node)
        work.nodes_by_id[name] = work.nodes_by_name[name] = node
    return work


def add_primitive(
    work: WorkingSet,
    rsc_id: str,
    scores: str = "",
    *,
    active: str = "",
    parent: Collective | None = None,
    instance: int | None = None,
) -> Primitive:
    """Return a new primitive; *scores* is like `a=10 b=-5`, every other node has 0."""
    rsc = Primitive(rsc_id, None, parent)
    rsc.requires = Requires.NOTHING
    rsc.instance = instance
    if instance is not None:
        rsc.base_id = rsc_id.partition(":")[0]
    rsc.allowed = dict.fromkeys(work.nodes, 0)
    for entry in scores.split():
        name, _, text = entry.partition("=")
        rsc.allowed[node_of(work, name)] = int(text)
    rsc.active = [node_of(work, name) for name in active.split()]
    if rsc.active:
        rsc.role = Role.STARTED
    _register(work, rsc, parent)
    return rsc


def add_group(work: WorkingSet, rsc_id: str, members: str, *, active: str = "") -> Group:
    """Return a new group with *members*, tied as groups tie them."""
    made = Group(rsc_id, None, None)
    made.allowed = dict.fromkeys(work.nodes, 0)
    made.active = [node_of(work, name) for name in active.split()]
    _register(work, made, None)
    before: Resource | None = None
    for name in members.split():
        member = add_primitive(work, name, active=active, parent=made)
        if before is not None:
            colocate(member, before)
        before = member
    return made


def add_clone(work: WorkingSet, name: str, count: int, *, active: str = "") -> Clone:
    """Return a new anonymous clone of *count* instances; one is active on each of *active*."""
    made = Clone(f"{name}-clone", None, None)
    made.globally_unique = False
    made.clone_max = count
    made.allowed = dict.fromkeys(work.nodes, 0)
    _register(work, made, None)
    where = active.split()
    made.active = [node_of(work, node) for node in where]
    for number in range(count):
        here = where[number] if number < len(where) else ""
        instance = add_primitive(
            work, f"{name}:{number}", active=here, parent=made, instance=number
        )
        instance.globally_unique = False
    return made


def _register(work: WorkingSet, rsc: Resource, parent: Collective | None) -> None:
    work.by_id[rsc.id] = rsc
    work.by_base_id.setdefault(rsc.base_id, []).append(rsc)
    if parent is None:
        work.resources.append(rsc)
    else:
        parent.children.append(rsc)


def colocate(
    dependent: Resource,
    primary: Resource,
    score: int = INFINITY,
    *,
    dependent_role: Role = Role.UNKNOWN,
    primary_role: Role = Role.UNKNOWN,
    explicit: bool = False,
    influence: bool = True,
    attribute: str = "#uname",
) -> Colocation:
    """Return a new colocation that both ends know of."""
    colocation = Colocation(f"{dependent.id}-with-{primary.id}", score, dependent, primary)
    colocation.dependent_role, colocation.primary_role = dependent_role, primary_role
    colocation.explicit = explicit
    colocation.influence = influence
    colocation.attribute = attribute
    link(colocation)
    return colocation


def node_of(work: WorkingSet, name: str) -> Node:
    """Return the node of that name."""
    return work.nodes_by_name[name]


def scores_of(rsc: Resource) -> dict[str, int]:
    """Return the scores of *rsc* by the nodes' names."""
    return {node.name: score for node, score in rsc.allowed.items()}


def place_of(rsc: Resource) -> str | None:
    """Return the name of the node to which *rsc* was assigned."""
    return None if rsc.assigned is None else rsc.assigned.name
