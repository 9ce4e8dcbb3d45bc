"""A configuration as text that reads back into it.

Every definition is read back before it is given out; one that does not come back the same is
printed as XML instead. Which ids must be said is found by making all of them as a reader would.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from pcsx.cib.plain import COMMENTS, Element
from pcsx.errors import Refused
from pcsx.shell.syntax.acls import say_role, say_subject, say_user
from pcsx.shell.syntax.cluster import SECTIONS, say_node, say_options, say_topology
from pcsx.shell.syntax.constraints import say_linked, say_location
from pcsx.shell.syntax.containers import RESOURCES, say_bundle, say_container
from pcsx.shell.syntax.definition import Definition
from pcsx.shell.syntax.ids import Maker, ids_in
from pcsx.shell.syntax.others import SECTION_OF, say_alert, say_raw, say_tag
from pcsx.shell.syntax.reading import read
from pcsx.shell.syntax.resources import say_primitive
from pcsx.shell.syntax.say import Say, Unsayable

Sayer = Callable[[Say, Element], str]

_SAYERS: Final[dict[str, Sayer]] = {
    "primitive": say_primitive,
    "template": say_primitive,
    "group": say_container,
    "clone": say_container,
    "master": say_container,
    "bundle": say_bundle,
    "node": say_node,
    "rsc_location": say_location,
    "rsc_colocation": say_linked,
    "rsc_order": say_linked,
    "rsc_ticket": say_linked,
    "tag": say_tag,
    "alert": say_alert,
    "acl_role": say_role,
    "acl_target": say_subject,
    "acl_group": say_subject,
    "acl_user": say_user,
}
_OPTION_WORDS: Final = {section: word for word, (section, _, _) in SECTIONS.items()}
_ORDER: Final = (
    "nodes", "resources", "tags", "constraints", "fencing-topology", "crm_config", "rsc_defaults",
    "op_defaults", "acls", "alerts",
)  # fmt: skip


class _Piece:
    """One thing to print: an element, or a section that is printed as a whole."""

    __slots__ = ("element", "section")

    def __init__(self, section: str, element: Element) -> None:
        self.section = section
        self.element = element

    @property
    def names(self) -> set[str]:
        """Return by what it can be asked for."""
        element = self.element
        names = {element.id, element.tag, self.section}
        if element.tag == "node":
            names.add(element.get("uname"))
        if self.section == "fencing-topology":
            names.add("fencing_topology")
        if self.section in _OPTION_WORDS:
            names.add(_OPTION_WORDS[self.section])
        return names


def show(
    configuration: Element, wanted: Callable[[Element], bool] | None = None, *, masked: bool = False
) -> str:
    """Return *configuration* as text, or of it what *wanted* accepts.

    With *masked*, values of passwords are hidden; such text is for eyes and not read back.
    """
    pieces = list(_pieces(configuration))
    explicit = _explicit(configuration, pieces)
    nodes = [node.get("uname") for node in _section(configuration, "nodes")]
    texts = [
        _say(piece, explicit, nodes, masked=masked)
        for piece in pieces
        if wanted is None or wanted(piece.element)
    ]
    return "".join(f"{text}\n" for text in texts)


def _section(configuration: Element, tag: str) -> list[Element]:
    section = configuration.find(tag)
    return [] if section is None else section.children


def _pieces(configuration: Element) -> Iterator[_Piece]:
    """Yield what there is to print, in an order in which nothing comes before what it holds."""
    sections = {section.tag: section for section in configuration.children}
    order: list[str] = [tag for tag in _ORDER if tag in sections]
    order += [tag for tag in sections if tag not in order]
    for tag in order:
        section = sections[tag]
        said = section.attributes.keys() - {COMMENTS}
        if tag not in _ORDER or tag == "fencing-topology" or said:
            if section.children or said:
                yield _Piece(tag, section)
            continue
        for element in section.children:
            yield from _with_members(tag, element)


def _with_members(section: str, element: Element) -> Iterator[_Piece]:
    if element.tag in ("group", "clone", "master", "bundle"):
        for child in element.children:
            if child.tag in RESOURCES:
                yield from _with_members(section, child)
    yield _Piece(section, element)


def _explicit(configuration: Element, pieces: list[_Piece]) -> set[Element]:
    """Return the elements whose ids a reader would not make: to be said.

    A reader knows all ids that are said before it makes any; so what is said in one round may
    change what is made in the next, until nothing more must be said.
    """
    named = {p.element.id for p in pieces} | set(_ids_of_sets(pieces))
    explicit: set[Element] = set()
    while True:
        maker = Maker(named | {element.id for element in explicit})
        more = set()
        for piece in pieces:
            shell = _without_members(piece.element)
            more |= {element for element in maker.unlike(shell) if element is not shell}
        if more <= explicit:
            return explicit
        explicit |= more


def _ids_of_sets(pieces: list[_Piece]) -> Iterator[str]:
    for piece in pieces:
        for operations in piece.element.all("operations"):
            yield operations.id


def _without_members(element: Element) -> Element:
    """Return *element* itself where it holds no resources, else its like without them."""
    if not any(child.tag in RESOURCES for child in element.children):
        return element
    kept = [child for child in element.children if child.tag not in RESOURCES]
    return Element(element.tag, element.attributes, kept)


def _say(piece: _Piece, explicit: Collection[Element], nodes: list[str], *, masked: bool) -> str:
    element = piece.element
    comments = [
        line if line.startswith("#") else f"# {line}"
        for line in element.get(COMMENTS).split("\n")
        if line
    ]
    try:
        text = _words(piece, Say(explicit), nodes)
        if not _comes_back(piece, text, nodes):
            raise Unsayable
        if masked:
            text = _words(piece, Say(explicit, masked=True), nodes)
    except Unsayable:
        text = say_raw(_raw(piece))
    return "\n".join([*comments, text])


def _words(piece: _Piece, say: Say, nodes: list[str]) -> str:
    if piece.section == "fencing-topology":
        return say_topology(say, piece.element, nodes)
    if piece.section in _OPTION_WORDS:
        return say_options(say, _OPTION_WORDS[piece.section], piece.element)
    sayer = _SAYERS.get(piece.element.tag)
    if sayer is None or SECTION_OF.get(piece.element.tag) != piece.section:
        raise Unsayable
    return sayer(say, piece.element)


def _raw(piece: _Piece) -> Element:
    """Return what is printed as XML: a copy without comments, in its section where it must be."""
    copy = piece.element.copy()
    for inner in copy.walk():
        inner.attributes.pop(COMMENTS, None)
    if piece.element.tag == piece.section or SECTION_OF.get(copy.tag) == piece.section:
        return copy
    return Element(piece.section, {}, [copy])


def _comes_back(piece: _Piece, text: str, nodes: list[str]) -> bool:
    """Return whether *text* reads as what is printed, apart from ids that are made."""
    try:
        definitions = read(text)
    except Refused:
        return False
    if len(definitions) != 1:
        return False
    return _is_like(piece, definitions[0], nodes)


def _is_like(piece: _Piece, definition: Definition, nodes: list[str]) -> bool:
    wanted, found = piece.element.copy(), definition.element
    members = tuple(c.id for c in wanted.children if c.tag in RESOURCES)
    if definition.section != piece.section or definition.members != members:
        return False
    wanted.children = [c for c in wanted.children if c.tag not in RESOURCES]
    if wanted.tag == "bundle":
        for element in (wanted, found):
            element.children.sort(key=lambda c: c.tag.endswith("attributes"))
    if wanted.tag == "node":
        found.attributes.setdefault("id", found.get("uname"))
    if wanted.tag == "fencing-topology" and not any(
        name.startswith("target") for level in found.children for name in level.attributes
    ):
        found.children = [
            Element("fencing-level", {"target": node, **level.attributes})
            for node in nodes
            for level in found.children
        ]
    return _agree(wanted, found)


def _agree(wanted: Element, found: Element) -> bool:
    """Return whether two trees say the same where *found* may lack ids."""
    mine = {n: v for n, v in wanted.attributes.items() if n != COMMENTS}
    theirs = {n: v for n, v in found.attributes.items() if n != COMMENTS}
    if "id" not in theirs:
        mine.pop("id", None)
    return (
        wanted.tag == found.tag
        and mine == theirs
        and len(wanted.children) == len(found.children)
        and all(map(_agree, wanted.children, found.children))
    )


__all__ = ["ids_in", "show"]
