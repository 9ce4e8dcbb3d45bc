"""The stored orders applied: links between the actions that exist now, and what follows from them.

The steps are those of the field, in its order, as the result depends on it: stored orders from
the first to the last; starts and promotions that cannot be, and what is colocated with them; what
must wait for probes; the flags of all actions, newest first; links that can only do harm.
"""

from __future__ import annotations

from pcsx.pe.actions.base import new_link
from pcsx.pe.actions.make import ask
from pcsx.pe.actions.summary import state_of
from pcsx.pe.constraints.after_probes import order_after_probes
from pcsx.pe.constraints.propagate import Propagation
from pcsx.pe.flags import ABORT_STOP, FWD, GUESTOK, LOAD
from pcsx.pe.graph import is_input
from pcsx.pe.model import Action, Link, Ordering, Primitive, Resource, Role, WorkingSet


def apply_orderings(work: WorkingSet) -> None:
    """Link all actions as the orders ask, and settle their flags."""
    for ordering in work.orderings:
        _apply(work, ordering)
    propagation = Propagation(work)
    for action in reversed(work.actions):
        propagation.block_colocated(action)
    order_after_probes(work)
    for action in reversed(work.actions):
        propagation.settle(action)
    for action in reversed(work.actions):
        for link in reversed(action.before):
            if link.kind and _is_invalid(work, action, link):
                link.kind = 0


def _apply(work: WorkingSet, ordering: Ordering) -> None:
    then_rsc, then_action = ordering.then_rsc, ordering.then_action
    if then_action is not None:
        thens = [then_action]
    elif then_rsc is not None:
        thens = then_rsc.actions_by_key.get(f"{then_rsc.id}_{ordering.then_task}_0", [])
    else:
        thens = []
    for first in _firsts(work, ordering):
        kind = ordering.kind
        if first.flags & ABORT_STOP and first.rsc is then_rsc:
            kind &= ~FWD
        for then in thens:
            new_link(first, then, kind)


def _firsts(work: WorkingSet, ordering: Ordering) -> list[Action]:
    """Return the actions that come first; an order may have to make the one it waits for."""
    if ordering.first_action is not None:
        return [ordering.first_action]
    rsc, task = ordering.first_rsc, ordering.first_task
    assert rsc is not None
    known = rsc.actions_by_key.get(f"{rsc.id}_{task}_0")
    if known:
        return known
    if rsc is ordering.then_rsc:
        return []
    if task == "stop" and _role(rsc) == Role.STOPPED:
        return []
    if task == "demote" and _role(rsc) == Role.UNPROMOTED:
        return []
    return [ask(work, rsc, task, None, required=False)]


def _role(rsc: Resource) -> int:
    return rsc.role if isinstance(rsc, Primitive) else state_of(rsc)


def _is_invalid(work: WorkingSet, action: Action, link: Link) -> bool:
    """Say whether *link* lets *action* wait for what can only come after it."""
    first = link.first
    if not link.kind & GUESTOK and first.rsc is not None and action.rsc is not None:
        node = first.node
        connection = node.connection if node is not None else None
        if node is not None and connection is not None and connection.launcher is action.rsc:
            work.notices.append(
                f"Ignoring the order of {first.key} before {action.key}: "
                f"{connection.launcher.id} hosts {node.name}"
            )
            return True
    return (
        link.kind == LOAD
        and action.rsc is not None
        and action.task == "migrate_to"
        and _leads_back(work, link, action)
    )


def _leads_back(work: WorkingSet, link: Link, action: Action) -> bool:
    """Say whether following inputs back from *link* comes to *action* again."""
    seen: set[int] = set()
    stack = [(action, link)]
    while stack:
        then, step = stack.pop()
        if not is_input(then, step):
            continue
        first = step.first
        if first is action:
            return True
        if first.id in seen:
            continue
        seen.add(first.id)
        stack.extend((first, earlier) for earlier in first.before)
    return False
