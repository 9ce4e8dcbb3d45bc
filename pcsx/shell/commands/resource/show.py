"""`resource config` and `resource status`."""

from __future__ import annotations

from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("config", "show", usage="[ID]...", options=("output-format", "full"))(config)
    level.verb("relations", usage="ID", options=("full",))(relations)
    level.verb("status", usage="[ID] [node=NODE]", options=("hide-inactive", "full"))(status)


def config(run: Run, words: list[str]) -> None:
    """Show how resources are configured, as text, as commands or as JSON.

    \b
    Example:
        pcsx resource config web --output-format=cmd
    """
    from pcsx.shell.output.resources import show_resources

    show_resources(run, words, stonith=False)


def status(run: Run, words: list[str]) -> None:
    """Show what runs where.

    \b
    Example:
        pcsx resource status web
    """
    from pcsx.shell.output.running import show_running

    show_running(run, words, stonith=False)


def relations(run: Run, words: list[str]) -> None:
    """Show what a resource has to do with others: what holds it, its members, its constraints.

    With --full the ids of constraints, and the relations of those others too.

    \b
    Example:
        pcsx resource relations vip
    """
    from dataclasses import asdict

    from pcsx.cib.relations import relations as relations_of

    if len(words) != 1:
        raise args.misused(run.usage)
    full = run.flag("full")
    seen: dict[str, list[dict[str, object]]] = {}

    def tell(id: str, depth: int) -> None:
        found = relations_of(run.cib(), id)
        if found is None:
            return
        seen[id] = [asdict(relation) for relation in found]
        for relation in found:
            tail = f" [{relation.id}]" if full else ""
            run.say(f"{'  ' * depth}- {relation.text}{tail}")
            for other in relation.others if full else ():
                if other not in seen:
                    run.say(f"{'  ' * (depth + 1)}{other}")
                    tell(other, depth + 2)

    if relations_of(run.cib(), words[0]) is None:
        raise Failed(f"Resource '{words[0]}' does not exist")
    run.say(words[0])
    tell(words[0], 1)
    run.give(seen)
