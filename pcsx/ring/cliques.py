"""Who should be together: from who hears whom to one group in which all hear all.

Pure arithmetic on rows (RING.md 4, *one-way links*). Every node that knows the same rows finds
the same groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def pair(x: int, y: int) -> tuple[int, int]:
    """Return the two ids as one key, the lower first."""
    return (x, y) if x < y else (y, x)


def component(me: int, nodes: Iterable[int], cuts: frozenset[tuple[int, int]]) -> tuple[int, ...]:
    """Return those of *nodes* that *me* reaches over pairs which are not cut, sorted, me too."""
    left = set(nodes) | {me}
    found, frontier = {me}, [me]
    left.discard(me)
    while frontier:
        here = frontier.pop()
        near = sorted(node for node in left if pair(here, node) not in cuts)
        left.difference_update(near)
        found.update(near)
        frontier += near
    return tuple(sorted(found))


def group_of(
    me: int,
    nodes: Iterable[int],
    cuts: frozenset[tuple[int, int]],
    weight: Mapping[int, int],
    leader: int,
) -> tuple[int, ...]:
    """Return the nodes that *me* belongs with: all of them hear each other.

    Until that is so, the node that misses the most votes is dropped; of equals the one with the
    most links lost, then any but the leader, then the highest id. The dropped do the same among
    themselves.
    """
    group = list(component(me, nodes, cuts))
    dropped: list[int] = []
    while lost := {
        node: [other for other in group if other != node and pair(node, other) in cuts]
        for node in group
    }:
        if not any(lost.values()):
            break
        worst = max(
            group,
            key=lambda node: (
                sum(weight.get(other, 0) for other in lost[node]),
                len(lost[node]),
                node != leader,
                node,
            ),
        )
        group.remove(worst)
        dropped.append(worst)
    if me in group:
        return tuple(group)
    return group_of(me, dropped, cuts, weight, leader)
