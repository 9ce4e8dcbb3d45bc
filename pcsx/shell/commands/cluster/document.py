"""`cluster cib`, `cib-push`, `cib-upgrade`, `edit`, `verify`: the whole document at once."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from pcsx.cib import check, patch, upgrade, whole
from pcsx.cib.document import MAX_BYTES, SECTIONS, Cib
from pcsx.cib.schema import check_shape
from pcsx.errors import Failed, Severity
from pcsx.shell import args
from pcsx.shell.filesource import FileSource
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

SCOPES = ("configuration", *SECTIONS)


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("cib", usage="[FILE] [scope=SECTION]", options=("config",))(cib)
    level.verb(
        "cib-push",
        usage="FILE [scope=SECTION | diff-against=FILE]",
        options=("config",),
    )(cib_push)
    level.verb("cib-upgrade")(cib_upgrade)
    level.verb("edit", usage="[scope=SECTION]", options=("config",))(edit)
    level.verb("verify", usage="[FILE]", options=("full",))(verify)


def _scope(run: Run, options: dict[str, str]) -> str:
    if set(options) - {"scope", "diff-against"}:
        raise args.misused(run.usage)
    scope = options.get("scope", "")
    if run.flag("config"):
        if scope:
            raise args.misused(run.usage)
        return "configuration"
    if scope and scope not in SCOPES:
        raise wrong_words(f"invalid CIB scope '{scope}'", hint=f"Scopes: {', '.join(SCOPES)}")
    return scope


def cib(run: Run, words: list[str]) -> None:
    """Print the document as XML, or save it in a file to be worked on with -f.

    \b
    Example:
        pcsx cluster cib work.xml
    """
    names, options = args.leading_and_pairs(words)
    if len(names) > 1:
        raise args.misused(run.usage)
    scope = _scope(run, options)
    text = whole.section_bytes(run.cib(), scope) if scope else run.cib().to_bytes()
    if not names:
        run.say(text.decode().rstrip("\n"))
        return
    try:
        Path(names[0]).write_bytes(text)
    except OSError as error:
        raise Failed(f"Unable to write to file '{names[0]}', {error.strerror}") from error


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failed(f"cannot read {path}: {error.strerror}") from error


def _change(run: Run, edit: Callable[[Cib], Cib]) -> None:
    """Change the document, a file as well, only as the leader of a cluster would take it."""

    def judged(base: Cib) -> Cib:
        new = edit(base)
        known = {*check_shape(base), *check.check(base)}
        found = (f for f in (*check_shape(new), *check.check(new)) if f not in known)
        run.judge(f for f in found if f.severity is Severity.ERROR)
        return new

    run.change(judged)


def cib_push(run: Run, words: list[str]) -> None:
    """Make the document of a file the cluster's, or one section of it, or its difference.

    With diff-against=ORIGINAL only what differs between the two files is changed, so what others
    changed meanwhile stays. Without, the file must not be older than the cluster. With
    scope=SECTION the file is a document with that section, or the section alone as `cluster cib
    scope=SECTION` gives it.

    \b
    Example:
        pcsx cluster cib-push work.xml diff-against=original.xml
    """
    names, options = args.leading_and_pairs(words)
    if len(names) != 1:
        raise args.misused(run.usage)
    scope = _scope(run, options)
    original = options.get("diff-against", "")
    if scope and original:
        raise wrong_words("cannot use both scope and diff-against")
    text = _read(names[0])
    if original:
        change = patch.diff(Cib.from_bytes(_read(original)), Cib.from_bytes(text))
        if not change:
            run.note("The new CIB is the same as the original CIB, nothing to push.")
            run.changed = False
            return
        _change(run, lambda base: patch.rebase(base, change))
    elif scope:
        _change(run, lambda base: whole.from_section(base, text, scope))
    else:
        new, base = Cib.from_bytes(text), run.cib()
        if new.version < base.version and not run.force:
            raise Failed(
                f"Unable to push cib: the file is at {new.version}, the cluster at {base.version}",
                "Use diff-against=ORIGINAL or --config.",
            )
        _change(run, lambda base: whole.with_configuration(base, new))
    run.note("CIB updated")


def cib_upgrade(run: Run, words: list[str]) -> None:
    """Lift the document to the newest schema that is known here.

    \b
    Example:
        pcsx cluster cib-upgrade
    """
    if words:
        raise args.misused(run.usage)
    run.change(upgrade.upgraded)
    run.note("Cluster CIB has been upgraded to latest version")


def edit(run: Run, words: list[str]) -> None:
    """Open the document in the editor, and commit what was changed there.

    \b
    Example:
        pcsx cluster edit --config
    """
    names, options = args.leading_and_pairs(words)
    if names:
        raise args.misused(run.usage)
    scope = _scope(run, options)
    editor = os.environ.get("EDITOR") or os.environ.get("VISUAL")
    if not editor:
        raise Failed("$EDITOR environment variable is not set")
    base = run.cib()
    with tempfile.TemporaryDirectory(prefix="pcsx-") as directory:
        path = Path(directory, "cib.xml")
        before = whole.section_bytes(base, scope) if scope else base.to_bytes()
        path.write_bytes(before)
        status = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        if status:
            raise Failed(f"the editor ended with status {status}; nothing is changed")
        after = path.read_bytes()
    if after == before:
        run.note("CIB not updated, no changes detected")
        run.changed = False
        return
    new = whole.from_section(base, after, scope)
    _change(run, lambda current: patch.merge(base, new, current))


def verify(run: Run, words: list[str]) -> None:
    """Check the document: its shape, references, loops, values, scores, fencing; all at once.

    With --full also what the agents installed here say: unknown parameters, values that must be
    unique, timeouts below their advice.

    \b
    Example:
        pcsx cluster verify --full
    """
    if len(words) > 1:
        raise args.misused(run.usage)
    document = FileSource(words[0]).cib() if words else run.cib()
    found = [*check_shape(document), *check.check(document)]
    if run.flag("full"):
        from pcsx.shell.advice import check_agents
        from pcsx.shell.agents import Agents

        found += check_agents(document, Agents(run))
    run.give([finding.to_json() for finding in found])
    run.judge(found)
