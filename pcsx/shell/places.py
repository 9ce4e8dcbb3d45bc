"""What may stand at each place of a usage line: kinds of things, names of options, their values.

The places (`NODE`, `SCORE`, `NAME=VALUE`) are the words in capitals of `usage`; which things or
names they mean depends on the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pcsx.cib.options import CLUSTER, FENCING, META, OPERATION, Kind
from pcsx.cib.options import Option as CibOption
from pcsx.lean import dataclass
from pcsx.shell.facts import CONSTRAINTS, RESOURCES, Facts
from pcsx.shell.tree import Found, Path, options_of
from pcsx.shell.usage import Item, Reading
from pcsx.shell.words import GLOBAL

if TYPE_CHECKING:
    from pcsx.agents.metadata import AgentMetadata, Parameter


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to go on: the *text* that replaces the current word, and what it means."""

    text: str
    meaning: str = ""
    ends: bool = True
    """Whether the word is whole with it; `name=` wants its value."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a command: which command, what its words are, which one is being typed."""

    found: Found
    reading: Reading
    words: tuple[str, ...]
    current: str

    @property
    def agent(self) -> str:
        """Return the agent that the words name, or nothing."""
        for word, items in zip(self.words, self.reading.marks, strict=True):
            if any(item.place == "AGENT" for item in items):
                return word
        return ""

    @property
    def first(self) -> str:
        """Return the first word after the path."""
        return self.words[0] if self.words else ""


SCORES: Final = {
    "inf": "must",
    "-inf": "never",
    "100": "would like to",
    "-100": "would rather not",
    "0": "does not mind",
}
ROLES: Final = {
    "Started": "running",
    "Promoted": "running and promoted",
    "Unpromoted": "running, not promoted",
    "Stopped": "not running",
}
FIXED: Final[dict[str, dict[str, str]]] = {
    "BOOLEAN": {"true": "", "false": ""},
    "WHEN": {"always": "look for it on every node", "never": "", "exclusive": "here alone"},
    "POLICY": {"stop": "", "demote": "", "fence": "fence the node", "freeze": "leave it be"},
    "LEVEL": {str(n): "" for n in range(1, 10)},
    "STANDARD": {"ocf": "", "systemd": "", "stonith": "", "lsb": "", "service": ""},
    "WHAT": {
        "changed": "what is not committed",
        "type:primitive": "all of a kind",
        "type:location": "all of a kind",
    },
    "KIND": {"docker": "", "podman": ""},
    "DURATION": {"30s": "", "5m": "", "1h": "", "P1D": "a day"},
    "LIFETIME": {"PT1H": "an hour", "P1D": "a day"},
}
_OFTEN: Final = ("interval", "timeout", "on-fail", "role", "target-role", "is-managed")
"""Options that are offered first."""
_MADE: Final = frozenset(("id", "name", "interval-origin"))
"""Attributes of operations that the words around them say."""
TABLES: Final = {"property": CLUSTER, "meta": META, "operation": OPERATION, "fencing": FENCING}
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "RESOURCE": tuple(sorted(RESOURCES)),
    "DEVICE": ("device",),
    "DEVICES": ("device",),
    "GROUP": ("group",),
    "NODE": ("node",),
    "TARGET": ("node",),
    "TAG": ("tag",),
    "ALERT": ("alert",),
    "CONSTRAINT": tuple(sorted(CONSTRAINTS)),
}
_NAMED: Final = (
    *sorted(RESOURCES), *sorted(CONSTRAINTS), "template", "tag", "alert", "role", "user",
    "usergroup", "node", "set",
)  # fmt: skip
_IDS: Final[dict[str, tuple[str, ...]]] = {
    "resource": tuple(sorted(RESOURCES)),
    "stonith": ("device",),
    "constraint": tuple(sorted(CONSTRAINTS)),
    "alert": ("alert",),
    "tag": tuple(sorted(RESOURCES)),
}
KIND_WORDS: Final = {
    "RESOURCE": "resource", "NODE": "node", "TARGET": "node", "DEVICE": "fence device",
    "GROUP": "group", "TAG": "tag", "ALERT": "alert", "CONSTRAINT": "constraint", "ROLE": "role",
}  # fmt: skip
_NEW: Final = frozenset(("create", "add", "new", "set", "clone", "promotable"))
_FREE: Final = frozenset(
    ("monitor", "get-property", "set", "node", "fencing_topology", "tag", "xml")
)
_PLACE_HELP: Final = {
    "ID": "an id",
    "AGENT": "class:provider:type, or the type alone for heartbeat's",
    "NODE": "a node",
    "RESOURCE": "a resource",
    "SCORE": "how much: a number, inf for must, -inf for never",
    "ROLE": "Started, Promoted, Unpromoted or Stopped",
    "FILE": "a file",
    "INTERVAL": "how often: 10s, 5m",
    "DURATION": "how long: 30s, 5m, PT1H",
    "OPERATION": "start, stop, monitor, promote, ...",
    "WHAT": "an id, type:KIND, tag:ID, related:ID or changed",
    "NAME": "a name",
    "EXPRESSION": "what must be true",
    "DEVICES": "fence devices of one level, with commas between",
    "ATTRIBUTE": "what is to change",
    "VALUE": "its value",
    "TEXT": "a text",
}


def place_help(place: str, path: Path = ()) -> str:
    """Return in a few words what is to be filled in at *place*."""
    if place == "ID" and path[:1] == ("configure",):
        return "the id that it shall have"
    return _PLACE_HELP.get(place, "")


def kinds_of(place: str, path: Path) -> tuple[str, ...]:
    """Return the kinds of things that may stand at *place*; none where it is a new or free word."""
    noun, verb = (path[0] if path else ""), (path[-1] if path else "")
    if noun == "configure":
        if verb in ("show", "edit", "delete", "rename", "save", "filter") and place in (
            "WHAT", "NAME",
        ):  # fmt: skip
            return _NAMED
        if place == "NODE" and verb == "node":
            return ()
        if place == "ROLE" and verb in ("acl_target", "acl_group", "user"):
            return ("role",)
        return _PLACES.get(place, ())
    if place == "ROLE" and noun == "acl":
        return ("role",) if verb != "create" or path[1:2] != ("role",) else ()
    if place == "OPERATION-ID":
        return ("operation",)
    if place == "PERMISSION-ID":
        return ("permission",)
    if place in ("TAG", "GROUP") and verb in _NEW:
        return ("group",) if place == "GROUP" else ()
    if place == "ID":
        if verb in ("create", "new") and noun != "tag":
            return ()
        if path[:2] == ("alert", "recipient"):
            return ("recipient",)
        if path[:2] == ("constraint", "rule"):
            return ("rule",) if verb in ("delete", "remove") else ()
        if noun == "constraint" and verb in ("add",):
            return ()
        if noun == "constraint" and verb == "set":
            return tuple(sorted(RESOURCES))
        if "defaults" in path:
            return ("set",) if verb != "create" else ()
        return _IDS.get(noun, ())
    return _PLACES.get(place, ())


def what_names(item: Item, spot: Spot) -> str:
    """Return which table the names of the pair *item* come from."""
    section, path = spot.reading.section, spot.found.path
    match item.names:
        case "META":
            return "meta"
        case "PROPERTY":
            return "property"
        case "OPTION" if path[:1] == ("configure",) or section == "op" or path[-1:] == ("add",):
            return "operation"
        case "PARAMETER":
            return "parameter"
        case "NAME":
            if path[:1] == ("property",):
                return "property"
            if section in ("meta", "clone", "promotable") or path[-1:] == ("meta",):
                return "meta"
            if path[-2:-1] == ("op",) or "op" in path:
                return "operation"
            if "defaults" in path:
                return "meta"
            if path[-1:] in (("create",), ("update",)) and path[:1] in (
                ("resource",),
                ("stonith",),
            ):
                return "parameter" if len(path) == 2 and not section else ""
    return ""


def options_in(table: Mapping[str, CibOption]) -> list[CibOption]:
    """Return the options of *table*, each once, what few need last."""
    unique = {option.name: option for option in table.values() if not option.internal}
    order = {name: n for n, name in enumerate(_OFTEN)}
    return sorted(
        (option for option in unique.values() if option.name not in _MADE),
        key=lambda option: (option.advanced, order.get(option.name, len(order)), option.name),
    )


def meaning_of(option: CibOption) -> str:
    default = f" [{option.default}]" if option.default else ""
    return f"{option.kind.value}{default}  {option.text}"


def parameter_meaning(parameter: Parameter) -> str:
    star = "* " if parameter.required else ""
    default = f" [{parameter.default}]" if parameter.default else ""
    return f"{star}{parameter.type}{default}  {' '.join(parameter.shortdesc.split())}"


def parameter_values(parameter: Parameter) -> Iterator[Offer]:
    for choice in parameter.choices:
        yield Offer(choice, "the default" if choice == parameter.default else "")
    if parameter.type == "boolean" and not parameter.choices:
        yield from (Offer("true"), Offer("false"))
    elif parameter.default and not parameter.choices:
        yield Offer(parameter.default, "the default")


def option_values(option: CibOption) -> Iterator[Offer]:
    match option.kind:
        case Kind.BOOLEAN:
            values: tuple[str, ...] = ("true", "false")
        case Kind.ROLE:
            values = tuple(ROLES)
        case Kind.SCORE:
            values = ("0", "100", "1000", "INFINITY", "-INFINITY")
        case Kind.DURATION:
            values = ("10s", "30s", "60s", "5m")
        case _:
            values = option.choices
    for value in values:
        yield Offer(value, "the default" if value == option.default else ROLES.get(value, ""))


def metadata_for(spot: Spot, facts: Facts, *, ask: bool) -> AgentMetadata | None:
    """Return what the agent that the command is about says of itself."""
    agent = spot.agent
    if agent.startswith("@"):
        agent = facts.agent_of(agent[1:])
    if not agent and spot.found.path[-1:] in (("update",), ("add",), ("set",)):
        agent = facts.agent_of(spot.first.partition(".")[0])
    return facts.metadata(agent, ask=ask) if agent else None


def is_fence(spot: Spot, facts: Facts) -> bool:
    agent = spot.agent or facts.agent_of(spot.first)
    return spot.found.path[:1] == ("stonith",) or agent.startswith("stonith:")


def section_words(spot: Spot) -> list[str]:
    """Return the words since the section began."""
    words: list[str] = []
    for word, items in zip(spot.words, spot.reading.marks, strict=True):
        if any(item.literal and not item.is_pair for item in items):
            words = []
        words.append(word)
    return words


def option_offers(found: Found, word: str) -> Iterator[Offer]:
    taken = {word.partition("=")[0] for word in found.rest}
    own = [(name + ("=" if value else ""), text, value)
           for name, text, value in options_of(found.command)]  # fmt: skip
    everywhere = [(f"--{o.name}" + ("=" if o.value == "yes" else ""), o.text, o.value == "yes")
                  for o in GLOBAL if len(o.name) > 1]  # fmt: skip
    for name, text, value in (*own, *everywhere):
        if name.startswith(word) and name.rstrip("=") not in taken:
            yield Offer(name, text, ends=not value)


def may_become(text: str, word: str) -> bool:
    """Return whether *text* is what *word* may become: it begins so, or has it inside."""
    if text.startswith(word):
        return True
    low, wanted = text.lower(), word.lower()
    if low.startswith(wanted):
        return True
    head, equals, value = wanted.partition("=")
    if equals:
        return low.startswith(f"{head}=") and value in low
    return len(wanted) > 1 and wanted in low
