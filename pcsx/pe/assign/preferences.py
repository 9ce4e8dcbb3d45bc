"""The wishes of others: what those that are to be with a resource add to its scores.

A dependent's scores, weighed by its constraint's score, are added to the primary's; and as the
dependent has dependents of its own, so are theirs, weaker by each constraint on the way. A wish
that would leave no node at all is dropped.
"""

from __future__ import annotations

from typing import Final

from pcsx.pe.assign.colocated import attribute_of, has_influence, host_for, this_with, with_this
from pcsx.pe.model import (
    Colocation,
    Group,
    Kind,
    Location,
    Paths,
    Resource,
    Role,
    Table,
    WorkingSet,
)
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import (
    NEVER,
    UNUSABLE,
    add_scores,
    add_to,
    factor_of,
    has_usable,
    multiply,
)

NONNEGATIVE: Final = 1
"""Never make a node unusable because of the source."""
NESTED: Final = 2
"""The source is asked through another one, or for an assignment: a useless wish is dropped."""
UPWARD: Final = 4
"""Go on to the source's primaries, not to its dependents."""
TURN_MAX: Final = 20_000
"""The most detours, and then the most colocations looked at, in one turn."""


def add_dependent(work: WorkingSet, colocation: Colocation, primary: Resource) -> None:
    """Add to the scores of *primary* what the dependent of *colocation* wishes."""
    if not has_influence(colocation, primary):
        return
    mode = NESTED | NONNEGATIVE if primary.kind == Kind.CLONE else NESTED
    wished = with_wishes(
        work,
        colocation.dependent,
        primary,
        primary.allowed,
        colocation,
        factor_of(colocation.score),
        mode,
    )
    if wished == primary.allowed:
        return
    primary.allowed = wished
    if colocation.explicit:
        note(work, Why.DEPENDENT_WISH, primary, None, colocation.id, colocation.dependent.id)
    else:
        note(work, Why.MEMBER_WISH, primary, None, colocation.dependent.id)


def upward_scores(work: WorkingSet, rsc: Resource) -> Table:
    """Return the scores of *rsc* with those of what it depends on; its own table stays.

    A group's are those of its last member, which depends on all the others.
    """
    source: Resource = rsc
    while isinstance(source, Group):
        source = source.children[-1]
    table = dict(source.allowed)
    rsc.is_consulted = source.is_consulted = True
    if has_usable(table):
        for colocation in this_with(source):
            factor = factor_of(colocation.score)
            table = with_wishes(
                work, colocation.primary, source, table, colocation, factor, UPWARD | NESTED
            )
    rsc.is_consulted = source.is_consulted = False
    return table


def with_wishes(
    work: WorkingSet,
    source: Resource,
    target: Resource,
    table: Table,
    colocation: Colocation,
    factor: float,
    mode: int,
) -> Table:
    """Return *table* of *target* with the scores of *source* added, and of those behind it.

    *table* is not changed; it is returned itself where the wish is dropped.
    """
    return _Walk(work, target).follow(source, table, colocation, factor, mode)


def begin_turn(work: WorkingSet) -> None:
    """Allow for as many ways round as one resource at the top and all that goes with it need.

    What one turn does not use is left for later ones: the cost of a plan is bounded as a whole.
    """
    paths = work.paths
    revisits = max(0, paths.revisits) + paths.revisits_later
    scans = max(0, paths.scans) + paths.scans_later
    now, further = min(TURN_MAX, revisits), min(TURN_MAX, scans)
    work.paths = Paths(now, further, revisits - now, scans - further, paths.told)


class _Walk:
    """One question: from resource to resource, along every way between them.

    The field's rule counts a wish once for each way on which it comes, and there may be more ways
    than anybody can wait for. Once a turn has used up its `Paths`, nobody is asked twice in a
    question; and in the end only those are asked who are tied to the resource itself.
    """

    __slots__ = ("paths", "plain", "seen", "target", "up", "work")

    def __init__(self, work: WorkingSet, target: Resource) -> None:
        self.work, self.paths, self.target = work, work.paths, target
        self.seen: set[Resource] = set()
        self.up = {node for node in work.nodes if node.available}
        self.plain = not any(node.is_pcmk_remote for node in work.nodes)
        """No node is another one's guest, so that a node's name is its own alone."""

    def follow(
        self, source: Resource, table: Table, colocation: Colocation, factor: float, mode: int
    ) -> Table:
        """Return *table* with what *source* and those behind it wish."""
        if source.is_consulted:
            return table
        if source in self.seen:
            if self.paths.revisits <= 0:
                self._tell(source)
                return table
            self.paths.revisits -= 1
        self.seen.add(source)
        source.is_consulted = True
        try:
            if isinstance(source, Group):
                return self.follow(source.children[0], table, colocation, factor, mode)
            return self._ask(source, table, colocation, factor, mode)
        finally:
            source.is_consulted = False

    def _tell(self, source: Resource) -> None:
        if not self.paths.told:
            self.paths.told = True
            self.work.notices.append(
                f"The colocations around {source.id} lead from one to the other in too many ways: "
                "not every wish is counted for each of them. Fewer of them would say the same."
            )

    def _ask(
        self, source: Resource, table: Table, colocation: Colocation, factor: float, mode: int
    ) -> Table:
        wished = self._added(source, table, colocation, factor, mode)
        if self._has_usable(wished):
            upward = mode & UPWARD
            for further in self._onward(source, mode):
                if not upward and not has_influence(further, source):
                    continue
                other = further.primary if upward else further.dependent
                if other.is_consulted:
                    continue
                weight = factor_of(further.score, factor)
                wished = self.follow(other, wished, further, weight, mode | NESTED)
        elif mode & NESTED:
            return table
        if mode & NONNEGATIVE:
            for node, score in wished.items():
                if score == UNUSABLE:
                    wished[node] = 1
        return wished

    def _has_usable(self, table: Table) -> bool:
        up = self.up
        for node, score in table.items():  # noqa: SIM110 - a generator costs more than the loop
            if score >= 0 and node in up:
                return True
        return False

    def _onward(self, source: Resource, mode: int) -> list[Colocation]:
        """Return what leads on from *source*."""
        onward = this_with(source) if mode & UPWARD else with_this(source)
        if self.paths.revisits <= 0:
            self.paths.scans -= len(onward)
            if onward and self.paths.scans < 0:
                self._tell(source)
                return []
        return onward

    def _added(
        self, source: Resource, table: Table, colocation: Colocation, factor: float, mode: int
    ) -> Table:
        """Return a copy of *table* with the weighed scores of *source* added."""
        nonnegative = mode & NONNEGATIVE
        if self.plain and factor == 1.0 and not nonnegative and not _speaks_for_group(
            source, colocation
        ) and colocation.attribute == "#uname":  # fmt: skip
            up, here = self.up, source.allowed.get
            return {
                node: old
                if not (score := here(node, NEVER) if node in up else NEVER) and old >= NEVER
                else add_scores(score, old)
                for node, old in table.items()
            }
        best = self._best_scores(source, table, colocation)
        if factor == 1.0 and not nonnegative:
            return {
                node: add_scores(score, old) if score or old < NEVER else old
                for (node, old), score in zip(table.items(), best, strict=True)
            }
        keeps_doubles = _minds_double_negatives(colocation) if factor < 0 else False
        stickiness = colocation.primary.stickiness
        wished: Table = {}
        for (node, old), score in zip(table.items(), best, strict=True):
            wished[node] = old
            if factor < 0 and score < 0 and not (keeps_doubles and stickiness < -score):
                continue
            if nonnegative and old == UNUSABLE:
                continue
            new = add_scores(multiply(factor, score), old)
            if nonnegative and new < 0:
                if old > 0:
                    new = UNUSABLE
                elif old == 0:
                    new = 0
            wished[node] = new
        return wished

    def _best_scores(self, source: Resource, table: Table, colocation: Colocation) -> list[int]:
        """Return for each node of *table* the best score of *source* where the attribute is equal.

        Both are lists in the order of *table*.
        """
        scores = _scores_with_group(source, colocation)
        attribute, target = colocation.attribute, self.target
        if attribute == "#uname" and (self.plain or not _goes_by_hosts(source, target, table)):
            up, here = self.up, scores.get
            return [here(node, NEVER) if node in up else NEVER for node in table]
        best: dict[str | None, int] = {}
        for node, score in scores.items():
            if node in self.up:
                value = attribute_of(source, node, attribute)
                if score > best.get(value, NEVER):
                    best[value] = score
        return [best.get(attribute_of(target, node, attribute), NEVER) for node in table]


def _minds_double_negatives(colocation: Colocation) -> bool:
    """Say whether a dependent's ban from a node may be a reason for the primary to go there.

    That is so where the dependent has but one node left, which the primary can leave to it.
    """
    usable = sum(1 for score in colocation.dependent.allowed.values() if score >= 0)
    return usable == 1 and has_influence(colocation, colocation.primary)


def _goes_by_hosts(source: Resource, target: Resource, table: Table) -> bool:
    return any(
        host_for(rsc, node) is not node
        for node in table
        if node.is_pcmk_remote
        for rsc in (source, target)
    )


def _scores_with_group(source: Resource, colocation: Colocation) -> Table:
    """Return the scores of *source*, with its group's locations where it speaks for the group."""
    group = source.parent
    if not isinstance(group, Group) or not _speaks_for_group(source, colocation):
        return source.allowed
    table = dict(source.allowed)
    for location in group.locations:
        if applies(location, source):
            for node, score in location.scores.items():
                add_to(table, node, score)
    return table


def _speaks_for_group(source: Resource, colocation: Colocation) -> bool:
    """Say whether *source* is a later member that was itself colocated with something."""
    group = source.parent
    return (
        colocation.explicit
        and isinstance(group, Group)
        and colocation.dependent is source
        and source is not group.children[0]
    )


def applies(location: Location, rsc: Resource) -> bool:
    """Say whether *location* counts for where *rsc* goes: not while it is for another role."""
    role = location.role
    return role in (Role.UNKNOWN, Role.STARTED, Role.UNPROMOTED) or role == rsc.next_role
