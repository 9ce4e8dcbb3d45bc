"""A node's end of the talk with its cluster's witness: enrolling there, and the line kept open.

`Enroller` goes to a witness by its token and brings back the seat that the configuration is to
name. `Line` keeps every node connected, since each may come to need the witness when it is alone:
it says who it is, hands what the log has for the witness, and tells whether it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pcsx.daemon.conversation import Conversation, by_key, by_token
from pcsx.daemon.effects import Effect
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.setup import Me
from pcsx.errors import Failed
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig, WitnessSeat
from pcsx.ring.join import Channel, Token, digest_of
from pcsx.values import Now

PING_MS: Final = 1_000
ENROLL_MS: Final = 10_000
RETRY_MS: Final = (500, 1_000, 2_000, 5_000)
STREAMS_FROM: Final = 1 << 24
"""Numbers of streams here, above all others of a node."""


@dataclass(frozen=True, slots=True)
class Said:
    """The witness says *payload* to the log."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether the witness answers now has changed."""

    here: bool


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A witness has a seat for the cluster."""

    seat: WitnessSeat


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no seat, for this reason."""

    error: Failed


LineEffect = Effect | Said | Reached


class Line:
    """One node's connection to the witness; see the module's paragraph."""

    def __init__(self, me: Me, entropy: Callable[[int], bytes]) -> None:
        self.me, self._entropy = me, entropy
        self.here = False
        self.fault = ""
        """Why the witness does not answer, in words."""
        self._seat: WitnessSeat | None = None
        self._talk: Conversation | None = None
        self._next = STREAMS_FROM
        self._tries = 0
        self._due_ms = 0
        self._heard_ms = 0
        self._ping_ms = 0
        self._told = 0
        """The index of the configuration that the witness was told last."""

    @property
    def deadline_ms(self) -> int | None:
        """Return when it wants to be asked again."""
        if self._seat is None:
            return None
        if self.here:
            return self._ping_ms
        return self._due_ms

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream to the witness."""
        return self._talk is not None and event.stream == self._talk.stream

    def look(
        self, config: RingConfig, committed: tuple[int, RingConfig], boot: int, now: Now
    ) -> list[LineEffect]:
        """Return what is due: *config* names the witness, *boot* is this node's life.

        *committed* is what the witness is to go by, with its index.
        """
        effects: list[LineEffect] = []
        index = committed[0]
        if config.witness != self._seat:
            effects += self._hang_up()
            self._seat, self.fault, self._tries, self._due_ms = config.witness, "", 0, 0
        if self._seat is None:
            return effects
        silence_ms = max(config.timers.down_ms, 3 * PING_MS)
        if self._talk is not None and now.ms - self._heard_ms >= silence_ms:
            self.fault = "it does not answer"
            effects += self._hang_up()
            self._wait(now)
        if self._talk is None:
            if now.ms >= self._due_ms:
                effects += self._connect(config, boot, now)
        elif self.here:
            if index > self._told:
                self._told = index
                effects += self._talk.ask(_config_word(committed[1], index))
            if now.ms >= self._ping_ms:
                self._ping_ms = now.ms + PING_MS
                effects += self._talk.ask({"ask": "ping"})
        return effects

    def drop(self) -> list[Effect]:
        """Return what ends the connection: this node is in no cluster now."""
        self._seat, self.here = None, False
        talk, self._talk = self._talk, None
        return talk.close() if talk is not None else []

    def say(self, payload: bytes) -> list[Effect]:
        """Return what says *payload*, the log's, to the witness, if it is there."""
        talk = self._talk
        if not self.here or talk is None or not talk.is_open:
            return []
        return talk.send(payload)

    def _connect(self, config: RingConfig, boot: int, now: Now) -> list[LineEffect]:
        assert self._seat is not None
        address = self._seat.addresses[self._tries % len(self._seat.addresses)]
        self._next += 2
        self._heard_ms = now.ms
        self._due_ms = now.ms + config.timers.down_ms
        self._hello = {
            "ask": "attend",
            "boot": boot,
            "nonce": self._seat.nonce,
            "lineage": config.lineage,
        }
        self._told = 0
        make = partial(by_key, config, self.me.identity, self._entropy)
        self._talk = Conversation(self._next, address, make)
        return [self._talk.connect()]

    def step(self, event: StreamOpened | StreamData | StreamClosed, now: Now) -> list[LineEffect]:
        """Take an event of the stream."""
        talk = self._talk
        assert talk is not None and self._seat is not None
        match event:
            case StreamOpened():
                return list(talk.opened())
            case StreamClosed(_, reason):
                self.fault = self.fault or f"no connection to it: {reason or 'it closed it'}"
                return self._lost(now)
        self._heard_ms = now.ms
        heard = talk.heard(event)
        effects: list[LineEffect] = list(heard.effects)
        if heard.failure:
            self.fault = heard.failure
            return [*effects, *self._lost(now)]
        if heard.opened:
            assert talk.channel is not None
            if talk.channel.peer_key != self._seat.key:
                self.fault = "another answers at its address"
                return [*effects, *self._lost(now)]
            effects += talk.ask(self._hello)
        if heard.payload is not None and self.here:
            effects.append(Said(heard.payload))
        if heard.message is not None:
            effects += self._told_of(heard.message, now)
        return effects

    def _told_of(self, message: dict[str, Any], now: Now) -> list[LineEffect]:
        if "error" in message:
            self.fault = str(message["error"])
            return self._lost(now)
        if "attending" in message and not self.here:
            self.here, self.fault, self._tries = True, "", 0
            self._ping_ms = now.ms
            return [Reached(True)]
        return []

    def _lost(self, now: Now) -> list[LineEffect]:
        effects = self._hang_up()
        self._wait(now)
        return effects

    def _wait(self, now: Now) -> None:
        self._due_ms = now.ms + RETRY_MS[min(self._tries, len(RETRY_MS) - 1)]
        self._tries += 1

    def _hang_up(self) -> list[LineEffect]:
        talk, self._talk = self._talk, None
        effects: list[LineEffect] = list(talk.close()) if talk is not None else []
        if self.here:
            self.here = False
            effects.append(Reached(False))
        return effects


def _config_word(config: RingConfig, index: int) -> dict[str, Any]:
    return {"ask": "config", "config": config.to_bytes().hex(), "index": index}


class Enroller:
    """Goes to a witness by its *token*, and brings back the seat."""

    def __init__(
        self, token: Token, me: Me, entropy: Callable[[int], bytes], config: RingConfig, index: int
    ) -> None:
        self._token, self.me, self._entropy = token, me, entropy
        self._config, self._index = config, index
        self._hints = list(token.addresses)
        self._talk: Conversation | None = None
        self._next = STREAMS_FROM + 1
        self._reason = "the token names no address"
        self.until_ms = 0

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of the stream to the witness."""
        return self._talk is not None and event.stream == self._talk.stream

    def begin(self, now: Now) -> list[Effect | Enrolled | Refused]:
        """Go to the witness."""
        self.until_ms = now.ms + ENROLL_MS
        return self._connect()

    def late(self) -> list[Effect | Enrolled | Refused]:
        """Give up: the time is over."""
        return self._end("it does not answer")

    def _connect(self) -> list[Effect | Enrolled | Refused]:
        if not self._hints:
            return self._end(self._reason)
        self._next += 2
        self._talk = Conversation(self._next, self._hints.pop(0), self._new_channel)
        return [self._talk.connect()]

    def _new_channel(self) -> Channel:
        return by_token(self._token, self.me.identity, self._entropy)

    def step(
        self, event: StreamOpened | StreamData | StreamClosed
    ) -> list[Effect | Enrolled | Refused]:
        """Take an event of the stream; at the end there is a seat, or a reason why not."""
        talk = self._talk
        assert talk is not None
        match event:
            case StreamOpened():
                return list(talk.opened())
            case StreamClosed(_, reason):
                self._reason = reason or "it closed the connection"
                return self._connect()
        heard = talk.heard(event)
        effects: list[Effect | Enrolled | Refused] = list(heard.effects)
        if heard.failure:
            return [*effects, *self._end(heard.failure)]
        if heard.opened:
            assert talk.channel is not None
            if digest_of(talk.channel.peer_key) != self._token.issuer:
                return [*effects, *self._end("another answers at its address")]
            word = _config_word(self._config, self._index) | {"ask": "enroll"}
            effects += talk.ask(word)
        if heard.message is not None:
            effects += self._answered(heard.message)
        return effects

    def _answered(self, answer: dict[str, Any]) -> list[Effect | Enrolled | Refused]:
        if "error" in answer:
            return self._end(str(answer["error"]))
        talk = self._talk
        assert talk is not None and talk.channel is not None
        try:
            key, nonce = bytes.fromhex(answer["key"]), int(answer["nonce"])
        except (KeyError, TypeError, ValueError):
            return self._end("its answer is not whole")
        if key != talk.channel.peer_key:
            return self._end("its answer is not its own")
        seat = WitnessSeat(self._token.addresses, key, nonce)
        self._talk = None
        return [*talk.close(), Enrolled(seat)]

    def _end(self, reason: str) -> list[Effect | Enrolled | Refused]:
        closing = self._talk.close() if self._talk is not None else []
        self._talk = None
        hint = "Is pcsx witness running there? pcsx witness token makes a new token."
        return [*closing, Refused(Failed(f"the witness is not enrolled: {reason}", hint))]
