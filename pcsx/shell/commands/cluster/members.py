"""Words of `pcsx cluster` about who is in it: tokens, newcomers, nodes that go, links, the key."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Final

from pcsx.client import Client
from pcsx.errors import Failed, Finding, NoCluster, TimedOut
from pcsx.protocol import (
    ClusterDiscover,
    ClusterJoin,
    ClusterRename,
    ClusterToken,
    GetStatus,
    KeyRotate,
    KeyStatus,
    LinkChange,
    LobbyInfo,
    NodeKeyRotate,
    NodeRemove,
    NodeRename,
    NodeStop,
    RingStats,
    RingStatus,
)
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level
from pcsx.values import parse_duration_ms

JOIN_S: Final = 60.0
PACKET_MIN: Final = 1300
HOSTS: Final = "/etc/hosts"
SERVICE: Final = "pcsx.service"


def register(level: Level, node: Level) -> None:
    """Add the words of this file to *level*, and those about nodes to *node*."""
    level.verb("token", usage="[TIME]")(token)
    level.verb("join", usage="TOKEN [ADDRESS]...")(join)
    level.verb("discover")(discover)
    level.verb("check", options=("fix",))(check)
    level.verb("rename", usage="NAME")(rename)
    level.verb("enable")(enable)
    level.verb("disable")(disable)
    node.verb("add", usage="")(add)
    node.verb("remove", "delete", usage="NODE")(remove)
    node.verb("rename", usage="NODE NEW_NAME")(rename_node)
    link = Level("link", "Add, move, remove and show links, at run time.", default="status")
    link.verb("add", usage="NODE=ADDRESS... [priority=N]")(link_add)
    link.verb("update", usage="LINK [NODE=ADDRESS]... [priority=N]")(link_update)
    link.verb("remove", "delete", usage="LINK...")(link_remove)
    link.verb("status")(link_status)
    level.add_command(link)
    key = Level("authkey", "Change the cluster's key, and show how far that is.", default="status")
    key.verb("rotate")(key_rotate)
    key.verb("status")(key_status)
    level.add_command(key)
    own = Level("nodekey", "Change the key by which one node proves who it is.")
    own.verb("rotate", usage="[NODE]")(node_key_rotate)
    level.add_command(own)


def _client(run: Run) -> Client:
    run.live_only("pcsx cluster")
    return Client(timeout_s=run.request_timeout_s, only_asks=run.flag("dry-run"))


def token(run: Run, words: list[str]) -> None:
    """Print a token with which one more node may join, once, within an hour or TIME.

    Whoever has it can join: hand it over as you would a password.

    \b
    Example:
        pcsx cluster token 10min
    """
    if len(words) > 1:
        raise args.misused(run.usage)
    milliseconds = parse_duration_ms(words[0]) if words else 3_600_000
    if milliseconds is None:
        raise Failed(f"{words[0]!r} is no time", "Like 10min or 1h.")
    answer = _client(run).call(ClusterToken(milliseconds // 1000))
    run.changed = True
    run.give(answer)
    run.note(f"On the new node, within {milliseconds // 60_000} min: pcsx cluster join TOKEN")
    run.say(answer["token"])


def join(run: Run, words: list[str]) -> None:
    """Join a cluster with a token that a member printed.

    ADDRESS is where the others reach this node, one for each link; without it, it is the address
    from which this node reaches the member.

    \b
    Example:
        pcsx cluster join afrgc2lc...
    """
    if not words:
        raise args.misused(run.usage)
    wait_s = run.wait_s or JOIN_S
    request = ClusterJoin(words[0], tuple(words[1:]), int(wait_s * 1000))
    answer = _client(run).call(
        request, lambda line: run.note(str(line.get("text", ""))), timeout_s=wait_s + 30
    )
    run.changed = True
    run.give(answer)
    run.say(f"This node is in the cluster {answer['cluster']}: {' '.join(answer['nodes'])}.")


def discover(run: Run, words: list[str]) -> None:
    """List the daemons that wait in their lobby and announce themselves by mDNS.

    That anybody announces a name proves nothing: compare the fingerprint with what `pcsx cluster
    info` shows on that node.

    \b
    Example:
        pcsx cluster discover
    """
    if words:
        raise args.misused(run.usage)
    lobbies = _client(run).call(ClusterDiscover())["lobbies"]
    run.give(lobbies)
    for lobby in lobbies:
        where = " ".join(lobby["addresses"])
        run.say(f"{lobby['name']}: {where} port {lobby['port']}, key {lobby['fingerprint']}")
    if not lobbies:
        run.say("No lobby announces itself here.")


def rename(run: Run, words: list[str]) -> None:
    """Give the cluster another name.

    \b
    Example:
        pcsx cluster rename shop
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    _client(run).call(ClusterRename(words[0]))
    run.changed = True
    run.say(f"The cluster is called {words[0]} now.")


def enable(run: Run, words: list[str]) -> None:
    """Start the daemon on this node at every boot.

    \b
    Example:
        pcsx cluster enable
    """
    _at_boot(run, words, "enable")


def disable(run: Run, words: list[str]) -> None:
    """Do not start the daemon on this node at boot.

    \b
    Example:
        pcsx cluster disable
    """
    _at_boot(run, words, "disable")


def _at_boot(run: Run, words: list[str], word: str) -> None:
    if words:
        raise args.misused(run.usage)
    run.live_only(f"pcsx cluster {word}")
    hint = f"It does: systemctl {word} {SERVICE}"
    try:
        ran = subprocess.run(
            ["systemctl", word, SERVICE], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"this node's service manager cannot be asked: {error}", hint) from error
    if ran.returncode:
        raise Failed(f"systemctl {word} {SERVICE}: {ran.stderr.strip() or ran.returncode}", hint)
    run.changed = True


def add(run: Run, words: list[str]) -> None:
    """Tell how one more node is added, with a token for it.

    The newcomer proves by the token that you sent it, so the last step is made there.

    \b
    Example:
        pcsx cluster node add
    """
    answer = _client(run).call(ClusterToken())
    run.changed = True
    run.give(answer)
    run.say("On the new node, where pcsx daemon runs, within the hour:")
    run.say(f"  pcsx cluster join {answer['token']}")


def remove(run: Run, words: list[str]) -> None:
    """Stop a node, take it out of the cluster for good, and change the cluster's key.

    What it knew opens nothing any more. A node that cannot be stopped must be fenced first, or
    confirmed to be off; --force takes your word for that.

    \b
    Example:
        pcsx cluster node remove n3
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    name = words[0]
    client = _client(run)
    status = client.call(GetStatus())
    node = next((each for each in status["nodes"] if each["name"] == name), None)
    if name == status["cluster"]["me"]:
        raise Failed("a node does not remove itself", "Run this on another node.")
    if node is None:
        raise Failed(f"there is no node {name}", "pcsx status shows the nodes.")
    wait_s = run.wait_s or 600.0
    if node["online"]:
        run.note(f"Stopping {name}...")
        client.call(NodeStop(name), timeout_s=wait_s)
        wait_offline(client, name, wait_s)
    client.call(NodeRemove(name, run.force))
    run.changed = True
    run.say(f"{name} is no node of the cluster any more; the cluster's key is being changed.")


def wait_offline(client: Client, name: str, limit_s: float) -> None:
    """Wait until *name* has left the ring, or raise `TimedOut`."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        nodes = client.call(GetStatus())["nodes"]
        if not any(node["name"] == name and node["online"] for node in nodes):
            time.sleep(0.5)  # its going is on record a moment later
            return
        time.sleep(0.2)
    raise TimedOut(f"{name} to leave", limit_s, f"pcsx status shows what still runs on {name}.")


def rename_node(run: Run, words: list[str]) -> None:
    """Give a stopped node another name, in the ring and in the configuration.

    Change its name in its pcsx.toml as well before you start it.

    \b
    Example:
        pcsx cluster node rename n3 db3
    """
    if len(words) != 2:
        raise args.misused(run.usage)
    _client(run).call(NodeRename(words[0], words[1]))
    run.changed = True
    run.say(f"{words[0]} is called {words[1]} now.")


# --- links ----------------------------------------------------------------------------------------


def _pairs(words: list[str]) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return (node, address) pairs and the priority of *words*; below 0: none given."""
    addresses: list[tuple[str, str]] = []
    priority = -1
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise Failed(f"{word!r} is no NODE=ADDRESS")
        if name == "priority":
            if not value.isdecimal():
                raise Failed(f"{value!r} is no priority", "It is 0 to 255; the highest wins.")
            priority = int(value)
        else:
            addresses.append((name, value))
    return tuple(addresses), priority


def _number(word: str) -> int:
    if not word.isdecimal():
        raise Failed(f"{word!r} is no link's number", "pcsx cluster link status shows them.")
    return int(word)


def link_add(run: Run, words: list[str]) -> None:
    """Add a link: an address of every node. The cluster uses it at once.

    \b
    Example:
        pcsx cluster link add n1=198.51.100.1 n2=198.51.100.2 priority=5
    """
    if not words:
        raise args.misused(run.usage)
    addresses, priority = _pairs(words)
    _client(run).call(LinkChange("add", -1, addresses, priority))
    run.changed = True


def link_update(run: Run, words: list[str]) -> None:
    """Move a link to other addresses of some nodes, or give it another priority.

    Move one node's address at a time: the others find it by another link meanwhile.

    \b
    Example:
        pcsx cluster link update 1 priority=10
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    addresses, priority = _pairs(words[1:])
    _client(run).call(LinkChange("update", _number(words[0]), addresses, priority))
    run.changed = True


def link_remove(run: Run, words: list[str]) -> None:
    """Remove links by their numbers; those behind move up.

    \b
    Example:
        pcsx cluster link remove 1
    """
    if not words:
        raise args.misused(run.usage)
    numbers = sorted(set(map(_number, words)), reverse=True)
    client = _client(run)
    links = client.call(RingStatus())["links"]
    if numbers[0] >= links:
        raise Failed(f"there is no link {numbers[0]}", f"Links: 0 to {links - 1}.")
    if len(numbers) == links:
        raise Failed("no link would be left", "pcsx cluster link add gives another first.")
    for number in numbers:
        client.call(LinkChange("remove", number))
    run.changed = True


def link_status(run: Run, words: list[str]) -> None:
    """Show every link to every peer.

    \b
    Example:
        pcsx cluster link status
    """
    from pcsx.shell.commands.ring import links

    links(run, words)


# --- the key --------------------------------------------------------------------------------------


def key_rotate(run: Run, words: list[str]) -> None:
    """Change the cluster's key, while everything runs on; --wait waits until the old one is void.

    It waits for every node that is here. One that is known to be down, or away for a minute, holds
    nothing up: it is given the key when it is back, for it proves itself by its own.

    \b
    Example:
        pcsx cluster authkey rotate --wait
    """
    if words:
        raise args.misused(run.usage)
    client = _client(run)
    client.call(KeyRotate())
    run.changed = True
    if run.wait_s is None:
        run.say("The key is being changed: pcsx cluster authkey status shows how far that is.")
        return
    until = time.monotonic() + run.wait_s
    time.sleep(0.5)
    while (answer := client.call(KeyStatus()))["stage"] != "settled":
        if time.monotonic() > until:
            hint = f"It waits for: {', '.join(answer['waits_for']) or 'the overlap'}."
            raise TimedOut("the change of the key", run.wait_s, hint)
        time.sleep(0.3)
    run.say("The key is changed; the old one opens nothing.")


def node_key_rotate(run: Run, words: list[str]) -> None:
    """Change the own key of NODE, or of this one, while everything runs on.

    It is on that node's disk first, then in the configuration; from then on the old key opens
    nothing, so a copy of that node's disk from before is worth nothing any more.

    \b
    Example:
        pcsx cluster nodekey rotate n2
    """
    if len(words) > 1:
        raise args.misused(run.usage)
    answer = _client(run).call(NodeKeyRotate(words[0] if words else ""))
    run.changed = True
    run.give(answer)
    run.say(f"The key of {answer['node']} is changed; its fingerprint is {answer['fingerprint']}.")


def key_status(run: Run, words: list[str]) -> None:
    """Show whether the cluster's key is being changed, and which nodes that waits for.

    \b
    Example:
        pcsx cluster authkey status
    """
    if words:
        raise args.misused(run.usage)
    answer = _client(run).call(KeyStatus())
    run.give(answer)
    text = {
        "settled": "The key is settled.",
        "prepare": "A new key is being given to all nodes.",
        "overlap": "The new key is used; the old one still opens.",
    }[answer["stage"]]
    run.say(text)
    if answer["waits_for"]:
        run.say(f"It waits for: {', '.join(answer['waits_for'])}.")
    if answer["later"]:
        run.say(f"Given the key when they are back: {', '.join(answer['later'])}.")


# --- check ----------------------------------------------------------------------------------------


def check(run: Run, words: list[str]) -> None:
    """Look for what makes clusters fail: names, clocks, packet sizes, ports, the watchdog.

    With --fix the names of nodes that mean nothing here are added to /etc/hosts. The exit status
    is 1 where something is wrong.

    \b
    Example:
        pcsx cluster check
    """
    if words:
        raise args.misused(run.usage)
    client = _client(run)
    try:
        nodes = client.call(GetStatus())["nodes"]
    except NoCluster:
        info = client.call(LobbyInfo())
        nodes = [{"name": info["name"], "addresses": [], "id": 0, "online": False}]
    findings = [*_names(run, nodes), *_ports(nodes), *_ring(client, nodes), *_watchdog()]
    run.give({"checked": ["names", "ports", "clocks", "packets", "watchdog"]})
    run.judge(findings)
    if not findings:
        run.say("Nothing is wrong that can be seen from here.")


def _names(run: Run, nodes: list[dict[str, Any]]) -> Iterator[Finding]:
    """Yield names that mean nothing here, or a loopback address where the node has another."""
    for node in nodes:
        name = node["name"]
        own = [address.rpartition(":")[0].strip("[]") for address in node["addresses"]]
        try:
            found = {str(each[4][0]) for each in socket.getaddrinfo(name, None)}
        except OSError:
            if run.flag("fix") and own and _add_host(name, own[0]):
                run.changed = True
                yield Finding.info("name", name, f"{name} is {own[0]} in {HOSTS} now")
                continue
            text = f"the name {name} means nothing here"
            yield Finding.warning("name", name, text, hint="pcsx cluster check --fix adds it.")
            continue
        loops = [each for each in found if ipaddress.ip_address(each.split("%")[0]).is_loopback]
        if loops and own and not ipaddress.ip_address(own[0]).is_loopback:
            text = f"{name} is {loops[0]} here, a loopback address; the ring has {own[0]}"
            yield Finding.error("loopback", name, text, hint=f"Mend the line in {HOSTS}.")


def _add_host(name: str, address: str) -> bool:
    with contextlib.suppress(OSError), open(HOSTS, "a", encoding="utf-8") as file:
        file.write(f"{address} {name}\n")
        return True
    return False


def _ports(nodes: list[dict[str, Any]]) -> Iterator[Finding]:
    """Yield the nodes whose TCP port, for joining and bulk transfer, does not answer."""
    for node in nodes:
        for address in node["addresses"]:
            host, _, port = address.rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
            except OSError as error:
                reason = error.strerror or str(error)
                text = f"TCP port {port} of {node['name']} ({host}): {reason}"
                hint = "Is the daemon up there, and TCP and UDP of that port open?"
                yield Finding.error("port", node["name"], text, hint=hint)


def _ring(client: Client, nodes: list[dict[str, Any]]) -> Iterator[Finding]:
    """Yield what the ring has noticed: clocks that differ, small packets, no real time."""
    try:
        stats, ring = client.call(RingStats())["stats"], client.call(RingStatus())
    except NoCluster:
        return
    names = {str(node["id"]): node["name"] for node in nodes}
    for id, skew_s in ring.get("skew_s", {}).items():
        if abs(skew_s) > 1:
            text = f"the clock of {names.get(id, id)} is {skew_s} s from this one's"
            yield Finding.warning("clock", id, text, hint="Run a time service on all nodes.")
    for id, peer in stats.get("peers", {}).items():
        for number, link in enumerate(peer["links"]):
            name = names.get(id, id)
            if link["silent_ms"] is not None and link["reaches"] and link["size"] < PACKET_MIN:
                text = f"packets to {name} on link {number} are cut to {link['size']} bytes"
                yield Finding.warning("mtu", name, text, hint="Is the MTU the same all the way?")
    if not stats["rt"]:
        text = "the heart has no real time here (rt: no): a loaded machine looks late to others"
        yield Finding.warning("rt", "heart", text, hint="Let the service use real-time scheduling.")


def _watchdog() -> Iterator[Finding]:
    if not os.path.exists("/dev/watchdog"):
        text = "there is no /dev/watchdog: a node that hangs is ended by fencing alone"
        yield Finding.info("watchdog", "/dev/watchdog", text)
