"""Room for deep chains: the field's rules follow constraints from resource to resource.

A chain may have as many links as the cluster has resources, more than Python allows by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_DEEP: Final = 1_000_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Allow for chains of as many actions as a cluster may have."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
