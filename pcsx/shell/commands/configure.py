"""`pcsx configure`: the configuration in crm's language, by lines, files and sessions.

With words it does one thing and commits; without, it reads lines from standard input and commits
at the end, or where a line says `commit`. A line that is refused leaves everything as it was.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcsx.errors import Failed, Finding, Refused, Severity
from pcsx.shell.session import Session, read_file
from pcsx.shell.syntax.lexer import Line, lines, quote
from pcsx.shell.syntax.reading import READERS
from pcsx.shell.syntax.synopsis import DEFINITIONS

if TYPE_CHECKING:
    from pcsx.shell.run import Run

_HELP: Final = """Edit the configuration in crm's language. Without words, lines are read from
    standard input, and committed together.

    \b
    Example: a virtual address and the web server that needs it
        pcsx configure primitive vip IPaddr2 params ip=10.0.0.9 op monitor interval=10s
        pcsx configure group web vip apache
    Example: the same from a file
        pcsx configure load update web.crm
    """


class Word(click.Command):
    """One word of the level: a definition of the language or a command."""

    def __init__(self, name: str, usage: str, help: str, *, hidden: bool = False) -> None:
        """Describe the word; what it does is the level's business."""
        self.usage_text = usage
        super().__init__(name, help=help, hidden=hidden, add_help_option=False)

    def usage_line(self, ctx: click.Context) -> str:
        """Return how the command is written."""
        return f"{ctx.command_path} {self.usage_text}".strip()

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the usage line after the path."""
        return [self.usage_text] if self.usage_text else []


class Configure(click.Group):
    """The noun `configure`: its words are in the tree, and done together over one session."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take all words as they are: options inside them are the language's."""
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> None:
        """Do what the words say, or what the lines on standard input say."""
        run: Run = ctx.obj
        words = ctx.args
        if (
            run.flag("help")
            or words[:1] in (["help"], ["--help"], ["-h"])
            or words[1:] == ["--help"]
        ):
            self._help(ctx, [word for word in words if word not in ("help", "--help", "-h")])
            return
        level = Level(run)
        if words:
            level.do_words(words)
        else:
            level.do_input()

    def _help(self, ctx: click.Context, words: list[str]) -> None:
        run: Run = ctx.obj
        word = self.get_command(ctx, words[0]) if words else None
        if word is None:
            run.say(self.get_help(ctx))
            return
        with word.make_context(words[0], [], parent=ctx) as sub:
            run.say(word.get_help(sub))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the word, however its dashes and letters are written."""
        name = cmd_name.lower()
        return self.commands.get(name) or self.commands.get(_COMMAND_OF.get(_plain(name), ""))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the definitions, then the commands."""
        for title, is_definition in (("Definitions", True), ("Commands", False)):
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name, word.get_short_help_str(70))
                        for name, word in self.commands.items()
                        if (name in DEFINITIONS) == is_definition and not word.hidden
                    ]
                )

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the usage line after the path."""
        return ["[WORD ...]"]


class Level:
    """The `configure` level: its commands over one session."""

    def __init__(self, run: Run) -> None:
        """Work for *run*."""
        self.run = run
        self.session = Session(run)
        self.ended = False
        self.in_batch = False

    # --- where lines come from

    def do_words(self, words: Sequence[str]) -> None:
        """Do one line and commit what it changed."""
        text = words[0] if len(words) == 1 else ""
        line = next(iter(lines(text)), None) if " " in text or "\n" in text else None
        if line is None:
            split = _split_values(words)
            line = Line(split, 1, " ".join(split))
        self.session.take(line, self.do_command)
        self.session.commit()

    def do_input(self) -> None:
        """Do the lines on standard input; then commit what they changed."""
        self.in_batch = True
        if sys.stdin.isatty():
            self.do_prompt()
            return
        for line in lines(read_file("-")):
            if self.ended:
                break
            self.session.take(line, self.do_command)
        self.session.commit()

    def do_prompt(self) -> None:
        """Ask for lines until `quit` or the end of input; errors are told at once."""
        while not self.ended:
            try:
                text = input("configure# ")
                while text.endswith("\\"):
                    text = f"{text}\n{input('> ')}"
            except EOFError:
                break
            try:
                for line in lines(text):
                    self.session.take(line, self.do_command)
                if self.session.findings:
                    findings, self.session.findings = self.session.findings, []
                    raise Refused(findings)
            except (Refused, Failed) as error:
                print(f"Error: {error}", file=sys.stderr)
        self.session.commit()

    # --- commands

    def do_command(self, word: str, words: Sequence[str]) -> bool:
        """Do the command *word*; return False where it is none."""
        name = _plain(word.lower())
        do = _COMMANDS.get(name)
        if do is None:
            if name not in READERS and not self.in_batch:
                raise Refused([self.unknown(word)])
            return False
        if name not in _ASKING:
            self.run.changed = bool(self.run.changed)
        do(self, list(words))
        return True

    def unknown(self, word: str) -> Finding:
        """Return the finding for a word that is neither a definition nor a command."""
        import difflib

        near = difflib.get_close_matches(word, [*READERS, *_COMMANDS], 1)
        hint = f"Did you mean {near[0]}?" if near else "pcsx configure --help lists all words."
        return Finding.error("syntax", word, f"there is no {word!r} here", hint=hint)

    def show(self, words: list[str]) -> None:
        """Print the configuration, or what is named: ID, type:KIND, tag:ID, related:ID, changed."""
        is_xml = bool(words) and words[0] == "xml"
        names = words[1:] if is_xml else words
        if is_xml and not names:
            self.run.say(self.session.xml().rstrip("\n"))
            return
        wanted = self.session.wanted(names) if names else None
        if is_xml:
            from pcsx.cib.plain import to_xml

            assert wanted is not None
            elements = [self.session.workspace.find(n) for n in self.session.workspace.names()]
            for element in elements:
                if element is not None and wanted(element):
                    self.run.say(to_xml(element))
            return
        masked = sys.stdout.isatty()
        text = self.session.text(wanted, masked=masked).rstrip("\n")
        if text:
            self.run.say(text)

    def load(self, words: list[str]) -> None:
        """Take in a file, or with - standard input; replace and push take it for the whole."""
        is_xml = bool(words) and words[0] == "xml"
        rest = words[1:] if is_xml else words
        if len(rest) == 1:
            rest = ["update", *rest]
        if len(rest) != 2 or rest[0] not in ("update", "replace", "push"):
            raise _usage("load")
        text = read_file(rest[1])
        is_xml = is_xml or text.lstrip().startswith("<")
        self.session.load(rest[0], text, xml=is_xml)

    def save(self, words: list[str]) -> None:
        """Write the configuration, or what is named, to a file."""
        is_xml = bool(words) and words[0] == "xml"
        rest = words[1:] if is_xml else words
        if not rest:
            raise _usage("save")
        self.session.save(rest[0], xml=is_xml, names=rest[1:])

    def edit(self, words: list[str]) -> None:
        """Open the text of what is named, or of all, in an editor."""
        names = words or self.session.workspace.names()
        with tempfile.NamedTemporaryFile("w+", suffix=".crm", encoding="utf-8") as file:
            file.write(self.session.text(self.session.wanted(names) if words else None))
            file.flush()
            editor = shlex.split(os.environ.get("EDITOR", "vi"))
            try:
                done = subprocess.run([*editor, file.name], check=False)
            except OSError as error:
                raise Failed(f"cannot run the editor: {error.strerror}", "Set EDITOR.") from error
            if done.returncode:
                raise Failed(f"the editor ended with status {done.returncode}")
            self.session.replace_text(names, Path(file.name).read_text("utf-8"))

    def filter(self, words: list[str]) -> None:
        """Let a program rewrite the text, from its standard input to its standard output."""
        if not words:
            raise _usage("filter")
        self.session.filter(words[0], words[1:])

    def set_value(self, words: list[str]) -> None:
        """Change one value of a resource, a node or an operation."""
        if len(words) == 1 and "=" in words[0]:
            words = list(words[0].split("=", 1))
        if len(words) != 2 or "." not in words[0]:
            raise _usage("set")
        self.session.workspace.set_value(words[0], words[1])

    def delete(self, words: list[str]) -> None:
        """Delete elements and what only they were for."""
        names = [word for word in words if word not in ("--force", "-f")]
        if not names:
            raise _usage("delete")
        if self.run.flag("idempotent"):
            for name in [name for name in names if self.session.workspace.find(name) is None]:
                self.run.note(f"Nothing to do: there is no {name}", code="unknown", subject=name)
                names.remove(name)
        elif self.in_batch:  # scripts delete what may be gone already
            for name in [name for name in names if self.session.workspace.find(name) is None]:
                self.run.warn(f"there is no {name} to delete", code="unknown", subject=name)
                names.remove(name)
        for text in self.session.workspace.delete(names):
            self.run.note(text, code="also-changed")

    def rename(self, words: list[str]) -> None:
        """Give an element another id."""
        if len(words) != 2:
            raise _usage("rename")
        self.session.workspace.rename(*words)

    def modgroup(self, words: list[str]) -> None:
        """Change who is in a group."""
        workspace = self.session.workspace
        match words:
            case [group, "add", member]:
                workspace.add_to_group(group, member)
            case [group, "add", member, "after", other]:
                workspace.add_to_group(group, member, after=other)
            case [group, "add", member, "before", other]:
                workspace.add_to_group(group, member, before=other)
            case [group, "remove", member]:
                workspace.remove_from_group(group, member)
            case _:
                raise _usage("modgroup")

    def erase(self, words: list[str]) -> None:
        """Delete everything."""
        if words not in ([], ["nodes"]):
            raise _usage("erase")
        self.session.workspace.erase(nodes=bool(words))

    def default_timeouts(self, words: list[str]) -> None:
        """Give operations the timeouts that agents advise."""
        if not words:
            raise _usage("default-timeouts")
        self.session.set_default_timeouts(words)

    def get_property(self, words: list[str]) -> None:
        """Print the value of cluster properties, by default where none is set."""
        from pcsx.cib.options import CLUSTER

        names = [word for word in words if word not in ("-t", "--true")]
        if not names:
            raise _usage("get-property")
        crm_config = self.session.workspace.section("crm_config")
        for name in names:
            option = CLUSTER.get(name)
            aliases = {name} | ({option.name, *option.aliases} if option else set())
            values = [e.get("value") for e in crm_config.walk() if e.get("name") in aliases]
            if not values and option is None:
                raise Refused([Finding.error("unknown", name, f"there is no property {name}")])
            self.run.say(values[0] if values else option.default if option else "")

    def verify(self, _: list[str]) -> None:
        """Tell all findings; fail where one is an error."""
        findings = self.session.verify()
        self.run.judge(findings)
        if not any(f.severity is Severity.ERROR for f in findings):
            self.run.note("The configuration is valid.", code="valid")

    def diff(self, _: list[str]) -> None:
        """Print what changed."""
        if text := self.session.difference():
            self.run.say(text)

    def graph(self, words: list[str]) -> None:
        """Draw resources, orders and colocations into a file; without one, in dot."""
        from pcsx.shell.commands.config import draw

        if words[:1] == ["dot"]:  # crm's word for the language
            words = words[1:]
        if len(words) > 1:
            raise _usage("graph")
        draw(self.run, self.session.workspace.root, words)

    def commit(self, _: list[str]) -> None:
        """Commit what changed."""
        self.session.commit()

    def refresh(self, _: list[str]) -> None:
        """Drop what changed."""
        self.session.refresh()

    def end(self, _: list[str]) -> None:
        """End the session."""
        self.ended = True

    def nothing(self, _: list[str]) -> None:
        """Do nothing, for words that scripts of crm hold."""


def _usage(word: str) -> Refused:
    text = f"usage: configure {word} {_TABLE[word][1]}"
    return Refused([Finding.error("usage", "configure", text)])


def _plain(word: str) -> str:
    return word.replace("-", "_")


def _split_values(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a one-shot line: the shell of the user has taken the quotes off."""
    if words[0].lower() == "xml":
        return ("xml", " ".join(words[1:]))
    return tuple(words)


_TABLE: Final[dict[str, tuple[Callable[[Level, list[str]], None], str, str, str]]] = {
    "show": (Level.show, "[xml] [WHAT]...", "show type:primitive", ""),
    "edit": (Level.edit, "[NAME]...", "edit web", ""),
    "load": (Level.load, "[xml] [update|replace|push] FILE", "load update web.crm", ""),
    "save": (Level.save, "[xml] FILE [NAME]...", "save backup.crm", ""),
    "set": (Level.set_value, "NAME.ATTRIBUTE VALUE", "set vip.ip 10.0.0.10", ""),
    "delete": (Level.delete, "NAME...", "delete l-web", "del remove rm"),
    "rename": (Level.rename, "NAME NEW", "rename vip web-address", ""),
    "modgroup": (
        Level.modgroup,
        "GROUP (add RESOURCE [after|before RESOURCE] | remove RESOURCE)",
        "modgroup web add log after apache",
        "",
    ),
    "filter": (Level.filter, "PROGRAM [NAME]...", 'filter "sed s/10s/20s/" vip', ""),
    "default-timeouts": (Level.default_timeouts, "RESOURCE...", "default-timeouts vip", ""),
    "get-property": (Level.get_property, "PROPERTY...", "get-property stonith-enabled", ""),
    "verify": (Level.verify, "", "verify", "validate-all"),
    "graph": (Level.graph, "[FILE.svg | FILE.dot]", "graph web.svg", ""),
    "diff": (Level.diff, "", "diff", ""),
    "commit": (Level.commit, "", "commit", ""),
    "refresh": (Level.refresh, "", "refresh", "reset"),
    "erase": (Level.erase, "[nodes]", "erase", ""),
    "quit": (Level.end, "", "quit", "exit bye end up back .."),
    "upgrade": (Level.nothing, "", "upgrade", "cd"),
}
"""Each command: what does it, its usage, an example, and other words for it."""

_COMMAND_OF: Final = {
    _plain(word): name for name, row in _TABLE.items() for word in (name, *row[3].split())
}
_COMMANDS: Final = {word: _TABLE[name][0] for word, name in _COMMAND_OF.items()}
_ASKING: Final = frozenset(
    _plain(word)
    for name in ("show", "save", "get-property", "verify", "graph", "diff")
    for word in (name, *_TABLE[name][3].split())
)
"""The commands that can change nothing."""
_SHELL_WORDS: Final = ("quit", "upgrade")
"""The level below the prompt has its own, or they say nothing to a reader."""


def _words() -> list[click.Command]:
    """Return the words of the level as commands of the tree."""
    made: list[click.Command] = []
    for name, said in DEFINITIONS.items():
        example = f"{said.text}\n\n\b\nExample:\n    pcsx configure {said.example}"
        made.append(Word(name, said.usage, example, hidden=said.older))
    for name, (body, usage, example, _) in _TABLE.items():
        text = f"{body.__doc__}\n\n\b\nExample:\n"
        hidden = name in _SHELL_WORDS
        made.append(Word(name, usage, f"{text}    pcsx configure {example}", hidden=hidden))
    return made


command = Configure(
    "configure",
    help=_HELP,
    commands=_words(),
    add_help_option=False,
    invoke_without_command=True,
)

__all__ = ["Level", "command", "quote"]
