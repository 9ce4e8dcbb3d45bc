"""What is dropped is counted under what was wrong with it, once, and under nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

from pcsx.ring.config import Address
from pcsx.ring.fragments import MESSAGE_MAX
from pcsx.ring.frames import AskStats, Boot, Farewell, HeartStats, Transmit
from pcsx.ring.heart import QUEUE_MAX, Heart
from pcsx.ring.heart_port import Datagram, FromBrain, Report
from pcsx.ring.seal import SUITES, WINDOW
from pcsx.ring.session import Association, Gate, Local
from pcsx.ring.wire import BEAT, COOKIE, HEADER, INIT, MAGIC, PANIC, RESPONSE, WILL
from tests.ring.network import PSK, Network, identity_of, now_at, ring_of


class Target:
    """The heart of node 2, and what is thrown at it: by a true node 1, and by anybody."""

    def __init__(self) -> None:
        self.network = Network(ring_of(2))
        self.network.record = True
        self.network.run(3000)
        self.heart = self.network.sites[2].heart
        self.source = self.network.config.node(1).addresses[0]
        self.before = self.drops()

    def drops(self) -> dict[str, int]:
        out = self.heart.step(FromBrain((AskStats(),)), now_at(self.network.now))
        (frame,) = [e.frame for e in out if isinstance(e, Report)]
        assert isinstance(frame, HeartStats)
        return dict(json.loads(frame.text)["drop"])

    def new(self) -> dict[str, int]:
        """Return what was counted since."""
        return {
            reason: number - self.before.get(reason, 0)
            for reason, number in self.drops().items()
            if number != self.before.get(reason, 0)
        }

    def throw(self, data: bytes, *, link: int = 0, at_ms: int = 0) -> list[Any]:
        now = now_at(self.network.now + at_ms)
        return list(self.heart.step(Datagram(link, self.source, data), now))

    def heard(self, kind: int) -> bytes:
        """Return the last packet of *kind* that node 1 sent."""
        return [d for s, t, _, d in self.network.wire if (s, t) == (1, 2) and d[1] == kind][-1]

    def fresh(self, kind: int) -> bytes:
        """Return the next packet of *kind* that node 1 sends, which does not arrive."""
        self.network.cut(1, 2)
        self.network.wire.clear()
        self.network.run(500)
        self.network.heal()
        return self.heard(kind)

    def caller(self, **facts: Any) -> Association:
        """Return a life of node 1 that is about to call; *facts* are what is wrong with it."""
        key = identity_of(1)
        local = Local(
            1, Boot(5, 1), key, key.public_key().public_bytes_raw(), (PSK,),
            self.network.config.cluster.encode(), self.network.config.lineage,
            Random(5).randbytes, SUITES,
        )  # fmt: skip
        return Association(replace(local, **facts), self.network.config.node(2), {}, count(1))


def test_what_is_no_packet() -> None:
    target = Target()
    for data in (b"", b"\xc1", bytes(40), bytes([MAGIC]) + bytes(30)):
        target.throw(data)
    assert target.new() == {"malformed": 4}


def test_a_node_that_is_in_no_ring_opens_nothing() -> None:
    heart = Heart(Random(1).randbytes)
    data = bytes([MAGIC, BEAT]) + bytes(60)
    assert heart.step(Datagram(0, Address("10.0.0.1", 5450), data), now_at(5)) == []
    (effect,) = heart.step(FromBrain((AskStats(),)), now_at(5))
    assert isinstance(effect, Report) and isinstance(effect.frame, HeartStats)
    assert json.loads(effect.frame.text)["drop"] == {"lobby": 1}


def test_a_type_that_there_is_not() -> None:
    target = Target()
    for kind in (0, 5, 15, PANIC + 1, 255):
        target.throw(bytes([MAGIC, kind]) + bytes(60))
    assert target.new() == {"type": 5}


def test_a_session_that_there_is_not() -> None:
    target = Target()
    for kind in (BEAT, RESPONSE, COOKIE, WILL, PANIC):
        target.throw(HEADER.pack(MAGIC, kind, 0, 0, 1, 1) + bytes(60))
    assert target.new() == {"session": 5}


def test_a_packet_that_does_not_open_one_that_comes_twice_and_one_from_long_ago() -> None:
    target = Target()
    packet = target.heard(BEAT)
    target.throw(packet)
    assert target.new() == {"replay": 1}
    bad = bytearray(target.fresh(BEAT))
    bad[-1] ^= 1
    target.throw(bytes(bad))
    assert target.new() == {"replay": 1, "seal": 1}
    for _ in range(WINDOW + 1):
        target.network.tell(1, Transmit((2,), b"x"))
    target.network.run(10)
    target.throw(packet)
    assert target.new() == {"replay": 1, "seal": 1, "old": 1}


def test_a_link_that_this_node_does_not_have() -> None:
    target = Target()
    target.throw(target.fresh(BEAT), link=3)
    target.throw(target.caller().attempt(0), link=3)
    assert target.new() == {"link": 2}


def test_a_caller_whom_nobody_knows_or_who_means_somebody_else() -> None:
    target = Target()
    call = bytearray(target.caller().attempt(0))
    call[16] = 9
    target.throw(bytes(call))
    call[16:18] = 1, 7
    target.throw(bytes(call))
    assert target.new() == {"stranger": 2}


def test_a_call_without_the_clusters_key() -> None:
    target = Target()
    target.throw(target.caller(psks=(bytes(32),)).attempt(0))
    target.throw(bytes([MAGIC, INIT]) + bytes(14) + bytes([1, 2]) + bytes(120))
    assert target.new() == {"mac": 2}


def test_a_call_with_the_clusters_key_alone_and_one_with_a_weak_point() -> None:
    target = Target()
    target.throw(target.caller(private=identity_of(9)).attempt(0))
    assert target.new() == {"handshake": 1}

    caller = target.caller()
    call = bytearray(caller.attempt(0)[:-32])
    call[16 + 10 : 16 + 42] = bytes(32)
    target.throw(caller._proved(bytes(call), PSK))
    assert target.new() == {"handshake": 1, "key": 1}


def test_a_call_that_came_before() -> None:
    target = Target()
    call = target.caller().attempt(0)
    assert target.throw(call) and not target.throw(call)
    assert target.new() == {"replay": 1}


def test_of_refusals_one_a_second_is_spent() -> None:
    target = Target()
    caller = target.caller(lineage=9)
    assert target.throw(caller.attempt(0))
    assert target.throw(caller.attempt(0)) == []
    assert target.new() == {"refused": 1}


def test_a_life_that_its_supervisor_saw_end() -> None:
    target = Target()
    site = target.network.kill(1)
    target.network.send_will(1)
    target.network.run(10)
    target.throw(target.caller(boot=site.boot).attempt(0))
    assert target.new() == {"replay": 1}, "its handshakes have lower numbers"
    caller = target.caller(boot=site.boot)
    for _ in range(50):
        call = caller.attempt(0)
    target.throw(call)
    assert target.new() == {"replay": 1, "dead": 1}


def test_a_flood_of_calls_and_a_forged_cookie() -> None:
    target = Target()
    caller = target.caller()
    for _ in range(Gate.BUSY):
        target.throw(caller.attempt(0))
    assert target.new() == {}
    (answer,) = target.throw(caller.attempt(0))
    assert answer.data[1] == COOKIE and target.new() == {"busy": 1}

    network = Network(ring_of(2), start=False)
    network.boot(1, 1)
    network.record = True
    heart = network.sites[1].heart
    session = next(iter(heart._directory), 0)
    if not session:
        network.run(300)
        session = next(iter(heart._directory))
    forged = HEADER.pack(MAGIC, COOKIE, 0, 0, session, 0) + bytes(44)
    heart.step(Datagram(0, network.config.node(2).addresses[0], forged), now_at(network.now))
    out = heart.step(FromBrain((AskStats(),)), now_at(network.now))
    told = [e.frame for e in out if isinstance(e, Report) and isinstance(e.frame, HeartStats)]
    assert json.loads(told[0].text)["drop"] == {"cookie": 1}


def test_who_leaves_answers_no_calls() -> None:
    target = Target()
    target.network.tell(2, Farewell())
    target.throw(target.caller().attempt(0))
    assert target.new() == {"leaving": 1}


def test_what_cannot_be_sent() -> None:
    target = Target()
    target.network.tell(2, Transmit((1, 7), b"x"))
    assert target.new() == {"nosession": 1}
    big = Transmit((1,), bytes(MESSAGE_MAX))
    now = now_at(target.network.now)
    target.heart.step(FromBrain((big,) * (QUEUE_MAX // MESSAGE_MAX + 2)), now)
    assert target.new() == {"nosession": 1, "queue": 2}


def test_an_answer_to_a_call_before_the_one_in_use() -> None:
    network = Network(ring_of(2), start=False)
    network.boot(1, 1)
    network.boot(2, 1)
    network.record = True
    network.cut(2, 1)
    network.run(700)
    network.heal()
    answers = [d for s, t, _, d in network.wire if (s, t) == (2, 1) and d[1] == RESPONSE]
    assert len(answers) > 1
    heart, source = network.sites[1].heart, network.config.node(2).addresses[0]
    for answer in (answers[-1], answers[0]):
        heart.step(Datagram(0, source, answer), now_at(network.now))
    out = heart.step(FromBrain((AskStats(),)), now_at(network.now))
    told = [e.frame for e in out if isinstance(e, Report) and isinstance(e.frame, HeartStats)]
    assert json.loads(told[0].text)["drop"] == {"late": 1}
