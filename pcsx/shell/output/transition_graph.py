"""A transition drawn as SVG: what waits for what, from left to right, with a layout of our own.

Only what is really done is drawn; a wait that goes through pseudo actions is a line, and one that
follows from others is left out. An action stands in the column after all that it waits for. Lines
that cross columns have a place of their own in each, so that none runs through a box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from html import escape
from typing import Final

from pcsx.lean import dataclass
from pcsx.pe.emit import dot, graph_xml
from pcsx.pe.transition import Action, ActionKind, Transition

_HEIGHT: Final = 42
_GAP_X: Final = 70
_GAP_Y: Final = 16
_LANE: Final = 14
_CHAR: Final = 7.3
_MARGIN: Final = 24
_TITLE: Final = 40
_SWEEPS: Final = 8
_LARGE: Final = 3000
"""From so many actions on, lines that follow from others are drawn: to find them takes too long."""
_COLOURS: Final = {
    "start": "#d9f2dd", "promote": "#c8e6f5", "stop": "#fbdcd8", "demote": "#fdebc8",
    "stonith": "#f5b7b1", "monitor": "#f1f1f4", "migrate_to": "#e6dcf7",
    "migrate_from": "#e6dcf7", "notify": "#f7f3e3",
}  # fmt: skip
_WORDS: Final = {"stonith": "fence", "do_shutdown": "shut down", "lrm_delete": "forget"}


@dataclass(slots=True)
class _Place:
    """A box, or (without *action*) where a line passes a column."""

    action: Action | None
    column: int
    before: list[_Place] = field(default_factory=list)
    after: list[_Place] = field(default_factory=list)
    rank: float = 0.0
    """How far down its column it stands, from 0 to 1; *wish* is where its neighbours stand."""
    wish: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> int:
        return _LANE if self.action is None else _HEIGHT


def svg(transition: Transition, title: str = "") -> str:
    """Return the picture; the same transition gives the same picture."""
    columns = _columns(transition)
    widths = [_width(column) for column in columns]
    _order(columns)
    height = _place(columns, widths)
    width = 2 * _MARGIN + sum(widths) + _GAP_X * max(0, len(widths) - 1)
    real = sum(1 for column in columns for place in column if place.action is not None)
    text = title or (
        f"{real} action{'' if real == 1 else 's'}" if real else "Nothing is to be done"
    )
    width = max(width, 2 * _MARGIN + _CHAR * len(text))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="DejaVu Sans, sans-serif" '
        'font-size="12">',
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="3.5" '
        'orient="auto"><path d="M0,0 L7,3.5 L0,7 z" fill="#667"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_MARGIN}" y="26" font-size="15" fill="#223">{escape(text)}</text>',
        *_lines(columns, widths),
        *(
            _box(place, width)
            for column, width in zip(columns, widths, strict=True)
            for place in column
            if place.action is not None
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


# --- what is drawn --------------------------------------------------------------------------------


def _real_inputs(transition: Transition) -> dict[int, set[int]]:
    """Return for each real action the real ones that it waits for, without what follows anyway."""
    by_id = {action.id: action for action in transition.actions}
    order = _sorted(by_id)
    direct: dict[int, set[int]] = {}
    """Of each action, pseudo or real: the nearest real ones before it."""
    above: dict[int, set[int]] = {}
    for number in order:
        near: set[int] = set()
        for one in by_id[number].inputs:
            if one in direct:
                near |= {one} if by_id[one].kind is not ActionKind.PSEUDO else direct[one]
        far = {up for one in near for up in above[one]} if len(order) < _LARGE else set()
        direct[number] = near - far
        above[number] = near | far
    return {n: direct[n] for n in order if by_id[n].kind is not ActionKind.PSEUDO}


def _sorted(by_id: dict[int, Action]) -> list[int]:
    """Return the ids, each after its inputs; there are no loops in a transition."""
    waits = {n: sum(1 for i in set(a.inputs) if i in by_id) for n, a in by_id.items()}
    followers: dict[int, list[int]] = {n: [] for n in by_id}
    for number, action in by_id.items():
        for one in sorted(set(action.inputs)):
            if one in by_id:
                followers[one].append(number)
    ready = [n for n in by_id if not waits[n]]
    for number in ready:
        for follower in followers[number]:
            waits[follower] -= 1
            if not waits[follower]:
                ready.append(follower)
    return ready


def _columns(transition: Transition) -> list[list[_Place]]:
    by_id = {action.id: action for action in transition.actions}
    inputs = _real_inputs(transition)
    column: dict[int, int] = {}
    for number, before in inputs.items():
        column[number] = 1 + max((column[one] for one in before), default=-1)
    places = {n: _Place(by_id[n], column[n]) for n in inputs}
    columns: list[list[_Place]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for number in sorted(places):
        columns[column[number]].append(places[number])
    for number in sorted(places):
        for one in sorted(inputs[number]):
            _link(places[one], places[number], columns)
    return columns


def _link(first: _Place, then: _Place, columns: list[list[_Place]]) -> None:
    last = first
    for column in range(first.column + 1, then.column):
        lane = _Place(None, column)
        columns[column].append(lane)
        last.after.append(lane)
        lane.before.append(last)
        last = lane
    last.after.append(then)
    then.before.append(last)


# --- where it stands ------------------------------------------------------------------------------


def _order(columns: list[list[_Place]]) -> None:
    """Sort each column so that few lines cross: by where the neighbours stand, to and fro."""
    for column in columns:
        _rank(column)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            for place in column:
                near = place.before if forth else place.after
                place.wish = sum(p.rank for p in near) / len(near) if near else place.rank
            column.sort(key=lambda place: place.wish)
            _rank(column)


def _rank(column: list[_Place]) -> None:
    for number, place in enumerate(column):
        place.rank = (number + 0.5) / len(column)


def _place(columns: list[list[_Place]], widths: list[float]) -> float:
    """Give each place its corner, near its neighbours where there is room; return the height."""
    x = float(_MARGIN)
    for column, width in zip(columns, widths, strict=True):
        y = float(_TITLE)
        for place in column:
            place.x, place.y = x, y
            y += place.height + _GAP_Y
        x += width + _GAP_X
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            _settle(column, forth=forth)
    _close_gaps(sorted((p for column in columns for p in column), key=lambda p: p.y))
    low = max((p.y + p.height for column in columns for p in column), default=float(_TITLE))
    return low + _MARGIN


def _close_gaps(places: list[_Place]) -> None:
    """Move *places* (from the top down) up where nothing stands beside the room above them."""
    if not places:
        return
    low, shift = places[0].y - _GAP_Y, places[0].y - _TITLE
    for place in places:
        shift += max(0.0, place.y - low - _GAP_Y)
        low = max(low, place.y + place.height)
        place.y -= shift


def _settle(column: list[_Place], *, forth: bool) -> None:
    """Move each place towards its neighbours; none onto another, and none past another."""
    wished = []
    for place in column:
        near = place.before if forth else place.after
        middles = [one.y + one.height / 2 for one in near]
        middle = sum(middles) / len(middles) if middles else place.y + place.height / 2
        wished.append(middle - place.height / 2)
    low = float("-inf")
    down = []
    for place, wish in zip(column, wished, strict=True):
        y = max(wish, low)
        down.append(y)
        low = y + place.height + _GAP_Y
    high = float("inf")
    up = []
    for place, wish in zip(reversed(column), reversed(wished), strict=True):
        y = min(wish, high - place.height - _GAP_Y)
        up.append(y)
        high = y
    for place, one, other in zip(column, down, reversed(up), strict=True):
        place.y = (one + other) / 2


# --- how it looks ---------------------------------------------------------------------------------


def _texts(action: Action) -> tuple[str, str]:
    task = _WORDS.get(action.task, action.task.replace("_", " "))
    if action.task == "monitor":
        task = f"monitor every {action.interval_ms / 1000:g} s" if action.interval_ms else "probe"
    name = action.instance or action.resource or action.node or action.key
    where = f"on {action.node}" if action.node and action.node != name else ""
    if action.task == "stonith" and action.meta_value("stonith_action") == "on":
        task = "unfence"
    return f"{task} {name}", where


def _width(column: list[_Place]) -> float:
    texts = [text for p in column if p.action is not None for text in _texts(p.action)]
    return max((_CHAR * len(text) + 24 for text in texts), default=60.0)


def _box(place: _Place, width: float) -> str:
    assert place.action is not None
    first, second = _texts(place.action)
    colour = _COLOURS.get(place.action.task, "#eceff4")
    return (
        f"<g><title>{escape(place.action.key)} (action {place.action.id})</title>"
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{width:.1f}" height="{_HEIGHT}" rx="6" '
        f'fill="{colour}" stroke="#556"/>'
        f'<text x="{place.x + 10:.1f}" y="{place.y + (18 if second else 26):.1f}" '
        f'fill="#112">{escape(first)}</text>'
        f'<text x="{place.x + 10:.1f}" y="{place.y + 34:.1f}" fill="#556" '
        f'font-size="11">{escape(second)}</text></g>'
    )


def _lines(columns: list[list[_Place]], widths: list[float]) -> list[str]:
    """Return a curve for each wait, from box through its lanes to box."""
    lines = []
    for column in columns:
        for place in column:
            if place.action is None:
                continue
            for then in place.after:
                lines.append(_curve(place, then, widths))
    return lines


def _curve(first: _Place, then: _Place, widths: list[float]) -> str:
    x, y = first.x + widths[first.column], first.y + first.height / 2
    path = [f"M{x:.1f},{y:.1f}"]
    one: _Place = then
    while True:
        to_x, to_y = one.x, one.y + one.height / 2
        half = (x + to_x) / 2
        path.append(f"C{half:.1f},{y:.1f} {half:.1f},{to_y:.1f} {to_x:.1f},{to_y:.1f}")
        if one.action is not None:
            break
        x, y = one.x + widths[one.column], to_y
        path.append(f"L{x:.1f},{y:.1f}")
        one = one.after[0]
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="#889" stroke-width="1.3" '
        'marker-end="url(#tip)"/>'
    )


DRAWN: Final[dict[str, Callable[[Transition], str]]] = {"svg": svg, "dot": dot, "xml": graph_xml}
"""How a transition is drawn, by the ending of a file's name."""
