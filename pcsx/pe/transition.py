"""What the policy engine decided: a `Transition` of actions in order, as values and as bytes.

This is the border between deciding and doing. The engine builds it (`graph.py`), `run.py` carries
it out, `emit.py` writes it as the field's graph XML, and it travels between processes as bytes.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from pcsx.lean import dataclass

if TYPE_CHECKING:
    from pcsx.pe.reasons import Reason


class ActionKind(StrEnum):
    """Who carries an action out."""

    RSC = "rsc_op"
    """The executor on `node`: one call of an agent."""
    CRM = "crm_event"
    """The cluster itself: fence a node, clear a history, shut a node down."""
    PSEUDO = "pseudo_event"
    """Nobody: a place for others to wait at."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, and which other actions (*inputs*, by id) must be done first."""

    id: int
    kind: ActionKind
    task: str
    """start, stop, monitor, promote, demote, notify, migrate_to, migrate_from, reload-agent,
    cancel, delete (forget a history), stonith, do_shutdown, clear_failcount, …"""
    key: str
    """The operation's key, as the CIB's history spells it: `vip_start_0`."""
    node: str | None = None
    node_id: str | None = None
    router: str | None = None
    """The cluster node that carries it out for a remote or guest node."""
    resource: str | None = None
    """The id of the resource; of an instance of a unique clone with its `:N`."""
    instance: str | None = None
    """The id with its `:N` also for anonymous clones, where it differs (the field's long-id)."""
    agent: tuple[str, str, str] | None = None
    """(class, provider, type); the provider is empty where the class has none."""
    params: tuple[tuple[str, str], ...] = ()
    """The agent's parameters, sorted by name."""
    meta: tuple[tuple[str, str], ...] = ()
    """What the graph XML writes as `CRM_meta_*`, with the field's names after that prefix
    (`timeout`, `interval`, `on_node`, `op_target_rc`, `notify_…`), sorted by name."""
    inputs: tuple[int, ...] = ()
    priority: int = 0
    interval_ms: int = 0
    timeout_ms: int = 20_000
    target_rc: int | None = None
    """The exit code that means it came out as planned; None where 0 does."""
    can_fail: bool = False
    """A failure does not stop what waits for it (the field's can_fail)."""
    internal_key: str | None = None
    """The key with the instance's number, where *key* is spelt by the history's name."""
    downed: tuple[str, ...] = ()
    """The ids of the nodes that are down once this is done."""
    maintenance: tuple[tuple[str, bool], ...] = ()
    """(node id, in maintenance) of remote nodes whose recorded maintenance state is old."""
    shutdown_lock_s: int | None = None
    """When (epoch seconds) the resource was locked to this node by its shutdown."""

    def meta_value(self, name: str, default: str = "") -> str:
        """Return the meta value called *name*, or *default*."""
        return dict(self.meta).get(name, default)


@dataclass(frozen=True, slots=True)
class Transition:
    """Everything that must happen, in which order, and why; empty `actions`: nothing is to do."""

    actions: tuple[Action, ...] = ()
    cluster_delay_ms: int = 60_000
    fencing_timeout_ms: int = 60_000
    batch_limit: int = 0
    migration_limit: int = -1
    failed_start_fatal: bool = True
    failed_stop_fatal: bool = True
    recheck_at_s: int | None = None
    """When (epoch seconds) the decision would differ by time alone; None: never."""
    reasons: tuple[Reason, ...] = ()
    notices: tuple[str, ...] = ()
    """Sentences for the operator about the configuration, errors first."""
    blocked: tuple[tuple[str, str], ...] = field(default=())
    """(resource, why) of what should run and cannot start for want of fencing or quorum."""

    def to_bytes(self) -> bytes:
        """Return the transition as bytes; the same transition gives the same bytes."""
        import pickle  # here, since a run on paper has no use for it

        return pickle.dumps(self, protocol=5)

    def canonical(self) -> bytes:
        """Return all of it as text that only equal transitions share, whoever wrote it down.

        `to_bytes` also tells which of its texts are one object, which a copy need not have.
        """
        return repr(self).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Transition:
        """Return what `to_bytes` wrote. For bytes of our own processes and files only."""
        import pickle

        value = pickle.loads(data)
        assert isinstance(value, cls)
        return value
