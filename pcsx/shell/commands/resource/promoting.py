"""`resource promote` and `demote`: crm's words for the role that instances shall have."""

from __future__ import annotations

from pcsx.cib.attributes import is_promotable, outermost
from pcsx.cib.document import Cib
from pcsx.cib.edit import read, resources
from pcsx.errors import Finding, Refused
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("promote", usage="ID")(promote)
    level.verb("demote", usage="ID")(demote)


def promote(run: Run, words: list[str]) -> None:
    """Let the cluster promote instances of a promotable clone again, after demote.

    \b
    Example:
        pcsx resource promote db-clone
    """
    _aim(run, words, "Promoted")


def demote(run: Run, words: list[str]) -> None:
    """Have no instance of a promotable clone promoted, until promote.

    \b
    Example:
        pcsx resource demote db-clone --wait
    """
    _aim(run, words, "Unpromoted")


def _aim(run: Run, words: list[str], role: str) -> None:
    if len(words) != 1:
        raise args.misused(run.usage)
    cib = run.cib()
    read.require_resource(cib, words[0])
    id = outermost(cib, words[0])
    if not _promotable(cib, words[0], id):
        text = f"'{words[0]}' cannot be promoted: it is in no promotable clone"
        raise Refused([Finding.error("not-promotable", words[0], text)])
    run.change(lambda base: resources.set_meta(base, id, {"target-role": role}))


def _promotable(cib: Cib, name: str, id: str) -> bool:
    if name != id:
        return is_promotable(cib, name)
    return any(
        is_promotable(cib, str(child.get("id")))
        for clone in cib.tree.iter("clone", "master")
        if clone.get("id") == id
        for child in clone.iter("primitive", "group")
    )
