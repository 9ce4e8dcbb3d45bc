"""The decided actions as a `Transition`: which enter it, in which order, waiting for which.

What an action carries (parameters, meta entries) is put together in `describe.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.cib.evaluate import duration_ms_of
from pcsx.pe.actions import notify
from pcsx.pe.actions.base import new_action
from pcsx.pe.actions.summary import Summary
from pcsx.pe.describe import Describer
from pcsx.pe.flags import (
    ANTI,
    FGRAPH,
    FORCED_IN,
    IN_GRAPH,
    LOAD,
    MIGCHAIN,
    MIGRATABLE,
    MIN,
    OPTIONAL,
    ORD,
    PSEUDO,
    RUNNABLE,
    TGRAPH,
    UNMIG,
)
from pcsx.pe.model import Action, Bundle, Clone, Kind, Link, Resource, WorkingSet
from pcsx.pe.reasons import reasons_of
from pcsx.pe.transition import Action as Step
from pcsx.pe.transition import Transition

_ALWAYS = frozenset(("stonith", "do_shutdown"))


def build(work: WorkingSet) -> Transition:
    """Return the transition that the settled actions of *work* make."""
    entered = [(action, inputs_of(action)) for action in _in_order(work) if _enter(action)]
    return Transition(
        actions=_steps(work, _closed(entered)),
        cluster_delay_ms=duration_ms_of(work.options.cluster_delay, 60_000),
        fencing_timeout_ms=duration_ms_of(work.options.fencing_timeout, 60_000),
        batch_limit=_count(work.options.batch_limit, 0),
        migration_limit=_count(work.options.migration_limit, -1),
        failed_start_fatal=work.options.start_failure_is_fatal,
        recheck_at_s=work.recheck_at_s,
        reasons=reasons_of(work),
        notices=tuple(work.notices),
        blocked=tuple(_blocked(work)),
    )


_Entered = tuple[Action, tuple[int, ...]]
"""An action of the transition, and the ids of those that it waits for."""


def _closed(entered: list[_Entered]) -> list[_Entered]:
    """Return what *entered* without what waits for something that did not: nobody confirms that.

    The field writes such actions down and never gets to them.
    """
    present = {action.id for action, _ in entered}
    while stuck := {action.id for action, inputs in entered if not present.issuperset(inputs)}:
        entered = [each for each in entered if each[0].id not in stuck]
        present -= stuck
    return entered


def _steps(work: WorkingSet, entered: list[_Entered]) -> tuple[Step, ...]:
    """Return the actions that *entered*, with all that they carry.

    They are numbered from 1 in the order in which they were made, so that a number does not tell
    how much else was thought of.
    """
    describer = Describer(work)
    made = sorted(action.id for action, _ in entered)
    number = {id: n for n, id in enumerate(made, 1)}
    return tuple(
        describer.step(action, number[action.id], tuple([number[id] for id in inputs]))
        for action, inputs in entered
    )


def _count(text: str, default: int) -> int:
    try:
        return int(text)
    except ValueError:
        return default


def _blocked(work: WorkingSet) -> Iterator[tuple[str, str]]:
    """Return what should start and cannot for want of quorum."""
    for action in work.actions:
        if (
            action.rsc is not None
            and action.task in ("start", "promote")
            and action.reason in ("no quorum", "quorum freeze")
            and not action.flags & RUNNABLE
        ):
            yield action.rsc.id, action.reason


# --- Which actions, in which order ----------------------------------------------------------------


def _in_order(work: WorkingSet) -> Iterator[Action]:
    """Return all actions as they are written: resource by resource, then what is left."""
    for rsc in work.resources:
        yield from _of_resource(work, rsc)
    _add_maintenance(work)
    for action in reversed(work.actions):
        if not action.flags & IN_GRAPH:
            yield action


def _of_resource(work: WorkingSet, rsc: Resource) -> Iterator[Action]:
    if isinstance(rsc, Clone):
        summary = Summary()
        for action in rsc.actions:
            summary.flags_of(action)
        notify.complete(work, rsc)
        for child in rsc.children:
            yield from _of_resource(work, child)
        yield from reversed(rsc.actions)
    elif isinstance(rsc, Bundle):
        if rsc.inner is not None:
            yield from _of_resource(work, rsc.inner)
        for replica in rsc.replicas:
            for part in (replica.ip, replica.container, replica.connection):
                if part is not None:
                    yield from _of_resource(work, part)
    else:
        yield from reversed(rsc.actions)
        for child in rsc.children:
            yield from _of_resource(work, child)


def _add_maintenance(work: WorkingSet) -> None:
    """Tell remote nodes whose maintenance state has changed, and remember what is told."""
    changed = [
        node
        for node in work.nodes
        if node.is_pcmk_remote and node.in_maintenance != node.recorded_maintenance
    ]
    if changed:
        name = "maintenance_nodes"
        action = new_action(work, None, name, name, None, required=True)
        action.flags |= PSEUDO | FORCED_IN
        for node in changed:
            action.extra[node.id] = "1" if node.in_maintenance else "0"


def _enter(action: Action) -> bool:
    """Say whether *action* enters the transition now, and mark it."""
    merge_links(action)
    if action.flags & IN_GRAPH or not enters(action):
        return False
    action.flags |= IN_GRAPH
    return True


def enters(action: Action) -> bool:
    """Say whether *action* is to be done: runnable, wanted, and on a node that can do it."""
    flags = action.flags
    if not flags & RUNNABLE or flags & (OPTIONAL | FORCED_IN) == OPTIONAL:
        return False
    rsc = action.rsc
    if rsc is not None and not rsc.managed and action.task != "monitor" and not action.interval_ms:
        return False
    if flags & PSEUDO or action.task in _ALWAYS:
        return True
    node = action.node
    if node is None:
        return False
    if action.task == "lrm_delete" or (node.is_guest and not node.to_be_reset):
        return True
    return node.online and not node.unclean


# --- Inputs ---------------------------------------------------------------------------------------


def merge_links(action: Action) -> None:
    """Sort the links before *action* by id, one link for each earlier action."""
    links = action.before
    if len(links) < 2:
        return
    merged: dict[int, Link] = {}
    for link in sorted(links, key=lambda link: link.first.id):
        known = merged.setdefault(link.first.id, link)
        if known is not link:
            known.kind |= link.kind
    action.before = list(merged.values())


def inputs_of(action: Action) -> tuple[int, ...]:
    """Return the ids of the actions that *action* waits for, ascending."""
    found = []
    for link in action.before:
        if is_input(action, link):
            link.in_graph = True
            found.append(link.first.id)
    return tuple(found)


_WEAK = ORD | FGRAPH | TGRAPH


def is_input(action: Action, link: Link) -> bool:
    """Say whether *action* waits for the first of *link*; a link that cannot hold is dropped."""
    kind, first = link.kind, link.first
    if not kind:
        return False
    flags = first.flags
    if not flags & RUNNABLE and (not kind & ~_WEAK or kind & (MIN | MIGCHAIN)):
        return False
    if flags & MIGRATABLE and (kind & UNMIG or (kind == ORD and first.key.endswith("_stop_0"))):
        return False
    if kind == LOAD:
        return _frees_capacity(action, link)
    if kind == ANTI:
        apart = first.node is not None and action.node is not None and first.node is not action.node
        if apart or flags & OPTIONAL:
            link.kind = 0
        return link.kind != 0
    if (
        first.rsc is not None
        and first.rsc is not action.rsc
        and first.rsc.failed
        and not first.rsc.managed
        and first.key.endswith("_stop_0")
        and action.rsc is not None
        and action.rsc.kind == Kind.CLONE
    ):
        return False
    return bool(not flags & OPTIONAL or flags & (FORCED_IN | IN_GRAPH) or enters(first))


def _frees_capacity(action: Action, link: Link) -> bool:
    first = link.first
    if action.rsc is not None and action.task == "migrate_to":
        if first.node is not action.rsc.assigned:
            link.kind = 0
    elif first.node is not action.node or first.flags & OPTIONAL:
        link.kind = 0
    return link.kind != 0
