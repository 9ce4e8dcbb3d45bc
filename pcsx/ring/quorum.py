"""Who may decide: votes as weights, the tie-breaker, wait-for-all, and the words for status.

A set of nodes has quorum when twice its weight is more than all weight, where a node weighs twice
its votes, and the tie-breaker's node 1 more. Any two quorums of one configuration share a node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.config import WITNESS, Profile, RingConfig, RingNode
from pcsx.values import parse_bool

KEEP_MS_MIN: Final = 5000
FLAGS: Final = ("allow_downscale", "auto_tie_breaker", "last_man_standing", "wait_for_all")
"""The options of quorum that are on or off."""


def option(config: RingConfig, name: str) -> str | None:
    """Return the quorum option *name*, or None where it is not set."""
    return next((value for key, value in config.options if key == name), None)


def is_on(config: RingConfig, name: str) -> bool:
    """Return whether the option *name* is set to a truth."""
    return parse_bool(option(config, name) or "") is True


@lru_cache(maxsize=64)
def tie_breaker(config: RingConfig) -> int:
    """Return the id of the voter that weighs 1 more, or 0.

    The option `auto_tie_breaker` turns it on; `auto_tie_breaker_node` says which: `lowest` (the
    default), `highest`, or a list of ids or names, of which the first that votes counts.
    """
    voters = [node for node in config.nodes if node.votes > 0]
    if not voters or not is_on(config, "auto_tie_breaker"):
        return 0
    wanted = option(config, "auto_tie_breaker_node") or "lowest"
    if wanted == "lowest":
        return voters[0].id
    if wanted == "highest":
        return voters[-1].id
    for word in wanted.replace(",", " ").split():
        for voter in voters:
            if word in (str(voter.id), voter.name):
                return voter.id
    return voters[0].id


@lru_cache(maxsize=64)
def weights(config: RingConfig) -> Mapping[int, int]:
    """Return what each voter weighs, by id."""
    extra = tie_breaker(config)
    seat = {} if config.witness is None else {WITNESS: 2 * config.witness.votes}
    return seat | {
        node.id: 2 * node.votes + (1 if node.id == extra else 0)
        for node in config.nodes
        if node.votes > 0
    }


def has_quorum(config: RingConfig, nodes: Collection[int]) -> bool:
    """Return whether *nodes* may decide under *config*."""
    return _is_most(weights(config), nodes)


@dataclass(frozen=True, slots=True)
class Voters:
    """Who counts in the log: one configuration, or while it changes the old and the new one."""

    config: RingConfig
    joint: RingConfig | None = None
    """The configuration that a JOINT entry moves to; a decision then needs a quorum of both."""
    timers: Profile = field(init=False, repr=False, compare=False)
    """The newest configuration's."""
    pair: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The two voters of equal votes where the newest configuration counts just those, else nobody.

    Neither is a quorum alone, and no tie-breaker or witness makes one of them so."""
    ids: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The ids of those whose votes count, sorted."""
    has_witness: bool = field(init=False, repr=False, compare=False)
    """Whether a witness votes, in either configuration."""
    _weights: tuple[Mapping[int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        configs = (self.config,) if self.joint is None else (self.config, self.joint)
        object.__setattr__(self, "timers", self.newest.timers)
        found = tuple(weights(config) for config in configs)
        ids = tuple(sorted({node for weight in found for node in weight}))
        object.__setattr__(self, "_weights", found)
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "has_witness", WITNESS in ids)
        object.__setattr__(self, "pair", _pair_of(self.newest))

    @property
    def newest(self) -> RingConfig:
        """Return the configuration that holds once a change in flight is through."""
        return self.joint or self.config

    @property
    def nodes(self) -> tuple[RingNode, ...]:
        """Return all nodes of either configuration, each as the newest has it, by id."""
        found = {node.id: node for node in self.config.nodes}
        found |= {node.id: node for node in self.joint.nodes} if self.joint else {}
        return tuple(found[id] for id in sorted(found))

    def have_quorum(self, nodes: Collection[int]) -> bool:
        """Return whether *nodes* may decide."""
        first = _is_most(self._weights[0], nodes)
        return first and (self.joint is None or _is_most(self._weights[1], nodes))

    def agreed(self, values: Mapping[int, int]) -> int:
        """Return the highest value that a quorum has reached; who is missing has reached 0."""
        return min(_agreed(weight, values) for weight in self._weights)


def _pair_of(config: RingConfig) -> tuple[int, ...]:
    weight = weights(config)
    if len(weight) != 2 or len(set(weight.values())) != 1:
        return ()
    if tie_breaker(config) or config.witness is not None:
        return ()
    return tuple(sorted(weight))


def _is_most(weight: Mapping[int, int], nodes: Collection[int]) -> bool:
    here = away = 0
    for node, votes in weight.items():
        if node in nodes:
            here += votes
        else:
            away += votes
    return here > away


def _agreed(weight: Mapping[int, int], values: Mapping[int, int]) -> int:
    total, sum_so_far = sum(weight.values()), 0
    reached = sorted(((values.get(node, 0), w) for node, w in weight.items()), reverse=True)
    for value, w in reached:
        sum_so_far += w
        if 2 * sum_so_far > total:
            return value
    return 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The arithmetic of a partition, in votes as its users count them."""

    votes: int
    expected: int
    needed: int
    quorate: bool
    reason: str


def tally(voters: Voters, nodes: Collection[int]) -> Tally:
    """Return how *nodes* stand, by the newest configuration, and while it changes by both."""
    config = voters.newest
    votes = {node.id: node.votes for node in config.nodes}
    if config.witness is not None:
        votes[WITNESS] = config.witness.votes
    expected = sum(votes.values())
    present = sum(votes.get(node, 0) for node in set(nodes))
    needed = expected // 2 + 1
    if tie_breaker(config) in nodes and expected % 2 == 0:
        needed = max(1, expected // 2)
    quorate = voters.have_quorum(nodes)
    away = [str(node.name) for node in voters.nodes if node.votes > 0 and node.id not in nodes]
    if WITNESS in votes and WITNESS not in nodes:
        away.append("the witness")
    missing = " ".join(away)
    if quorate:
        reason = "all votes present" if not missing else f"without {missing}"
    elif voters.joint is not None and has_quorum(config, nodes):
        reason = f"the old configuration has no quorum without {missing}"
    else:
        reason = f"{present} of {needed} votes needed; missing: {missing}"
    return Tally(present, expected, needed, quorate, reason)


def flags_of(voters: Voters, *, blocked: bool) -> tuple[str, ...]:
    """Return the names of what makes quorum other than a plain majority, sorted.

    The options that are on, by their names; `two_node` (the solo rule holds), `witness` (one
    votes), `changing` (who counts is being changed) and `blocked` (this life waits for all).
    """
    config = voters.newest
    held = {name: is_on(config, name) for name in FLAGS}
    held |= {
        "two_node": bool(voters.pair),
        "witness": config.witness is not None,
        "changing": voters.joint is not None,
        "blocked": blocked,
    }
    return tuple(sorted(name for name, holds in held.items() if holds))


def keep_ms(timers: Profile) -> int:
    """Return for how long a node has quorum after the moment that its leader was confirmed in."""
    return max(2 * timers.down_ms, KEEP_MS_MIN)


def is_voters_change(old: RingConfig, new: RingConfig) -> bool:
    """Return whether *new* counts votes otherwise than *old*, so that the change must be joint."""
    return dict(weights(old)) != dict(weights(new))


def waits_for_all(config: RingConfig) -> bool:
    """Return whether a node that starts may not stand before it has seen all voters once."""
    return is_on(config, "wait_for_all")
