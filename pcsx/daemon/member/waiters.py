"""Clients who wait until the cluster is at rest."""

from __future__ import annotations

from pcsx.daemon.answers import rest_of
from pcsx.daemon.controller import Controller
from pcsx.daemon.member.hands import Answerer, MemberEffect
from pcsx.daemon.scene import Scene
from pcsx.lean import dataclass
from pcsx.values import Now, earlier


@dataclass(slots=True)
class Waiter:
    """A client who waits until the cluster is at rest."""

    answer: Answerer
    until_ms: int
    settled_ms: int
    """Not before this moment: what the client did may still be on its way."""


class Waiters:
    """See the module's paragraph."""

    def __init__(self, scene: Scene, controller: Controller) -> None:
        self._scene, self._controller = scene, controller
        self._all: list[Waiter] = []

    @property
    def deadline_ms(self) -> int | None:
        """Return when time alone ends somebody's wait."""
        due_ms: int | None = None
        for waiter in self._all:
            at_rest = self._controller.at_rest
            due_ms = earlier(due_ms, waiter.settled_ms if at_rest else waiter.until_ms)
        return due_ms

    def add(self, waiter: Waiter) -> None:
        """Have *waiter* answered when the cluster is at rest, or its time is up."""
        self._all.append(waiter)

    def told(self, text: str, done: int, of: int) -> list[MemberEffect]:
        """Tell all who wait how far the work has come."""
        told = {"progress": {"action": text, "done": done, "of": of}}
        effects: list[MemberEffect] = []
        for waiter in self._all:
            effects += waiter.answer(told, False)
        return effects

    def serve(self, now: Now) -> list[MemberEffect]:
        """Answer those for whom the cluster is at rest, or whose time is up."""
        if not self._all:
            return []
        effects: list[MemberEffect] = []
        left: list[Waiter] = []
        for waiter in self._all:
            rested = self._controller.at_rest and now.ms >= waiter.settled_ms
            if not self._scene.in_charge or rested or now.ms >= waiter.until_ms:
                effects += waiter.answer(
                    rest_of(self._scene, self._controller, rested=rested), True
                )
            else:
                left.append(waiter)
        self._all = left
        return effects
