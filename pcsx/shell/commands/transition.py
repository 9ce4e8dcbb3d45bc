"""`pcsx transition`: what was decided lately, each decision whole; drawn, and decided again."""

from __future__ import annotations

from typing import Any

from pcsx.errors import Failed
from pcsx.pe.emit import dot_name, graph_xml
from pcsx.pe.read.working_set import working_set
from pcsx.pe.reasons import Reason
from pcsx.pe.schedule import decide
from pcsx.pe.summary import summary_lines
from pcsx.pe.transition import Action, ActionKind, Transition
from pcsx.shell import args
from pcsx.shell.decided import Past, past_decision
from pcsx.shell.output.transition_graph import DRAWN
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "transition",
    """Show, draw and replay what the cluster decided.

    Each node keeps what its last decisions read and what came of them, on its disk. Asked on any
    node are that one's own, and those of the node that is in charge (the DC).

    \b
    Example: what was decided lately?
        pcsx transition list
    Example: what was done in number 12, and why?
        pcsx transition show 12
    """,
)


@command.verb("list", usage="", options=("limit",))
def list_(run: Run, words: list[str]) -> None:
    """List the decisions that this node and the one in charge keep, newest first.

    \b
    Example:
        pcsx transition list --limit 5
    """
    from pcsx.protocol import Transitions

    if words:
        raise args.misused(run.usage)
    run.live_only("decisions are kept by the daemon")
    rows: list[dict[str, Any]] = run.source.call(Transitions())["transitions"]
    limit = run.option("limit")
    if limit and not limit.isdecimal():
        raise Failed(f"--limit={limit} is not a number")
    rows = rows[: int(limit)] if limit else rows
    run.give({"transitions": rows})
    if not rows:
        run.say("No decision is kept here or on the node in charge.")
    for row in rows:
        run.say(_row(row))


def _row(row: dict[str, Any]) -> str:
    parts = [f"fences {', '.join(row['fenced'])}"] if row["fenced"] else []
    if row["moved"]:
        names = row["moved"]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        parts.append(f"changes {', '.join(names[:4])}{more}")
    count = f"{row['actions']} action{'' if row['actions'] == 1 else 's'}"
    return f"{row['number']:>5}  {row['wall']}  {row['node']}  {count}, {row['outcome']}" + (
        f": {'; '.join(parts)}" if parts else ""
    )


@command.verb("show", usage="NUMBER", options=("full",))
def show(run: Run, words: list[str]) -> None:
    """Show what a decision was: what was to be done, in order, and the reasons of it.

    With --full also what was noted about resources that stay as they are.

    \b
    Example:
        pcsx transition show 12
    """
    past = _past(run, words)
    transition = past.transition
    if transition is None:
        run.give({"number": past.number, "outcome": past.outcome})
        run.say(f"Transition {past.number} broke off: {past.outcome}")
        return
    work = working_set(past.cib, past.wall)
    decide(work)
    lines = list(dict.fromkeys(line.strip() for line in summary_lines(work) if line.strip()))
    done = [action for action in transition.actions if action.kind is not ActionKind.PSEUDO]
    reasons = _reasons(transition, everything=run.flag("full"))
    run.say(f"Transition {past.number}, {past.wall:%Y-%m-%d %H:%M:%S}: {past.outcome}")
    for title, texts in (
        ("Summary", lines),
        ("Actions", [f"{action.id:>4}  {dot_name(action)}" for action in done]),
        ("Reasons", [reason.sentence for reason in reasons]),
    ):
        run.say(f"{title}:")
        for text in texts or ["nothing"]:
            run.say(f"  {text}")
    run.give(
        {
            "number": past.number,
            "wall": past.wall.isoformat(),
            "outcome": past.outcome,
            "summary": lines,
            "actions": [_action(action) for action in transition.actions],
            "reasons": [
                {"why": str(one.why), "resource": one.resource, "node": one.node,
                 "facts": list(one.facts), "sentence": one.sentence}
                for one in reasons
            ],
        }
    )  # fmt: skip


def _reasons(transition: Transition, *, everything: bool) -> list[Reason]:
    """Return the reasons for what changes, or all."""
    touched = {a.resource for a in transition.actions} | {a.instance for a in transition.actions}
    fenced = {a.node for a in transition.actions if a.task == "stonith"}
    return [
        reason
        for reason in transition.reasons
        if everything
        or reason.resource in touched
        or (not reason.resource and reason.node in fenced)
    ]


def _action(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "kind": str(action.kind),
        "task": action.task,
        "key": action.key,
        "node": action.node,
        "resource": action.resource,
        "inputs": list(action.inputs),
    }


@command.verb("graph", usage="NUMBER [FILE]", options=("format",))
def graph(run: Run, words: list[str]) -> None:
    """Draw a decision: what waits for what, as SVG (or dot or xml, by FILE's ending or --format).

    Without FILE it is printed.

    \b
    Example:
        pcsx transition graph 12 last.svg
    """
    past = _past(run, words[:1], more=words[1:])
    if past.transition is None:
        raise Failed(f"transition {past.number} broke off, there is nothing to draw")
    ending = words[1].rpartition(".")[2] if len(words) > 1 else ""
    kind = run.option("format") or (ending if ending in DRAWN else "svg")
    if kind not in DRAWN:
        raise Failed(f"'{kind}' is no picture", f"Known are: {', '.join(DRAWN)}.")
    text = DRAWN[kind](past.transition)
    if len(words) == 1:
        run.say(text.rstrip("\n"))
        return
    _write(words[1], text)
    run.give({"file": words[1], "format": kind})


def _write(name: str, text: str) -> None:
    from pathlib import Path

    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"cannot write {name}: {error.strerror}") from error


@command.verb("replay", usage="NUMBER")
def replay(run: Run, words: list[str]) -> None:
    """Decide again on what a decision read, and say whether the same came of it, byte for byte.

    Ends with status 1 where it did not, or where this program is of another version.

    \b
    Example:
        pcsx transition replay 12
    """
    past = _past(run, words)
    again = decide(working_set(past.cib, past.wall))
    if past.transition is None:
        run.give({"number": past.number, "same": None, "outcome": past.outcome})
        run.say(f"It broke off then ({past.outcome}); now {len(again.actions)} actions come of it.")
        return
    same = again.canonical() == past.transition.canonical()
    run.give({"number": past.number, "same": same, "actions": len(again.actions)})
    if same:
        run.say(f"Transition {past.number}: the same bytes came out, {len(again.actions)} actions.")
        return
    before, after = graph_xml(past.transition).splitlines(), graph_xml(again).splitlines()
    import difflib

    run.say(f"Transition {past.number}: something else came out:")
    for line in list(difflib.unified_diff(before, after, "then", "now", "", "", 1, ""))[:40]:
        run.say(line)
    run.exit_status = 1


def _past(run: Run, words: list[str], more: list[str] | None = None) -> Past:
    if len(words) != 1 or len(more or ()) > 1 or not words[0].isdecimal() or not int(words[0]):
        raise args.misused(run.usage)
    return past_decision(run, int(words[0]))
