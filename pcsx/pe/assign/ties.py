"""The order in which the field looks at nodes where nothing else orders them.

Its tables of nodes are hash tables by node id, and where two nodes are equally good the first of
such a table is taken. That order depends on the ids alone, so it is part of the rule: the hash is
31 h + c over the bytes of the id, and the table has open slots, grows as it fills up, and puts
what it holds in new places then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcsx.pe.model import Node

_PRIMES: Final = (1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749)
_SHIFT_MIN: Final = 3


def in_table_order(nodes: Iterable[Node], *, copies: int = 0) -> list[Node]:
    """Return *nodes* as a table of the field's that was filled in this order holds them.

    Each colocation that was taken into the scores has made a copy of the table, filled in the
    order of the one before; so it counts how many *copies* were made.
    """
    held = list(nodes)
    for _ in range(1 + copies):
        table = _Table()
        for node in held:
            table.add(node)
        held = [node for node in table.slots if node is not None]
    return held


def _hash_of(text: str) -> int:
    value = 0
    for byte in text.encode():
        signed = byte - 256 if byte > 127 else byte
        value = (value * 31 + signed) & 0xFFFFFFFF
    return value if value > 1 else 2  # 0 and 1 mark what is empty and what was removed


class _Table:
    """A hash table with open addressing, which probes 1, 3, 6, 10… slots further."""

    def __init__(self) -> None:
        self.shift = _SHIFT_MIN
        self.slots: list[Node | None] = [None] * (1 << self.shift)
        self.count = 0

    def add(self, node: Node) -> None:
        """Put *node* in the first free slot of its way, and make room where that filled it."""
        slot = self._first(node)
        step = 0
        while self.slots[slot] is not None:
            step += 1
            slot = (slot + step) & (len(self.slots) - 1)
        self.slots[slot] = node
        self.count += 1
        if len(self.slots) <= self.count + self.count // 16:
            self._grow()

    def _first(self, node: Node) -> int:
        return (_hash_of(node.id) * 11 & 0xFFFFFFFF) % _PRIMES[self.shift]

    def _grow(self) -> None:
        """Give all nodes their places in a larger table; who is in the way moves on at once."""
        size = len(self.slots)
        self.shift = max(_SHIFT_MIN, (self.count * 1333 // 1000).bit_length())
        self.slots += [None] * ((1 << self.shift) - size)
        settled: set[int] = set()
        for start in range(size):
            moving = self.slots[start]
            if moving is None or start in settled:
                continue
            self.slots[start] = None
            while moving is not None:
                slot, step = self._first(moving), 0
                while slot in settled:
                    step += 1
                    slot = (slot + step) & (len(self.slots) - 1)
                settled.add(slot)
                moving, self.slots[slot] = self.slots[slot], moving
