"""`stonith create`, `update`, `config`, `status`, `list` and `describe`."""

from __future__ import annotations

from pcsx.agents.names import AgentName
from pcsx.shell import args
from pcsx.shell.agents import Agents
from pcsx.shell.commands.resource import update as resource_update
from pcsx.shell.commands.resource.agents import tell_agent, tell_agents
from pcsx.shell.commands.resource.create import add, given_operations, place_of
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb(
        "create",
        usage="ID AGENT [NAME=VALUE]... [op NAME OPTION=VALUE...]... [meta NAME=VALUE...]",
        options=(
            "group", "before", "after", "disabled", "no-default-ops", "agent-validation", "no-test",
        ),
    )(create)  # fmt: skip
    level.verb(
        "update",
        usage="ID [NAME=VALUE]... [op NAME OPTION=VALUE...]... [meta NAME=VALUE...]",
        options=("agent-validation",),
    )(update)
    level.verb("config", "show", usage="[ID]...", options=("output-format", "full"))(config)
    level.verb("status", usage="[ID] [node=NODE]", options=("hide-inactive", "full"))(status)
    level.verb("list", usage="[FILTER]", options=("nodesc",))(list_agents)
    level.verb("describe", usage="AGENT", options=("full",))(describe)


def create(run: Run, words: list[str]) -> None:
    """Create a fence device.

    \b
    Example:
        pcsx stonith create ipmi1 fence_ipmilan ip=10.9.0.1 username=admin \\
            password=secret pcmk_host_list=node1 op monitor interval=60s
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    id, agent, rest = words[0], words[1], words[2:]
    if ":" in agent:
        raise wrong_words(
            f"Invalid stonith agent name '{agent}'. Agent name cannot contain the ':' character, "
            "do not use the 'stonith:' prefix. List of agents can be obtained by using command "
            "'pcsx stonith list'."
        )
    parts = args.sections(rest, ("op", "meta"), once=("op",))
    given = args.pairs(args.flat(parts[""]))
    meta = args.pairs(args.flat(parts.get("meta")))
    ops = given_operations(args.flat(parts.get("op")), "op" in parts)
    place = place_of(run, {})
    add(run, id, f"stonith:{agent}", given, meta, ops, place, kind="stonith")


def update(run: Run, words: list[str]) -> None:
    """Change parameters, operations and meta attributes of a fence device.

    \b
    Example:
        pcsx stonith update ipmi1 ip=10.9.0.2
    """
    resource_update.change(run, words, kind="resource")


def config(run: Run, words: list[str]) -> None:
    """Show how fence devices are configured, as text, as commands or as JSON.

    \b
    Example:
        pcsx stonith config ipmi1
    """
    from pcsx.shell.output.resources import show_resources

    show_resources(run, words, stonith=True)


def status(run: Run, words: list[str]) -> None:
    """Show which fence devices are used, and from where.

    \b
    Example:
        pcsx stonith status
    """
    from pcsx.shell.output.running import show_running

    show_running(run, words, stonith=True)


def list_agents(run: Run, words: list[str]) -> None:
    """List the fence agents that are here, with what they are for.

    \b
    Example:
        pcsx stonith list ipmi
    """
    tell_agents(run, words, stonith=True)


def describe(run: Run, words: list[str]) -> None:
    """Show the parameters of a fence agent.

    \b
    Example:
        pcsx stonith describe fence_ipmilan
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    tell_agent(run, Agents(run), AgentName("stonith", "", words[0].removeprefix("stonith:")))
