"""The screen of `pcsx status`, made of the plain value of the state (`pcsx.pe.state`).

The engine is not loaded here, nor anything else that is large: the daemon has read the document.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Told = Mapping[str, "Any"]


def status_lines(
    value: Told, running: Sequence[str], *, full: bool, signs: Mapping[str, str]
) -> list[str]:
    """Return the screen: the headline, what is wrong, the nodes, what runs where (*running*)."""
    lines = [headline(value)]
    found = value["problems"]
    if found:
        lines.append("")
        for problem in found:
            lines.append(f"{signs[problem['severity']]} {problem['text']}")
            lines += [f"    {line}" for line in problem["next"].splitlines()]
    lines += ["", "Nodes:", *_node_lines(value, full=full)]
    lines += ["", "Resources:", *(running or ["  none"])]
    if value.get("tickets"):
        lines += ["", "Tickets:", *(f"  {ticket_line(one)}" for one in value["tickets"])]
    return lines


def ticket_line(one: Told) -> str:
    """Return what is told of one ticket as a line."""
    words = [f"{one['id']}: {'granted' if one['granted'] else 'not granted'}"]
    if one["standby"]:
        words.append("standby")
    if one["last_granted"]:
        words.append(f"last granted {one['last_granted']}")
    own = ("granted", "standby", "last-granted")
    words += [f"{name}={value}" for name, value in sorted(one["attributes"].items())
              if name not in own]  # fmt: skip
    if one["constraints"]:
        words.append(f"needed by {', '.join(one['constraints'])}")
    return ", ".join(words)


def signs() -> dict[str, str]:
    """Return the marks of what is wrong, as far as the terminal can show them."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding == "utf8" and os.environ.get("TERM") != "dumb":
        return {"critical": "✗", "warning": "!"}
    return {"critical": "x", "warning": "!"}


def headline(value: Told) -> str:
    """Return the one line that says how the cluster is."""
    cluster, counts = value["cluster"], value["counts"]
    name = f"Cluster {cluster['name']}" if cluster["name"] else "Cluster"
    if value["source"] == "file":
        name = f"{name} (from a file)"
    words = [f"{counts['nodes_online']} of {counts['nodes']} nodes online"]
    words.append("quorate" if cluster["quorate"] else "no quorum")
    words.append(f"DC {cluster['dc']}" if cluster["dc"] else "no DC")
    words.append(_fencing_text(cluster["fencing"]))
    return f"{name}: {', '.join(words)}"


def _fencing_text(fencing: Told) -> str:
    if not fencing.get("required"):
        return "fencing off"
    devices = fencing.get("devices", 0)
    text = f"{devices} fence device{'' if devices == 1 else 's'}"
    last = fencing.get("last_done_s")
    if last:
        text += time.strftime(", last fencing %Y-%m-%d %H:%M", time.localtime(last))
    return text


def _node_lines(value: Told, *, full: bool) -> list[str]:
    nodes = value["nodes"]
    width = max((len(node["name"]) for node in nodes), default=0)
    lines = []
    for node in nodes:
        notes = []
        if node["dc"]:
            notes.append("DC")
        if node["type"] != "member":
            notes.append(node["type"])
        if full:
            notes.append(f"id {node['id']}")
        if full and node.get("watchdog_ms"):
            bites = ", bites without quorum" if node["watchdog_bites"] else ""
            notes.append(f"watchdog {node['watchdog_ms'] / 1000:g} s{bites}")
        tail = f" ({', '.join(notes)})" if notes else ""
        count = node["running"]
        load = f", runs {count}" if node["online"] else ""
        state = node["state"] if value["observed"] else "never seen"
        lines.append(f"  {node['name']:<{width}}  {state}{load}{tail}")
    return lines or ["  none"]


def severity_of(value: Told) -> int:
    """Return the state as monitoring counts it: 0 well, 1 warning, 2 critical."""
    found = {problem["severity"] for problem in value["problems"]}
    return 2 if "critical" in found else 1 if "warning" in found else 0
