"""Colocations: the configured ones, with their sets, and those that groups and containers imply."""

from __future__ import annotations

from dataclasses import field
from itertools import takewhile
from typing import Final

from pcsx.cib import objects
from pcsx.cib.evaluate import score_of
from pcsx.lean import dataclass
from pcsx.pe.assign.colocated import link
from pcsx.pe.constraints.names import all_named, each_named, named, resolved_sets
from pcsx.pe.constraints.stored import order
from pcsx.pe.flags import ANTI
from pcsx.pe.model import Bundle, Colocation, Group, Node, Primitive, Resource, Role, WorkingSet
from pcsx.pe.read.meta import role_of
from pcsx.pe.scores import INFINITY, NEVER
from pcsx.values import parse_bool

CONNECTION_SCORE: Final = 10_000
"""How much a bundle's connection wants to be where its container is: less than must, so that the
container may be on a remote node."""


@dataclass(slots=True)
class _Set:
    """One side of a colocation; None in it stands for a name that nothing goes by."""

    resources: list[Resource | None]
    role: Role = Role.UNKNOWN
    sequential: bool = True
    score: int | None = None
    ordering: str = "group"
    ends: tuple[list[Resource], list[Resource]] = field(init=False)
    """Who stands for the set as dependent, and who as primary."""

    def __post_init__(self) -> None:
        first, last = self.resources, self.resources
        if self.sequential:
            first, last = first[:1], last[-1:]
        self.ends = ([rsc for rsc in first if rsc], [rsc for rsc in last if rsc])

    def known(self) -> list[Resource]:
        """Return what is listed before the first unknown name: what follows it is ignored."""
        return [rsc for rsc in takewhile(lambda rsc: rsc is not None, self.resources) if rsc]


def read(work: WorkingSet, constraint: objects.Colocation) -> None:
    """Make the colocations that *constraint* asks for."""
    score = score_of(constraint.score)
    if constraint.sets:
        _read_sets(work, constraint, score)
        return
    dependent = _side(work, constraint, constraint.rsc, constraint.rsc_role)
    primary = _side(work, constraint, constraint.with_rsc, constraint.with_rsc_role)
    if dependent is None or primary is None or score == 0:
        return
    if not dependent.sequential and not primary.sequential:
        work.notices.append(
            f"The colocation {constraint.id} is ignored: only one of its two sides may be a "
            "template or tag."
        )
        return
    _join(work, constraint, dependent, primary, score, constraint.node_attribute)


def _side(
    work: WorkingSet, constraint: objects.Colocation, name: str | None, role_text: str | None
) -> _Set | None:
    """Return the resources that one side of *constraint* names, None where there are none."""
    role = _role(work, constraint, role_text)
    if role is None:
        return None
    rsc = named(work, name)
    if rsc is not None:
        return _Set([rsc], role)
    found: list[Resource | None] = [*all_named(work, (name,))]
    if not found:
        work.notices.append(f"The colocation {constraint.id} names no resource: {name}.")
        return None
    return _Set(found, role, sequential=False)


def _role(work: WorkingSet, constraint: objects.Colocation, text: str | None) -> Role | None:
    """Return the role that *text* asks for, UNKNOWN for any; None where it is no role."""
    if not text:
        return Role.UNKNOWN
    role = role_of(text)
    if role is None:
        work.notices.append(f"The colocation {constraint.id} names no role that there is: {text}.")
    return Role.UNKNOWN if role == Role.STARTED else role


def _read_sets(work: WorkingSet, constraint: objects.Colocation, score: int) -> None:
    before: _Set | None = None
    for config in resolved_sets(work, constraint.sets):
        role = _role(work, constraint, config.role)
        if role is None:
            continue
        one = _Set(
            each_named(work, [ref.id for ref in config.resources]),
            role,
            sequential=parse_bool(config.sequential or "true") is not False,
            score=None if config.score is None else score_of(config.score),
            ordering=config.ordering or "group",
        )
        _join_within(work, constraint, one, score)
        if before is not None and score:
            _join(work, constraint, before, one, score, None)
        before = one


def _join_within(work: WorkingSet, constraint: objects.Colocation, one: _Set, default: int) -> None:
    """Keep the resources of a set together, each with the one before, or all apart."""
    score = default if one.score is None else one.score
    if not score or not one.sequential:
        return
    resources = one.known() if one.ordering == "group" else one.known()[::-1]
    for index, rsc in enumerate(resources):
        others = resources[max(0, index - 1) : index] if score > 0 else resources[:index]
        for other in others:
            _make(work, constraint, (rsc, one.role), (other, one.role), score, None)


def _join(
    work: WorkingSet,
    constraint: objects.Colocation,
    dependents: _Set,
    primaries: _Set,
    score: int,
    attribute: str | None,
) -> None:
    for dependent in dependents.ends[0]:
        for primary in primaries.ends[1]:
            _make(
                work,
                constraint,
                (dependent, dependents.role),
                (primary, primaries.role),
                score,
                attribute,
            )


def _make(
    work: WorkingSet,
    constraint: objects.Colocation,
    dependent: tuple[Resource, Role],
    primary: tuple[Resource, Role],
    score: int,
    attribute: str | None,
) -> None:
    """Make one configured colocation."""
    if dependent[0] is primary[0]:
        return
    colocation = Colocation(constraint.id or "", score, dependent[0], primary[0])
    colocation.dependent_role, colocation.primary_role = dependent[1], primary[1]
    colocation.attribute = attribute or "#uname"
    influence = parse_bool(constraint.influence) if constraint.influence else None
    colocation.influence = dependent[0].critical if influence is None else influence
    colocation.explicit = True
    _add(work, colocation)


def _add(work: WorkingSet, colocation: Colocation) -> None:
    work.colocations.append(colocation)
    link(colocation)
    if colocation.score <= NEVER:
        one = (colocation.dependent, colocation.dependent_role)
        other = (colocation.primary, colocation.primary_role)
        _order_apart(work, one, other, colocation.id)
        _order_apart(work, other, one, colocation.id)


def _order_apart(
    work: WorkingSet, first: tuple[Resource, Role], then: tuple[Resource, Role], origin: str
) -> None:
    """Let what must not be together leave a node before the other one comes."""
    match first[1]:
        case Role.PROMOTED:
            losing = ["demote"]
        case Role.UNPROMOTED:
            losing = ["stop", "promote"]
        case _:
            losing = ["stop"]
    match then[1]:
        case Role.PROMOTED:
            gaining = ["promote"]
        case Role.UNPROMOTED:
            gaining = ["start", "demote"]
        case _:
            gaining = ["start"]
    for lose in losing:
        for gain in gaining:
            order(work, first[0], lose, then[0], gain, ANTI, origin=origin)


# --- What is implied ------------------------------------------------------------------------------


def imply(work: WorkingSet, rsc: Resource) -> None:
    """Make the colocations that *rsc* has by what it is, and the bans that come with them."""
    if isinstance(rsc, Primitive):
        _imply_for_primitive(work, rsc)
        return
    if isinstance(rsc, Group):
        _imply_for_group(work, rsc)
        return
    for child in rsc.children:
        imply(work, child)
    if isinstance(rsc, Bundle):
        for replica in rsc.replicas:
            if replica.ip is not None:
                _tie(work, replica.ip, replica.container, INFINITY)


def _imply_for_group(work: WorkingSet, group: Group) -> None:
    before: Resource | None = None
    for member in group.children:
        imply(work, member)
        if before is not None and group.collocated:
            _tie(work, member, before, INFINITY, influence=member.critical)
        before = member


def _imply_for_primitive(work: WorkingSet, rsc: Primitive) -> None:
    if not rsc.managed:
        return
    launcher = rsc.launcher
    if rsc.is_connection or rsc.is_fence_device:
        _ban_from_remote(rsc)
    if launcher is None:
        return
    in_bundle = launcher.parent is not None and isinstance(launcher.parent, Bundle)
    if rsc.is_connection:
        if not in_bundle:
            _ban_from_remote(launcher)
        _tie(work, rsc, launcher, CONNECTION_SCORE if in_bundle else INFINITY)
        return
    inside = node_within(launcher)
    if inside is None:
        _tie(work, rsc, launcher, INFINITY)
        return
    for node in rsc.allowed:
        if node is not inside:
            rsc.allowed[node] = NEVER


def node_within(launcher: Primitive) -> Node | None:
    """Return the node that *launcher* is, or that it contains; None if it is no node."""
    for connection in (launcher, *launcher.launched):
        if connection.is_connection and connection.connects is not None:
            return connection.connects
    return None


def _ban_from_remote(rsc: Resource) -> None:
    for node in rsc.allowed:
        if node.is_pcmk_remote:
            rsc.allowed[node] = NEVER


def _tie(
    work: WorkingSet, dependent: Resource, primary: Resource, score: int, *, influence: bool = True
) -> None:
    colocation = Colocation(f"{dependent.id}-with-{primary.id}", score, dependent, primary)
    colocation.influence = influence
    _add(work, colocation)
