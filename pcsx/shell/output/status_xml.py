"""The state as the XML that `crm_mon` prints, for programs that read that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pcsx.cib.tickets import LAST_GRANTED
from pcsx.pe.digests import escaped
from pcsx.pe.model import WorkingSet
from pcsx.pe.report import PENDING

API: Final = "2.38"
Told = Mapping[str, Any]


def status_xml(value: Told, work: WorkingSet) -> str:
    """Return *value* (`pcsx-status/1`) as XML; *work* is the reading that it comes from."""
    lines = ['<?xml version="1.0"?>']
    lines.append(_open("pacemaker-result", {"api-version": API, "request": "crm_mon -r -1 -X"}))
    lines += _summary(value)
    lines += _section("nodes", (_node(node) for node in value["nodes"]))
    lines += _section("resources", (line for one in value["resources"] for line in _of(one)))
    lines += _section("node_attributes", _attributes(value, work))
    lines += _section("failures", map(_failure, value["failures"]))
    lines += _section("tickets", map(_ticket, value["tickets"]))
    lines += ['  <status code="0" message="OK"/>', "</pacemaker-result>"]
    return "\n".join(lines) + "\n"


def _tag(name: str, pairs: Mapping[str, object]) -> str:
    told = "".join(f' {key}="{escaped(_word(value))}"' for key, value in pairs.items())
    return f"{name}{told}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _open(name: str, pairs: Mapping[str, object]) -> str:
    return f"<{_tag(name, pairs)}>"


def _leaf(name: str, pairs: Mapping[str, object]) -> str:
    return f"<{_tag(name, pairs)}/>"


def _section(name: str, lines: Iterator[str]) -> list[str]:
    inner = [f"    {line}" for line in lines]
    return [f"  <{name}>", *inner, f"  </{name}>"] if inner else []


def _summary(value: Told) -> Iterator[str]:
    cluster, counts = value["cluster"], value["counts"]
    dc: dict[str, object] = {"present": bool(cluster["dc"])}
    if cluster["dc"]:
        dc |= {"name": cluster["dc"], "with_quorum": cluster["quorate"]}
        dc |= {"id": next((n["id"] for n in value["nodes"] if n["name"] == cluster["dc"]), "")}
    yield "  <summary>"
    yield f"    {_leaf('current_dc', dc)}"
    yield f"    {_leaf('last_update', {'time': value['at']})}"
    yield f"    {_leaf('nodes_configured', {'number': counts['nodes']})}"
    resources = {
        "number": counts["instances"],
        "disabled": counts["instances_disabled"],
        "blocked": counts["instances_blocked"],
    }
    yield f"    {_leaf('resources_configured', resources)}"
    options = {
        "stonith-enabled": bool(cluster["fencing"].get("required")),
        "maintenance-mode": cluster["maintenance"],
    }
    yield f"    {_leaf('cluster_options', options)}"
    yield "  </summary>"


def _node(node: Told) -> str:
    return _leaf(
        "node",
        {
            "name": node["name"], "id": node["id"], "online": node["online"],
            "standby": node["standby"], "maintenance": node["maintenance"],
            "pending": node["pending"], "unclean": node["unclean"], "is_dc": node["dc"],
            "health": node["health"] or "green", "resources_running": node["running"],
            "type": node["type"],
        },
    )  # fmt: skip


def _of(one: Told) -> Iterator[str]:
    """Yield the lines of one resource, with all that is in it."""
    if "children" not in one:
        yield from _primitive(one)
        return
    name = "clone" if one["kind"] == "promotable" else str(one["kind"])
    pairs: dict[str, object] = {"id": one["id"]}
    if name == "clone":
        pairs["multi_state"] = one["kind"] == "promotable"
    pairs |= {"managed": one["managed"], "disabled": one["disabled"]}
    yield _open(name, pairs)
    for child in one["children"]:
        yield from (f"  {line}" for line in _of(child))
    yield f"</{name}>"


def _primitive(one: Told) -> Iterator[str]:
    pairs = {
        "id": one["id"], "resource_agent": one["agent"], "role": one["role"],
        "active": one["active"], "orphaned": one["orphan"], "blocked": one["blocked"],
        "managed": one["managed"], "failed": one["failed"],
        "nodes_running_on": len(one["nodes"]),
    }  # fmt: skip
    if one["pending"]:
        pairs["pending"] = PENDING.get(one["pending"], one["pending"])
    if not one["nodes"]:
        yield _leaf("resource", pairs)
        return
    yield _open("resource", pairs)
    for name in one["nodes"]:
        yield f"  {_leaf('node', {'name': name, 'cached': True})}"
    yield "</resource>"


def _attributes(value: Told, work: WorkingSet) -> Iterator[str]:
    for node in work.nodes:
        shown = {
            name: str(text) for name, text in sorted(node.attrs.items()) if not name.startswith("#")
        }
        if shown:
            yield _open("node", {"name": node.name})
            for name, text in shown.items():
                yield f"  {_leaf('attribute', {'name': name, 'value': text})}"
            yield "</node>"


def _failure(one: Told) -> str:
    return _leaf(
        "failure",
        {
            "op_key": f"{one['resource']}_{one['task']}_{one['interval_ms']}",
            "node": one["node"], "exitcode": one["exit_code"], "exitreason": one["reason"],
            "task": one["task"], "interval": one["interval_ms"], "last-rc-change": one["at"],
        },
    )  # fmt: skip


def _ticket(one: Told) -> str:
    state = one["attributes"]
    pairs: dict[str, object] = {
        "id": one["id"],
        "status": "granted" if one["granted"] else "revoked",
        "standby": one["standby"],
    }
    return _leaf("ticket", pairs | {k: v for k, v in state.items() if k == LAST_GRANTED})
