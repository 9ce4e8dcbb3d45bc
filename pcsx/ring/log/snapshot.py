"""A snapshot in pieces: cut by the leader, put together by who takes the log anew."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.messages import InstallSnap
from pcsx.ring.port import Snapshot

CHUNK: Final = 256 * 1024


def piece_of(snapshot: Snapshot, offset: int, *, term: int, fresh: bool) -> InstallSnap:
    """Return the piece of *snapshot* that begins at *offset*."""
    return InstallSnap(
        term,
        snapshot.index,
        snapshot.term,
        snapshot.config.to_bytes(),
        offset,
        len(snapshot.state),
        snapshot.state[offset : offset + CHUNK],
        fresh,
    )


@dataclass(slots=True)
class Assembly:
    """The pieces of one snapshot, as far as they came, in order."""

    index: int = 0
    term: int = 0
    config: bytes = b""
    total: int = 0
    got: bytearray = field(default_factory=bytearray)

    def add(self, piece: InstallSnap) -> Snapshot | None:
        """Take *piece*; return the snapshot once it is whole.

        Raises ValueError, KeyError, TypeError where its configuration is none.
        """
        same = (self.index, self.term, self.total, self.config) == (
            piece.index, piece.last_term, piece.total, piece.config,
        )  # fmt: skip
        if not same:
            self.index, self.term, self.total = piece.index, piece.last_term, piece.total
            self.config = piece.config
            self.got = bytearray()
        if piece.offset == len(self.got):
            self.got += piece.chunk
        if len(self.got) < self.total:
            return None
        config = RingConfig.from_bytes(self.config)
        return Snapshot(self.index, self.term, config, bytes(self.got[: self.total]))
