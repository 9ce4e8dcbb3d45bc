"""Capacity: which nodes have room for a resource and for all that must be where it is.

Only in clusters whose `placement-strategy` asks for it. A node without room is forbidden after
the scores have been told, so the score lines never show it.
"""

from __future__ import annotations

from collections import Counter

from pcsx.pe.assign.colocated import role_resource, this_with, with_this
from pcsx.pe.assign.nodes import compare_capacity, is_usable
from pcsx.pe.assign.ties import in_table_order
from pcsx.pe.model import (
    Bundle,
    Clone,
    Colocation,
    Group,
    Kind,
    Node,
    Primitive,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import NEVER
from pcsx.values import INFINITY


def forbid_full_nodes(work: WorkingSet, rsc: Primitive) -> Node | None:
    """Forbid the nodes without room for *rsc*, and return the roomiest where none can hold all.

    Preferred are the nodes that can hold it together with what must be there too; where there is
    none, it is judged alone.
    """
    if work.options.placement_strategy == "default":
        return None
    needed = _sum_needed(_bound_to(rsc))
    usable = [node for node, score in rsc.allowed.items() if is_usable(node, score)]
    if any(_has_room(node, needed) for node in usable):
        _forbid(work, rsc, [node for node in usable if not _has_room(node, needed)])
        return None
    roomiest: Node | None = None
    copies = len(this_with(rsc)) + len(with_this(rsc))
    for node in in_table_order(rsc.allowed, copies=copies):
        if node in usable and (roomiest is None or compare_capacity(node, roomiest) > 0):
            roomiest = node
    _forbid(work, rsc, [node for node in usable if not _has_room(node, rsc.utilization)])
    return roomiest


def _forbid(work: WorkingSet, rsc: Primitive, nodes: list[Node]) -> None:
    for node in nodes:
        rsc.allowed[node] = NEVER
        note(work, Why.NO_CAPACITY, rsc, node)


def _has_room(node: Node, needed: dict[str, int]) -> bool:
    """Say whether *node* has what is *needed*; what it does not tell about, it has none of."""
    left = node.utilization
    return all(amount <= left.get(name, 0) for name, amount in needed.items())


def _bound_to(rsc: Primitive) -> list[Resource]:
    """Return *rsc* and all that must be on its node, directly or through others."""
    found: dict[Resource, None] = {}
    _collect(rsc, found)
    return list(found)


def _collect(rsc: Resource, found: dict[Resource, None]) -> None:
    if rsc in found:
        return
    found[rsc] = None
    if isinstance(rsc, Group):
        for member in rsc.children:
            _collect(member, found)
    elif isinstance(rsc.parent, Group):
        _collect(rsc.parent, found)
    for colocation in this_with(rsc):
        if _binds(colocation, rsc, colocation.primary):
            _collect(colocation.primary, found)
    for colocation in with_this(rsc):
        dependent = colocation.dependent
        if rsc.kind == Kind.CLONE and dependent.kind != Kind.CLONE:
            continue
        if _binds(colocation, dependent, rsc):
            _collect(dependent, found)


def _binds(colocation: Colocation, dependent: Resource, primary: Resource) -> bool:
    """Say whether *colocation* ties the places of the two, as far as roles are known."""
    if colocation.score < INFINITY:
        return False
    inner = role_resource(dependent)
    parent = inner.parent
    if (
        colocation.dependent_role >= Role.UNPROMOTED
        and parent is not None
        and parent.promotable
        and inner.is_assigned
    ):
        return False
    return _role_fits(colocation.dependent_role, inner) and _role_fits(
        colocation.primary_role, role_resource(primary)
    )


def _role_fits(wanted: Role, rsc: Resource) -> bool:
    return wanted == Role.UNKNOWN or rsc.next_role in (Role.UNKNOWN, wanted)


def _sum_needed(resources: list[Resource]) -> dict[str, int]:
    """Return what the unassigned ones of *resources* need together, each counted once."""
    counted: dict[Primitive, None] = {}
    for rsc in resources:
        _count(rsc, resources, counted)
    total: Counter[str] = Counter()
    for primitive in counted:
        if not primitive.is_assigned:
            total.update(primitive.utilization)
    return dict(total)


def _count(rsc: Resource, bound: list[Resource], counted: dict[Primitive, None]) -> None:
    """Add the primitives for which *rsc* counts: of a clone one instance, those bound first."""
    match rsc:
        case Primitive():
            counted[rsc] = None
        case Group():
            for member in rsc.children:
                _count(member, bound, counted)
        case Clone():
            if not any(_is_in(other, rsc) for other in bound) and rsc.children:
                _count(rsc.children[0], bound, counted)
        case Bundle():
            if not any(_is_in(other, rsc) for other in bound) and rsc.replicas:
                counted[rsc.replicas[0].container] = None


def _is_in(rsc: Resource, collective: Resource) -> bool:
    parent = rsc.parent
    while parent is not None:
        if parent is collective:
            return True
        parent = parent.parent
    return False
