"""The configuration as an archive, and back: the document and a note of whose it is, no keys."""

from __future__ import annotations

import io
import json
import sys
import tarfile
import time
from typing import Any, Final

from pcsx.cib.document import MAX_BYTES, Cib
from pcsx.errors import Failed, Finding, Refused
from pcsx.shell.run import Run

DOCUMENT: Final = "cib.xml"
NOTE: Final = "backup.json"
SCHEMA: Final = "pcsx-backup/1"
ENDING: Final = ".tar.bz2"
ARCHIVE_MAX: Final = 2 * MAX_BYTES


def packed(run: Run) -> bytes:
    """Return the archive of the configuration that *run* works on."""
    from pcsx.cib.edit import properties
    from pcsx.cib.status import bare

    cib = bare(run.cib())
    note = {
        "schema": SCHEMA,
        "cluster": properties.properties(cib).get("cluster-name", ""),
        "version": str(cib.version),
        "digest": cib.digest,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:bz2") as tar:
        for name, data in (
            (NOTE, json.dumps(note, indent=1).encode() + b"\n"),
            (DOCUMENT, cib.to_bytes()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
            tar.addfile(entry, io.BytesIO(data))
    return whole.getvalue()


def unpacked(data: bytes, name: str) -> Cib:
    """Return the document in the archive *data*; *name* is what it is called in a refusal."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as tar:
            found = {entry.name.rpartition("/")[2]: entry for entry in tar if entry.isfile()}
            for wanted in (DOCUMENT, "cib.xml.0"):
                if wanted in found:
                    return _document(tar, found[wanted], name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Failed(
            f"{name} is no archive of a configuration", "pcsx config backup FILE makes one."
        ) from error
    text = f"there is no {DOCUMENT} in {name}"
    raise Refused([Finding.error("no-backup", name, text, hint="pcsx config backup makes one.")])


def _document(tar: tarfile.TarFile, entry: tarfile.TarInfo, name: str) -> Cib:
    if entry.size > MAX_BYTES:
        raise Failed(f"the document in {name} is larger than {MAX_BYTES >> 20} MiB")
    file: Any = tar.extractfile(entry)
    return Cib.from_bytes(file.read(MAX_BYTES + 1))


def read_archive(path: str) -> bytes:
    """Return the bytes of the file *path*, or of standard input where it is empty."""
    try:
        if not path:
            data = sys.stdin.buffer.read(ARCHIVE_MAX + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(ARCHIVE_MAX + 1)
    except OSError as error:
        raise Failed(f"cannot read {path}: {error.strerror}") from error
    if len(data) > ARCHIVE_MAX:
        raise Failed(f"{path or 'standard input'} is larger than {ARCHIVE_MAX >> 20} MiB")
    return data
