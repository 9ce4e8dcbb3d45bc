"""The state of the cluster: one plain value, and the lines that say what runs where.

`status_object` reads the document as the engine does and adds what the daemon knows of nodes,
quorum and fencing; everything that is printed, as text or JSON, comes from that value. Its shape is
`pcsx-status/1`: keys are added, never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pcsx.cib.document import Cib
from pcsx.cib.tickets import told_of
from pcsx.pe.hints import hints
from pcsx.pe.model import Bundle, Clone, Collective, Node, Primitive, Resource, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.report import (
    Status,
    health_of,
    instance_counts,
    is_active,
    is_disabled,
    node_status,
    shown_name,
    shown_role,
)

SCHEMA: Final = "pcsx-status/1"
_OF_THE_DAEMON: Final = (
    "reach", "held_out", "log", "why", "since_s", "unseen", "watchdog_ms", "watchdog_bites",
)  # fmt: skip
NO_DEVICE: Final = "fencing is required and there is no fence device"
TWO_WAYS_OUT: Final = (
    "pcsx stonith create NAME AGENT OPTIONS...      makes a device that cuts lost nodes off\n"
    "pcsx property set stonith-enabled=false        runs without: a lost node that lives on "
    "unseen may run the same service twice and damage its data"
)
"""What helps where there is no fence device, and what the other way risks."""

Told = Mapping[str, Any]


def state_of(
    cib: Cib, live: Told | None, wall: datetime, *, hide_inactive: bool = False
) -> dict[str, Any]:
    """Return `state`, the plain value, and `resources`, the lines of what runs where."""
    value, work = status_object(cib, live, wall)
    return {"state": value, "resources": running_lines(work, hide_inactive=hide_inactive)}


def running_lines(work: WorkingSet, *, hide_inactive: bool) -> list[str]:
    """Return what runs where, all of it or only what is active, as the field's lines of status."""
    chosen = [
        one for one in work.resources if not (hide_inactive and not is_active(one, partly=True))
    ]
    return resource_lines(work, chosen)


def resource_lines(work: WorkingSet, chosen: Sequence[Resource], *, depth: int = 1) -> list[str]:
    """Return *chosen* as the field's lines of status."""
    status = Status(work, pending=True)
    for one in chosen:
        if not (one.removed and not is_active(one, partly=True)):
            status.resource(one, depth)
    return status.lines


def status_object(cib: Cib, live: Told | None, wall: datetime) -> tuple[dict[str, Any], WorkingSet]:
    """Return the state as of *wall* (UTC) as a plain value, and the reading that it comes from.

    *live* is what the daemon knows of the `cluster` and the `nodes`; None for a document in a file.
    """
    work = working_set(cib, wall)
    total, disabled, blocked = instance_counts(work)
    nodes = [_node_object(work, node, live) for node in work.nodes]
    why = hints(cib, wall, work)
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "source": "file" if live is None else "cluster",
        "observed": bool(work.cib.states),
        "at": wall.isoformat(timespec="seconds"),
        "cluster": _cluster_object(work, live),
        "nodes": nodes,
        "resources": [
            resource_object(one, why)
            for one in work.resources
            if not (one.removed and not is_active(one, partly=True))
        ],
        "tickets": told_of(cib),
        "counts": {
            "nodes": len(nodes),
            "nodes_online": sum(node["online"] for node in nodes),
            "instances": total,
            "instances_disabled": disabled,
            "instances_blocked": blocked,
        },
        "failures": [_failure_object(failure) for failure in work.failures],
    }
    value["problems"] = list(problems(value))
    return value, work


def _cluster_object(work: WorkingSet, live: Told | None) -> dict[str, Any]:
    options = work.options
    known = dict(live["cluster"]) if live is not None else {}
    dc = work.nodes_by_id.get(work.dc_id)
    return {
        "name": known.get("name") or options.cluster_name or "",
        "quorate": bool(known["quorate"]) if "quorate" in known else work.quorate,
        "dc": known.get("dc") or (dc.name if dc is not None else ""),
        "maintenance": options.maintenance_mode,
        "fencing": known.get("fencing")
        or {"required": options.fencing_enabled, "devices": _device_count(work)},
        **{
            name: known[name]
            for name in ("me", "quorum_reason", "votes", "needed_votes", "version", "waits_for")
            if name in known
        },
    }


def _device_count(work: WorkingSet) -> int:
    return sum(
        primitive.agent[0] == "stonith" for one in work.resources for primitive in one.primitives()
    )


def _node_object(work: WorkingSet, node: Node, live: Told | None) -> dict[str, Any]:
    kind = "guest" if node.is_guest else "remote" if node.is_pcmk_remote else "member"
    known: Told = next(
        (one for one in (live or {}).get("nodes", ()) if one["name"] == node.name), {}
    )
    return {
        "name": node.name,
        "id": node.id,
        "type": kind,
        "state": node_status(node),
        "online": node.online,
        "unclean": node.unclean,
        "pending": node.pending,
        "standby": node.standby,
        "maintenance": node.in_maintenance,
        "dc": node.is_dc,
        "health": health_of(work, node).lower(),
        "running": len({primitive.id for primitive in node.running}),
        **{name: known[name] for name in _OF_THE_DAEMON if name in known},
    }


def resource_object(resource: Resource, why: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return *resource* with all that is in it; *why* some of these do not run, by id."""
    made: dict[str, Any] = {
        "id": resource.id,
        "kind": _kind(resource),
        "managed": resource.managed,
        "disabled": is_disabled(resource),
        "active": is_active(resource, partly=True),
        "orphan": resource.removed,
    }
    if isinstance(resource, Primitive):
        standard, provider, type = resource.agent
        made |= {
            "name": shown_name(resource),
            "agent": ":".join(part for part in (standard, provider, type) if part),
            "role": shown_role(resource).label,
            "nodes": [node.name for node in resource.active],
            "failed": resource.failed,
            "blocked": resource.blocked,
            "pending": resource.pending_task or "",
        }
        if why and resource.id in why:
            made["why"] = why[resource.id]
    elif isinstance(resource, Bundle):
        made["children"] = [
            resource_object(part, why)
            for replica in resource.replicas
            for part in (replica.container, replica.child)
            if part is not None
        ]
    elif isinstance(resource, Collective):
        made["children"] = [resource_object(child, why) for child in resource.children]
    return made


def _kind(resource: Resource) -> str:
    if isinstance(resource, Clone):
        return "promotable" if resource.promotable else "clone"
    return resource.kind.name.lower()


def _failure_object(failure: Any) -> dict[str, Any]:
    operation = failure.operation
    changed = operation.changed_s
    return {
        "resource": failure.rsc.base_id,
        "node": failure.node.name,
        "task": operation.task,
        "interval_ms": operation.interval_ms,
        "exit_code": failure.exit_code,
        "op_status": failure.status,
        "reason": operation.get("exit-reason") or "",
        "at": datetime.fromtimestamp(changed, UTC).isoformat() if changed > 0 else "",
    }


# --- what is wrong, and what to do about it


def problems(value: Told) -> Iterator[dict[str, str]]:
    """Tell what is wrong in *value*: how much (critical, warning), what, and the next command."""
    cluster = value["cluster"]
    if value["source"] == "cluster" and not cluster["quorate"]:
        reason = cluster.get("quorum_reason") or "too few nodes are here"
        yield _problem("critical", f"No quorum: {reason}.", "pcsx quorum status")
    yield from _fencing_problems(value)
    if cluster["maintenance"]:
        yield _problem(
            "warning",
            "The cluster is in maintenance: nothing is started, stopped or watched.",
            "pcsx property set maintenance-mode=false",
        )
    if waits_for := cluster.get("waits_for"):
        text = f"{waits_for[0].upper()}{waits_for[1:].removesuffix('.')}."
        yield _problem("warning", text, "pcsx stonith history")
    for node in value["nodes"] if value["observed"] else ():
        yield from _node_problems(node, cluster["fencing"])
    for failure in value["failures"]:
        yield _failure_problem(failure)
    for resource in leaves(value["resources"]):
        yield from _resource_problems(resource)
    if cluster["quorate"]:  # without quorum that is told once, and nothing else is to be done
        yield from _idle_problems(value)


def _fencing_problems(value: Told) -> Iterator[dict[str, str]]:
    fencing = value["cluster"]["fencing"]
    armed = [node for node in value["nodes"] if node.get("watchdog_ms")]
    relied = fencing.get("watchdog_timeout_ms", 0)
    bare = fencing.get("required") and not fencing.get("devices") and value["resources"]
    if bare and not armed:
        yield _problem(
            "warning",
            f"{NO_DEVICE[0].upper()}{NO_DEVICE[1:]}: no resource will be started.",
            TWO_WAYS_OUT,
        )
    elif not fencing.get("required"):
        yield _problem(
            "warning",
            "Fencing is off: data is not safe when a node fails.",
            "pcsx property set stonith-enabled=true",
        )
    elif bare and not relied:
        yield _problem(
            "warning",
            "Nothing but watchdogs could fence, and they are not relied on: nothing of a lost node "
            "is recovered.",
            "pcsx property set stonith-watchdog-timeout=-1",
        )
    for node in value["nodes"] if relied and fencing.get("required") else ():
        if node["online"] and node["type"] == "member" and not node.get("watchdog_bites"):
            yield _problem("warning", _unwatched(node, relied), "pcsx cluster check")


def _unwatched(node: Told, relied_ms: int) -> str:
    """Return why the node cannot be fenced by its watchdog, though fencing goes by watchdogs."""
    lead = f"Node {node['name']} cannot be fenced by its watchdog"
    if not (own_ms := node.get("watchdog_ms")):
        return f"{lead}: none is armed there (watchdog in pcsx.toml)."
    if 0 < relied_ms <= own_ms:
        return (
            f"{lead}: that bites after {own_ms / 1000:g} s, and stonith-watchdog-timeout is "
            f"{relied_ms / 1000:g} s."
        )
    return f"{lead}: of two nodes, each would end itself with the link between them."


def _problem(severity: str, text: str, command: str) -> dict[str, str]:
    return {"severity": severity, "text": text, "next": command}


def fencing_words(fencing: Told, name: str) -> str:
    """Return how the fencing of the node *name* stands, as sentences; nothing where none is known.

    *fencing* is that of the cluster: what is open, and what failed with nothing done since.
    """
    under_way = any(case["target"] == name for case in fencing.get("open", ()))
    failed = next((case for case in fencing.get("failed", ()) if case["target"] == name), None)
    if failed is None:
        return "Its fencing is under way." if under_way else ""
    times = "once" if failed["times"] == 1 else f"{failed['times']} times"
    reason = (failed["reason"] or "no reason was told").removesuffix(".")
    again = " It is tried again now." if under_way else ""
    return f"Its fencing failed {times}: {reason}.{again}"


def _node_problems(node: Told, fencing: Told) -> Iterator[dict[str, str]]:
    name = node["name"]
    if node.get("log"):
        yield _problem("warning", f"Node {name} {node['log']}.", "pcsx ring status")
    if node["unclean"]:
        yield _problem(
            "critical",
            f"Node {name} is {node['state']}: it must be fenced before its work is taken over. "
            f"{fencing_words(fencing, name)}".rstrip(),
            f"pcsx stonith history {name}",
        )
    elif node["pending"]:
        yield _problem("warning", f"Node {name} is joining.", "pcsx status --watch")
    elif not node["online"] and node.get("held_out"):
        yield _problem("warning", f"Node {name} is {node['held_out']}.", "pcsx ring links")
    elif not node["online"] and node["type"] != "guest":
        yield _problem("warning", f"Node {name} is offline.", f"pcsx cluster start {name}")
    elif node["standby"]:
        yield _problem("warning", f"Node {name} is in standby.", f"pcsx node unstandby {name}")
    elif node["maintenance"]:
        yield _problem(
            "warning", f"Node {name} is in maintenance.", f"pcsx node unmaintenance {name}"
        )
    if node["health"]:
        yield _problem(
            "warning",
            f"The health of node {name} is {node['health']}.",
            f"pcsx node attribute {name}",
        )


def _failure_problem(failure: Told) -> dict[str, str]:
    every = f" every {failure['interval_ms'] // 1000} s" if failure["interval_ms"] else ""
    at = f" at {failure['at'][11:19]}" if failure["at"] else ""
    reason = f": {failure['reason']}" if failure["reason"] else ""
    return _problem(
        "warning",
        f"{failure['resource']} failed to {failure['task']}{every} on {failure['node']}{at} "
        f"(code {failure['exit_code']}){reason}.",
        f"pcsx why {failure['resource']}\n"
        f"pcsx resource cleanup {failure['resource']} node={failure['node']}",
    )


def leaves(resources: Sequence[Told]) -> Iterator[Told]:
    """Yield every primitive and instance in *resources*, as they are told, at any depth."""
    for one in resources:
        if "children" in one:
            yield from leaves(one["children"])
        else:
            yield one


def _idle_problems(value: Told) -> Iterator[dict[str, str]]:
    """Tell what does not run that should, those with one cause together."""
    idle: dict[str, list[str]] = {}
    for resource in leaves(value["resources"]):
        if text := resource.get("why"):
            idle.setdefault(text, []).append(resource["name"])
    for text, names in idle.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        verb = "does" if len(names) == 1 else "do"
        lead = f"{', '.join(names[:3])}{more} {verb} not run"
        yield _problem("warning", f"{lead}: {text}.", f"pcsx why {names[0]}")


def _resource_problems(resource: Told) -> Iterator[dict[str, str]]:
    id = resource["name"]
    if resource["blocked"]:
        yield _problem(
            "critical",
            f"{id} is blocked: the cluster will not touch it until that is cleared.",
            f"pcsx resource cleanup {id}",
        )
    elif resource["orphan"]:
        yield _problem(
            "warning",
            f"{id} runs and is not in the configuration any more.",
            f"pcsx resource refresh {id}",
        )
    elif len(resource["nodes"]) > 1:
        yield _problem(
            "critical", f"{id} is active on {', '.join(resource['nodes'])}.", f"pcsx why {id}"
        )
