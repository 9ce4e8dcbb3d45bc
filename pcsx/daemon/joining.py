"""A node in its lobby joins a cluster that stands, by a token: `Joiner`, the newcomer's end.

It goes to the issuer whom the token names, and believes nobody else; proves that it knows the
secret, learns who it shall be, stores that, and enters the ring. There it learns the log, and once
it has all of it, it votes. Whatever fails before it has entered leaves it in its lobby.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from pcsx.daemon.effects import CloseStream, Effect, Forget, OpenStream, SendStream, Store
from pcsx.daemon.events import (
    KeyRead,
    LobbyFound,
    Resolved,
    Stored,
    StreamClosed,
    StreamData,
    StreamOpened,
    Tick,
)
from pcsx.daemon.setup import (
    SKEW_REFUSE_MS,
    VERSION,
    Founded,
    Ignite,
    Line,
    Me,
    Outcome,
    Ruined,
    split_address,
    survey_of,
)
from pcsx.errors import Failed, PcsxError, TimedOut
from pcsx.protocol import ClusterJoin
from pcsx.ring.config import RingConfig
from pcsx.ring.join import Channel, Token, Way, digest_of
from pcsx.ring.port import Snapshot
from pcsx.values import Now

MEMORY: Final = "the token is still good: try again"


class Joiner:
    """See the module's paragraph; to the node it is what a founder is."""

    def __init__(
        self, request: ClusterJoin, me: Me, entropy: Callable[[int], bytes], cluster: str
    ) -> None:
        self.request, self.me, self._entropy = request, me, entropy
        self._cluster = cluster
        self.stage = "find"
        self._until_ms = 0
        self._token: Token | None = None
        self._hints: list[tuple[str, int]] = []
        self._stream = 0
        self._next = 2
        self._channel: Channel | None = None
        self._storing = 0
        self._asked_ms = 0
        self._config: RingConfig | None = None
        self._error: PcsxError | None = None
        self._reason = ""

    @property
    def deadline_ms(self) -> int | None:
        """Return when the joining has lasted too long."""
        return None if self.stage == "over" else self._until_ms

    @property
    def cluster(self) -> str:
        """Return the UUID of the cluster; it must be known."""
        assert self._config is not None
        return self._config.cluster

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream to the issuer."""
        return event.stream == self._stream

    def compared(self, _node: str, _same: bool, _now: Now) -> list[Effect | Outcome]:
        """Return nothing: there is no code to compare."""
        return []

    def begin(self, now: Now) -> list[Effect | Outcome]:
        """Read the token and go to its issuer."""
        self._until_ms = now.ms + self.request.timeout_ms
        if self._cluster:
            text = f"{self.me.name} is in a cluster already: {self._cluster}"
            return self._end(Failed(text, "pcsx cluster destroy, if that is to go."))
        try:
            self._token = Token.from_text(self.request.token)
        except ValueError as error:
            hint = "pcsx cluster token on a member shows a new one."
            return self._end(Failed(f"this is no token: {error}", hint))
        for hint in self._token.hints:
            host, _, port = hint.partition(" ")
            if host and port.isdecimal() and 0 < int(port) < 65536:
                self._hints.append((host, int(port)))
        for address in self.request.addresses:
            if split_address(address, self.me.port) is None:
                return self._end(Failed(f"{address!r} is no address", "HOST or HOST:PORT."))
        return [Line("find", "going to the member that gave the token"), *self._connect()]

    def _connect(self) -> list[Effect | Outcome]:
        self._channel = None
        if not self._hints:
            reason = self._reason or "the token names no address"
            text = f"the member that gave the token cannot be reached: {reason}"
            hint = "Is pcsx running there, and its TCP port open? A new token names its address."
            return self._end(Failed(text, hint))
        host, port = self._hints.pop(0)
        self._next += 2
        self._stream = self._next
        return [OpenStream(self._stream, host, port)]

    def step(
        self,
        event: Resolved
        | LobbyFound
        | KeyRead
        | StreamOpened
        | StreamData
        | StreamClosed
        | Stored
        | Tick,
        now: Now,
    ) -> list[Effect | Outcome]:
        """Take an event; return effects, lines, and at the end `Founded` or `Ruined`."""
        if self.stage == "over":
            return []
        match event:
            case StreamOpened():
                return self._opened()
            case StreamData(_, data):
                return self._data(data, now)
            case StreamClosed(_, reason):
                return self._closed(reason)
            case Stored(ticket, failure=failure) if ticket == self._storing:
                return self._stored(failure)
            case Tick() if now.ms >= self._until_ms:
                return self._late()
        return []

    def _opened(self) -> list[Effect | Outcome]:
        assert self._token is not None
        self._channel = Channel(
            opener=True, identity=self.me.identity, shared=self._token.shared,
            entropy=self._entropy, way=Way.TOKEN, token=self._token.id,
        )  # fmt: skip
        return [SendStream(self._stream, self._channel.start())]

    def _closed(self, reason: str) -> list[Effect | Outcome]:
        self._stream = 0
        if self.stage == "await":
            return []
        if self.stage != "find":
            return self._fail(Failed(f"the member went away during {self.stage}", MEMORY))
        self._reason = reason or "it closed the connection"
        return self._connect()

    def _data(self, data: bytes, now: Now) -> list[Effect | Outcome]:
        channel, token = self._channel, self._token
        if channel is None or token is None:
            return []
        was_open = channel.open
        answers, payload = channel.take(data)
        effects: list[Effect | Outcome] = [SendStream(self._stream, each) for each in answers]
        if channel.failure:
            hint = "pcsx cluster token on a member shows a new one."
            error = Failed(f"the cluster did not let this node in: {channel.failure}", hint)
            return [*effects, *self._fail(error)]
        if channel.open and not was_open:
            if digest_of(channel.peer_key) != token.issuer:
                error = Failed("who answers is not the member that gave the token", MEMORY)
                return [*effects, *self._fail(error)]
            effects += self._ask(now)
        if payload is not None:
            effects += self._answered(json.loads(payload), now)
        return effects

    def _ask(self, now: Now) -> list[Effect | Outcome]:
        assert self._channel is not None
        self.stage = "ask"
        self._asked_ms = int(now.wall.timestamp() * 1000)
        addresses = list(self.request.addresses)
        if not addresses and self.me.address:
            addresses = [self.me.address]
        message = {
            "ask": "join",
            "addresses": addresses,
            "port": self.me.port,
            **survey_of(self.me, "", now.wall),
        }
        sealed = self._channel.seal(json.dumps(message).encode())
        return [Line("ask", "asking to be let in"), SendStream(self._stream, sealed)]

    def _answered(self, answer: dict[str, Any], now: Now) -> list[Effect | Outcome]:
        if "error" in answer:
            return self._fail(Failed(str(answer["error"]), str(answer.get("hint", ""))))
        if self.stage != "ask":
            return []
        try:
            config = RingConfig.from_bytes(bytes.fromhex(answer["config"]))
            me, index, term = int(answer["me"]), int(answer["index"]), int(answer["term"])
            keys = tuple(bytes.fromhex(key) for key in answer["keys"])
            state = bytes.fromhex(answer["state"])
            if config.node(me).key.hex() != survey_of(self.me, "", now.wall)["key"] or not keys:
                raise ValueError("it is for another node")
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            return self._fail(Failed(f"the answer is not whole: {error}", MEMORY))
        self._config = config
        self.stage = "adopt"
        self._next += 2
        self._storing = self._next
        secrets = tuple((f"psk{number}", key) for number, key in enumerate(keys))
        snapshot = Snapshot(index, term, config, state)
        name = config.node(me).name
        return [
            Line("adopt", f"this node is {name}, number {me} of {config.name}"),
            Store(self._storing, config.cluster, me, secrets, snapshot),
        ]

    def _stored(self, failure: str) -> list[Effect | Outcome]:
        if self._error is not None:
            return self._end(self._error)
        if failure:
            return self._fail(Failed(f"{self.me.name}: {failure}", "Is there room on the disk?"))
        self.stage = "await"
        return [Ignite(), Line("await", "waiting until this node is in the ring")]

    def standing(
        self, members: tuple[str, ...], *, quorate: bool, at_rest: bool
    ) -> list[Effect | Outcome]:
        """Take how the cluster stands here; this node has joined when it is online."""
        if self.stage != "await" or self._config is None:
            return []
        if not quorate or self.me.name not in members:
            return []
        self.stage = "over"
        closing: list[Effect | Outcome] = [CloseStream(self._stream)] if self._stream else []
        return [*closing, Founded(self._config, ())]

    def _late(self) -> list[Effect | Outcome]:
        seconds = self.request.timeout_ms / 1000
        if self.stage == "await":
            # It is a member by the log: it goes on trying, as after any start.
            self.stage = "over"
            hint = "It is a member and goes on trying: is the UDP port open in both directions?"
            return [Ruined(TimedOut("this node in the ring", seconds, hint))]
        return self._fail(TimedOut(f"joining, at {self.stage}", seconds, "See the log of pcsx."))

    def _fail(self, error: PcsxError) -> list[Effect | Outcome]:
        """Give up: what was stored is forgotten first."""
        if self._error is not None:
            return self._end(self._error)
        self._error = error
        if self._config is None:
            return self._end(error)
        self._next += 2
        self._storing = self._next
        self._until_ms += 5_000
        return [Forget(self._storing, self._config.cluster)]

    def _end(self, error: PcsxError) -> list[Effect | Outcome]:
        self.stage = "over"
        closing: list[Effect | Outcome] = [CloseStream(self._stream)] if self._stream else []
        return [*closing, Ruined(error)]


def skew_of(wall_ms: int, now: Now) -> str:
    """Return what is wrong with a newcomer's clock, in words, or nothing."""
    skew_ms = abs(wall_ms - int(now.wall.timestamp() * 1000))
    if skew_ms <= SKEW_REFUSE_MS:
        return ""
    return f"its clock is {skew_ms / 1000:.0f} s from the cluster's"


def check_newcomer(said: dict[str, Any], now: Now) -> str:
    """Return why a newcomer is not let in by what it says of itself, or nothing."""
    if said.get("protocol") != VERSION:
        return f"it runs pcsx {said.get('version')}, which does not talk to this one"
    return skew_of(int(said["wall_ms"]), now)
