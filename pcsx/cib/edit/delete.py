"""Resources deleted, with what is in them, what is left empty around them, and what refers to them.

The last member takes its group along, and what a clone or bundle holds takes the clone along.
"""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.edit import references
from pcsx.cib.edit.tree import (
    CLONES,
    Element,
    edited,
    members,
    parent_resource,
    primitives,
    refuse,
    remove,
    resource,
)
from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Deleted:
    """The document without the resources, and a line for each thing that went."""

    cib: Cib
    told: tuple[str, ...]
    primitives: tuple[str, ...]


def delete(cib: Cib, id: str) -> Deleted:
    """Return *cib* without the resource *id*."""
    told: list[str] = []
    gone: list[str] = []

    def change(conf: Element) -> None:
        found = resource(conf, id)
        if found is None:
            raise refuse("no-such-resource", id, f"Resource '{id}' does not exist.")
        for primitive in primitives(found):
            gone.append(str(primitive.get("id")))
        whole = _whole(found)
        _refuse_tagged(conf, whole, id)
        named = [whole, *whole.iterdescendants("primitive", "group", *CLONES, "bundle")]
        for element in named:
            told.extend(references.drop(conf, str(element.get("id"))))
        told.extend(f"Deleting Resource - {name}" for name in gone)
        remove(whole)

    return Deleted(edited(cib, change), tuple(told), tuple(gone))


def _whole(element: Element) -> Element:
    """Return the outermost resource that would be left with nothing in it, or *element*."""
    outer = parent_resource(element)
    while outer is not None and outer.tag != "bundle" and members(outer) == [element]:
        element, outer = outer, parent_resource(outer)
    return element


def _refuse_tagged(conf: Element, whole: Element, id: str) -> None:
    """Raise while a tag stands for anything that would go."""
    going = {whole.get("id"), *(element.get("id") for element in whole.iterdescendants())}
    tags = sorted(
        str(tag.get("id"))
        for tag in conf.iterfind("tags/tag")
        if any(ref.get("id") in going for ref in tag.iter("obj_ref"))
    )
    if tags:
        listed = ", ".join(f"'{tag}'" for tag in tags)
        word = "tag" if len(tags) == 1 else "tags"
        raise refuse(
            "resource-tagged",
            id,
            f"Unable to remove resource '{id}' because it is referenced in the {word}: {listed}",
            hint=f"pcsx tag update {tags[0]} remove {id}",
        )
