"""`pcsx maintenance`: leave the cluster, nodes or resources alone for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pcsx.cib.document import Cib
from pcsx.cib.edit import nodes, properties, resources
from pcsx.cib.plain import unseal
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level
from pcsx.values import parse_bool

command = Level(
    "maintenance",
    """Leave the cluster, nodes or resources alone: what runs goes on, and nobody looks after it.

    \b
    Example: for two hours at most
        pcsx maintenance on --for 2h
    """,
    default="status",
)


@command.verb("on", usage="", options=("for", "node", "resource"))
def turn_on(run: Run, words: list[str]) -> None:
    """Begin maintenance of the cluster, or of one node or resource.

    With --for TIME it ends by itself after that time, unless pcsx confirm makes it last.

    \b
    Example: a node, for half an hour
        pcsx maintenance on --node n2 --for 30m
    """
    if words:
        raise args.misused(run.usage)
    if run.option("for"):
        run.take({"confirmed": run.option("for")})
    _turn(run, on=True)


@command.verb("off", usage="", options=("node", "resource"))
def turn_off(run: Run, words: list[str]) -> None:
    """End maintenance of the cluster, or of one node or resource.

    What is left is told: a node can be in maintenance by itself when the cluster is not.

    \b
    Example:
        pcsx maintenance off
    """
    if words:
        raise args.misused(run.usage)
    _turn(run, on=False)
    for what in in_maintenance(run.cib()):
        run.note(f"Still in maintenance: {what}", code="still-in-maintenance", subject=what)


def _turn(run: Run, *, on: bool) -> None:
    value = "true" if on else ""
    node, resource = run.option("node"), run.option("resource")
    edits: list[Callable[[Cib], Cib]] = []
    if node:
        edits.append(lambda cib: nodes.set_on_all(cib, [node], {"maintenance": value}))
    if resource:
        edits.append(lambda cib: resources.set_meta(cib, resource, {"maintenance": value}))
    if not edits:
        edits.append(lambda cib: properties.set_properties(cib, {"maintenance-mode": value}))
    run.change(lambda base: _all(base, edits))


def _all(cib: Cib, edits: Sequence[Callable[[Cib], Cib]]) -> Cib:
    for edit in edits:
        cib = edit(cib)
    return cib


@command.verb("status", "show")
def status(run: Run, words: list[str]) -> None:
    """Show what is in maintenance.

    \b
    Example:
        pcsx maintenance status
    """
    if words:
        raise args.misused(run.usage)
    found = in_maintenance(run.cib())
    run.give(found)
    run.say("\n".join(found) if found else "Nothing is in maintenance.")


def in_maintenance(cib: Cib) -> list[str]:
    """Return what is in maintenance by its own setting: the cluster, nodes, resources."""
    configuration = unseal(cib)
    found = []
    for section in configuration.children:
        for element in section.walk():
            if any(
                pair.get("name") in ("maintenance", "maintenance-mode")
                and parse_bool(pair.get("value"))
                for attributes in element.children
                for pair in attributes.all("nvpair")
            ):
                found.append(_named(element.tag, element.get("uname") or element.id))
    return found


def _named(tag: str, name: str) -> str:
    if tag == "crm_config":
        return "the cluster"
    return f"node {name}" if tag == "node" else f"resource {name}"
