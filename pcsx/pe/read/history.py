"""Histories: which resource each is of, and in which order the nodes' are read.

A guest's or remote node's history counts only once its connection is known to be up, which the
histories of other nodes tell; so they are read in passes until nothing is left.
"""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib import objects
from pcsx.cib.evaluate import Circumstances, integer_of, seconds_of, truth_of
from pcsx.pe.actions.make import ask
from pcsx.pe.model import Bundle, Clone, Node, Primitive, Requires, Resource, Role, WorkingSet
from pcsx.pe.read.active import judge_remote_online
from pcsx.pe.read.entries import Life
from pcsx.pe.read.failures import fail_count
from pcsx.pe.read.index import HistoryIndex, in_order
from pcsx.pe.read.nodes import remote_node
from pcsx.pe.read.resources import add_instance, link_connection, unpack
from pcsx.pe.read.settle import conclude_inactive, mark_known, remember_recurring, settle
from pcsx.pe.read.states import add_transient
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import ban_everywhere

_NUMBERED: Final = re.compile(r"(.*):\d+")

__all__ = ["fail_count", "read_histories"]


def read_histories(work: WorkingSet, where: Circumstances) -> None:
    """Read the histories of all nodes that count, and set what follows from them as a whole."""
    work.history = HistoryIndex(work.cib)
    waiting = [state for state in work.cib.states if state.id and state.uname]
    ready = True
    while ready:
        left = []
        for state in waiting:
            node = work.nodes_by_name.get((state.uname or "").lower())
            if node is None or _must_wait(work, node):
                left.append(state)
            else:
                _read_node(work, node, state, where)
        ready = len(left) < len(waiting)
        waiting = left
    for state in waiting if work.options.fencing_enabled else ():
        node = work.nodes_by_name.get((state.uname or "").lower())
        if node is not None:
            _read_node(work, node, state, where)
    for container in dict.fromkeys(work.containers_to_stop):
        if container.active:
            ask(work, container, "stop", container.active[0], required=True)
    for node in work.nodes:
        if not node.is_pcmk_remote:
            continue
        if node.shutting_down and node.connection is not None:
            node.connection.next_role = Role.STOPPED
        if not node.history_read:
            judge_remote_online(node)


def _must_wait(work: WorkingSet, node: Node) -> bool:
    options = work.options
    connection = node.connection
    if node.is_guest:
        assert connection is not None and connection.launcher is not None
        return not (connection.role == Role.STARTED and connection.launcher.role == Role.STARTED)
    if node.is_pcmk_remote:
        return connection is None or (not options.shutdown_lock and connection.role != Role.STARTED)
    return not options.fencing_enabled and not options.shutdown_lock and not node.online


def _read_node(
    work: WorkingSet, node: Node, state: objects.NodeState, where: Circumstances
) -> None:
    node.history_read = True
    if node.is_pcmk_remote:
        _read_remote_state(work, node, state, where)
    orphans: list[Primitive] = []
    for history in state.histories:
        _read_history(work, node, history, orphans)
    for orphan in orphans:
        launcher = _by_name(work, orphan.meta.get("container", ""))
        if isinstance(launcher, Primitive) and launcher is not orphan:
            orphan.launcher = launcher
            launcher.launched.append(orphan)


def _read_remote_state(
    work: WorkingSet, node: Node, state: objects.NodeState, where: Circumstances
) -> None:
    """Take what the state of a Pacemaker Remote node says besides its histories."""
    judge_remote_online(node)
    node.recorded_maintenance = bool(integer_of(state.node_in_maintenance))
    if not node.to_be_reset:
        node.unclean = False
        node.seen = True
    add_transient(work, node, state, where)
    connection = node.connection
    if node.attrs.get("shutdown", "0") != "0":
        node.shutting_down = True
    if truth_of(node.attrs.get("standby")):
        node.standby = True
    if truth_of(node.attrs.get("maintenance")) or (
        connection is not None and not connection.managed
    ):
        node.in_maintenance = True
    discovery = node.attrs.get("resource-discovery-enabled")
    if (
        discovery is not None
        and not truth_of(discovery)
        and (node.is_guest or work.options.fencing_enabled)
    ):
        node.never_probe = True


# --- One history ------------------------------------------------------------------------------


def _read_history(
    work: WorkingSet, node: Node, history: objects.History, orphans: list[Primitive]
) -> None:
    locks = work.options.shutdown_lock
    plain = not locks and history.is_plain_probe
    if not plain and not locks and history.is_empty:
        return
    rsc = find_resource(work, node, history.id)
    if plain and rsc is not None and not rsc.removed and not rsc.failure_timeout_ms:
        _take_plain_probe(rsc, node)
        return
    if rsc is None:
        if not history.operations:
            return
        rsc = _removed_resource(work, history)
        if rsc is None:
            return
    if rsc.removed and rsc.meta.get("container") and rsc.launcher is None:
        orphans.append(rsc)
    if work.options.shutdown_lock:
        _read_lock(work, rsc, node, history)
    if not history.operations:
        return
    before = rsc.role
    rsc.role = Role.UNKNOWN
    entries = in_order(history.operations)
    life = Life(work, rsc, node, history)
    life.read(entries)
    remember_recurring(life, entries)
    settle(life)
    limit = rsc.target_role
    if limit != Role.UNKNOWN and (rsc.next_role == Role.UNKNOWN or rsc.next_role > limit):
        rsc.next_role = limit
    if rsc.role < before:
        rsc.role = before
    if rsc.role == Role.STOPPED and rsc.partial_source is node and rsc.active:
        rsc.role = Role.STARTED


def _take_plain_probe(rsc: Primitive, node: Node) -> None:
    """Take a history that only says that the resource was not there; as `Life` would, in short."""
    before = rsc.role
    rsc.role = Role.STOPPED
    rsc.next_role = rsc.target_role
    mark_known(rsc, node)
    conclude_inactive(rsc, node)
    if before > Role.STOPPED:
        rsc.role = before


def _read_lock(work: WorkingSet, rsc: Primitive, node: Node, history: objects.History) -> None:
    since_s = integer_of(history.get("shutdown-lock"))
    if not since_s:
        return
    limit_s = seconds_of(work.options.shutdown_lock_limit_ms)
    if limit_s > 0 and work.now_s > since_s + limit_s:
        ask(work, rsc, "lrm_delete", node, required=True)
        return
    if limit_s > 0:
        work.recheck_by(since_s + limit_s + 1, rsc)
    rsc.lock_node = node
    rsc.lock_s = since_s


def find_resource(work: WorkingSet, node: Node, name: str) -> Primitive | None:
    """Return the resource, or the instance of it, that a history called *name* on *node* is of."""
    first = work.by_id.get(name)
    if isinstance(first, Primitive) and first.globally_unique:
        return first  # nothing else can be meant
    found = _by_name(work, name)
    if found is None:
        match = _NUMBERED.fullmatch(name)
        found = _by_name(work, f"{match[1] if match else name}:0")
        if found is not None and found.globally_unique:
            found = None
    if not isinstance(found, Primitive):
        return None
    chosen: Primitive | None = found
    clone = found.anonymous_clone
    if isinstance(clone, Clone):
        match = _NUMBERED.fullmatch(name)
        base = match[1] if match else name
        bundle = clone.parent
        if isinstance(bundle, Bundle):
            chosen = next(
                (replica.child for replica in bundle.replicas if replica.node is node), None
            )
        else:
            chosen = _instance_for(work, clone, node, base)
    if chosen is not None and name not in (chosen.id, chosen.history_name):
        chosen.history_name = name
        work.by_history_name.setdefault(name, []).append(chosen)
    return chosen


def _by_name(work: WorkingSet, name: str) -> Resource | None:
    found = work.by_id.get(name)
    if found is None:
        for rsc in work.by_history_name.get(name, ()):
            if rsc.history_name == name:
                return rsc
    return found


def _member(instance: Resource, base: str) -> Primitive | None:
    for member in instance.primitives():
        if member.base_id == base:
            return member
    return None


def _locations(instance: Resource) -> list[Node]:
    """Return where *instance* is active, or something is under way that is no probe."""
    found: dict[Node, None] = {}
    for member in instance.primitives():
        for node in member.active:
            found[node] = None
        if member.pending_node is not None:
            found[member.pending_node] = None
    return list(found)


def _instance_for(work: WorkingSet, clone: Clone, node: Node, base: str) -> Primitive | None:
    """Return the instance of an anonymous *clone* that a history on *node* is taken for."""
    spare: Primitive | None = None
    chosen: Primitive | None = None
    skip = False
    for instance in clone.children:
        places = _locations(instance)
        if places:
            if places[0] is node:
                chosen = _member(instance, base)
                if chosen is not None and chosen.active:
                    chosen, skip = None, True
                    break
                if chosen is not None:
                    break
        elif spare is None and not instance.blocked:
            member = _member(instance, base)
            if member is not None and member.pending_node in (None, node):
                spare = member
    if chosen is None and not skip:
        chosen = spare
    if (
        chosen is not None
        and chosen.requires < Requires.FENCING
        and (not node.online or node.unclean)
        and not node.is_guest
        and clone.clone_max != len(work.nodes)
    ):
        chosen = None
    if chosen is None:
        made = add_instance(work, clone)
        assert made is not None
        chosen = _member(made, base)
    return chosen


def _removed_resource(work: WorkingSet, history: objects.History) -> Primitive | None:
    """Return a resource for a history that the configuration knows nothing of."""
    others = tuple(
        (name, value)
        for name, value in history.attributes.items()
        if name not in ("id", "class", "provider", "type")
    )
    made = unpack(
        work,
        objects.Primitive(
            id=history.id,
            class_=history.get("class"),
            provider=history.get("provider") or None,
            type=history.get("type"),
            extra=objects.Extra(others, ()),
        ),
        None,
    )
    if not isinstance(made, Primitive):
        return None
    made.index = len(work.resources)
    work.resources.append(made)
    made.removed = True
    if made.is_connection:
        node = remote_node(work, made.id)
        link_connection(work, made)
        node.shutting_down = True
    if work.options.stop_removed_resources:
        ban_everywhere(made, work.nodes)
        note(work, Why.REMOVED, made, None)
    else:
        made.managed = False
    return made
