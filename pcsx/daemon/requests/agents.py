"""Requests about agents: their metadata as this node has it, and single calls of them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Final

from pcsx.agents import (
    Call,
    Exit,
    fence_invocation,
    invocation_of,
    metadata_invocation,
    outcome_of,
    parse_agent,
)
from pcsx.agents import Outcome as AgentOutcome
from pcsx.cib.alerts import KINDS, Teller, tellers_of
from pcsx.daemon.alerts import (
    Happened,
    alert_invocation,
    attribute_event,
    fence_event,
    node_event,
)
from pcsx.daemon.events import ChildExited
from pcsx.daemon.member import Member
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.errors import Failed, Finding, Refused
from pcsx.protocol import AgentMetadata, RunAgent, TestAlert
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


def run(desk: Desk, request: RunAgent, now: Now) -> list[Outcome]:
    """Run an agent beside the cluster's own operations, and answer with all that it said."""
    name = parse_agent(request.agent)
    if name is None:
        text = f"{request.agent!r} is no agent's name"
        raise Refused([Finding.error("agent-name", request.agent, text)])
    key = name.key

    def here(member: Member) -> list[Outcome]:
        call = Call(
            key, request.task, request.resource, request.params, request.meta,
            timeout_ms=request.timeout_ms, traced=request.traced,
        )  # fmt: skip
        made = invocation_of(call, desk.node.host)
        if name.standard == "stonith":
            made = fence_invocation(
                name.type, request.task, dict(request.params), desk.node.host,
                timeout_ms=request.timeout_ms,
            )  # fmt: skip
        where = member.scene.name
        if isinstance(made, AgentOutcome):
            raise Failed(f"{request.agent} cannot be run on {where}: {made.reason}")

        def then(event: ChildExited) -> list[Outcome]:
            outcome = outcome_of(name.standard, request.task, event.exit)
            return desk.ok(
                {
                    "node": where,
                    "rc": outcome.rc,
                    "status": int(outcome.status),
                    "reason": outcome.reason,
                    "stdout": event.exit.stdout.decode(errors="replace"),
                    "stderr": event.exit.stderr.decode(errors="replace"),
                    "took_ms": event.exit.took_ms,
                }
            )

        return list(desk.node.ask_child(made, then))

    return desk.on_node(request.node, here, now)


def test_alert(desk: Desk, request: TestAlert, now: Now) -> list[Outcome]:
    """Call the program of an alert with a made-up event, and answer with how it went."""

    def here(member: Member) -> list[Outcome]:
        tellers = tellers_of(member.ledger.replica.cib, now.wall)
        mine = [teller for teller in tellers if teller.id == request.alert]
        if not mine:
            raise Failed(f"there is no alert '{request.alert}', or it is disabled", "pcsx alert")
        if request.kind not in KINDS:
            raise Failed(f"'{request.kind}' is no kind of event", f"Kinds: {', '.join(KINDS)}.")
        name = member.scene.name
        samples = {
            "node": node_event(name, member.me, "member"),
            "fencing": fence_event(name, "reboot", by=name, origin="a test", verdict="done",
                                   reason="", case=0),
            "attribute": attribute_event(name, member.me, "test", "1"),
            "resource": Happened("resource", name, "ok", _SAMPLE),
        }  # fmt: skip
        event = replace(samples[request.kind], desc=f"TEST: {samples[request.kind].desc}")
        told: list[dict[str, Any]] = []
        effects: list[Outcome] = []
        for teller in mine:

            def then(exited: ChildExited, by: Teller = teller) -> list[Outcome]:
                told.append(_told_of(by.recipient, by.path, exited.exit))
                return desk.ok({"node": name, "told": told}) if len(told) == len(mine) else []

            made = alert_invocation(teller, event, desk.node.host, now.wall, sequence=0)
            effects += desk.node.ask_child(made, then)
        return effects

    return desk.on_node(request.node, here, now)


_SAMPLE: Final = (
    ("rsc", "test"), ("task", "start"), ("interval", "0"), ("target_rc", "0"), ("rc", "0"),
    ("status", "0"), ("exec_time", "12"),
)  # fmt: skip


def _told_of(recipient: str, path: str, exit: Exit) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "ok": exit.code == 0 and not exit.timed_out,
        "code": exit.code,
        "timed_out": exit.timed_out,
        "error": f"{path}: {os.strerror(exit.errno)}" if exit.errno is not None else "",
        "stdout": exit.stdout.decode(errors="replace"),
        "stderr": exit.stderr.decode(errors="replace"),
        "took_ms": exit.took_ms,
    }
