"""Laws of coming back: who one is decides what one is told, and only nodes of old are believed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from pcsx.daemon.effects import CloseStream, OpenStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.returning import DEAF_MS, Barred, NewKeys, Recall, answer_to
from pcsx.daemon.setup import Lobby, Me, Returning
from pcsx.ring.config import Address, RingConfig, RingNode, next_lineage
from pcsx.ring.join import public_of
from pcsx.ring.port import Snapshot
from pcsx.values import NodeName, Now

KEYS = (b"n" * 32, b"o" * 32)


def identity(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def me(name: str) -> Me:
    return Me(name, "", 5450, identity(name), "0.1.0")


def config(*names: str) -> RingConfig:
    nodes = tuple(
        RingNode(id, NodeName(name), (Address(f"192.0.2.{id}", 5450),), public_of(identity(name)))
        for id, name in enumerate(names, 1)
    )
    return RingConfig("c" * 32, "web", 7, nodes)


THREE = config("n1", "n2", "n3")
OFFERED = Snapshot(40, 3, THREE, b"state")


def told(said: dict[str, Any], key: str, known: RingConfig = THREE, *, quorate: bool = True) -> Any:
    return answer_to(
        said, key=public_of(identity(key)), config=known, keys=KEYS, quorate=quorate,
        offered=lambda: OFFERED, here=OFFERED,
    )  # fmt: skip


def now(ms: int) -> Now:
    return Now(ms, datetime(2030, 1, 1, tzinfo=UTC))


# --- the end that answers -------------------------------------------------------------------------


def test_a_node_of_the_cluster_is_given_its_keys_with_quorum_or_without():
    for quorate in (True, False):
        given = told({"ask": "recall", "lineage": 7}, "n3", quorate=quorate)
        assert given == {"keys": [key.hex() for key in KEYS], "quorate": quorate}


def test_whom_the_cluster_does_not_know_gets_no_key_and_only_quorum_says_removed():
    gone = replace(THREE, nodes=THREE.nodes[:2])
    assert told({"ask": "recall", "lineage": 7}, "n3", gone)["verdict"] == "REMOVED"
    told_less = told({"ask": "recall", "lineage": 7}, "n3", gone, quorate=False)
    assert set(told_less) == {"error"}
    assert "keys" not in told({"ask": "rejoin", "lineage": 7}, "stranger")


def test_a_node_of_an_older_generation_hears_that_it_was_superseded_and_gets_no_key():
    anew = replace(THREE, lineage=next_lineage(7, bytes(7)))
    assert told({"ask": "recall", "lineage": 7}, "n3", anew)["verdict"] == "SUPERSEDED"
    assert set(told({"ask": "recall", "lineage": 8}, "n3")) == {"error"}
    assert set(told({"ask": "recall", "lineage": anew.lineage}, "n3")) == {"error"}


def test_who_counts_in_the_cluster_keeps_its_log():
    anew = replace(THREE, lineage=next_lineage(7, bytes(7)))
    assert set(told({"ask": "rejoin", "lineage": 7}, "n3", anew)) == {"error", "hint"}
    learner = replace(
        anew, nodes=(*anew.nodes[:2], replace(anew.nodes[2], votes=0, boot=4, over=6))
    )
    given = told({"ask": "rejoin", "lineage": 7}, "n3", learner)
    assert (given["me"], given["boot"], given["state"]) == (3, 6, OFFERED.state.hex())
    assert "error" in told({"ask": "rejoin", "lineage": 7}, "n3", learner, quorate=False)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"ask": "recall"},
        {"ask": "recall", "lineage": "x"},
        {"ask": 7, "lineage": 7},
        {"ask": "adopt", "lineage": 7},
    ],
)
def test_what_is_not_readable_or_not_allowed_is_told_and_gives_nothing(said: dict[str, Any]):
    assert set(told(said, "n3")) == {"error"}


# --- the end that asks ----------------------------------------------------------------------------


class Call:
    """A recall of n3 to whoever answers at every address."""

    def __init__(self, answers: str, known: RingConfig = THREE, *, quorate: bool = True) -> None:
        chance = Random(1)
        self.recall = Recall(me("n3"), chance.randbytes)
        self.lobby = Lobby(me(answers), chance.randbytes)
        self.known, self.quorate = known, quorate
        self.got: list[Any] = []
        self.opened: list[OpenStream] = []

    def look(self, ms: int, *, deaf: bool = True) -> None:
        self._do(self.recall.look(THREE, 3, deaf=deaf, now=now(ms)))

    def _do(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case OpenStream(stream, host):
                    self.opened.append(effect)
                    self.lobby.step(StreamOpened(stream, host, True), now(0))
                    self._do(self.recall.step(StreamOpened(stream, host, False), THREE))
                case SendStream(stream, data):
                    self._answer(self.lobby.step(StreamData(stream, data), now(0)))
                case NewKeys() | Barred() | CloseStream():
                    self.got.append(effect)

    def _answer(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case SendStream(stream, data) if self.recall.owns(StreamData(stream, data)):
                    self._do(self.recall.step(StreamData(stream, data), THREE))
                case Returning(stream, cluster, key, said):
                    assert cluster == THREE.cluster
                    word = answer_to(
                        said, key=key, config=self.known, keys=KEYS, quorate=self.quorate,
                        offered=lambda: OFFERED,
                    )  # fmt: skip
                    assert isinstance(word, dict)
                    self._answer(self.lobby.say(stream, word))


def test_nobody_is_asked_while_somebody_is_heard_or_silence_is_short():
    call = Call("n1")
    call.look(0, deaf=False)
    call.look(10_000)
    call.look(10_000 + DEAF_MS - 1)
    assert not call.opened
    call.look(10_000 + DEAF_MS)
    assert len(call.opened) == 1


def test_who_hears_nobody_is_given_the_keys_by_a_node_that_it_knows():
    call = Call("n1")
    call.look(0)
    call.look(DEAF_MS)
    assert NewKeys(KEYS) in call.got


def test_a_stranger_at_a_nodes_address_is_told_nothing_and_not_believed():
    call = Call("stranger")
    call.look(0)
    call.look(DEAF_MS)
    assert [type(each) for each in call.got] == [CloseStream]


def test_one_that_was_removed_hears_it():
    call = Call("n2", replace(THREE, nodes=THREE.nodes[:2]))
    call.look(0)
    call.look(DEAF_MS)
    assert [each.verdict for each in call.got if isinstance(each, Barred)] == ["REMOVED"]


def test_the_others_are_asked_in_turn_ever_more_slowly():
    call = Call("nobody")
    moments = []
    for ms in range(0, 60_000, 100):
        before = len(call.opened)
        call.look(ms)
        moments += [ms] * (len(call.opened) - before)
    hosts = [opened.host for opened in call.opened]
    assert hosts[:4] == ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"]
    assert moments[1] - moments[0] == 1000 and moments[-1] - moments[-2] == 10_000


def test_a_call_that_nobody_answers_ends_by_itself():
    chance = Random(1)
    recall = Recall(me("n3"), chance.randbytes)
    recall.look(THREE, 3, deaf=True, now=now(0))
    (opened,) = recall.look(THREE, 3, deaf=True, now=now(DEAF_MS))
    assert isinstance(opened, OpenStream)
    assert recall.deadline_ms() is not None
    ended = recall.look(THREE, 3, deaf=True, now=now(DEAF_MS + 5000))
    assert ended[0] == CloseStream(opened.stream)
    assert not recall.owns(StreamClosed(opened.stream))
