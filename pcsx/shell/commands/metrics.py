"""`pcsx metrics`: the state in the text format of Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pcsx.shell.words import Verb

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def metrics(run: Run, words: list[str]) -> None:
    """Print the state of the cluster as metrics, in the text format of Prometheus.

    Where no daemon answers, pcsx_up is 0 and nothing else is told; the exit status is 0 then too,
    so that a collector keeps the sample.

    \b
    Example: for the textfile collector of the node exporter
        pcsx metrics > /var/lib/prometheus/node-exporter/pcsx.prom
    """
    from pcsx.errors import NoCluster
    from pcsx.shell.args import misused
    from pcsx.shell.commands.status import read_state
    from pcsx.shell.output.metrics import metrics as text_of

    if words:
        raise misused(run.usage)
    try:
        value, _ = read_state(run)
    except NoCluster:
        run.say(text_of(None).rstrip("\n"))
        return
    run.give(value)
    run.say(text_of(value).rstrip("\n"))


command: click.Command = Verb("metrics", metrics, usage="", options=())
