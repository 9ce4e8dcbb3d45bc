"""Requests about the cluster as such: form it, accept a founder, stop, start, leave it for good."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from pcsx.cib.family import histories_of
from pcsx.daemon import messages
from pcsx.daemon.decisions import Decision
from pcsx.daemon.member import Member
from pcsx.daemon.requests.desk import Desk, Outcome, who
from pcsx.daemon.setup import describe
from pcsx.errors import Failed, Finding, PcsxError, Refused
from pcsx.protocol import (
    Accept,
    AcceptAnswer,
    Cleanup,
    ClusterSetup,
    Destroy,
    Diary,
    FailResource,
    LobbyInfo,
    NodeStart,
    NodeStop,
    RingStatus,
    SetupAnswer,
    Transitions,
)
from pcsx.values import Now

_TOLD_ON_MAX: Final = 700_000
"""A message between nodes has room for so many bytes of a decision."""


def setup(desk: Desk, request: ClusterSetup, now: Now) -> list[Outcome]:
    """Found a cluster; lines of progress come before the answer."""
    return desk.node.found(request, desk.answer, now)


def setup_answer(desk: Desk, request: SetupAnswer, now: Now) -> list[Outcome]:
    """Take the founder's person's word on a code."""
    return [*desk.ok({}), *desk.node.compared(request.node, request.same, now)]


def accept(desk: Desk, request: Accept, now: Now) -> list[Outcome]:
    """Let a founder with a code in while somebody waits here."""
    return desk.node.accept(desk.answer, now.ms + request.timeout_ms, now)


def accept_answer(desk: Desk, request: AcceptAnswer, now: Now) -> list[Outcome]:
    """Take the word of the person here on the founder's code."""
    return [*desk.ok({}), *desk.node.accepted(request.code, request.same, now)]


def info(desk: Desk, _request: LobbyInfo, _now: Now) -> list[Outcome]:
    """Say what this daemon is."""
    return desk.ok(describe(desk.node.me, desk.node.cluster_name))


def stop(desk: Desk, request: NodeStop, now: Now) -> list[Outcome]:
    """Have a node empty itself and leave the ring; answer when it begins (here: when it is out)."""
    member = desk.member
    node = member.scene.config.named(request.node) if request.node else None
    if request.node and node is None:
        text = f"there is no node {request.node}"
        raise Refused([Finding.error("no-such-node", request.node, text)])
    if node is None or node.id == member.me:
        return desk.node.stop(desk.answer, now)
    if node.id not in member.scene.members:
        return desk.ok({"stopping": request.node, "already": True})
    asked = member.tell(messages.AskedToStop(node.id), now)
    return [*asked, *desk.ok({"stopping": request.node})]


def start(desk: Desk, _request: NodeStart, now: Now) -> list[Outcome]:
    """Join the ring again."""
    return desk.node.start(desk.answer, now)


def destroy(desk: Desk, request: Destroy, now: Now) -> list[Outcome]:
    """Leave the cluster for good; its name must be given, so that nobody does it by mistake."""
    name = desk.node.cluster_name
    if request.node and request.node != desk.node.me.name:
        member = desk.member
        node = member.scene.config.named(request.node)
        if node is None or node.id not in member.scene.members:
            raise Failed(f"{request.node} is not in the ring", f"Run this on {request.node}.")
        wish = json.dumps(Destroy(request.cluster).to_json()).encode()
        caller = who(desk.user, desk.groups)
        asked = member.forwards.send(
            node.id, wish, caller, lambda _told, _last: [], now, leads=False
        )
        return [*asked, *desk.ok({"destroying": request.node})]
    if request.cluster != name:
        text = f"this node is in the cluster {name!r}, not {request.cluster!r}"
        raise Refused([Finding.error("other-cluster", request.cluster, text)])
    return desk.node.destroy(desk.answer, now)


def cleanup(desk: Desk, request: Cleanup, now: Now) -> list[Outcome]:
    """Have one node, or all, forget failures or all history of a resource, so that it is probed."""
    member = desk.member
    target = 0
    if request.node:
        node = member.scene.config.named(request.node)
        if node is None:
            text = f"there is no node {request.node}"
            raise Refused([Finding.error("no-such-node", request.node, text)])
        target = node.id
    cib = member.scene.ledger.replica.cib
    wanted = request.resource
    ids = histories_of(cib, wanted, strict=request.strict) if wanted else ("",)
    if target and target not in member.scene.members:
        locked = any(member.scene.picture.is_locked(target, id) for id in ids)
        if not (request.refresh and locked):
            raise Failed(f"{request.node} is not online, so nothing can be cleaned up there")
    asked: list[Outcome] = []
    for id in ids:
        asked += member.tell(
            messages.Clean(target, id, request.refresh, request.operation, request.interval_ms), now
        )
    nodes = [str(member.scene.config.node(id).name) for id in member.scene.members]
    return [*asked, *desk.ok({"nodes": [request.node] if request.node else nodes})]


def fail_resource(desk: Desk, request: FailResource, now: Now) -> list[Outcome]:
    """Have a resource count as failed on the node where it runs."""

    def here(member: Member) -> list[Outcome]:
        effects = member.fail_resource(request.resource, now)
        if not effects:
            raise Failed(f"{request.resource} does not run on {member.scene.name}")
        return [*effects, *desk.ok({"node": member.scene.name})]

    return desk.on_node(request.node, here, now)


def diary(desk: Desk, request: Diary, now: Now) -> list[Outcome]:
    """Answer with how operations went on a node."""

    def here(member: Member) -> list[Outcome]:
        kept = member.local.diary
        stories = [story.to_json() for story in kept.stories(request.resource)]
        times = kept.times(request.resource)
        return desk.ok({"node": member.scene.name, "stories": stories, "times": times})

    return desk.on_node(request.node, here, now)


def ring(desk: Desk, _request: RingStatus, now: Now) -> list[Outcome]:
    """Answer with views, log and detector as this node has them."""
    member = desk.member
    reach = {
        str(node.name): asdict(member.scene.reach[node.id])
        for node in member.scene.config.nodes
        if node.id in member.scene.reach
    }
    for each in reach.values():
        each["reach"], each["why"] = each["reach"].name.lower(), each["why"].name.lower()
    names = {node.id: str(node.name) for node in member.scene.config.nodes}
    held_out = {names[id]: text for id, text in sorted(member.machine.held_out.items())}
    skew = {str(id): skew_s for id, skew_s in sorted(member.scene.skew_s.items())}
    machine = member.machine
    feature = {
        "level": machine.config.level,
        "speaks": machine.features,
        "held_back": {names[id]: text for id, text in sorted(machine.held_back.items())},
    }
    return desk.ok(
        {
            "log": asdict(machine.log_status(now)),
            "reach": reach,
            "skew_s": skew,
            "held_out": held_out,
            "feature": feature,
            "links": len(member.scene.config.node(member.me).addresses),
        }
    )


def transitions(desk: Desk, request: Transitions, now: Now) -> list[Outcome]:
    """Answer with what the engine decided lately, here and on the node that is in charge."""
    member = desk.member
    dc = 0 if desk.passed or member.scene.dc == member.me else member.scene.dc
    asked = json.dumps(request.to_json()).encode()
    caller = who(desk.user, desk.groups)
    if not request.number:
        rows = _decisions_of(member)
        while desk.passed and len(json.dumps(rows)) > _TOLD_ON_MAX:
            rows.pop()
        if not dc:
            return desk.ok({"transitions": rows})

        def join(told: dict[str, Any] | PcsxError, last: bool) -> list[Any]:
            """Put the other node's beside ours; ours alone where it does not tell."""
            theirs = told.get("transitions", []) if isinstance(told, dict) else []
            newest = sorted(rows + theirs, key=lambda row: (row["wall"], row["number"]))
            return list(desk.answer({"transitions": newest[::-1]}, last))

        return list(member.forwards.send(dc, asked, caller, join, now))
    for each in member.decisions.kept:
        if each.number == request.number:
            return desk.ok(_decision(desk, each))
    if dc:
        return list(member.forwards.send(dc, asked, caller, desk.answer, now))
    raise Failed(
        f"transition {request.number} is not kept on {member.scene.name}",
        "pcsx transition list shows those that are, and on which node.",
    )


def _decisions_of(member: Member) -> list[dict[str, Any]]:
    return [
        {
            "number": each.number,
            "node": str(member.scene.name),
            "wall": each.wall.isoformat(timespec="seconds"),
            "actions": each.actions,
            "outcome": each.outcome or "running",
            "fenced": list(each.fenced),
            "moved": list(each.moved),
        }
        for each in reversed(member.decisions.kept)
    ]


def _decision(desk: Desk, decision: Decision) -> dict[str, Any]:
    told = {
        "number": decision.number,
        "node": str(desk.member.scene.name),
        "wall": decision.wall.isoformat(),
        "outcome": decision.outcome or "running",
        "cib": decision.document(),
        "transition": decision.outcome_text(),
    }
    if desk.passed and len(json.dumps(told)) > _TOLD_ON_MAX:
        raise Failed(
            f"transition {decision.number} is too large to be passed on between nodes",
            f"Ask on {desk.member.scene.name}, which keeps it.",
        )
    return told
