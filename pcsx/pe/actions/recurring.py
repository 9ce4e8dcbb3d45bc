"""Recurring operations: monitors where a resource runs, and where it must not.

Those that already run are known from the histories as optional actions. Here each configured one
is made, required unless it runs and stays, and those that no longer fit are cancelled.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pcsx.cib.objects import Operation
from pcsx.lean import dataclass
from pcsx.pe.actions.base import exactly, key_of, new_link
from pcsx.pe.actions.make import ask
from pcsx.pe.constraints.stored import order_actions, order_after_action, order_before_action
from pcsx.pe.flags import BLOCK, FWD, OPTIONAL, ORD, RESCHEDULE, RUNNABLE
from pcsx.pe.model import Action, Node, Primitive, Role, WorkingSet
from pcsx.pe.read.operations import interval_of, is_enabled
from pcsx.values import parse_role

_ONE_OFF: Final = frozenset(
    ("stop", "start", "demote", "promote", "reload-agent", "migrate_to", "migrate_from")
)


@dataclass(frozen=True, slots=True)
class _Recurring:
    """A configured operation as far as it matters here."""

    key: str
    task: str
    interval_ms: int
    role: Role


def create_recurring(work: WorkingSet, rsc: Primitive) -> None:
    """Make the recurring operations of *rsc*, and cancel those whose role it leaves."""
    if rsc.blocked or rsc.maintenance:
        return
    node = rsc.assigned
    start: Action | None = None
    if (
        node is not None
        and not node.in_maintenance
        and (rsc.next_role != Role.STOPPED or not rsc.managed)
    ):
        start = ask(work, rsc, "start", node, required=False)
    for recurring in _configured(work, rsc):
        if start is not None and node is not None and recurring.role != Role.STOPPED:
            _create_where_active(work, rsc, recurring, start, node)
        if recurring.role == Role.STOPPED and rsc.globally_unique:
            _create_where_stopped(work, rsc, recurring)


def _configured(work: WorkingSet, rsc: Primitive) -> list[_Recurring]:
    """Return the recurring operations that can be scheduled, as configured."""
    if not rsc.ops:
        return []
    found: list[_Recurring] = []
    times = Counter((op.name, interval_of(op)) for op in rsc.ops if interval_of(op))
    for op in rsc.ops:
        interval_ms = interval_of(op)
        if not interval_ms or not op.id or not op.name:
            continue
        if op.name in _ONE_OFF:
            work.notices.append(f"Ignoring {op.id}: {op.name} cannot be repeated")
        elif times[op.name, interval_ms] > 1:
            work.notices.append(
                f"Ignoring {op.id}: {op.name} every {interval_ms} ms is configured twice"
            )
        elif (role := _role_of(op)) is None:
            work.notices.append(f"Ignoring {op.id}: {op.role} is not a role")
        elif is_enabled(op):
            key = key_of(rsc, op.name, interval_ms)
            found.append(_Recurring(key, op.name, interval_ms, role))
    return found


def _role_of(op: Operation) -> Role | None:
    """Return the role in which *op* is done, UNKNOWN where any but Promoted will do."""
    if op.role is None:
        return Role.UNKNOWN
    role = parse_role(op.role)
    return None if role is None else Role[role.name]


def _create_where_active(
    work: WorkingSet, rsc: Primitive, recurring: _Recurring, start: Action, node: Node
) -> None:
    runs = _runs(rsc, recurring, start, node)
    if recurring.role == Role.UNKNOWN:
        fits = rsc.next_role != Role.PROMOTED
    else:
        fits = recurring.role == rsc.next_role
    if not fits:
        if runs:
            _cancel_for_role(work, rsc, recurring, node)
        return
    monitor = ask(
        work, rsc, recurring.task, node, required=not runs, interval_ms=recurring.interval_ms
    )
    if not start.flags & RUNNABLE or not node.online or node.unclean:
        monitor.flags &= ~RUNNABLE
    if rsc.next_role == Role.PROMOTED:
        monitor.meta["op_target_rc"] = "8"
    if not rsc.managed:
        return
    order_before_action(work, rsc, "start", monitor, FWD | BLOCK)
    order_before_action(work, rsc, "reload-agent", monitor, FWD | BLOCK)
    if rsc.next_role == Role.PROMOTED:
        order_before_action(work, rsc, "promote", monitor, ORD | BLOCK)
    elif rsc.role == Role.PROMOTED:
        order_before_action(work, rsc, "demote", monitor, ORD | BLOCK)


def _runs(rsc: Primitive, recurring: _Recurring, start: Action, node: Node) -> bool:
    """Say whether the operation runs already and nothing restarts the resource so far."""
    if not start.flags & OPTIONAL:
        return False
    known = exactly(rsc, recurring.key, node)
    return bool(known) and not any(action.flags & RESCHEDULE for action in known)


def _cancel_for_role(work: WorkingSet, rsc: Primitive, recurring: _Recurring, node: Node) -> None:
    ended = cancel(work, rsc, recurring.task, recurring.interval_ms, node)
    if rsc.role in (Role.STARTED, Role.UNPROMOTED):
        if rsc.next_role == Role.PROMOTED:
            order_after_action(work, ended, rsc, "promote", BLOCK)
        elif rsc.next_role == Role.STOPPED:
            order_after_action(work, ended, rsc, "stop", BLOCK)
    elif rsc.role == Role.PROMOTED:
        order_after_action(work, ended, rsc, "demote", BLOCK)


def cancel(work: WorkingSet, rsc: Primitive, task: str, interval_ms: int, node: Node) -> Action:
    """Return the action that ends a recurring operation; the known one turns into it."""
    key = key_of(rsc, task, interval_ms)
    action = ask(work, rsc, "cancel", node, required=True, interval_ms=interval_ms, key=key)
    action.task = "cancel"
    action.cancels = task
    action.meta["operation"] = task
    action.meta["interval"] = str(interval_ms)
    return action


def _create_where_stopped(work: WorkingSet, rsc: Primitive, recurring: _Recurring) -> None:
    for node in work.nodes:
        known = bool(exactly(rsc, recurring.key, node))
        if node is rsc.assigned and rsc.next_role != Role.STOPPED:
            if known:
                ended = cancel(work, rsc, recurring.task, recurring.interval_ms, node)
                if rsc.next_role in (Role.STARTED, Role.UNPROMOTED):
                    order_after_action(work, ended, rsc, "start", BLOCK)
            continue
        monitor = ask(
            work, rsc, recurring.task, node, required=not known, interval_ms=recurring.interval_ms
        )
        monitor.meta["op_target_rc"] = "7"
        if rsc.managed:
            for probe in exactly(rsc, key_of(rsc, "monitor"), node):
                new_link(probe, monitor, BLOCK)
        for stop in exactly(rsc, key_of(rsc, "stop"), node):
            if not rsc.managed and not (stop.flags | monitor.flags) & OPTIONAL:
                monitor.flags |= OPTIONAL
            if not stop.flags & RUNNABLE:
                monitor.flags &= ~RUNNABLE
            if rsc.managed:
                order_actions(work, stop, monitor, FWD | BLOCK)
        if not node.online or node.unclean:
            monitor.flags &= ~RUNNABLE
