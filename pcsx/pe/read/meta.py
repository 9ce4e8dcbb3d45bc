"""The options of a resource: meta-attributes of its own, its parents and the defaults, and what
they come to.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.evaluate import duration_ms_of, fill, integer_of, score_of, truth_of
from pcsx.pe.model import (
    MultipleActive,
    QuorumPolicy,
    Requires,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.read.parameters import circumstances, params_of
from pcsx.values import INFINITY, parse_bool

INSTANCES_MAX: Final = 1000
"""The most instances of one clone: more would keep the engine busy for minutes."""
REPLICAS_MAX: Final = 200
"""The most replicas of one bundle, each of which is a node of its own."""

_REQUIRES: Final = {
    "nothing": Requires.NOTHING,
    "quorum": Requires.QUORUM,
    "fencing": Requires.FENCING,
    "unfencing": Requires.UNFENCING,
}
_MULTIPLE: Final = {policy.value: policy for policy in MultipleActive}
_ROLES: Final = {
    "stopped": Role.STOPPED,
    "started": Role.STARTED,
    "unpromoted": Role.UNPROMOTED,
    "slave": Role.UNPROMOTED,
    "promoted": Role.PROMOTED,
    "master": Role.PROMOTED,
}


def role_of(text: str | None) -> Role | None:
    """Return the role that *text* names, by today's words or the older ones."""
    return _ROLES.get(text.strip().lower()) if text else None


def fill_meta(work: WorkingSet, rsc: Resource) -> None:
    """Work out the meta-attributes of *rsc*; who says a thing first is heard."""
    assert rsc.config is not None
    where = circumstances(work, rsc=rsc)
    meta = {name: value for name, value in rsc.config.attributes().items() if value != "#default"}
    meta.update(rsc.meta)
    fill(meta, rsc.config.meta, where, work.cib)
    parent = rsc.parent
    while parent is not None:
        if parent.config is not None:
            fill(meta, parent.config.meta, where, work.cib)
        parent = parent.parent
    fill(meta, work.cib.rsc_defaults, where, work.cib)
    if rsc.parent is not None:
        for name, value in rsc.parent.meta.items():
            meta.setdefault(name, value)
    rsc.meta = meta


def apply_meta(work: WorkingSet, rsc: Resource) -> None:
    """Set what the meta-attributes of *rsc* mean for it, whatever its kind."""
    meta = rsc.meta
    rsc.priority = score_of(meta.get("priority"))
    rsc.critical = truth_of(meta.get("critical"), default=True)
    rsc.notify = truth_of(meta.get("notify"))
    allow = meta.get("allow-migrate")
    if allow is None:
        rsc.allow_migrate = rsc.is_connection and "container" not in meta
    else:
        rsc.allow_migrate = truth_of(allow)
    rsc.managed = truth_of(meta.get("is-managed"), default=True)
    rsc.maintenance = truth_of(meta.get("maintenance")) or work.options.maintenance_mode
    if rsc.maintenance:
        rsc.managed = False
    rsc.multiple_active = _MULTIPLE.get(
        meta.get("multiple-active", "").lower(), MultipleActive.STOP_START
    )
    rsc.stickiness = score_of(_unless_default(meta.get("resource-stickiness")))
    threshold = score_of(_unless_default(meta.get("migration-threshold")), INFINITY)
    rsc.migration_threshold = threshold if threshold >= 0 else INFINITY
    rsc.requires = _requires(work, rsc)
    rsc.failure_timeout_ms = duration_ms_of(meta.get("failure-timeout"))
    rsc.container_attribute_target = meta.get("container-attribute-target", "")
    rsc.allow_unhealthy_nodes = truth_of(meta.get("allow-unhealthy-nodes"))
    _apply_target_role(work, rsc)
    if rsc.is_connection and "container" not in meta:
        rsc.reconnect_ms = duration_ms_of(params_of(work, rsc, None).get("reconnect_interval"))
        if rsc.reconnect_ms:
            rsc.failure_timeout_ms = rsc.reconnect_ms


def _unless_default(text: str | None) -> str | None:
    return None if text is not None and text.lower() == "default" else text


def _requires(work: WorkingSet, rsc: Resource) -> Requires:
    options = work.options
    wanted = _REQUIRES.get(rsc.meta.get("requires", "").lower())
    impossible = wanted in (Requires.FENCING, Requires.UNFENCING) and not options.fencing_enabled
    if impossible or (wanted == Requires.UNFENCING and rsc.is_fence_device):
        wanted = Requires.QUORUM
    if wanted is not None:
        return wanted
    if rsc.is_fence_device or rsc.is_connection:
        return Requires.QUORUM
    if work.unfencing_in_use and options.fencing_enabled:
        return Requires.UNFENCING
    if options.fencing_enabled:
        return Requires.FENCING
    if options.no_quorum_policy == QuorumPolicy.IGNORE:
        return Requires.NOTHING
    return Requires.QUORUM


def _apply_target_role(work: WorkingSet, rsc: Resource) -> None:
    """Set how far up *rsc* may go; what is not lower than its best is no limit."""
    text = rsc.meta.get("target-role")
    rsc.target_role_text = text or ""
    role = role_of(text)
    if role == Role.STOPPED or (role == Role.UNPROMOTED and is_promotable(rsc)):
        rsc.target_role = rsc.next_role = role
    elif role in (Role.PROMOTED, Role.UNPROMOTED) and not is_promotable(rsc):
        work.notices.append(f"{rsc.id} is not promotable: its target-role {text} is ignored")


def is_promotable(rsc: Resource) -> bool:
    """Say whether *rsc* is, or is within, a promotable clone."""
    return truth_of(rsc.topmost.meta.get("promotable")) or truth_of(rsc.meta.get("promotable"))


def whole_of(meta: dict[str, str], names: tuple[str, ...], default: int) -> int:
    """Return the first of *names* as a whole number; 0 where it is invalid or negative."""
    text = next((meta[name] for name in names if name in meta), None)
    if text is None:
        return default
    return max(0, integer_of(text) or 0)


def limited_instances(work: WorkingSet, rsc: Resource, wanted: int, most: int) -> int:
    """Return how many instances *rsc* gets of those *wanted*: what is absurd is told, not made."""
    if wanted > most:
        work.notices.append(
            f"{rsc.id} asks for {wanted} instances; it gets {most}, the most there can be."
        )
    return min(wanted, most)


def truth_in(meta: dict[str, str], name: str) -> bool | None:
    """Return the truth of *name*, or None where it is missing or invalid."""
    return parse_bool(meta[name]) if name in meta else None
