"""`constraint order`: what acts before what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pcsx.cib.edit import constraints, sets
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

ACTIONS: Final = ("start", "promote", "stop", "demote")


class _Order(Level):
    """What is no word of the level begins an order: `A then B`."""

    def takes_default(self, words: list[str]) -> bool:
        return True


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = _Order("order", "Say in which order resources act.", default="of")
    made.verb("config", "show", options=("full", "output-format"))(config)
    made.verb("set", usage="ID... [OPTION=VALUE]... [set ID...]... [setoptions NAME=VALUE...]")(
        set_
    )
    made.verb("delete", "remove", usage="RESOURCE...")(delete)
    made.verb(
        "of",
        usage="[ACTION] RESOURCE then [ACTION] RESOURCE [OPTION=VALUE]...",
        options=("full", "output-format"),
    )(of)
    level.add_command(made)


def config(run: Run, words: list[str]) -> None:
    """Show order constraints.

    \b
    Example:
        pcsx constraint order config --full
    """
    from pcsx.shell.output.constraints import show_kind

    show_kind(run, "rsc_order")


def of(run: Run, words: list[str]) -> None:
    """Let one resource act before another.

    \b
    Example:
        pcsx constraint order promote db-clone then start web kind=Mandatory
    """
    if not words:
        config(run, [])
        return
    first_action, first, rest = _one(run, words)
    if not rest or rest[0] != "then":
        raise args.misused(run.usage)
    then_action, then, rest = _one(run, rest[1:])
    given = args.pairs(rest)
    id = given.pop("id", "")
    options = {
        key: value for key, value in given.items() if key not in ("first-action", "then-action")
    }
    options["first-action"] = given.get("first-action", first_action or "start")
    options["then-action"] = given.get("then-action", then_action or "start")
    run.change(lambda base: constraints.order(base, first, then, options, id=id, force=run.force))
    kind = given.get("kind") or ("" if "score" in given else "Mandatory")
    what = f"kind: {kind}" if kind else f"score: {given['score']}"
    chosen = {**({"id": id} if id else {}), **options}
    told = " ".join(f"{k}={v}" for k, v in chosen.items() if k not in ("kind", "score"))
    run.note(f"Adding {first} {then} ({what}) (Options: {told})", code="added")


def _one(run: Run, words: Sequence[str]) -> tuple[str, str, list[str]]:
    """Return the action, the resource, and the words after them."""
    rest = list(words)
    action = rest.pop(0) if len(rest) > 1 and rest[0] in ACTIONS and rest[1] != "then" else ""
    if not rest:
        raise args.misused(run.usage)
    return action, rest.pop(0), rest


def set_(run: Run, words: list[str]) -> None:
    """Order sets of resources.

    \b
    Example:
        pcsx constraint order set a b sequential=false set c setoptions kind=Mandatory
    """
    new, options = set_words(run, words)
    run.change(lambda base: sets.create(base, "rsc_order", new, options, force=run.force))


def set_words(run: Run, words: Sequence[str]) -> tuple[list[sets.ResourceSet], dict[str, str]]:
    """Return the sets and the options of the whole that *words* spell."""
    body, options = list(words), {}
    if "setoptions" in body:
        index = body.index("setoptions")
        options = args.pairs(body[index + 1 :])
        body = body[:index]
    groups: list[list[str]] = [[]]
    for word in body:
        if word == "set":
            groups.append([])
        else:
            groups[-1].append(word)
    new = []
    for group in groups:
        ids = [word for word in group if "=" not in word]
        if not ids:
            raise args.misused(run.usage)
        new.append(sets.ResourceSet(tuple(ids), args.pairs(word for word in group if "=" in word)))
    return new, options


def delete(run: Run, words: list[str]) -> None:
    """Remove resources from all order constraints.

    \b
    Example:
        pcsx constraint order delete web
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: constraints.delete_orders(base, words))
