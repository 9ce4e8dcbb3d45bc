"""`pcsx group`: closed process groups, whose members see the same messages in the same order."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "group",
    """Send messages to process groups and watch them: all members see the same, in one order.

    \b
    Example:
        pcsx group watch builders
    """,
    default="list",
)


def people(members: list[dict[str, Any]]) -> str:
    """Return processes as words."""
    return " ".join(f"{each['node']}:{each['pid']}" for each in members) or "nobody"


@command.verb("list")
def show(run: Run, words: list[str]) -> None:
    """List the groups and the processes in them.

    \b
    Example:
        pcsx group list
    """
    from pcsx.protocol import GroupList

    if words:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    groups = run.source.call(GroupList())["groups"]
    run.give(groups)
    for name, members in groups.items():
        run.say(f"{name}: {people(members)}")


@command.verb("send", usage="GROUP TEXT...", options=("safe",))
def send(run: Run, words: list[str]) -> None:
    """Join a group, say something to its members, and leave it.

    With --safe it ends well only once all members hold the message.

    \b
    Example:
        pcsx group send builders "release 12 is out"
    """
    from pcsx.client import Group, payload_of

    if len(words) < 2:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    text = " ".join(words[1:]).encode()
    with Group(words[0]) as group:
        group.next(run.request_timeout_s)
        group.send(text, safe=run.flag("safe"))
        while (line := group.next(run.request_timeout_s)) is not None:
            if "message" in line and payload_of(line) == text:
                break
    run.changed = True
    run.say(f"Said to {words[0]}.")


@command.verb("watch", usage="GROUP")
def watch(run: Run, words: list[str]) -> None:
    """Join a group and show who comes and goes and what is said, until Ctrl-C.

    With --json each line is one object.

    \b
    Example:
        pcsx group watch builders
    """
    from pcsx.client import Group, payload_of

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    with Group(words[0]) as group:
        for line in group:
            if run.as_json:
                if "message" in line:
                    line["message"] = b64encode(payload_of(line)).decode()
                print(json.dumps(line), flush=True)
            elif "message" in line:
                person = f"{line['from']['node']}:{line['from']['pid']}"
                print(f"{person}: {payload_of(line).decode(errors='replace')}", flush=True)
            else:
                print(f"members ({line['reason']}): {people(line['members'])}", flush=True)
