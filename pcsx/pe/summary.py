"""The decision in the field's words: one line for each node that is fenced and each resource that
is to change, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.lean import dataclass
from pcsx.pe.assign.nodes import current_node
from pcsx.pe.flags import OPTIONAL, RUNNABLE
from pcsx.pe.model import (
    Action,
    Bundle,
    MultipleActive,
    Node,
    Primitive,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.report import is_active

_NEED_ROLE = (Role.UNPROMOTED, Role.PROMOTED)


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource: *word* (Start, Move, …), the *details* in parentheses, and
    what follows them."""

    word: str
    resource: str
    details: str
    because: str


def summary_lines(work: WorkingSet) -> list[str]:
    """Return the lines of the summary, aligned."""
    lines = [f"  * {text}" for text in fencings(work)]
    found = list(changes(work))
    width = detail_width = 5
    for change in found:
        if len(change.resource) > width:
            width = len(change.resource) + 2
        detail_width = max(detail_width, len(change.details))
    for change in found:
        line = (
            f"  * {change.word:<8}   {change.resource:<{width}}   "
            f"( {change.details:>{detail_width}} )"
        )
        lines.append(f"{line}  {change.because}" if change.because else line)
    return lines


def fencings(work: WorkingSet) -> Iterator[str]:
    """Return what happens to nodes, newest request first."""
    for action in reversed(work.actions):
        node = action.node
        if (
            action.task != "stonith"
            or action.flags & OPTIONAL
            or action.reason is None
            or node is None
        ):
            continue
        name = node.name
        if node.is_guest and node.connection is not None and node.connection.launcher is not None:
            name = f"{name} (resource: {node.connection.launcher.id})"
        operation = action.meta.get("stonith_action", "")
        yield f"Fence ({operation}) {name} '{action.reason}'"


def changes(work: WorkingSet) -> Iterator[Change]:
    """Return what happens to resources, in their order."""
    for top in work.resources:
        for rsc in in_summary_order(top):
            yield from _Judge(rsc).changes()


def in_summary_order(rsc: Resource) -> Iterator[Primitive]:
    """Return the primitives in *rsc*; of a bundle each replica's together, the address first."""
    if not isinstance(rsc, Bundle):
        yield from rsc.primitives()
        return
    for replica in rsc.replicas:
        for part in (replica.ip, replica.container, replica.connection, replica.child):
            if part is not None:
                yield part


class _Judge:
    """Finds the word for what happens to one primitive."""

    def __init__(self, rsc: Primitive) -> None:
        self.rsc = rsc
        self.current = current_node(rsc)
        self.assigned = rsc.assigned
        self.role = rsc.role
        if self.role == Role.STOPPED and rsc.active:
            self.role = Role.STARTED
        self.next_role = rsc.next_role

    def changes(self) -> Iterator[Change]:
        """Return the lines of the resource: one, none, or a Stop for each place."""
        rsc = self.rsc
        if rsc.removed and not is_active(rsc, partly=True):
            return
        if not rsc.managed or (self.current is None and self.assigned is None):
            return
        start = self.first("start", self.assigned)
        stop = None
        if start is not None and start.flags & RUNNABLE:
            stop = self.first("stop", self.current)
            if stop is None and rsc.multiple_active == MultipleActive.STOP_UNEXPECTED:
                stop = self.first("stop", None)
        else:
            stop = self.first("stop", None)
        if self.role == self.next_role:
            yield from self.same_role(start, stop)
        else:
            yield from self.other_role(start, stop)

    def first(self, task: str, node: Node | None) -> Action | None:
        """Return the first action for *task*, on *node* if one is given, or else on none."""
        nowhere = None
        for action in self.rsc.actions_by_key.get(f"{self.rsc.id}_{task}_0", ()):
            if node is None or action.node is node:
                return action
            if action.node is None and nowhere is None:
                nowhere = action
        return nowhere

    @property
    def moves(self) -> bool:
        """Say whether it goes from one node to another."""
        return (
            self.current is not None
            and self.assigned is not None
            and self.current is not self.assigned
        )

    def same_role(self, start: Action | None, stop: Action | None) -> Iterator[Change]:
        """Return the line for a resource that will be what it is."""
        rsc = self.rsc
        migrate = self.first("migrate_from", self.assigned)
        if self.current is not None and migrate is not None and migrate.flags & RUNNABLE:
            yield self.tell("Migrate", self.current, self.assigned, start, start)
        elif rsc.reload:
            yield self.tell("Reload", self.current, self.assigned, start, start)
        elif start is None or start.flags & OPTIONAL:
            demote = self.first("demote", self.assigned)
            promote = self.first("promote", self.assigned)
            if (
                demote is not None
                and promote is not None
                and not (demote.flags | promote.flags) & OPTIONAL
            ):
                yield self.tell("Re-promote", self.current, self.assigned, promote, demote)
        elif not start.flags & RUNNABLE:
            yield self.tell("Stop", self.current, None, stop, _with_reason(stop, start))
        elif self.moves:
            word = "Recover" if rsc.failed else "Move"
            yield self.tell(word, self.current, self.assigned, stop, stop)
        elif rsc.failed:
            yield self.tell("Recover", self.current, None, stop, stop)
        else:
            yield self.tell("Restart", self.current, self.assigned, start, start)

    def other_role(self, start: Action | None, stop: Action | None) -> Iterator[Change]:
        """Return the lines for a resource that will be something else."""
        rsc = self.rsc
        cannot_start = start is not None and not start.flags & RUNNABLE
        if stop is not None and (self.next_role == Role.STOPPED or cannot_start):
            for node in rsc.active:
                here = self.first("stop", node)
                yield self.tell("Stop", node, None, here, _with_reason(here, start))
        elif stop is not None and rsc.failed and rsc.must_stop:
            yield self.tell("Recover", self.current, self.assigned, stop, start)
        elif self.moves:
            yield self.tell("Move", self.current, self.assigned, stop, stop)
        elif rsc.reload:
            yield self.tell("Reload", self.current, self.assigned, start, start)
        elif stop is not None and not stop.flags & OPTIONAL:
            yield self.tell("Restart", self.current, self.assigned, start, start)
        elif self.role == Role.PROMOTED:
            demote = self.first("demote", self.assigned)
            yield self.tell("Demote", self.current, self.assigned, demote, demote)
        elif self.next_role == Role.PROMOTED:
            promote = self.first("promote", self.assigned)
            yield self.tell("Promote", self.current, self.assigned, promote, promote)
        elif self.role == Role.STOPPED and self.next_role > Role.STOPPED:
            yield self.tell("Start", None, self.assigned, start, start)

    def tell(
        self,
        word: str,
        origin: Node | None,
        goal: Node | None,
        judged: Action | None,
        reasoned: Action | None,
    ) -> Change:
        """Return the line; *judged* says whether it is blocked, *reasoned* has the reason."""
        blocked = judged is not None and not judged.flags & RUNNABLE
        because = ""
        if reasoned is not None and reasoned.reason is not None:
            because = f"due to {reasoned.reason}" + (" (blocked)" if blocked else "")
        elif blocked:
            because = "blocked"
        return Change(word, self.rsc.id, self.details(origin, goal), because)

    def details(self, origin: Node | None, goal: Node | None) -> str:
        """Return from what and where to what and where, as short as can be."""
        role, next_role = self.role, self.next_role
        same_role = role == next_role
        need_role = role in _NEED_ROLE or next_role == Role.PROMOTED
        if origin is None:
            assert goal is not None
            return f"{role.label} -> {next_role.label} {goal.name}" if need_role else goal.name
        if goal is None:
            return f"{role.label} {origin.name}" if need_role else origin.name
        if same_role and origin is goal:
            return f"{role.label} {origin.name}" if need_role else origin.name
        if same_role:
            path = f"{origin.name} -> {goal.name}"
            return f"{path} {role.label}" if need_role else path
        if origin is goal:
            return f"{role.label} -> {next_role.label} {origin.name}"
        return f"{role.label} {origin.name} -> {next_role.label} {goal.name}"


def _with_reason(first: Action | None, second: Action | None) -> Action | None:
    return first if first is not None and first.reason is not None else second
