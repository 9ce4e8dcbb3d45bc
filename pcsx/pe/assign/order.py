"""In which order the resources at the top are assigned."""

from __future__ import annotations

from pcsx.pe.assign.dispatch import assign
from pcsx.pe.assign.nodes import current_node, ranked, tell_capacities
from pcsx.pe.assign.preferences import begin_turn, upward_scores
from pcsx.pe.model import Node, Resource, Table, WorkingSet
from pcsx.pe.scores import NEVER
from pcsx.pe.sorting import merge_sorted


def assign_all(work: WorkingSet) -> None:
    """Assign every resource: connections to remote nodes first, as these nodes hang on them."""
    if work.tell_utilization:
        tell_capacities(work, "Original", work.nodes)
    resources = work.resources = _in_order(work)
    if any(node.is_pcmk_remote for node in work.nodes):
        begin_turn(work)
        for rsc in resources:
            if rsc.is_connection:
                assign(work, rsc, prefer=rsc.partial_target)
    for rsc in resources:
        if not rsc.is_connection:
            _assign_in_turn(work, rsc)
    if work.tell_utilization:
        tell_capacities(work, "Remaining", work.nodes)


def _assign_in_turn(work: WorkingSet, rsc: Resource) -> None:
    """Assign one resource, and keep what that gave to each node."""
    for node, given in zip(work.nodes, work.tempo.get(rsc.id, ()), strict=False):
        node.assigned_count += given
    begin_turn(work)
    before = [node.assigned_count for node in work.nodes]
    assign(work, rsc)
    work.gifts[rsc.id] = tuple(
        node.assigned_count - count for node, count in zip(work.nodes, before, strict=True)
    )


def _in_order(work: WorkingSet) -> list[Resource]:
    """Return the resources at the top; where capacity counts, those that wish most come first."""
    if work.options.placement_strategy == "default":
        return list(work.resources)
    nodes = ranked(work, {node: node.base_score for node in work.nodes}, None)
    wishes: dict[Resource, Table] = {}

    def wishes_of(rsc: Resource) -> Table:
        if rsc not in wishes:
            wishes[rsc] = upward_scores(work, rsc)
        return wishes[rsc]

    begin_turn(work)

    def compare(left: Resource, right: Resource) -> int:
        if left.priority != right.priority:
            return right.priority - left.priority
        ours, theirs = wishes_of(left), wishes_of(right)
        here = _score_on(theirs, current_node(right)) - _score_on(ours, current_node(left))
        if here:
            return here
        for node in nodes:
            difference = _score_on(theirs, node) - _score_on(ours, node)
            if difference:
                return difference
        return 0

    return merge_sorted(list(work.resources), compare)


def _score_on(table: Table, node: Node | None) -> int:
    return NEVER if node is None else table.get(node, NEVER)
