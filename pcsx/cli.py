"""The click root: finds the command, runs it, and turns errors into one message and a status.

Commands are modules of `pcsx/shell/commands`, found by name and imported only when called, each
with a click command named `command`. A module `NAME_live` adds commands to the level `NAME`.
Nothing else in the program ends the process.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from pcsx.errors import Finding, PcsxError, Refused, Severity
from pcsx.shell.guard import BUG, run_words
from pcsx.shell.run import Run
from pcsx.shell.words import GLOBAL, WordsCommand, split_leading

COMMANDS: Final = Path(__file__).parent / "shell" / "commands"
PACKAGE: Final = "pcsx.shell.commands"


class Root(click.Group):
    """The level above all: one word names the command, options may stand before it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the words of all commands, without importing any."""
        found = {
            path.stem.replace("_", "-")
            for path in COMMANDS.iterdir()
            if (path.suffix == ".py" or (path / "__init__.py").exists())
            and not path.stem.startswith("_")
            and not path.stem.endswith("_live")
        }
        return sorted(found)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that word, imported now, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{PACKAGE}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def summary_of(self, word: str) -> str:
        """Return what the command *word* does, without importing it."""
        return SUMMARY.get(word, "")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the options before the first word; the rest is the command's."""
        given, rest = split_leading(args)
        run: Run = ctx.obj
        run.take(given)
        ctx.args = rest
        return rest

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that the first word names, or show what there is."""
        run: Run = ctx.obj
        if not ctx.args and not run.given.keys() & {"help", "version"} and _is_terminal():
            ctx.args = ["shell"]
        if not ctx.args or ctx.args == ["help"]:
            if run.flag("version"):
                from pcsx import __version__

                run.say(f"pcsx {__version__}")
            else:
                run.say(self.get_help(ctx))
            return None
        word, rest = ctx.args[0], ctx.args[1:]
        command = self.get_command(ctx, word)
        if command is None:
            raise unknown_word(word, self.list_commands(ctx))
        run.words = list(ctx.args)
        if run.flag("help"):
            rest = [*rest, "--help"]
        if not isinstance(command, WordsCommand):
            run.native()
        sub = command.make_context(word, rest, parent=ctx)
        with sub:
            return command.invoke(sub)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options that every command takes, then the commands."""
        with formatter.section("Options for every command"):
            formatter.write_dl([(option.usage, option.text) for option in GLOBAL])
        with formatter.section("Commands"):
            formatter.write_dl([(word, SUMMARY.get(word, "")) for word in self.list_commands(ctx)])


SUMMARY: Final = {
    "acl": "Say who may read and change what.",
    "agent": "List agents, show what they take, and let them judge it.",
    "alert": "Call programs when something happens.",
    "apply": "Make the configuration what a file says.",
    "booth": "Write the files of the ticket manager booth.",
    "cib": "Work on copies of the document, and commit them as one change.",
    "client": "Tell how the daemon knows who asks.",
    "cluster": "Found, start, stop and describe the cluster and its nodes.",
    "completion": "Print the completion script of a shell.",
    "config": "Show, save, load, compare, convert and draw the configuration.",
    "configure": "Edit the configuration in crm's language.",
    "confirm": "Keep a change that was made on trial.",
    "constraint": "Say where resources run, in which order, and with which others.",
    "daemon": "Run the cluster daemon in the foreground.",
    "demo": "Try a cluster of three daemons on this machine.",
    "diff": "Show what differs between two states.",
    "dr": "Note which other cluster takes over a lost site.",
    "explain": "Tell what a code of a message means.",
    "group": "Send messages to process groups, and watch them.",
    "history": "Show what was changed, when and by whom.",
    "host": "Tell how hosts trust each other.",
    "lock": "Hold a lock of the cluster while something runs.",
    "maintenance": "Leave the cluster, nodes or resources alone for a while.",
    "metrics": "Print the state in the text format of Prometheus.",
    "monitor": "Show nodes, resources and events live.",
    "node": "Put nodes into standby or maintenance; set their attributes.",
    "panic": "Tell the others from a crash kernel that this machine has panicked.",
    "pcsd": "Show which nodes' daemons are here.",
    "property": "Show and set the options of the whole cluster.",
    "qdevice": "Tell what votes from outside of the cluster.",
    "quorum": "Show and configure the right to act.",
    "ra": "List agents, and show what they take.",
    "recipe": "Build what is often wanted from a few values.",
    "redo": "Make a change again that was undone.",
    "report": "Put all that tells of a fault into one file.",
    "resource": "Create, change, move and delete what the cluster runs.",
    "ring": "Show how this node is connected to the others.",
    "rule": "Test rules, and tell when they turn.",
    "sam": "Run a program under watch.",
    "shell": "Work at a prompt: levels, completion, one working copy.",
    "simulate": "Show what the cluster would do.",
    "site": "Grant and revoke tickets, in crm's words.",
    "status": "Show what runs where, and what is wrong.",
    "stonith": "Configure fence devices; fence nodes.",
    "store": "Read and write values that all nodes of a view hold.",
    "tag": "Name sets of resources.",
    "ticket": "Grant and revoke tickets of this site.",
    "transition": "Show, draw and replay what was decided.",
    "undo": "Take a change back.",
    "witness": "Vote in clusters from a machine outside of them.",
    "why": "Tell why something runs where it does, or does not.",
}

root = Root(
    "pcsx",
    help="""pcsx keeps services running when machines die. It is both the daemon on every node and
    the command line of the administrator.

    \b
    Example: see what runs where
        pcsx status
    Example: a virtual address, checked every ten seconds
        pcsx resource create vip ocf:heartbeat:IPaddr2 ip=10.0.0.9 op monitor interval=10s
    Example: work on a file instead of the running cluster
        pcsx -f cib.xml resource config
    """,
    context_settings={"help_option_names": []},
)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def unknown_word(word: str, known: list[str]) -> PcsxError:
    """Return the error for *word*, which names no command; near misses are its hint."""
    import difflib

    near = difflib.get_close_matches(word, known, 3)
    hint = f"Did you mean: {', '.join(near)}?" if near else "pcsx --help lists the commands."
    return Refused([Finding.error("unknown-command", word, f"no command '{word}'", hint=hint)])


def run(argv: list[str]) -> int:
    """Run one invocation and return its exit status; what it has to say is printed."""
    return run_words(root, argv)


__all__ = ["BUG", "Root", "Severity", "root", "run"]
