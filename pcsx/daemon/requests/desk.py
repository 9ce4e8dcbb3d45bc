"""What a request's handler has before it: the node, the request, who asks, and how to answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pcsx.cib import Cib
from pcsx.cib.access import readable
from pcsx.daemon.member import Answerer, Member, MemberEffect
from pcsx.errors import Failed, Finding, NoCluster, NoQuorum, PcsxError, Refused
from pcsx.lean import dataclass
from pcsx.protocol import Request
from pcsx.values import Now

if TYPE_CHECKING:
    from pcsx.daemon.node import Node

Outcome = MemberEffect
Handler = Callable[["Desk", Any, Now], "list[Outcome]"]


@dataclass(slots=True)
class Desk:
    """One request on the table."""

    node: Node
    request: Request
    user: str
    answer: Answerer
    passed: bool = False
    """It came from another member's client: answer here or not at all."""
    groups: tuple[str, ...] = ()
    """The groups of the user."""
    client: int = 0
    """The connection that asks, where it is one of this node's."""
    pid: int = 0
    """Which process that is, as the kernel says."""

    @property
    def member(self) -> Member:
        """Return this node's part in its cluster, or raise `NoCluster`."""
        member = self.node.member
        if member is None:
            stopped = self.node.stopped
            reason = (
                f"the cluster {stopped} is not running on this node"
                if stopped
                else "this node is in no cluster"
            )
            advice = (
                "pcsx cluster start" if stopped else "pcsx cluster setup NAME NODE... makes one."
            )
            if self.node.superseded:
                reason = self.node.superseded
                advice = "pcsx cluster rejoin gives up this node's state and comes over."
            elif self.node.misfit:
                reason = self.node.misfit
                advice = "Its part in the cluster is kept, and goes on with a pcsx that fits."
            raise NoCluster(reason, advice)
        return member

    def ok(self, answer: dict[str, Any]) -> list[Outcome]:
        """Answer with an object, the last word."""
        return list(self.answer(answer, True))

    def fail(self, error: PcsxError) -> list[Outcome]:
        """Answer with an error, the last word."""
        return list(self.answer(error, True))

    def on_leader(
        self,
        here: Callable[[Member], list[Outcome]],
        now: Now,
        *,
        dc: bool = False,
        straight: bool = False,
    ) -> list[Outcome]:
        """Do *here* if this node leads (with *dc*: is in charge), else pass the request on.

        *straight*: it has one answer, and need not come after what was said before it. Raises
        `NoQuorum` where nobody leads.
        """
        member = self.member
        scene = member.scene
        if scene.leading or (dc and scene.in_charge):
            return here(member)
        # Who has just entered the view hears its leader before it sees that there is quorum.
        leader = scene.leader
        if dc and leader not in scene.members:
            leader = scene.dc
        if not leader or leader not in scene.members or self.passed:
            raise NoQuorum(
                "nobody leads this partition, so nothing can be decided: "
                + (scene.quorum.reason or "an election is on")
            )
        text = json.dumps(self.request.to_json()).encode()
        caller = who(self.user, self.groups)
        return list(member.forwards.send(leader, text, caller, self.answer, now, straight=straight))

    def readable(self, document: Cib) -> Cib:
        """Return the part of *document* that who asks may read; raises `NotAuthorised` for none."""
        return readable(document, self.user, self.groups)

    def on_node(
        self, name: str, here: Callable[[Member], list[Outcome]], now: Now
    ) -> list[Outcome]:
        """Do *here* if this node is the one called *name* (or none is named), else pass it on.

        Raises `Refused` where there is no such node, `Failed` where it cannot be asked.
        """
        member = self.member
        if not name or name == member.scene.name or self.passed:
            return here(member)
        node = member.scene.config.named(name)
        if node is None:
            names = ", ".join(str(each.name) for each in member.scene.config.nodes)
            text = f"there is no node {name}"
            raise Refused([Finding.error("no-such-node", name, text, hint=f"Nodes: {names}.")])
        if node.id not in member.scene.members:
            raise Failed(f"{name} is not online, so it cannot be asked")
        caller = who(self.user, self.groups)
        asked = json.dumps(self.request.to_json()).encode()
        return list(member.forwards.send(node.id, asked, caller, self.answer, now, leads=False))


def who(user: str, groups: tuple[str, ...]) -> str:
    """Return a user and their groups as one word, for another node."""
    return f"{user}:{','.join(groups)}"


def of(caller: str) -> tuple[str, tuple[str, ...]]:
    """Return the user and the groups that `who` wrote."""
    user, _, groups = caller.partition(":")
    return user, tuple(filter(None, groups.split(",")))
