"""A witness's daemon as a machine: streams of nodes, seats of clusters, and tokens that admit them.

A cluster comes by a token, once; from then on its nodes come by their own keys, as the cluster's
last configuration here names them. What a seat must never forget is on the disk before anything
that rests on it is said: while it is being written, the cluster's other messages wait.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Final

from pcsx.daemon.effects import CloseStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.lean import dataclass
from pcsx.ring.codec import Malformed
from pcsx.ring.config import RingConfig
from pcsx.ring.join import Channel, Way, cluster_of, public_of, token_id
from pcsx.ring.messages import LogMessage, decode, encode
from pcsx.ring.port import Note
from pcsx.ring.witness import Seat, Witness

QUEUE_MAX: Final = 256
"""So many messages of a cluster may wait for the disk; what does not fit is asked again."""
MESSAGE_MAX: Final = 256 * 1024
"""A configuration of 64 nodes is far below this."""


@dataclass(frozen=True, slots=True)
class KeepSeat:
    """Have *data* on the disk as the seat of *cluster*; `SeatKept` answers."""

    cluster: str
    data: bytes


@dataclass(frozen=True, slots=True)
class UseToken:
    """The token *id* admits nobody any more; before that is on the disk nothing is said."""

    id: bytes


@dataclass(frozen=True, slots=True)
class SeatKept:
    """The disk has the seat of *cluster*, or says why not."""

    cluster: str
    failure: str = ""


HubEvent = StreamOpened | StreamData | StreamClosed | SeatKept
HubEffect = SendStream | CloseStream | KeepSeat | UseToken | Note


@dataclass(slots=True)
class _Guest:
    """Who is at the other end of a stream."""

    peer: str
    channel: Channel | None = None
    named: bytes = b""
    """The token, or the cluster, that it came by."""
    cluster: str = ""
    node: int = 0
    """Which node of it this is, once it has said that it attends."""
    life: int = 0


@dataclass(slots=True)
class _Table:
    """One cluster: its voter here, what waits, and what may be said once the disk has the seat."""

    witness: Witness
    kept: Seat
    waiting: deque[tuple[int, LogMessage]] = field(default_factory=deque)
    writing: Seat | None = None
    then: list[SendStream] = field(default_factory=list)


class Hub:
    """See the module's paragraph; *tokens* tells what a token, by its id, comes to."""

    def __init__(
        self,
        identity: bytes,
        entropy: Callable[[int], bytes],
        seats: Mapping[str, Seat],
        tokens: Callable[[bytes], bytes | None],
        now_ms: int,
    ) -> None:
        self._identity, self._entropy, self._tokens = identity, entropy, tokens
        self._tables = {
            cluster: _Table(Witness(seat, now_ms), seat) for cluster, seat in seats.items()
        }
        self._guests: dict[int, _Guest] = {}

    def step(self, event: HubEvent, now_ms: int) -> list[HubEffect]:
        """Take *event*; return what is to be done."""
        match event:
            case StreamOpened(stream, peer):
                self._guests[stream] = _Guest(peer)
                return []
            case StreamClosed(stream):
                self._guests.pop(stream, None)
                return []
            case StreamData(stream, data):
                guest = self._guests.get(stream)
                return self._data(stream, guest, data, now_ms) if guest is not None else []
            case SeatKept(cluster, failure):
                return self._kept(cluster, failure, now_ms)

    # --- conversations ----------------------------------------------------------------------------

    def _data(self, stream: int, guest: _Guest, data: bytes, now_ms: int) -> list[HubEffect]:
        if len(data) > MESSAGE_MAX:
            return self._end(stream)
        if guest.channel is None:
            return self._greet(stream, guest, data)
        answers, payload = guest.channel.take(data)
        effects: list[HubEffect] = [SendStream(stream, each) for each in answers]
        if guest.channel.failure:
            return [*effects, *self._end(stream)]
        if payload is None:
            return effects
        if payload.startswith(b"{"):
            return [*effects, *self._asked(stream, guest, payload, now_ms)]
        return [*effects, *self._message(stream, guest, payload, now_ms)]

    def _greet(self, stream: int, guest: _Guest, first: bytes) -> list[HubEffect]:
        token, cluster = token_id(first), cluster_of(first)
        if token is None and cluster is None:
            return self._end(stream)
        guest.named = token or cluster or b""
        shared = self._tokens(token) if token is not None else None
        guest.channel = Channel(
            opener=False, identity=self._identity, shared=shared, entropy=self._entropy
        )
        answers, _ = guest.channel.take(first)
        effects: list[HubEffect] = [SendStream(stream, each) for each in answers]
        return [*effects, *self._end(stream)] if guest.channel.failure else effects

    def _end(self, stream: int) -> list[HubEffect]:
        self._guests.pop(stream, None)
        return [CloseStream(stream)]

    def _say(self, stream: int, message: dict[str, Any]) -> list[SendStream]:
        guest = self._guests.get(stream)
        if guest is None or guest.channel is None or not guest.channel.open:
            return []
        return [SendStream(stream, guest.channel.seal(json.dumps(message).encode()))]

    def _asked(self, stream: int, guest: _Guest, payload: bytes, now_ms: int) -> list[HubEffect]:
        assert guest.channel is not None
        try:
            message = json.loads(payload)
            match message["ask"]:
                case "enroll" if guest.channel.way is Way.TOKEN:
                    return self._enroll(stream, guest, message, now_ms)
                case "attend" if guest.channel.way is Way.NODE:
                    return self._attend(stream, guest, message)
                case "config" if guest.node:
                    return self._configure(guest, message, now_ms)
                case "ping" if guest.node:
                    return list(self._say(stream, {"pong": True}))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            pass
        return [*self._say(stream, {"error": "this is no way to ask"}), *self._end(stream)]

    def _enroll(
        self, stream: int, guest: _Guest, message: dict[str, Any], now_ms: int
    ) -> list[HubEffect]:
        config = RingConfig.from_bytes(bytes.fromhex(message["config"]))
        bytes.fromhex(config.cluster)
        if all(node.key != guest.channel.peer_key for node in config.nodes):  # type: ignore[union-attr]
            return [*self._say(stream, {"error": "who asks is no node of that cluster"})]
        known = self._tables.get(config.cluster)
        if known is None:
            # A fresh seat: it has promised nothing and voted for nobody.
            nonce = int.from_bytes(self._entropy(7), "big")
            seat = Seat(nonce, config, int(message["index"]))
            self._tables[config.cluster] = known = _Table(Witness(seat, now_ms), seat)
        else:
            known.witness.reseat(config, int(message["index"]))
        told = {"key": public_of(self._identity).hex(), "nonce": known.witness.seat.nonce}
        return [
            Note("witness", f"cluster {config.name} ({config.cluster}) is enrolled"),
            UseToken(guest.named),
            *self._settle(config.cluster, self._say(stream, told), force=True),
        ]

    def _attend(self, stream: int, guest: _Guest, message: dict[str, Any]) -> list[HubEffect]:
        cluster = guest.named.hex()
        table = self._tables.get(cluster)
        assert guest.channel is not None
        fault, node = "", None
        if table is None:
            fault = "this witness does not know that cluster"
        else:
            config = table.witness.seat.config
            node = next((n for n in config.nodes if n.key == guest.channel.peer_key), None)
            if int(message["nonce"]) != table.witness.seat.nonce:
                fault = "this witness has lost what it knew of that cluster: add it anew"
            elif int(message["lineage"]) != config.lineage:
                fault = "this witness knows another lineage of that cluster"
            elif node is None:
                fault = "this witness does not know that node"
        if fault or node is None:
            return [*self._say(stream, {"error": fault}), *self._end(stream)]
        guest.cluster, guest.node, guest.life = cluster, node.id, int(message["boot"])
        return list(self._say(stream, {"attending": node.id}))

    def _configure(self, guest: _Guest, message: dict[str, Any], now_ms: int) -> list[HubEffect]:
        config = RingConfig.from_bytes(bytes.fromhex(message["config"]))
        table = self._tables[guest.cluster]
        if config.cluster != guest.cluster:
            return []
        table.witness.configure(config, int(message["index"]))
        effects = self._settle(guest.cluster, [])
        keys = {node.key for node in table.witness.seat.config.nodes}
        for stream, each in list(self._guests.items()):
            channel = each.channel if each.cluster == guest.cluster else None
            if channel is not None and channel.peer_key not in keys:
                effects += self._end(stream)
        return effects

    # --- the log ----------------------------------------------------------------------------------

    def _message(self, stream: int, guest: _Guest, payload: bytes, now_ms: int) -> list[HubEffect]:
        table = self._tables.get(guest.cluster)
        if table is None or not guest.node:
            return self._end(stream)
        try:
            message = decode(payload)
        except Malformed:
            return self._end(stream)
        if len(table.waiting) < QUEUE_MAX:
            table.waiting.append((stream, message))  # type: ignore[arg-type]
        return self._go_on(guest.cluster, now_ms)

    def _go_on(self, cluster: str, now_ms: int) -> list[HubEffect]:
        table = self._tables[cluster]
        effects: list[HubEffect] = []
        while table.waiting and table.writing is None:
            stream, message = table.waiting.popleft()
            guest = self._guests.get(stream)
            if guest is None or guest.channel is None:
                continue
            answer = table.witness.receive(guest.node, guest.life, message, now_ms)
            said = []
            if answer is not None:
                said = [SendStream(stream, guest.channel.seal(encode(answer)))]
            effects += self._settle(cluster, said)
        return effects

    def _settle(
        self, cluster: str, said: list[SendStream], *, force: bool = False
    ) -> list[HubEffect]:
        """Say *said*, after the disk has what it rests on."""
        table = self._tables[cluster]
        if table.writing is not None:
            table.then += said
            return []
        if table.witness.seat == table.kept and not force:
            return list(said)
        table.writing, table.then = table.witness.seat, said
        return [KeepSeat(cluster, table.writing.to_bytes())]

    def _kept(self, cluster: str, failure: str, now_ms: int) -> list[HubEffect]:
        table = self._tables[cluster]
        assert table.writing is not None
        if failure:
            # What the disk may or may not have is not said; the voter is gone until a new start.
            del self._tables[cluster]
            note = Note("witness", f"the seat of cluster {cluster} cannot be kept: {failure}")
            ends = [s for s, g in self._guests.items() if g.cluster == cluster]
            return [note, *(effect for stream in ends for effect in self._end(stream))]
        table.kept, table.writing = table.writing, None
        said, table.then = table.then, []
        effects: list[HubEffect] = list(said)
        if table.witness.seat != table.kept:
            effects += self._settle(cluster, [])
        return effects + self._go_on(cluster, now_ms)
