"""Unfencing: nodes that must be let back to shared storage before anything is done there."""

from __future__ import annotations

from pcsx.pe.actions.base import new_link
from pcsx.pe.actions.fencing import fence_action
from pcsx.pe.actions.parameters import device_digests
from pcsx.pe.flags import OPTIONAL, ORD
from pcsx.pe.model import Action, Node, Primitive, Requires, Resource, WorkingSet


def concerns_unfencing(work: WorkingSet, rsc: Resource) -> bool:
    """Say whether what *rsc* does on a node must wait for the node's unfencing."""
    if rsc.is_fence_device:
        return work.unfencing_in_use
    return rsc.requires == Requires.UNFENCING


def unfence_action(work: WorkingSet, node: Node, *, reason: str | None = None) -> Action:
    """Return the unfencing of *node*, required only where a device's definition changed."""
    fresh = f"stonith-{node.name}-on" not in work.node_actions
    action = fence_action(work, node, "on", reason=reason)
    if fresh and work.unfencing_in_use:
        _compare_devices(work, node, action)
    return action


def trigger(work: WorkingSet, node: Node, reason: str, *, dependency: Action | None = None) -> None:
    """Require the unfencing of *node*, if it is one that can come back at all."""
    if not (work.unfencing_in_use and node.online and not node.unclean and not node.shutting_down):
        return
    unfence_action(work, node, reason=reason)
    unfence = fence_action(work, node, "on", required=True, reason=reason)
    if dependency is not None:
        new_link(unfence, dependency, ORD)


def order_after_unfencing(
    work: WorkingSet, rsc: Primitive, node: Node, action: Action, kind: int
) -> None:
    """Let *action* wait for the unfencing of its node, which is required if it never was done."""
    if not concerns_unfencing(work, rsc):
        return
    unfence = unfence_action(work, node)
    new_link(unfence, action, kind)
    if node.attrs.get("#node-unfenced", "0") in ("", "0"):
        trigger(work, node, f"required by {rsc.id} {action.task}")


def _compare_devices(work: WorkingSet, node: Node, unfence: Action) -> None:
    """Note the definitions of all unfencing devices; require *unfence* if one is new to *node*."""
    known, known_secure = node.attrs.get("#digests-all"), node.attrs.get("#digests-secure")
    unfence.meta.update(definitions(work, node))
    if known is None:
        return
    for device in unfencing_devices(work):
        whole, secure = _definition(work, device, node)
        if whole in known:
            continue
        if known_secure is not None and secure in known_secure:
            work.notices.append(
                f"Only 'private' parameters to {device.id} for unfencing {node.name} changed"
            )
            continue
        unfence.flags &= ~OPTIONAL
        work.notices.append(
            f"notice: Unfencing node {node.name} because the definition of {device.id} changed"
        )


def definitions(work: WorkingSet, node: Node) -> dict[str, str]:
    """Return what a node remembers of all unfencing devices once it is fenced or unfenced."""
    both = [_definition(work, device, node) for device in unfencing_devices(work)]
    return {
        "digests-all": "".join(whole for whole, _ in both),
        "digests-secure": "".join(secure for _, secure in both),
    }


def _definition(work: WorkingSet, device: Primitive, node: Node) -> tuple[str, str]:
    whole, secure = device_digests(work, device, node)
    name = f"{device.id}:{device.agent[2]}:"
    return f"{name}{whole},", f"{name}{secure},"


def unfencing_devices(work: WorkingSet) -> list[Primitive]:
    """Return the fence devices that unfence, in order."""
    return [
        device
        for rsc in work.resources
        for device in rsc.primitives()
        if device.is_fence_device and device.meta.get("provides") == "unfencing"
    ]
