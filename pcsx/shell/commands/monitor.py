"""`pcsx monitor`: the state of the cluster, live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pcsx.shell.words import Verb

if TYPE_CHECKING:
    from pcsx.shell.run import Run


def monitor(run: Run, words: list[str]) -> None:
    """Show nodes, resources and events on one screen that follows what happens.

    Keys: n, r and e open and close the panes of nodes, resources and events; f shows failures
    only; w tells why the resource under the cursor is where it is; s puts the node under the
    cursor into standby, or takes it out; / filters by name; q quits.

    \b
    Example:
        pcsx monitor
    """
    from pcsx.errors import Failed
    from pcsx.shell.args import misused
    from pcsx.shell.commands.status import read_state
    from pcsx.shell.monitor import Monitor

    if words:
        raise misused(run.usage)
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise Failed("the live screen needs a terminal", "pcsx status --json suits programs.")

    def look() -> dict[str, Any]:
        run.reread()
        return read_state(run)[0]

    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    Monitor(root, ["-f", run.file] if run.file else [], look).run()


command: click.Command = Verb("monitor", monitor, usage="", options=())
