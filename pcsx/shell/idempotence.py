"""`--idempotent`: what is there already counts as made, what is gone already as deleted.

A command that refuses because something exists is played again, on paper, on the document without
it. What comes out is what the command asks for; it is compared with what is there. So every command
that makes something with an id is idempotent in the same way, and none has a second version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pcsx.cib.edit.tree import by_id
from pcsx.cib.likeness import added, is_like, replaced, unwrapped, without
from pcsx.errors import Different, Finding, PcsxError, Refused, Severity
from pcsx.shell import outlook
from pcsx.shell.papersource import PaperSource
from pcsx.shell.run import Run

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.protocol import Request
    from pcsx.shell.run import Source

CLONED: Final = "already-cloned"
EXISTS: Final = frozenset(("id-exists", "constraint-duplicate", CLONED))
SAME: Final = frozenset(
    ("in-group", "level-exists", "recipient-exists", "role-assigned", "already-a-clone")
)
GONE_VERBS: Final = frozenset(
    ("delete", "remove", "clear", "unassign", "unclone", "ungroup", "del", "rm")
)
MANY: Final = frozenset(
    (
        "alert delete", "alert remove", "constraint delete", "constraint remove",
        "resource delete", "resource remove", "stonith delete", "stonith remove", "tag delete",
        "tag remove",
    )
)  # fmt: skip
"""Commands that take any number of ids, each of which is deleted by itself."""


class OnPaper(PaperSource):
    """A document on paper; questions go to the real source."""

    def __init__(self, real: Source, cib: Cib) -> None:
        """Begin with *cib*."""
        super().__init__(cib)
        self.live = real.live
        self._real = real

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Ask the real source."""
        return self._real.call(request, timeout_s)


def settled(run: Run, error: PcsxError, again: Callable[[Run], None]) -> PcsxError | None:
    """Return what is left of *error*: None where what *run* asks for is so, or was made so.

    *again* runs a twin of the invocation in silence.
    """
    if not isinstance(error, Refused):
        return error
    errors = [finding for finding in error.findings if finding.severity is Severity.ERROR]
    codes = {finding.code for finding in errors}
    if not codes:
        return error
    if _is_deleting(run) and all(_is_gone(code) for code in codes):
        return _delete_others(run, errors, again)
    if codes <= SAME:
        _leave(run, errors)
        return None
    if there := [finding for finding in errors if finding.code in EXISTS]:
        return _compare(run, there, again)  # other faults may come of what is there
    return error


def _is_deleting(run: Run) -> bool:
    return bool(GONE_VERBS & set(run.words[:4]))


def _is_gone(code: str) -> bool:
    return code.startswith(("no-such-", "not-in-", "not-a-clone", "not-a-group"))


def _leave(run: Run, findings: list[Finding]) -> None:
    run.changed = bool(run.changed)
    for finding in findings:
        run.note(f"Nothing to do: {finding.text}", code=finding.code, subject=finding.subject)


def _delete_others(
    run: Run, errors: list[Finding], again: Callable[[Run], None]
) -> PcsxError | None:
    """Delete what is there of several things, some of which are gone."""
    missing = {finding.subject for finding in errors}
    left = [word for word in run.words[2:] if word not in missing and not word.startswith("-")]
    if left and " ".join(run.words[:2]) in MANY:
        twin, paper = _twin(run, run.cib())
        twin.argv = [word for word in run.argv if word not in missing]
        again(twin)
        run.change(lambda _: paper.cib())
    _leave(run, errors)
    return None


def _twin(run: Run, cib: Cib) -> tuple[Run, OnPaper]:
    """Return the invocation once more, on *cib* and on paper."""
    paper = OnPaper(run.source, cib)
    twin = Run(run.argv, source=paper)
    return twin, paper


def _compare(run: Run, errors: list[Finding], again: Callable[[Run], None]) -> PcsxError | None:
    """Return None where all that exists is as it would be made, or is made so by `--update`."""
    ids = [finding.subject for finding in errors]
    present = run.cib()
    ground = without(present, [f.subject for f in errors if f.code != CLONED])
    ground = unwrapped(ground, [f.subject for f in errors if f.code == CLONED])
    twin, paper = _twin(run, ground)
    again(twin)
    wished = paper.cib()
    new = added(ground, wished)
    for id in ids:
        name = id if by_id(wished.tree, id) is not None else new[0] if len(new) == 1 else ""
        if not name or by_id(present.tree, id) is None:
            return Refused(errors)
        if is_like(present, wished, id, name):
            continue
        changed = replaced(present, wished, id, name)
        if not run.flag("update"):
            lines = outlook.difference(present, changed).lines
            return Different(id, "\n".join(f"  {line}" for line in lines))
        run.change(lambda _, changed=changed: changed)  # type: ignore[misc]
        present = run.cib()
    if not run.changed:
        _leave(run, errors)
    return None
