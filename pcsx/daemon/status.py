"""What every member holds of all nodes: attributes and histories, as the nodes themselves said.

`History` is one node's operations in the slots that the CIB keeps; `Picture` is all nodes', and
becomes the status section. Each node owns the truth about itself, so nothing is ever merged: a
later word of the same node replaces the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Final

from pcsx.agents import Outcome, Status, plain
from pcsx.agents.outcome import UNKNOWN
from pcsx.cib.status import NodeState, Operation, ResourceHistory
from pcsx.daemon.messages import LostNode, NodeStatus, Pairs
from pcsx.daemon.recording import record_of
from pcsx.daemon.records import STARTS, OpRecord, Order
from pcsx.lean import dataclass
from pcsx.ring.frames import Boot, Why
from pcsx.values import NodeName

FEATURE_SET: Final = "3.17.4"
"""What our documents ask of a reader: no more than the oldest Pacemaker in the field has."""

WATCHDOG: Final = "#watchdog"
"""A node's attribute: its armed watchdog's timeout in ms; with `:quorum`, it bites on its loss."""

LOG: Final = "#log"
"""A node's attribute: why it does not count fully in the log, in words; not there where it does."""

PRIVATE: Final = "#private:"
"""What is before the name of an attribute that agents keep among themselves.

All members hold it, and it is neither in the document nor told to anybody, nor a reason to plan.
"""

DONE: Final = 0
PENDING: Final = -1
_ENDS: Final = ("stop", "demote")


def failed(record: OpRecord) -> bool:
    """Return whether *record* is a failure: it came out otherwise than was expected.

    A probe (a monitor at interval 0) fails only where the agent could not tell; that it found the
    resource where it was not expected is news, not failure.
    """
    if record.status == PENDING or record.task == "notify":
        return False
    if record.task == "monitor" and record.interval_ms == 0:
        return record.status not in (DONE, 7) or record.rc not in (0, 7, 8, 190, 191, 5)
    return record.status != DONE or plain(record.rc) != record.target_rc


class History:
    """The operations of one node, in the slots that the CIB keeps them in."""

    def __init__(self, records: Iterable[OpRecord] = ()) -> None:
        self._slots: dict[str, dict[str, OpRecord]] = {}
        for record in records:
            self._put(record)
        self._xml: dict[str, ResourceHistory] = {}
        self._told: tuple[ResourceHistory, ...] | None = None

    def _put(self, record: OpRecord) -> dict[str, OpRecord]:
        """Put *record* in its slot; a failure in the slot of failures as well.

        While a stop or a demote is under way, what was known before stands beside it: until it has
        come out, the resource counts for what it was.
        """
        slots = self._slots.setdefault(record.resource, {})
        slot, before = _slot(record), f"{record.resource}_before_0"
        if not record.interval_ms:
            known = slots.get(slot)
            if record.status != PENDING:
                slots.pop(before, None)
            elif record.task in _ENDS and known is not None and known.status != PENDING:
                slots[before] = known
        slots[slot] = record
        if failed(record):
            slots[f"{record.resource}_last_failure_0"] = record
        return slots

    def take(self, record: OpRecord) -> None:
        """Put *record* in its slot."""
        slots = self._put(record)
        if not failed(record) and record.status != PENDING and record.task == "stop":
            # What recurred has ended with the instance it watched.
            for slot in [s for s, old in slots.items() if old.interval_ms]:
                if not slot.endswith("_last_failure_0"):
                    del slots[slot]
        self._forget_xml(record.resource)

    def merge(self, records: Iterable[OpRecord]) -> None:
        """Put those of *records* in their slots that are later than what is there.

        *records* are of the same life of the same node, as someone else has heard them. What one of
        the two has forgotten comes back: it is about what may still run.
        """
        for record in sorted(records, key=_age):
            known = self._slots.get(record.resource, {}).get(_slot(record))
            if known is None or _age(known) < _age(record):
                self.take(record)

    def drop(self, resource: str, key: str) -> None:
        """Forget the recurring operation *key* of *resource*, which was cancelled."""
        slots = self._slots.get(resource, {})
        slots.pop(key, None)
        if not slots:
            self._slots.pop(resource, None)
        self._forget_xml(resource)

    def forget(self, resource: str) -> None:
        """Forget all of *resource*, or of all resources where it is empty."""
        if resource:
            self._slots.pop(resource, None)
            self._forget_xml(resource)
        else:
            self._slots.clear()
            self._xml.clear()
            self._told = None

    def locked(self) -> tuple[OpRecord, ...]:
        """Return the records by which resources are locked to the node, as of a life before all."""
        newest = (max(slots.values(), key=lambda r: r.call) for slots in self._slots.values())
        return tuple(replace(record, call=0) for record in newest if record.lock_s)

    def take_locks(self, records: Iterable[OpRecord]) -> None:
        """Take those of *records*, of an earlier life, that lock a resource unheard of here."""
        for record in History(records).locked():
            if record.resource not in self._slots:
                self.take(record)

    def _forget_xml(self, resource: str) -> None:
        self._xml.pop(resource, None)
        self._told = None

    def has_failed(self, id: str) -> bool:
        """Return whether an operation of the resource *id* that is on record failed."""
        return any(failed(record) for record in self._slots.get(id, {}).values())

    @property
    def resources(self) -> list[str]:
        """Return the ids of the resources on record, sorted."""
        return sorted(self._slots)

    @property
    def active(self) -> list[str]:
        """Return the ids of the resources that may run by what is on record, sorted."""
        return sorted(id for id, slots in self._slots.items() if _may_run(slots.values()))

    def records(self) -> tuple[OpRecord, ...]:
        """Return every record, so that `History(records)` is this history again."""
        return tuple(
            record
            for _, slots in sorted(self._slots.items())
            for slot, record in sorted(slots.items(), key=lambda item: item[1].call)
            if not (slot.endswith("_last_failure_0") and slots.get(_slot(record)) == record)
        )

    def xml(self, name: NodeName, cluster: str) -> tuple[ResourceHistory, ...]:
        """Return the history as the status section has it; what is as before is the same object."""
        if self._told is not None:
            return self._told
        self.prepare(name, cluster, len(self._slots))
        self._told = tuple(self._xml[id] for id in sorted(self._xml))
        return self._told

    def prepare(self, name: NodeName, cluster: str, most: int) -> int:
        """Do a share of the work for `xml`: on at most *most* resources; return on how many."""
        if self._told is not None:
            return 0
        missing = list(self._slots.keys() - self._xml.keys())[:most]
        for id in missing:
            slots = self._slots[id]
            newest = max(slots.values(), key=lambda record: record.call)
            operations = tuple(
                Operation(slot, _attributes(record, name, cluster))
                for slot, record in sorted(slots.items())
            )
            self._xml[id] = ResourceHistory(id, newest.agent, operations, newest.lock_s)
        return len(missing)


def _may_run(records: Iterable[OpRecord]) -> bool:
    """Return whether the newest word on a resource leaves it open that it runs."""
    told = [record for record in records if record.task != "notify"]
    newest = max(told, key=lambda record: record.call, default=None)
    if newest is None or (newest.task == "stop" and newest.rc == 0 and newest.status == DONE):
        return False
    return not (newest.task == "monitor" and newest.rc in (5, 7))


def _slot(record: OpRecord) -> str:
    if record.interval_ms:
        return record.key
    return f"{record.resource}_last_0"


def _age(record: OpRecord) -> tuple[int, bool]:
    """Return by what the later of two records is told: calls rise; what is under way ends."""
    return record.call, record.status != PENDING


def _attributes(record: OpRecord, name: str, cluster: str) -> Pairs:
    uuid = f"{cluster[:8]}-{cluster[8:12]}-{cluster[12:16]}-{cluster[16:20]}-{cluster[20:32]}"
    key = f"{record.action}:{record.transition}:{record.target_rc}:{uuid}"
    pairs = [
        ("operation_key", record.key),
        ("operation", record.task),
        ("crm-debug-origin", "pcsx"),
        ("crm_feature_set", FEATURE_SET),
        ("transition-key", key),
        ("transition-magic", f"{record.status}:{record.rc};{key}"),
        ("exit-reason", record.reason),
        ("on_node", name),
        ("call-id", str(record.call)),
        ("rc-code", str(record.rc)),
        ("op-status", str(record.status)),
        ("interval", str(record.interval_ms)),
        ("last-rc-change", str(record.changed_s)),
        ("exec-time", str(record.exec_ms)),
        ("queue-time", str(record.queue_ms)),
        ("op-digest", record.digest),
    ]
    if record.restart_digest:
        pairs.append(("op-force-restart", record.restart_params))
        pairs.append(("op-restart-digest", record.restart_digest))
    if record.secure_digest:
        pairs.append(("op-secure-params", record.secure_params))
        pairs.append(("op-secure-digest", record.secure_digest))
    if record.migrate_source:
        pairs.append(("migrate_source", record.migrate_source))
        pairs.append(("migrate_target", record.migrate_target))
    return tuple(pairs)


@dataclass(slots=True)
class NodePicture:
    """One node as it was last heard: *present* while it is in the view and has said its status."""

    boot: Boot
    history: History = field(default_factory=History)
    attributes: dict[str, str] = field(default_factory=dict)
    present: bool = False
    why: Why = Why.HEARD
    """Why it is not there, where it is not."""
    since_s: int = 0
    fencing: tuple[int, ...] = ()
    devices: tuple[str, ...] = ()
    _unanswered: dict[tuple[int, int, int], Order] = field(default_factory=dict)
    """What it was told to begin, by term, transition and action, and has not answered for."""

    def told(self, orders: Iterable[Order]) -> None:
        """Note that *orders* have gone to it: what they begin may run there from now on."""
        for order in orders:
            if order.task in STARTS:
                self._unanswered[(order.term, order.transition, order.action)] = order

    def answered(self, term: int, transition: int, action: int) -> None:
        """Note that it has said what came of an order."""
        self._unanswered.pop((term, transition, action), None)

    def give_up(self, wall_s: int) -> None:
        """Let what it never answered for count as begun: nobody will say what came of it."""
        for order in self._unanswered.values():
            call = 1 + max((record.call for record in self.history.records()), default=0)
            self.history.take(
                record_of(
                    order, Outcome(UNKNOWN, Status.PENDING), None,
                    call=call, changed_s=wall_s, exec_ms=0, queue_ms=0,
                )
            )  # fmt: skip
        self._unanswered.clear()

    def set(self, pairs: Pairs) -> None:
        """Take changed attributes; an empty value takes one away."""
        for name, value in pairs:
            if value:
                self.attributes[name] = value
            else:
                self.attributes.pop(name, None)


class Picture:
    """All nodes that were heard in this node's life, by id."""

    def __init__(self) -> None:
        self.nodes: dict[int, NodePicture] = {}

    def take(self, node: int, status: NodeStatus) -> None:
        """Take the whole status of *node*, and what it knows of lost nodes that we do not."""
        before = self.nodes.get(node)
        history = History(status.records)
        if before is not None and before.boot < status.boot:
            history.take_locks(before.history.records())
        self.nodes[node] = NodePicture(
            status.boot,
            history,
            dict(status.attributes),
            present=True,
            fencing=status.fencing,
            devices=status.devices,
        )
        for lost in status.lost:
            known = self.nodes.get(lost.node)
            if known is not None and not known.present and known.boot == lost.boot:
                known.history.merge(lost.records)
            elif known is not None and known.present and lost.boot < known.boot:
                known.history.take_locks(lost.records)
            elif known is None or (not known.present and known.boot < lost.boot):
                self.nodes[lost.node] = NodePicture(
                    lost.boot,
                    History(lost.records),
                    dict(lost.attributes),
                    why=lost.why,
                    since_s=lost.since_s,
                )

    def gone(self, node: int, boot: Boot, why: Why, wall_s: int) -> None:
        """Mark *node* as out of the view; what it said is kept until it is known to be over."""
        picture = self.nodes.setdefault(node, NodePicture(boot))
        if boot >= picture.boot:
            picture.present, picture.why, picture.since_s = False, why, wall_s
            picture.fencing = ()
            picture.give_up(wall_s)

    def over(self, node: int, boot_counter: int, *, fenced: bool = False) -> None:
        """Wipe what was known of the lives of *node* up to *boot_counter*: they are over.

        Shutdown locks stay, unless it was *fenced*: what has one waits for the node.
        """
        picture = self.nodes.get(node)
        if picture is not None and not picture.present and picture.boot.counter <= boot_counter:
            picture.history = History(() if fenced else picture.history.locked())
            picture.attributes.clear()

    def is_locked(self, node: int, resource: str) -> bool:
        """Return whether *resource*, any where it is empty, waits for *node*, which is away."""
        picture = self.nodes.get(node)
        return (
            picture is not None
            and not picture.present
            and any(resource in ("", record.resource) for record in picture.history.locked())
        )

    def unlock(self, node: int, resource: str) -> bool:
        """Forget the lock of *resource*, all where it is empty, to *node*, or to all (0).

        Return whether there was one.
        """
        found = False
        for id, picture in self.nodes.items():
            if node in (0, id) and self.is_locked(id, resource):
                found = True
                for record in picture.history.locked():
                    if resource in ("", record.resource):
                        picture.history.forget(record.resource)
        return found

    def lost(self) -> tuple[LostNode, ...]:
        """Return the nodes that are not in the view, as a member tells them to others."""
        return tuple(
            LostNode(
                id,
                node.boot,
                node.why,
                node.since_s,
                tuple(sorted(node.attributes.items())),
                node.history.records(),
            )
            for id, node in sorted(self.nodes.items())
            if not node.present
        )

    def state(
        self, id: int, name: NodeName, cluster: str, *, clean_down: bool, online: bool
    ) -> NodeState | None:
        """Return *node*'s entry of the status section, or None of one that was never heard.

        *online*: it is a member that may be given work; *clean_down*: its last life is over for
        certain.
        """
        node = self.nodes.get(id)
        if node is None:
            if not clean_down:
                return None
            return NodeState(str(id), name, False, False, "down", "down")
        attributes = tuple(
            pair for pair in sorted(node.attributes.items()) if not pair[0].startswith(PRIVATE)
        )
        history = node.history.xml(name, cluster)
        if node.present:
            join = "member" if online else "down"
            return NodeState(str(id), name, True, online, join, "member", attributes, history)
        expected = "down" if clean_down else "member"
        return NodeState(str(id), name, False, False, "down", expected, attributes, history)
