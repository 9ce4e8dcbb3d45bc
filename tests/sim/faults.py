"""What a seed may have go wrong all the time: the network's, the disks' and the agents' habits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Faults:
    """Shares of one, or milliseconds; the default is a world in which nothing goes wrong."""

    loss: float = 0.0
    burst: float = 0.0
    """The share of time in which a path is in a bad state, and loses nine of ten (Gilbert)."""
    delay_ms: tuple[int, int] = (0, 2)
    long_ms: int = 0
    """What one packet of fifty is late by, beside the others: two humps, and another order."""
    clog_ms: int = 0
    """A path stands still for up to so long every minute or so; then all of it comes at once."""
    duplicate: float = 0.0
    corrupt: float = 0.0
    """The share of packets that arrive with a byte changed, or cut short."""
    sync_ms: tuple[int, int] = (1, 4)
    drift: float = 0.0
    """By how much the machines' clocks run faster or slower, at most."""
    wall_s: int = 0
    """By how much the machines' wall clocks are wrong, at most."""
    agent_ms: tuple[int, int] = (5, 60)
    agent_fails: float = 0.0
    """The share of starts, stops and monitors that fail; what they should do is not done."""
    agent_hangs: float = 0.0
    """The share of operations that do nothing and never end by themselves."""
    fence_ms: tuple[int, int] = (20, 200)
    fence_fails: float = 0.0
    fence_hangs: float = 0.0
    fence_late_ms: tuple[int, int] | None = None
    """The power switch takes an order at once and acts so much later, whoever has died by then."""
