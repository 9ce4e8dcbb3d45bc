"""`pcsx recipe`: what is often wanted, built from a few values as one change."""

from __future__ import annotations

from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.recipes import RECIPES, recipe_named
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "recipe",
    """Build what is often wanted, from a few values: a web server with its address, a database.

    \b
    Example: see first, then do
        pcsx recipe show web
        pcsx recipe run web id=shop ip=192.0.2.80 --plan
    """,
    default="list",
)


@command.verb("list", usage="")
def list_recipes(run: Run, words: list[str]) -> None:
    """List the recipes.

    \b
    Example:
        pcsx recipe list
    """
    if words:
        raise args.misused(run.usage)
    run.give({name: recipe.summary for name, recipe in RECIPES.items()})
    width = max(map(len, RECIPES))
    for name, recipe in RECIPES.items():
        run.say(f"{name:<{width}}  {recipe.summary}.")


@command.verb("show", usage="NAME [VALUE=...]...")
def show(run: Run, words: list[str]) -> None:
    """Show which values a recipe takes, and what it makes of those that are given.

    \b
    Example:
        pcsx recipe show web
    """
    if not words:
        raise args.misused(run.usage)
    recipe = recipe_named(words[0])
    if words[1:]:
        text = recipe.made(args.pairs(words[1:]))
        run.give({"name": recipe.name, "text": text})
        run.say(text.rstrip("\n"))
        return
    run.give(
        {
            "name": recipe.name,
            "summary": recipe.summary,
            "values": [
                {"name": one.name, "text": one.text, "default": one.default}
                for one in recipe.values
            ],
            "text": recipe.text,
        }
    )
    run.say(f"{recipe.summary}.")
    for one in recipe.values:
        default = "" if one.default is None else f" ({one.default or 'may be left out'})"
        run.say(f"  {one.name:<12} {one.text}{default}")
    run.say(recipe.text.rstrip("\n"))


@command.verb("run", usage="NAME VALUE=...", options=("plan",))
def run_recipe(run: Run, words: list[str]) -> None:
    """Build what a recipe describes, as one change; with --plan it is only shown.

    \b
    Example:
        pcsx recipe run web id=shop ip=192.0.2.80
    """
    from pcsx.shell.session import Session

    if not words:
        raise args.misused(run.usage)
    if run.flag("plan"):
        run.take({"dry-run": True})
    recipe = recipe_named(words[0])
    text = recipe.made(args.pairs(words[1:]))
    session = Session(run)
    there = [name for name in _names(text) if session.workspace.find(name)]
    if there:
        raise Failed(
            f"already there: {', '.join(there)}", "Give another id, or delete what is there first."
        )
    session.load("update", text)
    session.commit()
    run.changed = bool(run.changed)


def _names(text: str) -> list[str]:
    """Return what the page defines."""
    heads = (line.split() for line in text.splitlines() if line[:1].isalpha())
    return [words[1] for words in heads if len(words) > 1]
