"""What agents said of themselves, kept in the user's state: a command need not run them again.

An agent is known to be the same by its file's path, time and size (`Installed.fingerprint`). What
cannot be read or written is as if it were not there.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from pcsx.shell import state

if TYPE_CHECKING:
    from pathlib import Path

    from pcsx.agents.names import AgentName

Fingerprint = tuple[str, int, int]
"""An agent's file: path, modified in ns, size in bytes."""


def recall(name: AgentName, mark: Fingerprint | None) -> bytes | None:
    """Return the metadata that `keep` wrote for *name* as it is now, or None."""
    if mark is None:
        return None
    try:
        first, _, text = _file(name).read_bytes().partition(b"\n")
    except OSError:
        return None
    return text if first == _line(mark) else None


def keep(name: AgentName, mark: Fingerprint | None, text: bytes) -> None:
    """Write what *name* said (XML), in one step, for `recall`."""
    if mark is None:
        return
    file = _file(name)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            new.write_bytes(_line(mark) + b"\n" + text)
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)


def _file(name: AgentName) -> Path:
    return state.directory("agents") / str(name).replace("/", "%")


def _line(mark: Fingerprint) -> bytes:
    path, modified_ns, size = mark
    return f"{modified_ns} {size} {path!r}".encode("utf-8", "surrogateescape")
