"""What a client and a daemon say over the local socket: requests, progress and replies.

On the wire each message is four bytes of length (big-endian) and that many bytes of JSON. A client
sends ``{"id": 1, "do": "commit", …}``; the daemon answers any number of ``{"id": 1, "progress":
{…}}`` and then one ``{"id": 1, "ok": {…}}`` or ``{"id": 1, "error": {…}}`` (`errors.PcsxError`).
A request is one of the frozen dataclasses here; its fields are the JSON's. The messages of process
groups alone are no JSON: `group_wire.py`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any, ClassVar, Final, TypeVar, cast

from pcsx.errors import Failed
from pcsx.lean import dataclass

MAX_MESSAGE: Final = 80 << 20
HEADER: Final = struct.Struct(">I")
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
"""Made once: it takes as long to make as to use."""
PROFILES: Final = ("fast", "standard", "vm", "wan")
"""How patient a cluster can be, by name: RING.md 4."""


def pack(message: dict[str, Any]) -> bytes:
    """Return *message* as bytes for the wire."""
    text = _ENCODER.encode(message).encode()
    return HEADER.pack(len(text)) + text


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks; *do* names the kind."""

    do: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """Return the request as the JSON object that goes over the socket, without its id."""
        # By hand, for each change passes here: `asdict` would copy all that is in it.
        names = _types_of(cast(Any, self.__class__))
        return {"do": self.do, **{name: _bare(getattr(self, name)) for name in names}}


@dataclass(frozen=True, slots=True)
class GetStatus(Request):
    """The cluster as this node sees it: `cluster`, `nodes`, and the whole document as `cib`."""

    do: ClassVar[str] = "status"


@dataclass(frozen=True, slots=True)
class GetState(Request):
    """The state as `pcsx status` shows it: `state` (`pcsx-status/1`) and `resources`, its lines.

    With *hide_inactive* the lines are of what is active alone. Both are missing where the daemon
    has no time to work them out now: `GetStatus` has all that they are made of.
    """

    hide_inactive: bool = False
    do: ClassVar[str] = "state"


@dataclass(frozen=True, slots=True)
class GetCib(Request):
    """The document as XML text (`cib`), the status section with it unless *bare*.

    *fresh* is as of now: no change that was acknowledged anywhere before is missing in it. That
    takes a leader; without quorum it is refused. Else this node shows what it has.
    """

    bare: bool = False
    fresh: bool = False
    do: ClassVar[str] = "cib"


@dataclass(frozen=True, slots=True)
class Commit(Request):
    """Change the document by *patch* (`cib.Patch` bytes as text), made from version *base*.

    *base* and *base_digest* name the configuration that it was made from. (*client*, *seq*) name
    the wish, so that a repeated request is done once. *force* names findings that are accepted.
    With *confirm_ms* the cluster takes the change back after that time, unless `Confirm` comes.
    Answers `version`, `digest` and `changed` once a quorum has it on disk and this node applied it.
    """

    base: tuple[int, int, int]
    base_digest: str
    patch: str
    command: str
    client: str
    seq: int
    force: tuple[str, ...] = ()
    confirm_ms: int = 0
    do: ClassVar[str] = "commit"


@dataclass(frozen=True, slots=True)
class Confirm(Request):
    """Keep the change *change* (or all) that waits to be confirmed; answers `kept`, their names."""

    change: str = ""
    do: ClassVar[str] = "keep"


@dataclass(frozen=True, slots=True)
class Changes(Request):
    """The committed changes: `changes`, oldest first, each as `cib.Change` spells it in the log.

    `trials` has those that wait to be confirmed, and until when (seconds since the epoch).
    """

    do: ClassVar[str] = "changes"


@dataclass(frozen=True, slots=True)
class WaitIdle(Request):
    """Tell progress until the cluster has done all that the document asks, as of now.

    Progress: `{"action": text, "done": n, "of": n}`. Ends with `blocked`: what cannot run, and why.
    """

    timeout_ms: int = 3_600_000
    do: ClassVar[str] = "wait"


@dataclass(frozen=True, slots=True)
class Cleanup(Request):
    """Forget the failures (or with *refresh* all history) of *resource*, or of all, on *node*.

    Of what is in a group, clone or bundle the whole of it is meant, unless *strict*.
    """

    resource: str = ""
    node: str = ""
    refresh: bool = False
    operation: str = ""
    interval_ms: int = -1
    """Only failures of this operation (at this interval, if it is not below zero)."""
    strict: bool = False
    do: ClassVar[str] = "cleanup"


@dataclass(frozen=True, slots=True)
class FailResource(Request):
    """Have *resource* count as failed on *node*, so that it is recovered there."""

    resource: str
    node: str
    do: ClassVar[str] = "fail-resource"


@dataclass(frozen=True, slots=True)
class Fence(Request):
    """Fence *node* by *action* (`reboot` or `off`), whatever its state; answers when it is done."""

    node: str
    action: str = "reboot"
    timeout_ms: int = 120_000
    do: ClassVar[str] = "fence"


@dataclass(frozen=True, slots=True)
class ConfirmFence(Request):
    """A person's word that *node* is off; recorded with the caller's name."""

    node: str
    do: ClassVar[str] = "confirm"


@dataclass(frozen=True, slots=True)
class ForgetFences(Request):
    """Forget the fencing on record, of *node* or of all; what is under way stays."""

    node: str = ""
    do: ClassVar[str] = "forget-fences"


@dataclass(frozen=True, slots=True)
class FenceHistory(Request):
    """All fencing that is on record: `history`, newest first."""

    node: str = ""
    do: ClassVar[str] = "fence-history"


@dataclass(frozen=True, slots=True)
class TicketSet(Request):
    """Change the state of *ticket* at this site, as `cib.tickets.TicketChange` says.

    Answers `changed`, and `state`: the ticket's attributes, None where nothing is known of it.
    """

    ticket: str
    put: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()
    forgotten: bool = False
    do: ClassVar[str] = "ticket"


@dataclass(frozen=True, slots=True)
class AgentMetadata(Request):
    """The metadata XML of *agent* (`ocf:heartbeat:IPaddr2`) as this node has it: `xml`."""

    agent: str
    do: ClassVar[str] = "metadata"


@dataclass(frozen=True, slots=True)
class NodeStop(Request):
    """Empty the node *node* ("" is this one) and leave the ring; its daemon stays."""

    node: str = ""
    do: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True)
class NodeStart(Request):
    """Join the ring again, on this node."""

    do: ClassVar[str] = "start"


@dataclass(frozen=True, slots=True)
class Destroy(Request):
    """Forget the cluster on *node* ("" is this one): back to the lobby."""

    cluster: str
    node: str = ""
    do: ClassVar[str] = "destroy"


@dataclass(frozen=True, slots=True)
class SetupNode:
    """One node of a cluster to be: its name and addresses (`HOST` or `HOST:PORT`), if given."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSetup(Request):
    """Found a cluster of *nodes*, one of which is this daemon.

    Progress: `{"stage": name, "text": line}` and `{"code": digits, "node": name}`, which asks for
    a `SetupAnswer`. *properties* are cluster options of the first document.
    """

    name: str
    nodes: tuple[SetupNode, ...]
    profile: str = "standard"
    properties: tuple[tuple[str, str], ...] = ()
    force: bool = False
    terminal: bool = False
    """A person is there to compare codes."""
    timeout_ms: int = 60_000
    do: ClassVar[str] = "setup"


@dataclass(frozen=True, slots=True)
class SetupAnswer(Request):
    """A person's word on whether the code of *node* is the same on both ends."""

    node: str
    same: bool
    do: ClassVar[str] = "setup-answer"


@dataclass(frozen=True, slots=True)
class Accept(Request):
    """Wait for a founder that shows a code; progress `{"code": digits, "peer": address}`."""

    timeout_ms: int = 300_000
    do: ClassVar[str] = "accept"


@dataclass(frozen=True, slots=True)
class AcceptAnswer(Request):
    """A person's word that the founder shows *code* too."""

    code: str
    same: bool
    do: ClassVar[str] = "accept-answer"


@dataclass(frozen=True, slots=True)
class LobbyInfo(Request):
    """What this daemon is: `lobby` or member, its name, key's fingerprint, addresses, cluster."""

    do: ClassVar[str] = "info"


@dataclass(frozen=True, slots=True)
class RingStatus(Request):
    """Views, links, log and detector as this node has them."""

    do: ClassVar[str] = "ring"


@dataclass(frozen=True, slots=True)
class QuorumInfo(Request):
    """How quorum stands on this node and why; `foreseen` is what the loss of *lost* would mean."""

    lost: tuple[str, ...] = ()
    do: ClassVar[str] = "quorum-info"


@dataclass(frozen=True, slots=True)
class QuorumUpdate(Request):
    """Change options of quorum, `votes.NODE` and `profile`; an empty value takes one away."""

    options: tuple[tuple[str, str], ...]
    do: ClassVar[str] = "quorum-update"


@dataclass(frozen=True, slots=True)
class QuorumExpect(Request):
    """Count out nodes that are away until *votes* are expected."""

    votes: int
    do: ClassVar[str] = "quorum-expect"


@dataclass(frozen=True, slots=True)
class WitnessAdd(Request):
    """Have the witness that gave *token* vote in this cluster: its `address`."""

    token: str
    do: ClassVar[str] = "witness-add"


@dataclass(frozen=True, slots=True)
class WitnessSet(Request):
    """Decide which witness votes: `HOST PORT` each, its public key and our seat there (hex); or
    none, where *key* is empty."""

    addresses: tuple[str, ...] = ()
    key: str = ""
    nonce: int = 0
    do: ClassVar[str] = "witness-set"


@dataclass(frozen=True, slots=True)
class QuorumUnblock(Request):
    """End the wait for all voters (`wait_for_all`) in this view."""

    do: ClassVar[str] = "quorum-unblock"


@dataclass(frozen=True, slots=True)
class Tool(Request):
    """A call of an old name by an agent: its *words*, and what of its environment counts.

    Answers `status`, `stdout` and `stderr`, once what was asked for is done.
    """

    tool: str
    words: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    do: ClassVar[str] = "tool"


@dataclass(frozen=True, slots=True)
class Diary(Request):
    """How operations went on *node* (empty: this one), of *resource* or of all.

    Answers `node`, `stories` (what failed: output, and what it was doing when its time was nearly
    up), and `times` (runs, p50, p99, timeout, advised timeout).
    """

    node: str = ""
    resource: str = ""
    do: ClassVar[str] = "diary"


@dataclass(frozen=True, slots=True)
class RunAgent(Request):
    """Run an agent on *node* (empty: this one) outside of the cluster's order of things.

    *agent* is a full name; *params* and *meta* are what it is told. Answers `rc`, `status`,
    `reason`, `stdout`, `stderr` and `took_ms`.
    """

    agent: str
    task: str
    resource: str
    params: tuple[tuple[str, str], ...] = ()
    meta: tuple[tuple[str, str], ...] = ()
    timeout_ms: int = 20_000
    node: str = ""
    traced: bool = False
    do: ClassVar[str] = "run-agent"


@dataclass(frozen=True, slots=True)
class ProbeDevices(Request):
    """Ask fence devices from *node* (empty: this one) for the power of every node; cut nothing.

    Answers `node` and `asked`: for each device and target `device`, `target`, `state` (`on`, `off`
    or empty), `ok`, `end` (`answered`, `error`, `late`, or `absent`: no agent), `reason`,
    `took_ms`, `timeout_ms`. *device* names one alone.
    """

    node: str = ""
    device: str = ""
    do: ClassVar[str] = "probe-devices"


@dataclass(frozen=True, slots=True)
class TestAlert(Request):
    """Call the program of *alert* on *node* (empty: this one) with a made-up event of *kind*.

    Answers `told`: for each recipient `recipient`, `ok`, `stdout`, `stderr` and `took_ms`.
    """

    alert: str
    kind: str = "node"
    node: str = ""
    do: ClassVar[str] = "test-alert"


@dataclass(frozen=True, slots=True)
class Transitions(Request):
    """What the engine decided lately, newest first; one whole with *number*."""

    number: int = 0
    do: ClassVar[str] = "transitions"


# --- who is in the ring: RING.md 8 ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClusterToken(Request):
    """Make a token that lets one more node join within *ttl_s* seconds: `token`, `until_s`."""

    ttl_s: int = 3600
    do: ClassVar[str] = "cluster-token"


@dataclass(frozen=True, slots=True)
class TokenRecord(Request):
    """Put on record what a token comes to; members ask this of the leader (hexadecimal)."""

    id: str
    shared: str
    until_s: int
    do: ClassVar[str] = "token-record"


@dataclass(frozen=True, slots=True)
class ClusterJoin(Request):
    """Join the cluster whose member gave *token*; *addresses* are this node's, one a link.

    Progress and answer are those of `ClusterSetup`.
    """

    token: str
    addresses: tuple[str, ...] = ()
    timeout_ms: int = 60_000
    do: ClassVar[str] = "cluster-join"


@dataclass(frozen=True, slots=True)
class ClusterForceNew(Request):
    """Begin the cluster anew with this node alone; every other one is named in *lost*: it is off.

    What only the lost ones know is lost. Answers with the new `lineage`.
    """

    lost: tuple[str, ...] = ()
    do: ClassVar[str] = "cluster-force-new"


@dataclass(frozen=True, slots=True)
class ClusterRejoin(Request):
    """Give up this node's log, and come over to its cluster, which was begun anew without it.

    Progress lines come before the answer, as in `ClusterSetup`.
    """

    timeout_ms: int = 60_000
    do: ClassVar[str] = "cluster-rejoin"


@dataclass(frozen=True, slots=True)
class NodeAdmit(Request):
    """Let in a node that proved to have a token; members ask this of the leader.

    *addresses* are `HOST PORT`; *token* and *key* hexadecimal.
    """

    token: str
    name: str
    addresses: tuple[str, ...]
    key: str
    do: ClassVar[str] = "node-admit"


@dataclass(frozen=True, slots=True)
class NodeRemove(Request):
    """Take *node* out of the cluster for good, and its keys with it.

    It must have stopped, or be known to be off; with *force* it is taken at one's word.
    """

    node: str
    force: bool = False
    do: ClassVar[str] = "node-remove"


@dataclass(frozen=True, slots=True)
class NodeRename(Request):
    """Give the stopped node *node* the name *to*."""

    node: str
    to: str
    do: ClassVar[str] = "node-rename"


@dataclass(frozen=True, slots=True)
class ClusterRename(Request):
    """Give the cluster the name *to*."""

    to: str
    do: ClassVar[str] = "cluster-rename"


@dataclass(frozen=True, slots=True)
class LinkChange(Request):
    """Change links: *action* is `add`, `update` or `remove` of link number *link*.

    *addresses* are (node, `HOST` or `HOST:PORT`); *priority* below 0 leaves it as it is.
    """

    action: str
    link: int = -1
    addresses: tuple[tuple[str, str], ...] = ()
    priority: int = -1
    do: ClassVar[str] = "link-change"


@dataclass(frozen=True, slots=True)
class KeyRotate(Request):
    """Begin to use another key of the cluster: `sha256`; `KeyStatus` tells how far it is."""

    do: ClassVar[str] = "key-rotate"


@dataclass(frozen=True, slots=True)
class NodeKeyRotate(Request):
    """Change the own key of *node* (empty: of the one that is asked): `fingerprint`, the new one's.

    It is answered once the configuration has it.
    """

    node: str = ""
    do: ClassVar[str] = "node-key-rotate"


@dataclass(frozen=True, slots=True)
class KeyStatus(Request):
    """How far the change of the cluster's key is: `stage`, and the nodes that it `waits_for`."""

    do: ClassVar[str] = "key-status"


@dataclass(frozen=True, slots=True)
class ClusterDiscover(Request):
    """The lobbies that announce themselves by mDNS: `lobbies`, hints that prove nothing."""

    for_ms: int = 2000
    do: ClassVar[str] = "cluster-discover"


# --- services for applications: RING.md 9 ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RingStats(Request):
    """What the heart counts: links, drops by their reason, missed schedules, doubt."""

    do: ClassVar[str] = "ring-stats"


@dataclass(frozen=True, slots=True)
class GroupJoin(Request):
    """Join the process group *group*; stays open until it is left.

    Progress: `{"members": […], "joined": […], "left": […], "reason": word}` at each change, and
    `group_wire.Arrived` for each message, in the same order everywhere.
    """

    group: str
    do: ClassVar[str] = "group-join"


@dataclass(frozen=True, slots=True)
class GroupLeave(Request):
    """Leave *group*, which this connection has joined."""

    group: str
    do: ClassVar[str] = "group-leave"


@dataclass(frozen=True, slots=True)
class GroupSend(Request):
    """Say *message* to *group*, which this connection has joined.

    Answers `group_wire.Placed` once it is delivered here; with *safe* once all members hold it.
    """

    group: str
    message: bytes
    safe: bool = False
    do: ClassVar[str] = "group-send"


@dataclass(frozen=True, slots=True)
class GroupList(Request):
    """All groups with their members: `groups`."""

    do: ClassVar[str] = "group-list"


@dataclass(frozen=True, slots=True)
class StoreGet(Request):
    """The entries of the store whose keys begin with *prefix*: `entries`, [key, type, value]."""

    prefix: str = ""
    do: ClassVar[str] = "store-get"


@dataclass(frozen=True, slots=True)
class StoreSet(Request):
    """Set *key* to *value* of *type*; with an empty type remove it. Answers once it is ordered."""

    key: str
    value: str = ""
    type: str = "str"
    do: ClassVar[str] = "store-set"


@dataclass(frozen=True, slots=True)
class StoreWatch(Request):
    """Tell every change under *prefix*, in order, once; after *revision* where that is given.

    Progress: `{"entries": […], "revision": r, "resync": bool}` first where all is told anew, then
    `{"key": …, "type": …, "value": …, "revision": r}` for each change; an empty type: it is gone.
    """

    prefix: str = ""
    revision: str = ""
    do: ClassVar[str] = "store-watch"


@dataclass(frozen=True, slots=True)
class QuorumWatch(Request):
    """Tell how quorum stands, and each change, as `StoreWatch` does.

    Progress: `quorate`, `view`, `members`, `votes`, `expected_votes`, `reason`, `revision`.
    """

    revision: str = ""
    do: ClassVar[str] = "quorum-watch"


@dataclass(frozen=True, slots=True)
class LockAcquire(Request):
    """Wait for the lock *name*; held as long as this request is open.

    Progress: `{"granted": name, "token": [epoch, place]}`. Ends when it is released, or with an
    error when it is lost. Tokens only rise: who acts for holders refuses a lower one.
    """

    name: str
    do: ClassVar[str] = "lock-acquire"


@dataclass(frozen=True, slots=True)
class LockRelease(Request):
    """Give the lock *name* back, or wait for it no more."""

    name: str
    do: ClassVar[str] = "lock-release"


@dataclass(frozen=True, slots=True)
class LockList(Request):
    """All locks: `locks`, with holder, token and who waits."""

    do: ClassVar[str] = "lock-list"


@dataclass(frozen=True, slots=True)
class ProcessShow(Request):
    """Show what becomes of a watched program (SAM) under `runtime.process.PID.*`: *pairs*."""

    pairs: tuple[tuple[str, str], ...]
    do: ClassVar[str] = "process-show"


REQUESTS: Final[dict[str, type[Request]]] = {
    cls.do: cls
    for cls in (
        GetStatus, GetState, GetCib, Commit, Confirm, Changes, WaitIdle, Cleanup, FailResource,
        Fence, ConfirmFence, FenceHistory, ForgetFences, TicketSet,
        AgentMetadata, NodeStop, NodeStart, Destroy,
        ClusterSetup, SetupAnswer, Accept, AcceptAnswer, LobbyInfo, RingStatus, Tool, Transitions,
        Diary,
        RunAgent, TestAlert, ProbeDevices,
        ClusterToken, TokenRecord, ClusterJoin, NodeAdmit, NodeRemove, NodeRename,
        ClusterForceNew, ClusterRejoin,
        ClusterRename, LinkChange,
        KeyRotate, NodeKeyRotate, KeyStatus, ClusterDiscover,
        RingStats, GroupJoin, GroupLeave, GroupList, StoreGet, StoreSet, StoreWatch,
        QuorumWatch, QuorumInfo, QuorumUpdate, QuorumExpect, QuorumUnblock, WitnessAdd,
        WitnessSet, LockAcquire,
        LockRelease, LockList, ProcessShow,
    )
}  # fmt: skip

ASKS: Final[frozenset[type[Request]]] = frozenset(
    (
        GetStatus, GetState, GetCib, Changes, WaitIdle, FenceHistory, AgentMetadata, LobbyInfo,
        RingStatus, QuorumInfo, Diary, ProbeDevices, Transitions, KeyStatus, ClusterDiscover,
        RingStats, GroupList, StoreGet, StoreWatch, QuorumWatch, LockList, ProcessShow,
    )
)  # fmt: skip
"""Requests that only ask; all others do something, at once."""

R = TypeVar("R", bound=Request)


def parse(message: dict[str, Any]) -> Request:
    """Return the request that *message* spells, or raise `Failed` saying what is wrong with it."""
    kind = REQUESTS.get(str(message.get("do")))
    if kind is None:
        raise Failed(
            f"unknown request {message.get('do')!r}", "Shell and daemon differ in version."
        )
    known = _types_of(cast(Any, kind))
    given = {name: _frozen(value) for name, value in message.items() if name in known}
    for name, value in given.items():
        if not FITS[known[name]](value):
            want = "text in UTF-8" if isinstance(value, str) else known[name]
            raise Failed(f"request {kind.do!r}: {name} is not {want}: {value!r:.80}")
    try:
        return kind(**given)
    except TypeError as error:
        raise Failed(f"request {kind.do!r} is not whole: {error}") from error


@cache
def _types_of(kind: Any) -> dict[str, str]:
    """Return what type each field of a request has, as it is written here."""
    return {each.name: str(each.type) for each in fields(kind)}


def _bare(value: Any) -> Any:
    """Return what a request holds as JSON has it."""
    if isinstance(value, tuple):
        return tuple([_bare(each) for each in value])
    return asdict(value) if isinstance(value, SetupNode) else value


def _frozen(value: Any) -> Any:
    """Return JSON as a request holds it: lists are tuples, an object is a node to be set up."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict) and {"name"} <= value.keys() <= {"name", "addresses"}:
        return SetupNode(value["name"], _frozen(value.get("addresses", [])))
    return value


def _is_text(value: object) -> bool:
    """Return whether *value* is text that can be written: JSON also spells halves of letters."""
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _is_number(value: object) -> bool:
    return type(value) is int and -(1 << 63) <= value < 1 << 63


def _all(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(map(fits, value))


def _is_pair(value: object) -> bool:
    return _all(_is_text)(value) and len(cast(tuple[str, ...], value)) == 2


def _is_setup_node(value: object) -> bool:
    return isinstance(value, SetupNode) and _is_text(value.name) and _all(_is_text)(value.addresses)


FITS: Final[Mapping[str, Callable[[object], bool]]] = {
    "str": _is_text,
    "int": _is_number,
    "bool": lambda value: isinstance(value, bool),
    "tuple[str, ...]": _all(_is_text),
    "tuple[tuple[str, str], ...]": _all(_is_pair),
    "tuple[int, int, int]": lambda value: _all(_is_number)(value) and len(cast(Any, value)) == 3,
    "tuple[SetupNode, ...]": _all(_is_setup_node),
}
"""What a field of a request may hold, by its type; whoever asks is not trusted to know."""
