"""Requests about fencing: cut a node off, take a person's word for it, read what is on record."""

from __future__ import annotations

from collections import deque
from typing import Any

from pcsx.agents import Exit, Invocation, outcome_of
from pcsx.daemon.answers import fencing_of, is_fencing_required
from pcsx.daemon.events import ChildExited
from pcsx.daemon.ledger import FenceClosed, FenceIntent, FencesForgotten
from pcsx.daemon.member import Member
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.solo import Proven
from pcsx.errors import Failed, NoQuorum, Refused
from pcsx.errors import Finding as Remark
from pcsx.protocol import ConfirmFence, Fence, FenceHistory, ForgetFences, ProbeDevices
from pcsx.ring.port import Proposed
from pcsx.values import Now


def _target(member: Member, name: str) -> int:
    node = member.scene.config.named(name)
    if node is None:
        names = ", ".join(each.name for each in member.scene.config.nodes)
        raise Refused(
            [Remark.error("no-such-node", name, f"there is no node {name}", hint=f"Nodes: {names}")]
        )
    return node.id


def last_boot(member: Member, target: int) -> int:
    """Return the newest life of *target* that is known here."""
    picture = member.scene.picture.nodes.get(target)
    boot = picture.boot.counter if picture is not None else 0
    return max(boot, member.ledger.admitted.get(target, 0))


def fence(desk: Desk, request: Fence, now: Now) -> list[Outcome]:
    """Have the log decide that the node is cut off, whatever its state; answer when it is done."""

    def here(member: Member) -> list[Outcome]:
        target = _target(member, request.node)
        if request.action not in ("off", "reboot", "on"):
            text = f"{request.action!r} is no way to fence"
            raise Refused([Remark.error("fence-action", request.action, text)])
        if not member.fences.fencer.somebodys(request.node):
            raise Failed(
                f"no fence device can fence {request.node}",
                "Make one: pcsx stonith create NAME AGENT OPTIONS...",
            )
        if (case := member.ledger.open_case(target)) is not None:
            if case.action != request.action:
                raise Failed(
                    f"{request.node} is being fenced already, by another action: {case.action}",
                    f"Ask again when that is over: pcsx stonith history {request.node}",
                )
            member.fences.wait_for_case(case.case, desk.answer)
            return []
        asked = member.fences.asked.get(target)
        if asked is not None and asked[0] == request.action:
            asked[1].append(desk.answer)
            return []
        intent = FenceIntent(
            target,
            last_boot(member, target),
            request.action,
            request.timeout_ms,
            False,
            desk.user,
            int(now.wall.timestamp()),
        )

        asking = [desk.answer]
        member.fences.asked[target] = (request.action, asking)

        def then(proposed: Proposed, _: Now) -> list[Outcome]:
            if member.fences.asked.get(target) == (request.action, asking):
                del member.fences.asked[target]
            if not proposed.index:
                error = NoQuorum(f"nobody is fenced: {proposed.refusal}")
                return [effect for answer in asking for effect in answer(error, True)]
            for answer in asking:
                member.fences.wait_for_case(proposed.index, answer)
            return []

        return list(member.proposals.decide(intent, now, then))

    return desk.on_leader(here, now)


def confirm(desk: Desk, request: ConfirmFence, now: Now) -> list[Outcome]:
    """Record a person's word that the node is off."""

    def here(member: Member) -> list[Outcome]:
        target = _target(member, request.node)
        if target in member.scene.members:
            text = f"{request.node} is up and in the cluster, so it cannot be confirmed as off"
            raise Refused([Remark.error("is-up", request.node, text)])
        wall_s = int(now.wall.timestamp())
        boot = last_boot(member, target)

        def closed(proposed: Proposed, _: Now) -> list[Outcome]:
            if not proposed.index:
                return desk.fail(NoQuorum(f"not recorded: {proposed.refusal}"))
            return desk.ok({"confirmed": request.node, "by": desk.user})

        def opened(proposed: Proposed, later: Now) -> list[Outcome]:
            if not proposed.index:
                return desk.fail(NoQuorum(f"not recorded: {proposed.refusal}"))
            return close(proposed.index, later)

        def close(case: int, later: Now) -> list[Outcome]:
            fact = FenceClosed(case, "done", f"confirmed by {desk.user}", "a human", 0, 0, wall_s)
            return list(member.proposals.decide(fact, later, closed))

        if (case := member.ledger.open_case(target)) is not None:
            return close(case.case, now)
        intent = FenceIntent(target, boot, "off", 60_000, False, desk.user, wall_s)
        return list(member.proposals.decide(intent, now, opened))

    return _confirm_alone(desk, request, now) or desk.on_leader(here, now)


def _confirm_alone(desk: Desk, request: ConfirmFence, now: Now) -> list[Outcome]:
    """Take the person's word as the proof that the survivor of a pair needs, if it is about that.

    It is bound to the life that the log knows of the other.
    """
    member = desk.member
    target = member.machine.solo_target
    if target is None or target[0] != _target(member, request.node):
        return []
    wall_s = int(now.wall.timestamp())
    word = Proven(*target, "off", "a human", 0, wall_s, wall_s)

    def then(proposed: Proposed, _: Now) -> list[Outcome]:
        if not proposed.index:
            return desk.fail(NoQuorum(f"not recorded: {proposed.refusal}"))
        return desk.ok({"confirmed": request.node, "by": desk.user})

    return list(member.fences.prove(member.fences.pair.record(word, by=desk.user), now, then))


def history(desk: Desk, request: FenceHistory, _now: Now) -> list[Outcome]:
    """Answer with the fencing on record, newest first."""
    scene = desk.member.scene
    cases = [
        fencing_of(case, scene.config)
        for _, case in sorted(scene.ledger.fencings.items(), reverse=True)
    ]
    if request.node:
        cases = [case for case in cases if case["target"] == request.node]
    required = is_fencing_required(scene.ledger.replica.cib)
    return desk.ok({"history": cases, "required": required})


def forget(desk: Desk, request: ForgetFences, now: Now) -> list[Outcome]:
    """Have the log forget what is closed; answer with how many fencings that were."""

    def here(member: Member) -> list[Outcome]:
        target = _target(member, request.node) if request.node else 0
        known = member.ledger.fencings.values()
        count = sum(1 for case in known if case.verdict and target in (0, case.target))

        def then(proposed: Proposed, _: Now) -> list[Outcome]:
            if not proposed.index:
                return desk.fail(NoQuorum(f"not recorded: {proposed.refusal}"))
            return desk.ok({"forgotten": count})

        fact = FencesForgotten(target, desk.user, int(now.wall.timestamp()))
        return list(member.proposals.decide(fact, now, then))

    return desk.on_leader(here, now)


def probe(desk: Desk, request: ProbeDevices, now: Now) -> list[Outcome]:
    """Ask each device that this node could use for the power of each node that it reaches."""

    def here(member: Member) -> list[Outcome]:
        ids = [device.id for device in member.fences.fencer.devices.devices]
        if request.device and request.device not in ids:
            raise Failed(f"there is no fence device '{request.device}', or it is disabled")
        chosen = [request.device] if request.device else ids
        waiting: dict[str, deque[tuple[str, str, Invocation]]] = {}
        for id in chosen:
            for node in member.scene.config.nodes:
                found = member.fences.fencer.inquiry(id, node.name)
                if found is not None:
                    waiting.setdefault(id, deque()).append((str(node.name), *found))
        told: list[dict[str, Any]] = []
        name = member.scene.name

        def following(id: str) -> list[Outcome]:
            """Ask device *id* the next question: one at a time, as a BMC has few sessions."""
            if not waiting[id]:
                del waiting[id]
                return [] if waiting else desk.ok({"node": name, "asked": told})
            target, action, made = waiting[id].popleft()

            def then(exited: ChildExited) -> list[Outcome]:
                told.append(_inquired(id, target, action, made.timeout_ms, exited.exit))
                return following(id)

            return list(desk.node.ask_child(made, then))

        if not waiting:
            return desk.ok({"node": name, "asked": []})
        return [effect for id in list(waiting) for effect in following(id)]

    return desk.on_node(request.node, here, now)


def _inquired(id: str, target: str, action: str, limit_ms: int, exit: Exit) -> dict[str, Any]:
    states = {0: "on", 2: "off"} if action == "status" else {}
    answered = exit.code in ((0, 2) if action == "status" else (0,)) and not exit.timed_out
    return {
        "device": id,
        "target": target,
        "action": action,
        "state": states.get(exit.code if exit.code is not None else -1, "") if answered else "",
        "ok": answered,
        "end": _end_of(exit, answered=answered),
        "reason": "" if answered else outcome_of("stonith", action, exit).reason,
        "took_ms": exit.took_ms,
        "timeout_ms": limit_ms,
    }


def _end_of(exit: Exit, *, answered: bool) -> str:
    """Return how the agent ended: `answered`, with an `error`, too `late`, or it was `absent`."""
    if answered:
        return "answered"
    if exit.timed_out:
        return "late"
    return "absent" if exit.errno is not None else "error"
