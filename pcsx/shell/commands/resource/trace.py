"""`resource trace` and `untrace`: what agents do step by step, and what those that failed did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from pcsx.cib.agents import ALL, TRACE
from pcsx.cib.edit import read, resources
from pcsx.shell import args
from pcsx.shell.commands.resource.history import diaries
from pcsx.shell.run import Run
from pcsx.shell.words import Level

_LONG_AGO: Final = "1970-01-01T00:00:00+00:00"


class TraceLevel(Level):
    """A level whose first word may be a resource at once: `trace web` is `trace on web`."""

    def takes_default(self, words: list[str]) -> bool:
        """Take any word that is no verb for a resource."""
        return True


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    trace = TraceLevel(
        "trace",
        """Have agents show each of their steps, and look at what they showed.

        Tracing restarts nothing. What was traced, and what an operation that failed said last,
        is kept by the node where it ran, and shown by 'trace show'.

        \b
        Example:
            pcsx resource trace web start
            pcsx resource trace show web
        """,
        default="on",
    )
    trace.verb("on", usage="ID [OPERATION]...")(on)
    trace.verb("show", usage="ID [OPERATION] [node=NODE]")(show)
    level.add_command(trace)
    level.verb("untrace", usage="ID")(off)


def on(run: Run, words: list[str]) -> None:
    """Trace a resource from now on: all its operations, or those named.

    \b
    Example:
        pcsx resource trace web monitor
    """
    if not words:
        raise args.misused(run.usage)
    tasks = " ".join(words[1:]) or ALL
    run.change(lambda base: resources.set_meta(base, words[0], {TRACE: tasks}))
    run.note(f"Tracing '{words[0]}': {tasks}. Look: pcsx resource trace show {words[0]}")


def off(run: Run, words: list[str]) -> None:
    """Trace a resource no longer.

    \b
    Example:
        pcsx resource untrace web
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    run.change(lambda base: resources.set_meta(base, words[0], {TRACE: ""}))


def show(run: Run, words: list[str]) -> None:
    """Show what operations did that were traced or failed, and what those that hung waited for.

    \b
    Example:
        pcsx resource trace show web start
    """
    run.live_only("it asks the nodes")
    names, options = args.leading_and_pairs(words)
    if not 1 <= len(names) <= 2 or set(options) - {"node"}:
        raise args.misused(run.usage)
    read.require_resource(run.cib(), names[0])
    found = stories(run, names[0], options.get("node", ""))
    if len(names) == 2:
        found = [story for story in found if story["task"] == names[1]]
    run.give(found)
    if not found:
        run.say(f"No operation of '{names[0]}' was traced or has failed since its daemons started.")
    for story in found:
        run.say("\n".join(story_lines(story)))


def stories(run: Run, resource: str, node: str = "") -> list[dict[str, Any]]:
    """Return what the nodes keep of operations of *resource*, newest first."""
    found = [
        {"node": told["node"], **story}
        for told in diaries(run, resource, node)
        for story in told["stories"]
    ]
    return sorted(found, key=lambda story: -int(story["wall_s"]))


def show_failures(run: Run, node: str = "") -> None:
    """Show every operation that failed, on all nodes or on *node*, and fencing that failed."""
    from pcsx.pe.state import status_object
    from pcsx.protocol import FenceHistory
    from pcsx.shell.commands.stonith.fencing import told

    run.live_only("it asks the nodes")
    known = [story for story in stories(run, "", node) if not is_well(story)]
    value, _ = status_object(run.cib(), None, datetime.now(UTC))
    on_record = [each for each in value["failures"] if node in ("", each["node"])]
    found = [*known, *unexplained(on_record, known)]
    cases = run.source.call(FenceHistory())["history"]
    fencing = [case for case in cases if case["verdict"] == "failed" and not node]
    run.give({"operations": found, "fencing": fencing})
    if not found and not fencing:
        run.say("No operation has failed since the daemons started, and no fencing on record.")
    for story in found:
        run.say("\n".join(story_lines(story)))
    for case in fencing:
        run.say(told(case))


def is_well(story: dict[str, Any]) -> bool:
    """Return whether the story is kept only since its operation was traced."""
    return bool(story["traced"]) and story["status"] == 0 and story["rc"] in (0, 7, 8, 190, 191)


def unexplained(
    failures: list[dict[str, Any]], known: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return those of *failures*, as the status has them, of which no story is *known*.

    They have the shape of a story; what is not known of them is empty, or 0.
    """
    names = {(each["node"], each["resource"].partition(":")[0], each["task"]) for each in known}
    return [
        {
            "node": failure["node"], "resource": failure["resource"], "task": failure["task"],
            "interval_ms": failure["interval_ms"],
            "wall_s": int(datetime.fromisoformat(failure["at"] or _LONG_AGO).timestamp()),
            "rc": failure["exit_code"], "status": failure["op_status"],
            "reason": failure["reason"], "took_ms": 0, "timeout_ms": 0, "stdout": "", "stderr": "",
            "evidence": "", "traced": False,
        }
        for failure in failures
        if (failure["node"], failure["resource"].partition(":")[0], failure["task"]) not in names
    ]  # fmt: skip


def story_lines(story: dict[str, Any]) -> list[str]:
    """Return one operation's story as lines."""
    from pcsx.agents.outcome import RC_TEXT
    from pcsx.agents.types import Status

    when = datetime.fromtimestamp(int(story["wall_s"])).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    every = f" every {story['interval_ms'] // 1000}s" if story["interval_ms"] else ""
    end = f"{RC_TEXT.get(story['rc'], 'error')} ({story['rc']})"
    if story["status"] == Status.TIMEOUT:
        limit = f" within {story['timeout_ms'] / 1000:g} s" if story["timeout_ms"] else " in time"
        end = f"did not end{limit}"
    elif story["timeout_ms"]:
        end += f" after {story['took_ms']} ms"
    lines = [f"{when} {story['node']}: {story['resource']} {story['task']}{every}: {end}"]
    if story["reason"]:
        lines.append(f"  reason: {story['reason']}")
    if not story["timeout_ms"]:
        lines.append("  that node's daemon has begun anew since: nothing more is kept of it")
    if story["evidence"]:
        lines.append("  shortly before its time was up:")
        lines += _quoted(str(story["evidence"]))
    for name in ("stdout", "stderr"):
        if text := str(story[name]).strip():
            word = "steps and output" if story["traced"] and name == "stderr" else f"last {name}"
            lines.append(f"  {word}:")
            lines += _quoted(text)
    return lines


def _quoted(text: str) -> list[str]:
    """Return the lines of *text*, which anybody may have written: nothing in it rules a screen."""
    return [
        "    " + "".join(char if char.isprintable() or char == "\t" else "?" for char in line)
        for line in text.splitlines()
    ]
