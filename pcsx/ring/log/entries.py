"""The log in memory: the entries behind a base, and who counts at each place.

Nothing here knows of terms that are won or lost, or of the disk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from pcsx.ring.config import RingConfig
from pcsx.ring.port import Entry, EntryKind
from pcsx.ring.quorum import Voters

_LENGTH: Final = struct.Struct(">I")


def joint_payload(old: RingConfig, new: RingConfig) -> bytes:
    """Return the bytes of a JOINT entry: both configurations."""
    first = old.to_bytes()
    return _LENGTH.pack(len(first)) + first + new.to_bytes()


def joint_of(payload: bytes) -> Voters:
    """Return what `joint_payload` wrote; raises ValueError, KeyError, TypeError, struct.error."""
    (length,) = _LENGTH.unpack_from(payload)
    body = payload[_LENGTH.size :]
    old, new = RingConfig.from_bytes(body[:length]), RingConfig.from_bytes(body[length:])
    return Voters(old, new)


def voters_of(entry: Entry) -> Voters | None:
    """Return who counts from *entry* on, or None where it says nothing about it."""
    match entry.kind:
        case EntryKind.CONFIG:
            return Voters(RingConfig.from_bytes(entry.payload))
        case EntryKind.JOINT:
            return joint_of(entry.payload)
        case _:
            return None


class Entries:
    """Consecutive entries after (*base_index*, *base_term*)."""

    def __init__(self, base_index: int, base_term: int, config: RingConfig) -> None:
        self.base_index = base_index
        self.base_term = base_term
        self._entries: list[Entry] = []
        self._voters: list[tuple[int, Voters]] = [(base_index, Voters(config))]

    @property
    def last_index(self) -> int:
        """Return the index of the last entry."""
        return self.base_index + len(self._entries)

    @property
    def last_term(self) -> int:
        """Return the term of the last entry."""
        return self._entries[-1].term if self._entries else self.base_term

    @property
    def voters(self) -> Voters:
        """Return who counts by the newest entry that says so, committed or not."""
        return self._voters[-1][1]

    @property
    def voters_index(self) -> int:
        """Return the index of the entry that `voters` comes from."""
        return self._voters[-1][0]

    def voters_at(self, index: int) -> Voters:
        """Return who counted at *index*."""
        return next(voters for at, voters in reversed(self._voters) if at <= index)

    def voters_after(self, index: int) -> list[Voters]:
        """Return who counts by each entry behind *index* that says so, in their order."""
        return [voters for at, voters in self._voters if at > index]

    def term_at(self, index: int) -> int | None:
        """Return the term of the entry at *index*, or None where none is kept."""
        if index == self.base_index:
            return self.base_term
        at = index - self.base_index - 1
        return self._entries[at].term if 0 <= at < len(self._entries) else None

    def at(self, index: int) -> Entry:
        """Return the entry at *index*, which must be kept."""
        assert index > self.base_index
        return self._entries[index - self.base_index - 1]

    def since(self, first: int, *, count_max: int, bytes_max: int) -> tuple[Entry, ...]:
        """Return the entries from *first* on: so many, so large together, one at the least."""
        at = first - self.base_index - 1
        assert at >= 0
        found = self._entries[at : at + count_max]
        size = 0
        for number, entry in enumerate(found):
            size += len(entry.payload)
            if size > bytes_max and number:
                return tuple(found[:number])
        return tuple(found)

    def append(self, entries: Iterable[Entry]) -> None:
        """Append *entries*, which must follow the last."""
        for entry in entries:
            assert entry.index == self.last_index + 1, "a gap in the log"
            self._entries.append(entry)
            if (voters := voters_of(entry)) is not None:
                self._voters.append((entry.index, voters))

    def truncate(self, index: int) -> None:
        """Drop the entries from *index* on."""
        assert index > self.base_index
        del self._entries[index - self.base_index - 1 :]
        while self._voters[-1][0] >= index:
            self._voters.pop()

    def first_of_term(self, index: int) -> int:
        """Return the first kept index from which on, up to *index*, all have the same term."""
        term = self.term_at(index)
        while index - 1 > self.base_index and self.term_at(index - 1) == term:
            index -= 1
        return index

    def compact(self, index: int) -> None:
        """Drop the entries up to *index* from the front."""
        if index <= self.base_index:
            return
        term = self.term_at(index)
        assert term is not None
        voters = self.voters_at(index)
        del self._entries[: index - self.base_index]
        self.base_index, self.base_term = index, term
        self._voters = [(index, voters), *(item for item in self._voters if item[0] > index)]

    def reset(self, index: int, term: int, config: RingConfig) -> None:
        """Hold nothing but a new base."""
        self.base_index, self.base_term = index, term
        self._entries = []
        self._voters = [(index, Voters(config))]

    def size_from(self, index: int) -> int:
        """Return the bytes of the payloads from *index* on."""
        at = max(0, index - self.base_index - 1)
        return sum(len(entry.payload) for entry in self._entries[at:])
