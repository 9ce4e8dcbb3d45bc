"""A state of this node's that is not what the cluster decided: not gone by, and fetched anew.

What runs here goes on meanwhile, for orders say all that they need.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.replica import Diverged
from pcsx.daemon import messages
from pcsx.daemon.local import Local
from pcsx.daemon.member.hands import Hands, MemberEffect
from pcsx.daemon.scene import Scene
from pcsx.daemon.status import LOG
from pcsx.ring import port
from pcsx.ring.machine import Machine
from pcsx.values import Now

MEND_MS: Final = 5_000
"""How often the cluster's state is asked for where this node's own is not that."""


class Mending:
    """See the module's paragraph."""

    def __init__(self, scene: Scene, machine: Machine, local: Local, hands: Hands) -> None:
        self._scene, self._machine, self._local, self._hands = scene, machine, local, hands
        self.deadline_ms: int | None = None
        """When to ask for the cluster's state, where this node's own is not that."""
        self._diverged_at = 0

    def mistrust(self, index: int, error: Diverged, now: Now) -> list[MemberEffect]:
        """Go by this node's state no more, and ask for the leader's.

        What the log decides is voted on and kept as before, and not applied until there is a state
        that it fits.
        """
        self._scene.ledger.index = index - 1
        self._scene.diverged, self._diverged_at = True, index
        self.deadline_ms = now.ms
        note = port.Note("cib", f"this node's state is not what was decided: {error}")
        return [note, *self._hands.ring(port.Mistrust(), now), *self.say_log(now)]

    def fetch(self, now: Now) -> list[MemberEffect]:
        """Ask the leader, or any other member where this node still leads, for its state."""
        others = [id for id in self._scene.members if id != self._scene.me]
        self.deadline_ms = now.ms + MEND_MS
        if not others or not self._scene.quorum.quorate:
            return []
        leader = self._scene.leader
        return [port.FetchSnapshot(leader if leader in others else others[0], 0)]

    def take(self, snapshot: port.Snapshot | None, now: Now) -> list[MemberEffect]:
        """Take over the state that was asked for, unless it is older than what does not fit."""
        if not self._scene.diverged or snapshot is None or snapshot.index < self._diverged_at:
            return []
        return self._hands.ring(port.Mended(snapshot), now)

    def say_log(self, now: Now) -> list[MemberEffect]:
        """Have all know why this node does not count fully in the log, or that it does."""
        text = ""
        if self._scene.diverged:
            text = "has a state that is not what was decided, and fetches it anew"
        elif self._machine.log_status(now).role == "amnesiac":
            text = "has lost its log, counts for nothing, and takes it anew from the leader"
        if self._local.attributes.get(LOG, "") == text:
            return []
        pairs = ((LOG, text),)
        self._local.set(pairs)
        if self._scene.view is None:
            return []
        return self._hands.tell(messages.AttributesChanged(self._scene.me, pairs), now)

    def restored(self, now: Now) -> list[MemberEffect]:
        """Note that the state is one of the cluster's again."""
        mended: list[MemberEffect] = []
        if self._scene.diverged:
            self._scene.diverged, self.deadline_ms = False, None
            mended.append(port.Note("cib", "this node's state is the cluster's again"))
        return mended + self.say_log(now)
