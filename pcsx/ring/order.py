"""One order for the messages of a view: the coordinator gives places, everybody repairs.

`Order` lives as long as its view. A sender offers its messages to the coordinator, again until it
sees them placed; the coordinator fans out what it has placed; a hole is asked for and any member
fills it. AGREED messages are delivered in order as they come, SAFE ones once all members hold
them. When the view ends, `have`, `copies`, `store` and `finish` are what recovery needs.
Nothing is sent while there is nothing to say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.messages import Ack, Data, Item, Nack, Offer, Ordered
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Deliver, View

BATCH_MESSAGES: Final = 64
BATCH_BYTES: Final = 256 * 1024
BATCH_MS: Final = 1
"""How long the coordinator gathers, at most, for one fan-out, beside what is here already."""
BATCH_FROM: Final = 4
"""What others wait for it gathers only after a fan-out of so many: what comes alone waits not."""
WINDOW_MESSAGES: Final = 64
WINDOW_BYTES: Final = 256 * 1024
"""How much a sender may have offered that has no place yet."""
LAG: Final = 1024
"""The coordinator pauses when the slowest member is this many messages behind."""
NACK_MS: Final = (10, 200)
HOLES: Final = 16
"""So many are asked for at a time."""
RESEND_MS: Final = (20, 200)
POKE_MS: Final = (50, 400)
ACK_MS: Final = 20
ACK_EVERY: Final = 256
STABLE_EVERY: Final = 256


@dataclass(slots=True)
class Patience:
    """When to try again: waits double from the first to the longest, and begin anew on success."""

    first_ms: int
    longest_ms: int
    due_ms: int | None = None
    wait_ms: int = 0

    def begin(self, now_ms: int) -> None:
        """Wait from now on, unless it does already."""
        if self.due_ms is None:
            self.wait_ms = self.first_ms
            self.due_ms = now_ms + self.wait_ms

    def again(self, now_ms: int) -> None:
        """Wait once more, twice as long."""
        self.wait_ms = min(self.longest_ms, 2 * self.wait_ms or self.first_ms)
        self.due_ms = now_ms + self.wait_ms

    def end(self) -> None:
        """Wait for nothing."""
        self.due_ms = None

    def is_due(self, now_ms: int) -> bool:
        """Return whether the wait is over."""
        return self.due_ms is not None and now_ms >= self.due_ms


class Order:
    """The ordered messages of one view, as its member *me* sees them."""

    def __init__(self, me: int, view: View, out: Outbox) -> None:
        assert me in view.nodes
        self.view = view
        self.coordinator = view.id.coordinator
        self._me = me
        self._out = out
        self._others = tuple(node for node in view.nodes if node != me)
        # as a sender
        self._queue: deque[Offer] = deque()
        self._offered: dict[int, Offer] = {}
        """Own messages by number, from their offer to their delivery."""
        self._number = 1
        self._placed = 0
        """The highest own number that was seen placed."""
        self._window_bytes = 0
        self._resend = Patience(*RESEND_MS)
        # as a receiver
        self._items: dict[int, Item] = {}
        self._kept_from = 1
        self._upto = 0
        """Every place up to here was received."""
        self._known = 0
        """Places up to here are taken; for the coordinator, and told to the others."""
        self._delivered = 0
        self._stable = 0
        self._acked = 0
        self._safe_waiting = False
        self._ack_due_ms: int | None = None
        self._nack = Patience(*NACK_MS)
        self._nacks = 0
        self._ask_stable = Patience(*POKE_MS)
        # as the coordinator
        self._expected = dict.fromkeys(view.nodes, 1)
        self._acks = dict.fromkeys(self._others, 0)
        self._next = 1
        self._batch: list[Item] = []
        self._batch_bytes = 0
        self._batch_due_ms: int | None = None
        self._batch_sent_ms = -BATCH_MS
        self._batch_awaited = False
        """Whether anybody else than this node's own clients waits for what is gathered."""
        self._crowded = False
        """Whether the last fan-out was so large that the next one is worth gathering."""
        self._poke = Patience(*POKE_MS)
        self._paused_ms: int | None = None
        self._told_stable = 0
        self._highest_safe = 0

    @property
    def deadline_ms(self) -> int | None:
        """Return when `tick` wants to be called."""
        found: int | None = None
        for due_ms in (
            self._resend.due_ms,
            self._nack.due_ms,
            self._poke.due_ms,
            self._ask_stable.due_ms,
            self._ack_due_ms,
            self._batch_due_ms,
        ):
            if due_ms is not None and (found is None or due_ms < found):
                found = due_ms
        return found

    # --- sending ----------------------------------------------------------------------------------

    def multicast(self, payload: bytes, *, safe: bool, now_ms: int) -> None:
        """Have *payload* ordered."""
        self._queue.append(Offer(safe, payload))
        self._pump(now_ms)

    def _pump(self, now_ms: int) -> None:
        """Offer what waits, as far as the window goes; with what else is here already."""
        if not self._queue:
            return
        if self._out.gathering and len(self._queue) < BATCH_MESSAGES:
            self._batch_due_ms = now_ms
            return
        if self._me == self.coordinator:
            while self._queue and not self._is_paused(now_ms):
                offer = self._queue.popleft()
                self._offered[self._number] = offer
                self._place(self._me, self._number, offer)
                self._number += 1
            self._deliver()
            self._fan_out(now_ms)
            return
        first, batch = self._number, []
        while self._queue and self._has_room(len(self._queue[0].payload)):
            offer = self._queue.popleft()
            self._offered[self._number] = offer
            self._window_bytes += len(offer.payload)
            self._number += 1
            batch.append(offer)
        if batch:
            self._out.send((self.coordinator,), Data(self.view.id, first, tuple(batch)))
            self._resend.begin(now_ms)

    def _has_room(self, size: int) -> bool:
        waiting = self._number - 1 - self._placed
        if waiting == 0:
            return True
        return waiting < WINDOW_MESSAGES and self._window_bytes + size <= WINDOW_BYTES

    def _offer_again(self, now_ms: int) -> None:
        first = self._placed + 1
        offers = tuple(self._offered[number] for number in range(first, self._number))
        if offers:
            self._out.send((self.coordinator,), Data(self.view.id, first, offers))
            self._resend.again(now_ms)
        else:
            self._resend.end()

    # --- the coordinator --------------------------------------------------------------------------

    def on_data(self, sender: int, message: Data, now_ms: int) -> None:
        """Give places to a member's messages: each once, in its sender's order."""
        if self._me != self.coordinator or sender not in self._expected:
            return
        if self._is_paused(now_ms):
            return
        for number, offer in enumerate(message.offers, message.first):
            if number == self._expected[sender]:
                self._expected[sender] += 1
                self._place(sender, number, offer)
        self._deliver()
        self._fan_out(now_ms)

    def _place(self, sender: int, number: int, offer: Offer) -> None:
        item = Item(sender, number, offer.safe, offer.payload)
        self._items[self._next] = item
        if offer.safe:
            self._highest_safe = self._next
        self._batch.append(item)
        self._batch_bytes += len(offer.payload)
        self._batch_awaited = self._batch_awaited or offer.safe or sender != self._me
        self._upto = self._next
        self._next += 1

    def _fan_out(self, now_ms: int) -> None:
        """Send what was placed: at once, unless gathering is worth its time.

        It is where so much comes, and where nobody waits but clients of this node, who have heard
        it by now.
        """
        if not self._batch:
            return
        full = len(self._batch) >= BATCH_MESSAGES or self._batch_bytes >= BATCH_BYTES
        from_ms = now_ms
        if self._others and (self._crowded or not self._batch_awaited):
            from_ms = max(now_ms, self._batch_sent_ms + BATCH_MS)
        if not full and (self._out.gathering or now_ms < from_ms):
            self._batch_due_ms = from_ms
            return
        self._send_items(self._others, self._next - len(self._batch), self._batch)
        self._told_stable = self._stable
        self._crowded = len(self._batch) >= BATCH_FROM
        self._batch = []
        self._batch_bytes = 0
        self._batch_due_ms = None
        self._batch_awaited = False
        self._batch_sent_ms = now_ms
        self._known = self._next - 1
        if self._others:
            self._poke.begin(now_ms)
        self._settle(now_ms)
        self._deliver()
        self._forget()

    def _send_items(self, nodes: Iterable[int], first: int, items: list[Item]) -> None:
        """Send *items* from the place *first* on, in as many pieces as their sizes ask."""
        targets = tuple(nodes)
        piece: list[Item] = []
        size = 0
        for item in items:
            if piece and (len(piece) >= BATCH_MESSAGES or size + len(item.payload) > BATCH_BYTES):
                self._out.send(targets, Ordered(self.view.id, first, self._stable, tuple(piece)))
                first += len(piece)
                piece, size = [], 0
            piece.append(item)
            size += len(item.payload)
        self._out.send(targets, Ordered(self.view.id, first, self._stable, tuple(piece)))

    def on_ack(self, sender: int, message: Ack, now_ms: int) -> None:
        """Learn how far a member is."""
        if self._me != self.coordinator or sender not in self._acks:
            return
        if message.asks:
            self._out.send((sender,), Ordered(self.view.id, self._known + 1, self._stable, ()))
        if message.upto <= self._acks[sender]:
            return
        self._acks[sender] = min(message.upto, self._next - 1)
        self._poke.end()
        if any(upto < self._known for upto in self._acks.values()):
            self._poke.begin(now_ms)
        self._settle(now_ms)
        self._deliver()
        self._forget()
        self._pump(now_ms)

    def _settle(self, now_ms: int) -> None:
        """Work out what all members hold, and tell them where somebody waits for it."""
        stable = min(self._acks.values(), default=self._upto)
        if stable <= self._stable:
            return
        wanted = self._is_safe_waited_for(stable) or stable - self._told_stable >= STABLE_EVERY
        self._stable = stable
        if self._others and wanted:
            self._told_stable = stable
            self._out.send(self._others, Ordered(self.view.id, self._known + 1, stable, ()))

    def _is_safe_waited_for(self, stable: int) -> bool:
        """Return whether members wait to hear that all hold the messages up to *stable*."""
        if self._highest_safe <= self._told_stable:
            return False
        items, places = self._items, range(self._told_stable + 1, stable + 1)
        return any(items[place].safe for place in places if place in items)

    def _is_paused(self, now_ms: int) -> bool:
        paused = self._next - 1 - min(self._acks.values(), default=self._next - 1) >= LAG
        if not paused:
            self._paused_ms = None
        elif self._paused_ms is None:
            self._paused_ms = now_ms
        return paused

    def slow(self, now_ms: int, patience_ms: int) -> tuple[int, ...]:
        """Return the members that have kept all others waiting for *patience_ms*."""
        if self._paused_ms is None or not self._is_paused(now_ms):
            return ()
        if now_ms - self._paused_ms < patience_ms:
            return ()
        return tuple(node for node, upto in self._acks.items() if self._next - 1 - upto >= LAG)

    # --- receiving --------------------------------------------------------------------------------

    def on_ordered(self, message: Ordered, now_ms: int) -> None:
        """Take messages with their places, deliver what is next, and ask for what is missing."""
        if self._me == self.coordinator:
            return
        is_poke = not message.items and message.stable <= self._stable < self._upto
        placed, acked, upto = self._placed, self._acked, self._upto
        self._take(message)
        if self._placed > placed:
            self._resend.end()
        if self._placed < self._number - 1:
            self._resend.begin(now_ms)
        self._stable = max(self._stable, min(message.stable, self._known))
        self._deliver()
        self._forget()
        self._watch_holes(now_ms, filled=self._upto > upto)
        self._plan_ack(now_ms)
        if is_poke and self._acked == acked == self._upto and message.first == self._upto + 1:
            self._ack()
        self._pump(now_ms)

    def _take(self, message: Ordered) -> None:
        items = self._items
        for place, item in enumerate(message.items, message.first):
            if place > self._upto and place not in items:
                items[place] = item
                if item.sender == self._me and item.number > self._placed:
                    self._note_placed(item.number)
        self._known = max(self._known, message.first + len(message.items) - 1)
        while self._upto + 1 in items:
            self._upto += 1

    def _note_placed(self, number: int) -> None:
        for own in range(self._placed + 1, number + 1):
            if own in self._offered:
                self._window_bytes -= len(self._offered[own].payload)
        self._placed = number

    def _deliver(self) -> None:
        while self._delivered < self._upto:
            item = self._items[self._delivered + 1]
            if item.safe and self._delivered + 1 > self._stable:
                self._safe_waiting = True
                return
            self._delivered += 1
            self._give(self._delivered, item)
        self._safe_waiting = False

    def _give(self, place: int, item: Item) -> None:
        if item.sender == self._me:
            self._offered.pop(item.number, None)
        self._out.emit(Deliver(self.view.id, place, item.sender, item.payload))

    def _forget(self) -> None:
        """Drop what all members hold and this one has delivered."""
        last = min(self._stable, self._delivered)
        while self._kept_from <= last:
            del self._items[self._kept_from]
            self._kept_from += 1

    def _watch_holes(self, now_ms: int, *, filled: bool) -> None:
        """Ask for what is missing in a while; soon again where a hole was just *filled*."""
        if filled or self._upto == self._known:
            self._nack.end()
            self._nacks = 0
        if self._upto < self._known:
            self._nack.begin(now_ms)

    def _plan_ack(self, now_ms: int) -> None:
        """Acknowledge at once where somebody waits for it, else a little later, else never."""
        news = self._upto - self._acked
        if news and (self._safe_waiting or news >= ACK_EVERY):
            self._ack()
        elif news and self._ack_due_ms is None:
            self._ack_due_ms = now_ms + ACK_MS
        if self._safe_waiting:
            self._ask_stable.begin(now_ms)
        else:
            self._ask_stable.end()

    def _ack(self, *, asks: bool = False) -> None:
        self._acked = self._upto
        self._ack_due_ms = None
        self._out.send((self.coordinator,), Ack(self.view.id, self._upto, asks))

    def on_nack(self, sender: int, message: Nack) -> None:
        """Fill another member's hole, as far as the messages are here."""
        last = min(message.last, message.first + 4 * BATCH_MESSAGES)
        for first, end in self._ranges(message.first, last):
            items = [self._items[place] for place in range(first, end + 1)]
            self._send_items((sender,), first, items)

    # --- time -------------------------------------------------------------------------------------

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        if self._batch_due_ms is not None and now_ms >= self._batch_due_ms:
            self._batch_due_ms = None
            self._pump(now_ms)
            self._fan_out(now_ms)
        if self._resend.is_due(now_ms):
            self._offer_again(now_ms)
        if self._ack_due_ms is not None and now_ms >= self._ack_due_ms:
            self._ack()
        if self._ask_stable.is_due(now_ms):
            self._ack(asks=True)
            self._ask_stable.again(now_ms)
        if self._nack.is_due(now_ms):
            self._ask(now_ms)
        if self._poke.is_due(now_ms):
            self._poke_slow(now_ms)

    def _ask(self, now_ms: int) -> None:
        """Ask for the first holes: the coordinator first, then each member in turn."""
        holders = (self.coordinator, *(n for n in self._others if n != self.coordinator))
        holder = holders[self._nacks % len(holders)]
        first = self._upto + 1
        for _ in range(HOLES):
            last = first
            while last < self._known and last + 1 not in self._items:
                last += 1
            self._out.send((holder,), Nack(self.view.id, first, last))
            first = last + 1
            while first in self._items:
                first += 1
            if first > self._known:
                break
        self._nacks += 1
        self._nack.again(now_ms)

    def _poke_slow(self, now_ms: int) -> None:
        """Tell those who are behind how far they could be."""
        behind = [node for node, upto in self._acks.items() if upto < self._known]
        if not behind:
            self._poke.end()
            return
        self._out.send(behind, Ordered(self.view.id, self._known + 1, self._stable, ()))
        self._poke.again(now_ms)

    # --- the end of the view ----------------------------------------------------------------------

    @property
    def upto(self) -> int:
        """Return the last place up to which nothing is missing."""
        while self._upto + 1 in self._items:  # a coordinator holds what it has not sent yet
            self._upto += 1
        return self._upto

    @property
    def stable(self) -> int:
        """Return the last place that all members are known to hold."""
        return self._stable

    def have(self) -> tuple[tuple[int, int], ...]:
        """Return the places whose messages are kept here, as ranges."""
        return tuple(self._ranges(self._kept_from, max(self._items, default=0)))

    def _ranges(self, first: int, last: int) -> list[tuple[int, int]]:
        ranges: list[tuple[int, int]] = []
        for place in sorted(p for p in self._items if first <= p <= last):
            if ranges and ranges[-1][1] == place - 1:
                ranges[-1] = (ranges[-1][0], place)
            else:
                ranges.append((place, place))
        return ranges

    def copy(self, nodes: Iterable[int], first: int, last: int) -> None:
        """Send the kept messages of these places to *nodes*, for recovery."""
        for start, end in self._ranges(first, last):
            items = [self._items[place] for place in range(start, end + 1)]
            self._send_items(nodes, start, items)

    def store(self, message: Ordered) -> None:
        """Keep copies that recovery brings; nothing is delivered by them."""
        self._take(message)

    def finish(self, cut: int, safe: int) -> list[Deliver]:
        """Return what is delivered after the transitional mark; emit what comes before it.

        All messages up to *cut* are delivered. Up to the first SAFE one that not all members are
        known to hold (they do up to *safe*) they still belong to the view as a whole.
        """
        assert self.upto >= cut, f"the view ends at {cut}, but {self.upto + 1} is missing"
        late: list[Deliver] = []
        while self._delivered < cut:
            self._delivered += 1
            item = self._items[self._delivered]
            if item.sender == self._me:
                self._offered.pop(item.number, None)
            deliver = Deliver(self.view.id, self._delivered, item.sender, item.payload)
            if late or (item.safe and self._delivered > max(safe, self._stable)):
                late.append(deliver)
            else:
                self._out.emit(deliver)
        return late

    def unsent(self) -> list[Offer]:
        """Return the own messages that were not delivered, in their order."""
        return [*(self._offered[number] for number in sorted(self._offered)), *self._queue]
