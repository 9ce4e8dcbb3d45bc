"""The arithmetic of preferences: tables of scores by node, infinity, and factors.

A table (`model.Table`) has only the nodes that a resource knows; a missing entry is not a 0.
Everything here is about numbers: which preferences are combined, and why, is decided in
`constraints/` and `assign/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct
from typing import Final

from pcsx.pe.model import Node, Resource, Table
from pcsx.values import INFINITY, add_scores, score_text

NEVER = -INFINITY
UNUSABLE = -10 * INFINITY
"""Below minus infinity: an entry that other resources' preferences made unusable for a while."""

_SINGLE: Final = Struct("f")

__all__ = [
    "INFINITY", "NEVER", "UNUSABLE", "add_scores", "add_to", "ban", "ban_everywhere",
    "best_score", "factor_of", "give", "has_usable", "multiply", "score_lines", "score_text",
]  # fmt: skip


def single(value: float) -> float:
    """Return *value* in single precision, as the field computes factors."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


@lru_cache(maxsize=4096)
def factor_of(score: int, factor: float = 1.0) -> float:
    """Return the weight of a preference that comes through a constraint of *score*."""
    return single(single(factor * score) / INFINITY)


def multiply(factor: float, score: int) -> int:
    """Return *score* weighed, rounded half away from zero, and never lost: at least 1 or -1."""
    product = factor * score
    rounded = int(product + 0.5) if product >= 0 else int(product - 0.5)
    if rounded == 0 and score != 0 and factor != 0:
        return 1 if factor > 0 else -1
    return rounded


def add_to(table: Table, node: Node, score: int) -> None:
    """Add *score* to the entry of *node*, which is made with exactly *score* if missing."""
    old = table.get(node)
    table[node] = score if old is None else add_scores(old, score)


def give(rsc: Resource, node: Node, score: int) -> None:
    """Give *score* on *node* to all in *rsc*, children first.

    A missing entry begins with the node's own score, which is minus infinity for a node that is
    gone or leaves.
    """
    for child in rsc.children:
        give(child, node, score)
    table = rsc.allowed
    table[node] = add_scores(table.get(node, node.base_score), score)


def ban(rsc: Resource, node: Node) -> None:
    """Forbid *node* to all in *rsc*."""
    give(rsc, node, NEVER)


def ban_everywhere(rsc: Resource, nodes: Iterable[Node]) -> None:
    """Forbid all of *nodes* to all in *rsc*."""
    for node in nodes:
        give(rsc, node, NEVER)


def best_score(table: Table, nodes: Iterable[Node]) -> int:
    """Return the highest score among *nodes*, minus infinity if none has an entry."""
    return max((table[node] for node in nodes if node in table), default=NEVER)


def has_usable(table: Table) -> bool:
    """Say whether some available node has a score of 0 or more."""
    return any(score >= 0 and node.available for node, score in table.items())


def score_lines(stage: str, rsc: Resource) -> list[str]:
    """Return the score lines of *rsc* and all in it, nodes in natural order.

    Removed resources tell nothing.
    """
    if rsc.removed:
        return []
    lines = [
        f"{stage}: {rsc.id} allocation score on {node.name}: {score_text(rsc.allowed[node])}"
        for node in sorted(rsc.allowed, key=lambda node: node.index)
    ]
    for child in rsc.children:
        lines += score_lines(stage, child)
    return lines
