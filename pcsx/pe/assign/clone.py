"""Assigning a clone: the scores of the whole, then its instances, then their roles."""

from __future__ import annotations

from pcsx.pe.assign.colocated import this_with, with_this
from pcsx.pe.assign.dispatch import assign, assigns
from pcsx.pe.assign.instances import compare_instances, distribute
from pcsx.pe.assign.preferences import add_dependent
from pcsx.pe.assign.promotable import add_promotion_scores, choose_roles
from pcsx.pe.model import Clone, Kind, Node, Resource, WorkingSet
from pcsx.pe.scores import score_lines
from pcsx.pe.sorting import merge_sorted


@assigns(Kind.CLONE)
def assign_clone(
    work: WorkingSet, rsc: Resource, prefer: Node | None, reversible: bool
) -> Node | None:
    """Assign the instances of the clone, and choose which of them are promoted."""
    assert isinstance(rsc, Clone)
    if rsc.is_assigned or rsc.being_assigned:
        return None
    rsc.being_assigned = True
    if rsc.promotable:
        add_promotion_scores(work, rsc)
    for colocation in this_with(rsc):
        assign(work, colocation.primary)
    for colocation in with_this(rsc):
        add_dependent(work, colocation, rsc)
    if work.tell_scores:
        work.score_lines += score_lines("pcmk__clone_assign", rsc)
    rsc.children = merge_sorted(rsc.children, compare_instances(work, rsc))
    distribute(work, rsc, rsc.children, most=rsc.clone_max, most_per_node=rsc.clone_node_max)
    if rsc.promotable:
        choose_roles(work, rsc)
    rsc.being_assigned = False
    rsc.is_assigned = True
    return None
