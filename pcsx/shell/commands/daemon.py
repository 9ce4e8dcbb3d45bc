"""`pcsx daemon`: the cluster daemon in the foreground; imported only when it is to run."""

from __future__ import annotations

from importlib import import_module

import click

from pcsx.shell.run import Run


@click.command(
    "daemon",
    context_settings={
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "help_option_names": [],
    },
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(run: Run, arguments: tuple[str, ...]) -> None:
    """Run the cluster daemon in the foreground.

    Its own options are shown by: pcsx daemon --help

    \b
    Example: with other settings than those of the packaged place
        pcsx daemon --config /etc/pcsx/pcsx.toml
    """
    run.exit_status = int(import_module("pcsx.daemon.main").main(list(arguments)))
