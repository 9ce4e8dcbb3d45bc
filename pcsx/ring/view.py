"""Which members are together: GATHER, COMMIT and RECOVER until a view is OPERATIONAL.

`Views` turns what the heart holds of the peers into views that their members agreed to, and hands
the ordered messages of each view to its `Order`. A node gathers when the group that the rows show
is not the view that it is in, or when a member gathers. All that find the same group commit to it:
the lowest id offers the view, each member stops in the old one and tells what it holds, what is
missing is copied, and the new view begins at the same cut for all who come from the same old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field, replace
from typing import Final

from pcsx.lean import dataclass
from pcsx.ring.company import Company
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Boot, PeerState, Reach, Rows, Why
from pcsx.ring.messages import (
    NO_VIEW,
    Complete,
    Cut,
    Data,
    Flush,
    Install,
    Installed,
    Join,
    LogState,
    Message,
    Nack,
    Offer,
    Ordered,
    OrderMessage,
    Plan,
    Prepare,
    ViewMessage,
)
from pcsx.ring.messages import Ack as OrderAck
from pcsx.ring.order import Order
from pcsx.ring.outbox import Outbox
from pcsx.ring.port import Departed, Note, Regular, Transitional, Verdict, View, ViewId
from pcsx.ring.quorum import weights
from pcsx.ring.recovery import copies_of, cuts_of
from pcsx.values import Now, earlier

REPEATS_SLOWED: Final = 3
"""A JOIN without news is repeated after a beat, then so often twice as late each time."""
PATIENCE_GROWTHS: Final = 3
"""So often the time for forming a view is doubled, when it was too short."""


@dataclass(slots=True)
class Gathering:
    """Looking for the members that agree."""

    since_ms: int
    settle_ms: int
    """No view short of all nodes is offered before."""
    patience_ms: int
    """Then those who did not answer are left out."""
    join_due_ms: int
    said_ms: int = 0
    repeats: int = 0
    """How often the newest JOIN was said again."""
    proposed: tuple[int, ...] = ()
    agreed: bool = False


@dataclass(slots=True)
class Committing:
    """Stopped in the old view; the members of *view* tell what they hold, copy, and wait."""

    view: View
    due_ms: int
    resend_ms: int
    flush: Flush
    flushes: dict[int, Flush] = field(default_factory=dict)
    """The coordinator's: what each member holds."""
    plan: Plan | None = None
    complete: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Operational:
    """In a view; its coordinator repeats *install* to those that have not answered it."""

    install: Install | None = None
    unconfirmed: tuple[int, ...] = ()
    resend_ms: int = 0
    nudge_ms: int | None = None
    """When to ask again those whom the detector sees and the view does not hold."""


class Views:
    """The views of node *me*, in the life *boot*."""

    def __init__(
        self,
        me: int,
        boot: Boot,
        config: RingConfig,
        out: Outbox,
        log_state: Callable[[], LogState],
    ) -> None:
        self.company = Company(me, boot, config, self._note)
        self.view: View | None = None
        self.order: Order | None = None
        self.members: dict[int, Boot] = {}
        """The members of the view, or of the last one, by id; nobody before the first."""
        self.proposed: tuple[int, ...] = (me,)
        """Whom this node would have in its view now."""
        self.fresh_view = False
        self.fresh_joins = False
        self._me = me
        self._boot = boot
        self._timers = config.timers
        self._out = out
        self._log_state = log_state
        self._numbers: dict[int, tuple[Boot, int]] = {}
        self._number = 0
        self._epoch_durable = 0
        self._waiting: list[Offer] = []
        self._stopped = False
        """What is held of the old view was told: nothing is sent or delivered in it any more."""
        self._state: Gathering | Committing | Operational | None = None
        self._tries = 0
        """How many views were given up before they were formed, since there was one."""

    # --- what others ask --------------------------------------------------------------------------

    @property
    def is_operational(self) -> bool:
        """Return whether a view stands and no other is being formed."""
        return isinstance(self._state, Operational)

    @property
    def is_gathering(self) -> bool:
        """Return whether another view is being formed."""
        return isinstance(self._state, Gathering | Committing)

    def life_of_join(self, node: int) -> int:
        """Return the boot counter of the life in which *node* said its newest JOIN, or 0."""
        boot, _ = self._numbers.get(node, (None, 0))
        return boot.counter if boot is not None else 0

    @property
    def deadline_ms(self) -> int | None:
        """Return when `tick` wants to be called."""
        due_ms, state = self.company.review_ms, self._state
        for held_ms in self.company.held.values():
            due_ms = earlier(due_ms, held_ms)
        if isinstance(state, Operational):
            due_ms = earlier(due_ms, state.nudge_ms)
            if state.unconfirmed:
                due_ms = earlier(due_ms, state.resend_ms)
        elif isinstance(state, Gathering):
            due_ms = earlier(due_ms, min(state.join_due_ms, state.patience_ms))
            if state.agreed and state.proposed[0] == self._me:
                due_ms = earlier(due_ms, state.settle_ms)
        elif isinstance(state, Committing):
            due_ms = earlier(due_ms, earlier(state.due_ms, state.resend_ms))
        if self.order is not None and not self._stopped:
            return earlier(due_ms, self.order.deadline_ms)
        return due_ms

    # --- what happens -----------------------------------------------------------------------------

    def begin(self, now: Now) -> None:
        """Look for the first view of this life."""
        assert self._state is None
        self._epoch_durable = self._out.hard.view_epoch
        self._gather("start", now, settle_ms=self._timers.gather_ms)

    def configure(self, config: RingConfig, now: Now) -> None:
        """Let the nodes of *config* be those that may be in a view."""
        self.company.config = config
        self._timers = config.timers
        if self._state is not None:
            self._review("the configuration changed", now)

    def durable(self, epoch: int, now: Now) -> None:
        """Go on with what waited for the disk to know views up to *epoch*."""
        if epoch <= self._epoch_durable:
            return
        self._epoch_durable = epoch
        match self._state:
            case Committing() as state if state.view.id.coordinator == self._me:
                self._try_plan(state, now)
            case Gathering() as state:
                state.join_due_ms = now.ms
                self._propose(state, now)

    def disk_failed(self, now: Now) -> None:
        """Go on without a disk: a node that votes no more may still be a member."""
        self.durable(self._out.hard.view_epoch, now)

    def peer_state(self, peer: PeerState, now: Now) -> None:
        """Take what the detector holds of a peer."""
        self.company.take(peer)
        beat_ms = self._timers.beat_ms
        if peer.reach is Reach.DOWN:
            wait_ms = 2 * beat_ms if self.company.suspects_others else 0
        else:
            wait_ms = beat_ms
        self._review(f"{self.company.name(peer.node)} is {peer.reach.name.lower()}", now, wait_ms)

    def rows(self, frame: Rows, now: Now) -> None:
        """Take what the hearts tell each other about whom they hear."""
        if self.company.take_rows(frame.rows):
            self._review("the rows changed", now, self._timers.beat_ms)

    def multicast(self, payload: bytes, *, safe: bool, now: Now) -> None:
        """Have *payload* ordered in this view or, while there is none, in the next."""
        if self.order is None or self._stopped:
            self._waiting.append(Offer(safe, payload))
        else:
            self.order.multicast(payload, safe=safe, now_ms=now.ms)

    def hear(self, sender: int, boot: Boot, message: ViewMessage, now: Now) -> None:
        """Take a message about views."""
        if all(node.id != sender for node in self.company.config.nodes) or self._state is None:
            return
        match message:
            case Join():
                self._on_join(sender, boot, message, now)
            case Prepare():
                self._on_prepare(sender, message, now)
            case Flush():
                self._on_flush(sender, message, now)
            case Plan():
                self._on_plan(sender, message)
            case Complete():
                self._on_complete(sender, message, now)
            case Install():
                self._on_install(sender, message, now)
            case Installed():
                self._on_installed(sender, message)

    def hear_order(self, sender: int, message: OrderMessage, now: Now) -> bool:
        """Take a message of the present view's order; return whether more may have moved by it."""
        order = self.order
        if order is None or message.view != order.view.id:
            return False
        if self._stopped:
            if isinstance(message, Ordered):
                order.store(message)
                self._tell_complete()
            return True
        match message:
            case Data():
                order.on_data(sender, message, now.ms)
            case Ordered():
                order.on_ordered(message, now.ms)
            case OrderAck():
                order.on_ack(sender, message, now.ms)
            case Nack():
                order.on_nack(sender, message)
        return False

    def tick(self, now: Now) -> None:
        """Do what is due."""
        if self.order is not None and not self._stopped:
            self.order.tick(now.ms)
        match self._state:
            case Gathering() as state:
                self._tick_gathering(state, now)
            case Committing() as state:
                self._tick_committing(state, now)
            case Operational() as state:
                if state.unconfirmed and now.ms >= state.resend_ms and state.install:
                    self._send(state.unconfirmed, state.install)
                    state.resend_ms = now.ms + self._timers.beat_ms
                self._drop_slow(now)
                if state.nudge_ms is not None and now.ms >= state.nudge_ms:
                    state.nudge_ms = now.ms + self._nudge_every_ms
                    self._send(self.company.outside(), replace(self._join(), silent=()))
        if self.company.review_ms is not None and now.ms >= self.company.review_ms:
            self.company.review_ms = None
            self._review("a link is one-way", now)
        if self.company.let_in(now):
            self._review("a node was held out for long enough", now)

    def _plan_nudge(self, now: Now) -> None:
        """Let the coordinator ask those outside from time to time: they may have been deaf."""
        if not isinstance(self._state, Operational) or self.view is None:
            return
        if self.view.id.coordinator != self._me or not self.company.outside():
            self._state.nudge_ms = None
        elif self._state.nudge_ms is None:
            self._state.nudge_ms = now.ms + self._nudge_every_ms

    @property
    def _nudge_every_ms(self) -> int:
        return 2 * self._timers.gather_ms

    # --- GATHER -----------------------------------------------------------------------------------

    @property
    def _patience_ms(self) -> int:
        """Return for how long the others may take to answer.

        Where a view was given up the machines, or the network, are slower than the profile expects;
        to give up as soon again, and to begin anew together, would be what keeps them busy.
        """
        return self._timers.gather_ms << min(self._tries, PATIENCE_GROWTHS)

    def _gather(self, reason: str, now: Now, settle_ms: int = 0) -> None:
        self._tries += isinstance(self._state, Committing)
        self._state = Gathering(
            since_ms=now.ms,
            settle_ms=now.ms + settle_ms,
            patience_ms=now.ms + max(self._patience_ms, settle_ms),
            join_due_ms=now.ms,
        )
        self._note(f"gathering: {reason}")
        self._propose(self._state, now)

    def _review(self, reason: str, now: Now, settle_ms: int = 0) -> None:
        """Ask whether what is known of the peers still fits what this node is doing."""
        match self._state:
            case Gathering() as state:
                self._propose(state, now)
            case Committing() as state:
                if not self.company.can_form(state.view):
                    self._gather(reason, now)
            case Operational():
                assert self.view is not None
                self.proposed = self.company.group(now)
                if self.company.with_boots(self.proposed) != self.view.members:
                    self._gather(reason, now, settle_ms)
                else:
                    self._plan_nudge(now)

    def _propose(self, state: Gathering, now: Now) -> None:
        """Say whom this node would have, if that is news, and commit when all say the same."""
        joins, proposed = self.company.joins, self.company.group(now)
        self.proposed = proposed
        if proposed != state.proposed:
            # What changes as the others' JOINs come in is said once for several of them.
            state.join_due_ms = min(state.join_due_ms, state.said_ms + len(proposed))
            state.proposed, state.repeats = proposed, 0
        if now.ms >= state.join_due_ms:
            self._say_join(state, now)
        self.fresh_joins = True
        agreed = all(
            node == self._me or (node in joins and joins[node].proposed == proposed)
            for node in proposed
        )
        if agreed and not state.agreed:
            state.patience_ms = max(state.patience_ms, state.settle_ms + self._patience_ms)
        state.agreed = agreed
        everyone = len(proposed) == len(self.company.config.nodes)
        if agreed and proposed[0] == self._me and (everyone or now.ms >= state.settle_ms):
            self._commit(proposed, now)

    def _say_join(self, state: Gathering, now: Now) -> None:
        state.said_ms = now.ms
        state.join_due_ms = now.ms + (self._timers.beat_ms << min(state.repeats, REPEATS_SLOWED))
        state.repeats += 1
        if self._out.hard.view_epoch <= self._epoch_durable:
            self._send(self.company.reachable(), self._join())

    def _join(self) -> Join:
        self._number += 1
        return Join(
            self._number,
            self.view.id if self.view else NO_VIEW,
            self._epoch_durable,
            self.proposed,
            tuple(sorted(self.company.silent | self.company.held.keys())),
            tuple(self.company.rows[node] for node in sorted(self.company.rows)),
            self._log_state(),
        )

    def _on_join(self, sender: int, boot: Boot, join: Join, now: Now) -> None:
        known_boot, number = self._numbers.get(sender, (boot, 0))
        if known_boot == boot and join.number <= number:
            return
        if sender not in self.company.reachable() or self.company.peers[sender].boot != boot:
            return
        self._numbers[sender] = (boot, join.number)
        self.company.take_rows(join.rows)
        is_member = self.members.get(sender) == boot
        if is_member and self.view is not None and join.epoch < self.view.id.epoch:
            return  # from before the view that we are in together
        # Whoever does without this node only says so: to gather for that would change nothing.
        unwanted = self._me in join.silent or self.company.is_put_off(sender, now)
        if unwanted and not is_member and isinstance(self._state, Operational):
            return
        self.company.silent.discard(sender)
        match self._state:
            case Gathering() as state:
                self.company.joins[sender] = join
                self._propose(state, now)
            case Committing() as state if sender in state.view.nodes:
                self.company.joins[sender] = join
                gave_up = join.epoch >= state.view.id.epoch
                # Only the coordinator has heard all agree. To another a JOIN may be from before
                # its sender agreed, late because many come at once: to gather anew for each of
                # those would let no view be formed.
                leads = state.view.id.coordinator == self._me
                if gave_up or (leads and join.proposed != state.view.nodes):
                    self._gather(f"{self.company.name(sender)} gathers again", now)
            case Operational():
                self.company.silent.difference_update(join.proposed)
                if is_member:
                    self._gather(f"{self.company.name(sender)} gathers", now)
                else:
                    beat_ms = self._timers.beat_ms
                    self._review(f"{self.company.name(sender)} asks to join", now, beat_ms)
                    if sender in self.company.held:
                        self._send((sender,), self._join())
                if isinstance(self._state, Gathering):
                    self.company.joins[sender] = join
                    self._propose(self._state, now)

    def _tick_gathering(self, state: Gathering, now: Now) -> None:
        if now.ms >= state.patience_ms:
            self._leave_out(state)
            state.patience_ms = now.ms + self._patience_ms
        if now.ms >= state.join_due_ms or (state.agreed and now.ms >= state.settle_ms):
            self._propose(state, now)

    def _leave_out(self, state: Gathering) -> None:
        """Give up those who did not answer: no JOIN, or no view from its coordinator."""
        known = {self._me, *self.company.joins}
        mute = {node for node in state.proposed if node not in known}
        if state.agreed and state.proposed[0] != self._me:
            mute.add(state.proposed[0])
        for node in sorted(mute):
            self._note(f"{self.company.name(node)} does not answer")
            self.company.joins.pop(node, None)
        self.company.silent |= mute

    def _drop_slow(self, now: Now) -> None:
        """Leave out a member that keeps all others waiting for its acknowledgements."""
        if self.order is None:
            return
        slow = self.order.slow(now.ms, 2 * self._timers.down_ms)
        if slow:
            self.company.silent.update(slow)
            self._review(f"{', '.join(map(self.company.name, slow))}: too slow", now)

    # --- COMMIT -----------------------------------------------------------------------------------

    def _commit(self, nodes: tuple[int, ...], now: Now) -> None:
        """Offer the view of *nodes*, as its coordinator."""
        epochs = [self.company.joins[node].epoch for node in nodes if node != self._me]
        epoch = 1 + max([self._out.hard.view_epoch, *epochs])
        view = View(ViewId(epoch, self._me), self.company.with_boots(nodes))
        self._stop_in_old_view(view, now)
        others = tuple(node for node in nodes if node != self._me)
        self._send_durable(others, Prepare(view))
        state = self._state
        assert isinstance(state, Committing)
        state.flushes[self._me] = state.flush
        self._try_plan(state, now)

    def _stop_in_old_view(self, view: View, now: Now) -> None:
        self._out.remember(view_epoch=view.id.epoch)
        self._stopped = True
        order = self.order
        flush = Flush(view.id, NO_VIEW, 0, 0, ())
        if order is not None:
            flush = Flush(view.id, order.view.id, order.upto, order.stable, order.have())
        self._state = Committing(
            view, now.ms + self._patience_ms, now.ms + self._timers.beat_ms, flush
        )

    def _on_prepare(self, sender: int, message: Prepare, now: Now) -> None:
        view = message.view
        state = self._state
        if isinstance(state, Committing) and state.view == view:
            if self._is_durable(view):
                self._send((sender,), state.flush)
            return
        if view.id.coordinator != sender or view.id.epoch <= self._out.hard.view_epoch:
            return
        if not self.company.can_form(view):
            return
        self._stop_in_old_view(view, now)
        assert isinstance(self._state, Committing)
        self._send_durable((sender,), self._state.flush)

    def _tick_committing(self, state: Committing, now: Now) -> None:
        if now.ms >= state.due_ms:
            missing = [n for n in state.view.nodes if n not in state.flushes and n != self._me]
            if state.view.id.coordinator == self._me and len(state.flushes) > 1:
                self.company.silent.update(missing)
            for node in state.view.nodes:
                self.company.joins.pop(node, None)
            self._gather("the view was not formed in time", now)
        elif now.ms >= state.resend_ms:
            state.resend_ms = now.ms + self._timers.beat_ms
            self._repeat(state)

    def _repeat(self, state: Committing) -> None:
        """Send again what the others may have missed."""
        if not self._is_durable(state.view):
            return
        if state.view.id.coordinator != self._me:
            self._send((state.view.id.coordinator,), state.flush)
            self._tell_complete()
        elif state.plan is not None:
            behind = [node for node in state.view.nodes if node not in state.complete]
            self._send((node for node in behind if node != self._me), state.plan)
            self._copy(state.plan)
        else:
            behind = [node for node in state.view.nodes if node not in state.flushes]
            self._send(behind, Prepare(state.view))

    def _on_flush(self, sender: int, flush: Flush, now: Now) -> None:
        match self._state:
            case Committing() as state if state.view.id == flush.view and (
                state.view.id.coordinator == self._me and sender in state.view.nodes
            ):
                state.flushes.setdefault(sender, flush)
                self._try_plan(state, now)

    # --- RECOVER ----------------------------------------------------------------------------------

    def _try_plan(self, state: Committing, now: Now) -> None:
        """Once all have told what they hold: install, or first have copied what some lack."""
        if len(state.flushes) < len(state.view.nodes) or state.plan is not None:
            return
        if not self._is_durable(state.view):
            return
        cuts = cuts_of(state.flushes)
        copies = copies_of(state.flushes, cuts)
        state.plan = Plan(state.view.id, cuts, copies)
        if not copies:
            self._send_install(state, now)
            return
        state.due_ms = now.ms + self._patience_ms
        self._send((node for node in state.view.nodes if node != self._me), state.plan)
        self._copy(state.plan)
        if self._is_complete(state.plan):
            state.complete.add(self._me)

    def _on_plan(self, sender: int, plan: Plan) -> None:
        match self._state:
            case Committing() as state if (
                state.view.id == plan.view and sender == plan.view.coordinator
            ):
                state.plan = plan
                self._copy(plan)
                self._tell_complete()

    def _copy(self, plan: Plan) -> None:
        """Give what the plan says that this node gives."""
        for copy in plan.copies:
            if copy.holder == self._me and self.order and self.order.view.id == copy.old:
                cut = next(cut for cut in plan.cuts if cut.old == copy.old)
                others = [node for node in cut.together if node != self._me]
                self.order.copy(others, copy.first, copy.last)

    def _is_complete(self, plan: Plan) -> bool:
        own = self._own_cut(plan.cuts)
        return own is None or (self.order is not None and self.order.upto >= own.upto)

    def _own_cut(self, cuts: tuple[Cut, ...]) -> Cut | None:
        """Return where the view that this node comes from ends."""
        if self.order is None:
            return None
        return next((cut for cut in cuts if cut.old == self.order.view.id), None)

    def _tell_complete(self) -> None:
        state = self._state
        if not isinstance(state, Committing) or state.plan is None:
            return
        if not self._is_complete(state.plan):
            return
        if state.view.id.coordinator != self._me:
            self._send((state.view.id.coordinator,), Complete(state.view.id))
        else:
            state.complete.add(self._me)

    def _on_complete(self, sender: int, message: Complete, now: Now) -> None:
        match self._state:
            case Committing() as state if state.view.id == message.view and state.plan:
                state.complete.add(sender)
                self._tell_complete()
                if state.complete >= set(state.view.nodes):
                    self._send_install(state, now)

    # --- OPERATIONAL ------------------------------------------------------------------------------

    def _send_install(self, state: Committing, now: Now) -> None:
        assert state.plan is not None
        install = Install(state.view, state.plan.cuts)
        others = tuple(node for node in state.view.nodes if node != self._me)
        self._send(others, install)
        self._install(install, now)
        self._state = Operational(install, others, now.ms + self._timers.beat_ms)
        self._review("the group changed meanwhile", now, self._timers.beat_ms)

    def _on_install(self, sender: int, install: Install, now: Now) -> None:
        if self.view is not None and self.view.id == install.view.id:
            self._send((sender,), Installed(install.view.id))
            return
        match self._state:
            case Committing() as state if (
                state.view == install.view and sender == install.view.id.coordinator
            ):
                own = self._own_cut(install.cuts)
                if own is not None and self.order and self.order.upto < own.upto:
                    return
                self._send((sender,), Installed(install.view.id))
                self._install(install, now)
                self._state = Operational()
                self._review("the group changed meanwhile", now, self._timers.beat_ms)

    def _on_installed(self, sender: int, message: Installed) -> None:
        match self._state:
            case Operational() as state if state.install and state.install.view.id == message.view:
                state.unconfirmed = tuple(n for n in state.unconfirmed if n != sender)
                if not state.unconfirmed:
                    state.install = None

    def _install(self, install: Install, now: Now) -> None:
        """End the old view at its cut and begin the new one."""
        view, old = install.view, self.view
        assert old is None or old.id < view.id, "views must rise"
        unsent = self._finish_old_view(install)
        self.view = view
        self.company.inside = view.nodes
        self._tries = 0
        self.order = Order(self._me, view, self._out)
        self._stopped = False
        self.company.put_off_unwanted(view, now)
        self.company.joins.clear()
        self.proposed = view.nodes
        before, self.members = self.members, self._members_of(view)
        joined = tuple(m.node for m in view.members if before.get(m.node) != m.boot)
        left = tuple(
            Departed(node, boot, self.company.why_gone(node, boot))
            for node, boot in before.items()
            if self.members.get(node) != boot
        )
        self._out.emit(Regular(view, joined, left))
        names = " ".join(map(self.company.name, view.nodes))
        self._note(f"view {view.id.epoch}.{view.id.coordinator}: {names}")
        for gone in left:
            # Who was only slow to answer, as while many start at once, is heard and flaps not.
            silent = self.company.reach(gone.node) is Reach.DOWN and gone.why is not Why.LEFT
            if (silent or gone.why is Why.REBOOTED) and self._me in before:
                self.company.damping.lost(gone.node, now.ms)
        self.company.silent = set(self.company.outside())
        self._tell_exclusion(view)
        self.fresh_view = True
        waiting, self._waiting = [*unsent, *self._waiting], []
        for offer in waiting:
            self.order.multicast(offer.payload, safe=offer.safe, now_ms=now.ms)

    def _finish_old_view(self, install: Install) -> list[Offer]:
        if self.order is None:
            return []
        cut = self._own_cut(install.cuts)
        assert cut is not None, "no cut for the view that this node comes from"
        late = self.order.finish(cut.upto, cut.safe)
        self._out.emit(Transitional(cut.together))
        for deliver in late:
            self._out.emit(deliver)
        return self.order.unsent()

    def _tell_exclusion(self, view: View) -> None:
        """Say so where others are together without this node though some of them are heard."""
        outside = self.company.outside()
        weight = weights(self.company.config)
        here = sum(weight.get(node, 0) for node in view.nodes)
        if outside and here < sum(weight.get(node, 0) for node in outside):
            self._out.emit(Verdict("EXCLUDED", self.company.why_apart(view.nodes, outside)))

    # --- whom this node would be with -------------------------------------------------------------

    @staticmethod
    def _members_of(view: View) -> dict[int, Boot]:
        return {member.node: member.boot for member in view.members}

    def _is_durable(self, view: View) -> bool:
        return self._epoch_durable >= view.id.epoch or self._out.failed

    def _send(self, nodes: Iterable[int], message: Message) -> None:
        self._out.send(nodes, message)

    def _send_durable(self, nodes: tuple[int, ...], message: Message) -> None:
        """Send *message* once the epoch that it names is on the disk, if there is a disk."""
        if self._out.failed:
            self._out.send(nodes, message)
        else:
            self._out.send_durable(nodes, message)

    def _note(self, text: str) -> None:
        self._out.emit(Note("ring", text))
