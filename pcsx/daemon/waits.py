"""Life without fencing, as the DC has it: who is lost is taken for over once its wait is.

How long a wait is, and what it rests on, is told in `takeover`; the log decides that it is over.
"""

from __future__ import annotations

from typing import Final

from pcsx.daemon.controller_port import Decide
from pcsx.daemon.ledger import Over
from pcsx.daemon.scene import Scene
from pcsx.daemon.takeover import Takeover, Wait
from pcsx.ring.port import Note
from pcsx.values import Now

DC_DEADTIME_MS: Final = 20_000
"""How long a new DC waits for nodes that nobody has seen, before it has them fenced."""


class Waits:
    """See the module's paragraph."""

    def __init__(self, scene: Scene, takeover: Takeover) -> None:
        self._scene = scene
        self._takeover = takeover
        self.began_ms: int | None = None
        """Since when this node is in charge, if it is."""
        self._over: set[tuple[int, int]] = set()
        """Nodes and lives whose wait is over, as we have had the log decide."""

    def end(self) -> None:
        """Forget all: another is in charge."""
        self.began_ms = None
        self._over.clear()

    def of(self, id: int) -> tuple[Wait, int | None] | None:
        """Return the wait for the lost node *id* and when it ends (None: never); None: there is
        none, for it is here, over for certain, or for fencing to end.
        """
        scene = self._scene
        if scene.fencing or not scene.quorum.quorate or self.began_ms is None:
            return None
        if id == scene.me or id in scene.members:
            return None  # it tells itself what it runs
        if not scene.is_held(id) and not scene.is_unseen(id):
            return None
        timers = scene.config.timers
        picture = scene.picture.nodes.get(id)
        wait = self._takeover.wait_for(id, picture, beat_ms=timers.beat_ms)
        if wait.wait_ms is None:
            return wait, None
        since_ms = max(self.began_ms, scene.lost_ms.get(id, 0))
        if picture is None:
            since_ms = self.began_ms + DC_DEADTIME_MS
        return wait, since_ms + wait.wait_ms

    def ends(self) -> list[int | None]:
        """Return when each wait ends (None: never)."""
        if self._scene.fencing or not self._scene.quorum.quorate:
            return []
        waits = [
            (node.id, self.of(node.id))
            for node in self._scene.config.nodes
            if not self._is_waited(node.id)
        ]
        return [wait[1] for _, wait in waits if wait is not None]

    def _is_waited(self, id: int) -> bool:
        return (id, self._life_of(id)) in self._over

    def _life_of(self, id: int) -> int:
        picture = self._scene.picture.nodes.get(id)
        boot = picture.boot.counter if picture is not None else 0
        return max(boot, self._scene.ledger.admitted.get(id, 0))

    def take_over(self, now: Now) -> list[Decide | Note]:
        """Commit that lost nodes are over once their wait is."""
        effects: list[Decide | Note] = []
        if self._scene.fencing or not self._scene.quorum.quorate:
            return effects
        for node in self._scene.config.nodes:
            wait = self.of(node.id)
            if wait is None or wait[1] is None or now.ms < wait[1] or self._is_waited(node.id):
                continue
            boot = self._life_of(node.id)
            self._over.add((node.id, boot))
            seconds = (wait[0].wait_ms or 0) / 1000
            text = f"waited {seconds:.1f} s ({wait[0].kind}: {wait[0].why}; {wait[0].row})"
            effects.append(Decide(Over(node.id, boot, text)))
            effects.append(Note("controller", f"{node.name} is taken for over: {text}"))
        return effects
