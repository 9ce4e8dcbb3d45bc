"""What is decided is given out: each entry once, in order, and its proposer is answered."""

from __future__ import annotations

from pcsx.ring.config import RingConfig
from pcsx.ring.log.confirming import Confirming
from pcsx.ring.log.keeping import Keeping
from pcsx.ring.log.reconfiguring import Reconfiguring
from pcsx.ring.log.roles import Leading
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.log.turns import Turns
from pcsx.ring.port import Committed, ConfigCommitted, Entry, EntryKind, Proposed
from pcsx.ring.quorum import weights
from pcsx.values import Now


class Applying:
    """Gives out what is decided, and does what follows from it."""

    def __init__(
        self,
        state: State,
        sending: Sending,
        confirming: Confirming,
        turns: Turns,
        reconfiguring: Reconfiguring,
        keeping: Keeping,
    ) -> None:
        self._state = state
        self._out = state.out
        self._sending = sending
        self._confirming = confirming
        self._turns = turns
        self._reconfiguring = reconfiguring
        self._keeping = keeping

    def apply(self, upto: int, now: Now) -> None:
        """Give out what is decided now, each entry once and in order."""
        state = self._state
        for index in range(state.commit + 1, upto + 1):
            entry = state.entries.at(index)
            state.committed(index)
            self._keeping.count(len(entry.payload))
            if entry.kind is EntryKind.APP:
                self._out.emit(Committed(index, entry.term, entry.payload))
            self._answer_ticket(entry)
            if entry.kind is EntryKind.CONFIG:
                self._config_committed(entry, now)
            elif isinstance(state.role, Leading):
                self._go_on_leading(state.role, entry, now)
        state.reads.applied(state.commit)
        if isinstance(state.role, Leading):
            state.look_whether_caught_up()
        self._keeping.ask()

    def recall(self, upto: int) -> None:
        """Give out what this disk knew to be decided, before anybody is heard.

        It proves nothing about this life, and maybe later ones were decided: nothing follows from
        it. That this node is a member no more is for the others to tell.
        """
        state = self._state
        for index in range(state.commit + 1, upto + 1):
            entry = state.entries.at(index)
            if entry.kind is EntryKind.CONFIG:
                config = RingConfig.from_bytes(entry.payload)
                if all(node.id != state.me for node in config.nodes):
                    return
                state.committed_config = config
                self._out.emit(ConfigCommitted(index, config))
            elif entry.kind is EntryKind.APP:
                self._out.emit(Committed(index, entry.term, entry.payload))
            state.committed(index)
            self._keeping.count(len(entry.payload))

    def _answer_ticket(self, entry: Entry) -> None:
        state = self._state
        if entry.index not in state.tickets:
            return
        term, ticket = state.tickets.pop(entry.index)
        if term != entry.term:
            self._out.emit(Proposed(ticket, 0, "another leader decided otherwise"))
        elif entry.kind is EntryKind.JOINT and isinstance(state.role, Leading):
            state.changes[entry.index] = ticket  # answered with the CONFIG that follows
        else:
            self._out.emit(Proposed(ticket, entry.index))

    def _go_on_leading(self, leading: Leading, entry: Entry, now: Now) -> None:
        entries = self._state.entries
        if entry.index == leading.noop:
            leading.mine = True
            self._reconfiguring.count_gone(leading, now)
            self._confirming.tell_lease(leading, now)
            if entries.voters.joint is not None and entries.voters_index < entry.index:
                self._reconfiguring.finish_change(leading)
            else:
                self._reconfiguring.tend()
        elif entry.kind is EntryKind.JOINT and entries.voters_index == entry.index:
            self._reconfiguring.finish_change(leading)

    def _config_committed(self, entry: Entry, now: Now) -> None:
        state = self._state
        config = RingConfig.from_bytes(entry.payload)
        if isinstance(state.role, Leading):
            self._sending.send_commit(state.role)  # the last word to those in it no more
        state.committed_config = state.known_config = config
        state.on_config(config)
        self._out.emit(ConfigCommitted(entry.index, config))
        me = next((node for node in config.nodes if node.id == state.me), None)
        if state.blocked and me is not None and me.boot >= state.boot.counter:
            state.unblock("its life was admitted")
        if isinstance(state.role, Leading):
            self._reconfiguring.watch_followers(state.role)
            self._reconfiguring.count_gone(state.role, now)
            if state.me not in weights(config):
                self._turns.resign("it votes no more", now)
            else:
                self._reconfiguring.go_on(state.role)
