"""Words and options as scripts write them: options stand anywhere, `--` ends them, words are free.

A `Level` is a click group and a `Verb` a click command, so the tree can be walked for help,
completion and man pages; but both read their arguments by one table of options, as callers of
`pcs` expect: an option may stand before, between or after the words, unique prefixes of long
options do, and a negative number is a word. What the words mean is the verb's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import click

from pcsx.errors import Finding, PcsxError, Refused
from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.shell.run import Run

Given = dict[str, str | bool]
"""Options as given: a text where it takes one, else True."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its *name*, whether it takes a value ("no", "yes", "maybe"), and its help."""

    name: str
    text: str
    value: str = "no"
    metavar: str = ""
    short: str = ""

    @property
    def usage(self) -> str:
        """Return how it is written."""
        if self.short and len(self.name) == 1:
            return f"-{self.name} {self.metavar}".strip()
        value = {"no": "", "yes": f"={self.metavar}", "maybe": f"[={self.metavar}]"}[self.value]
        lead = f"-{self.short}, " if self.short else ""
        return f"{lead}--{self.name}{value}"


GLOBAL: Final = (
    Option("f", "Work on this file instead of the running cluster.", "yes", "FILE", short="f"),
    Option("force", "Go on where a check says that it can be overridden."),
    Option("json", "Print one JSON object, for success and for failure."),
    Option("dry-run", "Say what would change, and change nothing."),
    Option("exit-code", "With --dry-run, end with status 2 where something would change."),
    Option("idempotent", "Count as done what is there already, or is gone already."),
    Option("update", "With --idempotent, change what is there and differs."),
    Option("confirmed", "Take the change back after TIME, unless confirmed.", "yes", "TIME"),
    Option("shadow", "Work on the copy of that name (see pcsx cib).", "yes", "NAME", short="c"),
    Option("wait", "Wait until the cluster has done what was asked, at most n s.", "maybe", "n"),
    Option("request-timeout", "Give up on one request after n seconds (60).", "yes", "n"),
    Option("debug", "Show how it was done, and the whole story of an internal error."),
    Option("no-color", "Write without colours."),
    Option("help", "Show this page.", short="h"),
    Option("version", "Show the version."),
)
"""What every command takes."""

LOCAL: Final = (
    Option("full", "Show all there is, with ids."),
    Option("all", "Take all of them."),
    Option("output-format", "Print as text, cmd or json.", "yes", "FORMAT"),
    Option("group", "Put it into this group.", "yes", "ID"),
    Option("before", "Put it before this member.", "yes", "ID"),
    Option("after", "Put it after this member.", "yes", "ID"),
    Option("name", "The name meant.", "yes", "NAME"),
    Option("node", "The node meant.", "yes", "NODE"),
    Option("resource", "The resource meant.", "yes", "ID"),
    Option("for", "End it by itself after that time.", "yes", "TIME"),
    Option("disabled", "Do not start it."),
    Option("no-default-ops", "Add no operation but a monitor."),
    Option("agent-validation", "Let the agent judge the parameters."),
    Option("monitor", "Change its monitor operations too."),
    Option("promoted", "Mean the promoted role only."),
    Option("master", "The older word for --promoted."),
    Option("keep-constraint", "Keep the constraint that moved it."),
    Option("autodelete", "Remove the constraint once it moved (always done)."),
    Option("strict", "Leave other resources alone, and refuse what would touch them."),
    Option("no-strict", "Let other resources move, but not stop."),
    Option("safe", "Refuse what would touch other resources; for a message: end once all hold it."),
    Option("brief", "Say less."),
    Option("simulate", "Show what would happen, and change nothing."),
    Option("expired", "Only those whose time is over."),
    Option("no-expire-check", "Do not look whether rules are over."),
    Option("defaults", "Show the default values."),
    Option("changes", "The committed changes."),
    Option("limit", "No more than that many.", "yes", "N"),
    Option("plan", "Show what would be done, and do nothing."),
    Option("prune", "Delete what an earlier apply made and the file has no more."),
    Option("format", "The language: crm, xml, cmd or json.", "yes", "FORMAT"),
    Option("at", "At that time.", "yes", "TIME"),
    Option("replace", "Take the file for the whole."),
    Option("push", "Take the file for the whole."),
    Option("hide-inactive", "Leave out what does not run."),
    Option("nodesc", "Leave out descriptions."),
    Option("config", "The configuration part only."),
    Option("overwrite", "Replace the file that is there."),
    Option("corosync_conf", "Write this corosync.conf and touch no node.", "yes", "FILE"),
    Option("no-cluster-uuid", "Give the cluster no UUID."),
    Option("no-keys-sync", "Keep the keys that are there."),
    Option("no-watchdog-validation", "Do not look at the watchdog."),
    Option("skip-offline", "Go on without nodes that do not answer."),
    Option("start", "Start it as well."),
    Option("enable", "Start it at boot as well."),
    Option("local", "This node only."),
    Option("yes", "Do not ask."),
    Option("off", "Switch it off, do not reboot it."),
    Option("no-stop", "Do not stop it first."),
    Option("no-test", "Do not test the device."),
    Option("keep", "Keep what stands when it fails."),
    Option("profile", "The timing profile.", "yes", "NAME"),
    Option("to", "Until then.", "yes", "TIME"),
    Option("from", "Since then.", "yes", "TIME"),
    Option("interactive", "Ask."),
    Option("quiet", "Say nothing; the exit status tells."),
    Option("watch", "Show it again whenever it changes."),
    Option("check", "Judge by the exit status."),
    Option("by-node", "Group what runs by node."),
    Option("show-secrets", "Show passwords in clear."),
    Option("u", "The user.", "yes", "USER", short="u"),
    Option("p", "The password.", "yes", "PASSWORD", short="p"),
    Option("token", "A token.", "yes", "FILE"),
    Option("booth-conf", "The configuration of booth.", "yes", "FILE"),
    Option("booth-key", "The key of booth.", "yes", "FILE"),
    Option("dr-conf", "The file of this note.", "yes", "FILE"),
    Option("revision", "Go on after this revision.", "yes", "R"),
    Option("fix", "Mend what can be mended."),
    Option("accept-loss", "Accept that what only lost nodes knew is lost."),
)
"""What single commands take."""

TABLE: Final[Mapping[str, Option]] = {option.name: option for option in (*GLOBAL, *LOCAL)}
EVERYWHERE: Final = frozenset(option.name for option in GLOBAL)
_SHORT: Final = {option.short: option for option in TABLE.values() if option.short}
_SHORT["V"] = TABLE["version"]
_NUMBER: Final = re.compile(r"-(\d+|INFINITY|inf|infinity)", re.IGNORECASE)


def wrong_words(text: str, *, hint: str = "") -> PcsxError:
    """Return the error for a command line that pcs too would refuse; its status is 1."""
    return Refused([Finding.error("usage", "command line", text, hint=hint)])


def split_leading(args: Sequence[str]) -> tuple[Given, list[str]]:
    """Return the options before the first word, and all that comes after them."""
    given: Given = {}
    rest = list(args)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        if rest[0] == "--":
            return given, rest[1:] if len(rest) < 2 else _protected(rest[1:])
        _take(rest, given)
    return given, rest


def _protected(words: list[str]) -> list[str]:
    """Keep the promise of `--` for the levels below: the noun, then `--`, then the words."""
    return [words[0], "--", *words[1:]]


def split(args: Sequence[str]) -> tuple[Given, list[str]]:
    """Return the options anywhere in *args*, and the words in their order."""
    given: Given = {}
    words: list[str] = []
    rest = list(args)
    while rest:
        if rest[0] == "--":
            words += rest[1:]
            break
        if rest[0].startswith("-") and rest[0] != "-" and not _NUMBER.fullmatch(rest[0]):
            _take(rest, given)
        else:
            words.append(rest.pop(0))
    return given, words


def _take(rest: list[str], given: Given) -> None:
    """Move the option at the head of *rest*, and its value, to *given*."""
    word = rest.pop(0)
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        option = _long(name, word)
        if option.value == "no" and equals:
            raise wrong_words(f"option --{option.name} must not have an argument")
        if option.value == "yes" and not equals:
            if not rest:
                raise wrong_words(f"option --{option.name} requires argument")
            value = rest.pop(0)
        given[option.name] = value if option.value == "yes" or equals else True
        return
    short = _SHORT.get(word[1])
    if short is None:
        raise wrong_words(f"option {word[:2]} not recognized")
    if short.value == "no":
        given[short.name] = True
        if len(word) > 2:
            rest.insert(0, "-" + word[2:])
        return
    if len(word) == 2 and not rest:
        raise wrong_words(f"option {word} requires argument")
    given[short.name] = word[2:] if len(word) > 2 else rest.pop(0)


def _long(name: str, word: str) -> Option:
    if len(name) > 1 and name in TABLE:
        return TABLE[name]
    near = [known for known in TABLE if len(known) > 1 and known.startswith(name)] if name else []
    if len(near) == 1:
        return TABLE[near[0]]
    if near:
        raise wrong_words(f"option --{name} is not unique: {', '.join(sorted(near))}")
    import difflib

    guess = difflib.get_close_matches(name, TABLE, 1)
    raise wrong_words(
        f"option {word.partition('=')[0]} not recognized",
        hint=f"Did you mean --{guess[0]}?" if guess else "",
    )


class WordsCommand(click.Command):
    """What a level and a verb have in common: arguments are read by the table above, once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read options and words, unless the level above has done so."""
        run: Run = ctx.obj
        if not run.is_split:
            given, args = split(args)
            run.take(given)
            run.is_split = True
        ctx.args = list(args)
        return ctx.args


VerbBody = Callable[["Run", list[str]], None]


class Verb(WordsCommand):
    """One command: a function of the invocation and the words after it."""

    def __init__(self, name: str, body: VerbBody, *, usage: str, options: Iterable[str]) -> None:
        """Make the command *name* of *body*, whose docstring is its help."""
        self.body = body
        self.usage_text = usage
        self.accepts = tuple(options)
        super().__init__(name, help=body.__doc__, add_help_option=False)
        del self.params  # made when help or completion asks for them, which few invocations do

    def __getattr__(self, name: str) -> Any:
        if name == "params":
            self.params = self._options()
            return self.params
        raise AttributeError(name)

    def _options(self) -> list[click.Parameter]:
        """Return the options with a long name, as click shows them."""
        return [
            click.Option(
                [f"--{option.name}", option.name.replace("-", "_")],
                help=option.text,
                is_flag=option.value == "no",
                metavar=option.metavar or None,
            )
            for option in map(TABLE.__getitem__, self.accepts)
            if len(option.name) > 1
        ]

    def invoke(self, ctx: click.Context) -> None:
        """Run the body, after refusing options that this command does not take."""
        run: Run = ctx.obj
        if run.flag("help"):
            run.say(self.get_help(ctx))
            return
        for name in run.given:
            if name not in EVERYWHERE and name not in self.accepts:
                raise wrong_words(f"Specified option '--{name}' is not supported in this command")
        run.usage = self.usage_line(ctx)
        self.body(run, ctx.args)

    def usage_line(self, ctx: click.Context) -> str:
        """Return how the command is written."""
        return f"{ctx.command_path} {self.usage_text}".strip()

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the usage line after the path."""
        return [self.usage_text] if self.usage_text else []


class Rooms(MutableMapping[str, click.Command]):
    """The commands of a level, by name; those in rooms are imported when one is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, click.Command] = {}
        self._rooms: dict[str, tuple[str, ...]] = {}
        self._entering = RLock()
        """The prompt completes in a thread while another reads: each room is entered once."""
        self.level: Level | None = None

    def add_room(self, module: str, names: Iterable[str]) -> None:
        """Note that *module* registers the commands *names*."""
        self._rooms[module] = tuple(names)

    def _enter(self, module: str) -> None:
        assert self.level is not None
        names = self._rooms.pop(module)
        import_module(module).register(self.level)
        assert set(names) <= set(self._made), f"{module} lacks {set(names) - set(self._made)}"

    def __getitem__(self, name: str) -> click.Command:
        with self._entering:
            if name not in self._made:
                for module in [module for module, names in self._rooms.items() if name in names]:
                    self._enter(module)
            return self._made[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        with self._entering:
            for module in list(self._rooms):
                if module in self._rooms:
                    self._enter(module)
            return iter(list(self._made))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Level(WordsCommand, click.Group):
    """A noun: the next word names a verb or a level below; without a word its default runs."""

    def __init__(self, name: str, help: str, *, default: str = "") -> None:
        """Make the level *name*; *default* is the verb that runs when no word follows."""
        self.default = default
        click.Group.__init__(self, name, help=help, add_help_option=False)
        self.rooms = Rooms()
        self.rooms.level = self
        self.commands = self.rooms

    def room(self, module: str, names: str) -> None:
        """Have *module* register the commands *names* when one of them is asked for."""
        self.rooms.add_room(module, names.split())

    def verb(
        self, *names: str, usage: str = "", options: Iterable[str] = ()
    ) -> Callable[[VerbBody], VerbBody]:
        """Register the function below as the command of the first name; the others are hidden."""

        def register(body: VerbBody) -> VerbBody:
            for index, name in enumerate(names):
                command = Verb(name, body, usage=usage, options=options)
                command.hidden = index > 0
                self.add_command(command)
            return body

        return register

    def invoke(self, ctx: click.Context) -> object:
        """Run what the next word names."""
        run: Run = ctx.obj
        words = list(ctx.args)
        wants_help = run.flag("help") or words[:1] == ["help"]
        if (not words and wants_help) or words[:1] == ["help"]:
            run.say(self.get_help(ctx))
            return None
        command = self.get_command(ctx, words[0]) if words else None
        if command is not None:
            name, rest = words[0], words[1:]
        elif self.default and (not words or self.takes_default(words)):
            name, rest = self.default, words
            command = self.get_command(ctx, name)
        else:
            raise self.unknown(ctx, words)
        assert command is not None, name
        sub = command.make_context(name, rest, parent=ctx)
        with sub:
            return command.invoke(sub)

    def takes_default(self, words: list[str]) -> bool:
        """Return whether *words*, of which the first is no verb, are for the default verb."""
        return False

    def unknown(self, ctx: click.Context, words: list[str]) -> PcsxError:
        """Return the error for words that name no verb of this level."""
        known = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        listed = f"Commands of '{ctx.command_path}': {', '.join(known)}."
        if not words:
            return wrong_words(f"'{ctx.command_path}' needs another word", hint=listed)
        import difflib

        near = difflib.get_close_matches(words[0], known, 3)
        hint = f"Did you mean: {', '.join(near)}?" if near else listed
        return wrong_words(f"no command '{ctx.command_path} {words[0]}'", hint=hint)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the usage line after the path."""
        return ["COMMAND ..."]
