"""What is to be different on paper, as values; `whatif.py` makes a document of it.

Apart from it, since most runs on paper wish for nothing and start faster without the rest.
"""

from __future__ import annotations

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be different."""

    quorum: str | None = None
    watchdog: str | None = None
    nodes_up: tuple[str, ...] = ()
    nodes_down: tuple[str, ...] = ()
    nodes_failed: tuple[str, ...] = ()
    tickets_granted: tuple[str, ...] = ()
    tickets_revoked: tuple[str, ...] = ()
    tickets_standby: tuple[str, ...] = ()
    tickets_activated: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    """Each `RESOURCE_TASK_INTERVAL@NODE=RC`."""
    attributes: tuple[str, ...] = ()
    """Each `NAME=VALUE@NODE`: a node attribute that lasts until the node is started anew."""
    cleaned: tuple[str, ...] = ()
    """Each `RESOURCE@NODE`, or `RESOURCE` for all nodes: its failures are forgotten."""

    def __bool__(self) -> bool:
        """Say whether anything is to be different."""
        return bool(
            self.quorum is not None
            or self.watchdog is not None
            or self.nodes_up
            or self.nodes_down
            or self.nodes_failed
            or self.tickets_granted
            or self.tickets_revoked
            or self.tickets_standby
            or self.tickets_activated
            or self.operations
            or self.attributes
            or self.cleaned
        )
