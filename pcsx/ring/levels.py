"""Feature levels: what this program speaks, and what stands against one that does not fit.

A cluster goes by one level, which is part of its committed configuration, and rises by one step at
a time once all who count speak the next (`log/changes.py`). It never falls. So programs of
neighbouring releases run together, and what only the newer one knows is used by all at once.
"""

from __future__ import annotations

from typing import Final

Range = tuple[int, int]
"""The lowest and the highest level that a program speaks."""

FEATURES: Final[Range] = (1, 1)
"""What this program speaks."""


def speaks(features: Range, level: int) -> bool:
    """Return whether a program that speaks *features* can go by *level*."""
    return features[0] <= level <= features[1]


def misfit(features: Range, level: int) -> str:
    """Return what is wrong with a program that speaks *features*, and what to do; or nothing."""
    if features[1] < level:
        return (
            f"its pcsx speaks feature level {features[1]} at most, and the cluster is at {level}: "
            "upgrade pcsx there"
        )
    if features[0] > level:
        return (
            f"its pcsx speaks feature level {features[0]} at least, and the cluster is at {level}: "
            "install a release between, or upgrade the other nodes first"
        )
    return ""
