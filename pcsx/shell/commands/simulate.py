"""`pcsx simulate`: what the cluster would do, on paper, with the options of `crm_simulate`.

Without an input option the running cluster's document is read, or the file of `-f`.
"""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from pcsx.cib.document import MAX_BYTES, Cib
from pcsx.cib.evaluate import integer_of, moment_of
from pcsx.errors import Failed, Usage
from pcsx.pe.emit import graph_xml
from pcsx.pe.transcript import Plan, Played, play
from pcsx.pe.transition import Transition
from pcsx.pe.wishes import Wishes
from pcsx.shell.run import Run

_NO_SCHEMA = (
    'Schema validation of configuration is disabled (support for validate-with set to "none" is '
    "deprecated and will be removed in a future release)"
)


TICKET_HELP = "Have the ticket granted, revoked, in standby or active."


@click.command("simulate", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-x", "--xml-file", metavar="FILE", help="Read the document from FILE (-: stdin).")
@click.option("-p", "--xml-pipe", is_flag=True, help="Read the document from stdin.")
@click.option("-L", "--live-check", is_flag=True, help="Read the running cluster's document.")
@click.option("-R", "--run", "run_", is_flag=True, help="Decide, and show what would be done.")
@click.option("-S", "--simulate", is_flag=True, help="Decide, and carry it out on paper.")
@click.option("-X", "--in-place", is_flag=True, help="As -S, and write the result back.")
@click.option("-s", "--show-scores", is_flag=True, help="Show the scores of resources on nodes.")
@click.option("-U", "--show-utilization", is_flag=True, help="Show what is left of capacities.")
@click.option("-A", "--show-attrs", is_flag=True, help="Show the attributes of nodes.")
@click.option("-c", "--show-failcounts", is_flag=True, help="Show what failed, and how often.")
@click.option("-Q", "--quiet", is_flag=True, help="Show nothing but scores and errors.")
@click.option("-G", "--save-graph", metavar="FILE", help="Write what is to be done as XML to FILE.")
@click.option("-D", "--save-dotfile", metavar="FILE", help="Write it as a picture in dot format.")
@click.option("--graph", metavar="FILE", help="Draw it: .svg, .dot or .xml by FILE's ending.")
@click.option("-a", "--all-actions", is_flag=True, help="In the picture: also what is not needed.")
@click.option("-I", "--save-input", metavar="FILE", help="Write the document that is decided on.")
@click.option("-O", "--save-output", metavar="FILE", help="Write the document that comes out.")
@click.option("-t", "--set-datetime", metavar="TIME", help="Pretend that it is TIME (ISO 8601).")
@click.option("-u", "--node-up", multiple=True, metavar="NODE", help="Bring a node online.")
@click.option("-d", "--node-down", multiple=True, metavar="NODE", help="Take a node offline.")
@click.option("-f", "--node-fail", multiple=True, metavar="NODE", help="Lose a node.")
@click.option("-i", "--op-inject", multiple=True, metavar="OP", help="Record RSC_TASK_MS@NODE=RC.")
@click.option("-F", "--op-fail", multiple=True, metavar="OP", help="Let RSC_TASK_MS@NODE=RC fail.")
@click.option("-q", "--quorum", metavar="BOOL", help="Have quorum, or lose it.")
@click.option("-w", "--watchdog", metavar="BOOL", help="Have a watchdog, or none.")
@click.option("-g", "--ticket-grant", multiple=True, metavar="TICKET", help="Grant a ticket.")
@click.option("-r", "--ticket-revoke", multiple=True, metavar="TICKET", help="Revoke a ticket.")
@click.option("-b", "--ticket-standby", multiple=True, metavar="TICKET", help="Suspend a ticket.")
@click.option("-e", "--ticket-activate", multiple=True, metavar="TICKET", help="End its standby.")
@click.option("--ticket", multiple=True, metavar="T=STATE", help=TICKET_HELP)
@click.option("--attribute", multiple=True, metavar="NAME=VALUE@NODE", help="Set an attribute.")
@click.option("--cleanup", multiple=True, metavar="RSC[@NODE]", help="Forget its failures.")
@click.option("-j", "--pending", is_flag=True, hidden=True)
@click.option("--text-fancy", is_flag=True, hidden=True)
@click.option("-V", "--verbose", count=True, hidden=True)
@click.option("--output-as", hidden=True)
@click.option("--output-to", hidden=True)
@click.option("-P", "--profile", hidden=True)
@click.option("-N", "--repeat", hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(**given: Any) -> None:
    """Show what the cluster would do.

    \b
    Example: what happens if node b dies?
        pcsx simulate -S --node-fail b
    Example: web's monitor finds it stopped on b, and the site loses a ticket; draw what follows
        pcsx simulate -R -i web:monitor@b=7 --ticket T=revoked --graph out.svg
    Example: why is it so, on a file of another cluster?
        pcsx simulate -x cib.xml -s
    """
    _refuse(given)
    gc.disable()  # One run and out: what it makes is needed until the end.
    run = click.get_current_context().obj
    this = run if isinstance(run, Run) else Run([])
    if given["as_json"]:
        this.given["json"] = True
    cib = _read(this, given)
    is_file = given["xml_pipe"] or given["xml_file"] is not None or this.file is not None
    plan = plan_of(cib, given, is_file=is_file)
    played = play(cib, plan)
    early = len(plan.warnings)
    for line in played.errors[:early]:
        print(line, file=sys.stderr, flush=True)
    if played.text and not this.as_json:
        sys.stdout.write("\n".join(played.text) + "\n")
        sys.stdout.flush()
    for line in played.errors[early:]:
        print(line, file=sys.stderr)
    _save(given, played)
    if this.as_json:
        this.give(_as_json(played))
    if this is not run and this.as_json:
        this.finish(None)
    gc.freeze()  # nor need Python look for circles in it before it ends
    if not played.complete:
        raise click.exceptions.Exit(1)


def _refuse(given: dict[str, Any]) -> None:
    """Refuse options of `crm_simulate` that have another form here, and tell which."""
    if given["output_as"] not in (None, "text"):
        raise Usage(f"--output-as {given['output_as']}: there are text (the default) and --json")
    if given["output_to"] not in (None, "-"):
        raise Usage("--output-to: write '> FILE' behind the command instead")
    if given["profile"] is not None or given["repeat"] is not None:
        raise Usage("--profile and --repeat: 'python -m tests.bench.scheduler' measures runs")


def _read(run: Run, given: dict[str, Any]) -> Cib:
    if given["live_check"]:
        return run.cib()
    name = "-" if given["xml_pipe"] else given["xml_file"]
    if name is None:
        return run.cib()
    try:
        if name == "-":
            text = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failed(f"Cannot read {name}: {error.strerror}") from error
    return Cib.from_bytes(text)


def plan_of(cib: Cib, given: dict[str, Any], *, is_file: bool) -> Plan:
    """Return what the options ask for."""
    real = datetime.now().astimezone()
    wall, time_line = real, ""
    recorded = integer_of(cib.tree.get("execution-date"))
    if given["set_datetime"] is not None:
        moment = moment_of(given["set_datetime"], real.tzinfo, real)
        if moment is None:
            raise Usage(f"'{given['set_datetime']}' is not a time (ISO 8601)")
        wall, time_line = moment, f"Setting effective cluster time: {given['set_datetime']}"
    elif recorded is not None:
        wall = datetime.fromtimestamp(recorded, UTC)
        time_line = f"Using the original execution date of: {wall:%Y-%m-%d %H:%M:%SZ}"
    tickets = _tickets(given["ticket"])
    wishes = Wishes(
        quorum=given["quorum"] and _WORDS.get(given["quorum"].lower(), given["quorum"]),
        watchdog=given["watchdog"],
        nodes_up=given["node_up"],
        nodes_down=given["node_down"],
        nodes_failed=given["node_fail"],
        tickets_granted=(*given["ticket_grant"], *tickets["grant"]),
        tickets_revoked=(*given["ticket_revoke"], *tickets["revoke"]),
        tickets_standby=(*given["ticket_standby"], *tickets["standby"]),
        tickets_activated=(*given["ticket_activate"], *tickets["activate"]),
        operations=tuple(_operation(text) for text in given["op_inject"]),
        attributes=given["attribute"],
        cleaned=given["cleanup"],
    )
    carry_out = bool(given["simulate"] or given["in_place"] or given["op_fail"])
    decide = carry_out or any(
        given[name]
        for name in (
            "run_",
            "show_scores",
            "show_utilization",
            "save_graph",
            "save_dotfile",
            "graph",
        )
    )
    warnings = (_NO_SCHEMA,) if cib.tree.get("validate-with") == "none" else ()
    return Plan(
        wall=wall,
        real=real,
        time_line=time_line,
        wishes=wishes,
        failures=tuple(_operation(text) for text in given["op_fail"]),
        schedule=decide or given["as_json"],
        carry_out=carry_out,
        scores=given["show_scores"],
        utilization=given["show_utilization"],
        quiet=given["quiet"],
        tell_attributes=given["show_attrs"],
        tell_failures=given["show_failcounts"],
        warnings=warnings,
        sanitized=is_file and not given["live_check"],
    )


_WORDS: Final = {"no": "false", "yes": "true", "off": "false", "on": "true"}
_TICKET: Final = {
    "granted": "grant", "revoked": "revoke", "standby": "standby", "active": "activate",
}  # fmt: skip
_OPERATION: Final = re.compile(r"([^:]+(?::\d+)?):([a-z_-]+)(?::(\d+))?@([^=]+)=(-?\d+)")


def _operation(text: str) -> str:
    """Return RSC:TASK[:MS]@NODE=RC in the older spelling RSC_TASK_MS@NODE=RC."""
    match = _OPERATION.fullmatch(text)
    if match is None:
        return text
    return f"{match[1]}_{match[2]}_{match[3] or 0}@{match[4]}={match[5]}"


def _tickets(given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the tickets by what becomes of them."""
    found: dict[str, list[str]] = {word: [] for word in _TICKET.values()}
    for text in given:
        name, _, state = text.rpartition("=")
        if not name or state not in _TICKET:
            raise Usage(f"--ticket {text}: write TICKET=STATE, STATE one of {', '.join(_TICKET)}")
        found[_TICKET[state]].append(name)
    return {word: tuple(names) for word, names in found.items()}


def _save(given: dict[str, Any], played: Played) -> None:
    if played.transition is not None:
        transition = played.transition
        _write(given["save_graph"], lambda: graph_xml(transition).encode())
        _write(given["save_dotfile"], lambda: _picture(given, played))
        if (name := given["graph"]) is not None:
            from pcsx.shell.output.transition_graph import DRAWN

            kind = name.rpartition(".")[2]
            if kind not in DRAWN:
                raise Usage(f"--graph {name}: the ending is one of {', '.join(DRAWN)}")
            _write(name, lambda: DRAWN[kind](transition).encode())
    if played.modified is not None:
        _write(given["save_input"], played.modified.to_bytes)
        final = played.after or played.modified
        _write(given["save_output"], final.to_bytes)
        if given["in_place"] and given["xml_file"] not in (None, "-"):
            _write(given["xml_file"], final.to_bytes)


def _picture(given: dict[str, Any], played: Played) -> bytes:
    from pcsx.pe.picture import picture

    assert played.work is not None
    return picture(played.work, every=given["all_actions"]).encode()


def _write(name: str | None, content: Callable[[], bytes]) -> None:
    if name is None:
        return
    try:
        Path(name).write_bytes(content())
    except OSError as error:
        raise Failed(f"Cannot write {name}: {error.strerror}") from error


def _as_json(played: Played) -> dict[str, Any]:
    return {
        "text": "\n".join(played.text),
        "actions": _actions(played.transition) if played.transition is not None else [],
        "reasons": [
            {"why": str(reason.why), "resource": reason.resource, "node": reason.node,
             "sentence": reason.sentence}
            for reason in (played.transition.reasons if played.transition is not None else ())
        ],
        "complete": played.complete,
    }  # fmt: skip


def _actions(transition: Transition) -> list[dict[str, Any]]:
    return [
        {
            "id": action.id,
            "kind": str(action.kind),
            "task": action.task,
            "key": action.key,
            "node": action.node,
            "resource": action.resource,
            "inputs": list(action.inputs),
        }
        for action in transition.actions
    ]
