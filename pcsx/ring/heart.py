"""The heart: sessions, links and detector joined; packets on one side, the brain on the other.

`Heart` owns no policy of its own. It keeps a session with each peer, sends heartbeats over every
link, gives what it opens to the detector, and tells the brain what has changed: in a quiet cluster
it tells nothing at all. It works on while the brain is busy, and says in each heartbeat how long
the brain has been silent.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from pcsx.ring import wire
from pcsx.ring.codec import Malformed
from pcsx.ring.config import MAX_NODES, RingConfig, RingNode
from pcsx.ring.detector import BRAIN_SLOW_MS, Detector, Hearing
from pcsx.ring.fragments import MESSAGE_MAX, Assembly, cut, packed, room, unpacked
from pcsx.ring.frames import (
    Armed,
    AskStats,
    Beat,
    BeatHeard,
    Boot,
    Configure,
    Farewell,
    Guard,
    Heard,
    HeartStats,
    Offer,
    Pulse,
    Reach,
    Row,
    Tell,
    ToBrain,
    ToHeart,
    Told,
    Transmit,
    Unconfigure,
    Untell,
    Watch,
    Why,
)
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
    Pressure,
    Report,
    SendDatagram,
    Tick,
    WatchdogArmed,
    Will,
)
from pcsx.ring.levels import FEATURES, Range, misfit, speaks
from pcsx.ring.links import SIZE_HELD_MS, Link, Paths
from pcsx.ring.port import Note
from pcsx.ring.seal import SUITES, Channel, Suites
from pcsx.ring.session import Association, Attempt, Directory, Gate, Local, parties_of
from pcsx.ring.will import opened_panic, opened_will, panic_key
from pcsx.ring.wire import HEADER, MAGIC, OVERHEAD, Dropped, Header, Refusal
from pcsx.values import Now

BURST: Final = 64
"""How many parts of large messages leave in one step; the next ones a millisecond later."""
QUEUE_MAX: Final = 16 * MESSAGE_MAX
"""How many bytes of large messages may wait to be sent."""
BEAT_EARLY: Final = 8
"""Whoever is awake, and would beat within an eighth of the interval, does so now.

So the beats of all nodes soon go with the rounds of the log, and each wakes once for both.
"""
LOUD_BEATS: Final = 3
"""So many beats that bring news are read at once, in case one is lost; what follows is quiet."""
FAREWELL_BEATS: Final = 5
TIDY_BEATS: Final = 16
"""Every so many beats, what is old is forgotten."""
TELL_MS: Final = 1000
TOLD_MS: Final = 3000
"""A verdict that was not repeated for so long is news when it comes again."""
OFFER_MS: Final = 60_000
"""What a peer speaks is told again so much later, for the brain may have missed it."""
GOSSIP_ROWS: Final = 24
HELPERS: Final = 3
MISSES_KEPT: Final = 10
FORMER_MAX: Final = 64


class Peer:
    """One other node of the ring, with all that the heart keeps of it."""

    __slots__ = (
        "assembly", "association", "hearing", "id", "links", "node", "offered_ms", "paths", "tell",
        "tell_next_ms", "told", "told_ms",
    )  # fmt: skip

    def __init__(
        self, node: RingNode, association: Association, paths: Paths, hearing: Hearing
    ) -> None:
        self.id = node.id
        self.node = node
        self.association = association
        self.paths = paths
        self.links = paths.links
        self.hearing = hearing
        self.assembly = Assembly()
        self.tell: Refusal | None = None
        self.tell_next_ms = 0
        self.told: Refusal | None = None
        self.told_ms = 0
        self.offered_ms: tuple[int, Offer | None] = (0, None)
        """When the brain was told last what it speaks, and what that was."""


class Heart:
    """The machine of the heart's process: `step` and `deadline_ms`.

    *entropy* gives as many random bytes as it is asked for. *suites* are the ways to seal, best
    first, *features* the feature levels that the program speaks. *realtime* tells whether the
    process was granted it.
    """

    def __init__(
        self,
        entropy: Callable[[int], bytes],
        *,
        suites: Suites = SUITES,
        features: Range = FEATURES,
        realtime: bool = True,
    ) -> None:
        self.deadline_ms: int | None = None
        self._entropy = entropy
        self._suites = suites
        self._features = features
        self._realtime = realtime
        self._watch = Watch.DISARM
        self._watchdog_ms = 0
        self._gate = Gate(entropy)
        self._call_numbers = count(1)
        self._drops: dict[str, int] = {}
        self._received = self._sent = self._handshakes = 0
        self._misses: deque[tuple[int, int]] = deque(maxlen=MISSES_KEPT)
        self._missed = 0
        self._worst_ms = 0
        """How late the latest beat was since somebody asked."""
        self._clear()

    @property
    def parting(self) -> bool:
        """Return whether the farewell is still being said."""
        return bool(self._farewells)

    def _clear(self) -> None:
        """Know nobody: the state before the first `Configure`."""
        self._config: RingConfig | None = None
        self._local: Local | None = None
        self._detector: Detector | None = None
        self._peers: dict[int, Peer] = {}
        self._former: dict[int, Association] = {}
        self._directory: Directory = {}
        self._queue: deque[tuple[int, int, bytes]] = deque()
        self._queued = 0
        self._small: dict[int, list[bytes]] = {}
        self._message_number = 0
        self._number = 0
        self._beat = self._said_beat = b""
        self._news: object = None
        """What the last beats have told, but for counters and times."""
        self._loud_beats = 0
        self._latest_ms = 0
        """The latest moment known: a beat without news is read late, and counts from when it came.
        """
        self._brain_ms = 0
        self._beat_due_ms = 0
        self._beat_at_ms = 0
        self._calm = False
        """Whether the next beat takes its time: the last one told nothing new to anybody."""
        self._farewells: int | None = None
        self._unconfigured = False
        """Whether to leave as soon as the farewell is said."""
        self._drain_due_ms: int | None = None
        self._verdict_due_ms: int | None = None
        self._wills_changed = False
        self.deadline_ms = None

    # --- the step -----------------------------------------------------------------------------

    def step(self, event: HeartEvent, now: Now) -> list[HeartEffect]:
        """Take *event* in and return what is to be done."""
        out: list[HeartEffect] = []
        now_ms = now.ms
        if now_ms > self._latest_ms:
            self._latest_ms = now_ms
        if event.__class__ is Datagram:
            assert isinstance(event, Datagram)
            self._received += 1
            try:
                self._packet(event, now_ms, out)
            except Dropped as dropped:
                self._drop(dropped.reason)
            except Malformed:
                self._drop("malformed")
        elif isinstance(event, FromBrain):
            self._brain_ms = now_ms
            for frame in event.frames:
                self._frame(frame, now_ms, out)
            self._flush(now_ms, out)
            self._beat_early(now_ms)
        elif isinstance(event, Tick):
            self._tick(now_ms, out)
        elif isinstance(event, WatchdogArmed):
            self._watchdog_ms = event.timeout_ms
            out.append(Report(Armed(event.timeout_ms)))
        elif isinstance(event, Pressure) and self._detector is not None:
            self._detector.pressed(event.percent)
        if self._wills_changed:
            self._leave_wills(out)
        if self._detector is not None:
            self._set_deadline()
        return out

    def _set_deadline(self) -> None:
        assert self._detector is not None
        if self._calm and (self._beat != self._said_beat or self._detector.has_news):
            self._calm = False
            self._beat_due_ms = min(
                self._beat_due_ms, self._beat_at_ms + self._detector.timers.beat_ms
            )
        due = self._beat_due_ms
        rows_ms = self._detector.rows_due_ms
        if rows_ms is not None and rows_ms < due:
            due = rows_ms
        if self._drain_due_ms is not None and self._drain_due_ms < due:
            due = self._drain_due_ms
        if self._verdict_due_ms is not None and self._verdict_due_ms < due:
            due = self._verdict_due_ms
        self.deadline_ms = due

    def _beat_early(self, now_ms: int) -> None:
        """Beat now, as this heart is awake, if it is nearly time."""
        detector = self._detector
        if detector is None:
            return
        beat_ms = detector.calm_ms if self._calm else detector.timers.beat_ms
        if 0 < self._beat_due_ms - now_ms <= beat_ms // BEAT_EARLY:
            self._beat_due_ms = now_ms

    def _tick(self, now_ms: int, out: list[HeartEffect]) -> None:
        """Send what waits; at the time of a beat judge the silent first, and then beat."""
        detector = self._detector
        if detector is None:
            return
        if self._queue:
            self._drain(now_ms, out)
        verdict_due = self._verdict_due_ms is not None and now_ms >= self._verdict_due_ms
        if now_ms >= self._beat_due_ms:
            late_ms = now_ms - self._beat_due_ms
            beat_ms = detector.timers.beat_ms
            self._worst_ms = max(self._worst_ms, late_ms)
            if 2 * late_ms > beat_ms:
                self._misses.append((now_ms, late_ms))
                self._missed += 1
            self._say(detector.tick(now_ms, late_ms), out)
            self._beats(now_ms, out)
            self._calm = self._is_calm()
            self._beat_at_ms = now_ms - (late_ms if late_ms < beat_ms else 0)
            self._beat_due_ms = self._beat_at_ms + (detector.calm_ms if self._calm else beat_ms)
        elif verdict_due:
            self._say(detector.tick(now_ms, 0), out)
        else:
            self._say(detector.rows_due(now_ms), out)
        if self._detector is not None:
            quiet = self._verdict_due_ms is None and detector.fresh == detector.row.hears >> 1
            self._verdict_due_ms = None if quiet else detector.verdict_due_ms(now_ms)

    # --- what the brain says ------------------------------------------------------------------

    def _frame(self, frame: ToHeart, now_ms: int, out: list[HeartEffect]) -> None:
        match frame:
            case Transmit():
                self._transmit(frame, now_ms, out)
            case Beat():
                assert len(frame.payload) <= wire.BEAT_BYTES_MAX, "a long heartbeat"
                self._beat = frame.payload
            case Pulse():
                pass
            case Configure():
                self._configure(frame, now_ms, out)
            case Unconfigure():
                self._unconfigured = True
                if not self.parting:
                    self._leave(out)
            case Farewell():
                if self._farewells is None and self._local is not None:
                    self._farewells = FAREWELL_BEATS
                    self._say_farewell(now_ms, out)
                    self._wills_changed = True
            case Tell():
                if (peer := self._peers.get(frame.node)) is not None:
                    peer.tell = Refusal(frame.verdict, frame.reason[:300])
                    peer.tell_next_ms = now_ms + TELL_MS
                    self._control(peer, peer.tell, now_ms, out)
            case Untell():
                if (peer := self._peers.get(frame.node)) is not None:
                    peer.tell = None
            case AskStats():
                out.append(Report(HeartStats(self._stats(now_ms))))
            case Guard(watch):
                self._guard(watch, out)

    def _guard(self, watch: Watch, out: list[HeartEffect]) -> None:
        """Arm or disarm the watchdog where the brain's word on it is a new one."""
        before, self._watch = self._watch, watch
        if watch is Watch.PET and not self._watchdog_ms:
            out.append(ArmWatchdog())
        elif watch is Watch.DISARM and before is not watch:
            self._watchdog_ms = 0
            out.append(DisarmWatchdog())

    def _leave(self, out: list[HeartEffect]) -> None:
        """Know nobody and listen nowhere."""
        self._clear()
        out += (Bind(()), LeaveWills(Boot(0, 0), ()))

    def _configure(self, frame: Configure, now_ms: int, out: list[HeartEffect]) -> None:
        """Be the node that *frame* says; what is the same as before goes on undisturbed."""
        config = RingConfig.from_bytes(frame.config)
        mine = next((node for node in config.nodes if node.id == frame.me), None)
        assert mine is not None, "this node is not in its own ring"
        assert all(0 < node.id <= MAX_NODES for node in config.nodes), "ids are 1 to 64"
        local = Local.of(frame, config, self._entropy, self._suites, self._features)
        old = self._local
        if old is None or _life(old) != _life(local) or self._farewells is not None:
            beat, before = self._beat, self._detector
            again = before is not None and before.boot == local.boot
            said = before.row.seq if before is not None and again else 0
            self._clear()
            self._beat = beat
            self._brain_ms = self._beat_due_ms = now_ms
            # A life that goes on in another lineage does not begin to count its rows anew.
            self._detector = Detector(
                local.me, local.boot, config.timers, realtime=self._realtime, said=said
            )
            old = None
            out.append(Note("heart", f"node {local.me} of {config.name}, {config.profile}"))
        assert self._detector is not None
        self._detector.set_timers(config.timers)
        rekey = old is not None and old.psks[0] != local.psks[0]
        known, self._config, self._local = self._config, config, local
        if known is None or known.node(local.me).addresses != mine.addresses:
            out.append(Bind(mine.addresses))
        for node in config.nodes:
            if node.id != local.me:
                self._keep(node, mine, config)
                self._end_life(self._peers[node.id], now_ms, out)
                self._let_go(self._peers[node.id], now_ms, out)
                association = self._peers[node.id].association
                if rekey or association.outdated:
                    association.renew()
        for gone in sorted(set(self._peers) - {node.id for node in config.nodes}):
            self._remove(self._peers.pop(gone), now_ms, out)
        self._set_deadline()

    def _keep(self, node: RingNode, mine: RingNode, config: RingConfig) -> None:
        """Know *node* as it is now; its sessions end only if its key, or ours, is another."""
        assert self._local is not None and self._detector is not None
        self._former.pop(node.id, None)
        shared = min(len(mine.addresses), len(node.addresses))
        options = dict(config.options)
        priorities = tuple(_whole(options.get(f"link{i}_priority")) for i in range(shared))
        paths = Paths(node.addresses[:shared], priorities)
        peer = self._peers.get(node.id)
        # What this life knows of the configuration may be older than the key it has.
        public = self._local.public
        if peer is None or peer.node.key != node.key or peer.association.local.public != public:
            association = Association(self._local, node, self._directory, self._call_numbers)
            if peer is not None:
                association.succeed(peer.association)
                peer.association = association
        if peer is None:
            self._peers[node.id] = Peer(node, association, paths, self._detector.add(node.id))
            return
        shape = [(link.address, link.priority) for link in peer.links]
        if shape != [(link.address, link.priority) for link in paths.links]:
            peer.paths, peer.links = paths, paths.links
        peer.node = peer.association.peer = node
        peer.association.local = self._local
        peer.tell = None

    def _end_life(self, peer: Peer, now_ms: int, out: list[HeartEffect]) -> None:
        """Refuse a life that is over by now, though it is heard."""
        assert self._detector is not None
        boot = peer.hearing.boot.counter
        if not 0 < boot <= peer.node.over or peer.hearing.reach not in (Reach.UP, Reach.SUSPECT):
            return
        reason = f"the life {boot} of node {peer.id} is over"
        self._control(peer, Refusal("FENCED", reason), now_ms, out)
        peer.association.close()
        self._say(self._detector.gone(peer.hearing, Why.SILENCE, now_ms), out)

    def _let_go(self, peer: Peer, now_ms: int, out: list[HeartEffect]) -> None:
        """Refuse one that is heard, and does not speak the level that has been risen to."""
        assert self._detector is not None and self._local is not None
        offer = peer.association.offer
        if offer is None or peer.association.current is None or offer.boot != peer.hearing.boot:
            return
        if text := speaks(self._local.features, self._local.level) and misfit(
            offer.features, self._local.level
        ):
            self._control(peer, Refusal("VERSION", text), now_ms, out)
            peer.association.close()

    def _remove(self, peer: Peer, now_ms: int, out: list[HeartEffect]) -> None:
        """Tell a node that it is no longer one of us, and forget its sessions."""
        assert self._detector is not None
        reason = f"node {peer.id} was removed from the cluster"
        self._control(peer, Refusal("REMOVED", reason), now_ms, out)
        peer.association.removed = True
        peer.association.close()
        if len(self._former) >= FORMER_MAX:
            self._former.pop(next(iter(self._former)))
        self._former[peer.id] = peer.association
        self._say(self._detector.gone(peer.hearing, Why.REMOVED, now_ms), out)
        self._detector.remove(peer.id)
        self._wills_changed = True

    # --- messages -----------------------------------------------------------------------------

    def _transmit(self, frame: Transmit, now_ms: int, out: list[HeartEffect]) -> None:
        """Put a small message with those of this step, a large one in the queue, in parts."""
        payload = frame.payload
        assert len(payload) <= MESSAGE_MAX, "a message over a megabyte"
        parts: dict[int, list[bytes]] = {}
        for node in frame.nodes:
            peer = self._peers.get(node)
            if peer is None or peer.association.current is None:
                self._drop("nosession")
                continue
            size = self._best(peer, now_ms).size
            if len(payload) <= room(size):
                self._small.setdefault(node, []).append(payload)
                continue
            if self._queued + len(payload) > QUEUE_MAX:
                self._drop("queue")
                continue
            if size not in parts:
                self._message_number += 1
                parts[size] = cut(payload, self._message_number, size)
            for part in parts[size]:
                self._queue.append((node, wire.PART, part))
            self._queued += len(payload)

    def _flush(self, now_ms: int, out: list[HeartEffect]) -> None:
        """Send the small messages of this step, and begin with the large ones."""
        for node, messages in self._small.items():
            peer = self._peers[node]
            link = self._best(peer, now_ms)
            for plain in packed(messages, link.size):
                self._send(peer, link, wire.WHOLE, plain, out)
        self._small.clear()
        if self._queue and self._drain_due_ms is None:
            self._drain(now_ms, out)

    def _drain(self, now_ms: int, out: list[HeartEffect]) -> None:
        for _ in range(min(BURST, len(self._queue))):
            node, kind, plain = self._queue.popleft()
            peer = self._peers.get(node)
            if peer is not None:
                self._send(peer, self._best(peer, now_ms), kind, plain, out)
        if not self._queue:
            self._queued = 0
        self._drain_due_ms = now_ms + 1 if self._queue else None

    def _best(self, peer: Peer, now_ms: int) -> Link:
        assert self._detector is not None
        return peer.paths.best(now_ms, self._detector.timers.suspect_ms)

    def _send(
        self, peer: Peer, link: Link, kind: int, plain: bytes, out: list[HeartEffect]
    ) -> None:
        channel = peer.association.current
        if channel is None:
            self._drop("nosession")
            return
        self._sent += 1
        out.append(SendDatagram(link.index, link.address, channel.seal(kind, plain)))

    def _control(
        self, peer: Peer, message: wire.Control, now_ms: int, out: list[HeartEffect]
    ) -> None:
        if peer.association.current is not None:
            link = self._best(peer, now_ms)
            self._send(peer, link, wire.CONTROL, wire.WIRE.encode(message), out)

    # --- heartbeats ---------------------------------------------------------------------------

    def _beats(self, now_ms: int, out: list[HeartEffect]) -> None:
        """Beat on every link of every peer, and do what is done once a beat."""
        detector, local = self._detector, self._local
        assert detector is not None and local is not None
        age_ms = now_ms - self._brain_ms
        petting = self._watchdog_ms and self._watch is Watch.PET
        if petting and 2 * age_ms <= self._watchdog_ms:
            out.append(PetWatchdog())
        if self._farewells is not None:
            if self._farewells:
                self._farewells -= 1
                self._say_farewell(now_ms, out)
            if self._unconfigured and not self._farewells:
                self._leave(out)
            return
        self._number += 1
        self._weigh_news(age_ms)
        self._said_beat = self._beat
        tail = self._beat_tail(age_ms)
        tidies = self._number % TIDY_BEATS == 0
        for peer in self._peers.values():
            association = peer.association
            if tidies:
                association.expire(now_ms)
                peer.assembly.expire(now_ms)
            silent = peer.hearing.reach is not Reach.UP and peer.hearing.why is not Why.BRAIN
            if association.wants(now_ms, silent=silent):
                self._attempt(association, now_ms, out)
            if association.current is not None:
                self._beat_to(peer, tail, now_ms, out)
                if peer.tell is not None and now_ms >= peer.tell_next_ms:
                    peer.tell_next_ms = now_ms + TELL_MS
                    self._control(peer, peer.tell, now_ms, out)
        if detector.gossip_beats:
            detector.gossip_beats -= 1
            self._gossip(detector.rows_to_pass_on(), now_ms, out)
        if detector.asks:
            self._ask_for(detector.asks, now_ms, out)
            detector.asks.clear()

    def _weigh_news(self, age_ms: int) -> None:
        """Be loud for some beats where they tell what the last ones have not."""
        detector = self._detector
        assert detector is not None
        row = detector.row
        tells = (detector.fresh, row.seq, row.doubtful, self._beat, age_ms > BRAIN_SLOW_MS)
        if tells != self._news:
            self._news = tells
            self._loud_beats = LOUD_BEATS
        elif self._loud_beats:
            self._loud_beats -= 1

    def _is_calm(self) -> bool:
        """Return whether the next beat may take its time.

        It may if there is no news, whoever is there hears us well, and no path loses anything.
        """
        detector = self._detector
        if detector is None or self._loud_beats or detector.has_news or self._farewells is not None:
            return False
        for peer in self._peers.values():
            if peer.hearing.reach is Reach.DOWN or peer.hearing.reach is Reach.UNKNOWN:
                continue
            if not self._is_quiet(peer) or any(link.loses for link in peer.links):
                return False
        return True

    def _is_quiet(self, peer: Peer) -> bool:
        """Return whether a beat to *peer* need not wake it: no news, and it hears us well."""
        assert self._local is not None
        hears_us = peer.hearing.fresh >> (self._local.me - 1) & 1
        return not self._loud_beats and bool(hears_us) and peer.hearing.reach is Reach.UP

    def _beat_tail(self, age_ms: int) -> bytes:
        """Return the half of a heartbeat that is the same for all."""
        detector = self._detector
        assert detector is not None
        row = detector.row
        return (
            wire.pack_beat_tail(
                min(age_ms, 0xFFFFFFFF),
                min(detector.stall_ms, 0xFFFFFFFF),
                detector.fresh,
                row.hears >> 1,
                row.seq,
                len(self._beat),
            )
            + self._beat
        )

    def _beat_to(self, peer: Peer, tail: bytes, now_ms: int, out: list[HeartEffect]) -> None:
        detector, channel = self._detector, peer.association.current
        assert detector is not None and channel is not None
        flags = wire.REALTIME if self._realtime else 0
        if detector.row.doubtful:
            flags |= wire.DOUBTFUL
        heard = peer.paths.heard_mask(max(0, now_ms - detector.timers.suspect_ms))
        quiet = wire.QUIET if self._is_quiet(peer) else 0
        for link in peer.links:
            held = now_ms - link.size_heard_ms <= SIZE_HELD_MS
            plain = (
                wire.pack_beat_head(
                    flags,
                    heard,
                    link.size_heard if held else 0,
                    self._number & 0xFFFFFFFF,
                    now_ms,
                    link.echo_ms,
                    min(now_ms - link.echo_at_ms, 0xFFFFFFFF) if link.echo_ms else 0,
                )
                + tail
            )
            beats = [plain]
            size = link.probe_size(self._number)
            if size:
                # The same again, so that a path too narrow for it loses nothing.
                beats.append(plain.ljust(size - OVERHEAD, b"\0"))
            for beat in beats:
                self._sent += 1
                packet = channel.seal(wire.BEAT, beat, quiet)
                out.append(SendDatagram(link.index, link.address, packet))

    def _attempt(self, association: Association, now_ms: int, out: list[HeartEffect]) -> None:
        """Call the peer, on all links at once."""
        packet = association.attempt(now_ms)
        self._handshakes += 1
        links = len(self._mine().addresses)
        for index, address in enumerate(association.peer.addresses[:links]):
            out.append(SendDatagram(index, address, packet))

    def _gossip(self, rows: tuple[Row, ...], now_ms: int, out: list[HeartEffect]) -> None:
        for start in range(0, len(rows), GOSSIP_ROWS):
            plain = wire.WIRE.encode(wire.Gossip(rows[start : start + GOSSIP_ROWS]))
            for peer in self._peers.values():
                if peer.hearing.reach is Reach.UP:
                    self._send(peer, self._best(peer, now_ms), wire.CONTROL, plain, out)

    def _ask_for(self, targets: list[int], now_ms: int, out: list[HeartEffect]) -> None:
        """Ask three peers for a sign of life of each target, those first that hear it."""
        for target in targets:
            bit = 1 << (target - 1)
            helpers = sorted(
                (p for p in self._peers.values() if p.hearing.reach is Reach.UP),
                key=lambda p: (not p.hearing.fresh & bit, p.id),
            )
            for helper in helpers[:HELPERS]:
                self._control(helper, wire.Ask(target), now_ms, out)

    def _say_farewell(self, now_ms: int, out: list[HeartEffect]) -> None:
        for peer in self._peers.values():
            for link in peer.links if peer.association.current is not None else ():
                self._send(peer, link, wire.FAREWELL, b"", out)

    # --- packets ------------------------------------------------------------------------------

    def _packet(self, event: Datagram, now_ms: int, out: list[HeartEffect]) -> None:
        """Take one datagram in, or raise why it is dropped; nothing has changed then."""
        data = event.data
        if len(data) < OVERHEAD or data[0] != MAGIC:
            raise Dropped("malformed")
        if self._local is None:
            raise Dropped("lobby")
        header = HEADER.unpack_from(data)
        kind, session = header[1], header[4]
        if wire.BEAT <= kind < wire.WILL:
            channel = self._directory.get(session)
            if not isinstance(channel, Channel):
                raise Dropped("session")
            peer = self._peers.get(channel.node)
            if peer is None:
                raise Dropped("session")
            plain = channel.open(data, header[5])
            self._opened(peer, channel, kind, plain, event, now_ms, out)
        elif kind == wire.WILL or kind == wire.PANIC:
            self._will(data, kind, session, now_ms, out)
        elif self._farewells is not None:
            raise Dropped("leaving")
        elif kind == wire.RESPONSE or kind == wire.COOKIE:
            attempt = self._directory.get(session)
            if not isinstance(attempt, Attempt):
                raise Dropped("session")
            if kind == wire.COOKIE:
                attempt.association.take_cookie(data, now_ms)
            else:
                self._response(attempt, event, now_ms, out)
        elif kind == wire.INIT or kind == wire.CALL:
            self._called(Header(*header), event, now_ms, out)
        else:
            raise Dropped("type")

    def _opened(
        self,
        peer: Peer,
        channel: Channel,
        kind: int,
        plain: bytes,
        event: Datagram,
        now_ms: int,
        out: list[HeartEffect],
    ) -> None:
        """Take in what an authentic packet holds."""
        detector = self._detector
        assert detector is not None
        if kind == wire.REFUSED:
            peer.association.reject(channel)
            self._refused(peer.id, wire.WIRE.decode(plain), now_ms, out)
            return
        if not channel.confirmed and peer.association.confirm(channel, now_ms):
            self._began(peer, channel, now_ms, out)
        hearing = peer.hearing
        hearing.heard_ms = max(hearing.heard_ms, now_ms)
        if hearing.reach is not Reach.UP:
            self._say(detector.heard(hearing, now_ms), out)
        if event.link >= len(peer.links):
            raise Dropped("link")
        link = peer.links[event.link]
        link.heard_ms = now_ms
        size = len(event.data)
        if size > wire.PACKET_SIZES[0]:
            link.hear_size(size, now_ms)
        if kind == wire.BEAT:
            self._heard_beat(peer, channel, link, plain, now_ms, out)
        elif kind == wire.WHOLE:
            messages = unpacked(plain)
            if messages is None:
                raise Malformed("a packet of messages")
            out += [Report(Heard(peer.id, channel.boot, message)) for message in messages]
        elif kind == wire.PART:
            message = peer.assembly.take(plain, now_ms)
            if message is not None:
                out.append(Report(Heard(peer.id, channel.boot, message)))
        elif kind == wire.CONTROL:
            self._controlled(peer, wire.WIRE.decode(plain), now_ms, out)
        elif kind == wire.FAREWELL:
            self._ended(peer, Why.LEFT, now_ms, out)
        if not event.data[wire.FLAGS_AT] & wire.QUIET:
            self._beat_early(now_ms)

    def _heard_beat(
        self,
        peer: Peer,
        channel: Channel,
        link: Link,
        plain: bytes,
        now_ms: int,
        out: list[HeartEffect],
    ) -> None:
        detector, hearing = self._detector, peer.hearing
        assert detector is not None
        numbers, payload = wire.beat_of(plain)
        (
            flags, links_heard, size, number, sent_ms, echo_ms, held_ms,
            age_ms, _, fresh, hears, row_seq, _,
        ) = numbers  # fmt: skip
        link.hear_beat(
            number=number,
            sent_ms=sent_ms,
            echo_ms=echo_ms,
            held_ms=held_ms,
            reaches=bool(links_heard >> link.index & 1),
            size=size,
            now_ms=now_ms,
        )
        if number <= hearing.number:
            return
        hearing.number = number
        hearing.fresh = fresh
        hearing.fresh_ms = now_ms
        row = hearing.row
        if row is None or row.seq != row_seq or row.boot != channel.boot:
            doubtful = bool(flags & wire.DOUBTFUL)
            detector.learn(Row(peer.id, channel.boot, row_seq, hears << 1, doubtful), now_ms)
        if age_ms > BRAIN_SLOW_MS or hearing.why is Why.BRAIN:
            self._say(detector.brain_age(hearing, age_ms, now_ms), out)
        if payload != hearing.beat:
            hearing.beat = payload
            out.append(Report(BeatHeard(peer.id, channel.boot, payload)))

    def _controlled(self, peer: Peer, message: object, now_ms: int, out: list[HeartEffect]) -> None:
        assert self._detector is not None and self._local is not None
        match message:
            case wire.Gossip(rows):
                for row in rows:
                    self._detector.learn(row, now_ms)
            case Refusal():
                self._refused(peer.id, message, now_ms, out)
            case wire.Ask(target):
                asked = self._peers.get(target)
                if asked is not None and asked is not peer:
                    self._control(asked, wire.Ping(peer.id), now_ms, out)
            case wire.Ping(asker):
                self._control(peer, wire.Pong(asker), now_ms, out)
            case wire.Pong(asker):
                waiting = self._peers.get(asker)
                if waiting is not None:
                    vouch = wire.Vouch(peer.id, peer.hearing.boot)
                    self._control(waiting, vouch, now_ms, out)
            case wire.Vouch(target, boot):
                self._detector.vouched(target, boot, now_ms)
            case _:
                raise Malformed("a handshake's message in a session")

    # --- handshakes ---------------------------------------------------------------------------

    def _called(self, header: Header, event: Datagram, now_ms: int, out: list[HeartEffect]) -> None:
        """Answer a peer that calls, or call one that asks for it."""
        assert self._local is not None
        caller, called = parties_of(event.data)
        peer = self._peers.get(caller)
        association = peer.association if peer is not None else self._former.get(caller)
        if association is None or called != self._local.me:
            raise Dropped("stranger")
        if header.type == wire.CALL:
            silent = peer is None or peer.hearing.reach is not Reach.UP
            if association.asked(event.data, now_ms, silent=silent):
                self._attempt(association, now_ms, out)
            return
        association.psk_of(event.data)
        addresses = association.peer.addresses
        if event.link >= len(addresses):
            raise Dropped("link")
        address = addresses[event.link]
        if not self._gate.admits(event.data, event.source, now_ms):
            cookie = self._gate.cookie_for(event.data, header, event.source, association)
            out.append(SendDatagram(event.link, address, cookie))
            raise Dropped("busy")
        answer = association.answer(event.data, header, now_ms)
        self._say_offer(peer, now_ms, out)
        out.append(SendDatagram(event.link, address, answer.packet))
        self._wills_changed = self._wills_changed or association.current is None
        if answer.told is not None:
            self._refused(caller, answer.told, now_ms, out)

    def _response(
        self, attempt: Attempt, event: Datagram, now_ms: int, out: list[HeartEffect]
    ) -> None:
        """Take in what a called peer answered."""
        association = attempt.association
        outcome = association.finish(attempt, event.data, now_ms)
        node = association.peer.id
        self._say_offer(self._peers.get(node), now_ms, out)
        if outcome.told is not None:
            self._refused(node, outcome.told, now_ms, out)
        elif outcome.refuse is not None and outcome.channel is not None:
            plain = wire.WIRE.encode(outcome.refuse)
            address = association.peer.addresses[
                min(event.link, len(association.peer.addresses) - 1)
            ]
            packet = outcome.channel.seal(wire.REFUSED, plain)
            out.append(SendDatagram(event.link, address, packet))
        elif outcome.channel is not None:
            self._began(self._peers[node], outcome.channel, now_ms, out)

    def _began(self, peer: Peer, channel: Channel, now_ms: int, out: list[HeartEffect]) -> None:
        """Use a new session: of the same life of the peer, or of another one."""
        detector = self._detector
        assert detector is not None
        if peer.hearing.boot != channel.boot:
            peer.paths.forget()
            peer.assembly = Assembly()
            peer.told = None
        self._say(detector.born(peer.hearing, channel.boot, now_ms), out)
        self._wills_changed = True
        # What a beat that was read late leads to is done now.
        latest_ms = self._latest_ms
        self._beat_to(peer, self._beat_tail(latest_ms - self._brain_ms), latest_ms, out)
        if peer.tell is not None:
            self._control(peer, peer.tell, now_ms, out)

    def _say_offer(self, peer: Peer | None, now_ms: int, out: list[HeartEffect]) -> None:
        """Tell the brain what a peer speaks: when it is news, and now and then."""
        offer = peer.association.offer if peer is not None else None
        if peer is None or offer is None:
            return
        said_ms, said = peer.offered_ms
        if offer != said or now_ms - said_ms > OFFER_MS:
            peer.offered_ms = (now_ms, offer)
            self._say([offer], out)

    def _refused(self, node: int, refusal: object, now_ms: int, out: list[HeartEffect]) -> None:
        """Tell the brain what a peer has against this node, when it is news."""
        if not isinstance(refusal, Refusal):
            raise Malformed("no refusal")
        peer = self._peers.get(node)
        if peer is None:
            return
        if peer.told != refusal or now_ms - peer.told_ms > TOLD_MS:
            self._say([Told(node, refusal.verdict, refusal.reason)], out)
        peer.told, peer.told_ms = refusal, now_ms

    def _will(
        self, data: bytes, kind: int, session: int, now_ms: int, out: list[HeartEffect]
    ) -> None:
        """Note that a peer's supervisor saw both its processes end, or its kernel panicked."""
        channel = self._directory.get(session)
        if not isinstance(channel, Channel):
            raise Dropped("session")
        if kind == wire.WILL:
            why, (boot, status) = Why.DIED, opened_will(data, channel.will_in)
            text = f"the daemon of node {channel.node} died, status {status}"
        else:
            why, boot = Why.PANIC, opened_panic(data, panic_key(channel.will_in))
            text = f"the kernel of node {channel.node} panicked"
        peer = self._peers.get(channel.node)
        if peer is None or boot != channel.boot or boot != peer.association.life:
            raise Dropped("session")
        peer.association.ended = boot
        out.append(Note("heart", text))
        self._ended(peer, why, now_ms, out)

    def _ended(self, peer: Peer, why: Why, now_ms: int, out: list[HeartEffect]) -> None:
        assert self._detector is not None
        peer.association.close()
        peer.assembly = Assembly()
        self._say(self._detector.gone(peer.hearing, why, now_ms), out)
        self._wills_changed = True

    # --- words --------------------------------------------------------------------------------

    def _leave_wills(self, out: list[HeartEffect]) -> None:
        """Leave the supervisor a key for every session; none once this node said farewell."""
        self._wills_changed = False
        local = self._local
        if local is None:
            return
        wills = []
        for node in sorted(self._peers) if self._farewells is None else ():
            peer = self._peers[node]
            for channel in peer.association.channels[:1]:
                wills.append(Will(peer.node.addresses, channel.theirs, channel.will_out))
        out.append(LeaveWills(local.boot, tuple(wills)))

    def _say(self, frames: list[ToBrain], out: list[HeartEffect]) -> None:
        out += [Report(frame) for frame in frames]

    def _drop(self, reason: str) -> None:
        self._drops[reason] = self._drops.get(reason, 0) + 1

    def _mine(self) -> RingNode:
        assert self._config is not None and self._local is not None
        return self._config.node(self._local.me)

    def _stats(self, now_ms: int) -> bytes:
        """Return the counters, and what each link is like."""
        stats: dict[str, Any] = {
            "rt": self._realtime,
            "received": self._received,
            "sent": self._sent,
            "handshakes": self._handshakes,
            "drop": dict(sorted(self._drops.items())),
            "schedmiss": {
                "count": self._missed,
                "last": [{"timestamp": at, "delay": late} for at, late in self._misses],
                "worst": self._worst_ms,
            },
        }
        self._worst_ms = 0
        if self._detector is not None:
            stats["doubt"] = self._detector.score
            stats["peers"] = {str(node): _peer_stats(p, now_ms) for node, p in self._peers.items()}
        return json.dumps(stats, separators=(",", ":")).encode()


def _peer_stats(peer: Peer, now_ms: int) -> dict[str, Any]:
    heard_ms = peer.hearing.heard_ms
    return {
        "reach": peer.hearing.reach.name,
        "why": peer.hearing.why.name,
        "silent_ms": now_ms - heard_ms if heard_ms >= 0 else None,
        "brain_age_ms": peer.hearing.brain_age_ms,
        "session": peer.association.current is not None,
        "lost_messages": peer.assembly.lost,
        "links": [
            {
                "address": f"{link.address.host} {link.address.port}",
                "silent_ms": now_ms - link.heard_ms if link.heard_ms >= 0 else None,
                "reaches": link.reaches,
                "rtt_ms": link.rtt_ms8 / 8 if link.rtt_ms8 >= 0 else None,
                "loss_percent": round(link.loss * 100 / 65536, 1),
                "size": link.size,
            }
            for link in peer.links
        ],
    }


def _life(local: Local) -> tuple[int, Boot, bytes, int]:
    """Return what makes two configurations one life: whose it is, in which cluster and lineage."""
    return (local.me, local.boot, local.cluster, local.lineage)


def _whole(text: str | None) -> int:
    """Return the whole number that an option spells, 0 where it spells none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
