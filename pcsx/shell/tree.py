"""The click tree as levels: where a word leads, with unique prefixes, from any level or the root.

There is no second table of commands: what the prompt, completion and the manual know is what
`cli.root` holds. A path is the words from the root to a level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click

from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass
from pcsx.shell.words import Level, Verb

WORDS: Final = {
    "help": "Show what a word is for.",
    "ls": "List the words of this level.",
    "up": "Go one level up (also: back, end, ..).",
    "cd": "Go to a level, as in a file system.",
    "quit": "Leave the shell (also: exit, bye).",
}
"""What the prompt itself knows on every level."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Where words lead: the *path* to *command*, how many words were used, and which are left."""

    path: Path
    command: click.Command
    rest: tuple[str, ...]
    used: int
    """How many of the given words make the path; a default verb is in the path without a word."""

    @property
    def is_level(self) -> bool:
        """Return whether this is a level and no command."""
        return isinstance(self.command, click.Group)

    @property
    def usage(self) -> str:
        """Return how what follows is written, as far as the command says so."""
        return str(getattr(self.command, "usage_text", ""))


class Tree:
    """The levels below *root*."""

    def __init__(self, root: click.Group) -> None:
        """Walk *root*."""
        self.root = root
        self._context = click.Context(root)

    def level(self, path: Path) -> click.Group:
        """Return the level that *path*, made of whole words, names."""
        level: click.Command = self.root
        for word in path:
            assert isinstance(level, click.Group), path
            found = level.get_command(self._context, word)
            assert found is not None, path
            level = found
        assert isinstance(level, click.Group), path
        return level

    def words(self, level: click.Group) -> list[tuple[str, str]]:
        """Return the words of *level* that are shown, each with what it does, in one sentence."""
        found = []
        told = getattr(level, "summary_of", None)
        for name in level.list_commands(self._context):
            if told is not None and told(name):
                found.append((name, told(name)))
                continue
            command = level.get_command(self._context, name)
            if command is not None and not command.hidden:
                found.append((name, summary(command)))
        return found

    def step(self, level: click.Group, word: str) -> tuple[str, click.Command] | None:
        """Return what *word* names on *level*, in full or by a unique prefix; None for nothing.

        Raises `Refused` for a prefix of several words.
        """
        known = level.list_commands(self._context)
        exact = level.get_command(self._context, word)
        if exact is not None:
            return (word if word in known or exact.name is None else exact.name), exact
        near = [name for name in known if name.startswith(word)] if word else []
        if len(near) > 1:
            near = [name for name in near if not self._is_hidden(level, name)]
        if len(near) > 1:
            text = f"'{word}' could be {', '.join(near)}"
            raise Refused([Finding.error("ambiguous-word", word, text)])
        if not near:
            return None
        command = level.get_command(self._context, near[0])
        return None if command is None else (near[0], command)

    def _is_hidden(self, level: click.Group, name: str) -> bool:
        if level is self.root:
            return False
        command = level.get_command(self._context, name)
        return command is None or command.hidden

    def find(self, path: Path, words: Sequence[str]) -> Found:
        """Return where *words*, said on the level *path*, lead; a leading `/` begins at the root.

        Raises `Refused` for a prefix of several words.
        """
        given = list(words)
        parts = 1  # how many names the first word has
        if given and given[0].startswith("/"):
            path = ()
            names = [name for name in given[0].split("/") if name]
            parts, given = len(names), names + given[1:]
        command: click.Command = self.level(path)
        count = len(given)
        while given and isinstance(command, click.Group):
            step = self.step(command, given[0])
            if step is None:
                break
            path, command = (*path, step[0]), step[1]
            given = given[1:]
        used = max(count - len(given) - parts + 1, 0)
        if isinstance(command, Level) and command.default and given:
            default = command.get_command(self._context, command.default)
            if default is not None and command.takes_default(given):
                path, command = (*path, command.default), default
        return Found(path, command, tuple(given), used)

    def pasted_level(self, path: Path, first_words: Sequence[str]) -> Path:
        """Return the level for a pasted text whose lines begin with *first_words*.

        Several definitions at once are a file of `configure`; the root has no lines like that.
        """
        if path or len(first_words) < 2:
            return path
        words = {word.lower() for word in first_words}
        if words <= set(self.level(("configure",)).list_commands(self._context)):
            return path if words <= set(self.root.list_commands(self._context)) else ("configure",)
        return path

    def walk(self, *, hidden: bool = False) -> Iterator[tuple[Path, click.Command]]:
        """Yield every level and command below the root with its path, in order."""
        yield from self._walk((), self.root, hidden)

    def _walk(
        self, path: Path, level: click.Group, hidden: bool
    ) -> Iterator[tuple[Path, click.Command]]:
        for name in level.list_commands(self._context):
            command = level.get_command(self._context, name)
            if command is None or (command.hidden and not hidden):
                continue
            yield (*path, name), command
            if isinstance(command, click.Group):
                yield from self._walk((*path, name), command, hidden)


def summary(command: click.Command) -> str:
    """Return the first sentence of the command's help, whole."""
    text = " ".join((command.help or "").split("\n\n")[0].replace("\b", "").split())
    first, dot, _ = text.partition(". ")
    return first + "." if dot else text


def options_of(command: click.Command) -> list[tuple[str, str, bool]]:
    """Return the long options that *command* itself takes: spelling, help, whether with a value."""
    if isinstance(command, click.Group) and not isinstance(command, Level):
        return []
    found = []
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            name = next((o for o in param.opts if o.startswith("--")), param.opts[0])
            found.append((name, param.help or "", not param.is_flag))
    return found


__all__ = ["WORDS", "Found", "Path", "Tree", "Verb", "options_of", "summary"]
