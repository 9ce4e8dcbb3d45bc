"""What a child's end means: from an `Exit` to an `Outcome`, by the standard of its agent."""

from __future__ import annotations

import errno
import os
import signal
from typing import Final

from pcsx.agents.types import Exit, Outcome, Status

OK: Final = 0
GENERIC: Final = 1
ARGS: Final = 2
UNIMPLEMENTED: Final = 3
PERM: Final = 4
INSTALLED: Final = 5
CONFIGURED: Final = 6
NOT_RUNNING: Final = 7
RUNNING_PROMOTED: Final = 8
FAILED_PROMOTED: Final = 9
DEGRADED: Final = 190
DEGRADED_PROMOTED: Final = 191
UNKNOWN: Final = 193
"""What a record holds while the operation is still going on."""

RC_TEXT: Final = {
    OK: "ok",
    GENERIC: "error",
    ARGS: "invalid parameter",
    UNIMPLEMENTED: "unimplemented",
    PERM: "insufficient privileges",
    INSTALLED: "not installed",
    CONFIGURED: "not configured",
    NOT_RUNNING: "not running",
    RUNNING_PROMOTED: "promoted",
    FAILED_PROMOTED: "promoted and failed",
    DEGRADED: "degraded",
    DEGRADED_PROMOTED: "degraded promoted",
    UNKNOWN: "unknown",
}


def plain(rc: int) -> int:
    """Return *rc* as decisions take it: degraded is running, and no failure."""
    return {DEGRADED: OK, DEGRADED_PROMOTED: RUNNING_PROMOTED}.get(rc, rc)


_MARK: Final = b"ocf-exit-reason:"
_REASON_MAX: Final = 500
_ABSENT: Final = frozenset(
    (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EINVAL, errno.ENOEXEC, errno.ELIBBAD)
)
_FORBIDDEN: Final = frozenset((errno.EACCES, errno.EPERM))
_LSB_STATUS: Final = {0: OK, 1: NOT_RUNNING, 2: NOT_RUNNING, 3: NOT_RUNNING, 4: GENERIC,
                      150: INSTALLED, 151: PERM}  # fmt: skip


def outcome_of(standard: str, task: str, exit: Exit) -> Outcome:
    """Return what the *exit* of an agent of *standard*, called for *task*, came to."""
    if exit.timed_out:
        return Outcome(GENERIC, Status.TIMEOUT, _reason(exit) or "did not finish in time")
    if exit.secret:
        return Outcome(
            CONFIGURED, Status.NO_SECRETS, f"the secret in {exit.secret} is not to be had"
        )
    if exit.errno is not None:
        return _not_begun(exit.errno)
    if exit.code is None:
        return Outcome(GENERIC, Status.ERROR, f"killed by {signal_name(exit.signal)}")
    if standard == "stonith":
        return _fence_outcome(exit)
    rc = exit.code
    if standard == "lsb":
        if task == "monitor":
            rc = _LSB_STATUS.get(rc, GENERIC)
        elif rc > NOT_RUNNING:
            rc = GENERIC
    return Outcome(rc, Status.DONE, _reason(exit))


def _not_begun(number: int) -> Outcome:
    text = os.strerror(number)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return Outcome(INSTALLED, Status.NOT_INSTALLED, "the agent is not installed here")
    if number in _ABSENT:
        return Outcome(INSTALLED, Status.NOT_INSTALLED, f"the agent cannot be run: {text}")
    if number in _FORBIDDEN:
        return Outcome(PERM, Status.ERROR, f"the agent may not be run (is it executable?): {text}")
    return Outcome(GENERIC, Status.ERROR, f"the agent could not be started: {text}")


def _fence_outcome(exit: Exit) -> Outcome:
    if exit.code == 0:
        return Outcome(OK, Status.DONE)
    return Outcome(GENERIC, Status.ERROR, last_words(exit) or f"exit status {exit.code}")


def _reason(exit: Exit) -> str:
    """Return the agent's own reason: the last line of stderr that carries the mark of one."""
    at = exit.stderr.rfind(_MARK)
    if at < 0:
        return ""
    line, _, _ = exit.stderr[at + len(_MARK) :].partition(b"\n")
    return _printable(line)


def last_words(exit: Exit) -> str:
    """Return the last line that the child wrote to stderr, or else to stdout."""
    for output in (exit.stderr, exit.stdout):
        lines = [line for line in output.splitlines() if line.strip()]
        if lines:
            return _printable(lines[-1])
    return ""


def _printable(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return "".join(char if char.isprintable() else "?" for char in text)[:_REASON_MAX]


def signal_name(number: int | None) -> str:
    """Return a signal's name, or its number where it has none."""
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"
