"""What one step of the ring's machine wants done, gathered from its parts, with the disk first.

The parts say what they send, what must be durable, and which of their messages depend on it. At
the end of a step all that must be durable leaves as one `Persist`; what was held back for it
leaves when its ticket returns. Tickets return in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pcsx.lean import dataclass
from pcsx.ring.config import WITNESS
from pcsx.ring.frames import Transmit
from pcsx.ring.messages import Message, encode
from pcsx.ring.port import (
    Entry,
    HardState,
    MachineEffect,
    Persist,
    Say,
    Snapshot,
    SoloIntent,
    ToWitness,
)


@dataclass(frozen=True, slots=True)
class Durable:
    """What is on the disk now that a ticket has returned."""

    hard: HardState
    last_index: int
    """The last entry of the log as it then was; 0 where the ticket held none."""
    last_term: int
    snapshot_index: int


@dataclass(slots=True)
class _Waiting:
    ticket: int
    held: list[MachineEffect]
    durable: Durable


class Outbox:
    """The effects of the step in progress, and those that wait for the disk."""

    def __init__(self, hard: HardState) -> None:
        self.hard = hard
        """What is asked to be durable; the disk may be behind."""
        self.gathering = False
        """More events are here already: what others may wait for can go with what comes of them."""
        self.decided = (0, 0)
        """Index and term of the last entry that is known to be decided: told with the next write.
        """
        self.failed = False
        """The disk refused once: nothing more is asked of it, nothing held ever leaves."""
        self._effects: list[MachineEffect] = []
        self._held: list[MachineEffect] = []
        self._dirty = False
        self._truncate_from = 0
        self._entries: list[Entry] = []
        self._snapshot: Snapshot | None = None
        self._intents: list[SoloIntent] = []
        self._ticket = 0
        self._waiting: deque[_Waiting] = deque()

    @property
    def in_flight(self) -> int:
        """Return how many tickets the disk has yet to return."""
        return len(self._waiting)

    def emit(self, effect: MachineEffect) -> None:
        """Let *effect* leave with this step."""
        self._effects.append(effect)

    def emit_durable(self, effect: MachineEffect) -> None:
        """Let *effect* leave once all that was asked of the disk up to now is done."""
        self._held.append(effect)

    def send(self, nodes: Iterable[int], message: Message) -> None:
        """Send *message* with this step."""
        self._effects += _carried(nodes, message)

    def send_durable(self, nodes: Iterable[int], message: Message) -> None:
        """Send *message* once all that was asked of the disk up to now is done."""
        self._held += _carried(nodes, message)

    def remember(
        self,
        *,
        term: int | None = None,
        voted_for: int | None = None,
        view_epoch: int | None = None,
        boot_counter: int | None = None,
    ) -> None:
        """Ask the disk for a new hard state: nothing in it ever falls."""
        hard = self.hard
        new = replace(
            hard,
            term=hard.term if term is None else term,
            voted_for=hard.voted_for if voted_for is None else voted_for,
            view_epoch=hard.view_epoch if view_epoch is None else view_epoch,
            boot_counter=hard.boot_counter if boot_counter is None else boot_counter,
        )
        assert new.term >= hard.term, "a term fell"
        assert new.view_epoch >= hard.view_epoch, "a view's epoch fell"
        assert new.boot_counter >= hard.boot_counter, "a boot counter fell"
        assert new.term > hard.term or new.voted_for == hard.voted_for or not hard.voted_for
        if new != hard:
            self.hard = new
            self._dirty = True

    def append(self, entries: Iterable[Entry]) -> None:
        """Ask the disk to append *entries*."""
        self._entries += entries

    def truncate(self, index: int) -> None:
        """Ask the disk to forget the entries from *index* on."""
        assert not self._entries, "cut after an append within one step"
        self._truncate_from = min(index, self._truncate_from or index)

    def intend(self, intent: SoloIntent) -> None:
        """Ask the disk to keep that a fencing is meant."""
        self._intents.append(intent)

    def replace_snapshot(self, snapshot: Snapshot) -> None:
        """Ask the disk to keep *snapshot* in place of the entries up to its index."""
        self._snapshot = snapshot

    def persisted(self, ticket: int) -> list[Durable]:
        """Release what waited for the tickets up to *ticket*, and return what is durable now."""
        done = []
        while self._waiting and self._waiting[0].ticket <= ticket:
            waiting = self._waiting.popleft()
            self._effects += waiting.held
            done.append(waiting.durable)
        return done

    def fail(self) -> None:
        """Give up the disk: what waits for it never leaves."""
        self.failed = True
        self._waiting.clear()
        self._held.clear()

    def take(self) -> list[MachineEffect]:
        """Return the step's effects, the disk's part first, and begin anew."""
        effects = self._effects
        if self.failed:
            self._dirty, self._truncate_from, self._snapshot = False, 0, None
            self._entries.clear()
            self._intents.clear()
            self._held.clear()
        elif self._dirty or self._truncate_from or self._entries or self._snapshot or self._intents:
            effects = [self._persist(), *effects]
        elif self._held and self._waiting:
            self._waiting[-1].held += self._held
            self._held = []
        elif self._held:
            effects += self._held
            self._held = []
        self._effects = []
        return effects

    def _persist(self) -> Persist:
        self._ticket += 1
        last = self._entries[-1] if self._entries else None
        persist = Persist(
            self._ticket,
            self.hard if self._dirty else None,
            self._truncate_from,
            tuple(self._entries),
            self._snapshot,
            tuple(self._intents),
            self.decided,
        )
        durable = Durable(
            self.hard,
            last.index if last else 0,
            last.term if last else 0,
            self._snapshot.index if self._snapshot else 0,
        )
        self._waiting.append(_Waiting(self._ticket, self._held, durable))
        self._dirty, self._truncate_from, self._snapshot = False, 0, None
        self._entries, self._held, self._intents = [], [], []
        return persist


def _carried(nodes: Iterable[int], message: Message) -> Iterator[MachineEffect]:
    """Yield what carries *message* to *nodes*, and to the witness by its own way."""
    targets = tuple(nodes)
    if WITNESS in targets:
        yield ToWitness(encode(message))
        targets = tuple(node for node in targets if node != WITNESS)
    if targets:
        yield Say(Transmit(targets, encode(message)))
