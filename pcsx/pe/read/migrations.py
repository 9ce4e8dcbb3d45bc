"""What histories say of live migrations: finished, halfway, or failed, seen from both ends.

The source is where `migrate_to` ran, the target where `migrate_from` did or should have.
"""

from __future__ import annotations

from pcsx.cib.objects import HistoryOperation
from pcsx.pe.model import Node, Primitive, Role, WorkingSet
from pcsx.pe.read.active import add_active
from pcsx.pe.read.index import HistoryIndex


def _ends(entry: HistoryOperation) -> tuple[str, str] | None:
    source, target = entry.get("migrate_source"), entry.get("migrate_target")
    return (source, target) if source and target else None


def _index(work: WorkingSet) -> HistoryIndex:
    index = work.history
    assert isinstance(index, HistoryIndex)
    return index


def _changed_since(
    work: WorkingSet,
    rsc: Primitive,
    node: str,
    *,
    source: str,
    to: HistoryOperation | None,
    onto: HistoryOperation | None,
) -> bool:
    """Say whether *node* tells of another state after the migration (*to*, *onto* its ends)."""
    reference = (to or onto) if node == source else (onto or to)
    assert reference is not None
    return _index(work).changed_since(node, rsc.id, reference)


def take_migrate_to(work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation) -> None:
    """Take a `migrate_to` that succeeded on *node*, the source."""
    ends = _ends(entry)
    if ends is None or ends[0].lower() != node.name.lower():
        return
    source, target = ends
    index = _index(work)
    source_moved = index.moved_since(source, rsc.id, entry)
    onto = index.find(target, rsc.id, "migrate_from", peer=("migrate_source", source))
    if source_moved and (
        onto is not None or _changed_since(work, rsc, target, source=source, to=entry, onto=None)
    ):
        return
    if onto is not None and onto.exit_code == 0 and onto.status == 0:
        rsc.role = Role.STOPPED
        rsc.dangling.insert(0, node)
        return
    rsc.role = Role.STARTED
    there = work.nodes_by_name.get(target.lower())
    arrives = (
        there is not None
        and there.online
        and not _changed_since(work, rsc, target, source=source, to=entry, onto=onto)
    )
    if onto is not None and onto.status != -1:
        if arrives and there is not None:
            add_active(work, rsc, there, failed=True)
        else:
            _give_up(rsc)
        return
    if there is not None and there.online and index.is_unknown(target, rsc.id):
        return
    if arrives and there is not None:
        add_active(work, rsc, there, failed=False)
        if node.online:
            rsc.partial_source = node
            rsc.partial_target = there
    elif not source_moved:
        _give_up(rsc)


def _give_up(rsc: Primitive) -> None:
    rsc.failed = rsc.must_stop = True
    rsc.allow_migrate = False


def take_failed_migrate_to(
    work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation
) -> None:
    """Take a `migrate_to` that failed on *node*: it may be active at both ends."""
    ends = _ends(entry)
    if ends is None or ends[0].lower() != node.name.lower():
        return
    source, target = ends
    rsc.role = Role.STARTED
    index = _index(work)
    onto = index.find(target, rsc.id, "migrate_from", peer=("migrate_source", source))
    if onto is not None and onto.exit_code != 0:
        onto = None
    if not index.is_unknown(target, rsc.id) and not _changed_since(
        work, rsc, target, source=source, to=entry, onto=onto
    ):
        there = work.nodes_by_name.get(target.lower())
        if there is not None and there.online:
            add_active(work, rsc, there, failed=False)
    elif not index.moved_since(source, rsc.id, entry):
        rsc.dangling.insert(0, node)


def take_failed_migrate_from(
    work: WorkingSet, rsc: Primitive, node: Node, entry: HistoryOperation
) -> None:
    """Take a `migrate_from` that failed on *node*, the target: the source may still have it."""
    ends = _ends(entry)
    if ends is None or ends[1].lower() != node.name.lower():
        return
    source, target = ends
    rsc.role = Role.STARTED
    index = _index(work)
    to = index.find(source, rsc.id, "migrate_to", peer=("migrate_target", target))
    if to is not None and to.exit_code != 0:
        to = None
    if not index.is_unknown(source, rsc.id) and not _changed_since(
        work, rsc, source, source=source, to=to, onto=entry
    ):
        there = work.nodes_by_name.get(source.lower())
        if there is not None and there.online:
            add_active(work, rsc, there, failed=True)
