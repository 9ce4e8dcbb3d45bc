"""What the log decided, as bytes and back: worked out beside the loop, for a document may be large.

A ledger is written down in slices, between which others have their turn, and made bytes of in a
thread; a snapshot is read in a thread before the log takes it, so that going by it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from pcsx.daemon.effects import ReadState, WriteState
from pcsx.daemon.events import StateRead, StateWritten
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.member.hands import MemberEffect
from pcsx.daemon.scene import Scene
from pcsx.values import Now

Written = Callable[[bytes, Now], list[MemberEffect]]
Read = Callable[[bool, Now], list[MemberEffect]]
"""Told whether the state could be read; `States.restored` gives it then."""


class States:
    """See the module's paragraph; *state* is what the ledger of *scene* was read from."""

    def __init__(self, scene: Scene, state: bytes, boot: int) -> None:
        self._scene = scene
        self._jobs = count(boot << 20)  # what an earlier life asked for is of no use to this one
        self._written: dict[int, Written] = {}
        self._read: dict[int, tuple[bytes, Read]] = {}
        self._known: tuple[bytes, Ledger] | None = (state, scene.ledger)

    def write(self, then: Written) -> list[MemberEffect]:
        """Do *then* with the bytes of the ledger as it is now."""
        job = next(self._jobs)
        self._written[job] = then
        return [WriteState(job, self._scene.ledger.still())]

    def written(self, event: StateWritten, now: Now) -> list[MemberEffect]:
        """Go on with what was asked to be written."""
        then = self._written.pop(event.job, None)
        return then(event.state, now) if then is not None else []

    def read(self, state: bytes, then: Read) -> list[MemberEffect]:
        """Do *then* once *state* is read, or cannot be."""
        job = next(self._jobs)
        self._read[job] = (state, then)
        return [ReadState(job, state)]

    def was_read(self, event: StateRead, now: Now) -> list[MemberEffect]:
        """Go on with what was asked to be read."""
        if event.job not in self._read:
            return []
        state, then = self._read.pop(event.job)
        self._known = (state, event.ledger) if event.ledger is not None else None
        effects = then(event.ledger is not None, now)
        self._known = None
        return effects

    def restored(self, state: bytes) -> Ledger:
        """Return what *state* spells: what was read beforehand, once; else it is read now."""
        known, self._known = self._known, None
        if known is not None and known[0] == state:
            return known[1]
        return Ledger.restored(state)
