"""`pcsx store`: typed values that all nodes of a view hold."""

from __future__ import annotations

import json

from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "store",
    """Read and write values that all nodes of a view hold in memory.

    A node writes under view.node.NAME. for itself; view.shared. is everybody's, and follows the
    side that had quorum when partitions merge. stats. and runtime. are what this node says of
    itself. Nothing of it outlives the cluster: what must last belongs into the configuration.

    \b
    Example:
        pcsx store set view.shared.release u32 12
    """,
)


@command.verb("get", usage="KEY")
def get(run: Run, words: list[str]) -> None:
    """Show the value of one key.

    \b
    Example:
        pcsx store get view.shared.release
    """
    from pcsx.errors import Failed
    from pcsx.protocol import StoreGet

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    entries = run.source.call(StoreGet(words[0]))["entries"]
    found = next((entry for entry in entries if entry[0] == words[0]), None)
    if found is None:
        raise Failed(f"there is no key {words[0]} in the store", "pcsx store list shows what is.")
    run.give({"key": found[0], "type": found[1], "value": found[2]})
    run.say(found[2])


@command.verb("list", usage="[PREFIX]")
def show(run: Run, words: list[str]) -> None:
    """List keys, types and values, those under PREFIX where one is given.

    \b
    Example:
        pcsx store list stats.ring.drop.
    """
    from pcsx.protocol import StoreGet

    if len(words) > 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    entries = run.source.call(StoreGet(words[0] if words else ""))["entries"]
    run.give([{"key": key, "type": kind, "value": value} for key, kind, value in entries])
    for key, kind, value in entries:
        run.say(f"{key} ({kind}) = {_one_line(value)}")


def _one_line(value: str) -> str:
    """Return *value* with line ends and other control characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


@command.verb("set", usage="KEY [TYPE] VALUE")
def put(run: Run, words: list[str]) -> None:
    """Write a value: a string, or of TYPE (i8 to u64, float, double, str, bytes in hexadecimal).

    \b
    Example:
        pcsx store set view.shared.release u32 12
    """
    from pcsx.protocol import StoreSet

    if len(words) not in (2, 3):
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    kind = words[1] if len(words) == 3 else "str"
    run.source.call(StoreSet(words[0], words[-1], kind))
    run.changed = True


@command.verb("delete", usage="KEY")
def delete(run: Run, words: list[str]) -> None:
    """Remove a key.

    \b
    Example:
        pcsx store delete view.shared.release
    """
    from pcsx.protocol import StoreSet

    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    run.source.call(StoreSet(words[0], "", ""))
    run.changed = True


@command.verb("watch", usage="[PREFIX]", options=("revision",))
def watch(run: Run, words: list[str]) -> None:
    """Show what there is under PREFIX, then every change, each once, until Ctrl-C.

    With --revision R it goes on after that revision, or says resync where that is too long ago.

    \b
    Example:
        pcsx store watch view.shared.
    """
    from pcsx.client import watch_store

    if len(words) > 1:
        raise args.misused(run.usage)
    run.live_only("it asks the cluster")
    with watch_store(words[0] if words else "", run.option("revision")) as changes:
        for line in changes:
            if run.as_json:
                print(json.dumps(line), flush=True)
                continue
            if "entries" in line:
                lead = "resync " if line["resync"] else ""
                print(f"{lead}revision {line['revision']}", flush=True)
            for key, kind, value in line.get("entries", ()):
                print(f"{key} ({kind}) = {_one_line(value)}", flush=True)
            if "key" in line:
                text = (
                    f"({line['type']}) = {_one_line(line['value'])}" if line["type"] else "is gone"
                )
                print(f"{line['key']} {text}", flush=True)
