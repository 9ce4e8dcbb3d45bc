"""The cluster options: blocks of pairs made into `Options`, with defaults for what is invalid."""

from __future__ import annotations

from typing import Final

from pcsx.cib.evaluate import Circumstances, duration_ms_of, fill, score_of
from pcsx.cib.objects import Document
from pcsx.pe.model import Options, QuorumPolicy, WorkingSet
from pcsx.values import INFINITY, parse_bool

_BOOTSTRAP: Final = "cib-bootstrap-options"
_FLAGS: Final = {
    "symmetric": ("symmetric-cluster",),
    "maintenance_mode": ("maintenance-mode",),
    "stop_all": ("stop-all-resources",),
    "stop_removed_resources": ("stop-removed-resources", "stop-orphan-resources"),
    "cancel_removed_actions": ("cancel-removed-actions", "stop-orphan-actions"),
    "start_failure_is_fatal": ("start-failure-is-fatal",),
    "startup_probes": ("enable-startup-probes",),
    "fencing_enabled": ("fencing-enabled", "stonith-enabled"),
    "have_watchdog": ("have-watchdog",),
    "concurrent_fencing": ("concurrent-fencing",),
    "startup_fencing": ("startup-fencing",),
    "fence_remote_without_quorum": ("fence-remote-without-quorum",),
    "shutdown_lock": ("shutdown-lock",),
}
_DURATIONS: Final = {
    "priority_fencing_delay_ms": ("priority-fencing-delay",),
    "node_pending_timeout_ms": ("node-pending-timeout",),
    "shutdown_lock_limit_ms": ("shutdown-lock-limit",),
}
_TEXTS: Final = {
    "fencing_timeout": ("fencing-timeout", "stonith-timeout"),
    "cluster_delay": ("cluster-delay",),
    "batch_limit": ("batch-limit",),
    "migration_limit": ("migration-limit",),
}
_POLICIES: Final = {
    "stop": QuorumPolicy.STOP,
    "freeze": QuorumPolicy.FREEZE,
    "ignore": QuorumPolicy.IGNORE,
    "demote": QuorumPolicy.DEMOTE,
    "fence": QuorumPolicy.FENCE,
    "suicide": QuorumPolicy.FENCE,
}
_STRATEGIES: Final = ("default", "utilization", "minimal", "balanced")
_HEALTH: Final = ("none", "migrate-on-red", "only-green", "progressive", "custom")


def configured(document: Document, where: Circumstances) -> dict[str, str]:
    """Return the cluster options as text, by the names that are configured."""
    return fill({}, document.crm_config, where, document, first_id=_BOOTSTRAP)


def read_options(work: WorkingSet, where: Circumstances) -> None:
    """Set the options of *work*, and whether it is quorate and fencing is available."""
    values = configured(work.cib, where)
    options = work.options = Options()
    for field, names in _FLAGS.items():
        truth = parse_bool(_of(values, names) or "")
        if truth is not None:
            setattr(options, field, truth)
    for field, names in _DURATIONS.items():
        setattr(options, field, duration_ms_of(_of(values, names)))
    for field, names in _TEXTS.items():
        if (text := _of(values, names)) is not None:
            setattr(options, field, text)
    action = _of(values, ("fencing-action", "stonith-action"))
    options.fencing_action = action if action in ("reboot", "off") else "reboot"
    options.placement_strategy = _chosen(values, "placement-strategy", _STRATEGIES)
    options.cluster_name = values.get("cluster-name")
    _read_health(options, values)
    work.fencing_available = options.have_watchdog
    options.no_quorum_policy = _quorum_policy(work, values.get("no-quorum-policy", "stop"))


def _of(values: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((values[name] for name in names if name in values), None)


def _chosen(values: dict[str, str], name: str, allowed: tuple[str, ...]) -> str:
    text = values.get(name, "").lower()
    return text if text in allowed else allowed[0]


def _read_health(options: Options, values: dict[str, str]) -> None:
    options.health_strategy = _chosen(values, "node-health-strategy", _HEALTH)
    for field, name, default in (
        ("health_base", "node-health-base", 0),
        ("health_green", "node-health-green", 0),
        ("health_yellow", "node-health-yellow", 0),
        ("health_red", "node-health-red", -INFINITY),
    ):
        setattr(options, field, score_of(values.get(name), default))


def _quorum_policy(work: WorkingSet, text: str) -> QuorumPolicy:
    """Return the policy; fencing oneself needs fencing, and quorum now or before."""
    policy = _POLICIES.get(text, QuorumPolicy.STOP)
    if policy != QuorumPolicy.FENCE:
        return policy
    if work.options.fencing_enabled and (work.quorum_panic or work.quorate):
        return policy
    return QuorumPolicy.STOP
