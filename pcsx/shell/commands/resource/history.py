"""`resource failcount`, `timing` and `op-history`: how operations went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pcsx.cib.document import Cib
from pcsx.cib.edit import read
from pcsx.errors import NoCluster, PcsxError
from pcsx.shell import args
from pcsx.shell.commands.resource.state import asked_of, interval_ms_of
from pcsx.shell.run import Run
from pcsx.shell.words import Level
from pcsx.values import add_scores, parse_score, score_text

FAILCOUNT = "[ID] [node=NODE] [operation=OPERATION [interval=INTERVAL]]"


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    register_failcount(level)
    level.verb("timing", usage="[ID] [node=NODE]")(timing)


def register_failcount(level: Level) -> None:
    """Add the counts of failures to *level*."""
    count = Level("failcount", "Show and forget how often resources failed.", default="show")
    count.verb("show", usage=FAILCOUNT, options=("full",))(show)
    count.verb("reset", usage=FAILCOUNT)(reset)
    level.add_command(count)


def failures(cib: Cib) -> Iterator[dict[str, str]]:
    """Yield each count of failures that a node keeps: resource, node, operation, count, last."""
    for state in cib.tree.iterfind("status/node_state"):
        values = {
            pair.get("name") or "": pair.get("value") or ""
            for pair in state.iterfind("transient_attributes//nvpair")
        }
        for name, count in sorted(values.items()):
            if not name.startswith("fail-count-"):
                continue
            rest = name.removeprefix("fail-count-")
            resource, _, operation = rest.rpartition("#")
            task, _, interval = operation.rpartition("_")
            yield {
                "resource": resource,
                "node": state.get("uname") or "",
                "operation": task,
                "interval": interval,
                "count": count,
                "last": values.get(f"last-failure-{rest}", ""),
            }


def show(run: Run, words: list[str]) -> None:
    """Show how often resources failed on which node; with --full in which operation.

    \b
    Example:
        pcsx resource failcount show web node=node1 operation=monitor interval=10s
    """
    id, options = asked_of(run, words, "node", "operation", "interval")
    wanted = dict(options)
    if "interval" in options:
        wanted["interval"] = str(interval_ms_of(options))
    found = [
        entry
        for entry in failures(run.cib())
        if not id or _is_of(entry["resource"], id)
        if all(entry[key] == value for key, value in wanted.items())
    ]
    run.give(found)
    if not found:
        run.say(f"No failcounts{_about(id, options)}")
    for resource in sorted({entry["resource"] for entry in found}):
        run.say(f"Failcounts{_about(resource, options)}")
        own = [entry for entry in found if entry["resource"] == resource]
        for node in sorted({entry["node"] for entry in own}):
            there = [entry for entry in own if entry["node"] == node]
            run.say(f"  {node}:" if run.flag("full") else f"  {node}: {_sum(there)}")
            for entry in there if run.flag("full") else ():
                run.say(f"    {entry['operation']} {entry['interval']}ms: {entry['count']}")


def _about(id: str, options: dict[str, str]) -> str:
    text = f" for operation '{options['operation']}'" if "operation" in options else ""
    if "interval" in options:
        text += f" with interval '{options['interval']}'"
    if id:
        text += f" {'of' if 'operation' in options else 'for'} resource '{id}'"
    return text + (f" on node '{options['node']}'" if "node" in options else "")


def _sum(entries: list[dict[str, str]]) -> str:
    total = 0
    for entry in entries:
        total = add_scores(total, parse_score(entry["count"]) or 0)
    return score_text(total)


def _is_of(id: str, resource: str) -> bool:
    return id == resource or id.partition(":")[0] == resource


def reset(run: Run, words: list[str]) -> None:
    """Forget failures, of all or of one operation, so that the cluster tries again.

    \b
    Example:
        pcsx resource failcount reset web node=node1 operation=monitor interval=10s
    """
    from pcsx.protocol import Cleanup

    run.live_only("it changes what the cluster remembers")
    id, options = asked_of(run, words, "node", "operation", "interval")
    wish = Cleanup(
        id,
        options.get("node", ""),
        operation=options.get("operation", ""),
        interval_ms=interval_ms_of(options),
    )
    run.give(run.source.call(wish))
    run.changed = True
    if run.wait_s is not None:
        run.settle()


def diaries(run: Run, resource: str, node: str = "") -> Iterator[dict[str, Any]]:
    """Yield what each node (or the one called *node*) tells of how operations went there."""
    from pcsx.protocol import Diary, GetStatus

    names = [node] if node else []
    if not names:
        known = run.source.call(GetStatus())["nodes"]
        names = [str(each["name"]) for each in known if each["online"]]
    for name in names:
        try:
            yield run.source.call(Diary(name, resource))
        except NoCluster:
            raise
        except PcsxError as error:
            if node:
                raise
            run.warn(f"{name} does not tell: {error}", code="no-diary", subject=name)


def timing(run: Run, words: list[str]) -> None:
    """Show how long operations take, beside their timeouts, and which timeout is advised.

    The times are those of the last 256 runs of each operation since the node's daemon started.

    \b
    Example:
        pcsx resource timing web
    """
    run.live_only("it asks the nodes")
    names, options = args.leading_and_pairs(words)
    if len(names) > 1 or set(options) - {"node"}:
        raise args.misused(run.usage)
    if names:
        read.require_resource(run.cib(), names[0])
    found = [
        {"node": told["node"], **times}
        for told in diaries(run, names[0] if names else "", options.get("node", ""))
        for times in told["times"]
    ]
    found.sort(key=lambda each: (each["resource"], each["task"], each["interval_ms"], each["node"]))
    run.give(found)
    if not found:
        run.say("No operation has run yet.")
        return
    from tabulate import tabulate

    rows = [
        [
            each["resource"],
            each["task"] + (f" {each['interval_ms'] // 1000}s" if each["interval_ms"] else ""),
            each["node"],
            each["runs"],
            f"{each['p50_ms'] / 1000:.2f} s",
            f"{each['p99_ms'] / 1000:.2f} s",
            each["late"] or "",
            f"{each['timeout_ms'] // 1000} s",
            f"{each['advised_ms'] // 1000} s",
        ]
        for each in found
    ]
    head = ["resource", "operation", "node", "runs", "p50", "p99", "late", "timeout", "advised"]
    run.say(tabulate(rows, head, tablefmt="plain"))
