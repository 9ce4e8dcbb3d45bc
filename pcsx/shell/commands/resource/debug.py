"""`resource debug-start` and its like, `validate`, `agent validate`: agents run by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pcsx.agents.names import AgentName, parse_agent
from pcsx.errors import Failed, Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

TASKS: Final = ("start", "stop", "promote", "demote", "monitor")
CHANGING: Final = frozenset(("start", "promote"))
LIMIT_MS: Final = 60_000


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    for task in TASKS:
        level.verb(f"debug-{task}", usage="ID [node=NODE]", options=("full",))(_debug(task))
    level.verb("validate", usage="ID [node=NODE]")(validate)
    agent = Level("agent", "Ask agents themselves.")
    agent.verb("validate", usage="AGENT [NAME=VALUE]... [node=NODE]")(validate_agent)
    level.add_command(agent)


def _debug(task: str) -> Callable[[Run, list[str]], None]:
    def body(run: Run, words: list[str]) -> None:
        _by_hand(run, words, task)

    body.__doc__ = f"""Run the agent's {task} by hand, on some node, and show what it says.

    With --full the agent shows each of its steps. A start or a promote is refused while the
    cluster runs the resource on another node, because two would then be active; --force goes on.

    \b
    Example:
        pcsx resource debug-{task} web --full
    """
    return body


def _by_hand(run: Run, words: list[str], task: str) -> None:
    from pcsx.protocol import RunAgent

    run.live_only("it runs an agent on a node")
    names, options = args.leading_and_pairs(words)
    if len(names) != 1 or set(options) - {"node"}:
        raise args.misused(run.usage)
    id, node = names[0], options.get("node", "")
    agent, params, meta, timeout_ms = _definition(run, id, task)
    if task in CHANGING:
        where = [name for name in run.where(id) if name != (node or _here(run))]
        if where:
            run.judge(
                [
                    Finding.error(
                        "runs-elsewhere",
                        id,
                        f"'{id}' runs on {', '.join(where)}: a second one may damage its data",
                        force="runs-elsewhere",
                    )
                ]
            )
    asked = RunAgent(str(agent), task, id, params, meta, timeout_ms, node, traced=run.flag("full"))
    _tell(run, id, task, run.source.call(asked, timeout_s=timeout_ms / 1000 + 30))


def _here(run: Run) -> str:
    from pcsx.protocol import LobbyInfo

    return str(run.source.call(LobbyInfo()).get("name", ""))


def _tell(run: Run, what: str, task: str, answer: dict[str, Any]) -> None:
    run.give(answer)
    rc, reason = int(answer["rc"]), str(answer["reason"])
    for name in ("stdout", "stderr"):
        text = str(answer[name]).rstrip()
        if text:
            run.say(text)
    end = f"{task} of {what} on {answer['node']}: {_meaning(answer)} after {answer['took_ms']} ms"
    if reason:
        end += f": {reason}"
    run.say(end)
    if rc != 0 or answer["status"]:
        run.exit_status = 1


def _meaning(answer: dict[str, Any]) -> str:
    from pcsx.agents.outcome import RC_TEXT
    from pcsx.agents.types import Status

    if answer["status"] == Status.TIMEOUT:
        return "timed out"
    rc = int(answer["rc"])
    return f"{RC_TEXT.get(rc, 'error')} ({rc})"


def _definition(
    run: Run, id: str, task: str
) -> tuple[AgentName, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], int]:
    """Return the agent of the primitive *id*, what it is given, and how long it may take."""
    from pcsx.cib.edit import read
    from pcsx.cib.evaluate import duration_ms_of
    from pcsx.pe.read.parameters import params_of
    from pcsx.shell.output.running import read_now

    read.require_resource(run.cib(), id)
    work = read_now(run.cib())
    found = work.by_id.get(id) or next(iter(work.by_base_id.get(id, ())), None)
    primitives = list(found.primitives()) if found is not None else []
    if len(primitives) != 1 and not all(p.base_id == id for p in primitives):
        raise Failed(
            f"'{id}' is no single resource: name the one inside it",
            f"Inside: {', '.join(dict.fromkeys(p.base_id for p in primitives))}",
        )
    primitive = primitives[0]
    timeout_ms = next(
        (duration_ms_of(op.timeout) for op in primitive.ops if op.name == task and op.timeout), 0
    )
    params = tuple(sorted(params_of(work, primitive, None).items()))
    meta = tuple(sorted(primitive.meta.items()))
    return AgentName(*primitive.agent), params, meta, timeout_ms or LIMIT_MS


def validate(run: Run, words: list[str]) -> None:
    """Let the agent of a resource judge its parameters, on this node or another.

    \b
    Example:
        pcsx resource validate fs node=node2
    """
    _by_hand(run, words, "validate-all")


def validate_agent(run: Run, words: list[str]) -> None:
    """Let an agent judge parameters, before there is a resource.

    \b
    Example:
        pcsx resource agent validate ocf:heartbeat:IPaddr2 ip=10.0.0.9 cidr_netmask=24
    """
    from pcsx.protocol import RunAgent
    from pcsx.shell.agents import Agents, judge_parameters

    names, options = args.leading_and_pairs(words)
    if len(names) != 1:
        raise args.misused(run.usage)
    node = options.pop("node", "")
    known = Agents(run)
    name = known.resolve(names[0])
    metadata = known.metadata(name)
    if metadata is not None:
        run.judge(judge_parameters(name, metadata, options, kind="resource"))
        if not metadata.has_action("validate-all"):
            raise wrong_words(f"{name} has no action that judges parameters (validate-all)")
    elif parse_agent(str(name)) is None:
        raise wrong_words(f"'{names[0]}' names no agent")
    run.live_only("it runs an agent on a node")
    params = (*sorted(options.items()), ("OCF_CHECK_LEVEL", "10"))
    asked = RunAgent(str(name), "validate-all", "validation", params, node=node)
    _tell(run, str(name), "validate-all", run.source.call(asked))
