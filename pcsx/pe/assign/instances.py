"""Spreading the instances of a clone, or the containers of a bundle, over the nodes.

Instances stay where they are if they can, best first; the others go where there is room. How many
are on each node is counted in the collective's `counts`.
"""

from __future__ import annotations

from collections.abc import Callable

from pcsx.pe.assign.colocated import has_influence, this_with, with_this
from pcsx.pe.assign.dispatch import assign
from pcsx.pe.assign.nodes import current_node, is_usable, take_back
from pcsx.pe.assign.preferences import NONNEGATIVE, with_wishes
from pcsx.pe.model import Collective, Node, Resource, Table, WorkingSet
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import NEVER, ban_everywhere, factor_of

Compare = Callable[[Resource, Resource], int]


# --- The order in which instances are served ------------------------------------------------------


def compare_instances(work: WorkingSet, collective: Collective) -> Compare:
    """Return the comparison of the instances of *collective*: who is served first."""

    def compare(left: Resource, right: Resource) -> int:
        if left.active and right.active and len(left.active) != len(right.active):
            return len(left.active) - len(right.active)
        left_node, left_forbidden = _place_of(left)
        right_node, right_forbidden = _place_of(right)
        if left_forbidden is not right_forbidden:
            return 1 if left_forbidden else -1
        if left.priority != right.priority:
            return right.priority - left.priority
        if left_node is None and right_node is None:
            return 0
        if left_node is None or right_node is None:
            return 1 if left_node is None else -1
        return (
            _compare_places(collective, left_node, right_node)
            or is_failed(left) - is_failed(right)
            or _compare_colocated(work, left, left_node, right, right_node)
            or number_of(left) - number_of(right)
        )

    return compare


def _place_of(instance: Resource) -> tuple[Node | None, bool]:
    """Return where *instance* is, and whether it may not be there; then it counts as nowhere."""
    node = current_node(instance)
    if node is None:
        return None, False
    if instance.allowed.get(node, NEVER) < 0:
        return None, True
    return node, False


def _compare_places(collective: Collective, left: Node, right: Node) -> int:
    if left.available is not right.available:
        return -1 if left.available else 1
    left_known, right_known = left in collective.allowed, right in collective.allowed
    if not (left_known and right_known):
        return right_known - left_known
    return collective.counts.get(left, 0) - collective.counts.get(right, 0)


def is_failed(rsc: Resource) -> bool:
    """Say whether *rsc* or anything in it has failed."""
    return rsc.failed or any(is_failed(child) for child in rsc.children)


def number_of(instance: Resource) -> int:
    """Return the number of an instance, or of a container."""
    return -1 if instance.instance is None else instance.instance


def _compare_colocated(
    work: WorkingSet, left: Resource, left_node: Node, right: Resource, right_node: Node
) -> int:
    """Compare what colocations give to the two where they are; the higher comes first."""
    return _score_here(work, right, right_node) - _score_here(work, left, left_node)


def _score_here(work: WorkingSet, instance: Resource, node: Node) -> int:
    table: Table = {node: node.base_score}
    for colocation in this_with(instance):
        factor = factor_of(colocation.score)
        table = with_wishes(work, colocation.primary, instance, table, colocation, factor, 0)
    for colocation in with_this(instance):
        if has_influence(colocation, instance):
            factor = factor_of(colocation.score)
            table = with_wishes(
                work, colocation.dependent, instance, table, colocation, factor, NONNEGATIVE
            )
    return table[node]


# --- Spreading them -------------------------------------------------------------------------------


def distribute(
    work: WorkingSet,
    collective: Collective,
    instances: list[Resource],
    *,
    most: int,
    most_per_node: int,
) -> None:
    """Assign up to *most* of *instances*, in this order, at most *most_per_node* on a node."""
    collective.counts = {}
    available = sum(1 for node in collective.allowed if node.available)
    optimal = max(1, most // available) if available else 1
    assigned = sum(1 for instance in instances if instance.is_assigned and nodes_taken(instance))
    for instance in instances:
        if assigned >= most:
            break
        if instance.is_assigned or not instance.active or instance.failed:
            continue
        here = current_node(instance)
        assert here is not None
        if not is_usable(here, here.base_score) or collective.counts.get(here, 0) >= optimal:
            continue
        if not is_usable(here, instance.allowed.get(here, NEVER)):
            continue
        assigned += _try_here(
            work, collective, instance, here, tries=most - assigned, most_per_node=most_per_node
        )
    for instance in instances:
        if instance.is_assigned:
            continue
        if assigned >= most:
            ban_everywhere(instance, work.nodes)
            note(work, Why.CLONE_FULL, instance, None, most)
            continue
        node = _assign_within_limits(work, collective, instance, None, most_per_node)
        if node is not None:
            collective.counts[node] = collective.counts.get(node, 0) + 1
            assigned += 1


def nodes_taken(rsc: Resource) -> bool:
    """Say whether *rsc*, or anything in it, has a node."""
    return rsc.assigned is not None or any(nodes_taken(child) for child in rsc.children)


def _try_here(
    work: WorkingSet,
    collective: Collective,
    instance: Resource,
    here: Node,
    *,
    tries: int,
    most_per_node: int,
) -> bool:
    """Try to leave *instance* where it is, and say whether it stays.

    Where it would rather go elsewhere, that place is kept for another one and it is tried again.
    """
    counts = dict(collective.counts)
    tables = [(rsc, dict(rsc.allowed)) for rsc in (instance, *instance.children)]
    stays = False
    for _ in range(tries):
        told = len(work.notes)
        node = _assign_within_limits(
            work, collective, instance, here, most_per_node, reversible=True
        )
        if node is here:
            stays = True
            break
        _forget_notes(work, told, instance)
        for rsc, table in tables:
            rsc.allowed = dict(table)
        if node is None:
            instance.is_assigned = False
            break
        take_back(instance)
        collective.counts[node] = collective.counts.get(node, 0) + 1
    collective.counts = counts
    if stays:
        counts[here] = counts.get(here, 0) + 1
    return stays


def _forget_notes(work: WorkingSet, since: int, instance: Resource) -> None:
    """Forget why *instance* would have gone where it does not go after all."""
    ids = {rsc.id for rsc in instance.walk()}
    work.notes[since:] = [noted for noted in work.notes[since:] if noted[1] not in ids]


def _assign_within_limits(
    work: WorkingSet,
    collective: Collective,
    instance: Resource,
    prefer: Node | None,
    most_per_node: int,
    *,
    reversible: bool = False,
) -> Node | None:
    """Forbid *instance* the nodes that are full or not for the collective, and assign it."""
    counts, general = collective.counts, collective.allowed
    for node in instance.allowed:
        if (
            instance.removed
            or not node.available
            or general.get(node, NEVER) < 0
            or counts.get(node, 0) >= most_per_node
        ):
            instance.allowed[node] = NEVER
            for child in instance.children:
                if node in child.allowed:
                    child.allowed[node] = NEVER
    return assign(work, instance, prefer=prefer, reversible=reversible)
