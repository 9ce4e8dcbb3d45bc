"""Requests about agents: their metadata, as this node has it."""

from __future__ import annotations

from pcsx.agents import Outcome as AgentOutcome
from pcsx.agents import metadata_invocation, parse_agent
from pcsx.daemon.events import ChildExited
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.errors import Failed, Finding, Refused
from pcsx.protocol import AgentMetadata
from pcsx.values import Now


def metadata(desk: Desk, request: AgentMetadata, _now: Now) -> list[Outcome]:
    """Ask the agent for its metadata and answer with the XML."""
    name = parse_agent(request.agent)
    if name is None:
        text = f"{request.agent!r} is no agent's name"
        hint = "Write class:provider:type, as in ocf:heartbeat:IPaddr2."
        raise Refused([Finding.error("agent-name", request.agent, text, hint=hint)])
    made = metadata_invocation(name, desk.node.host)
    if isinstance(made, AgentOutcome):
        raise Failed(f"{request.agent} is not installed on {desk.node.me.name}: {made.reason}")

    def then(event: ChildExited) -> list[Outcome]:
        if event.exit.code != 0:
            text = f"{request.agent} gives no metadata on {desk.node.me.name}"
            return desk.fail(Failed(text, event.exit.stderr.decode(errors="replace")[-300:]))
        return desk.ok({"xml": event.exit.stdout.decode(errors="replace")})

    return list(desk.node.ask_child(made, then))
