"""What is put on record of an operation: its outcome, and digests of the parameters it was given.

By the digests the engine later sees that a definition was changed, and whether a reload is enough.
"""

from __future__ import annotations

from collections.abc import Mapping

from pcsx.agents import AgentMetadata, Outcome, Status
from pcsx.agents.outcome import NOT_RUNNING, OK
from pcsx.daemon.records import OpRecord, Order
from pcsx.pe.digests import compared_parameters, digest_of, restart_digest_of


def record_of(
    order: Order,
    outcome: Outcome,
    metadata: AgentMetadata | None,
    *,
    call: int,
    changed_s: int,
    exec_ms: int,
    queue_ms: int,
) -> OpRecord:
    """Return the record of *order* that came to *outcome*.

    Where the agent's *metadata* is not known, nothing is said of reloads and of secrets: then
    every change is a restart, which is safe.
    """
    task, key = order.task, order.key
    if task in ("reload-agent", "reload"):
        # A reload that worked counts as a new start, one that failed as a failed monitor.
        task = "start" if outcome.rc == OK or outcome.status == Status.PENDING else "monitor"
        key = f"{order.resource}_{task}_0"
    meta = dict(order.meta)
    moves = order.task in ("migrate_to", "migrate_from")
    compared = compared_parameters(
        dict(order.params), interval_ms=order.interval_ms, timeout_ms=order.timeout_ms
    )
    restart = secure = ("", "")
    if metadata is not None:
        restart = _of_restart(order, compared, metadata)
        secure = _of_public(compared, metadata)
    return OpRecord(
        resource=order.resource,
        agent=order.agent,
        key=key,
        task=task,
        interval_ms=order.interval_ms,
        call=call,
        rc=outcome.rc,
        status=int(outcome.status),
        reason=outcome.reason,
        term=order.term,
        transition=order.transition,
        action=order.action,
        target_rc=order.target_rc or 0,
        changed_s=changed_s,
        exec_ms=exec_ms,
        queue_ms=queue_ms,
        digest=digest_of(compared),
        restart_params=restart[0],
        restart_digest=restart[1],
        secure_params=secure[0],
        secure_digest=secure[1],
        migrate_source=meta.get("migrate_source", "") if moves else "",
        migrate_target=meta.get("migrate_target", "") if moves else "",
        lock_s=order.lock_s if _leaves_stopped(task, outcome) else 0,
    )


def _leaves_stopped(task: str, outcome: Outcome) -> bool:
    """Return whether the resource is known not to run after *task*: a lock goes on then alone."""
    if outcome.status != Status.DONE:
        return False
    return (task == "stop" and outcome.rc == OK) or (
        task == "monitor" and outcome.rc == NOT_RUNNING
    )


def _of_restart(
    order: Order, compared: Mapping[str, str], metadata: AgentMetadata
) -> tuple[str, str]:
    """Return the names of what forces a restart and their digest, where a reload is possible."""
    names = metadata.restarting
    if names is None or order.interval_ms:
        return "", ""
    return _listed(names), restart_digest_of(compared, names)


def _of_public(compared: Mapping[str, str], metadata: AgentMetadata) -> tuple[str, str]:
    """Return the names of what is private and the digest of the rest, where anything is."""
    if not metadata.private:
        return "", ""
    public = [name for name in compared if name not in metadata.private]
    return _listed(metadata.private), restart_digest_of(compared, public)


def _listed(names: tuple[str, ...]) -> str:
    return f" {' '.join(names)} "
