"""`pcsx apply`: make the configuration what a file says, and show the plan first."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from pcsx.cib.plain import COMMENTS, Element
from pcsx.errors import Failed
from pcsx.shell import args, formats
from pcsx.shell.asking import yes
from pcsx.shell.changes import changes_command
from pcsx.shell.session import Session, read_file
from pcsx.shell.syntax.workspace import name_of

if TYPE_CHECKING:
    from pcsx.shell.run import Run
    from pcsx.shell.syntax.workspace import Workspace

MARK: Final = "# made by pcsx apply"
"""The comment at what an earlier apply made: that, and nothing else, may be pruned."""

_OWNABLE: Final = ("resources", "constraints", "tags", "alerts", "acls")


def apply(run: Run, words: list[str]) -> None:
    """Apply the file that *words* name."""
    if len(words) != 1:
        raise args.misused(run.usage)
    if run.flag("plan"):
        run.take({"dry-run": True, "exit-code": True})
    text = read_file(words[0])
    session = Session(run)
    before = _names(session.workspace)
    owned = _owned(session.workspace)
    named = _names_in(run, text)
    formats.load(session, text, way="update", format=formats.format_of(text, run.option("format")))
    if run.flag("prune"):
        gone = [name for name in owned if name not in named and session.workspace.find(name)]
        if gone:
            for told in session.workspace.delete(gone):
                run.note(told, code="also-changed")
    _own(session.workspace, {name for name in named if name not in before or name in owned})
    if not run.flag("dry-run") and session.changed and not _agreed(run, session):
        raise Failed("nothing was changed", "Use --yes to go on without a question.")
    session.commit()
    run.changed = bool(run.changed)


def _names_in(run: Run, text: str) -> set[str]:
    """Return the names of all that the file defines."""
    form = formats.format_of(text, run.option("format"))
    session = formats.on_paper(run)
    if form == "crm":
        from pcsx.shell.syntax.reading import read

        return {definition.name for definition in read(text, session.find_agent)}
    formats.load(session, text, way="push", format=form)
    return set(session.workspace.names())


def _ownable(workspace: Workspace) -> Iterator[Element]:
    """Yield all that can belong to a file: elements with an id of their own."""
    for section in workspace.root.children:
        if section.tag in _OWNABLE:
            for top in section.children:
                inner = top.walk() if section.tag == "resources" else iter((top,))
                yield from (e for e in inner if e is top or e.tag in ("primitive", "group"))


def _names(workspace: Workspace) -> set[str]:
    return {name_of(element) for element in _ownable(workspace)}


def _owned(workspace: Workspace) -> list[str]:
    return [name_of(element) for element in _ownable(workspace) if MARK in _comments(element)]


def _own(workspace: Workspace, names: Collection[str]) -> None:
    """Note at each of the elements *names* that a file made it."""
    for element in _ownable(workspace):
        comments = _comments(element)
        if name_of(element) in names and MARK not in comments:
            element.attributes[COMMENTS] = "\n".join([*comments, MARK])


def _comments(element: Element) -> list[str]:
    return [line for line in element.get(COMMENTS).split("\n") if line]


def _agreed(run: Run, session: Session) -> bool:
    """Show the difference and ask, where a person sits there; scripts have agreed already."""
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not (run.flag("yes") or run.as_json)
    if not asks:
        return True
    from pcsx.shell import outlook

    lines = outlook.difference(session.base, session.document()).lines
    return yes("\n".join(lines) + "\nApply this? [y/N] ")


command = changes_command(
    "apply",
    """Make the configuration what a file says: crm's language, XML or JSON (- is standard input).

    What the file defines is made or changed; everything else stays. With --prune, what an earlier
    apply made and the file has no more is deleted: a comment at each element keeps which those
    are. With --plan nothing is changed: the difference and what the cluster would do are
    shown, and the status is 2 where there is anything to do.

    \b
    Example:
        pcsx apply web.crm --plan
        pcsx apply web.crm --prune --yes
    """,
    usage="FILE",
    body=apply,
    options=("plan", "prune", "yes", "format"),
)
