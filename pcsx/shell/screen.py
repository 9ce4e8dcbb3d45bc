"""The live screen as text: three panes, a cursor, a filter; and what happened between two looks.

Pure: the state of the cluster and what the keys made of the view go in, lines with their styles
come out. `monitor` shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pcsx.lean import dataclass
from pcsx.pe.state import leaves
from pcsx.shell.output.status import headline

Told = Mapping[str, Any]
Row = tuple[str, str]
"""A style (nothing, `title`, `good`, `warning`, `critical`, `chosen`) and a line."""

KEYS: Final = "n nodes  r resources  e events  f failures  w why  s standby  / filter  q quit"
PANES: Final = ("nodes", "resources", "events")


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: the open *panes*, *chosen* is the line of the cursor, *filter* a text."""

    panes: frozenset[str] = frozenset(PANES)
    failures_only: bool = False
    filter: str = ""
    chosen: int = 0

    def toggled(self, pane: str) -> View:
        """Return the view with *pane* opened or closed."""
        return replace(self, panes=self.panes ^ {pane}, chosen=0)

    def moved(self, by: int, count: int) -> View:
        """Return the view with the cursor *by* lines further, within *count*."""
        return replace(self, chosen=max(0, min(self.chosen + by, count - 1)))


@dataclass(frozen=True, slots=True)
class Target:
    """What a line is about: a `node` or a `resource`, by name."""

    kind: str
    name: str


def targets(value: Told, view: View) -> list[Target]:
    """Return what the cursor can stand on, from top to bottom."""
    found = []
    if "nodes" in view.panes:
        found += [Target("node", node["name"]) for node in _nodes(value, view)]
    if "resources" in view.panes:
        found += [Target("resource", one["id"]) for _, one in _resources(value, view)]
    return found


def rows(value: Told, events: Sequence[str], view: View, *, height: int, width: int) -> list[Row]:
    """Return the screen, *height* lines of at most *width* letters."""
    body: list[Row] = []
    chosen_row = 0
    number = 0
    for style, line, is_target in _body(value, view):
        if is_target:
            if number == view.chosen:
                chosen_row, style = len(body), "chosen"
            number += 1
        body.append((style, line))
    told = ["", *events[-_events_height(height) :]] if "events" in view.panes else []
    room = max(height - 4 - len(told) - bool(told), 1)
    first = max(0, min(chosen_row - room // 2, len(body) - room))
    shown = body[first : first + room]
    filtered = f"  filter: {view.filter}" if view.filter else ""
    lines: list[Row] = [(_mood(value), headline(value) + filtered), ("", "")]
    lines += shown + [("", "")] * (room - len(shown))
    if told:
        lines += [("title", "Events"), *(("", f"  {line}" if line else "") for line in told[1:])]
    lines = lines[: height - 1]
    lines += [("", "")] * (height - 1 - len(lines))
    return [(style, line[:width]) for style, line in [*lines, ("keys", KEYS)]]


def _events_height(height: int) -> int:
    return max(height // 4, 1)


def _mood(value: Told) -> str:
    severities = {problem["severity"] for problem in value["problems"]}
    return "critical" if "critical" in severities else "warning" if severities else "good"


def _body(value: Told, view: View) -> Iterator[tuple[str, str, bool]]:
    for problem in value["problems"]:
        yield problem["severity"], problem["text"], False
    if "nodes" in view.panes:
        yield "title", "Nodes", False
        for node in _nodes(value, view):
            dc = "  DC" if node["dc"] else ""
            line = f"  {node['name']:<20} {node['state']:<14} runs {node['running']}{dc}"
            style = "" if node["online"] else "critical" if node["unclean"] else "warning"
            yield style, line, True
    if "resources" in view.panes:
        yield "title", "Failures" if view.failures_only else "Resources", False
        for depth, one in _resources(value, view):
            yield *_resource_row(depth, one), True


def _resource_row(depth: int, one: Told) -> Row:
    marks = [word for word in ("failed", "blocked") if one.get(word)]
    marks += [] if one["managed"] else ["unmanaged"]
    tail = f"  ({', '.join(marks)})" if marks else ""
    if "children" in one:
        return "", f"  {'  ' * depth}{one['id']} ({one['kind']}){tail}"
    name = "  " * depth + one["name"]
    style = "critical" if one["failed"] or one["blocked"] else ""
    style = style or ("" if one["nodes"] or one["disabled"] else "warning")
    return style, f"  {name:<28} {one['role']:<12} {' '.join(one['nodes'])}{tail}"


def _nodes(value: Told, view: View) -> list[Told]:
    nodes: list[Told] = list(value["nodes"])
    return [node for node in nodes if view.filter in node["name"]]


def _resources(value: Told, view: View) -> Iterator[tuple[int, Told]]:
    """Yield what is shown, with how deep it stands; what holds others only among all."""
    is_narrow = bool(view.filter) or view.failures_only
    for depth, one in _walk(value["resources"], 0):
        if "children" in one:
            if not is_narrow:
                yield depth, one
            continue
        is_wanted = one["failed"] or one["blocked"] or not view.failures_only
        if is_wanted and view.filter in one["name"]:
            yield depth, one


def events_between(old: Told | None, new: Told) -> list[str]:
    """Return what happened between two looks, as sentences; nothing before the first."""
    if old is None:
        return []
    told = []
    nodes = {node["name"]: node["state"] for node in old["nodes"]}
    for node in new["nodes"]:
        if nodes.get(node["name"]) != node["state"]:
            told.append(f"node {node['name']} is {node['state']}")
    before, after = _places(old), _places(new)
    told += [f"{name} is {place}" for name, place in after.items() if before.get(name) != place]
    told += [f"{name} is gone" for name in before if name not in after]
    quorum = old["cluster"]["quorate"], new["cluster"]["quorate"]
    if quorum[0] != quorum[1]:
        told.append("quorum is there" if quorum[1] else "quorum is lost")
    return told


def _places(value: Told) -> dict[str, str]:
    """Return in what role every resource is where; the instances of a clone are told together."""
    roles: dict[str, dict[str, list[str]]] = {}
    for one in leaves(value["resources"]):
        by_role = roles.setdefault(one["name"], {})
        for node in one["nodes"]:
            role = one["role"].lower() + (", failed," if one["failed"] else "")
            by_role.setdefault(role, []).append(node)
    return {
        name: " and ".join(f"{role} on {', '.join(sorted(on))}" for role, on in by_role.items())
        or "stopped"
        for name, by_role in roles.items()
    }


def _walk(resources: Sequence[Told], depth: int) -> Iterator[tuple[int, Told]]:
    for one in resources:
        yield depth, one
        yield from _walk(one.get("children", ()), depth + 1)
