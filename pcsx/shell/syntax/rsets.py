"""Sets of resources in constraints, both ways.

    RSC...        in a row
    ( RSC... )    side by side: sequential=false
    [ RSC... ]    any of them: require-all=false sequential=false
    { RSC... }    with just the options that are written in it

A name may have `:ROLE` or `:ACTION`; names in a row with different ones are sets of their own.
Options stand last inside the brackets.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.lexer import pair
from pcsx.shell.syntax.say import Say, Unsayable

_IMPLIED: Final = {
    "(": {"sequential": "false"},
    "[": {"require-all": "false", "sequential": "false"},
    "{": {},
}
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OPTIONS: Final = (
    "sequential",
    "require-all",
    "role",
    "action",
    "score",
    "kind",
    "ordering",
    "$id",
)


def fix_brackets(cursor: Cursor) -> None:
    """Make brackets that touch a word into words of their own."""
    words: list[str] = list(cursor.words[: cursor.at])
    for word in cursor.words[cursor.at :]:
        tail: list[str] = []
        while len(word) > 1 and word[0] in "([{" and "=" not in word:
            words.append(word[0])
            word = word[1:]
        while len(word) > 1 and word[-1] in ")]}":
            tail.insert(0, word[-1])
            word = word[:-1]
        words += [word, *tail]
    cursor.words = tuple(words)


def read_sets(cursor: Cursor, suffix: str, *, until: str = "") -> list[Element]:
    """Return the sets up to the first option, or up to the bracket *until*.

    *suffix* is the attribute that a name's suffix means: `role` or `action`.
    """
    sets: list[Element] = []
    plain: Element | None = None
    while not cursor.ended and cursor.look() != until and not cursor.is_option():
        if cursor.look() in _IMPLIED:
            sets.append(_read_bracket(cursor, suffix))
            plain = None
            continue
        if cursor.look() in _CLOSING.values():
            cursor.fail("a bracket is closed that was not opened")
        name, value = read_member(cursor, suffix)
        if plain is None or plain.get(suffix) != value:
            plain = Element("resource_set", {suffix: value} if value else {})
            sets.append(plain)
        plain.add("resource_ref", id=name)
    return sets


def _read_bracket(cursor: Cursor, suffix: str) -> Element:
    bracket = cursor.take()
    element = Element("resource_set", dict(_IMPLIED[bracket]))
    seen: set[str] = set()
    while not cursor.ended and cursor.look() != _CLOSING[bracket]:
        if cursor.look() in _IMPLIED:
            cursor.fail("sets cannot stand in sets")
        if cursor.is_option():
            _read_option(cursor, element, bracket)
            continue
        name, value = read_member(cursor, suffix)
        seen.add(value)
        element.add("resource_ref", id=name)
    if not cursor.accept(_CLOSING[bracket]):
        cursor.fail(f"expected {_CLOSING[bracket]}", at_end=True)
    if not element.children:
        cursor.back()
        cursor.fail("a set needs a member")
    if len(seen) > 1:
        cursor.back()
        cursor.fail(f"all members of a set have the same {suffix}")
    if value := next(iter(seen)):
        element.attributes[suffix] = value
    return element


def read_options(cursor: Cursor, element: Element) -> None:
    """Read the options that stand after the last set inside a bracket of its own."""
    while not cursor.ended and cursor.is_option():
        _read_option(cursor, element, "{")


def _read_option(cursor: Cursor, element: Element, bracket: str) -> None:
    found = cursor.option()
    assert found is not None
    name, value = found
    if name not in _OPTIONS:
        cursor.back()
        cursor.fail(f"{name} is no option of a set")
    name = name.lstrip("$")
    if bracket != "{" and name in ("sequential", "require-all") and value == "true":
        element.attributes.pop(name, None)  # which is the default
    else:
        element.attributes[name] = value


def read_member(cursor: Cursor, suffix: str) -> tuple[str, str]:
    """Return the id of a resource and its role or action, the latter empty where none is said."""
    word = cursor.take("a resource")
    name, colon, value = word.partition(":")
    value = value.lower() if suffix == "action" else value
    if not name or (colon and not value):
        cursor.back()
        cursor.fail("expected a resource")
    if colon and suffix == "action" and value not in ACTIONS:
        cursor.back()
        cursor.fail(f"{value} is no action: expected {', '.join(ACTIONS)}")
    if colon and suffix == "role" and value.capitalize() not in ROLES:
        cursor.back()
        cursor.fail(f"{value} is no role: expected {', '.join(ROLES)}")
    return name, value.capitalize() if suffix == "role" else value


ACTIONS: Final = ("start", "stop", "promote", "demote")
ROLES: Final = ("Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave")


# --- printing ----------------------------------------------------------------------------------


def say_sets(say: Say, sets: list[Element], suffix: str) -> str:
    """Return the sets as words."""
    return " ".join(_say_set(say, element, suffix) for element in sets)


def _say_set(say: Say, element: Element, suffix: str) -> str:
    if "id-ref" in element.attributes or not element.children:
        raise Unsayable
    options = {n: v for n, v in element.attributes.items() if n not in ("id", suffix)}
    value = element.get(suffix)
    tail = f":{value}" if value else ""
    names = [f"{child.id}{tail}" for child in element.children if child.tag == "resource_ref"]
    if len(names) != len(element.children):
        raise Unsayable
    if say.is_explicit(element):
        words = [*names, *(pair(n, v) for n, v in options.items()), pair("$id", element.id)]
        return f"{{ {' '.join(words)} }}"
    if not options:
        return " ".join(names)
    for bracket in "([":
        if options == _IMPLIED[bracket]:
            return " ".join([bracket, *names, _CLOSING[bracket]])
    if options == {"require-all": "false"}:
        return " ".join(["[", *names, "sequential=true", "]"])
    words = [*names, *(pair(n, v) for n, v in options.items())]
    return f"{{ {' '.join(words)} }}"
