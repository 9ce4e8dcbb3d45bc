"""Where the shell keeps what is not in any cluster: copies of documents, journals of files.

That is `PCSX_STATE`, or the directory that the desktop's rules name for a user's state.
"""

from __future__ import annotations

import os
from pathlib import Path


def directory(name: str) -> Path:
    """Return the directory *name* of this user's state; it need not be there."""
    base = os.environ.get("PCSX_STATE")
    if base:
        return Path(base, name)
    home = os.environ.get("XDG_STATE_HOME") or Path(os.path.expanduser("~"), ".local", "state")
    return Path(home, "pcsx", name)
