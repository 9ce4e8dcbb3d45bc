"""`pcsx quorum`: the right to act, and how far it is from being lost."""

from __future__ import annotations

import sys
from typing import Any

from pcsx.errors import Failed
from pcsx.shell import args, elsewhere
from pcsx.shell.asking import yes
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "quorum",
    """Show and change the right to act: who votes, and what a loss would mean.

    \b
    Example:
        pcsx quorum status
    """,
    default="status",
)


def _told(run: Run, *lost: str) -> dict[str, Any]:
    from pcsx.protocol import QuorumInfo

    run.live_only("it asks the cluster")
    return run.source.call(QuorumInfo(lost))


@command.verb("status", usage="")
def status(run: Run, words: list[str]) -> None:
    """Show whether there is quorum, by which votes, why, and what is waited for.

    \b
    Example:
        pcsx quorum status
    """
    if words:
        raise args.misused(run.usage)
    told = _told(run)
    run.give({name: value for name, value in told.items() if name != "sentences"})
    run.say(f"Quorate: {'yes' if told['quorate'] else 'no'}")
    run.say(f"Votes: {told['votes']} of {told['expected_votes']}")
    run.say(f"Needed: {told['needed_votes']}")
    if told["reason"]:
        run.say(f"Because: {told['reason']}")
    if told["flags"]:
        run.say(f"Flags: {' '.join(told['flags'])}")
    if told["two_node"]:
        run.say("Two nodes: the survivor goes on alone once the other is fenced for certain")
    if told["changing"]:
        run.say("Who counts is being changed: a quorum of old and new voters is needed")
    if told["left_out"]:
        run.say(f"Left out: others are together without this node, for {told['left_out']}")
    if told["blocked"]:
        run.say("Blocked: this node waits until all voters were here once (wait_for_all)")
    if told["solo"]:
        run.say(f"Alone: {told['solo']}")
    for wait in told["waits"]:
        run.say(_waiting(wait))
    for name, value in sorted(told["options"].items()):
        run.say(f"Option: {name}={value}")
    for node in told["nodes"]:
        run.say(_node(node))
    if told["witness"]:
        run.say("  " + _witness(told["witness"]))


def _waiting(wait: dict[str, Any]) -> str:
    if wait["left_ms"] is None:
        return f"Takeover: never from {wait['node']}, for {wait['why']}"
    return (
        f"Takeover: from {wait['node']} in {wait['left_ms'] / 1000:.1f} s of "
        f"{wait['wait_ms'] / 1000:.1f} s ({wait['kind']}: {wait['why']}; {wait['row']})"
    )


def _node(node: dict[str, Any]) -> str:
    notes = []
    if node["owed"]:
        notes.append(f"{node['owed']} owed, once it has caught up")
    if node["tie_breaker"]:
        notes.append("tie-breaker")
    more = f" ({', '.join(notes)})" if notes else ""
    votes = "1 vote" if node["votes"] == 1 else f"{node['votes']} votes"
    return f"  {node['name']}: {'here' if node['present'] else 'away'}, {votes}{more}"


@command.verb("explain", usage="")
def explain(run: Run, words: list[str]) -> None:
    """Tell in sentences how quorum stands, and what the loss of each node would mean.

    \b
    Example:
        pcsx quorum explain
    """
    if words:
        raise args.misused(run.usage)
    told = _told(run)
    run.give(told)
    for sentence in told["sentences"]:
        run.say(sentence)
    for wait in told["waits"]:
        run.say(_waiting(wait) + ".")


@command.verb("simulate", usage="NODE...")
def simulate(run: Run, words: list[str]) -> None:
    """Tell what would follow if these nodes were lost at once. Nothing is changed.

    \b
    Example:
        pcsx quorum simulate node2 node3
    """
    if not words:
        raise args.misused(run.usage)
    foreseen = _told(run, *words)["foreseen"]
    run.give(foreseen)
    run.say(foreseen["sentence"])
    for step in foreseen["then"]:
        run.say(f"Then {step}.")


@command.verb("update", usage="NAME=VALUE...")
def update(run: Run, words: list[str]) -> None:
    """Change options of quorum while the cluster runs; a name without a value takes it away.

    Beside the options it takes `votes.NODE=N` and `profile=NAME`. Each change is decided by a
    quorum of the old and of the new voters, so no moment of it can leave two halves that both act.

    \b
    Example:
        pcsx quorum update last_man_standing=1 last_man_standing_window=5000
    """
    from pcsx.protocol import QuorumUpdate

    if not words:
        raise args.misused(run.usage)
    run.live_only("it changes how the cluster votes")
    pairs = tuple(sorted(args.pairs(words).items()))
    answer = run.source.call(QuorumUpdate(pairs))
    run.give(answer)
    run.changed = bool(answer["changed"])
    names = ", ".join(name for name, _ in pairs)
    run.say(f"Changed: {names}" if answer["changed"] else "Nothing had to change")


@command.verb("expected-votes", usage="VOTES")
def expected_votes(run: Run, words: list[str]) -> None:
    """Count out nodes that are away, until VOTES are expected; they vote again when they are back.

    It needs quorum, as every change does. Where there is none, nothing can be lowered.

    \b
    Example:
        pcsx quorum expected-votes 3
    """
    from pcsx.protocol import QuorumExpect

    if len(words) != 1 or not words[0].isdecimal() or not int(words[0]):
        raise args.misused(run.usage)
    run.live_only("it changes how the cluster votes")
    answer = run.source.call(QuorumExpect(int(words[0])))
    run.give(answer)
    run.changed = bool(answer["changed"])
    run.say(f"Expected votes: {words[0]}")


@command.verb("unblock", usage="")
def unblock(run: Run, words: list[str]) -> None:
    """End the wait for all voters (wait_for_all) of the nodes that are here now.

    It gives no votes. What nodes that are away decided last may be unknown here, and if they still
    run something, it may start here too: look at them first. It is put on record.

    \b
    Example:
        pcsx quorum unblock --force
    """
    from pcsx.protocol import QuorumUnblock

    if words:
        raise args.misused(run.usage)
    run.live_only("it tells the cluster to go on")
    if not run.force and not sys.stdin.isatty():
        raise Failed(
            "to end the wait for all voters, --force is needed",
            "Nodes that are away may still run something: look at them first.",
        )
    question = (
        "If nodes that are away still run something, it may run twice.\n"
        "Are you sure that they are off? [y/N] "
    )
    if not run.force and not yes(question):
        raise Failed("not unblocked")
    answer = run.source.call(QuorumUnblock())
    run.give(answer)
    run.changed = bool(answer["unblocked"])
    run.say("Unblocked" if answer["unblocked"] else "This node does not wait for anybody")


WITNESS = Level("witness", "Have a vote outside of the cluster, or none.", default="status")


@WITNESS.verb("add", usage="TOKEN")
def witness_add(run: Run, words: list[str]) -> None:
    """Have a witness vote, so that one of two nodes may go on without the other.

    It runs on a third machine (pcsx witness), and pcsx witness token there prints TOKEN.

    \b
    Example:
        pcsx quorum witness add afrgc2lc...
    """
    from pcsx.protocol import WitnessAdd

    if words[:1] == ["model"] or any("=" in word for word in words):
        raise Failed(
            "a witness is added by its token",
            "On its machine: pcsx witness token. Then here: pcsx quorum witness add TOKEN",
        )
    if len(words) != 1:
        raise args.misused(run.usage)
    run.live_only("it changes how the cluster votes")
    answer = run.source.call(WitnessAdd(words[0]))
    run.give(answer)
    run.changed = bool(answer["changed"])
    run.say(f"The witness at {answer['witness']} votes in this cluster.")


@WITNESS.verb("remove", "delete", usage="")
def witness_remove(run: Run, words: list[str]) -> None:
    """Take the witness's vote away; two nodes are a pair by the solo rule then.

    \b
    Example:
        pcsx quorum witness remove
    """
    from pcsx.protocol import WitnessSet

    if words:
        raise args.misused(run.usage)
    run.live_only("it changes how the cluster votes")
    answer = run.source.call(WitnessSet())
    run.give(answer)
    run.changed = bool(answer["changed"])
    run.say("No witness votes in this cluster.")


@WITNESS.verb("status", usage="")
def witness_status(run: Run, words: list[str]) -> None:
    """Show the witness, and whether it answers this node.

    \b
    Example:
        pcsx quorum witness status
    """
    if words:
        raise args.misused(run.usage)
    told = _told(run)["witness"]
    run.give({"witness": told})
    run.say(_witness(told) if told else "No witness votes in this cluster.")


def _witness(told: dict[str, Any]) -> str:
    state = "answers" if told["here"] else f"does not answer here: {told['fault']}"
    votes = "1 vote" if told["votes"] == 1 else f"{told['votes']} votes"
    return f"Witness: {' '.join(told['addresses'])}, {votes}, {state}"


@command.verb("config", usage="")
def config(run: Run, words: list[str]) -> None:
    """Show the options of quorum, who votes with how much, and the witness.

    \b
    Example:
        pcsx quorum config
    """
    if words:
        raise args.misused(run.usage)
    told = _told(run)
    votes = {node["name"]: node["votes"] for node in told["nodes"]}
    run.give({"options": told["options"], "votes": votes, "witness": told["witness"]})
    run.say("Options:")
    for name, value in sorted(told["options"].items()):
        run.say(f"  {name}: {value}")
    for name, count in votes.items():
        run.say(f"  votes.{name}: {count}")
    run.say(_witness(told["witness"]) if told["witness"] else "No witness votes in this cluster.")


command.add_command(WITNESS)
DEVICE = Level("device", "The older word for witness.", default="status")
for _verb in ("add", "remove", "delete", "status"):
    DEVICE.add_command(WITNESS.commands[_verb], _verb)
_PLAIN = (
    "a witness has no options of its own, and runs no heuristics",
    "pcsx quorum witness remove, then: pcsx quorum witness add TOKEN",
)
elsewhere.register(DEVICE, {"update": _PLAIN, "heuristics": _PLAIN})
command.add_command(DEVICE)
