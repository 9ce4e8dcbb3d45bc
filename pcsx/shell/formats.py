"""A whole configuration in each of its languages: crm's, XML, JSON, and pcs's commands to write.

JSON is the document's tree as it is, `{"schema": …, "configuration": ELEMENT}`; an element has
`tag`, `attributes` and `children`. Nothing is lost between crm, XML and JSON; commands are for
writing only, and what they cannot say is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from pcsx.cib.document import Cib
from pcsx.cib.plain import Element, to_xml, unseal
from pcsx.errors import Failed, Finding, Refused
from pcsx.shell.syntax.printing import show

if TYPE_CHECKING:
    from lxml import etree

    from pcsx.shell.run import Run
    from pcsx.shell.session import Session

FORMATS: Final = ("crm", "xml", "json", "cmd")
SCHEMA: Final = "pcsx-config/1"
_EMPTY: Final = b'<cib validate-with="pacemaker-3.9"><configuration/></cib>'
_SAID_BY_COMMANDS: Final = ("resources", "constraints", "rsc_defaults", "op_defaults", "crm_config")

Wanted = Callable[[Element], bool]


def format_of(text: str, wanted: str = "") -> str:
    """Return the language of *text*: *wanted* if it is one, else what the first letter says."""
    if wanted:
        if wanted not in FORMATS:
            raise Failed(f"--format={wanted}: expected one of {', '.join(FORMATS)}")
        return wanted
    return {"<": "xml", "{": "json"}.get(text.lstrip()[:1], "crm")


def on_paper(run: Run) -> Session:
    """Return a session on an empty configuration, which is committed nowhere."""
    from pcsx.shell.idempotence import OnPaper
    from pcsx.shell.run import Run as Invocation
    from pcsx.shell.session import Session

    return Session(Invocation(run.argv, source=OnPaper(run.source, Cib.from_bytes(_EMPTY))))


def read(run: Run, text: str, format: str) -> Cib:
    """Return the document that *text* is in the language *format*."""
    if format == "xml":
        return Cib.from_bytes(text.encode())
    session = on_paper(run)
    load(session, text, way="push", format=format)
    return session.document()


def within(cib: Cib, said: Cib) -> Cib:
    """Return *cib* with the configuration of *said*: the rest, no language tells of."""

    def change(tree: etree._Element) -> None:
        old, new = tree.find("configuration"), said.tree.find("configuration")
        assert old is not None and new is not None, "every document has one"
        tree.replace(old, deepcopy(new))

    return cib.edited(change)


def load(session: Session, text: str, *, way: str, format: str) -> None:
    """Take *text* into the working copy; `update` keeps what it does not name."""
    match format:
        case "crm":
            session.load(way, text)
        case "xml":
            session.load_xml(way, text)
        case "json":
            session.load_xml(way, to_xml(_from_json(text)))
        case _:
            raise Failed(
                "commands cannot be taken in as a whole", "Run them, or convert what made them."
            )


def write(cib: Cib, format: str, *, wanted: Wanted | None = None) -> str:
    """Return the configuration of *cib*, or what is *wanted* of it, in a language."""
    match format:
        case "crm":
            return show(unseal(cib), wanted)
        case "xml":
            return cib.to_bytes().decode()
        case "json":
            value = {"schema": SCHEMA, "configuration": _to_json(unseal(cib))}
            return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return "".join(f"{line}\n" for line in commands(cib))


def unsaid(cib: Cib, format: str) -> list[str]:
    """Return the sections of *cib* that *format* has no words for here."""
    if format != "cmd":
        return []
    sections = unseal(cib).children
    return [s.tag for s in sections if s.children and s.tag not in (*_SAID_BY_COMMANDS, "nodes")]


def commands(cib: Cib) -> list[str]:
    """Return commands that make the resources, constraints, defaults and properties of *cib*."""
    import shlex

    from pcsx.cib.edit import defaults, properties
    from pcsx.cib.objects.document import Document
    from pcsx.cib.objects.resources import Template
    from pcsx.shell.output.constraint_commands import constraint_commands
    from pcsx.shell.output.defaults import defaults_commands
    from pcsx.shell.output.resources import resource_commands

    document = Document(cib)
    lines = resource_commands([r for r in document.resources if not isinstance(r, Template)])
    lines += constraint_commands(document.constraints)
    lines += defaults_commands(document.rsc_defaults, defaults.RESOURCES)
    lines += defaults_commands(document.op_defaults, defaults.OPERATIONS)
    options = properties.properties(cib)
    if options:
        pairs = (f"{name}={value}" for name, value in sorted(options.items()))
        lines.append(f"pcs property set {shlex.join(pairs)}")
    return lines


def _to_json(element: Element) -> dict[str, Any]:
    value: dict[str, Any] = {"tag": element.tag}
    if element.attributes:
        value["attributes"] = element.attributes
    if element.children:
        value["children"] = [_to_json(child) for child in element.children]
    return value


def _from_json(text: str) -> Element:
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            raise ValueError(f'"schema" is not "{SCHEMA}"')
        return _element(value["configuration"], {"configuration"})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused(
            [Finding.error("json", "configuration", f"This is no configuration as JSON: {error}")]
        ) from error


def _element(value: Any, tags: Collection[str] = ()) -> Element:
    tag, attributes = value["tag"], value.get("attributes", {})
    if not isinstance(tag, str) or (tags and tag not in tags):
        raise ValueError(f"{tag!r} is no tag here")
    if not all(isinstance(part, str) for pair in attributes.items() for part in pair):
        raise ValueError(f"an attribute of <{tag}> is no text")
    return Element(tag, dict(attributes), [_element(child) for child in value.get("children", [])])
