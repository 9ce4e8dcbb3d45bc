"""The manual, made from the command tree, the definitions of the language and the options.

A page is a list of roff lines. `pcsx.8` tells of all commands, `pcsx-NOUN.8` of one noun,
`pcsx-configure.5` is the language, `pcsx-options.7` has all options, `pcsx-json.7` what `--json`
prints.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping

import click

from pcsx import __version__
from pcsx.cib.options import CLUSTER, FENCING, META, OPERATION, QUORUM
from pcsx.cib.options import Option as CibOption
from pcsx.shell.syntax.synopsis import DEFINITIONS
from pcsx.shell.tree import Path, Tree, options_of, summary
from pcsx.shell.words import GLOBAL

DATE = "2026-11-28"
"""The day of the version that the pages tell of; not the day on which they are made."""

EXIT = (
    ("0", "All is done, or was so already."),
    ("1", "It was refused, or it failed; standard error says why."),
    ("2", "A question was answered with no, or with --exit-code something would change."),
    ("3", "What is there is not what was asked for, or another change came between."),
    ("4", "You are not authorised."),
    ("5", "There is no cluster here, or no daemon answers."),
    ("6", "The time to wait was over."),
    ("7", "There is no quorum."),
    ("64", "The options of a command that has its own could not be read."),
    ("70", "A fault of pcsx itself; the message names the file to report."),
    ("130", "It was interrupted."),
)
FILES = (
    ("/etc/pcsx/pcsx.toml", "The settings of this node."),
    ("/run/pcsx/pcsx.sock", "Where the daemon listens; PCSX_SOCKET names another place."),
    ("/var/lib/pcsx/", "What the node must not forget."),
)
ENVIRONMENT = (
    ("PCSX_SOCKET", "The socket of the daemon to talk to."),
    ("PCSX_STATE", "Where copies, journals of files and histories of the prompt are kept."),
    ("PCSX_AGENT_METADATA", "A JSON file that describes agents which are not installed here."),
    ("PCSX_SHADOW", "The copy to work on (see pcsx-cib(8))."),
    ("NO_COLOR", "Write without colours."),
)


def pages(root: click.Group) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every page."""
    tree = Tree(root)
    nouns = [name for name, _ in tree.words(root)]
    yield "pcsx.8", _page("pcsx", 8, _overview(tree, nouns))
    for noun in nouns:
        command = root.get_command(click.Context(root), noun)
        assert command is not None, noun
        yield f"pcsx-{noun}.8", _page(f"pcsx-{noun}", 8, _noun(tree, noun, command))
    yield "pcsx-configure.5", _page("pcsx-configure", 5, _language())
    yield "pcsx-options.7", _page("pcsx-options", 7, _options())
    yield "pcsx-json.7", _page("pcsx-json", 7, _json())


# --- roff


def text_of(text: str) -> str:
    """Return *text* so that roff prints it as it is."""
    made = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    made = made.replace("^", "\\(ha").replace("~", "\\(ti").replace("…", "...")
    return "\\&" + made if made.startswith(".") else made


def _page(name: str, section: int, body: Iterable[str]) -> str:
    title = name.upper().replace("-", "\\-")
    head = f'.TH {title} {section} {DATE} "pcsx {__version__}" "pcsx"'
    lead = '.\\" Made from the command tree: make generated.'
    return "\n".join([lead, head, ".nh", ".ad l", *_without_doubles(body)]) + "\n"


def _without_doubles(lines: Iterable[str]) -> Iterator[str]:
    """Leave out paragraphs that begin where a section has just begun one."""
    before = ""
    for line in lines:
        if line != ".PP" or not before.startswith((".SH", ".SS", ".PP")):
            yield line
        before = line


def _section(title: str) -> Iterator[str]:
    yield f".SH {title}"


def _items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in pairs:
        yield ".TP"
        yield f"\\fB{text_of(term)}\\fR"
        yield text_of(text) or "\\&"


def _paragraphs(help: str) -> Iterator[str]:
    """Yield the help of a command: paragraphs, and examples as they stand."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(help)):
        if block.startswith("\b"):
            yield from _example(block.removeprefix("\b").strip("\n"))
        else:
            yield ".PP"
            yield text_of(" ".join(block.split()))


def _example(block: str) -> Iterator[str]:
    yield ".PP"
    yield ".nf"
    for line in block.splitlines():
        shown = text_of(line.rstrip())
        yield shown if line.startswith(" ") or not line else f"\\fI{shown}\\fR"
    yield ".fi"


# --- pages


def _overview(tree: Tree, nouns: list[str]) -> Iterator[str]:
    yield from _section("NAME")
    yield "pcsx \\- keeps services running when machines die"
    yield from _section("SYNOPSIS")
    yield ".B pcsx"
    yield "[\\fIOPTION\\fR]... \\fICOMMAND\\fR ..."
    yield from _section("DESCRIPTION")
    yield from _paragraphs(tree.root.help or "")
    yield from _section("OPTIONS")
    yield text_of("Every command takes these, before, between or after its words.")
    yield from _items((option.usage, option.text) for option in GLOBAL)
    yield from _section("COMMANDS")
    for noun in nouns:
        yield ".TP"
        yield f"\\fBpcsx\\-{text_of(noun)}\\fR(8)"
        yield text_of(dict(tree.words(tree.root))[noun])
    yield from _exit_status()
    yield from _section("ENVIRONMENT")
    yield from _items(ENVIRONMENT)
    yield from _section("FILES")
    yield from _items(FILES)
    yield from _see(["pcsx-configure(5)", "pcsx-options(7)", "pcsx-json(7)"])


def _exit_status() -> Iterator[str]:
    yield from _section('"EXIT STATUS"')
    yield from _items(EXIT)


def _see(names: Iterable[str]) -> Iterator[str]:
    yield from _section('"SEE ALSO"')
    yield ", ".join(f"\\fB{text_of(name[:-3])}\\fR{name[-3:]}" for name in names)


def _noun(tree: Tree, noun: str, command: click.Command) -> Iterator[str]:
    yield from _section("NAME")
    said = dict(tree.words(tree.root))[noun].rstrip(".")
    yield f"pcsx\\-{text_of(noun)} \\- {text_of(said[:1].lower() + said[1:])}"
    yield from _section("SYNOPSIS")
    is_level = isinstance(command, click.Group)
    usage = "COMMAND ..." if is_level else str(getattr(command, "usage_text", "[OPTION]..."))
    yield f"\\fBpcsx {text_of(noun)}\\fR {text_of(usage)}".rstrip()
    yield from _section("DESCRIPTION")
    yield from _paragraphs(command.help or "")
    if not is_level:
        yield from _own_options(command, ".SH OPTIONS")
    else:
        yield from _section("COMMANDS")
        for path, verb in tree.walk():
            if path[0] == noun and len(path) > 1 and not isinstance(verb, click.Group):
                yield from _verb(path, verb)
    yield from _exit_status()
    others = ["pcsx(8)", "pcsx-configure(5)", "pcsx-options(7)", "pcsx-json(7)"]
    yield from _see(others)


def _verb(path: Path, verb: click.Command) -> Iterator[str]:
    yield f'.SS "pcsx {text_of(" ".join(path))}"'
    usage = str(getattr(verb, "usage_text", ""))
    if usage:
        yield f"\\fB{text_of(path[-1])}\\fR {text_of(usage)}"
    yield from _paragraphs(verb.help or "")
    yield from _own_options(verb, "")


def _own_options(command: click.Command, title: str) -> Iterator[str]:
    found = [(name + ("=..." if value else ""), text) for name, text, value in options_of(command)]
    if found and title:
        yield title
    yield from _items(found)


def _language() -> Iterator[str]:
    yield from _section("NAME")
    yield "pcsx\\-configure \\- the language of the configuration"
    yield from _section("DESCRIPTION")
    yield from _paragraphs(
        "A configuration is lines of text, each a definition. A backslash at the end of a line "
        "joins it with the next; quotes hold blanks; a line that begins with # is a comment and "
        "belongs to the definition below. References may stand before what they refer to. "
        "pcsx configure reads and writes this language, and so do pcsx shell and pcsx config."
    )
    yield from _section("NOTATION")
    yield from _paragraphs(
        "Small words are written as they are, CAPITALS are to be filled in; brackets hold what may "
        "be left out, | divides a choice, ... means again."
    )
    yield from _section("DEFINITIONS")
    for name, said in DEFINITIONS.items():
        yield f'.SS "{text_of(name)}"'
        yield f"\\fB{text_of(name)}\\fR {text_of(said.usage)}"
        older = " An older word, read and not written." if said.older else ""
        yield from _paragraphs(said.text + older + "\n\n\b\nExample:\n    " + said.example)
    yield from _section("WORDS")
    yield from _items(
        [
            ("ID", "A name: a letter or _, then letters, digits, _ . and -."),
            ("AGENT", "CLASS:PROVIDER:TYPE, the type alone for heartbeat's, or @TEMPLATE."),
            ("SCORE", "A number, inf for must, -inf for never."),
            ("RESOURCE[:ROLE]", "A resource, and the role that is meant: Started, Promoted, ..."),
            ("EXPRESSION", "ATTRIBUTE lt|gt|lte|gte|eq|ne VALUE; defined or not_defined ATTRIBUTE; "
             "date lt|gt|in|spec ...; joined by and, or; brackets may group them."),
            ("( A B )", "In a colocation or an order: a set whose order does not matter."),
            ("[ A B ]", "In an order: a set of which one is enough."),
            ("DEVICES", "Fence devices with commas between: tried together as one level."),
            ("SELECTOR", "xpath:PATH, ref:ID, tag:ELEMENT or type:KIND."),
        ]
    )  # fmt: skip
    yield from _see(["pcsx-configure(8)", "pcsx-options(7)"])


def _options() -> Iterator[str]:
    yield from _section("NAME")
    yield "pcsx\\-options \\- every option of the cluster, its resources, operations and devices"
    yield from _section("DESCRIPTION")
    yield from _paragraphs("Each with its type, its default in brackets, and what it is for.")
    for title, table in (
        ('"CLUSTER PROPERTIES"', CLUSTER),
        ('"META ATTRIBUTES OF RESOURCES"', META),
        ('"OPTIONS OF OPERATIONS"', OPERATION),
        ('"PARAMETERS OF EVERY FENCE DEVICE"', FENCING),
        ('"OPTIONS OF QUORUM"', QUORUM),
    ):
        yield from _section(title)
        yield from _table(table)
    yield from _see(["pcsx(8)", "pcsx-property(8)", "pcsx-resource(8)", "pcsx-stonith(8)"])


def _table(table: Mapping[str, CibOption]) -> Iterator[str]:
    unique = {option.name: option for option in table.values()}
    for option in sorted(unique.values(), key=lambda option: option.name):
        kind = "|".join(option.choices) if option.choices else option.kind.value
        default = f" [{option.default}]" if option.default else ""
        also = f" Also: {', '.join(option.aliases)}." if option.aliases else ""
        text = option.text.rstrip(".") + "." + also
        yield ".TP"
        yield f"\\fB{text_of(option.name)}\\fR \\fI{text_of(kind)}\\fR{text_of(default)}"
        yield text_of(text)


def _json() -> Iterator[str]:
    yield from _section("NAME")
    yield "pcsx\\-json \\- what pcsx prints with \\-\\-json"
    yield from _section("DESCRIPTION")
    yield from _paragraphs(
        "With --json a command prints one object on standard output, for success and for failure, "
        "and nothing else. Keys are added in later versions, and never change their meaning."
    )
    yield from _items(
        [
            ("schema", "pcsx-result/1."),
            ("ok", "Whether the command did what was asked."),
            ("exit", "The exit status."),
            ("changed", "Whether the configuration was changed; null where nothing could be."),
            ("findings", "Remarks: severity, code, subject, text, hint, force."),
            ("error", "Only after a failure: code, message, hint, facts."),
            ("data", "What was asked for, as a value; it may have a schema of its own."),
            ("text", "What is printed without --json."),
            ("diff", "After a change: the definitions that differ, before and after."),
            ("plan", "With --dry-run: what the cluster would do, in order."),
            ("warnings", "After a change: the texts of the warnings."),
        ]
    )
    yield from _paragraphs(
        "\b\nExample:\n    pcsx status --json\n    pcsx -f cib.xml resource delete web --json"
    )
    yield from _see(["pcsx(8)", "pcsx-status(8)"])


__all__ = ["pages", "summary"]
