"""Transient attributes that are set through this node: at once, or held until they are steady.

An attribute may be *dampened*: a changed value is held for its delay, each further change begins
the wait anew, and at the end all values that are held for it go out together. So several nodes
that lose a router at about the same moment are compared after all have told it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pcsx.lean import dataclass
from pcsx.values import Now, add_scores, parse_score, score_text

_GROWING: Final = re.compile(r".+?(?:(\+\+)|\+=([+-]?\w+))")


@dataclass(frozen=True, slots=True)
class Update:
    """Attribute *name* of *node* (an id) shall be *value*; None takes it away.

    *delay_ms* is the attribute's new dampening; None leaves it as it is.
    """

    node: int
    name: str
    value: str | None
    delay_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """Only the dampening of *name* changes."""

    name: str
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """Let out at once all that is held."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`deadline_ms` was reached."""


AttributeEvent = Update | Delay | Refresh | Tick


@dataclass(frozen=True, slots=True)
class Changed:
    """Attributes of *node* are to be told to all; an empty value takes one away."""

    node: int
    pairs: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Held:
    due_ms: int
    values: dict[int, str]


class Attributes:
    """What is held back; see the module's paragraph."""

    def __init__(self) -> None:
        self._delays: dict[str, int] = {}
        self._held: dict[str, _Held] = {}

    @property
    def deadline_ms(self) -> int | None:
        """Return when the next attribute has been steady for long enough."""
        return min((held.due_ms for held in self._held.values()), default=None)

    def held(self, node: int, name: str) -> str | None:
        """Return the value that is held for *node* (empty: it will go), or None."""
        known = self._held.get(name)
        return known.values.get(node) if known is not None else None

    def step(self, event: AttributeEvent, now: Now) -> list[Changed]:
        """Return what is to be told now."""
        match event:
            case Update(node, name, value, delay_ms):
                if delay_ms is not None:
                    self._delays[name] = delay_ms
                delay_ms = self._delays.get(name, 0)
                held = self._held.setdefault(name, _Held(now.ms, {}))
                held.values[node] = value or ""
                held.due_ms = now.ms + delay_ms
            case Delay(name, delay_ms):
                self._delays[name] = delay_ms
                if name in self._held:
                    self._held[name].due_ms = now.ms + delay_ms
            case Refresh():
                for held in self._held.values():
                    held.due_ms = now.ms
            case Tick():
                pass
        return self._let_out(now)

    def _let_out(self, now: Now) -> list[Changed]:
        pairs: dict[int, list[tuple[str, str]]] = {}
        for name in sorted(self._held):
            if self._held[name].due_ms <= now.ms:
                for node, value in self._held.pop(name).values.items():
                    pairs.setdefault(node, []).append((name, value))
        return [Changed(node, tuple(changed)) for node, changed in sorted(pairs.items())]


def grown(text: str, current: str) -> str:
    """Return the value that *text* asks for: itself, or the sum that `NAME++` or `NAME+=k` means.

    A sum with INFINITY is INFINITY; what is no number counts as 0.
    """
    match = _GROWING.fullmatch(text)
    if match is None:
        return text
    more = parse_score(match[2] or "1")
    return text if more is None else score_text(add_scores(parse_score(current) or 0, more))


def merged(told: Mapping[str, str], attributes: Attributes, node: int) -> dict[str, str]:
    """Return the attributes of *node* with what is still held for it: a writer reads its words."""
    values = dict(told)
    for name, held in attributes._held.items():
        if node in held.values:
            values[name] = held.values[node]
    return {name: value for name, value in values.items() if value}
