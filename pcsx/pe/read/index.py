"""The histories of all nodes by node and resource, and which of two entries is the newer one."""

from __future__ import annotations

from pcsx.cib.objects import Document, History, HistoryOperation
from pcsx.cib.objects.status import transition_of
from pcsx.pe.model import Node, Resource
from pcsx.pe.sorting import merge_sorted

PENDING = -1
_UNKNOWN_RESULT = 193
_MOVES = frozenset(("start", "stop", "migrate_to", "migrate_from"))


class HistoryIndex:
    """Finds histories by node and resource; each node's is indexed when it is first asked for."""

    def __init__(self, document: Document) -> None:
        self._states = {state.uname.lower(): state for state in document.states if state.uname}
        self._by_node: dict[str, dict[str, History]] = {}

    def of(self, node: str, rsc_id: str) -> History | None:
        """Return what *node* knows of the resource called *rsc_id*."""
        name = node.lower()
        known = self._by_node.get(name)
        if known is None:
            state = self._states.get(name)
            known = {history.id: history for history in state.histories} if state else {}
            self._by_node[name] = known
        return known.get(rsc_id)

    def operations(self, node: Node, rsc: Resource) -> tuple[HistoryOperation, ...]:
        """Return all entries of *rsc* on *node*, under whichever name."""
        found: tuple[HistoryOperation, ...] = ()
        for name in dict.fromkeys((rsc.history_name or rsc.id, rsc.id, rsc.base_id)):
            history = self.of(node.name, name)
            if history is not None:
                found += history.operations
        return found

    def find(
        self, node: str, rsc_id: str, task: str, *, peer: tuple[str, str] | None = None
    ) -> HistoryOperation | None:
        """Return the entry for *task*; with *peer* (attribute, node) only one that names it."""
        history = self.of(node, rsc_id)
        for entry in history.operations if history else ():
            if entry.task == task and (peer is None or entry.get(peer[0]) == peer[1]):
                return entry
        return None

    def is_unknown(self, node: str, rsc_id: str) -> bool:
        """Say whether nothing but pending operations is known of the resource on *node*."""
        history = self.of(node, rsc_id)
        return history is None or all(
            entry.exit_code == _UNKNOWN_RESULT for entry in history.operations
        )

    def moved_since(self, node: str, rsc_id: str, since: HistoryOperation) -> bool:
        """Say whether the resource was started, stopped or moved on *node* after *since*."""
        history = self.of(node, rsc_id)
        return history is not None and any(
            entry.task in _MOVES and compare(entry, since) > 0 for entry in history.operations
        )

    def changed_since(self, node: str, rsc_id: str, since: HistoryOperation) -> bool:
        """Say whether anything newer than *since* tells of another state on *node*."""
        if self.moved_since(node, rsc_id, since):
            return True
        history = self.of(node, rsc_id)
        return history is not None and any(
            entry.task == "monitor"
            and entry.exit_code == 7
            and entry.status == 0
            and compare(entry, since) > 0
            for entry in history.operations
        )


def compare(left: HistoryOperation, right: HistoryOperation) -> int:
    """Return below, at or above 0 as *left* was before, cannot be told from, or after *right*."""
    if left is right:
        return 0
    here, there = left.get("on_node"), right.get("on_node")
    same_node = not here or not there or here == there
    if same_node and left.id == right.id:
        return 0
    a, b = left.call_id, right.call_id
    if a == PENDING and b == PENDING:
        return 0
    if same_node:
        if 0 <= a < b:
            return -1
        if 0 <= b < a:
            return 1
    if (a >= 0 and a == b) or not same_node:
        if min(left.changed_s, right.changed_s) < 0:
            return 0
        return (left.changed_s > right.changed_s) - (left.changed_s < right.changed_s)
    return _compare_pending(left, right)


def _compare_pending(left: HistoryOperation, right: HistoryOperation) -> int:
    """Return the order of two entries of which one is pending, by their transitions."""
    magic_left, magic_right = left.get("transition-magic"), right.get("transition-magic")
    if not magic_left or not magic_right:
        return 0
    (a, _, uuid_a), (b, _, uuid_b) = transition_of(magic_left), transition_of(magic_right)
    if not uuid_a or not uuid_b:
        return 0
    if uuid_a != uuid_b or a == b:
        return 1 if left.call_id == PENDING else -1
    if a == -1 or (a > b and b != -1):
        return 1
    return -1


def in_order(entries: tuple[HistoryOperation, ...]) -> list[HistoryOperation]:
    """Return *entries* oldest first; what cannot be told apart, in reverse document order."""
    ordered = list(reversed(entries))
    if len(ordered) < 2:
        return ordered
    calls = {entry.call_id for entry in ordered}
    if len(calls) == len(ordered) and min(calls) >= 0:
        ordered.sort(key=lambda entry: entry.call_id)
    else:
        return merge_sorted(ordered, compare)
    return ordered


def since_start(entries: list[HistoryOperation]) -> list[HistoryOperation]:
    """Return those of the ordered *entries* that belong to the life of the resource now."""
    stop = start = implied_monitor = implied_role = -1
    for index, entry in enumerate(entries):
        task = entry.task
        if task == "stop" and entry.status == 0:
            stop = index
        elif task in ("start", "migrate_from"):
            start = index
        elif task == "monitor":
            if implied_monitor <= stop and entry.exit_code in (0, 8):
                implied_monitor = index
        elif task in ("promote", "demote") and implied_role <= stop:
            implied_role = index
    if start == -1:
        start = implied_role if implied_role != -1 else implied_monitor
    if start < stop:
        return entries[stop + 1 :]
    return entries[max(start, 0) :]
