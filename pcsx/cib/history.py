"""Every committed change of the document: who, when, by which command, and how to take it back.

The list is bounded; what falls off its old end can be undone no more. Undoing is a change like any
other: the inverse of the patch, merged onto the present document, so that what was changed since
at other places stays. Where the records are kept on disk is the daemon's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pcsx.cib.document import Cib, Version
from pcsx.cib.patch import Patch, rebase
from pcsx.cib.replica import Change
from pcsx.errors import Failed

CHANGES_MAX: Final = 2000
"""How many changes are kept by default."""


@dataclass(frozen=True, slots=True)
class Record:
    """One committed change, as people ask for it."""

    change: Change

    @property
    def name(self) -> str:
        """Return what `undo` and `history` call it: the version that it made, without updates."""
        version = self.change.version
        return f"{version.admin_epoch}.{version.epoch}"

    @property
    def patch(self) -> Patch:
        """Return what the change did."""
        return Patch.from_bytes(self.change.patch)

    def to_json(self) -> dict[str, object]:
        """Return the record for `--json`: its name, author, command, time and touched places."""
        return {
            "id": self.name,
            "wall": self.change.wall,
            "user": self.change.user,
            "origin": self.change.origin,
            "command": self.change.command,
            "digest": self.change.digest,
            "places": list(self.patch.summary()),
        }


class History:
    """The changes in the order in which they were committed, newest last."""

    def __init__(self, changes: Iterable[Change] = (), *, limit: int = CHANGES_MAX) -> None:
        """Hold *changes*, but no more than the newest *limit*."""
        self._records: deque[Record] = deque(map(Record, changes), maxlen=limit)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, change: Change) -> None:
        """Take in one more committed change; the oldest goes where there are too many."""
        assert not self._records or self._records[-1].change.version < change.version
        self._records.append(Record(change))

    def newest(self, count: int | None = None) -> list[Record]:
        """Return the newest *count* records (or all of them), newest first."""
        records = list(reversed(self._records))
        return records if count is None else records[:count]

    def find(self, name: str) -> Record:
        """Return the record called *name*: `0.17`, `17`, or `last`; raises `Failed`."""
        if name == "last" and self._records:
            return self._records[-1]
        for record in reversed(self._records):
            if name in (record.name, str(record.change.version.epoch), str(record.change.version)):
                return record
        raise Failed(
            f"There is no change {name}" if self._records else "Nothing was changed yet",
            "pcsx history --changes lists those that can be undone." if self._records else "",
        )

    def undone(self, present: Cib, name: str) -> Cib:
        """Return *present* without the change called *name*.

        Raises `Failed` for an unknown name, and `Conflict` where later changes touch its places.
        """
        return rebase(present, self.find(name).patch.inverse())

    def at(self, present: Cib, version: Version) -> Cib:
        """Return the document as it was at *version*, by walking back; raises `Failed`."""
        document = present
        for record in reversed(self._records):
            if record.change.version <= version:
                break
            document = rebase(document, record.patch.inverse())
        if not self._records or self._records[0].patch.base > version:
            raise Failed(f"The history does not reach back to {version}")
        return document.with_version(version)
