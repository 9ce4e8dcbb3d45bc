"""Assigning a resource of any kind, for the rooms that must have another one assigned first.

Each kind's room registers its own way here, so that rooms which need each other (a group its
members, a member its group) need not import each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.pe.model import Kind, Node, Resource, WorkingSet

Assign = Callable[[WorkingSet, Resource, Node | None, bool], Node | None]
_WAYS: Final[dict[Kind, Assign]] = {}


def assigns(kind: Kind) -> Callable[[Assign], Assign]:
    """Return a decorator that makes a function the way to assign resources of *kind*."""

    def register(way: Assign) -> Assign:
        _WAYS[kind] = way
        return way

    return register


def assign(
    work: WorkingSet, rsc: Resource, *, prefer: Node | None = None, reversible: bool = False
) -> Node | None:
    """Choose a node for *rsc*, *prefer* among equals, and return it; None if there is none.

    What is assigned already stays, and what is being assigned further up is left alone.
    """
    return _WAYS[rsc.kind](work, rsc, prefer, reversible)
