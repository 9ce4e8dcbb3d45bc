"""Resources and what binds them, as a picture: dot for graphviz, or SVG with a layout of our own.

An order goes down; what is ordered after something stands below it. Colocation is a line without
an end to it. Containers are told by the name under each box.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import pairwise
from typing import Final

from pcsx.cib.plain import Element
from pcsx.lean import dataclass

_WIDTH: Final = 150
_HEIGHT: Final = 40
_GAP_X: Final = 30
_GAP_Y: Final = 60


@dataclass(frozen=True, slots=True)
class Edge:
    """One line between two resources; *kind* is `order` or `colocation`."""

    kind: str
    start: str
    end: str
    label: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: each resource at the top with what it holds, and the lines."""

    boxes: tuple[tuple[str, str], ...]
    edges: tuple[Edge, ...]


def picture_of(configuration: Element) -> Picture:
    """Return the resources of a configuration, and their orders and colocations."""
    resources = configuration.find("resources")
    boxes: list[tuple[str, str]] = []
    home: dict[str, str] = {}
    for top in resources.children if resources is not None else ():
        if top.tag == "template":
            continue
        inside = [e.id for e in top.walk() if e.tag in ("primitive", "group") and e is not top]
        boxes.append((top.id, f"{top.tag}: {' '.join(inside)}" if inside else top.tag))
        home |= {e.id: top.id for e in top.walk() if e.id}
    edges: list[Edge] = []
    constraints = configuration.find("constraints")
    for constraint in constraints.children if constraints is not None else ():
        edges += _edges(constraint, home)
    return Picture(tuple(boxes), tuple(dict.fromkeys(edges)))


def _edges(constraint: Element, home: dict[str, str]) -> Iterable[Edge]:
    pairs: list[tuple[str, str]] = []
    sets = [[ref.id for ref in one.children] for one in constraint.all("resource_set")]
    match constraint.tag:
        case "rsc_order":
            pairs = [(constraint.get("first"), constraint.get("then"))]
        case "rsc_colocation":
            pairs = [(constraint.get("rsc"), constraint.get("with-rsc"))]
        case _:
            return
    if sets:
        pairs = [(a, b) for one in sets for a, b in pairwise(one)]
        pairs += [(one[-1], two[0]) for one, two in pairwise(sets) if one and two]
    kind = constraint.tag.removeprefix("rsc_")
    label = constraint.get("kind") or constraint.get("score")
    optional = label in ("Optional", "0")
    for start, end in pairs:
        if start in home and end in home and home[start] != home[end]:
            yield Edge(kind, home[start], home[end], label, optional)


def dot(picture: Picture) -> str:
    """Return *picture* for graphviz."""
    lines = ["digraph configuration {", "  node [shape=box];"]
    for name, text in picture.boxes:
        label = _quoted(name + "\n" + text)
        lines.append(f"  {_quoted(name)} [label={label}];")
    for edge in picture.edges:
        style = "dashed" if edge.kind == "colocation" else "dotted" if edge.optional else "solid"
        arrow = "none" if edge.kind == "colocation" else "normal"
        rank = ", constraint=false" if edge.kind == "colocation" else ""
        lines.append(
            f"  {_quoted(edge.start)} -> {_quoted(edge.end)} "
            f"[style={style}, arrowhead={arrow}, label={_quoted(edge.label)}{rank}];"
        )
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "'").replace("\n", "\\n") + '"'


def svg(picture: Picture) -> str:
    """Return *picture* as SVG: a row for each depth of orders, boxes in their order."""
    rows = _rows(picture)
    at: dict[str, tuple[int, int]] = {}
    for y, row in enumerate(rows):
        for x, name in enumerate(row):
            at[name] = (20 + x * (_WIDTH + _GAP_X), 20 + y * (_HEIGHT + _GAP_Y))
    width = 20 + max((len(row) for row in rows), default=1) * (_WIDTH + _GAP_X)
    height = 20 + max(1, len(rows)) * (_HEIGHT + _GAP_Y)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="3" orient="auto">'
        '<path d="M0,0 L7,3 L0,6 z"/></marker></defs>',
    ]
    for edge in picture.edges:
        (x1, y1), (x2, y2) = at[edge.start], at[edge.end]
        half = _WIDTH // 2
        down = y2 > y1
        y1 += _HEIGHT if down else 0
        y2 += 0 if down else _HEIGHT
        dash = ' stroke-dasharray="5,4"' if edge.kind == "colocation" or edge.optional else ""
        end = "" if edge.kind == "colocation" else ' marker-end="url(#a)"'
        parts.append(
            f'<line x1="{x1 + half}" y1="{y1}" x2="{x2 + half}" y2="{y2}" stroke="black"'
            f"{dash}{end}><title>{escape(edge.kind)} {escape(edge.label)}</title></line>"
        )
    for name, text in picture.boxes:
        x, y = at[name]
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4" fill="#eef" '
            f'stroke="#336"/><text x="{x + 8}" y="{y + 16}">{escape(name)}</text>'
            f'<text x="{x + 8}" y="{y + 32}" fill="#555">{escape(text[:22])}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rows(picture: Picture) -> list[list[str]]:
    """Return the names row by row: each below all that it is ordered after; loops are cut."""
    after: dict[str, list[str]] = {name: [] for name, _ in picture.boxes}
    for edge in picture.edges:
        if edge.kind == "order":
            after[edge.end].append(edge.start)
    depth: dict[str, int] = {}

    for name in after:
        stack = [(name, frozenset[str]())]
        while stack:
            current, above = stack.pop()
            open_ = [n for n in after[current] if n not in depth and n not in above]
            if open_:
                stack.append((current, above))
                stack += [(n, above | {current}) for n in open_ if n != current]
                if open_ == [current]:
                    depth[current] = 0
                continue
            depth.setdefault(
                current, 1 + max((depth.get(n, -1) for n in after[current]), default=-1)
            )
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, _ in picture.boxes:
        rows[depth[name]].append(name)
    return rows
