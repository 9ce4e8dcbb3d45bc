"""One call of an agent as values: what to run, how it ended, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Invocation:
    """A child process to be: *argv*, the whole environment *env*, *stdin*, and a time limit."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    stdin: bytes
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: an exit *code*, a *signal*, a time-out, or an *errno* before it began.

    *stdout* and *stderr* hold the last 64 kB of each.
    """

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    errno: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    began_ms: int = 0
    took_ms: int = 0


class Status(IntEnum):
    """How an operation went as the CIB counts it (`op-status`)."""

    UNKNOWN = -2
    PENDING = -1
    DONE = 0
    CANCELLED = 1
    TIMEOUT = 2
    NOT_SUPPORTED = 3
    ERROR = 4
    ERROR_HARD = 5
    ERROR_FATAL = 6
    NOT_INSTALLED = 7
    NOT_CONNECTED = 8
    INVALID = 9
    NO_FENCE_DEVICE = 10
    NO_SECRETS = 11


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation came to: the OCF code *rc*, its *status*, and the agent's *reason*."""

    rc: int
    status: Status
    reason: str = ""
