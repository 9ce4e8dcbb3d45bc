"""What runs where, as the engine reads it from the status section; never worked out anew here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pcsx.cib.document import Cib
from pcsx.cib.edit import read
from pcsx.errors import Failed
from pcsx.pe.model import Resource, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.report import is_active
from pcsx.pe.state import resource_lines, resource_object
from pcsx.shell import args

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def lacks_fencing(cib: Cib) -> bool:
    """Return whether nothing is started because no device could fence."""
    work = read_now(cib)
    return work.options.fencing_enabled and not work.fencing_available


def read_now(cib: Cib) -> WorkingSet:
    """Return the engine's reading of *cib* at this moment."""
    return working_set(cib, datetime.now(UTC))


def _named(work: WorkingSet, id: str) -> list[Resource]:
    """Return what *id* names: a resource, or all instances of one inside a clone."""
    found = work.by_id.get(id)
    if found is not None:
        return [found]
    return list(work.by_base_id.get(id, ()))


def nodes_of(cib: Cib, id: str) -> list[str]:
    """Return the nodes on which the resource *id*, or anything in it, runs."""
    work = read_now(cib)
    names = {
        node.name
        for resource in _named(work, id)
        for primitive in resource.primitives()
        for node in primitive.active
    }
    return sorted(names)


def failed_on(cib: Cib, id: str) -> list[str]:
    """Return the nodes on which the resource *id*, or anything in it, is left as it failed."""
    names = {
        node.name
        for resource in _named(read_now(cib), id)
        for primitive in resource.primitives()
        if primitive.failed
        for node in primitive.active
    }
    return sorted(names)


def running_on(cib: Cib, name: str) -> list[str]:
    """Return the ids of what runs on the node *name*; fence devices are no load."""
    found = {
        primitive.base_id
        for resource in read_now(cib).resources
        for primitive in resource.primitives()
        if primitive.agent[0] != "stonith"
        for node in primitive.active
        if node.name == name
    }
    return sorted(found)


def show_running(run: Run, words: Sequence[str], *, stonith: bool) -> None:
    """Show what runs where, of all or of the resource or tag that *words* name."""
    from pcsx.cib.edit import levels
    from pcsx.shell.output.levels import level_lines
    from pcsx.shell.output.pairs import indented

    names, options = args.leading_and_pairs(words)
    if len(names) > 1 or set(options) - {"node"}:
        raise args.misused(run.usage)
    work = read_now(run.cib())
    chosen = _chosen(run, work, names[0] if names else "", stonith=stonith)
    node = options.get("node", "")
    chosen = [
        one
        for one in chosen
        if not node or any(p.name == node for r in one.primitives() for p in r.active)
    ]
    if run.flag("hide-inactive"):
        chosen = [one for one in chosen if is_active(one, partly=True)]
    run.give([resource_object(one) for one in chosen])
    lines = resource_lines(work, chosen)
    if not lines:
        what = "stonith devices" if stonith else "resources"
        known = bool(chosen) or any(_is_stonith(one) == stonith for one in work.resources)
        lines = [f"NO active {what}" if known else f"NO {what} configured"]
    if stonith and not words:
        found = level_lines(levels.levels(run.cib()))
        if found:
            lines += ["", "Fencing Levels:", *indented(found, 1)]
    run.say("\n".join(lines))


def _is_stonith(resource: Resource) -> bool:
    return all(primitive.agent[0] == "stonith" for primitive in resource.primitives())


def _chosen(run: Run, work: WorkingSet, name: str, *, stonith: bool) -> list[Resource]:
    if not name:
        return [one for one in work.resources if _is_stonith(one) == stonith]
    wanted = read.tag_members(run.cib(), name) or [name]
    found = [top for id in wanted for one in _named(work, id) for top in [_outermost(one)]]
    if not found:
        raise Failed(f"resource or tag id '{name}' not found")
    return list(dict.fromkeys(found))


def _outermost(one: Resource) -> Resource:
    while one.parent is not None:
        one = one.parent
    return one
