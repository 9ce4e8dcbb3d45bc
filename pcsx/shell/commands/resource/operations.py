"""`resource op`: operations added and removed, and their defaults."""

from __future__ import annotations

from pcsx.cib.edit import operations
from pcsx.shell import args
from pcsx.shell.commands.resource import defaults
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    op = Level("op", "Add and delete operations of resources; set defaults for all.")
    op.verb("add", usage="ID OPERATION [OPTION=VALUE]...")(add)
    op.verb("delete", "remove", usage="ID OPERATION [OPTION=VALUE]... | OPERATION-ID")(delete)
    defaults.register_for(op, operations_too=True)
    level.add_command(op)


def add(run: Run, words: list[str]) -> None:
    """Add an operation to a resource.

    \b
    Example: a deeper check every minute, beside the one that is there
        pcsx resource op add fs monitor interval=60s timeout=30s OCF_CHECK_LEVEL=20
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    operation = {"name": words[1], **args.pairs(words[2:])}
    run.change(lambda base: operations.add(base, words[0], operation, force=run.force))


def delete(run: Run, words: list[str]) -> None:
    """Delete an operation, by its id or by all of its options.

    \b
    Example:
        pcsx resource op delete fs monitor interval=60s timeout=30s
    """
    if not words:
        raise args.misused(run.usage)
    if len(words) == 1:
        run.change(lambda base: operations.delete_by_id(base, words[0]))
        return
    operation = {"name": words[1], **args.pairs(words[2:])}
    run.change(lambda base: operations.delete(base, words[0], operation))
