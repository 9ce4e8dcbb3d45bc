"""`pcsx why`: why a resource is where it is, why a node is fenced, and what would change it.

It decides again on the same document: the running cluster's, a file's, or that of a decision kept.
"""

from __future__ import annotations

from typing import Final

import click

from pcsx.errors import Usage
from pcsx.shell.decided import moment_of_file, past
from pcsx.shell.run import Run
from pcsx.shell.story import Story

EVERY: Final = "*"
"""For `--failed`: all that there is."""


@click.command("why", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("resource", required=False)
@click.option("--on", default="", metavar="NODE", help="Ask about this node alone.")
@click.option("--fenced", metavar="NODE", help="Why is this node fenced, or why not?")
@click.option("--moved", metavar="RESOURCE", help="Why does, or did, it move?")
@click.option(
    "--failed", metavar="[RESOURCE]", is_flag=False, flag_value=EVERY,
    help="What did its operations that failed do, or those of all?",
)  # fmt: skip
@click.option("--transition", type=int, metavar="N", help="As it was when N was decided.")
@click.option("-t", "--at", metavar="TIME", help="As if it were that time (ISO 8601).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    resource: str | None,
    on: str,
    fenced: str | None,
    moved: str | None,
    failed: str | None,
    transition: int | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Tell why a resource runs where it runs, or why it does not run, and what would change that.

    Each advice is tried on paper before it is given. With --transition N it is told of a past
    decision (see pcsx transition list); with -f of a file.

    \b
    Example: why does web not run?
        pcsx why web
    Example: why not on node2?
        pcsx why web --on node2
    Example: why was node3 fenced?
        pcsx why --fenced node3
    Example: what did the operations of web do that failed or hung?
        pcsx why --failed web
    Example: what has failed at all, and what did it do?
        pcsx why --failed
    """
    run: Run = click.get_current_context().obj
    if as_json:
        run.given["json"] = True
    if sum(word is not None for word in (resource, fenced, moved, failed)) != 1:
        raise Usage("name one resource, or a node with --fenced, or one with --moved or --failed")
    if failed is not None:
        from pcsx.shell.commands.resource import trace

        if failed == EVERY:
            trace.show_failures(run, on)
        else:
            trace.show(run, [failed, *([f"node={on}"] if on else [])])
        return
    asked = resource or moved or ""
    number = transition or 0
    if not number and run.is_live and (fenced or moved):
        number = _latest(run, fenced=fenced or "", moved=moved or "")
    cib, wall = past(run, number) if number else (run.cib(), moment_of_file(run, at))
    story = Story(cib, wall, sanitized=not run.is_live)
    if number and not transition:
        run.say(f"In transition {number}, decided {wall:%Y-%m-%d %H:%M:%S}:")
    if run.is_live and not number and any(node.unclean for node in story.work.nodes):
        from pcsx.protocol import GetStatus

        story.fencing = run.source.call(GetStatus())["cluster"].get("fencing", {})
    lines = story.of_node(fenced) if fenced else story.of_resource(asked, on, advise=moved is None)
    for line in lines:
        run.say(line)
    run.give(story.data | ({"transition": number} if number else {}))


def _latest(run: Run, *, fenced: str, moved: str) -> int:
    """Return the newest kept decision that fenced that node or moved that resource, or 0."""
    from pcsx.protocol import Transitions

    for row in run.source.call(Transitions())["transitions"]:
        if fenced and fenced in row["fenced"]:
            return int(row["number"])
        if moved and moved in row["moved"]:
            return int(row["number"])
    return 0
