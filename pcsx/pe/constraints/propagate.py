"""How links change the actions they join: required, runnable and migratable, until it settles.

Each link is looked at from the action that comes later (*then*). Changing an action may change
what depends on it, and so on; it ends because each flag only ever changes in one direction. The
collective resources (groups, clones, bundles) summarise their members' actions in their own
(`actions/summary.py`), and hand what hits their own actions down to the members'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.pe.actions.base import new_link, newest
from pcsx.pe.actions.summary import Summary, instances_of, state_of
from pcsx.pe.constraints.interleave import interleaves, pairs
from pcsx.pe.constraints.stored import is_ancestor
from pcsx.pe.flags import (
    ANTI,
    ASYM,
    BACK,
    BLOCK,
    CANCEL,
    COUNTED,
    ELSE,
    FGRAPH,
    FWD,
    GUESTOK,
    LOAD,
    MIGCHAIN,
    MIGRATABLE,
    MIN,
    ONNODE,
    OPTIONAL,
    ORD,
    PBACK,
    PROBE_IN,
    PSEUDO,
    RESTART,
    RUNNABLE,
    SAMEFWD,
    SER,
    TGRAPH,
    UNMIG,
)
from pcsx.pe.model import Action, Group, Kind, Link, Node, Resource, Role, WorkingSet
from pcsx.values import INFINITY

_QUIET: Final = ORD | SER | LOAD | ANTI | UNMIG | GUESTOK
"""What never changes a flag between single resources."""

_FIRST: Final = 1
_THEN: Final = 2

_COMPLETED: Final = {
    "start": "running",
    "stop": "stopped",
    "promote": "promoted",
    "demote": "demoted",
}


class Propagation:
    """One settling of all actions of a working set."""

    def __init__(self, work: WorkingSet) -> None:
        self.work = work
        self.summary = Summary()
        self._of_members: dict[tuple[Group, str, Node | None], list[Action]] = {}

    def settle(self, then: Action) -> None:
        """Apply all links in which *then* comes later, and all that follows from it."""
        before = then.flags
        if before & COUNTED:
            then.runnable_before = 0
            then.flags &= ~RUNNABLE
        changed = 0
        for link in reversed(then.before):
            kind = link.kind
            first = link.first
            if not kind & ~_QUIET and (
                not kind or first.rsc is None or first.rsc.kind == Kind.PRIMITIVE
            ):
                continue
            effect = self._apply(link, then)
            changed |= effect & _THEN
            if effect & _FIRST:
                self._settle_dependents(first)
                self.settle(first)
        if before & COUNTED:
            changed = then.flags != before
        if changed:
            if before & RUNNABLE and not then.flags & RUNNABLE:
                self.block_colocated(then)
            self.settle(then)
            self._settle_dependents(then)

    def _settle_dependents(self, action: Action) -> None:
        for link in reversed(action.after):
            self.settle(link.then)

    def _apply(self, link: Link, then: Action) -> int:
        """Apply one link; say which of its two actions it changed."""
        first, kind = link.first, link.kind
        first_node, then_node = _node_of(first), _node_of(then)
        if (
            kind & ONNODE
            and first_node is not None
            and then_node is not None
            and first_node is not then_node
        ):
            link.kind = 0
            return 0
        if kind & CANCEL and first.rsc is not None and not then.flags & OPTIONAL:
            first.flags |= OPTIONAL
            if first.task == "reload-agent":
                first.rsc.reload = False
        shown = _awaited(first, then)
        if shown is first:
            seen = self.summary.seen_from
            return self._effect(link, seen(first, then_node), seen(then, first_node))
        if new_link(shown, then, kind):
            link.kind = 0
            return _THEN
        return 0

    def _effect(self, link: Link, first_flags: int, then_flags: int) -> int:
        """Do what *link* says, given the flags with which its actions count for each other."""
        first, then = link.first, link.then
        node = then.node
        if link.kind & SAMEFWD:
            link.kind = link.kind & ~SAMEFWD | FWD
            node = first.node
        kind = link.kind
        changed = 0
        for effect in _EFFECTS:
            if kind & effect:
                changed |= self._one_effect(effect, link, node, first_flags)
        if kind & FGRAPH and first_flags & (RUNNABLE | OPTIONAL) == RUNNABLE:
            then.flags |= _FORCED_IN
        if kind & TGRAPH and not then_flags & OPTIONAL:
            first.flags |= _FORCED_IN
        if kind & (FWD | BACK | RESTART) and then.flags & RUNNABLE and _is_stuck_stop(first):
            then.flags &= ~RUNNABLE
            changed |= _THEN
        return changed

    def _one_effect(self, effect: int, link: Link, node: Node | None, flags: int) -> int:
        first, then = link.first, link.then
        if effect == PROBE_IN:
            assert first.rsc is not None
            if not flags & RUNNABLE and first.rsc.active:
                link.kind = 0
                return 0
            effect = BLOCK
        rsc = first.rsc if effect == BACK else then.rsc
        if rsc is None:
            return _effect_without_resource(effect, first, then, flags)
        return self._update(rsc, first, then, node, flags, effect)

    def _update(
        self, rsc: Resource, first: Action, then: Action, node: Node | None, flags: int, effect: int
    ) -> int:
        """Let *effect* happen as *rsc* takes it; *flags* are those that *first* counts with."""
        if rsc.kind == Kind.PRIMITIVE:
            return self._update_one(first, then, flags, effect)
        if rsc.kind == Kind.GROUP:
            changed = self._update_one(first, then, flags, effect)
            assert isinstance(rsc, Group)
            for of_member in self._members_actions(rsc, then.task, node):
                changed |= self._update_one(first, of_member, flags, effect)
            return changed
        if interleaves(first, then):
            return self._update_interleaved(first, then, node, effect)
        changed = self._update_one(first, then, flags, effect)
        for instance in instances_of(rsc):
            action = newest(instance, then.task, node)
            if action is None or not self.summary.flags_of(action, node) & RUNNABLE:
                continue
            result = self._update(instance, first, action, node, flags, effect)
            changed |= result
            if result & _THEN:
                self._settle_dependents(action)
        return changed

    def _members_actions(self, group: Group, task: str, node: Node | None) -> list[Action]:
        """Return the newest action of each member that does *task*, where there is one."""
        found = self._of_members.get((group, task, node))
        if found is None:
            newest_ones = (newest(member, task, node) for member in group.children)
            found = [action for action in newest_ones if action is not None]
            self._of_members[group, task, node] = found
        return found

    def _update_interleaved(
        self, first: Action, then: Action, node: Node | None, effect: int
    ) -> int:
        changed = 0
        for pair in pairs(self.work, first, then, effect):
            if pair is None:
                changed |= _THEN
                continue
            instance, one, other = pair
            if new_link(one, other, effect):
                changed |= _FIRST | _THEN
            flags = self.summary.flags_of(one, node)
            changed |= self._update(instance, one, other, node, flags, effect)
        return changed

    def _update_one(self, first: Action, then: Action, flags: int, effect: int) -> int:
        rule = _RULES.get(effect)
        if rule is None:
            return 0
        old_first, old_then = first.flags, then.flags
        rule(first, then, flags)
        changed = _FIRST if first.flags != old_first else 0
        if then.flags != old_then:
            changed |= _THEN
            if then.rsc is not None and then.rsc.parent is not None:
                self.settle(then)
        return changed

    # --- Colocations ------------------------------------------------------------------------------

    def block_colocated(self, action: Action) -> None:
        """Where *action* brings up the last hope of a primary and cannot run, stop dependents."""
        if action.flags & RUNNABLE or action.task not in ("start", "promote"):
            return
        assert action.rsc is not None
        primary = action.rsc.topmost
        for child in primary.children:
            found = newest(child, action.task)
            if found is None or found.flags & RUNNABLE:
                return
        for colocation in primary.with_this:
            if colocation.score < INFINITY:
                continue
            if action.task == "promote" and colocation.primary_role != Role.PROMOTED:
                continue
            task = "promote" if colocation.dependent_role == Role.PROMOTED else "start"
            self._block(colocation.dependent, task, action.rsc)

    def _block(self, rsc: Resource, task: str, primary: Resource) -> None:
        for action in reversed(rsc.actions_by_key.get(f"{rsc.id}_{task}_0", ())):
            if action.flags & RUNNABLE:
                action.flags &= ~RUNNABLE
                if action.reason is None:
                    action.reason = f"colocation with {primary.id}"
                self.block_colocated(action)
                self.settle(action)
        for child in rsc.children:
            self._block(child, task, primary)


_FORCED_IN: Final = 1 << 4

_EFFECTS: Final = (
    FWD, RESTART, BACK, PBACK, MIN, PROBE_IN, BLOCK, MIGCHAIN, ELSE, ORD, ASYM,
)  # fmt: skip
"""In the order in which they happen. ORD does nothing, but makes interleaved instances wait."""


def _node_of(action: Action) -> Node | None:
    """Return where *action* is; the start of a group is where its members are assigned."""
    rsc = action.rsc
    if isinstance(rsc, Group) and action.task == "start":
        return next((member.assigned for member in rsc.children if member.assigned), None)
    return action.node


def _awaited(first: Action, then: Action) -> Action:
    """Return the action that *then* really waits for: of a whole collective, its completion."""
    rsc = first.rsc
    if (
        rsc is None
        or rsc.kind == Kind.PRIMITIVE
        or then.rsc is None
        or then.rsc is rsc
        or first.interval_ms
        or first.task in ("notify", "notified")
        or is_ancestor(rsc, then.rsc)
    ):
        return first
    task = _COMPLETED.get(first.task, first.task)
    if rsc.notify and (rsc.kind == Kind.CLONE or rsc.in_bundle):
        key = f"{rsc.id}_confirmed-post_notify_{task}_0"
    else:
        key = f"{rsc.id}_{task}_0"
    found = rsc.actions_by_key.get(key)
    return found[0] if found else first


def _is_stuck_stop(action: Action) -> bool:
    """Say whether *action* is a stop that cannot be, of a resource that is blocked."""
    rsc = action.rsc
    return (
        rsc is not None
        and not rsc.managed
        and rsc.blocked
        and action.task == "stop"
        and not action.flags & RUNNABLE
    )


# --- The effects on single actions ----------------------------------------------------------------


def _effect_without_resource(effect: int, first: Action, then: Action, flags: int) -> int:
    """Do what *effect* does to an action that belongs to no resource."""
    if effect == FWD and not flags & OPTIONAL and then.flags & OPTIONAL:
        then.flags &= ~OPTIONAL
        return _THEN
    if effect == BLOCK and not flags & RUNNABLE and then.flags & RUNNABLE:
        then.flags &= ~RUNNABLE
        return _THEN
    if effect == MIN and flags & RUNNABLE:
        then.runnable_before += 1
        if then.runnable_before >= then.needs:
            then.flags |= RUNNABLE
    if effect == BACK and flags & (RUNNABLE | OPTIONAL) == RUNNABLE and first.flags & RUNNABLE:
        first.flags &= ~RUNNABLE
        return _FIRST
    return 0


_CHANGES: Final = {OPTIONAL: "required", RUNNABLE: "unrunnable", MIGRATABLE: "unmigrateable"}


def _take(action: Action, flag: int, because: Action) -> None:
    """Take *flag* from *action*, and note why if another resource did it."""
    if not action.flags & flag:
        return
    action.flags &= ~flag
    if action.rsc is not because.rsc and action.reason is None:
        whose = f"{because.rsc.id} " if because.rsc is not None else ""
        action.reason = f"{_CHANGES[flag]} {whose}{because.task}"


def _forward(first: Action, then: Action, flags: int) -> None:
    if not flags & OPTIONAL and not first.flags & MIGRATABLE:
        _take(then, OPTIONAL, first)


def _restart(first: Action, then: Action, flags: int) -> None:
    assert then.rsc is not None
    wanted = not then.flags & OPTIONAL
    stuck = not then.flags & RUNNABLE and first.rsc is then.rsc and then.rsc.managed
    if not (wanted or stuck):
        return
    if wanted or first.flags & RUNNABLE:
        _take(first, OPTIONAL, then)
    if not then.flags & MIGRATABLE:
        _take(first, MIGRATABLE, then)
    if not first.flags & (OPTIONAL | RUNNABLE):
        _take(then, RUNNABLE, first)


def _back(first: Action, then: Action, flags: int) -> None:
    if not then.flags & OPTIONAL:
        if not flags & OPTIONAL:
            _take(first, OPTIONAL, then)
        if flags & MIGRATABLE and not then.flags & MIGRATABLE:
            _take(first, MIGRATABLE, then)


def _back_if_promoted(first: Action, then: Action, flags: int) -> None:
    assert then.rsc is not None
    if then.rsc.role == Role.PROMOTED and not then.flags & OPTIONAL:
        _take(first, OPTIONAL, then)
        if not then.flags & MIGRATABLE:
            _take(first, MIGRATABLE, then)


def _block(first: Action, then: Action, flags: int) -> None:
    if not flags & RUNNABLE:
        _take(then, RUNNABLE, first)
        _take(then, MIGRATABLE, first)


def _migration_chain(first: Action, then: Action, flags: int) -> None:
    if then.flags & (MIGRATABLE | RUNNABLE) != MIGRATABLE | RUNNABLE:
        _take(first, RUNNABLE, then)
    if not then.flags & OPTIONAL:
        _take(first, OPTIONAL, then)


def _real_instead(first: Action, then: Action, flags: int) -> None:
    if not flags & RUNNABLE:
        _take(then, MIGRATABLE, first)
        then.flags &= ~PSEUDO


def _asymmetric(first: Action, then: Action, flags: int) -> None:
    rsc = then.rsc
    if first.flags & RUNNABLE or rsc is None:
        return
    if then.flags & OPTIONAL:
        role = state_of(rsc)
        if then.task == "stop" and role <= Role.STOPPED:
            return
        if then.task == "start" and role >= Role.STARTED and rsc.active == [then.node]:
            return
    _take(then, OPTIONAL, first)
    _take(then, RUNNABLE, first)


_RULES: Final[dict[int, Callable[[Action, Action, int], None]]] = {
    FWD: _forward,
    RESTART: _restart,
    BACK: _back,
    PBACK: _back_if_promoted,
    BLOCK: _block,
    MIGCHAIN: _migration_chain,
    ELSE: _real_instead,
    ASYM: _asymmetric,
}
