"""Locks with fencing tokens: one holder at most, and every token higher than all before it.

Who wants a lock says so in order; the *arbiter* (the leader of the log) grants it by a SAFE
message, and only while its view has quorum and every voter that is missing from the view is known
to be over: until then a lock that it held may still be believed in there. A grant counts where it
is delivered, if the lock is still free: so all members agree, though the arbiter may change at any
moment. Its token is (epoch of the view, place in the view's order), which only rises, since the
epochs of views with quorum do.

A node without quorum counts its own locks as lost. What it held stays taken for the others until
the life that held it is over.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.services.words import Asked, Freed, Granted, Holding, Over, Process, Standing

NAME_MAX: Final = 128
LOCKS_MAX: Final = 1024
"""How many locks and waits one cluster keeps; more are refused by the node that is asked."""

Token = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grant:
    """*process* holds the lock *name* from now on, under *token*."""

    name: str
    process: Process
    token: Token


@dataclass(frozen=True, slots=True)
class Free:
    """The lock *name* is held no more by *process*; *lost*: it did not give it back itself."""

    name: str
    process: Process
    lost: bool


@dataclass(frozen=True, slots=True)
class Say:
    """The arbiter is to say *word*, SAFE."""

    word: Granted | Over


LocksEffect = Grant | Free | Say


@dataclass(slots=True)
class Lock:
    """One lock: who holds it (or nobody), by which token, and who waits, in order."""

    holder: Process | None
    token: Token
    waiting: list[Process]


class Locks:
    """All locks, as every member of the view holds them; *me* is this node."""

    def __init__(self, me: int) -> None:
        self._me = me
        self._locks: dict[str, Lock] = {}
        self._nodes: frozenset[int] = frozenset()
        self._said: set[tuple[str, Process] | int] = set()
        """What this arbiter has said and has not heard yet."""

    def table(self) -> list[tuple[str, Lock]]:
        """Return all locks by name."""
        return sorted(self._locks.items())

    def count(self) -> int:
        """Return how many holders and waiters there are."""
        return sum(1 + len(lock.waiting) for lock in self._locks.values())

    def of_node(self, node: int) -> tuple[Holding, ...]:
        """Return what processes of *node* hold and wait for."""
        return tuple(held for held in self._holdings() if held.process.node == node)

    def of_others(self) -> tuple[Holding, ...]:
        """Return what processes of nodes outside the view hold."""
        return tuple(
            held for held in self._holdings() if held.process.node not in self._nodes and held.epoch
        )

    def _holdings(self) -> list[Holding]:
        found = []
        for name, lock in self.table():
            if lock.holder is not None:
                found.append(Holding(name, lock.holder, *lock.token))
            found += [Holding(name, process, 0, 0) for process in lock.waiting]
        return found

    def view_changed(self, nodes: Collection[int]) -> list[LocksEffect]:
        """Go on with *nodes*: who waited elsewhere waits no more; what was held there stays so."""
        self._nodes = frozenset(nodes)
        self._said.clear()
        for lock in self._locks.values():
            lock.waiting = [process for process in lock.waiting if process.node in nodes]
        return self._tidy()

    def quorum_lost(self) -> list[LocksEffect]:
        """Count what this node's own clients hold as lost: another side may give it away."""
        effects: list[LocksEffect] = []
        for name, lock in self.table():
            if lock.holder is not None and lock.holder.node == self._me:
                effects.append(Free(name, lock.holder, True))
                lock.holder = None
            lock.waiting = [process for process in lock.waiting if process.node != self._me]
        return effects + self._tidy()

    def hear(
        self, sender: int, word: Asked | Granted | Freed | Over | Standing, at: Token
    ) -> list[LocksEffect]:
        """Take an ordered message, delivered at *at* = (epoch, place)."""
        effects: list[LocksEffect] = []
        match word:
            case Asked(name, process) if process.node == sender:
                lock = self._locks.setdefault(name, Lock(None, (0, 0), []))
                if process != lock.holder and process not in lock.waiting:
                    lock.waiting.append(process)
            case Granted(name, process):
                self._said.discard((name, process))
                effects += self._granted(name, process, at)
            case Freed(name, process) if process.node == sender:
                effects += self._freed(name, process)
            case Over(node):
                self._said.discard(node)
                effects += self._over(node)
            case Standing(locks=locks, others=others):
                effects += self._stand(sender, locks, others)
        return effects + self._tidy()

    def arbitrate(self, *, may_grant: bool, over: Collection[int]) -> list[LocksEffect]:
        """Return what the arbiter says now: *over* are nodes outside whose lives are over."""
        if not may_grant:
            return []
        effects: list[LocksEffect] = []
        for name, lock in self.table():
            holder = lock.holder
            if holder is not None and holder.node in over and holder.node not in self._nodes:
                effects += self._once(holder.node, Over(holder.node))
            elif holder is None and lock.waiting:
                first = lock.waiting[0]
                effects += self._once((name, first), Granted(name, first))
        return effects

    def _once(self, key: tuple[str, Process] | int, word: Granted | Over) -> list[LocksEffect]:
        if key in self._said:
            return []
        self._said.add(key)
        return [Say(word)]

    def _granted(self, name: str, process: Process, at: Token) -> list[LocksEffect]:
        lock = self._locks.get(name)
        if lock is None or lock.holder is not None or process not in lock.waiting:
            return []
        assert at > lock.token, f"a token fell: {at} after {lock.token}"
        lock.waiting.remove(process)
        lock.holder, lock.token = process, at
        return [Grant(name, process, at)]

    def _freed(self, name: str, process: Process) -> list[LocksEffect]:
        lock = self._locks.get(name)
        if lock is None:
            return []
        if process in lock.waiting:
            lock.waiting.remove(process)
        if lock.holder != process:
            return []
        lock.holder = None
        return [Free(name, process, False)]

    def _over(self, node: int) -> list[LocksEffect]:
        effects: list[LocksEffect] = []
        if node in self._nodes:
            return effects
        for name, lock in self.table():
            if lock.holder is not None and lock.holder.node == node:
                effects.append(Free(name, lock.holder, True))
                lock.holder = None
        return effects

    def _stand(
        self, sender: int, locks: tuple[Holding, ...], others: tuple[Holding, ...]
    ) -> list[LocksEffect]:
        """Learn what *sender*'s clients hold, and what it knows of nodes that are lost."""
        effects: list[LocksEffect] = []
        held = {(each.name, each.process) for each in locks if each.epoch}
        wanted = [each for each in locks if not each.epoch]
        for name, lock in self.table():
            holder = lock.holder
            if holder is not None and holder.node == sender and (name, holder) not in held:
                effects.append(Free(name, holder, True))
                lock.holder = None
            lock.waiting = [process for process in lock.waiting if process.node != sender]
        for each in (*locks, *others):
            if each.epoch and (each.process.node == sender or each in others):
                self._learn(each)
        for each in wanted:
            lock = self._locks.setdefault(each.name, Lock(None, (0, 0), []))
            if each.process.node == sender and each.process != lock.holder:
                lock.waiting.append(each.process)
        return effects

    def _learn(self, held: Holding) -> None:
        """Take over a holder that is not known here; of two, the later token counts."""
        lock = self._locks.setdefault(held.name, Lock(None, (0, 0), []))
        token = (held.epoch, held.place)
        if token > lock.token:
            lock.holder, lock.token = held.process, token

    def _tidy(self) -> list[LocksEffect]:
        """Forget locks that nobody holds or wants.

        Their last tokens go too: the next one has a later view, or a later place in this one.
        """
        idle = [name for name, lock in self._locks.items() if not lock.holder and not lock.waiting]
        for name in idle:
            del self._locks[name]
        return []
