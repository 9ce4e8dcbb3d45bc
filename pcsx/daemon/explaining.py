"""Quorum in words: who counts, what a loss would mean, and what is waited for.

Pure views for `pcsx quorum`. What would happen is worked out by the ring's own arithmetic, so that
words and deeds cannot differ.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from pcsx.daemon.controller import Controller
from pcsx.daemon.pair import Pair
from pcsx.daemon.scene import Scene
from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.log.changes import owed_votes
from pcsx.ring.machine import Machine
from pcsx.ring.quorum import Voters, is_on, tally, tie_breaker
from pcsx.values import Now


def explained(
    scene: Scene, machine: Machine, controller: Controller, pair: Pair, now: Now
) -> dict[str, Any]:
    """Return how quorum stands on this node, and why."""
    config, voters = machine.voters.newest, machine.voters
    quorum, tie, owed = scene.quorum, tie_breaker(config), owed_votes(config)
    nodes = [
        {
            "name": node.name, "id": node.id, "votes": node.votes, "owed": owed.get(node.id, 0),
            "present": node.id in scene.members, "tie_breaker": node.id == tie,
        }
        for node in config.nodes
    ]  # fmt: skip
    return {
        "quorate": quorum.quorate,
        "votes": quorum.votes,
        "expected_votes": quorum.expected,
        "needed_votes": quorum.needed,
        "reason": quorum.reason,
        "flags": list(quorum.flags),
        "two_node": bool(voters.pair),
        "changing": voters.joint is not None,
        "left_out": scene.left_out,
        "blocked": machine.blocked,
        "admitted": machine.is_admitted,
        "nodes": nodes,
        "options": {name: value for name, value in config.options if "_votes" not in name
                    and name != "left_lives"},
        "solo": pair.words(now),
        "waits": waits_of(scene, controller, now),
        "sentences": sentences(scene, machine, pair, now),
    }  # fmt: skip


def waits_of(scene: Scene, controller: Controller, now: Now) -> list[dict[str, Any]]:
    """Return the waits for lost nodes where nothing can fence: how long, till when, by what."""
    found = []
    for node in scene.config.nodes:
        known = controller.waits.of(node.id) if scene.in_charge else None
        if known is None:
            continue
        wait, end_ms = known
        found.append(
            {
                "node": node.name,
                "kind": wait.kind,
                "wait_ms": wait.wait_ms,
                "left_ms": None if end_ms is None else max(0, end_ms - now.ms),
                "row": wait.row,
                "why": wait.why,
            }
        )
    return found


def sentences(scene: Scene, machine: Machine, pair: Pair, now: Now) -> list[str]:
    """Return in whole sentences how it stands, and what the loss of each node would mean."""
    voters, quorum = machine.voters, scene.quorum
    said = []
    if quorum.quorate:
        said.append(f"There is quorum: {quorum.votes} of {quorum.expected} votes are here.")
    else:
        said.append(f"There is no quorum: {quorum.reason}.")
    if scene.left_out:
        said.append(f"Others are together without this node: {scene.left_out}.")
    if machine.blocked:
        said.append(
            "This node has started and waits for all voters once (wait_for_all); "
            "`pcsx quorum unblock` ends that wait."
        )
    if words := pair.words(now):
        said.append(words[0].upper() + words[1:] + ".")
    for node in voters.newest.nodes:
        if quorum.quorate and node.id in scene.members and node.votes:
            said.append(_if_lost(voters, machine.near(scene.members), (node.id,)))
    return said


def foreseen(voters: Voters, members: Collection[int], lost: Collection[int]) -> dict[str, Any]:
    """Return what would follow if *lost*, ids, were lost at once from *members*."""
    left = [id for id in members if id not in lost]
    count = tally(voters, left)
    steps = _shrunk(voters.newest, left) if count.quorate else []
    return {
        "quorate": count.quorate,
        "votes": count.votes,
        "expected_votes": count.expected,
        "needed_votes": count.needed,
        "sentence": _if_lost(voters, members, lost),
        "then": steps,
    }


def _shrunk(config: RingConfig, left: Collection[int]) -> list[str]:
    """Return what `last_man_standing` makes of it, step by step."""
    steps: list[str] = []
    if not is_on(config, "last_man_standing"):
        return steps
    for node in config.nodes:
        voting = sum(1 for each in config.nodes if each.votes)
        if node.votes and node.id not in left and voting > 2:
            nodes = tuple(replace(n, votes=0) if n.id == node.id else n for n in config.nodes)
            config = replace(config, nodes=nodes)
            count = tally(Voters(config), left)
            steps.append(
                f"{node.name} is counted out: {count.needed} of {count.expected} votes needed"
            )
    return steps


def _if_lost(voters: Voters, members: Collection[int], lost: Collection[int]) -> str:
    config = voters.newest
    names = {node.id: str(node.name) for node in config.nodes} | {WITNESS: "the witness"}
    gone = " and ".join(names[id] for id in sorted(lost))
    left = [id for id in sorted(members) if id not in lost]
    if not left:
        return f"Without {gone}: nobody would be left here."
    rest = " ".join(names[id] for id in left)
    count = tally(voters, left)
    if count.quorate:
        return f"Without {gone}: {rest} would go on, with {count.votes} of {count.expected} votes."
    if voters.pair and len(left) == 1 and left[0] in voters.pair:
        return f"Without {gone}: {rest} would fence it and go on alone, or hold until it is proved."
    return f"Without {gone}: {rest} would stop, with {count.votes} of {count.needed} votes needed."
