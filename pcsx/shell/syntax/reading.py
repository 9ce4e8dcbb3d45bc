"""Text to definitions: one line after the other, each by the reader of its keyword."""

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import COMMENTS
from pcsx.errors import Finding, Refused
from pcsx.shell.syntax.acls import read_role, read_subject, read_user
from pcsx.shell.syntax.cluster import read_node, read_options, read_topology
from pcsx.shell.syntax.constraints import read_colocation, read_location, read_order, read_ticket
from pcsx.shell.syntax.containers import read_bundle, read_container
from pcsx.shell.syntax.cursor import Cursor
from pcsx.shell.syntax.definition import Definition, FindAgent, Reader
from pcsx.shell.syntax.lexer import Line, lines
from pcsx.shell.syntax.others import read_alert, read_raw, read_tag
from pcsx.shell.syntax.resources import read_monitor, read_primitive

READERS: Final[dict[str, Reader]] = {
    "node": read_node,
    "primitive": read_primitive,
    "rsc_template": read_primitive,
    "monitor": read_monitor,
    "group": read_container,
    "clone": read_container,
    "ms": read_container,
    "master": read_container,
    "bundle": read_bundle,
    "location": read_location,
    "colocation": read_colocation,
    "collocation": read_colocation,
    "order": read_order,
    "rsc_ticket": read_ticket,
    "tag": read_tag,
    "property": read_options,
    "rsc_defaults": read_options,
    "op_defaults": read_options,
    "fencing_topology": read_topology,
    "role": read_role,
    "acl_target": read_subject,
    "acl_group": read_subject,
    "user": read_user,
    "alert": read_alert,
    "xml": read_raw,
}
"""Keywords of definitions and their readers."""


def plain_agent(name: str) -> tuple[str, str, str]:
    """Return class, provider and type by the words alone: an unnamed provider is heartbeat."""
    words = name.split(":", 2) if name.startswith("ocf:") else name.split(":", 1)
    if len(words) == 1:
        return "ocf", "heartbeat", words[0]
    if words[0] == "ocf":
        return ("ocf", words[1], words[2]) if len(words) == 3 else ("ocf", "heartbeat", words[1])
    return words[0], "", words[1]


def read_definition(line: Line, find_agent: FindAgent = plain_agent) -> Definition:
    """Return what *line* defines; raises `Refused` with the line and the word at fault."""
    cursor = Cursor(line.words, line.number)
    reader = READERS.get(cursor.key())
    if reader is None:
        cursor.fail(f"there is no {cursor.look()!r} in the configuration language")
    definition = reader(cursor, find_agent)
    if line.comments:
        definition.element.attributes[COMMENTS] = "\n".join(line.comments)
    return definition


def read(text: str, find_agent: FindAgent = plain_agent) -> list[Definition]:
    """Return all definitions in *text*; raises `Refused` with the faults of all lines."""
    definitions: list[Definition] = []
    findings: list[Finding] = []
    for line in lines(text):
        try:
            definitions.append(read_definition(line, find_agent))
        except Refused as error:
            findings += error.findings
    if findings:
        raise Refused(findings)
    return definitions
