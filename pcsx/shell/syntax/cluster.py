"""Nodes, options of the whole cluster, defaults, and fencing levels, both ways.

node [$id=ID | ID:] NAME[:TYPE] [description=TEXT] [attributes set]... [utilization set]...
property|rsc_defaults|op_defaults [$id=ID | ID:] set
fencing_topology [NODE: | attr:NAME=VALUE | pattern:REGEX] [$id=ID] DEVICE[,DEVICE]... ...
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor, score_of
from pcsx.shell.syntax.definition import Definition, FindAgent, Way
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.nvsets import WORDS, read_set, say_contents, say_set
from pcsx.shell.syntax.say import Say, Unsayable, clauses

_NODE_TYPES: Final = ("member", "remote", "normal", "ping")
_NODE_STOP: Final = frozenset(("attributes", "utilization", "params"))
SECTIONS: Final = {
    "property": ("crm_config", "cluster_property_set", "cib-bootstrap-options"),
    "rsc_defaults": ("rsc_defaults", "meta_attributes", "rsc-options"),
    "op_defaults": ("op_defaults", "meta_attributes", "op-options"),
}
"""For each word: the section, the element in it, and its id where none is said."""


def read_node(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the node that the line defines."""
    cursor.take()
    element = Element("node")
    if cursor.look().startswith("$id="):
        element.attributes["id"] = cursor.take().partition("=")[2]
    elif cursor.look().endswith(":") and len(cursor.look()) > 1:
        element.attributes["id"] = cursor.take()[:-1]
    name = cursor.take("the name of a node")
    head, _colon, kind = name.rpartition(":")
    if head and kind in _NODE_TYPES:
        name = head
        element.attributes["type"] = kind
    if "=" in name or not name:
        cursor.back()
        cursor.fail("expected the name of a node")
    element.attributes["uname"] = name
    while not cursor.ended:
        word = cursor.key()
        if word.startswith("description="):
            element.attributes["description"] = cursor.take().partition("=")[2]
        elif word in _NODE_STOP:
            cursor.take()
            element.children.append(read_set(cursor, WORDS[word], _NODE_STOP))
        elif cursor.is_option():
            element.children.append(read_set(cursor, "instance_attributes", _NODE_STOP))
        else:
            cursor.fail("expected attributes, utilization or description=")
    return Definition(element, "nodes", cursor.number)


def read_options(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the set of options that the line defines."""
    section, tag, _name = SECTIONS[cursor.take().lower()]
    identity = ""
    word = cursor.look()
    if word.endswith(":") and len(word) > 1 and score_of(word[:-1]) is None:
        identity = cursor.take()[:-1]
    if cursor.ended and not identity:
        cursor.fail("expected name=value", at_end=True)
    element = read_set(cursor, tag, ())
    if identity:
        element.attributes["id"] = identity
    cursor.end()
    return Definition(element, section, cursor.number, way=Way.MERGE)


def read_topology(cursor: Cursor, _: FindAgent) -> Definition:
    """Return all fencing levels that the line defines; targets without a name come later."""
    cursor.take()
    topology = Element("fencing-topology")
    target: dict[str, str] = {}
    level = 0
    identity: dict[str, str] = {}
    while not cursor.ended:
        word = cursor.take()
        if word.startswith("$id="):
            identity = {"id": word.partition("=")[2]}
            continue
        kind, _colon, value = word.partition(":")
        if word.endswith(":") and len(word) > 1:
            target, level = {"target": word[:-1]}, 0
        elif kind == "pattern" and value:
            target, level = {"target-pattern": value}, 0
        elif kind == "attr" and "=" in value:
            name, _equals, wanted = value.partition("=")
            target, level = {"target-attribute": name, "target-value": wanted}, 0
        else:
            level += 1
            topology.children.append(
                Element(
                    "fencing-level", {**target, "index": str(level), "devices": word, **identity}
                )
            )
            identity = {}
    if not topology.children and len(cursor.words) > 1:
        cursor.fail("expected fence devices", at_end=True)
    return Definition(topology, "fencing-topology", cursor.number, way=Way.SECTION)


# --- printing ----------------------------------------------------------------------------------


def say_node(say: Say, element: Element) -> str:
    """Return the definition of a node."""
    say.only(element, ("id", "uname", "type", "description"))
    name, kind = element.get("uname"), element.get("type")
    if not name or (name.rpartition(":")[2] in _NODE_TYPES and ":" in name):
        raise Unsayable
    words = ["node"]
    if element.id != name:
        words.append(f"{quote(element.id)}:")
    words.append(f"{quote(name)}:{kind}" if kind else quote(name))
    parts = []
    if "description" in element.attributes:
        parts.append(pair("description", element.get("description")))
    for child in element.children:
        if child.tag not in ("instance_attributes", "utilization"):
            raise Unsayable
        word = "attributes" if child.tag == "instance_attributes" else "utilization"
        parts.append(say_set(say, word, child))
    return clauses(" ".join(words), parts)


def say_options(say: Say, word: str, element: Element) -> str:
    """Return the definition of a set of options, one on each line."""
    if not element.id:
        raise Unsayable
    return clauses(f"{word} {element.id}:", say_contents(say, element))


def say_topology(say: Say, topology: Element, nodes: list[str]) -> str:
    """Return all fencing levels; levels that all of *nodes* have alike are said once."""
    parts: list[str] = []
    levels: list[list[str]] = []
    for target, group in groupby(topology.children, key=_target):
        members = list(group)
        for n, level in enumerate(members, 1):
            say.only(level, ("id", "index", "devices", *dict(target)))
            if level.get("index") != str(n) or level.children:
                raise Unsayable
        devices = [
            " ".join([*say.id_word(level), quote_devices(level.get("devices"))])
            for level in members
        ]
        levels.append(devices)
        parts.append(" ".join([_say_target(dict(target)), *devices]))
    targets = [part.split(" ")[0] for part in parts]
    if nodes and targets == [f"{node}:" for node in nodes] and all(d == levels[0] for d in levels):
        return " ".join(["fencing_topology", *levels[0]])
    return clauses("fencing_topology", parts)


def quote_devices(devices: str) -> str:
    """Return a list of devices, whose commas need no quotes."""
    return (
        devices if quote(devices.replace(",", "")) == devices.replace(",", "") else quote(devices)
    )


def _target(level: Element) -> tuple[tuple[str, str], ...]:
    names = ("target", "target-pattern", "target-attribute", "target-value")
    return tuple((name, level.get(name)) for name in names if name in level.attributes)


def _say_target(target: dict[str, str]) -> str:
    match target:
        case {"target": node, **rest} if not rest:
            return f"{quote(node)}:"
        case {"target-pattern": pattern, **rest} if not rest:
            return (
                f"pattern:{pattern}"
                if not set(pattern) & set(" \"'\t\\")
                else (quote(f"pattern:{pattern}"))
            )
        case {"target-attribute": name, "target-value": value, **rest} if not rest:
            return (
                f"attr:{name}={value}"
                if not set(name + value) & set(" \"'\t\\")
                else (quote(f"attr:{name}={value}"))
            )
    raise Unsayable
