"""What would change where a resource is: commands, each with what it comes to on paper.

A remedy is advice; whether it helps is found by deciding again on the document as it would be.
"""

from __future__ import annotations

from collections.abc import Iterator

from pcsx.lean import dataclass
from pcsx.pe.actions.fencing import can_fence
from pcsx.pe.model import Node, Primitive, Resource, Role, WorkingSet
from pcsx.pe.reasons import Why
from pcsx.pe.scores import NEVER
from pcsx.pe.transition import Transition
from pcsx.pe.why import Explainer, health_of, is_held
from pcsx.pe.wishes import Wishes

_DEPTH_MAX = 4
_COUNTED = ("start", "stop", "promote", "demote", "migrate_to", "stonith")


@dataclass(frozen=True, slots=True)
class Remedy:
    """*aim* in words, the *command* of the program for it (none: no command can), and on paper."""

    aim: str
    command: str = ""
    wishes: Wishes | None = None
    """What comes of the command; None where the command changes the configuration itself."""


class Adviser:
    """Finds remedies in one decided working set."""

    def __init__(self, explainer: Explainer) -> None:
        """Take what explains the same working set."""
        self.explainer = explainer
        self.work: WorkingSet = explainer.work

    def remedies(self, rsc: Primitive, on: str = "") -> list[Remedy]:
        """Return what would let *rsc* run (on the node *on*), what stands nearest first."""
        return list(dict.fromkeys(self._remedies(rsc, on, _DEPTH_MAX)))

    def _remedies(self, rsc: Primitive, on: str, depth: int) -> Iterator[Remedy]:
        work = self.work
        if not work.quorate and work.options.no_quorum_policy != "ignore":
            yield Remedy("When more nodes come back and quorum with them", "",
                         Wishes(quorum="true"))  # fmt: skip
        if not rsc.managed:
            yield from self._manage(rsc)
        yield from self._everywhere(rsc)
        could_run = rsc.assigned is not None and rsc.next_role > Role.STOPPED
        held = is_held(rsc)
        if not could_run or on:
            for node in work.nodes:
                if (node is not rsc.assigned) and on in ("", node.name, node.id):
                    yield from self._on_node(rsc, node, depth)
        if (not could_run or held) and depth:
            for name in self.explainer.explain(rsc).rests_on:
                for primitive in self.explainer.named(name):
                    if primitive is not rsc:
                        yield from self._remedies(primitive, "", depth - 1)
        for node in work.nodes:
            if node.unclean and held and not can_fence(work, node):
                yield from self._lost(node)

    def _manage(self, rsc: Primitive) -> Iterator[Remedy]:
        work = self.work
        if work.options.maintenance_mode:
            yield Remedy("To end the maintenance of the cluster",
                         "pcsx property set maintenance-mode=false")  # fmt: skip
            return
        for node in rsc.active:
            if node.in_maintenance:
                yield Remedy(f"To end the maintenance of {node.name}",
                             f"pcsx node unmaintenance {node.name}")  # fmt: skip
                return
        if work.options.fencing_enabled and not work.fencing_available:
            yield Remedy("To let anything start, make a fence device",
                         "pcsx stonith create NAME AGENT OPTIONS...")  # fmt: skip
            return
        if rsc.maintenance:
            owner = self.explainer.who_sets(rsc, "maintenance") or rsc.base_id
            yield Remedy(f"To end the maintenance of {owner}",
                         f"pcsx resource meta {owner} maintenance=")  # fmt: skip
        elif not rsc.blocked:
            owner = self.explainer.who_sets(rsc, "is-managed") or rsc.base_id
            yield Remedy(f"To let the cluster care for {owner}", f"pcsx resource manage {owner}")

    def _everywhere(self, rsc: Primitive) -> Iterator[Remedy]:
        work = self.work
        if work.options.stop_all:
            yield Remedy("To let resources run", "pcsx property set stop-all-resources=false")
        elif rsc.target_role == Role.STOPPED:
            owner = self.explainer.who_sets(rsc, "target-role") or rsc.base_id
            yield Remedy(f"To let {owner} run", f"pcsx resource enable {owner}")
        for bound in (bound for one in _chain(rsc) for bound in one.tickets):
            ticket = bound.ticket
            if ticket.standby:
                wish = Wishes(tickets_activated=(ticket.id,))
                command = f"pcsx ticket activate {ticket.id}"
                yield Remedy(f"To end the standby of ticket {ticket.id}", command, wish)
            elif not ticket.granted:
                wish = Wishes(tickets_granted=(ticket.id,))
                command = f"pcsx ticket grant {ticket.id}"
                yield Remedy(f"When ticket {ticket.id} may be this site's", command, wish)
        if rsc.blocked:
            yield _clean(rsc, None)

    def _on_node(self, rsc: Primitive, node: Node, depth: int) -> Iterator[Remedy]:
        if node.is_bundle:
            return
        if node.standby:
            yield Remedy(f"To let {node.name} take resources", f"pcsx node unstandby {node.name}")
        elif node.in_maintenance:
            yield Remedy(f"To let {node.name} take resources",
                         f"pcsx node unmaintenance {node.name}")  # fmt: skip
        elif node.unclean:
            yield from self._lost(node)
        elif not node.online and not node.is_pcmk_remote:
            yield Remedy(f"To bring {node.name} back", f"pcsx cluster start {node.name}",
                         Wishes(nodes_up=(node.name,)))  # fmt: skip
        elif node.is_guest and not node.online and node.connection is not None and depth:
            launcher = node.connection.launcher
            if launcher is not None and launcher is not rsc and launcher.assigned is None:
                yield from self._remedies(launcher, "", 0)
        if rsc.allowed.get(node, NEVER) < 0:
            yield from self._against(rsc, node)

    def _against(self, rsc: Primitive, node: Node) -> Iterator[Remedy]:
        for reason in self.explainer.family(rsc):
            if reason.node != node.name:
                continue
            match reason.why:
                case Why.FAILED_TOO_OFTEN | Why.FAILED_HERE | Why.NOT_INSTALLED | Why.FAILED_STOP:
                    yield _clean(rsc, node)
                case Why.FAILED_EVERYWHERE:
                    yield _clean(rsc, None)
                case Why.STOPPED if "on-fail" in str(reason.facts):
                    yield _clean(rsc, None)
                case Why.UNHEALTHY if str(reason.facts[0]).startswith("-"):
                    yield from _heal(rsc, node)
                case Why.NO_CAPACITY:
                    yield from _make_room(self.work, rsc, node)
                case Why.LOCATION | Why.LOCATION_RULE if str(reason.facts[1]).startswith("-"):
                    name = str(reason.facts[0])
                    command = f"pcsx constraint delete {name}"
                    if name.startswith(("cli-ban-", "cli-prefer-")):
                        command = f"pcsx resource clear {rsc.topmost.base_id}"
                    yield Remedy(f"To let {rsc.base_id} run on {node.name}", command)
        for name in self.explainer.exclusive(rsc, node):
            yield Remedy(
                f"To let {rsc.base_id} run on other nodes than {name} names",
                f"pcsx constraint delete {name}",
            )
        if not self.work.options.symmetric and node not in rsc.allowed:
            yield Remedy(
                f"To let {rsc.base_id} run on {node.name}",
                f"pcsx constraint location {rsc.topmost.base_id} prefers {node.name}",
            )

    def _lost(self, node: Node) -> Iterator[Remedy]:
        yield Remedy(
            f"Once you are sure that {node.name} is off",
            f"pcsx stonith confirm {node.name}",
            Wishes(nodes_down=(node.name,)),
        )


def _heal(rsc: Primitive, node: Node) -> Iterator[Remedy]:
    """Advise what lets *rsc* run on *node* with the health that this has, or has again."""
    names = health_of(node)
    if names:
        healed = tuple(f"{name}=green@{node.name}" for name in names)
        word = "is" if len(names) == 1 else "are"
        aim = f"When {' and '.join(names)} of {node.name} {word} green"
        yield Remedy(aim, "", Wishes(attributes=healed))
    yield Remedy(
        f"To let {rsc.base_id} run on unhealthy nodes",
        f"pcsx resource meta {rsc.topmost.base_id} allow-unhealthy-nodes=true",
    )


def _make_room(work: WorkingSet, rsc: Primitive, node: Node) -> Iterator[Remedy]:
    """Advise the capacity with which *node* would have room for *rsc* beside what it gets."""
    there = [p for top in work.resources for p in top.primitives() if p.assigned is node]
    wanted = [
        f"{name}={amount + sum(p.utilization.get(name, 0) for p in there)}"
        for name, amount in sorted(rsc.utilization.items())
        if amount > node.utilization.get(name, 0)
    ]
    if wanted:
        yield Remedy(
            f"If {node.name} has more to give",
            f"pcsx node utilization {node.name} {' '.join(wanted)}",
        )


def _clean(rsc: Resource, node: Node | None) -> Remedy:
    where = f"@{node.name}" if node else ""
    return Remedy(
        f"Once the cause is gone, to let {node.name} try again"
        if node
        else "Once the cause is gone, to try again",
        f"pcsx resource cleanup {rsc.base_id}" + (f" node={node.name}" if node else ""),
        Wishes(cleaned=(f"{rsc.base_id}{where}",)),
    )


def _chain(rsc: Resource | None) -> Iterator[Resource]:
    while rsc is not None:
        yield rsc
        rsc = rsc.parent


@dataclass(frozen=True, slots=True)
class Tried:
    """What deciding again came to: whether anything changes for the resource, and the steps."""

    helps: bool
    where: tuple[str, ...]
    steps: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        """Return the answer in words."""
        steps = ", ".join(f"{count} {_counted(task, count)}" for task, count in self.steps)
        where = f" on {' and '.join(self.where)}" if self.where else ""
        answer = f"yes{where}" if self.helps else "no"
        return f"{answer} (simulated: {steps or 'nothing is done'})"


def _counted(task: str, count: int) -> str:
    word = {"stonith": "fencing", "migrate_to": "migration"}.get(task, task)
    return word if count == 1 else f"{word}s"


def fate(work: WorkingSet, primitives: list[Primitive]) -> frozenset[tuple[str, str, str]]:
    """Return where each of *primitives* will be, in which role, and whether that can be done."""
    found = set()
    for rsc in primitives:
        node = rsc.assigned
        if node is None or rsc.next_role <= Role.STOPPED:
            continue
        waits = is_held(rsc)
        state = "waits" if waits else rsc.next_role.label if rsc.managed else "left alone"
        if not rsc.managed and node not in rsc.active:
            continue
        found.add((rsc.base_id, node.name, state))
    return frozenset(found)


def tried(
    before: frozenset[tuple[str, str, str]],
    after: frozenset[tuple[str, str, str]],
    transition: Transition,
) -> Tried:
    """Return what the difference of two fates comes to, with the steps of *transition*."""
    new = {place for place in after - before if place[2] != "waits"}
    counts = {"start": 0, "stop": 0}
    for action in transition.actions:
        if action.task in _COUNTED and action.kind != "pseudo_event":
            counts[action.task] = counts.get(action.task, 0) + 1
    return Tried(bool(new), tuple(sorted({place[1] for place in new})), tuple(counts.items()))
