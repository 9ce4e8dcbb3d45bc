"""The voter without a log: one cluster's seat at a witness, which may serve many (RING.md 7).

It keeps what a voter must never forget, and of the log only how far it has acknowledged it: so it
votes for nobody whose log is older than that. It answers every round with a promise, as any voter.
Pure: what it says may leave only once what it keeps is on the disk.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, Final

from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.log.lease import Promises
from pcsx.ring.messages import (
    App,
    AppResp,
    LogMessage,
    PreVote,
    PreVoteResp,
    Resigned,
    Vote,
    VoteResp,
)

COMPARE_MS: Final = 300
"""So long candidates are collected before one is told that it would be voted for."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a witness must never forget of one cluster; without it, it is another witness."""

    nonce: int
    """Which witness this is: made with the seat, and named in the cluster's configuration."""
    config: RingConfig
    """Whose word counts, and how patient they are."""
    index: int = 0
    """Which entry of the log that is."""
    term: int = 0
    voted_for: int = 0
    last_term: int = 0
    last_index: int = 0
    """The newest entry that was acknowledged."""

    def to_bytes(self) -> bytes:
        """Return all of it as JSON."""
        plain = {**asdict(self), "config": self.config.to_bytes().decode()}
        return json.dumps(plain, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seat:
        """Return what `to_bytes` wrote; raises ValueError, KeyError, TypeError."""
        plain: dict[str, Any] = json.loads(data)
        return cls(**{**plain, "config": RingConfig.from_bytes(plain["config"].encode())})


@dataclass(slots=True)
class _Candidate:
    log: tuple[int, int]
    heard_ms: int


class Witness:
    """Answers the voters of one cluster; `seat` is to be on the disk before an answer leaves."""

    def __init__(self, seat: Seat, now_ms: int) -> None:
        """Take the *seat* up: whatever was promised before is forgotten, so nobody is elected yet.

        A seat that was never used has promised nothing.
        """
        self.seat = seat
        self._promises = Promises()
        if seat.term:
            self._promises.start_bound_ms = now_ms + self._down_ms
        self._candidates: dict[int, _Candidate] = {}
        self._compare_from_ms = 0

    @property
    def _down_ms(self) -> int:
        return self.seat.config.timers.down_ms

    def configure(self, config: RingConfig, index: int) -> None:
        """Go by *config*, committed at *index*, if that is newer."""
        if index > self.seat.index and config.lineage == self.seat.config.lineage:
            self.seat = replace(self.seat, config=config, index=index)

    def reseat(self, config: RingConfig, index: int) -> None:
        """Go by *config* of the same cluster, which enrolled anew, maybe in another lineage."""
        self.seat = replace(self.seat, config=config, index=index)

    def receive(
        self, sender: int, life: int, message: LogMessage, now_ms: int
    ) -> LogMessage | None:
        """Return the answer to *message* of the voter *sender* in its *life*, if it has one."""
        match message:
            case PreVote():
                return self._on_pre_vote(sender, message, now_ms)
            case Vote():
                return self._on_vote(sender, message, now_ms)
            case App():
                return self._on_app(sender, life, message, now_ms)
            case Resigned(term):
                if self._promises.leader == sender:
                    self._promises.void_term(term)
        return None

    def _is_up_to_date(self, message: PreVote | Vote) -> bool:
        seat = self.seat
        return (message.last_term, message.last_index) >= (seat.last_term, seat.last_index)

    def _bound_ms(self, message: PreVote | Vote, now_ms: int) -> int:
        if message.resigned:
            self._promises.void_term(message.resigned)
        return self._promises.rest_ms(now_ms)

    def _on_pre_vote(self, sender: int, message: PreVote, now_ms: int) -> PreVoteResp:
        wait_ms = self._bound_ms(message, now_ms)
        granted = not wait_ms and message.term > self.seat.term and self._is_up_to_date(message)
        if granted:
            wait_ms = self._compared(sender, message, now_ms)
            granted = not wait_ms
        term = message.term if granted else self.seat.term
        return PreVoteResp(term, granted, wait_ms, now_ms)

    def _compared(self, sender: int, message: PreVote, now_ms: int) -> int:
        """Return how long *sender* must wait yet: others may have more of the log."""
        known = {
            node: each
            for node, each in self._candidates.items()
            if now_ms - each.heard_ms <= 2 * COMPARE_MS
        }
        if not known:
            self._compare_from_ms = now_ms
        known[sender] = _Candidate((message.last_term, message.last_index), now_ms)
        self._candidates = known
        rest_ms = self._compare_from_ms + COMPARE_MS - now_ms
        if rest_ms > 0:
            return rest_ms
        best = max(known, key=lambda node: (known[node].log, -node))
        return 0 if best == sender else COMPARE_MS

    def _on_vote(self, sender: int, message: Vote, now_ms: int) -> VoteResp:
        wait_ms = self._bound_ms(message, now_ms)
        seat = self.seat
        if wait_ms or message.term < seat.term:
            return VoteResp(seat.term, False, wait_ms, now_ms)
        if message.term > seat.term:
            seat = replace(seat, term=message.term, voted_for=0)
        granted = seat.voted_for in (0, sender) and self._is_up_to_date(message)
        if granted:
            seat = replace(seat, voted_for=sender)
            self._candidates = {}
        self.seat = seat
        return VoteResp(seat.term, granted, 0, now_ms)

    def _on_app(self, sender: int, life: int, message: App, now_ms: int) -> AppResp:
        seat = self.seat
        if message.term < seat.term:
            return AppResp(seat.term, False, 0, message.round, 0, now_ms)
        if message.term > seat.term:
            seat = replace(seat, term=message.term, voted_for=0)
        if message.round:
            until_ms = now_ms + self._down_ms
            self._promises.give(sender, message.term, until_ms, life=life)
        asked = (message.prev_term, message.prev_index)
        if asked > (seat.last_term, seat.last_index):
            seat = replace(seat, last_term=message.prev_term, last_index=message.prev_index)
        self.seat = seat
        return AppResp(seat.term, True, message.prev_index, message.round, self._down_ms, now_ms)
