"""What this node asks of the log: facts, edits of the ring's configuration, and fresh reads.

Each goes to the ring under a ticket; what became of it comes back to whoever asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pcsx.daemon import ledger
from pcsx.daemon.effects import Effect
from pcsx.daemon.ledger import Fact, FencedAlone
from pcsx.daemon.member.hands import Hands, MemberEffect, Then
from pcsx.daemon.scene import Scene
from pcsx.ring import port
from pcsx.ring.config import RingConfig
from pcsx.ring.machine import Machine
from pcsx.values import Now

Edit = Callable[[RingConfig], RingConfig]


class Proposals:
    """See the module's paragraph."""

    def __init__(self, scene: Scene, machine: Machine, hands: Hands) -> None:
        self._scene, self._machine, self._hands = scene, machine, hands
        self._ticket = 0
        self._proposed: dict[int, Then] = {}
        self._barriers: dict[int, Callable[[port.Readable, Now], list[MemberEffect]]] = {}
        self._applied_waits: list[tuple[int, Callable[[], list[Effect]]]] = []
        self._edits: deque[tuple[Edit, Then | None]] = deque()
        self._editing = False

    @property
    def waiting(self) -> int:
        """Return how many proposals are under way."""
        return len(self._proposed)

    def decide(
        self,
        fact: Fact,
        now: Now,
        then: Then | None = None,
        *,
        awaited: bool = True,
    ) -> list[MemberEffect]:
        """Propose *fact*; *then* is told what became of it (index 0: refused).

        *awaited*: another node than this one waits for it.
        """
        self._ticket += 1
        if then is not None:
            self._proposed[self._ticket] = then
        return self._hands.ring(port.Propose(self._ticket, ledger.encode(fact), awaited), now)

    def prove(self, node: int, boot: int, fact: Fact, then: Then, now: Now) -> list[MemberEffect]:
        """Go on without *node*, whose life up to *boot* is over by *fact*, if the log agrees."""
        self._ticket += 1
        self._proposed[self._ticket] = then
        return self._hands.ring(port.FenceProof(self._ticket, node, boot, ledger.encode(fact)), now)

    def force_new(
        self,
        lineage: int,
        facts: tuple[FencedAlone, ...],
        by: str,
        now: Now,
        then: Then,
    ) -> list[MemberEffect]:
        """Begin the cluster anew with this node alone; of *facts*, by a person, all else is off."""
        self._ticket += 1
        self._proposed[self._ticket] = then
        boots = tuple((fact.target, fact.boot) for fact in facts)
        reformed = ledger.Reformed(by, lineage, int(now.wall.timestamp()))
        said = (*(ledger.encode(fact) for fact in facts), ledger.encode(reformed))
        return self._hands.ring(port.ForceNew(self._ticket, lineage, boots, said), now)

    def when_fresh(
        self, then: Callable[[port.Readable, Now], list[MemberEffect]], now: Now
    ) -> list[MemberEffect]:
        """Go on once all that was decided before this moment is applied here, or cannot be."""
        self._ticket += 1
        self._barriers[self._ticket] = then
        return self._hands.ring(port.ReadBarrier(self._ticket), now)

    # --- the ring's configuration -----------------------------------------------------------------

    def edit(
        self,
        edit: Edit,
        now: Now,
        then: Then | None = None,
    ) -> list[MemberEffect]:
        """Have the log change the ring's configuration by *edit*, of whatever it is by then.

        Edits wait for each other and for changes that the log makes by itself. *then* is told what
        became of it; the index is 0 where it was refused, and where nothing had to change.
        """
        self._edits.append((edit, then))
        return self.next_edit(now)

    def next_edit(self, now: Now) -> list[MemberEffect]:
        """Ask for the edit whose turn it is, unless one is under way."""
        effects: list[MemberEffect] = []
        while self._edits and not self._editing:
            edit, then = self._edits[0]
            base = self._machine.voters.newest
            config = edit(base)
            if config == base and self._scene.leading:
                self._edits.popleft()
                effects += then(port.Proposed(0, 0), now) if then is not None else []
                continue
            self._editing = True
            self._ticket += 1
            self._proposed[self._ticket] = self._edited
            effects += self._hands.ring(port.Reconfigure(self._ticket, config, base), now)
            if self._edits and self._edits[0][0] is edit:
                break  # it waits for the change under way, or for its own commit
        return effects

    def _edited(self, answer: port.Proposed, now: Now) -> list[MemberEffect]:
        self._editing = False
        if answer.refusal == port.MOVED:
            return []  # made anew once the change under way is committed
        _, then = self._edits.popleft()
        return [*(then(answer, now) if then is not None else []), *self.next_edit(now)]

    def bar(self, node: int, boot: int, now: Now) -> list[MemberEffect]:
        """Have the hearts refuse lives of *node* up to *boot*: commit that to the configuration."""
        return self.edit(_over(node, boot), now)

    def bar_again(self) -> None:
        """Have what the ledger knows to be over in the configuration, as one who leads anew."""
        for node, boot in sorted(self._scene.ledger.over.items()):
            self._edits.append((_over(node, boot), None))

    # --- what came of it --------------------------------------------------------------------------

    def proposed(self, answer: port.Proposed, now: Now) -> list[MemberEffect]:
        """Tell who asked what became of a proposal."""
        then = self._proposed.pop(answer.ticket, None)
        return then(answer, now) if then is not None else []

    def readable(self, answer: port.Readable, now: Now) -> list[MemberEffect]:
        """Tell who asked that all of before is applied here, or cannot be."""
        return self._barriers.pop(answer.ticket)(answer, now)

    def after(self, index: int, then: Callable[[], list[Effect]]) -> list[Effect]:
        """Do *then* once the log is applied here up to *index*."""
        if index <= self._scene.ledger.index:
            return then()
        self._applied_waits.append((index, then))
        return []

    def applied(self, index: int) -> list[Effect]:
        """Do what waited for the log to be applied up to *index*."""
        ready = [then for at, then in self._applied_waits if at <= index]
        if not ready:
            return []
        self._applied_waits = [each for each in self._applied_waits if each[0] > index]
        return [effect for then in ready for effect in then()]


def _over(node: int, boot: int) -> Edit:
    """Return the edit by which lives of *node* up to *boot* are told that they are over."""
    return lambda config: config.with_over(node, boot)
