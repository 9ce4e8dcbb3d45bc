"""`pcsx quorum`: the right to act, and how far it is from being lost."""

from __future__ import annotations

from typing import Any

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "quorum",
    """Show the right to act: who votes, how many votes are needed, and what a loss would mean.

    \b
    Example:
        pcsx quorum status
    """,
    default="status",
)


def _told(run: Run) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from pcsx.protocol import GetStatus

    run.live_only("it asks the cluster")
    answer = run.source.call(GetStatus())
    return answer["cluster"], answer["nodes"]


@command.verb("status", usage="")
def status(run: Run, words: list[str]) -> None:
    """Show whether there is quorum, by which votes, and why.

    \b
    Example:
        pcsx quorum status
    """
    if words:
        raise args.misused(run.usage)
    cluster, nodes = _told(run)
    run.give(
        {
            **{
                name: cluster.get(name)
                for name in (
                    "quorate", "votes", "expected_votes", "needed_votes", "quorum_reason", "leader",
                )
            },
            "nodes": [{"name": node["name"], "online": node["online"]} for node in nodes],
        }
    )  # fmt: skip
    run.say(f"Quorate: {'yes' if cluster['quorate'] else 'no'}")
    run.say(f"Votes: {cluster.get('votes', 0)} of {cluster.get('expected_votes', 0)}")
    run.say(f"Needed: {cluster.get('needed_votes', 0)}")
    if cluster.get("quorum_reason"):
        run.say(f"Because: {cluster['quorum_reason']}")
    for node in nodes:
        run.say(f"  {node['name']}: {'online' if node['online'] else 'offline'}")


@command.verb("explain", usage="")
def explain(run: Run, words: list[str]) -> None:
    """Tell what the loss of each node, and of more of them, would mean.

    \b
    Example:
        pcsx quorum explain
    """
    if words:
        raise args.misused(run.usage)
    cluster, nodes = _told(run)
    votes, needed = int(cluster.get("votes", 0)), int(cluster.get("needed_votes", 0))
    spare = max(0, votes - needed)
    online = [node["name"] for node in nodes if node["online"]]
    run.give({"votes": votes, "needed": needed, "spare": spare, "online": online})
    if not cluster["quorate"]:
        run.say("There is no quorum: nothing is started, and no-quorum-policy says what stops.")
    elif spare:
        word = "node" if spare == 1 else "nodes"
        run.say(f"{spare} more {word} may be lost; the others go on.")
    else:
        run.say("If one more node is lost, the others have no majority of votes.")
