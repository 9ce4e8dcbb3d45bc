"""The engine's stages in order: read, prepare, choose, make, order, build."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pcsx.cib.document import Cib
from pcsx.pe import graph
from pcsx.pe.actions import changes, fencing_orders, probes, remote
from pcsx.pe.actions.collective import create_actions
from pcsx.pe.assign import bundle, clone, group, primitive
from pcsx.pe.assign.order import assign_all
from pcsx.pe.assign.prepare import prepare_scores
from pcsx.pe.constraints import apply, colocation, internal, location
from pcsx.pe.deep import deep_recursion
from pcsx.pe.model import WorkingSet
from pcsx.pe.read.working_set import read_constraints, working_set
from pcsx.pe.transition import Transition

ROOMS: Final = (primitive, group, clone, bundle)
"""The rooms that assign each kind of resource; they make themselves known when they are loaded."""


def schedule(cib: Cib, wall: datetime) -> Transition:
    """Return what must happen for the cluster to reach what *cib* asks for.

    The same document at the same moment gives the same transition, byte for byte.
    """
    return decide(working_set(cib, wall))


def decide(work: WorkingSet) -> Transition:
    """Decide on a working set that was just read; what was decided stays in it."""
    with deep_recursion():
        return _decide(work)


def _decide(work: WorkingSet) -> Transition:
    location.read_health(work)
    read_constraints(work)
    prepare_scores(work)
    for rsc in work.resources:
        colocation.imply(work, rsc)
        internal.order_internally(work, rsc)
    changes.check_changes(work)
    assign_all(work)
    changes.check_deferred(work)
    probes.create_probes(work)
    changes.clear_removed_failures(work)
    for rsc in work.resources:
        create_actions(work, rsc)
    remote.order_remote_actions(work)
    fencing_orders.fence_and_shut_down(work)
    apply.apply_orderings(work)
    return graph.build(work)
