"""The redundant links to one peer: who hears whom on which, how fast, how lossy, how wide.

Heartbeats go over all links, data over the best one. Each heartbeat tells on which links its
sender hears the receiver, so a link that carries only one way is never chosen, and how large the
packets were that came through, so the size of a path is known without a word of ICMP.
"""

from __future__ import annotations

from typing import Final

from pcsx.ring.config import MAX_LINKS, Address
from pcsx.ring.wire import PACKET_SIZES

SIZE_HELD_MS: Final = 35_000
"""For how long the largest packet that came through vouches for the path."""
SIZE_PROBE_BEATS: Final = 50
_LOSS_ONE: Final = 1 << 16
_LOSS_SHIFT: Final = 5
_LOSS_SEEN: Final = _LOSS_ONE // 64
"""A lost beat in the last forty or so."""
_LOSS_STEP: Final = _LOSS_ONE // 20
"""Links whose loss differs by less than 5 % are as good as one another."""


class Link:
    """One network path to a peer."""

    __slots__ = (
        "address", "echo_at_ms", "echo_ms", "heard_ms", "index", "loss", "number", "priority",
        "reaches", "rtt_ms8", "size", "size_heard", "size_heard_ms",
    )  # fmt: skip

    def __init__(self, index: int, address: Address, priority: int) -> None:
        self.index = index
        self.address = address
        self.priority = priority
        """Higher is better; equal ones are compared by loss and round trip."""
        self.heard_ms = -1
        self.reaches = False
        """Whether the peer says that it hears us here."""
        self.number = 0
        """The number of the last heartbeat heard."""
        self.loss = 0
        """How much is lost on the way here: a moving average, 65536 is all."""
        self.rtt_ms8 = -1
        """The round trip in eighths of a millisecond, a moving average; -1: unknown."""
        self.echo_ms = 0
        self.echo_at_ms = 0
        self.size = PACKET_SIZES[0]
        """How large our packets may be."""
        self.size_heard = 0
        self.size_heard_ms = 0

    def hear_size(self, size: int, now_ms: int) -> None:
        """Note that a packet of *size* bytes came through."""
        if size >= self.size_heard or now_ms - self.size_heard_ms > SIZE_HELD_MS:
            self.size_heard = size
            self.size_heard_ms = now_ms

    def hear_beat(
        self, *, number: int, sent_ms: int, echo_ms: int, held_ms: int, reaches: bool,
        size: int, now_ms: int,
    ) -> None:  # fmt: skip
        """Note what a heartbeat tells about the link that it came by."""
        if number > self.number:
            loss = self.loss
            if self.number and number != self.number + 1:
                for _ in range(min(number - self.number - 1, 64)):
                    loss += (_LOSS_ONE - loss) >> _LOSS_SHIFT
            self.number = number
            self.loss = loss - (loss >> _LOSS_SHIFT)
            self.echo_ms = sent_ms
            self.echo_at_ms = now_ms
        self.reaches = reaches
        if echo_ms:
            rtt_ms8 = (now_ms - echo_ms - held_ms) << 3
            if 0 <= rtt_ms8 < 1 << 20:
                old = self.rtt_ms8
                self.rtt_ms8 = rtt_ms8 if old < 0 else old + ((rtt_ms8 - old) >> 3)
        if size != self.size:
            self.size = next((s for s in reversed(PACKET_SIZES) if s <= size), PACKET_SIZES[0])

    def forget(self) -> None:
        """Begin anew with another life of the peer: its clock and its numbers are new."""
        self.number = self.loss = self.echo_ms = self.echo_at_ms = 0
        self.rtt_ms8 = -1
        self.reaches = False
        self.size = PACKET_SIZES[0]
        self.size_heard = 0

    @property
    def loses(self) -> bool:
        """Return whether the way here has lost anything lately."""
        return self.loss > _LOSS_SEEN

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Return how bad the link is for data: less is better."""
        rtt = self.rtt_ms8 if self.rtt_ms8 >= 0 else 1 << 20
        return (-self.priority, self.loss // _LOSS_STEP, rtt >> 3, self.index)

    def probe_size(self, beat: int) -> int:
        """Return how long the heartbeat with number *beat* should be made, 0: as it is.

        Each larger size is tried once a while, the first time early in a session.
        """
        turn = (beat + self.index * 7) % SIZE_PROBE_BEATS
        return PACKET_SIZES[turn] if 0 < turn < len(PACKET_SIZES) else 0


class Paths:
    """All links to one peer."""

    __slots__ = ("_best", "_best_until_ms", "links")

    def __init__(self, addresses: tuple[Address, ...], priorities: tuple[int, ...]) -> None:
        assert 0 < len(addresses) <= MAX_LINKS
        self.links = tuple(
            Link(index, address, priority)
            for index, (address, priority) in enumerate(zip(addresses, priorities, strict=True))
        )
        self._best = self.links[0]
        self._best_until_ms = -1

    def heard_mask(self, since_ms: int) -> int:
        """Return on which links the peer was heard at *since_ms* or later: the bit of each."""
        mask = 0
        for link in self.links:
            if link.heard_ms >= since_ms:
                mask |= 1 << link.index
        return mask

    def best(self, now_ms: int, alive_ms: int) -> Link:
        """Return the link for data: one heard within *alive_ms* and that reaches the peer, if any.

        Where none is known to work both ways, one that is heard; else the first one.
        """
        if len(self.links) == 1:
            return self.links[0]
        if now_ms >= self._best_until_ms:
            since_ms = now_ms - alive_ms
            self._best = min(
                self.links,
                key=lambda link: (link.heard_ms < since_ms, not link.reaches, link.rank),
            )
            self._best_until_ms = now_ms + alive_ms // 4
        return self._best

    def forget(self) -> None:
        """Begin anew with another life of the peer."""
        for link in self.links:
            link.forget()
        self._best_until_ms = -1
