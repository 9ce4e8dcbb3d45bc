"""The bits of the working set: what an action is, and what a link between two actions does.

Plain integers, as they are combined and compared millions of times in a large cluster.
"""

from __future__ import annotations

from typing import Final

# --- What an action is (Action.flags) -------------------------------------------------------------

OPTIONAL: Final = 1 << 0
"""It would happen only if something makes it required."""
RUNNABLE: Final = 1 << 1
"""It can be done; what is not runnable never enters the transition."""
PSEUDO: Final = 1 << 2
"""Nothing is executed; others wait at it."""
MIGRATABLE: Final = 1 << 3
"""Part of a live migration: such a stop or start is no real one."""
FORCED_IN: Final = 1 << 4
"""It enters the transition, if runnable, though it is optional."""
ON_DC: Final = 1 << 5
"""The node need not be online (`lrm_delete`)."""
RESCHEDULE: Final = 1 << 6
"""A recurring operation that must be issued again though it runs."""
ABORT_STOP: Final = 1 << 7
"""The stop that clears up a dangling migration."""
COUNTED: Final = 1 << 8
"""Runnable only if at least `Action.needs` of its MIN inputs are."""
DETECT_LOOP: Final = 1 << 9
"""A mark for walks; set and cleared by the walk that uses it."""
IN_GRAPH: Final = 1 << 10
"""It has been written into the transition."""

# --- What a link does (Link.kind, Ordering.kind) --------------------------------------------------

ORD: Final = 1 << 0
"""Order only: matters only if both are in the transition."""
SER: Final = 1 << 1
"""A configured Serialize: as ORD, but not equal to it."""
FWD: Final = 1 << 2
"""First required (and no migration): then becomes required."""
BACK: Final = 1 << 3
"""Then required: first becomes required; then not migratable: first neither."""
PBACK: Final = 1 << 4
"""As BACK, but only if then's resource is promoted now."""
BLOCK: Final = 1 << 5
"""First not runnable: then not runnable and not migratable."""
ASYM: Final = 1 << 6
"""A configured asymmetric order."""
MIGCHAIN: Final = 1 << 7
"""Then not both migratable and runnable: first not runnable; then required: first too."""
ELSE: Final = 1 << 8
"""First not runnable: then becomes a real action (no pseudo, not migratable)."""
RESTART: Final = 1 << 9
"""The stop and the start of one resource, or of neighbours in a group."""
SAMEFWD: Final = 1 << 10
"""FWD for the then on first's node alone."""
PROBE_IN: Final = 1 << 11
"""BLOCK, but dropped if first cannot run and its resource is active."""
MIN: Final = 1 << 12
"""First counts for a COUNTED then."""
FGRAPH: Final = 1 << 13
"""First required and runnable: then is FORCED_IN."""
TGRAPH: Final = 1 << 14
"""Then required: first is FORCED_IN."""
ONNODE: Final = 1 << 15
"""Dropped if both have nodes and these differ."""
LOAD: Final = 1 << 16
"""Capacity: in the transition only if first is required and on then's node."""
ANTI: Final = 1 << 17
"""Anti-colocation: only if first is required and not on another node."""
UNMIG: Final = 1 << 18
"""Only if first is not migratable."""
CANCEL: Final = 1 << 19
"""Then required: first becomes optional."""
GUESTOK: Final = 1 << 20
"""A mark: fine between a guest's action and its host's."""
