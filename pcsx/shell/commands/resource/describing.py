"""`resource description`, and what it shares with fence devices and all other elements."""

from __future__ import annotations

from typing import Final

from pcsx.agents.invoke import SECRETS_DIR as SECRETS
from pcsx.cib.edit import descriptions
from pcsx.shell import args, elsewhere
from pcsx.shell.run import Run
from pcsx.shell.words import Level

SECRET: Final = (
    "a secret is a file on each node, which no daemon carries to the others",
    f"On each node: install -D -m 600 FILE {SECRETS}/ID/NAME, then once: pcsx resource update ID "
    "NAME=lrm://",
)


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("description", usage="ID [TEXT]")(description)
    elsewhere.register(level, {"secret": SECRET})


def description(run: Run, words: list[str]) -> None:
    """Show or set what an element is said to be for; an empty text takes that away.

    \b
    Example:
        pcsx resource description web "The shop, until the new one is ready"
    """
    if not 1 <= len(words) <= 2:
        raise args.misused(run.usage)
    if len(words) == 2:
        run.change(lambda base: descriptions.describe(base, *words))
        return
    text = descriptions.description_of(run.cib(), words[0])
    run.give({"id": words[0], "description": text})
    run.say(text)
