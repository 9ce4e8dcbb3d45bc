"""Words of `pcsx cluster` for when most voters are lost for good: `force-new` and `rejoin`."""

from __future__ import annotations

import sys

from pcsx.client import Client
from pcsx.errors import Failed
from pcsx.protocol import ClusterForceNew, ClusterRejoin, GetStatus
from pcsx.shell import args
from pcsx.shell.asking import typed, yes
from pcsx.shell.run import Run
from pcsx.shell.words import Level

REJOIN_S = 60.0


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("force-new", usage="[NODE]...", options=("accept-loss", "yes"))(force_new)
    level.verb("rejoin", options=("yes",))(rejoin)


def force_new(run: Run, words: list[str]) -> None:
    """Begin the cluster anew with this node alone, when most voters are lost for good.

    It goes against the right to decide, so it is yours: you answer for every other node, named or
    asked for, that it is OFF. Whatever still runs there would run twice, and harm its data. What
    only the lost nodes knew (changes that this node never heard of) is lost. Each answer is put on
    record as fencing by hand, with your name. The others are refused until they come over:
    pcsx cluster rejoin, on each.

    \b
    Example:
        pcsx cluster force-new --accept-loss n2 n3
    """
    run.live_only("pcsx cluster force-new")
    if not run.flag("accept-loss"):
        raise Failed(
            "what only the lost nodes knew will be lost, and what still runs there runs twice",
            "If quorum cannot come back: pcsx cluster force-new --accept-loss NODE...",
        )
    client = Client(timeout_s=run.request_timeout_s, only_asks=run.flag("dry-run"))
    status = client.call(GetStatus())
    me, name = status["cluster"]["me"], status["cluster"]["name"]
    others = [node["name"] for node in status["nodes"] if node["name"] != me]
    lost = list(dict.fromkeys(words))
    if sys.stdin.isatty() and not run.force:
        lost += [node for node in others if node not in lost and _is_off(node)]
    sure = run.force or run.flag("yes")
    if not sure and set(others) <= set(lost) and not typed(name, "to begin it anew without them"):
        raise Failed("nothing was begun anew", "--yes answers the last question beforehand.")
    answer = client.call(ClusterForceNew(tuple(lost)))
    run.changed = True
    run.give(answer)
    run.say(f"The cluster {name} begins anew with {me} alone, as lineage {answer['lineage']}.")
    if others:
        run.say(f"On each of {' '.join(others)}, once it is repaired: pcsx cluster rejoin.")


def rejoin(run: Run, words: list[str]) -> None:
    """Bring this node over to its cluster, which was begun anew without it (force-new).

    It gives up its own copy of the configuration, which is moved to `forgotten` in its state
    directory, and takes the cluster's. It then votes as it did.

    \b
    Example:
        pcsx cluster rejoin --yes
    """
    run.live_only("pcsx cluster rejoin")
    if words:
        raise args.misused(run.usage)
    if not (run.force or run.flag("yes") or _gives_up()):
        raise Failed("nothing was changed", "pcsx cluster rejoin --yes answers the question.")
    wait_s = run.wait_s or REJOIN_S
    client = Client(timeout_s=run.request_timeout_s, only_asks=run.flag("dry-run"))
    request = ClusterRejoin(int(wait_s * 1000))
    answer = client.call(
        request, lambda line: run.note(str(line.get("text", ""))), timeout_s=wait_s + 30
    )
    run.changed = True
    run.give(answer)
    run.say(f"This node is in the cluster {answer['cluster']} again.")


def _is_off(node: str) -> bool:
    return yes(f"Is {node} off for certain, or will it never start again? [y/N] ")


def _gives_up() -> bool:
    return sys.stdin.isatty() and yes("Give up what only this node knows? [y/N] ")
