"""The ids that the language need not say: how they are made, and which are as they would be made.

Each kind of element is named after what it stands in. A name that is taken gets `-0`, `-1`, …; the
members of some lists are counted from the start. Reading gives every element without an id the
made one; printing asks which ids are the made ones and says only the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcsx.cib.plain import Element

REFERENCES: Final = frozenset(("resource_ref", "obj_ref", "role", "role_ref"))
"""Elements whose id names something else."""

TOP: Final = frozenset(
    (
        "primitive", "template", "group", "clone", "master", "bundle", "node", "tag", "alert",
        "rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket", "acl_role", "acl_target",
        "acl_group", "acl_user",
    )
)  # fmt: skip
"""Elements that people name."""

_SETS: Final = frozenset(("instance_attributes", "meta_attributes", "utilization"))
_NAMED_BY_TAG: Final = frozenset(("date_spec", "duration"))
_EXPRESSIONS: Final = frozenset(
    ("expression", "date_expression", "rsc_expression", "op_expression")
)
_COUNTED: Final = frozenset(
    ("resource_set", "acl_permission", "attribute", "port-mapping", "storage-mapping",
     "read", "write", "deny")
)  # fmt: skip
_SECTION_SETS: Final = {"rsc_defaults": "rsc-options", "op_defaults": "op-options"}


class Maker:
    """Makes ids that are not taken."""

    def __init__(self, taken: set[str]) -> None:
        """Begin with the ids in *taken*, which grows with every id that is made or met."""
        self.taken = taken

    def fill(self, element: Element, prefix: str = "") -> None:
        """Give *element* and all within it the ids that they lack."""
        for inner, made in self._walk(element, prefix):
            if made and "id" not in inner.attributes:
                inner.attributes["id"] = made

    def unlike(self, element: Element, prefix: str = "") -> Iterator[Element]:
        """Yield the elements whose ids are not those that would be made for them."""
        for inner, made in self._walk(element, prefix):
            if made is not None and inner.id != made:
                yield inner

    def _walk(self, element: Element, prefix: str) -> Iterator[tuple[Element, str | None]]:
        """Yield each element with the id to be made for it, None where there is none to make."""
        made = self._made(element, prefix)
        yield element, made
        if element.id and element.tag not in REFERENCES:
            self.taken.add(element.id)
        inner = _prefix_in(element, prefix)
        for child in element.children:
            yield from self._walk(child, inner)

    def _made(self, element: Element, prefix: str) -> str | None:
        if element.tag in TOP or element.tag in REFERENCES or "id-ref" in element.attributes:
            return None
        match element.tag:
            case "nvpair":
                return self._free(f"{prefix}-{element.get('name')}")
            case "op":
                interval = element.get("interval", "0")
                return self._free(f"{prefix}-{element.get('name')}-{interval}")
            case "rule":
                return self._free(f"{prefix}-rule")
            case "recipient":
                return self._counted(f"{prefix}-recipient", 1)
            case "fencing-level":
                return self._free("fencing")
            case tag if tag in _SETS or tag in _NAMED_BY_TAG:
                return self._free(f"{prefix}-{tag}")
            case tag if tag in _EXPRESSIONS:
                return self._free(f"{prefix}-expression")
            case tag if tag in _COUNTED:
                return self._counted(prefix, 0)
        return None

    def _free(self, name: str) -> str:
        return name if name not in self.taken else self._counted(name, 0)

    def _counted(self, name: str, start: int) -> str:
        number = start
        while f"{name}-{number}" in self.taken:
            number += 1
        return f"{name}-{number}"


def _prefix_in(element: Element, prefix: str) -> str:
    """Return what the children of *element* are named after."""
    if element.tag == "node":
        return element.get("uname") or element.id
    if element.tag in REFERENCES:
        return prefix
    return element.id or prefix


def ids_in(element: Element) -> Iterator[str]:
    """Yield the ids that *element* and all within it have."""
    for inner in element.walk():
        if inner.tag not in REFERENCES and inner.id:
            yield inner.id
