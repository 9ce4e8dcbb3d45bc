"""What must wait for probes beyond the obvious: while nobody knows where a resource is, nothing
that depends on it is restarted, and nothing it will stop is told so.
"""

from __future__ import annotations

from pcsx.pe.actions.base import new_link, probes_of
from pcsx.pe.constraints.interleave import compatible_instance
from pcsx.pe.flags import ANTI, BLOCK, FWD, LOAD, ONNODE, ORD, PSEUDO, RUNNABLE, UNMIG
from pcsx.pe.model import (
    Action,
    Bundle,
    Clone,
    Group,
    Kind,
    Link,
    Ordering,
    Primitive,
    Resource,
    WorkingSet,
)

_UNDOING = {"start": "stop", "promote": "demote"}


def order_after_probes(work: WorkingSet) -> None:
    """Add all links from probes that follow from the links so far and from the stored orders."""
    leading = _leads_to_undoing(work)
    for rsc in work.resources:
        for primitive in rsc.primitives():
            probes = list(probes_of(primitive))
            if probes:
                _order_restarts(work, primitive, probes, leading)
    for ordering in work.orderings:
        if ordering.first_task == "stop" and ordering.first_rsc is not ordering.then_rsc:
            _order_after_stops(ordering)


# --- What follows from links ----------------------------------------------------------------------


def _leads_to_undoing(work: WorkingSet) -> set[int]:
    """Return the actions from which a walk may come to something that a restart would undo.

    Rather too many of them than too few: whom a walk is for is not asked here.
    """
    stack = [
        action
        for action in work.actions
        if action.task in _UNDOING and action.rsc is not None and _undone(action.rsc, action.task)
    ]
    found = {action.id for action in stack}
    while stack:
        for link in stack.pop().before:
            first = link.first
            if first.id not in found and first.rsc is not None and (
                link.given & FWD or first.rsc.kind != Kind.PRIMITIVE
            ):  # fmt: skip
                found.add(first.id)
                stack.append(first)
    return found


def _undone(rsc: Resource, task: str) -> list[Action]:
    """Return the real stops, or demotes, that undo *task* of the primitive *rsc*."""
    if rsc.kind != Kind.PRIMITIVE:
        return []
    undoing = rsc.actions_by_key.get(f"{rsc.id}_{_UNDOING[task]}_0", ())
    return [undo for undo in reversed(undoing) if not undo.flags & PSEUDO]


def _order_restarts(
    work: WorkingSet, rsc: Primitive, probes: list[Action], leading: set[int]
) -> None:
    targets: dict[int, list[Action]] = {}
    for probe in probes:
        for link in reversed(list(probe.after)):
            _order_inactive_instances(rsc, probe, link)
            then = link.then
            if then.id not in targets:
                targets[then.id] = _undone_by(work, rsc, then, leading)
            for target in targets[then.id]:
                new_link(probe, target, ORD)


def _order_inactive_instances(rsc: Primitive, probe: Action, link: Link) -> None:
    """Keep inactive instances of a clone from starting while a probe cannot run."""
    then = link.then
    if (
        probe.flags & RUNNABLE
        or link.given & BLOCK
        or then.task != "start"
        or then.rsc is not rsc.topmost
        or not isinstance(then.rsc, Clone | Bundle)
    ):
        return
    for later in reversed(list(then.after)):
        start = later.then
        if (
            start.task == "start"
            and start.rsc is not None
            and start.rsc.topmost is then.rsc
            and not start.rsc.active
        ):
            new_link(probe, start, ORD | BLOCK)


def _undone_by(work: WorkingSet, rsc: Primitive, first: Action, leading: set[int]) -> list[Action]:
    """Return the stops and demotes that restarts from *first* on would need, in order."""
    found: list[Action] = []
    seen: set[int] = set()
    stack = [first]
    while stack:
        action = stack.pop()
        if action.id in seen or action.id not in leading or action.rsc is None:
            continue
        seen.add(action.id)
        other = action.rsc
        if other is not rsc and action.task in _UNDOING:
            found += _undone(other, action.task)
        only = _only_instance(work, rsc, other)
        stack.extend(link.then for link in action.after if _is_followed(rsc, other, only, link))
    return found


def _only_instance(work: WorkingSet, rsc: Primitive, other: Resource) -> Resource | bool | None:
    """Return the instance of an interleaved clone that *rsc* belongs to; False where all do."""
    if isinstance(other, Clone | Bundle) and other.interleave:
        return compatible_instance(work, rsc, other)
    return False


def _is_followed(rsc: Primitive, other: Resource, only: Resource | bool | None, link: Link) -> bool:
    if link.given & FWD:
        return True
    member = link.then.rsc
    if (
        not isinstance(other, Group | Clone | Bundle)
        or rsc.parent is other
        or member is None
        or member.kind > Kind.GROUP
        or member.parent is not other
    ):
        return False
    return only is False or only is member


# --- What follows from stored orders --------------------------------------------------------------


def _order_after_stops(ordering: Ordering) -> None:
    """Let what waits for the stop of a resource wait for its probes too."""
    rsc = ordering.first_rsc
    if rsc is None:
        return
    probes = list(probes_of(rsc))
    if not probes:
        return
    if (
        ordering.then_task == "stop"
        and isinstance(rsc, Primitive)
        and rsc.launcher is not None
        and rsc.launcher is ordering.then_rsc
    ):
        return
    kind = ORD | ordering.kind & (UNMIG | ONNODE)
    if ordering.kind in (LOAD, ANTI):
        kind = ordering.kind
    then_rsc = ordering.then_rsc
    if ordering.then_action is not None:
        thens = [ordering.then_action]
    elif then_rsc is not None:
        thens = list(then_rsc.actions_by_key.get(f"{then_rsc.id}_{ordering.then_task}_0", ()))
    else:
        thens = []
    for probe in probes:
        for then in thens:
            if then.task == "stonith" and then.meta.get("stonith_action") == "on":
                if then.node is probe.node:
                    continue
            elif then.task == "do_shutdown" and then.node is not probe.node:
                continue
            new_link(probe, then, kind)
