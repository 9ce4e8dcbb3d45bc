"""Whether a history of changes and reads could have been done one after the other.

The algorithm is Wing and Gong's with Lowe's memory of what was tried: each operation takes effect
at one moment between its beginning and its end; what was never answered may have had its effect
at any time since, or none. A key is judged by itself, which is enough (linearizability is local).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

Value = str | None


@dataclass(frozen=True, slots=True)
class Change:
    """*key* was to go from *old* to *new*; *ended* is None while nobody knows whether it did."""

    key: str
    began: float
    ended: float | None
    old: Value
    new: Value

    def after(self, state: Value) -> tuple[bool, Value]:
        """Return whether it is possible in *state*, and the state after it."""
        return state == self.old, self.new


@dataclass(frozen=True, slots=True)
class Read:
    """*value* was seen at *key*."""

    key: str
    began: float
    ended: float | None
    value: Value

    def after(self, state: Value) -> tuple[bool, Value]:
        """Return whether it is possible in *state*, which stays."""
        return state == self.value, state


Operation = Change | Read
KEPT_MAX: Final = 1_000_000


def first_impossible(history: Iterable[Operation], initial: Value = None) -> str:
    """Return a key whose operations no order explains, or nothing."""
    by_key: dict[str, list[Operation]] = {}
    for operation in history:
        by_key.setdefault(operation.key, []).append(operation)
    return next((key for key, told in sorted(by_key.items()) if not _fits(told, initial)), "")


def _fits(history: list[Operation], initial: Value) -> bool:
    """Return whether some order of *history*, all of one key, explains it."""
    operations = sorted(history, key=lambda each: each.began)
    ends = [inf if each.ended is None else each.ended for each in operations]
    must = sum(1 << number for number, end in enumerate(ends) if end != inf)
    tried: set[tuple[int, Value]] = set()
    stack: list[tuple[int, Value]] = [(0, initial)]
    while stack:
        done, state = stack.pop()
        if done & must == must:
            return True
        if (done, state) in tried:
            continue
        assert len(tried) < KEPT_MAX, "a history too long to judge"
        tried.add((done, state))
        left = [number for number in range(len(operations)) if not done >> number & 1]
        horizon = min(ends[number] for number in left)
        for number in left:
            if operations[number].began > horizon:
                break  # something had ended before this began
            possible, then = operations[number].after(state)
            if possible:
                stack.append((done | 1 << number, then))
    return False
