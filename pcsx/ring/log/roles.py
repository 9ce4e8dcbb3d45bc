"""What a node is to the log at a time: each role holds what it alone knows."""

from __future__ import annotations

from dataclasses import field

from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.log.lease import Rounds
from pcsx.ring.log.progress import Progress
from pcsx.ring.port import Entry


@dataclass(slots=True)
class Following:
    """Follows *leader* (0: none known); stands at *due_ms* if it may."""

    leader: int = 0
    due_ms: int | None = None
    held: tuple[int, int] | None = None
    """Up to where all is decided that came with entries for the disk, and what the leader knew."""
    held_until_ms: int | None = None


@dataclass(slots=True)
class Standing:
    """Asks for votes in *term*; *pre*: only asks whether it would get them."""

    term: int
    pre: bool
    resigned: int
    give_up_ms: int
    resend_ms: int
    granted: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Leading:
    """Leads: how far each follower is, the rounds, what waits for them."""

    noop: int
    rounds: Rounds
    progress: dict[int, Progress]
    heard_ms: dict[int, int]
    round_due_ms: int
    unflushed: list[Entry] = field(default_factory=list)
    flush_due_ms: int | None = None
    mine: bool = False
    reads: list[tuple[int, int, int]] = field(default_factory=list)
    """Who asked (0: this node), the question's number or ticket, the round that answers it."""
    announce: bool = False
    """Followers should hear of the new commit index now."""
    announce_due_ms: int | None = None
    """When they should hear of it, if no entry has told them by then."""
    unawaited: set[int] = field(default_factory=set)
    """Entries that nobody but this node waits for."""
    asked_change: tuple[int, RingConfig] | None = None
    """A change with its ticket that waits for one which nobody asked for."""
    gone: dict[int, int] = field(default_factory=dict)
    """When each voter that left the view is gone for good, with `last_man_standing`."""
    lost: set[int] = field(default_factory=set)
    """Voters that are gone for good."""
    untold: set[int] = field(default_factory=set)
    """Followers that have not been told of a lease yet."""


Role = Following | Standing | Leading
