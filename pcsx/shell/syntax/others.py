"""Tags, alerts and raw XML, both ways.

tag ID[:] RSC...
alert ID PATH [description=TEXT] [attributes set] [meta set]
    [select (nodes | fencing | resources | attributes [{ NAME... }])...]
    [to [{] RECIPIENT [description=TEXT] [attributes set] [meta set] [}]]...
xml <ELEMENT .../>
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import Element, from_xml, to_xml
from pcsx.errors import Refused
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.definition import Definition, FindAgent, Way
from pcsx.shell.syntax.ids import TOP
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.nvsets import WORDS, is_bracket, read_set, say_set
from pcsx.shell.syntax.say import Say, Unsayable, clauses

_ALERT_STOP: Final = frozenset(("attributes", "meta", "params", "select", "to"))
_SELECTED: Final = ("nodes", "fencing", "resources", "attributes")
SECTION_OF: Final = {
    **dict.fromkeys(("primitive", "template", "group", "clone", "master", "bundle"), "resources"),
    **dict.fromkeys(("rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket"), "constraints"),
    **dict.fromkeys(("acl_role", "acl_target", "acl_group", "acl_user"), "acls"),
    "node": "nodes",
    "tag": "tags",
    "alert": "alerts",
    "cluster_property_set": "crm_config",
    "fencing-level": "fencing-topology",
}
"""Where an element stands in the configuration."""


def read_tag(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the tag that the line defines."""
    cursor.take()
    if cursor.look().endswith(":"):
        cursor.words = tuple(
            word[:-1] if n == cursor.at else word for n, word in enumerate(cursor.words)
        )
    element = Element("tag", {"id": cursor.take_id()})
    while not cursor.ended:
        element.add("obj_ref", id=cursor.take_id("the id of something"))
    if not element.children:
        cursor.fail("a tag needs a member", at_end=True)
    return Definition(element, "tags", cursor.number)


def read_alert(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the alert that the line defines."""
    cursor.take()
    element = Element(
        "alert", {"id": cursor.take_id(), "path": cursor.take("the path of a program")}
    )
    while not cursor.ended:
        word = cursor.key()
        if word == "select":
            cursor.take()
            _read_select(cursor, element.find("select") or element.add("select"))
        elif word == "to":
            cursor.take()
            _read_recipient(cursor, element)
        else:
            _read_alert_set(cursor, element)
    return Definition(element, "alerts", cursor.number)


def _read_alert_set(cursor: Cursor, element: Element) -> None:
    word = cursor.key()
    if word.startswith("description="):
        element.attributes["description"] = cursor.take().partition("=")[2]
    elif word in ("attributes", "meta", "params"):
        cursor.take()
        element.children.append(read_set(cursor, WORDS[word], _ALERT_STOP))
    elif cursor.is_option():
        element.children.append(read_set(cursor, "instance_attributes", _ALERT_STOP))
    else:
        cursor.fail("expected attributes, meta, select or to")


def _read_select(cursor: Cursor, select: Element) -> None:
    if not _is_selected(cursor):
        cursor.fail(f"expected {', '.join(_SELECTED)}", at_end=cursor.ended)
    while _is_selected(cursor):
        kind = cursor.take().lower()
        chosen = select.add(f"select_{kind}")
        if kind == "attributes" and cursor.accept("{"):
            while not cursor.ended and cursor.look() != "}":
                chosen.add("attribute", name=cursor.take())
            if not cursor.accept("}"):
                cursor.fail("expected }", at_end=True)


def _is_selected(cursor: Cursor) -> bool:
    """Return whether a kind of event follows, and not the attributes of the alert itself."""
    is_set = cursor.key() == "attributes" and "=" in cursor.look(1)
    return cursor.key() in _SELECTED and not is_set


def _read_recipient(cursor: Cursor, alert: Element) -> None:
    braced = cursor.accept("{")
    attributes = {}
    if cursor.look().startswith("$id="):
        attributes["id"] = cursor.take().partition("=")[2]
    recipient = Element("recipient", attributes | {"value": cursor.take("a recipient")})
    alert.children.append(recipient)
    while (
        not cursor.ended and not is_bracket(cursor.look()) and cursor.key() not in ("to", "select")
    ):
        _read_alert_set(cursor, recipient)
    if braced and not cursor.accept("}"):
        cursor.fail("expected }", at_end=cursor.ended)


def read_raw(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the element that is given as XML."""
    cursor.take()
    text = cursor.take("an XML element")
    try:
        element = from_xml(text)
    except Refused as error:
        cursor.back()
        cursor.fail(error.findings[0].text)
    if element.tag in ("cib", "configuration"):
        cursor.fail(f"expected one element of the configuration, not <{element.tag}>", at_end=True)
    if (section := SECTION_OF.get(element.tag)) is None:
        way = Way.SECTION if element.tag == "fencing-topology" else Way.CHILDREN
        return Definition(element, element.tag, cursor.number, way=way)
    if element.tag in TOP and not element.id:
        cursor.fail(f"the <{element.tag}> has no id", at_end=True)
    return Definition(element, section, cursor.number)


# --- printing ----------------------------------------------------------------------------------


def say_tag(say: Say, element: Element) -> str:
    """Return the definition of a tag."""
    say.only(element, ("id",))
    if not element.children:
        raise Unsayable
    return " ".join(["tag", element.id, *(child.id for child in element.children)])


def say_alert(say: Say, element: Element) -> str:
    """Return the definition of an alert."""
    say.only(element, ("id", "path", "description"))
    parts = _say_described(element)
    for child in element.children:
        match child.tag:
            case "instance_attributes" | "meta_attributes":
                parts.append(say_set(say, _word_of(child), child))
            case "select":
                parts.append(_say_select(say, child))
            case "recipient":
                parts.append(_say_recipient(say, child))
            case _:
                raise Unsayable
    path = quote(element.get("path"))
    return clauses(f"alert {element.id} {path}", parts)


def _say_described(element: Element) -> list[str]:
    if "description" not in element.attributes:
        return []
    return [pair("description", element.get("description"))]


def _word_of(element: Element) -> str:
    return "attributes" if element.tag == "instance_attributes" else "meta"


def _say_select(say: Say, select: Element) -> str:
    words = ["select"]
    for chosen in select.children:
        words.append(chosen.tag.removeprefix("select_"))
        if chosen.children:
            for attribute in chosen.children:
                say.must_be_made(attribute)
            names = " ".join(quote(attribute.get("name")) for attribute in chosen.children)
            words.append(f"{{ {names} }}")
    return " ".join(words)


def _say_recipient(say: Say, recipient: Element) -> str:
    say.only(recipient, ("id", "value", "description"))
    words = ["to", *say.id_word(recipient), quote(recipient.get("value"))]
    words += _say_described(recipient)
    for child in recipient.children:
        if child.tag not in ("instance_attributes", "meta_attributes"):
            raise Unsayable
        words.append(say_set(say, _word_of(child), child))
    return " ".join(words)


def say_raw(element: Element) -> str:
    """Return the element as XML, its lines joined."""
    return "xml " + " \\\n".join(to_xml(element).splitlines())
