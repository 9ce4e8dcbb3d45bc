"""Changes on trial: each is taken back at its time, unless somebody confirmed it before.

The ledger says which there are and until when, on every node; the leader acts. The time is that of
the wall, since a trial outlives leaders and boots; what goes wrong with a clock is a change that is
taken back too early or too late, never harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcsx.cib.replica import Committed, propose
from pcsx.daemon.ledger import CibChange, Kept, Ledger
from pcsx.errors import Conflict, PcsxError
from pcsx.values import Now

AUTHOR: Final = "pcsx"
AGAIN_MS: Final = 2000
"""A taking back that came to nothing (no quorum, another leader) is tried again after that."""


class Trials:
    """When which change is to be taken back, by this node's own clock."""

    def __init__(self) -> None:
        self._due_ms: dict[str, int] = {}

    @property
    def deadline_ms(self) -> int | None:
        """Return when the next one is due."""
        return min(self._due_ms.values(), default=None)

    def follow(self, trials: Mapping[str, int], now: Now) -> None:
        """Take in what is on trial now: names, and seconds since the epoch."""
        self._due_ms = {
            name: self._due_ms.get(name, _from_wall(until_s, now))
            for name, until_s in trials.items()
        }

    def due(self, now: Now) -> list[str]:
        """Return what is to be taken back now; asked again, it is due only a while later."""
        names = sorted(name for name, at_ms in self._due_ms.items() if at_ms <= now.ms)
        for name in names:
            self._due_ms[name] = now.ms + AGAIN_MS
        return names


def _from_wall(until_s: int, now: Now) -> int:
    return now.ms + max(0, int((until_s - now.wall.timestamp()) * 1000))


def taken_back(
    ledger: Ledger, name: str, now: Now, *, origin: str
) -> tuple[CibChange | Kept | None, str]:
    """Return what the log is to decide about the trial *name*, whose time is over, and a note.

    Where later changes touch the same places it cannot be taken back, and stays; that is on
    record. Nothing is decided where the taking back is on its way already.
    """
    replica = ledger.replica
    present = replica.tip
    try:
        wished = ledger.history.undone(present, name)
        proposal = propose(
            present,
            wished,
            user=AUTHOR,
            command=f"pcsx undo {name} (nobody confirmed it)",
            wall=now.wall.isoformat(timespec="seconds"),
            client_id=f"trial-{name}",
            seq=1,
            origin=origin,
            force=("*",),
        )
        judged = replica.judge(proposal)
    except Conflict as conflict:
        return Kept(name, f"later changes touch it: {conflict}"), f"cannot take back {name}"
    except PcsxError as error:
        return None, f"cannot take back {name} now: {error}"
    if isinstance(judged, Committed):
        return Kept(name, "nothing of it was left"), f"nothing of {name} is left"
    return CibChange(judged.to_bytes(), ends=name), f"taking back {name}: nobody confirmed it"
