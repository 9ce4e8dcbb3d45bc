"""`pcsx agent`: agents of resources and of fence devices, by one noun."""

from __future__ import annotations

from pcsx.shell.commands.resource import agents, debug
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "agent",
    """List agents, show what they take, and let them judge it.

    \b
    Example: would this address do?
        pcsx agent validate ocf:heartbeat:IPaddr2 ip=10.0.0.9
    """,
)


@command.verb("list", usage="[STANDARD[:PROVIDER]]")
def list_types(run: Run, words: list[str]) -> None:
    """List the types of agents, of one standard or provider if asked.

    \b
    Example:
        pcsx agent list ocf:heartbeat
    """
    agents.agents(run, words)


@command.verb("describe", usage="AGENT", options=("full",))
def describe(run: Run, words: list[str]) -> None:
    """Show what an agent is for, its parameters and the operations it advises.

    \b
    Example:
        pcsx agent describe stonith:fence_ipmilan
    """
    agents.describe(run, words)


@command.verb("validate", usage="AGENT [NAME=VALUE]... [node=NODE]")
def validate(run: Run, words: list[str]) -> None:
    """Let an agent judge parameters, before there is a resource.

    \b
    Example:
        pcsx agent validate ocf:heartbeat:IPaddr2 ip=10.0.0.9 cidr_netmask=24
    """
    debug.validate_agent(run, words)
