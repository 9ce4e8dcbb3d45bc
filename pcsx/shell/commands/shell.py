"""`pcsx shell`: the prompt, with levels, completion and one working copy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pcsx.shell.words import Verb

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def shell(run: Run, words: list[str]) -> None:
    """Open the shell, or do the lines of a file or of standard input.

    Commands are levels and words: `resource`, then `status`, or `/resource status` from anywhere.
    TAB completes, `?` after any word explains it, `configure` collects changes until `commit`.
    A script ends at the first line that fails, with its exit status.

    \b
    Example: on a document in a file, without a cluster
        pcsx -f cib.xml shell
    Example: the lines of a file
        pcsx shell setup.txt
    """
    from pcsx.shell.args import misused
    from pcsx.shell.interpreter import run_script
    from pcsx.shell.session import read_file
    from pcsx.shell.tree import Tree

    if len(words) > 1:
        raise misused(run.usage)
    options = _options(run)
    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    tree = Tree(root)
    if words or not sys.stdin.isatty() or not sys.stdout.isatty():
        run.exit_status = run_script(tree, options, read_file(words[0] if words else "-"))
        return
    from pcsx.shell.app import App

    run.exit_status = App(tree, options).loop()


def _options(run: Run) -> list[str]:
    """Return the options that hold for every line."""
    options = []
    for name, value in run.given.items():
        lead = f"-{name}" if len(name) == 1 else f"--{name}"
        if value is True:
            options.append(lead)
        elif value:
            options += [lead, str(value)] if len(name) == 1 else [f"{lead}={value}"]
    return options


command: click.Command = Verb("shell", shell, usage="[SCRIPT]", options=())
