"""The actions of groups, clones and bundles: their members' own, and the pseudo actions that stand
for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.pe.actions.make import ask
from pcsx.pe.actions.notify import create_points
from pcsx.pe.actions.primitive import create_actions as create_primitive_actions
from pcsx.pe.flags import MIGRATABLE, OPTIONAL, PSEUDO, RUNNABLE
from pcsx.pe.model import (
    Action,
    Bundle,
    Clone,
    Group,
    Primitive,
    Resource,
    WorkingSet,
)
from pcsx.values import INFINITY


def create_actions(work: WorkingSet, rsc: Resource) -> None:
    """Make all actions of *rsc* and of everything in it."""
    match rsc:
        case Primitive():
            create_primitive_actions(work, rsc)
        case Group():
            _create_group(work, rsc)
        case Clone():
            _create_clone(work, rsc)
        case Bundle():
            _create_bundle(work, rsc)


def pseudo_action(
    work: WorkingSet, rsc: Resource, task: str, *, required: bool, runnable: bool = True
) -> Action:
    """Return the pseudo action of a collective for *task*."""
    action = ask(work, rsc, task, None, required=required)
    action.flags |= PSEUDO
    if runnable:
        action.flags |= RUNNABLE
    return action


def _create_group(work: WorkingSet, group: Group) -> None:
    for member in group.children:
        create_actions(work, member)
    tasks = ["start", "running", "stop", "stopped"]
    if group.promotable:
        tasks += ["demote", "demoted", "promote", "promoted"]
    for task in tasks:
        pseudo_action(work, group, task, required=False)


def _create_clone(work: WorkingSet, clone: Clone) -> None:
    for instance in clone.children:
        create_actions(work, instance)
    _create_points(work, clone, clone.children)
    if clone.promotable:
        for instance in clone.children:
            create_actions(work, instance)
        _create_promotion_points(work, clone)
        for instance in clone.children:
            instance.priority = clone.priority


def _create_bundle(work: WorkingSet, bundle: Bundle) -> None:
    for replica in bundle.replicas:
        for part in (replica.ip, replica.container, replica.connection):
            if part is not None:
                create_actions(work, part)
    _create_points(work, bundle, [replica.container for replica in bundle.replicas])
    if bundle.inner is None:
        return
    create_actions(work, bundle.inner)
    if bundle.inner.promotable:
        for task in ("promote", "promoted", "demote", "demoted"):
            action = pseudo_action(work, bundle, task, required=False)
            if task in ("promoted", "demoted"):
                action.priority = INFINITY


class _Outlook:
    """What a collective's instances are about to do, all taken together."""

    __slots__ = ("active", "restarting", "starting", "stopping")

    def __init__(self, instances: Iterable[Resource]) -> None:
        self.active = self.starting = self.stopping = self.restarting = False
        for instance in instances:
            starting = stopping = False
            for rsc in instance.primitives():
                self.active |= bool(rsc.active)
                starting |= _has(rsc, "start", RUNNABLE)
                stopping |= _has(rsc, "stop", RUNNABLE | PSEUDO)
            self.starting |= starting
            self.stopping |= stopping
            self.restarting |= starting and stopping


def _has(rsc: Resource, task: str, able: int) -> bool:
    """Say whether *rsc* has a required action for *task* that is *able* to be done."""
    return any(
        action.flags & able and not action.flags & OPTIONAL
        for action in rsc.actions_by_key.get(f"{rsc.id}_{task}_0", ())
    )


def _create_points(
    work: WorkingSet, collective: Clone | Bundle, instances: list[Resource] | list[Primitive]
) -> None:
    """Make the points at which all instances start and stop, and are done with it."""
    outlook = _Outlook(instances)
    start = pseudo_action(work, collective, "start", required=outlook.starting)
    running = pseudo_action(
        work,
        collective,
        "running",
        required=outlook.starting,
        runnable=outlook.active or outlook.starting,
    )
    running.priority = INFINITY
    stop = pseudo_action(work, collective, "stop", required=outlook.stopping)
    stopped = pseudo_action(work, collective, "stopped", required=outlook.stopping)
    stopped.priority = INFINITY
    if not outlook.restarting:
        stop.flags |= MIGRATABLE
    if isinstance(collective, Clone) and collective.notify:
        create_points(work, collective, start, running)
        create_points(work, collective, stop, stopped)


def _create_promotion_points(work: WorkingSet, clone: Clone) -> None:
    promoting = demoting = False
    for rsc in clone.primitives():
        promoting |= _has(rsc, "promote", ~0)
        demoting |= _has(rsc, "demote", ~0)
    for task, completed, required in (
        ("promote", "promoted", promoting),
        ("demote", "demoted", demoting),
    ):
        action = pseudo_action(work, clone, task, required=required)
        done = pseudo_action(work, clone, completed, required=required)
        done.priority = INFINITY
        if clone.notify:
            create_points(work, clone, action, done)
