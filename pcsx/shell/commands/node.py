"""`pcsx node`: standby, maintenance, attributes and capacities of nodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pcsx.cib.document import Cib
from pcsx.cib.edit import nodes, read
from pcsx.cib.objects.document import Document
from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.commands.resource.update import require_numbers, utilization_text
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

command = Level(
    "node",
    """Put nodes into standby or maintenance; set their attributes.

    \b
    Example: move everything off a node before it is taken down
        pcsx node standby node1 --wait
    """,
)


class NotThere(Failed):
    """An attribute that was to be removed is not there; pcs tells that by status 2."""

    exit_status = 2


@command.verb("attribute", usage="[NODE [NAME=[VALUE]...]]", options=("name", "output-format"))
def attribute(run: Run, words: list[str]) -> None:
    """Show or set lasting attributes of nodes; an empty value removes.

    \b
    Example:
        pcsx node attribute node1 site=A
    """
    if len(words) < 2:
        form = run.output_format
        if form == "text":
            _tell(run, words, nodes.attributes(run.cib()), "Node Attributes")
        else:
            _tell_as(run, words, form)
        return
    values = args.pairs(words[1:])
    there = nodes.attributes(run.cib()).get(words[0], {})
    for name, value in values.items():
        if value == "" and name not in there and not run.flag("idempotent"):
            raise NotThere(f"attribute: '{name}' doesn't exist for node: '{words[0]}'")
    run.change(lambda base: nodes.set_attributes(base, words[0], values))


@command.verb("utilization", usage="[NODE [NAME=[NUMBER]...]]", options=("name",))
def utilization(run: Run, words: list[str]) -> None:
    """Show or set what a node has to give, as whole numbers.

    \b
    Example:
        pcsx node utilization node1 cpu=16 memory=65536
    """
    if len(words) < 2:
        _tell(run, words, nodes.utilization(run.cib()), "Node Utilization")
        return
    values = args.pairs(words[1:])
    require_numbers(values)
    if words[0] not in read.node_names(run.cib()):
        raise Failed(f"Unable to find a node: {words[0]}")
    run.change(lambda base: nodes.set_utilization(base, words[0], values))


def _tell_as(run: Run, words: list[str], form: str) -> None:
    """Show the nodes as callers of pcs read them, or the commands that set their attributes."""
    from pcsx.shell.output.nodes import attribute_commands, nodes_object

    if words and words[0] not in read.node_names(run.cib()):
        raise Failed(f"Unable to find a node: {words[0]}")
    configured = Document(run.cib()).nodes
    chosen = [node for node in configured if not words or node.uname == words[0]]
    value = nodes_object(chosen)
    run.give(value)
    name = run.option("name")
    commands = attribute_commands(chosen, name)
    run.say(json.dumps(value) if form == "json" else ";\n".join(commands))


def _tell(run: Run, words: list[str], found: Mapping[str, Mapping[str, str]], title: str) -> None:
    name = run.option("name")
    if words and words[0] not in found:
        raise Failed(f"Unable to find a node: {words[0]}")
    shown: dict[str, dict[str, str]] = {}
    for node, values in found.items():
        if words and node != words[0]:
            continue
        kept = {key: value for key, value in sorted(values.items()) if name in ("", key)}
        if kept:
            shown[node] = kept
    run.give(shown)
    run.say(utilization_text(title, shown))


def _states(name: str, *, on: bool) -> Callable[[Run, list[str]], None]:
    def change(run: Run, words: list[str]) -> None:
        names = _chosen(run, words)
        values = {name: "on" if on else ""}
        run.change(lambda base: nodes.set_on_all(base, names, values))

    return change


def _chosen(run: Run, words: list[str]) -> list[str]:
    if run.flag("all"):
        if words:
            raise wrong_words("Cannot specify both --all and a list of nodes.")
        return list(nodes.attributes(run.cib()))
    if words:
        return list(dict.fromkeys(words))
    if not run.is_live:
        raise wrong_words("Node(s) must be specified if -f is used")
    from pcsx.protocol import LobbyInfo

    return [str(run.source.call(LobbyInfo())["name"])]


_TEXTS = {
    "standby": "Move everything off nodes, and put nothing on them.",
    "unstandby": "Let nodes run resources again.",
    "maintenance": "Leave all resources of nodes alone: they run on, and nobody looks.",
    "unmaintenance": "Look after the resources of nodes again.",
}
_CRM = {"unstandby": ("online",), "unmaintenance": ("ready",)}
"""What crm calls them."""

for _verb, _text in _TEXTS.items():
    _body = _states(_verb.removeprefix("un"), on=not _verb.startswith("un"))
    _body.__doc__ = (
        f"{_text}\n\nWithout a node the one here is meant, with --all every node is.\n\n\b\n"
        f"Example:\n    pcsx node {_verb} node1 --wait"
    )
    command.verb(_verb, *_CRM.get(_verb, ()), usage="[NODE]...", options=("all",))(_body)


@command.verb("drain", usage="NODE...", options=())
def drain(run: Run, words: list[str]) -> None:
    """Move everything off nodes and wait until nothing runs there any more.

    \b
    Example:
        pcsx node drain node1 --wait=300
    """
    if not words:
        raise args.misused(run.usage)
    run.live_only("it waits for the cluster")
    run.change_without_wait(
        lambda base: nodes.set_on_all(base, list(dict.fromkeys(words)), {"standby": "on"})
    )
    run.settle()
    run.reread()
    left = _left_on(run.cib(), words)
    if left:
        raise Failed(f"still running: {', '.join(left)}", "pcsx status tells what holds them.")
    run.say(f"Nothing runs on {', '.join(words)}.")


def _left_on(cib: Cib, names: list[str]) -> list[str]:
    from pcsx.shell.output.running import running_on

    return [f"{id} on {name}" for name in names for id in running_on(cib, name)]
