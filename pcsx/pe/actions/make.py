"""Asking for an action of a resource: the same question gives the same action, and each time it
is judged anew whether it can run.
"""

from __future__ import annotations

from typing import Final

from pcsx.pe.actions.base import key_of, matching, new_action, new_link
from pcsx.pe.actions.fencing import can_fence, request
from pcsx.pe.flags import ON_DC, OPTIONAL, PSEUDO, RUNNABLE
from pcsx.pe.model import Action, Node, QuorumPolicy, Requires, Resource, Role, WorkingSet

__all__ = ["ask", "judge_runnable", "key_of", "new_link"]

_NEEDY: Final = frozenset(("start", "promote"))


def ask(
    work: WorkingSet,
    rsc: Resource,
    task: str,
    node: Node | None,
    *,
    required: bool,
    interval_ms: int = 0,
    key: str | None = None,
) -> Action:
    """Return the action of *rsc* for *task*, made if there is none that fits.

    Asking for it as required makes it so for good; asking for it as optional changes nothing. A
    one-off action of an unmanaged resource on a node is optional whatever is asked.
    """
    key = key or f"{rsc.id}_{task}_{interval_ms}"
    found = matching(rsc, key, node)
    if found:
        action = found[0]
    else:
        action = new_action(work, rsc, key, task, node, required=required, interval_ms=interval_ms)
        action.requires = needs_of(rsc, task)
        if task == "lrm_delete":
            action.flags |= ON_DC
    if action.flags & PSEUDO:
        if required:
            action.flags &= ~OPTIONAL
        return action
    if not rsc.managed and action.node is not None and not action.interval_ms:
        action.flags |= OPTIONAL
    elif required:
        action.flags &= ~OPTIONAL
    judge_runnable(work, action)
    return action


def needs_of(rsc: Resource, task: str) -> Requires:
    """Return what *task* needs before it may be done: only going up needs anything."""
    if task not in _NEEDY:
        return Requires.NOTHING
    return Requires.FENCING if rsc.requires == Requires.UNFENCING else rsc.requires


def judge_runnable(work: WorkingSet, action: Action) -> None:
    """Set anew whether *action* can run, by its node, what it needs, and the quorum."""
    rsc, node = action.rsc, action.node
    assert rsc is not None
    if node is None:
        action.flags &= ~RUNNABLE
    elif not action.flags & ON_DC and not node.online and (not node.is_guest or node.to_be_reset):
        action.flags &= ~RUNNABLE
        if rsc.managed and action.task == "stop" and not node.unclean:
            request(work, node, "stop is unrunnable")
    elif not action.flags & ON_DC and node.pending:
        action.flags &= ~RUNNABLE
    elif action.requires == Requires.NOTHING:
        action.reason = None
        if node.is_guest and not can_fence(work, node):
            action.flags &= ~RUNNABLE
        else:
            action.flags |= RUNNABLE
    else:
        _judge_by_quorum(work, rsc, action)


def _judge_by_quorum(work: WorkingSet, rsc: Resource, action: Action) -> None:
    match quorum_policy_for(work, rsc):
        case QuorumPolicy.STOP:
            action.flags &= ~RUNNABLE
            action.reason = "no quorum"
        case QuorumPolicy.FREEZE if not _is_active(rsc) or rsc.next_role > rsc.role:
            action.flags &= ~RUNNABLE
            action.reason = "quorum freeze"
        case _:
            action.flags |= RUNNABLE


def quorum_policy_for(work: WorkingSet, rsc: Resource) -> QuorumPolicy:
    """Return which policy holds for *rsc* now; with *demote* its next role may be lowered."""
    policy = work.options.no_quorum_policy
    if work.quorate:
        return QuorumPolicy.IGNORE
    if policy != QuorumPolicy.DEMOTE:
        return policy
    if rsc.role in (Role.PROMOTED, Role.UNPROMOTED):
        if rsc.next_role > Role.UNPROMOTED:
            rsc.next_role = Role.UNPROMOTED
        return QuorumPolicy.IGNORE
    return QuorumPolicy.STOP


def _is_active(rsc: Resource) -> bool:
    """Say whether all of *rsc* is active somewhere that counts."""
    if rsc.children:
        return all(_is_active(child) for child in rsc.children)
    return any(node.unclean or node.online or not rsc.managed for node in rsc.active)
