"""What a node says of its own resources: one record an operation, as the CIB's history has them."""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass

STARTS: Final = frozenset(("start", "promote", "migrate_to", "migrate_from"))
"""Tasks by which something comes to run: they are begun only while the leader's lease is seen."""


@dataclass(frozen=True, slots=True)
class Order:
    """An action of a transition, on its way to the node that carries it out.

    (*term*, *transition*, *action*) name it; a node obeys no term below the newest it has seen.
    *task* is what the agent is called with, or `cancel` (of *operation* at *interval_ms*), or
    `delete` (forget the history). *params* and *meta* are as in `pe.Action`.
    """

    term: int
    transition: int
    action: int
    resource: str
    task: str
    key: str
    agent: tuple[str, str, str]
    params: tuple[tuple[str, str], ...]
    meta: tuple[tuple[str, str], ...]
    interval_ms: int
    timeout_ms: int
    target_rc: int | None = None
    instance: str = ""
    lock_s: int = 0
    """Since when (epoch seconds) the resource is locked to its node; 0: it is not."""


@dataclass(frozen=True, slots=True)
class OpRecord:
    """The last outcome of one operation (its *key* at *interval_ms*) of a resource on a node."""

    resource: str
    agent: tuple[str, str, str]
    key: str
    task: str
    interval_ms: int
    call: int
    """Rises with each operation of the node's life; the newest is the truth."""
    rc: int
    status: int
    reason: str
    term: int
    transition: int
    action: int
    target_rc: int
    changed_s: int
    """Epoch seconds: when the outcome was first this one."""
    exec_ms: int
    queue_ms: int
    digest: str
    restart_params: str = ""
    """Names that force a restart, blank-separated, a blank at each end; empty: all do."""
    restart_digest: str = ""
    secure_params: str = ""
    secure_digest: str = ""
    migrate_source: str = ""
    migrate_target: str = ""
    lock_s: int = 0
    """Since when (epoch seconds) the resource is locked to this node, where it runs no more."""
