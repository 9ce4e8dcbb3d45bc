"""`pcsx status`: what runs where and what is wrong, on one screen."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any, Final

from pcsx.cib.document import Cib
from pcsx.errors import NoCluster
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

UNKNOWN: Final = 3
"""What monitoring is told when nobody knows."""

command = Level(
    "status",
    """Show what runs where, and what is wrong.

    \b
    Example: for a person
        pcsx status
    Example: for monitoring; the exit status is 0 well, 1 warning, 2 critical, 3 unknown
        pcsx status --check
    """,
    default="cluster-wide",
)

OPTIONS = ("full", "hide-inactive", "by-node", "check", "quiet", "watch")
LOOK_S: Final = 0.5
"""How often --watch looks."""


def read_state(run: Run) -> tuple[dict[str, Any], Any]:
    """Return the state as `pcsx-status/1`, and the engine's reading that it comes from."""
    from pcsx.pe.state import status_object

    if not run.is_live:
        return status_object(run.cib(), None, datetime.now(UTC))
    from pcsx.protocol import GetStatus

    live = run.source.call(GetStatus())
    return status_object(Cib.from_bytes(live["cib"].encode()), live, datetime.now(UTC))


@command.verb("cluster-wide", "status", usage="", options=OPTIONS)
def status(run: Run, words: list[str]) -> None:
    """Show the whole state: a headline, what is wrong with a next command, nodes, resources.

    \b
    Example:
        pcsx status --json
    """
    if words:
        raise args.misused(run.usage)
    try:
        value, work = read_state(run)
    except NoCluster as error:
        if run.flag("check"):
            run.say(f"UNKNOWN: {error}")
            run.exit_status = UNKNOWN
            return
        raise
    run.give(value)
    if run.flag("check"):
        _check(run, value)
    elif run.flag("watch") and not run.as_json:
        _watch(run)
    else:
        run.say(_screen(run, value, work))


def _screen(run: Run, value: dict[str, Any], work: Any) -> str:
    from pcsx.pe.state import running_lines
    from pcsx.shell.output.status import signs, status_lines

    running = running_lines(work, hide_inactive=run.flag("hide-inactive"))
    return "\n".join(status_lines(value, running, full=run.flag("full"), signs=signs()))


def _watch(run: Run) -> None:
    """Show the state now and whenever it is another, until somebody interrupts."""
    shown = ""
    while True:
        try:
            text = _screen(run, *read_state(run))
        except NoCluster as error:
            text = str(error)
        if text != shown:
            clear = "\033[H\033[2J" if sys.stdout.isatty() else ""
            print(f"{clear}{text}\n", flush=True)
            shown = text
        time.sleep(LOOK_S)
        run.reread()


def _check(run: Run, value: dict[str, Any]) -> None:
    from pcsx.shell.output.status import severity_of

    run.exit_status = severity_of(value)
    word = ("OK", "WARNING", "CRITICAL")[run.exit_status]
    texts = [problem["text"] for problem in value["problems"]]
    counts = value["counts"]
    running = f"{counts['nodes_online']} of {counts['nodes']} nodes online"
    run.say(f"{word}: {' '.join(texts) or running}")


@command.verb("resources", usage="[ID] [node=NODE]", options=("hide-inactive", "full"))
def resources(run: Run, words: list[str]) -> None:
    """Show which resources run where.

    \b
    Example:
        pcsx status resources web
    """
    from pcsx.shell.output.running import show_running

    show_running(run, words, stonith=False)


@command.verb("nodes", usage="[corosync | both | config]", options=("full",))
def nodes(run: Run, words: list[str]) -> None:
    """Show the nodes and what state they are in.

    \b
    Example:
        pcsx status nodes
    """
    if words not in ([], ["corosync"], ["both"], ["config"]):
        raise args.misused(run.usage)
    value, _ = read_state(run)
    run.give(value["nodes"])
    if words in (["corosync"], ["both"]):
        _members(run, value)
    if words == ["config"]:
        run.say("Pacemaker Nodes:")
        run.say(f" {' '.join(node['name'] for node in value['nodes'])}".rstrip())
    if words and words != ["both"]:
        return
    groups: dict[str, list[str]] = {
        "Online": [], "Standby": [], "Maintenance": [], "Offline": [], "Unclean": [],
    }  # fmt: skip
    for node in value["nodes"]:
        if node["unclean"]:
            word = "Unclean"
        elif not node["online"]:
            word = "Offline"
        elif node["standby"]:
            word = "Standby"
        else:
            word = "Maintenance" if node["maintenance"] else "Online"
        groups[word].append(node["name"])
    run.say("Pacemaker Nodes:")
    for word, names in groups.items():
        run.say(f" {word}: {' '.join(names)}".rstrip())


def _members(run: Run, value: dict[str, Any]) -> None:
    """Say which nodes are in the ring."""
    members = [node for node in value["nodes"] if node["type"] == "member"]
    run.say("Corosync Nodes:")
    for word, online in (("Online", True), ("Offline", False)):
        names = [node["name"] for node in members if node["online"] is online]
        run.say(f" {word}: {' '.join(names)}".rstrip())


@command.verb("cluster", usage="", options=("full",))
def cluster(run: Run, words: list[str]) -> None:
    """Show the headline alone, and the nodes.

    \b
    Example:
        pcsx status cluster
    """
    from pcsx.shell.output.status import headline

    value, _ = read_state(run)
    run.give({"cluster": value["cluster"], "nodes": value["nodes"]})
    run.say("Cluster Status:")
    run.say(f" {headline(value)}")


@command.verb("xml", usage="")
def as_xml(run: Run, words: list[str]) -> None:
    """Show the state as the XML that crm_mon prints.

    \b
    Example:
        pcsx status xml
    """
    from pcsx.shell.output.status_xml import status_xml

    if words:
        raise args.misused(run.usage)
    value, work = read_state(run)
    run.give(value)
    run.say(status_xml(value, work).rstrip("\n"))


def _other(name: str, text: str, path: str, verb: str) -> None:
    """Add the word *name*, which shows what another level shows."""

    def body(run: Run, words: list[str]) -> None:
        from importlib import import_module

        level = import_module(f"pcsx.shell.commands.{path}").command
        for part in verb.split():
            level = level.commands[part]
        level.body(run, [])

    body.__doc__ = f"{text}\n\n\b\nExample:\n    pcsx status {name}"
    command.verb(name, usage="", options=("full",))(body)


_other("corosync", "Show the members and the links, as pcsx ring status does.", "ring", "status")
_other("quorum", "Show how quorum stands, as pcsx quorum status does.", "quorum", "status")
_other(
    "qdevice", "Show the witness, as pcsx quorum witness status does.", "quorum", "witness status"
)
_other("booth", "Tell how booth shows its state.", "booth", "status")
_other("tickets", "Show the tickets of this site.", "ticket", "show")


@command.verb("pcsd", usage="[NODE]...")
def pcsd(run: Run, words: list[str]) -> None:
    """Show which nodes' daemons are here; the exit status is 2 where one is not.

    \b
    Example:
        pcsx status pcsd
    """
    from pcsx.shell.commands.pcsd import status as of_daemons

    of_daemons(run, words)


@command.verb("wait", usage="[SECONDS]")
def wait(run: Run, words: list[str]) -> None:
    """Wait until the cluster has done all that its configuration asks for.

    \b
    Example:
        pcsx status wait 60
    """
    if len(words) > 1 or (words and not words[0].isdigit()):
        raise args.misused(run.usage)
    run.live_only("it waits for the cluster")
    run.settle(float(words[0]) if words else None)


@command.verb(
    "query",
    usage="resource ID (exists | is-type TYPE | is-state STATE | get-nodes | ...)",
    options=("quiet",),
)
def query(run: Run, words: list[str]) -> None:
    """Ask one thing of a resource: the exit status is 0 for yes, 2 for no, 1 for a fault.

    \b
    Example:
        pcsx status query resource web is-state started
    """
    from pcsx.shell.output.query import answer

    if len(words) < 3 or words[0] != "resource":
        raise wrong_words("say what to ask", hint=f"Usage: {run.usage}")
    told = answer(run.cib(), words[1], words[2], words[3:])
    run.give(told.value)
    if not run.flag("quiet"):
        run.say(told.text)
    run.exit_status = told.exit_status
