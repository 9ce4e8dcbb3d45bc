"""What the entries of one history say, oldest first: the role of the resource on that node, what
failed, and what is to follow from it.

`Life` carries what one entry leaves for the next; `settle.py` draws the conclusions at the end.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.objects import History, HistoryOperation
from pcsx.lean import dataclass
from pcsx.pe.actions.fencing import can_fence
from pcsx.pe.actions.make import ask
from pcsx.pe.model import (
    FailedOperation,
    Node,
    OnFail,
    Primitive,
    Role,
    WorkingSet,
)
from pcsx.pe.read import migrations
from pcsx.pe.read.active import block
from pcsx.pe.read.expiry import is_expired
from pcsx.pe.read.operations import on_fail, role_after_failure
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import ban, ban_everywhere
from pcsx.values import INFINITY

PENDING: Final = -1
DONE: Final = 0
ERROR: Final = 4
_HARD: Final = 5
_FATAL: Final = 6
_NOT_INSTALLED: Final = 7
_NOT_CONNECTED: Final = 8
_NO_DEVICE: Final = 10
_NO_SECRETS: Final = 11
_TASKS: Final = frozenset(
    ("monitor", "start", "stop", "promote", "demote", "migrate_to", "migrate_from", "asyncmon")
)
_CLEARED: Final = frozenset(
    (OnFail.BLOCK, OnFail.IGNORE, OnFail.DEMOTE, OnFail.RESTART, OnFail.RESTART_CONTAINER)
)
_RESULTS: Final = {
    1: "it failed", 2: "its parameters are invalid", 3: "the agent cannot do that",
    4: "it lacks the right", 5: "it is not installed", 6: "it is not configured",
    7: "it was not running", 8: "it was promoted", 9: "it failed while promoted",
}  # fmt: skip


@dataclass(slots=True)
class Life:
    """One history while it is read."""

    work: WorkingSet
    rsc: Primitive
    node: Node
    history: History
    severity: OnFail = OnFail.IGNORE
    """The worst that a failure asks for so far."""
    last_failure: HistoryOperation | None = None

    def read(self, entries: list[HistoryOperation]) -> None:
        """Take all *entries* in, oldest first."""
        for entry in entries:
            if (
                entry.task in _TASKS
                and -1 <= entry.status <= 11
                and entry.status != 1
                and 0 <= entry.exit_code <= 255
            ):
                self.take(entry)

    def take(self, entry: HistoryOperation) -> None:
        """Take one entry in."""
        rsc = self.rsc
        expired = is_expired(self.work, rsc, self.node, entry, entry.status)
        maskable = (
            entry.task == "monitor"
            and entry.interval_ms == 0
            and (entry.exit_code in (2, 5) or entry.status == _NOT_INSTALLED)
        )
        masked = maskable and not rsc.in_bundle
        status, code = self.remapped(entry, masked=masked, expired=expired)
        if expired and self.pass_over(entry, code, masked=masked):
            return
        if masked:
            self.take_masked(entry)
        elif status == PENDING:
            self.take_pending(entry)
        elif status == DONE:
            self.take_done(entry, code)
        else:
            self.take_failed(entry, status, code)

    # --- What a result means --------------------------------------------------------------

    def remapped(self, entry: HistoryOperation, *, masked: bool, expired: bool) -> tuple[int, int]:
        """Return the status and the exit code that count, and take the role that they tell."""
        status, code = entry.status, entry.exit_code
        code = {190: 0, 191: 8}.get(code, code)
        if masked:
            status, code = DONE, 7
        if status in (_NO_DEVICE, _NO_SECRETS):
            status = _HARD
        if status not in (DONE, ERROR):
            return status, code
        rsc = self.rsc
        expected = entry.expected
        is_probe = entry.task == "monitor" and entry.interval_ms == 0
        status = DONE if code == expected else ERROR
        if code == 0:
            if is_probe and expected == 7:
                status = DONE
        elif code == 7:
            if is_probe or expected == 7 or not rsc.managed:
                status = DONE
                rsc.role = Role.STOPPED
                self.severity = OnFail.IGNORE
                rsc.next_role = Role.UNKNOWN
        elif code == 8:
            if is_probe and expected != 8:
                status = DONE
            if not expired or expected == 8:
                rsc.role = Role.PROMOTED
        elif code == 9:
            if not expired:
                rsc.role = Role.PROMOTED
            status = ERROR
        elif code == 6:
            status = _FATAL
        elif code == 3:
            status = 3 if entry.interval_ms else _HARD
            self.block_failed_stop(entry, expired=expired)
        elif code in (2, 4, 5):
            status = _HARD
            self.block_failed_stop(entry, expired=expired)
        return status, code

    def block_failed_stop(self, entry: HistoryOperation, *, expired: bool) -> None:
        """Block a resource that cannot be stopped where its node cannot be fenced."""
        if not expired and entry.task == "stop" and not can_fence(self.work, self.node):
            block(self.rsc)

    def pass_over(self, entry: HistoryOperation, code: int, *, masked: bool) -> bool:
        """Say whether an expired entry is not taken in."""
        if masked and entry.exit_code != entry.expected:
            if self.rsc.role <= Role.STOPPED:
                self.rsc.role = Role.UNKNOWN
            return True
        if code == entry.expected:
            return False
        if entry.interval_ms == 0:
            return True
        if self.node.online and not self.node.unclean:
            self.work.outdated.add(entry)
            return True
        return False

    def take_masked(self, entry: HistoryOperation) -> None:
        """Take a probe that only says that the agent cannot work here."""
        self.take_done(entry, entry.expected, stopped=True)
        self.record(entry, hidden=True)
        ban(self.widest(), self.node)
        note(self.work, Why.NOT_INSTALLED, self.rsc, self.node, _RESULTS.get(entry.exit_code, ""))

    def take_pending(self, entry: HistoryOperation) -> None:
        """Take an operation that is under way, or was when it was last heard of."""
        last, rsc = self.last_failure, self.rsc
        if (
            last is not None
            and last.task == entry.task
            and last.interval_ms == entry.interval_ms
            and last.changed_s >= entry.changed_s
        ):
            return
        if entry.task == "start":
            rsc.start_pending = True
            self.make_active()
        elif entry.task == "promote":
            rsc.role = Role.PROMOTED
        elif entry.task == "migrate_to" and self.node.unclean:
            target = self.work.node_of(entry.get("migrate_target"))
            if target is not None:
                ask(self.work, rsc, "stop", target, required=True)
        if rsc.pending_task is None and (entry.task != "monitor" or entry.interval_ms):
            rsc.pending_task = entry.task
            rsc.pending_node = self.node

    def take_done(self, entry: HistoryOperation, code: int, *, stopped: bool = False) -> None:
        """Take an operation that came out well."""
        rsc, task = self.rsc, entry.task
        clears = True
        if code == 5 or stopped:
            rsc.role = Role.STOPPED
            clears = False
        elif code == 7:
            pass
        elif task == "monitor":
            if rsc.role < Role.STARTED:
                self.make_active()
            clears = self.last_failure is not None and _same_operation(self.last_failure, entry)
        elif task in ("start", "migrate_from"):
            rsc.role = Role.STARTED
        elif task == "stop":
            rsc.role = Role.STOPPED
        elif task == "promote":
            rsc.role = Role.PROMOTED
        elif task == "demote":
            rsc.role = Role.UNPROMOTED
            clears = self.severity == OnFail.DEMOTE
        elif task == "migrate_to":
            migrations.take_migrate_to(self.work, rsc, self.node, entry)
            clears = False
        else:
            if rsc.role < Role.STARTED:
                self.make_active()
            clears = False
        if clears:
            self.forgive()

    def forgive(self) -> None:
        """Forget earlier failures that a success makes good."""
        if self.severity in _CLEARED or (
            self.severity == OnFail.RESET_REMOTE and not self.rsc.reconnect_ms
        ):
            self.severity = OnFail.IGNORE
            self.rsc.next_role = Role.UNKNOWN

    def take_failed(self, entry: HistoryOperation, status: int, code: int) -> None:
        """Take an operation that failed."""
        work, rsc = self.work, self.rsc
        result = on_fail(work, rsc, entry.task, entry.interval_ms)
        if status == _NOT_INSTALLED:
            if result == OnFail.IGNORE:
                result = OnFail.BAN
            ban(self.widest(), self.node)
            note(work, Why.NOT_INSTALLED, rsc, self.node, "it is not installed")
            self.fail(entry, code, result)
            return
        if status == _NOT_CONNECTED and self.node.is_pcmk_remote:
            connection = self.node.connection
            if connection is not None and connection.managed:
                connection.failed = connection.must_stop = True
        if result == OnFail.IGNORE or (result == OnFail.RESTART_CONTAINER and entry.task == "stop"):
            self.take_done(entry, entry.expected)
            rsc.failure_ignored = True
            self.record(entry)
            if result == OnFail.RESTART_CONTAINER and self.severity <= OnFail.RESTART:
                self.severity = result
            return
        self.fail(entry, code, result)
        told = (entry.task, _RESULTS.get(code, f"exit code {code}"))
        if status == _HARD:
            ban(self.widest(), self.node)
            note(work, Why.FAILED_HERE, rsc, self.node, *told)
        elif status == _FATAL:
            ban_everywhere(self.widest(), work.nodes)
            note(work, Why.FAILED_EVERYWHERE, rsc, self.node, *told)

    def fail(self, entry: HistoryOperation, code: int, result: OnFail) -> None:
        """Take a failure whose consequence is *result*."""
        work, rsc, task = self.work, self.rsc, entry.task
        self.last_failure = entry
        if work.options.symmetric or code != 5:
            self.record(entry)
        self.severity = max(self.severity, result)
        if task == "stop":
            ban(rsc, self.node)
            note(work, Why.FAILED_STOP, rsc, self.node)
        elif task == "migrate_to":
            migrations.take_failed_migrate_to(work, rsc, self.node, entry)
        elif task == "migrate_from":
            migrations.take_failed_migrate_from(work, rsc, self.node, entry)
        elif task == "promote":
            rsc.role = Role.PROMOTED
        elif task == "demote":
            self.fail_demote(code, result)
        if task == "monitor" and entry.interval_ms == 0 and code == 5:
            rsc.role = Role.STOPPED
        elif rsc.role < Role.STARTED:
            self.make_active()
        after = role_after_failure(rsc, task, result)
        if after != Role.STARTED and rsc.next_role < after:
            rsc.next_role = after
        if after == Role.STOPPED:
            self.widest().allowed = dict.fromkeys(work.nodes, -INFINITY)

    def fail_demote(self, code: int, result: OnFail) -> None:
        """Take a demote that failed: whether it still is promoted depends on what follows."""
        if result == OnFail.BLOCK:
            self.rsc.role = Role.PROMOTED
            self.rsc.next_role = Role.STOPPED
        elif code == 7:
            self.rsc.role = Role.STOPPED
        else:
            self.rsc.role = Role.UNPROMOTED

    # --- Small words --------------------------------------------------------------------------

    def make_active(self) -> None:
        """Set the role that says no more than that it runs."""
        self.rsc.role = Role.UNPROMOTED if self.rsc.top.promotable else Role.STARTED

    def widest(self) -> Primitive:
        """Return whom a ban hits: an anonymous clone as a whole."""
        return self.rsc.anonymous_clone or self.rsc  # type: ignore[return-value]

    def record(self, entry: HistoryOperation, *, hidden: bool = False) -> None:
        """Remember a failure for status and for people, once: the history may have it twice."""
        if key := entry.get("operation_key"):
            known, failure = self.work.failed_keys, (self.rsc, self.node, key)
            if failure in known:
                return
            known.add(failure)
        self.work.failures.append(
            FailedOperation(self.rsc, self.node, entry, entry.exit_code, entry.status, hidden)
        )


def _same_operation(left: HistoryOperation, right: HistoryOperation) -> bool:
    a, b = left.get("operation_key"), right.get("operation_key")
    if a and b:
        return a == b
    return left.task == right.task and left.interval_ms == right.interval_ms
