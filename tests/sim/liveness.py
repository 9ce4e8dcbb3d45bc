"""What must come to be once nothing goes wrong any more: L1 to L5 and L7, as times and counts.

Time counts from the last moment at which anything was done to a machine or to the network: a power
switch that was told to act before peace may act after it. Nobody is waited for whom damping holds
out, and a node whose key opens nothing has the time to ask for the one in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pcsx.daemon.returning import DEAF_MS
from pcsx.daemon.status import LOG

if TYPE_CHECKING:
    from pcsx.daemon.member import Member
    from tests.sim.cluster import Cluster

VIEW_MS: Final = 2_000
"""L1: one view within *down* and so much."""
LEADER_MS: Final = 3_000
"""L2: a leader so much later."""
EQUAL_MS: Final = 5_000
"""L3: one document so much later."""
PLACED_MS: Final = 20_000
"""L4: all placed so much later. It takes an agent that hangs so long to run out of its time, and
the DC so long to give up on a node that nobody has seen; all else is done in seconds.
"""
FENCING_MS: Final = 60_000
"""How much longer where the agent that fences may hang: so long is it waited for."""
FOR_EVER_MS: Final = 600_000
"""So long nobody is held out."""
PATIENCE: Final = 3
"""The laws' times are for a cluster at rest; here agents and orders of before still come and go.

Of a hundred seeds the slowest took three quarters of its law's time; this finds what never ends.
"""
VIEWS_MAX: Final = 20
"""L7: so many views at one node are enough for all to find together."""
KEY_MS: Final = DEAF_MS + 5_000
"""How long a node needs that asks for the cluster's key over TCP, one node after the other."""


class Liveness:
    """Looks at a cluster at peace, again and again; fails where a law's time is over."""

    def __init__(self, cluster: Cluster, *, fencing_hung: bool = False) -> None:
        """Look from now on; *fencing_hung*: an agent that fences may hang from before."""
        self.cluster = cluster
        self._fencing_hung = fencing_hung
        self._since_ms = self._now_ms = self._began_ms = cluster.now_ms
        self._disturbed = cluster.disturbed
        self._views: dict[int, set[object]] = {}
        self.took_ms: dict[str, int] = {}
        """How long each law took, the longest time."""

    def look(self) -> None:
        """Judge the cluster as it is now."""
        cluster = self.cluster
        passed_ms, self._now_ms = cluster.now_ms - self._now_ms, cluster.now_ms
        members = [m.node.member for m in cluster.members() if m.node is not None]
        known = [member for member in members if member is not None]
        if cluster.disturbed != self._disturbed or len(known) < len(members):
            self._disturbed, self._since_ms = cluster.disturbed, cluster.now_ms
            self._views.clear()
        if any(member.machine.held_out for member in known):
            self._since_ms += passed_ms
        stood = [m.stood_until_ms for m in cluster.members()]
        self._since_ms = max([self._since_ms, *(ms for ms in stood if ms > self._since_ms)])
        for member in known:
            views = self._views.setdefault(member.me, set())
            views.add(member.scene.view)
            if len(views) > VIEWS_MAX:
                cluster.judge.fail("L7 no flapping", f"n{member.me}: {len(views)} views")
        limit_ms = cluster.config.timers.down_ms + VIEW_MS
        if len({member.keys.rotation.keys for member in known}) > 1:
            limit_ms += KEY_MS
        self._judge("L1 one view", _in_one_view(known), limit_ms)
        untold = [reason for member in known if (reason := _unexplained(member, cluster))]
        self._judge(f"L5 what holds a node up is seen: {untold}", not untold, limit_ms)
        led = {(m.scene.term, m.scene.leader) for m in known}
        limit_ms += LEADER_MS
        self._judge("L2 a leader", len(led) == 1 and bool(known[0].scene.leader), limit_ms)
        equal = len({member.ledger.replica.cib.digest for member in known}) == 1
        self._judge("L3 equal documents", equal, limit_ms + EQUAL_MS)

    def placed(self, *, well: bool) -> None:
        """Judge L4: whether all that should run does, and the policy engine wishes for no more."""
        limit_ms = self.cluster.config.timers.down_ms + VIEW_MS + LEADER_MS + EQUAL_MS + PLACED_MS
        if self._fencing_hung:
            limit_ms += FENCING_MS
        took_ms = self.cluster.now_ms - self._since_ms
        whole_ms = self.cluster.now_ms - self._began_ms
        if not well and (took_ms > limit_ms or whole_ms > FOR_EVER_MS):
            text = f"not {took_ms} ms after the last fault"
            self.cluster.judge.fail("L4 all that should run does", text)

    def stays(self) -> bool:
        """Let *down* pass twice, and judge that the view that there was in between stays.

        What the last fault did to anybody is seen after the first. Returns whether there was none
        meanwhile: else nothing is said, and all may have to settle again.
        """
        down_ms, disturbed = self.cluster.config.timers.down_ms, self.cluster.disturbed
        self.cluster.run(max(0, self._since_ms + down_ms - self.cluster.now_ms))
        before = self._standing()
        self.cluster.run(down_ms)
        after = self._standing()
        if self.cluster.disturbed != disturbed:
            return False
        if after != before:
            self.cluster.judge.fail("L7 what is reached stays", f"{before}, then {after}")
        return True

    def _standing(self) -> list[tuple[object, int, int]]:
        members = [m.node.member for m in self.cluster.members() if m.node is not None]
        scenes = [member.scene for member in members if member is not None]
        return [(scene.view, scene.term, scene.leader) for scene in scenes]

    def _judge(self, law: str, holds: bool, limit_ms: int) -> None:
        took_ms = self.cluster.now_ms - self._since_ms
        if holds:
            return
        self.took_ms[law] = max(self.took_ms.get(law, 0), took_ms)
        if took_ms > PATIENCE * limit_ms:
            self.cluster.judge.fail(law, f"not {took_ms} ms after the last fault")


def _unexplained(member: Member, cluster: Cluster) -> str:
    """Return what keeps *member* from counting that its status does not name, or nothing."""
    machine = cluster.machines[member.me]
    if member.scene.view is None:
        return ""
    now = machine.clock.now(cluster.now_ms)
    if member.machine.log_status(now).role == "amnesiac" and not member.local.attributes.get(LOG):
        return "it lost its log, and does not say so"
    quorum = member.scene.quorum
    if not quorum.quorate and not quorum.reason:
        return "it has no quorum, and does not say why"
    if member.machine.blocked and not quorum.quorate and "wait" not in quorum.reason:
        return f"it waits for all, and says {quorum.reason}"
    return ""


def _in_one_view(known: list[Member]) -> bool:
    ids = sorted(member.me for member in known)
    views = {member.scene.view for member in known}
    return len(views) == 1 and list(known[0].scene.members) == ids
