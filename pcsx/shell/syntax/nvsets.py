"""Sets of names and values, both ways.

    set := [$id=ID] [SCORE:] [rule...] nv... | $id-ref=ID
    nv  := name=value | name | $ID:name=value | $name=value | @ID[:name]

`$id-ref` may name a set or an object; the object's set of that kind is meant then.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor, score_of, short_score
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.rules import read_rule, say_rule
from pcsx.shell.syntax.say import Say, Unsayable

WORDS: Final = {
    "params": "instance_attributes",
    "meta": "meta_attributes",
    "utilization": "utilization",
    "attributes": "instance_attributes",
    "op_params": "instance_attributes",
    "op_meta": "meta_attributes",
}
"""The words that begin a set, and the elements they mean."""


def read_set(cursor: Cursor, tag: str, stop: Collection[str]) -> Element:
    """Return the set that follows; *stop* are the words that end it."""
    element = Element(tag)
    if cursor.look().lower().startswith("$id-ref="):
        element.attributes["id-ref"] = cursor.take().partition("=")[2]
        return element
    if cursor.look().lower().startswith("$id="):
        element.attributes["id"] = cursor.take().partition("=")[2]
    word = cursor.look()
    if word.endswith(":") and (score := score_of(word[:-1])) is not None:
        cursor.take()
        element.attributes["score"] = score
    while cursor.key() == "rule":
        cursor.take()
        element.children.append(read_rule(cursor))
    while not cursor.ended and cursor.key() not in stop and not is_bracket(cursor.look()):
        element.children.append(read_pair(cursor))
    return element


def is_bracket(word: str) -> bool:
    """Return whether *word* is a bracket, which no name begins with."""
    return word in ("(", ")", "[", "]", "{", "}")


def read_pair(cursor: Cursor) -> Element:
    """Return the next name and value."""
    word = cursor.take("name=value")
    if word.startswith("@") and len(word) > 1:
        reference, _, name = word[1:].partition(":")
        return Element("nvpair", {"id-ref": reference} | ({"name": name} if name else {}))
    name, equals, value = word.partition("=")
    attributes: dict[str, str] = {}
    if name.startswith("$") and len(name) > 1:
        identity, colon, rest = name[1:].partition(":")
        attributes["id"] = identity
        name = rest if colon else identity
    if not name or any(letter in name for letter in "\"'<> \t"):
        cursor.back()
        cursor.fail(f"expected name=value, not {word!r}")
    attributes["name"] = name
    if equals:
        attributes["value"] = value
    elif name in ("rule", "and", "or"):
        cursor.back()
        cursor.fail(f"{name} is not expected here")
    return Element("nvpair", attributes)


def say_set(say: Say, word: str, element: Element) -> str:
    """Return the set with *word*, which begins it; nothing stands before it where *word* is ''."""
    words = [word] if word else []
    if "id-ref" in element.attributes:
        say.only(element, ("id-ref",))
        if element.children:
            raise Unsayable
        return " ".join([*words, pair("$id-ref", element.get("id-ref"))])
    return " ".join([*words, *say.id_word(element), *say_contents(say, element)])


def say_contents(say: Say, element: Element) -> list[str]:
    """Return the words of a set without its beginning and its id: score, rules, pairs."""
    say.only(element, ("id", "score"))
    words = []
    if "score" in element.attributes:
        words.append(f"{short_score(element.get('score'))}:")
    for child in element.children:
        if child.tag == "rule":
            words.append(say_rule(say, child))
        elif child.tag == "nvpair":
            words.append(say_pair(say, child))
        else:
            raise Unsayable
    return words


def say_pair(say: Say, element: Element) -> str:
    """Return one name and value."""
    name = element.get("name")
    if reference := element.get("id-ref"):
        say.only(element, ("id-ref", "name"))
        return f"@{reference}:{name}" if name else f"@{reference}"
    say.only(element, ("id", "name", "value"))
    if not name or quote(name).strip('"').replace("#", "") != name.replace("#", "") or "=" in name:
        raise Unsayable
    lead = ""
    if say.is_explicit(element):
        lead = "$" if element.id == name else f"${element.id}:"
    if "value" not in element.attributes:
        return f"{lead}{name}"
    return f"{lead}{say.value(name, element.get('value'))}"
