"""Why a resource is where it is: what was noted while deciding, put together for one question.

`explain` reads a working set that was decided and its notes (`pe.reasons`), and changes nothing.
What would help is in `pe.remedies`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from pcsx.lean import dataclass
from pcsx.pe.flags import BLOCK, MIN, OPTIONAL, RUNNABLE
from pcsx.pe.model import (
    Action,
    Bundle,
    Clone,
    Discovery,
    FailedOperation,
    Node,
    Primitive,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.reasons import Reason, Why, reasons_of
from pcsx.pe.scores import NEVER, score_text

_EVERYWHERE: Final = (
    Why.DISABLED, Why.STOP_ALL, Why.BLOCKED, Why.REMOVED, Why.MULTIPLE_ACTIVE, Why.NO_QUORUM,
    Why.TICKET, Why.LOCKED, Why.CLONE_FULL, Why.FAILED_EVERYWHERE, Why.PRIMARY_NOWHERE,
    Why.BELONGS_NOWHERE, Why.UNMANAGED,
)  # fmt: skip
"""What keeps a resource as it is whatever the node."""
_TIED: Final = (Why.PRIMARY_NOWHERE, Why.BELONGS_NOWHERE)
_CHANGES: Final = (
    Why.RESTARTED, Why.RELOADED, Why.STOPPED, Why.PROMOTED, Why.NOT_PROMOTED, Why.FAILED_STOP,
)  # fmt: skip
_LEFT_BEHIND: Final = ("cli-ban-", "cli-prefer-")
_WAITS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class OnNode:
    """What is so on one node: `here`, `no`, or the score that was not enough, and why."""

    node: str
    verdict: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One resource (or instance of one): what is and will be, why, and node by node."""

    resource: str
    head: str
    texts: tuple[str, ...] = ()
    nodes: tuple[OnNode, ...] = ()
    rests_on: tuple[str, ...] = ()
    """Other resources whose own reasons are the reason here."""
    reasons: tuple[Reason, ...] = ()


class Explainer:
    """Explains resources and nodes of one decided working set."""

    def __init__(self, work: WorkingSet) -> None:
        """Take *work*, on which `decide` has run."""
        self.work = work
        self.reasons = reasons_of(work)
        self._of: dict[str, list[Reason]] = {}
        for reason in self.reasons:
            self._of.setdefault(reason.resource, []).append(reason)

    # --- resources

    def named(self, name: str) -> list[Primitive]:
        """Return the primitives that *name* means: one, all in it, or all instances of it."""
        work = self.work
        found = [work.by_id[name]] if name in work.by_id else list(work.by_base_id.get(name, ()))
        whole = list(dict.fromkeys(p for rsc in found for p in rsc.primitives()))
        if any(isinstance(rsc.topmost, Bundle) for rsc in found):
            return whole
        used = [p for p in whole if p.active or p.assigned is not None]
        spare = [p for p in whole if p not in used]
        if used and all(self._is_spare(p) for p in spare):
            return used
        anonymous = [p for p in spare if p.anonymous_clone is not None]
        return [p for p in whole if p in used or p not in anonymous or p is anonymous[0]]

    def _is_spare(self, rsc: Primitive) -> bool:
        return rsc.anonymous_clone is not None

    def explain(self, rsc: Primitive, on: str = "") -> Explanation:
        """Return why *rsc* is where it is; *on* limits the nodes to one."""
        texts = list(dict.fromkeys(self._causes(rsc)))
        nodes = tuple(self._on(rsc, node) for node in self._candidates(rsc, on))
        return Explanation(
            rsc.id, self._head(rsc), tuple(texts), nodes, tuple(self._rests_on(rsc)),
            tuple(self._about(rsc)),
        )  # fmt: skip

    def _about(self, rsc: Resource) -> Iterator[Reason]:
        """Return what was noted of *rsc* and of all that it is in."""
        one: Resource | None = rsc
        while one is not None:
            yield from self._of.get(one.id, ())
            one = one.parent

    def family(self, rsc: Resource) -> Iterator[Reason]:
        """Return the same, and what was noted of other instances: these bar a whole clone."""
        yield from self._about(rsc)
        if rsc.anonymous_clone is not None:
            for twin in self.work.by_base_id.get(rsc.base_id, ()):
                if twin is not rsc:
                    yield from self._of.get(twin.id, ())

    def _head(self, rsc: Primitive) -> str:
        """Return what *rsc* does now, and what it will do."""
        names = " and ".join(node.name for node in rsc.active)
        role = "is promoted" if rsc.role == Role.PROMOTED else "runs"
        now = f"{rsc.id} {role} on {names}" if names else f"{rsc.id} is stopped"
        start, goal = start_of(rsc), rsc.assigned
        if not rsc.managed or rsc.blocked:
            return f"{now}, and the cluster leaves it as it is."
        if goal is None or rsc.next_role in (Role.STOPPED, Role.UNKNOWN):
            stop = last_of(rsc, "stop")
            if names and stop is not None and not stop.flags & RUNNABLE:
                return f"{now}. It should stop, and cannot be stopped now."
            if names:
                return f"{now}, and is to be stopped."
            if rsc.removed or rsc.target_role == Role.STOPPED:
                return f"{now}, as it should be."
            return f"{now}. It should run, and cannot run on any node."
        waits = is_held(rsc)
        if goal not in rsc.active:
            if waits:
                return f"{now}. It should run on {goal.name}, and cannot start yet."
            word = "is to move" if names else "is about to start"
            return f"{now}, and {word} {'to' if names else 'on'} {goal.name}."
        if start is not None and not start.flags & OPTIONAL:
            return f"{now}, and {'should' if waits else 'is to'} be restarted there."
        if rsc.next_role > rsc.role and rsc.next_role == Role.PROMOTED:
            return f"{now}, and is to be promoted on {goal.name}."
        if rsc.role == Role.PROMOTED and rsc.next_role < rsc.role:
            return f"{now}, and is to be demoted."
        return f"{now}, and stays there."

    # --- causes that are of no single node

    def _causes(self, rsc: Primitive) -> Iterator[str]:
        work = self.work
        for reason in self._about(rsc):
            if reason.why is Why.UNMANAGED:
                continue
            if reason.why in _EVERYWHERE and self._holds(rsc, reason):
                yield self._sentence(rsc, reason)
            elif reason.why in _CHANGES:
                yield reason.sentence
        if not rsc.managed:
            yield self._why_unmanaged(rsc)
        if not work.quorate and work.options.no_quorum_policy != "ignore":
            policy = work.options.no_quorum_policy.value
            yield f"This partition has no quorum, and no-quorum-policy is {policy}."
        start = start_of(rsc)
        if start is not None and (is_held(rsc) or not start.flags & OPTIONAL):
            yield from self._waits(rsc, start)
        stop = last_of(rsc, "stop")
        if rsc.active and stop is not None and not stop.flags & OPTIONAL and stop.reason:
            yield f"The cause of its stop: {stop.reason}."
        if rsc.assigned is not None and rsc.managed and rsc.next_role > Role.STOPPED:
            yield from self._why_there(rsc, rsc.assigned)

    def _holds(self, rsc: Primitive, reason: Reason) -> bool:
        """Say whether what was noted while trying is so in the end."""
        if reason.why in _TIED:
            primary = self.work.by_id.get(str(reason.facts[-1]))
            return primary is not None and self._place(primary) is None
        if reason.why is Why.CLONE_FULL:
            return rsc.assigned is None
        return True

    def _place(self, rsc: Resource) -> Node | None:
        return next((p.assigned for p in rsc.primitives() if p.assigned is not None), None)

    def _sentence(self, rsc: Primitive, reason: Reason) -> str:
        if reason.why is Why.DISABLED:
            owner = self.who_sets(rsc, "target-role")
            tail = f" (set on {owner})" if owner and owner != rsc.id else ""
            return reason.sentence.removesuffix(".") + tail + "."
        return reason.sentence

    def who_sets(self, rsc: Resource, name: str) -> str:
        """Return the id of the resource nearest around *rsc* whose own meta has *name*, or none."""
        one: Resource | None = rsc
        owner = ""
        while one is not None:
            if one.parent is None or one.config is not one.parent.config:
                value, outer = one.meta.get(name), one.parent.meta.get(name) if one.parent else None
                if value is not None and value != outer:
                    return one.base_id
                owner = one.base_id if value is not None else owner
            one = one.parent
        return owner

    def _why_unmanaged(self, rsc: Primitive) -> str:
        work = self.work
        if work.options.maintenance_mode:
            return "The whole cluster is in maintenance (maintenance-mode=true)."
        for node in rsc.active:
            if node.in_maintenance:
                return f"{node.name} is in maintenance, and what runs there is left alone."
        if work.options.fencing_enabled and not work.fencing_available:
            return "Fencing is required (stonith-enabled) and there is no fence device."
        if rsc.maintenance:
            return f"{self.who_sets(rsc, 'maintenance') or rsc.id} is in maintenance."
        if rsc.blocked:
            return f"{rsc.id} is blocked after a failure that asks for a person."
        return f"{rsc.id} is unmanaged (is-managed=false)."

    def _why_there(self, rsc: Primitive, node: Node) -> Iterator[str]:
        """Return what won on *node*: what the others had, or who led it there."""
        for reason in self._about(rsc):
            primary = self.work.by_id.get(str(reason.facts[-1])) if reason.facts else None
            if reason.node != node.name or primary is None or self._place(primary) is not node:
                continue
            if reason.why in (Why.BELONGS, Why.COLOCATED):
                yield reason.sentence
        mine = rsc.assigned_score
        others = sorted(
            ((score, other.name) for other, score in rsc.allowed.items()
             if other is not node and other.available and score >= 0),
            key=lambda pair: (-pair[0], pair[1]),
        )  # fmt: skip
        if others:
            told = ", ".join(f"{name} {score_text(score)}" for score, name in others[:3])
            equal = "; it is as good there" if others[0][0] == mine else ""
            yield f"Its score is {score_text(mine)} on {node.name}, and elsewhere {told}{equal}."
        else:
            yield f"{node.name} is the only node that it may run on."

    def _waits(self, rsc: Primitive, start: Action) -> Iterator[str]:
        """Return what a start cannot do without, or what is done before it."""
        if not start.flags & RUNNABLE and start.reason:
            yield f"Its start is held up: {start.reason}."
        for link in start.before:
            first = link.first
            if first.rsc is rsc:
                continue
            if first.flags & RUNNABLE or not link.given & (BLOCK | MIN):
                continue
            if start.flags & RUNNABLE:
                continue
            order = self._order_between(first, start)
            by = f"order {order}" if order else "as part of the same whole"
            what = first.rsc.id if first.rsc is not None else first.key
            yield f"It waits for {what} to {first.task} ({by}), which cannot be done now."

    def _order_between(self, first: Action, then: Action) -> str:
        chain, ends = _chain(first.rsc), _chain(then.rsc)
        for ordering in self.work.orderings:
            if ordering.origin and ordering.first_rsc in chain and ordering.then_rsc in ends:
                return ordering.origin
        return ""

    def _rests_on(self, rsc: Primitive) -> Iterator[str]:
        found: dict[str, None] = {}
        if rsc.assigned is None:
            for reason in self._about(rsc):
                if reason.why in _TIED and self._holds(rsc, reason):
                    found[str(reason.facts[-1])] = None
        start = start_of(rsc)
        if start is not None and is_held(rsc):
            for link in start.before:
                first = link.first
                if not link.given & BLOCK or first.flags & RUNNABLE or first.rsc is None:
                    continue
                if first.rsc is not rsc and rsc not in first.rsc.walk():
                    found[first.rsc.id] = None
        yield from list(found)[:_WAITS_MAX]

    # --- node by node

    def _candidates(self, rsc: Primitive, on: str) -> list[Node]:
        nodes = [n for n in self.work.nodes if not n.is_bundle or n is rsc.assigned]
        return [n for n in nodes if not on or on in (n.name, n.id)]

    def _on(self, rsc: Primitive, node: Node) -> OnNode:
        if node is rsc.assigned:
            verdict = "here" if node in rsc.active else "next"
        else:
            verdict = "no" if not self._could(rsc, node) else score_text(rsc.allowed[node])
        return OnNode(node.name, verdict, tuple(dict.fromkeys(self._texts_on(rsc, node, verdict))))

    def _could(self, rsc: Primitive, node: Node) -> bool:
        return node.available and rsc.allowed.get(node, NEVER) >= 0

    def _texts_on(self, rsc: Primitive, node: Node, verdict: str) -> Iterator[str]:
        if not node.available and (state := state_of(node)):
            yield state
        told = list(self._for_and_against(rsc, node))
        against = verdict == "no"
        yield from (text for text, score in told if (score < 0) is against or not score)
        if against and node.available and not any(score < 0 or not score for _, score in told):
            tied = next(
                (r for r in self._about(rsc) if r.why in _TIED and self._holds(rsc, r)), None
            )
            if tied is not None:
                yield f"{tied.facts[-1]} runs nowhere"
                return
            yield self._why_forbidden(rsc, node)

    def _why_forbidden(self, rsc: Primitive, node: Node) -> str:
        if rsc.next_role == Role.STOPPED and rsc.target_role == Role.STOPPED:
            return "it is to be stopped everywhere"
        if rsc.removed:
            return "it is no longer configured"
        if any(one.why is Why.STOPPED and "on-fail" in str(one.facts) for one in self._about(rsc)):
            return "on-fail=stop of the operation that failed lets it run nowhere"
        if (node.is_remote or node.is_guest) and (rsc.is_connection or rsc.is_fence_device):
            return "fence devices and connections run on cluster nodes alone"
        if not self.work.options.symmetric and node not in rsc.allowed:
            return "no location lets it run there, and symmetric-cluster is false"
        bundle = rsc.topmost
        if isinstance(bundle, Bundle) and bundle.inner is not None and rsc in bundle.inner.walk():
            return f"it runs in the containers of {bundle.id} alone"
        if named := self.exclusive(rsc, node):
            names = ", ".join(named)
            return f"location {names} names other nodes alone (resource-discovery=exclusive)"
        if rsc.next_role <= Role.STOPPED and (ticket := _ticket_of(rsc)):
            return f"ticket {ticket} does not let it run"
        if twin := self._twin_on(rsc, node):
            return f"{twin} is there"
        if rsc.parent is not None and rsc.assigned is None:
            return f"no room or right for this one of {rsc.topmost.id} is left there"
        return f"its score there is {score_text(rsc.allowed.get(node, NEVER))}"

    def exclusive(self, rsc: Primitive, node: Node) -> list[str]:
        """Return the ids of the locations that leave *node* out for being exclusive."""
        found = [
            location
            for one in _chain(rsc)
            for location in one.locations
            if location.discovery is Discovery.EXCLUSIVE
        ]
        if any(node in location.scores for location in found):
            return []
        return list(dict.fromkeys(location.id for location in found))

    def _twin_on(self, rsc: Primitive, node: Node) -> str:
        """Return who leaves no room on *node*: a part of another replica, other instances."""
        bundle = rsc.topmost
        for replica in bundle.replicas if isinstance(bundle, Bundle) else ():
            if replica.container.assigned is node and rsc is not replica.container:
                return replica.container.id
        if isinstance(bundle, Clone):
            others = [one for one in self.named(rsc.base_id) if one.assigned is node]
            if len(others) >= max(1, bundle.clone_node_max):
                return " and ".join(one.id for one in others)
        return ""

    def _for_and_against(self, rsc: Primitive, node: Node) -> Iterator[tuple[str, int]]:
        """Return what speaks for (above 0) or against (below 0) *rsc* on *node*."""
        yield from self._failures_on(rsc, node)
        for reason in self.family(rsc):
            there = reason.node == node.name
            facts = reason.facts
            match reason.why:
                case Why.LOCATION | Why.LOCATION_RULE if there:
                    yield self._location(reason)
                case Why.UNHEALTHY if there:
                    seen = ", ".join(f"{name} is {node.attrs[name]}" for name in health_of(node))
                    yield f"its health counts {facts[0]} ({seen})", _sign(str(facts[0]))
                case Why.NO_CAPACITY if there:
                    yield f"no capacity is left for it{_shortage(rsc, node)}", -1
                case Why.NOT_INSTALLED if there:
                    yield f"its agent cannot run there: {facts[0]}", -1
                case Why.STICKINESS if there and node in rsc.active:
                    yield f"resource-stickiness {facts[0]}, as it is active there", 1
                case Why.NODE_UNAVAILABLE if there and "on-fail" in str(facts[0]):
                    yield str(facts[0]), -1
                case Why.LOCKED if not there:
                    yield f"it is kept for {reason.node}, shut down in order (shutdown-lock)", -1
                case Why.COLOCATED | Why.COLOCATED_APART:
                    yield from self._colocated(reason, self._places(rsc, reason), node)
                case Why.BELONGS if not there:
                    if self._is_final(reason):
                        yield f"it goes with {facts[0]}, which is on {reason.node}", -1

    def _location(self, reason: Reason) -> tuple[str, int]:
        name, score = str(reason.facts[0]), str(reason.facts[1])
        rule = "a rule of location" if reason.why is Why.LOCATION_RULE else "location"
        tail = " (left behind by a move or ban)" if name.startswith(_LEFT_BEHIND) else ""
        return f"{rule} {name}: {score}{tail}", _sign(score)

    def _places(self, rsc: Primitive, reason: Reason) -> list[str]:
        """Return all nodes to which the constraint of *reason* draws *rsc* for the same one."""
        alike = [
            other
            for other in self.family(rsc)
            if other.why is reason.why and other.facts[0] == reason.facts[0]
        ]
        return list(dict.fromkeys(one.node for one in alike if self._is_final(one)))

    def _colocated(
        self, reason: Reason, places: list[str], node: Node
    ) -> Iterator[tuple[str, int]]:
        name, score, primary = map(str, reason.facts)
        if not self._is_final(reason):
            return
        there = reason.node == node.name
        must = "must" if score.endswith("INFINITY") else "would rather"
        if reason.why is Why.COLOCATED:
            tail = f"be with {primary} (colocation {name}: {score}), {primary} is on "
            if there:
                yield f"it {must} {tail}{reason.node}", 1
            elif must == "must" and node.name not in places:
                same = [other for other in self._homes(primary) if other in places]
                yield f"it {must} {tail}{', '.join(same or [reason.node])}", -1
        elif there:
            yield f"it {must} not be with {primary} (colocation {name}: {score})", -1

    def _homes(self, name: str) -> list[str]:
        """Return where what goes by *name* will be."""
        rsc = self.work.by_id.get(name)
        found = [one.assigned.name for one in rsc.primitives() if one.assigned] if rsc else []
        return list(dict.fromkeys(found))

    def _is_final(self, reason: Reason) -> bool:
        primary = self.work.by_id.get(str(reason.facts[-1]))
        if primary is None:
            return False
        return any(p.assigned and p.assigned.name == reason.node for p in primary.primitives())

    def _failures_on(self, rsc: Primitive, node: Node) -> Iterator[tuple[str, int]]:
        """Return how *rsc* failed on *node*: how often, when, with what words."""
        last = self.last_failure(rsc, node)
        for reason in self.family(rsc):
            if reason.node != node.name:
                continue
            if reason.why is Why.FAILED_TOO_OFTEN:
                count, threshold = reason.facts
                text = f"failed {count} times" if str(count) != "1000000" else "failed for good"
                limit = f" (threshold {threshold})" if str(threshold) != "1000000" else ""
                yield f"{text}{self._told(last)}{limit}", -1
                return
            if reason.why in (Why.FAILED_HERE, Why.FAILED_STOP, Why.FAILED_EVERYWHERE):
                told = f": {reason.facts[-1]}" if reason.facts else " to stop"
                yield f"failed{self._told(last) or told}", -1
                return
        if last is not None and not last.hidden_probe:
            yield f"failed{self._told(last)}", 0

    def last_failure(self, rsc: Primitive, node: Node) -> FailedOperation | None:
        """Return the latest failure of *rsc*, or of its twins, on *node*."""
        mine = [f for f in self.work.failures if f.node is node and f.rsc.base_id == rsc.base_id]
        return max(mine, key=lambda f: f.operation.changed_s, default=None)

    def _told(self, failure: FailedOperation | None) -> str:
        if failure is None:
            return ""
        operation = failure.operation
        when = ""
        if operation.changed_s > 0:
            moment = datetime.fromtimestamp(operation.changed_s, self.work.wall.tzinfo)
            same = moment.date() == self.work.wall.date()
            when = f", last {moment:%H:%M:%S}" if same else f", last {moment:%Y-%m-%d %H:%M:%S}"
        words = operation.get("exit-reason")
        code = f': "{words}"' if words else f": exit code {failure.exit_code}"
        return f" to {operation.task}{when}{code}"

    # --- nodes

    def fencing(self, node: Node) -> list[str]:
        """Return whether *node* is to be fenced, and why."""
        texts = [
            reason.sentence
            for reason in self.reasons
            if reason.node == node.name and reason.why in (Why.FENCED, Why.CANNOT_FENCE)
        ]
        if not texts:
            state = state_of(node)
            tail = f" {node.name} cannot take resources: {state}." if state else ""
            texts = [f"{node.name} need not be fenced.{tail}"]
        if node.unclean and self.work.options.fencing_enabled and not self.work.fencing_available:
            texts.append("There is no fence device: what ran there is recovered nowhere.")
        return texts


def last_of(rsc: Primitive, task: str) -> Action | None:
    """Return the newest action of that *task*, on the node that was chosen where there is one."""
    made = [a for a in rsc.actions if a.task == task and not a.interval_ms]
    here = [a for a in made if a.node is rsc.assigned]
    return next(reversed(here or made), None)


def start_of(rsc: Primitive) -> Action | None:
    """Return the start of *rsc* that counts, if there is one."""
    return last_of(rsc, "start")


def is_held(rsc: Primitive) -> bool:
    """Say whether *rsc* should start where it was assigned, and cannot."""
    start = start_of(rsc)
    if start is None or rsc.assigned is None or start.flags & RUNNABLE:
        return False
    return not start.flags & OPTIONAL or rsc.assigned not in rsc.active


def _chain(rsc: Resource | None) -> list[Resource]:
    chain = []
    while rsc is not None:
        chain.append(rsc)
        rsc = rsc.parent
    return chain


def health_of(node: Node) -> list[str]:
    """Return the names of the attributes by which the health of *node* is known."""
    return sorted(name for name in node.attrs if name.startswith("#health"))


def _ticket_of(rsc: Primitive) -> str:
    """Return the ticket without which *rsc* may not run, where this site does not have it."""
    for one in _chain(rsc):
        for bound in one.tickets:
            if bound.ticket.standby or not bound.ticket.granted:
                return bound.ticket.id
    return ""


def _shortage(rsc: Primitive, node: Node) -> str:
    """Return what *rsc* needs of what *node* tells about, where there is any."""
    needs = [
        f"{name} {amount} needed, {node.utilization.get(name, 0)} left"
        for name, amount in sorted(rsc.utilization.items())
        if amount > node.utilization.get(name, 0)
    ]
    return f" ({', '.join(needs)})" if needs else " beside what must be with it"


def _sign(score: str) -> int:
    return -1 if score.startswith("-") else 1


def state_of(node: Node) -> str:
    """Return why *node* can take nothing, or nothing where it can."""
    if node.unclean:
        return "nobody knows what it does until it is fenced"
    if node.is_guest and not node.online and node.connection is not None:
        launcher = node.connection.launcher
        if launcher is not None and launcher.assigned is None:
            return f"it lives in {launcher.id}, which runs nowhere"
        if launcher is not None and launcher.role < Role.STARTED:
            return f"it lives in {launcher.id}, which does not run yet"
    if not node.online:
        return "it is offline"
    if node.shutting_down:
        return "it is shutting down"
    if node.in_maintenance:
        return "it is in maintenance"
    if node.standby:
        return "it is in standby"
    return ""


def told(explanations: Iterable[Explanation], *, nodes: bool = True) -> list[str]:
    """Return *explanations* as lines for a person."""
    lines: list[str] = []
    for each in explanations:
        lines += [each.head, *(f"  {text}" for text in each.texts)]
        wide = max((len(on.node) for on in each.nodes), default=0)
        for on in each.nodes if nodes else ():
            lines.append(f"  {on.node:{wide}}  {on.verdict:5} {'; '.join(on.texts)}".rstrip())
    return lines
