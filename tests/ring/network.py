"""A small network of hearts in memory, under virtual time, with the faults that tests want."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pcsx.ring import wire
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.frames import Boot, Configure, PeerState, Pulse, ToBrain, ToHeart
from pcsx.ring.heart import Heart
from pcsx.ring.heart_port import (
    ArmWatchdog,
    Bind,
    Datagram,
    DisarmWatchdog,
    FromBrain,
    HeartEffect,
    HeartEvent,
    LeaveWills,
    PetWatchdog,
    Report,
    SendDatagram,
    Tick,
    WatchdogArmed,
)
from pcsx.ring.seal import SUITES, Suites
from pcsx.ring.will import panic_key, sealed_panic, sealed_will
from pcsx.values import NodeName, Now

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
PSK = bytes(range(32))
Frame = TypeVar("Frame", bound=object)


def now_at(ms: int) -> Now:
    return Now(ms, NOON)


def identity_of(node: int) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(bytes([node]) * 32)


def ring_of(count: int, *, links: int = 1, profile: str = "standard") -> RingConfig:
    """Return a ring of nodes 1 to *count*, with addresses 10.LINK.0.NODE."""
    nodes = tuple(
        RingNode(
            id=node,
            name=NodeName(f"n{node}"),
            addresses=tuple(Address(f"10.{link}.0.{node}", 5450 + link) for link in range(links)),
            key=identity_of(node).public_key().public_bytes_raw(),
        )
        for node in range(1, count + 1)
    )
    return RingConfig("0" * 32, "web", 7, nodes, profile)


@dataclass
class Site:
    """One node: its heart, what its brain was told, and what is wrong with it."""

    id: int
    heart: Heart
    boot: Boot
    private: bytes
    alive: bool = True
    brain_alive: bool = True
    stalled_until: int = 0
    tick_at: int | None = None
    said: list[tuple[int, ToBrain]] = field(default_factory=list)
    wills: LeaveWills | None = None
    petted: list[int] = field(default_factory=list)
    disarmed: list[int] = field(default_factory=list)
    bound: tuple[Address, ...] = ()


@dataclass
class _Late:
    """A beat without news, taken in after the moment at which it came."""

    beat: Datagram
    came_ms: int


def is_quiet(data: bytes) -> bool:
    """Return whether a packet is a heartbeat that says that it brings no news."""
    return data[wire.TYPE_AT] == wire.BEAT and bool(data[wire.FLAGS_AT] & wire.QUIET)


class Network:
    """Hearts, and a heap of what happens to them; *loss* and *delay_ms* hold for every path."""

    def __init__(
        self,
        config: RingConfig,
        *,
        seed: int = 1,
        loss: float = 0.0,
        delay_ms: tuple[int, int] = (0, 1),
        suites: Suites = SUITES,
        realtime: bool = True,
        start: bool = True,
        watchdog_ms: int = 0,
    ) -> None:
        self.config = config
        self.now = 1000
        self.random = random.Random(seed)
        self.loss = loss
        self.delay_ms = delay_ms
        self.cuts: set[tuple[int, int, int]] = set()
        self.size_max = 65535
        self.quiet_late_ms = 0
        """Beats without news are taken in up to so much later than they came, as of when they came.
        """
        self.tamper: Callable[[SendDatagram, int, int], Iterator[bytes]] | None = None
        self.wire: list[tuple[int, int, int, bytes]] = []
        self.record = False
        self._heap: list[tuple[int, int, int, HeartEvent | _Late]] = []
        self._tie = 0
        self.suites = suites
        self.realtime = realtime
        self.watchdog_ms = watchdog_ms
        self.sites: dict[int, Site] = {}
        self.where = {
            address: (node.id, link)
            for node in config.nodes
            for link, address in enumerate(node.addresses)
        }
        if start:
            for node in config.nodes:
                self.boot(node.id, 1)

    # --- faults -------------------------------------------------------------------------------

    def boot(self, node: int, counter: int, *, config: RingConfig | None = None) -> Site:
        """Start a new life of *node*."""
        site = Site(
            node,
            Heart(
                self.random.randbytes,
                suites=self.suites,
                realtime=self.realtime,
            ),
            Boot(counter, self.random.getrandbits(64)),
            identity_of(node).private_bytes_raw(),
        )
        self.sites[node] = site
        self.configure(node, config or self.config)
        self._pulse_at(node, self.now + 500)
        return site

    def configure(self, node: int, config: RingConfig, psks: tuple[bytes, ...] = (PSK,)) -> None:
        site = self.sites[node]
        self.tell(node, Configure(node, site.boot, config.to_bytes(), site.private, psks))

    def tell(self, node: int, *frames: ToHeart) -> None:
        self._step(self.sites[node], FromBrain(frames))

    def kill(self, node: int) -> Site:
        self.sites[node].alive = False
        return self.sites[node]

    def send_will(self, node: int, status: int = -9) -> None:
        """Be the supervisor of *node*, whose processes are gone."""
        site = self.sites[node]
        assert not site.alive
        for will in () if site.wills is None else site.wills.wills:
            data = sealed_will(key=will.key, session=will.session, boot=site.boot, status=status)
            for link, address in enumerate(will.addresses):
                self._send(node, SendDatagram(link, address, data))

    def panic(self, node: int) -> list[tuple[int, bytes]]:
        """Be the crash kernel of *node*; return what it says, each to which node."""
        site = self.sites[node]
        assert not site.alive
        said = []
        for will in () if site.wills is None else site.wills.wills:
            key = panic_key(will.key)
            data = sealed_panic(key=key, session=will.session, boot=site.boot)
            for link, address in enumerate(will.addresses):
                self._send(node, SendDatagram(link, address, data))
                said.append((self.where[address][0], data))
        return said

    def stall(self, node: int, ms: int) -> None:
        self.sites[node].stalled_until = self.now + ms

    def cut(self, source: int, target: int, link: int = 0) -> None:
        """Lose all that *source* sends to *target* on *link*."""
        self.cuts.add((source, target, link))

    def heal(self) -> None:
        self.cuts.clear()

    # --- time ---------------------------------------------------------------------------------

    def run(self, ms: int) -> None:
        """Let *ms* go by."""
        until = self.now + ms
        while self._heap and self._heap[0][0] <= until:
            at, _, node, event = heapq.heappop(self._heap)
            site = self.sites[node]
            if not site.alive:
                continue
            if site.stalled_until > at:
                self._push(site.stalled_until, node, event)
                continue
            self.now = max(self.now, at)
            if isinstance(event, Tick):
                if site.tick_at is None or site.tick_at > at:
                    continue
                site.tick_at = None
                if site.heart.deadline_ms is None or site.heart.deadline_ms > self.now:
                    self._schedule(site)
                    continue
            if isinstance(event, FromBrain) and event.frames == (Pulse(),):
                self._pulse_at(node, self.now + 500)
                if not site.brain_alive:
                    continue
            if isinstance(event, Datagram) and self.quiet_late_ms and is_quiet(event.data):
                later = self.now + self.random.randint(0, self.quiet_late_ms)
                self._push(later, node, _Late(event, self.now))
                continue
            self._step(site, event)
        self.now = until

    def _pulse_at(self, node: int, at: int) -> None:
        self._push(at, node, FromBrain((Pulse(),)))

    def _push(self, at: int, node: int, event: HeartEvent | _Late) -> None:
        self._tie += 1
        heapq.heappush(self._heap, (at, self._tie, node, event))

    def _step(self, site: Site, event: HeartEvent | _Late) -> None:
        came_ms = self.now
        if isinstance(event, _Late):
            event, came_ms = event.beat, event.came_ms
        for effect in site.heart.step(event, now_at(came_ms)):
            self._perform(site, effect)
        self._schedule(site)

    def _schedule(self, site: Site) -> None:
        due = site.heart.deadline_ms
        if due is not None and (site.tick_at is None or due < site.tick_at):
            site.tick_at = max(due, self.now)
            self._push(site.tick_at, site.id, Tick())

    def _perform(self, site: Site, effect: HeartEffect) -> None:
        if isinstance(effect, SendDatagram):
            self._send(site.id, effect)
        elif isinstance(effect, Report):
            site.said.append((self.now, effect.frame))
        elif isinstance(effect, LeaveWills):
            site.wills = effect
        elif isinstance(effect, ArmWatchdog):
            self._step(site, WatchdogArmed(self.watchdog_ms))
        elif isinstance(effect, DisarmWatchdog):
            site.disarmed.append(self.now)
        elif isinstance(effect, PetWatchdog):
            site.petted.append(self.now)
        elif isinstance(effect, Bind):
            site.bound = effect.addresses

    def _send(self, source: int, effect: SendDatagram) -> None:
        target, link = self.where[effect.address]
        assert link == effect.link
        if self.record:
            self.wire.append((source, target, link, effect.data))
        if (source, target, link) in self.cuts or len(effect.data) > self.size_max:
            return
        if self.loss and self.random.random() < self.loss:
            return
        copies = iter((effect.data,))
        if self.tamper is not None:
            copies = self.tamper(effect, source, target)
        for data in copies:
            self.deliver(source, target, link, data)

    def deliver(self, source: int, target: int, link: int, data: bytes) -> None:
        """Let *data* arrive at *target* after a while."""
        address = self.config.node(source).addresses[link]
        at = self.now + self.random.randint(*self.delay_ms)
        if target in self.sites:
            self._push(at, target, Datagram(link, address, data))

    # --- what was told ------------------------------------------------------------------------

    def told(self, node: int, kind: type[Frame]) -> list[tuple[int, Frame]]:
        """Return when the brain of *node* was told frames of *kind*, and which."""
        return [(at, frame) for at, frame in self.sites[node].said if isinstance(frame, kind)]

    def states(self, node: int, peer: int) -> list[PeerState]:
        return [frame for _, frame in self.told(node, PeerState) if frame.node == peer]

    def state(self, node: int, peer: int) -> PeerState | None:
        states = self.states(node, peer)
        return states[-1] if states else None


def with_options(config: RingConfig, **options: str) -> RingConfig:
    return replace(config, options=tuple(sorted(options.items())))
