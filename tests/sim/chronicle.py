"""What the members of views were told, in which order: E1 to E6, judged on whole clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pcsx.ring.port import Deliver, Multicast, Regular, Transitional, View

if TYPE_CHECKING:
    from pcsx.ring.machine import Machine as Ring
    from tests.sim.machine import Machine

Fail = Callable[[str, str], None]


@dataclass
class _Life:
    """What one life of a node said and was told."""

    view: View | None = None
    place: int = 0
    """The last place of the view that was delivered."""
    together: tuple[int, ...] | None = None
    """Set between the transitional configuration and the next view."""
    said: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)


class Chronicle:
    """Listens to the rings of all nodes; *fail* is told the law that is broken."""

    def __init__(self, fail: Fail) -> None:
        self._fail = fail
        self._lives: dict[int, tuple[Ring, _Life]] = {}
        self._places: dict[tuple[View, int], tuple[int, bytes]] = {}
        self._moves: dict[tuple[View, View, tuple[int, ...]], int] = {}
        self._safe: set[bytes] = set()

    def follow(self, machine: Machine) -> None:
        """Listen to the life that *machine* has begun."""
        node = machine.node
        if node is None or node.member is None:
            return
        ring, life = node.member.machine, _Life()
        self._lives[machine.id] = (ring, life)
        honest = ring.step

        def step(event: Any, now: Any) -> Any:
            if event.__class__ is Multicast:
                life.said.append(event.payload)
                if event.safe:
                    self._safe.add(event.payload)
            effects = honest(event, now)
            for effect in effects:
                match effect:
                    case Deliver():
                        self._delivered(machine.id, life, effect)
                    case Transitional(together):
                        life.together = together
                    case Regular(view):
                        self._entered(machine.id, life, view)
            return effects

        ring.step = step  # type: ignore[method-assign]

    def _delivered(self, me: int, life: _Life, told: Deliver) -> None:
        if life.view is None or told.view != life.view.id:
            self._fail("E4 in the view it was sent in", f"n{me} in {life.view}: {told}")
            return
        if told.gseq != life.place + 1:
            self._fail("E1 no place is left out", f"n{me} after {life.place}: {told}")
        life.place = told.gseq
        what = (told.sender, told.payload)
        if self._places.setdefault((life.view, told.gseq), what) != what:
            self._fail("E1 one message at a place", f"n{me}: {told}")
        if told.sender == me:
            life.heard.append(told.payload)
        if told.payload in self._safe and life.together is None:
            self._is_held_by_all(life.view, told)

    def _is_held_by_all(self, view: View | None, told: Deliver) -> None:
        assert view is not None
        for member in view.members:
            ring, life = self._lives[member.node]
            order = ring._views.order
            lives_on = life.view == view and ring._boot == member.boot and order is not None
            if lives_on and order.view == view and order.upto < told.gseq:  # type: ignore[union-attr]
                self._fail("E6 what is safe is held by all", f"not by n{member.node}: {told}")

    def _entered(self, me: int, life: _Life, view: View) -> None:
        if life.view is not None and life.together is not None:
            if view.id <= life.view.id:
                self._fail("E5 view ids rise", f"n{me}: {view.id} after {life.view.id}")
            move = (life.view, view, life.together)
            if self._moves.setdefault(move, life.place) != life.place:
                self._fail("E2 who moves together saw the same", f"n{me}: {move} at {life.place}")
        life.view, life.place, life.together = view, 0, None

    def at_rest(self) -> None:
        """Judge, when nothing is under way, that each life was told all that it said itself."""
        for me, (ring, life) in self._lives.items():
            if life.view is None or ring._left:
                continue
            if life.heard != life.said[: len(life.heard)]:
                self._fail("E3 own messages in their order", f"n{me}")
            if len(life.said) > len(life.heard) + _on_its_way(ring):
                self._fail(
                    "E3 own messages come back",
                    f"n{me}: {len(life.said)} said, {len(life.heard)} came back",
                )


def _on_its_way(ring: Ring) -> int:
    """Return how many of its own messages a ring still waits to have ordered."""
    order = ring._views.order
    placed = 0 if order is None else len(order._queue) + len(order._offered)
    return placed + len(ring._views._waiting)
