"""What a leader asks of every change before it becomes an entry of the log."""

from __future__ import annotations

from typing import Final

from pcsx.cib.access import check_rights
from pcsx.cib.check import check_change
from pcsx.cib.replica import Check
from pcsx.cib.schema import check_shape_change

CHECKS: Final[tuple[Check, ...]] = (check_rights, check_shape_change, check_change)
"""Whether the author may, whether the document keeps its shape, whether it makes sense."""
