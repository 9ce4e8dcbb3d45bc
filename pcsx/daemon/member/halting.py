"""How this node stops all that it runs: as it leaves, is refused, or is without quorum.

The watchdog belongs to it: it ends what must have stopped when others count on that.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.stopping import Stopping
from pcsx.daemon import lrm, messages
from pcsx.daemon.effects import ResetMachine, TellHeart
from pcsx.daemon.fencer import Fencer
from pcsx.daemon.guard import Watchman
from pcsx.daemon.local import Local
from pcsx.daemon.member.hands import Gone, Hands, MemberEffect
from pcsx.daemon.scene import Scene
from pcsx.daemon.takeover import Takeover
from pcsx.ring import port
from pcsx.ring.frames import Unconfigure
from pcsx.ring.machine import Machine
from pcsx.values import Now, earlier

STATUS_WAIT_MS: Final = 30_000
"""A daemon that is to go and finds no DC for so long stops by itself what it runs."""


class Halting:
    """See the module's paragraph."""

    def __init__(
        self,
        scene: Scene,
        machine: Machine,
        local: Local,
        fencer: Fencer,
        takeover: Takeover,
        hands: Hands,
    ) -> None:
        self._scene, self._machine, self._local = scene, machine, local
        self._fencer, self._takeover, self._hands = fencer, takeover, hands
        self.watchman = Watchman()
        self.rules = Stopping(False, "never", (), ())
        self.leaving = False
        self.verdict = ""
        self.reason = ""
        """Of the verdict, in words."""
        self._going_since_ms: int | None = None
        self._stopping = False
        self._ends_life = False

    # --- leaving ----------------------------------------------------------------------------------

    @property
    def deadline_ms(self) -> int | None:
        """Return when stops must be done, or this node stops what it runs by itself."""
        return earlier(self.watchman.stops_by_ms, self._stops_alone_ms)

    @property
    def _stops_alone_ms(self) -> int | None:
        """Return when this node waits no more for a DC that empties it, if it does."""
        if self._going_since_ms is None or self.leaving or self._stopping:
            return None
        return self._going_since_ms + STATUS_WAIT_MS

    def tick(self, now: Now) -> list[MemberEffect]:
        """Do what is due."""
        effects: list[MemberEffect] = []
        by_ms = self.watchman.stops_by_ms
        if by_ms is not None and by_ms <= now.ms:
            effects += self.guard(now)
        alone_ms = self._stops_alone_ms
        if alone_ms is not None and alone_ms <= now.ms:
            effects += self._stop_by_ourselves(now)
        return effects

    def go(self, now: Now) -> list[MemberEffect]:
        """Empty this node and leave: the DC moves what runs here, then lets us go."""
        if self._going_since_ms is not None:
            return []
        self._going_since_ms = now.ms
        if self.is_maintenance:
            return self.leave(now)
        if self._scene.view is None:
            return self._stop_by_ourselves(now)
        stamp = str(int(now.wall.timestamp()))
        self._local.set((("shutdown", stamp),))
        told = messages.AttributesChanged(self._scene.me, (("shutdown", stamp),))
        return self._hands.tell(told, now)

    def _stop_by_ourselves(self, now: Now) -> list[MemberEffect]:
        self._stopping = True
        return self._hands.run(lrm.StopAll("this daemon leaves, and nobody is in charge"), now)

    def leave(self, now: Now) -> list[MemberEffect]:
        """Say farewell to the ring, once."""
        if self.leaving:
            return []
        self.leaving = True
        return self._hands.ring(port.Leave(), now)

    @property
    def is_maintenance(self) -> bool:
        """Return whether the cluster's maintenance mode is on, so that nothing is stopped."""
        return self._scene.is_on("maintenance-mode", default=False)

    # --- what must stop ---------------------------------------------------------------------------

    def quorum_lost(self, now: Now) -> list[MemberEffect]:
        """Stop all at once where others count on it: by the policy `fence`, and without fencing.

        Of a pair nobody takes anything over without proof, so it holds.
        """
        rules, policy = self.rules, self._scene.no_quorum_policy
        self._ends_life = policy in ("fence", "suicide") and not self._machine.partner
        self._scene.halting = (
            self._ends_life or (not self._scene.fencing and not self._machine.partner)
        ) and rules.stops
        if not self._scene.halting:
            return []
        self._must_stop(now)
        stop = lrm.StopAll("quorum is lost", limits=rules.limits, before=rules.before)
        return self._hands.run(stop, now)

    def quorum_found(self, now: Now) -> list[MemberEffect]:
        """Run again what was stopped for want of quorum, unless this life ends by it."""
        if not self._scene.halting or self._ends_life:
            return []
        self._scene.halting = False
        self.watchman.stops_by_ms = None
        return [] if self._stopping else self._hands.run(lrm.Resume(), now)

    def _must_stop(self, now: Now) -> None:
        """Have the watchdog see to it that what stops now has stopped when others rely on that."""
        me = self._scene.me
        if not self.is_maintenance:
            stop_ms = self._takeover.stop_ms(me, self._scene.picture.nodes.get(me))
            self.watchman.stops_by_ms = now.ms + stop_ms

    def refused(self, kind: str, reason: str, now: Now) -> list[MemberEffect]:
        """Stop all and end: the others say that this life is over, or that we are no member."""
        note = port.Note("node", f"refused by the others: {kind} {reason}")
        if kind in ("EXCLUDED", "LINEAGE"):
            self._scene.left_out = reason
        if kind in ("EXCLUDED", "LINEAGE") or self.verdict:
            return [note]
        self.verdict, self.reason = kind, reason
        self._stopping = True
        cib = self._scene.ledger.replica.cib
        reaction = cib.cluster_option("fencing-reaction") or cib.cluster_option("fence-reaction")
        if kind == "FENCED" and reaction == "panic":
            return [note, ResetMachine(f"it was fenced and runs: {reason}")]
        self._must_stop(now)
        stopping = self._hands.run(lrm.StopAll(f"this life is over: {kind}"), now)
        return [note, *stopping, *self.guard(now)]

    def all_stopped(self, failed: tuple[str, ...], now: Now) -> list[MemberEffect]:
        """Go on to whatever all was stopped for; *failed* may still run."""
        note: MemberEffect = port.Note(
            "node", "all stopped" + (f", but for {' '.join(failed)}" if failed else "")
        )
        must = self.watchman.stops_by_ms is not None
        self.watchman.stops_by_ms = None
        self.watchman.lost = self.watchman.lost or (must and bool(failed))
        ending: list[MemberEffect] = [note, *self.guard(now)]
        if not failed:
            ending += self.dismiss_watchdog()
        if self.verdict:
            return [*ending, TellHeart(Unconfigure()), Gone(self.verdict)]
        if self._stopping and failed:
            # No farewell: it would say that nothing runs here, and others would start it.
            return [*ending, TellHeart(Unconfigure()), Gone(f"it still runs {' '.join(failed)}")]
        if self._stopping:
            return [*ending, *self.leave(now)]
        if self._ends_life:
            return [*ending, TellHeart(Unconfigure()), Gone("quorum was lost")]
        return ending

    # --- the watchdog -----------------------------------------------------------------------------

    def guard(self, now: Now) -> list[MemberEffect]:
        """Have the watchdog do what is right now, and tell the others what it will do."""
        watchman = self.watchman
        # What fencing goes by is read anew after a change, so only where a watchdog is armed.
        asked = bool(watchman.timeout_ms) and self._scene.fencing
        wanted_ms = self._fencer.devices.watchdog_ms(self._scene.name) if asked else 0
        watchman.relies(wanted_ms, pair=bool(self._machine.partner))
        said = watchman.look(now, quorate=self._scene.quorum.quorate)
        effects: list[MemberEffect] = [TellHeart(guard) for guard in said]
        name, value = watchman.attribute
        if self._local.attributes.get(name, "") != value:
            self._local.set(((name, value),))
            watchman.promise(value)
            if self._scene.view is not None:
                told = messages.AttributesChanged(self._scene.me, ((name, value),))
                effects += self._hands.tell(told, now)
        return effects

    def dismiss_watchdog(self) -> list[MemberEffect]:
        """Have the watchdog disarmed, unless something runs here that only it can end."""
        return [TellHeart(guard) for guard in self.watchman.dismiss()]
