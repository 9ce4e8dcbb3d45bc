"""Every committed change of the document: who, when, by which command, and how to take it back.

The list is bounded; what falls off its old end can be undone no more. Undoing is a change like any
other: the inverse of the patch, merged onto the present document, so that what was changed since
at other places stays. Where the records are kept on disk is the daemon's business.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from pcsx.cib.document import Cib, Version
from pcsx.cib.patch import Patch, rebase
from pcsx.cib.replica import Change
from pcsx.errors import Failed
from pcsx.lean import dataclass

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

    @property
    def turns(self) -> tuple[str, str]:
        """Return ("undo" or "redo", the change meant), or two empty words for any other change.

        Who takes a change back says so in the command that goes on record with it.
        """
        match self.change.command.split():
            case ["pcsx", ("undo" | "redo") as word, name, *_]:
                return word, name
        return "", ""

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

    def __init__(
        self,
        changes: Iterable[Change] = (),
        *,
        limit: int = CHANGES_MAX,
        bytes_max: int | None = None,
    ) -> None:
        """Hold *changes*, but no more than the newest *limit*, with patches of *bytes_max*."""
        self._records: deque[Record] = deque(maxlen=limit)
        self._bytes_max = bytes_max
        self._bytes = 0
        for change in changes:
            self.add(change)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, change: Change) -> None:
        """Take in one more committed change; the oldest goes where there are too many."""
        assert not self._records or self._records[-1].change.version < change.version
        if len(self._records) == self._records.maxlen:
            self._drop_oldest()
        self._records.append(Record(change))
        self._bytes += len(change.patch)
        while self._bytes_max is not None and self._bytes > self._bytes_max:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._bytes -= len(self._records.popleft().change.patch)

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

    def to_undo(self) -> Record:
        """Return the newest change that stands: it is not undone; raises `Failed`."""
        standing, _ = self._stacks()
        if not standing:
            raise Failed("There is nothing to undo")
        return standing[-1]

    def to_redo(self) -> Record:
        """Return the change that was undone last, with no other since; raises `Failed`."""
        _, undone = self._stacks()
        if not undone:
            raise Failed("There is nothing to redo", "pcsx history --changes lists the changes.")
        return undone[-1]

    def _stacks(self) -> tuple[list[Record], list[Record]]:
        """Return the changes that stand, and those that are undone and may be redone, in order."""
        by_name = {record.name: record for record in self._records}
        standing: list[Record] = []
        undone: list[Record] = []
        for record in self._records:
            word, name = record.turns
            meant = by_name.get(name)
            if word == "undo" and meant is not None:
                if meant in standing:
                    standing.remove(meant)
                undone.append(meant)
            elif word == "redo" and meant is not None:
                if meant in undone:
                    undone.remove(meant)
                standing.append(meant)
            else:
                standing.append(record)
                undone.clear()
        return standing, undone

    def undone(self, present: Cib, name: str) -> Cib:
        """Return *present* without the change called *name*.

        Raises `Failed` for an unknown name, and `Conflict` where later changes touch its places.
        """
        return rebase(present, self.find(name).patch.inverse())

    def redone(self, present: Cib, name: str) -> Cib:
        """Return *present* with the change called *name* made again; raises as `undone` does."""
        return rebase(present, self.find(name).patch)

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
