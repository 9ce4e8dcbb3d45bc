"""TCP between simulated machines: in order and whole, or closed; a cut network stands still.

What is sent while a path is closed waits for it, as TCP does, until one end gives up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pcsx.daemon import effects as out
from pcsx.daemon import events

if TYPE_CHECKING:
    from tests.sim.cluster import Cluster
    from tests.sim.machine import Machine

INCOMING_FROM: Final = 1 << 40
"""Numbers of streams that others have opened; a daemon's own are below."""
AGAIN_MS: Final = 200

Stream = out.OpenStream | out.SendStream | out.CloseStream
End = tuple[int, int, int]
"""A machine, its life, and the number that the stream has there."""


@dataclass
class Streams:
    """All streams of a cluster: what is at the other end of each."""

    cluster: Cluster
    refuses: bool = False
    """Nobody listens: no stream is opened."""

    def __post_init__(self) -> None:
        self._other: dict[End, End] = {}
        self._queues: dict[End, deque[tuple[End, events.Event]]] = {}
        """What is on its way to an end, and from where."""
        self._next = INCOMING_FROM

    def act(self, machine: Machine, effect: Stream) -> None:
        """Do what the daemon of *machine* asks for."""
        here = (machine.id, machine.life, effect.stream)
        match effect:
            case out.OpenStream(_, host, _, timeout_ms):
                self._open(here, host, self.cluster.now_ms + timeout_ms)
            case out.SendStream(_, data):
                if (there := self._other.get(here)) is not None:
                    self._later(here, there, events.StreamData(there[2], data))
            case out.CloseStream():
                there = self._other.pop(here, None)
                if there is not None:
                    self._later(here, there, events.StreamClosed(there[2]))

    def _open(self, here: End, host: str, until_ms: int) -> None:
        cluster = self.cluster
        found = [m for m in cluster.machines.values() if host in cluster.hosts_of(m.id)]
        there = found[0] if found and not self.refuses else None
        if there is None or not there.is_up or cluster.network.parts(here[0], there.id):
            if cluster.now_ms >= until_ms or (there is not None and there.powered):
                cluster.at(1, lambda: self._give(here, events.StreamClosed(here[2], "closed")))
            else:
                cluster.at(AGAIN_MS, lambda: self._open(here, host, until_ms))
            return
        self._next += 1
        end = (there.id, there.life, self._next)
        self._other[here], self._other[end] = end, here
        source = cluster.hosts_of(here[0])[0]
        self._later(here, end, events.StreamOpened(end[2], source, True))
        self._later(end, here, events.StreamOpened(here[2], host, False))

    def _later(self, here: End, there: End, event: events.Event) -> None:
        """Let *event* arrive in its turn."""
        queue = self._queues.setdefault(there, deque())
        queue.append((here, event))
        if len(queue) == 1:
            self.cluster.at(1, lambda: self._arrive(there))

    def _arrive(self, there: End) -> None:
        """Give what waits for *there* to it, or all of it a while later."""
        queue = self._queues[there]
        if self.cluster.network.parts(queue[0][0][0], there[0]):
            self.cluster.at(AGAIN_MS, lambda: self._arrive(there))
            return
        del self._queues[there]
        for _, event in queue:
            if isinstance(event, events.StreamClosed):
                self._other.pop(there, None)
            if self._lives(there):
                self._give(there, event)
            elif (back := self._other.pop(there, None)) is not None:
                # Whoever is gone resets what it gets.
                self._other.pop(back, None)
                self._give(back, events.StreamClosed(back[2], "ECONNRESET"))

    def _lives(self, end: End) -> bool:
        machine = self.cluster.machines[end[0]]
        return machine.is_up and machine.life == end[1]

    def _give(self, end: End, event: events.Event) -> None:
        if self._lives(end):
            self.cluster.hand(self.cluster.machines[end[0]], event)
