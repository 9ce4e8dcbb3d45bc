"""Whatever arrives from the network: no decoder raises but its own error, and no heart is moved.

Bytes are drawn at random, and real ones are damaged: cut, lengthened, changed in a few places.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.daemon import ledger, messages, trust
from pcsx.ring import codec, wire
from pcsx.ring.fragments import Assembly, unpacked
from pcsx.ring.frames import PeerState
from pcsx.ring.heart_port import Datagram, SendDatagram
from pcsx.ring.join import Channel, Token, token_id
from pcsx.ring.messages import decode as decode_message
from pcsx.ring.services import decode as decode_word
from pcsx.ring.will import opened_will
from tests.ring.network import Network, now_at, ring_of

DECODERS: dict[str, Callable[[bytes], object]] = {
    "brains": decode_message,
    "heart and brain": codec.decode,
    "view plane": messages.decode,
    "log": ledger.decode,
    "services": decode_word,
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with a few bytes changed, cut short or made longer."""
    raw = bytearray(data)
    for _ in range(chance.randint(0, 4)):
        if raw:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
    if chance.random() < 0.3:
        del raw[chance.randint(0, len(raw)) :]
    if chance.random() < 0.2:
        raw += chance.randbytes(chance.randint(1, 40))
    return bytes(raw)


@pytest.mark.parametrize("name", DECODERS)
@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_bytes_are_a_message_or_malformed(name: str, data: bytes) -> None:
    for head in (b"", b"\x01", b"\x02"):
        with suppress(codec.Malformed):
            DECODERS[name](head + data)


@given(st.binary(max_size=120))
@settings(max_examples=60, deadline=None)
def test_a_will_that_is_none_is_dropped(data: bytes) -> None:
    with pytest.raises(wire.Dropped):
        opened_will(data, bytes(32))


@given(st.lists(st.binary(max_size=60), max_size=12))
@settings(max_examples=60, deadline=None)
def test_parts_of_nothing_make_no_message_and_little_memory(parts: list[bytes]) -> None:
    assembly = Assembly()
    for part in parts:
        assembly.take(part, 0)
        unpacked(part)

    assert assembly.size <= sum(map(len, parts))


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_lobby_takes_any_bytes_and_opens_to_none(data: bytes, honest_head: bool) -> None:
    other = Channel(
        opener=False, identity=b"2" * 32, shared=b"k" * 32, entropy=random.Random(1).randbytes
    )
    first = b"pcsx-join-1\x01" + bytes(32) if honest_head else data
    token_id(first)
    for word in (first, data, data):
        other.take(word)

    assert not other.open


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_a_text_is_a_token_or_is_told_to_be_none(text: str) -> None:
    with suppress(ValueError):
        assert Token.from_text(text).to_text()


def test_a_fact_of_trust_is_bytes_and_back() -> None:
    for fact in (
        trust.TokenMade(b"i" * 16, b"s" * 32, 9, "root"),
        trust.TokenUsed(b"i" * 16, "n1"),
        trust.KeyPrepared(b"k" * 32, "asked"),
        trust.KeyActive(b"k" * 32),
        trust.KeyRetired(b"k" * 32),
    ):
        assert ledger.decode(ledger.encode(fact)) == fact


def test_damaged_packets_beside_the_real_ones_change_nothing_but_counters() -> None:
    calm, stormy = Network(ring_of(3), seed=3), Network(ring_of(3), seed=3)
    chance = random.Random(7)

    def tamper(effect: SendDatagram, _source: int, _target: int) -> Iterator[bytes]:
        yield effect.data
        for _ in range(3):
            if (data := damaged(effect.data, chance)) != effect.data:
                yield data

    stormy.tamper = tamper
    for network in (calm, stormy):
        network.run(8000)

    for node in (1, 2, 3):
        assert [s.reach for _, s in stormy.told(node, PeerState)] == [
            s.reach for _, s in calm.told(node, PeerState)
        ]
        assert stormy.sites[node].heart._drops


def test_a_replayed_capture_of_an_earlier_life_opens_nothing() -> None:
    network = Network(ring_of(3), seed=5)
    network.record = True
    network.run(3000)
    capture = [packet for packet in network.wire if packet[1] == 1]
    network.record = False
    network.kill(1)
    network.boot(1, 2)
    network.run(6000)
    before = [frame for _, frame in network.told(1, PeerState)]

    for _ in range(2):
        for source, _, link, data in capture:
            site, address = network.sites[1], network.config.node(source).addresses[link]
            for effect in site.heart.step(Datagram(link, address, data), now_at(network.now)):
                network._perform(site, effect)
    network.run(3000)

    assert [frame for _, frame in network.told(1, PeerState)] == before
