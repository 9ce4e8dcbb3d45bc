"""`resource relocate`: resources brought to where they would run if they were not held anywhere.

Stickiness is left out of one plan; what that moves is moved, by constraints that are gone again
once it is done.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pcsx.cib.document import Cib
from pcsx.cib.edit import moves, read
from pcsx.errors import Failed, PcsxError
from pcsx.shell.run import Run
from pcsx.shell.words import Level

PREFIX = "pcs-relocate-"


def register(level: Level) -> None:
    """Add the level of this file to *level*."""
    relocate = Level("relocate", "Bring resources to the nodes that they would choose now.")
    relocate.verb("show")(show)
    relocate.verb("dry-run", usage="[ID]...")(dry_run)
    relocate.verb("run", usage="[ID]...")(relocate_now)
    relocate.verb("clear")(clear)
    level.add_command(relocate)


def wanted(cib: Cib, ids: list[str]) -> dict[str, tuple[str, str]]:
    """Return what would move, from where to where, if nothing were held by its stickiness."""
    from pcsx.shell.foreseen import settled
    from pcsx.shell.output.running import nodes_of

    for id in ids:
        read.require_resource(cib, id)
    tops = [
        str(one.get("id"))
        for one in cib.tree.iterfind("configuration/resources/*")
        if one.tag in ("primitive", "group")
    ]
    after = settled(moves.without_stickiness(cib), datetime.now(UTC))
    found = {}
    for id in tops:
        here, there = nodes_of(cib, id), nodes_of(after, id)
        if (not ids or id in ids) and len(here) == len(there) == 1 and here != there:
            found[id] = (here[0], there[0])
    return found


def _tell(run: Run, found: dict[str, tuple[str, str]]) -> None:
    run.give([{"resource": id, "from": a, "to": b} for id, (a, b) in found.items()])
    for id, (here, there) in found.items():
        run.say(f"{id}: {here} -> {there}")
    if not found:
        run.say("Everything runs where it would choose to run now.")


def show(run: Run, words: list[str]) -> None:
    """Show what would move, and where to, if nothing were held where it runs.

    \b
    Example:
        pcsx resource relocate show
    """
    _tell(run, wanted(run.cib(), []))


def dry_run(run: Run, words: list[str]) -> None:
    """Show what relocate run would move, and move nothing.

    \b
    Example:
        pcsx resource relocate dry-run web
    """
    _tell(run, wanted(run.cib(), words))


def relocate_now(run: Run, words: list[str]) -> None:
    """Move resources (all, or those named) to the nodes that they would choose now.

    \b
    Example:
        pcsx resource relocate run
    """
    found = wanted(run.cib(), words)
    _tell(run, found)
    if run.flag("dry-run") or not found:
        run.changed = bool(found)
        return
    run.live_only("it waits for the resources to move; use relocate dry-run")

    def put(base: Cib) -> Cib:
        for id, (_, there) in found.items():
            base = moves.relocate(base, PREFIX, id, there)
        return base

    run.change_without_wait(put)
    failure: PcsxError | None = None
    try:
        run.settle()
    except PcsxError as error:
        failure = error
    run.reread()
    run.change_without_wait(lambda base: moves.clear_relocated(base, PREFIX)[0])
    if failure is not None:
        raise failure
    run.settle()
    left = [id for id, (_, there) in found.items() if run.where(id) != [there]]
    if left:
        raise Failed(f"did not move: {', '.join(left)}", f"pcsx why {left[0]}")


def clear(run: Run, words: list[str]) -> None:
    """Remove the constraints of a relocate run that was interrupted.

    \b
    Example:
        pcsx resource relocate clear
    """
    gone: list[str] = []

    def change(base: Cib) -> Cib:
        cleared, ids = moves.clear_relocated(base, PREFIX)
        gone[:] = ids
        return cleared

    run.change(change)
    for id in gone:
        run.note(f"Removing constraint: {id}", code="removed", subject=id)
