"""The founder: *find, trust, survey, judge, mint, adopt, ignite, await*, in this order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from typing import Any, Final

from pcsx.cib.founding import first_document
from pcsx.cib.replica import Replica
from pcsx.daemon.conversation import Conversation
from pcsx.daemon.effects import Discover, Effect, Forget, OpenStream, ReadKey, Resolve, Store
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
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.setup.survey import (
    Survey,
    check_addresses,
    check_request,
    check_surveys,
    is_numeric,
    split_address,
    survey_of,
)
from pcsx.daemon.setup.told import Compare, Founded, Ignite, Line, Me, Outcome, Ruined
from pcsx.errors import Failed, Finding, PcsxError, Refused, Severity, TimedOut
from pcsx.lean import dataclass
from pcsx.protocol import ClusterSetup, SetupNode
from pcsx.ring.config import LINEAGE_BYTES, Address, RingConfig, RingNode
from pcsx.ring.join import Channel, Way, public_of
from pcsx.ring.port import Snapshot
from pcsx.values import NodeName, Now

DISCOVER_MS: Final = 2_000
REFUSED_MS: Final = 3_000
"""So long nobody listening may mean that a daemon is just being started."""
RETRY_MS: Final = 200


@dataclass(slots=True)
class _Peer:
    """One node of the cluster to be, as the founder goes along."""

    node: SetupNode
    addresses: list[Address] = field(default_factory=list)
    talk: Conversation | None = None
    retry_ms: int = 0
    """When to connect again to a port where nobody listened; 0: not."""
    trusted: bool = False
    told: bool = False
    """The code was confirmed at the other end."""
    compared: bool = False
    survey: Survey | None = None
    asked_ms: int = 0
    stored: bool = False
    ignited: bool = False
    released: bool = False

    @property
    def channel(self) -> Channel | None:
        """Return the sealed channel to it, once there is a connection."""
        return self.talk.channel if self.talk is not None else None

    def ask(self, message: dict[str, Any]) -> list[Effect | Outcome]:
        """Return what says *message* to it, if it is still there."""
        return list(self.talk.ask(message)) if self.talk is not None else []

    def hang_up(self) -> list[Effect | Outcome]:
        """Return what ends the conversation with it, if there is one."""
        return list(self.talk.close()) if self.talk is not None else []


class Founder:
    """Forms one cluster, or leaves every node as it was; see the module's paragraph."""

    def __init__(
        self, request: ClusterSetup, me: Me, entropy: Callable[[int], bytes], cluster: str
    ) -> None:
        self.request, self.me, self._entropy = request, me, entropy
        self._cluster = cluster
        self._peers = {node.name: _Peer(node) for node in request.nodes}
        self._streams: dict[int, _Peer] = {}
        self._next = 2
        self.stage = "find"
        self._until_ms = 0
        self._resolving = 0
        self._storing = 0
        self._discover_ms = 0
        self._refused_ms = 0
        """Until when nobody listening is no failure."""
        self._key: bytes | None = None
        self._way = Way.KEY
        self._config: RingConfig | None = None
        self._state = b""
        self._psk = b""
        self._warnings: list[Finding] = []
        self._error: PcsxError | None = None
        self._missing: tuple[str, ...] = ()

    @property
    def deadline_ms(self) -> int | None:
        """Return when the present stage has lasted too long."""
        if self.stage == "over":
            return None
        moments = [self._until_ms, *([self._discover_ms] if self._discover_ms else [])]
        moments += [peer.retry_ms for peer in self._peers.values() if peer.retry_ms]
        return min(moments)

    @property
    def cluster(self) -> str:
        """Return the UUID of the cluster to be; it must be minted."""
        assert self._config is not None
        return self._config.cluster

    @property
    def others(self) -> list[_Peer]:
        """Return the peers but this node itself."""
        return [peer for name, peer in self._peers.items() if name != self.me.name]

    def begin(self, now: Now) -> list[Effect | Outcome]:
        """Judge the request and start to find the nodes."""
        self._until_ms = now.ms + self.request.timeout_ms
        findings = list(check_request(self.request, self.me))
        if self._cluster:
            findings.append(
                Finding.error(
                    "in-a-cluster",
                    self.me.name,
                    f"{self.me.name} is in a cluster already: {self._cluster}",
                    hint="pcsx cluster destroy, if that cluster is to go.",
                )
            )
        if findings:
            self._error = Refused(findings)
            return self._end()
        effects: list[Effect | Outcome] = [Line("find", "looking for the nodes")]
        for name, peer in self._peers.items():
            for text in peer.node.addresses:
                split = split_address(text, self.me.port)
                assert split is not None
                peer.addresses.append(Address(*split))
            if not peer.addresses and name == self.me.name and self.me.address:
                peer.addresses.append(Address(self.me.address, self.me.port))
        names = [name for name, peer in self._peers.items() if not peer.addresses] + [
            address.host
            for peer in self._peers.values()
            for address in peer.addresses
            if not is_numeric(address.host)
        ]
        self._resolving = self._ticket()
        return [*effects, Resolve(self._resolving, tuple(dict.fromkeys(names)))]

    def owns(self, event: StreamOpened | StreamData | StreamClosed) -> bool:
        """Return whether *event* is of a stream that the founder opened."""
        return event.stream in self._streams

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
        effects: list[Effect | Outcome] = []
        match event:
            case Resolved(ticket, answers) if ticket == self._resolving:
                effects += self._resolved(dict(answers), now)
            case LobbyFound(name, addresses, port):
                effects += self._found(name, addresses, port, now)
            case KeyRead(_, key, problem):
                effects += self._trust(key, problem, now)
            case StreamOpened(stream):
                effects += self._opened(self._streams[stream])
            case StreamData(stream):
                effects += self._data(self._streams[stream], event, now)
            case StreamClosed(stream, reason):
                effects += self._closed(self._streams.pop(stream), reason, now)
            case Stored(ticket, failure=failure) if ticket == self._storing:
                effects += self._stored_here(failure)
            case Tick():
                effects += self._tick(now)
        return effects

    def compared(self, node: str, same: bool, now: Now) -> list[Effect | Outcome]:
        """Take the person's word on the code of *node*."""
        peer = self._peers.get(node)
        if peer is None or peer.channel is None:
            return []
        if not same:
            text = f"the code of {node} is not the same on both ends"
            hint = "Somebody may be in between. Nothing was changed."
            return self._fail(Failed(text, hint))
        peer.compared = True
        return self._survey_if_trusted(now)

    def standing(
        self, members: tuple[str, ...], *, quorate: bool, at_rest: bool
    ) -> list[Effect | Outcome]:
        """Take how the new cluster stands here; it is founded when all are in and at rest."""
        if self.stage != "await" or self._config is None:
            return []
        wanted = {node.name for node in self._config.nodes}
        self._missing = tuple(sorted(wanted - set(members)))
        if self._missing or not quorate or not at_rest:
            return []
        effects: list[Effect | Outcome] = []
        for peer in self.others:
            effects += peer.ask({"ask": "keep"})
            effects += peer.hang_up()
        self.stage = "over"
        return [*effects, Founded(self._config, tuple(self._warnings))]

    # --- find -------------------------------------------------------------------------------------

    def _ticket(self) -> int:
        self._next += 2
        return self._next

    def _resolved(self, answers: dict[str, tuple[str, ...]], now: Now) -> list[Effect | Outcome]:
        unknown: list[str] = []
        for name, peer in self._peers.items():
            if not peer.addresses and answers.get(name):
                peer.addresses.append(Address(answers[name][0], self.me.port))
            for at, address in enumerate(peer.addresses):
                if not is_numeric(address.host):
                    found = answers.get(address.host, ())
                    if found:
                        peer.addresses[at] = replace(address, host=found[0])
                    else:
                        unknown.append(address.host)
        if unknown:
            texts = [
                Finding.error("unresolved", host, f"the address {host} means nothing here",
                              hint="Give a numeric address, or mend the resolver.")
                for host in unknown
            ]  # fmt: skip
            return self._fail(Refused(texts))
        if all(peer.addresses for peer in self._peers.values()):
            return self._read_key()
        self._discover_ms = now.ms + DISCOVER_MS
        missing = ", ".join(name for name, peer in self._peers.items() if not peer.addresses)
        return [Line("find", f"listening for {missing}"), Discover(DISCOVER_MS)]

    def _found(
        self, name: str, addresses: tuple[str, ...], port: int, now: Now
    ) -> list[Effect | Outcome]:
        peer = self._peers.get(name)
        if self.stage != "find" or peer is None or peer.addresses or not addresses:
            return []
        peer.addresses.append(Address(addresses[0], port))
        if all(each.addresses for each in self._peers.values()):
            self._discover_ms = 0
            return self._read_key()
        return []

    def _read_key(self) -> list[Effect | Outcome]:
        findings = list(check_addresses({n: p.addresses for n, p in self._peers.items()}))
        if findings:
            return self._fail(Refused(findings))
        self.stage = "trust"
        if not self.others:
            return self._survey_if_trusted(None)
        return [ReadKey(self._ticket())]

    # --- trust ------------------------------------------------------------------------------------

    def _trust(self, key: bytes | None, problem: str, now: Now) -> list[Effect | Outcome]:
        if self.stage != "trust" or self._streams:
            return []
        self._key = key
        self._way = Way.KEY if key is not None else Way.CODE
        if key is None and not self.request.terminal:
            text = f"there is no way to trust the other nodes: {problem or 'no bootstrap key'}"
            hint = (
                "Put the same bootstrap key on all nodes "
                "(head -c 32 /dev/urandom > /etc/pcsx/bootstrap.key, mode 0600), or run "
                "this on a terminal to compare a code with each node."
            )
            return self._fail(Failed(text, hint))
        self._refused_ms = now.ms + REFUSED_MS
        effects = [self._connect(peer) for peer in self.others]
        return [Line("trust", "opening a sealed channel to each node"), *effects]

    def _connect(self, peer: _Peer) -> OpenStream:
        peer.talk = Conversation(self._ticket(), peer.addresses[0], self._new_channel)
        peer.retry_ms = 0
        self._streams[peer.talk.stream] = peer
        return peer.talk.connect()

    def _new_channel(self) -> Channel:
        return Channel(
            opener=True, identity=self.me.identity, shared=self._key, entropy=self._entropy,
            way=self._way,
        )  # fmt: skip

    def _opened(self, peer: _Peer) -> list[Effect | Outcome]:
        assert peer.talk is not None
        return list(peer.talk.opened())

    def _closed(self, peer: _Peer, reason: str, now: Now) -> list[Effect | Outcome]:
        name, address = peer.node.name, peer.addresses[0]
        assert peer.talk is not None
        peer.talk.closed()
        if self._error is not None:
            peer.released = True
            return self._undone()
        if peer.channel is None and reason == "ECONNREFUSED" and now.ms < self._refused_ms:
            peer.retry_ms = now.ms + RETRY_MS
            return []
        if peer.channel is None:
            where = f"{address.host} port {address.port}"
            text = {
                "ECONNREFUSED": f"{name}: nothing listens at {where}",
                "ETIMEDOUT": f"{name}: no answer from {where}; a firewall may drop it",
                "EHOSTUNREACH": f"{name}: there is no way to {address.host}",
            }.get(reason, f"{name}: cannot connect to {where}: {reason}")
            hint = f"On {name}: is pcsx daemon running, and TCP and UDP port {address.port} open?"
            return self._fail(Failed(text, hint))
        if peer.channel.failure:
            return self._fail(self._distrusted(peer, peer.channel.failure))
        if self.stage == "await":
            return []
        return self._fail(Failed(f"{name} went away during {self.stage} {reason}".rstrip(),
                                 f"See the log of pcsx on {name}."))  # fmt: skip

    def _distrusted(self, peer: _Peer, reason: str) -> Failed:
        name = peer.node.name
        hint = "Put the same 32 bytes in /etc/pcsx/bootstrap.key of all nodes, mode 0600."
        if "accept" in reason:
            hint = f"On {name}: pcsx cluster accept. Then run the setup again here."
        return Failed(f"{name} is not trusted: {reason}", hint)

    def _data(self, peer: _Peer, event: StreamData, now: Now) -> list[Effect | Outcome]:
        assert peer.talk is not None
        heard = peer.talk.heard(event)
        effects: list[Effect | Outcome] = list(heard.effects)
        if heard.failure:
            return [*effects, *self._fail(self._distrusted(peer, heard.failure))]
        if heard.opened:
            peer.trusted = True
            if self._way is Way.CODE and peer.channel is not None:
                effects.append(Compare(peer.node.name, peer.channel.digits))
            effects += self._survey_if_trusted(now)
        if heard.message is not None:
            effects += self._answered(peer, heard.message, now)
        return effects

    def _survey_if_trusted(self, now: Now | None) -> list[Effect | Outcome]:
        if self.stage != "trust":
            return []
        by_code = self._way is Way.CODE
        for peer in self.others:
            if not peer.trusted or (by_code and not (peer.compared and peer.told)):
                return []
        self.stage = "survey"
        effects: list[Effect | Outcome] = [Line("survey", "asking each node about itself")]
        for peer in self.others:
            assert now is not None
            peer.asked_ms = int(now.wall.timestamp() * 1000)
            effects += peer.ask({"ask": "survey"})
        if not self.others:
            effects += self._mint()
        return effects

    # --- survey, judge, mint ----------------------------------------------------------------------

    def _answered(self, peer: _Peer, answer: dict[str, Any], now: Now) -> list[Effect | Outcome]:
        name = peer.node.name
        if self._error is not None:
            peer.released = True
            return self._undone()
        if "error" in answer:
            return self._fail(Failed(f"{name}: {answer['error']}", f"See the log on {name}."))
        if answer.get("accepted"):
            peer.told = True
            return self._survey_if_trusted(now)
        if self.stage == "survey":
            return self._surveyed(peer, answer, now)
        if self.stage == "adopt":
            peer.stored = True
            return self._ignite_if_stored()
        return []

    def _surveyed(self, peer: _Peer, answer: dict[str, Any], now: Now) -> list[Effect | Outcome]:
        try:
            peer.survey = Survey(
                str(answer["name"]), str(answer["version"]), int(answer["protocol"]),
                str(answer["cluster"]), str(answer["key"]), int(answer["wall_ms"]),
                (peer.asked_ms + int(now.wall.timestamp() * 1000)) // 2,
            )  # fmt: skip
        except (KeyError, ValueError, TypeError):
            return self._fail(Failed(f"{peer.node.name}: its answer is not whole"))
        if any(each.survey is None for each in self.others):
            return []
        surveys = {p.node.name: p.survey for p in self.others if p.survey is not None}
        mine = survey_of(self.me, self._cluster, now.wall)
        surveys[self.me.name] = Survey(**mine, asked_ms=mine["wall_ms"])
        findings = list(check_surveys(surveys, now))
        stops = [
            finding
            for finding in findings
            if finding.severity is Severity.ERROR and not (finding.force and self.request.force)
        ]
        self._warnings = [finding for finding in findings if finding not in stops]
        if stops:
            return self._fail(Refused(findings))
        lines: list[Effect | Outcome] = [
            Line("judge", f"warning: {finding.text}") for finding in self._warnings
        ]
        return lines + self._mint()

    def _mint(self) -> list[Effect | Outcome]:
        nodes = tuple(
            RingNode(
                id,
                NodeName(name),
                tuple(peer.addresses),
                public_of(self.me.identity)
                if peer.survey is None
                else bytes.fromhex(peer.survey.key),
            )
            for id, (name, peer) in enumerate(self._peers.items(), 1)
        )
        config = RingConfig(
            cluster=self._entropy(16).hex(),
            name=self.request.name,
            lineage=int.from_bytes(self._entropy(LINEAGE_BYTES), "big"),
            nodes=nodes,
            profile=self.request.profile,
            level=self.me.features[0],
        )
        document = first_document(
            config.name,
            config.cluster,
            [(str(node.id), node.name) for node in nodes],
            properties=self.request.properties,
        )
        self._config, self._psk = config, self._entropy(32)
        self._state = Ledger(Replica(document)).snapshot()
        self.stage = "adopt"
        effects: list[Effect | Outcome] = [Line("adopt", "giving each node its keys")]
        for node in nodes:
            if node.name == self.me.name:
                self._storing = self._ticket()
                snapshot = Snapshot(1, 1, config, self._state)
                secrets = (("psk", self._psk),)
                effects.append(Store(self._storing, config.cluster, node.id, secrets, snapshot))
                continue
            message = {
                "ask": "adopt",
                "me": node.id,
                "config": config.to_bytes().hex(),
                "psk": self._psk.hex(),
                "state": self._state.hex(),
            }
            effects += self._peers[node.name].ask(message)
        return effects

    # --- adopt, ignite, await ---------------------------------------------------------------------

    def _stored_here(self, failure: str) -> list[Effect | Outcome]:
        mine = self._peers[self.me.name]
        if self._error is not None:
            mine.released = True
            return self._undone()
        if failure:
            return self._fail(Failed(f"{self.me.name}: {failure}", "Is there room on the disk?"))
        mine.stored = True
        return self._ignite_if_stored()

    def _ignite_if_stored(self) -> list[Effect | Outcome]:
        if not all(peer.stored for peer in self._peers.values()):
            return []
        self.stage = "await"
        effects: list[Effect | Outcome] = [Line("ignite", "starting the ring")]
        for peer in self.others:
            effects += peer.ask({"ask": "ignite"})
        return [*effects, Ignite(), Line("await", "waiting until all are in one quorate view")]

    # --- failing whole ----------------------------------------------------------------------------

    def _tick(self, now: Now) -> list[Effect | Outcome]:
        if self._discover_ms and now.ms >= self._discover_ms:
            self._discover_ms = 0
            missing = [name for name, peer in self._peers.items() if not peer.addresses]
            if missing and self.stage == "find":
                findings = [
                    Finding.error(
                        "not-found",
                        name,
                        f"{name} was not found: the name means nothing here, and no lobby of that "
                        "name announces itself",
                        hint=f"Give its address, as in {name}=192.0.2.1; is pcsx daemon up there?",
                    )
                    for name in missing
                ]
                return self._fail(Refused(findings))
        if now.ms < self._until_ms:
            due = [peer for peer in self.others if peer.retry_ms and peer.retry_ms <= now.ms]
            return [self._connect(peer) for peer in due] if self._error is None else []
        if self._error is not None:
            for peer in self._peers.values():
                peer.released = True
            return self._undone()
        seconds = self.request.timeout_ms / 1000
        self._until_ms = now.ms + 5_000
        if self.stage == "await" and self._missing:
            names = ", ".join(self._missing)
            hint = f"Is the UDP port of {names} open in both directions? See the log there."
            return self._fail(TimedOut(f"{names} did not come into the ring", seconds, hint))
        return self._fail(TimedOut(f"setup, at {self.stage}", seconds, "See the log of pcsx."))

    def _fail(self, error: PcsxError) -> list[Effect | Outcome]:
        """Give up: whoever has stored anything forgets it, then the error is told."""
        if self._error is not None:
            return []
        self._error = error
        if self._config is None:
            return self._end()
        effects: list[Effect | Outcome] = [Line("undo", "giving every node back to its lobby")]
        for peer in self.others:
            if peer.talk is not None and peer.talk.is_open:
                effects += peer.ask({"ask": "release"})
            else:
                peer.released = True
        self._storing = self._ticket()
        return [*effects, Forget(self._storing, self._config.cluster)]

    def _undone(self) -> list[Effect | Outcome]:
        if all(peer.released for peer in self._peers.values()):
            return self._end()
        return []

    def _end(self) -> list[Effect | Outcome]:
        assert self._error is not None
        self.stage = "over"
        hung_up: list[Effect | Outcome] = [
            closing for peer in self._peers.values() for closing in peer.hang_up()
        ]
        return [*hung_up, Ruined(self._error)]
