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


def resolved_sets(work: WorkingSet, sets: Iterable[ResourceSet]) -> Iterator[ResourceSet]:
    """Return *sets*, those that stand for another one replaced by it."""
    for one in sets:
        if one.id_ref is None:
            yield one
        elif (other := work.cib.find(ResourceSet, one.id_ref)) is not None:
            yield other
