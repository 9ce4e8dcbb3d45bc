"""The journal of one file: each change of it by this program, so that it can be told and undone.

A line is a `Change` as JSON, as in the cluster's log. The journals are kept in the user's state,
not beside the files; those of files that were not changed for long go first. A journal that cannot
be written loses no change of the file: the change is merely not on record.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from _blake2 import blake2s  # what hashlib gives, without OpenSSL, which it loads
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pcsx.shell import state

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.cib.replica import Change

FILES_MAX: Final = 200
BYTES_MAX: Final = 4 << 20


class Journal:
    """What was changed in one file."""

    def __init__(self, file: Path) -> None:
        """Name the file by its whole path."""
        path = str(file).encode("utf-8", "surrogateescape")
        name = blake2s(path, digest_size=16).hexdigest()
        self.path = state.directory("files") / f"{name}.journal"

    def add(self, before: Cib, after: Cib, command: str) -> None:
        """Put the change from *before* to *after* on record."""
        with contextlib.suppress(OSError):
            if not self.path.exists():
                self._make_room()
            line = _change(before, after, command).to_bytes()
            with self.path.open("ab") as file:
                file.write(line + b"\n")
            if self.path.stat().st_size > BYTES_MAX:
                self._shorten()

    def read(self) -> list[Change]:
        """Return the changes, newest last: those since the file was last another one."""
        from pcsx.cib.replica import Change

        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        changes: list[Change] = []
        for line in lines:
            change = Change.from_bytes(line)
            if changes and change.version <= changes[-1].version:
                changes.clear()
            changes.append(change)
        return changes

    def _make_room(self) -> None:
        directory = self.path.parent
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = sorted(directory.glob("*.journal"), key=lambda path: path.stat().st_mtime)
        for old in known[: -FILES_MAX + 1]:
            old.unlink(missing_ok=True)
        self.path.touch(mode=0o600)

    def _shorten(self) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join(lines[len(lines) // 2 :]))


def _change(before: Cib, after: Cib, command: str) -> Change:
    from pcsx.cib.patch import diff
    from pcsx.cib.replica import Change

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    wall = datetime.now().astimezone().isoformat(timespec="seconds")
    patch = diff(before, after).to_bytes()
    return Change(
        patch, before.digest, after.version, after.digest, user, command, wall, "file", 0, ""
    )
