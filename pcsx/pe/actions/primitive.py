"""The actions of one primitive: what leads from its current role and node to the next ones.

Everything that is active also gets the optional actions of a restart in place: what other
resources do may make them required.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.pe.actions.base import exactly, key_of, new_link
from pcsx.pe.actions.make import ask
from pcsx.pe.actions.migration import can_migrate, create_migration
from pcsx.pe.actions.recurring import create_recurring
from pcsx.pe.actions.unfencing import order_after_unfencing, unfence_action
from pcsx.pe.flags import ABORT_STOP, BACK, FORCED_IN, FWD, OPTIONAL, PSEUDO, RUNNABLE
from pcsx.pe.model import MultipleActive, Node, Primitive, Requires, Role, WorkingSet

NEXT_ROLE: Final[dict[Role, dict[Role, Role]]] = {
    Role.UNKNOWN: {
        Role.STOPPED: Role.STOPPED,
        Role.STARTED: Role.STOPPED,
        Role.UNPROMOTED: Role.STOPPED,
        Role.PROMOTED: Role.STOPPED,
    },
    Role.STOPPED: {
        Role.STARTED: Role.STARTED,
        Role.UNPROMOTED: Role.UNPROMOTED,
        Role.PROMOTED: Role.UNPROMOTED,
    },
    Role.STARTED: {
        Role.STOPPED: Role.STOPPED,
        Role.UNPROMOTED: Role.UNPROMOTED,
        Role.PROMOTED: Role.PROMOTED,
    },
    Role.UNPROMOTED: {
        Role.STOPPED: Role.STOPPED,
        Role.STARTED: Role.STOPPED,
        Role.PROMOTED: Role.PROMOTED,
    },
    Role.PROMOTED: {
        Role.STOPPED: Role.UNPROMOTED,
        Role.STARTED: Role.UNPROMOTED,
        Role.UNPROMOTED: Role.UNPROMOTED,
    },
}
"""The next step on the way from a role to another."""


class _Plan:
    """One primitive's way from here to there."""

    __slots__ = ("multiply_active", "need_promote", "need_stop", "restarting", "rsc", "work")

    def __init__(self, work: WorkingSet, rsc: Primitive) -> None:
        self.work = work
        self.rsc = rsc
        self.need_stop = False
        self.need_promote = False
        self.multiply_active = False
        self.restarting = False

    def is_expected(self, node: Node | None) -> bool:
        """Say whether the copy on *node* is left alone while all unexpected ones are stopped."""
        return (
            self.restarting
            and self.multiply_active
            and self.rsc.multiple_active == MultipleActive.STOP_UNEXPECTED
            and self.rsc.next_role > Role.STOPPED
            and node is not None
            and node is self.rsc.assigned
        )


def current_node(rsc: Primitive) -> Node | None:
    """Return where *rsc* counts as active, of all the nodes where it was found active."""
    if rsc.partial_source is not None and rsc.partial_source in rsc.active:
        return rsc.partial_source
    if not rsc.active:
        return None
    if rsc.requires >= Requires.FENCING:
        return rsc.active[0]
    clean = (node for node in rsc.active if node.online and not node.unclean)
    return next(clean, rsc.active[0])


def create_actions(work: WorkingSet, rsc: Primitive) -> None:
    """Make all actions of *rsc*."""
    if rsc.next_role == Role.UNKNOWN:
        rsc.next_role = Role.STOPPED if rsc.assigned is None else Role.STARTED
    plan = _Plan(work, rsc)
    current = current_node(rsc)
    for source in rsc.dangling:
        stop = ask(work, rsc, "stop", source, required=True)
        stop.flags |= ABORT_STOP
    moving = (
        current is not None
        and rsc.assigned is not None
        and current is not rsc.assigned
        and rsc.next_role >= Role.STARTED
    )
    migrates = moving and can_migrate(rsc, current)
    plan.need_stop = moving
    migrates = _judge_multiple(plan, current, migrates=migrates)
    if rsc.start_pending and rsc.assigned is not None:
        ask(work, rsc, "start", rsc.assigned, required=False).flags |= FORCED_IN
    if not moving:
        _judge_restart(plan, current)
    _plan_restart(plan)
    _plan_transition(plan)
    create_recurring(work, rsc)
    if migrates:
        assert current is not None
        create_migration(work, rsc, current)


def _judge_multiple(plan: _Plan, current: Node | None, *, migrates: bool) -> bool:
    """Settle what being active on several nodes means; say whether it still migrates."""
    rsc = plan.rsc
    source, target = rsc.partial_source, rsc.partial_target
    if source is not None or target is not None:
        if (
            migrates
            and len(rsc.active) == 2
            and current is source
            and source is not None
            and target is not None
            and rsc.assigned is target
        ):
            return True
        rsc.partial_source = rsc.partial_target = None
        plan.need_stop = True
        return False
    if rsc.requires >= Requires.FENCING:
        count = len(rsc.active)
    else:
        count = sum(node.online and not node.unclean for node in rsc.active)
    if count > 1:
        plan.multiply_active = True
        if rsc.multiple_active in (MultipleActive.STOP_START, MultipleActive.STOP_UNEXPECTED):
            plan.need_stop = True
    return migrates


def _judge_restart(plan: _Plan, current: Node | None) -> None:
    rsc = plan.rsc
    if rsc.failed:
        if rsc.must_stop:
            plan.need_stop = True
        elif rsc.next_role == Role.PROMOTED:
            plan.need_promote = True
    elif rsc.blocked:
        plan.need_stop = True
    elif rsc.role > Role.STARTED and current is not None and rsc.assigned is not None:
        start = ask(plan.work, rsc, "start", rsc.assigned, required=False)
        if not start.flags & OPTIONAL:
            plan.need_stop = True


def _plan_restart(plan: _Plan) -> None:
    """Make the way down and up again in place, required only if it must be."""
    rsc = plan.rsc
    plan.restarting = True
    role = rsc.role
    while role != Role.STOPPED:
        following = NEXT_ROLE[role][Role.STOPPED]
        _step(plan, role, following, required=plan.need_stop)
        role = following
    if rsc.role <= rsc.next_role and not rsc.blocked:
        while role != rsc.role:
            following = NEXT_ROLE[role][rsc.role]
            required = plan.need_stop or (following == Role.PROMOTED and plan.need_promote)
            _step(plan, role, following, required=required)
            role = following
    plan.restarting = False


def _plan_transition(plan: _Plan) -> None:
    rsc = plan.rsc
    role = rsc.role
    while role != rsc.next_role:
        following = NEXT_ROLE[role][rsc.next_role]
        _step(plan, role, following, required=True)
        role = following


def _step(plan: _Plan, role: Role, following: Role, *, required: bool) -> None:
    step = _STEPS.get((role, following))
    if step is not None:
        step(plan, required)


def _stop(plan: _Plan, required: bool) -> None:
    work, rsc = plan.work, plan.rsc
    for node in rsc.active:
        if plan.is_expected(node):
            continue
        if rsc.partial_target is not None:
            if node is rsc.partial_target and node is rsc.assigned:
                continue
            required = True
        stop = ask(work, rsc, "stop", node, required=required)
        if rsc.assigned is None:
            stop.reason = "node availability"
        elif (
            plan.restarting
            and plan.multiply_active
            and rsc.multiple_active == MultipleActive.STOP_UNEXPECTED
        ):
            stop.reason = "being multiply active"
        if not rsc.managed:
            stop.flags &= ~RUNNABLE
        if rsc.requires == Requires.UNFENCING:
            new_link(stop, unfence_action(work, node), BACK)


def _start(plan: _Plan, required: bool) -> None:
    rsc, node = plan.rsc, plan.rsc.assigned
    start = ask(plan.work, rsc, "start", node, required=False)
    if node is not None:
        order_after_unfencing(plan.work, rsc, node, start, FWD)
    if required and start.flags & RUNNABLE:
        start.flags &= ~OPTIONAL
    if plan.is_expected(node):
        start.flags |= PSEUDO


def _promote(plan: _Plan, required: bool) -> None:
    work, rsc, node = plan.work, plan.rsc, plan.rsc.assigned
    if node is None:
        return
    starts = exactly(rsc, key_of(rsc, "start"), node)
    if all(start.flags & RUNNABLE for start in starts):
        promote = ask(work, rsc, "promote", node, required=required)
        if plan.is_expected(node):
            promote.flags |= PSEUDO
    else:
        for promote in exactly(rsc, key_of(rsc, "promote"), node):
            promote.flags &= ~RUNNABLE


def _demote(plan: _Plan, required: bool) -> None:
    for node in plan.rsc.active:
        if not plan.is_expected(node):
            ask(plan.work, plan.rsc, "demote", node, required=required)


_STEPS: Final[dict[tuple[Role, Role], Callable[[_Plan, bool], None]]] = {
    (Role.UNKNOWN, Role.STOPPED): _stop,
    (Role.STARTED, Role.STOPPED): _stop,
    (Role.UNPROMOTED, Role.STOPPED): _stop,
    (Role.STOPPED, Role.STARTED): _start,
    (Role.STOPPED, Role.UNPROMOTED): _start,
    (Role.STARTED, Role.PROMOTED): _promote,
    (Role.UNPROMOTED, Role.PROMOTED): _promote,
    (Role.PROMOTED, Role.UNPROMOTED): _demote,
}


def unassign(rsc: Primitive) -> None:
    """Make what was planned for *rsc* fit that it will run nowhere."""
    rsc.next_role = Role.STOPPED
    for action in rsc.actions:
        if action.task == "stop":
            action.flags &= ~OPTIONAL
        elif action.task == "start" or (
            action.interval_ms and action.meta.get("op_target_rc") != "7"
        ):
            action.flags &= ~RUNNABLE
