"""The replicated document: proposals judged on the leader, changes applied on every node.

A proposal is a wish, made from some version of the document; a `Change` is what the log keeps: the
patch that was found to fit, the version and the digest after it, who asked, when and by which
command. Nodes apply changes blindly and compare the digest; one that comes to another document
raises `Diverged` and must fetch a snapshot. The leader may judge proposals faster than they are
committed: each is judged on the *tip*, the document after all that it let pass. How entries travel
and become durable is the ring's business; checks beyond the document itself come in as arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from functools import cache
from typing import Any, ClassVar, Final, TypeVar, cast

from pcsx.cib.document import SLICE, Cib, Version
from pcsx.cib.patch import BOOKKEEPING, Edit, Patch, apply, between, diff, rebased, surely_changes
from pcsx.cib.touched import Touched, touched_children
from pcsx.errors import Conflict, Failed, Finding, PcsxError, Refused, Severity
from pcsx.lean import dataclass

SESSIONS_MAX: Final = 1024
"""How many clients' last results are kept; the ones that wrote longest ago are forgotten."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wish to change the document: *patch* as bytes, made from the document at *base*.

    *seq* rises with each new wish of a client and is kept when the same wish is sent again. *force*
    names the codes of findings that the author accepts, `*` for all of them. *wall* is the time as
    ISO 8601, read by whoever took the request in.
    """

    base: Version
    base_digest: str
    patch: bytes
    user: str
    command: str
    wall: str
    client_id: str
    seq: int
    groups: tuple[str, ...] = ()
    origin: str = ""
    force: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the proposal as plain JSON, for the wire."""
        return {**asdict(self), "patch": self.patch.decode("utf-8", "replace")}

    @classmethod
    def from_json(cls, value: Any) -> Proposal:
        """Return the proposal that `to_json` wrote; raises `Refused` for anything else."""
        return _from_json(cls, value)


@dataclass(frozen=True, slots=True)
class Change:
    """A committed result: what every node does to its document, and must have after it."""

    patch: bytes
    base_digest: str
    version: Version
    digest: str
    user: str
    command: str
    wall: str
    client_id: str
    seq: int
    origin: str = ""

    def to_bytes(self) -> bytes:
        """Return the change as the bytes of a log entry."""
        # By hand, for every change goes through here: `asdict` would copy all of it first.
        value = {name: getattr(self, name) for name in _types_of(Change)}
        value["patch"] = self.patch.decode()
        value["version"] = {name: getattr(self.version, name) for name in Version.__slots__}
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Change:
        """Return the change that `to_bytes` wrote; raises `Refused` for anything else."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _garbled("change", str(error)) from error
        return _from_json(cls, value)


@dataclass(frozen=True, slots=True)
class Committed:
    """What a client is told: the document now holds its change, at *version*."""

    version: Version
    digest: str
    changed: bool = True


@dataclass(eq=False)
class Diverged(PcsxError):
    """This node's document is not the leader's; it must not go on with what it has."""

    version: str
    expected: str
    found: str
    code: ClassVar[str] = "diverged"

    def __str__(self) -> str:
        return f"at {self.version} the document has digest {self.found}, not {self.expected}"


Check = Callable[[Cib, Cib, Proposal, Sequence[Touched] | None], Sequence[Finding]]
"""Looks at a proposal: the document before and after it, and the children that alone differ, if
they are known. Errors that are not forced refuse it."""


class Still:
    """A replica as it once was: written down in `slices`, then made bytes of.

    Between slices anything may be done, for they share what never changes; `to_bytes` reads nothing
    that others have, and so may be called in a thread of its own.
    """

    def __init__(self, cib: Cib, sessions: tuple[tuple[str, tuple[int, Committed]], ...]) -> None:
        self._cib, self._sessions = cib, sessions
        self._text: list[bytes] = []
        self._digest = ""

    def slices(self) -> Iterator[None]:
        """Write the document down, a part of it at each step."""
        for part in self._cib.slices():
            self._text.append(part)
            yield
        self._digest = self._cib.digest

    def to_bytes(self) -> bytes:
        """Return what `Replica.restore` reads; after all `slices`."""
        assert self._digest, "it is not written down yet"
        # In parts, for as long as one is worked on no other thread of this process gets anywhere.
        text = b"".join(self._text).decode()
        parts = (
            json.dumps(text[at : at + SLICE], ensure_ascii=False)[1:-1]
            for at in range(0, len(text), SLICE)
        )
        sessions = [[client, seq, asdict(result)] for client, (seq, result) in self._sessions]
        rest = {"digest": self._digest, "sessions": sessions}
        end = json.dumps(rest, separators=(",", ":"), ensure_ascii=False)
        return "".join(('{"format":1,"cib":"', *parts, '",', end[1:])).encode()


class Replica:
    """One node's copy of the configuration (without `status`), and the sessions of its clients."""

    def __init__(self, cib: Cib, *, checks: Sequence[Check] = ()) -> None:
        """Start from *cib*; *checks* are asked by `judge`, all of them, in order."""
        self._committed = _without_status(cib)
        self._checks = tuple(checks)
        self._sessions: dict[str, tuple[int, Committed]] = {}
        self._pending: list[tuple[Change, Cib]] = []

    @property
    def cib(self) -> Cib:
        """Return the committed configuration."""
        return self._committed

    @property
    def tip(self) -> Cib:
        """Return the configuration after all that was judged here and is not committed yet."""
        return self._pending[-1][1] if self._pending else self._committed

    @property
    def pending(self) -> int:
        """Return how many judged changes wait to be committed."""
        return len(self._pending)

    def judge(self, proposal: Proposal) -> Change | Committed:
        """Return the entry to log for *proposal*, or the result where nothing is to be done.

        The answer is a result at once when this wish was already committed (a retry), or when the
        document is so already. Raises `Conflict` where others changed the same place, `Refused`
        with all findings, and `Failed` for a retry that came too late or too early.
        """
        if (known := self._known(proposal)) is not None:
            return known
        tip = self.tip
        new, edit = self._wished(tip, proposal)
        if not (edit is not None and surely_changes(edit)) and new == tip:
            return Committed(tip.version, tip.digest, changed=False)
        touched = touched_children(tip, new, edit)
        findings = [f for check in self._checks for f in check(tip, new, proposal, touched)]
        if any(is_stopping(finding, proposal.force) for finding in findings):
            raise Refused(findings)
        after = _stamped(tip, new, proposal)
        patch = between(tip, after, edit)
        change = Change(
            patch.to_bytes(), tip.digest, after.version, after.digest, proposal.user,
            proposal.command, proposal.wall, proposal.client_id, proposal.seq, proposal.origin,
        )  # fmt: skip
        self._pending.append((change, after))
        return change

    def apply(self, change: Change) -> Committed:
        """Take in a committed *change*; raises `Diverged` where the outcome is not the leader's."""
        if self._pending and self._pending[0][0] == change:
            after = self._pending.pop(0)[1]
        else:
            self._pending.clear()  # another leader's entry: what was judged here has no ground
            after = self._replayed(change)
        self._committed = after
        result = Committed(change.version, change.digest)
        self._sessions.pop(change.client_id, None)
        self._sessions[change.client_id] = (change.seq, result)
        while len(self._sessions) > SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        return result

    def forget_pending(self, change: Change | None = None) -> None:
        """Drop what was judged and not committed: this node leads no more.

        With *change*, which will not be committed, drop it and what was judged after it alone: what
        was judged before it is on its way.
        """
        at = 0
        if change is not None:
            judged = [each for each, _ in self._pending]
            at = judged.index(change) if change in judged else len(judged)
        del self._pending[at:]

    def still(self) -> Still:
        """Return all that a node needs to go on from here, as it is now."""
        return Still(self._committed, tuple(self._sessions.items()))

    def snapshot(self) -> bytes:
        """Return all that a node needs to go on from here: the document and the sessions."""
        still = self.still()
        for _ in still.slices():
            pass
        return still.to_bytes()

    def restore(self, text: bytes) -> None:
        """Become what `snapshot` wrote; raises `Refused` for anything else and changes nothing."""
        try:
            value = json.loads(text)
            if value["format"] != 1:
                raise ValueError(f"format {value['format']!r}")
            cib = Cib.from_bytes(value["cib"].encode())
            sessions = {
                str(client): (int(seq), _from_json(Committed, result))
                for client, seq, result in value["sessions"]
            }
            if cib.digest != value["digest"]:
                raise ValueError("its digest is wrong")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _garbled("snapshot", str(error)) from error
        self._committed, self._sessions = cib, sessions
        self._pending.clear()

    def _known(self, proposal: Proposal) -> Committed | None:
        """Return the first result of a wish that was committed before; None for a new one."""
        for change, _ in self._pending:
            if (change.client_id, change.seq) == (proposal.client_id, proposal.seq):
                raise Failed("This change is being committed already", "Ask again in a moment.")
        seq, result = self._sessions.get(proposal.client_id, (-1, None))
        if proposal.seq > seq:
            return None
        if proposal.seq == seq:
            return result
        raise Failed(
            f"Change {proposal.seq} of this client comes after change {seq} was committed",
            "Read the configuration to see what it holds.",
        )

    def _wished(self, tip: Cib, proposal: Proposal) -> tuple[Cib, Edit | None]:
        """Return the document wished for, and the edit that leads there if it is known already."""
        patch = Patch.from_bytes(proposal.patch)
        if proposal.base_digest == tip.digest:
            new, edit = apply(tip, patch), patch.root
        else:
            new, edit = rebased(tip, patch)
        bare = _without_status(new)
        return bare, edit if bare is new else None

    def _replayed(self, change: Change) -> Cib:
        version = str(change.version)
        if self._committed.digest != change.base_digest:
            raise Diverged(
                f"the change before {version}", change.base_digest, self._committed.digest
            )
        try:
            after = apply(self._committed, Patch.from_bytes(change.patch))
        except (Conflict, Refused) as error:
            raise Diverged(version, change.digest, str(error)) from error
        if after.digest != change.digest or after.version != change.version:
            raise Diverged(version, change.digest, after.digest)
        return after


def propose(
    base: Cib, new: Cib, *, user: str, command: str, wall: str, client_id: str, seq: int,
    groups: Sequence[str] = (), origin: str = "", force: Sequence[str] = (),
) -> Proposal:  # fmt: skip
    """Return the wish that leads from *base* to *new*; `status` is no part of it."""
    old = _without_status(base)
    return Proposal(
        base.version, old.digest, diff(old, _without_status(new)).to_bytes(), user, command, wall,
        client_id, seq, tuple(groups), origin, tuple(force),
    )  # fmt: skip


def is_stopping(finding: Finding, force: Sequence[str]) -> bool:
    """Return whether *finding* refuses a change for whose author *force* names accepted codes."""
    if finding.severity is not Severity.ERROR:
        return False
    return not (finding.force and ("*" in force or finding.force in force))


def _without_status(cib: Cib) -> Cib:
    if not cib.holds("status"):
        return cib

    def strip(tree: Any) -> None:
        for status in tree.findall("status"):
            tree.remove(status)

    return cib.edited(strip)


def _stamped(tip: Cib, new: Cib, proposal: Proposal) -> Cib:
    """Return *new* one step after *tip* in time, with the marks of who changed it last.

    A wish may raise `admin_epoch`, never lower it; the rest of the version is the leader's alone.
    """
    present, wished = tip.version, new.version
    version = Version(max(present.admin_epoch, wished.admin_epoch), present.epoch + 1, 0)
    marks = {
        "cib-last-written": proposal.wall,
        "update-origin": proposal.origin,
        "update-client": proposal.command.split(" ", 1)[0],
        "update-user": proposal.user,
    }

    def stamp(tree: Any) -> None:
        for name in Version.__slots__:
            tree.set(name, str(getattr(version, name)))
        for name, value in marks.items():
            assert name in BOOKKEEPING
            if value:
                tree.set(name, value)

    return new.with_root(stamp)


@cache
def _types_of(cls: Any) -> dict[str, str]:
    return {field.name: str(field.type) for field in fields(cls)}


def _from_json(cls: type[_T], value: Any) -> _T:
    """Return the dataclass *cls* from its JSON; raises `Refused` where names or types are wrong."""
    types = _types_of(cast(Any, cls))
    if not isinstance(value, dict) or value.keys() != types.keys():
        raise _garbled(cls.__name__.lower(), "its fields are not those of this version")
    return cls(**{name: _field(cls, types[name], name, value[name]) for name in types})


def _field(cls: Any, kind: str, name: str, value: Any) -> Any:
    match kind, value:
        case "Version", {"admin_epoch": int(), "epoch": int(), "num_updates": int()}:
            return Version(value["admin_epoch"], value["epoch"], value["num_updates"])
        case ("bytes", str()):
            return value.encode("utf-8", "replace")
        case ("str", str()) | ("int", int()) | ("bool", bool()):
            return value
        case "tuple[str, ...]", list() | tuple() if all(isinstance(v, str) for v in value):
            return tuple(value)
    raise _garbled(cls.__name__.lower(), f"{name} is {value!r:.60}")


def _garbled(what: str, why: str) -> Refused:
    return Refused([Finding.error(f"{what}-garbled", what, f"The {what} cannot be read: {why}")])
