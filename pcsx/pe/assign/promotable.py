"""Promotable clones: what agents say of their instances, and which of these are promoted."""

from __future__ import annotations

from pcsx.cib.evaluate import score_of
from pcsx.pe.assign.colocated import has_influence, this_with, with_this
from pcsx.pe.assign.effects import affect, nodes_of, planned_role
from pcsx.pe.assign.instances import compare_instances
from pcsx.pe.assign.nodes import current_node, host_is_chosen
from pcsx.pe.assign.preferences import NESTED, NONNEGATIVE, with_wishes
from pcsx.pe.model import Clone, Node, QuorumPolicy, Resource, Role, WorkingSet
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import INFINITY, NEVER, add_scores, ban_everywhere, factor_of, score_text
from pcsx.pe.sorting import merge_sorted


def add_promotion_scores(work: WorkingSet, clone: Clone) -> None:
    """Add to the scores of each instance what the agent wishes for it, once in a run."""
    if clone.scores_added:
        return
    clone.scores_added = True
    for instance in clone.children:
        for node in instance.allowed:
            if not node.available:
                continue
            score = promotion_score(clone, instance, node)
            if score is None:
                continue
            if score > 0:
                instance.allowed[node] = add_scores(instance.allowed[node], score)
            if score > instance.priority:
                instance.priority = score


def promotion_score(clone: Clone, instance: Resource, node: Node) -> int | None:
    """Return how much *instance* is to be promoted on *node*, by its agent; None: not said.

    A group's is the sum of its members'.
    """
    if instance.children:
        said = [promotion_score(clone, member, node) for member in instance.children]
        known = [score for score in said if score is not None]
        return sum(known) if known else None
    if not _counts_there(clone, instance, node):
        return None
    host = _host(instance, node)
    if host is None:
        return None
    name = instance.history_name or instance.id
    text = host.attrs.get(f"master-{name}")
    if text is None and not instance.globally_unique:
        text = host.attrs.get(f"master-{instance.base_id}")
    return None if text is None else score_of(text)


def _counts_there(clone: Clone, instance: Resource, node: Node) -> bool:
    """Say whether a promotion score on *node* may be meant for this instance."""
    if instance.allowed.get(node, NEVER) < 0:
        return False
    if node in instance.known or node in instance.active:
        return True
    if not instance.globally_unique and node not in clone.active and node in clone.known:
        return True
    return not instance.active and not instance.known


def _host(instance: Resource, node: Node) -> Node | None:
    """Return the node whose attributes have the score: for containers, where asked, the host.

    None where the container has no host.
    """
    connection = node.connection
    if (
        instance.container_attribute_target != "host"
        or connection is None
        or connection.launcher is None
    ):
        return node
    launcher = connection.launcher
    return launcher.assigned if instance.is_assigned else current_node(launcher)


def choose_roles(work: WorkingSet, clone: Clone) -> None:
    """Promote the best instances, as many as the clone may have, and let the others follow."""
    clone.counts = {}
    for instance in clone.children:
        _set_priority(work, clone, instance)
    _sort_for_promotion(work, clone)
    promoted = 0
    for instance in clone.children:
        _tell(work, instance)
        why_not = _why_not(work, clone, instance, promoted)
        if why_not:
            _leave_unpromoted(instance)
            note(work, Why.NOT_PROMOTED, instance, _single_node(instance), why_not)
            continue
        promoted += 1
        node = _single_node(instance)
        assert node is not None
        clone.counts[node] = clone.counts.get(node, 0) + 1
        for rsc in instance.walk():
            if rsc.next_role == Role.UNKNOWN:
                rsc.next_role = Role.PROMOTED
        note(work, Why.PROMOTED, instance, node, score_text(instance.promotion_priority))


def _single_node(instance: Resource) -> Node | None:
    nodes = nodes_of(instance)
    return nodes[0] if len(nodes) == 1 else None


def _set_priority(work: WorkingSet, clone: Clone, instance: Resource) -> None:
    """Give *instance* its promotion priority: the agent's score, locations and colocations."""
    for rsc in instance.walk():
        rsc.promotion_priority = 0
        if rsc.role == Role.STARTED:
            rsc.role = Role.UNPROMOTED
    nodes = nodes_of(instance)
    if not nodes:
        instance.promotion_priority = NEVER
        return
    node = nodes[0]
    planned = planned_role(instance)
    if planned in (Role.UNPROMOTED, Role.STOPPED):
        priority = NEVER
    elif planned == Role.PROMOTED:
        priority = INFINITY
    else:
        said = promotion_score(clone, instance, node)
        priority = -1 if said is None else said
    for location in (*instance.promoted_locations, *clone.promoted_locations):
        if node in location.scores:
            priority = add_scores(priority, location.scores[node])
    instance.promotion_priority = priority
    for colocation in this_with(instance):
        affect(work, instance, colocation.primary, colocation)
    if planned == Role.PROMOTED:
        instance.promotion_priority = INFINITY


def _sort_for_promotion(work: WorkingSet, clone: Clone) -> None:
    """Sort the instances by what they and those that want to be with the promoted one wish."""
    if not clone.promotion_sorted:
        clone.promotion_sorted = True
        clone.is_consulted = True
        _collect_wishes(work, clone)
        clone.is_consulted = False
        for instance in clone.children:
            instance.promotion_priority = _final_priority(clone, instance)
    compare = compare_instances(work, clone)

    def compare_promotion(left: Resource, right: Resource) -> int:
        return (
            right.promotion_priority - left.promotion_priority
            or right.role - left.role
            or compare(left, right)
        )

    clone.children = merge_sorted(clone.children, compare_promotion)


def _collect_wishes(work: WorkingSet, clone: Clone) -> None:
    table = clone.allowed
    for instance in clone.children:
        node = _single_node(instance)
        if instance.promotion_priority >= 0 and node is not None and node in table:
            table[node] = add_scores(table[node], instance.promotion_priority)
    for colocation in with_this(clone):
        if colocation.primary_role == Role.PROMOTED and has_influence(colocation, clone):
            clone.allowed = with_wishes(
                work,
                colocation.dependent,
                clone,
                clone.allowed,
                colocation,
                factor_of(colocation.score),
                NESTED | NONNEGATIVE,
            )
    for constraint in clone.tickets:
        ticket = constraint.ticket
        if constraint.role == Role.PROMOTED and (not ticket.granted or ticket.standby):
            ban_everywhere(clone, work.nodes)
            note(work, Why.TICKET, clone, None, ticket.id, constraint.id, "not granted")


def _final_priority(clone: Clone, instance: Resource) -> int:
    if not instance.managed and planned_role(instance) == Role.PROMOTED:
        return INFINITY
    node = _single_node(instance)
    if node is None:
        return NEVER
    if instance.promotion_priority < 0:
        return instance.promotion_priority
    return clone.allowed.get(node, NEVER)


def _tell(work: WorkingSet, instance: Resource) -> None:
    if not work.tell_scores:
        return
    node = _single_node(instance)
    where = "(inactive)" if node is None else f"on {node.name}"
    work.score_lines.append(
        f"{instance.id} promotion score {where}: {score_text(instance.promotion_priority)}"
    )


def _why_not(work: WorkingSet, clone: Clone, instance: Resource, promoted: int) -> str:
    """Return why *instance* is not promoted, nothing where it is."""
    if instance.promotion_priority < 0:
        return "its promotion score is negative"
    if promoted >= clone.promoted_max and clone.managed:
        return f"{promoted} are promoted already"
    return _why_cannot(work, clone, instance)


def _why_cannot(work: WorkingSet, clone: Clone, instance: Resource) -> str:
    for member in instance.children:
        if why := _why_cannot(work, clone, member):
            return why
    node = _single_node(instance)
    if node is None:
        return "it runs nowhere"
    if not instance.managed:
        return "" if instance.role == Role.PROMOTED else "it is unmanaged"
    if instance.priority < 0:
        return "its priority is negative"
    if not (node.available and host_is_chosen(node)):
        return "the node is not available"
    if node not in clone.allowed:
        return "the node is not for it"
    if clone.counts.get(node, 0) >= clone.promoted_node_max and instance.managed:
        return "the node has a promoted one already"
    if (
        instance.role < Role.PROMOTED
        and not work.quorate
        and work.options.no_quorum_policy == QuorumPolicy.FREEZE
    ):
        return "the partition has no quorum"
    return ""


def _leave_unpromoted(instance: Resource) -> None:
    for rsc in instance.walk():
        if not nodes_of(rsc):
            rsc.next_role = Role.STOPPED
        elif rsc.next_role in (Role.UNKNOWN, Role.STARTED):
            rsc.next_role = Role.UNPROMOTED
