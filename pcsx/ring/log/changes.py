"""Changes of the configuration that a leader asks for by itself, one at a time.

A voter that lost what it had acknowledged votes no more until it has the log anew; with
`last_man_standing` so does a voter that has been gone for a while, until it is back and has caught
up. The votes to give back stand in the option `restore_votes`, as `id:votes` words, so that any
later leader goes on. New lives of members are admitted. The feature level rises by one once all
speak it. Every step is a joint change where votes
are concerned, so no trust in clocks is needed. Pure: what is wanted, never when.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.levels import Range, speaks
from pcsx.ring.quorum import is_on, option, weights

RESTORE: Final = "restore_votes"
LEFT: Final = "left_lives"
LMS_WINDOW_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a leader knows of the nodes."""

    boots: Mapping[int, int]
    """The boot counters of the view's members."""
    amnesiacs: Collection[int]
    gone: Collection[int]
    """Those out of the view for longer than `last_man_standing` waits."""
    caught_up: Collection[int]
    """Members that have all that is decided on their disks."""
    speaks: Mapping[int, Range] = field(default_factory=dict)
    """The feature levels of those members that have said them in their present lives."""


def wanted_change(config: RingConfig, facts: Facts) -> tuple[RingConfig, str] | None:
    """Return the next configuration that the leader asks for, and why, or None."""
    voters = weights(config)
    for node in sorted(voters):
        if node == WITNESS:
            continue
        if node in facts.amnesiacs and len(voters) > 1:
            reason = f"node {node} has lost its log: it votes no more until it has it anew"
            return without_vote(config, node), reason
        if node in facts.gone and len(voters) > 2 and is_on(config, "last_man_standing"):
            reason = f"node {node} is gone: it votes no more until it has caught up"
            return without_vote(config, node), reason
    left = numbers_of(config, LEFT)
    for node in sorted(owed_votes(config)):
        if node in facts.caught_up and facts.boots.get(node, 0) > left.get(node, -1):
            return with_vote(config, node), f"node {node} has caught up: it votes again"
    nodes = tuple(
        replace(node, boot=max(node.boot, facts.boots.get(node.id, 0))) for node in config.nodes
    )
    if nodes != config.nodes:
        return replace(config, nodes=nodes), "new lives are admitted"
    if not held_back(config, facts.boots, facts.speaks):
        level = config.level + 1
        return replace(config, level=level), f"all speak feature level {level}: it is gone by now"
    return None


def held_back(
    config: RingConfig, members: Collection[int], spoken: Mapping[int, Range]
) -> dict[int, str]:
    """Return who keeps the cluster from its next feature level, and why, in words.

    Those count who vote, are owed votes, or are here: after the step they are refused for good.
    """
    level, owed, why = config.level + 1, owed_votes(config), {}
    for node in config.nodes:
        if node.id not in members:
            if node.votes or node.id in owed:
                why[node.id] = "is not here"
        elif node.id not in spoken:
            why[node.id] = "has not said yet what it speaks"
        elif not speaks(spoken[node.id], level):
            why[node.id] = f"speaks {spoken[node.id][1]} at most"
    return why


def lms_window_ms(config: RingConfig) -> int | None:
    """Return how long a voter is gone before its vote is set aside; None: for ever."""
    if not is_on(config, "last_man_standing"):
        return None
    window = option(config, "last_man_standing_window") or ""
    return int(window[:9]) if window.isdecimal() else LMS_WINDOW_MS


def owed_votes(config: RingConfig) -> dict[int, int]:
    """Return the votes that nodes get back once they have taken the log anew, by id."""
    return numbers_of(config, RESTORE)


def numbers_of(config: RingConfig, name: str) -> dict[int, int]:
    """Return the numbers that the option *name* has for nodes, as `id:number` words, by id."""
    found = {}
    for word in (option(config, name) or "").split():
        node, _, number = word.partition(":")
        if node.isdecimal() and number.isdecimal():
            found[int(node)] = int(number)
    return found


def without_vote(config: RingConfig, node: int) -> RingConfig:
    """Return *config* with *node* as a learner, and its votes owed to it."""
    owed = owed_votes(config) | {node: config.node(node).votes}
    return _with_votes(config, node, 0, owed)


def leaving(config: RingConfig, node: int, boot: int) -> RingConfig:
    """Return *config* without the vote of *node*, which leaves in its life *boot* in good order.

    A later life of it gets the vote back.
    """
    if config.node(node).votes:
        config = without_vote(config, node)
    lives = numbers_of(config, LEFT) | {node: boot}
    return with_numbers(config, LEFT, lives)


def with_vote(config: RingConfig, node: int) -> RingConfig:
    """Return *config* with the votes given back that are owed to *node*."""
    owed = owed_votes(config)
    votes = owed.pop(node)
    return _with_votes(config, node, votes, owed)


def _with_votes(config: RingConfig, node: int, votes: int, owed: dict[int, int]) -> RingConfig:
    nodes = tuple(replace(n, votes=votes) if n.id == node else n for n in config.nodes)
    config = with_numbers(replace(config, nodes=nodes), RESTORE, owed)
    if not votes:
        return config
    lives = numbers_of(config, LEFT)
    lives.pop(node, None)
    return with_numbers(config, LEFT, lives)


def with_numbers(config: RingConfig, name: str, numbers: Mapping[int, int]) -> RingConfig:
    """Return *config* with *numbers* for nodes in the option *name*."""
    options = {key: value for key, value in config.options if key != name}
    if numbers:
        options[name] = " ".join(f"{id}:{numbers[id]}" for id in sorted(numbers))
    return replace(config, options=tuple(sorted(options.items())))
