"""A node that the cluster knows by its key comes back to it, over TCP, when the ring is deaf to it.

The cluster's key may have changed while it was away; or it was taken out; or the cluster was begun
anew without it. The ring's packets tell none of this to a node whose key opens nothing any more, so
`Recall` asks the other nodes one after the other, proving its own key and believing theirs alone.
It also asks while this node has no quorum and misses some: those it hears may be as far behind.
`Rejoiner` comes over to a cluster that was begun anew: on a person's word this node gives up its
own log, and takes that of the cluster as a newcomer does.

`answer_to` is the other end of both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pcsx.daemon.conversation import Conversation, by_key
from pcsx.daemon.effects import Effect, Forget, Store
from pcsx.daemon.events import Stored, StreamClosed, StreamData, StreamOpened
from pcsx.daemon.fetching import snapshot_as
from pcsx.daemon.joining import Entrant
from pcsx.daemon.setup import Line, Me, Outcome
from pcsx.errors import Failed
from pcsx.lean import dataclass
from pcsx.protocol import ClusterRejoin
from pcsx.ring.config import RingConfig, generation_of
from pcsx.ring.join import Channel, public_of
from pcsx.ring.port import Snapshot
from pcsx.values import Now

DEAF_MS: Final = 5_000
"""So long nobody is heard before the others are asked what is the matter."""
AGAIN_MS: Final = (1_000, 2_000, 5_000, 10_000, 30_000)
ANSWER_MS: Final = 5_000
STREAMS_FROM: Final = 1 << 20
"""Numbers of streams here; a founder's are below."""


def _knows(config: RingConfig, me: Me, key: bytes) -> bool:
    return key != public_of(me.identity) and any(node.key == key for node in config.nodes)


# --- being told what is the matter ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The cluster goes by *keys* now, the one to call with first.

    Not *sure*: who says so has no quorum, and may be the one that was away.
    """

    keys: tuple[bytes, ...]
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Barred:
    """This node is no member any more: *verdict* is `REMOVED` or `SUPERSEDED`."""

    verdict: str
    reason: str


class Recall:
    """Asks the others, over and over while nobody is heard; see the module's paragraph."""

    def __init__(self, me: Me, entropy: Callable[[int], bytes]) -> None:
        self.me, self._entropy = me, entropy
        self._talk: Conversation | None = None
        self._key = me.identity
        self._next = STREAMS_FROM
        self._due_ms: int | None = None
        self._until_ms = 0
        self._tries = 0
        self.coming = b""
        """The key that this node may be known by already: it is asked by in turn."""
        self._unknown: set[bytes] = set()
        """By which keys it was told to be no member."""

    def deadline_ms(self) -> int | None:
        """Return when it wants to be asked again."""
        return self._until_ms if self._talk is not None else self._due_ms

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream that was opened here."""
        return self._talk is not None and event.stream == self._talk.stream

    def look(self, config: RingConfig, me: int, *, deaf: bool, now: Now) -> list[Effect]:
        """Return what is due, where this node, *me*, misses others for no known reason (*deaf*)."""
        others = [node for node in config.nodes if node.id != me and node.addresses] if deaf else []
        if not others:
            self._due_ms, self._tries = None, 0
            return self._hang_up()
        if self._due_ms is None:
            self._due_ms = now.ms + DEAF_MS
        closing = self._hang_up() if self._talk is not None and now.ms >= self._until_ms else []
        if self._talk is not None or now.ms < self._due_ms:
            return closing
        node = others[self._tries % len(others)]
        address = node.addresses[self._tries // len(others) % len(node.addresses)]
        round_ = self._tries // len(others)
        self._due_ms = now.ms + AGAIN_MS[min(round_, len(AGAIN_MS) - 1)]
        self._tries += 1
        self._next += 2
        self._until_ms = now.ms + ANSWER_MS
        keys = (self.me.identity, *((self.coming,) if self.coming else ()))
        self._key = keys[self._tries // max(1, len(others)) % len(keys)]
        make = partial(by_key, config, self._key, self._entropy)
        self._talk = Conversation(self._next, address, make)
        return [*closing, self._talk.connect()]

    def step(
        self, event: StreamOpened | StreamData | StreamClosed, config: RingConfig
    ) -> list[Effect | NewKeys | Barred]:
        """Take an event of the stream; *config* says whom to believe."""
        talk = self._talk
        assert talk is not None
        match event:
            case StreamOpened():
                return list(talk.opened())
            case StreamClosed():
                self._talk = None
                return []
        heard = talk.heard(event)
        effects: list[Effect | NewKeys | Barred] = list(heard.effects)
        if heard.failure:
            return [*effects, *self._hang_up()]
        if heard.opened:
            assert talk.channel is not None
            if not _knows(config, self.me, talk.channel.peer_key):
                return [*effects, *self._hang_up()]
            effects += talk.ask({"ask": "recall", "lineage": config.lineage})
        if heard.message is not None:
            effects += self._hang_up()
            told = _told(heard.message)
            if isinstance(told, Barred) and told.verdict == "REMOVED":
                # Of two keys one is always unknown: both must be.
                self._unknown.add(self._key)
                if not {self.me.identity, self.coming} - {b""} <= self._unknown:
                    return effects
            effects += [told] if told is not None else []
        return effects

    def _hang_up(self) -> list[Effect]:
        talk, self._talk = self._talk, None
        return talk.close() if talk is not None else []


def _told(answer: dict[str, Any]) -> NewKeys | Barred | None:
    try:
        if "verdict" in answer:
            return Barred(str(answer["verdict"]), str(answer["reason"]))
        keys = tuple(bytes.fromhex(key) for key in answer["keys"])
    except (KeyError, TypeError, ValueError):
        return None
    good = keys and all(len(key) == 32 for key in keys)
    return NewKeys(keys, answer.get("quorate") is True) if good else None


# --- coming over ----------------------------------------------------------------------------------


class Rejoiner(Entrant):
    """Comes over to the cluster that was begun anew; *away* is this node's last configuration."""

    goal = "rejoining"

    def __init__(
        self,
        request: ClusterRejoin,
        me: Me,
        entropy: Callable[[int], bytes],
        away: RingConfig,
    ) -> None:
        super().__init__(me, entropy, away.name, request.timeout_ms)
        self._away = away
        self._store: Store | None = None
        self._forgetting = 0

    def begin(self, now: Now) -> list[Effect | Outcome]:
        """Go to the other nodes of old, one after the other."""
        self._until_ms = now.ms + self._timeout_ms
        mine = public_of(self.me.identity)
        self._hints = [
            address for node in self._away.nodes if node.key != mine for address in node.addresses
        ]
        self._reason = "it has no other nodes"
        return [Line("find", f"looking for the nodes of {self._away.name}"), *self._connect()]

    def _new_channel(self) -> Channel:
        return by_key(self._away, self.me.identity, self._entropy)

    def _trusts(self, key: bytes) -> bool:
        return _knows(self._away, self.me, key)

    def _question(self, now: Now) -> dict[str, Any]:
        return {"ask": "rejoin", "lineage": self._away.lineage}

    def _unreached(self, reason: str) -> Failed:
        text = f"no node of {self._away.name} can be reached: {reason}"
        return Failed(text, "Is pcsx running there, and its TCP port open?")

    def _not_let_in(self, reason: str) -> Failed:
        return Failed(f"the cluster did not let this node in: {reason}")

    def _adopt(self, store: Store) -> list[Effect | Outcome]:
        # One cluster at a time is on a disk: the old state goes first, to where a person finds it.
        self._store = store
        self._forgetting = self._ticket()
        return [Forget(self._forgetting, store.cluster)]

    def step(self, event: Any, now: Now) -> list[Effect | Outcome]:
        """Take an event, as any entrant; the old state is forgotten before the new is stored."""
        match event:
            case Stored(ticket, failure=failure) if ticket == self._forgetting and self._store:
                store, self._store = self._store, None
                return self._stored(failure) if failure else [store]
            case StreamClosed() if self._store is not None:
                return []
        return super().step(event, now)


# --- the other end --------------------------------------------------------------------------------


def answer_to(
    said: dict[str, Any],
    *,
    key: bytes,
    config: RingConfig,
    keys: tuple[bytes, ...],
    quorate: bool,
    offered: Callable[[], Snapshot],
    here: Snapshot | None = None,
) -> dict[str, Any] | Snapshot | None:
    """Return what a member tells who has proved to have *key* and asks what *said* spells.

    A node of the committed configuration is given the cluster's *keys*, whoever leads by now: both
    halves of a cluster may need them to be a quorum at all. That a node is no member is for a
    member with quorum to say, for others may not know of newcomers. Who comes over gives up its
    log, so it must not count in this one. None: what is decided by now is to be written down first,
    and given as *here*.
    """
    node = next((node for node in config.nodes if node.key == key), None)
    if node is None:
        if not quorate:
            return {"error": "this node does not know you, and has no quorum"}
        return {"verdict": "REMOVED", "reason": f"this node was removed from {config.name}"}
    try:
        lineage, ask = int(said["lineage"]), str(said["ask"])
    except (KeyError, TypeError, ValueError):
        return {"error": "what you ask is not readable"}
    if ask == "snapshot" and lineage == config.lineage:
        if said.get("index") == 0:
            return here if quorate else {"error": "there is no quorum here"}
        gone = {"error": "this snapshot is there no more"}
        return offered() if offered().index == said.get("index") else gone
    if ask == "recall":
        if generation_of(lineage) < config.generation:
            reason = f"the cluster {config.name} was begun anew without this node"
            return {"verdict": "SUPERSEDED", "reason": reason}
        if lineage != config.lineage:
            return {"error": "this node is of another lineage"}
        return {"keys": [each.hex() for each in keys], "quorate": quorate}
    if ask != "rejoin":
        return {"error": f"a node cannot {ask}"}
    if not quorate:
        return {"error": "the cluster has no quorum here", "hint": "Ask again once it has."}
    if lineage == config.lineage or node.votes:
        return {
            "error": f"{node.name} is a node of this cluster as it is: there is nothing to give up",
            "hint": "pcsx cluster start, on that node.",
        }
    if here is None:
        return None
    return {
        "me": node.id,
        "boot": max(node.boot, node.over),
        "keys": [each.hex() for each in keys],
        **snapshot_as(here),
    }
