"""Resources as agents ask for them, and what they change of their own: `crm_resource`."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pcsx.cib.attributes import (
    has_resource,
    lasting_attributes,
    outermost,
    primitives,
    with_attribute,
)
from pcsx.cib.edit import moves
from pcsx.daemon.records import OpRecord
from pcsx.daemon.tools.port import NO_SUCH, UNSUPPORTED, Facts, Said, Wrong
from pcsx.daemon.tools.words import Options, parsed
from pcsx.protocol import Cleanup, FailResource
from pcsx.values import parse_duration_ms


def crm_resource(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words,
        """resource|r= locate|W ban|B node|N|U= lifetime|u= utilization|z meta|m
        get-parameter|g= set-parameter|p= delete-parameter|d= parameter-value|v= quiet|Q|q
        verbose|V list-operations|O list-all-operations|o list-raw|l cleanup|C refresh|R
        operation|n= interval|I= clear|U force|f fail|F output-as=""",
    )
    if "list-operations" in options or "list-all-operations" in options:
        return _operations(options, facts)
    if "list-raw" in options:
        return Said(stdout="".join(f"{name}\n" for name in primitives(facts.cib)))
    if "cleanup" in options or "refresh" in options:
        return _forgotten(options)
    resource = options.get("resource") or env.get("OCF_RESOURCE_INSTANCE", "")
    if not resource:
        raise Wrong("which resource? --resource is missing")
    if "locate" in options:
        return _located(resource, options, facts)
    if "fail" in options:
        if "node" not in options:
            raise Wrong("where? --node is missing")
        return Said(then=FailResource(resource, options["node"]))
    if "ban" in options:
        return _banned(resource, options, facts)
    if "clear" in options:
        whole = outermost(facts.cib, resource)
        return Said(cib=moves.clear(facts.cib, whole, options.get("node", ""))[0])
    kind = "instance_attributes"
    if "utilization" in options:
        kind = "utilization"
    elif "meta" in options:
        kind = "meta_attributes"
    return _parameter(resource, kind, options, facts)


def _forgotten(options: Options) -> Said:
    """Have failures forgotten, or all history, and the resource looked at again."""
    resource, node = options.get("resource", ""), options.get("node", "")
    interval_ms = parse_duration_ms(options["interval"]) if "interval" in options else -1
    if interval_ms is None:
        raise Wrong(f"'{options['interval']}' is no time")
    wish = Cleanup(resource, node, "refresh" in options, options.get("operation", ""), interval_ms)
    what, where = resource or "all resources", node or "all nodes"
    return Said(stdout=f"Cleaned up {what} on {where}\n", then=wish)


def _located(resource: str, options: Options, facts: Facts) -> Said:
    found = [entry for entry in facts.running() if _is(entry.resource, resource)]
    if "quiet" in options and found:
        return Said(stdout="".join(f"{entry.node}\n" for entry in found))
    lines = [
        f"resource {resource} is running on: {entry.node}"
        + (" Promoted\n" if entry.role == "Promoted" else "\n")
        for entry in found
    ]
    if not lines and not has_resource(facts.cib, resource.partition(":")[0]):
        return Said(NO_SUCH, stderr=f"crm_resource: there is no resource {resource}\n")
    if not lines:
        return Said(stderr=f"resource {resource} is NOT running\n")
    return Said(stdout="".join(lines))


def _banned(resource: str, options: Options, facts: Facts) -> Said:
    """Keep the resource, or the clone that it is in, from a node until that is cleared."""
    base = resource.rpartition(":")[0] if resource.rpartition(":")[2].isdigit() else resource
    node = facts.node(options.get("node") or facts.me)
    if node is None or not has_resource(facts.cib, base):
        missing = f"resource {base}" if node is not None else f"node {options.get('node')}"
        return Said(NO_SUCH, stderr=f"crm_resource: there is no {missing}\n")
    return Said(cib=moves.ban(facts.cib, outermost(facts.cib, base), node.name))


def _is(instance: str, resource: str) -> bool:
    return instance == resource or instance.rpartition(":")[0] == resource


def _parameter(resource: str, kind: str, options: Options, facts: Facts) -> Said:
    base = resource.rpartition(":")[0] if resource.rpartition(":")[2].isdigit() else resource
    id = next((name for name in (resource, base) if name and has_resource(facts.cib, name)), "")
    if not id:
        return Said(NO_SUCH, stderr=f"crm_resource: there is no resource {resource}\n")
    present = lasting_attributes(facts.cib, id, kind, of="resource")
    name = options.get("get-parameter", "")
    if name:
        value = present.get(name)
        text = f"Attribute '{name}' not found for '{resource}'\n"
        return Said(NO_SUCH, stderr=text) if value is None else Said(stdout=f"{value}\n")
    name, value = options.get("set-parameter", ""), options.get("parameter-value")
    if name and value is not None:
        if present.get(name) == value:
            return Said()
        return Said(cib=with_attribute(facts.cib, id, name, value, kind, of="resource"))
    name = options.get("delete-parameter", "")
    if name:
        if name not in present:
            return Said()
        return Said(cib=with_attribute(facts.cib, id, name, None, kind, of="resource"))
    return Said(UNSUPPORTED, stderr="crm_resource: this is not served here; see pcsx resource\n")


# --- operations -----------------------------------------------------------------------------------


def _operations(options: Options, facts: Facts) -> Said:
    """Return what was done, a line each, its last word "complete" or "pending".

    Without --list-all-operations only of nodes that are online.
    """
    wanted, node = options.get("resource", ""), options.get("node", "")
    running = facts.running()
    roles = {entry.resource: entry.role for entry in running}
    roles |= {entry.resource: entry.role for entry in running if entry.role == "Promoted"}
    here = {(entry.resource, entry.node): entry.role for entry in running}
    counted = {each.name for each in facts.nodes if each.online or "list-all-operations" in options}
    lines = []
    for name, record in facts.records():
        if name not in counted or (node and name != node):
            continue
        if wanted and not _is(record.resource, wanted):
            continue
        role = here.get((record.resource, name)) or roles.get(record.resource, "Stopped")
        lines.append(_operation(name, role, record))
    return Said(stdout="".join(lines))


def _operation(node: str, role: str, record: OpRecord) -> str:
    agent = ":".join(part for part in record.agent if part)
    when = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(record.changed_s))
    what = f"{record.resource}_{record.task}_{record.interval_ms}"
    end = "pending" if record.status < 0 else "complete"
    return (
        f"{record.resource}\t({agent}):\t {role}: {what} (node={node}, call={record.call}, "
        f"rc={record.rc}, last-rc-change='{when}', exec={record.exec_ms}ms): {end}\n"
    )
