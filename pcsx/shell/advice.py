"""What agents say of a whole configuration: unknown agents and parameters, values shared that must
be unique, timeouts below what an agent advises. All findings at once; none of them stops anything,
since agents differ from node to node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pcsx.cib.edit.read import agents_everywhere, operations_of, parameters
from pcsx.errors import Finding, Severity
from pcsx.values import parse_duration_ms

if TYPE_CHECKING:
    from pcsx.agents import AgentMetadata
    from pcsx.cib.document import Cib
    from pcsx.shell.agents import Agents


def check_agents(cib: Cib, agents: Agents) -> list[Finding]:
    """Return what the agents that are known here have to say about their resources."""
    return list(_findings(cib, agents))


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
