"""What a node's parts look at together: the ring as it is, the ledger, and the picture of all."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from pcsx.cib import Cib
from pcsx.cib.status import NodeState, Situation, left_alone, with_property
from pcsx.daemon.ledger import Ledger
from pcsx.daemon.status import WATCHDOG, Picture
from pcsx.lean import dataclass
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Reach
from pcsx.ring.port import PeerReach, Quorum, View
from pcsx.values import NodeName, parse_bool

GATHERED_AT_ONCE: Final = 400
"""As many histories are written in one turn; it takes milliseconds."""


def is_unsafe_pair(cib: Cib) -> bool:
    """Return whether the user chose that each of two nodes goes on alone, fenced or not."""
    unsafe = parse_bool(cib.cluster_option("unsafe-two-node") or "") is True
    return unsafe and cib.cluster_option("no-quorum-policy") == "ignore"


@dataclass(slots=True)
class Scene:
    """Owned and kept up to date by `Node`; everyone else only reads it."""

    me: int
    config: RingConfig
    ledger: Ledger
    picture: Picture = field(default_factory=Picture)
    view: View | None = None
    term: int = 0
    leader: int = 0
    leading: bool = False
    quorum: Quorum = field(default_factory=lambda: Quorum(False, 0, 0, 0, "not yet in a view"))
    reach: dict[int, PeerReach] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    """The newest index that each member had applied when it entered the view."""
    order_terms: dict[int, int] = field(default_factory=dict)
    """The highest term of orders that each member had seen when it entered the view."""
    ordered: dict[int, int] = field(default_factory=dict)
    """Which member was told in this view to fence, by case: its status may be older than that."""
    partner: int = 0
    """The other voter, while the ring's newest configuration counts just two of equal votes."""
    held_out: dict[int, str] = field(default_factory=dict)
    """Who is heard and not let into the view yet, and why."""
    lost_ms: dict[int, int] = field(default_factory=dict)
    """Since when each node is out of this node's view, for those that were in it."""
    fencing: bool = True
    """Whether fencing is required (`stonith-enabled`): without it, takeover waits."""
    left_out: str = ""
    """Why others, who are heard, are together without this node; empty where they are not."""
    diverged: bool = False
    """This node's own state is not what the log decided: it schedules nothing by it."""
    halting: bool = False
    """This node stops all that it runs by itself, for it has lost quorum and nothing can fence."""
    skew_s: dict[int, int] = field(default_factory=dict)
    """How far each member's clock was from this one's when it entered the view, in seconds."""
    _lowered: tuple[Cib, str, Cib] | None = None
    _seen: tuple[View | None, tuple[int, ...]] = (None, ())
    """A view and its members, which are asked for some thirty times with each change."""
    last_transition: int = 0
    """The highest number of a transition whose orders any member has seen.

    Numbers go on from DC to DC, so that (term, number, action) names one order only.
    """

    @property
    def name(self) -> NodeName:
        """Return this node's name."""
        return self.config.node(self.me).name

    def name_of(self, node: int) -> str:
        """Return what people call *node*, which may be in the configuration no more."""
        known = (str(each.name) for each in self.config.nodes if each.id == node)
        return next(known, f"node {node}, which was taken out,")

    @property
    def members(self) -> tuple[int, ...]:
        """Return the ids of the view's members, sorted; nobody before the first view."""
        if self._seen[0] is not self.view:
            self._seen = (self.view, self.view.nodes if self.view is not None else ())
        return self._seen[1]

    def is_on(self, option: str, *, default: bool) -> bool:
        """Return whether a cluster option is true; *default* where it is not set, or is neither."""
        on = parse_bool(self.ledger.replica.cib.cluster_option(option) or "")
        return default if on is None else on

    def number(self, option: str, default: int) -> int:
        """Return a cluster option that is a number or a percentage; *default* where it is none."""
        text = (self.ledger.replica.cib.cluster_option(option) or "").removesuffix("%")
        return int(text) if text.isascii() and text.isdigit() else default

    @property
    def no_quorum_policy(self) -> str:
        """Return what is configured for a partition without quorum."""
        return self.ledger.replica.cib.cluster_option("no-quorum-policy") or "stop"

    @property
    def all_heard(self) -> bool:
        """Return whether every member has said its status in this view."""
        return bool(self.members) and all(
            (node := self.picture.nodes.get(id)) is not None and node.present for id in self.members
        )

    @property
    def dc(self) -> int:
        """Return who schedules: the leader, or without quorum the local DC; 0 while nobody does."""
        if self.quorum.quorate:
            return self.leader if self.leader in self.members else 0
        if not self.all_heard or self.view is None:
            return 0
        return min(self.members, key=lambda id: (-self.committed.get(id, 0), id))

    @property
    def order_term(self) -> int:
        """Return the term of this node's orders: no member of the view has seen a higher one."""
        return max([self.term, *(self.order_terms.get(id, 0) for id in self.members)])

    @property
    def in_charge(self) -> bool:
        """Return whether this node schedules now."""
        if self.diverged:
            return False
        if self.quorum.quorate:
            return self.leading and self.view is not None
        return self.dc == self.me

    def is_online(self, id: int) -> bool:
        """Return whether *id* may be given work: a member, heard, let in, its brain moving."""
        node = self.picture.nodes.get(id)
        if node is None or not node.present or id not in self.members:
            return False
        if self.ledger.over.get(id, 0) >= node.boot.counter:
            return False
        if not self.quorum.quorate:
            return True
        return self.ledger.admitted.get(id, 0) >= node.boot.counter

    def is_clean_down(self, id: int) -> bool:
        """Return whether *id* is away and every life of it that we know of is over for certain."""
        node = self.picture.nodes.get(id)
        if node is not None and node.present:
            return False
        return self.ledger.is_over(id, node.boot.counter if node is not None else 0)

    def is_ghost(self, id: int) -> bool:
        """Return whether *id* is still in the view, in a life that was fenced already."""
        node = self.picture.nodes.get(id)
        return (
            node is not None and node.present and self.ledger.over.get(id, 0) >= node.boot.counter
        )

    def is_unseen(self, id: int) -> bool:
        """Return whether nobody here has heard *id*, and it is not known to be down either."""
        return id not in self.picture.nodes and not self.is_clean_down(id)

    def locks_may_move(self) -> tuple[bool, list[int]]:
        """Return whether locks may be given away, and the nodes whose own are free.

        Not before each voter that is missing from this quorate view is known to be over: what one
        holds is not always known here.
        """
        away = [node for node in self.config.nodes if node.id not in self.members]
        over = [node.id for node in away if self.is_clean_down(node.id)]
        missing = [node.id for node in away if node.votes and node.id not in over]
        return self.quorum.quorate and self.all_heard and not missing, over

    def is_held(self, id: int) -> bool:
        """Return whether what ran on the lost *id* is left alone until its wait is over."""
        if self.fencing or not self.quorum.quorate:
            return False
        node = self.picture.nodes.get(id)
        return node is not None and not node.present and not self.is_clean_down(id)

    def document(self) -> Cib:
        """Return the committed configuration with the status section of all nodes."""
        return self.situation().document()

    def gather(self) -> bool:
        """Do a share of the work for `situation`; return whether enough is left for another turn.

        Who has just come to be in charge of a large cluster has histories of all nodes to write.
        """
        left = GATHERED_AT_ONCE
        for node in self.config.nodes:
            known = self.picture.nodes.get(node.id)
            if known is not None:
                left -= known.history.prepare(node.name, self.config.cluster, left)
                if left <= 0:
                    return True
        return False

    def situation(self) -> Situation:
        """Return what `document` puts together, without the work of doing so."""
        states: list[NodeState] = []
        for node in self.config.nodes:
            state = self.picture.state(
                node.id,
                node.name,
                self.config.cluster,
                clean_down=self.is_clean_down(node.id),
                online=self.is_online(node.id),
            )
            if state is not None:
                states.append(left_alone(state) if self.is_held(node.id) else state)
        return Situation(
            self._configuration(),
            tuple(states),
            (
                ("have_quorum", "1" if self.quorum.quorate else "0"),
                ("dc_uuid", str(self.dc) if self.dc else ""),
            ),
            tuple(
                (name, tuple(sorted(state.items())))
                for name, state in sorted(self.ledger.tickets.items())
            ),
        )

    @property
    def has_watchdog(self) -> bool:
        """Return whether a member has an armed watchdog, so that fencing may go by that alone."""
        return any(
            node.present and WATCHDOG in node.attributes for node in self.picture.nodes.values()
        )

    def _configuration(self) -> Cib:
        """Return the committed configuration, with what the ring's rules set above it.

        A lone node of a pair keeps what it runs and starts nothing, whatever its policy says: the
        other may take that over by proof alone.
        """
        cib = self.ledger.replica.cib
        if self.has_watchdog:
            cib = with_property(cib, "have-watchdog", "true")
        if self.quorum.quorate:
            return cib
        if not self.partner or is_unsafe_pair(cib):
            # Nobody fences without quorum: by the policy `fence` each node ends its own life.
            policy = cib.cluster_option("no-quorum-policy")
            ends = policy in ("fence", "suicide")
            return self._with_policy(cib, "stop") if ends else cib
        return self._with_policy(cib, "freeze")

    def _with_policy(self, cib: Cib, policy: str) -> Cib:
        """Return *cib* under *policy*: the same object as long as both are the same."""
        if self._lowered is None or self._lowered[0] is not cib or self._lowered[1] != policy:
            self._lowered = (cib, policy, with_property(cib, "no-quorum-policy", policy))
        return self._lowered[2]

    def reaches(self, id: int) -> Reach:
        """Return what the detector holds of *id*; this node reaches itself."""
        if id == self.me:
            return Reach.UP
        known = self.reach.get(id)
        return known.reach if known is not None else Reach.UNKNOWN
