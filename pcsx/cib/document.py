"""The cluster's one document: immutable, versioned, with a digest.

A `Cib` wraps an lxml tree that never leaves this package unsealed: readers outside get typed
objects (`pcsx.cib.objects`) or bytes. An edit copies the tree, changes the copy and seals it.
Nothing here knows how documents are replicated (`replica.py`) or what they mean (`objects/`).
"""

from __future__ import annotations

from _blake2 import blake2s  # what hashlib gives, without OpenSSL, which it loads
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from functools import wraps
from typing import Any, Final, NamedTuple, TypeVar, cast

from lxml import etree

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

MAX_BYTES: Final = 96 << 20
"""A document above this size is refused before it is parsed: 5000 resources with their history on
32 nodes take 86 MiB."""

SECTIONS: Final = (
    "crm_config", "nodes", "resources", "constraints", "tags", "fencing-topology",
    "rsc_defaults", "op_defaults", "acls", "alerts",
)  # fmt: skip
"""The children of `configuration`, in the order in which new ones are added."""


COMMENTS: Final = "pcsx-comments"
"""The attribute that holds an element's comments inside a sealed tree, one a line."""
_COMMENT: Final = etree.XPath("descendant::comment()")
_TEXT: Final = etree.XPath("descendant::text()")
SLICE: Final = 64 * 1024
"""About so many bytes of a document are written at a time where others wait."""
_SECTION: Final = "configuration/%s"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """The document's place in time; compared in this order, as the field does."""

    admin_epoch: int
    epoch: int
    num_updates: int

    def __str__(self) -> str:
        return f"{self.admin_epoch}.{self.epoch}.{self.num_updates}"


Place = tuple[str, str, str]
"""A child of a section of the configuration: the section's tag, the child's own and its id."""


Attributes = etree._Attrib
Rewrite = Callable[[etree._Element], None]
"""Works on an element that nobody else holds."""


class Child(NamedTuple):
    """A child of a section, and its canonical text."""

    element: etree._Element
    text: bytes


class Cib:
    """One state of the document. Never changes; make the next one with `edited`.

    What `edited_inside` and `with_root` make shares the tree of the document before, and holds what
    differs from it: whole children of sections, and the root's attributes. Who asks for its `tree`
    has it put together then; who changes it again, or asks for its digest, need not.
    """

    __slots__ = ("_base", "_digest", "_fresh", "_places", "_root", "_sections", "_version")

    def __init__(self, tree: etree._Element) -> None:
        """Seal *tree* (a `cib` element that nobody else holds)."""
        assert tree.tag == "cib", tree.tag
        self._base = tree
        """The tree, but for the root's attributes and the children that are `_fresh`."""
        self._root = tree
        """The root, or an element like it without children, where its attributes differ."""
        self._fresh: dict[Place, Child] = {}
        """What stands in place of children of the tree."""
        self._places: dict[str, dict[Place, etree._Element]] = {}
        """Where the children of sections are in the tree, for those that were looked for."""
        self._digest: str | None = None
        self._sections: dict[str, bytes] = {}
        """Canonical texts that are known, by tag: taken over from the document before."""
        self._version: Version | None = None

    @classmethod
    def from_bytes(cls, text: bytes) -> Cib:
        """Return the document that *text* spells, or raise `Refused` with one finding.

        Entities, DTDs and the network are never touched; processing instructions are dropped,
        blank text between elements too. Comments become an attribute of the element they stand
        in (`COMMENTS`), so that they live through edits, patches and merges, and readers of
        the tree meet elements only.
        """
        return cls(parse_tree(text))

    def to_bytes(self) -> bytes:
        """Return the whole document as indented XML, UTF-8, ending in a newline."""
        copy = _copy(self.tree)
        show_comments(copy)
        etree.indent(copy, "  ")
        text: bytes = etree.tostring(copy, encoding="UTF-8")
        return text + b"\n"

    def packed(self) -> bytes:
        """Return the whole document as XML without a blank too many: for processes, not people."""
        text: bytes = etree.tostring(self.tree, encoding="UTF-8")
        return text

    def slices(self) -> Iterator[bytes]:
        """Yield `packed` in pieces of about `SLICE` bytes, each written when it is asked for.

        For who must not be held up by a large document: between pieces anything may be done, with
        this document too. But no other thread may read it meanwhile: canonical text is written with
        the tree as scaffolding.
        """
        base, root, parts = self._base, self._root, b""
        instead = {self._in_tree(place): child.element for place, child in self._fresh.items()}
        for part in _written(base, root, instead):
            parts += part
            if len(parts) >= SLICE:
                yield parts
                parts = b""
        yield parts

    @property
    def tree(self) -> etree._Element:
        """Return the sealed tree, to be read and never changed; for `cib` and `pe` readers only."""
        if self._root is not self._base:
            tree = _copy(self._base)
            tree.attrib.clear()
            tree.attrib.update(self._root.attrib)
            fresh, self._fresh = self._fresh, {}
            self._base = self._root = tree
            self._places = {}
            for place, child in fresh.items():
                section, old = tree.find(_SECTION % place[0]), self._in_tree(place)
                assert section is not None and old is not None, place
                section.replace(old, _copy(child.element))
            self._places = {}
        return self._base

    def section(self, tag: str) -> etree._Element | None:
        """Return the section called *tag*, to be read as the tree is, if there is one."""
        fresh = any(place[0] == tag for place in self._fresh)
        return (self.tree if fresh else self._base).find(_SECTION % tag)

    def holds(self, tag: str) -> bool:
        """Return whether the root has a child called *tag*."""
        return self._base.find(tag) is not None

    def child(self, place: Place) -> Child | None:
        """Return the first child that stands at *place*, to be read as the tree is."""
        if (fresh := self._fresh.get(place)) is not None:
            return fresh
        element = self._in_tree(place)
        return None if element is None else Child(element, canonical(element))

    def _in_tree(self, place: Place) -> etree._Element | None:
        """Return the first child at *place* in the tree that documents share."""
        known = self._places.get(place[0])
        if known is None:
            known = self._places[place[0]] = {}
            section = self._base.find(_SECTION % place[0]) if place[0] in SECTIONS else None
            for child in () if section is None else section:
                known.setdefault((place[0], child.tag, child.get("id", "")), child)
        return known.get(place)

    def cluster_option(self, name: str) -> str | None:
        """Return the plain value of a cluster property, or None where it is not set.

        Rules are not looked at: for what must be known without a time, such as maintenance mode.
        """
        section = self.section("crm_config")
        for pair in () if section is None else section.iterfind("cluster_property_set/nvpair"):
            if pair.get("name") == name:
                return pair.get("value")
        return None

    @property
    def version(self) -> Version:
        """Return (admin_epoch, epoch, num_updates); what is missing or no number counts as 0."""
        if self._version is None:
            self._version = Version(*(_number(self._root.get(name)) for name in Version.__slots__))
        return self._version

    @property
    def attributes(self) -> Attributes:
        """Return the attributes of the root, as they are: to be read, never changed."""
        return self._root.attrib

    @property
    def digest(self) -> str:
        """Return a digest of everything but the order of attributes; 32 hex digits."""
        if self._digest is None:
            state = blake2s(digest_size=16)
            for piece in self._pieces():
                state.update(piece)
            self._digest = state.hexdigest()
        return self._digest

    @property
    def sections(self) -> dict[str, bytes]:
        """Return the canonical text of each child of `configuration`, by tag, in their order.

        A section that an edit did not touch has the very text of the document before, so that who
        keeps what was made of a text sees at once that it holds. Empty where the document is odd:
        without a configuration, or with two sections of one name.
        """
        if self._root is not self._base:
            return self._sections
        configuration = self._base.find("configuration")
        if configuration is None:
            return {}
        tags = [child.tag for child in configuration]
        known = self._sections
        if list(known) != tags:
            if len(set(tags)) != len(tags) or not all(isinstance(tag, str) for tag in tags):
                return {}
            known = {child.tag: known.get(child.tag) or canonical(child) for child in configuration}
            self._sections = known
        return known

    def _pieces(self) -> Iterator[bytes]:
        """Yield the canonical text of the whole, of which what is known is not written anew."""
        tree, sections = self._base, self.sections
        if not sections or tree.nsmap:
            yield canonical(self.tree)
            return
        yield _opening(_bare(tree) if self._root is tree else self._root)
        for child in tree:
            if child.tag == "configuration":
                yield _opening(_bare(child))
                yield from sections.values()
                yield b"</configuration>"
            else:
                yield canonical(child)
        yield b"</cib>"

    def edited(
        self,
        change: Rewrite,
        *,
        touches: Collection[str] | None = None,
    ) -> Cib:
        """Return the document after *change* has worked on a copy of the tree.

        *touches* names the sections in which *change* may do anything; None stands for all. Raises
        `Refused` where *change* writes what XML cannot hold (a control character).
        """
        copy = _copy(self.tree)
        _write(change, copy)
        cib = Cib(copy)
        if touches is not None:
            cib._sections = {t: text for t, text in self.sections.items() if t not in touches}
        return cib

    def with_root(self, change: Rewrite) -> Cib:
        """Return the document after *change* has set attributes of a root without children.

        Raises `Refused` as `edited` does.
        """
        if not self.sections or self._base.nsmap:
            return self.edited(change, touches=())
        root = _bare(self._root)
        _write(change, root)
        return self._sharing(root, self._fresh, self.sections)

    def edited_inside(self, changes: Mapping[Place, Rewrite]) -> Cib | None:
        """Return the document after each of *changes* has worked on a copy of one child.

        None where that cannot be done without the whole tree: where a child is not there, is
        called otherwise after it, or stands in its section's text not just once. Raises `Refused`
        as `edited` does.
        """
        if not self.sections or self._base.nsmap:
            return None
        sections, fresh = dict(self.sections), dict(self._fresh)
        for place, change in changes.items():
            old, text = self.child(place), sections.get(place[0])
            if old is None or text is None:
                return None
            copy = _copy(old.element)
            _write(change, copy)
            new = Child(copy, canonical(copy))
            before, found, after = text.partition(old.text)
            is_known = bool(found) and old.text not in after
            if not is_known or b"xmlns" in new.text or (copy.tag, copy.get("id")) != place[1:]:
                return None
            sections[place[0]] = b"".join((before, new.text, after))
            fresh[place] = new
        return self._sharing(self._root, fresh, sections)

    def _sharing(
        self, root: etree._Element, fresh: dict[Place, Child], sections: dict[str, bytes]
    ) -> Cib:
        """Return a document that has this one's tree, but for *root*'s attributes and *fresh*."""
        cib = Cib(self._base)
        cib._root = _bare(root) if root is self._base else root
        cib._fresh, cib._sections, cib._places = fresh, sections, self._places
        return cib

    def with_version(self, version: Version) -> Cib:
        """Return the same document at another place in time."""

        def stamp(root: etree._Element) -> None:
            for name in Version.__slots__:
                root.set(name, str(getattr(version, name)))

        return self.with_root(stamp)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cib) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Cib({self.version}, {self.digest[:8]})"


_T = TypeVar("_T")


def by_sections(*names: str) -> Callable[[Callable[[Cib], _T]], Callable[[Cib], _T]]:
    """Have a function of a document, that reads only the sections *names*, remember its answers.

    Two are kept: a change seldom touches what is read, and most that do are asked about twice.
    """

    def remembering(read: Callable[[Cib], _T]) -> Callable[[Cib], _T]:
        known: list[tuple[tuple[bytes | None, ...], _T]] = []

        @wraps(read)
        def remembered(cib: Cib) -> _T:
            sections = cib.sections
            if not sections:
                return read(cib)
            texts = tuple(sections.get(name) for name in names)
            for seen, answer in known:
                if seen == texts:
                    return answer
            answer = read(cib)
            known.insert(0, (texts, answer))
            del known[2:]
            return answer

        return remembered

    return remembering


def parse_tree(text: bytes) -> etree._Element:
    """Return the `cib` element that *text* spells, cleaned as `Cib.from_bytes` says.

    A bare `configuration` element is taken for the whole. Raises `Refused`.
    """
    root = parse_element(text)
    if root.tag == "configuration":
        whole = etree.Element("cib")
        whole.append(root)
        root = whole
    if root.tag != "cib":
        raise _refused("cib-not-a-cib", f"The document is a <{root.tag}>, not a <cib>")
    return root


def parse_element(text: bytes) -> etree._Element:
    """Return the element that *text* spells, whatever its name; cleaned as `Cib.from_bytes` says.

    Raises `Refused` for what is not XML, declares a DTD, or has text between its elements: the
    document keeps all it knows in attributes.
    """
    if len(text) > MAX_BYTES:
        raise _refused(
            "cib-too-large", f"The document has {len(text)} bytes, more than {MAX_BYTES}"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=False,
        remove_pis=True, remove_blank_text=True, huge_tree=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("cib-not-xml", f"The document is not well-formed XML: {error}") from error
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise _refused(
            "cib-doctype", "The document declares a DTD or entities, which a CIB may not"
        )
    for found in cast(list[Any], _TEXT(root)):  # seldom there; no object for each element
        holder = found.getparent()
        _refuse_text(holder, str(found))
        if found.is_tail:
            holder.tail = None
        else:
            holder.text = None
    for comment in cast(list[etree._Element], _COMMENT(root)):
        _keep_comment(comment)
    return root


def _written(
    base: etree._Element,
    root: etree._Element,
    instead: Mapping[etree._Element | None, etree._Element],
) -> Iterator[bytes]:
    """Yield the text of *base* by children of sections, with those that stand *instead* of some."""
    if base.nsmap or not len(base):
        assert root is base and not instead
        yield _text(base)
        return
    yield _start(root)
    for part in base:
        if part.tag != "configuration" or part.nsmap or not len(part):
            yield _text(part)
            continue
        yield _start(part)
        for section in part:
            if section.nsmap or not len(section):
                yield _text(section)
                continue
            yield _start(section)
            for child in section:
                yield _text(instead.get(child, child))
            yield b"</%s>" % str(section.tag).encode()
        yield b"</configuration>"
    yield b"</cib>"


def _text(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", with_tail=False)


def _start(element: etree._Element) -> bytes:
    """Return the start tag of *element*, its attributes in their order."""
    bare = _bare(element)
    bare.text = ""
    return _text(bare).removesuffix(b"</%s>" % str(element.tag).encode())


def canonical(tree: etree._Element) -> bytes:
    """Return *tree* in canonical XML: the same for every order of attributes."""
    return etree.tostring(tree, method="c14n", with_tail=False)


def _opening(bare: etree._Element) -> bytes:
    """Return the canonical start tag of an element without children."""
    return canonical(bare).removesuffix(b"</%s>" % str(bare.tag).encode())


def _bare(element: etree._Element) -> etree._Element:
    """Return an element like *element*, without what is in it."""
    bare = etree.Element(element.tag)
    bare.attrib.update(element.attrib)
    return bare


def _write(change: Rewrite, element: etree._Element) -> None:
    """Have *change* work on *element*; raises `Refused` for what XML cannot hold."""
    try:
        change(element)
    except ValueError as error:
        if not _is_bad_text(error):
            raise
        raise _refused("cib-bad-character", f"XML cannot hold this: {error}") from error


def _refuse_text(node: etree._Element, text: str) -> None:
    if text.strip():
        if not isinstance(node.tag, str):  # behind a comment
            node = node.getparent()
        raise _refused(
            "cib-text",
            f"Text stands at <{node.tag}>, where only elements may: {text.strip()[:40]!r}",
        )


def _keep_comment(comment: etree._Element) -> None:
    parent = comment.getparent()
    if parent is None:  # before or after the document
        return
    text = " ".join((comment.text or "").split("\n")).strip()
    if text:
        known = parent.get(COMMENTS)
        parent.set(COMMENTS, f"{known}\n{text}" if known else text)
    parent.remove(comment)


def show_comments(tree: etree._Element) -> None:
    """Make the comments that the elements of *tree* hold as an attribute comments again."""
    for element in [e for e in tree.iter(etree.Element) if COMMENTS in e.attrib]:
        lines = str(element.attrib.pop(COMMENTS)).split("\n")
        for n, line in enumerate(lines):
            while "--" in line:
                line = line.replace("--", "- -")
            element.insert(n, etree.Comment(line + " " * line.endswith("-")))


def _is_bad_text(error: ValueError) -> bool:
    return any(word in str(error) for word in ("XML compatible", "nvalid tag", "nvalid attribute"))


def _refused(code: str, text: str) -> Refused:
    return Refused([Finding.error(code, "cib", text)])


def _copy(tree: etree._Element) -> etree._Element:
    return deepcopy(tree)


def _number(text: str | None) -> int:
    return int(text[:18]) if text and text.isascii() and text.isdigit() else 0
