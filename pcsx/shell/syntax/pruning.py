"""Deleting an element with what only made sense together with it.

A container that goes leaves its members behind, and what named it names its first member from then
on. Constraints that name a resource that goes lose it, and go with it where too little is left.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.containers import RESOURCES

if TYPE_CHECKING:
    from pcsx.shell.syntax.workspace import Workspace

REFERRING: Final = (
    "rsc", "with-rsc", "first", "then", "template", "reference", "ref",
)  # fmt: skip
"""Attributes that name another element."""

_CONSTRAINED: Final = ("rsc", "with-rsc", "first", "then")
_SIMPLE: Final = {
    "rsc_order": (("first", "first-action", "action"), ("then", "then-action", "action")),
    "rsc_colocation": (("rsc", "rsc-role", "role"), ("with-rsc", "with-rsc-role", "role")),
}
_CONTAINERS: Final = ("group", "clone", "master", "bundle")


class Pruner:
    """Deletes from one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Work on *workspace*."""
        self.workspace = workspace

    def delete(self, element: Element) -> Iterator[str]:
        """Delete *element*; yield in words what else changed."""
        holder = self.workspace.parent_of(element)
        place = next(n for n, child in enumerate(holder.children) if child is element)
        members = element.all(*RESOURCES) if element.tag in _CONTAINERS else []
        holder.children[place : place + 1] = members
        if members:
            yield from self.rename_in_constraints(element.id, members[0].id)
            if holder.tag in _CONTAINERS:
                yield f"{holder.id} held {element.id} and is deleted"
                yield from self.delete(holder)
                return
        elif element.tag in RESOURCES or element.tag == "tag":
            yield from self.forget_resource(element.id)
        if holder.tag in _CONTAINERS and not holder.all(*RESOURCES):
            yield f"{holder.id} is left without a member and deleted"
            yield from self.delete(holder)

    def rename_in_constraints(self, old: str, new: str) -> Iterator[str]:
        """Let what names *old* name *new*."""
        for section in ("constraints", "tags"):
            for element in self.workspace.section(section).children:
                if _renamed(element, old, new):
                    yield f"{element.id} now names {new} instead of {old}"

    def speak_for(self, container: str, members: Sequence[str]) -> Iterator[str]:
        """Let constraints that name one of *members* name the *container* that holds them now.

        What then says the same of it twice says it once; what is left without a second end goes.
        """
        section = self.workspace.section("constraints")
        for constraint in list(section.children):
            named = [name for name in members if _renamed(constraint, name, container)]
            if not named:
                continue
            if not _drop_doubles(constraint):
                yield f"{constraint.id} was among what {container} holds and is deleted"
                section.children = [c for c in section.children if c is not constraint]
            else:
                yield f"{constraint.id} now names {container} instead of {', '.join(named)}"

    def forget_resource(self, name: str) -> Iterator[str]:
        """Take *name* out of constraints, tags and fencing levels."""
        yield from self.forget_in_constraints(name)
        yield from self.forget_references(name, ("obj_ref",), "tags")
        topology = self.workspace.root.find("fencing-topology")
        for level in list(topology.children) if topology is not None else ():
            devices = level.get("devices").split(",")
            if name in devices:
                level.attributes["devices"] = ",".join(d for d in devices if d != name)
                if not level.attributes["devices"] and topology is not None:
                    topology.children = [c for c in topology.children if c is not level]
                yield f"the fencing level {level.id} no longer has {name}"

    def forget_in_constraints(self, name: str) -> Iterator[str]:
        """Take *name* out of sets; delete constraints that name it themselves."""
        section = self.workspace.section("constraints")
        for constraint in list(section.children):
            if any(constraint.get(attribute) == name for attribute in _CONSTRAINED):
                yield f"{constraint.id} named {name} and is deleted"
                section.children = [c for c in section.children if c is not constraint]
                continue
            if not any(r.id == name for s in constraint.children for r in s.children):
                continue
            for members in constraint.all("resource_set"):
                members.children = [r for r in members.children if r.id != name]
            constraint.children = [
                c for c in constraint.children if c.tag != "resource_set" or c.children
            ]
            if _simplify(constraint):
                yield f"{constraint.id} no longer names {name}"
            else:
                yield f"{constraint.id} has too little left without {name} and is deleted"
                section.children = [c for c in section.children if c is not constraint]

    def forget_references(
        self, name: str, tags: tuple[str, ...], section_name: str
    ) -> Iterator[str]:
        """Take references of *tags* to *name* out of a section; what is left empty goes."""
        section = self.workspace.section(section_name)
        for element in list(section.children):
            kept = [c for c in element.children if c.tag not in tags or c.id != name]
            if len(kept) == len(element.children):
                continue
            element.children = kept
            if kept:
                yield f"{element.id} no longer names {name}"
            else:
                yield f"{element.id} is left empty and deleted"
                section.children = [c for c in section.children if c is not element]


def _renamed(element: Element, old: str, new: str) -> bool:
    """Let what names *old* in *element* name *new*; return whether anything did."""
    changed = False
    for inner in element.walk():
        for attribute in _CONSTRAINED:
            if inner.get(attribute) == old:
                inner.attributes[attribute] = new
                changed = True
        if inner.tag in ("resource_ref", "obj_ref") and inner.id == old:
            inner.attributes["id"] = new
            changed = True
    return changed


def _drop_doubles(constraint: Element) -> bool:
    """Keep the last of what a constraint names twice; return whether enough is left."""
    for (first, *_), (second, *_) in itertools.pairwise(_SIMPLE.get(constraint.tag, ())):
        if first in constraint.attributes and constraint.get(first) == constraint.get(second):
            return False
    seen: set[str] = set()
    for members in reversed(constraint.all("resource_set")):
        for reference in reversed(list(members.children)):
            if reference.id in seen:
                members.children = [r for r in members.children if r is not reference]
            seen.add(reference.id)
    if not seen:
        return True
    constraint.children = [c for c in constraint.children if c.tag != "resource_set" or c.children]
    return _simplify(constraint)


def _simplify(constraint: Element) -> bool:
    """Write sets that are only single resources as attributes; return whether enough is left."""
    sets = constraint.all("resource_set")
    ends = _SIMPLE.get(constraint.tag, ())
    if len(sets) == 1 and constraint.tag == "rsc_colocation":
        ends = ends[::-1]  # in one set, the later is placed with the earlier
    count = sum(len(members.children) for members in sets)
    if count < len(ends) or not count:
        return False
    others = [c for c in constraint.children if c.tag != "resource_set"]
    if (
        not ends
        or count != len(ends)
        or (len(sets) == 1 and count > 1 and not _is_in_a_row(sets[0]))
    ):
        return True
    for end, (members, reference) in zip(
        ends, ((s, r) for s in sets for r in s.children), strict=True
    ):
        name, value, option = end
        constraint.attributes[name] = reference.id
        if option in members.attributes:
            constraint.attributes[value] = members.get(option)
    constraint.children = others
    return True


def _is_in_a_row(members: Element) -> bool:
    return members.get("sequential", "true") != "false"
