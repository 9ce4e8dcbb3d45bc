"""One call of an agent as values: what to run, how it ended, and what that means."""

from __future__ import annotations

from enum import IntEnum

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class UnitTask:
    """What the service manager shall do (`start`, `stop`) or tell (`monitor`) of *unit*.

    Where *script* names a program that is there, an init script wins over the unit.
    """

    unit: str
    task: str
    script: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is kept on the node: variable *name* shall have what is in the file *path*."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """A child process to be: *argv*, the whole environment *env*, *stdin*, and a time limit.

    With a *unit* the service manager is asked instead, where one answers. What is *hidden* (values
    of passwords) is blotted out of all that the child prints: that is kept, shown and logged.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    stdin: bytes
    timeout_ms: int
    unit: UnitTask | None = None
    secrets: tuple[Secret, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended: an exit *code*, a *signal*, a time-out, or an *errno* before it began.

    *stdout* and *stderr* hold the last 64 kB of each. *secret* names a file that holds a value kept
    on the node and could not be read, so that the child was not begun. *evidence* is what was seen
    of a child that came near its limit: its processes, and what they waited for.
    """

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    errno: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    began_ms: int = 0
    took_ms: int = 0
    secret: str = ""
    evidence: str = ""


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
