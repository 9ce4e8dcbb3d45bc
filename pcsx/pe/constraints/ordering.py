"""Configured order constraints, read into stored orders."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from pcsx.cib.evaluate import score_of, truth_of
from pcsx.cib.objects import Order, ResourceRef, ResourceSet
from pcsx.lean import dataclass
from pcsx.pe.actions.base import node_pseudo_action
from pcsx.pe.constraints.names import members, named
from pcsx.pe.constraints.stored import order, order_after_action, order_before_action
from pcsx.pe.flags import ASYM, BACK, BLOCK, COUNTED, FGRAPH, FWD, MIN, ORD, SER
from pcsx.pe.model import Action, Clone, Resource, WorkingSet
from pcsx.values import parse_bool

_MANDATORY: Final = "Mandatory"
_OPTIONAL: Final = "Optional"
_SERIALIZE: Final = "Serialize"
_INVERSE: Final = {
    "start": "stop",
    "stop": "start",
    "promote": "demote",
    "demote": "promote",
    "running": "stopped",
    "stopped": "running",
    "promoted": "demoted",
    "demoted": "promoted",
}
_UP: Final = frozenset(("start", "promote", "running", "promoted", "migrate_from"))


@dataclass(frozen=True, slots=True)
class _Terms:
    """What holds for one relation of a constraint: its id, kind, and whether it is undone too."""

    id: str
    kind: str
    symmetric: bool

    def forward(self, action: str) -> int:
        """Return the bits of the order that begins with *action*."""
        if self.kind == _OPTIONAL:
            return ORD
        if self.kind == _SERIALIZE:
            return SER
        if not self.symmetric:
            return ORD | ASYM
        return ORD | FWD | (BLOCK if action in _UP else 0)

    @property
    def backward(self) -> int:
        """Return the bits of the inverse order."""
        return ORD if self.kind == _OPTIONAL else ORD | BACK


def read(work: WorkingSet, constraint: Order) -> None:
    """Store the orders that *constraint* asks for; what is wrong with it is noticed."""
    if not constraint.id:
        work.notices.append("Ignoring an order constraint without an id")
        return
    expanded = _with_tags(work, constraint)
    if expanded is None:
        return
    if expanded.sets:
        _read_sets(work, expanded)
    else:
        _read_simple(work, expanded)


def _terms(work: WorkingSet, constraint: Order, chosen: ResourceSet | None = None) -> _Terms:
    """Return the terms of *constraint*, or of one of its sets."""
    kind, score, symmetrical = constraint.kind, constraint.score, constraint.symmetrical
    if chosen is not None:
        if chosen.kind is not None or chosen.score is not None:
            kind, score = chosen.kind, chosen.score
        if chosen.symmetrical is not None:
            symmetrical = chosen.symmetrical
    name = _MANDATORY
    if kind in (_MANDATORY, _OPTIONAL, _SERIALIZE):
        name = kind
    elif kind is not None:
        work.notices.append(f"{constraint.id}: {kind} is no kind of order, so it is Mandatory")
    elif score is not None and (score_of(score) or 0) == 0:
        name = _OPTIONAL
    wish = parse_bool(symmetrical) if symmetrical is not None else None
    symmetric = name != _SERIALIZE and wish is not False
    return _Terms(constraint.id or "", name, symmetric)


def _read_simple(work: WorkingSet, constraint: Order) -> None:
    if not constraint.first or not constraint.then:
        work.notices.append(f"Ignoring {constraint.id}: it needs both first and then")
        return
    first, then = named(work, constraint.first), named(work, constraint.then)
    for rsc, name in ((first, constraint.first), (then, constraint.then)):
        if rsc is None:
            work.notices.append(f"Ignoring {constraint.id}: there is no resource {name}")
    if first is None or then is None:
        return
    terms = _terms(work, constraint)
    first_action = (constraint.first_action or "start").lower()
    then_action = (constraint.then_action or first_action).lower()
    needed = _needed_instances(first, constraint)
    if needed:
        assert isinstance(first, Clone)
        _order_counted(work, terms, first, first_action, then, then_action, needed)
    else:
        order(
            work, first, first_action, then, then_action, terms.forward(first_action),
            origin=terms.id,
        )  # fmt: skip
    _order_inverse(work, terms, first, first_action, then, then_action)


def _order_inverse(
    work: WorkingSet,
    terms: _Terms,
    first: Resource,
    first_action: str,
    then: Resource,
    then_action: str,
) -> None:
    """Store the undoing: *then* is undone before *first* is."""
    if not terms.symmetric:
        return
    undo_then, undo_first = _INVERSE.get(then_action), _INVERSE.get(first_action)
    if undo_then is None or undo_first is None:
        work.notices.append(f"{terms.id}: {first_action} then {then_action} has no inverse")
        return
    order(work, then, undo_then, first, undo_first, terms.backward, origin=terms.id)


def _needed_instances(first: Resource, constraint: Order) -> int:
    """Return how many instances of *first* are enough, 0 where all that start are waited for."""
    if not isinstance(first, Clone):
        return 0
    if "clone-min" in first.meta:
        return first.clone_min
    if constraint.require_all is not None and parse_bool(constraint.require_all) is False:
        return 1
    return 0


def _order_counted(
    work: WorkingSet,
    terms: _Terms,
    first: Clone,
    first_action: str,
    then: Resource,
    then_action: str,
    needed: int,
) -> None:
    point = _counted(work, f"clone-one-or-more:{terms.id}", needed)
    for instance in first.children:
        order_before_action(work, instance, first_action, point, MIN | FGRAPH, origin=terms.id)
    kind = terms.forward(first_action) | BLOCK
    order_after_action(work, point, then, then_action, kind, origin=terms.id)


def _counted(work: WorkingSet, name: str, needed: int) -> Action:
    """Return the point that is reached when *needed* of what leads to it are done."""
    point = node_pseudo_action(work, name, required=False)
    point.flags |= COUNTED
    point.needs = needed
    return point


# --- Sets -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Set:
    """A resource set with its resources found."""

    id: str
    action: str
    members: tuple[Resource, ...]
    sequential: bool | None
    require_all: bool

    def ends(self, *, last: bool) -> tuple[Resource, ...]:
        """Return the members that stand for the set towards another one."""
        if not self.sequential or not self.members:
            return self.members
        return (self.members[-1] if last else self.members[0],)


def _read_sets(work: WorkingSet, constraint: Order) -> None:
    previous: _Set | None = None
    for listed in constraint.sets:
        chosen = listed
        if listed.id_ref is not None:
            referred = work.cib.find(ResourceSet, listed.id_ref)
            if referred is None:
                work.notices.append(f"{constraint.id}: there is no set {listed.id_ref}")
                return
            chosen = referred
        found = _find_set(work, constraint, chosen)
        if found is None:
            return
        _order_within(work, _terms(work, constraint, chosen), found)
        if previous is not None:
            terms = _terms(work, constraint)
            _order_between(work, terms, previous, found, terms.forward(previous.action))
            if terms.symmetric:
                _order_sets_back(work, terms, previous, found)
        previous = found


def _find_set(work: WorkingSet, constraint: Order, chosen: ResourceSet) -> _Set | None:
    found = []
    for ref in chosen.resources:
        rsc = named(work, ref.id or "")
        if rsc is None:
            work.notices.append(f"{constraint.id}: there is no resource {ref.id}")
            return None
        found.append(rsc)
    return _Set(
        chosen.id or "",
        (chosen.action or "start").lower(),
        tuple(found),
        parse_bool(chosen.sequential) if chosen.sequential is not None else None,
        truth_of(chosen.require_all, default=True),
    )


def _order_within(work: WorkingSet, terms: _Terms, chosen: _Set) -> None:
    listed, action = chosen.members, chosen.action
    kind = terms.forward(action)
    if terms.kind == _SERIALIZE:
        for position, first in enumerate(listed):
            for then in listed[position + 1 :]:
                order(work, first, action, then, action, kind, origin=terms.id)
        return
    if chosen.sequential is False:
        return
    neighbours = list(pairwise(listed))
    for first, then in neighbours:
        order(work, first, action, then, action, kind, origin=terms.id)
    for first, then in neighbours:
        _order_inverse(work, terms, first, action, then, action)


def _order_between(work: WorkingSet, terms: _Terms, first: _Set, then: _Set, kind: int) -> None:
    """Put all of one set before all of the next, or before the one that stands for it."""
    if not first.require_all and first.action not in ("stop", "demote"):
        point = _counted(work, f"one-or-more:{first.id}", 1)
        for rsc in first.members:
            order_before_action(work, rsc, first.action, point, MIN | FGRAPH, origin=terms.id)
        for rsc in then.members:
            order_after_action(work, point, rsc, then.action, kind | BLOCK, origin=terms.id)
        return
    for one in first.ends(last=True):
        for other in then.ends(last=False):
            order(work, one, first.action, other, then.action, kind, origin=terms.id)


def _order_sets_back(work: WorkingSet, terms: _Terms, first: _Set, then: _Set) -> None:
    undo_first, undo_then = _INVERSE.get(first.action), _INVERSE.get(then.action)
    if undo_first is None or undo_then is None:
        work.notices.append(f"{terms.id}: {first.action} then {then.action} has no inverse")
        return
    before = replace(then, action=undo_then)
    if not before.require_all and undo_then not in ("stop", "demote"):
        _order_between(work, terms, before, replace(first, action=undo_first), terms.backward)
        return
    for one in before.ends(last=False):
        for other in first.ends(last=True):
            order(work, one, undo_then, other, undo_first, terms.backward, origin=terms.id)


# --- Tags and templates ---------------------------------------------------------------------------


def _references(work: WorkingSet, name: str) -> list[str] | None:
    """Return what *name* stands for, if it is a tag or a template."""
    return None if named(work, name) is not None else members(work, name)


def _with_tags(work: WorkingSet, constraint: Order) -> Order | None:
    """Return *constraint* with each tag or template replaced by what it stands for."""
    if constraint.sets:
        return replace(constraint, sets=tuple(_expanded(work, s) for s in constraint.sets))
    if not constraint.first or not constraint.then:
        return constraint
    firsts = _references(work, constraint.first)
    thens = _references(work, constraint.then)
    if firsts is None and thens is None:
        return constraint
    return replace(
        constraint,
        first=None,
        then=None,
        first_action=None,
        then_action=None,
        require_all=None,
        sets=(
            _as_set(constraint.first, firsts, constraint.first_action),
            _as_set(constraint.then, thens, constraint.then_action),
        ),
    )


def _as_set(name: str, references: list[str] | None, action: str | None) -> ResourceSet:
    refs = tuple(ResourceRef(id=ref) for ref in references or [name])
    return ResourceSet(
        id=name,
        action=action,
        sequential=None if references is None else "false",
        resources=refs,
    )


def _expanded(work: WorkingSet, chosen: ResourceSet) -> ResourceSet:
    refs: list[ResourceRef] = []
    for ref in chosen.resources:
        references = _references(work, ref.id or "")
        refs += [ref] if references is None else [ResourceRef(id=name) for name in references]
    return replace(chosen, resources=tuple(refs))
