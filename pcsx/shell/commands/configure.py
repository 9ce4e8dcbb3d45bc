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

if TYPE_CHECKING:
    from pcsx.shell.run import Run

_HELP: Final = """Edit the configuration in crm's language. Without words, lines are read from
    standard input, and committed together.

    \b
    Definitions
        node primitive rsc_template monitor group clone ms bundle location colocation order
        rsc_ticket tag property rsc_defaults op_defaults fencing_topology role acl_target
        acl_group user alert xml
    Commands
        show [xml] [ID|type:KIND|tag:ID|related:ID|changed]...   print it
        load [xml] update|replace|push FILE                      take in a file (- for input)
        save [xml] FILE [ID]...                                  write it to a file
        edit [ID]...                                             change its text in an editor
        filter PROGRAM [ID]...                                   let a program change its text
        set ID.NAME VALUE                                        change one value
        delete ID...     rename OLD NEW     erase [nodes]
        modgroup ID add MEMBER [after|before MEMBER] | remove MEMBER
        default-timeouts ID...                                   as the agents advise
        get-property NAME     verify     diff     commit     refresh     quit

    \b
    Example: a virtual address and the web server that needs it
        pcsx configure primitive vip IPaddr2 params ip=10.0.0.9 op monitor interval=10s
        pcsx configure group web vip apache
    Example: the same from a file
        pcsx configure load update web.crm
    """


@click.command(
    "configure",
    help=_HELP,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(run: Run, words: tuple[str, ...]) -> None:
    """Do what *words* say, or what the lines on standard input say."""
    level = Level(run)
    if words:
        level.do_words(words)
    else:
        level.do_input()


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
        for line in lines(sys.stdin.read()):
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
        name = word.lower().replace("-", "_")
        do = _COMMANDS.get(name)
        if do is None:
            if name not in READERS and not self.in_batch:
                raise Refused([self.unknown(word)])
            return False
        do(self, list(words))
        return True

    def unknown(self, word: str) -> Finding:
        """Return the finding for a word that is neither a definition nor a command."""
        import difflib

        near = difflib.get_close_matches(word, [*READERS, *_COMMANDS], 1)
        hint = f"Did you mean {near[0]}?" if near else "pcsx configure --help lists all words."
        return Finding.error("syntax", word, f"there is no {word!r} here", hint=hint)

    def show(self, words: list[str]) -> None:
        """Print the configuration, or what *words* name of it."""
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
        """Take in a file."""
        is_xml = bool(words) and words[0] == "xml"
        rest = words[1:] if is_xml else words
        if len(rest) == 1:
            rest = ["update", *rest]
        if len(rest) != 2 or rest[0] not in ("update", "replace", "push"):
            raise _usage("load [xml] update|replace|push FILE")
        text = read_file(rest[1])
        is_xml = is_xml or text.lstrip().startswith("<")
        self.session.load(rest[0], text, xml=is_xml)

    def save(self, words: list[str]) -> None:
        """Write a file."""
        is_xml = bool(words) and words[0] == "xml"
        rest = words[1:] if is_xml else words
        if not rest:
            raise _usage("save [xml] FILE [ID]...")
        self.session.save(rest[0], xml=is_xml, names=rest[1:])

    def edit(self, words: list[str]) -> None:
        """Open the text of *words*, or all of it, in an editor."""
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
        """Let a program rewrite the text."""
        if not words:
            raise _usage("filter PROGRAM [ID]...")
        self.session.filter(words[0], words[1:])

    def set_value(self, words: list[str]) -> None:
        """Change one value."""
        if len(words) == 1 and "=" in words[0]:
            words = list(words[0].split("=", 1))
        if len(words) != 2 or "." not in words[0]:
            raise _usage("set ID.NAME VALUE")
        self.session.workspace.set_value(words[0], words[1])

    def delete(self, words: list[str]) -> None:
        """Delete elements and what only they were for."""
        names = [word for word in words if word not in ("--force", "-f")]
        if not names:
            raise _usage("delete ID...")
        if self.in_batch:  # scripts delete what may be gone already
            for name in [name for name in names if self.session.workspace.find(name) is None]:
                self.run.warn(f"there is no {name} to delete", code="unknown", subject=name)
                names.remove(name)
        for text in self.session.workspace.delete(names):
            self.run.note(text, code="also-changed")

    def rename(self, words: list[str]) -> None:
        """Give an element another id."""
        if len(words) != 2:
            raise _usage("rename OLD NEW")
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
                raise _usage("modgroup ID add MEMBER [after|before MEMBER] | remove MEMBER")

    def erase(self, words: list[str]) -> None:
        """Delete everything."""
        if words not in ([], ["nodes"]):
            raise _usage("erase [nodes]")
        self.session.workspace.erase(nodes=bool(words))

    def default_timeouts(self, words: list[str]) -> None:
        """Give operations the timeouts that agents advise."""
        if not words:
            raise _usage("default-timeouts ID...")
        self.session.set_default_timeouts(words)

    def get_property(self, words: list[str]) -> None:
        """Print the value of cluster properties, by default where none is set."""
        from pcsx.cib.options import CLUSTER

        names = [word for word in words if word not in ("-t", "--true")]
        if not names:
            raise _usage("get-property NAME...")
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


def _usage(text: str) -> Refused:
    return Refused([Finding.error("usage", "configure", f"usage: configure {text}")])


def _split_values(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a one-shot line: the shell of the user has taken the quotes off."""
    if words[0].lower() == "xml":
        return ("xml", " ".join(words[1:]))
    return tuple(words)


_COMMANDS: Final[dict[str, Callable[[Level, list[str]], None]]] = {
    "show": Level.show,
    "load": Level.load,
    "save": Level.save,
    "edit": Level.edit,
    "filter": Level.filter,
    "set": Level.set_value,
    "delete": Level.delete,
    "del": Level.delete,
    "remove": Level.delete,
    "rm": Level.delete,
    "rename": Level.rename,
    "modgroup": Level.modgroup,
    "erase": Level.erase,
    "default_timeouts": Level.default_timeouts,
    "get_property": Level.get_property,
    "verify": Level.verify,
    "validate_all": Level.verify,
    "diff": Level.diff,
    "commit": Level.commit,
    "refresh": Level.refresh,
    "reset": Level.refresh,
    "quit": Level.end,
    "exit": Level.end,
    "bye": Level.end,
    "end": Level.end,
    "up": Level.end,
    "back": Level.end,
    "..": Level.end,
    "upgrade": Level.nothing,
    "cd": Level.nothing,
}

__all__ = ["Level", "command", "quote"]
