"""A snapshot over TCP: from the leader alone, to nodes of the cluster alone, or not at all."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.daemon.effects import CloseStream, OpenStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.fetching import FETCH_MS, Fetched, Fetcher, of_spelled, snapshot_as, spelled
from pcsx.daemon.returning import answer_to
from pcsx.daemon.setup import Lobby, Me, Returning
from pcsx.ring.port import FetchSnapshot, Snapshot
from tests.daemon.test_returning import KEYS, THREE, identity, me, now

OFFERED = Snapshot(40, 3, THREE, bytes(range(256)) * 20_000)
ORDER = FetchSnapshot(1, 40)


class Trip:
    """n3 fetches at n1's address, where *answers*."""

    def __init__(self, *, answers: str = "n1", asks: str = "n3") -> None:
        entropy = Random(1).randbytes
        self.fetcher = Fetcher(me(asks), entropy)
        self.lobby = Lobby(Me(answers, "", 5450, identity(answers), "0.1.0"), entropy)
        self.got: list[Fetched] = []
        self.closed = 0
        self.raw = True
        """Whether the leader spells snapshots as they are; one of before knows of JSON alone."""

    def begin(self, order: FetchSnapshot = ORDER) -> None:
        self._do(self.fetcher.begin(order, THREE, now(0)))

    def look(self, ms: int) -> None:
        self._do(self.fetcher.look(now(ms)))

    def _do(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case OpenStream(stream, host):
                    assert host == "192.0.2.1"
                    self.lobby.step(StreamOpened(stream, host, True), now(0))
                    self._do(self.fetcher.step(StreamOpened(stream, host, False)))
                case SendStream(stream, data):
                    self._answer(self.lobby.step(StreamData(stream, data), now(0)))
                case CloseStream():
                    self.closed += 1
                case Fetched():
                    self.got.append(effect)

    def _answer(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case SendStream(stream, data) if self.fetcher.owns(StreamData(stream, data)):
                    self._do(self.fetcher.step(StreamData(stream, data)))
                case Returning(stream, _, key, said):
                    word = answer_to(
                        said, key=key, config=THREE, keys=KEYS, quorate=True,
                        offered=lambda: OFFERED,
                    )  # fmt: skip
                    if not isinstance(word, Snapshot):
                        self._answer(self.lobby.say(stream, word or {}))
                    elif self.raw and said["raw"]:
                        self._answer(self.lobby.send(stream, spelled(word)))
                    else:
                        self._answer(self.lobby.say(stream, snapshot_as(word)))


@pytest.mark.parametrize("raw", [True, False])
def test_a_node_fetches_what_its_leader_offers_however_that_spells_it(raw: bool) -> None:
    trip = Trip()
    trip.raw = raw
    trip.begin()
    assert trip.got == [Fetched(ORDER, OFFERED)]
    assert trip.closed == 1 and trip.fetcher.deadline_ms is None


def test_a_snapshot_that_is_there_no_more_is_not_replaced_by_another() -> None:
    trip = Trip()
    trip.begin(FetchSnapshot(1, 39))
    assert [each.snapshot for each in trip.got] == [None]
    assert "no more" in trip.got[0].failure


def test_another_node_at_the_leaders_address_is_not_believed() -> None:
    for answers in ("n2", "stranger"):
        trip = Trip(answers=answers)
        trip.begin()
        assert [each.snapshot for each in trip.got] == [None]


def test_a_stranger_is_given_nothing() -> None:
    trip = Trip(asks="stranger")
    trip.begin()
    assert [each.snapshot for each in trip.got] == [None]


def test_what_does_not_come_in_time_and_what_breaks_off_is_told_once() -> None:
    fetcher = Fetcher(me("n3"), bytes)
    (opening,) = fetcher.begin(ORDER, THREE, now(0))
    assert isinstance(opening, OpenStream) and fetcher.look(now(FETCH_MS - 1)) == []
    late = fetcher.look(now(FETCH_MS))
    assert [type(each) for each in late] == [CloseStream, Fetched]
    assert fetcher.look(now(2 * FETCH_MS)) == []
    (opening,) = fetcher.begin(ORDER, THREE, now(0))
    assert isinstance(opening, OpenStream)
    told = fetcher.step(StreamClosed(opening.stream))
    assert [type(each) for each in told] == [Fetched]


@given(st.binary(max_size=300), st.integers(0, 400))
def test_what_is_spelled_comes_back_the_same_and_what_is_cut_off_is_none(
    state: bytes, cut: int
) -> None:
    payload = spelled(Snapshot(40, 3, THREE, state))
    assert of_spelled(payload) == Snapshot(40, 3, THREE, state)
    head = len(payload) - len(state)
    if cut < head:
        with pytest.raises((ValueError, KeyError, TypeError)):
            of_spelled(payload[:cut])
