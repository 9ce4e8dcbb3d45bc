"""The parameters that an agent is given, which may differ from node to node by rules."""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.cib.evaluate import Circumstances, depends_on_node, fill
from pcsx.cib.objects import NvBlock
from pcsx.pe.model import Node, Resource, WorkingSet


def circumstances(
    work: WorkingSet,
    *,
    rsc: Resource | None = None,
    node: Node | None = None,
    operation: tuple[str, int] | None = None,
) -> Circumstances:
    """Return what rules of *rsc* are judged by, on *node* if one is given."""
    return Circumstances(
        now=work.wall,
        attributes=node.attrs if node is not None else None,
        agent=rsc.agent if rsc is not None else None,
        operation=operation,
        turns=work.turns,
    )


def params_of(work: WorkingSet, rsc: Resource, node: Node | None) -> dict[str, str]:
    """Return the parameters of *rsc* on *node* (with None: on no node in particular).

    The result is shared: do not change it.
    """
    known = rsc.params_by_node
    found = known.get(node)
    if found is not None:
        return found
    if not _differs_by_node(work, rsc):
        found = known.get(None)
        if found is None:
            found = known[None] = _evaluated(work, rsc, None)
        known[node] = found
        return found
    found = known[node] = _evaluated(work, rsc, node)
    return found


def _evaluated(work: WorkingSet, rsc: Resource, node: Node | None) -> dict[str, str]:
    values: dict[str, str] = {}
    where = circumstances(work, rsc=rsc, node=node)
    holder: Resource | None = rsc
    while holder is not None:
        if holder.config is not None:
            fill(values, holder.config.params, where, work.cib)
        holder = holder.parent
    return values


def _differs_by_node(work: WorkingSet, rsc: Resource) -> bool:
    holder: Resource | None = rsc
    while holder is not None:
        if holder.config is not None and has_node_rule(work, holder.config.params):
            return True
        holder = holder.parent
    return False


def has_node_rule(work: WorkingSet, blocks: Iterable[NvBlock]) -> bool:
    """Say whether what *blocks* come to may differ from node to node."""
    for block in blocks:
        if block.id_ref is not None:
            referred = work.cib.find(type(block), block.id_ref)
            if referred is None:
                continue
            block = referred
        if block.rule is not None and depends_on_node(block.rule, work.cib):
            return True
    return False
