"""A daemon's brain as one machine: in its lobby, in a cluster, or stopped beside it.

`Node` hands each event to its owner (the lobby, a founder, the member that it is) and to the
handlers of clients' requests, and routes what they answer until only effects for the outside are
left. It is what the world runs and what the simulator steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from typing import Any, Final, cast

from pcsx.agents import AgentMetadata, Host
from pcsx.agents.types import Invocation
from pcsx.cib import Cib
from pcsx.daemon import events, setup
from pcsx.daemon.effects import (
    Announce,
    Depict,
    Discover,
    Disown,
    Effect,
    Forget,
    Quit,
    Reopen,
    Reply,
    RunsHere,
    Spawn,
    Stopped,
    TellHeart,
)
from pcsx.daemon.fetching import Fetched, Fetcher, snapshot_as, spelled
from pcsx.daemon.joining import Entrant, Joiner, check_newcomer
from pcsx.daemon.member import Answerer, Gone, Known, Member, MemberEffect, Passed
from pcsx.daemon.requests import HANDLERS, Desk
from pcsx.daemon.requests.desk import of
from pcsx.daemon.requests.rights import require_right
from pcsx.daemon.returning import Barred, NewKeys, Recall, Rejoiner, answer_to
from pcsx.daemon.setup import Founder, Lobby, Me, is_numeric, split_address
from pcsx.daemon.witnessing import (
    Enrolled,
    Enroller,
    Line,
    LineEffect,
    Reached,
    Refused,
    Said,
)
from pcsx.errors import Failed, NoCluster, PcsxError, from_json
from pcsx.group_wire import Arrived, Placed
from pcsx.lean import dataclass
from pcsx.protocol import ClusterJoin, ClusterRejoin, ClusterSetup, NodeAdmit, Request, parse
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Reach, Unconfigure
from pcsx.ring.join import Token, fingerprint, public_of
from pcsx.ring.port import FetchSnapshot, Note, Snapshot, ToWitness
from pcsx.values import Now, earlier

TICKETS_FROM: Final = 1 << 32
"""Tickets of the node itself; the lobby's are odd and the founder's even, below."""

EXIT_OK: Final = 0
EXIT_REFUSED: Final = 10
"""The others said that this life is over: the supervisor begins another."""
_ONLY_FOR_THE_MEMBER: Final = (events.HeartSays, events.Tick)
"""What goes to the member alone, unless a cluster is being founded."""

_NOTHING: Final = Request()
"""What a client asks that is not read yet."""
LIVES_AHEAD: Final = 1 << 16
"""By how many lives a node whose state is behind goes ahead: nobody tells it by how many it is."""
HEARD: Final = (Reach.UP, Reach.SUSPECT)


@dataclass(slots=True)
class _Acceptance:
    """A person who waits for a founder's code."""

    answer: Answerer
    until_ms: int
    shown: str = ""


@dataclass(slots=True)
class _Listening:
    """A client who wants to know which lobbies announce themselves."""

    answer: Answerer
    until_ms: int
    found: list[dict[str, Any]] = field(default_factory=list)


class Node:
    """See the module's paragraph; `begin` first, then `step`."""

    def __init__(
        self,
        me: Me,
        *,
        host: Host,
        random: Random,
        entropy: Callable[[int], bytes],
        life: events.Life | None = None,
        away: RingConfig | None = None,
        discovery: bool = True,
    ) -> None:
        """Start in the cluster of *life*, or in the lobby; *away* is one that it stays out of."""
        self.me, self.host = me, host
        self.away = away
        """The last configuration of the cluster that this node is stopped in."""
        self.superseded = ""
        """Why it cannot start there any more, where that is known."""
        self.misfit = ""
        """Why the program here cannot be a part of it, where that is known."""
        self.children: Iterator[int] = count(1)
        self.metadata: dict[tuple[str, str, str], AgentMetadata] = {}
        self.member: Member | None = None
        self.lobby = Lobby(me, entropy)
        self.lobby.tokens = self._token
        self.founder: Founder | Entrant | None = None
        self._founding: Answerer | None = None
        self._acceptance: _Acceptance | None = None
        self._random, self.entropy = random, entropy
        self._life = life
        self._cluster = away.cluster if away is not None else ""
        self._recall = Recall(me, entropy)
        self._fetcher = Fetcher(me, entropy)
        self.line = Line(me, entropy)
        """To the cluster's witness, where it has one."""
        self._enroller: Enroller | None = None
        self._enrolled: Callable[[Enrolled | Refused, Now], list[MemberEffect]] | None = None
        self._discovery = discovery
        self._listening: _Listening | None = None
        self._tickets = count(TICKETS_FROM)
        self._then: dict[int, Callable[[events.Stored, Now], list[MemberEffect]]] = {}
        self._asked: dict[int, Callable[[events.ChildExited], list[MemberEffect]]] = {}
        self._depicted: dict[int, Callable[[events.Depicted], list[MemberEffect]]] = {}
        self._when_gone: Callable[[Now], list[MemberEffect]] | None = None
        self._clients: set[int] = set()
        self._quitting = False
        self._now = Now(0, datetime.min.replace(tzinfo=UTC))

    # --- the machine ------------------------------------------------------------------------------

    @property
    def stopped(self) -> str:
        """Return the name of the cluster that this node is stopped in, or nothing."""
        return str(self.away.name) if self.away is not None else ""

    @property
    def cluster_name(self) -> str:
        """Return the name of the cluster this node belongs to, or nothing in the lobby."""
        return self.member.scene.config.name if self.member is not None else self.stopped

    @property
    def deadline_ms(self) -> int | None:
        """Return the next moment it wants a `Tick`."""
        due_ms: int | None = None
        if self.member is not None:
            due_ms = earlier(self._recall.deadline_ms(), self.line.deadline_ms)
            due_ms = earlier(self.member.deadline_ms, due_ms)
            due_ms = earlier(due_ms, self._fetcher.deadline_ms)
        if self.founder is not None:
            due_ms = earlier(due_ms, self.founder.deadline_ms)
        for guest in (self._acceptance, self._listening, self._enroller):
            if guest is not None:
                due_ms = earlier(due_ms, guest.until_ms)
        return due_ms

    def begin(self, now: Now) -> list[Effect]:
        """Return what to do first: enter the cluster, or wait in the lobby."""
        self._now = now
        if self._life is not None:
            return self._outside(self._enter(self._life, now), now)
        text = f"stopped, of cluster {self.stopped}" if self.stopped else "waiting in the lobby"
        work = [*self._announce(on=not self.stopped), Note("node", text), RunsHere(text, True)]
        return self._outside(work, now)

    def step(self, event: events.Event, now: Now, *, more: bool = False) -> list[Effect]:
        """Take *event* and return what is to be done outside.

        *more*: another event is here already, so what can be sent together waits for it; at the
        latest the next `Tick` sends it, which `deadline_ms` then wants at once.
        """
        self._now = now
        member = self.member
        if member is not None:
            member.wake(now)
            member.machine.gathering = more and event.__class__ is not events.Tick
        if event.__class__ is events.HeartSays and member is not None:
            told = member.step(event, now)
        else:
            told = self._take(event, now)
        quiet = member is not None and member.unmoved and event.__class__ is not events.Tick
        if quiet and self._is_calm:
            return cast(list[Effect], told)
        effects = self._outside(told, now)
        seen: list[MemberEffect] = []
        if not (more and event.__class__ is events.Requested):  # of these, the last one of a turn
            seen = self._look_around(now)
            effects += self._outside(seen, now)
        if self.member is not None and (
            seen or self.founder is not None or event.__class__ not in _ONLY_FOR_THE_MEMBER
        ):
            self.member.moved()
        return effects

    @property
    def _is_calm(self) -> bool:
        """Return whether nothing but the member has anything to do, or waits for a moment."""
        idle = self.founder is None and self._acceptance is None and self._enroller is None
        if not idle or self._fetcher.deadline_ms is not None:
            return False
        return self._recall.deadline_ms() is None and self.line.deadline_ms is None

    def _take(self, event: events.Event, now: Now) -> list[MemberEffect]:
        match event:
            case events.Requested():
                return self._requested(event, now)
            case events.ClientGone(client):
                self._clients.discard(client)
                return self.member.client_gone(client) if self.member is not None else []
            case events.ChildExited(child) if child in self._asked:
                return self._asked.pop(child)(event)
            case events.Depicted(job):
                return self._depicted.pop(job)(event)
            case events.Stored(ticket) if ticket in self._then:
                return self._then.pop(ticket)(event, now)
            case events.KeyRead() | events.Stored() if self.lobby.owns(event):
                return self._of_lobby(self.lobby.step(event, now), now)
            case events.LobbyFound() if self._listening is not None:
                self._listening.found.append(asdict(event))
                return self._of_founder(event, now)
            case events.KeyRead() | events.Stored() | events.Resolved() | events.LobbyFound():
                return self._of_founder(event, now)
            case events.StreamOpened() | events.StreamData() | events.StreamClosed():
                if self._recall.owns(event):
                    return self._recalled(event, now)
                if self._fetcher.owns(event):
                    return self._fetched(self._fetcher.step(event), now)
                if self.line.owns(event):
                    return self._of_line(self.line.step(event, now), now)
                if self._enroller is not None and self._enroller.owns(event):
                    return self._of_enroller(self._enroller.step(event), now)
                if self.founder is not None and self.founder.owns(event):
                    return self._of_founder(event, now)
                return self._of_lobby(self.lobby.step(event, now), now)
            case events.Terminate():
                return self._terminate(now)
            case events.Tick():
                return self._tick(now)
        return self.member.step(event, now) if self.member is not None else []

    def _tick(self, now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        founder = self.founder
        if founder is not None and (founder.deadline_ms or now.ms + 1) <= now.ms:
            effects += self._of_founder(events.Tick(), now)
        if self._acceptance is not None and self._acceptance.until_ms <= now.ms:
            error = Failed("no founder came in time", "pcsx cluster setup, on the founding node.")
            effects += self._end_acceptance(error)
        if self._listening is not None and self._listening.until_ms <= now.ms:
            effects += self._end_listening()
        if self.member is not None:
            effects += self.member.step(events.Tick(), now)
        return effects

    def _outside(self, work: list[MemberEffect], now: Now) -> list[Effect]:
        """Return what of *work* is for the world, after all that is for this node itself."""
        effects: list[Effect] = []
        pending = list(work)
        while pending:
            effect = pending.pop(0)
            match effect:
                case Known(identity):
                    self._be_known_by(identity)
                case Gone(refused):
                    pending = self._gone(refused, now) + pending
                case ToWitness(payload):
                    pending = [*self.line.say(payload), *pending]
                case FetchSnapshot():
                    if self.member is not None:
                        config = self.member.scene.config
                        begun = self._fetcher.begin(effect, config, now)
                        pending += self._fetched(begun, now)
                case Passed(node, forward):
                    # What it asks of the disk comes after all that was asked before it.
                    pending += self._passed(node, forward, now)
                case _:
                    effects.append(effect)
        more = self._watch_founding(now)
        return effects + (self._outside(more, now) if more else [])

    def _be_known_by(self, identity: bytes) -> None:
        """Go by another key of this node's own in all that is opened from here."""
        self.me = replace(self.me, identity=identity)
        for part in (self.lobby, self._recall, self._fetcher, self.line):
            part.me = self.me

    # --- entering and leaving a cluster -----------------------------------------------------------

    def _enter(self, life: events.Life, now: Now) -> list[MemberEffect]:
        self.member = Member(
            life.me,
            life.boot,
            life.recovered,
            identity=self.me.identity,
            former=life.former,
            coming=life.coming,
            psks=life.psks,
            host=self.host,
            metadata=self.metadata,
            children=self.children,
            random=self._random,
            decisions=life.decisions,
            features=self.me.features,
            ledger=life.ledger,
        )
        self.away, self.superseded, self.misfit = None, "", ""
        config = self.member.scene.config
        self._cluster = config.cluster
        self.lobby.cluster = "" if self.lobby.adopted else config.name
        text = f"member of {config.name}, boot {life.boot.counter}"
        return [
            *self._announce(on=False),
            Note("node", text),
            RunsHere(text, True),
            *self.member.begin(now),
        ]

    def _announce(self, *, on: bool) -> list[MemberEffect]:
        if not self._discovery:
            return []
        return [Announce(on, self.me.name, fingerprint(public_of(self.me.identity)))]

    def _reopen(self, cluster: str, now: Now) -> list[MemberEffect]:
        """Begin a new life in *cluster*, whose state is on this disk."""
        ticket = next(self._tickets)

        def then(stored: events.Stored, later: Now) -> list[MemberEffect]:
            if stored.life is None:
                return [Note("node", f"cannot enter the cluster: {stored.failure}")]
            return self._enter(stored.life, later)

        self._then[ticket] = then
        return [Reopen(ticket, cluster)]

    def _drop(self) -> list[MemberEffect]:
        """Leave the ring without a word: for a cluster that never came to be."""
        if self.member is None:
            return []
        dismissed = self.member.halting.dismiss_watchdog()
        self.member = None
        return [*dismissed, TellHeart(Unconfigure())]

    def _gone(self, refused: str, now: Now) -> list[MemberEffect]:
        ended: list[MemberEffect] = []
        config, boot, reason = None, 0, ""
        if self.member is not None:
            config, boot = self.member.scene.config, self.member.boot.counter
            reason = self.member.halting.reason
            ended += self.member.services.ended(NoCluster("this node has left the ring"))
        self.member = None
        if self._when_gone is not None:
            then, self._when_gone = self._when_gone, None
            return [*ended, *then(now)]
        if refused and config is not None and not self._quitting:
            if (barred := self._barred(refused, reason, config, now)) is not None:
                return [*ended, *barred]
            if refused == "CLONED":
                return [*ended, *self._disowned(boot)]
        if refused:
            return [*ended, Note("node", f"ending this life: {refused}"), Quit(EXIT_REFUSED)]
        return [*ended, Quit(EXIT_OK)]

    def _terminate(self, now: Now) -> list[MemberEffect]:
        if self._quitting:
            return []
        self._quitting = True
        if self.member is None:
            return [*self._announce(on=False), Quit(EXIT_OK)]
        return [RunsHere("stopping"), *self.member.halting.go(now)]

    # --- what requests ask of the node itself -----------------------------------------------------

    def ask_child(
        self, invocation: Invocation, then: Callable[[events.ChildExited], list[MemberEffect]]
    ) -> list[MemberEffect]:
        """Run *invocation*, which changes nothing, and do *then* with its end."""
        child = next(self.children)
        self._asked[child] = then
        return [Spawn(child, invocation)]

    def depict(
        self,
        document: Cib,
        live: dict[str, Any],
        now: Now,
        then: Callable[[events.Depicted], list[MemberEffect]],
        hide_inactive: bool,
    ) -> list[MemberEffect]:
        """Have a worker read the state out of *document*, and do *then* with it."""
        job = next(self._tickets)
        self._depicted[job] = then
        return [Depict(job, document, live, now.wall, hide_inactive)]

    def stop(self, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Empty this node and leave the ring; the daemon stays, and answers when it is out."""
        assert self.member is not None
        config = self.member.scene.config
        name = config.name

        def then(_: Now) -> list[MemberEffect]:
            self.away, self.lobby.cluster = config, name
            done = answer({"stopped": self.me.name}, True)
            return [Stopped(True), *done, RunsHere(f"stopped, of {name}")]

        self._when_gone = then
        return self.member.halting.go(now)

    def start(self, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Join the ring again, in a new life."""
        if self.member is not None:
            return list(answer({"started": self.me.name, "already": True}, True))
        if not self.stopped:
            return list(answer(NoCluster("this node is in no cluster"), True))
        return [*self._reopen(self._cluster, now), *answer({"started": self.me.name}, True)]

    def destroy(self, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Stop what runs here, leave, and move the cluster's state away."""

        def forget(_: Now) -> list[MemberEffect]:
            ticket = next(self._tickets)

            def then(stored: events.Stored, _: Now) -> list[MemberEffect]:
                self.away, self._cluster, self.lobby.cluster = None, "", ""
                if stored.failure:
                    return list(answer(Failed(stored.failure), True))
                done = answer({"destroyed": self.me.name}, True)
                return [*done, *self._announce(on=True), RunsHere("waiting in the lobby")]

            self._then[ticket] = then
            return [Forget(ticket, self._cluster)]

        if self.member is None:
            return forget(now)
        self._when_gone = forget
        return self.member.halting.go(now)

    # --- what the others have against this node ---------------------------------------------------

    def _barred(
        self, verdict: str, reason: str, config: RingConfig, now: Now
    ) -> list[MemberEffect] | None:
        """Go where *verdict* leads, if this life was not merely one that is over."""
        match verdict:
            case "REMOVED":
                text = f"removed from {config.name}: its state was moved away, back in the lobby"
                return self._forgotten(text, now)
            case "SUPERSEDED":
                self.away, self.lobby.cluster = config, config.name
                self.superseded = f"the cluster {config.name} was begun anew without this node"
                text = f"{self.superseded}; it is stopped: pcsx cluster rejoin brings it over"
                return [Stopped(True), Note("node", text), RunsHere(text)]
            case "VERSION":
                self.away, self.lobby.cluster = config, config.name
                self.misfit = f"{config.name} refuses this node: {reason}"
                return [Note("node", self.misfit), RunsHere(self.misfit)]
        return None

    def _forgotten(self, text: str, now: Now) -> list[MemberEffect]:
        ticket = next(self._tickets)

        def then(stored: events.Stored, _: Now) -> list[MemberEffect]:
            self._cluster = self.lobby.cluster = ""
            told = f"{text} {stored.failure}".rstrip()
            return [Note("node", told), *self._announce(on=True), RunsHere(told)]

        self._then[ticket] = then
        return [Forget(ticket, self._cluster)]

    def _disowned(self, boot: int) -> list[MemberEffect]:
        """Begin again above all lives that others may know of, as one that lost its log.

        This node's state is older than what the others have seen of it: restored, or a copy.
        """
        ticket = next(self._tickets)

        def then(stored: events.Stored, _: Now) -> list[MemberEffect]:
            text = stored.failure or "its log is not trusted any more: it takes it anew"
            return [Note("node", f"the others know a later life of this node; {text}"),
                    Quit(EXIT_REFUSED)]  # fmt: skip

        self._then[ticket] = then
        return [Disown(ticket, self._cluster, boot + LIVES_AHEAD)]

    def _look_around(self, now: Now) -> list[MemberEffect]:
        """Ask over TCP what the matter is while the ring hears nobody; keep to the witness."""
        member = self.member
        if member is None or member.halting.leaving or member.halting.verdict:
            return list(self.line.drop())
        effects: list[MemberEffect] = []
        if self._enroller is not None and now.ms >= self._enroller.until_ms:
            effects += self._of_enroller(self._enroller.late(), now)
        config = member.scene.config
        heard = [peer.reach in HEARD for peer in member.scene.reach.values()]
        deaf = not any(heard) or not (member.scene.quorum.quorate or all(heard))
        self._recall.coming = member.keys.rekeying.coming
        effects += self._recall.look(config, member.me, deaf=deaf, now=now)
        if late := self._fetcher.look(now):
            effects += self._fetched(late, now)
        # The log may name a witness that this life has not yet seen decided, and needs just now.
        voters = member.machine.voters
        named = voters.newest if voters.newest.witness is not None else voters.config
        committed = (member.config_index, config)
        told = self.line.look(named, committed, member.boot.counter, now)
        return [*effects, *self._of_line(told, now)]

    def _of_line(self, told: list[LineEffect], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for each in told:
            match each:
                case Said(payload):
                    effects += self.member.of_witness(payload, now) if self.member else []
                case Reached(here):
                    effects += self.member.witness_reached(here, now) if self.member else []
                case _:
                    effects.append(each)
        return effects

    def enroll(
        self, token: Token, done: Callable[[Enrolled | Refused, Now], list[MemberEffect]], now: Now
    ) -> list[MemberEffect]:
        """Go to a witness by its *token*; *done* is told of the seat, or why there is none."""
        member = self.member
        assert member is not None
        if self._enroller is not None:
            return done(Refused(Failed("a witness is being enrolled already", "Try again.")), now)
        config, index = member.scene.config, member.config_index
        self._enroller = Enroller(token, self.me, self.entropy, config, index)
        self._enrolled = done
        return self._of_enroller(self._enroller.begin(now), now)

    def _of_enroller(self, told: list[Effect | Enrolled | Refused], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for each in told:
            match each:
                case Enrolled() | Refused():
                    self._enroller = None
                    assert self._enrolled is not None
                    effects += self._enrolled(each, now)
                case _:
                    effects.append(each)
        return effects

    def _recalled(
        self, event: events.StreamOpened | events.StreamData | events.StreamClosed, now: Now
    ) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        member = self.member
        if member is None:
            return effects
        for told in self._recall.step(event, member.scene.config):
            match told:
                case NewKeys(keys, sure):
                    effects += member.keys.go_by(keys, now, sure=sure)
                case Barred(verdict, reason):
                    effects += member.halting.refused(verdict, reason, now)
                case _:
                    effects.append(told)
        return effects

    def _fetched(self, told: list[Effect | Fetched], now: Now) -> list[MemberEffect]:
        """Hand the log what was fetched for it."""
        effects: list[MemberEffect] = []
        for each in told:
            if not isinstance(each, Fetched):
                effects.append(each)
                continue
            index, size = each.order.index, len(each.snapshot.state) if each.snapshot else 0
            if not index:
                if self.member is not None:
                    effects += self.member.state_fetched(each.snapshot, now)
                continue
            how = f"{size >> 10} KiB over TCP" if size else f"in pieces: {each.failure}"
            effects.append(Note("log", f"the snapshot of entry {index} comes {how}"))
            if self.member is not None:
                effects += self.member.snapshot_fetched(index, each.snapshot, now)
        return effects

    def _returned(self, returning: setup.Returning, now: Now) -> list[MemberEffect]:
        """Answer a node that came over TCP, by its key."""
        member = self.member
        if member is None or member.scene.config.cluster != returning.cluster:
            away = {"error": f"{self.me.name} is not running in that cluster"}
            return self._of_lobby(self.lobby.say(returning.stream, away), now)
        answer = partial(
            answer_to,
            returning.said,
            key=returning.key,
            config=member.scene.config,
            keys=member.keys.rotation.keys,
            quorate=member.scene.quorum.quorate and not member.scene.diverged,
            offered=lambda: member.machine.snapshot,
        )

        def say(told: dict[str, Any] | Snapshot | None, later: Now) -> list[MemberEffect]:
            assert told is not None
            if isinstance(told, Snapshot) and returning.said.get("raw"):
                return self._of_lobby(self.lobby.send(returning.stream, spelled(told)), later)
            plain = snapshot_as(told) if isinstance(told, Snapshot) else told
            return self._of_lobby(self.lobby.say(returning.stream, plain), later)

        if (told := answer()) is not None:
            return say(told, now)
        return member.whole_state(lambda here, later: say(answer(here=here), later))

    def rejoin(self, request: ClusterRejoin, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Begin to come over to the cluster that was begun anew."""
        if self.founder is not None:
            return list(answer(Failed("a setup is running on this node already"), True))
        if self.away is None:
            hint = "It is for a node that is stopped, of a cluster that was begun anew without it."
            return list(answer(Failed("there is nothing to come over from", hint), True))
        self.founder = Rejoiner(request, self.me, self.entropy, self.away)
        self._founding = answer
        return self._of_outcomes(self.founder.begin(now), now)

    # --- forming a cluster ------------------------------------------------------------------------

    def found(self, request: ClusterSetup, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Begin to found a cluster; *answer* is given lines, then the outcome."""
        if self.founder is not None:
            return list(answer(Failed("a setup is running on this node already"), True))
        self.founder = Founder(request, self.me, self.entropy, self.cluster_name)
        self._founding = answer
        return self._of_outcomes(self.founder.begin(now), now)

    def join(self, request: ClusterJoin, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Begin to join a cluster; *answer* is given lines, then the outcome."""
        if self.founder is not None:
            return list(answer(Failed("a setup is running on this node already"), True))
        self.founder = Joiner(request, self.me, self.entropy, self.cluster_name)
        self._founding = answer
        return self._of_outcomes(self.founder.begin(now), now)

    def discover(self, for_ms: int, answer: Answerer, now: Now) -> list[MemberEffect]:
        """Listen for lobbies for *for_ms*; *answer* is told of all of them at the end."""
        if self._listening is not None:
            return list(answer(Failed("somebody is listening already", "Try again."), True))
        if not self._discovery:
            text = "discovery is switched off on this node"
            return list(answer(Failed(text, "In pcsx.toml: discovery = true."), True))
        self._listening = _Listening(answer, now.ms + for_ms)
        return [Discover(for_ms)]

    def _end_listening(self) -> list[MemberEffect]:
        assert self._listening is not None
        listening, self._listening = self._listening, None
        return list(listening.answer({"lobbies": listening.found}, True))

    def _token(self, id: bytes, now: Now) -> bytes | None:
        if self.member is None:
            return None
        return self.member.ledger.trust.shared_of(id, now.wall.timestamp())

    def _let_in(self, newcomer: setup.Newcomer, now: Now) -> list[MemberEffect]:
        """Have the leader let a node in that proved to have a token, and tell it who it is."""
        said = newcomer.said
        try:
            fault = check_newcomer(said, now)
            name, port = str(said["name"]), int(said["port"])
            given = tuple(str(each) for each in said["addresses"]) or (newcomer.host,)
            addresses = tuple(split_address(each, port) for each in given)
        except (KeyError, TypeError, ValueError) as error:
            fault, name, addresses = f"its word is not whole: {error}", "", ()
        if not fault and not all(found and is_numeric(found[0]) for found in addresses):
            fault = "its addresses must be numeric"
        if fault:
            told = {"error": f"the cluster does not let this node in: {fault}"}
            return self._of_lobby(self.lobby.say(newcomer.stream, told), now)

        def answer(told: dict[str, Any] | PcsxError, last: bool) -> list[Effect]:
            return self._outside(self._welcome(newcomer, name, told, last), self._now)

        hosts = tuple(f"{host} {port}" for found in addresses if found for host, port in (found,))
        request = NodeAdmit(newcomer.token.hex(), name, hosts, newcomer.key.hex())
        desk = Desk(self, request, "pcsx", answer)
        return self._handle({**request.to_json()}, desk, now)

    def _welcome(
        self, newcomer: setup.Newcomer, name: str, told: dict[str, Any] | PcsxError, last: bool
    ) -> list[MemberEffect]:
        if not last or self.member is None:
            return []
        error = told if isinstance(told, PcsxError) else None
        if not isinstance(told, PcsxError) and "error" in told:
            error = from_json(told["error"])
        member = self.member
        message: dict[str, Any] = {}
        if error is not None:
            message = {"error": str(error), "hint": error.hint}
        else:
            node = member.scene.config.named(name)
            message = {"error": f"{name} was let in, and is not known here yet: try again"}
            if node is not None:
                keys = [key.hex() for key in member.keys.rotation.keys]
                message = {"me": node.id, "keys": keys}

                def say(here: Snapshot, later: Now) -> list[MemberEffect]:
                    whole = {**message, **snapshot_as(here)}
                    return self._of_lobby(self.lobby.say(newcomer.stream, whole), later)

                return member.whole_state(say)
        return self._of_lobby(self.lobby.say(newcomer.stream, message), self._now)

    def compared(self, node: str, same: bool, now: Now) -> list[MemberEffect]:
        """Hand the person's word on a code to the founder."""
        if self.founder is None:
            return []
        return self._of_outcomes(self.founder.compared(node, same, now), now)

    def _of_founder(self, event: Any, now: Now) -> list[MemberEffect]:
        if self.founder is None:
            return []
        return self._of_outcomes(self.founder.step(event, now), now)

    def _of_outcomes(self, outcomes: list[Effect | setup.Outcome], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        assert self._founding is not None
        for outcome in outcomes:
            match outcome:
                case setup.Line(stage, text):
                    line = {"progress": {"stage": stage, "text": text}}
                    effects += self._founding(line, False)
                case setup.Compare(node, digits):
                    code = {"progress": {"code": digits, "node": node}}
                    effects += self._founding(code, False)
                case setup.Ignite():
                    assert self.founder is not None
                    effects += self._reopen(self.founder.cluster, now)
                case setup.Founded(config, warnings):
                    told = {
                        "cluster": config.name,
                        "uuid": config.cluster,
                        "nodes": [str(node.name) for node in config.nodes],
                        "warnings": [finding.to_json() for finding in warnings],
                    }
                    effects += self._end_founding(told)
                case setup.Ruined(error):
                    effects += self._end_founding(error)
                    effects += self._announce(on=self.member is None and not self.stopped)
                case setup.Newcomer() | setup.Returning():
                    raise AssertionError(f"a founder says {outcome}")
                case Forget():
                    effects += [*self._drop(), outcome]
                case _:
                    effects.append(outcome)
        return effects

    def _end_founding(self, told: dict[str, Any] | PcsxError) -> list[MemberEffect]:
        assert self._founding is not None
        answer, self._founding, self.founder = self._founding, None, None
        return list(answer(told, True))

    def _watch_founding(self, now: Now) -> list[MemberEffect]:
        """Tell the founder how the new cluster stands."""
        if self.founder is None or self.founder.stage != "await" or self.member is None:
            return []
        scene = self.member.scene
        members = tuple(str(node.name) for node in scene.config.nodes if scene.is_online(node.id))
        rests = self.member.controller.at_rest if scene.in_charge else scene.all_heard
        standing = self.founder.standing(members, quorate=scene.quorum.quorate, at_rest=rests)
        return self._of_outcomes(standing, now) if standing else []

    # --- being adopted ----------------------------------------------------------------------------

    def accept(self, answer: Answerer, until_ms: int, now: Now) -> list[MemberEffect]:
        """Let founders with a code in until *until_ms*; *answer* is given the code."""
        if self.cluster_name:
            return list(answer(Failed(f"this node is in the cluster {self.cluster_name}"), True))
        self._acceptance = _Acceptance(answer, until_ms)
        self.lobby.accepting = True
        return []

    def accepted(self, code: str, same: bool, now: Now) -> list[MemberEffect]:
        """Hand the person's word on the founder's code to the lobby."""
        effects = self._of_lobby(self.lobby.answer(code, same), now)
        word = {"accepted": same} if same else Failed("the codes differ", "Nothing was changed.")
        return effects + self._end_acceptance(word)

    def _end_acceptance(self, word: dict[str, Any] | PcsxError) -> list[MemberEffect]:
        if self._acceptance is None:
            return []
        answer, self._acceptance = self._acceptance.answer, None
        self.lobby.accepting = False
        return list(answer(word, True))

    def _of_lobby(self, outcomes: list[Effect | setup.Outcome], now: Now) -> list[MemberEffect]:
        effects: list[MemberEffect] = []
        for outcome in outcomes:
            match outcome:
                case setup.Compare(peer, digits):
                    if self._acceptance is not None:
                        code = {"progress": {"code": digits, "peer": peer}}
                        effects += self._acceptance.answer(code, False)
                case setup.Ignite():
                    effects += self._reopen(self.lobby.adopted, now)
                case Forget():
                    effects += [*self._drop(), outcome, *self._announce(on=True)]
                case setup.Newcomer():
                    effects += self._let_in(outcome, now)
                case setup.Returning():
                    effects += self._returned(outcome, now)
                case setup.Line() | setup.Founded() | setup.Ruined():
                    raise AssertionError(f"the lobby says {outcome}")
                case _:
                    effects.append(outcome)
        if not self.lobby.adopted and self.member is not None:
            self.lobby.cluster = self.member.scene.config.name
        return effects

    # --- requests ---------------------------------------------------------------------------------

    def _requested(self, event: events.Requested, now: Now) -> list[MemberEffect]:
        self._clients.add(event.client)
        client, id = event.client, event.id

        def answer(told: dict[str, Any] | PcsxError | Arrived | Placed, last: bool) -> list[Effect]:
            if client not in self._clients:
                return []
            if isinstance(told, PcsxError):
                return [Reply(client, id, {"error": told.to_json()}, True)]
            if last and isinstance(told, dict) and "error" not in told:
                return [Reply(client, id, {"ok": told}, True)]
            return [Reply(client, id, told, last)]

        caller = event.caller
        desk = Desk(self, _NOTHING, caller.user, answer, False, caller.groups, client, caller.pid)
        return self._handle(event.request, desk, now)

    def _passed(self, node: int, forward: Any, now: Now) -> list[MemberEffect]:
        member = self.member
        if member is None:
            return []

        def answer(told: dict[str, Any] | PcsxError, last: bool) -> list[Effect]:
            if self.member is not member:
                return []
            reply = {"error": told.to_json()} if isinstance(told, PcsxError) else told
            sent = member.forwards.answer(node, forward, reply, self._now, last=last)
            return self._outside(sent, self._now)

        user, groups = of(forward.caller)
        desk = Desk(self, _NOTHING, user, answer, True, groups)
        return self._handle(json.loads(forward.request), desk, now)

    def _handle(
        self, message: dict[str, Any] | Request, desk: Desk, now: Now
    ) -> list[MemberEffect]:
        """Have the request that *message* spells, or is, served; *desk* says who asks."""
        effects: list[MemberEffect] = []
        try:
            request = parse(message) if isinstance(message, dict) else message
            if self.member is not None:
                effects += self.member.follow(now)
                document = self.member.scene.document
                require_right(document, request, desk.user, desk.groups)
            desk.request = request
            effects += HANDLERS[type(request)](desk, request, now)
        except PcsxError as error:
            effects += desk.answer(error, True)
        return effects
