"""Requests about quorum: how it stands, what would be, and changes of who counts, by the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pcsx.cib.options import QUORUM, check_options
from pcsx.daemon import messages
from pcsx.daemon.explaining import explained, foreseen
from pcsx.daemon.member import Member
from pcsx.daemon.requests import witness
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.errors import Finding, NoQuorum, Refused, Severity
from pcsx.protocol import PROFILES, QuorumExpect, QuorumInfo, QuorumUnblock, QuorumUpdate
from pcsx.ring.config import RingConfig
from pcsx.ring.log.changes import without_vote
from pcsx.ring.port import Proposed
from pcsx.values import Now

DERIVED = {
    "two_node": "two voters of equal votes are a pair by themselves; nothing turns that on or off",
    "expected_votes": "it is the sum of the nodes' votes: set those, or use expected-votes",
}


def info(desk: Desk, request: QuorumInfo, now: Now) -> list[Outcome]:
    """Answer with how quorum stands here, and what the loss of *lost* would mean."""
    member = desk.member
    told = explained(member.scene, member.machine, member.controller, member.fences.pair, now)
    told["witness"] = witness.described(desk)
    if request.lost:
        lost = sorted({_node(member, name) for name in request.lost})
        near = member.machine.near(member.scene.members)
        told["foreseen"] = foreseen(member.machine.voters, near, lost)
    return desk.ok(told)


def _node(member: Member, name: str) -> int:
    node = member.scene.config.named(name)
    if node is None:
        names = ", ".join(str(each.name) for each in member.scene.config.nodes)
        raise Refused(
            [
                Finding.error(
                    "no-such-node", name, f"there is no node {name}", hint=f"Nodes: {names}"
                )
            ]
        )
    return node.id


def update(desk: Desk, request: QuorumUpdate, now: Now) -> list[Outcome]:
    """Have the log change options of quorum, votes and the profile; no value takes one away."""

    def here(member: Member) -> list[Outcome]:
        pairs = dict(request.options)
        _check(member, pairs)

        def edit(config: RingConfig) -> RingConfig:
            return _updated(config, pairs)

        if not any(node.votes for node in edit(member.machine.voters.newest).nodes):
            raise Refused([Finding.error("no-votes", "votes", "somebody must have a vote")])
        return list(member.proposals.edit(edit, now, _answered(desk, {"updated": sorted(pairs)})))

    return desk.on_leader(here, now)


def _check(member: Member, pairs: dict[str, str]) -> None:
    findings = []
    for name, value in pairs.items():
        if name in DERIVED:
            findings.append(
                Finding.error("derived", name, f"{name} cannot be set: {DERIVED[name]}")
            )
        elif name == "profile":
            if value not in PROFILES:
                text = f"there is no profile {value}: {', '.join(PROFILES)}"
                findings.append(Finding.error("profile", name, text))
        elif name.startswith("votes."):
            _node(member, name.removeprefix("votes."))
            if not value.isdecimal() or int(value) > 255:
                text = f"{name}={value}: expected a number from 0 to 255"
                findings.append(Finding.error("option-value", name, text))
        elif value or name not in QUORUM:
            findings += check_options(QUORUM, [(name, value)], "quorum")
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Refused(findings)


def _updated(config: RingConfig, pairs: dict[str, str]) -> RingConfig:
    options = dict(config.options)
    for name, value in pairs.items():
        if name == "profile":
            config = replace(config, profile=value)
        elif name.startswith("votes."):
            wanted = name.removeprefix("votes.")
            nodes = tuple(
                replace(node, votes=int(value)) if node.name == wanted else node
                for node in config.nodes
            )
            config = replace(config, nodes=nodes)
        elif value:
            options[name] = value
        else:
            options.pop(name, None)
    return replace(config, options=tuple(sorted(options.items())))


def expect(desk: Desk, request: QuorumExpect, now: Now) -> list[Outcome]:
    """Have the log count out nodes that are away, until so many votes are expected.

    They get their votes back when they have caught up. It takes quorum, as all changes do.
    """

    def here(member: Member) -> list[Outcome]:
        members = member.scene.members

        def edit(config: RingConfig) -> RingConfig:
            for node in config.nodes:
                if _sum(config) > request.votes and node.votes and node.id not in members:
                    config = without_vote(config, node.id)
            return config

        config = member.machine.voters.newest
        reached = _sum(edit(config))
        if reached != request.votes:
            text = (
                f"{_sum(config)} votes are expected; counting out the nodes that are away makes "
                f"{reached}, not {request.votes}"
            )
            hint = "Votes of a node are set by: pcsx quorum update votes.NODE=N"
            raise Refused([Finding.error("expected-votes", str(request.votes), text, hint=hint)])
        return list(member.proposals.edit(edit, now, _answered(desk, {"expected": request.votes})))

    return desk.on_leader(here, now)


def _sum(config: RingConfig) -> int:
    return sum(node.votes for node in config.nodes)


def unblock(desk: Desk, _request: QuorumUnblock, now: Now) -> list[Outcome]:
    """End the wait for all voters in this view; who leads next has it on record."""
    member = desk.member
    if not member.machine.blocked:
        return desk.ok({"unblocked": False})
    told = member.tell(messages.Unblock(desk.user), now)
    return [*told, *desk.ok({"unblocked": True})]


def _answered(desk: Desk, answer: dict[str, object]) -> Callable[[Proposed, Now], list[Outcome]]:
    """Return what answers the client once the log has decided."""

    def then(proposed: Proposed, _: Now) -> list[Outcome]:
        if proposed.refusal:
            return desk.fail(NoQuorum(f"not changed: {proposed.refusal}"))
        return desk.ok({**answer, "changed": bool(proposed.index)})

    return then
