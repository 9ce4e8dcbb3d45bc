"""Requests for when most voters are lost for good: begin the cluster anew, and come over to it."""

from __future__ import annotations

from pcsx.daemon.ledger import FencedAlone
from pcsx.daemon.member import MemberEffect
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.requests.fencing import last_boot
from pcsx.errors import Failed, Finding, Refused
from pcsx.protocol import ClusterForceNew, ClusterRejoin
from pcsx.ring.config import LINEAGE_BYTES, next_lineage
from pcsx.ring.frames import Reach
from pcsx.ring.port import Proposed
from pcsx.values import Now


def force_new(desk: Desk, request: ClusterForceNew, now: Now) -> list[Outcome]:
    """Begin the cluster anew with this node alone, on a person's word for every other node."""
    member = desk.member
    scene, config = member.scene, member.machine.voters.newest
    if scene.quorum.quorate:
        hint = "A node that is gone for good is taken out: pcsx cluster node remove NODE."
        raise Failed("this partition has quorum: there is nothing to begin anew", hint)
    others = {str(node.name): node for node in config.nodes if node.id != member.me}
    findings = [
        Finding.error("no-such-node", name, f"there is no other node {name}")
        for name in request.lost
        if name not in others
    ]
    for name, node in others.items():
        if node.id in scene.members or scene.reaches(node.id) is Reach.UP:
            text = f"{name} is up, and this node hears it"
            hint = f"Stop it first (pcsx cluster stop {name}); it comes over by: cluster rejoin."
            findings.append(Finding.error("is-up", name, text, hint=hint))
        elif name not in request.lost:
            text = f"nobody has said that {name} is off"
            hint = "Whatever still runs there would run twice. Look, then name it."
            findings.append(Finding.error("not-answered-for", name, text, hint=hint))
    if findings:
        raise Refused(findings)
    wall_s = int(now.wall.timestamp())
    facts = tuple(
        FencedAlone(
            node.id, max(node.boot, last_boot(member, node.id)), "off", "a human", 0, 0, desk.user,
            wall_s, wall_s,
        )
        for node in others.values()
    )  # fmt: skip
    lineage = next_lineage(config.lineage, desk.node.entropy(LINEAGE_BYTES))

    def then(proposed: Proposed, _: Now) -> list[MemberEffect]:
        if not proposed.index:
            return list(desk.fail(Failed(f"not begun anew: {proposed.refusal}")))
        return list(desk.ok({"lineage": f"{lineage:016x}", "lost": list(others)}))

    return list(member.proposals.force_new(lineage, facts, desk.user, now, then))


def rejoin(desk: Desk, request: ClusterRejoin, now: Now) -> list[Outcome]:
    """Come over to the cluster that was begun anew without this node."""
    return desk.node.rejoin(request, desk.answer, now)
