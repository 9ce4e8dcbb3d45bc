"""Who is reachable: suspicion, the agreement to call a peer down, self-doubt, and everyone's rows.

Silence alone convicts nobody: a peer is down when its time is up *and* no other that is heard still
hears it. A node that was late itself doubts its own clock first. What each node hears is a row; the
rows of all are kept here, and the brain draws the graph of two-way links from them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pcsx.ring.config import PROFILES, Profile
from pcsx.ring.frames import Boot, Doubt, PeerState, Reach, Row, Rows, ToBrain, Why

DOUBT_MAX: Final = 7
CALM_MS: Final = 1000
"""After how long without strain a point of self-doubt goes."""
BRAIN_SLOW_MS: Final = 5_000
BRAIN_FAILED_MS: Final = 30_000
PRESSURE_PERCENT: Final = 60
ROWS_GATHER_MS: Final = 10
"""For how long changed rows of others wait for more, before the brain is told."""
NOBODY: Final = Boot(0, 0)


class Hearing:
    """What is known of one peer by listening."""

    __slots__ = (
        "asked_ms", "beat", "boot", "brain_age_ms", "fresh", "fresh_ms", "heard_ms", "node",
        "number", "reach", "ripe_ms", "row", "since_ms", "vouched_ms", "why",
    )  # fmt: skip

    def __init__(self, node: int) -> None:
        self.node = node
        self.boot = NOBODY
        self.heard_ms = -1
        self.reach = Reach.UNKNOWN
        self.why = Why.HEARD
        self.since_ms = 0
        self.fresh = 0
        """Whom the peer heard within three calm beats, as of *fresh_ms*: bit id - 1."""
        self.fresh_ms = -1
        self.brain_age_ms = 0
        self.vouched_ms: int | None = None
        """When another node last got an answer from it on our behalf."""
        self.ripe_ms: int | None = None
        """Since when it could be called down."""
        self.asked_ms = 0
        """When others were last asked for a sign of life."""
        self.row: Row | None = None
        self.beat: bytes | None = None
        self.number = 0
        """The number of the newest heartbeat of this life, on whichever link."""

    def state(self) -> PeerState:
        """Return what the brain is told of the peer."""
        return PeerState(self.node, self.reach, self.why, self.boot, self.since_ms)


class Detector:
    """Judges silence; its `tick` runs before each heartbeat is sent, so that the beat tells it."""

    def __init__(
        self, me: int, boot: Boot, timers: Profile, *, realtime: bool, said: int = 0
    ) -> None:
        """Begin to listen; rows up to number *said* were said in this life before."""
        self.me = me
        self.boot = boot
        self.realtime = realtime
        self.hearings: dict[int, Hearing] = {}
        self.set_timers(timers)
        self.score = 0
        self.silent_until_ms = 0
        self.fresh = 0
        self.stall_ms = 0
        """The worst lateness of the last beat interval."""
        self.row = Row(me, boot, said + 1, 0, False)
        self.gossip_beats = 0
        """For how many beats more the rows are passed on."""
        self.asks: list[int] = []
        """Peers that were just suspected: ask others for a sign of life."""
        self._strained = False
        self._calm_since_ms = 0
        self.rows_due_ms: int | None = None
        self._told = Doubt(0, 0)

    def set_timers(self, timers: Profile) -> None:
        """Judge by *timers* from now on; without real time never faster than by *standard*."""
        standard = PROFILES["standard"]
        self.calm_ms = timers.calm_ms
        self.fresh_within_ms = 3 * self.calm_ms
        if not self.realtime:
            timers = replace(
                timers,
                suspect_ms=max(timers.suspect_ms, standard.suspect_ms),
                down_ms=max(timers.down_ms, standard.down_ms),
            )
        self.timers = timers

    def add(self, node: int) -> Hearing:
        """Return the new hearing of *node*."""
        self.hearings[node] = hearing = Hearing(node)
        return hearing

    def remove(self, node: int) -> None:
        """Forget *node*."""
        del self.hearings[node]
        self._changed(0)

    # --- what is heard ------------------------------------------------------------------------

    def heard(self, hearing: Hearing, now_ms: int) -> list[ToBrain]:
        """Note a packet of a peer; return what changed. Called for silent peers only."""
        hearing.heard_ms = now_ms
        hearing.ripe_ms = hearing.vouched_ms = None
        if hearing.reach is Reach.UP or hearing.why is Why.BRAIN:
            return []
        return [self._turn(hearing, Reach.UP, Why.HEARD, now_ms)]

    def born(self, hearing: Hearing, boot: Boot, now_ms: int) -> list[ToBrain]:
        """Note that the peer proved to be in the life *boot*; return what that changes."""
        said: list[ToBrain] = []
        if hearing.boot != boot:
            if hearing.reach in (Reach.UP, Reach.SUSPECT) and hearing.boot != NOBODY:
                said.append(self._turn(hearing, Reach.DOWN, Why.REBOOTED, now_ms))
            hearing.boot = boot
            hearing.beat = None
            hearing.number = 0
            hearing.fresh, hearing.fresh_ms = 0, -1
            hearing.brain_age_ms = 0
        hearing.heard_ms = now_ms
        hearing.ripe_ms = hearing.vouched_ms = None
        self.fresh |= 1 << (hearing.node - 1)
        if hearing.reach is not Reach.UP:
            said.append(self._turn(hearing, Reach.UP, Why.HEARD, now_ms))
        return said

    def gone(self, hearing: Hearing, why: Why, now_ms: int) -> list[ToBrain]:
        """Note the certain end of a peer's life, or its farewell."""
        hearing.heard_ms = -1
        hearing.fresh = 0
        if hearing.reach is Reach.DOWN and hearing.why is why:
            return []
        return [*self._own_row(now_ms), self._turn(hearing, Reach.DOWN, why, now_ms)]

    def learn(self, row: Row, now_ms: int) -> None:
        """Keep *row* if it is newer than what is known of its node."""
        hearing = self.hearings.get(row.node)
        if hearing is None:
            return
        old = hearing.row
        if old is not None and (row.boot, row.seq) <= (old.boot, old.seq):
            return
        hearing.row = row
        if old is None or (old.boot, old.hears, old.doubtful) != (
            row.boot,
            row.hears,
            row.doubtful,
        ):
            self._changed(now_ms)

    def brain_age(self, hearing: Hearing, age_ms: int, now_ms: int) -> list[ToBrain]:
        """Note for how long a peer's brain has not moved; called when that is or was remarkable."""
        hearing.brain_age_ms = age_ms
        if age_ms > BRAIN_FAILED_MS:
            reach, why = Reach.DOWN, Why.BRAIN
        elif age_ms > BRAIN_SLOW_MS:
            reach, why = Reach.SUSPECT, Why.BRAIN
        else:
            reach, why = Reach.UP, Why.HEARD
        if reach is hearing.reach:
            return []
        return [self._turn(hearing, reach, why, now_ms)]

    def vouched(self, target: int, boot: Boot, now_ms: int) -> None:
        """Note that *target* answered another node in this life."""
        hearing = self.hearings.get(target)
        if hearing is not None and hearing.boot == boot:
            hearing.vouched_ms = now_ms

    def pressed(self, percent: int) -> None:
        """Note for which share of time this machine made its processes wait."""
        if percent >= PRESSURE_PERCENT:
            self._strained = True

    # --- what follows from silence ------------------------------------------------------------

    def tick(self, now_ms: int, late_ms: int) -> list[ToBrain]:
        """Judge everyone; *late_ms* is by how much this very call was missed."""
        self.stall_ms = late_ms
        if self._is_all_well(now_ms, late_ms):
            return self.rows_due(now_ms) if self.rows_due_ms is not None else []
        self._doubt_self(now_ms, late_ms)
        self._suspect(now_ms)
        downs = self._convict(now_ms)
        said = self._own_row(now_ms)
        said += self._told_doubt()
        said += downs
        return said

    def verdict_due_ms(self, now_ms: int) -> int | None:
        """Return when the time of a suspect is up, if there is one whose time is still running."""
        due = None
        for hearing in self.hearings.values():
            if hearing.reach is Reach.SUSPECT and hearing.why is Why.SILENCE:
                down_ms = hearing.heard_ms + self.timers.down_ms * (1 + self.score) + 1
                if down_ms > now_ms and (due is None or down_ms < due):
                    due = down_ms
        return due

    @property
    def has_news(self) -> bool:
        """Return whether there is something to ask or tell, or to watch more closely."""
        return bool(self.silent_until_ms or self.gossip_beats or self.asks)

    def rows_due(self, now_ms: int) -> list[ToBrain]:
        """Return the rows, if they changed and their time has come."""
        if self.rows_due_ms is None or now_ms < self.rows_due_ms:
            return []
        self.rows_due_ms = None
        rows = [h.row for h in self.hearings.values() if h.row is not None]
        return [Rows(tuple(sorted((self.row, *rows), key=lambda row: row.node)))]

    def rows_to_pass_on(self) -> tuple[Row, ...]:
        """Return the rows of others, for those who do not hear them."""
        return tuple(h.row for h in self.hearings.values() if h.row is not None)

    def _is_all_well(self, now_ms: int, late_ms: int) -> bool:
        """Return whether there is nothing to judge: all hear all, as before, and we are on time.

        It is so at nearly every beat of a cluster's life, and a heart wakes with cold caches.
        """
        if self.score or self.silent_until_ms or self._strained or late_ms > self.timers.beat_ms:
            return False
        since_ms, bit, hears = now_ms - self.fresh_within_ms, 1 << (self.me - 1), 0
        for node, hearing in self.hearings.items():
            if hearing.heard_ms < since_ms or hearing.reach is not Reach.UP:
                return False
            if not hearing.fresh & bit:
                return False
            hears |= 1 << node
        self.fresh = hears >> 1
        return hears == self.row.hears and not self.row.doubtful

    def _doubt_self(self, now_ms: int, late_ms: int) -> None:
        timers = self.timers
        if 2 * late_ms > timers.down_ms:
            self.silent_until_ms = now_ms + timers.down_ms
        elif self.silent_until_ms and now_ms >= self.silent_until_ms:
            self.silent_until_ms = 0
        if late_ms > timers.beat_ms or self._strained or self._unheard(now_ms):
            self.score = min(DOUBT_MAX, self.score + 1)
            self._calm_since_ms = now_ms
        elif self.score and now_ms - self._calm_since_ms >= CALM_MS:
            self.score -= 1
            self._calm_since_ms = now_ms
        self._strained = False

    def _unheard(self, now_ms: int) -> bool:
        """Return whether most of those whom we hear, two or more, do not hear us."""
        bit, heard, deaf = 1 << (self.me - 1), 0, 0
        since_ms = now_ms - self.fresh_within_ms
        for hearing in self.hearings.values():
            if hearing.fresh_ms >= since_ms and hearing.reach is Reach.UP:
                heard += 1
                deaf += not hearing.fresh & bit
        return deaf > 1 and 2 * deaf > heard

    def _suspect(self, now_ms: int) -> None:
        """Note who is silent for too long, and whom we hear at all."""
        fresh_ms = now_ms - self.fresh_within_ms
        fresh = 0
        self._suspected: list[ToBrain] = []
        suspect_ms = now_ms - self.timers.suspect_ms * (1 + self.score)
        for hearing in self.hearings.values():
            heard_ms = hearing.heard_ms
            if heard_ms >= max(0, fresh_ms):
                fresh |= 1 << (hearing.node - 1)
            elif heard_ms < suspect_ms and not self.silent_until_ms:
                if self._is_trusted(hearing):
                    self._suspected.append(self._turn(hearing, Reach.SUSPECT, Why.SILENCE, now_ms))
                    hearing.asked_ms = now_ms
                    self.asks.append(hearing.node)
                elif hearing.reach is Reach.SUSPECT and hearing.asked_ms < suspect_ms:
                    hearing.asked_ms = now_ms
                    self.asks.append(hearing.node)
        self.fresh = fresh

    def _is_trusted(self, hearing: Hearing) -> bool:
        """Return whether the peer was last known to be there, by its heart if not its brain."""
        if hearing.reach is Reach.SUSPECT:
            return hearing.why is Why.BRAIN
        return hearing.reach is Reach.UP

    def _convict(self, now_ms: int) -> list[ToBrain]:
        """Call down together all whose time is up and for whom nobody speaks.

        The first waits up to two beats for others that are silent too, so that one cut of the
        network is one change of the view.
        """
        said, self._suspected = self._suspected, []
        if self.silent_until_ms:
            return said
        down_ms = now_ms - self.timers.down_ms * (1 + self.score)
        ripe, waiting, first_ms = [], False, now_ms
        for hearing in self.hearings.values():
            if hearing.reach is not Reach.SUSPECT or hearing.why is not Why.SILENCE:
                continue
            if hearing.heard_ms >= down_ms or self._is_vouched(hearing, now_ms):
                hearing.ripe_ms = None
                waiting = True
                continue
            if hearing.ripe_ms is None:
                hearing.ripe_ms = now_ms
            first_ms = min(first_ms, hearing.ripe_ms)
            ripe.append(hearing)
        if waiting and now_ms - first_ms < 2 * self.timers.beat_ms:
            return said
        said += [self._turn(hearing, Reach.DOWN, Why.SILENCE, now_ms) for hearing in ripe]
        return said

    def _is_vouched(self, silent: Hearing, now_ms: int) -> bool:
        """Return whether somebody whom we hear, and who does not doubt itself, hears the peer."""
        vouched_ms = silent.vouched_ms
        if vouched_ms is not None and now_ms - vouched_ms <= self.timers.suspect_ms:
            return True
        bit = 1 << (silent.node - 1)
        return any(
            hearing.fresh & bit and not (hearing.row is not None and hearing.row.doubtful)
            for hearing in self.hearings.values()
            if hearing.reach is Reach.UP
        )

    # --- rows and words -----------------------------------------------------------------------

    def _own_row(self, now_ms: int) -> list[ToBrain]:
        """Return the rows, if whom we hear within *down* has changed."""
        since_ms = now_ms - self.timers.down_ms * (1 + self.score)
        hears = 0
        for hearing in self.hearings.values():
            if hearing.heard_ms >= max(0, since_ms):
                hears |= 1 << hearing.node
        doubtful = self.silent_until_ms > now_ms
        if (hears, doubtful) != (self.row.hears, self.row.doubtful):
            self.row = Row(self.me, self.boot, self.row.seq + 1, hears, doubtful)
            self._changed(now_ms)
            self.rows_due_ms = now_ms
        return self.rows_due(now_ms)

    def _changed(self, now_ms: int) -> None:
        self.gossip_beats = 3
        if self.rows_due_ms is None:
            self.rows_due_ms = now_ms + ROWS_GATHER_MS

    def _told_doubt(self) -> list[ToBrain]:
        doubt = Doubt(self.score, self.silent_until_ms)
        if doubt == self._told:
            return []
        self._told = doubt
        return [doubt]

    def _turn(self, hearing: Hearing, reach: Reach, why: Why, now_ms: int) -> PeerState:
        hearing.reach, hearing.why, hearing.since_ms = reach, why, now_ms
        hearing.ripe_ms = None
        return hearing.state()
