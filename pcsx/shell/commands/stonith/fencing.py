"""`stonith fence`, `confirm` and `history`."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pcsx.errors import Failed, NoQuorum
from pcsx.shell import args
from pcsx.shell.asking import yes
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("fence", usage="NODE", options=("off",))(fence)
    level.verb("confirm", usage="NODE")(confirm)
    history = Level("history", "Show which nodes were fenced.", default="show")
    history.verb("show", usage="[NODE]")(show)
    history.verb("cleanup", usage="[NODE]")(cleanup)
    history.verb("update")(update)
    level.add_command(history)


def fence(run: Run, words: list[str]) -> None:
    """Fence a node now: reboot it, or switch it off.

    \b
    Example:
        pcsx stonith fence node2 --off
    """
    from pcsx.protocol import Fence

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it fences a node")
    action = "off" if run.flag("off") else "reboot"
    limit_s = run.wait_s or 120.0
    began_s = time.time()
    request = Fence(words[0], action, int(limit_s * 1000))
    try:
        answer = run.source.call(request, timeout_s=limit_s + 10)
    except NoQuorum as error:
        # Who led may be who was fenced: what was decided goes on under the next leader.
        answer = followed(run, words[0], began_s, limit_s, error)
    run.give(answer)
    if answer.get("ok") is False:
        raise Failed(
            f"Node '{words[0]}' was not fenced: {answer.get('reason', 'no device did it')}"
        )
    run.changed = True
    run.say(f"Node: {words[0]} fenced")


def followed(
    run: Run, node: str, began_s: float, limit_s: float, error: NoQuorum
) -> dict[str, Any]:
    """Return what came of a fencing of *node* on record since *began_s*; *error* if there is none.

    Asking anew could fence a node twice; the record says whether it was decided.
    """
    from pcsx.protocol import FenceHistory

    while time.time() < began_s + limit_s:
        time.sleep(0.2)
        try:
            history = run.source.call(FenceHistory(node))["history"]
        except NoQuorum:
            continue
        since = [case for case in history if case["began_s"] >= int(began_s)]
        if not since and time.time() > began_s + TOLD_S:
            raise error
        if since and since[-1]["verdict"] != "pending":
            return dict(since[-1])
    raise error


def confirm(run: Run, words: list[str]) -> None:
    """Give your word that a node is off, so that the cluster takes over what it ran.

    If the node still runs, data will be harmed: look at it first.

    \b
    Example:
        pcsx stonith confirm node2 --force
    """
    from pcsx.protocol import ConfirmFence

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it tells the cluster that a node is off")
    if not run.force:
        _ask(words[0])
    run.give(run.source.call(ConfirmFence(words[0])))
    run.changed = True
    run.say(f"Node: {words[0]} confirmed fenced")


def _ask(node: str) -> None:
    if not sys.stdin.isatty():
        raise Failed(
            f"to confirm that '{node}' is off, --force is needed",
            "If it is not off, data will be harmed: look at it first.",
        )
    question = (
        f"If node '{node}' is not powered off or still reaches shared resources, data will be "
        "harmed.\nAre you sure that it is off? [y/N] "
    )
    if not yes(question):
        raise Failed("Canceled")


def show(run: Run, words: list[str]) -> None:
    """Show all fencing that is on record, newest first.

    \b
    Example:
        pcsx stonith history node2
    """
    from pcsx.protocol import FenceHistory

    if len(words) > 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    found: list[dict[str, Any]] = run.source.call(FenceHistory(words[0] if words else ""))[
        "history"
    ]
    run.give(found)
    for entry in found:
        run.say(told(entry))
    if not found:
        run.say("No fencing is on record.")


def cleanup(run: Run, words: list[str]) -> None:
    """Forget the fencing on record of a node, or all; what is under way stays on record.

    \b
    Example:
        pcsx stonith history cleanup node2
    """
    from pcsx.protocol import ForgetFences

    if len(words) > 1:
        raise args.misused(run.usage)
    run.live_only("it changes what the cluster has on record")
    done = run.source.call(ForgetFences(words[0] if words else ""))
    run.give(done)
    run.changed = bool(done["forgotten"])
    of = f"node {words[0]}" if words else "all nodes"
    run.say(f"Cleaned up the fencing history of {of}: {done['forgotten']} entries")


def update(run: Run, words: list[str]) -> None:
    """Have all nodes know the same fencing history, which they do: it is in the cluster's log.

    \b
    Example:
        pcsx stonith history update
    """
    from pcsx.protocol import FenceHistory

    if words:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    count = len(run.source.call(FenceHistory())["history"])
    run.give({"entries": count})
    run.say(f"The log has the fencing history of all nodes: {count} entries")


TOLD_S: Final = 15.0
"""By then a decision that was made is known on every node that is left."""
DONE: Final = {"reboot": "was rebooted", "off": "was switched off", "on": "was switched on"}
WANTED: Final = {"reboot": "a reboot", "off": "switching off", "on": "switching on"}


def told(entry: Mapping[str, Any]) -> str:
    """Return one fencing on record as a sentence: when, whom, what came of it, who asked."""
    moment = datetime.fromtimestamp(entry.get("ended_s") or entry["began_s"]).astimezone()
    action, verdict = entry["action"], entry["verdict"]
    wanted = WANTED.get(action, action)
    if verdict == "done":
        text = f" {DONE.get(action, action)}"
        if entry.get("delegate"):
            text += f" by {entry['delegate']}"
        if entry.get("device"):
            text += f" with {entry['device']} in {entry.get('took_ms', 0) / 1000:.1f} s"
    elif verdict == "pending":
        text = f": {wanted} is under way"
    elif verdict == "void":
        text = f": {wanted} was called off"
    else:
        text = f": {wanted} FAILED"
    if entry.get("reason"):
        text += f" ({entry['reason']})"
    return f"{moment:%Y-%m-%d %H:%M:%S}  {entry['target']}{text}, asked for by {entry['origin']}"
