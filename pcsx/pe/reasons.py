"""Why it was decided so: noted where a choice is made, told in sentences when somebody asks.

A note is a plain tuple (what, resource, node, facts…) that costs nothing to append; `Reason` is
the same as a value that leaves the engine within a `Transition`. `sentence` makes the text. Every
sentence is of one choice: the constraint, failure or rule that made it, by its id.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.pe.model import Node, Resource, WorkingSet

Note = tuple["Why", str, str, tuple[str | int, ...]]
"""(what, resource or nothing, node or nothing, facts for the sentence)."""


class Why(StrEnum):
    """The choices that are told."""

    PLACED = "placed"
    STAYS = "stays"
    NO_NODE = "no-node"
    LOCATION = "location"
    LOCATION_RULE = "location-rule"
    STICKINESS = "stickiness"
    COLOCATED = "colocated"
    COLOCATED_APART = "colocated-apart"
    PRIMARY_NOWHERE = "primary-nowhere"
    DEPENDENT_WISH = "dependent-wish"
    BELONGS = "belongs"
    BELONGS_NOWHERE = "belongs-nowhere"
    MEMBER_WISH = "member-wish"
    FAILED_TOO_OFTEN = "failed-too-often"
    FAILED_STOP = "failed-stop"
    FAILED_HERE = "failed-here"
    FAILED_EVERYWHERE = "failed-everywhere"
    NOT_INSTALLED = "not-installed"
    UNHEALTHY = "unhealthy"
    TICKET = "ticket"
    LOCKED = "locked"
    NOT_DISCOVERED = "not-discovered"
    NO_CAPACITY = "no-capacity"
    NODE_UNAVAILABLE = "node-unavailable"
    CLONE_FULL = "clone-full"
    DISABLED = "disabled"
    STOP_ALL = "stop-all"
    UNMANAGED = "unmanaged"
    BLOCKED = "blocked"
    REMOVED = "removed"
    MULTIPLE_ACTIVE = "multiple-active"
    PROMOTED = "promoted"
    NOT_PROMOTED = "not-promoted"
    FENCED = "fenced"
    CANNOT_FENCE = "cannot-fence"
    RESTARTED = "restarted"
    RELOADED = "reloaded"
    MOVED = "moved"
    MIGRATED = "migrated"
    NOT_MIGRATED = "not-migrated"
    STOPPED = "stopped"
    CANNOT_START = "cannot-start"
    NO_QUORUM = "no-quorum"
    CONFIGURATION = "configuration"


_SENTENCES: Final[dict[Why, str]] = {
    Why.PLACED: "{rsc} runs on {node}, which has the best score ({0}).",
    Why.STAYS: "{rsc} stays on {node}: no other node has a better score ({0}).",
    Why.NO_NODE: "{rsc} runs nowhere: no node is left for it.",
    Why.LOCATION: "The location {0} gives {rsc} {1} on {node}.",
    Why.LOCATION_RULE: "A rule of the location {0} gives {rsc} {1} on {node}.",
    Why.STICKINESS: "{rsc} is active on {node} and its resource-stickiness is {0}.",
    Why.COLOCATED: "The colocation {0} ({1}) wants {rsc} where {2} is, on {node}.",
    Why.COLOCATED_APART: "The colocation {0} ({1}) keeps {rsc} away from {2}, which is on {node}.",
    Why.PRIMARY_NOWHERE: "The colocation {0} ties {rsc} to {1}, which runs nowhere.",
    Why.DEPENDENT_WISH: "{1}, which the colocation {0} ties to {rsc}, adds its own preferences.",
    Why.BELONGS: "{rsc} belongs to {0} and goes where that is, to {node}.",
    Why.BELONGS_NOWHERE: "{rsc} belongs to {0}, which runs nowhere.",
    Why.MEMBER_WISH: "{0}, which belongs to {rsc}, adds its own preferences.",
    Why.FAILED_TOO_OFTEN: (
        "{rsc} failed {0} times on {node}, and its migration-threshold is {1}. After the cause is "
        "removed, clear the failures with resource cleanup."
    ),
    Why.FAILED_STOP: "{rsc} could not be stopped on {node}.",
    Why.FAILED_HERE: "{rsc} may not run on {node} after {0} failed there: {1}.",
    Why.FAILED_EVERYWHERE: "{rsc} may run nowhere after {0} failed on {node}: {1}.",
    Why.NOT_INSTALLED: "The agent of {rsc} cannot run on {node}: {0}.",
    Why.UNHEALTHY: "The health of {node} counts {0} for {rsc}.",
    Why.TICKET: "{rsc} depends on the ticket {0} (constraint {1}), which is {2}.",
    Why.LOCKED: "{rsc} is kept for {node}, which was shut down in order (shutdown-lock).",
    Why.NOT_DISCOVERED: "{rsc} may only run where a location with exclusive discovery names it.",
    Why.NO_CAPACITY: "{node} has not enough capacity left for {rsc}.",
    Why.NODE_UNAVAILABLE: "{node} can take no resources: {0}.",
    Why.CLONE_FULL: "{rsc} is not needed: {0} instances run already.",
    Why.DISABLED: "{rsc} is disabled: its target-role is {0}.",
    Why.STOP_ALL: "The cluster option stop-all-resources stops {rsc}.",
    Why.UNMANAGED: "{rsc} is unmanaged ({0}) and is left as it is.",
    Why.BLOCKED: "{rsc} is blocked: {0}.",
    Why.REMOVED: "{rsc} is no longer configured and is stopped on {node}.",
    Why.MULTIPLE_ACTIVE: "{rsc} was found active on {0} nodes; multiple-active is {1}.",
    Why.PROMOTED: "{rsc} is promoted on {node}: its promotion score {0} is among the best.",
    Why.NOT_PROMOTED: "{rsc} is not promoted on {node}: {0}.",
    Why.FENCED: "{node} is fenced ({0}): {1}.",
    Why.CANNOT_FENCE: "{node} must be fenced and cannot be: {0}.",
    Why.RESTARTED: "{rsc} is restarted on {node}: {0}.",
    Why.RELOADED: "{rsc} is reloaded on {node}: its parameters changed.",
    Why.MOVED: "{rsc} moves from {0} to {node}: {1}.",
    Why.MIGRATED: "{rsc} migrates live from {0} to {node}.",
    Why.NOT_MIGRATED: "{rsc} cannot migrate live from {0} to {node}: {1}.",
    Why.STOPPED: "{rsc} is stopped on {node}: {0}.",
    Why.CANNOT_START: "{rsc} cannot start on {node}: {0}.",
    Why.NO_QUORUM: "The partition has no quorum, and no-quorum-policy is {0}.",
    Why.CONFIGURATION: "{0}",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One choice: what, of which resource, on which node, and the facts behind it."""

    why: Why
    resource: str = ""
    node: str = ""
    facts: tuple[str | int, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the choice in one plain sentence."""
        text = _SENTENCES[self.why]
        if not self.node:  # an instance that has no place
            text = text.replace(" on {node}", "")
        return text.format(*self.facts, rsc=self.resource, node=self.node)


def note(
    work: WorkingSet, why: Why, rsc: Resource | None, node: Node | None, *facts: str | int
) -> None:
    """Remember a choice where it is made."""
    work.notes.append((why, rsc.id if rsc else "", node.name if node else "", facts))


def reasons_of(work: WorkingSet) -> tuple[Reason, ...]:
    """Return all that was noted, by resource and in the order of deciding, nothing twice."""
    noted = sorted(dict.fromkeys(work.notes), key=lambda each: each[1])
    return tuple(Reason(*each) for each in noted)
