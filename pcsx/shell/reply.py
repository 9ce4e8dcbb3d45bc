"""Answers for the shells outside: what may stand where the cursor is, one a line, fast.

The scripts of `completion` know the tree; what is in the configuration they ask here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import click

from pcsx.errors import PcsxError
from pcsx.shell.complete import Adviser
from pcsx.shell.facts import Facts
from pcsx.shell.places import Offer
from pcsx.shell.run import Run
from pcsx.shell.syntax.lexer import quote
from pcsx.shell.tree import Tree
from pcsx.shell.words import split_leading


def replies(root: click.Group, words: Sequence[str]) -> list[Offer]:
    """Return what may stand in place of the last of *words*, by the words before it.

    A file or a cluster that cannot be read has nothing to offer; completion says no errors.
    """
    try:
        given, rest = split_leading(words[:-1])
    except PcsxError:
        return []
    run = Run([])
    run.take(given)
    facts = Facts()
    with suppress(PcsxError):
        _learn(facts, run)
    text = " ".join([*map(_quoted, rest), words[-1] if words else ""])
    return list(Adviser(Tree(root), facts).advise((), text, ask=True).offers)


def _learn(facts: Facts, run: Run) -> None:
    from pcsx.cib.plain import unseal
    from pcsx.shell.agents import Agents

    facts.agents = Agents(run)
    facts.take(unseal(run.cib()))


def _quoted(word: str) -> str:
    return word if "=" in word else quote(word)
