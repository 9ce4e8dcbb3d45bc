"""Sorting as the field does it, for comparisons that do not agree with themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def merge_sorted(items: list[T], compare: Callable[[T, T], int]) -> list[T]:
    """Return *items* sorted by *compare*, equal ones in their order.

    The field's comparisons are not always transitive, so the way of sorting is part of the rule:
    halves are sorted (the first has the smaller half) and merged.
    """
    if len(items) < 2:
        return list(items)
    middle = len(items) // 2
    left, right = merge_sorted(items[:middle], compare), merge_sorted(items[middle:], compare)
    merged: list[T] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if compare(left[i], right[j]) > 0:
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    return merged + left[i:] + right[j:]
