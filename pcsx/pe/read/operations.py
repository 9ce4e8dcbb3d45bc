"""Operations as configured: which `op` speaks of an action, its options, what a failure does."""

from __future__ import annotations

from typing import Final

from pcsx.cib.evaluate import duration_ms_of, fill, moment_of, truth_of
from pcsx.cib.objects import Operation
from pcsx.pe.model import Node, OnFail, Resource, Role, WorkingSet
from pcsx.pe.read.meta import role_of
from pcsx.pe.read.parameters import circumstances, params_of

_DEFAULT_TIMEOUT_MS: Final = 20_000
_LONGEST_MS: Final = 2_147_483_647
_ON_FAIL: Final = {
    "ignore": OnFail.IGNORE,
    "nothing": OnFail.IGNORE,
    "block": OnFail.BLOCK,
    "fence": OnFail.FENCE,
    "standby": OnFail.STANDBY,
    "migrate": OnFail.BAN,
    "stop": OnFail.STOP,
    "restart": OnFail.RESTART,
    "restart-container": OnFail.RESTART_CONTAINER,
    "demote": OnFail.DEMOTE,
}
_MIGRATIONS: Final = ("migrate_to", "migrate_from")


def interval_of(op: Operation) -> int:
    """Return the interval of *op* in milliseconds; 0 for one that does not recur."""
    return duration_ms_of(op.interval)


def is_enabled(op: Operation) -> bool:
    """Say whether *op* may be scheduled."""
    return truth_of(op.enabled, default=True)


def find_op(
    rsc: Resource, task: str, interval_ms: int, *, only_enabled: bool = False
) -> Operation | None:
    """Return the first `op` of *rsc* for *task* at that interval.

    A migration without one is spoken of by `migrate`, a notification by `notify`.
    """
    for op in rsc.ops:
        if (
            op.name == task
            and interval_of(op) == interval_ms
            and (not only_enabled or is_enabled(op))
        ):
            return op
    if task in _MIGRATIONS:
        return find_op(rsc, "migrate", 0, only_enabled=only_enabled)
    return None


def op_options(
    work: WorkingSet, rsc: Resource, op: Operation | None, task: str, interval_ms: int
) -> dict[str, str]:
    """Return the options of an operation as text, by the names of the CIB.

    What stands on the `op` wins over its meta-attributes, and these over the defaults. The
    interval and the timeout are in milliseconds.
    """
    where = circumstances(work, rsc=rsc, operation=(task, interval_ms))
    options: dict[str, str] = {}
    is_probe = task == "monitor" and interval_ms == 0
    if op is not None:
        options = op.options()
        if op.meta:
            fill(options, op.meta, where, work.cib)
        options.pop("id", None)
    if is_probe and "timeout" not in options and (timeout := _probe_timeout(rsc)) is not None:
        options["timeout"] = timeout
    if work.cib.op_defaults:
        fill(options, work.cib.op_defaults, where, work.cib)
    if interval_ms > 0:
        options["interval"] = str(interval_ms)
    else:
        options.pop("interval", None)
    if rsc.is_fence_device and (task == "start" or is_probe):
        special = params_of(work, rsc, None).get("pcmk_monitor_timeout")
        if special is not None:
            options["timeout"] = special
    options["timeout"] = str(timeout_ms_of(options.get("timeout")))
    _check_on_fail(rsc, task, interval_ms, options)
    _apply_delay(work, options, interval_ms)
    return options


def timeout_ms_of(text: str | None) -> int:
    """Return a timeout in milliseconds; the field's default where it is missing or invalid."""
    ms = duration_ms_of(text, _DEFAULT_TIMEOUT_MS)
    return min(ms, _LONGEST_MS) if ms > 0 else _DEFAULT_TIMEOUT_MS


def _probe_timeout(rsc: Resource) -> str | None:
    """Return the timeout of the most frequent monitor."""
    best: Operation | None = None
    for op in rsc.ops:
        if op.name != "monitor" or not interval_of(op) or not is_enabled(op):
            continue
        if best is None or interval_of(op) < interval_of(best):
            best = op
    return best.timeout if best is not None else None


def _apply_delay(work: WorkingSet, options: dict[str, str], interval_ms: int) -> None:
    """Turn `start-delay`, or else `interval-origin`, into a delay in milliseconds."""
    if "start-delay" in options:
        delay_ms = min(duration_ms_of(options["start-delay"]), _LONGEST_MS)
        options["start-delay"] = str(delay_ms)
    elif "interval-origin" in options and interval_ms >= 1000:
        origin = moment_of(options["interval-origin"], work.wall.tzinfo, work.wall)
        if origin is None:
            return
        interval_s = interval_ms // 1000
        since_s = work.now_s - int(origin.timestamp())
        late_s = abs(since_s) % interval_s * (1 if since_s >= 0 else -1)
        delay_s = -late_s if late_s <= 0 else interval_s - late_s
        options["start-delay"] = str(delay_s * 1000)


# --- What a failure does --------------------------------------------------------------------


def _check_on_fail(rsc: Resource, task: str, interval_ms: int, options: dict[str, str]) -> None:
    """Drop what `on-fail` may not be for *task*; a demote may take the monitors' word."""
    if task == "lrm_delete":
        options["on-fail"] = "ignore"
        return
    text = options.get("on-fail")
    lower = text.lower() if text is not None else None
    if task == "stop" and lower in ("standby", "demote", "stop"):
        del options["on-fail"]
    elif task == "demote" and text is None:
        taken = _on_fail_of_promoted_monitors(rsc)
        if taken is not None:
            options["on-fail"] = taken
    elif lower == "demote" and not (
        task == "promote"
        or (task == "monitor" and interval_ms > 0 and role_of(options.get("role")) == Role.PROMOTED)
    ):
        del options["on-fail"]


def _on_fail_of_promoted_monitors(rsc: Resource) -> str | None:
    found = None
    for op in rsc.ops:
        if (
            op.name == "monitor"
            and interval_of(op)
            and is_enabled(op)
            and role_of(op.role) == Role.PROMOTED
            and op.on_fail is not None
            and op.on_fail.lower() != "demote"
        ):
            found = op.on_fail
    return found


def on_fail(work: WorkingSet, rsc: Resource, task: str, interval_ms: int) -> OnFail:
    """Return what the failure of an operation of *rsc* is to cause."""
    op = find_op(rsc, task, interval_ms)
    options = op_options(work, rsc, op, task, interval_ms)
    return on_fail_from(work, rsc, task, interval_ms, options.get("on-fail"))


def on_fail_from(
    work: WorkingSet, rsc: Resource, task: str, interval_ms: int, text: str | None
) -> OnFail:
    """Return what *text*, already checked, causes; the field's default where it says nothing."""
    fencing = work.options.fencing_enabled
    is_remote = rsc.is_connection and rsc.launcher is None
    is_probe = task == "monitor" and interval_ms == 0
    if is_remote and not rsc.managed and not is_probe and task != "start":
        return OnFail.STOP
    wanted = _ON_FAIL.get(text.lower()) if text is not None else None
    if wanted == OnFail.FENCE and not fencing:
        return OnFail.STOP
    if wanted == OnFail.RESTART_CONTAINER and rsc.launcher is None:
        wanted = None
    if wanted is not None:
        return wanted
    if rsc.launcher is not None:
        return OnFail.RESTART_CONTAINER
    if is_remote and not is_probe and task != "start":
        return OnFail.RESET_REMOTE
    if task == "stop":
        return OnFail.FENCE if fencing else OnFail.BLOCK
    return OnFail.RESTART


def role_after_failure(rsc: Resource, task: str, result: OnFail) -> Role:
    """Return what *rsc* may be after *task* failed so."""
    if result == OnFail.STOP or (result == OnFail.RESET_REMOTE and rsc.reconnect_ms):
        return Role.STOPPED
    return Role.UNPROMOTED if task == "promote" else Role.STARTED


def op_params(
    work: WorkingSet, rsc: Resource, op: Operation | None, node: Node | None
) -> dict[str, str]:
    """Return the parameters that one operation alone gives to the agent."""
    if op is None or not op.params:
        return {}
    where = circumstances(work, rsc=rsc, node=node, operation=(op.name or "", interval_of(op)))
    return fill({}, op.params, where, work.cib)


__all__ = [
    "find_op", "interval_of", "is_enabled", "on_fail",
    "on_fail_from", "op_options", "op_params", "role_after_failure", "timeout_ms_of",
]  # fmt: skip
