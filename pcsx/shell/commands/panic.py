"""`pcsx panic`: what a crash kernel runs, so that the others need not wait for silence."""

from __future__ import annotations

from importlib import import_module

import click

from pcsx.shell.run import Run


@click.command("panic", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--file", "path", metavar="FILE", help="What the daemon left; else by its settings.")
@click.option("--config", metavar="FILE", help="The daemon's settings: /etc/pcsx/pcsx.toml.")
@click.option("--force", is_flag=True, help="Say so though this is no crash kernel.")
@click.pass_obj
def command(run: Run, path: str | None, config: str | None, force: bool) -> None:
    """Tell the other nodes from a crash kernel that this machine's kernel has panicked.

    They take it out of the view and fence it at once, as if it had been silent for long. The
    daemon leaves what is said in a file where its setting panic_file names one; kdump calls this
    command, or the script in contrib/kdump where there is no Python. Elsewhere it is refused: the
    others would fence a node that works.

    \b
    Example: in a crash kernel whose root file system is that of the machine
        pcsx panic
    """
    say = import_module("pcsx.daemon.main").say_panic
    told, all = say(path, config, force=force or run.flag("force"))
    run.give({"told": told, "addresses": all})
    run.say(f"Told {told} of {all} addresses.")
    if not told:
        run.exit_status = 1
