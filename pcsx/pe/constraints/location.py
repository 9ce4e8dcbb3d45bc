"""Location constraints and node health, read into scores by node.

They are brought into the resources' tables later, all at once (`pcsx.pe.assign.prepare`).
"""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib import objects
from pcsx.cib.evaluate import Circumstances, passes, score_of, substituted
from pcsx.pe.constraints.names import all_named, listed
from pcsx.pe.model import Discovery, Location, Node, Resource, Role, Table, WorkingSet
from pcsx.pe.read.meta import role_of
from pcsx.pe.read.parameters import params_of
from pcsx.pe.reasons import Why, note
from pcsx.pe.scores import NEVER, score_text
from pcsx.values import add_scores

_DISCOVERY: Final = {
    "always": Discovery.ALWAYS,
    "never": Discovery.NEVER,
    "exclusive": Discovery.EXCLUSIVE,
}

_NESTED: Final = re.compile(r"[*+}]\)[*+{]")
"""A group that ends in a repetition and is repeated: trying its ways can take for ever."""


def read(work: WorkingSet, constraint: objects.Location) -> None:
    """Make the locations that *constraint* asks for."""
    if constraint.rsc_pattern is not None:
        for rsc, matches in _matching(work, constraint.rsc_pattern):
            _locate(work, constraint, rsc, matches=matches)
    for rsc in all_named(work, (constraint.rsc,)):
        _locate(work, constraint, rsc)
    for one, rsc in listed(work, constraint.id, constraint.sets):
        _locate(work, constraint, rsc, role=one.role, score=one.score)


def _matching(work: WorkingSet, pattern: str) -> list[tuple[Resource, tuple[str, ...]]]:
    """Return the resources at the top whose ids *pattern* finds, and what its groups found."""
    inverted = pattern.startswith("!")
    try:
        regex = re.compile(pattern.removeprefix("!"))
    except re.error:
        work.notices.append(f"The pattern {pattern} of a location is no regular expression.")
        return []
    if _NESTED.search(pattern):
        work.notices.append(
            f"The pattern {pattern} of a location repeats what repeats: it could take for ever, "
            "and is ignored."
        )
        return []
    found: list[tuple[Resource, tuple[str, ...]]] = []
    for rsc in work.resources:
        match = regex.search(rsc.id)
        if (match is None) is inverted:
            groups = () if match is None else (match[0], *(g or "" for g in match.groups()))
            found.append((rsc, groups))
    return found


def _locate(
    work: WorkingSet,
    constraint: objects.Location,
    rsc: Resource,
    *,
    role: str | None = None,
    score: str | None = None,
    matches: tuple[str, ...] = (),
) -> None:
    """Make the location of one resource; a set's *role* and *score* go before the constraint's."""
    scores: Table = {}
    role_text = role or constraint.role
    score_given = score or constraint.score
    why = Why.LOCATION
    if constraint.node is not None and score_given is not None:
        node = work.node_of(constraint.node)
        if node is not None:
            scores[node] = score_of(score_given)
    elif constraint.rules:
        rule = _rule_meant(work, constraint.rules[0])
        role_text = rule.role
        why = Why.LOCATION_RULE
        scores = _scores_by_rule(work, rule, rsc, matches)
    if not scores:
        return
    wanted = role_of(role_text)
    if role_text and wanted is None:
        work.notices.append(
            f"The location {constraint.id} names no role that there is: {role_text}."
        )
        return
    discovery = _DISCOVERY.get(constraint.resource_discovery or "always", Discovery.ALWAYS)
    constraint_id = constraint.id or ""
    location = Location(constraint_id, rsc, wanted or Role.UNKNOWN, scores, discovery)
    work.locations.append(location)
    rsc.locations.append(location)
    if discovery == Discovery.EXCLUSIVE:
        rsc.exclusive_discovery = True
    for node, given in scores.items():
        if given:
            note(work, why, rsc, node, constraint_id, score_text(given))


def _rule_meant(work: WorkingSet, rule: objects.Rule) -> objects.Rule:
    if rule.id_ref is None:
        return rule
    return work.cib.find(objects.Rule, rule.id_ref) or rule


def _scores_by_rule(
    work: WorkingSet, rule: objects.Rule, rsc: Resource, matches: tuple[str, ...]
) -> Table:
    """Return the scores that *rule* gives, for the nodes on which it holds."""
    scores: Table = {}
    asks_params = _asks_params(rule)
    for node in work.nodes:
        where = Circumstances(
            now=work.wall,
            attributes=node.attrs,
            agent=rsc.agent,
            matches=matches,
            params=params_of(work, rsc, node) if asks_params else None,
            meta=rsc.meta,
            turns=work.turns,
        )
        if not passes(rule, where, work.cib):
            continue
        if rule.score_attribute is None:
            scores[node] = score_of(rule.score)
        else:
            score = _attribute_score(rsc, node, substituted(rule.score_attribute, matches))
            if score is not None:
                scores[node] = score
    return scores


def _asks_params(rule: objects.Rule) -> bool:
    """Say whether *rule* compares node attributes with the resource's parameters."""
    return any(
        _asks_params(condition)
        if isinstance(condition, objects.Rule)
        else isinstance(condition, objects.Expression)
        and (condition.value_source or "").lower() == "param"
        for condition in rule.conditions
    )


def _attribute_score(rsc: Resource, node: Node, attribute: str) -> int | None:
    """Return the score in a node's *attribute*, for a container where asked its host's."""
    connection = node.connection
    if rsc.container_attribute_target == "host" and connection is not None and connection.launcher:
        active = connection.launcher.active
        node = active[0] if active else node
    return score_or_none(node.attrs.get(attribute))


def score_or_none(text: str | None) -> int | None:
    """Return the score that *text* means, None where it means none."""
    score = score_of(text, _NO_SCORE)
    return None if score == _NO_SCORE else score


_NO_SCORE: Final = 10 * NEVER


# --- Health ---------------------------------------------------------------------------------------


def read_health(work: WorkingSet) -> None:
    """Make locations of how healthy the nodes are, as the health strategy has it."""
    options = work.options
    strategy = options.health_strategy
    if strategy == "none":
        return
    base = options.health_base if strategy == "progressive" else 0
    colours = _colours(work, strategy)
    for node in work.nodes:
        health = _health_of(node, base, colours)
        if not health:
            continue
        for rsc in work.resources:
            if health < 0 and rsc.allow_unhealthy_nodes:
                continue
            location = Location(
                f"#health-{node.name}", rsc, Role.UNKNOWN, {node: health}, Discovery.ALWAYS
            )
            work.locations.append(location)
            rsc.locations.append(location)
            note(work, Why.UNHEALTHY, rsc, node, score_text(health))


def _colours(work: WorkingSet, strategy: str) -> dict[str, int]:
    match strategy:
        case "migrate-on-red":
            return {"red": NEVER, "yellow": 0, "green": 0}
        case "only-green":
            return {"red": NEVER, "yellow": NEVER, "green": 0}
    options = work.options
    return {
        "red": options.health_red,
        "yellow": options.health_yellow,
        "green": options.health_green,
    }


def _health_of(node: Node, base: int, colours: dict[str, int]) -> int:
    health = base
    for name, text in node.attrs.items():
        if name.startswith("#health"):
            value = colours.get(text.strip().lower())
            if value is None:
                value = score_or_none(text)
            if value is not None:
                health = add_scores(health, value)
    return health
