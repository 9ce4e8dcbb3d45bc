"""Actions as such: made, found by key, and linked. Whether one can run is judged in `make.py`."""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.pe.flags import OPTIONAL, PSEUDO, RUNNABLE
from pcsx.pe.model import Action, Link, Node, Resource, WorkingSet


def key_of(rsc: Resource, task: str, interval_ms: int = 0) -> str:
    """Return the key of an operation of *rsc*."""
    return f"{rsc.id}_{task}_{interval_ms}"


def new_action(
    work: WorkingSet,
    rsc: Resource | None,
    key: str,
    task: str,
    node: Node | None,
    *,
    required: bool,
    interval_ms: int = 0,
) -> Action:
    """Return a new, runnable action with the next id, known to its resource or by its key."""
    action = Action(work.next_action_id, rsc, key, task, node)
    work.next_action_id += 1
    action.interval_ms = interval_ms
    action.flags = RUNNABLE if required else RUNNABLE | OPTIONAL
    work.actions.append(action)
    if rsc is None:
        work.node_actions[key] = action
    else:
        rsc.actions.append(action)
        known = rsc.actions_by_key.get(key)
        if known is None:
            rsc.actions_by_key[key] = [action]
        else:
            known.append(action)
    return action


def node_pseudo_action(work: WorkingSet, name: str, *, required: bool) -> Action:
    """Return the pseudo action of the whole cluster called *name*, made at first use."""
    action = work.node_actions.get(name)
    if action is None:
        action = new_action(work, None, name, name, None, required=required)
        action.flags |= PSEUDO
    if required:
        action.flags &= ~OPTIONAL
    return action


def matching(rsc: Resource, key: str, node: Node | None = None) -> list[Action]:
    """Return the actions of *rsc* with that key, oldest first; of one node if *node* is given.

    One that had no node yet is given the node that is asked for.
    """
    known = rsc.actions_by_key.get(key)
    if known is None:
        return []
    if node is None:
        return list(known)
    found = []
    for action in known:
        if action.node is None:
            action.node = node
        if action.node is node:
            found.append(action)
    return found


def exactly(rsc: Resource, key: str, node: Node) -> list[Action]:
    """Return the actions with that key that already are on *node*, oldest first."""
    return [action for action in rsc.actions_by_key.get(key, ()) if action.node is node]


def newest(rsc: Resource, task: str, node: Node | None = None) -> Action | None:
    """Return the newest action of *rsc* that does *task* (interval 0), on *node* if given."""
    for action in reversed(rsc.actions_by_key.get(f"{rsc.id}_{task}_0", ())):
        if node is None or action.node is node:
            return action
    return None


def probes_of(rsc: Resource) -> Iterator[Action]:
    """Return the probes of *rsc*, newest first."""
    return reversed(rsc.actions_by_key.get(f"{rsc.id}_monitor_0", []))


def new_link(first: Action, then: Action, kind: int) -> bool:
    """Link two actions, and say whether the link is new.

    Where both are linked already by some of the same properties, nothing is added.
    """
    if not kind or first is then:
        return False
    after, before = first.after, then.before
    if len(after) <= len(before):
        for link in after:
            if link.then is then and link.given & kind:
                return False
    else:
        for link in before:
            if link.first is first and link.given & kind:
                return False
    link = Link(first, then, kind)
    after.append(link)
    before.append(link)
    return True
