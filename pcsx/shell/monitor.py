"""The live screen in the terminal: looks twice a second in a thread of its own, and draws changes.

What is drawn is `screen`'s; here are keys, the thread and the commands that keys call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import click
from prompt_toolkit import Application
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.styles import Style

from pcsx.errors import PcsxError
from pcsx.shell.guard import run_words
from pcsx.shell.screen import Target, View, events_between, rows, targets

PERIOD_S: Final = 0.5
EVENTS: Final = 500
STYLE: Final = Style.from_dict(
    {
        "title": "bold",
        "good": "ansigreen",
        "warning": "ansiyellow",
        "critical": "ansired bold",
        "chosen": "reverse",
        "keys": "ansibrightblack",
    }
)
Look = Callable[[], dict[str, Any]]
"""Returns the state now, as `pcsx-status/1`; raises `PcsxError` where it cannot be seen."""


class Monitor:
    """The screen and what it shows."""

    def __init__(self, root: click.Group, options: list[str], look: Look, **terminal: Any) -> None:
        """Show what *look* sees; commands of keys are words of *root* with *options* before."""
        self.root = root
        self.options = options
        self.look = look
        self.view = View()
        self.value: dict[str, Any] | None = None
        self.error = ""
        self.events: list[str] = []
        self.typing: str | None = None
        self.question: tuple[str, list[str]] | None = None
        self._done = threading.Event()
        self._looking = threading.Lock()
        self.app: Application[None] = Application(
            layout=Layout(Window(FormattedTextControl(self._text, focusable=True))),
            key_bindings=self._keys(),
            full_screen=True,
            style=STYLE,
            **terminal,
        )

    def run(self) -> None:
        """Show the screen until `q`."""
        self._see()
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            self.app.run()
        finally:
            self._done.set()
            thread.join(PERIOD_S * 4)

    # --- looking

    def _watch(self) -> None:
        while not self._done.wait(PERIOD_S):
            if self._see():
                self.app.invalidate()

    def _see(self) -> bool:
        """Look once; return whether there is anything new."""
        with self._looking:
            return self._look()

    def _look(self) -> bool:
        before = (self.value, self.error)
        try:
            value = self.look()
        except PcsxError as error:
            self.error = str(error)
            return before[1] != self.error
        self.error = ""
        now = datetime.now().astimezone()
        told = [f"{now:%H:%M:%S} {line}" for line in events_between(self.value, value)]
        self.events = [*self.events, *told][-EVENTS:]
        self.value = value
        old = {**before[0], "at": ""} if before[0] is not None else None
        return old != {**value, "at": ""} or bool(before[1])

    # --- drawing

    def _text(self) -> StyleAndTextTuples:
        size = self.app.output.get_size()
        if self.value is None:
            return [
                ("class:critical", f"{self.error or 'Nothing is known yet.'}\n"),
                ("", "q quits"),
            ]
        lines = rows(
            self.value, self.events, self.view, height=size.rows, width=max(size.columns - 1, 1)
        )
        if self.error:
            lines[0] = (
                "critical",
                f"{self.error}: this is what was seen before"[: size.columns - 1],
            )
        if self.typing is not None:
            lines[-1] = ("title", f"/{self.typing}")
        if self.question is not None:
            lines[-1] = ("title", f"{self.question[0]} [y/n]")
        parts: StyleAndTextTuples = []
        for number, (style, line) in enumerate(lines):
            end = "\n" if number + 1 < len(lines) else ""
            parts.append((f"class:{style}" if style else "", line + end))
        return parts

    # --- keys

    def _target(self) -> Target | None:
        found = targets(self.value, self.view) if self.value is not None else []
        return found[self.view.chosen] if self.view.chosen < len(found) else None

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _stop(event: KeyPressEvent) -> None:
            event.app.exit()

        @keys.add("up")
        @keys.add("down")
        def _move(event: KeyPressEvent) -> None:
            by = -1 if event.key_sequence[0].key == "up" else 1
            count = len(targets(self.value, self.view)) if self.value is not None else 0
            self.view = self.view.moved(by, count)

        @keys.add("enter")
        @keys.add("escape", eager=True)
        @keys.add("backspace")
        @keys.add(Keys.Any)
        def _any(event: KeyPressEvent) -> None:
            self.press(event.key_sequence[0].key, event.data)

        return keys

    def press(self, key: str, text: str) -> None:
        """Do what *key* means now: a letter of the filter, an answer, or a command."""
        if self.question is not None:
            question, self.question = self.question, None
            if text == "y":
                self._call(question[1])
        elif self.typing is not None:
            self._type(key, text)
        elif text == "q":
            self.app.exit()
        elif text in ("n", "r", "e"):
            pane = {"n": "nodes", "r": "resources", "e": "events"}[text]
            self.view = self.view.toggled(pane)
        elif text == "f":
            self.view = replace(self.view, failures_only=not self.view.failures_only, chosen=0)
        elif text == "/":
            self.typing = self.view.filter
        elif text in ("w", "s"):
            self._command(text)

    def _type(self, key: str, text: str) -> None:
        assert self.typing is not None
        if key in (Keys.Enter, Keys.ControlM, Keys.Escape):
            self.typing = None
            return
        if key in (Keys.Backspace, Keys.ControlH):
            self.typing = self.typing[:-1]
        elif text.isprintable():
            self.typing += text
        self.view = replace(self.view, filter=self.typing, chosen=0)

    def _command(self, key: str) -> None:
        target = self._target()
        if target is None or self.value is None:
            return
        if key == "w" and target.kind == "resource":
            self._call(["why", target.name])
        elif key == "s" and target.kind == "node":
            node = next(one for one in self.value["nodes"] if one["name"] == target.name)
            verb = "unstandby" if node["standby"] else "standby"
            what = "Let it run resources again" if node["standby"] else "Move everything off it"
            self.question = (f"{what}: {target.name}?", ["node", verb, target.name])

    def _call(self, words: list[str]) -> None:
        def done() -> None:
            run_words(self.root, [*self.options, *words])
            click.pause("Any key goes back.")
            self._see()  # what the next key offers is by what this one did

        run_in_terminal(done)
