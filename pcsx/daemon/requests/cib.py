"""Requests about the document: read it, change it, wait until what it asks for is done."""

from __future__ import annotations

from pcsx.cib import Version
from pcsx.cib.replica import Change, Committed, Proposal
from pcsx.daemon.answers import cluster_of, nodes_of, rest_of
from pcsx.daemon.events import Depicted
from pcsx.daemon.ledger import CibChange, Kept
from pcsx.daemon.member import Member, MemberEffect, Waiter
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.errors import Failed, NoQuorum
from pcsx.protocol import Changes, Commit, Confirm, GetCib, GetState, GetStatus, WaitIdle
from pcsx.ring.port import Proposed, Readable
from pcsx.values import Now

SETTLE_MS = 150
"""What a client did just before it waits may still be on its way to the DC."""


def status(desk: Desk, _request: GetStatus, _now: Now) -> list[Outcome]:
    """Answer with the cluster, the nodes and the whole document, as this node has them."""
    text = desk.readable(desk.member.scene.document()).packed().decode()
    return desk.ok({**_known(desk), "cib": text})


def state(desk: Desk, request: GetState, now: Now) -> list[Outcome]:
    """Answer with the state as people see it, which a worker reads, unless that is planning."""
    if desk.member.controller.is_planning:
        return desk.ok({})
    document = desk.readable(desk.member.scene.document())

    def then(depicted: Depicted) -> list[Outcome]:
        return desk.ok(depicted.state or {})

    return list(desk.node.depict(document, _known(desk), now, then, request.hide_inactive))


def _known(desk: Desk) -> dict[str, object]:
    """Return what this node knows of the cluster and its nodes beside the document."""
    member = desk.member
    scene = member.scene
    cluster = cluster_of(
        scene,
        member.controller,
        devices=member.fences.fencer.devices,
        version=desk.node.me.version,
    )
    cluster["rest"] = rest_of(scene, member.controller, rested=member.controller.at_rest)
    return {"cluster": cluster, "nodes": nodes_of(scene)}


def cib(desk: Desk, request: GetCib, now: Now) -> list[Outcome]:
    """Answer with the document as XML text; `behind` where it may be older than one shown before.

    So it is on a node that was started and has heard no leader since. One whose log was lost has
    nothing to show.
    """
    scene, machine = desk.member.scene, desk.member.machine
    if not machine.caught_up and machine.log_status(now).role == "amnesiac":
        text = "not yet caught up: this node lost its log, and takes it anew from the others"
        raise Failed(text, "Try again in a moment, or ask on another node.")

    def answer() -> list[Outcome]:
        document = scene.ledger.replica.cib if request.bare else scene.document()
        told: dict[str, object] = {"cib": desk.readable(document).to_bytes().decode()}
        return desk.ok(told if machine.caught_up else told | {"behind": True})

    def passed(told: Readable, _: Now) -> list[MemberEffect]:
        if told.refusal or scene.diverged:
            text = told.refusal or "its own state is not what was decided"
            return list(desk.fail(NoQuorum(f"nobody can say what is newest: {text}")))
        return list(answer())

    return list(desk.member.proposals.when_fresh(passed, now)) if request.fresh else answer()


def commit(desk: Desk, request: Commit, now: Now) -> list[Outcome]:
    """Judge the change and put it in the log; answer when this node has applied it."""

    def here(member: Member) -> list[Outcome]:
        replica = member.ledger.replica
        proposal = Proposal(
            base=Version(*request.base),
            base_digest=request.base_digest,
            patch=request.patch.encode(),
            user=desk.user,
            command=request.command,
            wall=now.wall.isoformat(timespec="seconds"),
            client_id=request.client,
            seq=request.seq,
            force=request.force,
            groups=desk.groups,
            origin=member.scene.name,
        )
        judged = replica.judge(proposal)
        if isinstance(judged, Committed):
            return desk.ok(_told(judged.version, judged.digest, changed=judged.changed))
        change: Change = judged

        def then(proposed: Proposed, _: Now) -> list[Outcome]:
            if not proposed.index:
                replica.forget_pending(change)
                return desk.fail(NoQuorum(f"not committed: {proposed.refusal}"))
            return desk.ok(_told(change.version, change.digest, changed=True))

        until_s = 0
        if request.confirm_ms:
            until_s = int(now.wall.timestamp() + request.confirm_ms / 1000 + 0.999)
        fact = CibChange(change.to_bytes(), until_s)
        return list(member.proposals.decide(fact, now, then, awaited=desk.passed))

    return desk.on_leader(here, now, straight=True)


def confirm(desk: Desk, request: Confirm, now: Now) -> list[Outcome]:
    """Put in the log that a change on trial (or all of them) stays."""

    def here(member: Member) -> list[Outcome]:
        trials = member.ledger.trials
        if request.change and request.change not in trials:
            raise Failed(f"change {request.change} does not wait to be confirmed")
        names = [request.change] if request.change else sorted(trials)
        if not names:
            raise Failed("no change waits to be confirmed")
        left = set(names)
        effects: list[Outcome] = []
        for name in names:

            def then(proposed: Proposed, _: Now, name: str = name) -> list[Outcome]:
                left.discard(name)
                if not proposed.index:
                    return desk.fail(NoQuorum(f"not confirmed: {proposed.refusal}"))
                return [] if left else desk.ok({"kept": names})

            effects += member.proposals.decide(Kept(name, f"confirmed by {desk.user}"), now, then)
        return effects

    return desk.on_leader(here, now)


def changes(desk: Desk, _request: Changes, _now: Now) -> list[Outcome]:
    """Answer with the changes on record, oldest first, and those on trial."""
    ledger = desk.member.ledger
    records = reversed(ledger.history.newest())
    texts = [record.change.to_bytes().decode() for record in records]
    return desk.ok({"changes": texts, "trials": dict(sorted(ledger.trials.items()))})


def _told(version: Version, digest: str, *, changed: bool) -> dict[str, object]:
    return {"version": str(version), "digest": digest, "changed": changed}


def wait(desk: Desk, request: WaitIdle, now: Now) -> list[Outcome]:
    """Tell progress until the cluster is at rest, or the time is up."""

    def here(member: Member) -> list[Outcome]:
        until_ms, settled_ms = now.ms + request.timeout_ms, now.ms + SETTLE_MS
        member.waiters.add(Waiter(desk.answer, until_ms, settled_ms))
        return []

    return desk.on_leader(here, now, dc=True)
