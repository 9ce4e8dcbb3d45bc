"""A decided working set as a dot digraph in the field's colours, what does not happen included.

Bold and green is what the transition holds; dashed and red is wanted and cannot be done; with all
actions also blue, what is not needed, and what is unmanaged, in purple letters. The transition
alone, of which a decision keeps no more, is drawn by `emit.dot`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.pe.flags import IN_GRAPH, LOAD, OPTIONAL, PSEUDO
from pcsx.pe.model import Action, WorkingSet


def picture(work: WorkingSet, *, every: bool) -> str:
    """Return what *work* decided, newest action first; *every* action, needed or not."""
    actions = sorted(work.actions, key=lambda action: -action.id)
    colours = {action: colour for action in actions if (colour := _colour(action, every=every))}
    nodes = (
        f'"{name_of(action)}" [ style={style} color="{colour}" fontcolor="{font}"]\n'
        for action, (style, colour, font) in colours.items()
    )
    edges = (edge for action in actions for edge in _edges(action, colours, every=every))
    return "".join((' digraph "g" {\n', *nodes, *edges, "}\n"))


def name_of(action: Action) -> str:
    """Return how the picture calls *action*."""
    node = action.node.name if action.node is not None else ""
    if action.task == "stonith":
        return f"stonith '{action.meta.get('stonith_action', '')}' {node}"
    if action.task == "cancel":
        return f"Cancel {action.key} {node}"
    if action.flags & PSEUDO:
        return f"{action.key} {node}".rstrip()
    if action.rsc is not None:
        return f"{action.key} {node or '<none>'}"
    return f"{action.task} {node}" if node else action.key


def _colour(action: Action, *, every: bool) -> tuple[str, str, str] | None:
    """Return style, colour and colour of the letters; None for what is left out."""
    font = "orange" if action.flags & PSEUDO else "black"
    if action.flags & IN_GRAPH:
        return "bold", "green", font
    if action.rsc is not None and not action.rsc.managed:
        return ("dashed", "red", "purple") if every else None
    if action.flags & OPTIONAL:
        return ("dashed", "blue", font) if every else None
    return "dashed", "red", font


def _edges(
    action: Action, shown: dict[Action, tuple[str, str, str]], *, every: bool
) -> Iterator[str]:
    for link in sorted(action.before, key=lambda link: -link.first.id):
        if not link.in_graph and not link.kind:
            continue
        both = action in shown and link.first in shown and link.kind != LOAD
        if link.in_graph or both or every:
            style = "bold" if link.in_graph else "dashed"
            yield f'"{name_of(link.first)}" -> "{name_of(action)}" [ style = {style}]\n'
