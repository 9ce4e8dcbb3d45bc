"""Ticket constraints: what may run only while this site has a ticket, and what becomes of it."""

from __future__ import annotations

from pcsx.cib import objects
from pcsx.pe.actions.fencing import request
from pcsx.pe.constraints.names import all_named, listed
from pcsx.pe.model import Primitive, Resource, Role, Ticket, TicketConstraint, WorkingSet
from pcsx.pe.read.meta import role_of
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import ban_everywhere


def read(work: WorkingSet, constraint: objects.TicketConstraint) -> None:
    """Bind the resources that *constraint* names to its ticket."""
    if not constraint.ticket:
        return
    ticket = work.tickets.setdefault(constraint.ticket, Ticket(constraint.ticket))
    for rsc in all_named(work, (constraint.rsc,)):
        _bind(work, constraint, rsc, ticket, constraint.rsc_role)
    for one, rsc in listed(work, constraint.id, constraint.sets):
        _bind(work, constraint, rsc, ticket, one.role)


def _bind(
    work: WorkingSet,
    constraint: objects.TicketConstraint,
    rsc: Resource,
    ticket: Ticket,
    role_text: str | None,
) -> None:
    role = role_of(role_text) or Role.UNKNOWN
    if role == Role.STARTED:
        role = Role.UNKNOWN
    policy = _policy(work, constraint.loss_policy, role)
    bound = TicketConstraint(constraint.id or "", rsc, ticket, policy, role)
    rsc.tickets.append(bound)
    if ticket.granted and not ticket.standby:
        return
    for primitive in rsc.primitives():
        _heed(work, bound, primitive)


def _policy(work: WorkingSet, text: str | None, role: Role) -> str:
    default = "demote" if role == Role.PROMOTED else "stop"
    policy = (text or default).lower()
    if policy == "fence" and not work.options.fencing_enabled:
        return "stop"
    return policy if policy in ("stop", "demote", "fence", "freeze") else default


def _heed(work: WorkingSet, bound: TicketConstraint, rsc: Primitive) -> None:
    """Let *rsc* lose what it may do only with the ticket."""
    ticket, policy = bound.ticket, bound.loss_policy
    state = "in standby" if ticket.granted else "not granted"
    if ticket.granted or not rsc.active:
        banned = bound.role != Role.PROMOTED or policy == "stop"
    elif policy == "stop":
        banned = True
    elif policy == "demote":
        banned = bound.role != Role.PROMOTED
    elif bound.role not in (Role.UNKNOWN, rsc.role):
        return
    else:
        banned = policy == "fence"
        if banned:
            for node in list(rsc.active):
                request(work, node, "deadman ticket was lost")
        else:
            rsc.managed = False
            rsc.blocked = True
            note(work, Why.BLOCKED, rsc, None, f"the ticket {ticket.id} is {state}")
    if banned:
        ban_everywhere(rsc, work.nodes)
        note(work, Why.TICKET, rsc, None, ticket.id, bound.id, state)
