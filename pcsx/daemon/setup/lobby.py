"""The lobby: a daemon without a cluster, which answers a founder that proved its right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pcsx.daemon.effects import CloseStream, Effect, Forget, ReadKey, SendStream, Store
from pcsx.daemon.events import KeyRead, Stored, StreamClosed, StreamData, StreamOpened
from pcsx.daemon.setup.survey import survey_of
from pcsx.daemon.setup.told import Compare, Ignite, Me, Newcomer, Outcome, Returning
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.join import Channel, Way, cluster_of, public_of, token_id
from pcsx.ring.port import Note, Snapshot
from pcsx.values import Now


@dataclass(slots=True)
class _Visitor:
    """A founder, or anybody, at the other end of a stream."""

    peer: str
    channel: Channel | None = None
    first: bytes = b""
    accepted: bool = False


class Lobby:
    """Answers founders while this node is in no cluster, and the founder's undoing after."""

    def __init__(self, me: Me, entropy: Callable[[int], bytes], cluster: str = "") -> None:
        self.me = me
        self.cluster = cluster
        """The cluster this node is in, or empty; a member is surveyed and never adopted."""
        self.adopted = ""
        """The cluster's UUID from *adopt* until the founder says that it stands, or goes away."""
        self.ignited = False
        self._founder = 0
        self.entropy = entropy
        self._visitors: dict[int, _Visitor] = {}
        self._key_tickets: dict[int, int] = {}
        self._store_tickets: dict[int, int] = {}
        self._next = 1
        self.tokens: Callable[[bytes, Now], bytes | None] = lambda _id, _now: None
        """What the token of that id comes to, where this node is a member and it is good."""
        self.accepting = False
        """A person waits at `pcsx cluster accept` for a founder with a code."""

    def step(
        self,
        event: StreamOpened | StreamData | StreamClosed | KeyRead | Stored,
        now: Now,
    ) -> list[Effect | Outcome]:
        """Take an event of an incoming stream; return effects, and what to tell upward."""
        match event:
            case StreamOpened(stream, peer, _):
                self._visitors[stream] = _Visitor(peer)
                return []
            case StreamClosed(stream):
                self._visitors.pop(stream, None)
                return self._bereft() if stream == self._founder else []
            case StreamData(stream, data):
                visitor = self._visitors.get(stream)
                return self._data(stream, visitor, data, now) if visitor is not None else []
            case KeyRead(ticket, key, _):
                stream = self._key_tickets.pop(ticket, 0)
                visitor = self._visitors.get(stream)
                return self._greet(stream, visitor, key) if visitor is not None else []
            case Stored(ticket, failure=failure):
                stream = self._store_tickets.pop(ticket, 0)
                if failure:
                    self.adopted = ""
                return self._say(stream, {"error": failure} if failure else {"ok": True})

    def _bereft(self) -> list[Effect | Outcome]:
        """Go on without the founder: a cluster that began stays, one that did not is forgotten."""
        cluster, self.adopted = self.adopted, ""
        self._founder = 0
        if not cluster or self.ignited:
            return []
        ticket = self._ticket()
        self._store_tickets[ticket] = 0
        return [Note("lobby", "the founder went away"), Forget(ticket, cluster)]

    def owns(self, event: KeyRead | Stored) -> bool:
        """Return whether the answer in *event* was asked for here."""
        return event.ticket in self._key_tickets or event.ticket in self._store_tickets

    def answer(self, code: str, same: bool) -> list[Effect | Outcome]:
        """Take a person's word on the code that the founder shows."""
        for stream, visitor in self._visitors.items():
            channel = visitor.channel
            if channel is not None and channel.open and channel.digits == code:
                visitor.accepted = same
                if same:
                    return self._say(stream, {"accepted": True})
                return [*self._say(stream, {"error": "the codes differ"}), CloseStream(stream)]
        return []

    def waiting(self) -> tuple[str, str] | None:
        """Return (peer, code) of a founder whose code nobody has compared yet."""
        for visitor in self._visitors.values():
            channel = visitor.channel
            if channel is not None and channel.open and channel.digits and not visitor.accepted:
                return visitor.peer, channel.digits
        return None

    def _ticket(self) -> int:
        self._next += 2
        return self._next

    def _data(
        self, stream: int, visitor: _Visitor, data: bytes, now: Now
    ) -> list[Effect | Outcome]:
        if visitor.channel is None:
            visitor.first = data
            if (id := token_id(data)) is not None:
                return self._greet(stream, visitor, self.tokens(id, now))
            if cluster_of(data) is not None:
                return self._greet(stream, visitor, None)
            ticket = self._ticket()
            self._key_tickets[ticket] = stream
            return [ReadKey(ticket)]
        answers, payload = visitor.channel.take(data)
        effects: list[Effect | Outcome] = [SendStream(stream, each) for each in answers]
        if visitor.channel.failure:
            return [*effects, CloseStream(stream)]
        if visitor.channel.open and payload is None and visitor.channel.way is Way.CODE:
            effects.append(Compare(visitor.peer, visitor.channel.digits))
        if payload is not None:
            effects += self._asked(stream, visitor, payload, now)
        return effects

    def _greet(self, stream: int, visitor: _Visitor, key: bytes | None) -> list[Effect | Outcome]:
        # A member reads no bootstrap key: it answers that it is one, and to nobody else.
        channel = Channel(opener=False, identity=self.me.identity, shared=key, entropy=self.entropy)
        visitor.channel = channel
        answers, _ = channel.take(visitor.first)
        if channel.way is Way.CODE and not self.accepting and not channel.failure:
            reason = f"{self.me.name} waits for a person: run there: pcsx cluster accept"
            return [SendStream(stream, channel.refuse(reason)), CloseStream(stream)]
        effects: list[Effect | Outcome] = [SendStream(stream, each) for each in answers]
        return [*effects, CloseStream(stream)] if channel.failure else effects

    def _asked(
        self, stream: int, visitor: _Visitor, payload: bytes, now: Now
    ) -> list[Effect | Outcome]:
        assert visitor.channel is not None
        try:
            message = json.loads(payload)
            ask = message["ask"]
        except (ValueError, KeyError, TypeError):
            return [CloseStream(stream)]
        if visitor.channel.way is Way.NODE:
            cluster = (cluster_of(visitor.first) or b"").hex()
            return [Returning(stream, cluster, visitor.channel.peer_key, message)]
        if visitor.channel.way is Way.TOKEN:
            if ask != "join":
                return self._say(stream, {"error": f"a token does not allow to {ask}"})
            token = token_id(visitor.first) or b""
            return [Newcomer(stream, token, visitor.peer, visitor.channel.peer_key, message)]
        if visitor.channel.way is Way.CODE and not visitor.accepted:
            return self._say(stream, {"error": "nobody has confirmed the code here yet"})
        match ask:
            case "survey":
                return self._say(stream, survey_of(self.me, self.cluster, now.wall))
            case "adopt" if not self.cluster and not self.adopted:
                return self._adopt(stream, message)
            case "ignite" if self.adopted and not self.ignited:
                self.ignited = True
                return [*self._say(stream, {"ok": True}), Ignite()]
            case "release" if self.adopted:
                ticket = self._ticket()
                self._store_tickets[ticket] = stream
                cluster, self.adopted = self.adopted, ""
                return [Forget(ticket, cluster)]
            case "keep":
                self.adopted = ""
                return self._say(stream, {"ok": True})
        return self._say(stream, {"error": f"{self.me.name} cannot {ask} now"})

    def _adopt(self, stream: int, message: dict[str, Any]) -> list[Effect | Outcome]:
        try:
            config = RingConfig.from_bytes(bytes.fromhex(message["config"]))
            me, psk = int(message["me"]), bytes.fromhex(message["psk"])
            state = bytes.fromhex(message["state"])
            mine = config.node(me)
            if mine.key != public_of(self.me.identity) or len(psk) != 32:
                raise ValueError("not for this node")
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            return self._say(stream, {"error": f"the adoption is not whole: {error}"})
        self.adopted, self.ignited, self._founder = config.cluster, False, stream
        ticket = self._ticket()
        self._store_tickets[ticket] = stream
        return [
            Store(ticket, config.cluster, me, (("psk", psk),), Snapshot(1, 1, config, state)),
            Note("lobby", f"adopted into cluster {config.name} as {mine.name}"),
        ]

    def say(self, stream: int, message: dict[str, Any]) -> list[Effect | Outcome]:
        """Answer whoever is at the other end of *stream*, if it is still there."""
        return self._say(stream, message)

    def send(self, stream: int, payload: bytes) -> list[Effect | Outcome]:
        """Answer whoever is at the other end of *stream* with what is no JSON."""
        visitor = self._visitors.get(stream)
        if visitor is None or visitor.channel is None or not visitor.channel.open:
            return []
        return [SendStream(stream, visitor.channel.seal(payload))]

    def _say(self, stream: int, message: dict[str, Any]) -> list[Effect | Outcome]:
        return self.send(stream, json.dumps(message).encode())
