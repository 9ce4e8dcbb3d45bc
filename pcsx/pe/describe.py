"""What an action carries: its names in the histories, parameters, meta entries and router."""

from __future__ import annotations

from pcsx.pe.actions.connection import router_of
from pcsx.pe.actions.unfencing import definitions
from pcsx.pe.flags import PSEUDO
from pcsx.pe.model import (
    Action,
    Clone,
    Kind,
    Node,
    Primitive,
    Resource,
    WorkingSet,
)
from pcsx.pe.read.operations import find_op, op_options, op_params
from pcsx.pe.read.parameters import params_of
from pcsx.pe.transition import Action as Step
from pcsx.pe.transition import ActionKind

_CRM_TASKS = frozenset(("stonith", "do_shutdown", "clear_failcount", "lrm_delete"))
_LEAVING = frozenset(("stop", "stopped", "demote", "demoted"))
_COMING = frozenset(("start", "running", "monitor", "promote", "promoted"))

Pairs = tuple[tuple[str, str], ...]


class Describer:
    """Makes the steps of one transition; what many steps share is put together once."""

    def __init__(self, work: WorkingSet) -> None:
        self.work = work
        self._options: dict[tuple[Resource, str, int], dict[str, str]] = {}
        self._params: dict[int, Pairs] = {}
        self._inherited: dict[Resource, dict[str, str]] = {}

    def step(self, action: Action, number: int, inputs: tuple[int, ...]) -> Step:
        """Return *action* as the step of that *number* that waits for *inputs*."""
        rsc, node = action.rsc, action.node
        kind = _kind_of(action)
        meta = self._meta(action)
        shown_node = node if kind is not ActionKind.PSEUDO or action.task == "stonith" else None
        if shown_node is not None:
            meta["on_node"] = shown_node.name
            meta["on_node_uuid"] = shown_node.id
        router = router_of(action) if shown_node is not None else None
        shown_id, instance = _names_of(rsc)
        key = _shown_key(action)
        target = meta.get("op_target_rc")
        priority = max(action.priority, rsc.priority if rsc is not None else 0)
        return Step(
            id=number,
            kind=kind,
            task=action.task,
            key=key,
            internal_key=action.key if key != action.key else None,
            node=shown_node.name if shown_node is not None else None,
            node_id=shown_node.id if shown_node is not None else None,
            router=router.name if router is not None else None,
            resource=shown_id,
            instance=instance,
            agent=rsc.agent if isinstance(rsc, Primitive) else None,
            params=self._params_of(action),
            meta=tuple(sorted(meta.items())),
            inputs=inputs,
            priority=max(0, priority),
            interval_ms=action.interval_ms,
            timeout_ms=int(meta.get("timeout", "20000")),
            target_rc=int(target) if target is not None else None,
            downed=_downed(action, self.work),
            maintenance=_maintenance(action),
            shutdown_lock_s=_lock_of(action),
        )

    def _options_of(self, rsc: Resource, action: Action) -> dict[str, str]:
        task = action.cancels or action.task
        identity = (rsc, task, action.interval_ms)
        options = self._options.get(identity)
        if options is None:
            op = find_op(rsc, task, action.interval_ms)
            options = {
                name: value
                for name, value in op_options(self.work, rsc, op, task, action.interval_ms).items()
                if "#" not in name and ":" not in name
            }
            self._options[identity] = options
        return options

    def _meta(self, action: Action) -> dict[str, str]:
        rsc = action.rsc
        if rsc is None:
            meta = dict(action.meta)
            if action.task == "stonith" and action.node is not None:
                _add_delay(self.work, action.node, meta)
                if self.work.unfencing_in_use and "digests-all" not in meta:
                    meta.update(definitions(self.work, action.node))
            return meta
        meta = {**self._options_of(rsc, action), **action.meta}
        inherited = self._inherited.get(rsc)
        if inherited is None:
            inherited = self._inherited[rsc] = _inherited_meta(rsc)
        meta.update(inherited)
        if action.node is not None and action.node.is_guest:
            _add_host(rsc, action, action.node, meta)
        return meta

    def _params_of(self, action: Action) -> Pairs:
        rsc = action.rsc
        if not isinstance(rsc, Primitive):
            return ()
        shared = params_of(self.work, rsc, action.node)
        own = op_params(self.work, rsc, find_op(rsc, action.task, action.interval_ms), action.node)
        outside = rsc.meta.get("external-ip")
        if own or outside is not None or shared.get("addr") == "#uname":
            params = {**shared, **own}
            if outside is not None:
                params["pcmk_external_ip"] = outside
            if params.get("addr") == "#uname" and (host := _address_of(rsc, action)) is not None:
                params["addr"] = host.name
            return tuple(sorted(params.items()))
        pairs = self._params.get(id(shared))
        if pairs is None:
            pairs = self._params[id(shared)] = tuple(sorted(shared.items()))
        return pairs


def _kind_of(action: Action) -> ActionKind:
    if action.flags & PSEUDO:
        return ActionKind.PSEUDO
    return ActionKind.CRM if action.task in _CRM_TASKS else ActionKind.RSC


def _names_of(rsc: Resource | None) -> tuple[str | None, str | None]:
    """Return the id by which nodes know *rsc*, and the one with its number where it differs."""
    if rsc is None:
        return None, None
    if rsc.removed and rsc.history_name is not None:
        return rsc.history_name, rsc.id
    if not rsc.globally_unique:
        shown = rsc.base_id
        if rsc.history_name is not None and rsc.history_name != shown:
            return shown, rsc.history_name
        return shown, rsc.id if rsc.id != shown else None
    return rsc.id, None


def _shown_key(action: Action) -> str:
    """Return the key by which histories know the operation."""
    rsc = action.rsc
    if rsc is None or rsc.history_name is None or rsc.kind != Kind.PRIMITIVE:
        return action.key
    name = rsc.history_name
    if action.task == "notify":
        kind = action.meta.get("notify_type", "")
        return f"{name}_{kind}_notify_{action.meta.get('notify_operation', '')}_0"
    return f"{name}_{action.cancels or action.task}_{action.interval_ms}"


def _inherited_meta(rsc: Resource) -> dict[str, str]:
    """Return the meta entries that *rsc* has for what it is and is part of."""
    meta: dict[str, str] = {}
    if rsc.kind == Kind.PRIMITIVE:
        if rsc.instance is not None and rsc.top.kind == Kind.CLONE:
            meta["clone"] = str(rsc.instance)
        if (guest := rsc.meta.get("remote-node")) is not None:
            meta["remote_node"] = guest
        if rsc.launcher is not None:
            outermost: Resource = rsc.launcher
            while outermost.launcher is not None:
                outermost = outermost.launcher
            meta["container"] = outermost.id
    holder: Resource | None = rsc
    while holder is not None:
        if isinstance(holder, Clone):
            meta["globally_unique"] = _truth(holder.globally_unique)
            meta["notify"] = _truth(holder.notify)
            meta["clone_max"] = str(holder.clone_max)
            meta["clone_node_max"] = str(holder.clone_node_max)
            if holder.promotable:
                for name in ("promoted", "master"):
                    meta[f"{name}_max"] = str(holder.promoted_max)
                    meta[f"{name}_node_max"] = str(holder.promoted_node_max)
        holder = holder.parent
    return meta


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _add_host(rsc: Resource, action: Action, node: Node, meta: dict[str, str]) -> None:
    """Add on which machine the guest *node* is when the action is done."""
    assert node.connection is not None and node.connection.launcher is not None
    launcher = node.connection.launcher
    task = action.task
    if task in ("notify", "notified"):
        task = action.meta.get("notify_operation", task)
    host: Node | None = None
    if task in _LEAVING:
        host = launcher.active[0] if launcher.active else None
    elif task in _COMING:
        host = launcher.assigned
    if host is not None:
        meta["physical_host"] = host.name
        if rsc.container_attribute_target:
            meta["container_attribute_target"] = rsc.container_attribute_target


def _address_of(rsc: Primitive, action: Action) -> Node | None:
    """Return the machine that a connection to a bundle's container leads to."""
    launcher = rsc.launcher
    if launcher is None:
        return None
    if action.task in _COMING or action.task in ("migrate_from",):
        return launcher.assigned
    return launcher.active[0] if launcher.active else launcher.assigned


def _add_delay(work: WorkingSet, node: Node, meta: dict[str, str]) -> None:
    """Give the side with the more important resources time, where the membership fell in two."""
    delay_ms = work.options.priority_fencing_delay_ms
    if not delay_ms or not node.fence_delayed:
        return
    members = [other for other in work.nodes if not other.is_pcmk_remote]
    priorities = [other.priority for other in members]
    waits = (
        not node.is_pcmk_remote
        and not node.online
        and sum(other.online for other in members) <= len(members) // 2
        and len(set(priorities)) > 1
        and node.priority == max(priorities)
    )
    meta["priority-fencing-delay"] = str(delay_ms // 1000 if waits else 0)


def _downed(action: Action, work: WorkingSet) -> tuple[str, ...]:
    """Return the ids of the nodes that are down after *action*."""
    node = action.node
    if node is None:
        return ()
    if action.task == "do_shutdown":
        return (node.id,)
    if action.task == "stonith" and action.meta.get("stonith_action") != "on":
        guests = [
            connection.connects.id
            for launcher in node.running
            for connection in launcher.launched
            if connection.connects is not None
        ]
        return (node.id, *guests)
    rsc = action.rsc
    if (
        action.task == "stop"
        and rsc is not None
        and rsc.is_connection
        and not action.flags & PSEUDO
    ):
        migrates = any(
            link.first.rsc is rsc and link.first.task == "migrate_from" for link in action.before
        )
        if not migrates and rsc.connects is not None:
            return (rsc.connects.id,)
    return ()


def _maintenance(action: Action) -> tuple[tuple[str, bool], ...]:
    if action.task != "maintenance_nodes":
        return ()
    return tuple((node_id, state == "1") for node_id, state in action.extra.items())


def _lock_of(action: Action) -> int | None:
    rsc = action.rsc
    if rsc is None or rsc.lock_s is None or action.node is not rsc.lock_node or not action.node:
        return None
    if action.node.shutting_down and action.task != "stop":
        return None
    return rsc.lock_s
