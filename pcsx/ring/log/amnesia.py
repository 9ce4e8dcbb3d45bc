"""Voters that lost what they had acknowledged: out of the vote, and back when they have it anew.

Pure changes of the configuration. The votes to give back stand in the option `restore_votes`, as
`id:votes` words, so that any later leader goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pcsx.ring.config import RingConfig
from pcsx.ring.quorum import option

RESTORE: Final = "restore_votes"


def owed_votes(config: RingConfig) -> dict[int, int]:
    """Return the votes that nodes get back once they have taken the log anew, by id."""
    owed = {}
    for word in (option(config, RESTORE) or "").split():
        node, _, votes = word.partition(":")
        if node.isdecimal() and votes.isdecimal():
            owed[int(node)] = int(votes)
    return owed


def without_vote(config: RingConfig, node: int) -> RingConfig:
    """Return *config* with *node* as a learner, and its votes owed to it."""
    owed = owed_votes(config) | {node: config.node(node).votes}
    return _with_votes(config, node, 0, owed)


def with_vote(config: RingConfig, node: int) -> RingConfig:
    """Return *config* with the votes given back that are owed to *node*."""
    owed = owed_votes(config)
    votes = owed.pop(node)
    return _with_votes(config, node, votes, owed)


def _with_votes(config: RingConfig, node: int, votes: int, owed: dict[int, int]) -> RingConfig:
    nodes = tuple(replace(n, votes=votes) if n.id == node else n for n in config.nodes)
    options = {name: value for name, value in config.options if name != RESTORE}
    if owed:
        options[RESTORE] = " ".join(f"{id}:{owed[id]}" for id in sorted(owed))
    return replace(config, nodes=nodes, options=tuple(sorted(options.items())))
