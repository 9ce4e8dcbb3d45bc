"""`pcsx host`: pcs's words for trust between hosts, which the cluster's keys are here."""

from __future__ import annotations

from typing import Final

from pcsx.errors import Elsewhere
from pcsx.protocol import GetStatus
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "host",
    """Tell how hosts trust each other: by keys that are made when a node joins, not by passwords.

    \b
    Example:
        pcsx host auth node2
    """,
)
HOW: Final = (
    "A new cluster: pcsx cluster setup NAME NODE...\n"
    "One more node: pcsx cluster token here, then on the node pcsx cluster join TOKEN"
)


@command.verb("auth", usage="[NODE [addr=ADDRESS]]...", options=("u", "p"))
def auth(run: Run, words: list[str]) -> None:
    """Tell whether nodes are trusted: those of this cluster are, by its keys.

    \b
    Example:
        pcsx host auth node2
    """
    run.live_only("it is about the running cluster")
    known = [str(node["name"]) for node in run.source.call(GetStatus())["nodes"]]
    asked = [word for word in words if "=" not in word] or known
    strange = [name for name in asked if name not in known]
    if strange:
        raise Elsewhere(f"not of this cluster, so not trusted by it: {', '.join(strange)}", HOW)
    run.changed = False
    run.give(dict.fromkeys(asked, "trusted"))
    for name in asked:
        run.say(f"{name}: Already authorized by the cluster's keys")


@command.verb("deauth", usage="[NODE]...")
def deauth(run: Run, words: list[str]) -> None:
    """Tell that nodes of a cluster trust each other until one is taken out.

    \b
    Example:
        pcsx host deauth node2
    """
    auth(run, words)
    run.warn(
        "No trust was taken away: it ends when a node leaves",
        code="elsewhere",
        hint="pcsx cluster node remove NODE",
    )
