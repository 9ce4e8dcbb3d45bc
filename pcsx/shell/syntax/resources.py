"""Primitives, templates, and operations added afterwards, both ways.

primitive ID [CLASS:[PROVIDER:]]TYPE | @TEMPLATE
    [description=TEXT] [[params] set]... [meta set]... [utilization set]...
    [operations ($id=ID | $id-ref=ID)] [op OP [k=v]... [[op_params] set]... [op_meta set]...]...
rsc_template ID ...            as primitive
monitor RSC[:ROLE] INTERVAL[:TIMEOUT]
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.options import OPERATION
from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.definition import Definition, FindAgent, Way
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.nvsets import WORDS, read_pair, read_set, say_set
from pcsx.shell.syntax.say import Say, Unsayable, clauses

_CLAUSES: Final = ("params", "meta", "utilization", "operations", "op")
_STOP: Final = frozenset((*_CLAUSES, "op_params", "op_meta"))
_OP_ATTRIBUTES: Final = frozenset(OPERATION) - {"trace", "requires"}
"""What stands on an operation itself; the schema has no place there for what is left out."""
_HEAD: Final = {"primitive": "primitive", "template": "rsc_template"}
SET_WORD: Final = {
    "instance_attributes": "params",
    "meta_attributes": "meta",
    "utilization": "utilization",
}


def read_primitive(cursor: Cursor, find_agent: FindAgent) -> Definition:
    """Return the primitive or template that the line defines."""
    tag = "primitive" if cursor.take().lower() == "primitive" else "template"
    element = Element(tag, {"id": cursor.take_id()})
    agent = cursor.take("the type of the resource")
    if agent.startswith("@") and tag == "primitive" and len(agent) > 1:
        element.attributes["template"] = agent[1:]
    else:
        if "=" in agent or agent.lower() in _STOP or not agent.strip(":@"):
            cursor.back()
            cursor.fail("expected the type of the resource")
        kind, provider, name = find_agent(agent)
        element.attributes["class"] = kind
        if provider:
            element.attributes["provider"] = provider
        element.attributes["type"] = name
    _read_clauses(cursor, element)
    return Definition(element, "resources", cursor.number)


def _read_clauses(cursor: Cursor, element: Element) -> None:
    while not cursor.ended:
        word = cursor.key()
        if word.startswith("description="):
            element.attributes["description"] = cursor.take().partition("=")[2]
        elif word == "operations":
            _read_operations(cursor, element)
        elif word == "op":
            _operations_of(element).children.append(_read_op(cursor))
        elif word in WORDS and word in _CLAUSES:
            cursor.take()
            element.children.append(read_set(cursor, WORDS[word], _STOP))
        elif word in ("op_params", "op_meta"):
            cursor.fail(f"{word} belongs after an op")
        elif cursor.is_option() or word == "rule" or word.startswith("@"):
            element.children.append(read_set(cursor, "instance_attributes", _STOP))
        else:
            cursor.fail(f"expected one of {', '.join(_CLAUSES)}, or name=value")


def _operations_of(element: Element) -> Element:
    return element.find("operations") or element.add("operations")


def _read_operations(cursor: Cursor, element: Element) -> None:
    cursor.take()
    found = cursor.option()
    if found is None or found[0].lower() not in ("$id", "$id-ref"):
        cursor.fail("expected $id= or $id-ref=")
    _operations_of(element).attributes[found[0].lower()[1:]] = found[1]


def _read_op(cursor: Cursor) -> Element:
    cursor.take()
    op = Element("op", {"name": cursor.take("the name of an operation")})
    if "=" in op.get("name"):
        cursor.back()
        cursor.fail("expected the name of an operation")
    params: Element | None = None
    while not cursor.ended:
        word = cursor.key()
        name = cursor.look().partition("=")[0]
        if word in ("op_params", "op_meta"):
            cursor.take()
            op.children.append(read_set(cursor, WORDS[word], _STOP))
        elif word in _CLAUSES or not cursor.is_option():
            break
        elif name.lstrip("$") in _OP_ATTRIBUTES:
            op.attributes[name.lstrip("$")] = cursor.take().partition("=")[2]
        else:
            if params is None:
                params = Element("instance_attributes")
                op.children.append(params)
            params.children.append(read_pair(cursor))
    if op.attributes.setdefault("interval", "0") == "":
        del op.attributes["interval"]
    return op


def read_monitor(cursor: Cursor, _agent: FindAgent) -> Definition:
    """Return the monitor that the line adds to a resource."""
    cursor.take()
    target, _colon, role = cursor.take("a resource").partition(":")
    interval, _colon, timeout = cursor.take("an interval").partition(":")
    attributes = {"name": "monitor"}
    if role:
        attributes["role"] = role
    attributes["interval"] = interval
    if timeout:
        attributes["timeout"] = timeout
    cursor.end()
    return Definition(
        Element("op", attributes), "resources", cursor.number, way=Way.MONITOR, target=target
    )


# --- printing ----------------------------------------------------------------------------------


def say_primitive(say: Say, element: Element) -> str:
    """Return the definition of a primitive or template."""
    say.only(element, ("id", "class", "provider", "type", "template", "description"))
    parts = []
    if "description" in element.attributes:
        parts.append(pair("description", element.get("description")))
    for child in element.children:
        if child.tag == "operations":
            parts += _say_operations(say, child)
        elif child.tag in SET_WORD:
            parts.append(say_set(say, SET_WORD[child.tag], child))
        else:
            raise Unsayable
    return clauses(f"{_HEAD[element.tag]} {element.id} {_say_agent(element)}", parts)


def _say_agent(element: Element) -> str:
    if template := element.get("template"):
        if "class" in element.attributes or "type" in element.attributes:
            raise Unsayable
        return f"@{template}"
    kind, provider, name = (element.get(n) for n in ("class", "provider", "type"))
    if not kind or not name or ":" in (provider or ""):
        raise Unsayable
    if (kind, provider) == ("ocf", "heartbeat") and ":" not in name:
        return quote(name)
    return quote_agent(":".join(word for word in (kind, provider, name) if word))


def quote_agent(name: str) -> str:
    """Return an agent's name, whose colons and units' @ need no quotes."""
    plain = name.replace(":", "").replace("@", "")
    return name if quote(plain) == plain else quote(name)


def _say_operations(say: Say, element: Element) -> list[str]:
    if reference := element.get("id-ref"):
        say.only(element, ("id-ref",))
        return [f"operations {pair('$id-ref', reference)}"]
    say.only(element, ("id",))
    parts = [f"operations {pair('$id', element.id)}"] if element.id else []
    if not element.children and not element.id:
        raise Unsayable
    for op in element.children:
        if op.tag != "op" or "id-ref" in op.attributes:
            raise Unsayable
        words = ["op", quote(op.get("name"))]
        if say.is_explicit(op):
            words.append(pair("$id", op.id))
        say.only(op, _OP_ATTRIBUTES)
        if "interval" not in op.attributes:
            words.append('interval=""')
        words += [pair(n, v) for n, v in op.attributes.items() if n not in ("id", "name")]
        parts.append(" ".join(words))
        for child in op.children:
            if child.tag not in ("instance_attributes", "meta_attributes"):
                raise Unsayable
            word = "op_params" if child.tag == "instance_attributes" else "op_meta"
            parts.append(say_set(say, word, child))
    return parts
