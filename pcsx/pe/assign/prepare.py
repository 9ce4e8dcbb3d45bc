"""What is settled about nodes before anything is assigned: locks, locations, stickiness, bans."""

from __future__ import annotations

from typing import Final

from pcsx.cib.evaluate import integer_of
from pcsx.pe.actions.make import ask
from pcsx.pe.assign.preferences import applies
from pcsx.pe.model import (
    Bundle,
    Clone,
    Discovery,
    Group,
    Location,
    Node,
    Primitive,
    Resource,
    Role,
    Table,
    WorkingSet,
)
from pcsx.pe.read.failures import fail_count
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import NEVER, add_to, ban, give

_COUNT: Final = "fail-count-"


def prepare_scores(work: WorkingSet) -> None:
    """Bring all that says where resources may be into their scores, in the field's order."""
    if work.options.shutdown_lock:
        _apply_locks(work)
    for location in reversed(work.locations):
        apply_location(location, location.rsc)
    for top in work.resources:
        for rsc in top.primitives():
            _add_stickiness(work, rsc)
    for node in work.nodes:
        _apply_thresholds(work, node)
    for top in work.resources:
        _apply_discovery(top, inherited=False)


# --- Locations ------------------------------------------------------------------------------------


def apply_location(location: Location, rsc: Resource) -> None:
    """Bring *location* into the scores of *rsc* and of those in it whom it concerns."""
    if location.role == Role.PROMOTED and rsc is location.rsc:
        _remember_for_promotion(location, rsc)
    if isinstance(rsc, Group):
        _apply_to_group(location, rsc)
        return
    _apply_to(location, rsc, location.scores)
    if isinstance(rsc, Bundle):
        for replica in rsc.replicas:
            apply_location(location, replica.container)
            if replica.ip is not None:
                apply_location(location, replica.ip)
    elif isinstance(rsc, Clone):
        for instance in rsc.children:
            apply_location(location, instance)


def _apply_to_group(location: Location, group: Group) -> None:
    """Give the scores to the first member alone: the others follow it by being in the group."""
    _apply_to(location, group, location.scores)
    no_more = dict.fromkeys(location.scores, 0) if group.collocated else location.scores
    for member in group.children:
        _apply_to(location, member, location.scores if member is group.children[0] else no_more)


def _apply_to(location: Location, rsc: Resource, scores: Table) -> None:
    if not applies(location, rsc):
        return
    table = rsc.allowed
    for node, score in scores.items():
        add_to(table, node, score)
    mode = location.discovery
    if mode == Discovery.ALWAYS:
        return
    for node in scores:
        if rsc.discovery.get(node, Discovery.ALWAYS) < mode:
            rsc.discovery[node] = mode
    if mode == Discovery.EXCLUSIVE:
        rsc.exclusive_discovery = True


def _remember_for_promotion(location: Location, rsc: Resource) -> None:
    clone = rsc.inner if isinstance(rsc, Bundle) else rsc
    if clone is not None:
        clone.promoted_locations.append(location)
        if clone is not rsc:
            apply_location(location, clone)


# --- Locks and stickiness -------------------------------------------------------------------------


def _apply_locks(work: WorkingSet) -> None:
    """Keep what was on a node that was shut down in order for that node alone."""
    for top in work.resources:
        for rsc in (top, *top.children) if isinstance(top, Group) else (top,):
            if isinstance(rsc, Primitive) and not rsc.is_fence_device and not rsc.is_connection:
                _apply_lock(work, rsc)


def _apply_lock(work: WorkingSet, rsc: Primitive) -> None:
    if rsc.lock_node is not None:
        if rsc.active:  # it was started in spite of the lock, which is over with its history
            ask(work, rsc, "lrm_delete", rsc.lock_node, required=True)
            rsc.lock_node = rsc.lock_s = None
            return
    elif len(rsc.active) == 1 and rsc.active[0].shutting_down and not rsc.active[0].unclean:
        rsc.lock_node = rsc.active[0]
        rsc.lock_s = integer_of(rsc.lock_node.attrs.get("shutdown")) or work.now_s
    else:
        return
    note(work, Why.LOCKED, rsc, rsc.lock_node)
    for node in work.nodes:
        if node is not rsc.lock_node:
            ban(rsc, node)


def _add_stickiness(work: WorkingSet, rsc: Primitive) -> None:
    if not rsc.managed or rsc.stickiness < 1 or len(rsc.active) != 1:
        return
    node = rsc.active[0]
    if work.options.symmetric or node in rsc.allowed:
        give(rsc, node, rsc.stickiness)
        note(work, Why.STICKINESS, rsc, node, rsc.stickiness)


# --- Failures and discovery -----------------------------------------------------------------------


def _apply_thresholds(work: WorkingSet, node: Node) -> None:
    names = {
        name.removeprefix(_COUNT).rpartition("#")[0].partition(":")[0].lower()
        for name in node.attrs
        if name.startswith(_COUNT)
    }
    if not names:
        return
    for top in work.resources:
        for rsc in top.primitives():
            if any(_failure_name(failing) in names for failing in (rsc, *rsc.launched)):
                _apply_threshold(work, rsc, node)


def _failure_name(rsc: Resource) -> str:
    return (rsc.history_name or rsc.id).partition(":")[0].lower()


def _apply_threshold(work: WorkingSet, rsc: Primitive, node: Node) -> None:
    """Ban *rsc* from *node* if it failed there too often; of an anonymous clone, all of it."""
    count = too_many_failures(work, rsc, node)
    if count:
        note(work, Why.FAILED_TOO_OFTEN, rsc, node, count, rsc.migration_threshold)
        ban(rsc.anonymous_clone or rsc, node)


def too_many_failures(work: WorkingSet, rsc: Primitive, node: Node) -> int:
    """Return how often *rsc* failed on *node* if that is too often, else 0."""
    threshold = rsc.migration_threshold
    if threshold == 0 or rsc.failure_ignored:
        return 0
    if any(a.task == "clear_failcount" and a.node is node for a in rsc.actions):
        return 0
    count = fail_count(work, rsc, node, launched=True)
    return count if count >= threshold else 0


def _apply_discovery(rsc: Resource, *, inherited: bool) -> None:
    """Ban what may only run where it may be probed from all other nodes.

    A clone or group decides for all in it; what is in a bundle that is limited so is judged by
    itself.
    """
    if not (inherited or rsc.exclusive_discovery):
        return
    for node in rsc.allowed:
        if rsc.discovery.get(node) != Discovery.EXCLUSIVE:
            rsc.allowed[node] = NEVER
    for child in rsc.children:
        _apply_discovery(child, inherited=not isinstance(rsc, Bundle))
