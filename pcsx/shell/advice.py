"""What agents say of a whole configuration: unknown agents and parameters, values shared that must
be unique, one power switch for two nodes, timeouts below what an agent advises. All findings at
once; none of them stops anything, since agents differ from node to node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pcsx.cib.edit.read import agents_everywhere, operations_of, parameters
from pcsx.errors import Finding, Severity
from pcsx.values import parse_duration_ms

if TYPE_CHECKING:
    from pcsx.agents import AgentMetadata
    from pcsx.cib.document import Cib
    from pcsx.shell.agents import Agents


def check_agents(cib: Cib, agents: Agents) -> list[Finding]:
    """Return what the agents that are known here have to say about their resources."""
    return [*_findings(cib, agents), *_switches(cib)]


def _findings(cib: Cib, agents: Agents) -> Iterator[Finding]:
    from pcsx.agents import parse_agent
    from pcsx.shell.agents import judge_parameters

    shared: dict[tuple[str, str, str], list[str]] = {}
    for id, agent in agents_everywhere(cib):
        name = parse_agent(agent)
        if name is None or name.standard not in ("ocf", "stonith"):
            continue
        metadata = agents.metadata(name)
        if metadata is None:
            yield Finding.warning(
                "agent-unknown", id, f"{id}: the agent {agent} is not installed on this node"
            )
            continue
        given = parameters(cib, id)
        kind = "stonith" if name.standard == "stonith" else "resource"
        for finding in judge_parameters(name, metadata, given, kind=kind):
            if finding.severity is Severity.ERROR:
                yield Finding.warning(finding.code, id, f"{id}: {finding.text}")
        for parameter in metadata.parameters:
            if parameter.unique and (value := given.get(parameter.name)):
                shared.setdefault((agent, parameter.name, value), []).append(id)
        yield from _timeouts(cib, id, metadata)
    for (agent, name_, value), ids in shared.items():
        if len(ids) > 1:
            yield Finding.warning(
                "value-shared", ids[0],
                f"{', '.join(ids)} all have {name_}={value}, which {agent} wants unique",
            )  # fmt: skip


def _switches(cib: Cib) -> Iterator[Finding]:
    """Tell of devices at one address that are said to cut different nodes: each cuts them all.

    A device with outlets (`plug`, `port`, or a map of hosts) may stand for many.
    """
    at: dict[tuple[str, str], dict[str, str]] = {}
    for id, agent in agents_everywhere(cib):
        given = parameters(cib, id)
        address = next((given[name] for name in _ADDRESS if given.get(name)), "")
        if agent.startswith("stonith:") and address and not any(given.get(n) for n in _OUTLET):
            port = given.get("ipport", "")
            at.setdefault((address, port), {})[id] = given.get("pcmk_host_list", "")
    for (address, _), devices in at.items():
        if len({hosts for hosts in devices.values() if hosts}) > 1:
            told = ", ".join(f"{id} ({hosts or 'any node'})" for id, hosts in devices.items())
            yield Finding.warning(
                "switch-shared", next(iter(devices)),
                f"one switch at {address} for different nodes: {told}",
                hint="Give each its own address, or the plug of each node.",
            )  # fmt: skip


_ADDRESS: Final = ("ip", "ipaddr")
_OUTLET: Final = ("plug", "port", "pcmk_host_map")


def _timeouts(cib: Cib, id: str, metadata: AgentMetadata) -> Iterator[Finding]:
    for name, timeout in operations_of(cib, id):
        action = metadata.action(name)
        advised = parse_duration_ms(action.timeout) if action and action.timeout else None
        given = parse_duration_ms(timeout) if timeout else None
        if advised is not None and given is not None and given < advised:
            assert action is not None
            yield Finding.warning(
                "timeout-short", id,
                f"{id}: {name} has timeout={timeout}, and its agent advises {action.timeout}",
            )  # fmt: skip
