"""One sealed conversation over a TCP stream, as the end that opens it has it.

Founders, nodes that join and members that come back all do the same: connect, prove who they are
and what lets them in, then ask and be answered in JSON. What they ask, and what an answer leads to,
is theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pcsx.daemon.effects import CloseStream, Effect, OpenStream, SendStream
from pcsx.daemon.events import StreamData
from pcsx.lean import dataclass
from pcsx.ring.config import Address, RingConfig
from pcsx.ring.join import Channel, Token, Way


def by_key(config: RingConfig, identity: bytes, entropy: Callable[[int], bytes]) -> Channel:
    """Return the channel of a node of the cluster that *config* is of, which comes by its key."""
    return Channel(
        opener=True, identity=identity, shared=None, entropy=entropy, way=Way.NODE,
        token=bytes.fromhex(config.cluster),
    )  # fmt: skip


def by_token(token: Token, identity: bytes, entropy: Callable[[int], bytes]) -> Channel:
    """Return the channel of who comes by *token*."""
    return Channel(
        opener=True, identity=identity, shared=token.shared, entropy=entropy, way=Way.TOKEN,
        token=token.id,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message of the other end came to."""

    effects: tuple[Effect, ...] = ()
    opened: bool = False
    """Both ends have proved themselves just now."""
    message: dict[str, Any] | None = None
    payload: bytes | None = None
    """What was said where it is no JSON."""
    failure: str = ""
    """Why there is nothing to be said any more."""


class Conversation:
    """See the module's paragraph; *make* gives the channel once there is a connection."""

    def __init__(self, stream: int, address: Address, make: Callable[[], Channel]) -> None:
        self.stream = stream
        self.address = address
        self.channel: Channel | None = None
        self._make = make

    @property
    def is_open(self) -> bool:
        """Return whether both ends have proved themselves."""
        return self.channel is not None and self.channel.open and bool(self.stream)

    def connect(self) -> OpenStream:
        """Return what connects to the other end."""
        return OpenStream(self.stream, self.address.host, self.address.port)

    def opened(self) -> list[Effect]:
        """Begin the handshake: there is a connection."""
        self.channel = self._make()
        return [SendStream(self.stream, self.channel.start())]

    def heard(self, event: StreamData) -> Heard:
        """Take a message of the other end."""
        channel = self.channel
        if channel is None or channel.failure:
            return Heard()
        was_open = channel.open
        answers, payload = channel.take(event.data)
        effects = tuple(SendStream(self.stream, each) for each in answers)
        if channel.failure:
            return Heard(effects, failure=channel.failure)
        if payload is not None and not payload.startswith(b"{"):
            return Heard(effects, payload=payload)
        try:
            message = json.loads(payload) if payload is not None else None
        except ValueError:
            return Heard(effects, failure="its answer is not readable")
        return Heard(effects, channel.open and not was_open, message)

    def ask(self, message: dict[str, Any]) -> list[Effect]:
        """Return what says *message* to the other end, if it is still there."""
        return self.send(json.dumps(message).encode())

    def send(self, payload: bytes) -> list[Effect]:
        """Return what says *payload* to the other end, if it is still there."""
        if not self.is_open:
            return []
        assert self.channel is not None
        return [SendStream(self.stream, self.channel.seal(payload))]

    def closed(self) -> None:
        """Note that the connection is gone."""
        self.stream = 0

    def close(self) -> list[Effect]:
        """Return what ends the connection, if there is one."""
        return [CloseStream(self.stream)] if self.stream else []
