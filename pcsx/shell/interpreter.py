"""Lines of the shell, done: levels walked, commands run, definitions put into one working copy.

The prompt and scripts share this. A command is run as the program itself would run it; only
`configure` is held open, so that many lines become one transaction. Said from another level,
`configure …` is a transaction of its own, unless changes wait already: then it joins them.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pcsx.errors import Finding, PcsxError, Refused
from pcsx.shell.guard import run_words
from pcsx.shell.run import Run, error_lines
from pcsx.shell.syntax.lexer import Line, lines
from pcsx.shell.syntax.reading import READERS, read_definition
from pcsx.shell.tree import WORDS, Found, Path, Tree

if TYPE_CHECKING:
    from pcsx.shell.commands.configure import Level
    from pcsx.shell.syntax.definition import Definition

UP: Final = ("up", "back", "end", "..")
QUIT: Final = ("quit", "exit", "bye")
CONFIGURE: Final[Path] = ("configure",)
_SAID_BY_COMMIT: Final = ("-y", "--yes", "force", "--force")

Leave = Callable[[], bool]
"""Asks what shall become of uncommitted changes; returns whether they may be left."""


class Interpreter:
    """The state between lines: the level, and the working copy if one is open."""

    def __init__(self, tree: Tree, options: Sequence[str], *, leave: Leave | None = None) -> None:
        """Begin at the root; *options* (as `-f FILE`) hold for every command.

        Without *leave*, as in a script, leaving `configure` commits.
        """
        self.tree = tree
        self.options = list(options)
        self.path: Path = ()
        self.ended = False
        self.confirm: Callable[[], bool] | None = None
        """Shows what a commit would do and asks; a script does not."""
        self._leave = leave
        self._level: Level | None = None

    # --- the working copy

    @property
    def level(self) -> Level:
        """Return the open `configure` level, opened now if it is not."""
        if self._level is None:
            from pcsx.shell.commands.configure import Level
            from pcsx.shell.words import split_leading

            run = Run([*self.options, "configure"])
            run.take(split_leading(self.options)[0])
            self._level = Level(run)
        return self._level

    @property
    def is_open(self) -> bool:
        """Return whether there is a working copy."""
        return self._level is not None

    def pending(self) -> int:
        """Return how many definitions are not as they are committed."""
        if self._level is None:
            return 0
        return self._level.session.count_changes()

    def drop(self) -> None:
        """Forget the working copy."""
        self._level = None

    def commit(self) -> None:
        """Commit the working copy; raises what stands against it."""
        if self._level is not None:
            self._level.session.commit()

    # --- lines

    def do(self, text: str) -> int:
        """Do all lines of *text* in turn, up to the first that fails; return its exit status."""
        try:
            parsed = list(lines(text))
        except Refused as error:
            return tell(error)
        while parsed and not self.ended:
            batch = self._definitions(parsed)
            if batch:
                del parsed[: len(batch)]
                status = self._guarded(lambda batch=batch: self.define(batch))  # type: ignore[misc]
            else:
                line = parsed.pop(0)
                status = self._guarded(lambda line=line: self.do_line(line))  # type: ignore[misc]
            if status:
                return status
        return 0

    def _definitions(self, parsed: Sequence[Line]) -> list[Line]:
        """Return the definitions that *parsed* begins with: they are put in together.

        A pasted file is taken on every level, since no other level has lines like that.
        """
        batch: list[Line] = []
        for line in parsed:
            if line.words[0].lower() not in READERS or line.words[-1] == "?":
                break
            batch.append(line)
        first_words = [line.words[0] for line in batch]
        return batch if self.tree.pasted_level(self.path, first_words) == CONFIGURE else []

    def _guarded(self, work: Callable[[], int | None]) -> int:
        try:
            return work() or 0
        except PcsxError as error:
            return tell(error)

    def define(self, batch: Sequence[Line]) -> int:
        """Put the definitions of *batch* into the working copy, all of them or none."""
        session = self.level.session
        definitions: list[Definition] = []
        findings: list[Finding] = []
        for line in batch:
            try:
                definitions.append(read_definition(line, session.find_agent))
            except Refused as error:
                findings += error.findings
        if findings:
            raise Refused(findings)
        session.define(definitions, replace=False)
        self.path = CONFIGURE
        return 0

    def do_line(self, line: Line) -> int | None:
        """Do one line."""
        word, rest = line.words[0], list(line.words[1:])
        if word == "?" or line.words[-1] == "?":
            return self.help([w for w in line.words if w != "?"])
        if word == "help":
            return self.help(rest)
        if word in UP and not rest:
            return self.up()
        if word in QUIT and not rest:
            return self.quit()
        if word == "ls" and not rest:
            return self.list_words()
        if word == "cd":
            return self.change_level(rest)
        return self.run(line)

    def run(self, line: Line) -> int | None:
        """Run the command that *line* names, or go to the level."""
        words = list(line.words)
        if words[0].startswith("-"):
            return self.run_program(words)
        if words == ["/"]:
            return self.go(())
        found = self.tree.find(self.path, words)
        if found.path == self.path and not found.used:
            found = self._elsewhere(found, words)
        if found.path[:1] == CONFIGURE and found.path != CONFIGURE:
            return self.run_configure(line, found)
        if found.is_level and not found.rest:
            return self.go(found.path)
        return self.run_program([*self._spelt(found), *found.rest])

    def _spelt(self, found: Found) -> list[str]:
        """Return the words of the path as they can be typed; a default verb is not among them."""
        return list(found.path)

    def _elsewhere(self, found: Found, words: Sequence[str]) -> Found:
        """Return the command of the root, where *words* name none here; else refuse."""
        if self.path:
            root = self.tree.find((), words)
            if root.used:
                return root
        shown = [name for name, _ in self.tree.words(self.tree.level(self.path))]
        import difflib

        near = difflib.get_close_matches(words[0], shown, 3)
        if words[0].lower() in READERS:
            hint = f"Definitions are said on their level: configure {words[0]} ..."
        elif near:
            hint = f"Did you mean: {', '.join(near)}?"
        else:
            hint = "ls lists the words of this level, help tells more."
        where = f" on the level {' '.join(self.path)}" if self.path else ""
        text = f"there is no '{words[0]}'{where}"
        raise Refused([Finding.error("unknown-command", words[0], text, hint=hint)])

    def run_program(self, words: Sequence[str]) -> int:
        """Run one command as the program does, on its own."""
        status = run_words(self.tree.root, [*self.options, *words])
        if self._level is not None and not self.pending():
            self._level = None  # the command may have changed the document
        return status

    def run_configure(self, line: Line, found: Found) -> int | None:
        """Do a line of the level `configure`, from there or from elsewhere."""
        outside = self.path != CONFIGURE
        waiting = self.pending()
        word, rest = found.path[-1], list(found.rest)
        if word == "quit":
            return self.up()
        if word == "commit":
            return self.do_commit(rest)
        level, session = self.level, self.level.session
        level.run.argv = [*self.options, "configure", word, *rest]
        words = (word, *rest)
        text = line.raw.partition("xml ")[2] if word == "xml" else ""
        if word == "xml":
            words = ("xml", text.strip())
        said = Line(words, 1, " ".join(words), line.comments)
        if not level.do_command(word, rest):
            session.define([read_definition(said, session.find_agent)], replace=False)
        if outside and not waiting and self.pending():
            try:
                self.commit()
            except PcsxError:
                self.drop()
                raise
        elif outside and self.pending() > waiting:
            level.run.note("It joins the changes that wait to be committed.")
        return 0

    def do_commit(self, words: Sequence[str]) -> int:
        """Commit, after showing what it would do where somebody is there to see it."""
        run = self.level.run
        run.argv = [*self.options, "configure", "commit"]
        if not self.level.session.changed:
            run.note("There is nothing to commit.")
            return 0
        if words and words[0] not in _SAID_BY_COMMIT:
            raise Refused([Finding.error("usage", "commit", "usage: commit [-y | force]")])
        if "force" in words or "--force" in words:
            run.given["force"] = True
        try:
            if self.confirm is None or words or self.confirm():
                self.commit()
        finally:
            if "-f" not in self.options:
                run.given.pop("force", None)
        return 0

    # --- levels

    def go(self, path: Path) -> int:
        """Go to the level *path*, asking about changes where the working copy is left."""
        if self.path == CONFIGURE and path != CONFIGURE and not self._may_leave():
            return 0
        self.path = path
        return 0

    def up(self) -> int:
        """Go one level up."""
        if not self.path and self._leave is None:
            return self.quit()
        return self.go(self.path[:-1])

    def quit(self) -> int:
        """End, asking about changes first."""
        if self._may_leave():
            self.ended = True
        return 0

    def _may_leave(self) -> bool:
        if not self.pending():
            self._level = None
            return True
        if self._leave is None:
            self.commit()
            return True
        return self._leave()

    def change_level(self, words: Sequence[str]) -> int:
        """Go to the level that *words* name: `cd ..`, `cd /resource`, `cd resource/group`."""
        path = self.path
        parts = [part for word in words for part in word.split("/") if part]
        if not words or words[0].startswith("/"):
            path = ()
        for part in parts:
            if part == "..":
                path = path[:-1]
                continue
            step = self.tree.step(self.tree.level(path), part)
            if step is None or not hasattr(step[1], "list_commands"):
                raise Refused([Finding.error("unknown-level", part, f"there is no level '{part}'")])
            path = (*path, step[0])
        return self.go(path)

    # --- help

    def list_words(self) -> int:
        """Print the words of this level."""
        names = [name for name, _ in self.tree.words(self.tree.level(self.path))]
        print("  ".join(names))
        return 0

    def help(self, words: Sequence[str]) -> int:
        """Print what *words* are for, or the words of this level."""
        if words and words[0] in WORDS:
            print(WORDS[words[0]])
            return 0
        found = self.tree.find(self.path, words)
        if words and not found.used:
            found = self._elsewhere(found, words)
        if found.is_level:
            shown = self.tree.words(self.tree.level(found.path))
            shown += [] if found.path != self.path else list(WORDS.items())
            width = max((len(name) for name, _ in shown), default=0)
            print(" ".join((found.command.help or "").split("\n\n")[0].split()))
            columns = shutil.get_terminal_size().columns - 1
            for name, text in shown:
                lead = f"  {name:{width}}  "
                tail = " " * len(lead)
                print(textwrap.fill(text, columns, initial_indent=lead, subsequent_indent=tail))
            return 0
        return self.run_program([*self._spelt(found), "--help"])


def tell(error: PcsxError) -> int:
    """Print *error* for a person, and return its exit status."""
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        for line in error_lines(error):
            print(line, file=sys.stderr)
        sys.stderr.flush()
    return error.exit_status


def run_script(tree: Tree, options: Sequence[str], text: str) -> int:
    """Do the lines of *text*; stop at the first that fails, and return its exit status.

    What is not committed at the end is committed, as crm does.
    """
    interpreter = Interpreter(tree, options)
    status = interpreter.do(text)
    if status == 0 and not interpreter.ended:
        status = interpreter._guarded(interpreter.quit)
    return status
