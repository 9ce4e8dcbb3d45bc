"""Without fencing: how long the resources of a lost node are left alone, and on what that rests.

`Takeover` keeps, for each node, the worst of the configurations that it may still go by, and how
long stops were seen to take; `wait_for` makes of it what RING.md 7 says: the wait, its row and its
kind. Whose clock it runs by, and what is committed when it is over, is the controller's business.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.stopping import Stopping, worst_of
from pcsx.daemon.status import WATCHDOG, NodePicture
from pcsx.lean import dataclass
from pcsx.ring.frames import Why

PARALLEL: Final = 8
"""How many stops a node does at once."""
SEEN_FACTOR: Final = 3
SEEN_MS_MIN: Final = 1000


@dataclass(frozen=True, slots=True)
class Wait:
    """How long after its loss a node's resources may be taken over; *wait_ms* None: never."""

    kind: str
    wait_ms: int | None
    row: str
    why: str


class Takeover:
    """See the module's paragraph."""

    def __init__(self) -> None:
        self._now: Stopping | None = None
        self._worst: dict[int, Stopping] = {}
        self._seen: dict[str, int] = {}
        self._keep_ms = 0
        self._keeps: dict[int, int] = {}

    def configured(self, stopping: Stopping) -> None:
        """Take a new configuration: nobody is known to have it yet."""
        self._now = stopping
        for node, worst in self._worst.items():
            if worst != stopping:
                self._worst[node] = worst_of((worst, stopping))

    def timed(self, keep_ms: int) -> None:
        """Note for how long a node has quorum after it was last confirmed, by the ring's timers."""
        self._keep_ms = keep_ms
        self._keeps = {node: max(keep_ms, known) for node, known in self._keeps.items()}

    def heard(self, node: int, *, up_to_date: bool) -> None:
        """Note that *node* has said its status, and whether it has the newest configuration."""
        if self._now is not None and (up_to_date or node not in self._worst):
            self._worst[node] = self._now
            self._keeps[node] = self._keep_ms

    def stopped(self, resource: str, took_ms: int) -> None:
        """Note how long a stop took."""
        base = resource.partition(":")[0]
        self._seen[base] = max(took_ms, self._seen.get(base, 0))

    def wait_for(self, node: int, picture: NodePicture | None, *, beat_ms: int) -> Wait:
        """Return how long to wait for *node*, of which *picture* is the last that was heard."""
        worst, keep_ms = self._worst.get(node, self._now), self._keeps.get(node, self._keep_ms)
        assert worst is not None, "no configuration"
        watchdog_ms, bites = watchdog_of(picture)
        kind = worst.takeover
        if kind == "never":
            return Wait("never", None, "", "unfenced-takeover=never")
        if watchdog_ms and bites:
            wait_ms = keep_ms + 2 * watchdog_ms
            row = "an armed watchdog that bites on loss of quorum"
            return Wait(kind, _slow_clocks(wait_ms), row, "its watchdog ends it")
        if not worst.stops:
            why = "by its configuration it may go on without quorum"
            return Wait("never", None, "", why)
        died = picture is not None and picture.why in (Why.DIED, Why.BRAIN)
        if died and not watchdog_ms:
            return Wait("never", None, "", "its daemon has ended, so nothing there stops anything")
        stop_ms = self._stop_ms(worst, picture)
        why = (
            "three times the longest stops seen"
            if kind == "likely"
            else "the longest chain of stop timeouts"
        )
        if watchdog_ms:
            wait_ms = keep_ms + stop_ms + 2 * watchdog_ms
            return Wait(kind, _slow_clocks(wait_ms), "an armed watchdog", why)
        return Wait(kind, _slow_clocks(keep_ms + stop_ms + beat_ms), "no watchdog", why)

    def stop_ms(self, node: int, picture: NodePicture | None) -> int:
        """Return how long *node* has for its stops, as those reckon who wait for it."""
        worst = self._worst.get(node, self._now)
        return self._stop_ms(worst, picture) if worst is not None else 0

    def _stop_ms(self, worst: Stopping, picture: NodePicture | None) -> int:
        limits = dict(worst.limits)
        if worst.takeover == "proven":
            return worst.chain_ms(limits, parallel=PARALLEL)
        names = set(limits)
        if picture is not None:
            names = {id.partition(":")[0] for id in picture.history.active}
        times = {
            name: max(SEEN_MS_MIN, SEEN_FACTOR * self._seen.get(name, 0)) for name in sorted(names)
        }
        return worst.chain_ms(times, parallel=PARALLEL)


def watchdog_wait_ms(picture: NodePicture | None, *, wanted_ms: int, keep_ms: int) -> int | None:
    """Return how long after its loss a node counts as ended by its own watchdog; None: never.

    *wanted_ms* is `stonith-watchdog-timeout` (below 0: choose). Only a watchdog that is known to be
    armed, and to bite on loss of quorum, counts; a timeout that is no longer than the watchdog's
    own would believe in an end before it has come.
    """
    watchdog_ms, bites = watchdog_of(picture)
    if not wanted_ms or not watchdog_ms or not bites or 0 < wanted_ms <= watchdog_ms:
        return None
    return _slow_clocks(keep_ms + max(wanted_ms, 2 * watchdog_ms))


def watchdog_of(picture: NodePicture | None) -> tuple[int, bool]:
    """Return the timeout (ms) of a node's armed watchdog, 0 for none, and whether it bites on a
    loss of quorum."""
    text = picture.attributes.get(WATCHDOG, "") if picture is not None else ""
    limit, _, when = text.partition(":")
    return (int(limit), when == "quorum") if limit.isdecimal() else (0, False)


def _slow_clocks(wait_ms: int) -> int:
    """Return *wait_ms* by a clock that may be faster than the other's, by 1 % between the two."""
    return (wait_ms * 101 + 99) // 100
