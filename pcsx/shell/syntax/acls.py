"""Roles, and who has them, both ways.

    role ID (read|write|deny) what... ...
        what := xpath:PATH | ref:ID | type:TAG | tag:TAG | attribute:NAME | a shortcut
    acl_target ID ROLE...     acl_group ID ROLE...
    user ID (role:ROLE | (read|write|deny) what...)...      the older form

Shortcuts stand for paths: cib, status, meta:RSC[:NAME], params:RSC[:NAME], utilization:RSC,
location:RSC, property[:NAME], node[:NAME], nodeattr[:NAME], nodeutil[:NAME].
"""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.definition import Definition, FindAgent
from pcsx.shell.syntax.lexer import quote
from pcsx.shell.syntax.say import Say, Unsayable, clauses

_KINDS: Final = ("read", "write", "deny")
_WORD: Final = r"([^'\[\]]+)"
_SHORTCUTS: Final = (
    ("cib", "/cib"),
    ("status", "/cib/status"),
    ("meta:@", "//primitive[@id='@']/meta_attributes"),
    ("meta:@:@", "//primitive[@id='@']/meta_attributes/nvpair[@name='@']"),
    ("params:@", "//primitive[@id='@']/instance_attributes"),
    ("params:@:@", "//primitive[@id='@']/instance_attributes/nvpair[@name='@']"),
    ("utilization:@", "//primitive[@id='@']/utilization"),
    ("location:@", "//rsc_location[@id='cli-prefer-@' and @rsc='@']"),
    ("property", "//crm_config/cluster_property_set"),
    ("property:@", "//crm_config/cluster_property_set/nvpair[@name='@']"),
    ("node", "//nodes/node"),
    ("node:@", "//nodes/node[@uname='@']"),
    ("nodeattr", "//nodes/node/instance_attributes"),
    ("nodeattr:@", "//nodes/node/instance_attributes/nvpair[@name='@']"),
    ("nodeutil", "//nodes/node/utilization"),
    ("nodeutil:@", "//nodes/node/utilization/nvpair[@name='@']"),
)
"""Shortcuts and the paths they stand for; `@` is a name that is said."""

_LEADS: Final = {
    "xpath": "xpath", "ref": "reference", "reference": "reference", "tag": "object-type",
    "type": "object-type", "object-type": "object-type", "attribute": "attribute",
    "attr": "attribute",
}  # fmt: skip


def _path_of(word: str) -> str | None:
    """Return the path that a shortcut stands for, or None where *word* is none."""
    name, *values = word.split(":")
    for shortcut, path in _SHORTCUTS:
        if shortcut.split(":")[0] == name and shortcut.count("@") == len(values) and all(values):
            if name == "location":
                values = values * 2
            for value in values:
                path = path.replace("='@'", f"='{value}'", 1).replace("-@'", f"-{value}'", 1)
            if name == "location":
                path = f"//rsc_location[@id='cli-prefer-{values[0]}' and @rsc='{values[0]}']"
            return path
    return None


def _shortcut_of(path: str) -> str | None:
    """Return the shortcut that stands for *path*, or None where there is none."""
    for shortcut, pattern in _SHORTCUTS:
        found = re.fullmatch(
            re.escape(pattern)
            .replace("@'", "\0'")
            .replace("='\0'", f"='{_WORD}'")
            .replace("\0'", f"{_WORD}'"),
            path,
        )
        if found is None:
            continue
        values = list(found.groups())
        if shortcut.startswith("location") and values[0] != values[1]:
            continue
        if any(":" in value for value in values):
            continue
        for value in values[: shortcut.count("@")]:
            shortcut = shortcut.replace("@", value, 1)
        return shortcut
    return None


def read_role(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the role that the line defines."""
    cursor.take()
    role = Element("acl_role", {"id": cursor.take_id()})
    if cursor.look().startswith("description="):
        role.attributes["description"] = cursor.take().partition("=")[2]
    while not cursor.ended:
        kind = cursor.take().lower()
        if kind not in _KINDS:
            cursor.back()
            cursor.fail("expected read, write or deny")
        permission = role.add("acl_permission", kind=kind)
        _read_what(cursor, permission)
    if not role.children:
        cursor.fail("expected read, write or deny", at_end=True)
    return Definition(role, "acls", cursor.number)


def _read_what(cursor: Cursor, permission: Element) -> None:
    known = len(permission.attributes)
    while not cursor.ended and cursor.key() not in _KINDS:
        word = cursor.take()
        lead, colon, value = word.partition(":")
        if word.startswith("$id="):
            permission.attributes["id"] = word.partition("=")[2]
        elif word.startswith("description="):
            permission.attributes["description"] = word.partition("=")[2]
        elif colon and value and lead.lower() in _LEADS:
            permission.attributes[_LEADS[lead.lower()]] = value
        elif (path := _path_of(word)) is not None:
            permission.attributes["xpath"] = path
        else:
            cursor.back()
            cursor.fail(f"{word!r} names nothing that can be permitted")
    if len(permission.attributes) == known:
        cursor.fail("expected what is permitted", at_end=cursor.ended)


def read_subject(cursor: Cursor, _: FindAgent) -> Definition:
    """Return the user or group with its roles."""
    tag = cursor.take().lower()
    element = Element(tag, {"id": cursor.take("the name of a user or group")})
    while not cursor.ended:
        element.add("role", id=cursor.take_id("a role"))
    if not element.children:
        cursor.fail("expected a role", at_end=True)
    return Definition(element, "acls", cursor.number)


def read_user(cursor: Cursor, _: FindAgent) -> Definition:
    """Return a user in the older form, with roles or with permissions of its own."""
    cursor.take()
    element = Element("acl_user", {"id": cursor.take("the name of a user")})
    while not cursor.ended:
        word = cursor.take()
        if word.startswith("role:") and len(word) > 5:
            element.add("role_ref", id=word[5:])
        elif word.lower() in _KINDS:
            permission = element.add(word.lower())
            _read_what(cursor, permission)
            names = {"reference": "ref", "object-type": "tag"}
            permission.attributes = {names.get(n, n): v for n, v in permission.attributes.items()}
        else:
            cursor.back()
            cursor.fail("expected role:ROLE, read, write or deny")
    return Definition(element, "acls", cursor.number)


# --- printing ----------------------------------------------------------------------------------


def say_role(say: Say, role: Element) -> str:
    """Return the definition of a role."""
    say.only(role, ("id", "description"))
    parts = []
    if "description" in role.attributes:
        parts.append(f"description={quote(role.get('description'))}")
    for child in role.children:
        if child.tag != "acl_permission" or child.get("kind") not in _KINDS or child.children:
            raise Unsayable
        parts.append(" ".join([child.get("kind"), *_say_what(say, child)]))
    return clauses(f"role {role.id}", parts)


def _say_what(say: Say, permission: Element) -> list[str]:
    say.only(
        permission,
        ("id", "kind", "xpath", "reference", "object-type", "attribute", "description"),
    )
    words = [f"$id={quote(permission.id)}"] if say.is_explicit(permission) else []
    if "xpath" in permission.attributes:
        path = permission.get("xpath")
        words.append(_shortcut_of(path) or f"xpath:{_in_quotes(path)}")
    if "reference" in permission.attributes:
        words.append(f"ref:{quote(permission.get('reference'))}")
    if "attribute" in permission.attributes:
        words.append(f"attr:{quote(permission.get('attribute'))}")
    if "object-type" in permission.attributes:
        words.append(f"type:{quote(permission.get('object-type'))}")
    if "description" in permission.attributes:
        words.append(f"description={quote(permission.get('description'))}")
    return words


def _in_quotes(text: str) -> str:
    quoted = quote(text)
    return quoted if quoted.startswith('"') else f'"{text}"'


def say_subject(say: Say, element: Element) -> str:
    """Return the definition of a user or group."""
    say.only(element, ("id",))
    if not element.children or any(child.tag != "role" for child in element.children):
        raise Unsayable
    return clauses(f"{element.tag} {quote(element.id)}", [child.id for child in element.children])


def say_user(say: Say, element: Element) -> str:
    """Return the definition of a user in the older form."""
    say.only(element, ("id",))
    parts = []
    names = {"ref": "reference", "tag": "object-type"}
    for child in element.children:
        if child.tag == "role_ref":
            parts.append(f"role:{child.id}")
        elif child.tag in _KINDS:
            plain = Element(child.tag, {names.get(n, n): v for n, v in child.attributes.items()})
            lead = [f"$id={quote(child.id)}"] if say.is_explicit(child) else []
            parts.append(" ".join([child.tag, *lead, *_say_what(say, plain)]))
        else:
            raise Unsayable
    return clauses(f"user {quote(element.id)}", parts)
