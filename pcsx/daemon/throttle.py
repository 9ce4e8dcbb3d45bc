"""How many operations this node runs at once: as many as it is allowed, fewer when it is loaded."""

from __future__ import annotations

from typing import Final

LEAST: Final = 8
"""A small machine runs so many at once all the same: agents mostly wait."""
THRESHOLD: Final = 80
"""`load-threshold` where it is not set, in percent."""


def jobs_at_once(*, cores: int, limit: int, load: int, threshold: int = THRESHOLD) -> int:
    """Return how many operations may run at once.

    *limit* is `node-action-limit` (0: two a core); *load* is the load of one core in percent, as
    the run queue has been over the last minute. Beyond twice *threshold* half of the operations
    are let in, beyond four times a quarter, beyond eight times one: a node that is late is not
    helped by more work, but it must never stand still.
    """
    most = limit if limit > 0 else max(LEAST, 2 * cores)
    if threshold <= 0:
        return most
    for times, part in ((8, most), (4, 4), (2, 2)):
        if load > threshold * times:
            return max(1, most // part)
    return most
