"""What a colocation does to its dependent once the primary has been assigned.

Either it changes the dependent's scores (where to go), or, where the dependent is an instance that
has a node and may be promoted, its promotion priority (which role to take).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from pcsx.pe.assign.colocated import attribute_of, replica_of, role_resource
from pcsx.pe.assign.dispatch import assign
from pcsx.pe.assign.nodes import give_to, ranked
from pcsx.pe.model import (
    Bundle,
    Clone,
    Colocation,
    Group,
    Node,
    Primitive,
    Resource,
    Role,
    Table,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import INFINITY, NEVER, add_scores, has_usable, score_text


class _Affects(Enum):
    NOTHING = auto()
    PLACE = auto()
    ROLE = auto()


def obey(work: WorkingSet, colocation: Colocation, dependent: Resource) -> None:
    """Assign the primary of *colocation* and let *dependent* follow, or keep away.

    A wish to keep apart, or one about promotion, is dropped where it would leave no node.
    """
    score = colocation.score
    kept = (
        dict(dependent.allowed)
        if colocation.dependent_role == Role.PROMOTED or NEVER < score < 0
        else None
    )
    if not colocation.primary.is_assigned:
        assign(work, colocation.primary)
    affect(work, dependent, colocation.primary, colocation)
    if kept is not None and not has_usable(dependent.allowed):
        dependent.allowed = kept


def affect(
    work: WorkingSet, dependent: Resource, primary: Resource, colocation: Colocation
) -> None:
    """Let *primary* (or its instances, or members) act on *dependent*."""
    if isinstance(dependent, Group):
        first = dependent.children[0]
        before = first.promotion_priority
        affect(work, first, primary, colocation)
        change = first.promotion_priority - before
        dependent.promotion_priority = add_scores(dependent.promotion_priority, change)
        return
    match primary:
        case Primitive():
            _affect_by_one(work, dependent, primary, colocation)
        case Group():
            _affect_by_group(work, dependent, primary, colocation)
        case Clone():
            _affect_by_clone(work, dependent, primary, colocation)
        case Bundle():
            _affect_by_bundle(work, dependent, primary, colocation)


# --- A primitive as primary ---------------------------------------------------------------------


def _affect_by_one(
    work: WorkingSet, dependent: Resource, primary: Primitive, colocation: Colocation
) -> None:
    match _kind_of_effect(dependent, primary, colocation):
        case _Affects.PLACE:
            _place(work, dependent, primary, colocation)
        case _Affects.ROLE:
            _prioritize(role_resource(dependent), primary, colocation)
        case _Affects.NOTHING:
            pass


def _kind_of_effect(dependent: Resource, primary: Primitive, colocation: Colocation) -> _Affects:
    if not primary.is_assigned:
        return _Affects.NOTHING
    inner = role_resource(dependent)
    parent = inner.parent
    if (
        colocation.dependent_role >= Role.UNPROMOTED
        and parent is not None
        and parent.promotable
        and inner.is_assigned
    ):
        return _Affects.ROLE
    if dependent.is_assigned:
        return _Affects.NOTHING
    if colocation.dependent_role not in (Role.UNKNOWN, inner.next_role):
        return _Affects.NOTHING
    if colocation.primary_role not in (Role.UNKNOWN, role_resource(primary).next_role):
        return _Affects.NOTHING
    return _Affects.PLACE


def _place(
    work: WorkingSet, dependent: Resource, primary: Primitive, colocation: Colocation
) -> None:
    """Change the dependent's scores by where *primary* is."""
    score = colocation.score
    where = primary.assigned
    table = dependent.allowed
    if where is None:
        if score < 0:
            return
        changed = {node: add_scores(old, -score) for node, old in table.items()}
    else:
        matching = _matching(dependent, primary, where, colocation.attribute)
        if score >= INFINITY:
            changed = {node: old if node in matching else NEVER for node, old in table.items()}
        else:
            changed = {
                node: add_scores(score, old) if node in matching else old
                for node, old in table.items()
            }
    if abs(score) >= INFINITY or has_usable(changed):
        dependent.allowed = changed
        _tell(work, dependent, primary, where, colocation)


def _tell(
    work: WorkingSet,
    dependent: Resource,
    primary: Resource,
    where: Node | None,
    colocation: Colocation,
) -> None:
    """Note what *colocation* means for *dependent* while *primary* is *where*."""
    score = colocation.score
    if not colocation.explicit:
        why = Why.BELONGS_NOWHERE if where is None else Why.BELONGS
        note(work, why, dependent, where, primary.id)
    elif where is None:
        note(work, Why.PRIMARY_NOWHERE, dependent, None, colocation.id, primary.id)
    else:
        why = Why.COLOCATED if score > 0 else Why.COLOCATED_APART
        note(work, why, dependent, where, colocation.id, score_text(score), primary.id)


def _matching(dependent: Resource, primary: Resource, where: Node, attribute: str) -> set[Node]:
    """Return the nodes of the dependent's table with the same value of *attribute* as *where*."""
    if attribute == "#uname" and not where.is_pcmk_remote and not dependent.in_bundle:
        return {where}
    value = attribute_of(primary, where, attribute)
    return {node for node in dependent.allowed if attribute_of(dependent, node, attribute) == value}


def _prioritize(dependent: Resource, primary: Resource, colocation: Colocation) -> None:
    """Change how much *dependent* deserves to be promoted by where *primary* is."""
    if dependent.assigned is None:
        return
    where = primary.assigned
    value = None
    if where is not None:
        if colocation.primary_role not in (Role.UNKNOWN, role_resource(primary).next_role):
            return
        value = attribute_of(primary, where, colocation.attribute)
    score = colocation.score
    if attribute_of(dependent, dependent.assigned, colocation.attribute) == value:
        change = -score if colocation.dependent_role == Role.UNPROMOTED else score
    elif score >= INFINITY and colocation.dependent_role == Role.PROMOTED:
        change = -score
    else:
        return
    dependent.promotion_priority = add_scores(dependent.promotion_priority, change)


# --- A group as primary -------------------------------------------------------------------------


def _affect_by_group(
    work: WorkingSet, dependent: Resource, group: Group, colocation: Colocation
) -> None:
    if not group.is_assigned:
        return
    if group.collocated:
        member = group.children[-1 if colocation.score >= INFINITY else 0]
        affect(work, dependent, member, colocation)
    elif colocation.score < INFINITY:
        for member in group.children:
            affect(work, dependent, member, colocation)


# --- A clone as primary -------------------------------------------------------------------------


def _affect_by_clone(
    work: WorkingSet, dependent: Resource, clone: Clone, colocation: Colocation
) -> None:
    if not clone.is_assigned:
        return
    if clone.promotable and colocation.primary_role != Role.UNKNOWN:
        if not dependent.is_assigned:
            _place_by_role(work, dependent, clone, colocation)
        elif colocation.dependent_role == Role.PROMOTED:
            _prioritize_by_clone(dependent, clone, colocation)
        return
    if _interleaves(colocation.dependent, clone.clone_node_max):
        match = _compatible(work, dependent, clone.children, Role.UNKNOWN)
        if match is not None:
            affect(work, dependent, match, colocation)
        elif colocation.score >= INFINITY:
            _assign_to_none(work, dependent)
        return
    if colocation.score >= INFINITY:
        nodes = {
            node
            for instance in clone.children
            if not instance.blocked
            for node in _nodes_of(instance)
        }
        _restrict(work, dependent, nodes, clone, colocation)
        return
    for instance in clone.children:
        affect(work, dependent, instance, colocation)


def _place_by_role(
    work: WorkingSet, dependent: Resource, clone: Clone, colocation: Colocation
) -> None:
    """Bring *dependent* to, or keep it from, the instances that are to have the role."""
    role, score = colocation.primary_role, colocation.score
    instances = [instance for instance in clone.children if planned_role(instance) == role]
    if score < INFINITY:
        for instance in instances:
            for node in _nodes_of(instance):
                matching = _matching(dependent, instance, node, colocation.attribute)
                for other in dependent.allowed:
                    if other in matching:
                        dependent.allowed[other] = add_scores(score, dependent.allowed[other])
                _tell(work, dependent, instance, node, colocation)
        return
    if colocation.dependent_role == colocation.primary_role == Role.PROMOTED:
        return
    extra: Table = {}
    for instance in instances:
        for node in _nodes_of(instance):
            leaf: Resource = instance
            while leaf.children:
                leaf = leaf.children[0]
            extra[node] = leaf.assigned_score
    _restrict(work, dependent, extra, clone, colocation)
    for node, more in extra.items():
        if node in dependent.allowed:
            dependent.allowed[node] = add_scores(dependent.allowed[node], more)


def _prioritize_by_clone(dependent: Resource, clone: Clone, colocation: Colocation) -> None:
    """Promote *dependent* where an instance of *clone* has the wanted role, or nowhere else."""
    where = dependent.assigned
    value = None if where is None else attribute_of(dependent, where, colocation.attribute)
    for instance in clone.children:
        if planned_role(instance) != colocation.primary_role:
            continue
        if any(attribute_of(clone, node, colocation.attribute) == value
               for node in _nodes_of(instance)):  # fmt: skip
            change = colocation.score
            break
    else:
        if colocation.score >= INFINITY:
            dependent.promotion_priority = NEVER
        return
    dependent.promotion_priority = add_scores(dependent.promotion_priority, change)


def _interleaves(dependent: Resource, per_node_max: int) -> bool:
    match dependent:
        case Clone():
            return dependent.interleave and dependent.clone_node_max == per_node_max
        case Bundle():
            return dependent.interleave and dependent.replicas_per_host == per_node_max
    return False


def _compatible(
    work: WorkingSet, dependent: Resource, instances: Iterable[Resource], role: Role
) -> Resource | None:
    """Return the instance next to which *dependent* is, or would best be."""
    by_node: dict[Node, Resource] = {}
    for instance in instances:
        nodes = _nodes_of(instance)
        if len(nodes) != 1 or instance.blocked:
            continue
        if role in (Role.UNKNOWN, planned_role(role_resource(instance))):
            by_node.setdefault(nodes[0], instance)
    if dependent.assigned is not None:
        here = dependent.assigned
        if here not in by_node and here.connection is not None and here.connection.launcher:
            here = here.connection.launcher.assigned or here
        return by_node.get(here)
    for node in ranked(work, dependent.allowed, None):
        if node in by_node:
            return by_node[node]
    return None


def _assign_to_none(work: WorkingSet, dependent: Resource) -> None:
    assert isinstance(dependent, Primitive)
    give_to(work, dependent, None, forced=True, reversible=False)


def _restrict(
    work: WorkingSet,
    dependent: Resource,
    nodes: Iterable[Node],
    primary: Resource,
    colocation: Colocation,
) -> None:
    """Forbid *dependent* all nodes but *nodes*."""
    if dependent.is_assigned:
        return
    kept = set(nodes)
    for node in dependent.allowed:
        if node not in kept:
            dependent.allowed[node] = NEVER
    if not kept:
        _tell(work, dependent, primary, None, colocation)
    for node in sorted(kept, key=lambda node: node.index):
        _tell(work, dependent, primary, node, colocation)


# --- A bundle as primary ------------------------------------------------------------------------


def _affect_by_bundle(
    work: WorkingSet, dependent: Resource, bundle: Bundle, colocation: Colocation
) -> None:
    if not bundle.is_assigned:
        return
    containers = [replica.container for replica in bundle.replicas]
    if isinstance(colocation.dependent, Clone | Bundle):
        match = _compatible(work, dependent, containers, Role.UNKNOWN)
        if match is not None:
            affect(work, dependent, match, colocation)
        elif colocation.score >= INFINITY:
            _assign_to_none(work, dependent)
        return
    if colocation.score < INFINITY:
        for container in containers:
            affect(work, dependent, container, colocation)
        return
    nodes: list[Node] = []
    for replica in bundle.replicas:
        container = replica.container
        if container.assigned is None or container.blocked:
            continue
        if colocation.primary_role == Role.PROMOTED and (
            replica.child is None or replica.child.next_role != Role.PROMOTED
        ):
            continue
        nodes.append(container.assigned)
    _restrict(work, dependent, nodes, bundle, colocation)


# --- What the others here ask -------------------------------------------------------------------


def planned_role(rsc: Resource) -> Role:
    """Return the role that *rsc* is to have, of a group the highest of its members'."""
    if not rsc.children:
        return rsc.next_role
    return max((planned_role(child) for child in rsc.children), default=Role.UNKNOWN)


def _nodes_of(rsc: Resource) -> list[Node]:
    """Return the nodes to which *rsc*, or what is in it, is assigned, each once."""
    if not rsc.children:
        return [] if rsc.assigned is None else [rsc.assigned]
    found: dict[Node, None] = {}
    for child in rsc.children:
        found.update(dict.fromkeys(_nodes_of(child)))
    return list(found)


nodes_of = _nodes_of
__all__ = ["affect", "nodes_of", "obey", "planned_role", "replica_of"]
