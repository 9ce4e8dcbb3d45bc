"""The file-backed twin of the client: a document in a file, read whole and replaced whole.

A commit writes a new file beside the old one, puts it on disk and renames it, so a failure at any
moment leaves the old or the new document, never a part. A file that changed meanwhile is a
`Conflict`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pcsx.cib.document import MAX_BYTES, Cib, Version
from pcsx.errors import Conflict, Failed, NoCluster

if TYPE_CHECKING:
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
    ) -> Version:
        """Replace the file by *new*, with its epoch one up; return the new version."""
        if wait_s is not None:
            raise Failed("Cannot use '-f' together with '--wait'")
        version = Version(new.version.admin_epoch, max(base, new, key=_epoch).version.epoch + 1, 0)
        self.replace(new.with_version(version), expected=self._read)
        return version

    def replace(self, new: Cib, *, expected: bytes | None) -> None:
        """Put *new* in the file's place, unless the file no longer holds *expected*."""
        target = Path(os.path.realpath(self.path))
        text = new.to_bytes()
        try:
            if expected is not None and target.read_bytes() != expected:
                raise Conflict(str(Cib.from_bytes(expected).version), "another state", str(target))
            _write(target, text)
        except OSError as error:
            raise Failed(f"cannot write {self.path}: {error.strerror}") from error
        self._read = text

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Refuse: a file runs nothing."""
        raise NoCluster(
            f"'{request.do}' needs the running cluster, not a file", "Leave out -f FILE."
        )


def _epoch(cib: Cib) -> int:
    return cib.version.epoch


def _write(target: Path, text: bytes) -> None:
    """Put *text* on disk beside *target*, then in its place, with its owner and mode."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
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
