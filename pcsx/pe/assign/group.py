"""Assigning a group: member after member, each where the one before it is."""

from __future__ import annotations

from pcsx.pe.assign.dispatch import assign, assigns
from pcsx.pe.model import Group, Kind, Node, Resource, WorkingSet
from pcsx.pe.scores import score_lines


@assigns(Kind.GROUP)
def assign_group(
    work: WorkingSet, rsc: Resource, prefer: Node | None, reversible: bool
) -> Node | None:
    """Assign all members of the group, and return where the first placed one is.

    The members are kept together by the colocations between them; what does not fit any more
    stops, with all that comes after it.
    """
    assert isinstance(rsc, Group)
    if rsc.is_assigned or rsc.being_assigned:
        return rsc.assigned
    parent = rsc.parent
    if parent is not None and not parent.being_assigned:
        assign(work, parent, prefer=prefer)
        if rsc.is_assigned:
            return rsc.assigned
    rsc.being_assigned = True
    rsc.role = rsc.children[0].role
    if work.tell_scores:
        work.score_lines += score_lines("pcmk__group_assign", rsc)
    chosen: Node | None = None
    for member in rsc.children:
        node = assign(work, member, prefer=prefer, reversible=reversible)
        chosen = chosen or node
    rsc.next_role = rsc.children[0].next_role
    rsc.being_assigned = False
    rsc.is_assigned = True
    rsc.assigned = chosen
    return chosen
