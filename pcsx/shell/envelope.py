"""The one JSON object that a command prints with `--json`, and how little it has at least.

Kept apart, and light, for those who print one without the rest of the shell.
"""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

SCHEMA: Final = "pcsx-result/1"


def begun(
    *, exit_status: int, changed: bool | None, findings: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    """Return the object of a command that went well: what comes first in it."""
    return {
        "schema": SCHEMA,
        "ok": True,
        "exit": exit_status,
        "changed": changed,
        "findings": list(findings),
    }


def ended(whole: dict[str, Any], data: Any, text: str) -> dict[str, Any]:
    """Return *whole* with the result as *data* and as *text*, as far as there is any."""
    if data is not None:
        whole["data"] = data
    if text:
        whole["text"] = text
    return whole
