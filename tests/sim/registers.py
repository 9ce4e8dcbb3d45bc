"""Two places of the document that clients change and read, each by what it saw; judged at the end.

A change is made from what a daemon shows and names the old value, so it is a compare-and-set. What
a daemon shows may be old, but not older than the last change that it has acknowledged itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.cluster import set_property
from tests.sim.linear import Change, Operation, Read, Value, first_impossible

if TYPE_CHECKING:
    from tests.sim.cluster import Call, Cluster

KEYS = ("r1", "r2")
UNDONE = ("conflict", "refused")
"""Answers after which nothing was changed, for certain."""


class Registers:
    """The history of one run."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._changes: list[tuple[str, Value, str, float, Call]] = []
        self._reads: list[Read] = []

    def change(self, id: int, key: str, value: str) -> None:
        """Have a client on machine *id* read *key* and set it to *value*, if it may read."""
        node = self._cluster.machines[id].node
        assert node is not None and node.member is not None
        if not node.member.machine.caught_up:
            return
        old = self._seen(id, key)
        call = self._cluster.commit(id, lambda tree: set_property(tree, key, value))
        self._changes.append((key, old, value, self._cluster.now_ms, call))

    def _seen(self, id: int, key: str) -> Value:
        """Return what machine *id* shows of *key*, and remember that it did."""
        node = self._cluster.machines[id].node
        assert node is not None and node.member is not None
        value = node.member.ledger.replica.cib.cluster_option(key)
        own = [
            call.ended_ms
            for known, _, _, _, call in self._changes
            if known == key and call.machine == id and call.ok
        ]
        self._reads.append(Read(key, max(own, default=0), self._cluster.now_ms, value))
        return value

    def history(self) -> list[Operation]:
        """Return all that was done, with what its clients know of it."""
        told: list[Operation] = [*self._reads]
        for key, old, new, began, call in self._changes:
            answer: dict[str, Any] = call.replies[-1] if call.done else {}
            if answer.get("error", {}).get("code") in UNDONE:
                continue
            # A client that was told of an error does not know whether its change was made.
            told.append(Change(key, began, call.ended_ms if call.ok else None, old, new))
        return told

    def unexplained(self) -> str:
        """Return the key whose history no order explains, all nodes read once more; or nothing."""
        now_ms = self._cluster.now_ms
        for machine in self._cluster.members():
            for key in KEYS:
                self._seen(machine.id, key)
                last = self._reads.pop()
                self._reads.append(Read(key, now_ms, now_ms, last.value))
        return first_impossible(self.history())
