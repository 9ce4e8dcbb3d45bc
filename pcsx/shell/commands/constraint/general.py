"""`constraint config`, `delete`, `ref` and `rule`."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.edit import constraints, references
from pcsx.cib.edit.tree import configuration
from pcsx.shell import args
from pcsx.shell.commands.constraint.location import rule_words
from pcsx.shell.run import Run
from pcsx.shell.words import Level

SHOW_OPTIONS = ("full", "all", "output-format")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("config", "show", "list", usage="", options=SHOW_OPTIONS)(config)
    level.verb("delete", "remove", usage="ID...")(delete)
    level.verb("ref", usage="RESOURCE...")(ref)
    rule = Level("rule", "Add rules to location constraints, and delete them.")
    rule.verb(
        "add",
        usage="CONSTRAINT [id=ID] [role=ROLE] [score=SCORE | score-attribute=NAME] EXPRESSION",
    )(add_rule)
    rule.verb("delete", "remove", usage="ID")(delete_rule)
    level.add_command(rule)


def config(run: Run, words: list[str]) -> None:
    """Show all constraints; with --full, their ids too.

    \b
    Example:
        pcsx constraint config --full
    """
    if words:
        raise args.misused(run.usage)
    from pcsx.shell.output.constraints import show_constraints

    show_constraints(run)


def delete(run: Run, words: list[str]) -> None:
    """Delete constraints, or rules of location constraints, by their ids.

    \b
    Example:
        pcsx constraint delete location-web-node1-100
    """
    if not words:
        raise args.misused(run.usage)
    run.change(lambda base: constraints.delete(base, words))


def ref(run: Run, words: list[str]) -> None:
    """List the constraints that name a resource.

    \b
    Example:
        pcsx constraint ref web
    """
    if not words:
        raise args.misused(run.usage)
    conf = configuration(run.cib().tree)
    tags = {str(tag.get("id")) for tag in conf.iterfind("tags/tag")}
    found = {}
    for id in words:
        ids = sorted(set(references.of(conf, id)) - tags)
        found[id] = ids
        run.say(f"Resource: {id}")
        run.say("\n".join(f"  {name}" for name in ids or ["No Matches."]))
    run.give(found)


def add_rule(run: Run, words: list[str]) -> None:
    """Add a rule to a location constraint.

    \b
    Example:
        pcsx constraint rule add l-web score=50 site eq A
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    options, attributes, part = rule_words(words[1:], ("id",))
    run.change(
        lambda base: constraints.add_rule(
            base, words[0], part, rule_id=options.get("id", ""), attributes=attributes,
            force=run.force,
        )
    )  # fmt: skip


def delete_rule(run: Run, words: list[str]) -> None:
    """Delete a rule, and its constraint if that was its last one.

    \b
    Example:
        pcsx constraint rule delete l-web-rule
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    told: list[str] = []

    def change(base: Cib) -> Cib:
        made, text = constraints.delete_rule(base, words[0])
        told[:] = [text]
        return made

    run.change(change)
    run.note(told[0], code="removed")
