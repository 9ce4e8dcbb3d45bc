"""Whom a constraint names: a resource by its id, all made from a template, all that a tag lists.

Naming what is inside a clone means the clone, as instances have no name of their own; naming the
service in a bundle means all copies of it.
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
    for index in (work.by_base_id, work.by_history_name):
        for rsc in index.get(name, ()):
            if not rsc.globally_unique:
                return rsc.top
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


def resolved_sets(work: WorkingSet, sets: Iterable[ResourceSet]) -> Iterator[ResourceSet]:
    """Return *sets*, those that stand for another one replaced by it."""
    for one in sets:
        if one.id_ref is None:
            yield one
        elif (other := work.cib.find(ResourceSet, one.id_ref)) is not None:
            yield other
