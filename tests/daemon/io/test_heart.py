"""Laws of the heart's process, with real ones on loopback: they find, carry and miss each other."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pcsx.daemon.io.frame_socket import FrameSocket, pair
from pcsx.daemon.io.heart import EXIT_NO_BRAIN, HeartSettings, run_heart
from pcsx.daemon.io.supervisor import supervise
from pcsx.ring.config import Address, RingConfig
from pcsx.ring.frames import (
    AskStats,
    Boot,
    Configure,
    Farewell,
    Heard,
    HeartStats,
    PeerState,
    Pulse,
    Reach,
    ToBrain,
    Transmit,
    Why,
)
from pcsx.ring.wire import MAGIC
from tests.ring.network import PSK, identity_of, ring_of

LIMIT_S = 60


class Hearts:
    """Processes that run the heart's loop, and this one as all their brains."""

    def __init__(self, count: int, profile: str, *hosts: str, alone: int = 0) -> None:
        self.config = _on_free_ports(ring_of(count, profile=profile), hosts or ("127.0.0.1",))
        self.pids: dict[int, int] = {}
        self.brains: dict[int, FrameSocket] = {}
        self.said: dict[int, list[ToBrain]] = {n: [] for n in range(1, count + 1)}
        for node in (alone,) if alone else self.said:
            theirs, ours = pair()
            pid = os.fork()
            if not pid:
                for brain in self.brains.values():
                    brain.close()
                ours.close()
                os._exit(run_heart(theirs, None, HeartSettings(realtime=False)))
            theirs.close()
            self.pids[node], self.brains[node] = pid, FrameSocket(ours)
        for node in self.brains:
            self.configure(node, self.config)

    def configure(self, node: int, config: RingConfig) -> None:
        """Tell the heart of *node* that the ring is *config*."""
        secret = identity_of(node).private_bytes_raw()
        frame = Configure(node, Boot(1, node), config.to_bytes(), secret, (PSK,))
        self.brains[node].send(frame)

    def listen(self, here: int, wanted: type[ToBrain], **facts: object) -> ToBrain:
        """Return the first frame like this that node *here* says; be a lively brain meanwhile."""
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            for frame in self.said[here]:
                if isinstance(frame, wanted) and all(
                    getattr(frame, name) == value for name, value in facts.items()
                ):
                    return frame
            select.select([self.brains[here]], [], [], 0.05)
            for other, brain in self.brains.items():
                if other in self.pids:
                    brain.flush()
                    brain.send(Pulse())
                    said = brain.receive()
                    self.said[other] += [frame for frame in said if isinstance(frame, ToBrain)]
        raise AssertionError(f"node {here} did not say {wanted.__name__} {facts}")

    def end(self, node: int, number: int) -> int:
        """Send the heart of *node* a signal and return its exit status."""
        pid = self.pids.pop(node)
        os.kill(pid, number)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def close(self) -> None:
        for node in list(self.pids):
            self.end(node, signal.SIGKILL)
        for brain in self.brains.values():
            brain.close()


def _on_free_ports(config: RingConfig, hosts: tuple[str, ...]) -> RingConfig:
    """Return *config* with a link on each of *hosts*, at ports that nobody has."""
    with contextlib.ExitStack() as held:

        def free(host: str) -> Address:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            each = held.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            each.bind((host, 0))
            return Address(host, each.getsockname()[1])

        nodes = tuple(replace(n, addresses=tuple(map(free, hosts))) for n in config.nodes)
    return replace(config, nodes=nodes)


@pytest.fixture
def trio() -> Iterator[Hearts]:
    hearts = Hearts(3, "fast")
    yield hearts
    hearts.close()


def test_hearts_find_each_other_carry_a_megabyte_and_miss_one_that_is_killed(trio: Hearts) -> None:
    for node in (1, 2, 3):
        for peer in {1, 2, 3} - {node}:
            trio.listen(node, PeerState, node=peer, reach=Reach.UP)
    payload = os.urandom(1 << 20)
    trio.brains[1].send(Transmit((2, 3), payload))
    for node in (2, 3):
        trio.listen(node, Heard, node=1, payload=payload)
    trio.end(3, signal.SIGKILL)
    killed = time.monotonic()
    for node in (1, 2):
        trio.listen(node, PeerState, node=3, reach=Reach.DOWN, why=Why.SILENCE)
    # Without real time nobody is judged faster than by the times of *standard*.
    assert time.monotonic() - killed > 2.5
    trio.brains[1].send(AskStats())
    stats = trio.listen(1, HeartStats)
    assert isinstance(stats, HeartStats)
    told = json.loads(stats.text)
    assert told["rt"] is False and told["io"]["brain.dropped"] == 0
    assert told["peers"]["2"]["links"][0]["reaches"] is True


def test_what_is_not_ours_does_not_even_reach_the_heart(trio: Hearts) -> None:
    trio.listen(1, PeerState, node=2, reach=Reach.UP)
    trio.listen(1, PeerState, node=3, reach=Reach.UP)
    address = trio.config.node(1).addresses[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for size in (0, 1, 7, 100, 1400):
            stranger.sendto(bytes(size), (address.host, address.port))
            stranger.sendto(bytes([MAGIC]) + bytes(size), (address.host, address.port))
    trio.end(3, signal.SIGKILL)
    trio.listen(1, PeerState, node=3, reach=Reach.DOWN)
    trio.brains[1].send(AskStats())
    stats = trio.listen(1, HeartStats)
    assert isinstance(stats, HeartStats)
    assert sum(json.loads(stats.text)["drop"].values()) == 5


def test_a_farewell_is_finished_when_the_brain_has_gone(trio: Hearts) -> None:
    trio.listen(1, PeerState, node=2, reach=Reach.UP)
    trio.listen(3, PeerState, node=2, reach=Reach.UP)
    trio.brains[2].send(Farewell())
    trio.brains[2].close()
    pid = trio.pids.pop(2)
    for node in (1, 3):
        trio.listen(node, PeerState, node=2, reach=Reach.DOWN, why=Why.LEFT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_heart_without_a_brain_ends(trio: Hearts) -> None:
    trio.listen(1, PeerState, node=2, reach=Reach.UP)
    trio.brains[2].close()
    pid = trio.pids.pop(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == EXIT_NO_BRAIN


def test_a_heart_ends_at_sigterm(trio: Hearts) -> None:
    trio.listen(1, PeerState, node=2, reach=Reach.UP)
    assert trio.end(1, signal.SIGTERM) == 0


def test_peers_learn_of_a_killed_brain_by_the_will_and_then_of_the_next_life(
    tmp_path: Path,
) -> None:
    hearts = Hearts(2, "standard", alone=1)
    secret = identity_of(2).private_bytes_raw()
    pids = tmp_path / "brains"

    def brain(heart: socket.socket, supervisor: socket.socket) -> int:
        with pids.open("a") as file:
            file.write(f"{os.getpid()}\n")
        life = len(pids.read_text().split())
        end = FrameSocket(heart)
        end.send(Configure(2, Boot(life, life), hearts.config.to_bytes(), secret, (PSK,)))
        while True:
            time.sleep(0.1)
            end.receive()
            end.send(Pulse())

    def heart(brain: socket.socket, supervisor: socket.socket) -> int:
        return run_heart(brain, supervisor, HeartSettings(realtime=False))

    daemon = os.fork()
    if not daemon:
        hearts.brains[1].close()
        os._exit(supervise(heart, brain))
    try:
        hearts.listen(1, PeerState, node=2, reach=Reach.UP, boot=Boot(1, 1))
        os.kill(int(pids.read_text().split()[0]), signal.SIGKILL)
        killed = time.monotonic()
        hearts.listen(1, PeerState, node=2, reach=Reach.DOWN, why=Why.DIED, boot=Boot(1, 1))
        assert time.monotonic() - killed < 2.0, "silence would have told as much"
        hearts.listen(1, PeerState, node=2, reach=Reach.UP, boot=Boot(2, 2))
    finally:
        os.kill(daemon, signal.SIGKILL)
        os.waitpid(daemon, 0)
        hearts.close()


def test_links_of_both_families_carry_at_once_and_the_loss_of_either_is_no_loss() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("there is no IPv6 loopback here")
    hearts = Hearts(2, "standard", "127.0.0.1", "::1")
    try:
        hearts.listen(1, PeerState, node=2, reach=Reach.UP)
        hearts.listen(2, PeerState, node=1, reach=Reach.UP)
        until_reaching(hearts, [True, True])
        for kept in (0, 1):
            # Node 2 listens on the other link no more: it is told of a port that is not its own.
            nodes = hearts.config.nodes
            deaf = list(nodes[1].addresses)
            deaf[1 - kept] = replace(deaf[1 - kept], port=9)
            moved = (nodes[0], replace(nodes[1], addresses=tuple(deaf)))
            hearts.configure(2, replace(hearts.config, nodes=moved))
            until_reaching(hearts, [kept == 0, kept == 1])
            payload = os.urandom(2000)
            hearts.brains[1].send(Transmit((2,), payload))
            hearts.listen(2, Heard, node=1, payload=payload)
            hearts.configure(2, hearts.config)
            until_reaching(hearts, [True, True])
        reaches = [f.reach for f in hearts.said[1] if isinstance(f, PeerState)]
        assert reaches == [Reach.UP], "nobody was missed for a moment"
    finally:
        hearts.close()


def until_reaching(hearts: Hearts, wanted: list[bool]) -> None:
    """Wait until node 1 is heard by its only peer on just the links that are *wanted*."""
    limit = time.monotonic() + LIMIT_S
    links: list[bool] = []
    while links != wanted and time.monotonic() < limit:
        hearts.said[1] = [f for f in hearts.said[1] if not isinstance(f, HeartStats)]
        hearts.brains[1].send(AskStats())
        stats = hearts.listen(1, HeartStats)
        assert isinstance(stats, HeartStats)
        (peer,) = json.loads(stats.text)["peers"].values()
        links = [link["reaches"] for link in peer["links"]]
        time.sleep(0.02)
    assert links == wanted
