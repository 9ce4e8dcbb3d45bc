"""What agents call during an operation, by the field's names: `crm_attribute` and its like.

`answer` takes the words of one call and what this node knows, and returns what to print and what
to change. Nothing is printed or changed here. Options are those that shipped agents use; output has
the field's shape, because agents take it apart by position.
"""

from __future__ import annotations

from pcsx.daemon.tools.port import VERSION, Facts, NodeFacts, Running, Said
from pcsx.daemon.tools.table import TOOLS, answer

__all__ = ["TOOLS", "VERSION", "Facts", "NodeFacts", "Running", "Said", "answer"]
