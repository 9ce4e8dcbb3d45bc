"""One sentence for each resource that should run and does not: what `pcsx why` would say first.

The status shows it. It is asked for only where something is at rest, and of clusters that are
decided on in the blink of an eye.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pcsx.cib.document import Cib
from pcsx.pe.model import Primitive, Role, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.schedule import decide
from pcsx.pe.why import Explainer, Explanation, is_held

_SIZE_MAX: Final = 4000
"""Up to so many pairs of a primitive and a node, deciding takes well below a second."""
_NODES_MAX: Final = 3


def hints(cib: Cib, wall: datetime, read: WorkingSet) -> dict[str, str]:
    """Return why primitives are at rest that should run, by id; *read* is *cib* as it was read."""
    every = [one for top in read.resources for one in top.primitives()]
    idle = [one for one in every if _is_idle(one)]
    if not idle or not read.cib.states or len(every) * len(read.nodes) > _SIZE_MAX:
        return {}
    work = working_set(cib, wall)
    decide(work)
    explainer = Explainer(work)
    found: dict[str, str] = {}
    for one in idle:
        now = work.by_id.get(one.id)
        if isinstance(now, Primitive) and _cannot_run(now) and (text := _first(explainer, now)):
            found[one.id] = text
    return found


def _is_idle(one: Primitive) -> bool:
    """Say whether *one* is at rest and nobody asked for that."""
    wanted = one.managed and not one.removed and one.target_role != Role.STOPPED
    return wanted and not one.active and not one.pending_task


def _cannot_run(one: Primitive) -> bool:
    clone = one.anonymous_clone
    if clone is not None and any(twin.assigned or twin.active for twin in clone.primitives()):
        return False  # the clone runs, if not everywhere
    return one.assigned is None or one.next_role <= Role.STOPPED or is_held(one)


def _first(explainer: Explainer, one: Primitive) -> str:
    told: Explanation = explainer.explain(one)
    if told.texts:
        named = (text for text in told.texts if text.startswith("It waits for "))
        return next(named, told.texts[0]).removesuffix(".")
    against = [f"{on.node}: {on.texts[0]}" for on in told.nodes if on.texts]
    more = ", …" if len(against) > _NODES_MAX else ""
    return "; ".join(against[:_NODES_MAX]) + more
