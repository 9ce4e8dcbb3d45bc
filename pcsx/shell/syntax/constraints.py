"""The four kinds of constraint, both ways.

location ID (RSC | /REGEX/ | { RSC... } | TAG) [role=R] [resource-discovery=D] (SCORE: NODE | rule...)
colocation ID SCORE: RSC[:ROLE] RSC[:ROLE] [node-attribute=A]    or sets
order ID [KIND:|SCORE:] RSC[:ACTION] RSC[:ACTION] [symmetrical=B]    or sets
rsc_ticket ID TICKET: RSC[:ROLE]... [loss-policy=P]
"""  # noqa: E501

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor, score_of, short_score
from pcsx.shell.syntax.definition import Definition, FindAgent
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.rsets import fix_brackets, read_member, read_options, read_sets, say_sets
from pcsx.shell.syntax.rules import read_rule, say_rule
from pcsx.shell.syntax.say import Say, Unsayable, clauses

_LOCATION_OPTIONS: Final = ("role", "resource-discovery", "$role", "symmetrical", "influence")
_KINDS: Final = {"mandatory": "Mandatory", "optional": "Optional", "serialize": "Serialize"}
_ENDS: Final = {
    "rsc_colocation": (("rsc", "rsc-role"), ("with-rsc", "with-rsc-role")),
    "rsc_order": (("first", "first-action"), ("then", "then-action")),
    "rsc_ticket": (("rsc", "rsc-role"),),
}
_SUFFIX: Final = {"rsc_colocation": "role", "rsc_order": "action", "rsc_ticket": "role"}
_OPTIONS: Final = {
    "rsc_colocation": ("node-attribute", "influence"),
    "rsc_order": ("symmetrical", "require-all"),
    "rsc_ticket": ("loss-policy",),
}


_AS_SETS: Final = "_rsc_set_"
"""A word that makes what follows a set, where it would be two resources."""


def _definition(element: Element, cursor: Cursor) -> Definition:
    cursor.end()
    return Definition(element, "constraints", cursor.number)


def read_location(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the location constraint that the line defines."""
    cursor.take()
    element = Element("rsc_location", {"id": cursor.take_id()})
    _read_located(cursor, element)
    _read_location_options(cursor, element)
    if cursor.key() == "rule":
        while cursor.accept("rule"):
            element.children.append(read_rule(cursor))
        return _definition(element, cursor)
    element.attributes["score"] = _read_score(cursor)
    element.attributes["node"] = cursor.take("a node")
    _read_location_options(cursor, element)
    return _definition(element, cursor)


def _read_location_options(cursor: Cursor, element: Element) -> None:
    while cursor.look().partition("=")[0].lower() in _LOCATION_OPTIONS and (
        found := cursor.option()
    ):
        element.attributes[found[0].lower().lstrip("$")] = found[1]


def _read_located(cursor: Cursor, element: Element) -> None:
    word = cursor.look()
    if word.startswith("{"):
        fix_brackets(cursor)
        cursor.take()
        element.children = read_sets(cursor, "role", until="}")
        if element.children:
            read_options(cursor, element.children[-1])
        if not cursor.accept("}") or not element.children:
            cursor.fail("expected }")
    elif len(word) > 2 and word[0] == word[-1] == "/":
        element.attributes["rsc-pattern"] = cursor.take()[1:-1]
    else:
        element.attributes["rsc"] = cursor.take("a resource")


def _read_score(cursor: Cursor) -> str:
    word = cursor.take("a score and a colon")
    score = score_of(word[:-1]) if word.endswith(":") else None
    if score is None:
        cursor.back()
        cursor.fail("expected a score and a colon (such as 100: or -inf:)")
    return score


def read_colocation(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the colocation that the line defines."""
    cursor.take()
    element = Element("rsc_colocation", {"id": cursor.take_id()})
    word = cursor.look()
    if word.endswith(":") and len(word) > 1 and score_of(word[:-1]) is None:
        element.attributes["score-attribute"] = cursor.take()[:-1]
    else:
        element.attributes["score"] = _read_score(cursor)
    _read_ends(cursor, element)
    return _definition(element, cursor)


def read_order(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the order that the line defines."""
    cursor.take()
    element = Element("rsc_order", {"id": cursor.take_id()})
    word = cursor.look()
    if word.endswith(":"):
        kind, score = _KINDS.get(word[:-1].lower()), score_of(word[:-1])
        if kind is None and score is None:
            cursor.fail("expected Mandatory:, Optional:, Serialize: or a score")
        cursor.take()
        element.attributes["kind"] = kind or (
            "Optional" if score in ("0", "+0", "-0") else "Mandatory"
        )
    _read_ends(cursor, element)
    return _definition(element, cursor)


def read_ticket(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the ticket constraint that the line defines."""
    cursor.take()
    element = Element("rsc_ticket", {"id": cursor.take_id()})
    ticket = cursor.take("a ticket and a colon")
    if not ticket.endswith(":") or len(ticket) < 2:
        cursor.back()
        cursor.fail("expected a ticket and a colon")
    element.attributes["ticket"] = ticket[:-1]
    _read_ends(cursor, element)
    return _definition(element, cursor)


def _read_ends(cursor: Cursor, element: Element) -> None:
    """Read resources as attributes where they are as many as the kind has ends, else as sets."""
    fix_brackets(cursor)
    ends, suffix = _ENDS[element.tag], _SUFFIX[element.tag]
    as_sets = cursor.accept(_AS_SETS)
    start = cursor.at
    names = 0
    while not cursor.ended and not cursor.is_option() and cursor.look() not in ("(", "[", "{"):
        cursor.take()
        names += 1
    is_plain = not as_sets and names == len(ends) and (cursor.ended or cursor.is_option())
    cursor.at = start
    if is_plain:
        for name, value in ends:
            member = read_member(cursor, suffix)
            element.attributes[name] = member[0]
            if member[1]:
                element.attributes[value] = member[1]
    else:
        element.children = read_sets(cursor, suffix)
        if not element.children:
            cursor.fail("expected a resource", at_end=cursor.ended)
    while not cursor.ended and (found := cursor.option()) is not None:
        if found[0] not in _OPTIONS[element.tag]:
            cursor.back()
            cursor.fail(f"expected one of {', '.join(_OPTIONS[element.tag])}")
        element.attributes[found[0]] = found[1]


# --- printing ----------------------------------------------------------------------------------


def say_location(say: Say, element: Element) -> str:
    """Return the definition of a location constraint."""
    say.only(element, ("id", "rsc", "rsc-pattern", "node", "score", "role", "resource-discovery"))
    words = ["location", element.id]
    rules = element.all("rule")
    sets = element.all("resource_set")
    if len(rules) + len(sets) != len(element.children):
        raise Unsayable
    if sets:
        words.append(f"{{ {say_sets(say, sets, 'role')} }}")
    elif pattern := element.get("rsc-pattern"):
        located = f"/{pattern}/"
        words.append(quote(located) if any(c in located for c in " \t\n\"'\\") else located)
    else:
        words.append(quote(element.get("rsc")))
    for name in ("role", "resource-discovery"):
        if name in element.attributes:
            words.append(pair(name, element.get(name)))
    if "node" in element.attributes:
        if rules or "score" not in element.attributes:
            raise Unsayable
        words += [f"{short_score(element.get('score'))}:", quote(element.get("node"))]
    elif not rules or "score" in element.attributes:
        raise Unsayable
    return clauses(" ".join(words), [say_rule(say, rule) for rule in rules])


def say_linked(say: Say, element: Element) -> str:
    """Return the definition of a colocation, order or ticket constraint."""
    ends, suffix = _ENDS[element.tag], _SUFFIX[element.tag]
    known = {"id", "score", "score-attribute", "kind", "ticket", *_OPTIONS[element.tag]}
    say.only(element, known | {name for end in ends for name in end})
    words = [_HEADS[element.tag], element.id, *_say_weight(element)]
    if element.children:
        if any(child.tag != "resource_set" for child in element.children) or any(
            name in element.attributes for end in ends for name in end
        ):
            raise Unsayable
        if len(element.children) == 1 and len(element.children[0].children) <= len(ends):
            words.append(_AS_SETS)
        words.append(say_sets(say, element.children, suffix))
    else:
        for name, value in ends:
            if not element.get(name):
                raise Unsayable
            tail = f":{element.get(value)}" if element.get(value) else ""
            words.append(f"{quote(element.get(name))}{tail}")
    words += [
        pair(name, element.get(name))
        for name in element.attributes
        if name in _OPTIONS[element.tag]
    ]
    return " ".join(words)


_HEADS: Final = {
    "rsc_colocation": "colocation",
    "rsc_order": "order",
    "rsc_ticket": "rsc_ticket",
}


def _say_weight(element: Element) -> list[str]:
    match element.tag:
        case "rsc_ticket":
            return [f"{quote(element.get('ticket'))}:"]
        case "rsc_order":
            if "score" in element.attributes:
                raise Unsayable
            return [f"{element.get('kind')}:"] if "kind" in element.attributes else []
    if attribute := element.get("score-attribute"):
        return [f"{quote(attribute)}:"]
    return [f"{short_score(element.get('score'))}:"]
