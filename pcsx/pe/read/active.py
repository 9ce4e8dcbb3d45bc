"""Where resources are active, and whether the nodes that resources connect to are up."""

from __future__ import annotations

from pcsx.pe.model import (
    Bundle,
    Group,
    MultipleActive,
    Node,
    Primitive,
    Requires,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import give
from pcsx.values import INFINITY


def add_active(work: WorkingSet, rsc: Primitive, node: Node, *, failed: bool) -> None:
    """Remember that *rsc* is active on *node*, and what follows from being so on several."""
    if node in rsc.active:
        return
    rsc.active.append(node)
    node.running.append(rsc)
    if rsc.priority and not failed:
        _raise_priority(rsc, node)
    if node.in_maintenance:
        rsc.managed = False
        rsc.maintenance = True
    if not rsc.managed:
        give(rsc, node, INFINITY)
        note(work, Why.UNMANAGED, rsc, node, "by configuration or maintenance")
        _tell_ancestors(rsc, node)
        return
    if len(rsc.active) > 1:
        _judge_multiple(work, rsc)
    _tell_ancestors(rsc, node)


def _tell_ancestors(rsc: Resource, node: Node) -> None:
    parent = rsc.parent
    while parent is not None:
        if node not in parent.active:
            parent.active.append(node)
        parent = parent.parent


def _raise_priority(rsc: Primitive, node: Node) -> None:
    amount = rsc.priority + (1 if rsc.role == Role.PROMOTED else 0)
    node.priority += amount
    if node.is_guest:
        assert node.connection is not None and node.connection.launcher is not None
        for host in node.connection.launcher.active:
            host.priority += amount


def counted_active(rsc: Resource) -> list[Node]:
    """Return the nodes that count when activity on several is judged."""
    if rsc.requires >= Requires.FENCING:
        return rsc.active
    return [node for node in rsc.active if node.online and not node.unclean]


def _judge_multiple(work: WorkingSet, rsc: Primitive) -> None:
    count = len(counted_active(rsc))
    if count < 2:
        return
    note(work, Why.MULTIPLE_ACTIVE, rsc, None, count, rsc.multiple_active.value)
    if rsc.multiple_active == MultipleActive.STOP_ONLY:
        rsc.allowed = dict.fromkeys(work.nodes, -INFINITY)
    elif rsc.multiple_active == MultipleActive.BLOCK:
        block(rsc)
        parent = rsc.parent
        if isinstance(parent, Group | Bundle) and parent.multiple_active == MultipleActive.BLOCK:
            for member in parent.children:
                block(member)


def block(rsc: Resource) -> None:
    """Leave *rsc* as it is until somebody looks."""
    rsc.managed = False
    rsc.blocked = True


def judge_remote_online(node: Node) -> None:
    """Set whether a Pacemaker Remote node is up, by the state of its connection."""
    connection = node.connection
    if connection is None:
        node.online = False
        return
    launcher = connection.launcher
    if connection.role == Role.STARTED:
        node.online = True
        if connection.next_role == Role.STOPPED:
            node.shutting_down = True
    if launcher is not None and launcher.failed:
        node.online = False
        node.to_be_reset = True
    elif connection.failed:
        node.online = False
    elif connection.role == Role.STOPPED or (
        launcher is not None and launcher.role == Role.STOPPED
    ):
        node.online = False
        node.to_be_reset = False
    elif launcher is not None and len(connection.active) == 1:
        host = connection.active[0]
        if not host.online and host.unclean:
            node.online = False
            node.to_be_reset = True
