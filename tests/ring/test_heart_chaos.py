"""Hearts under random faults: what must never be told, and what must be true once faults stop."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pcsx.ring.frames import Boot, Farewell, PeerState, Reach, Transmit, Unconfigure
from pcsx.ring.heart_port import SendDatagram
from tests.ring.network import Network, ring_of


class Chaos:
    """A network, a seed, and a few seconds of everything at once."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        count, links = self.random.choice(((2, 1), (3, 2), (4, 1), (5, 1)))
        self.network = Network(
            ring_of(count, links=links, profile=self.random.choice(("fast", "standard"))),
            seed=seed,
            loss=self.random.choice((0.0, 0.02, 0.2)),
            delay_ms=(0, self.random.choice((1, 30, 120))),
        )
        self.network.tamper = self.tampered
        self.boots = dict.fromkeys(self.network.sites, 1)
        self.faults = (
            self.cut, self.cut, self.heal, self.stall, self.stall, self.restart, self.leave,
            self.hang, self.talk, self.talk, self.narrow,
        )  # fmt: skip

    def tampered(self, effect: SendDatagram, source: int, target: int) -> Iterator[bytes]:
        yield effect.data
        what = self.random.random()
        if what < 0.02:
            yield effect.data
        elif what < 0.04:
            at = self.random.randrange(len(effect.data))
            yield effect.data[:at] + b"\x5a" + effect.data[at + 1 :]

    def node(self) -> int:
        return self.random.choice(sorted(self.network.sites))

    def cut(self) -> None:
        link = self.random.randrange(len(self.network.config.nodes[0].addresses))
        self.network.cut(self.node(), self.node(), link)

    def heal(self) -> None:
        self.network.heal()
        self.network.size_max = 65535

    def narrow(self) -> None:
        self.network.size_max = 1250

    def stall(self) -> None:
        self.network.stall(self.node(), self.random.choice((50, 300, 2000, 9000)))

    def restart(self) -> None:
        node = self.node()
        self.network.kill(node)
        if self.random.random() < 0.5:
            self.network.send_will(node)
        self.network.run(self.random.choice((0, 5, 500, 4000)))
        self.boots[node] += 1
        self.network.boot(node, self.boots[node])

    def leave(self) -> None:
        node = self.node()
        self.network.tell(node, Farewell(), Unconfigure())
        self.network.run(self.random.choice((0, 700)))
        self.network.configure(node, self.network.config)

    def hang(self) -> None:
        site = self.network.sites[self.node()]
        site.brain_alive = not site.brain_alive

    def talk(self) -> None:
        node = self.node()
        size = self.random.choice((1, 800, 20_000, 200_000))
        self.network.tell(node, Transmit(tuple(sorted(self.network.sites)), bytes(size)))

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.random.choice(self.faults)()
            self.network.run(self.random.choice((10, 200, 1500)))

    def rest(self) -> None:
        """End all faults; a stall may still last 9 s, and leave parts of messages for 5."""
        self.heal()
        self.network.loss = 0.0
        self.network.tamper = None
        for site in self.network.sites.values():
            site.brain_alive = True
        self.network.run(16_000)


@pytest.mark.parametrize("seed", range(12))
def test_once_faults_stop_all_are_up_in_their_newest_life_and_little_is_kept(seed: int) -> None:
    chaos = Chaos(seed)
    network = chaos.network
    chaos.run(40)
    chaos.rest()
    for node, site in network.sites.items():
        for peer in set(network.sites) - {node}:
            state = network.state(node, peer)
            assert state is not None
            assert (state.reach, state.boot) == (Reach.UP, network.sites[peer].boot)
        assert len(site.heart._directory) <= 8 * len(network.sites)
        assert site.heart._queued == 0
        assert all(not peer.assembly for peer in site.heart._peers.values())


@pytest.mark.parametrize("seed", range(100, 106))
def test_the_lives_that_are_told_of_only_rise(seed: int) -> None:
    chaos = Chaos(seed)
    chaos.run(40)
    for node, site in chaos.network.sites.items():
        newest: dict[int, Boot] = {}
        for _, state in chaos.network.told(node, PeerState):
            assert state.boot >= newest.get(state.node, Boot(0, 0))
            newest[state.node] = state.boot
        assert site.boot.counter == chaos.boots[node]


def test_loss_and_short_stalls_take_nobody_down() -> None:
    network = Network(ring_of(3), loss=0.05, seed=8)
    chance = random.Random(8)
    network.run(2000)
    for _ in range(200):
        network.stall(chance.choice((1, 2, 3)), 200)
        network.run(1500)
    for node in network.sites:
        assert all(s.reach is not Reach.DOWN for _, s in network.told(node, PeerState))
