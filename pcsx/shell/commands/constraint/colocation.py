"""`constraint colocation`: what runs where something else runs, or never there."""

from __future__ import annotations

from collections.abc import Sequence

from pcsx.cib.edit import constraints, operations, sets
from pcsx.shell import args
from pcsx.shell.commands.constraint.order import set_words
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = Level(
        "colocation", "Say which resources run together, and which apart.", default="config"
    )
    made.verb("config", "show", options=("full", "output-format"))(config)
    made.verb("add", usage="[ROLE] RESOURCE with [ROLE] RESOURCE [SCORE] [OPTION=VALUE]...")(add)
    made.verb("set", usage="ID... [OPTION=VALUE]... [set ID...]... [setoptions NAME=VALUE...]")(
        set_
    )
    made.verb("delete", "remove", usage="RESOURCE RESOURCE")(delete)
    level.add_command(made)


def config(run: Run, words: list[str]) -> None:
    """Show colocation constraints.

    \b
    Example:
        pcsx constraint colocation config --full
    """
    from pcsx.shell.output.constraints import show_kind

    show_kind(run, "rsc_colocation")


def add(run: Run, words: list[str]) -> None:
    """Place a resource by where another one is: with it, or with a negative score apart from it.

    \b
    Example:
        pcsx constraint colocation add web with vip 200
    """
    role, first, rest = _one(run, words, stop="with")
    if not rest or rest[0] != "with":
        raise args.misused(run.usage)
    other_role, other, rest = _one(run, rest[1:], stop="")
    score = ""
    if rest and "=" not in rest[0]:
        score = constraints.require_score(rest.pop(0))
    options = args.pairs(rest)
    id = options.pop("id", "")
    if role or other_role:
        options["rsc-role"] = role or "Started"
        options["with-rsc-role"] = other_role or "Started"
    run.change(
        lambda base: constraints.colocate(
            base, first, other, options, score=score, id=id, force=run.force
        )
    )


def _one(run: Run, words: Sequence[str], *, stop: str) -> tuple[str, str, list[str]]:
    """Return the role, the resource, and the words after them."""
    rest = list(words)
    if not rest:
        raise args.misused(run.usage)
    known = [role.lower() for role in operations.ROLES]
    two = len(rest) > 1 and rest[1] != stop and "=" not in rest[1]
    if two and rest[0].lower() in known:
        role = rest.pop(0)
        today = operations.today_role(role)
        if role.lower() in operations.OLD_ROLES:
            run.warn(
                f"Role value '{role}' is deprecated and should not be used, use '{today}' instead",
                code="deprecated",
            )
        return today, rest.pop(0), rest
    if two and stop:
        raise wrong_words(
            f"invalid role value '{rest[0]}', allowed values are: {args.listed(operations.ROLES)}"
        )
    if two and not constraints.SCORE.fullmatch(rest[1]):
        raise wrong_words(
            f"invalid role value '{rest[0]}', allowed values are: {args.listed(operations.ROLES)}"
        )
    return "", rest.pop(0), rest


def set_(run: Run, words: list[str]) -> None:
    """Keep sets of resources together.

    \b
    Example:
        pcsx constraint colocation set a b sequential=false set c setoptions score=INFINITY
    """
    new, options = set_words(run, words)
    run.change(lambda base: sets.create(base, "rsc_colocation", new, options, force=run.force))


def delete(run: Run, words: list[str]) -> None:
    """Delete the colocation constraints between two resources.

    \b
    Example:
        pcsx constraint colocation delete web vip
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    run.change(lambda base: constraints.delete_colocations(base, words[0], words[1]))
