"""A document held against the table of elements."""

from __future__ import annotations

from _blake2 import blake2s  # what hashlib gives, without OpenSSL, which it loads
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from lxml import etree

from pcsx.cib.document import COMMENTS, Cib, canonical
from pcsx.cib.replica import Proposal
from pcsx.cib.schema.grammar import GRAMMAR, ROOT, Shape
from pcsx.cib.touched import Touched
from pcsx.errors import Finding

PIECES_MAX: Final = 16384
_PIECES: Final[dict[tuple[bytes, str], tuple[Finding, ...]]] = {}
"""What was found in children of sections, by their digest and path."""


def check_shape(cib: Cib) -> list[Finding]:
    """Return an error for each element and attribute that has no place where it stands.

    What an unknown element holds is not looked at. `status` is the cluster's own and not judged.
    """
    return list(_checked(cib))


def check_shape_change(
    old: Cib, new: Cib, proposal: Proposal, touched: Sequence[Touched] | None = None
) -> list[Finding]:
    """Return the findings that *new* has and *old* had not, as a check of the replica.

    Where *touched* is all that differs, nothing else is looked at if that is sound.
    """
    if touched is not None and all(_is_sound(each.after) for each in touched):
        return []
    known = set(_checked(old))
    return [finding for finding in _checked(new) if finding not in known]


@lru_cache(maxsize=4)
def _checked(cib: Cib) -> tuple[Finding, ...]:
    found = []
    for configuration in cib.tree.iterfind(ROOT):
        found += list(_check(configuration, "", cib.sections))
    return tuple(found)


def _check(
    element: etree._Element,
    path: str,
    sections: Mapping[str, bytes] | None = None,
    into: Callable[[etree._Element, str], Iterable[Finding]] | None = None,
) -> Iterator[Finding]:
    """Check *element* and all in it; of *sections* the canonical text is known.

    *into* checks its children in place of this.
    """
    shape = GRAMMAR[str(element.tag)]
    name = element.get("id")
    path = f"{path}/{element.tag}[@id='{name}']" if name else f"{path}/{element.tag}"
    yield from _check_attributes(element, shape, path)
    counts: Counter[str] = Counter()
    for child in element:
        tag = str(child.tag)
        if tag not in shape.children:
            yield _fault(path, f"<{tag}> has no place in <{element.tag}>")
            continue
        counts[tag] += 1
        if sections is not None:
            yield from _check_section(sections.get(tag) or canonical(child), path)
        else:
            yield from (into or _check)(child, path)
    for tag, allowed in shape.children.items():
        if allowed.most is not None and counts[tag] > allowed.most:
            yield _fault(path, f"<{element.tag}> has {counts[tag]} <{tag}>, and may have one")
        if counts[tag] < allowed.least:
            yield _fault(path, f"<{element.tag}> needs a <{tag}>")


@lru_cache(maxsize=64)
def _check_section(text: bytes, path: str) -> tuple[Finding, ...]:
    """Check one section by what stands in it: of ten, a change leaves nine as they are."""
    return tuple(_check(etree.fromstring(text), path, into=_check_piece))


def _check_piece(element: etree._Element, path: str) -> Iterable[Finding]:
    """Check one child of a section: of a thousand, a change leaves all but one as they are."""
    # It was read from canonical text, so that it has one spelling, and this is the fastest.
    text = etree.tostring(element, with_tail=False)
    key = (blake2s(text, digest_size=16).digest(), path)
    found = _PIECES.get(key)
    if found is None:
        if len(_PIECES) >= PIECES_MAX:
            _PIECES.clear()
        found = _PIECES[key] = tuple(_check(element, path))
    return found


def _is_sound(child: bytes) -> bool:
    """Return whether there is nothing to tell of a child of a section, wherever it stands."""
    element = etree.fromstring(child)
    return element.tag in GRAMMAR and not _check_piece(element, "")


def _check_attributes(element: etree._Element, shape: Shape, path: str) -> Iterator[Finding]:
    for key, text in element.items():
        name, value = str(key), str(text)
        allowed = shape.attributes.get(name)
        if allowed is None:
            if name != COMMENTS:
                yield _fault(path, f"<{element.tag}> has no attribute {name}")
        elif allowed.values and value.lower() not in allowed.values:
            yield _fault(
                path, f"{name}={value!r} of <{element.tag}> is none of {', '.join(allowed.values)}"
            )
    if "id-ref" in element.attrib:
        return
    for name, wanted in shape.attributes.items():
        if wanted.required and name not in element.attrib:
            yield _fault(path, f"<{element.tag}> needs the attribute {name}")


def _fault(path: str, text: str) -> Finding:
    return Finding.error("schema", path, text, force="schema")
