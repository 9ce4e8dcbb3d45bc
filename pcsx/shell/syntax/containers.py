"""Groups, clones, promotables and bundles, both ways.

group ID RSC... [description=TEXT] [meta set]... [params set]...
clone|ms|master ID RSC [description=TEXT] [meta set]... [params set]...
bundle ID ENGINE k=v... [network k=v... [port-mapping k=v...]...]
    [storage (storage-mapping k=v...)...] [meta set]... [primitive RSC]
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.definition import Definition, FindAgent
from pcsx.shell.syntax.lexer import pair
from pcsx.shell.syntax.nvsets import WORDS, read_set, say_set
from pcsx.shell.syntax.resources import SET_WORD
from pcsx.shell.syntax.say import Say, Unsayable, clauses

RESOURCES: Final = ("primitive", "group", "clone", "master", "bundle")
_STOP: Final = frozenset(("params", "meta", "utilization"))
_TAGS: Final = {"group": "group", "clone": "clone", "ms": "master", "master": "master"}
_HEAD: Final = {"group": "group", "clone": "clone", "master": "ms"}
ENGINES: Final = ("docker", "podman", "rkt")
_BUNDLE_STOP: Final = frozenset(("network", "storage", "primitive", "meta", "params"))


def read_container(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the group or clone that the line defines."""
    tag = _TAGS[cursor.take().lower()]
    element = Element(tag, {"id": cursor.take_id()})
    members = [cursor.take_id("the id of a resource")]
    while (
        tag == "group" and not cursor.ended and cursor.key() not in _STOP and not cursor.is_option()
    ):
        members.append(cursor.take_id("the id of a resource"))
    _read_sets(cursor, element)
    return Definition(element, "resources", cursor.number, tuple(members))


def _read_sets(cursor: Cursor, element: Element) -> None:
    while not cursor.ended:
        word = cursor.key()
        if word.startswith("description="):
            element.attributes["description"] = cursor.take().partition("=")[2]
        elif word in _STOP:
            cursor.take()
            element.children.append(read_set(cursor, WORDS[word], _STOP))
        elif cursor.is_option():
            element.children.append(read_set(cursor, "instance_attributes", _STOP))
        else:
            cursor.fail("expected meta, params or description=")


def read_bundle(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the bundle that the line defines."""
    cursor.take()
    element = Element("bundle", {"id": cursor.take_id()})
    members: list[str] = []
    sets: list[Element] = []
    while not cursor.ended:
        word = cursor.key()
        if word in ENGINES:
            _read_options(cursor, element.add(cursor.take().lower()))
        elif word == "network":
            _read_mappings(cursor, element.add(cursor.take().lower()), "port-mapping")
        elif word == "storage":
            _read_mappings(cursor, element.add(cursor.take().lower()), "storage-mapping")
        elif word == "primitive":
            cursor.take()
            members.append(cursor.take_id("the id of a primitive"))
        elif word in ("meta", "params"):
            cursor.take()
            sets.append(read_set(cursor, WORDS[word], {*_BUNDLE_STOP, *ENGINES}))
        elif word.startswith("description="):
            element.attributes["description"] = cursor.take().partition("=")[2]
        else:
            cursor.fail(f"expected {', '.join(ENGINES)}, network, storage, primitive or meta")
    if not any(child.tag in ENGINES for child in element.children):
        cursor.fail(f"expected one of {', '.join(ENGINES)}", at_end=True)
    if len(members) > 1:
        cursor.fail("a bundle has one primitive", at_end=True)
    element.children += sets
    return Definition(element, "resources", cursor.number, tuple(members))


def _read_options(cursor: Cursor, element: Element) -> None:
    while (found := cursor.option()) is not None:
        element.attributes[found[0].lstrip("$")] = found[1]


def _read_mappings(cursor: Cursor, element: Element, word: str) -> None:
    _read_options(cursor, element)
    while cursor.accept(word):
        _read_options(cursor, element.add(word))


# --- printing ----------------------------------------------------------------------------------


def say_container(say: Say, element: Element) -> str:
    """Return the definition of a group or clone."""
    say.only(element, ("id", "description"))
    members = [child.id for child in element.children if child.tag in RESOURCES]
    if not members or (element.tag != "group" and len(members) > 1):
        raise Unsayable
    head = " ".join([_HEAD[element.tag], element.id, *members])
    return clauses(head, [*_say_description(element), *_say_sets(say, element)])


def _say_description(element: Element) -> list[str]:
    if "description" not in element.attributes:
        return []
    return [pair("description", element.get("description"))]


def _say_sets(say: Say, element: Element) -> list[str]:
    return [
        say_set(say, SET_WORD[child.tag], child)
        for child in element.children
        if child.tag in SET_WORD
    ]


def say_bundle(say: Say, element: Element) -> str:
    """Return the definition of a bundle."""
    say.only(element, ("id", "description"))
    parts = _say_description(element)
    for child in element.children:
        if child.tag in (*ENGINES, "network", "storage"):
            words = [child.tag, *(pair(n, v) for n, v in child.attributes.items())]
            for mapping in child.children:
                words += [mapping.tag, *(pair(n, v) for n, v in mapping.attributes.items())]
            parts.append(" ".join(words))
    parts += _say_sets(say, element)
    parts += [f"primitive {child.id}" for child in element.children if child.tag == "primitive"]
    return clauses(f"bundle {element.id}", parts)
