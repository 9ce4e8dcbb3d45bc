"""A large snapshot comes over TCP: the follower fetches from its leader what that has offered.

Both ends prove the nodes' own keys, as members that come back do, and only the leader's is believed
here. What cannot be fetched in time comes in pieces over the sessions instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pcsx.daemon.conversation import Conversation, by_key
from pcsx.daemon.effects import Effect
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.setup import Me
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.port import FetchSnapshot, Snapshot
from pcsx.values import Now

FETCH_MS: Final = 20_000
"""A snapshot that has not come by then is not waited for."""
_MARK: Final = b"\x01"
"""How an answer begins that is no JSON."""
STREAMS_FROM: Final = 1 << 22
"""Numbers of streams here; those of who comes back are below."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of an order: the snapshot, or why there is none."""

    order: FetchSnapshot
    snapshot: Snapshot | None = None
    failure: str = ""


class Fetcher:
    """Fetches one snapshot at a time; see the module's paragraph."""

    def __init__(self, me: Me, entropy: Callable[[int], bytes]) -> None:
        self.me, self._entropy = me, entropy
        self._order: FetchSnapshot | None = None
        self._key = b""
        """The leader's."""
        self._lineage = 0
        self._talk: Conversation | None = None
        self._next = STREAMS_FROM
        self._until_ms = 0

    @property
    def deadline_ms(self) -> int | None:
        """Return when it gives up."""
        return self._until_ms if self._order is not None else None

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream that was opened here."""
        return self._talk is not None and event.stream == self._talk.stream

    def begin(self, order: FetchSnapshot, config: RingConfig, now: Now) -> list[Effect | Fetched]:
        """Go to the leader for what it offers; an order before this one is void."""
        effects: list[Effect | Fetched] = list(self._hang_up())
        leader = next((node for node in config.nodes if node.id == order.node), None)
        if leader is None or not leader.addresses:
            return [*effects, Fetched(order, failure="its leader has no address")]
        self._order, self._key, self._until_ms = order, leader.key, now.ms + FETCH_MS
        self._lineage = config.lineage
        self._next += 2
        make = partial(by_key, config, self.me.identity, self._entropy)
        self._talk = Conversation(self._next, leader.addresses[0], make)
        return [*effects, self._talk.connect()]

    def look(self, now: Now) -> list[Effect | Fetched]:
        """Give up what did not come in time."""
        if self._order is None or now.ms < self._until_ms:
            return []
        return self._fail("it did not come in time")

    def step(self, event: StreamOpened | StreamData | StreamClosed) -> list[Effect | Fetched]:
        """Take an event of the stream."""
        talk, order = self._talk, self._order
        assert talk is not None and order is not None
        match event:
            case StreamOpened():
                return list(talk.opened())
            case StreamClosed():
                talk.closed()
                return self._fail("the connection ended")
        heard = talk.heard(event)
        effects: list[Effect | Fetched] = list(heard.effects)
        if heard.failure:
            return [*effects, *self._fail(heard.failure)]
        if heard.opened:
            assert talk.channel is not None
            if talk.channel.peer_key != self._key:
                return [*effects, *self._fail("it is not the leader that answers")]
            ask = {"ask": "snapshot", "index": order.index, "lineage": self._lineage, "raw": True}
            return [*effects, *talk.ask(ask)]
        message, payload = heard.message, heard.payload
        if message is None and payload is None:
            return effects
        try:
            snapshot = snapshot_of(message) if message is not None else of_spelled(payload or b"")
        except (ValueError, KeyError, TypeError):
            reason = (message or {}).get("error", "what it says is not readable")
            return [*effects, *self._fail(str(reason))]
        self._order = None
        return [*effects, *self._hang_up(), Fetched(order, snapshot)]

    def _fail(self, reason: str) -> list[Effect | Fetched]:
        order, self._order = self._order, None
        assert order is not None
        return [*self._hang_up(), Fetched(order, failure=reason)]

    def _hang_up(self) -> list[Effect]:
        talk, self._talk = self._talk, None
        return talk.close() if talk is not None else []


def snapshot_as(snapshot: Snapshot) -> dict[str, Any]:
    """Return *snapshot* as plain JSON, for the wire."""
    return {
        "config": snapshot.config.to_bytes().hex(),
        "index": snapshot.index,
        "term": snapshot.term,
        "state": snapshot.state.hex(),
    }


def spelled(snapshot: Snapshot) -> bytes:
    """Return *snapshot* for the wire as it is, behind a head of JSON: it may be large."""
    head = {"config": snapshot.config.to_bytes().hex(), "index": snapshot.index}
    words = json.dumps(head | {"term": snapshot.term}).encode()
    return b"".join((_MARK, len(words).to_bytes(4, "big"), words, snapshot.state))


def of_spelled(payload: bytes) -> Snapshot:
    """Return what `spelled` wrote; raises ValueError, KeyError, TypeError for anything else."""
    start = len(_MARK) + 4
    end = start + int.from_bytes(payload[len(_MARK) : start], "big")
    if not payload.startswith(_MARK) or end > len(payload):
        raise ValueError("no snapshot")
    head = json.loads(payload[start:end])
    config = RingConfig.from_bytes(bytes.fromhex(head["config"]))
    return Snapshot(int(head["index"]), int(head["term"]), config, payload[end:])


def snapshot_of(plain: dict[str, Any]) -> Snapshot:
    """Return what `snapshot_as` wrote; raises ValueError, KeyError, TypeError for anything else."""
    config = RingConfig.from_bytes(bytes.fromhex(plain["config"]))
    return Snapshot(int(plain["index"]), int(plain["term"]), config, bytes.fromhex(plain["state"]))
