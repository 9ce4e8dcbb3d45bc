"""Which resources have to do with each other: a cell is all that constraints tie together.

What becomes of a cell follows from its own configuration and histories, from the nodes, and from
how many resources the nodes have been given before its turn; from nothing of another cell. So a
cell can be decided alone (`replan.py`). Cells are found in a working set that was decided, in the
constraints and in all links that came of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pcsx.pe.constraints.names import all_named
from pcsx.pe.flags import IN_GRAPH

if TYPE_CHECKING:
    from pcsx.cib.objects import Constraint, ResourceSet
    from pcsx.pe.model import Action, Resource, WorkingSet

Member = str
"""The id of a resource at the top, or the key of an action that is of no resource, with a mark."""


class Cells:
    """A partition of resources at the top that only ever gets coarser."""

    def __init__(self) -> None:
        self._parent: dict[Member, Member] = {}

    def root(self, member: Member) -> Member:
        """Return the one that stands for the cell of *member*."""
        parent = self._parent.setdefault(member, member)
        if parent is member:
            return member
        while (above := self._parent[parent]) != parent:
            self._parent[member], member, parent = above, parent, above
        return parent

    def join(self, one: Member, other: Member) -> None:
        """Make one cell of the cells of both."""
        self._parent[self.root(one)] = self.root(other)


def tops_of(work: WorkingSet) -> dict[Resource, Member]:
    """Return for every resource the id of the one at the top that it is in."""
    return {rsc: top.id for top in work.resources for rsc in top.walk()}


def member_of(action: Action, tops: dict[Resource, Member]) -> Member:
    """Return to what *action* belongs."""
    return tops[action.rsc] if action.rsc is not None else f"\0{action.key}"


def join_related(cells: Cells, work: WorkingSet, tops: dict[Resource, Member]) -> None:
    """Join in *cells* what *work* shows to be tied together."""
    pairs: dict[tuple[Member, Member], None] = {}
    for rsc, top in tops.items():
        cells.root(top)
        for tied in rsc.this_with:
            pairs[top, tops[tied.primary]] = None
        if rsc.launcher is not None:
            pairs[top, tops[rsc.launcher]] = None
    for tied in work.colocations:
        pairs[tops[tied.dependent], tops[tied.primary]] = None
    for ordering in work.orderings:
        ends = []
        for given, of in (
            (ordering.first_action, ordering.first_rsc),
            (ordering.then_action, ordering.then_rsc),
        ):
            if of is not None:
                ends.append(tops[of])
            elif given is not None:
                ends.append(member_of(given, tops))
        if len(ends) == 2:
            pairs[ends[0], ends[1]] = None
    for action in work.actions:
        if action.after:
            first = member_of(action, tops)
            for link in action.after:
                pairs[first, member_of(link.then, tops)] = None
    for one, other in pairs:
        if one != other:
            cells.join(one, other)


def named_by(
    work: WorkingSet, constraint: Constraint, tops: dict[Resource, Member]
) -> frozenset[Member]:
    """Return the resources at the top that *constraint* names; patterns name nobody."""
    names = [getattr(constraint, field, None) for field in ("rsc", "with_rsc", "first", "then")]
    names += [ref.id for one in constraint.sets for ref in one.resources]
    return frozenset(tops[rsc] for rsc in all_named(work, names))


def refers(sets: Iterable[ResourceSet]) -> bool:
    """Say whether one of *sets* stands for another one."""
    return any(one.id_ref is not None for one in sets)


def speaking(work: WorkingSet, tops: dict[Resource, Member]) -> set[Member]:
    """Return what is in the transition, is blocked, or may soon be decided otherwise by time."""
    found = {tops[rsc] for rsc in work.timely}
    for action in work.actions:
        if action.flags & IN_GRAPH or (action.rsc is not None and action.reason is not None):
            found.add(member_of(action, tops))
    return found
