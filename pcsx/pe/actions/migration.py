"""Live migration: moving a resource without stopping it.

The stop and start of the move stay, the start as a pseudo action; `migrate_to` and `migrate_from`
are made optional, and the links between the four decide whether it comes to a migration.
"""

from __future__ import annotations

from pcsx.pe.actions.base import newest
from pcsx.pe.actions.make import ask
from pcsx.pe.constraints.stored import order
from pcsx.pe.flags import ELSE, MIGCHAIN, MIGRATABLE, ORD, PSEUDO
from pcsx.pe.model import Node, Primitive, WorkingSet


def can_migrate(rsc: Primitive, current: Node | None) -> bool:
    """Say whether *rsc* may leave *current* for its assigned node alive."""
    return (
        rsc.allow_migrate
        and rsc.managed
        and not rsc.failed
        and not rsc.start_pending
        and current is not None
        and not current.unclean
        and rsc.assigned is not None
        and not rsc.assigned.unclean
    )


def create_migration(work: WorkingSet, rsc: Primitive, current: Node) -> None:
    """Make the actions that carry *rsc* from *current* to its assigned node."""
    target = rsc.assigned
    assert target is not None
    start = newest(rsc, "start", target) or ask(work, rsc, "start", target, required=True)
    stop = newest(rsc, "stop", current) or ask(work, rsc, "stop", current, required=False)
    start.flags |= MIGRATABLE | PSEUDO
    stop.flags |= MIGRATABLE
    ends = {"migrate_source": current.name, "migrate_target": target.name}
    if rsc.partial_target is None:
        migrate_to = ask(work, rsc, "migrate_to", current, required=False)
        migrate_to.requires = start.requires
        migrate_to.flags |= MIGRATABLE
        migrate_to.meta.update(ends)
        if not rsc.is_connection:
            migrate_to.meta["record-pending"] = "true"
    migrate_from = ask(work, rsc, "migrate_from", target, required=False)
    migrate_from.flags |= MIGRATABLE
    migrate_from.meta.update(ends)
    if rsc.partial_target is None:
        order(work, rsc, "monitor", rsc, "migrate_to", ORD)
        order(work, rsc, "migrate_to", rsc, "migrate_from", ORD | MIGCHAIN)
    else:
        migrate_from.requires = start.requires
        order(work, rsc, "monitor", rsc, "migrate_from", ORD)
    order(work, rsc, "migrate_from", rsc, "stop", ORD | MIGCHAIN)
    order(work, rsc, "migrate_from", rsc, "start", ORD | MIGCHAIN | ELSE)
