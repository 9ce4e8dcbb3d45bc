"""`resource move`, `move-with-constraint`, `ban`, `clear`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pcsx.cib.document import Cib
from pcsx.cib.edit import moves, read
from pcsx.errors import Failed, PcsxError
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words
from pcsx.values import parse_duration_ms


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    options = ("promoted", "master")
    level.verb(
        "move", usage="ID [NODE]", options=(*options, "strict", "autodelete", "keep-constraint")
    )(move)
    level.verb("move-with-constraint", usage="ID [NODE] [lifetime=DURATION]", options=options)(
        move_with_constraint
    )
    level.verb("ban", usage="ID [NODE] [lifetime=DURATION]", options=options)(ban)
    level.verb(
        "clear", "unmigrate", "unmove", "unban", usage="ID [NODE]", options=(*options, "expired")
    )(clear)


def move(run: Run, words: list[str]) -> None:
    """Move a resource to another node, and leave nothing behind that would hold it there.

    A constraint moves the resource; once it runs elsewhere, or the time is over, the constraint is
    removed again, unless --keep-constraint is given. A move that would not reach the node, or not
    last, is refused before anything is done, unless --force is given.

    \b
    Example:
        pcsx resource move web node2
    """
    if run.flag("keep-constraint"):
        move_with_constraint(run, words)
        return
    run.live_only("it waits for the resource to move; use move-with-constraint")
    id, node, _ = _taken(run, words, lifetime=False)
    wait_s = run.wait_s if run.wait_s is not None else 3600.0
    there = _moving(run, id, node, "")
    if node and not run.force and read.require_resource(run.cib(), id) in ("primitive", "group"):
        from pcsx.shell.foreseen import check_move

        check_move(
            run.cib(), id, node,
            there=there, back=lambda base: moves.clear(base, id)[0], wall=datetime.now(UTC),
        )  # fmt: skip
    run.change_without_wait(there)
    failure: PcsxError | None = None
    try:
        run.settle(wait_s)
    except PcsxError as error:
        failure = error
    run.reread()
    run.change_without_wait(lambda base: moves.clear(base, id)[0])
    if failure is None:
        run.settle(wait_s)
    where = run.where(id)
    if failure is not None:
        raise failure
    if node and node not in where:
        raise Failed(
            f"'{id}' did not move to {node}; it runs on: {', '.join(where) or 'no node'}",
            f"pcsx why {id}",
        )
    run.say(f"'{id}' runs on {', '.join(where) or 'no node'}.")


def move_with_constraint(run: Run, words: list[str]) -> None:
    """Move a resource by a constraint that stays until `pcsx resource clear`, or its lifetime.

    \b
    Example:
        pcsx resource move-with-constraint web node2 lifetime=PT2H
    """
    id, node, until = _taken(run, words, lifetime=True)
    run.change(_moving(run, id, node, until))
    run.warn(
        f"A move constraint has been created and the resource '{id}' may or may not move "
        "depending on other configuration",
        code="move-constraint",
        hint=f"pcsx resource clear {id}",
    )


def ban(run: Run, words: list[str]) -> None:
    """Keep a resource off a node: the one named, or the one where it runs now.

    \b
    Example:
        pcsx resource ban web node1
    """
    id, node, until = _taken(run, words, lifetime=True)
    node = node or _only_place(run, id)
    role = _role(run)
    run.change(lambda base: moves.ban(base, id, node, role=role, until=until))
    verb = "being promoted" if role == "Promoted" else "running"
    run.warn(
        f"Creating location constraint 'cli-ban-{id}-on-{node}' with a score of -INFINITY for "
        f"resource {id} on {node}.\n"
        f"\tThis will prevent {id} from {verb} on {node} until the constraint is removed\n"
        f"\tThis will be the case even if {node} is the last node in the cluster",
        code="ban-constraint",
    )


def clear(run: Run, words: list[str]) -> None:
    """Remove the constraints that move and ban made.

    With --promoted only those for the promoted role, with --expired only those whose lifetime is
    over.

    \b
    Example:
        pcsx resource clear web --expired
    """
    if not 1 <= len(words) <= 2:
        raise wrong_words("must specify resource id to clear", hint=f"Usage: {run.usage}")
    id, node = words[0], words[1] if len(words) > 1 else ""
    read.require_resource(run.cib(), id)
    gone: list[str] = []

    def change(base: Cib) -> Cib:
        role = _role(run) if run.flag("promoted") or run.flag("master") else ""
        now = datetime.now(UTC) if run.flag("expired") else None
        cleared, ids = moves.clear(base, id, node, role=role, expired_at=now)
        gone[:] = ids
        return cleared

    run.change(change)
    for name in gone:
        run.note(f"Removing constraint: {name}", code="removed", subject=name)


def _role(run: Run) -> str:
    return "Promoted" if run.flag("promoted") or run.flag("master") else "Started"


def _moving(run: Run, id: str, node: str, until: str) -> Callable[[Cib], Cib]:
    role = _role(run)
    if moves.is_spread(run.cib(), id):
        raise Failed("cannot move cloned resources", f"pcsx resource ban {id} {node or 'NODE'}")
    if node:
        return lambda base: moves.prefer(base, id, node, role=role, until=until)
    here = _only_place(run, id)
    return lambda base: moves.ban(base, id, here, role=role, until=until)


def _only_place(run: Run, id: str) -> str:
    where = run.where(id) if run.is_live else []
    if not where:
        raise Failed("You must specify a node when moving/banning a stopped resource")
    if len(where) > 1:
        raise Failed(
            f"Resource '{id}' runs on several nodes, please specify one: {', '.join(where)}"
        )
    return where[0]


def _taken(run: Run, words: list[str], *, lifetime: bool) -> tuple[str, str, str]:
    """Return resource, node and end of the lifetime."""
    names, options = args.leading_and_pairs(words)
    if not names:
        raise wrong_words("must specify a resource to move/ban", hint=f"Usage: {run.usage}")
    if len(names) > 2 or set(options) - ({"lifetime"} if lifetime else set()):
        raise args.misused(run.usage)
    id = names[0]
    kind = read.require_resource(run.cib(), id)
    node = names[1] if len(names) > 1 else ""
    if run.is_live and node and node not in read.node_names(run.cib()):
        raise Failed(f"Node '{node}' does not exist in the cluster")
    if (run.flag("promoted") or run.flag("master")) and kind not in ("clone", "master", "bundle"):
        raise Failed(f"when specifying --promoted you must use the promotable clone id, not '{id}'")
    return id, node, _until(options.get("lifetime", ""))


def _until(lifetime: str) -> str:
    if not lifetime:
        return ""
    milliseconds = parse_duration_ms(lifetime if lifetime.startswith("P") else f"P{lifetime}")
    if milliseconds is None:
        raise Failed(f"Invalid lifetime '{lifetime}', use an ISO 8601 duration such as PT1H")
    end = datetime.now(UTC) + timedelta(milliseconds=milliseconds)
    return end.strftime("%Y-%m-%d %H:%M:%SZ")
