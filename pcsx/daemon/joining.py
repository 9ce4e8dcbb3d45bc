"""A node enters a cluster that stands: `Joiner` from its lobby by a token, the newcomer's end.

It goes to the issuer whom the token names, and believes nobody else; proves that it knows the
secret, learns who it shall be, stores that, and enters the ring. There it learns the log, and once
it has all of it, it votes. Whatever fails before it has entered leaves it in its lobby.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from pcsx.daemon.conversation import Conversation, by_token
from pcsx.daemon.effects import Effect, Forget, Store
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
from pcsx.daemon.setup import Founded, Ignite, Line, Me, Outcome, Ruined, split_address
from pcsx.daemon.setup.survey import SKEW_REFUSE_MS, survey_of
from pcsx.daemon.setup.told import VERSION
from pcsx.errors import Failed, PcsxError, TimedOut
from pcsx.protocol import ClusterJoin
from pcsx.ring.config import Address, RingConfig
from pcsx.ring.join import Channel, Token, digest_of, public_of
from pcsx.ring.port import Snapshot
from pcsx.values import Now

AGAIN: Final = "Nothing was changed: try again."


class Entrant:
    """What joining and coming over share: find a member, be told who one is, store it, enter.

    To the node it is what a founder is.
    """

    goal: ClassVar[str]
    """What is being done, for messages."""

    def __init__(
        self, me: Me, entropy: Callable[[int], bytes], cluster: str, timeout_ms: int
    ) -> None:
        self.me, self._entropy = me, entropy
        self._cluster = cluster
        self._timeout_ms = timeout_ms
        self.stage = "find"
        self._until_ms = 0
        self._hints: list[Address] = []
        self._talk: Conversation | None = None
        self._next = 2
        self._storing = 0
        self._config: RingConfig | None = None
        self._error: PcsxError | None = None
        self._reason = ""

    # --- what each kind says ----------------------------------------------------------------------

    def begin(self, now: Now) -> list[Effect | Outcome]:
        """Begin to look for a member."""
        raise NotImplementedError

    def _new_channel(self) -> Channel:
        raise NotImplementedError

    def _trusts(self, key: bytes) -> bool:
        """Return whether a member with the public *key* is to be believed."""
        raise NotImplementedError

    def _question(self, now: Now) -> dict[str, Any]:
        raise NotImplementedError

    def _unreached(self, reason: str) -> Failed:
        raise NotImplementedError

    def _not_let_in(self, reason: str) -> Failed:
        raise NotImplementedError

    # --- what they share --------------------------------------------------------------------------

    @property
    def deadline_ms(self) -> int | None:
        """Return when it has lasted too long."""
        return None if self.stage == "over" else self._until_ms

    @property
    def cluster(self) -> str:
        """Return the UUID of the cluster; it must be known."""
        assert self._config is not None
        return self._config.cluster

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream to a member."""
        return self._talk is not None and event.stream == self._talk.stream

    def compared(self, _node: str, _same: bool, _now: Now) -> list[Effect | Outcome]:
        """Return nothing: there is no code to compare."""
        return []

    def _connect(self) -> list[Effect | Outcome]:
        self._talk = None
        if not self._hints:
            return self._end(self._unreached(self._reason))
        self._talk = Conversation(self._ticket(), self._hints.pop(0), self._new_channel)
        return [self._talk.connect()]

    def _ticket(self) -> int:
        self._next += 2
        return self._next

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
            case StreamOpened() if self._talk is not None:
                return list(self._talk.opened())
            case StreamData() if self._talk is not None:
                return self._data(self._talk, event, now)
            case StreamClosed(_, reason):
                return self._closed(reason)
            case Stored(ticket, failure=failure) if ticket == self._storing:
                return self._stored(failure)
            case Tick() if now.ms >= self._until_ms:
                return self._late()
        return []

    def _closed(self, reason: str) -> list[Effect | Outcome]:
        if self._talk is not None:
            self._talk.closed()
        if self.stage == "await":
            return []
        if self.stage != "find":
            return self._fail(Failed(f"the member went away during {self.stage}", AGAIN))
        self._reason = reason or "it closed the connection"
        return self._connect()

    def _data(self, talk: Conversation, event: StreamData, now: Now) -> list[Effect | Outcome]:
        heard = talk.heard(event)
        effects: list[Effect | Outcome] = list(heard.effects)
        if heard.failure:
            return [*effects, *self._fail(self._not_let_in(heard.failure))]
        if heard.opened:
            assert talk.channel is not None
            if not self._trusts(talk.channel.peer_key):
                error = Failed("who answers is no member that this node may believe", AGAIN)
                return [*effects, *self._fail(error)]
            self.stage = "ask"
            effects += [Line("ask", "asking to be let in"), *talk.ask(self._question(now))]
        if heard.message is not None:
            effects += self._answered(heard.message)
        return effects

    def _answered(self, answer: dict[str, Any]) -> list[Effect | Outcome]:
        if "error" in answer:
            return self._fail(Failed(str(answer["error"]), str(answer.get("hint", ""))))
        if self.stage != "ask":
            return []
        try:
            config = RingConfig.from_bytes(bytes.fromhex(answer["config"]))
            me, index, term = int(answer["me"]), int(answer["index"]), int(answer["term"])
            keys = tuple(bytes.fromhex(key) for key in answer["keys"])
            state = bytes.fromhex(answer["state"])
            boot = int(answer.get("boot", 0))
            if config.node(me).key != public_of(self.me.identity) or not keys:
                raise ValueError("it is for another node")
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            return self._fail(Failed(f"the answer is not whole: {error}", AGAIN))
        self._config = config
        self.stage = "adopt"
        self._storing = self._ticket()
        secrets = tuple((f"psk{number}", key) for number, key in enumerate(keys))
        snapshot = Snapshot(index, term, config, state)
        store = Store(self._storing, config.cluster, me, secrets, snapshot, boot)
        name = config.node(me).name
        line = Line("adopt", f"this node is {name}, number {me} of {config.name}")
        return [line, *self._adopt(store)]

    def _adopt(self, store: Store) -> list[Effect | Outcome]:
        return [store]

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
        """Take how the cluster stands here; this node is in when it is online."""
        if self.stage != "await" or self._config is None:
            return []
        if not quorate or self.me.name not in members:
            return []
        self.stage = "over"
        return [*self._hang_up(), Founded(self._config, ())]

    def _late(self) -> list[Effect | Outcome]:
        seconds = self._timeout_ms / 1000
        if self.stage == "await":
            # It is a member by the log: it goes on trying, as after any start.
            self.stage = "over"
            hint = "It is a member and goes on trying: is the UDP port open in both directions?"
            return [Ruined(TimedOut("this node in the ring", seconds, hint))]
        what = f"{self.goal}, at {self.stage}"
        return self._fail(TimedOut(what, seconds, "See the log of pcsx."))

    def _fail(self, error: PcsxError) -> list[Effect | Outcome]:
        """Give up: what was stored is forgotten first."""
        if self._error is not None:
            return self._end(self._error)
        self._error = error
        if self._config is None:
            return self._end(error)
        self._storing = self._ticket()
        self._until_ms += 5_000
        return [Forget(self._storing, self._config.cluster)]

    def _end(self, error: PcsxError) -> list[Effect | Outcome]:
        self.stage = "over"
        return [*self._hang_up(), Ruined(error)]

    def _hang_up(self) -> list[Effect | Outcome]:
        return list(self._talk.close()) if self._talk is not None else []


class Joiner(Entrant):
    """A node in its lobby joins by a token; see the module's paragraph."""

    goal = "joining"

    def __init__(
        self, request: ClusterJoin, me: Me, entropy: Callable[[int], bytes], cluster: str
    ) -> None:
        super().__init__(me, entropy, cluster, request.timeout_ms)
        self.request = request
        self._token: Token | None = None

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
        self._hints.extend(self._token.addresses)
        self._reason = "the token names no address"
        for address in self.request.addresses:
            if split_address(address, self.me.port) is None:
                return self._end(Failed(f"{address!r} is no address", "HOST or HOST:PORT."))
        return [Line("find", "going to the member that gave the token"), *self._connect()]

    def _new_channel(self) -> Channel:
        assert self._token is not None
        return by_token(self._token, self.me.identity, self._entropy)

    def _trusts(self, key: bytes) -> bool:
        return self._token is not None and digest_of(key) == self._token.issuer

    def _question(self, now: Now) -> dict[str, Any]:
        addresses = list(self.request.addresses)
        if not addresses and self.me.address:
            addresses = [self.me.address]
        return {
            "ask": "join",
            "addresses": addresses,
            "port": self.me.port,
            **survey_of(self.me, "", now.wall),
        }

    def _unreached(self, reason: str) -> Failed:
        text = f"the member that gave the token cannot be reached: {reason}"
        hint = "Is pcsx running there, and its TCP port open? A new token names its address."
        return Failed(text, hint)

    def _not_let_in(self, reason: str) -> Failed:
        hint = "pcsx cluster token on a member shows a new one."
        return Failed(f"the cluster did not let this node in: {reason}", hint)


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
