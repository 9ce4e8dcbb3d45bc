"""Tickets and node states: who has which ticket, which cluster nodes are up, leave or are lost."""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib.evaluate import Circumstances, fill, integer_of, seconds_of, truth_of
from pcsx.cib.objects import NodeState
from pcsx.pe.actions import fencing
from pcsx.pe.model import Node, QuorumPolicy, Ticket, WorkingSet
from pcsx.values import INFINITY, parse_bool

_NUMBER: Final = re.compile(r"-?\d+")


def read_tickets(work: WorkingSet) -> None:
    """Make the tickets whose state is known."""
    for state in work.cib.tickets:
        if not state.id:
            continue
        ticket = work.tickets.setdefault(state.id, Ticket(state.id))
        ticket.granted = truth_of(state.granted)
        ticket.standby = truth_of(state.standby)
        last = integer_of(state.last_granted)
        ticket.last_granted_s = -1 if last is None else last
        ticket.attrs = dict(state.extra.attributes)


def node_of_state(work: WorkingSet, state: NodeState) -> Node | None:
    """Return the node that *state* is of: by id, else by name."""
    node = work.nodes_by_id.get(state.id.lower()) if state.id else None
    if node is None and state.uname:
        node = work.nodes_by_name.get(state.uname.lower())
    return node


def read_states(work: WorkingSet, where: Circumstances) -> None:
    """Set of each cluster node whether it is online, and ask for the fencing of lost ones.

    A state without an id says nothing.

    Of Pacemaker Remote nodes only "has been fenced" is taken now: the rest of their state counts
    only once their connection is known to be up (`history.py`).
    """
    for state in work.cib.states:
        node = node_of_state(work, state) if state.id else None
        if node is None:
            continue
        if node.is_pcmk_remote:
            node.remote_fenced = bool(integer_of(state.node_fenced))
            continue
        add_transient(work, node, state, where)
        if truth_of(node.attrs.get("standby")):
            node.standby = True
        if truth_of(node.attrs.get("maintenance")):
            node.in_maintenance = True
        node.unclean = False
        node.seen = True
        if node.attrs.get("shutdown", "0") != "0":
            node.shutting_down = True
        elif state.expected == "member":
            node.expected_up = True
        _judge_membership(work, node, state)
        if not node.online or node.shutting_down:
            node.base_score = -INFINITY
        if node.online and not work.quorate and work.options.no_quorum_policy == QuorumPolicy.FENCE:
            fencing.request(work, node, "cluster does not have quorum")


def add_transient(work: WorkingSet, node: Node, state: NodeState, where: Circumstances) -> None:
    """Add the transient attributes and capacity of *state*; they win over lasting ones."""
    for transient in state.transient:
        node.attrs.update(fill({}, transient.attributes, where, work.cib))
        for name, value in fill({}, transient.utilization, where, work.cib).items():
            node.utilization[name] = integer_of(value) or 0


def _membership_s(work: WorkingSet, text: str | None) -> int:
    """Return since when the node is a member: 0 if it is none, -1 if it never was seen."""
    if text is None:
        return -1
    truth = parse_bool(text) if not _NUMBER.fullmatch(text) else None
    if truth is not None:
        return work.now_s if truth else 0
    number = int(text) if _NUMBER.fullmatch(text) else -1
    return max(-1, number)


def _process_s(text: str | None) -> int:
    """Return since when the node's daemons are in the group: 0 if they are not."""
    if text is None or text == "offline":
        return 0
    if text == "online":
        return 1
    return max(0, int(text)) if _NUMBER.fullmatch(text) else 0


def _judge_membership(work: WorkingSet, node: Node, state: NodeState) -> None:
    member_s, process_s = _membership_s(work, state.in_ccm), _process_s(state.crmd)
    if not work.options.fencing_enabled:
        _judge_without_fencing(work, node, state, member_s, process_s)
        return
    if node.shutting_down:
        node.online = process_s > 0
        return
    node.online = member_s > 0
    terminate = node.attrs.get("terminate")
    if member_s < 0:
        fencing.request(work, node, "peer has not been seen by the cluster")
    elif state.join == "banned":
        fencing.request(work, node, "peer failed Pacemaker membership criteria")
    elif truth_of(terminate) or (integer_of(terminate) or 0) > 0:
        if member_s <= 0 and process_s <= 0 and state.join == "down":
            node.online = False
        else:
            fencing.request(work, node, "fencing was requested")
    elif state.expected is None or state.expected == "down":
        _judge_joining(work, node, member_s, process_s)
    elif member_s <= 0:
        fencing.request(work, node, "peer is no longer part of the cluster", delayed=True)
    elif process_s <= 0:
        fencing.request(work, node, "peer process is no longer available")
    elif state.join in ("pending", "down"):
        node.pending = node.standby = True
    elif state.join != "member":
        fencing.request(work, node, "peer was in an unknown state")


def _judge_joining(work: WorkingSet, node: Node, member_s: int, process_s: int) -> None:
    timeout_s = seconds_of(work.options.node_pending_timeout_ms)
    if member_s > 0 and process_s <= 0 and timeout_s > 0:
        if work.now_s >= member_s + timeout_s:
            fencing.request(work, node, "peer pending timed out on joining the process group")
            return
        work.recheck_by(member_s + timeout_s)
    if member_s > 0 or process_s > 0:
        node.pending = node.standby = True


def _judge_without_fencing(
    work: WorkingSet, node: Node, state: NodeState, member_s: int, process_s: int
) -> None:
    node.online = False
    if member_s <= 0:
        return
    if process_s > 0:
        node.online = state.join == "member"
    elif node.expected_up:
        fencing.request(work, node, "peer is unexpectedly down")
