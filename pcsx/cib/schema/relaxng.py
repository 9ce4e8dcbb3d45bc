"""The table of elements as a RELAX NG schema."""

from __future__ import annotations

from typing import Any, Final, cast

from lxml import etree

from pcsx.cib.schema.grammar import GRAMMAR, ROOT, Attribute, Child, Shape

_NAMESPACE: Final = "http://relaxng.org/ns/structure/1.0"
_TYPES: Final = "http://www.w3.org/2001/XMLSchema-datatypes"


def relax_ng() -> bytes:
    """Return the schema of a whole document, `cib` outermost and `status` left open."""
    grammar = etree.Element(
        f"{{{_NAMESPACE}}}grammar", {"datatypeLibrary": _TYPES}, nsmap=cast(Any, {None: _NAMESPACE})
    )
    start = _add(grammar, "start")
    cib = _add(start, "element", name="cib")
    _any_attributes(cib)
    inner = _add(cib, "interleave")
    _add(inner, "ref", name=f"{ROOT}.element")
    _add(_add(inner, "optional"), "ref", name="status.element")
    for tag, shape in GRAMMAR.items():
        _define(grammar, tag, shape)
    _define_anything(grammar)
    etree.indent(grammar, "  ")
    return etree.tostring(grammar, encoding="UTF-8", xml_declaration=True) + b"\n"


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_NAMESPACE}}}{tag}", attributes)


def _define(grammar: etree._Element, tag: str, shape: Shape) -> None:
    define = _add(grammar, "define", name=f"{tag}.element")
    element = _add(define, "element", name=tag)
    if "id-ref" in shape.attributes:
        choice = _add(element, "choice")
        _attributes(_add(choice, "group"), shape, shared=True)
        _attributes(_add(choice, "group"), shape, shared=False)
    else:
        _attributes(element, shape, shared=False)
    if shape.children:
        interleave = _add(element, "interleave")
        for child in shape.children.values():
            _child(interleave, child)
    elif not shape.attributes:
        _add(element, "empty")


def _attributes(parent: etree._Element, shape: Shape, *, shared: bool) -> None:
    _add(parent, "empty")
    for attribute in shape.attributes.values():
        if attribute.name == "id-ref":
            if shared:
                _attribute(parent, attribute)
        elif attribute.required and not shared:
            _attribute(parent, attribute)
        else:
            _attribute(_add(parent, "optional"), attribute)


def _attribute(parent: etree._Element, attribute: Attribute) -> None:
    element = _add(parent, "attribute", name=attribute.name)
    if not attribute.values:
        _add(element, "text")
        return
    choice = _add(element, "choice")
    for value in attribute.values:
        _add(choice, "value").text = value


def _child(parent: etree._Element, child: Child) -> None:
    many = "optional" if child.most == 1 else "oneOrMore" if child.least else "zeroOrMore"
    _add(_add(parent, many), "ref", name=f"{child.tag}.element")


def _any_attributes(element: etree._Element) -> None:
    attribute = _add(_add(element, "zeroOrMore"), "attribute")
    _add(attribute, "anyName")
    _add(attribute, "text")


def _define_anything(grammar: etree._Element) -> None:
    status = _add(_add(grammar, "define", name="status.element"), "element", name="status")
    _any_attributes(status)
    _add(_add(status, "zeroOrMore"), "ref", name="anything.element")
    anything = _add(_add(grammar, "define", name="anything.element"), "element")
    _add(anything, "anyName")
    _any_attributes(anything)
    _add(_add(anything, "zeroOrMore"), "ref", name="anything.element")
