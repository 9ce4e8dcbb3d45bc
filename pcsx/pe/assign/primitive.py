"""Choosing the node of one primitive: what others wish and demand, then the best that is left."""

from __future__ import annotations

from pcsx.pe.assign.colocated import this_with, with_this
from pcsx.pe.assign.dispatch import assign, assigns
from pcsx.pe.assign.effects import obey
from pcsx.pe.assign.nodes import best_of, current_node, give_to, is_usable
from pcsx.pe.assign.preferences import add_dependent
from pcsx.pe.assign.utilization import forbid_full_nodes
from pcsx.pe.model import (
    Clone,
    Colocation,
    Kind,
    Node,
    Primitive,
    QuorumPolicy,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import INFINITY, ban_everywhere, score_lines


@assigns(Kind.PRIMITIVE)
def assign_primitive(
    work: WorkingSet, rsc: Resource, prefer: Node | None, reversible: bool
) -> Node | None:
    """Choose the node of *rsc*; its group or clone is assigned first, as it decides for all."""
    assert isinstance(rsc, Primitive)
    parent = rsc.parent
    if parent is not None and not parent.being_assigned and not rsc.is_assigned:
        assign(work, parent, prefer=prefer)
    if rsc.is_assigned or rsc.being_assigned:
        return rsc.assigned
    rsc.being_assigned = True
    _heed_others(work, rsc)
    _limit_role(work, rsc)
    if work.tell_scores:
        work.score_lines += score_lines("pcmk__primitive_assign", rsc)
    if work.options.fencing_enabled and not work.fencing_available:
        rsc.managed = False
    if not rsc.managed:
        rsc.next_role = rsc.role
        give_to(work, rsc, current_node(rsc), forced=True, reversible=reversible)
        note(work, Why.UNMANAGED, rsc, rsc.assigned, "is-managed")
    elif work.options.stop_all:
        note(work, Why.STOP_ALL, rsc, None)
        give_to(work, rsc, None, forced=True, reversible=reversible)
    elif not rsc.is_assigned:
        _choose(work, rsc, prefer, reversible=reversible)
    rsc.being_assigned = False
    if rsc.is_connection:
        _tell_node(rsc)
    return rsc.assigned


def _heed_others(work: WorkingSet, rsc: Primitive) -> None:
    """Follow the primaries and add what the dependents wish: first all that must be, then may."""
    primaries, dependents = this_with(rsc), with_this(rsc)
    if not primaries and not dependents:
        return
    for mandatory in (True, False):
        for colocation in primaries:
            if _is_mandatory(colocation) is mandatory:
                obey(work, colocation, rsc)
        for colocation in dependents:
            if _is_mandatory(colocation) is mandatory:
                add_dependent(work, colocation, rsc)


def _is_mandatory(colocation: Colocation) -> bool:
    return abs(colocation.score) >= INFINITY


def _limit_role(work: WorkingSet, rsc: Primitive) -> None:
    """Forbid every node to what is to be stopped; raise nothing in a frozen partition."""
    if rsc.next_role == Role.STOPPED:
        ban_everywhere(rsc, work.nodes)
        if rsc.target_role == Role.STOPPED:
            note(work, Why.DISABLED, rsc, None, rsc.target_role_text or "Stopped")
    elif (
        rsc.next_role > rsc.role
        and not work.quorate
        and work.options.no_quorum_policy == QuorumPolicy.FREEZE
    ):
        rsc.next_role = rsc.role
        note(work, Why.NO_QUORUM, rsc, None, "freeze")


def _choose(work: WorkingSet, rsc: Primitive, prefer: Node | None, *, reversible: bool) -> None:
    roomiest = forbid_full_nodes(work, rsc)
    prefer = prefer or roomiest
    table = rsc.allowed
    current = current_node(rsc)
    best = best_of(work, table, current)
    if best is not None:
        if prefer is not None and _is_as_good(rsc, prefer, best):
            best = prefer
        elif current is not None and _keeps(rsc, current, best):
            best = current
    if give_to(work, rsc, best, forced=False, reversible=reversible):
        assert best is not None
        stays = best is current
        note(work, Why.STAYS if stays else Why.PLACED, rsc, best, table[best])
        _tell_unavailable(work, rsc, above=table[best])
    else:
        _tell_unavailable(work, rsc, above=-1)


def _tell_unavailable(work: WorkingSet, rsc: Primitive, *, above: int) -> None:
    """Note the nodes that only their state keeps from being the best for *rsc*."""
    for node, score in rsc.allowed.items():
        if score > above and not node.available and not node.is_bundle:
            note(work, Why.NODE_UNAVAILABLE, rsc, node, _state_of(node))


def _state_of(node: Node) -> str:
    if node.unclean:
        return "nobody knows what it does until it is fenced"
    if not node.online:
        return "it is offline"
    if node.shutting_down:
        return "it is shutting down"
    return "it is in maintenance" if node.in_maintenance else "it is in standby"


def _is_as_good(rsc: Primitive, prefer: Node, best: Node) -> bool:
    score = rsc.allowed.get(prefer)
    return score is not None and score >= rsc.allowed[best] and is_usable(prefer, score)


def _keeps(rsc: Primitive, current: Node, best: Node) -> bool:
    """Say whether *rsc* stays on *current* although *best* has more room or fewer resources."""
    table = rsc.allowed
    if isinstance(rsc.parent, Clone) and rsc.parent.globally_unique:
        return False
    return (
        table[best] > 0
        and best.available
        and is_usable(current, current.base_score)
        and table.get(current) == table[best]
    )


def _tell_node(connection: Primitive) -> None:
    """Let the node that *connection* leads to count as reachable, or as going away."""
    node = connection.connects
    if node is None:
        return
    if connection.assigned is not None and connection.next_role != Role.STOPPED:
        node.online = True
        if not node.seen:
            node.unclean = False
    else:
        node.shutting_down = True
