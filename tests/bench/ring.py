"""The ring beside Corosync: `python -m tests.bench.ring [--nodes 3,8,16] [--peer corosync]`.

What needs no root runs on loopback: ordered messages, durable changes of the document, transient
attributes, and the heartbeats of 64 nodes with the real codec and sealing. As root, real nodes in
namespaces lose one of them without a word, and it is taken how long it takes until every survivor
is in a view without it; with `--peer corosync` Corosync does the same in the same run. Nothing here
asserts a time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pcsx.cib import Cib
from pcsx.cib.patch import diff
from pcsx.client import Client, Group, payload_of, watch_quorum
from pcsx.protocol import ClusterSetup, Commit, GetCib, LobbyInfo, Request, SetupNode, Tool
from pcsx.shell.demo.nodes import Nodes
from tests.bench import corosync
from tests.bench.figures import Row, compared, median
from tests.bench.peers import absent
from tests.live.cluster import Cluster
from tests.live.lab import Lab
from tests.ring.network import Network, ring_of

WINDOW: Final = 32
"""So many messages of a sender are under way at a time."""
SECONDS: Final = 5.0
GOALS: Final = {"standard": 3.5, "fast": 0.9}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", default="3,8,16")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--peer", choices=("", "corosync"), default="")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    reason = absent() if given.peer else "not asked for"
    heartbeats(64)
    rates(given.seconds)
    if not reason:
        with corosync.ring(3) as peer:
            libcpg(peer, given.seconds)
    if os.geteuid() != 0:
        print("new views are measured on real nodes, which needs root")
        return
    views([int(word) for word in given.nodes.split(",")], given.runs, without_peer=reason)


# --- heartbeats -----------------------------------------------------------------------------------


def heartbeats(count: int, ms: int = 2000) -> None:
    """Print what the hearts of *count* nodes cost, each with all its sessions, in memory."""
    network = Network(ring_of(count), delay_ms=(0, 0))
    network.run(3000)
    began = time.process_time()
    network.run(ms)
    used = time.process_time() - began
    share = used / count / (ms / 1000) * 100
    print(f"{count} nodes' heartbeats: {share:.2f} % of a core a node, without the system's calls")


# --- rates ----------------------------------------------------------------------------------------


def rates(seconds: float) -> None:
    """Print how much three daemons on loopback do in a second."""
    nodes = Nodes(3)
    try:
        _form(nodes)
        sockets = [node.socket for node in nodes.nodes]
        for size in (200, 1300):
            what = f"ordered messages of {size} B"
            for senders in (sockets[:1], sockets):
                found = _run(_messages, senders, seconds, size)
                _told(f"{what}, {len(senders)} senders, {WINDOW} under way", found)
            for senders in (sockets[:1], sockets):
                found = _run(_alone, senders, min(seconds, 2.0), size)
                _told(f"{what}, {len(senders)} senders, one at a time", found)
        for what, work in (("durable changes", _changes), ("attributes", _attributes)):
            for clients in (sockets[:1], sockets):
                for window in (1, WINDOW):
                    found = _run(work, clients, seconds, window)
                    _told(f"{what}, {len(clients)} clients, {_under_way(window)}", found)
    finally:
        nodes.clear()


def libcpg(peer: Any, seconds: float) -> None:
    """Print how much a ring of Corosync does in a second, as its own library's clients see it."""
    for size in (200, 1300):
        for window, limit_s in ((WINDOW, seconds), (1, min(seconds, 2.0))):
            for senders in (1, 3):
                found = corosync.say(peer, senders, limit_s, size, window)
                what = f"libcpg, messages of {size} B, {senders} senders"
                _told(f"  {what}, {_under_way(window)}", found)


def _under_way(window: int) -> str:
    return f"{window} under way" if window > 1 else "one at a time"


def _form(nodes: Nodes) -> None:
    for node in nodes.nodes:
        nodes.start(node)
    for node in nodes.nodes:
        until = time.monotonic() + 30
        while True:
            try:
                with Client(node.socket) as client:
                    client.call(LobbyInfo())
                break
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
    wanted = tuple(SetupNode(node.name, (node.address,)) for node in nodes.nodes)
    with Client(nodes.nodes[0].socket) as client:
        client.call(ClusterSetup("bench", wanted), lambda _line: None, timeout_s=60)


Work = Callable[[str, int, float, int], list[float]]


def _run(work: Work, sockets: Sequence[str], seconds: float, size: int) -> list[list[float]]:
    """Have one process for each of *sockets* do *work*; return the latencies of each."""
    with multiprocessing.get_context("fork").Pool(len(sockets)) as pool:
        jobs = [
            pool.apply_async(_told_apart, (work, socket, number, seconds, size))
            for number, socket in enumerate(sockets)
        ]
        found = [job.get(seconds + 120) for job in jobs]
    for each in found:
        if isinstance(each, str):
            raise SystemExit(f"a client broke off: {each}")
    return [each for each in found if not isinstance(each, str)]


def _told_apart(
    work: Work, socket: str, number: int, seconds: float, size: int
) -> list[float] | str:
    """Return what *work* found, or in words why it broke off: not every error can be sent on."""
    try:
        return work(socket, number, seconds, size)
    except Exception as error:
        return repr(error)


def _told(what: str, found: list[list[float]]) -> None:
    # The first number of each is how long it ran.
    rate = sum((len(one) - 1) / one[0] for one in found)
    latencies = sorted(each for one in found for each in one[1:])
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{what}: {rate:.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)


def _messages(socket: str, number: int, seconds: float, size: int) -> list[float]:
    """Say messages to a group, some under way at a time; from saying to hearing each back."""
    return _say(socket, number, seconds, size, window=WINDOW)


def _alone(socket: str, number: int, seconds: float, size: int) -> list[float]:
    """Say a message to a group and hear it back, then the next: what is told is its way alone."""
    return _say(socket, number, seconds, size, window=1)


def _say(socket: str, number: int, seconds: float, size: int, *, window: int) -> list[float]:
    with Group("bench", socket) as group:
        group.next()
        began, sent, heard = time.monotonic(), 0, 0
        said: dict[int, float] = {}
        found: list[float] = []
        while time.monotonic() - began < seconds or said:
            while len(said) < window and time.monotonic() - began < seconds:
                text = b"%d %d " % (number, sent)
                said[sent] = time.perf_counter()
                group.send(text + bytes(size - len(text)))
                sent += 1
            line = group.next(30)
            if line is not None and "message" in line:
                who, at, _ = payload_of(line).split(b" ", 2)
                if int(who) == number:
                    found.append(time.perf_counter() - said.pop(int(at)))
                    heard += 1
        return [time.monotonic() - began, *found]


def _changes(socket: str, _number: int, seconds: float, window: int) -> list[float]:
    """Change options again and again, each time durable at a quorum before it counts.

    With a *window* above 1 one client changes that many options at the same time.
    """
    client_id = f"bench-{os.getpid()}-{time.time_ns()}"
    with Client(socket) as client:
        at = Cib.from_bytes(client.call(GetCib(bare=True))["cib"].encode())
        names = [f"bench{os.getpid()}.{slot}" for slot in range(window)]
        first = _made(at, names, 0)
        patch = diff(at, first).to_bytes().decode()
        client.call(Commit((0, 0, 0), "", patch, "bench", client_id, 1))
        # Round and round, and the same for all but the name.
        states = [_made(at, names[:1], value) for value in range(11)]
        ring = [diff(states[n], states[(n + 1) % 11]).to_bytes().decode() for n in range(11)]
        rings = [[text.replace(names[0], name) for text in ring] for name in names]

        def wish(slot: int, turn: int) -> Commit:
            text = rings[slot][turn % len(rings[slot])]
            return Commit((0, 0, 0), "", text, "bench", f"{client_id}.{slot}", turn + 1)

        return _again(client, wish, seconds, window)


def _made(at: Cib, names: Sequence[str], value: int) -> Cib:
    """Return *at* with a set of defaults called each of *names*, with one *value* in it."""

    def edit(tree: Any) -> None:
        configuration = tree.find("configuration")
        section = configuration.find("rsc_defaults")
        if section is None:
            section = configuration.makeelement("rsc_defaults")
            configuration.append(section)
        for name in names:
            pairs = section.makeelement("meta_attributes", {"id": name})
            pair = {"id": f"{name}-value", "name": name, "value": str(value)}
            pairs.append(pairs.makeelement("nvpair", pair))
            section.append(pairs)

    return at.edited(edit)


def _attributes(socket: str, number: int, seconds: float, window: int) -> list[float]:
    """Set transient attributes again and again."""
    with Client(socket) as client:

        def wish(slot: int, turn: int) -> Tool:
            return Tool("attrd_updater", ("-n", f"z{number}.{slot}", "-U", str(turn)))

        return _again(client, wish, seconds, window)


def _again(
    client: Client, wish: Callable[[int, int], Request], seconds: float, window: int
) -> list[float]:
    """Ask the *wish* of each slot again as soon as it was answered; return how long each took."""
    began, found = time.monotonic(), []
    free = deque(range(window))
    turns = [0] * window
    asked: dict[int, tuple[int, float]] = {}

    def wishes() -> Iterator[Request]:
        while time.monotonic() - began < seconds:
            slot = free.popleft()
            request = wish(slot, turns[slot])
            turns[slot] += 1
            asked[id(request)] = (slot, time.perf_counter())
            yield request

    for request, answer in client.calls(wishes(), window=window):
        if isinstance(answer, Exception):
            raise answer
        slot, at = asked.pop(id(request))
        found.append(time.perf_counter() - at)
        free.append(slot)
    return [time.monotonic() - began, *found]


# --- views ----------------------------------------------------------------------------------------


def views(counts: list[int], runs: int, *, without_peer: str) -> None:
    """Print how long it takes from silence to the new view at every survivor.

    *without_peer*: why Corosync is left out, empty where it is not.
    """
    rows: list[Row] = []
    for count in counts:
        for profile, setting in (("standard", "default"), ("fast", "t300")):
            found = [_new_view(count, profile) for _ in range(runs)]
            ours = [each.view_s for each in found]
            theirs = [] if without_peer else _theirs(count, runs, setting)
            rows.append((f"{count} nodes, {profile}", ours, f"Corosync, {setting}", theirs, 1.0))
            met = "met" if max(ours) <= GOALS[profile] else "MISSED"
            took = f"{median(ours):.2f} s (at most {max(ours):.2f})"
            back = median([each.back_s for each in found])
            formed = median([each.formed_s for each in found])
            print(
                f"{count} nodes, {profile}: new view after {took}: {met}; back in the view after "
                f"{back:.2f} s; all formed again, with a DC, after {formed:.2f} s",
                flush=True,
            )
    print(compared(rows))
    if without_peer:
        print(f"the peer is left out: {without_peer}")


def _theirs(count: int, runs: int, setting: str) -> list[float]:
    try:
        return corosync.new_views(count, runs, setting)
    except (TimeoutError, RuntimeError, OSError) as error:  # the table leaves its figure out
        print(f"Corosync, {count} nodes, {setting}, broke off: {error!r}", flush=True)
        return []


@dataclass(frozen=True)
class Views:
    """What was measured of one cluster, in seconds."""

    view_s: float
    """From a node's loss to a view without it at all others."""
    back_s: float
    """From the start of its daemon to its being online again."""
    formed_s: float
    """From the start of all daemons to all online under a DC."""


def _new_view(count: int, profile: str) -> Views:
    with Lab(count) as lab:
        made = Cluster(lab)
        made.form(profile, gently=count > len(os.sched_getaffinity(0)))
        victim = lab.machines[-1]
        streams = [watch_quorum(path=str(_socket_of(machine))) for machine in lab.machines[:-1]]
        for stream in streams:
            while (line := stream.next(60)) is not None and len(line["members"]) < count:
                pass
        cut = victim.power_off()
        for stream in streams:
            while (line := stream.next(60)) is not None and len(line["members"]) >= count:
                pass
        took = time.time() - cut
        for stream in streams:
            stream.close()
        victim.power_on()
        began = time.time()
        made.start(victim)
        made.wait_online(count)
        back = time.time() - began
        return Views(took, back, made.form_again())


def _socket_of(machine: Any) -> Path:
    return Path(machine.path("/run/pcsx/pcsx.sock"))


if __name__ == "__main__":
    main()
