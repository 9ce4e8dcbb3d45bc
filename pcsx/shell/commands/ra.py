"""`pcsx ra`: agents, by crm's words for them."""

from __future__ import annotations

from pcsx.shell.commands.resource import agents, debug
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "ra",
    """List agents, and show what they take.

    \b
    Example: what takes a virtual address?
        pcsx ra info ocf:heartbeat:IPaddr2
    """,
)


@command.verb("classes")
def classes(run: Run, words: list[str]) -> None:
    """List the standards of which an agent is here.

    \b
    Example:
        pcsx ra classes
    """
    agents.standards(run, words)


@command.verb("providers")
def providers(run: Run, words: list[str]) -> None:
    """List the providers of OCF agents that are here.

    \b
    Example:
        pcsx ra providers
    """
    agents.providers(run, words)


@command.verb("list", usage="[STANDARD[:PROVIDER]]")
def list_types(run: Run, words: list[str]) -> None:
    """List the types of agents, of one standard or provider if asked.

    \b
    Example:
        pcsx ra list ocf:heartbeat
    """
    agents.agents(run, words)


@command.verb("info", "meta", usage="AGENT", options=("full",))
def info(run: Run, words: list[str]) -> None:
    """Show what an agent is for, its parameters and the operations it advises.

    \b
    Example:
        pcsx ra info ocf:heartbeat:IPaddr2
    """
    agents.describe(run, words)


@command.verb("validate", usage="AGENT [NAME=VALUE]... [node=NODE]")
def validate(run: Run, words: list[str]) -> None:
    """Let an agent judge parameters, before there is a resource.

    \b
    Example:
        pcsx ra validate ocf:heartbeat:IPaddr2 ip=10.0.0.9
    """
    debug.validate_agent(run, words)
