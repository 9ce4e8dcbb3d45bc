"""What completion and marks know: the ids of the configuration, the nodes, the agents.

Facts are taken from a document (or a working copy) once, when it changes, so that a keystroke only
looks them up. Agents are asked when completion wants to know and may wait; marks look at what is
known already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final

from pcsx.errors import PcsxError
from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.agents.metadata import AgentMetadata
    from pcsx.agents.names import AgentName
    from pcsx.cib.plain import Element
    from pcsx.shell.agents import Agents


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing with an id: its *kind*, what it is in a few words, and what it is *inside* of."""

    id: str
    kind: str
    text: str
    inside: str = ""
    agent: str = ""


RESOURCES: Final = frozenset(("primitive", "device", "group", "clone", "bundle"))
CONSTRAINTS: Final = frozenset(("location", "colocation", "order", "ticket"))
_KINDS: Final[Mapping[str, str]] = {
    "primitive": "primitive",
    "group": "group",
    "clone": "clone",
    "master": "clone",
    "bundle": "bundle",
    "template": "template",
    "rsc_location": "location",
    "rsc_colocation": "colocation",
    "rsc_order": "order",
    "rsc_ticket": "ticket",
    "tag": "tag",
    "alert": "alert",
    "recipient": "recipient",
    "acl_role": "role",
    "acl_target": "user",
    "acl_group": "usergroup",
    "acl_permission": "permission",
    "op": "operation",
    "rule": "rule",
    "node": "node",
    "cluster_property_set": "set",
    "meta_attributes": "set",
}


@dataclass(slots=True)
class Facts:
    """What is known; *things* by id, *nodes* by name with their state."""

    things: dict[str, Thing] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    agents: Agents | None = None
    _names: list[AgentName] | None = None
    _metadata: dict[str, AgentMetadata | None] = field(default_factory=dict)

    def take(self, configuration: Element, states: Mapping[str, str] | None = None) -> None:
        """Learn the ids and nodes of *configuration*; *states* tells what the nodes are doing."""
        self.things = {thing.id: thing for thing in _things(configuration, "")}
        told = states or {}
        self.nodes = {
            thing.id: told.get(thing.id, "node")
            for thing in self.things.values()
            if thing.kind == "node"
        }
        self.tickets = {
            thing.text.partition(" ")[2] for thing in self.things.values() if thing.kind == "ticket"
        }

    def of(self, *kinds: str) -> list[Thing]:
        """Return the things of those kinds, in the document's order."""
        return [thing for thing in self.things.values() if thing.kind in kinds]

    def named(self) -> list[Thing]:
        """Return what can be shown, edited and deleted by its name."""
        return [
            thing
            for thing in self.things.values()
            if thing.kind not in ("operation", "rule", "recipient", "permission")
        ]

    # --- agents

    def agent_names(self, *, ask: bool = True) -> list[AgentName]:
        """Return all agents that can be named here; without *ask* only if known already."""
        if self._names is None and not ask:
            return []
        if self._names is None:
            try:
                self._names = self.agents.names() if self.agents is not None else []
            except PcsxError:
                self._names = []
        return self._names

    def resolve(self, text: str) -> AgentName | None:
        """Return the agent that *text* means, in full or by its type: heartbeat's before others."""
        from pcsx.agents.names import parse_agent

        if ":" in text:
            known = parse_agent(text)
            return known or parse_agent(f"ocf:{text}")
        found = [name for name in self._names or () if name.type == text]
        order = {"heartbeat": 0, "pacemaker": 1}
        found.sort(key=lambda name: (name.standard != "ocf", order.get(name.provider, 2)))
        if found:
            return found[0]
        return parse_agent(f"ocf:heartbeat:{text}")

    def metadata(self, text: str, *, ask: bool) -> AgentMetadata | None:
        """Return what the agent *text* says of itself; without *ask* only if known already."""
        if text not in self._metadata:
            if not ask or self.agents is None:
                return None
            self.agent_names()
            name = self.resolve(text)
            try:
                self._metadata[text] = None if name is None else self.agents.metadata(name)
            except PcsxError:
                self._metadata[text] = None
        return self._metadata[text]

    @property
    def agents_known(self) -> int:
        """Return how many agents have been asked: what is said of them may be new."""
        return len(self._metadata)

    def agent_of(self, id: str) -> str:
        """Return the agent of the resource or template *id*, or nothing."""
        thing = self.things.get(id)
        return thing.agent if thing is not None else ""


def _things(element: Element, inside: str) -> Iterator[Thing]:
    for child in element.children:
        id = (child.get("uname") if child.tag == "node" else "") or child.get("id")
        kind = _KINDS.get(child.tag, "")
        if kind and id:
            thing = _thing(child, id, kind, inside)
            yield thing
            deeper = id if thing.kind in RESOURCES else inside
            yield from _things(child, deeper)
        else:
            yield from _things(child, inside)


def _thing(element: Element, id: str, kind: str, inside: str) -> Thing:
    agent = ""
    text = kind
    if kind in ("primitive", "template"):
        parts = (element.get("class"), element.get("provider"), element.get("type"))
        agent = ":".join(part for part in parts if part)
        if kind == "primitive" and element.get("class") == "stonith":
            kind = "device"
        text = agent or f"@{element.get('template')}"
    elif kind == "ticket":
        text = f"ticket {element.get('ticket')}"
    elif kind == "operation":
        text = f"{element.get('name')} of {inside}"
    elif kind == "group":
        text = "group of " + ", ".join(
            c.get("id") for c in element.children if c.tag == "primitive"
        )
    elif kind in ("location", "colocation", "order"):
        ends = [element.get(name) for name in _ENDS]
        text = f"{kind} " + " ".join(end for end in ends if end)
    if inside and kind in RESOURCES:
        text += f", in {inside}"
    return Thing(id, kind, text, inside, agent)


_ENDS: Final = ("rsc", "first", "then", "node", "with-rsc", "score")
