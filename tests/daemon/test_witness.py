"""Laws of the witness's daemon: who is heard, and that nothing is said before the disk has it."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcsx.daemon.effects import CloseStream, OpenStream, SendStream
from pcsx.daemon.events import StreamClosed, StreamData, StreamOpened
from pcsx.daemon.setup import Me
from pcsx.daemon.witness import Hub, KeepSeat, SeatKept, UseToken
from pcsx.daemon.witnessing import Enrolled, Enroller, Line, Reached, Refused, Said
from pcsx.ring.config import Address, RingConfig, RingNode, WitnessSeat, next_lineage
from pcsx.ring.join import Token, digest_of, public_of
from pcsx.ring.messages import PreVote, PreVoteResp, Vote, VoteResp, decode, encode
from pcsx.ring.witness import COMPARE_MS, Seat
from pcsx.values import NodeName, Now


def identity(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def config(*names: str, witness: WitnessSeat | None = None) -> RingConfig:
    nodes = tuple(
        RingNode(id, NodeName(name), (Address(f"192.0.2.{id}", 5450),), public_of(identity(name)))
        for id, name in enumerate(names, 1)
    )
    return RingConfig("c" * 32, "web", 7, nodes, witness=witness)


WITNESS_KEY = public_of(identity("witness"))
TOKEN = Token("0" * 32, digest_of(WITNESS_KEY), bytes(range(16)), ("192.0.2.9 5451",))
SEAT = WitnessSeat((Address("192.0.2.9", 5451),), WITNESS_KEY, 5)
PAIR = config("n1", "n2", witness=SEAT)


class Stand:
    """A witness, and ends that talk with it; its disk answers when it is told to."""

    def __init__(self, seats: dict[str, Seat] | None = None, key: str = "witness") -> None:
        self.tokens = {TOKEN.id: TOKEN.shared}
        self.random = Random(3)
        self.hub = Hub(identity(key), self.random.randbytes, seats or {}, self.tokens.get, 0)
        self.ends: list[tuple[int, Any]] = []
        self.got: dict[int, list[Any]] = {}
        self.writes: deque[KeepSeat] = deque()
        self.slow = False
        self.ms = 0

    def now(self) -> Now:
        return Now(self.ms, datetime(2030, 1, 1, tzinfo=UTC))

    def line(self, name: str, known: RingConfig = PAIR, boot: int = 1) -> Line:
        line = Line(Me(name, "", 5450, identity(name), "0"), self.random.randbytes)
        self.look(line, known, boot)
        return line

    def look(self, line: Line, known: RingConfig = PAIR, boot: int = 1, index: int = 1) -> None:
        self.do(line, line.look(known, (index, known), boot, self.now()))

    def do(self, end: Any, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case OpenStream(stream, host):
                    # Each end numbers for itself; the two of a test must differ here.
                    self.ends.append((stream, end))
                    self.hubs(self.hub.step(StreamOpened(self.key(end), host, True), self.ms))
                    self.tell(end, StreamOpened(stream, host, False))
                case SendStream(_, data):
                    self.hubs(self.hub.step(StreamData(self.key(end), data), self.ms))
                case CloseStream():
                    self.hubs(self.hub.step(StreamClosed(self.key(end)), self.ms))
                case _:
                    self.got.setdefault(id(end), []).append(effect)

    def key(self, end: Any) -> int:
        return id(end)

    def tell(self, end: Any, event: Any) -> None:
        if end.owns(event):
            self.do(end, end.step(event, self.now()) if isinstance(end, Line) else end.step(event))

    def hubs(self, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case SendStream(stream, data):
                    for own, end in list(self.ends):
                        if self.key(end) == stream:
                            self.tell(end, StreamData(own, data))
                case CloseStream(stream):
                    for own, end in list(self.ends):
                        if self.key(end) == stream:
                            self.tell(end, StreamClosed(own))
                case KeepSeat():
                    self.writes.append(effect)
                    if not self.slow:
                        self.written()
                case UseToken(used):
                    self.tokens.pop(used)

    def written(self, failure: str = "") -> None:
        kept = self.writes.popleft()
        self.hubs(self.hub.step(SeatKept(kept.cluster, failure), self.ms))

    def said(self, line: Line) -> list[Any]:
        return [decode(each.payload) for each in self.got.get(id(line), []) if type(each) is Said]

    def ask(self, line: Line, message: Any) -> None:
        self.do(line, line.say(encode(message)))


def seated(**known: int) -> Stand:
    return Stand({PAIR.cluster: replace(Seat(5, PAIR, 1), **known)})


def enroll(stand: Stand, token: Token = TOKEN, name: str = "n1") -> Any:
    me = Me(name, "", 5450, identity(name), "0")
    enroller = Enroller(token, me, stand.random.randbytes, replace(PAIR, witness=None), 4)
    stand.do(enroller, enroller.begin(stand.now()))
    (end,) = stand.got[id(enroller)]
    return end


# --- enrolling ------------------------------------------------------------------------------------


def test_a_cluster_enrolls_by_a_token_once_and_its_seat_is_on_the_disk_first():
    stand = Stand()
    stand.slow = True
    me = Me("n1", "", 5450, identity("n1"), "0")
    enroller = Enroller(TOKEN, me, stand.random.randbytes, replace(PAIR, witness=None), 4)
    stand.do(enroller, enroller.begin(stand.now()))
    assert id(enroller) not in stand.got and stand.writes
    stand.written()
    (enrolled,) = stand.got[id(enroller)]
    assert isinstance(enrolled, Enrolled)
    assert enrolled.seat.key == WITNESS_KEY and enrolled.seat.addresses == SEAT.addresses
    assert isinstance(enroll(stand), Refused), "the token was used"


def test_who_is_no_node_of_the_cluster_does_not_enroll_it():
    told = enroll(Stand(), name="stranger")
    assert isinstance(told, Refused) and "no node of that cluster" in str(told.error)


def test_another_daemon_at_the_witnesss_address_is_not_believed():
    told = enroll(Stand(key="impostor"))
    assert isinstance(told, Refused) and "another answers" in str(told.error)


def test_a_cluster_that_enrolls_again_keeps_what_the_seat_must_never_forget():
    stand = seated(term=4, voted_for=2, last_term=4, last_index=9)
    told = enroll(stand)
    assert isinstance(told, Enrolled) and told.seat.nonce == 5
    line = stand.line("n1", replace(PAIR, witness=told.seat))
    stand.ms = PAIR.timers.down_ms
    stand.ask(line, Vote(5, 4, 8, 0))
    (answer,) = stand.said(line)
    assert not answer.granted


# --- the line -------------------------------------------------------------------------------------


def test_a_node_attends_by_its_key_and_is_answered():
    stand = seated()
    line = stand.line("n2")
    assert line.here and Reached(True) in stand.got[id(line)]
    stand.ask(line, PreVote(1, 1, 1, 0))
    stand.ms = COMPARE_MS
    stand.ask(line, PreVote(1, 1, 1, 0))
    first, second = stand.said(line)
    assert isinstance(first, PreVoteResp) and not first.granted and second.granted


@pytest.mark.parametrize(
    ("known", "name", "fault"),
    [
        (PAIR, "stranger", "does not know that node"),
        (replace(PAIR, witness=replace(SEAT, nonce=6)), "n1", "lost what it knew"),
        (replace(PAIR, cluster="d" * 32), "n1", "does not know that cluster"),
        (replace(PAIR, lineage=next_lineage(7, bytes(7))), "n1", "another lineage"),
    ],
)
def test_who_is_not_of_a_cluster_with_this_seat_is_told_and_not_heard(
    known: RingConfig, name: str, fault: str
):
    stand = seated()
    line = stand.line(name, known)
    assert not line.here and fault in line.fault
    assert line.say(encode(Vote(1, 1, 1, 0))) == []


def test_a_node_that_was_removed_is_heard_no_more():
    stand = seated()
    first, second = stand.line("n1"), stand.line("n2")
    rest = replace(PAIR, nodes=PAIR.nodes[:1])
    stand.look(first, rest, index=9)
    assert first.here and not second.here
    stand.ms = 60_000
    stand.look(second)
    assert not second.here and "does not know that node" in second.fault


def test_a_vote_leaves_only_once_the_disk_has_it_and_others_wait_meanwhile():
    stand = seated()
    first, second = stand.line("n1"), stand.line("n2")
    stand.slow = True
    stand.ask(first, Vote(2, 1, 1, 0))
    stand.ask(second, Vote(2, 1, 1, 0))
    assert stand.said(first) == stand.said(second) == []
    seat = Seat.from_bytes(stand.writes[0].data)
    assert (seat.term, seat.voted_for) == (2, 1)
    stand.written()
    (mine,), (theirs,) = stand.said(first), stand.said(second)
    assert isinstance(mine, VoteResp) and mine.granted and not theirs.granted


def test_a_seat_that_cannot_be_kept_answers_no_more():
    stand = seated()
    line = stand.line("n1")
    stand.slow = True
    stand.ask(line, Vote(2, 1, 1, 0))
    stand.written("no space left on device")
    assert stand.said(line) == [] and not line.here


def test_a_line_that_hears_nothing_ends_and_begins_anew():
    stand = seated()
    line = stand.line("n1")
    stand.ms = PAIR.timers.down_ms + 1
    stand.look(line)
    assert Reached(False) in stand.got[id(line)]
    stand.ms += 10_000
    stand.look(line)
    assert line.here


def test_without_a_seat_in_the_configuration_there_is_no_line():
    stand = seated()
    line = stand.line("n1")
    stand.look(line, replace(PAIR, witness=None))
    assert not line.here and line.deadline_ms is None


# --- strangers ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.lists(st.binary(max_size=300), max_size=6))
def test_garbage_ends_the_stream_and_changes_nothing(messages: list[bytes]):
    stand = seated(term=3)
    stand.hub.step(StreamOpened(1, "192.0.2.200", True), 0)
    effects = [each for data in messages for each in stand.hub.step(StreamData(1, data), 0)]
    assert not any(isinstance(each, KeepSeat | UseToken) for each in effects)


@settings(deadline=None, max_examples=40)
@given(st.one_of(st.binary(max_size=400), st.dictionaries(st.text(), st.text()).map(repr)))
def test_what_a_node_says_that_is_not_readable_harms_nobody(garbage: Any):
    stand = seated(term=3)
    line = stand.line("n1")
    payload = garbage if isinstance(garbage, bytes) else b"{" + garbage.encode()
    stand.do(line, line.say(payload))
    other = stand.line("n2")
    assert other.here
    assert stand.hub._tables[PAIR.cluster].witness.seat.term == 3 or payload[:1] == b"\x01"
