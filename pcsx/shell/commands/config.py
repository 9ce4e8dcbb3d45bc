"""`pcsx config`: the whole configuration, on one page, in files, in other languages, drawn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

if TYPE_CHECKING:
    from pcsx.cib.document import Cib
    from pcsx.cib.plain import Element

command = Level(
    "config",
    """Show the whole configuration, save and load it, compare and convert it.

    \b
    Example: on one page
        pcsx config
    Example: save it, and load it into another cluster
        pcsx config save web.crm
        pcsx config load --replace web.crm
    """,
    default="show",
)


@command.verb("show", usage="", options=("output-format",))
def show(run: Run, words: list[str]) -> None:
    """Show nodes, resources, fence devices, constraints, alerts, defaults, properties and tags.

    \b
    Example:
        pcsx -f cib.xml config show
    """
    from pcsx.cib.edit import levels, properties, read
    from pcsx.cib.objects.document import Document
    from pcsx.cib.objects.resources import Primitive, Template
    from pcsx.shell.output.constraints import TITLES, constraints_object, kind_lines
    from pcsx.shell.output.defaults import defaults_lines
    from pcsx.shell.output.levels import level_lines
    from pcsx.shell.output.others import alert_lines, alert_objects, tag_lines
    from pcsx.shell.output.pairs import indented
    from pcsx.shell.output.resources import resource_lines, resources_object

    if words:
        raise args.misused(run.usage)
    cib = run.cib()
    document = Document(cib)
    everything = [one for one in document.resources if not isinstance(one, Template)]
    devices = [r for r in everything if isinstance(r, Primitive) and r.class_ == "stonith"]
    others = [r for r in everything if r not in devices]
    options = properties.properties(cib)
    run.give(
        {
            "cluster_name": options.get("cluster-name", ""),
            "nodes": read.node_names(cib),
            "resources": resources_object(others),
            "stonith": resources_object(devices),
            "constraints": constraints_object(document.constraints),
            "alerts": alert_objects(cib),
            "properties": options,
            "tags": read.tags(cib),
        }
    )
    open_ = run.flag("show-secrets")
    lines = [f"Cluster Name: {options.get('cluster-name', '')}".rstrip()]
    lines += ["Pacemaker Nodes:", f" {' '.join(read.node_names(cib))}", "", "Resources:"]
    lines += indented(line for one in others for line in resource_lines(one, open=open_))
    lines += ["", "Stonith Devices:"]
    lines += indented(line for one in devices for line in resource_lines(one, open=open_))
    lines += ["Fencing Levels:", *indented(level_lines(levels.levels(cib))), ""]
    for kind in TITLES:
        lines += kind_lines(document, kind, ids=True, over=True)
    lines += ["", *alert_lines(cib), "", "Resources Defaults:"]
    lines += _defaults(defaults_lines(document.rsc_defaults, ids=True, over=True))
    lines += ["Operations Defaults:"]
    lines += _defaults(defaults_lines(document.op_defaults, ids=True, over=True))
    lines += ["", "Cluster Properties:"]
    lines += [f" {name}: {value}" for name, value in sorted(options.items())]
    lines += ["", "Tags:", *(indented(tag_lines(cib), 1) or [" No tags defined"])]
    run.say("\n".join(lines))


def _defaults(lines: list[Any]) -> list[str]:
    from pcsx.shell.output.pairs import indented

    return indented(lines or ["No defaults set"])


@command.verb("save", usage="FILE [ID]...", options=("format",))
def save(run: Run, words: list[str]) -> None:
    """Write the configuration, or what is named of it, to a file (- is standard output).

    The language is crm's, unless --format or the file's ending (.xml, .json) says otherwise.
    Passwords are written, and the file is readable by you alone.

    \b
    Example:
        pcsx config save web.crm
    """
    from pcsx.shell.formats import write
    from pcsx.shell.session import Session

    if not words:
        raise args.misused(run.usage)
    form = _format_to_write(run, words[0])
    wanted = None
    if words[1:]:
        if form != "crm":
            raise args.misused("pcsx config save FILE ID... writes crm's language alone")
        wanted = Session(run).wanted(words[1:])
    _tell_unsaid(run, run.cib(), form)
    _put(run, words[0], write(run.cib(), form, wanted=wanted))


def _format_to_write(run: Run, path: str) -> str:
    from pcsx.shell.formats import format_of

    ending = path.rpartition(".")[2]
    return format_of("", run.option("format") or (ending if ending in ("xml", "json") else "crm"))


def _tell_unsaid(run: Run, cib: Cib, form: str) -> None:
    from pcsx.shell.formats import unsaid

    for section in unsaid(cib, form):
        run.warn(f"left out: {section}, for which no commands are written", code="left-out")


def _put(run: Run, path: str, text: str) -> None:
    if path == "-":
        run.say(text.rstrip("\n"))
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error


@command.verb("load", usage="FILE", options=("replace", "push", "format"))
def load(run: Run, words: list[str]) -> None:
    """Take a file into the configuration: crm's language, XML or JSON (- is standard input).

    What the file does not name stays; with --replace (or --push) the file is the whole
    configuration. All of it is one change, and with --dry-run it is only shown.

    \b
    Example:
        pcsx config load web.crm --dry-run
    """
    from pcsx.shell import formats
    from pcsx.shell.session import Session, read_file

    if len(words) != 1:
        raise args.misused(run.usage)
    text = read_file(words[0])
    way = "replace" if run.flag("replace") or run.flag("push") else "update"
    session = Session(run)
    formats.load(session, text, way=way, format=formats.format_of(text, run.option("format")))
    session.commit()
    run.changed = bool(run.changed)


@command.verb("diff", usage="[A [B]]")
def diff(run: Run, words: list[str]) -> None:
    """Show what differs between two states, as pcsx diff does.

    \b
    Example:
        pcsx config diff web.xml live
    """
    from pcsx.shell.changes import compare

    compare(run, words)


@command.verb("convert", usage="FILE", options=("format",))
def convert(run: Run, words: list[str]) -> None:
    """Write the configuration in a file in another language: crm, xml, json or cmd.

    Without --format, XML becomes crm's language and everything else XML.

    \b
    Example:
        pcsx config convert cib.xml --format json
    """
    from pcsx.shell import formats
    from pcsx.shell.session import read_file

    if len(words) != 1:
        raise args.misused(run.usage)
    text = read_file(words[0])
    source = formats.format_of(text)
    wanted = formats.format_of(text, run.option("format") or ("crm" if source == "xml" else "xml"))
    cib = formats.read(run, text, source)
    _tell_unsaid(run, cib, wanted)
    run.say(formats.write(cib, wanted).rstrip("\n"))


@command.verb("graph", usage="[FILE.svg | FILE.dot]")
def graph(run: Run, words: list[str]) -> None:
    """Draw resources, orders and colocations: as SVG, or in dot for graphviz.

    Without a file, dot goes to standard output.

    \b
    Example:
        pcsx config graph web.svg
    """
    from pcsx.cib.plain import unseal

    if len(words) > 1:
        raise args.misused(run.usage)
    draw(run, unseal(run.cib()), words)


def draw(run: Run, configuration: Element, words: list[str]) -> None:
    """Draw *configuration* into the file that *words* name, or to standard output."""
    from pcsx.shell.output.graph import dot, picture_of, svg

    path = words[0] if words else "-"
    ending = path.rpartition(".")[2] if words else "dot"
    if ending not in ("svg", "dot"):
        raise Failed(
            f"a picture as .{ending} cannot be drawn here",
            "Write FILE.svg or FILE.dot; dot -Tpng makes a PNG of the latter.",
        )
    picture = picture_of(configuration)
    _put(run, path, svg(picture) if ending == "svg" else dot(picture))


@command.verb("backup", usage="[FILE]")
def backup(run: Run, words: list[str]) -> None:
    """Write the configuration as an archive; it has passwords, and no keys.

    Without a file it goes to standard output.

    \b
    Example:
        pcsx config backup before
    """
    import sys

    from pcsx.shell.backup import ENDING, packed

    if len(words) > 1:
        raise args.misused(run.usage)
    data = packed(run)
    if not words:
        if run.as_json or sys.stdout.isatty():
            raise Failed("an archive is not text", "Name a file: pcsx config backup FILE")
        sys.stdout.buffer.write(data)
        return
    path = words[0] if words[0].endswith(ENDING) else words[0] + ENDING
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error
    run.give({"file": path})
    run.note(f"Written: {path}")


@command.verb("restore", usage="[FILE]", options=("local",))
def restore(run: Run, words: list[str]) -> None:
    """Make the configuration what an archive of it says, as one change that undo takes back.

    Nodes, links and votes of the ring stay. Without a file standard input is read.

    \b
    Example:
        pcsx config restore before.tar.bz2 --dry-run
    """
    from pcsx.cib.whole import with_configuration
    from pcsx.shell.backup import read_archive, unpacked

    if len(words) > 1:
        raise args.misused(run.usage)
    if run.flag("local"):
        raise Failed(
            "no node has a configuration of its own: the log keeps it the same on all",
            "Leave out --local, or restore into a file: pcsx -f FILE config restore ARCHIVE",
        )
    path = words[0] if words else ""
    past = unpacked(read_archive(path), path or "standard input")
    run.change(lambda base: with_configuration(base, past))


checkpoint = Level(
    "checkpoint",
    """Look at earlier states of the configuration, and go back to one.

    \b
    Example:
        pcsx config checkpoint restore 17
    """,
    default="list",
)
command.add_command(checkpoint)


@checkpoint.verb("list", usage="", options=("limit",))
def list_checkpoints(run: Run, words: list[str]) -> None:
    """List the states that can be gone back to: one after each change.

    \b
    Example:
        pcsx config checkpoint list
    """
    from pcsx.shell.changes import list_changes

    if words:
        raise args.misused(run.usage)
    list_changes(run, [])


@checkpoint.verb("view", usage="ID", options=("format",))
def view_checkpoint(run: Run, words: list[str]) -> None:
    """Show the configuration as it was after a change.

    \b
    Example:
        pcsx config checkpoint view 17
    """
    from pcsx.shell.changes import state_of
    from pcsx.shell.formats import write

    if len(words) != 1:
        raise args.misused(run.usage)
    run.say(write(state_of(run, words[0]), _format_to_write(run, "")).rstrip("\n"))


@checkpoint.verb("diff", usage="ID [ID | live]")
def diff_checkpoints(run: Run, words: list[str]) -> None:
    """Show what differs between the states after two changes, or since one.

    \b
    Example:
        pcsx config checkpoint diff 17 live
    """
    from pcsx.shell.changes import compare

    if not words:
        raise args.misused(run.usage)
    compare(run, words)


@checkpoint.verb("restore", usage="ID")
def restore_checkpoint(run: Run, words: list[str]) -> None:
    """Make the configuration what it was after a change; all changes since are taken back.

    \b
    Example:
        pcsx config checkpoint restore 17 --dry-run
    """
    from pcsx.cib.whole import with_configuration
    from pcsx.shell.changes import state_of

    if len(words) != 1:
        raise args.misused(run.usage)
    past = state_of(run, words[0])
    run.change(lambda base: with_configuration(base, past))
