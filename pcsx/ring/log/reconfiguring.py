"""Changes of the configuration as the leader makes them: who asked, who follows, what comes next.

A change of whose votes count how is a JOINT entry, then a CONFIG entry that follows its commit;
any other is a CONFIG entry alone. One is under way at a time. What a leader asks for by itself is
said in `changes`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pcsx.ring.config import WITNESS, RingConfig
from pcsx.ring.log.changes import Facts, lms_window_ms, wanted_change
from pcsx.ring.log.entries import joint_payload
from pcsx.ring.log.progress import Progress
from pcsx.ring.log.roles import Leading
from pcsx.ring.log.sending import Sending
from pcsx.ring.log.state import State
from pcsx.ring.port import MOVED, EntryKind, Proposed
from pcsx.ring.quorum import is_on, is_voters_change, weights
from pcsx.values import Now

CAUGHT_UP: Final = 64
"""A learner this close behind may become a voter."""


class Reconfiguring:
    """The changes of the configuration that this node makes while it leads."""

    def __init__(self, state: State, sending: Sending) -> None:
        self._state = state
        self._sending = sending

    # --- what is asked ----------------------------------------------------------------------------

    def reconfigure(
        self, ticket: int, config: RingConfig, *, base: RingConfig | None = None
    ) -> None:
        """Change the configuration, in two steps where it changes whose votes count how."""
        state, leading = self._state, self._state.role
        leads = isinstance(leading, Leading) and leading.mine
        if leads and base is not None and (state.is_changing or base != state.voters.newest):
            state.out.emit(Proposed(ticket, 0, MOVED))
        elif refusal := self._refusal(config):
            state.out.emit(Proposed(ticket, 0, refusal))
        elif state.is_changing:
            assert isinstance(leading, Leading)
            leading.asked_change = (ticket, config)
        else:
            self._change(config, ticket)

    def _refusal(self, config: RingConfig) -> str:
        state, leading = self._state, self._state.role
        if not isinstance(leading, Leading) or not leading.mine:
            return "this node does not lead the log"
        is_asked = leading.asked_change is not None or any(
            index >= state.entries.voters_index
            and state.entries.at(index).kind is not EntryKind.APP
            for index in (*state.tickets, *state.changes)
        )
        if state.is_changing and is_asked:
            return "a change of the configuration is under way"
        now_is = state.voters.newest
        if config.lineage != now_is.lineage or not weights(config):
            return "the configuration is not one of this cluster, or nobody votes in it"
        if None not in (config.witness, now_is.witness) and config.witness != now_is.witness:
            return "the old witness must be taken away first"
        if config.witness is not None and is_on(config, "auto_tie_breaker"):
            return "a witness and a tie-breaker do not go together: turn auto_tie_breaker off"
        if config.level > now_is.level:
            return "the feature level rises by itself, once all nodes speak the next"
        old = weights(now_is)
        for node in weights(config):
            if node not in old and node not in (state.me, WITNESS):
                progress = leading.progress.get(node)
                if progress is None:
                    return f"node {node} must follow the log before it votes"
                if progress.match + CAUGHT_UP < state.commit or node not in state.members:
                    return f"node {node} has not caught up with the log"
        return ""

    # --- what is changed --------------------------------------------------------------------------

    def _change(self, config: RingConfig, ticket: int) -> None:
        state, leading = self._state, self._state.role
        assert isinstance(leading, Leading)
        now_is = state.voters.newest
        admitted = {node.id: node.boot for node in now_is.nodes}
        config = replace(
            config,
            level=max(config.level, now_is.level),
            nodes=tuple(
                replace(node, boot=max(node.boot, admitted.get(node.id, 0)))
                for node in sorted(config.nodes, key=lambda node: node.id)
            ),
        )
        if is_voters_change(now_is, config):
            payload = joint_payload(now_is, config)
            entry = self._sending.append(leading, EntryKind.JOINT, payload)
        else:
            entry = self._sending.append(leading, EntryKind.CONFIG, config.to_bytes())
        if ticket:
            state.tickets[entry.index] = (state.term, ticket)
        self.watch_followers(leading)

    def finish_change(self, leading: Leading) -> None:
        """Append the configuration that a committed JOINT entry moves to."""
        state = self._state
        joint_index = state.entries.voters_index
        config = state.voters.newest
        entry = self._sending.append(leading, EntryKind.CONFIG, config.to_bytes())
        if joint_index in state.changes:
            state.tickets[entry.index] = (state.term, state.changes.pop(joint_index))
        self.watch_followers(leading)

    def go_on(self, leading: Leading) -> None:
        """Begin the change that waited for one which nobody asked for, else what is wanted next."""
        if leading.asked_change is not None and not self._state.is_changing:
            (ticket, asked), leading.asked_change = leading.asked_change, None
            self.reconfigure(ticket, asked)
        else:
            self.tend()

    def watch_followers(self, leading: Leading) -> None:
        """Send the log to all nodes of the newest configurations, and to no others."""
        state = self._state
        wanted = [node.id for node in state.voters.nodes if node.id != state.me]
        if state.voters.has_witness:
            wanted.append(WITNESS)
        for node in wanted:
            if node not in leading.progress:
                first = 1 if node == WITNESS else state.flushed + 1
                leading.progress[node] = Progress(first)
                leading.heard_ms[node] = 0
        for node in [node for node in leading.progress if node not in wanted]:
            del leading.progress[node]
            del leading.heard_ms[node]
            leading.rounds.forget(node)

    # --- what is wanted ---------------------------------------------------------------------------

    def tend(self) -> None:
        """Ask for the next change that nobody needs to ask for, and give logs anew."""
        state, leading = self._state, self._state.role
        if not isinstance(leading, Leading) or not leading.mine:
            return
        lost = {n for n, heard in state.heard.items() if heard.amnesiac and n in state.members}
        learners = {node.id for node in state.committed_config.nodes if node.votes == 0}
        for node in sorted(lost & learners & set(leading.progress)):
            progress = leading.progress[node]
            if not progress.snapshot and not progress.match:
                progress.begin_snapshot(state.snapshot.index, 0)
        if state.is_changing:
            return
        facts = Facts(
            boots={node: boot.counter for node, boot in state.members.items()},
            amnesiacs=lost,
            gone=leading.lost,
            caught_up=[
                node
                for node, progress in leading.progress.items()
                if node in state.members and progress.match >= state.commit
            ],
            speaks=state.spoken,
        )
        wanted = wanted_change(state.voters.newest, facts)
        if wanted is not None:
            state.note(wanted[1])
            self._change(wanted[0], 0)

    def count_gone(self, leading: Leading, now: Now) -> None:
        """Note since when voters are missing from the view, where that changes who counts."""
        state = self._state
        window_ms = lms_window_ms(state.voters.newest)
        missing = (
            []
            if window_ms is None
            else [n for n in state.voters.ids if n not in state.members and n != WITNESS]
        )
        leading.lost &= set(missing)
        leading.gone = {
            node: leading.gone.get(node, now.ms + (window_ms or 0))
            for node in missing
            if node not in leading.lost
        }
