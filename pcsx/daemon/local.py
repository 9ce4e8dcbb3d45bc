"""This node's own resources: the executor's reports become the history and attributes it tells.

`Local` owns the truth about this node. It hands the DC's orders to the executor, keeps what came
of them, counts failures as the field does, and answers with messages for the view plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pcsx.daemon.diary import Diary
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.lrm import (
    Cancelled,
    Ended,
    Forgotten,
    Lrm,
    LrmEvent,
    Notified,
    Refuse,
    Report,
    Stopped,
)
from pcsx.daemon.messages import (
    Acknowledged,
    AttributesChanged,
    Declined,
    Forgot,
    Pairs,
    Ran,
    ViewMessage,
)
from pcsx.daemon.records import OpRecord
from pcsx.daemon.status import DONE, PENDING, History, failed
from pcsx.lean import dataclass
from pcsx.ring.port import Note
from pcsx.values import Now

REPORTED: Final = "asyncmon"
"""The task of a failure that was reported and not seen by an operation."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Say *message* to all members, in order."""

    message: ViewMessage


LocalEffect = Tell | Spawn | Kill | Stopped | Note


class Local:
    """See the module's paragraph. *start_failure_is_fatal* reads that option as it is now."""

    def __init__(self, me: int, lrm: Lrm, start_failure_is_fatal: Callable[[], bool]) -> None:
        self.lrm = lrm
        self.history = History()
        self.diary = Diary()
        self.attributes: dict[str, str] = {}
        self._me = me
        self._start_failure_is_fatal = start_failure_is_fatal

    def step(self, event: LrmEvent, now: Now) -> list[LocalEffect]:
        """Hand *event* to the executor; return what is to be told and done."""
        effects: list[LocalEffect] = []
        for effect in self.lrm.step(event, now):
            match effect:
                case Ended(order, exit, outcome, traced):
                    self.diary.take(order, exit, outcome, now, traced=traced)
                case Report(record):
                    effects += self._take(record)
                case Notified(order):
                    done = Acknowledged(order.term, order.transition, order.action)
                    effects.append(Tell(done))
                case Cancelled(order):
                    meta = dict(order.meta)
                    operation = meta.get("operation", "monitor")
                    interval = order.interval_ms or int(meta.get("interval", "0") or 0)
                    key = f"{order.resource}_{operation}_{interval}"
                    self.history.drop(order.resource, key)
                    name = (order.term, order.transition, order.action)
                    effects.append(Tell(Acknowledged(*name, resource=order.resource, key=key)))
                case Forgotten(order):
                    self.diary.forget(order.resource)
                    effects += self.forget(
                        order.resource, name=(order.term, order.transition, order.action)
                    )
                case Refuse(order, why):
                    declined = Declined(order.term, order.transition, order.action, why)
                    effects.append(Tell(declined))
                case Spawn() | Kill() | Stopped() | Note():
                    effects.append(effect)
        return effects

    def _take(self, record: OpRecord) -> list[LocalEffect]:
        """Put *record* on record, count it where it is a failure, and tell both."""
        self.history.take(record)
        counted = self._count(record)
        self.set(counted)
        effects: list[LocalEffect] = [Tell(Ran(record, counted))]
        if record.status != PENDING and not (record.interval_ms and _is_well(record)):
            effects.append(Note("lrm", _told(record)))
        return effects

    def fail(self, resource: str, now: Now) -> list[LocalEffect]:
        """Put on record that *resource* was found failed by somebody else; nothing if it is off.

        Its name is the field's, `asyncmon`: the failure of a monitor that nobody ordered.
        """
        effects: list[LocalEffect] = []
        for id in self.history.active:
            if not _is_of(id, resource):
                continue
            newest = max(
                (each for each in self.history.records() if each.resource == id),
                key=lambda each: (not each.interval_ms, each.call),
            )
            failure = replace(
                newest, key=f"{id}_{REPORTED}_0", task=REPORTED, interval_ms=0,
                call=self.lrm.number(), rc=1, status=DONE, target_rc=0,
                reason="reported as failed", changed_s=int(now.wall.timestamp()), exec_ms=0,
                queue_ms=0,
            )  # fmt: skip
            effects += self._take(failure)
        return effects

    def set(self, pairs: Pairs) -> None:
        """Take changed attributes of this node; an empty value takes one away."""
        for name, value in pairs:
            if value:
                self.attributes[name] = value
            else:
                self.attributes.pop(name, None)

    def forget(self, resource: str, *, name: tuple[int, int, int] = (0, 0, 0)) -> list[LocalEffect]:
        """Drop the history of *resource* (all where empty) with its failures, and tell it."""
        self.history.forget(resource)
        cleared = self._failures(resource)
        self.set(cleared)
        effects: list[LocalEffect] = [Tell(Forgot(resource, *name))]
        if cleared:
            effects.append(Tell(AttributesChanged(self._me, cleared)))
        return effects

    def clean(
        self, resource: str, *, refresh: bool, operation: str = "", interval_ms: int = -1
    ) -> list[LocalEffect]:
        """Do an operator's cleanup: forget what failed, or with *refresh* all, and tell it.

        With *operation* (and *interval_ms*, if not below zero) only failures of that count.
        """
        ids = [id for id in self.history.resources if _is_of(id, resource)]
        if operation:
            return self._clean_operation(ids, operation, interval_ms)
        if not refresh:
            failing = {id for id in self.history.resources if self.history.has_failed(id)}
            counted = {_resource_of(name) for name, _ in self._failures("")}
            ids = [id for id in ids if id in failing or id in counted]
        effects: list[LocalEffect] = []
        for id in ids:
            effects += self.forget(id)
        leftover = tuple(
            pair for pair in self._failures("") if _is_of(_resource_of(pair[0]), resource)
        )
        if leftover:
            self.set(leftover)
            effects.append(Tell(AttributesChanged(self._me, leftover)))
        return effects

    def _clean_operation(
        self, ids: list[str], operation: str, interval_ms: int
    ) -> list[LocalEffect]:
        effects: list[LocalEffect] = []
        for id in ids:
            mine = self._failures(id)
            gone = tuple(
                (name, value)
                for name, value in mine
                if (end := name.rpartition("#")[2].rpartition("_"))[0] == operation
                and interval_ms in (-1, int(end[2]))
            )
            if gone and gone == mine:
                effects += self.forget(id)
            elif gone:
                self.set(gone)
                effects.append(Tell(AttributesChanged(self._me, gone)))
        return effects

    def _failures(self, resource: str) -> Pairs:
        """Return the attributes that count failures of *resource* (any where empty), emptied."""
        return tuple(
            (name, "")
            for name in sorted(self.attributes)
            if name.startswith(("fail-count-", "last-failure-"))
            and (not resource or _resource_of(name) == resource)
        )

    def _count(self, record: OpRecord) -> Pairs:
        """Return the fail count after *record*, if it is a failure that counts.

        A failed stop is final, and so is a failed start unless start-failure-is-fatal says no.
        Probes and notifications count nothing.
        """
        probe = record.task == "monitor" and record.interval_ms == 0
        if record.status == PENDING or probe or not failed(record):
            return ()
        suffix = f"{record.resource}#{record.task}_{record.interval_ms}"
        old = self.attributes.get(f"fail-count-{suffix}", "0")
        fatal = record.task == "stop" or (record.task == "start" and self._start_failure_is_fatal())
        count = "INFINITY" if fatal or old == "INFINITY" else str(int(old) + 1)
        return (
            (f"fail-count-{suffix}", count),
            (f"last-failure-{suffix}", str(record.changed_s)),
        )


def _is_well(record: OpRecord) -> bool:
    return not failed(record)


def _told(record: OpRecord) -> str:
    """Return the outcome of an operation as a line of the journal."""
    what = f"{record.resource} {record.task}"
    if not failed(record):
        code = "ok" if record.rc == 0 else f"rc={record.rc}"
        return f"{what} {code} {record.exec_ms} ms"
    reason = f": {record.reason}" if record.reason else ""
    return f"{what} failed rc={record.rc} status={record.status} {record.exec_ms} ms{reason}"


def _resource_of(attribute: str) -> str:
    return attribute.split("-", 2)[2].rpartition("#")[0]


def _is_of(id: str, resource: str) -> bool:
    return not resource or id == resource or id.partition(":")[0] == resource
