"""An agent's own description: from its XML to `AgentMetadata`, and findings on parameters by it.

Resource agents (OCF 1.0 and 1.1) and fence agents describe themselves in the same shape. Text of
agents is taken as it comes: what is missing has its default, what is not understood is left out,
and only a document that is no XML at all, or describes no agent, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass
from pcsx.values import Role, parse_bool, parse_duration_ms, parse_role

MAX_BYTES: Final = 4 << 20

_SECRET: Final = frozenset(("password", "passwd", "passwd_script", "password_script"))
_NUMBERS: Final = frozenset(("integer", "int", "second", "seconds"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an agent says of one of its parameters."""

    name: str
    type: str = "string"
    default: str | None = None
    required: bool = False
    unique: bool = False
    unique_group: str = ""
    """Parameters of one group are unique together; the older `unique` is a group of its own."""
    reloadable: bool = False
    private: bool = False
    deprecated: bool = False
    obsoletes: tuple[str, ...] = ()
    """The older names that this one replaces."""
    choices: tuple[str, ...] = ()
    shortdesc: str = ""
    longdesc: str = ""


@dataclass(frozen=True, slots=True)
class AdvisedAction:
    """What an agent says of one of its actions; None where it says nothing."""

    name: str
    timeout_ms: int | None = None
    interval_ms: int | None = None
    start_delay_ms: int | None = None
    role: Role | None = None
    depth: str = ""
    automatic: bool = False
    """For `on` of a fence agent: nodes must be unfenced by it as they join."""
    on_target: bool = False
    """For a fence agent: the action runs on the target itself."""
    timeout: str = ""
    """The timeout as the agent spells it, for tools that repeat it."""
    interval: str = ""
    start_delay: str = ""


@dataclass(frozen=True, slots=True)
class AgentMetadata:
    """Everything that an agent says of itself."""

    name: str
    version: str = ""
    shortdesc: str = ""
    longdesc: str = ""
    parameters: tuple[Parameter, ...] = ()
    actions: tuple[AdvisedAction, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter called *name*, or None."""
        return next((known for known in self.parameters if known.name == name), None)

    def action(self, name: str) -> AdvisedAction | None:
        """Return the first action called *name*, or None."""
        return next((known for known in self.actions if known.name == name), None)

    @property
    def tells_promotability(self) -> bool:
        """Return whether an agent without `promote` cannot be promoted: so says OCF 1.1.

        Where the version is not told, the action that came with 1.1 stands for it.
        """
        return self.version == "1.1" or (not self.version and self.has_action("reload-agent"))

    def has_action(self, name: str) -> bool:
        """Return whether the agent has an action called *name*."""
        return self.action(name) is not None

    @property
    def private(self) -> tuple[str, ...]:
        """Return the names of the parameters whose values are nobody's business, in order."""
        return tuple(known.name for known in self.parameters if known.private)

    @property
    def restarting(self) -> tuple[str, ...] | None:
        """Return the parameters whose change needs a restart; None where every change does."""
        if not self.has_action("reload-agent"):
            return None
        return tuple(known.name for known in self.parameters if not known.reloadable)

    @property
    def plug_parameter(self) -> str:
        """Return the parameter by which a fence agent is told its target, or nothing."""
        known = {parameter.name for parameter in self.parameters}
        return next((name for name in ("plug", "port") if name in known), "")


def parse_metadata(text: bytes) -> AgentMetadata:
    """Return what *text*, an agent's answer to `meta-data` or `metadata`, says; or raise `Refused`.

    Lines before the XML are passed over: agents print such.
    """
    if len(text) > MAX_BYTES:
        raise _refused(f"The metadata has {len(text)} bytes, more than {MAX_BYTES}")
    begins = min((at for at in (text.find(b"<?xml"), text.find(b"<resource-agent")) if at >= 0),
                 default=-1)  # fmt: skip
    if begins < 0:
        raise _refused("The agent printed no metadata")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                             remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root = etree.fromstring(text[begins:], parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused(f"The agent's metadata is not well-formed XML: {error}") from error
    if root.tag != "resource-agent":
        raise _refused(f"The agent's metadata is a <{root.tag}>, not a <resource-agent>")
    return AgentMetadata(
        name=root.get("name", ""),
        version=_text(root, "version") or root.get("version", ""),
        shortdesc=_text(root, "shortdesc") or root.get("shortdesc", ""),
        longdesc=_text(root, "longdesc"),
        parameters=_parameters(root),
        actions=tuple(_action(el) for el in root.iterfind("actions/action") if el.get("name")),
    )


def _refused(text: str) -> Refused:
    return Refused([Finding.error("agent-metadata", "agent", text)])


def _text(element: etree._Element, tag: str) -> str:
    """Return the text of the child *tag*, the English one where there are several."""
    children = element.findall(tag)
    english = [child for child in children if (child.get("lang") or "en").startswith("en")]
    for child in english or children:
        lines = "".join(str(part) for part in child.itertext()).strip().splitlines()
        return "\n".join(line.strip() for line in lines)
    return ""


def _parameters(root: etree._Element) -> tuple[Parameter, ...]:
    found: dict[str, Parameter] = {}
    replaced: set[str] = set()
    for element in root.iterfind("parameters/parameter"):
        parameter = _parameter(element)
        if parameter.name:
            found.setdefault(parameter.name, parameter)
            replaced.update(parameter.obsoletes)
    return tuple(found.values())


def _parameter(element: etree._Element) -> Parameter:
    name = element.get("name", "")
    content = element.find("content")
    kind = "string" if content is None else content.get("type", "string")
    unique = _is(element, "unique")
    private = _is(element, "private") if element.get("private") else name in _SECRET
    obsoletes = element.get("obsoletes", "")
    return Parameter(
        name=name,
        type=kind,
        default=None if content is None else content.get("default"),
        required=_is(element, "required"),
        unique=unique,
        unique_group=element.get("unique-group") or (name if unique else ""),
        reloadable=_is(element, "reloadable"),
        private=private,
        deprecated=_is(element, "deprecated") or element.find("deprecated") is not None,
        obsoletes=tuple(obsoletes.replace(",", " ").split()),
        choices=()
        if content is None
        else tuple(option.get("value", "") for option in content.iterfind("option")),
        shortdesc=_text(element, "shortdesc"),
        longdesc=_text(element, "longdesc"),
    )


def _is(element: etree._Element, name: str) -> bool:
    return parse_bool(element.get(name, "")) is True


def _action(element: etree._Element) -> AdvisedAction:
    def duration(name: str) -> int | None:
        return parse_duration_ms(element.get(name, ""))

    return AdvisedAction(
        name=element.get("name", ""),
        timeout_ms=duration("timeout"),
        interval_ms=duration("interval"),
        start_delay_ms=duration("start-delay"),
        role=parse_role(element.get("role", "")),
        depth=element.get("depth", ""),
        automatic=_is(element, "automatic"),
        on_target=_is(element, "on_target"),
        timeout=element.get("timeout", ""),
        interval=element.get("interval", ""),
        start_delay=element.get("start-delay", ""),
    )


def metadata_from_json(name: str, value: Mapping[str, Any]) -> AgentMetadata:
    """Return the metadata of agent *name* as a file of known agents has it.

    *value* holds `parameters` (name to attributes) and `actions` (a list of attributes), with the
    words of the XML.
    """
    root = etree.Element("resource-agent", name=name)
    parameters = etree.SubElement(root, "parameters")
    for parameter, said in dict(value.get("parameters") or {}).items():
        words = {str(word): str(text) for word, text in dict(said).items()}
        content: dict[str, str] = {}
        content.update((word, words.pop(word)) for word in ("type", "default") if word in words)
        element = etree.SubElement(parameters, "parameter", {"name": str(parameter), **words})
        etree.SubElement(element, "content", content)
    actions = etree.SubElement(root, "actions")
    for said in value.get("actions") or ():
        etree.SubElement(
            actions, "action", {str(word): str(text) for word, text in dict(said).items()}
        )
    return parse_metadata(etree.tostring(root))


def check_parameters(
    metadata: AgentMetadata, params: Mapping[str, str], *, subject: str, whole: bool = True
) -> Iterator[Finding]:
    """Yield every fault of *params* by the agent's *metadata*; *whole*: they are all there are.

    Unknown names and values of another kind are errors that can be forced; a missing required
    parameter is too; an old name is a warning that names the new one.
    """
    known = {parameter.name: parameter for parameter in metadata.parameters}
    renamed = {old: new.name for new in metadata.parameters for old in new.obsoletes}
    for name in sorted(params):
        parameter = known.get(name)
        if parameter is None and name in renamed:
            parameter = known[renamed[name]]
            yield _old_name(subject, name, renamed[name])
        elif parameter is None:
            if _understood_by_all(metadata, name):
                continue
            listed = ", ".join(sorted(known)) or "none"
            yield Finding.error(
                "parameter-unknown", subject, f"{metadata.name} has no parameter '{name}'",
                hint=f"It has: {listed}", force="FORCE",
            )  # fmt: skip
            continue
        elif parameter.deprecated and name in renamed:
            yield _old_name(subject, name, renamed[name])
        yield from _check_value(parameter, params[name], subject)
    if whole:
        yield from _check_missing(metadata, params, renamed, subject)


def _old_name(subject: str, name: str, new: str) -> Finding:
    return Finding.warning(
        "parameter-deprecated", subject, f"The parameter '{name}' is now called '{new}'",
        hint=f"Write {new}= instead.",
    )  # fmt: skip


def _understood_by_all(metadata: AgentMetadata, name: str) -> bool:
    """Return whether every agent of this kind understands *name*, though it does not say so."""
    if metadata.name.startswith("fence_"):
        return name.startswith("pcmk_") or name in ("provides", "stonith-timeout", "priority")
    return name in ("trace_ra", "trace_dir", "trace_file")


def _check_value(parameter: Parameter, value: str, subject: str) -> Iterator[Finding]:
    kind = parameter.type
    if kind == "boolean" and parse_bool(value) is None:
        fault = "true or false"
    elif kind in _NUMBERS and not value.strip().lstrip("+-").isdigit():
        fault = "a whole number"
    elif kind == "select" and parameter.choices and value not in parameter.choices:
        fault = "one of " + ", ".join(parameter.choices)
    else:
        return
    yield Finding.error(
        "parameter-value", subject, f"'{value}' is not a valid value of '{parameter.name}'",
        hint=f"It must be {fault}.", force="FORCE",
    )  # fmt: skip


def _check_missing(
    metadata: AgentMetadata, params: Mapping[str, str], renamed: Mapping[str, str], subject: str
) -> Iterator[Finding]:
    given = {renamed.get(name, name) for name in params} | set(params)
    for parameter in metadata.parameters:
        supplied = parameter.name in given or any(old in given for old in parameter.obsoletes)
        if not parameter.required or parameter.deprecated or supplied:
            continue
        if parameter.name == "action" or parameter.name == metadata.plug_parameter != "":
            continue  # the fencer says these itself
        yield Finding.error(
            "parameter-missing", subject,
            f"{metadata.name} needs the parameter '{parameter.name}'",
            hint=parameter.shortdesc, force="FORCE",
        )  # fmt: skip
