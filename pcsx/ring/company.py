"""Whom a node knows of: what the detector and the rows say of all, and whom it would be with.

A node would be with all whom it hears, but for those that do not answer, those that were lost too
often, and those that a one-way link keeps from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.ring.cliques import component, group_of, pair
from pcsx.ring.config import RingConfig
from pcsx.ring.damping import WINDOW_MS, Damping
from pcsx.ring.frames import Boot, PeerState, Reach, Row, Why
from pcsx.ring.messages import Join
from pcsx.ring.port import Member, View
from pcsx.ring.quorum import weights
from pcsx.values import Now

PUT_OFF_MS: Final = 1000
"""For how long who was not wanted is put off at first; twice as long each time."""
PUT_OFF_MS_MAX: Final = 30_000
SETTLE_BEATS: Final = 3
"""A pair counts as cut when the rows have shown it for so many beats."""


class Company:
    """The peers of node *me*, in the life *boot*; *note* tells people of them."""

    def __init__(
        self, me: int, boot: Boot, config: RingConfig, note: Callable[[str], None]
    ) -> None:
        self.config = config
        self.peers: dict[int, PeerState] = {}
        self.rows: dict[int, Row] = {}
        self.joins: dict[int, Join] = {}
        """The newest JOIN of each, as far as it counts now."""
        self.inside: tuple[int, ...] = ()
        """The members of the view."""
        self.silent: set[int] = set()
        """Who did not answer."""
        self.held: dict[int, int] = {}
        """Who is heard and left out for a while, for it was lost too often; until when."""
        self.damping = Damping()
        self.leader = 0
        """Who leads the log, as far as known here: it is dropped last."""
        self.review_ms: int | None = None
        """When a one-way link counts as one."""
        self._me = me
        self._boot = boot
        self._note = note
        self._cut_since: dict[tuple[int, int], int] = {}
        self._put_off: dict[int, tuple[int, int]] = {}
        """Whose wish to join another member did not share: until when it is not asked for anew,
        and how long that was."""

    # --- the peers --------------------------------------------------------------------------------

    def take(self, peer: PeerState) -> None:
        """Take what the detector holds of a peer."""
        before = self.peers.get(peer.node)
        self.peers[peer.node] = peer
        if before is None or before.boot != peer.boot or before.reach is Reach.DOWN:
            self.silent.discard(peer.node)
            self.joins.pop(peer.node, None)
        if peer.reach is Reach.DOWN:
            self.damping.gone(peer.node)

    @property
    def suspects_others(self) -> bool:
        """Return whether a member may be lost too, and it is not certain yet."""
        return any(
            peer.reach is Reach.SUSPECT and peer.node in self.inside for peer in self.peers.values()
        )

    def name(self, node: int) -> str:
        """Return what people call *node*."""
        found = next((known for known in self.config.nodes if known.id == node), None)
        return found.name if found else f"node {node}"

    def reachable(self) -> tuple[int, ...]:
        """Return the other nodes that the detector does not hold down, sorted."""
        up = (Reach.UP, Reach.SUSPECT)
        return tuple(
            node.id
            for node in self.config.nodes
            if node.id != self._me and node.id in self.peers and self.peers[node.id].reach in up
        )

    def reach(self, node: int) -> Reach:
        """Return what the detector holds of *node*."""
        return self.peers[node].reach if node in self.peers else Reach.UNKNOWN

    def _boot_of(self, node: int) -> Boot | None:
        if node == self._me:
            return self._boot
        return self.peers[node].boot if node in self.peers else None

    def with_boots(self, nodes: tuple[int, ...]) -> tuple[Member, ...]:
        """Return *nodes* in the lives that they are known in, without those of whom none is."""
        boots = ((node, self._boot_of(node)) for node in nodes)
        return tuple(Member(node, boot) for node, boot in boots if boot is not None)

    def outside(self) -> tuple[int, ...]:
        """Return who is heard, wanted, and not in the view."""
        return tuple(
            node for node in self.reachable() if node not in self.inside and node not in self.held
        )

    def take_rows(self, rows: tuple[Row, ...]) -> bool:
        """Keep the newer of what was known and *rows*; return whether something was new."""
        news = False
        for row in rows:
            known = self.rows.get(row.node)
            if known is None or (known.boot, known.seq) < (row.boot, row.seq):
                news = (
                    news
                    or known is None
                    or (known.hears, known.doubtful, known.boot)
                    != (
                        row.hears,
                        row.doubtful,
                        row.boot,
                    )
                )
                self.rows[row.node] = row
        return news

    # --- whom this node would be with -------------------------------------------------------------

    @property
    def held_out(self) -> dict[int, str]:
        """Return who is heard and not let in yet, for it was lost too often, and why in words."""
        minutes = WINDOW_MS // 60_000
        return {
            node: f"held out: lost {self.damping.losses(node)} times within {minutes} minutes"
            for node in self.held
        }

    def group(self, now: Now) -> tuple[int, ...]:
        """Return the nodes that belong together with this one, as far as is known now."""
        self._hold_out(now)
        left_out = self._left_out()
        nodes = (self._me, *(node for node in self.reachable() if node not in left_out))
        cuts = self._cuts(nodes, now)
        if not cuts:
            return tuple(sorted(nodes))
        if set(component(self._me, nodes, cuts)) == {self._me}:
            return (self._me,)
        return group_of(self._me, nodes, cuts, weights(self.config), self.leader)

    def _left_out(self) -> set[int]:
        """Return whom this node does without: the silent, and whom those it gathers with call so.

        The word of the lower id goes first, so that two that call each other silent are not both
        left out.
        """
        left_out = self.silent | self.held.keys()
        for node in sorted(self.joins):
            silent = self.joins[node].silent
            if node not in left_out and self._me in silent:
                left_out.add(node)
            elif node not in left_out:
                left_out.update(silent)
        return left_out - {self._me}

    def _hold_out(self, now: Now) -> None:
        """Note who is not let in yet, for it was lost too often: nobody who is needed for quorum.

        A node that lets go of others by this rule has quorum without them, so of two halves that
        lose each other over and over neither waits for the other's leave.
        """
        before, self.held = self.held, self.damping.held(self.reachable(), now.ms)
        for node in [node for node in self.held if node in self.inside]:
            del self.held[node]
        if not self.held:
            return
        weight = weights(self.config)
        rest = [self._me, *(node for node in self.reachable() if node not in self.held)]
        if 2 * sum(weight.get(node, 0) for node in rest) <= sum(weight.values()):
            self.held = {}
        for node in sorted(self.held.keys() - before.keys()):
            seconds = -(-(self.held[node] - now.ms) // 1000)
            self._note(f"{self.name(node)} is {self.held_out[node]}, for {seconds} s")

    def _cuts(self, nodes: tuple[int, ...], now: Now) -> frozenset[tuple[int, int]]:
        """Return the pairs of *nodes* that do not hear each other, once that has settled.

        Pairs with those who are left out are watched too: one that was settled when it parted two
        is settled still when the one outside asks to join, or a view would come of each time.
        """
        settle_ms = SETTLE_BEATS * self.config.timers.beat_ms
        known = self._cut_since
        seen = {cut: known.get(cut, now.ms) for cut in self._deaf_pairs()}
        self._cut_since = seen
        among = [
            (cut, since_ms) for cut, since_ms in seen.items() if cut[0] in nodes and cut[1] in nodes
        ]
        self.review_ms = min(
            (since_ms + settle_ms for _, since_ms in among if now.ms < since_ms + settle_ms),
            default=None,
        )
        return frozenset(cut for cut, since_ms in among if now.ms >= since_ms + settle_ms)

    def _is_deaf(self, x: int, y: int) -> bool:
        """Return whether *x* has said that it does not hear *y*."""
        row = self.rows.get(x)
        if row is None or row.doubtful or row.boot != self._boot_of(x):
            return False
        return not row.hears >> y & 1

    def _deaf_pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of this node and those it hears of whom one does not hear the other."""
        nodes = (self._me, *self.reachable())
        everyone = 0
        for node in nodes:
            everyone |= 1 << node
        cuts: list[tuple[int, int]] = []
        for x in nodes:
            row = self.rows.get(x)
            if row is None or not everyone & ~row.hears & ~(1 << x):
                continue
            cuts += [pair(x, y) for y in nodes if y != x and self._is_deaf(x, y)]
        return cuts

    def can_form(self, view: View) -> bool:
        """Return whether all members of *view* are here, in the lives that it names."""
        return view.members == self.with_boots(view.nodes) and set(view.nodes) <= {
            self._me,
            *(node for node in self.reachable() if node not in self.silent),
        }

    def let_in(self, now: Now) -> bool:
        """Hold out nobody for longer than was said; return whether one is let in now.

        At once, or a tick would be due for as long as a view is being committed.
        """
        over = [node for node, until_ms in self.held.items() if now.ms >= until_ms]
        for node in over:
            del self.held[node]
        return bool(over)

    def put_off_unwanted(self, view: View, now: Now) -> None:
        """Note whom others in *view* do without: to gather for it again at once changes nothing.

        They gather themselves when they want it; until then this node waits longer each time.
        """
        unwanted = {
            node
            for sender, join in self.joins.items()
            if sender in view.nodes
            for node in join.silent
            if node not in view.nodes
        }
        before, self._put_off = self._put_off, {}
        for node in sorted(unwanted):
            wait_ms = PUT_OFF_MS
            if node in before:
                wait_ms = min(PUT_OFF_MS_MAX, 2 * before[node][1])
            self._put_off[node] = (now.ms + wait_ms, wait_ms)

    def is_put_off(self, node: int, now: Now) -> bool:
        """Return whether it is too soon to gather again for *node*."""
        until_ms, _ = self._put_off.get(node, (0, 0))
        return now.ms < until_ms

    # --- why not ----------------------------------------------------------------------------------

    def why_gone(self, node: int, boot: Boot) -> Why:
        """Return why *node*, a member in the life *boot*, is one no more."""
        peer = self.peers.get(node)
        if peer is None or all(known.id != node for known in self.config.nodes):
            return Why.REMOVED
        if peer.boot != boot:
            return Why.REBOOTED
        return peer.why if peer.reach is Reach.DOWN else Why.SILENCE

    def why_apart(self, inside: tuple[int, ...], outside: tuple[int, ...]) -> str:
        """Return which link keeps *outside*, who are heard, from those of *inside*."""
        ways = [
            f"{self.name(x)} does not hear {self.name(y)}"
            for one, other in sorted(self._cut_since)
            for x, y in ((one, other), (other, one))
            if (x in outside) != (y in outside)
            and {x, y} <= {*inside, *outside}
            and self._is_deaf(x, y)
        ]
        names = " ".join(map(self.name, outside))
        return ", ".join(ways) or f"{names} did not answer in time"
