"""`pcsx status` of a running cluster, told from what the daemon has read: nothing else is loaded.

`python -X importtime` is the judge of this module, as it is of `ids`: no click, no lxml, no engine.
It is a short cut and no second command: what it does not know, or cannot do now, it leaves to the
command in the tree, which says the same and knows all errors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_FLAGS: Final = ("--json", "--full", "--hide-inactive")
_COPIES: Final = ("PCSX_SHADOW", "CIB_shadow")
"""As `shadows` has them, which may not be loaded here; a test keeps both the same."""


def main(words: Sequence[str]) -> int | None:
    """Do what the command line *words* asks for and return the exit status, or None to pass it on.

    Nothing is printed then.
    """
    flags = [word for word in words if word != "status"]
    if len(words) - len(flags) != 1 or not set(flags) <= set(_FLAGS) or _works_on_a_copy():
        return None
    try:
        told = _asked(hide_inactive="--hide-inactive" in flags)
    except (OSError, ValueError):
        return None
    if told is None:
        return None
    try:
        print(_text(told, flags))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    return 0


def _text(told: dict[str, Any], flags: Sequence[str]) -> str:
    from pcsx.shell.output.status import signs, status_lines

    state = told["state"]
    lines = status_lines(state, told["resources"], full="--full" in flags, signs=signs())
    screen = "\n".join(lines)
    if "--json" not in flags:
        return screen
    import json

    from pcsx.shell.envelope import begun, ended

    whole = ended(begun(exit_status=0, changed=None), state, screen)
    return json.dumps(whole, ensure_ascii=False)


def _works_on_a_copy() -> bool:
    """Return whether this may be about a copy of the document, and not about the cluster."""
    if any(map(os.environ.get, _COPIES)):
        return True
    base = os.environ.get("PCSX_STATE")
    if not base:
        home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        base = f"{home}/pcsx"
    return os.path.exists(f"{base}/copies/use-{os.getppid()}")


def _asked(*, hide_inactive: bool) -> dict[str, Any] | None:
    """Return the local daemon's answer, or None where it has none of that kind."""
    from pcsx.shell.compat.launcher import answered

    told: Any = answered({"do": "state", "hide_inactive": hide_inactive}).get("ok") or {}
    return told if "state" in told and "resources" in told else None
