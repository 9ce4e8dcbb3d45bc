"""Which node is better, and the act of giving a resource to a node or taking it back.

Preferences are in the tables (`Resource.allowed`); whether a node can take anything at all is its
own matter (`Node.available`). The order between nodes of equal preference is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cmp_to_key

from pcsx.pe.flags import OPTIONAL, RUNNABLE
from pcsx.pe.model import Node, Primitive, Requires, Resource, Role, Table, WorkingSet
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import NEVER

RankKey = tuple[int, int, bool, str]


def current_node(rsc: Resource) -> Node | None:
    """Return the node that counts as the one where *rsc* is, or None where it is inactive."""
    active = rsc.active
    if not active:
        return None
    if len(active) == 1 or rsc.children:
        return active[0]
    if rsc.partial_source is not None and rsc.partial_source in active:
        return rsc.partial_source
    if rsc.requires >= Requires.FENCING:
        return active[0]
    return next((node for node in active if node.online and not node.unclean), active[0])


def is_usable(node: Node, score: int) -> bool:
    """Say whether *node* can take a resource that has *score* there."""
    return score >= 0 and node.available


def host_is_chosen(node: Node) -> bool:
    """Say whether the container of a guest or bundle node has a node of its own already."""
    connection = node.connection
    if connection is None or connection.launcher is None:
        return True
    return connection.launcher.assigned is not None


def ranked(work: WorkingSet, table: Table, current: Node | None) -> list[Node]:
    """Return the nodes of *table*, the best first."""
    if work.options.placement_strategy == "balanced":
        return _ranked_by_capacity(table, current)
    key = _rank_keys(work, table, current)
    return sorted(table, key=key.__getitem__)


def best_of(work: WorkingSet, table: Table, current: Node | None) -> Node | None:
    """Return the best node of *table*, None where it is empty."""
    if not table:
        return None
    if work.options.placement_strategy == "balanced":
        return _ranked_by_capacity(table, current)[0]
    top = max([score if node.available else NEVER for node, score in table.items()])
    best: Node | None = None
    best_key: RankKey | None = None
    minimal = work.options.placement_strategy == "minimal"
    for node, score in table.items():
        if (score if node.available else NEVER) != top:
            continue
        key = (
            (0, 0, False, node.name)
            if minimal
            else (0, node.assigned_count, node is not current, node.name)
        )
        if best_key is None or key < best_key:
            best, best_key = node, key
    return best


def _rank_keys(work: WorkingSet, table: Table, current: Node | None) -> dict[Node, RankKey]:
    if work.options.placement_strategy == "minimal":
        return {
            node: (-score if node.available else -NEVER, 0, False, node.name)
            for node, score in table.items()
        }
    return {
        node: (
            -score if node.available else -NEVER,
            node.assigned_count,
            node is not current,
            node.name,
        )
        for node, score in table.items()
    }


def _ranked_by_capacity(table: Table, current: Node | None) -> list[Node]:
    def compare(left: Node, right: Node) -> int:
        left_score = table[left] if left.available else NEVER
        right_score = table[right] if right.available else NEVER
        if left_score != right_score:
            return right_score - left_score
        if balance := compare_capacity(left, right):
            return -balance
        left_key = (left.assigned_count, left is not current, left.name)
        right_key = (right.assigned_count, right is not current, right.name)
        return -1 if left_key < right_key else 1

    return sorted(sorted(table, key=lambda node: node.index), key=cmp_to_key(compare))


def compare_capacity(left: Node, right: Node) -> int:
    """Return more than 0 if *left* has more of most things left than *right*, less if fewer."""
    balance = 0
    for name in left.utilization.keys() | right.utilization.keys():
        mine, theirs = left.utilization.get(name, 0), right.utilization.get(name, 0)
        balance += (mine > theirs) - (mine < theirs)
    return balance


def give_to(
    work: WorkingSet, rsc: Primitive, node: Node | None, *, forced: bool, reversible: bool
) -> bool:
    """Assign *rsc* to *node*, or to none where *node* cannot take it; say whether it has one.

    With *forced* neither scores nor the state of the node matter. With *reversible* nothing follows
    from a failure yet; the caller takes it back.
    """
    if node is not None and not forced and not _can_take(rsc, node):
        if not reversible:
            rsc.next_role = Role.STOPPED
        node = None
    take_back(rsc)
    rsc.is_assigned = True
    if node is None:
        if not reversible:
            _leave_unassigned(work, rsc)
        return False
    rsc.assigned = node
    rsc.assigned_score = node.base_score if forced else rsc.allowed[node]
    node.assigned_count += 1
    _use(node, rsc, 1)
    if work.tell_utilization:
        work.score_lines.append(
            f"pcmk__assign_resource: {rsc.id} utilization on {node.name}:"
            + utilization_text(rsc.utilization)
        )
    return True


def _can_take(rsc: Primitive, node: Node) -> bool:
    score = rsc.allowed.get(node, NEVER)
    return score >= 0 and (node.available or node.is_guest)


def _leave_unassigned(work: WorkingSet, rsc: Primitive) -> None:
    """Let what was found and planned already follow from having no node."""
    rsc.next_role = Role.STOPPED
    note(work, Why.NO_NODE, rsc, None)
    for action in rsc.actions:
        if action.task == "stop":
            action.flags &= ~OPTIONAL
        elif action.task == "start" or (action.interval_ms and action.meta.get("target_rc") != "7"):
            action.flags &= ~RUNNABLE


def take_back(rsc: Resource) -> None:
    """Undo the assignment of *rsc* and of all in it."""
    for child in rsc.children:
        take_back(child)
    node = rsc.assigned
    rsc.is_assigned = False
    rsc.assigned = None
    if node is None or rsc.children:
        return
    node.assigned_count -= 1
    _use(node, rsc, -1)


def _use(node: Node, rsc: Resource, times: int) -> None:
    """Take what *rsc* needs from the capacities that *node* tells about."""
    for name, amount in rsc.utilization.items():
        if name in node.utilization:
            node.utilization[name] -= times * amount


def utilization_text(utilization: dict[str, int]) -> str:
    """Return the amounts by name, each with a blank before it."""
    return "".join(f" {name}={utilization[name]}" for name in sorted(utilization))


def tell_capacities(work: WorkingSet, when: str, nodes: Iterable[Node]) -> None:
    """Keep a line of what each node has (left), for people who ask for utilization."""
    work.score_lines += [
        f"{when}: {node.name} capacity:{utilization_text(node.utilization)}"
        for node in nodes
        if not node.is_bundle
    ]
