"""Copies of the document to work on in peace (`pcsx cib`): changed like a file, committed as one.

A copy is two files of the user's state: the document as it is now and as it was when the copy was
made, so that a commit is a merge. `use` holds for the commands of one shell: the process that
started us is remembered by its number and its start, so no script of the same user is caught.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pcsx.errors import Failed, Finding, Refused
from pcsx.shell import state

if TYPE_CHECKING:
    from pcsx.cib.document import Cib

LIVE: Final = "live"
"""The name of no copy: the document itself."""

VARIABLES: Final = ("PCSX_SHADOW", "CIB_shadow")
"""What in the environment names the copy to work on; the second is the field's name for it."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def path(name: str) -> Path:
    """Return the file of the copy *name*; raises `Refused` for what is no name."""
    if name == LIVE or not _NAME.fullmatch(name):
        text = f"'{name}' cannot be the name of a copy"
        hint = "Names have letters, digits, '_', '.' and '-'; 'live' is the cluster itself."
        raise Refused([Finding.error("copy-name", name, text, hint=hint)])
    return state.directory("copies") / f"{name}.xml"


def base_path(name: str) -> Path:
    """Return the file that holds what the copy *name* was made from."""
    return path(name).with_suffix(".base")


def existing(name: str) -> Path:
    """Return the file of the copy *name*; raises `Failed` where there is none."""
    found = path(name)
    if not found.exists():
        raise Failed(f"there is no copy '{name}'", "pcsx cib list shows them.")
    return found


def names() -> list[str]:
    """Return the names of all copies."""
    return sorted(found.stem for found in state.directory("copies").glob("*.xml"))


def read(name: str) -> tuple[Cib, Cib]:
    """Return what the copy *name* was made from, and what it is now."""
    from pcsx.cib.document import Cib

    now = existing(name).read_bytes()
    try:
        base = base_path(name).read_bytes()
    except OSError:
        base = now
    return Cib.from_bytes(base), Cib.from_bytes(now)


def write(name: str, cib: Cib) -> None:
    """Make *cib* the copy *name*, just made."""
    try:
        path(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for target in (base_path(name), path(name)):
            target.touch(mode=0o600)
            target.write_bytes(cib.to_bytes())
    except OSError as error:
        raise Failed(f"cannot write {path(name)}: {error.strerror}") from error


def delete(name: str) -> None:
    """Remove the copy *name*."""
    existing(name).unlink()
    base_path(name).unlink(missing_ok=True)
    if in_use() == name:
        use(LIVE)


def use(name: str) -> None:
    """Let commands of the calling shell work on the copy *name*, or on the document itself."""
    marker = _marker()
    if name == LIVE:
        marker.unlink(missing_ok=True)
        return
    existing(name)
    try:
        marker.write_text(f"{_start_of(os.getppid())} {name}")
    except OSError as error:
        raise Failed(f"cannot write {marker}: {error.strerror}") from error


def in_use() -> str:
    """Return the copy that the calling shell, or the environment, works on; or nothing."""
    named = next(filter(None, map(os.environ.get, VARIABLES)), "")
    if named:
        return "" if named == LIVE else named
    try:
        start, _, name = _marker().read_text().partition(" ")
    except OSError:
        return ""
    return name if start == _start_of(os.getppid()) else ""


def _marker() -> Path:
    return state.directory("copies") / f"use-{os.getppid()}"


def _start_of(pid: int) -> str:
    """Return when the process began, so that its number is not mistaken for a later one's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "?"
