"""`pcsx pcsd`: pcs's words for its daemon, which there is none of here."""

from __future__ import annotations

from typing import Final

from pcsx.errors import Failed, NoCluster
from pcsx.protocol import GetStatus
from pcsx.shell import elsewhere
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "pcsd",
    """Show which nodes' daemons are here; pcs's daemon there is none.

    \b
    Example:
        pcsx pcsd status
    """,
)
elsewhere.register_settled(
    command,
    {
        "certkey": "There are no certificates: nodes trust each other by the cluster's keys.",
        "sync-certificates": "There are no certificates to be sent: nodes have the cluster's keys.",
        "deauth": "There are no tokens: the daemon's socket knows who asks.",
    },
)
NOT_ALL: Final = 2
"""The exit status where a node is not here."""


@command.verb("status", usage="[NODE]...")
def status(run: Run, words: list[str]) -> None:
    """Show which nodes' daemons are here; the exit status is 2 where one is not.

    \b
    Example:
        pcsx pcsd status node2
    """
    run.live_only("it is about the running cluster")
    try:
        told = run.source.call(GetStatus())["nodes"]
    except NoCluster:
        if not words:
            raise
        told = []
    online = {str(node["name"]): bool(node["online"]) for node in told}
    if not (words or online):
        raise Failed("no nodes are known")
    shown = {
        name: "Online"
        if online.get(name)
        else "Offline"
        if name in online
        else "Not in this cluster"
        for name in words or online
    }
    run.give(shown)
    for name, state in shown.items():
        run.say(f"  {name}: {state}")
    if set(shown.values()) != {"Online"}:
        run.exit_status = NOT_ALL
