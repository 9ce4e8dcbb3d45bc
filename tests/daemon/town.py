"""Lobbies and one founder joined in memory: streams, keys, disks and clocks of a small town."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from pcsx.daemon.effects import (
    CloseStream,
    Discover,
    Forget,
    OpenStream,
    ReadKey,
    Resolve,
    SendStream,
    Store,
)
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
from pcsx.daemon.setup import Compare, Founded, Founder, Ignite, Line, Lobby, Me, Ruined
from pcsx.errors import PcsxError
from pcsx.protocol import ClusterSetup, SetupNode
from pcsx.values import Now

KEY: Final = bytes(range(32))
NOON: Final = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class House:
    """One node: its lobby, its bootstrap key, its clock and what is on its disk."""

    name: str
    address: str
    key: bytes | None = KEY
    skew_s: float = 0.0
    full: str = ""
    """What its disk says when it is to store something."""
    lobby: Lobby = None  # type: ignore[assignment]
    stored: set[str] = field(default_factory=set)
    in_ring: bool = False


class Town:
    """The founder `n1` and the lobbies of the others, stepped until nothing moves any more."""

    def __init__(self, *names: str) -> None:
        self.houses = {
            name: House(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)
        }
        chance = Random(1)
        for house in self.houses.values():
            identity = hashlib.sha256(house.name.encode()).digest()
            me = Me(house.name, "", 5450, identity, "0.1.0")
            house.lobby = Lobby(me, chance.randbytes)
        self.chance = chance
        self.closed: dict[str, str] = {}
        """Addresses that do not take a connection, and the errno's name that they give."""
        self.names: dict[str, str] = {}
        """What the resolver knows."""
        self.announced: dict[str, str] = {}
        self.lines: list[str] = []
        self.codes: list[tuple[str, str, str]] = []
        """Codes shown: (at whom, about whom, digits)."""
        self.founded: Founded | None = None
        self.error: PcsxError | None = None
        self.now_ms = 1000
        self._streams: dict[int, House] = {}
        self._queue: deque[Callable[[], None]] = deque()

    # --- the world --------------------------------------------------------------------------------

    def now(self, house: House) -> Now:
        """Return the clocks of *house*."""
        return Now(self.now_ms, NOON + timedelta(milliseconds=self.now_ms, seconds=house.skew_s))

    def found(self, *words: str, name: str = "web", **more: Any) -> None:
        """Run `cluster setup NAME WORDS` at the first node, to its end or until it waits."""
        nodes = []
        for word in words or tuple(f"{h.name}={h.address}" for h in self.houses.values()):
            host, _, addresses = word.partition("=")
            nodes.append(SetupNode(host, tuple(filter(None, addresses.split(",")))))
        self.home = next(iter(self.houses.values()))
        request = ClusterSetup(name, tuple(nodes), **more)
        me, cluster = self.home.lobby.me, self.home.lobby.cluster
        self.founder = Founder(request, me, self.chance.randbytes, cluster)
        self._founder(self.founder.begin(self.now(self.home)))
        self.settle()

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        while self._queue:
            self._queue.popleft()()

    def wait(self) -> None:
        """Let time pass to the founder's next deadline."""
        assert self.founder.deadline_ms is not None
        self.now_ms = self.founder.deadline_ms
        self._tell(Tick())
        self.settle()

    def stand(self, *members: str) -> None:
        """Tell the founder who is in the ring."""
        standing = self.founder.standing(members or tuple(self.houses), quorate=True, at_rest=True)
        self._founder(standing)
        self.settle()

    def compare(self, name: str, same: bool) -> None:
        """Have the person at the founder judge the code of *name*."""
        self._founder(self.founder.compared(name, same, self.now(self.home)))
        self.settle()

    def accept(self, name: str, code: str, same: bool) -> None:
        """Have the person at *name* judge *code*."""
        house = self.houses[name]
        self._lobby(house, house.lobby.answer(code, same))
        self.settle()

    def as_it_was(self) -> bool:
        """Return whether no node has anything of the cluster."""
        return not any(house.stored for house in self.houses.values())

    # --- effects ----------------------------------------------------------------------------------

    def _tell(self, event: Any) -> None:
        self._founder(self.founder.step(event, self.now(self.home)))

    def _later(self, event: Any) -> None:
        self._queue.append(lambda: self._tell(event))

    def _founder(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case Resolve(ticket, names):
                    answers = tuple(
                        (name, tuple(filter(None, [self.names.get(name, "")]))) for name in names
                    )
                    self._later(Resolved(ticket, answers))
                case Discover():
                    for name, address in self.announced.items():
                        self._later(LobbyFound(name, (address,), 5450, ""))
                case ReadKey(ticket):
                    problem = "" if self.home.key else "no bootstrap key here"
                    self._later(KeyRead(ticket, self.home.key, problem))
                case OpenStream(stream, host):
                    self._open(stream, host)
                case SendStream(stream, data):
                    house = self._streams[stream]
                    self._to_lobby(house, StreamData(stream, data))
                case CloseStream(stream):
                    self._to_lobby(self._streams[stream], StreamClosed(stream))
                case Store() | Forget():
                    self._later(self._disk(self.home, effect))
                case Line(_, text):
                    self.lines.append(text)
                case Compare(node, digits):
                    self.codes.append((self.home.name, node, digits))
                case Ignite():
                    self.home.in_ring = True
                case Founded():
                    self.founded = effect
                case Ruined(error):
                    self.error, self.home.in_ring = error, False

    def _open(self, stream: int, host: str) -> None:
        house = next((h for h in self.houses.values() if h.address == host), None)
        if house is None or host in self.closed:
            self._later(StreamClosed(stream, self.closed.get(host, "EHOSTUNREACH")))
            return
        self._streams[stream] = house
        self._to_lobby(house, StreamOpened(stream, self.home.address, True))
        self._later(StreamOpened(stream, host, False))

    def _to_lobby(self, house: House, event: Any) -> None:
        self._queue.append(lambda: self._lobby(house, house.lobby.step(event, self.now(house))))

    def _lobby(self, house: House, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case ReadKey(ticket):
                    self._to_lobby(house, KeyRead(ticket, house.key))
                case SendStream(stream, data):
                    self._later(StreamData(stream, data))
                case CloseStream(stream):
                    self._later(StreamClosed(stream))
                case Store() | Forget():
                    self._to_lobby(house, self._disk(house, effect))
                case Compare(peer, digits):
                    self.codes.append((house.name, peer, digits))
                case Ignite():
                    house.in_ring = True

    def _disk(self, house: House, effect: Store | Forget) -> Stored:
        if isinstance(effect, Forget):
            house.stored.discard(effect.cluster)
            house.in_ring = False
        elif house.full:
            return Stored(effect.ticket, failure=house.full)
        else:
            house.stored.add(effect.cluster)
        return Stored(effect.ticket)
