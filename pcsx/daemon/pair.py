"""What a node of a pair sees of the other: whether it is lost, who shoots first, and why not.

`Pair` reads the scene, the ring and the fencer, and tells `Solo` what there is to see. It owns no
decision: whose death lets this node go on is the log's to say, and what is done about it Solo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcsx.cib import Cib
from pcsx.cib.fencing import priorities_of
from pcsx.daemon.answers import is_fencing_required
from pcsx.daemon.fencer import Fencer
from pcsx.daemon.ledger import FencedAlone
from pcsx.daemon.running import running_on
from pcsx.daemon.scene import Scene
from pcsx.daemon.solo import Look, Proven, Solo
from pcsx.daemon.status import History
from pcsx.ring.frames import Reach, Why
from pcsx.ring.machine import Machine
from pcsx.values import Now, parse_duration_ms

HANDICAP_MS: Final = 1000
"""How long the one that did not lead waits, so that not both shoot, where nothing else says."""


class Pair:
    """See the module's paragraph."""

    def __init__(self, scene: Scene, machine: Machine, fencer: Fencer) -> None:
        self.solo = Solo()
        self._scene, self._machine, self._fencer = scene, machine, fencer
        self._doubt_until_ms = 0
        self._looked_ms = 0
        self._alone_since_ms = 0
        self._last_leader = 0

    # --- what is told -----------------------------------------------------------------------------

    def doubts(self, until_ms: int) -> None:
        """Note until when this node accuses nobody, because it stalled."""
        self._doubt_until_ms = until_ms

    def view_changed(self, now: Now) -> None:
        """Note since when this node is alone."""
        self._alone_since_ms = now.ms

    def led(self, leader: int) -> None:
        """Note who led last."""
        self._last_leader = leader or self._last_leader

    # --- what is seen -----------------------------------------------------------------------------

    @property
    def concerned(self) -> bool:
        """Return whether there is anything to look at: a pair, or something still going on."""
        return bool(self._machine.partner) or self.solo.busy

    def deadline_ms(self) -> int | None:
        """Return when to look again, if time alone may change what is seen."""
        if not self.concerned:
            return None
        due = [self.solo.deadline_ms]
        target = self._machine.solo_target
        if target is not None and self.solo.deadline_ms is None and not self.solo.busy:
            seen_ms = max(self._lost_at_ms(target[0]) or 0, self._doubt_until_ms)
            # What was looked at then, and led to nothing, does not change by time any more.
            due.append(seen_ms if seen_ms > self._looked_ms else None)
        return min((moment for moment in due if moment is not None), default=None)

    def look(self, now: Now) -> Look:
        """Return what there is to see now."""
        self._looked_ms = now.ms
        target = self._machine.solo_target
        cib = self._scene.ledger.replica.cib
        partner = target[0] if target is not None else self._machine.partner
        name = self._scene.config.node(partner).name if partner else ""
        if target is None:
            return Look(None, name)
        action = cib.cluster_option("stonith-action") or "reboot"
        action = "off" if action in ("off", "poweroff") else "reboot"
        lost_at_ms = self._lost_at_ms(partner)
        able = is_fencing_required(cib) and bool(self._fencer.candidates(name))
        return Look(
            target,
            name,
            ready=lost_at_ms is not None
            and now.ms >= lost_at_ms
            and now.ms >= self._doubt_until_ms,
            able=able,
            delay_ms=self._delay_ms(partner, cib),
            action=action,
            timeout_ms=self._fencer.limit_ms(name, action),
            why_not=self._why_not(name, lost_at_ms, able=able, now=now),
        )

    def _lost_at_ms(self, partner: int) -> int | None:
        """Return from when on *partner* counts as lost for certain; None: it left by itself."""
        down_ms = self._scene.config.timers.down_ms
        known = self._scene.reach.get(partner)
        if known is None:
            return self._alone_since_ms + down_ms
        if known.reach is Reach.DOWN and known.why in (Why.LEFT, Why.REMOVED):
            return None
        if known.reach is Reach.DOWN and known.why in (Why.SILENCE, Why.BRAIN, Why.PANIC):
            return 0
        if known.reach is Reach.DOWN:
            return known.since_ms + down_ms
        return self._alone_since_ms + down_ms

    def _delay_ms(self, partner: int, cib: Cib) -> int:
        """Return this node's handicap: who runs what matters less waits; else who did not lead."""
        wanted_ms = parse_duration_ms(cib.cluster_option("priority-fencing-delay") or "") or 0
        priorities = priorities_of(cib)
        mine, theirs = (self._weight(id, priorities) for id in (self._scene.me, partner))
        if wanted_ms and mine != theirs:
            return wanted_ms if mine < theirs else 0
        first = self._last_leader or min(self._scene.me, partner)
        return 0 if first == self._scene.me else HANDICAP_MS

    def _weight(self, node: int, priorities: dict[str, int]) -> int:
        picture = self._scene.picture.nodes.get(node)
        if picture is None:
            return 0
        return weight_of(picture.history, priorities)

    # --- words and records ------------------------------------------------------------------------

    def _why_not(self, name: str, lost_at_ms: int | None, *, able: bool, now: Now) -> str:
        if lost_at_ms is None:
            return (
                f"{name} left in good order, so it is not fenced: start it, or confirm that it is "
                f"off by `pcsx stonith confirm {name}`"
            )
        if not able:
            return (
                f"nothing can fence {name}, and a pair takes over by proof alone: confirm that it "
                f"is off by `pcsx stonith confirm {name}`"
            )
        if now.ms < self._doubt_until_ms:
            return "this node was late itself, and accuses nobody yet"
        return f"waiting until {name} is lost for certain"

    def words(self, now: Now) -> str:
        """Return what keeps a lone node of a pair from going on, or what it does about it."""
        partner = self._machine.partner
        if not partner or self._scene.quorum.quorate:
            return ""
        name = self._scene.config.node(partner).name
        if partner in self._scene.members:
            return ""
        if not self._machine.is_admitted:
            return (
                f"this node started while {name} was away, and may not fence it: start {name}, or "
                "if it is gone for good `pcsx cluster force-new --accept-loss`"
            )
        self.solo.see(self.look(now))
        return self.solo.words(now)

    def record(self, proven: Proven, *, by: str) -> FencedAlone:
        """Return the log's record of a fencing that it could not decide."""
        return FencedAlone(
            proven.node, proven.boot, proven.action, proven.device, self._scene.me,
            proven.took_ms, by, proven.began_s, proven.ended_s,
        )  # fmt: skip


def weight_of(history: History, priorities: Mapping[str, int]) -> int:
    """Return how much that matters which may run by *history*; what is promoted counts one more."""
    promoted = {one.resource for one in running_on("", history.records()) if one.role == "Promoted"}
    weight = 0
    for id in history.active:
        priority = priorities.get(id.partition(":")[0], 0)
        weight += priority + (1 if priority and id in promoted else 0)
    return weight
