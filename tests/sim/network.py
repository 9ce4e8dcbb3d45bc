"""The network between simulated machines: which packets arrive, when, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from tests.sim.faults import Faults

BAD_MS: Final = 300
"""How long a path's bad state lasts, on average."""
BAD_LOSS: Final = 0.9
LARGE: Final = 600
"""What is larger is lost on a path for small packets alone."""

Path = tuple[int, int]


class Network:
    """Paths between pairs of machines, each way its own; *cut* and *deaf* are the partitions."""

    def __init__(self, chance: Random) -> None:
        self.random = chance
        self.cut: set[frozenset[int]] = set()
        """Pairs that are parted, both ways, on all links."""
        self.deaf: set[Path] = set()
        """(from, to): what is lost one way."""
        self.narrow: set[frozenset[int]] = set()
        """Pairs between which only small packets pass: an MTU black hole."""
        self.unplugged: set[tuple[int, int]] = set()
        """(machine, link): one of its links is dead."""
        self._turns_ms: dict[Path, int] = {}
        self._bad: set[Path] = set()
        self._clogged_ms: dict[Path, int] = {}

    @property
    def whole(self) -> bool:
        """Return whether every path is open."""
        return not (self.cut or self.deaf or self.narrow or self.unplugged)

    def parts(self, one: int, other: int) -> bool:
        """Return whether no answer can come from *other* to *one*, on their first link."""
        there, back = (one, other), (other, one)
        return not self.whole and (
            self._is_closed(there, 0, bytes(LARGE + 1)) or self._is_closed(back, 0, b"")
        )

    def heal(self) -> None:
        """Open every path."""
        self.cut.clear()
        self.deaf.clear()
        self.narrow.clear()
        self.unplugged.clear()

    def carry(
        self, path: Path, link: int, data: bytes, faults: Faults, now_ms: int
    ) -> Iterable[tuple[int, bytes]]:
        """Return what arrives of *data*: pairs of how late (ms) and the bytes."""
        if not self.whole and self._is_closed(path, link, data):
            return ()
        random = self.random.random
        if faults.loss and random() < faults.loss:
            return ()
        if faults.burst and self._is_bad(path, faults.burst, now_ms) and random() < BAD_LOSS:
            return ()
        if faults.corrupt and random() < faults.corrupt:
            data = self._damaged(data)
        low, high = faults.delay_ms
        late = low + int(random() * (high - low + 1))
        if faults.long_ms and random() < 0.02:
            late += int(random() * faults.long_ms)
        if faults.clog_ms:
            late = max(late, self._clog(path, faults.clog_ms, now_ms))
        if faults.duplicate and random() < faults.duplicate:
            return ((late, data), (low + int(random() * (high - low + 1)), data))
        return ((late, data),)

    def _is_closed(self, path: Path, link: int, data: bytes) -> bool:
        pair = frozenset(path)
        return (
            pair in self.cut
            or path in self.deaf
            or (len(data) > LARGE and pair in self.narrow)
            or (path[0], link) in self.unplugged
            or (path[1], link) in self.unplugged
        )

    def _is_bad(self, path: Path, share: float, now_ms: int) -> bool:
        """Return in which state *path* is; each lasts for a while, by chance."""
        while self._turns_ms.get(path, 0) <= now_ms:
            was_bad = path in self._bad
            if was_bad:
                self._bad.discard(path)
                lasts = BAD_MS * (1 - share) / share
            else:
                if path in self._turns_ms:
                    self._bad.add(path)
                lasts = BAD_MS if path in self._bad else BAD_MS * (1 - share) / share
            began = self._turns_ms.get(path, now_ms)
            self._turns_ms[path] = began + 1 + int(self.random.expovariate(1 / lasts))
        return path in self._bad

    def _clog(self, path: Path, clog_ms: int, now_ms: int) -> int:
        """Return for how long *path* stands still now; it begins to, now and then."""
        until = self._clogged_ms.get(path, 0)
        if until <= now_ms and self.random.random() < 0.002:
            until = self._clogged_ms[path] = now_ms + int(self.random.random() * clog_ms)
        return until - now_ms

    def _damaged(self, data: bytes) -> bytes:
        """Return *data* with a byte changed, or cut short."""
        at = self.random.randrange(len(data))
        if self.random.random() < 0.3:
            return data[:at]
        return data[:at] + bytes((data[at] ^ (1 + self.random.randrange(255)),)) + data[at + 1 :]
