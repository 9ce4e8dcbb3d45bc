"""Orders between actions that need not exist yet: kept in the order of creation, applied later.

What an order means for live migrations is added here, as soon as the order itself is.
"""

from __future__ import annotations

from typing import Final

from pcsx.pe.flags import ORD, UNMIG
from pcsx.pe.model import Action, Ordering, Resource, WorkingSet

_START: Final = "start"
_STOP: Final = "stop"


def order(
    work: WorkingSet,
    first: Resource,
    first_task: str,
    then: Resource,
    then_task: str,
    kind: int,
    *,
    origin: str = "",
) -> None:
    """Put the actions of *first* that do *first_task* before those of *then* for *then_task*."""
    work.orderings.append(Ordering((first, first_task), (then, then_task), kind, origin=origin))
    if first is not then and (first.allow_migrate or then.allow_migrate):
        _order_migrations(work, first, first_task, then, then_task, origin)


def order_before_action(
    work: WorkingSet, first: Resource, first_task: str, then: Action, kind: int, *, origin: str = ""
) -> None:
    """Put the actions of *first* that do *first_task* before the action *then*."""
    _store(
        work,
        Ordering((first, first_task), (then.rsc, then.task), kind, then_action=then, origin=origin),
    )


def order_after_action(
    work: WorkingSet, first: Action, then: Resource, then_task: str, kind: int, *, origin: str = ""
) -> None:
    """Put the action *first* before the actions of *then* that do *then_task*."""
    _store(
        work,
        Ordering(
            (first.rsc, first.task), (then, then_task), kind, first_action=first, origin=origin
        ),
    )


def order_actions(work: WorkingSet, first: Action, then: Action, kind: int) -> None:
    """Put one action before another, when the stored orders are applied."""
    _store(
        work,
        Ordering(
            (first.rsc, first.task),
            (then.rsc, then.task),
            kind,
            first_action=first,
            then_action=then,
        ),
    )


def _store(work: WorkingSet, ordering: Ordering) -> None:
    """Keep an order of which an end is an action, and what it means for migrations."""
    work.orderings.append(ordering)
    first, then = ordering.first_rsc, ordering.then_rsc
    if first is None or then is None or first is then or not then.allow_migrate:
        return
    _order_migrations(work, first, ordering.first_task, then, ordering.then_task, ordering.origin)


def is_ancestor(ancestor: Resource, rsc: Resource) -> bool:
    """Say whether *rsc* is within *ancestor*."""
    parent = rsc.parent
    while parent is not None:
        if parent is ancestor:
            return True
        parent = parent.parent
    return False


def _order_migrations(
    work: WorkingSet, first: Resource, first_task: str, then: Resource, then_task: str, origin: str
) -> None:
    """Add what an order between starts or stops means where these become live migrations."""
    if is_ancestor(first, then) or is_ancestor(then, first):
        return
    if not then.allow_migrate:
        return
    ending = {(_STOP, _STOP): UNMIG if first.allow_migrate else 0, ("demote", _STOP): 0}
    added: list[tuple[str, str, int]] = []
    if (first_task, then_task) == (_START, _START):
        if first.allow_migrate:
            added.append(("migrate_from", "migrate_to", ORD))
        added.append((_START, "migrate_to", ORD | (UNMIG if first.allow_migrate else 0)))
    elif (first_task, then_task) == ("promote", _START):
        added.append(("promote", "migrate_to", ORD))
    elif (first_task, then_task) in ending:
        kind = ORD | ending[first_task, then_task]
        added.append((first_task, "migrate_to", kind))
        if then.partial_target is not None:
            added.append((first_task, "migrate_from", kind))
    for added_first, added_then, kind in added:
        work.orderings.append(
            Ordering((first, added_first), (then, added_then), kind, origin=origin)
        )
