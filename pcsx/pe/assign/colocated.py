"""Which colocations count for a resource, and whether a dependent's wishes do.

Members see the constraints of their group and clone, instances those of their clone, containers
those of their bundle. The lists are sorted by the other resource: by its priority, its kind and
its id, and of two constraints with the same other resource the one configured later comes first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from pcsx.pe.model import Bundle, Clone, Colocation, Group, Kind, Node, Replica, Resource
from pcsx.values import INFINITY

SortKey = tuple[int, int, bool, str]


def sort_key(rsc: Resource) -> SortKey:
    """Return what sorts *rsc* among the partners of another resource."""
    return (
        -rsc.priority,
        -rsc.kind,
        rsc.kind == Kind.CLONE and not rsc.promotable,
        rsc.id,
    )


def _by_primary(colocation: Colocation) -> SortKey:
    return sort_key(colocation.primary)


def _by_dependent(colocation: Colocation) -> SortKey:
    return sort_key(colocation.dependent)


def link(colocation: Colocation) -> None:
    """Let both ends of *colocation* know of it."""
    _insert_this_with(colocation.dependent.this_with, (colocation,))
    _insert_with_this(colocation.primary.with_this, (colocation,))


def _insert_this_with(found: list[Colocation], more: Iterable[Colocation]) -> None:
    for colocation in more:
        found.insert(bisect_left(found, _by_primary(colocation), key=_by_primary), colocation)


def _insert_with_this(found: list[Colocation], more: Iterable[Colocation]) -> None:
    for colocation in more:
        found.insert(bisect_left(found, _by_dependent(colocation), key=_by_dependent), colocation)


def this_with(rsc: Resource) -> list[Colocation]:
    """Return the colocations in which *rsc* is the dependent, by itself or by what it is in."""
    if rsc.parent is None and rsc.kind == Kind.PRIMITIVE:
        return rsc.this_with
    sources = [own for own in _sources_this_with(rsc) if own]
    if not sources:
        return []
    if len(sources) == 1:
        return sources[0]
    found = list(sources[0])
    for more in sources[1:]:
        _insert_this_with(found, more)
    return found


def with_this(rsc: Resource) -> list[Colocation]:
    """Return the colocations in which *rsc* is the primary, by itself or by what it is in."""
    parent = rsc.parent
    if parent is None and rsc.kind == Kind.PRIMITIVE:
        return rsc.with_this
    if isinstance(parent, Group) and rsc is not parent.children[-1]:
        return rsc.with_this
    sources = [own for own in _sources_with_this(rsc) if own]
    if not sources:
        return []
    if len(sources) == 1:
        return sources[0]
    found = list(sources[0])
    for more in sources[1:]:
        _insert_with_this(found, more)
    return found


def _sources_this_with(rsc: Resource) -> list[list[Colocation]]:
    match rsc:
        case Group():
            return [*_group_this_with(rsc), *(_explicit(m.this_with) for m in rsc.children)]
        case Clone() | Bundle():
            return [rsc.this_with, *(outer.this_with for outer in _bundle_around(rsc))]
    parent = rsc.parent
    if isinstance(parent, Group):
        return _member_this_with(rsc, parent)
    if isinstance(parent, Clone):
        return [rsc.this_with, parent.this_with, *(b.this_with for b in _bundle_around(rsc))]
    return [rsc.this_with, *(outer.this_with for outer in _bundle_around(rsc))]


def _sources_with_this(rsc: Resource) -> list[list[Colocation]]:
    match rsc:
        case Group():
            return [*_group_with_this(rsc), *(_explicit(m.with_this) for m in rsc.children)]
        case Clone() | Bundle():
            return [rsc.with_this, *(outer.with_this for outer in _bundle_around(rsc))]
    parent = rsc.parent
    if isinstance(parent, Group):
        others = (_explicit(m.with_this) for m in parent.children if m is not rsc)
        return [rsc.with_this, *_group_with_this(parent), *others]
    if isinstance(parent, Clone):
        return [rsc.with_this, parent.with_this, *(b.with_this for b in _bundle_around(rsc))]
    return [rsc.with_this, *(outer.with_this for outer in _bundle_around(rsc))]


def _group_this_with(group: Group) -> list[list[Colocation]]:
    clone = group.parent
    return [group.this_with] if clone is None else [group.this_with, clone.this_with]


def _group_with_this(group: Group) -> list[list[Colocation]]:
    clone = group.parent
    return [group.with_this] if clone is None else [group.with_this, clone.with_this]


def _member_this_with(rsc: Resource, group: Group) -> list[list[Colocation]]:
    members = group.children
    if rsc is members[0]:
        others = (_explicit(m.this_with) for m in members if m is not rsc)
        return [rsc.this_with, *_group_this_with(group), *others]
    for member in members:
        if member is rsc:
            break
        if not member.managed:
            return [rsc.this_with, [c for c in group.this_with if c.score >= INFINITY]]
    return [rsc.this_with]


def _explicit(colocations: list[Colocation]) -> list[Colocation]:
    return [c for c in colocations if c.explicit] if colocations else colocations


def _bundle_around(rsc: Resource) -> list[Bundle]:
    """Return the bundle whose colocations count for *rsc*, if there is one.

    They count for its containers, and where the bundle's service can be promoted, for that too,
    once it is to be decided which copies are promoted.
    """
    parent = rsc.parent
    if isinstance(parent, Bundle):
        if isinstance(rsc, Clone):
            return [parent] if rsc.promotable and rsc.promotion_sorted else []
        return [parent] if replica_of(rsc) is not None else []
    if isinstance(parent, Clone) and isinstance(parent.parent, Bundle):
        return [parent.parent] if parent.promotable and rsc.is_assigned else []
    return []


def replica_of(container: Resource) -> Replica | None:
    """Return the bundle's replica whose container this is, None if it is none."""
    bundle = container.parent
    if not isinstance(bundle, Bundle):
        return None
    return next((r for r in bundle.replicas if r.container is container), None)


def role_resource(rsc: Resource) -> Resource:
    """Return the resource whose role counts for *rsc*: for a container, what is in it."""
    replica = replica_of(rsc)
    return rsc if replica is None or replica.child is None else replica.child


def has_influence(colocation: Colocation, primary: Resource) -> bool:
    """Say whether the dependent's wishes count for where *primary* goes."""
    dependent = colocation.dependent
    if (
        dependent.is_connection
        and dependent.parent is not None
        and dependent.parent.kind == Kind.BUNDLE
        and not primary.failed
        and len(primary.active) == 1
    ):
        return False
    return colocation.influence or not primary.active


def attribute_of(rsc: Resource, node: Node, attribute: str) -> str | None:
    """Return the node's value that colocations of *rsc* compare, in lower case.

    A node that is a container counts by its host's value where the resource is a part of a bundle
    or asks for it.
    """
    host = host_for(rsc, node)
    if attribute == "#uname":
        return host.name.lower()
    value = host.attrs.get(attribute)
    return None if value is None else value.lower()


def host_for(rsc: Resource, node: Node) -> Node:
    """Return the node whose attributes count for *rsc* on *node*."""
    connection = node.connection
    if connection is None or connection.launcher is None:
        return node
    if (node.is_bundle and rsc.in_bundle) or rsc.container_attribute_target == "host":
        return connection.launcher.assigned or node
    return node
