"""`pcsx witness`: a vote from outside of the clusters; imported only when it is to run."""

from __future__ import annotations

from importlib import import_module

import click

from pcsx.shell.run import Run


@click.command(
    "witness",
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
    """Vote in clusters from a machine outside of them, so that one half of two may go on.

    Without a word it runs in the foreground and serves any number of clusters. token prints what
    admits one cluster, once; status shows the clusters; forget UUID gives a seat up. What a voter
    must never forget is on its disk before it answers: a witness that has lost its state directory
    is another one, and has to be added anew. Its options are shown by: pcsx witness --help

    \b
    Example: on the third machine
        pcsx witness
        pcsx witness token
    Example: on a node of the cluster
        pcsx quorum witness add TOKEN
    """
    run.exit_status = int(import_module("pcsx.daemon.main").witness_main(list(arguments)))
