"""The words of `pcsx cluster` that need a daemon: form, join, start, stop and leave a cluster."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pcsx.client import Client
from pcsx.errors import Elsewhere, Failed, Finding, NoCluster, Refused
from pcsx.protocol import (
    Accept,
    AcceptAnswer,
    ClusterSetup,
    Destroy,
    GetStatus,
    LobbyInfo,
    NodeStart,
    NodeStop,
    SetupAnswer,
    SetupNode,
)
from pcsx.shell import args
from pcsx.shell.asking import typed, yes
from pcsx.shell.run import Run

SETUP_S: Final = 60.0


def nodes_of(words: list[str]) -> tuple[SetupNode, ...]:
    """Return the nodes of *words*: `NODE`, `NODE=ADDR[,ADDR…]`, or pcs's `NODE addr=ADDR…`."""
    nodes: list[tuple[str, list[str]]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if name == "addr" and equals:
            if not nodes:
                raise args.misused("pcsx cluster setup NAME NODE[=ADDRESS]...")
            nodes[-1][1].append(value)
        else:
            nodes.append((name, [part for part in value.split(",") if part]))
            if equals and not value:
                text = f"{name} is given an address that is empty"
                raise Refused([Finding.error("address", name, text)])
    return tuple(SetupNode(name, tuple(addresses)) for name, addresses in nodes)


def setup(run: Run, words: list[str]) -> None:
    """Form a cluster of this node and others that wait in their lobby, in one shot.

    Nodes are found by the address given, by what their name resolves to, or by mDNS, and trusted
    by the bootstrap key on all of them, or by a code that you compare. Whatever fails, every node
    is left as it was.

    \b
    Example:
        pcsx cluster setup web n1=192.0.2.1 n2=192.0.2.2 n3=192.0.2.3
    """
    if not words:
        raise args.misused("pcsx cluster setup NAME NODE[=ADDRESS]...")
    wait_s = run.wait_s or SETUP_S
    request = ClusterSetup(
        name=words[0],
        nodes=nodes_of(words[1:]),
        profile=run.option("profile", "standard"),
        force=run.force,
        terminal=sys.stdin.isatty() and sys.stderr.isatty() and not run.as_json,
        timeout_ms=int(wait_s * 1000),
    )
    began = time.monotonic()

    def told(line: dict[str, Any]) -> None:
        if "code" in line:
            _compare(run, line["node"], line["code"])
        else:
            run.note(f"{time.monotonic() - began:6.2f} s  {line['text']}")

    answer = _client(run).call(request, told, timeout_s=wait_s + 30)
    for warning in answer["warnings"]:
        run.warn(warning["message"])
    run.changed = True
    run.give(answer)
    names = " ".join(answer["nodes"])
    seconds = time.monotonic() - began
    run.say(f"The cluster {answer['cluster']} stands: {names} ({seconds:.1f} s).")


def _compare(run: Run, node: str, digits: str) -> None:
    """Ask the person whether *node* shows the same code; the answer goes on a line of its own."""
    sys.stderr.write(f"Code for {node}: {digits}. On {node}, run: pcsx cluster accept\n")

    def ask() -> None:
        same = yes(f"Does {node} show {digits}? [y/N] ")
        _client(run).send(SetupAnswer(node, same))

    threading.Thread(target=ask, daemon=True).start()


def accept(run: Run, words: list[str]) -> None:
    """Let a founder with a code adopt this node: compare the six digits on both ends.

    \b
    Example:
        pcsx cluster accept
    """
    if words:
        raise args.misused("pcsx cluster accept")
    client = _client(run)

    def told(line: dict[str, Any]) -> None:
        same = yes(f"A founder at {line['peer']} shows {line['code']}? [y/N] ")
        client.send(AcceptAnswer(line["code"], same))

    run.note("Waiting for a founder: pcsx cluster setup NAME NODE... on the first node.")
    client.call(Accept(), told, timeout_s=310)
    run.say("The code is confirmed; the founder goes on from here.")


def start(run: Run, words: list[str]) -> None:
    """Join the ring again, on this node.

    \b
    Example:
        pcsx cluster start
    """
    _require_here(run, words)
    answer = _client(run).call(NodeStart())
    run.changed = not answer.get("already")
    if run.wait_s is not None:
        wait_online(run, run.wait_s)
    if run.flag("all"):
        _require_all(run)
    run.say("This node is in the ring already." if answer.get("already") else "Starting Cluster...")


def _require_here(run: Run, words: list[str]) -> None:
    """Refuse to start another node: until it has started, nobody in the ring can reach it."""
    me = str(_client(run).call(LobbyInfo())["name"]) if words else ""
    others = [name for name in words if name != me]
    if others:
        listed = ", ".join(others)
        raise Elsewhere(
            f"a node joins from its own side, and this is {me}, not {listed}",
            f"On {listed}: pcsx cluster start",
        )


def _require_all(run: Run) -> None:
    """Raise where a node of the cluster is not here: it has to be started from its own side."""
    until = time.monotonic() + (run.wait_s or 0)
    while True:
        try:
            nodes = _client(run).call(GetStatus())["nodes"]
            away = [str(node["name"]) for node in nodes if not node["online"]]
        except NoCluster:
            away = ["this node"]
        if not away or time.monotonic() >= until:
            break
        time.sleep(0.1)
    if away:
        raise Elsewhere(
            f"not online: {', '.join(away)}; a node joins from its own side",
            "On each of them: pcsx cluster start",
        )


def stop(run: Run, words: list[str]) -> None:
    """Move away or stop what runs on this node (or the nodes named), and leave the ring.

    The daemon stays, and `pcsx cluster start` joins again.

    \b
    Example:
        pcsx cluster stop
    """
    client = _client(run)
    names = list(words)
    if run.flag("all"):
        status = client.call(GetStatus())
        me = status["cluster"]["me"]
        names = [n["name"] for n in status["nodes"] if n["name"] != me and n["online"]] + [me]
    for name in names or [""]:
        run.note(f"Stopping Cluster{' on ' + name if name else ''}...")
        client.call(NodeStop(name), timeout_s=run.wait_s or 3600)
    run.changed = True
    run.say("Stopped.")


def destroy(run: Run, words: list[str]) -> None:
    """Leave the cluster for good, on this node: stop what runs here, and forget its keys.

    \b
    Example:
        pcsx cluster destroy --yes
    """
    client = _client(run)
    name = str(client.call(LobbyInfo())["cluster"])
    if not name:
        run.say("This node is in no cluster.")
        return
    if words and words != [name]:
        text = f"this node is in the cluster {name!r}, not {words[0]!r}"
        raise Refused([Finding.error("other-cluster", words[0], text)])
    if not (words or run.flag("yes") or run.force or typed(name, "to leave it for good")):
        raise Failed("nothing was destroyed", f"Confirm by the name: pcsx cluster destroy {name}")
    if run.flag("all"):
        _destroy_others(run, client, name)
    client.call(Destroy(name), timeout_s=run.wait_s or 3600)
    run.changed = True
    run.say(f"This node has left the cluster {name} for good.")


def _destroy_others(run: Run, client: Client, name: str) -> None:
    """Have every other node leave the cluster for good, one after the other."""
    from pcsx.shell.commands.cluster.members import wait_offline

    status = client.call(GetStatus())
    me = status["cluster"]["me"]
    offline = [n["name"] for n in status["nodes"] if not n["online"] and n["name"] != me]
    for other in offline:
        run.warn(f"{other} is offline and keeps its state: pcsx cluster destroy {name}, on {other}")
    for node in status["nodes"]:
        if node["name"] != me and node["online"]:
            run.note(f"Destroying the cluster on {node['name']}...")
            client.call(Destroy(name, node["name"]))
            wait_offline(client, node["name"], run.wait_s or 3600)


def info(run: Run, words: list[str]) -> None:
    """Show what this daemon is: its name, its key's fingerprint, and its cluster if it has one.

    \b
    Example:
        pcsx cluster info
    """
    answer = _client(run).call(LobbyInfo())
    run.give(answer)
    run.say("\n".join(f"{key}: {value}" for key, value in answer.items()))


def status(run: Run, words: list[str]) -> None:
    """Show the headline, what is wrong, and the nodes: `pcsx status` without the resources.

    \b
    Example:
        pcsx cluster status
    """
    from pcsx.shell.commands.status import cluster

    if words:
        raise args.misused("pcsx cluster status")
    cluster(run, words)


def wait_online(run: Run, limit_s: float) -> None:
    """Wait until this node is online in a quorate cluster, or raise `TimedOut`."""
    from pcsx.errors import TimedOut

    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            status = _client(run).call(GetStatus())
        except NoCluster:
            time.sleep(0.1)
            continue
        me = status["cluster"]["me"]
        if status["cluster"]["quorate"] and any(
            node["name"] == me and node["online"] for node in status["nodes"]
        ):
            return
        time.sleep(0.1)
    raise TimedOut("this node in a quorate view", limit_s, "pcsx status shows who is missing.")


def _client(run: Run) -> Client:
    run.live_only("pcsx cluster")
    return Client(timeout_s=run.request_timeout_s, only_asks=run.flag("dry-run"))


VERBS: Final[dict[str, Callable[[Run, list[str]], None]]] = {
    "setup": setup,
    "accept": accept,
    "start": start,
    "stop": stop,
    "destroy": destroy,
    "status": status,
    "info": info,
}
