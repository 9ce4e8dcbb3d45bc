"""`pcsx confirm`: keep a change that was made on trial."""

from __future__ import annotations

from pcsx.protocol import Confirm
from pcsx.shell import args
from pcsx.shell.changes import changes_command
from pcsx.shell.run import Run


def confirm(run: Run, words: list[str]) -> None:
    """Tell the cluster to keep the change that *words* name, or all that are on trial."""
    if len(words) > 1:
        raise args.misused(run.usage)
    run.live_only("pcsx confirm")
    answer = run.source.call(Confirm(words[0] if words else ""))
    run.changed = True
    run.give(answer)
    for name in answer["kept"]:
        run.say(f"Change {name} stays.")


command = changes_command(
    "confirm",
    """Keep changes that were made with --confirmed TIME, before their time is over.

    Without a number, all that are on trial. What nobody confirms, the cluster takes back by
    itself, also when the terminal that made it is gone.

    \b
    Example:
        pcsx --confirmed 5m resource move web n2
        pcsx confirm
    """,
    usage="[ID]",
    body=confirm,
)
