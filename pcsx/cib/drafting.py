"""What the planning worker is told of the document: what differs from what it was told before.

`Told` is the brain's side: it cuts a `Situation` into parts, none of which takes long to write
down, and leaves out what has not changed. `Draft` is the worker's: it keeps the one document that
all parts so far make, changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.status import (
    NodeState,
    ResourceHistory,
    Situation,
    history_element,
    node_element,
)
from pcsx.cib.tickets import Pairs, tickets_element
from pcsx.lean import dataclass

PIECE: Final = 100
"""At most so many histories in one part."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The document without its states, as bytes."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Root:
    """What stands on the root, the ids of the nodes whose states there are, in order; tickets."""

    attributes: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]
    tickets: tuple[tuple[str, Pairs], ...] = ()


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """A node's *state* (without histories), histories that are new, and names that are gone."""

    state: NodeState
    come: tuple[ResourceHistory, ...] = ()
    gone: tuple[str, ...] = ()


Part = Configured | Root | NodeChanged


class Told:
    """The brain's side."""

    def __init__(self) -> None:
        self._configuration: Cib | None = None
        self._root: Root | None = None
        self._states: dict[str, NodeState] = {}

    def parts(self, new: Situation) -> Iterator[Part]:
        """Return what leads from the last situation to *new*; to be used up before the next."""
        if new.configuration is not self._configuration:
            self._configuration = new.configuration
            yield Configured(new.configuration.packed())
            self._root = None
        root = Root(new.attributes, tuple(state.id for state in new.states), new.tickets)
        if root != self._root:
            self._root = root
            yield root
        for state in new.states:
            yield from _node_parts(self._states.get(state.id), state)
        self._states = {state.id: state for state in new.states}


def _node_parts(old: NodeState | None, new: NodeState) -> Iterator[NodeChanged]:
    head = replace(new, resources=())
    was: dict[str, ResourceHistory] = {}
    if old is not None:
        if old.resources is new.resources and replace(old, resources=()) == head:
            return
        was = {history.id: history for history in old.resources}
    known = {history.id for history in new.resources}
    yield NodeChanged(head, gone=tuple(id for id in was if id not in known))
    come = (history for history in new.resources if was.get(history.id) is not history)
    while piece := tuple(islice(come, PIECE)):
        yield NodeChanged(head, piece)


class Draft:
    """The worker's side."""

    def __init__(self) -> None:
        self._tree: etree._Element | None = None
        self._states: dict[str, etree._Element] = {}
        self._histories: dict[str, dict[str, etree._Element]] = {}
        self._changed: set[str] | None = None

    def take(self, part: Part) -> None:
        """Take one part into the document."""
        match part:
            case Configured(text):
                self._tree = Cib.from_bytes(text).tree
                for old in self._tree.findall("status"):
                    self._tree.remove(old)
                etree.SubElement(self._tree, "status").extend(self._states.values())
                self._changed = None
            case Root():
                self._set_root(part)
            case NodeChanged():
                self._change(part)

    def _set_root(self, root: Root) -> None:
        assert self._tree is not None
        nodes = root.nodes
        for name, value in root.attributes:
            self._tree.set(name.replace("_", "-"), value)
        for id in nodes:
            if id not in self._states:
                self._states[id] = etree.Element("node_state", id=id)
                self._histories[id] = {}
        for id in [id for id in self._states if id not in nodes]:
            del self._states[id], self._histories[id]
        self._states = {id: self._states[id] for id in nodes}
        self._histories = {id: self._histories[id] for id in nodes}
        status = self._tree.find("status")
        assert status is not None
        status[:] = list(self._states.values())
        if (tickets := tickets_element(root.tickets)) is not None:
            status.append(tickets)
        self._changed = None

    def _change(self, part: NodeChanged) -> None:
        """Change one node's state, whose element and its list of histories stay the same."""
        id = part.state.id
        state, histories = self._states[id], self._histories[id]
        entries = state.find("lrm/lrm_resources")
        fresh = node_element(part.state)
        for name, value in fresh.attrib.items():
            state.set(name, value)
        if entries is None:
            state[:] = list(fresh)
            entries = state.find("lrm/lrm_resources")
            assert entries is not None
        else:
            transient = fresh.find("transient_attributes")
            assert transient is not None
            state[0] = transient
        moved = False
        for gone in part.gone:
            entries.remove(histories.pop(gone))
        for history in part.come:
            element = history_element(history)
            old = histories.get(history.id)
            if old is not None:
                entries.replace(old, element)
            moved |= old is None
            histories[history.id] = element
        if moved:
            histories = self._histories[id] = dict(sorted(histories.items()))
            entries[:] = list(histories.values())
        if self._changed is not None:
            self._changed.add(part.state.uname)

    def draw(self) -> tuple[Cib, frozenset[str] | None]:
        """Return the document, and the names of the nodes that changed since; None: all may have.

        The tree is the same as last time, changed, where only nodes changed.
        """
        assert self._tree is not None
        changed = None if self._changed is None else frozenset(self._changed)
        self._changed = set()
        return Cib(self._tree), changed
