"""Laws of one view's order: places, repair, stability and flow."""

from __future__ import annotations

from random import Random

import pytest

from pcsx.ring.frames import Boot, Transmit
from pcsx.ring.messages import Ack, Data, Item, Message, Nack, Offer, Ordered, decode
from pcsx.ring.order import (
    ACK_EVERY,
    ACK_MS,
    BATCH_FROM,
    BATCH_MESSAGES,
    BATCH_MS,
    HOLES,
    LAG,
    NACK_MS,
    WINDOW_MESSAGES,
    Order,
)
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Deliver, HardState, Member, Say, View, ViewId

VIEW = View(ViewId(3, 1), tuple(Member(n, Boot(1, n)) for n in (1, 2, 3)))


class Party:
    """The members of a view, and a network that loses what it is told to."""

    def __init__(self, loss: float = 0.0, seed: int = 0) -> None:
        self.outs = {node: Outbox(HardState()) for node in VIEW.nodes}
        self.orders = {node: Order(node, VIEW, self.outs[node]) for node in VIEW.nodes}
        self.delivered: dict[int, list[bytes]] = {node: [] for node in VIEW.nodes}
        self.sent: list[tuple[int, int, Message]] = []
        self.now_ms = 0
        self.loss = loss
        self.random = Random(seed)
        self.deaf: set[int] = set()

    def collect(self) -> list[tuple[int, int, Message]]:
        """Return what all want sent now, by sender and receiver, and note what is delivered."""
        found = []
        for node, out in self.outs.items():
            for effect in out.take():
                match effect:
                    case Say(frame=Transmit(targets, payload)):
                        found += [(node, target, decode(payload)) for target in targets]
                    case Deliver(payload=payload):
                        self.delivered[node].append(payload)
        return found

    def pass_on(self) -> None:
        """Carry what is sent until all is quiet."""
        while messages := self.collect():
            self.sent += messages
            for sender, receiver, message in messages:
                if receiver in self.deaf or self.random.random() < self.loss:
                    continue
                self.hear(sender, receiver, message)

    def hear(self, sender: int, receiver: int, message: Message) -> None:
        order = self.orders[receiver]
        match message:
            case Data():
                order.on_data(sender, message, self.now_ms)
            case Ordered():
                order.on_ordered(message, self.now_ms)
            case Ack():
                order.on_ack(sender, message, self.now_ms)
            case Nack():
                order.on_nack(sender, message)

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms):
            self.now_ms += 1
            for order in self.orders.values():
                if order.deadline_ms is not None and order.deadline_ms <= self.now_ms:
                    order.tick(self.now_ms)
            self.pass_on()

    def say(self, node: int, payload: bytes, *, safe: bool = False) -> None:
        self.orders[node].multicast(payload, safe=safe, now_ms=self.now_ms)


def test_a_message_is_delivered_to_all_within_the_same_moment() -> None:
    party = Party()
    party.say(2, b"hello")
    party.pass_on()
    assert party.delivered == {1: [b"hello"], 2: [b"hello"], 3: [b"hello"]}


@pytest.mark.parametrize("seed", range(5))
def test_lost_messages_are_repaired_and_all_deliver_the_same_order(seed: int) -> None:
    party = Party(loss=0.3, seed=seed)
    for number in range(150):
        party.say(1 + number % 3, b"%d" % number, safe=number % 7 == 0)
        if number % 5 == 0:
            party.run(1)
    party.run(6000)
    assert sorted(party.delivered[1], key=int) == [b"%d" % n for n in range(150)]
    assert party.delivered[1] == party.delivered[2] == party.delivered[3]


def test_a_safe_message_waits_until_all_hold_it() -> None:
    party = Party()
    party.deaf = {3}
    party.say(2, b"careful", safe=True)
    party.say(2, b"after it")
    party.run(500)
    assert party.delivered == {1: [], 2: [], 3: []}
    party.deaf = set()
    party.run(1000)
    assert party.delivered == {node: [b"careful", b"after it"] for node in (1, 2, 3)}


def test_what_one_sender_says_keeps_its_order() -> None:
    party = Party(loss=0.2, seed=4)
    for number in range(100):
        party.say(3, b"%d" % number)
    party.run(5000)
    assert party.delivered[2] == [b"%d" % n for n in range(100)]


def test_a_sender_offers_only_a_window_before_it_hears_of_places() -> None:
    party = Party()
    for number in range(3 * WINDOW_MESSAGES):
        party.say(2, b"%d" % number)
    offered = [message for _, _, message in party.collect() if isinstance(message, Data)]
    assert sum(len(message.offers) for message in offered) == WINDOW_MESSAGES


def test_the_coordinator_pauses_for_a_member_that_lags_and_names_it() -> None:
    party = Party()
    party.deaf = {3}
    for number in range(LAG + 300):
        party.say(1, b"%d" % number)
        party.run(1)
    assert len(party.delivered[2]) == LAG
    assert party.orders[1].slow(party.now_ms, 10_000) == ()
    assert party.orders[1].slow(party.now_ms + 10_000, 10_000) == (3,)
    party.deaf = set()
    party.run(3000)
    assert len(party.delivered[3]) == len(party.delivered[1]) == LAG + 300


def test_nothing_is_sent_once_all_is_said() -> None:
    party = Party()
    party.say(1, b"one", safe=True)
    party.say(2, b"two")
    party.run(1000)
    quiet = len(party.sent)
    party.run(2000)
    assert len(party.sent) == quiet
    assert all(order.deadline_ms is None for order in party.orders.values())


def test_the_end_of_a_view_gives_what_is_held_and_hands_back_what_had_no_place() -> None:
    party = Party()
    party.say(2, b"placed")
    party.run(50)
    party.deaf = {1}
    party.say(2, b"not placed", safe=True)
    party.pass_on()
    order = party.orders[2]
    assert order.upto == 1
    assert order.finish(1, 1) == []
    assert [offer.payload for offer in order.unsent()] == [b"not placed"]


def test_a_safe_message_that_only_some_hold_comes_after_the_transitional_mark() -> None:
    party = Party()
    party.deaf = {3}
    for payload, safe in ((b"a", False), (b"b", True), (b"c", False)):
        party.say(1, payload, safe=safe)
    party.run(20)
    assert party.delivered[2] == [b"a"]
    late = party.orders[2].finish(3, 0)
    party.collect()
    assert party.delivered[2] == [b"a"]
    assert [deliver.payload for deliver in late] == [b"b", b"c"]


def test_many_large_messages_are_sent_in_pieces_that_a_packet_can_hold() -> None:
    party = Party()
    for number in range(6):
        party.say(1, b"%d" % number * 200_000)
    party.run(10)
    sizes = [
        sum(len(item.payload) for item in message.items)
        for _, _, message in party.sent
        if isinstance(message, Ordered)
    ]
    assert max(sizes) <= 400_000
    assert len(party.delivered[3]) == 6


def test_what_is_said_while_more_is_here_leaves_together_at_the_next_tick():
    for me, kind in ((1, Ordered), (2, Data)):
        party = Party()
        order, out = party.orders[me], party.outs[me]
        out.gathering = True
        for number in range(5):
            order.multicast(b"%d" % number, safe=False, now_ms=7)
        assert party.collect() == []
        assert order.deadline_ms is not None and order.deadline_ms <= 7
        out.gathering = False
        order.tick(7)
        sent = {message for _, _, message in party.collect()}
        assert [type(message) for message in sent] == [kind]
        (message,) = sent
        said = message.items if isinstance(message, Ordered) else message.offers
        assert [each.payload for each in said] == [b"0", b"1", b"2", b"3", b"4"]


def test_what_comes_one_by_one_waits_for_nothing_and_what_comes_in_crowds_is_gathered():
    party = Party()
    order, placed = party.orders[1], 0

    def fanned_out(count: int) -> int:
        nonlocal placed
        offers = tuple(Offer(False, b"x") for _ in range(count))
        order.on_data(2, Data(VIEW.id, placed + 1, offers), 7)
        placed += count
        return sum(
            len(m.items) for _, to, m in party.collect() if to == 3 and isinstance(m, Ordered)
        )

    assert [fanned_out(1) for _ in range(3)] == [1, 1, 1]
    assert fanned_out(BATCH_FROM) == BATCH_FROM
    assert [fanned_out(1), fanned_out(BATCH_FROM)] == [0, 0]
    assert len(party.delivered[1]) == placed
    assert order.deadline_ms == 7 + BATCH_MS
    order.tick(7 + BATCH_MS)
    (message,) = (message for _, to, message in party.collect() if to == 3)
    assert isinstance(message, Ordered) and len(message.items) == 1 + BATCH_FROM


def test_what_the_coordinator_says_it_hears_at_once_and_the_others_within_a_millisecond():
    party = Party()
    order = party.orders[1]

    def fanned_out() -> list[bytes]:
        said = (message for _, to, message in party.collect() if to == 3)
        return [item.payload for m in said if isinstance(m, Ordered) for item in m.items]

    order.multicast(b"a", safe=False, now_ms=7)
    assert fanned_out() == [b"a"]
    order.multicast(b"b", safe=False, now_ms=7)
    assert fanned_out() == [] and party.delivered[1] == [b"a", b"b"]
    assert order.deadline_ms == 7 + BATCH_MS
    order.tick(7 + BATCH_MS)
    assert fanned_out() == [b"b"]
    order.multicast(b"c", safe=False, now_ms=7 + BATCH_MS)
    order.on_data(2, Data(VIEW.id, 1, (Offer(False, b"d"),)), 7 + BATCH_MS)
    assert fanned_out() == [b"c", b"d"]
    order.multicast(b"e", safe=True, now_ms=7 + BATCH_MS)
    assert fanned_out() == [b"e"] and b"e" not in party.delivered[1]


def test_a_crowd_is_acknowledged_together_and_a_few_messages_after_a_while():
    party = Party()
    member, place = party.orders[2], 1

    def acknowledged(count: int) -> list[int]:
        nonlocal place
        items = tuple(Item(1, place + n, False, b"x") for n in range(count))
        member.on_ordered(Ordered(VIEW.id, place, 0, items), 7)
        place += count
        return [message.upto for _, _, message in party.collect() if isinstance(message, Ack)]

    assert acknowledged(ACK_EVERY - 1) == []
    assert acknowledged(1) == [ACK_EVERY]
    assert acknowledged(1) == []
    assert member.deadline_ms == 7 + ACK_MS
    member.tick(7 + ACK_MS)
    (ack,) = (message for _, _, message in party.collect())
    assert ack == Ack(VIEW.id, ACK_EVERY + 1, False)


def test_many_holes_are_asked_for_together_and_the_rest_soon_after_one_is_filled():
    party = Party()
    member, last = party.orders[2], 2 * (HOLES + 3)

    def hear(place: int, now_ms: int) -> None:
        member.on_ordered(Ordered(VIEW.id, place, 0, (Item(1, place, False, b"x"),)), now_ms)

    def tick(now_ms: int) -> list[tuple[int, int]]:
        member.tick(now_ms)
        nacks = [message for _, _, message in party.collect() if isinstance(message, Nack)]
        return [(nack.first, nack.last) for nack in nacks]

    for place in range(2, last + 1, 2):
        hear(place, 0)
    asked = tick(NACK_MS[0])
    assert asked == [(place, place) for place in range(1, 2 * HOLES, 2)]
    hear(1, 100)
    assert tick(100 + NACK_MS[0])[0] == (3, 3)


def test_no_more_waits_than_one_message_carries():
    party = Party()
    party.outs[2].gathering = True
    for number in range(BATCH_MESSAGES):
        party.orders[2].multicast(b"%d" % number, safe=False, now_ms=7)
    (message,) = (message for _, _, message in party.collect())
    assert isinstance(message, Data) and len(message.offers) == BATCH_MESSAGES
