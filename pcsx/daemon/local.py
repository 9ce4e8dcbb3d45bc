"""This node's own resources: the executor's reports become the history and attributes it tells.

`Local` owns the truth about this node. It obeys the DC's orders, keeps the history, counts
failures as the field does, and answers with messages for the view plane.
"""

from __future__ import annotations

from typing import Final

STARTS: Final = frozenset(("start", "promote", "migrate_to", "migrate_from"))
"""Tasks that a node begins only while it sees the leader's lease."""
