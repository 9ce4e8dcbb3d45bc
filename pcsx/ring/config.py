"""Who the nodes of a cluster are and how patient they are: `RingConfig` and the profiles.

It is a committed value: changed by an entry of the log alone, never copied by hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from typing import Any, Final

from pcsx.lean import dataclass
from pcsx.values import NodeName

MAX_NODES: Final = 64
MAX_LINKS: Final = 8
WITNESS: Final = MAX_NODES + 1
"""What the witness is called where voters are numbered; it is no node."""
DEFAULT_PORT: Final = 5450


@dataclass(frozen=True, slots=True)
class Profile:
    """Timers of failure detection, in milliseconds: RING.md 4."""

    name: str
    beat_ms: int
    suspect_ms: int
    down_ms: int
    gather_ms: int

    @property
    def calm_ms(self) -> int:
        """Return the time between beats that tell nothing new, on paths that lose nothing.

        Twice as long, where five of those still fit into the time to suspect.
        """
        return self.beat_ms * (2 if self.suspect_ms >= 10 * self.beat_ms else 1)

    def scaled(self, nodes: int) -> Profile:
        """Return the profile for *nodes* nodes: 4 ms a node between beats at least."""
        beat_ms = max(self.beat_ms, 4 * nodes)
        down_ms = max(self.down_ms, 8 * beat_ms)
        return replace(self, beat_ms=beat_ms, down_ms=down_ms)


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("fast", 50, 300, 600, 300),
        Profile("standard", 100, 1000, 3000, 500),
        Profile("vm", 200, 2000, 8000, 1000),
        Profile("wan", 500, 3000, 10_000, 3000),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a node's link listens: a numeric IPv4 or IPv6 address and a UDP port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class RingNode:
    """One core node: its id (1..), name, one address a link, public key (32 bytes) and votes."""

    id: int
    name: NodeName
    addresses: tuple[Address, ...]
    key: bytes
    votes: int = 1
    boot: int = 0
    """The life of this boot counter is admitted; a lower one is refused."""
    over: int = 0
    """Lives up to this boot counter are over on record: they are told FENCED, whatever they ask."""


LINEAGE_BYTES: Final = 7
"""The random part of a lineage."""
GENERATION_MAX: Final = 255


def generation_of(lineage: int) -> int:
    """Return which generation of its cluster *lineage* names; 0 is the founded one."""
    return lineage >> (8 * LINEAGE_BYTES)


def next_lineage(lineage: int, chance: bytes) -> int:
    """Return the lineage of a cluster that is begun anew, from `LINEAGE_BYTES` of *chance*."""
    assert len(chance) == LINEAGE_BYTES
    generation = min(GENERATION_MAX, generation_of(lineage) + 1)
    return generation << (8 * LINEAGE_BYTES) | int.from_bytes(chance, "big")


@cache
def _timers(profile: str, count: int) -> Profile:
    return PROFILES[profile].scaled(count)


@dataclass(frozen=True, slots=True)
class WitnessSeat:
    """The voter without a log: where it answers, its public key, and which seat there is ours."""

    addresses: tuple[Address, ...]
    key: bytes
    nonce: int
    votes: int = 1


@dataclass(frozen=True, slots=True)
class RingConfig:
    """The cluster as the ring sees it; *nodes* are sorted by id."""

    cluster: str
    """The cluster's UUID, 32 hex digits."""
    name: str
    lineage: int
    """How often the cluster was begun anew by `force-new` (8 bits), and 56 random bits.

    Nodes of another lineage do not talk; those of the older generation yield."""
    nodes: tuple[RingNode, ...]
    profile: str = "standard"
    options: tuple[tuple[str, str], ...] = ()
    """Quorum and ring options by their names, sorted."""
    witness: WitnessSeat | None = None
    level: int = 1
    """The feature level that all go by: it rises by itself, and never falls."""

    @property
    def generation(self) -> int:
        """Return how often the cluster was begun anew without a quorum of the one before."""
        return generation_of(self.lineage)

    @property
    def timers(self) -> Profile:
        """Return the profile's timers for this number of nodes."""
        return _timers(self.profile, len(self.nodes))

    def node(self, id: int) -> RingNode:
        """Return the node with *id*; it must exist."""
        return next(node for node in self.nodes if node.id == id)

    def named(self, name: str) -> RingNode | None:
        """Return the node called *name*, if there is one."""
        return next((node for node in self.nodes if node.name == name), None)

    def with_over(self, id: int, boot: int) -> RingConfig:
        """Return the configuration in which lives of *id* up to *boot* are refused as over."""
        nodes = tuple(
            replace(node, over=max(boot, node.over)) if node.id == id else node
            for node in self.nodes
        )
        return replace(self, nodes=nodes)

    def with_key(self, id: int, key: bytes) -> RingConfig:
        """Return the configuration in which *key* is that of node *id*, unless another has it."""
        if len(key) != 32 or any(node.key == key for node in self.nodes):
            return self
        nodes = tuple(replace(node, key=key) if node.id == id else node for node in self.nodes)
        return replace(self, nodes=nodes)

    def to_bytes(self) -> bytes:
        """Return the configuration as compact JSON; equal values give equal bytes."""
        plain = asdict(self)
        for node in plain["nodes"]:
            node["key"] = node["key"].hex()
        if self.witness is None:
            del plain["witness"]
        else:
            plain["witness"]["key"] = self.witness.key.hex()
        if self.level == 1:
            del plain["level"]
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> RingConfig:
        """Return what `to_bytes` wrote; raises ValueError, KeyError, TypeError."""
        plain: dict[str, Any] = json.loads(data)
        nodes = tuple(
            RingNode(
                **{
                    **node,
                    "key": bytes.fromhex(node["key"]),
                    "addresses": tuple(Address(**address) for address in node["addresses"]),
                }
            )
            for node in plain["nodes"]
        )
        options = tuple((name, value) for name, value in plain["options"])
        seat = plain.get("witness")
        witness = None
        if seat is not None:
            addresses = tuple(Address(**address) for address in seat["addresses"])
            key = bytes.fromhex(seat["key"])
            witness = WitnessSeat(**{**seat, "addresses": addresses, "key": key})
        config = cls(**{**plain, "nodes": nodes, "options": options, "witness": witness})
        if type(config.level) is not int or config.level < 1:
            raise ValueError("a feature level is a number from 1 on")
        return config
