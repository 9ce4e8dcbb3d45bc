"""The file-backed twin of the client: a document in a file, read whole and replaced whole.

A commit writes a new file beside the old one, puts it on disk and renames it, so a failure at any
moment leaves the old or the new document, never a part. Commits to one directory wait for each
other. What others changed in the file meanwhile stays, unless both touch the same place: that is a
`Conflict`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcsx.cib.document import MAX_BYTES, Cib, Version
from pcsx.errors import Conflict, Failed, NoCluster
from pcsx.shell.journal import Journal

if TYPE_CHECKING:
    from pcsx.cib.replica import Change
    from pcsx.protocol import Request


class FileSource:
    """One document in a file."""

    live = False

    def __init__(self, path: str) -> None:
        """Name the file; it is read when it is first needed."""
        self.path = Path(path)
        self._read: bytes | None = None

    def cib(self) -> Cib:
        """Return the document in the file."""
        try:
            with self.path.open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Failed(f"cannot read {self.path}: {error.strerror}") from error
        if not text.strip():
            raise Failed(
                f"{self.path} is empty",
                f"Begin with an empty document: pcsx cluster cib {self.path}",
            )
        cib = Cib.from_bytes(text)
        self._read = text
        return cib

    def commit(
        self,
        base: Cib,
        new: Cib,
        command: str,
        *,
        wait_s: float | None = None,
        force: tuple[str, ...] = (),
        confirm_s: float | None = None,
    ) -> Version:
        """Replace the file by *new*, with its epoch one up; return the new version."""
        if wait_s is not None:
            raise Failed("Cannot use '-f' together with '--wait'")
        if confirm_s is not None:
            raise Failed("Cannot use '-f' together with '--confirmed': nothing watches over a file")
        target = Path(os.path.realpath(self.path))
        try:
            with _locked(target.parent):
                before, after = self._onto_present(base, new, target)
                epoch = max(before, after, key=_epoch).version.epoch + 1
                version = Version(after.version.admin_epoch, epoch, 0)
                after = after.with_version(version)
                text = after.to_bytes()
                _write(target, text)
                self.journal.add(before, after, command)
        except OSError as error:
            raise Failed(f"cannot write {self.path}: {error.strerror}") from error
        if before is base:  # else: what was read stays the ground of the next merge
            self._read = text
        return version

    @property
    def journal(self) -> Journal:
        """Return the record of what was changed in this file by this program."""
        return Journal(Path(os.path.realpath(self.path)))

    def changes(self) -> list[Change]:
        """Return the changes on record, newest last."""
        return self.journal.read()

    def _onto_present(self, base: Cib, new: Cib, target: Path) -> tuple[Cib, Cib]:
        """Return the document before and after, with what others changed in the file meanwhile."""
        if self._read is None:
            return base, new
        text = target.read_bytes()
        if text == self._read:
            return base, new
        present = Cib.from_bytes(text)
        try:
            from pcsx.cib import patch

            return present, patch.merge(base, new, present)
        except Conflict as conflict:
            conflict.where = f"{target}: {conflict.where}"
            raise

    def settle(self, wait_s: float) -> None:
        """Refuse: a file runs nothing."""
        raise NoCluster("there is nothing to wait for in a file", "Leave out -f FILE.")

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Refuse: a file runs nothing."""
        raise NoCluster(
            f"'{request.do}' needs the running cluster, not a file", "Leave out -f FILE."
        )


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the lock of *directory*; a file system without locks is trusted to have one user."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _epoch(cib: Cib) -> int:
    return cib.version.epoch


def _write(target: Path, text: bytes) -> None:
    """Put *text* on disk beside *target*, then in its place, with its owner and mode."""
    name = f"{target.parent}/.{target.name}.{os.urandom(6).hex()}"
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            if target.exists():
                state = target.stat()
                os.fchmod(file.fileno(), state.st_mode & 0o7777)
                if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
                    with contextlib.suppress(PermissionError):
                        os.fchown(file.fileno(), state.st_uid, state.st_gid)
            else:
                mask = os.umask(0)
                os.umask(mask)
                os.fchmod(file.fileno(), 0o666 & ~mask)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
