"""How long a node may take to stop what it runs, by what the document says: for who must wait.

Where nothing can fence, whoever takes a lost node's resources over waits until that node has
surely stopped them (RING.md 7). `stopping_of` reads what decides about that: the policy, the time
limits, and which resource stops before which. What cannot be told is taken for the worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib, by_sections
from pcsx.lean import dataclass
from pcsx.values import parse_bool, parse_duration_ms

DEFAULT_STOP_MS: Final = 20_000
OBEDIENT: Final = frozenset(("stop", "fence", "suicide"))
"""Policies by which a node that loses quorum stops all that it runs."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """What one document says; `worst_of` joins several that a node may still go by."""

    stops: bool
    """Without quorum all is stopped: no policy and no maintenance says otherwise."""
    takeover: str
    """The option `unfenced-takeover`: `likely`, `proven` or `never`."""
    limits: tuple[tuple[str, int], ...]
    """Each primitive with the time limit of its stops on one node, all instances together."""
    before: tuple[tuple[str, str], ...]
    """(a, b): a is stopped before b."""

    def chain_ms(self, times: Mapping[str, int], *, parallel: int) -> int:
        """Return how long stops that take *times* last at most, *parallel* of them at once."""
        followers: dict[str, list[str]] = {}
        for first, then in self.before:
            if first in times and then in times:
                followers.setdefault(first, []).append(then)
        total = sum(times.values())
        longest = _longest(times, followers)
        if longest is None:
            return total  # a circle: one after the other, in some order
        # Whoever is not on the chain shares the places that the chain leaves idle.
        return min(total, longest + (total - longest) // parallel)


def stopping_of(cib: Cib) -> Stopping:
    """Return what *cib* says."""
    policy = cib.cluster_option("no-quorum-policy") or "stop"
    left_alone = parse_bool(cib.cluster_option("maintenance-mode") or "") is True
    limits, before, some_left_alone = _of_resources(cib)
    if limits is None:
        return Stopping(policy in OBEDIENT and not left_alone, "likely", (), ())
    return Stopping(
        policy in OBEDIENT and not left_alone and not some_left_alone,
        cib.cluster_option("unfenced-takeover") or "likely",
        limits,
        before,
    )


_Limits = tuple[tuple[str, int], ...]
_Before = tuple[tuple[str, str], ...]


@by_sections("resources", "constraints", "op_defaults")
def _of_resources(cib: Cib) -> tuple[_Limits | None, _Before, bool]:
    """Return the limits, the orders, and whether a resource is not the cluster's to stop.

    The limits are None where the document has no place for resources.
    """
    configuration = cib.tree.find("configuration")
    resources = configuration.find("resources") if configuration is not None else None
    if configuration is None or resources is None:
        return None, (), False
    default_ms = max(_stop_limits(configuration.find("op_defaults")), default=DEFAULT_STOP_MS)
    limits = {
        primitive.get("id") or "": _limit_ms(primitive, resources, default_ms)
        for primitive in resources.iter("primitive")
        if primitive.get("class") != "stonith"
    }
    for bundle in resources.iter("bundle"):
        limits[bundle.get("id") or ""] = default_ms
    return (
        tuple(sorted(limits.items())),
        tuple(sorted(set(_orders(configuration, resources)))),
        any(map(_left_alone, resources.iter(etree.Element))),
    )


def worst_of(known: Iterable[Stopping]) -> Stopping:
    """Return one that is no shorter and no bolder than any of *known*, of which there is one."""
    each = list(known)
    limits: dict[str, int] = {}
    for stopping in each:
        for id, limit_ms in stopping.limits:
            limits[id] = max(limit_ms, limits.get(id, 0))
    caution = ("likely", "proven", "never")
    takeover = max(
        (stopping.takeover for stopping in each),
        key=lambda word: caution.index(word) if word in caution else len(caution),
    )
    return Stopping(
        all(stopping.stops for stopping in each),
        takeover,
        tuple(sorted(limits.items())),
        tuple(sorted({pair for stopping in each for pair in stopping.before})),
    )


def _longest(times: Mapping[str, int], followers: Mapping[str, list[str]]) -> int | None:
    """Return the longest way through *followers*, or None where they go in a circle."""
    ends: dict[str, int] = {}
    under_way: set[str] = set()

    def end_of(name: str) -> int | None:
        if name in ends:
            return ends[name]
        if name in under_way:
            return None
        under_way.add(name)
        rest = 0
        for follower in followers.get(name, ()):
            end = end_of(follower)
            if end is None:
                return None
            rest = max(rest, end)
        under_way.discard(name)
        ends[name] = times[name] + rest
        return ends[name]

    longest = 0
    for name in sorted(times):
        end = end_of(name)
        if end is None:
            return None
        longest = max(longest, end)
    return longest


def _stop_limits(element: etree._Element | None) -> Iterator[int]:
    if element is None:
        return
    for pair in element.iter("nvpair"):
        if pair.get("name") == "timeout":
            limit_ms = parse_duration_ms(pair.get("value") or "")
            if limit_ms is not None:
                yield limit_ms


def _limit_ms(primitive: etree._Element, resources: etree._Element, default_ms: int) -> int:
    limits: list[int] = []
    template = primitive.get("template")
    sources = [primitive]
    if template:
        sources += [each for each in resources.iter("template") if each.get("id") == template]
    for source in sources:
        for op in source.iterfind("operations/op"):
            if op.get("name") == "stop":
                own_ms = parse_duration_ms(op.get("timeout") or "")
                limits += [own_ms] if own_ms is not None else []
                limits += _stop_limits(op)
    instances = 1
    for clone in primitive.iterancestors("clone", "master"):
        for pair in clone.iterfind("meta_attributes/nvpair[@name='clone-node-max']"):
            value = pair.get("value") or ""
            instances = max(instances, int(value) if value.isdecimal() else 1)
    return max(limits, default=default_ms) * instances


def _left_alone(element: etree._Element) -> bool:
    """Return whether a resource is not the cluster's to stop."""
    for pair in element.iterfind("meta_attributes/nvpair"):
        name, truth = pair.get("name"), parse_bool(pair.get("value") or "")
        if (name == "is-managed" and truth is False) or (name == "maintenance" and truth is True):
            return True
    return False


def _orders(configuration: etree._Element, resources: etree._Element) -> Iterator[tuple[str, str]]:
    members = {
        element.get("id") or "": [p.get("id") or "" for p in element.iter("primitive")]
        for element in resources.iter("primitive", "group", "clone", "master")
    }
    for bundle in resources.iter("bundle"):
        members[bundle.get("id") or ""] = [bundle.get("id") or ""]
    for group in resources.iter("group"):
        yield from _in_turn([[p.get("id") or ""] for p in group.iterfind("primitive")])
    for order in configuration.iterfind("constraints/rsc_order"):
        sets = order.findall("resource_set")
        if not sets:
            first, then = order.get("first") or "", order.get("then") or ""
            yield from _in_turn([members.get(first, []), members.get(then, [])])
        stages: list[list[str]] = []
        for resource_set in sets:
            ids = [ref.get("id") or "" for ref in resource_set.iterfind("resource_ref")]
            inside = [members.get(id, []) for id in ids]
            if parse_bool(resource_set.get("sequential") or "true") is not False:
                yield from _in_turn(inside)
            stages.append([id for each in inside for id in each])
        yield from _in_turn(stages)


def _in_turn(stages: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Yield that what starts in a later stage stops before all of the stage before it."""
    for earlier, later in pairwise(stages):
        for first in later:
            for then in earlier:
                if first != then:
                    yield first, then
