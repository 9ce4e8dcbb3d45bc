"""Whom a constraint names: a resource by its id, all made from a template, all that a tag lists.

Naming what is inside a clone means the clone, as instances have no name of their own, but only
where some node's history goes by that name: until then the field knows no such resource. Naming
the service in a bundle means all copies of it, likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pcsx.cib.objects import ResourceSet
from pcsx.pe.model import Resource, WorkingSet

if TYPE_CHECKING:
    from collections.abc import Iterable


def named(work: WorkingSet, name: str | None) -> Resource | None:
    """Return the resource that *name* means in a constraint, None where there is none."""
    if name is None:
        return None
    found = work.by_id.get(name)
    if found is not None:
        return found
    for rsc in work.by_history_name.get(name, ()):
        if rsc.history_name == name:
            return rsc.top
    for rsc in work.by_base_id.get(name, ()):
        work.notices.append(
            f"A constraint names {name}, which is inside {rsc.top.id}, and is ignored until "
            f"{name} has run: name {rsc.top.id} instead."
        )
        break
    return None


def members(work: WorkingSet, name: str | None) -> list[str] | None:
    """Return the ids that the template or tag *name* stands for, None where it is neither."""
    if name is None:
        return None
    found = work.templates.get(name)
    return found if found is not None else work.tags.get(name)


def all_named(work: WorkingSet, names: Iterable[str | None]) -> list[Resource]:
    """Return the resources that *names* mean, templates and tags expanded in place."""
    found: list[Resource] = []
    for name in names:
        rsc = named(work, name)
        if rsc is not None:
            found.append(rsc)
            continue
        for member in members(work, name) or ():
            rsc = named(work, member)
            if rsc is not None:
                found.append(rsc)
    return found


def each_named(work: WorkingSet, names: Iterable[str | None]) -> list[Resource | None]:
    """Return as `all_named`, but None in the place of a name that nothing goes by."""
    return [
        rsc
        for name in names
        for rsc in all_named(work, (name,)) or (() if members(work, name) else (None,))
    ]


def listed(
    work: WorkingSet, origin: str | None, sets: Iterable[ResourceSet]
) -> Iterator[tuple[ResourceSet, Resource]]:
    """Return what *sets* list, each with its set, up to the first that there is not.

    The field ignores what comes behind such a one in the constraint *origin*.
    """
    for one in resolved_sets(work, sets):
        names = [ref.id for ref in one.resources]
        for rsc in each_named(work, names):
            if rsc is None:
                work.notices.append(
                    f"{origin}: the set {one.id} lists a resource that there is not; it and all "
                    "behind it in this constraint are ignored."
                )
                return
            yield one, rsc


def resolved_sets(work: WorkingSet, sets: Iterable[ResourceSet]) -> Iterator[ResourceSet]:
    """Return *sets*, those that stand for another one replaced by it."""
    for one in sets:
        if one.id_ref is None:
            yield one
        elif (other := work.cib.find(ResourceSet, one.id_ref)) is not None:
            yield other
