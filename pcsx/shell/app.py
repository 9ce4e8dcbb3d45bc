"""The prompt: one line (or a pasted file) at a time, completed, marked and explained while typed.

Here the shell meets the terminal and nothing is decided: `complete` says what to show,
`interpreter` does what is entered, `standing` knows whom the prompt speaks for.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from pcsx.errors import PcsxError
from pcsx.shell import state
from pcsx.shell.complete import Advice, Adviser
from pcsx.shell.facts import Facts
from pcsx.shell.guard import guarded
from pcsx.shell.interpreter import Interpreter, tell
from pcsx.shell.marks import Mark, Marker
from pcsx.shell.questions import ask_commit, ask_leave, show_plan
from pcsx.shell.run import Run
from pcsx.shell.standing import Standing, standing_of
from pcsx.shell.tree import Path, Tree
from pcsx.shell.typed import is_unfinished
from pcsx.shell.words import split_leading

_SECRET: Final = re.compile(r"pass(w|word|wd)?\w*=|secret|token", re.IGNORECASE)
_ENDS: Final = 3
"""So many ends of input in a row mean that the terminal is gone."""

STYLE: Final = Style.from_dict(
    {
        "prompt": "bold ansigreen",
        "prompt.maintenance": "bold ansiyellow",
        "prompt.critical": "bold ansired",
        "level": "bold",
        "command": "bold ansicyan",
        "error": "ansired underline",
        "warning": "ansiyellow underline",
        "comment": "ansibrightblack",
        "bottom-toolbar": "noreverse bg:ansiblack ansiwhite",
        "bottom-toolbar.current": "bold underline",
        "bottom-toolbar.missing": "ansiyellow",
        "bottom-toolbar.error": "ansired",
        "bottom-toolbar.warning": "ansiyellow",
        "completion-menu.completion": "bg:ansibrightblack ansiwhite",
        "completion-menu.completion.current": "bg:ansicyan ansiblack",
        "completion-menu.meta.completion": "bg:ansiblack ansiwhite",
        "completion-menu.meta.completion.current": "bg:ansicyan ansiblack",
        "auto-suggestion": "ansibrightblack",
    }
)


class App:
    """The shell in a terminal."""

    def __init__(self, tree: Tree, options: Sequence[str], **terminal: Any) -> None:
        """Work on what *options* name; *terminal* gives another input and output to the prompt."""
        self.options = list(options)
        self.interpreter = Interpreter(tree, options, leave=self._leave)
        self.interpreter.confirm = lambda: ask_commit(self.interpreter.level)
        self.facts = Facts()
        self.adviser = Adviser(tree, self.facts)
        self.marker = Marker(tree, self.facts)
        self.standing = Standing()
        self._pending = 0
        self._marked: tuple[tuple[Path, str, int], list[Mark]] = (((), "", 0), [])
        self._learn_agents()
        self.refresh()
        self.prompt: PromptSession[str] = PromptSession(
            message=self._message,
            multiline=True,
            prompt_continuation=self._continuation,
            completer=ThreadedCompleter(ShellCompleter(self)),
            complete_while_typing=True,
            auto_suggest=AutoSuggestFromHistory(),
            lexer=ShellLexer(self),
            history=self._history(),
            bottom_toolbar=self._toolbar,
            key_bindings=bindings(self),
            style=STYLE,
            color_depth=ColorDepth.DEPTH_1_BIT if _plain(self.options) else None,
            reserve_space_for_menu=7,
            **terminal,
        )

    # --- the loop

    def loop(self) -> int:
        """Take lines until the end; return the exit status of the program."""
        print(self.standing.greeting)
        ends = 0
        while not self.interpreter.ended:
            self.refresh()
            try:
                text = self.prompt.prompt()
                ends = 0
            except KeyboardInterrupt:
                continue
            except EOFError:
                ends += 1
                text = "quit"
                if ends >= _ENDS:
                    self.interpreter.drop()
            if text.strip():
                self._do(text)
        return 0

    def _do(self, text: str) -> None:
        guarded(Run(self.options), lambda _: self.interpreter.do(text))

    def refresh(self) -> None:
        """Look at the cluster or the file again, and learn what is in it."""
        run = self._run()
        self.standing, document = standing_of(run)
        self._pending = self.interpreter.pending()
        self._marked = (((), "", 0), [])
        if self.interpreter.is_open:
            self.facts.take(self.interpreter.level.session.workspace.root, self.standing.nodes)
        elif document is not None:
            from pcsx.cib.plain import unseal

            self.facts.take(unseal(document), self.standing.nodes)

    def _run(self) -> Run:
        run = Run(self.options)
        run.take(split_leading(self.options)[0])
        return run

    def _learn_agents(self) -> None:
        from pcsx.shell.agents import Agents

        self.facts.agents = Agents(self._run())

    def _history(self) -> History:
        """Return the lines of this user on this cluster; lines with secrets are not among them."""
        name = re.sub(r"[^\w.-]", "_", self.standing.name or "none")
        path = state.directory("history") / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError:
            return InMemoryHistory()
        return CarefulHistory(str(path))

    def _leave(self) -> bool:
        return ask_leave(self.interpreter)

    # --- what is shown

    def marks(self, text: str) -> list[Mark]:
        """Return the marks of *text*; drawing asks for them more than once."""
        key = (self.interpreter.path, text, self.facts.agents_known)
        if self._marked[0] != key:
            self._marked = (key, self.marker.marks(self.interpreter.path, text))
        return self._marked[1]

    def mark_anew(self) -> None:
        """Have the same text drawn with other marks: more is known of its agents now.

        The prompt keeps what a lexer said of a text as long as the lexer is the same.
        """
        self.prompt.lexer = ShellLexer(self)

    def _message(self) -> StyleAndTextTuples:
        style = f"class:prompt.{self.standing.mood}" if self.standing.mood else "class:prompt"
        parts: StyleAndTextTuples = [(style, self.standing.prompt)]
        level = " ".join(self.interpreter.path)
        pending = self._pending
        if level or pending:
            count = f"(+{pending})" if pending else ""
            parts.append(("class:level", f" {level or 'configure'}{count}"))
        return [*parts, ("", "> ")]

    def _continuation(self, width: int, line: int, wrapped: int) -> StyleAndTextTuples:
        return [("class:comment", "." * max(width - 1, 0) + " ")]

    def _toolbar(self) -> StyleAndTextTuples:
        app = get_app()
        text = app.current_buffer.document.text_before_cursor
        columns = app.output.get_size().columns
        path = self.interpreter.path
        advice = self.adviser.advise(path, text)
        marks = self.marks(app.current_buffer.text)
        return toolbar(advice, marks, columns)


def toolbar(advice: Advice, marks: Iterable[Mark], columns: int) -> StyleAndTextTuples:
    """Return two lines: how it is written, with the current argument; and what to know of it."""
    parts = list(advice.synopsis)
    current = next((n for n, (_, now) in enumerate(parts) if now), len(parts))
    while len(parts) > 1 and sum(len(text) for text, _ in parts[: current + 2]) > columns - 4:
        parts.pop(1)
        current -= 1
    line: StyleAndTextTuples = []
    left = columns - 1
    for text, now in parts:
        if left <= 0:
            break
        line.append(("class:bottom-toolbar.current" if now else "", text[:left]))
        left -= len(text)
    wrong = [mark for mark in marks if mark.why]
    if wrong:
        style = f"class:bottom-toolbar.{wrong[-1].badness.value}"
        line.append((style, f"\n{wrong[-1].why}"[:columns]))
    elif advice.missing:
        needed = f"\nstill needed: {', '.join(advice.missing)}"
        line.append(("class:bottom-toolbar.missing", needed[:columns]))
    else:
        line.append(("", f"\n{advice.help}"[:columns]))
    return line


class CarefulHistory(FileHistory):
    """A history that keeps no line with a secret."""

    def store_string(self, string: str) -> None:
        """Keep the line for later sessions, unless it may hold a secret."""
        if not _SECRET.search(string):
            with suppress(OSError):
                super().store_string(string)


class ShellCompleter(Completer):
    """Offers in the menu, their meaning in the column beside them."""

    def __init__(self, app: App) -> None:
        """Ask the adviser of *app*."""
        self._app = app

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what may stand where the cursor is."""
        text = document.text_before_cursor
        known = self._app.facts.agents_known
        advice = self._app.adviser.advise(self._app.interpreter.path, text, ask=True)
        if self._app.facts.agents_known != known:
            self._app.mark_anew()
        for offer in advice.offers:
            yield Completion(
                offer.text + (" " if offer.ends else ""),
                advice.start - len(text),
                display=offer.text,
                display_meta=offer.meaning,
            )


class ShellLexer(Lexer):
    """Marks of commands, errors and warnings."""

    def __init__(self, app: App) -> None:
        """Ask the adviser of *app*."""
        self._app = app

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the styled parts of each line."""
        text = document.text
        marks = self._app.marks(text)
        starts = [0]
        for line in document.lines:
            starts.append(starts[-1] + len(line) + 1)

        def line_of(number: int) -> StyleAndTextTuples:
            if number >= len(document.lines):
                return []
            line, start = document.lines[number], starts[number]
            return styled(line, start, marks)

        return line_of


def styled(line: str, start: int, marks: Sequence[Mark]) -> StyleAndTextTuples:
    """Return *line*, which begins at *start* of the text, in parts as the marks have it."""
    if line.lstrip().startswith("#"):
        return [("class:comment", line)]
    parts: StyleAndTextTuples = []
    at = 0
    for mark in marks:
        begin, end = max(mark.start - start, at), min(mark.end - start, len(line))
        if begin >= end:
            continue
        parts += [("", line[at:begin]), (f"class:{mark.badness.value}", line[begin:end])]
        at = end
    return [*parts, ("", line[at:])]


def bindings(app: App) -> KeyBindings:
    """Return the keys that the shell adds to the prompt's own."""
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion:
            buffer.complete_state = None
        elif is_unfinished(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("?")
    def _question(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        before = buffer.document.text_before_cursor
        if before.strip() and not before.endswith(" "):
            buffer.insert_text("?")
        else:
            _shown(lambda: app.interpreter.do(f"{before} ?"))

    def words(event: KeyPressEvent) -> str:
        return event.current_buffer.document.text_before_cursor.strip()

    @keys.add("f1")
    def _help(event: KeyPressEvent) -> None:
        before = words(event)
        _shown(lambda: app.interpreter.do(f"{before} ?"))

    @keys.add("f2")
    def _agent(event: KeyPressEvent) -> None:
        named = next((word for word in words(event).split() if ":" in word), "")
        if named:
            noun = "stonith" if named.startswith("stonith:") else "resource"
            _shown(lambda: app.interpreter.run_program([noun, "describe", named]))

    @keys.add("f3")
    def _diff(event: KeyPressEvent) -> None:
        _shown(lambda: app.interpreter.level.diff([]))

    @keys.add("f4")
    def _plan(event: KeyPressEvent) -> None:
        _shown(lambda: show_plan(app.interpreter.level))

    @keys.add("f5")
    def _status(event: KeyPressEvent) -> None:
        _shown(lambda: app.interpreter.run_program(["status"]))

    @keys.add("f8")
    def _edit(event: KeyPressEvent) -> None:
        event.current_buffer.open_in_editor()

    return keys


def _shown(work: Callable[[], object]) -> None:
    """Do *work*, which prints, above the prompt."""

    def done() -> None:
        try:
            work()
        except PcsxError as error:
            tell(error)

    run_in_terminal(done)


def _plain(options: Sequence[str]) -> bool:
    """Return whether colours are not wanted."""
    return (
        "--no-color" in options or bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()
    ) and not os.environ.get("CLICOLOR_FORCE")
